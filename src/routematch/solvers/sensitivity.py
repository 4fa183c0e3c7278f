"""What would change a matching: how far a refused pair was from being chosen, and what a unit more or less is worth.

All answers are exact and come from one shortest path each, in the network of possible displacements with the prices as
potentials (Ahuja, Magnanti and Orlin, 1993, "Network Flows", section 9.11): a pairing changes when the cheapest way
round it becomes free.

>>> from routematch.solvers import AssignmentProblem, solve
>>> problem = AssignmentProblem(value=[[0.875, 0.5], [0.75, 0.125]], capacity=[1, 1])
>>> sensitivity = Sensitivity(problem, solve(problem))
>>> sensitivity.change_needed(0, 0), sensitivity.change_needed(0, 1)
(0.25, 0.25)
>>> sensitivity.loss_of_unit(0), sensitivity.gain_of_agent([1.0, 0.0])
(0.75, 0.5)
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from routematch.errors import InvalidInputError, LimitExceededError, shorten
from routematch.solvers.arguments import is_whole_number, real_numbers, require_kind
from routematch.solvers.matching import Matching
from routematch.solvers.network import EXACT, build_network
from routematch.solvers.prices import smallest_prices
from routematch.solvers.problem import AssignmentProblem

__all__ = ["Sensitivity"]

Ints = NDArray[np.int64]

#: Where units not in use and rows held come from and go to.
_ROOT = -1


class Sensitivity:
    """Exact answers about a best matching; the prices are found once, each answer is one search.

    Parameters
    ----------
    problem : AssignmentProblem
    matching : Matching
        A best matching of it.

    Raises
    ------
    InvalidInputError
        When the matching is not a best matching of the problem; of every method when there is no such row or agent.

    Notes
    -----
    With `priority` the classes come first: where no rise of a value makes up for a class, the answer is infinite.
    """

    def __init__(self, problem: AssignmentProblem, matching: Matching) -> None:
        require_kind(problem, AssignmentProblem, "problem")
        require_kind(matching, Matching, "matching")
        self._problem, self._matching = problem, matching
        self._network = network = build_network(problem)
        if matching.agent_of.shape != (network.rows,):
            raise InvalidInputError("the matching belongs to another problem")
        served = np.flatnonzero(matching.agent_of >= 0)
        self._pair = np.full(network.rows, -1)
        self._pair[served] = network.pairs_of(served, matching.agent_of[served])
        duals = smallest_prices(network, self._pair) if (self._pair[served] >= 0).all() else None
        if duals is None:
            raise InvalidInputError("the matching is not a best matching of the problem")
        self._duals = duals
        self._cell = network.cells(self._pair)
        self._load = network.cell_load(self._pair)
        self._last = duals.price[: network.agents] - network.last_cost(self._load[: network.agents])
        self._next = network.next_cost(self._load[: network.agents]) - duals.price[: network.agents]

    def reduced_cost(self, row: int, agent: int) -> float:
        """Return by how much gain and price exceed the worth of a pair; infinite where it is not eligible.

        Zero for a pairing in use. A refused pair stays refused at least until its value rises by so much.
        """
        pair = self._number(row, agent)
        if pair < 0:
            short, raised = self._raised(row, agent)
            return short if raised is None else short + raised.reduced_cost(row, agent)
        return self._value(int(self._slack(np.array([pair]))[0]))

    def change_needed(self, row: int, agent: int) -> float:
        """Return the smallest change of the value of a pair after which another matching is as good.

        For a pairing in use how far its value may fall: at most to one step below hold, where it is not allowed any
        more. For a refused pair how far it would have to rise: at least to hold; infinite where the pair is not
        eligible, or where no rise is enough. A pair below hold is answered in about the time this object took to make.
        """
        pair = self._number(row, agent)
        if pair < 0:
            short, raised = self._raised(row, agent)
            return short if raised is None else short + raised.change_needed(row, agent)
        here = int(self._network.cell_of[pair])
        if pair == self._pair[row]:
            room = self._plain_worth(np.array([pair]))[0] + 1
            return min(self._value(self._distance(row=row, target=here)), float(room * self._network.resolution))
        onward = self._distance(cell=here, target=int(self._cell[row]))
        return self._value(int(self._slack(np.array([pair]))[0]) + onward)

    def gain_of_unit(self, agent: int) -> float:
        """Return what one more unit of an agent would gain: its price."""
        self._check_agent(agent)
        extra = self._duals.price[agent] - self._network.next_cost(self._network.capacity)[agent]
        return self._plain(max(int(extra), 0))

    def loss_of_unit(self, agent: int) -> float:
        """Return what would be lost with one unit of an agent less; zero where a unit is free or there is none."""
        self._check_agent(agent)
        load, capacity = int(self._load[agent]), int(self._problem.capacity[agent])
        if load < capacity or not load:
            return 0.0
        return self._plain(self._distance(cell=agent, target=_ROOT, closed=agent) + int(self._last[agent]))

    def gain_of_agent(self, value: ArrayLike) -> float:
        """Return what one more agent with a single unit would gain.

        Parameters
        ----------
        value : array_like of float, shape (C,)
            Value of each row with that agent; minus infinity means ineligible.

        Raises
        ------
        LimitExceededError
            When a value is too large to be exact in steps of the resolution.
        """
        values = real_numbers(value, "value")
        if len(values) != self._network.rows or not (values < np.inf).all():
            raise InvalidInputError(f"value must be {self._network.rows} numbers, finite or -inf")
        with np.errstate(over="ignore"):
            rounded = np.rint(values / self._network.resolution)
        if rounded.max(initial=0.0) >= EXACT:
            raise LimitExceededError(f"value is not exact in steps of {self._network.resolution:g}")
        steps = np.maximum(rounded, -(2.0**60)).astype(np.int64)
        worth = steps - self._network.hold
        classes, gain = self._by_class(self._duals.gain)
        rank = np.zeros_like(classes) if self._network.bonus is None else self._by_class(self._network.bonus)[0]
        usable = worth >= 0
        best = max(zip((rank - classes)[usable].tolist(), (worth - gain)[usable].tolist(), strict=True), default=(0, 0))
        return max(best, (0, 0))[1] * self._network.resolution

    def _raised(self, row: int, agent: int) -> tuple[float, Sensitivity | None]:
        """Return how far a pair is below hold, and the answers if it were at hold.

        Infinite where the pair is not eligible; None where the matching is not the best any more once it is at hold.
        """
        value, network = _value_of(self._problem, row, agent), self._network
        if value == -np.inf:
            return np.inf, None
        short = float(network.hold[row] - np.rint(value / network.resolution)) * network.resolution
        try:
            return short, Sensitivity(self._with_pair_at_hold(row, agent), self._matching)
        except InvalidInputError:
            return short, None

    def _with_pair_at_hold(self, row: int, agent: int) -> AssignmentProblem:
        """Return the problem with its usable pairs and one more, whose value is just the hold of its row."""
        from scipy.sparse import csr_array

        network = self._network
        pairs = np.arange(len(network.worth))
        value = self._plain_worth(pairs) + np.repeat(network.hold, network.degree)
        begin = int(network.start[row])
        position = begin + int(np.searchsorted(network.agent_of[begin : network.start[row + 1]], agent))
        entries = np.insert(value * network.resolution, position, network.hold[row] * network.resolution)
        start = network.start + (np.arange(network.rows + 1) > row)
        columns = np.insert(network.agent_of, position, agent)
        shape = network.rows, network.agents
        return attrs.evolve(self._problem, value=csr_array((entries, columns, start), shape=shape), eligible=None)

    def _number(self, row: int, agent: int) -> int:
        if not is_whole_number(row) or not 0 <= row < self._network.rows:
            raise InvalidInputError(f"there is no row {shorten(row)}")
        self._check_agent(agent)
        return int(self._network.pairs_of(np.array([row]), np.array([agent]))[0])

    def _check_agent(self, agent: int) -> None:
        if not is_whole_number(agent) or not 0 <= agent < self._network.agents:
            raise InvalidInputError(f"there is no agent {shorten(agent)}")

    def _plain_worth(self, pairs: Ints) -> Ints:
        """Return what pairs are worth without the bonus of their class."""
        network = self._network
        return network.worth[pairs] - (0 if network.bonus is None else network.bonus[network.row_of(pairs)])

    def _slack(self, pairs: Ints) -> Ints:
        network, duals = self._network, self._duals
        rows = network.row_of(pairs)
        return np.asarray(duals.gain[rows] + duals.price[network.cell_of[pairs]] - network.worth[pairs])

    def _value(self, steps: float) -> float:
        """Return steps as value; infinite where they cross a priority class."""
        if self._network.bonus_step and steps > self._network.bonus_step / 2:
            return np.inf
        return steps * self._network.resolution

    def _plain(self, steps: float) -> float:
        """Return steps as value, without the bonus of priority classes."""
        return float(self._by_class(np.array([steps]))[1][0]) * self._network.resolution

    def _by_class(self, steps: Ints) -> tuple[Ints, Ints]:
        """Split steps into what the priority classes count and what the values do."""
        if not self._network.bonus_step:
            return np.zeros_like(steps), steps
        classes = np.rint(steps / self._network.bonus_step).astype(np.int64)
        return classes, steps - classes * self._network.bonus_step

    def _distance(
        self, *, target: int, row: int | None = None, cell: int | None = None, closed: int | None = None
    ) -> float:
        """Return the cost of passing one row too many from a row, or from a cell, to a target; infinite if impossible.

        The row's own pairing is not used, nor are the units of the agent `closed`.
        """
        best: dict[int, float] = {}
        heap: list[tuple[float, int]] = [] if cell is None else [(0.0, cell)]
        if row is not None:
            heap = [(cost, other) for other, cost in self._ways_of(row) if other != self._cell[row]]
            heap.sort()
        while heap:
            at, here = heappop(heap)
            if here in best:
                continue
            best[here] = at
            if here == target:
                return at
            for other, cost in self._ways_from(here, closed):
                if other not in best:
                    heappush(heap, (at + cost, other))
        return np.inf

    def _ways_of(self, row: int) -> Iterator[tuple[int, float]]:
        """Yield where a row could go instead, and at what cost."""
        pairs = np.arange(self._network.start[row], self._network.start[row + 1])
        yield from zip(self._network.cell_of[pairs].tolist(), self._slack(pairs).tolist(), strict=True)
        if self._pair[row] >= 0:
            yield _ROOT, float(self._duals.gain[row])

    def _ways_from(self, here: int, closed: int | None) -> Iterator[tuple[int, float]]:
        """Yield where a row too many could be passed on to, and at what cost."""
        network = self._network
        if here == _ROOT:
            for row in np.flatnonzero(self._pair < 0).tolist():
                yield from self._ways_of(row)
            for agent in np.flatnonzero(self._load[: network.agents]).tolist():
                if agent != closed:
                    yield agent, float(self._last[agent])
            return
        if here < network.agents:
            if self._load[here] < network.capacity[here] and here != closed:
                yield _ROOT, float(self._next[here])
            inner = network.agents + np.flatnonzero(network.owner[network.agents :] == here)
            for cell in inner[self._load[inner] > 0].tolist():
                yield cell, float(self._duals.price[cell] - self._duals.price[here])
        elif self._load[here] < network.cell_capacity[here]:
            yield int(network.owner[here]), 0.0
        for row in np.flatnonzero(self._cell == here).tolist():
            yield from self._ways_of(row)


def _value_of(problem: AssignmentProblem, row: int, agent: int) -> float:
    """Return the value given for a pair; minus infinity where it is not eligible, or the cap of its group is 0."""
    if problem.eligible is not None and not problem.eligible[row, agent]:
        return -np.inf
    groups, caps = problem.row_group, problem.group_capacity
    if groups is not None and caps is not None and groups[row] >= 0 and not caps[agent, groups[row]]:
        return -np.inf
    if isinstance(problem.value, np.ndarray):
        return float(problem.value[row, agent])
    own = slice(int(problem.value.indptr[row]), int(problem.value.indptr[row + 1]))
    found = problem.value.data[own][problem.value.indices[own] == agent]
    return float(found[0]) if len(found) else -np.inf
