"""A matching problem in whole numbers: the usable pairs, and the cells and units they compete for.

Values and holds are rounded once to whole steps of the problem's resolution; from there on every sum is exact. A pair
is usable when its worth (value minus hold, in steps) is at least 0. Every usable pair leads from its row into a
*cell* of its agent. Cell ``a`` (below A) is agent ``a`` itself; where a group's cap on an agent can bind, the rows of
that group enter through a further cell of that agent with its own capacity.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.errors import LimitExceededError
from routematch.solvers.problem import AssignmentProblem

__all__ = ["EXACT", "Network", "blocks", "build_network", "ragged", "unit_cost_steps", "whole_steps"]

#: Whole numbers below this are exact in a float64.
EXACT = 2**53

#: Sums with class bonuses stay below this, exact in 64-bit integers.
LARGEST = 2**62

Ints = NDArray[np.int64]
Index = NDArray[np.int32]


@frozen(eq=False)
class Network:
    """The usable pairs in rows, with the capacities they compete for. All amounts are whole steps.

    Attributes
    ----------
    rows, agents : int
    start : ndarray of int64, shape (C + 1,)
        Pairs of row ``c`` are ``start[c]`` to ``start[c + 1]``, by ascending agent.
    agent_of, cell_of : ndarray of int32, shape (P,)
        Agent and cell of each pair; the same array where no group cap can bind.
    worth : ndarray of int64, shape (P,)
        Value minus hold, at least 0, plus the class bonus of the row where there are priorities.
    hold : ndarray of int64, shape (C,)
    capacity : ndarray of int64, shape (A,)
    unit_cost : ndarray of int64, shape (A, U), or None
        One column more than the largest capacity; None when all units are free.
    owner, cell_capacity : ndarray of int64, shape (K,)
        Agent and capacity of each cell; the first A cells are the agents.
    bonus : ndarray of int64, shape (C,), or None
        What serving a row adds for its priority class: a multiple of `bonus_step`, which exceeds twice any difference
        that values can make.
    bonus_step : int
    resolution : float
    """

    rows: int
    agents: int
    start: Ints
    agent_of: Index
    cell_of: Index
    worth: Ints
    hold: Ints
    capacity: Ints
    unit_cost: Ints | None
    owner: Ints
    cell_capacity: Ints
    bonus: Ints | None
    bonus_step: int
    resolution: float

    @property
    def has_groups(self) -> bool:
        """Whether some cap of a group on an agent can bind."""
        return len(self.owner) > self.agents

    @property
    def is_exact_in_floats(self) -> bool:
        """Whether engines that calculate in floats stay exact; bonuses of many classes may be too large for them."""
        return self.bonus is None or 4 * int(self.worth.max(initial=0)) < EXACT

    @property
    def degree(self) -> Ints:
        """How many usable pairs each row has."""
        return np.diff(self.start)

    def row_of(self, pairs: Ints) -> Ints:
        """Return the row of each of the given pairs."""
        return np.searchsorted(self.start, pairs, side="right") - 1

    def floor(self) -> Ints:
        """Return the lowest price of each agent: the cost of its first unit."""
        return self.next_cost(np.zeros(self.agents, np.int64))

    def next_cost(self, load: Ints) -> Ints:
        """Return what one more unit of each agent costs at the given load."""
        if self.unit_cost is None:
            return np.zeros(self.agents, np.int64)
        return self.unit_cost[np.arange(self.agents), load]

    def last_cost(self, load: Ints) -> Ints:
        """Return what the last unit in use of each agent costs; of the first unit where none is in use."""
        return self.next_cost(np.maximum(load - 1, 0))

    def cost_used(self, load: Ints) -> int:
        """Return the sum of the costs of all units in use."""
        if self.unit_cost is None:
            return 0
        used = np.arange(self.unit_cost.shape[1]) < load[:, None]
        return int(self.unit_cost[used].sum())

    def load(self, pair: Ints) -> Ints:
        """Return how many rows each agent serves."""
        return np.bincount(self.agent_of[pair[pair >= 0]], minlength=self.agents)

    def cell_load(self, pair: Ints) -> Ints:
        """Return how many rows are in each cell; all rows of an agent count for its own cell."""
        load = np.bincount(self.cell_of[pair[pair >= 0]], minlength=len(self.owner))
        if self.has_groups:
            load[: self.agents] = self.load(pair)
        return load

    def cells(self, pair: Ints) -> Ints:
        """Return the cell each row is in, -1 where it is held."""
        cells = np.full(self.rows, -1)
        cells[pair >= 0] = self.cell_of[pair[pair >= 0]]
        return cells

    def value(self, pair: Ints) -> int:
        """Return the value of a matching: of the served rows, minus unit costs, plus the hold of the held rows."""
        served = pair >= 0
        bonus = 0 if self.bonus is None else int(self.bonus[served].sum())
        return int(self.worth[pair[served]].sum() + self.hold.sum()) - bonus - self.cost_used(self.load(pair))

    def pairs_of(self, rows: Ints, agents: Ints) -> Ints:
        """Return the numbers of the pairs (row, agent), -1 where a pair is not usable."""
        low, high = self.start[rows], self.start[rows + 1]
        end = high.copy()
        while (low < high).any():
            middle = np.minimum((low + high) // 2, len(self.agent_of) - 1)
            after = (self.agent_of[middle] < agents) & (low < high)
            low, high = np.where(after, middle + 1, low), np.where(after, high, np.minimum(middle, high))
        found = low < end
        found[found] = self.agent_of[low[found]] == agents[found]
        return np.where(found, low, -1)

    def blocks(self, pairs: int = 1 << 17) -> Iterator[tuple[slice, slice]]:
        """Yield consecutive rows with their pairs, about so many pairs at a time."""
        yield from blocks(self.start, pairs)


def blocks(start: Ints, pairs: int = 1 << 17) -> Iterator[tuple[slice, slice]]:
    """Yield consecutive rows with their pairs, about so many pairs at a time; no empty blocks."""
    cuts = np.searchsorted(start, np.arange(0, start[-1], pairs), side="right") - 1
    cuts = np.unique(np.append(cuts, len(start) - 1))
    for begin, end in itertools.pairwise(cuts.tolist()):
        if start[begin] < start[end]:
            yield slice(begin, end), slice(int(start[begin]), int(start[end]))


def ragged(start: Ints, length: Ints) -> tuple[Ints, Ints]:
    """Return the numbers of many ranges, one after the other, and which range each belongs to."""
    owner = np.repeat(np.arange(len(start)), length)
    offset = start - np.cumsum(length) + length
    return np.arange(len(owner)) + offset[owner], owner


def build_network(problem: AssignmentProblem) -> Network:
    """Round a problem to whole steps and keep its usable pairs.

    Raises
    ------
    LimitExceededError
        When the sums of the rounded numbers leave the range in which they are exact.
    """
    hold = whole_steps(problem.hold, problem.resolution, "hold")
    start, agent_of, worth = _usable_pairs(problem, hold)
    capacity = np.minimum(problem.capacity, problem.shape[0])
    unit_cost = unit_cost_steps(problem, int(capacity.max(initial=0)))
    start, agent_of, worth, cell_of, owner, cell_capacity = _cells(problem, start, agent_of, worth, capacity)
    _check_range(start, hold, worth, unit_cost, capacity)
    bonus, bonus_step = _class_bonus(problem, worth, unit_cost, capacity)
    return Network(
        rows=problem.shape[0],
        agents=problem.shape[1],
        start=start,
        agent_of=agent_of,
        cell_of=cell_of,
        worth=worth if bonus is None else worth + np.repeat(bonus, np.diff(start)),
        hold=hold,
        capacity=capacity,
        unit_cost=unit_cost,
        owner=owner,
        cell_capacity=cell_capacity,
        bonus=bonus,
        bonus_step=bonus_step,
        resolution=problem.resolution,
    )


def whole_steps(amount: NDArray[np.float64], resolution: float, name: str) -> Ints:
    """Round to whole steps; refuse what is not exact."""
    return _scaled(amount, resolution, name).astype(np.int64)


def _scaled(amount: NDArray[np.float64], resolution: float, name: str) -> NDArray[np.float64]:
    """Round to whole steps; what is far below zero may stay inexact, because it is never usable."""
    with np.errstate(over="ignore"):
        scaled = np.divide(amount, resolution)
    np.rint(scaled, out=scaled)
    if scaled.size and (scaled.max() >= EXACT or (name != "value" and scaled.min() <= -EXACT)):
        raise LimitExceededError(
            f"{name} is not exact in steps of {resolution:g} ({np.abs(amount).max():g} is too large); "
            f"use a coarser resolution"
        )
    return scaled


def _usable_pairs(problem: AssignmentProblem, hold: Ints) -> tuple[Ints, Index, Ints]:
    """Return where each row starts, and agent and worth of each usable pair, by row, then agent."""
    if isinstance(problem.value, np.ndarray):
        return _usable_of_dense(problem, problem.value, hold)
    indptr, indices, eligible = problem.value.indptr, problem.value.indices, problem.eligible
    degree = np.diff(indptr)
    worth = _scaled(problem.value.data[: indptr[-1]].astype(np.float64, copy=False), problem.resolution, "value")
    if hold.any():
        worth -= np.repeat(hold.astype(np.float64), degree)
    usable = worth >= 0
    if eligible is not None:
        usable &= eligible[np.repeat(np.arange(len(degree)), degree), indices]
    agent_of = indices[: indptr[-1]].astype(np.int32, copy=False)
    if usable.all():
        return indptr.astype(np.int64), agent_of, worth.astype(np.int64)
    count = np.concatenate([[0], np.cumsum(usable)])[indptr]
    return count.astype(np.int64), agent_of[usable], worth[usable].astype(np.int64)


def _usable_of_dense(problem: AssignmentProblem, value: NDArray[np.float64], hold: Ints) -> tuple[Ints, Index, Ints]:
    # A pair just below its hold may still round to it, hence the margin; the exact test follows on what is left.
    usable = value >= ((hold - 1.0) * problem.resolution)[:, None]
    if problem.eligible is not None:
        usable &= problem.eligible
    entries, degree = np.flatnonzero(usable), np.count_nonzero(usable, axis=1)
    worth = _scaled(value.reshape(-1)[entries], problem.resolution, "value")
    if hold.any():
        worth -= np.repeat(hold.astype(np.float64), degree)
    entries -= np.repeat(np.arange(len(hold)) * value.shape[1], degree)
    start = np.concatenate([[0], np.cumsum(degree)])
    keep = worth >= 0
    if not keep.all():
        start, entries, worth = np.concatenate([[0], np.cumsum(keep)])[start], entries[keep], worth[keep]
    return start, entries.astype(np.int32), worth.astype(np.int64)


def unit_cost_steps(problem: AssignmentProblem, widest: int) -> Ints | None:
    """Return what each unit of each agent costs in whole steps, one column more than the largest capacity in use."""
    if problem.unit_cost is None:
        return None
    given = whole_steps(problem.unit_cost[:, : widest + 1], problem.resolution, "unit_cost")
    if given.shape[1] == 0:
        return np.zeros((len(given), 1), np.int64)
    missing = widest + 1 - given.shape[1]
    return np.pad(given, ((0, 0), (0, missing)), mode="edge") if missing > 0 else given


def _cells(
    problem: AssignmentProblem, start: Ints, agent_of: Index, worth: Ints, capacity: Ints
) -> tuple[Ints, Index, Ints, Index, Ints, Ints]:
    """Give each group cap that can bind a cell, and drop the pairs of closed ones.

    Returns the pairs (`start`, `agent_of`, `worth`) that are left, the cell of each, and owner and capacity of cells.
    """
    agents = np.arange(len(capacity))
    if problem.row_group is None or problem.group_capacity is None or not problem.group_capacity.size:
        return start, agent_of, worth, agent_of, agents, capacity
    caps, groups = problem.group_capacity.ravel(), problem.group_capacity.shape[1]
    group = np.repeat(problem.row_group, np.diff(start))
    place = np.where(group >= 0, agent_of.astype(np.int64) * groups + group, -1)
    wanted = np.bincount(place[place >= 0], minlength=len(caps))
    # One unit more than the agent has could still be stopped by the cap: Matching.agent_price asks for it.
    limited = np.flatnonzero(caps < np.minimum(wanted, np.repeat(capacity + 1, groups)))
    number = np.full(len(caps) + 1, -1)
    number[limited] = len(agents) + np.arange(len(limited))
    cell_of = np.where(number[place] >= 0, number[place], agent_of).astype(np.int32)
    is_open = np.append(caps, 1)[place] > 0
    return (
        np.concatenate([[0], np.cumsum(is_open)])[start],
        agent_of[is_open],
        worth[is_open],
        cell_of[is_open],
        np.concatenate([agents, limited // groups]),
        np.concatenate([capacity, caps[limited]]),
    )


def _check_range(start: Ints, hold: Ints, worth: Ints, unit_cost: Ints | None, capacity: Ints) -> None:
    filled = np.flatnonzero(np.diff(start))
    total = 2.0 * np.abs(hold).astype(np.float64).sum()
    if len(filled):
        total += np.maximum.reduceat(worth, start[filled]).astype(np.float64).sum()
    if unit_cost is not None:
        in_use = np.arange(unit_cost.shape[1]) <= capacity[:, None]
        total += np.abs(unit_cost[in_use].astype(np.float64)).sum()
    if total >= EXACT:
        raise LimitExceededError(
            f"the sum of the largest values is {total:.3g} steps, beyond the exact range of 2^53; "
            f"use a coarser resolution"
        )


def _class_bonus(
    problem: AssignmentProblem, worth: Ints, unit_cost: Ints | None, capacity: Ints
) -> tuple[Ints | None, int]:
    """Return what serving each row adds for its priority class.

    Sets of rows that can be served together form a matroid, in which any strictly decreasing weights give the same
    best counts by class; so classes weigh 1, 2, 3, ... times a step that no difference of values can outweigh.
    """
    if problem.priority is None:
        return None, 0
    classes, rank = np.unique(problem.priority, return_inverse=True)
    highest, lowest = int(worth.max(initial=0)), 0
    if unit_cost is not None and len(unit_cost):
        in_use = unit_cost[np.arange(unit_cost.shape[1]) <= capacity[:, None]]
        highest, lowest = highest - min(0, int(in_use.min())), -max(0, int(in_use.max()))
    served = min(problem.shape[0], int(capacity.sum()) + 1)
    step = 2 * (highest - lowest) * (served + 1) + 1
    if step * len(classes) * max(served, 1) >= LARGEST:
        raise LimitExceededError(
            f"{len(classes)} priority classes over values of {highest - lowest} steps leave the exact range of 2^62; "
            f"use a coarser resolution or fewer classes"
        )
    return (rank.astype(np.int64) + 1) * step, step
