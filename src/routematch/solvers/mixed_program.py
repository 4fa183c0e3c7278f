"""The integer program behind mixed costs: which pairs matter, what limits them, and what the relaxation proves.

Everything is in whole steps of the resolution. The program keeps only usable pairs and binding limits, has its
budgets divided by the common factor of the agent's costs, and is tightened twice: counts of large conversations are
rounded down to whole ones, and a conversation that leaves no room for another excludes it outright. (Chvatal, 1973,
"Edmonds polytopes and a hierarchy of combinatorial problems"; Padberg, 1973, "On the facial structure of set packing
polyhedra".)

The bound of the relaxation does not trust floating point: any prices give a valid bound, so the dual values are rounded
to integers and the bound is recomputed from them exactly (Geoffrion, 1974, "Lagrangean relaxation for integer
programming").
"""

from __future__ import annotations

import math

import numpy as np
from attrs import frozen
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_array, csc_array, csr_array

from routematch.solvers.mixed_problem import MixedProblem

__all__ = ["Answer", "Pairs", "Program", "Relaxation", "build_program", "relax", "solve_program", "usable_pairs"]

#: Bits below one step in which prices are rounded.
_PRICE_BITS = 8

#: Weights reach the floating-point solver divided by a power of two of at most this, so that its absolute tolerances
#: (1e-6) stay far below one step while its numbers stay moderate.
_LARGEST_SCALE_BITS = 8
_WEIGHT_BITS = 12

#: More different costs than this are not tightened.
_MOST_THRESHOLDS = 16

IntArray = NDArray[np.int64]


@frozen(eq=False)
class Pairs:
    """The usable pairs in whole steps, in row order, then column order.

    Attributes
    ----------
    row, agent : ndarray of int64, shape (P,)
    worth : ndarray of int64, shape (P,)
        Value minus hold minus the agent's first charge, in steps.
    units : ndarray of int64, shape (P,)
        Budget taken.
    charge : ndarray of int64, shape (A, K)
        Charges above the agent's first one, in steps.
    """

    row: IntArray
    agent: IntArray
    worth: IntArray
    units: IntArray
    charge: IntArray

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.row)


@frozen(eq=False)
class Program:
    """Maximise ``weight @ x`` with ``matrix @ x <= limit`` (``==`` where `exact`) and ``0 <= x <= upper``, x whole.

    The first `pairs` columns are the pairs, the others charges and helpers.
    """

    weight: IntArray
    upper: IntArray
    matrix: csr_array
    limit: IntArray
    exact: NDArray[np.bool_]
    pairs: int
    row_price: slice
    budget_of: IntArray


@frozen(eq=False)
class Relaxation:
    """What the linear relaxation says.

    Attributes
    ----------
    fraction : ndarray of float64, shape (P,)
        How much of each pair the relaxed optimum uses.
    price : ndarray of float64, shape (limits,)
        Dual value of each limit, in steps.
    bound : int
        No matching is worth more steps. Exact.
    reach : ndarray of int64, shape (P,)
        No matching that uses the pair is worth more steps than this. Exact.
    """

    fraction: NDArray[np.float64]
    price: NDArray[np.float64]
    bound: int
    reach: IntArray


@frozen(eq=False)
class Answer:
    """What the integer program found: the pairs it uses and a bound in steps (None where it has none)."""

    used: NDArray[np.intp] | None
    bound: int | None


def quantised(values: NDArray[np.float64], resolution: float) -> IntArray:
    """Round to whole steps of the resolution."""
    return np.rint(values / resolution).astype(np.int64)


def usable_pairs(problem: MixedProblem) -> Pairs:
    """Keep the pairs that a best matching may use.

    Left out are pairs below hold, pairs that exceed the agent's budget, pairs with a name whose cap is 0 and, without
    priorities, pairs that the agent's first charge makes a loss.
    """
    rows = np.repeat(np.arange(problem.shape[0]), np.diff(problem.value.indptr))
    agents = problem.value.indices.astype(np.int64)
    worth = quantised(problem.value.data, problem.resolution) - quantised(problem.hold, problem.resolution)[rows]
    charge = _charges(problem)
    keep = (worth >= 0) & (problem.cost <= problem.budget[agents])
    worth = worth - charge[agents, 0]
    if problem.priority is None:
        keep &= worth >= 0
    pair, name = problem.membership[rows].nonzero()
    keep[pair[problem.cap[agents[pair], name] == 0]] = False
    return Pairs(rows[keep], agents[keep], worth[keep], problem.cost[keep], charge - charge[:, :1])


def _charges(problem: MixedProblem) -> IntArray:
    if problem.unit_cost is None or problem.unit_cost.shape[1] == 0:
        return np.zeros((problem.shape[1], 1), np.int64)
    return quantised(problem.unit_cost, problem.resolution)


def build_program(problem: MixedProblem, pairs: Pairs) -> Program:
    """Write the program of these pairs."""
    limits = _Limits(len(pairs))
    shape = problem.shape
    every = np.arange(len(pairs))
    limits.add(pairs.row, every, np.ones(len(pairs), np.int64), np.ones(shape[0], np.int64))
    room, units = _divide_by_common_factor(problem.budget, pairs)
    budget_of = limits.add_binding(pairs.agent, every, units, room)
    _add_caps(limits, problem, pairs)
    _add_rounded_counts(limits, pairs.agent, units, room)
    _add_exclusions(limits, pairs.agent, units, room)
    _add_charges(limits, pairs, units, room)
    return limits.program(pairs.worth, slice(0, shape[0]), budget_of)


class _Limits:
    """Gather the limits and the helper columns of a program."""

    def __init__(self, pairs: int) -> None:
        self.pairs = self.columns = pairs
        self.height = 0
        self._entries: list[tuple[IntArray, IntArray, IntArray]] = []
        self._limit: list[IntArray] = []
        self._weight: list[IntArray] = []
        self._upper: list[IntArray] = []

    def add(self, row: IntArray, column: IntArray, factor: IntArray, limit: IntArray) -> IntArray:
        """Add as many limits as `limit` has entries; return their numbers."""
        self._entries.append((row + self.height, column, factor))
        self._limit.append(limit)
        self.height += len(limit)
        return np.arange(self.height - len(limit), self.height)

    def add_binding(self, row: IntArray, column: IntArray, factor: IntArray, limit: IntArray) -> IntArray:
        """Add the limits that can be exceeded at all; return the number of each, -1 where it was left out."""
        total = np.zeros(len(limit), np.int64)
        np.add.at(total, row, factor)
        binding = total > limit
        place = np.cumsum(binding) - 1
        keep = binding[row]
        numbers = self.add(place[row[keep]], column[keep], factor[keep], limit[binding])
        found = np.full(len(limit), -1, np.int64)
        found[binding] = numbers
        return found

    def helpers(self, weight: IntArray, upper: IntArray) -> IntArray:
        """Add columns that are no pairs; return their numbers."""
        self._weight.append(weight)
        self._upper.append(upper)
        self.columns += len(weight)
        return np.arange(self.columns - len(weight), self.columns)

    def program(self, worth: IntArray, row_price: slice, budget_of: IntArray) -> Program:
        row, column, factor = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        return Program(
            weight=np.concatenate([worth, *self._weight]),
            upper=np.concatenate([np.ones(self.pairs, np.int64), *self._upper]),
            matrix=coo_array((factor, (row, column)), shape=(self.height, self.columns)).tocsr(),
            limit=np.concatenate(self._limit),
            exact=np.zeros(self.height, np.bool_),
            pairs=self.pairs,
            row_price=row_price,
            budget_of=budget_of,
        )


def _divide_by_common_factor(budget: IntArray, pairs: Pairs) -> tuple[IntArray, IntArray]:
    factor = np.zeros(len(budget), np.int64)
    np.gcd.at(factor, pairs.agent, pairs.units)
    factor = np.maximum(factor, 1)
    return budget // factor, pairs.units // factor[pairs.agent]


def _add_caps(limits: _Limits, problem: MixedProblem, pairs: Pairs) -> None:
    pair, name = problem.membership[pairs.row].nonzero()
    pair, name = pair.astype(np.int64), name.astype(np.int64)
    agent = pairs.agent[pair]
    capped = problem.cap[agent, name] >= 0
    pair, name, agent = pair[capped], name[capped], agent[capped]
    keys, place = np.unique(agent * problem.cap.shape[1] + name, return_inverse=True)
    limit = problem.cap.ravel()[keys]
    limits.add_binding(place, pair, np.ones(len(pair), np.int64), limit)


def _add_rounded_counts(limits: _Limits, agent: IntArray, units: IntArray, room: IntArray) -> None:
    """No more than ``room // t`` conversations of at least t units each."""
    thresholds = np.unique(units[units > 1])
    if len(thresholds) > _MOST_THRESHOLDS:
        return
    for threshold in thresholds:
        uneven = np.zeros(len(room), np.bool_)
        uneven[agent[units == threshold]] = True
        uneven &= room % threshold != 0
        large = np.flatnonzero((units >= threshold) & uneven[agent])
        limits.add_binding(agent[large], large, np.ones(len(large), np.int64), room // threshold)


def _add_exclusions(limits: _Limits, agent: IntArray, units: IntArray, room: IntArray) -> None:
    """A conversation of more than half the room excludes the others that do not fit beside it."""
    large = 2 * units > room[agent]
    smallest = np.full(len(room), np.iinfo(np.int64).max // 2, np.int64)
    np.minimum.at(smallest, agent[large], units[large])
    beside = np.flatnonzero(~large & (units + smallest[agent] > room[agent]))
    if not len(beside):
        return
    holders, place = np.unique(agent[beside], return_inverse=True)
    taken = limits.helpers(np.zeros(len(holders), np.int64), np.ones(len(holders), np.int64))
    position = np.full(len(room), -1, np.int64)
    position[holders] = np.arange(len(holders))
    large = np.flatnonzero(large & (position[agent] >= 0))
    one = np.ones(len(holders), np.int64)
    limits.add(
        np.concatenate([position[agent[large]], np.arange(len(holders))]),
        np.concatenate([large, taken]),
        np.concatenate([np.ones(len(large), np.int64), -one]),
        0 * one,
    )
    each = np.arange(len(beside))
    limits.add(
        np.concatenate([each, each]),
        np.concatenate([beside, taken[place]]),
        np.ones(2 * len(beside), np.int64),
        np.ones(len(beside), np.int64),
    )


def _add_charges(limits: _Limits, pairs: Pairs, units: IntArray, room: IntArray) -> None:
    """The count of an agent's conversations pays for each step it climbs on the agent's staircase of charges."""
    most = _most_conversations(pairs.agent, units, room)
    agents, steps = pairs.charge.shape
    level = np.arange(steps)
    width = np.clip(most[:, None] - level, 0, np.where(level == steps - 1, most.max(initial=0), 1))
    free = (width * (pairs.charge == 0)).sum(axis=1)
    agent, step = np.nonzero((width > 0) & (pairs.charge > 0))
    if not len(agent):
        return
    columns = limits.helpers(-pairs.charge[agent, step], width[agent, step])
    payers = np.unique(agent)
    place = np.full(agents, -1, np.int64)
    place[payers] = np.arange(len(payers))
    counted = np.flatnonzero(place[pairs.agent] >= 0)
    limits.add(
        np.concatenate([place[pairs.agent[counted]], place[agent]]),
        np.concatenate([counted, columns]),
        np.concatenate([np.ones(len(counted), np.int64), np.full(len(columns), -1, np.int64)]),
        free[payers],
    )


def _most_conversations(agent: IntArray, units: IntArray, room: IntArray) -> IntArray:
    count = np.bincount(agent, minlength=len(room))
    smallest = np.full(len(room), np.iinfo(np.int64).max, np.int64)
    np.minimum.at(smallest, agent, units)
    return np.where(smallest > 0, np.minimum(count, room // np.maximum(smallest, 1)), count)


def _scale_of(weight: IntArray) -> float:
    bits = int(np.abs(weight).max(initial=1)).bit_length() - _WEIGHT_BITS
    return float(2 ** min(max(bits, 0), _LARGEST_SCALE_BITS))


def relax(program: Program) -> Relaxation:
    """Solve the linear relaxation and turn its dual values into an exact bound."""
    if not program.pairs:
        return Relaxation(np.zeros(0), np.zeros(len(program.limit)), 0, np.zeros(0, np.int64))
    scale = _scale_of(program.weight)
    exact = program.exact
    found = linprog(
        -program.weight / scale,
        A_ub=program.matrix[~exact],
        b_ub=program.limit[~exact],
        A_eq=program.matrix[exact] if exact.any() else None,
        b_eq=program.limit[exact] if exact.any() else None,
        bounds=np.stack([np.zeros(len(program.upper)), program.upper], axis=1),
        method="highs",
    )
    price = np.zeros(len(program.limit))
    fraction = np.zeros(program.pairs)
    if found.x is not None:
        fraction = found.x[: program.pairs]
        price[~exact] = np.maximum(-found.ineqlin.marginals, 0.0) * scale
        if exact.any():
            price[exact] = -found.eqlin.marginals * scale
    bound, reach = _bound_from(program, price)
    return Relaxation(fraction, price, bound, reach)


def _bound_from(program: Program, price: NDArray[np.float64]) -> tuple[int, IntArray]:
    """Return the Lagrangian bound of these prices, and the bound with each pair forced in, in whole steps."""
    largest = float(np.abs(program.weight).max(initial=1))
    price = np.clip(np.nan_to_num(price), -2 * largest, 2 * largest)
    charged = np.abs(price) @ np.abs(program.matrix) + np.abs(program.weight)
    size = float(np.abs(price) @ np.abs(program.limit) + charged @ program.upper)
    bits = min(_PRICE_BITS, 61 - math.ceil(math.log2(size + 2)))
    if bits < 0:
        trivial = int((np.maximum(program.weight, 0) * program.upper).sum())
        return trivial, np.full(program.pairs, trivial)
    whole = np.rint(price * 2**bits).astype(np.int64)
    reduced = (program.weight << bits) - program.matrix.T @ whole
    total = int(program.limit @ whole) + int((np.maximum(reduced, 0) * program.upper).sum())
    reach = total + np.minimum(reduced[: program.pairs], 0)
    return total >> bits, reach >> bits


def solve_program(program: Program, *, keep: NDArray[np.bool_], nodes: int) -> Answer:
    """Solve the integer program on some of the pairs, within a number of branching nodes."""
    columns = np.concatenate([keep, np.ones(len(program.weight) - program.pairs, np.bool_)])
    matrix = csc_array(program.matrix)[:, columns].tocsr()
    live = (np.diff(matrix.indptr) > 0) | program.exact
    scale = _scale_of(program.weight)
    lower = np.where(program.exact, program.limit, -np.inf)[live]
    found = milp(
        -program.weight[columns] / scale,
        integrality=np.ones(int(columns.sum())),
        bounds=Bounds(0.0, program.upper[columns].astype(np.float64)),
        constraints=LinearConstraint(matrix[live].astype(np.float64), lower, program.limit[live].astype(np.float64)),
        options={"mip_rel_gap": 0.0, "node_limit": nodes},
    )
    bound = None
    if found.mip_dual_bound is not None and np.isfinite(found.mip_dual_bound):
        error = 1e-2 + 2.0**-44 * float(np.abs(program.weight).max(initial=0) * len(program.weight))
        bound = math.floor(-found.mip_dual_bound * scale + error)
    if found.x is None:
        return Answer(None, bound)
    return Answer(np.flatnonzero(keep)[np.flatnonzero(found.x[: int(keep.sum())] > 0.5)], bound)
