"""Mixed costs against brute force, and the rules of their door."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from routematch.solvers.mixed import MixedProblem, solve_mixed

STEP = 2.0**-20


def brute_force(problem: MixedProblem) -> tuple[tuple[int, ...], int]:
    """Return the best (served per class from the highest down, value in steps) over all matchings."""
    rows = problem.shape[0]
    hold = np.rint(problem.hold / problem.resolution).astype(int)
    options = [[(-1, int(hold[row]), 0)] for row in range(rows)]
    value = problem.value
    for row in range(rows):
        for entry in range(value.indptr[row], value.indptr[row + 1]):
            steps = int(np.rint(value.data[entry] / problem.resolution))
            if steps >= hold[row]:
                options[row].append((int(value.indices[entry]), steps, int(problem.cost[entry])))
    classes = [] if problem.priority is None else sorted(set(problem.priority.tolist()), reverse=True)
    names = problem.membership.toarray()
    return max(
        outcome
        for choice in itertools.product(*options)
        if (outcome := _outcome(problem, choice, classes, names)) is not None
    )


def _outcome(
    problem: MixedProblem, choice: tuple[tuple[int, int, int], ...], classes: list[int], names: NDArray[np.bool_]
) -> tuple[tuple[int, ...], int] | None:
    total = 0
    served: list[list[int]] = [[] for _ in range(problem.shape[1])]
    spent = [0] * problem.shape[1]
    for row, (agent, steps, units) in enumerate(choice):
        total += steps
        if agent >= 0:
            served[agent].append(row)
            spent[agent] += units
    for agent, rows in enumerate(served):
        if spent[agent] > problem.budget[agent]:
            return None
        for name, cap in enumerate(problem.cap[agent]):
            if 0 <= cap < names[rows, name].sum():
                return None
        if problem.unit_cost is not None and problem.unit_cost.shape[1]:
            charges = np.rint(problem.unit_cost[agent] / problem.resolution).astype(int)
            total -= sum(int(charges[min(place, len(charges) - 1)]) for place in range(len(rows)))
    counts = tuple(
        sum(agent >= 0 and problem.priority[row] == level for row, (agent, _, _) in enumerate(choice))
        for level in classes
    )
    return counts, total


def evaluate(problem: MixedProblem, agent_of: NDArray[np.intp]) -> tuple[tuple[int, ...], int]:
    """Return the same measure for a given answer, failing when it breaks a limit or uses a forbidden pair."""
    hold = np.rint(problem.hold / problem.resolution).astype(int)
    choice = []
    for row, agent in enumerate(agent_of.tolist()):
        if agent < 0:
            choice.append((-1, int(hold[row]), 0))
            continue
        start, end = problem.value.indptr[row : row + 2]
        entries = [entry for entry in range(start, end) if problem.value.indices[entry] == agent]
        assert entries, f"row {row} was given to an agent who is not eligible"
        steps = int(np.rint(problem.value.data[entries[0]] / problem.resolution))
        assert steps >= hold[row], f"row {row} is served below its hold"
        choice.append((agent, steps, int(problem.cost[entries[0]])))
    classes = [] if problem.priority is None else sorted(set(problem.priority.tolist()), reverse=True)
    outcome = _outcome(problem, tuple(choice), classes, problem.membership.toarray())
    assert outcome is not None, "a budget or a cap is exceeded"
    return outcome


def random_problem(generator: np.random.Generator) -> MixedProblem:
    """Draw a tiny problem: mixed costs, overlapping labels, ties, empty rows, busy agents."""
    rows, agents = int(generator.integers(1, 7)), int(generator.integers(1, 4))
    channel = generator.integers(0, 3, rows)
    value = generator.integers(0, 5, (rows, agents)) / 4.0
    if generator.random() < 0.5:
        value = value + generator.integers(-3, 4, (rows, agents)) * STEP
    value[generator.random((rows, agents)) < 0.3] = -np.inf
    cost = np.repeat(np.array([6, 2, 1])[channel][:, None], agents, axis=1)
    if generator.random() < 0.3:
        cost = generator.integers(0, 5, (rows, agents))
    names = int(generator.integers(0, 4))
    unit_cost = None
    if generator.random() < 0.6:
        size = generator.choice([STEP, 0.2])
        unit_cost = np.cumsum(generator.integers(0, 3, (agents, int(generator.integers(0, 4)))), axis=1) * size
    return MixedProblem(
        value,
        cost,
        generator.integers(0, 8, agents),
        hold=generator.choice([0.0, 0.5, -1.0]) if generator.random() < 0.5 else generator.integers(-4, 4, rows) / 4.0,
        priority=generator.integers(0, 3, rows) if generator.random() < 0.3 else None,
        unit_cost=unit_cost,
        membership=generator.random((rows, names)) < 0.5 if names else None,
        cap=generator.integers(-1, 3, (agents, names)) if names else None,
    )


def campaign(seed: int, count: int) -> None:
    """Compare `count` random problems with brute force; every answer must be proven and right."""
    for number in range(count):
        problem = random_problem(np.random.default_rng((seed, number)))
        matching = solve_mixed(problem)
        served, steps = evaluate(problem, matching.agent_of)
        assert (served, steps) == brute_force(problem), f"instance {seed}/{number}"
        assert matching.is_optimal, f"instance {seed}/{number}"
        assert matching.value == steps * problem.resolution == matching.bound
        assert matching.gap == 0.0


def test_equals_brute_force_on_random_problems() -> None:
    """Value, classes served and proof agree with trying everything."""
    campaign(seed=1, count=1000)


@pytest.mark.slow
def test_equals_brute_force_on_many_random_problems() -> None:
    """The same over a larger campaign."""
    campaign(seed=2, count=20_000)
