"""Solve tiny matching problems by looking at every matching: slow, obvious, and the judge of all engines.

>>> from routematch.solvers import AssignmentProblem
>>> brute_force(AssignmentProblem(value=[[2.0, 1.0], [2.0, -1.0]], capacity=[1, 1])).agent_of.tolist()
[1, 0]
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator

import attrs
import numpy as np
from numpy.typing import NDArray

from routematch.errors import LimitExceededError
from routematch.solvers.arguments import require_kind
from routematch.solvers.matching import Matching
from routematch.solvers.network import EXACT
from routematch.solvers.problem import AssignmentProblem

__all__ = ["MOST_MATCHINGS", "brute_force", "random_problem"]

#: Problems with more combinations than this are refused.
MOST_MATCHINGS = 2_000_000

_Key = tuple[tuple[int, ...], int]


def brute_force(problem: AssignmentProblem) -> Matching:
    """Try every matching and return the canonical best one, with prices found by solving again.

    Parameters
    ----------
    problem : AssignmentProblem
        Tiny: about six rows and four agents.

    Returns
    -------
    Matching
        As `solve` would return it, with `method` ``"brute_force"``.

    Raises
    ------
    InvalidInputError
        When it is no problem.
    LimitExceededError
        When there are more than `MOST_MATCHINGS` combinations to try, or a number is too large for exact sums.
    """
    require_kind(problem, AssignmentProblem, "problem")
    tables = _Tables(problem)
    everyone = list(range(problem.shape[0]))
    best, agent_of = tables.best(everyone, tables.capacity)
    resolution = problem.resolution
    gain = [best[1] - tables.best([r for r in everyone if r != row], tables.capacity)[0][1] for row in everyone]
    more = [
        tables.best(everyone, _one_more(tables.capacity, agent))[0][1] - best[1] for agent in range(problem.shape[1])
    ]
    return Matching(
        agent_of=np.array(agent_of, np.intp),
        value=best[1] * resolution,
        bound=best[1] * resolution,
        is_optimal=True,
        conversation_price=np.array(gain, np.float64) * resolution,
        agent_price=np.array(more, np.float64) * resolution,
        method="brute_force",
    )


def _one_more(capacity: list[int], agent: int) -> list[int]:
    return [units + (index == agent) for index, units in enumerate(capacity)]


@attrs.define
class _Tables:
    """The problem in plain lists of whole steps."""

    problem: AssignmentProblem
    value: list[dict[int, int]] = attrs.field(init=False)
    hold: list[int] = attrs.field(init=False)
    capacity: list[int] = attrs.field(init=False)
    classes: list[int] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        problem = self.problem
        self.hold = [self.steps(hold) for hold in problem.hold.tolist()]
        self.value = [{} for _ in range(problem.shape[0])]
        for row, agent, value in _entries(problem):
            allowed = problem.eligible is None or bool(problem.eligible[row, agent])
            if allowed and value / problem.resolution > -EXACT and self.steps(value) >= self.hold[row]:
                self.value[row][agent] = self.steps(value)
        self.capacity = problem.capacity.tolist()
        self.classes = [] if problem.priority is None else sorted(set(problem.priority.tolist()), reverse=True)

    def steps(self, amount: float) -> int:
        """Return an amount in whole steps."""
        steps = amount / self.problem.resolution
        if not abs(steps) < EXACT:
            raise LimitExceededError(f"{amount:g} is not exact in steps of {self.problem.resolution:g}")
        return round(steps)

    def best(self, rows: list[int], capacity: list[int]) -> tuple[_Key, list[int]]:
        """Return the best (classes served, value) over the given rows, and the canonical matching that reaches it."""
        options = [[-1, *self.value[row]] for row in rows]
        if np.prod([float(len(option)) for option in options]) > MOST_MATCHINGS:
            raise LimitExceededError(f"more than {MOST_MATCHINGS} matchings to try")
        best: tuple[_Key, tuple[int, ...], tuple[int, ...]] | None = None
        for agents in itertools.product(*options):
            if not self._fits(rows, agents, capacity):
                continue
            key = self._key(rows, agents)
            # Larger is better: an earlier row served first, then lower agents.
            ranked = key, tuple(int(agent >= 0) for agent in agents), tuple(-agent for agent in agents)
            if best is None or ranked > best:
                best = ranked
        if best is None:
            raise AssertionError("holding everybody is always possible")
        agent_of = [-1] * self.problem.shape[0]
        for row, minus_agent in zip(rows, best[2], strict=True):
            agent_of[row] = -minus_agent
        return best[0], agent_of

    def _fits(self, rows: list[int], agents: tuple[int, ...], capacity: list[int]) -> bool:
        load = Counter(agent for agent in agents if agent >= 0)
        if any(count > capacity[agent] for agent, count in load.items()):
            return False
        groups, caps = self.problem.row_group, self.problem.group_capacity
        if groups is None or caps is None:
            return True
        used = Counter(
            (agent, int(groups[row]))
            for row, agent in zip(rows, agents, strict=True)
            if agent >= 0 and groups[row] >= 0
        )
        return all(count <= caps[place] for place, count in used.items())

    def _key(self, rows: list[int], agents: tuple[int, ...]) -> _Key:
        value = -self._unit_costs(agents)
        for row, agent in zip(rows, agents, strict=True):
            value += self.value[row][agent] if agent >= 0 else self.hold[row]
        priority = self.problem.priority
        if priority is None:
            return (), value
        served = Counter(int(priority[row]) for row, agent in zip(rows, agents, strict=True) if agent >= 0)
        return tuple(served[level] for level in self.classes), value

    def _unit_costs(self, agents: tuple[int, ...]) -> int:
        costs = self.problem.unit_cost
        if costs is None or not costs.shape[1]:
            return 0
        used = Counter(agent for agent in agents if agent >= 0)
        last = costs.shape[1] - 1
        return sum(
            self.steps(float(costs[agent, min(unit, last)])) for agent, count in used.items() for unit in range(count)
        )


def _entries(problem: AssignmentProblem) -> Iterator[tuple[int, int, float]]:
    """Yield row, agent and value of every pair given."""
    if isinstance(problem.value, np.ndarray):
        dense: NDArray[np.float64] = problem.value
        for (row, agent), value in np.ndenumerate(dense):
            yield row, agent, float(value)
        return
    for row, (begin, end) in enumerate(itertools.pairwise(problem.value.indptr.tolist())):
        for entry in range(begin, end):
            yield row, int(problem.value.indices[entry]), float(problem.value.data[entry])


def random_problem(generator: np.random.Generator, *, rows: int = 4, agents: int = 3) -> AssignmentProblem:
    """Draw a small problem rich in ties, with any mix of the constraints an engine must respect.

    Parameters
    ----------
    generator : numpy.random.Generator
    rows, agents : int
        At most so many of each; both may come out as 0.

    Returns
    -------
    AssignmentProblem
        In whole numbers, at resolution 1.
    """
    least = int(generator.random() > 0.1)
    shape = int(generator.integers(least, rows + 1)), int(generator.integers(least, agents + 1))
    levels = int(generator.integers(1, 6))
    value = generator.integers(-(levels // 2), levels + 1, shape).astype(np.float64)
    value[generator.random(shape) < generator.choice([0.0, 0.3, 0.7])] = -np.inf
    capacity = generator.integers(0, generator.integers(2, 6), shape[1])
    optional: dict[str, NDArray[np.generic]] = {}
    if generator.random() < 0.5:
        optional["hold"] = generator.integers(-2, 3, shape[0]).astype(np.float64)
    if generator.random() < 0.3:
        optional["priority"] = generator.integers(0, 3, shape[0])
    if generator.random() < 0.3:
        optional["eligible"] = generator.random(shape) < 0.7
    if generator.random() < 0.4:
        units = int(capacity.max(initial=0)) + int(generator.integers(0, 2))
        optional["unit_cost"] = np.cumsum(generator.integers(0, 3, (shape[1], units)), axis=1).astype(np.float64)
    if generator.random() < 0.4:
        groups = int(generator.integers(1, 3))
        optional["row_group"] = generator.integers(-1, groups, shape[0])
        optional["group_capacity"] = generator.integers(0, 3, (shape[1], groups))
    return AssignmentProblem(value, capacity, resolution=1.0, **optional)
