"""Solve a small problem on its full matrix: no pairs, no cells, a few array operations from scores to proof.

The same steps as for any problem (whole numbers, scipy's Hungarian method, smallest prices from below, proof), each in
one or two operations over all rows and agents at once. The choice among equals needs none where there are no equals: a
best matching is the only one exactly when no row can move along tight pairs in a circle (compare Mangasarian, 1979,
"Uniqueness of solution in linear programming"). Where there is one, the general road chooses.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.solvers.network import EXACT, unit_cost_steps
from routematch.solvers.problem import AssignmentProblem, SparseRows

__all__ = ["SmallSolution", "solve_small"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

#: Up to this many entries (rows times units) everything at once is faster than only what is needed.
MOST_ENTRIES = 20_000


@frozen(eq=False)
class SmallSolution:
    """A proven matching; all amounts are whole steps.

    Attributes
    ----------
    agent_of : ndarray of intp, shape (C,)
    gain : ndarray of float64, shape (C,)
    price : ndarray of float64, shape (A,)
    next_cost : ndarray of float64, shape (A,)
        What one unit more than the agent has would cost.
    hold : ndarray of float64, shape (C,)
    total : float
        Worth of the served rows minus the unit costs used.
    is_only : bool
        Whether no other matching is as good.
    """

    agent_of: Index
    gain: Floats
    price: Floats
    next_cost: Floats
    hold: Floats
    total: float
    is_only: bool


def solve_small(problem: AssignmentProblem) -> SmallSolution | None:
    """Solve a small problem without groups and priorities; None where it is not one, or nothing was proven."""
    rows, agents = problem.shape
    if problem.priority is not None or problem.row_group is not None or not 0 < rows * agents <= MOST_ENTRIES:
        return None
    units = np.minimum(problem.capacity, rows)
    columns = int(units.sum())
    if not 0 < columns * rows <= MOST_ENTRIES:
        return None
    cost = _Costs(problem, units)
    worth, hold = _steps(problem, cost)
    if worth is None:
        return None
    agent_of = _match(worth, units, cost)
    served = (agent_of >= 0).nonzero()[0]
    load = np.bincount(agent_of[served], minlength=agents)
    own = worth[served, agent_of[served]]
    price = _smallest_prices(worth, agent_of, served, own, cost.last(load))
    if price is None or (load > units).any():
        return None
    gain = np.zeros(rows)
    gain[served] = own - price[agent_of[served]]
    total = float(own.sum()) - cost.used(load)
    if not _is_proven(worth, gain, price, total, cost):
        return None
    is_only = not _has_circle(worth, agent_of, gain, price, load, cost)
    return SmallSolution(agent_of, gain, price, cost.next, hold, total, is_only)


class _Costs:
    """What the units of the agents cost; most problems have free ones."""

    def __init__(self, problem: AssignmentProblem, units: NDArray[np.int64]) -> None:
        self.units, self.table = units, None
        self.floor = self.next = np.zeros(len(units))
        steps = unit_cost_steps(problem, int(units.max()))
        if steps is not None:
            self.table = steps.astype(np.float64)
            self.in_use = np.arange(steps.shape[1]) < units[:, None]
            self.floor, self.next = self.table[:, 0], self.table[np.arange(len(units)), units]

    def largest(self) -> float:
        """Return the sum of all costs, whatever their sign."""
        return 0.0 if self.table is None else float(np.abs(self.table).sum())

    def of_columns(self) -> Floats:
        """Return the cost of every unit, agent after agent."""
        return np.zeros(1) if self.table is None else self.table[self.in_use]

    def last(self, load: NDArray[np.int64]) -> Floats:
        """Return what the last unit in use costs, or the first where none is."""
        return self.floor if self.table is None else self.table[np.arange(len(load)), np.maximum(load - 1, 0)]

    def used(self, load: NDArray[np.int64]) -> float:
        """Return the cost of all units in use."""
        return 0.0 if self.table is None else float(self.table[np.arange(self.table.shape[1]) < load[:, None]].sum())

    def earned(self, price: Floats) -> float:
        """Return what all units earn at these prices."""
        if self.table is None:
            return float(price @ self.units)
        return float(np.maximum(price[:, None] - self.table, 0.0)[self.in_use].sum())

    def load_range(self, price: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the least and the greatest load of each agent in any best matching."""
        if self.table is None:
            return np.where(price > 0, self.units, 0), self.units
        dear = price[:, None]
        return (self.in_use & (self.table < dear)).sum(axis=1), (self.in_use & (self.table <= dear)).sum(axis=1)


def _steps(problem: AssignmentProblem, cost: _Costs) -> tuple[Floats | None, Floats]:
    """Return worth and hold in whole steps; no worth where sums might not be exact."""
    value = problem.value if isinstance(problem.value, np.ndarray) else _filled(problem.value)
    with np.errstate(over="ignore", invalid="ignore"):
        hold = np.rint(problem.hold / problem.resolution)
        worth = value / problem.resolution
        np.rint(worth, out=worth)
        if hold.any():
            worth -= hold[:, None]
        largest = max(float(worth.max()), 0.0) + 2 * max(float(hold.max()), -float(hold.min()))
    if not largest * len(hold) + cost.largest() < EXACT / 4:
        return None, hold
    if problem.eligible is not None:
        worth[~problem.eligible] = -np.inf
    if cost.table is not None:
        worth[worth < 0] = -np.inf
    return worth, hold


def _filled(value: SparseRows) -> Floats:
    """Return the stored entries in a full matrix, minus infinity elsewhere."""
    dense = np.full(value.shape, -np.inf)
    stored = int(value.indptr[-1])
    dense[np.arange(len(dense)).repeat(np.diff(value.indptr)), value.indices[:stored]] = value.data[:stored]
    return dense


def _match(worth: Floats, units: NDArray[np.int64], cost: _Costs) -> Index:
    """Return the agent of each row, -1 where it is held; a pair that adds nothing may be either."""
    from scipy.optimize import linear_sum_assignment

    rows, agents = worth.shape
    is_spelt_out = int(units.max()) == int(units.min()) == 1
    owner = np.arange(agents) if is_spelt_out else np.arange(agents).repeat(units)
    matrix = worth if is_spelt_out else worth[:, owner]
    matrix = np.maximum(matrix - cost.of_columns() if cost.table is not None else matrix, 0.0)
    row, unit = linear_sum_assignment(matrix, maximize=True)
    agent_of = np.full(rows, -1)
    agent_of[row] = owner[unit]
    agent_of[row[matrix[row, unit] == 0.0]] = -1
    return agent_of


def _smallest_prices(worth: Floats, agent_of: Index, served: Index, own: Floats, lowest: Floats) -> Floats | None:
    """Raise prices from the lowest until no row would rather be elsewhere; None when they do not come to rest."""
    price = lowest.copy()
    if len(served) < len(worth):
        np.maximum(price, worth[agent_of < 0].max(axis=0), out=price)
    if not len(served):
        return price
    extra, source = worth[served] - own[:, None], agent_of[served]
    offers, raised = np.empty_like(extra), np.empty_like(price)
    before: list[float] = []
    for _ in range(len(price) + 2):
        np.add(extra, price[source][:, None], out=offers)
        np.maximum.reduce(offers, axis=0, out=raised)
        np.maximum(price, raised, out=price)
        after = price.tolist()
        if after == before:
            return price
        before = after
    return None


def _is_proven(worth: Floats, gain: Floats, price: Floats, total: float, cost: _Costs) -> bool:
    """Check prices and totals, as `verify.is_proven` does for any problem."""
    slack = gain[:, None] + price
    slack -= worth
    return bool(gain.min() >= 0 and slack.min() >= 0 and total == float(gain.sum()) + cost.earned(price))


def _has_circle(
    worth: Floats, agent_of: Index, gain: Floats, price: Floats, load: NDArray[np.int64], cost: _Costs
) -> bool:
    """Say whether rows can move along tight pairs in a circle, leaving and holding included.

    From where units may be free or rows are held, one chain or more leads to every agent whose load is fixed: that is
    what holds the smallest prices up. Where it is one chain for each, and none leads on, there is no circle.
    """
    if (agent_of[gain == 0] >= 0).any():
        return True
    tight = gain[:, None] + price == worth
    least, most = cost.load_range(price)
    gives, takes = load > least, load < most
    if (tight.sum(axis=0) - load == ~(gives | takes) & (price > cost.floor)).all():
        return False
    outside = len(price)
    row, agent = tight.nonzero()
    tail = agent_of[row]
    moves = (tail != agent).nonzero()[0]
    tail, head = tail[moves], agent[moves]
    tail[tail < 0] = outside
    arcs = [
        *zip(tail.tolist(), head.tolist(), strict=True),
        *((outside, cell) for cell in head[np.append(gives, False)[tail]].tolist()),
        *((cell, outside) for cell in takes.nonzero()[0].tolist()),
    ]
    return not _is_ordered(arcs)


def _is_ordered(arcs: list[tuple[int, int]]) -> bool:
    """Say whether nodes can be put in an order that every arc follows (Kahn, 1962)."""
    following: dict[int, list[int]] = {}
    entering: dict[int, int] = {}
    for tail, head in arcs:
        following.setdefault(tail, []).append(head)
        entering[head] = entering.get(head, 0) + 1
    free = [tail for tail in following if tail not in entering]
    followed = 0
    while free:
        for head in following.get(free.pop(), ()):
            followed += 1
            entering[head] -= 1
            if not entering[head]:
                free.append(head)
    return followed == len(arcs)
