"""A matching problem in whole numbers: the usable pairs, and the cells and units they compete for.

Values and holds are rounded once to whole steps of the problem's resolution; from there on every sum is exact. A pair
is usable when its worth (value minus hold, in steps) is at least 0. Every usable pair leads from its row into a
*cell* of its agent. Cell ``a`` (below A) is agent ``a`` itself; where a group's cap on an agent can bind, the rows of
that group enter through a further cell of that agent with its own capacity.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.errors import LimitExceededError
from routematch.solvers.problem import AssignmentProblem

__all__ = ["EXACT", "Network", "build_network", "ragged"]

#: Whole numbers below this are exact in a float64.
EXACT = 2**53

Ints = NDArray[np.int64]


@frozen(eq=False)
class Network:
    """The usable pairs in rows, with the capacities they compete for. All amounts are whole steps.

    Attributes
    ----------
    rows, agents : int
    start : ndarray of int64, shape (C + 1,)
        Pairs of row ``c`` are ``start[c]`` to ``start[c + 1]``, by ascending agent.
    row_of, agent_of, cell_of : ndarray of int64, shape (P,)
        Row, agent and cell of each pair. `cell_of` is `agent_of` where no group cap can bind.
    worth : ndarray of int64, shape (P,)
        Value minus hold, at least 0, plus the class bonus of the row where there are priorities.
    capacity : ndarray of int64, shape (A,)
    unit_cost : ndarray of int64, shape (A, U), or None
        One column more than the largest capacity; None when all units are free.
    owner, cell_capacity : ndarray of int64, shape (K,)
        Agent and capacity of each cell; the first A cells are the agents.
    value, hold : ndarray of int64, shapes (P,) and (C,)
    bonus : ndarray of int64, shape (C,), or None
        What serving a row adds for its priority class: a multiple of `bonus_step`, which exceeds twice any difference
        that values can make.
    bonus_step : int
    resolution : float
    """

    rows: int
    agents: int
    start: Ints
    row_of: Ints
    agent_of: Ints
    cell_of: Ints
    worth: Ints
    value: Ints
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
        load[: self.agents] = self.load(pair)
        return load

    def pairs_of(self, rows: Ints, agents: Ints) -> Ints:
        """Return the numbers of the pairs (row, agent); each must be usable."""
        key = self.row_of * self.agents + self.agent_of
        return np.searchsorted(key, rows * self.agents + agents)


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
    rows, agents = problem.shape
    hold = _steps(problem.hold, problem.resolution, "hold")
    row_of, agent_of, value = _usable_pairs(problem, hold)
    worth = value - hold[row_of]
    capacity = np.minimum(problem.capacity, rows)
    unit_cost = _unit_cost(problem, int(capacity.max(initial=0)))
    cell_of, owner, cell_capacity, open_pairs = _cells(problem, row_of, agent_of, capacity)
    if open_pairs is not None:
        row_of, agent_of, value = row_of[open_pairs], agent_of[open_pairs], value[open_pairs]
        cell_of, worth = cell_of[open_pairs], worth[open_pairs]
    start = np.searchsorted(row_of, np.arange(rows + 1))
    _check_range(start, value, hold, worth, unit_cost, capacity)
    bonus, bonus_step = _class_bonus(problem, worth, unit_cost, capacity)
    return Network(
        rows=rows,
        agents=agents,
        start=start,
        row_of=row_of,
        agent_of=agent_of,
        cell_of=cell_of,
        worth=worth if bonus is None else worth + bonus[row_of],
        value=value,
        hold=hold,
        capacity=capacity,
        unit_cost=unit_cost,
        owner=owner,
        cell_capacity=cell_capacity,
        bonus=bonus,
        bonus_step=bonus_step,
        resolution=problem.resolution,
    )


def _steps(amount: NDArray[np.float64], resolution: float, name: str) -> Ints:
    scaled = np.rint(amount / resolution)
    if scaled.size and np.abs(scaled).max() >= EXACT:
        largest = float(np.abs(amount).max())
        raise LimitExceededError(
            f"{name} reaches {largest:g}, which is not exact in steps of {resolution:g}; use a coarser resolution"
        )
    return scaled.astype(np.int64)


def _usable_pairs(problem: AssignmentProblem, hold: Ints) -> tuple[Ints, Ints, Ints]:
    """Return row, agent and value of each usable pair, ordered by row, then agent."""
    rows, agents = problem.shape
    # A pair just below its hold may still round to it, hence the margin; the exact test follows on what is left.
    least = (hold - 1.0) * problem.resolution
    if isinstance(problem.value, np.ndarray):
        usable = problem.value >= least[:, None]
        if problem.eligible is not None:
            usable &= problem.eligible
        flat = np.flatnonzero(usable)
        row_of, agent_of = np.divmod(flat, max(agents, 1))
        given = problem.value.ravel()[flat] if problem.value.flags.c_contiguous else problem.value[row_of, agent_of]
    else:
        indptr, indices = problem.value.indptr, problem.value.indices
        data = problem.value.data.astype(np.float64, copy=False)
        all_rows = np.repeat(np.arange(rows), np.diff(indptr))
        usable = data >= least[all_rows]
        if problem.eligible is not None:
            usable &= problem.eligible[all_rows, indices]
        row_of, agent_of, given = all_rows[usable], indices[usable].astype(np.int64), data[usable]
    value = _steps(given, problem.resolution, "value")
    keep = value >= hold[row_of]
    if keep.all():
        return row_of, agent_of, value
    return row_of[keep], agent_of[keep], value[keep]


def _unit_cost(problem: AssignmentProblem, widest: int) -> Ints | None:
    if problem.unit_cost is None:
        return None
    given = _steps(problem.unit_cost[:, : widest + 1], problem.resolution, "unit_cost")
    if given.shape[1] == 0:
        return np.zeros((len(given), 1), np.int64)
    missing = widest + 1 - given.shape[1]
    return np.pad(given, ((0, 0), (0, missing)), mode="edge") if missing > 0 else given


def _cells(
    problem: AssignmentProblem, row_of: Ints, agent_of: Ints, capacity: Ints
) -> tuple[Ints, Ints, Ints, NDArray[np.bool_] | None]:
    """Give each group cap that can bind a cell; return cells of pairs, owners, capacities, and the pairs not closed."""
    agents = len(capacity)
    own = np.arange(agents), capacity
    if problem.row_group is None or problem.group_capacity is None or not problem.group_capacity.size:
        return agent_of, *own, None
    group = problem.row_group[row_of]
    key = np.where(group >= 0, agent_of * problem.group_capacity.shape[1] + group, -1)
    wanted = np.bincount(key[key >= 0], minlength=problem.group_capacity.size)
    caps = problem.group_capacity.ravel()
    # One unit more than the agent has could still be stopped by the cap: Matching.agent_price asks for it.
    limited = caps < np.minimum(wanted, np.repeat(capacity + 1, problem.group_capacity.shape[1]))
    if not limited.any():
        return agent_of, *own, None
    cells = np.flatnonzero(limited)
    number = np.full(len(caps), -1)
    number[cells] = agents + np.arange(len(cells))
    in_cell = np.where(key >= 0, number[key], -1)
    owner = np.concatenate([own[0], cells // problem.group_capacity.shape[1]])
    closed = (key >= 0) & limited[key] & (caps[key] == 0)
    return (
        np.where(in_cell >= 0, in_cell, agent_of),
        owner,
        np.concatenate([capacity, caps[cells]]),
        ~closed if closed.any() else None,
    )


def _check_range(start: Ints, value: Ints, hold: Ints, worth: Ints, unit_cost: Ints | None, capacity: Ints) -> None:
    filled = np.flatnonzero(np.diff(start))
    largest = np.abs(hold).astype(np.float64)
    if len(filled):
        per_row = np.maximum.reduceat(np.maximum(np.abs(value), worth), start[filled])
        largest[filled] = np.maximum(largest[filled], per_row)
    total = largest.sum()
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
    if step * len(classes) * max(served, 1) >= EXACT:
        raise LimitExceededError(
            f"{len(classes)} priority classes over values of {highest - lowest} steps leave the exact range of 2^53; "
            f"use a coarser resolution or fewer classes"
        )
    return (rank.astype(np.int64) + 1) * step, step
