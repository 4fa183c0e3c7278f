"""Solve a small full matrix on the matrix itself: no pairs, no cells, a few array operations from scores to proof.

The same steps as for any problem (whole numbers, scipy's Hungarian method, smallest prices from below, proof), each in
one or two operations over all rows and agents at once. The choice among equals needs none where there are no equals: a
best matching is the only one exactly when no row can move along tight pairs in a circle (compare Mangasarian, 1979,
"Uniqueness of solution in linear programming"). Where there is one, the general road chooses.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.solvers.network import EXACT
from routematch.solvers.problem import AssignmentProblem

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
    hold : ndarray of float64, shape (C,)
    total : float
        Worth of the served rows.
    is_only : bool
        Whether no other matching is as good.
    """

    agent_of: Index
    gain: Floats
    price: Floats
    hold: Floats
    total: float
    is_only: bool


def solve_small(problem: AssignmentProblem) -> SmallSolution | None:
    """Solve a small dense problem without further constraints; None where it is not one, or nothing was proven."""
    if not isinstance(problem.value, np.ndarray) or problem.value.size == 0 or _has_constraints(problem):
        return None
    rows = len(problem.value)
    units = np.minimum(problem.capacity, rows)
    columns = int(units.sum())
    if not 0 < columns * rows <= MOST_ENTRIES:
        return None
    worth, hold = _steps(problem, problem.value)
    if worth is None:
        return None
    agent_of = _match(worth, units, columns)
    served = (agent_of >= 0).nonzero()[0]
    own = worth[served, agent_of[served]]
    price = _smallest_prices(worth, agent_of, served, own)
    if price is None:
        return None
    gain = np.zeros(rows)
    gain[served] = own - price[agent_of[served]]
    return _proven(worth, units, agent_of, gain, price, hold, float(own.sum()))


def _has_constraints(problem: AssignmentProblem) -> bool:
    return problem.priority is not None or problem.unit_cost is not None or problem.row_group is not None


def _steps(problem: AssignmentProblem, value: Floats) -> tuple[Floats | None, Floats]:
    """Return worth and hold in whole steps; no worth where sums might not be exact."""
    with np.errstate(over="ignore", invalid="ignore"):
        hold = np.rint(problem.hold / problem.resolution)
        worth = value / problem.resolution
        np.rint(worth, out=worth)
        if hold.any():
            worth -= hold[:, None]
        largest = max(float(worth.max()), 0.0) + 2 * max(float(hold.max()), -float(hold.min()))
    if not largest * len(hold) < EXACT / 4:
        return None, hold
    if problem.eligible is not None:
        worth[~problem.eligible] = -np.inf
    return worth, hold


def _match(worth: Floats, units: NDArray[np.int64], columns: int) -> Index:
    """Return the agent of each row, -1 where it is held; a worth of 0 may be either."""
    from scipy.optimize import linear_sum_assignment

    rows, agents = worth.shape
    matrix = np.maximum(worth, 0.0)
    spelt_out = columns != agents or units.min() != 1
    owner = np.arange(agents).repeat(units) if spelt_out else None
    if owner is not None:
        matrix = matrix[:, owner]
    row, unit = linear_sum_assignment(matrix, maximize=True)
    agent_of = np.full(rows, -1)
    agent_of[row] = unit if owner is None else owner[unit]
    if len(row) < rows or not matrix[row, unit].all():
        agent_of[row[matrix[row, unit] == 0.0]] = -1
    return agent_of


def _smallest_prices(worth: Floats, agent_of: Index, served: Index, own: Floats) -> Floats | None:
    """Raise prices from 0 until no row would rather be elsewhere; None when they do not come to rest."""
    agents = worth.shape[1]
    price = np.zeros(agents)
    if len(served) < len(worth):
        np.maximum(price, worth[agent_of < 0].max(axis=0), out=price)
    if not len(served):
        return price
    extra, source = worth[served] - own[:, None], agent_of[served]
    offers, raised = np.empty_like(extra), np.empty(agents)
    before: list[float] = []
    for _ in range(agents + 2):
        np.add(extra, price[source][:, None], out=offers)
        np.maximum.reduce(offers, axis=0, out=raised)
        np.maximum(price, raised, out=price)
        after = price.tolist()
        if after == before:
            return price
        before = after
    return None


def _proven(
    worth: Floats, units: NDArray[np.int64], agent_of: Index, gain: Floats, price: Floats, hold: Floats, total: float
) -> SmallSolution | None:
    """Check feasibility, prices and totals, as `verify.is_proven` does; None where the proof stays open."""
    slack = gain[:, None] + price
    slack -= worth
    load = np.bincount(agent_of[agent_of >= 0], minlength=len(units))
    is_best = gain.min() >= 0 and slack.min() >= 0 and total == gain.sum() + price @ units
    if not (is_best and (load <= units).all()):
        return None
    is_only = not _has_circle(slack == 0, agent_of, gain, price, load, units)
    return SmallSolution(agent_of, gain, price, hold, total, is_only)


def _has_circle(
    tight: NDArray[np.bool_],
    agent_of: Index,
    gain: Floats,
    price: Floats,
    load: NDArray[np.int64],
    units: NDArray[np.int64],
) -> bool:
    """Say whether rows can move along tight pairs in a circle, leaving and holding included.

    From where units are left free or rows are held, one chain or more leads to every agent with a price: that is what
    holds the smallest prices up. Where it is one chain for each, and none leads on, there is no circle.
    """
    priced = price > 0
    if (agent_of[gain == 0] >= 0).any():
        return True
    if (tight.sum(axis=0) - load == priced).all():
        return False
    outside = len(price)
    row, agent = tight.nonzero()
    tail = agent_of[row]
    moves = (tail != agent).nonzero()[0]
    tail, head = tail[moves], agent[moves]
    tail[tail < 0] = outside
    arcs = [
        *zip(tail.tolist(), head.tolist(), strict=True),
        *((outside, cell) for cell in head[~np.append(priced, True)[tail]].tolist()),
        *((cell, outside) for cell in (~priced & (load < units)).nonzero()[0].tolist()),
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
