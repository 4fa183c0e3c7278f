"""Two questions to scipy's HiGHS about mixed costs: the linear relaxation, and the integer program.

The bound of the relaxation does not trust floating point: any prices give a valid bound, so the dual values are rounded
to integers and the bound is recomputed from them exactly (Geoffrion, 1974, "Lagrangean relaxation for integer
programming"). The bound of the integer program is the solver's own, rounded down to a whole step after adding more than
its arithmetic can have lost; the matchings it finds are checked again on whole numbers by the caller.
"""

from __future__ import annotations

import math

import numpy as np
from attrs import frozen
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_array, csr_array

from routematch.solvers.mixed_program import IntArray, Program

__all__ = ["Answer", "Relaxation", "relax", "scale_of", "solve_packing", "solve_program"]

#: Bits below one step in which prices are rounded.
_PRICE_BITS = 8

#: Weights reach the floating-point solver divided by a power of two of at most this, so that its absolute tolerances
#: (1e-6) stay far below one step while its numbers stay moderate.
_LARGEST_SCALE_BITS = 8
_WEIGHT_BITS = 12

#: What `milp` reports, and the bound that stands for it.
_STATUS_INFEASIBLE = 2
_INFEASIBLE = -(2**62)

#: Programs of more pairs are relaxed over the leading pairs of each row, in a few rounds.
_WHOLE = 20_000
_LEADING = 6
_ROUNDS = 5


@frozen(eq=False)
class Relaxation:
    """What the linear relaxation says.

    Attributes
    ----------
    fraction : ndarray of float64, shape (P,)
        How much of each pair the relaxed optimum uses.
    price : ndarray of float64, shape (limits,)
        Dual value of each limit, in steps.
    whole_price : ndarray of int64, shape (limits,)
        The same in units of ``2**-bits`` steps, the prices behind the bound.
    bits : int
        Negative where the numbers are too large for an exact bound from prices.
    bound : int
        No matching is worth more steps. Exact.
    reach : ndarray of int64, shape (P,)
        No matching that uses the pair is worth more steps than this. Exact.
    """

    fraction: NDArray[np.float64]
    price: NDArray[np.float64]
    whole_price: IntArray
    bits: int
    bound: int
    reach: IntArray


@frozen(eq=False)
class Answer:
    """What the integer program found: the pairs it uses and a bound in steps (None where it has none)."""

    used: NDArray[np.intp] | None
    bound: int | None


def scale_of(weight: IntArray) -> float:
    """Return how many steps one unit of the floating-point solver stands for."""
    bits = int(np.abs(weight).max(initial=1)).bit_length() - _WEIGHT_BITS
    return float(2 ** min(max(bits, 0), _LARGEST_SCALE_BITS))


def relax(program: Program, pair_row: IntArray) -> Relaxation:
    """Solve the linear relaxation and turn its dual values into an exact bound.

    Large programs are relaxed over the most valuable pairs of each row; pairs that the prices find attractive are added
    and it is solved again, a few times. The bound is over all pairs in any case.
    """
    if not program.pairs:
        nothing = np.zeros(len(program.limit), np.int64)
        return Relaxation(np.zeros(0), nothing.astype(np.float64), nothing, 0, 0, np.zeros(0, np.int64))
    if program.pairs <= _WHOLE:
        return _bounded(program, *_relaxed_over(program, np.ones(program.pairs, np.bool_)))
    keep = _leading(program.weight[: program.pairs].astype(np.float64), pair_row, _LEADING)
    best: Relaxation | None = None
    for _ in range(_ROUNDS):
        fraction, price = _relaxed_over(program, keep)
        found = _bounded(program, fraction, price)
        best = found if best is None or found.bound < best.bound else best
        reduced = program.weight[: program.pairs] - (price @ program.matrix)[: program.pairs]
        attractive = ~keep & (reduced > 0)
        if not attractive.any():
            break
        keep |= attractive & _leading(np.where(attractive, reduced, -np.inf), pair_row, _LEADING)
    assert best is not None
    return best


def _leading(score: NDArray[np.float64], row: IntArray, count: int) -> NDArray[np.bool_]:
    """Mark the pairs with the highest scores of each row."""
    order = np.lexsort((-score, row))
    ordered = row[order]
    start = np.searchsorted(ordered, ordered, side="left")
    leading = np.zeros(len(row), np.bool_)
    leading[order[np.arange(len(row)) - start < count]] = True
    return leading


def _relaxed_over(program: Program, keep: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how much of each pair is used and the price of each limit, with only these pairs."""
    columns = np.concatenate([keep, np.ones(len(program.weight) - program.pairs, np.bool_)])
    matrix = csc_array(program.matrix)[:, columns].tocsr()
    scale = scale_of(program.weight)
    exact = program.exact
    upper = np.where(np.arange(len(columns)) < program.pairs, np.inf, program.upper)[columns]
    found = linprog(
        -program.weight[columns] / scale,
        A_ub=matrix[~exact],
        b_ub=program.limit[~exact],
        A_eq=matrix[exact] if exact.any() else None,
        b_eq=program.limit[exact] if exact.any() else None,
        bounds=np.stack([np.zeros(len(upper)), upper], axis=1),
        method="highs",
    )
    price, fraction = np.zeros(len(program.limit)), np.zeros(program.pairs)
    if found.x is not None:
        fraction[keep] = found.x[: int(keep.sum())]
        price[~exact] = np.maximum(-found.ineqlin.marginals, 0.0) * scale
        if exact.any():
            price[exact] = -found.eqlin.marginals * scale
    return fraction, price


def _bounded(program: Program, fraction: NDArray[np.float64], price: NDArray[np.float64]) -> Relaxation:
    """Add the Lagrangian bound of these prices, and the bound with each pair forced in."""
    largest = float(np.abs(program.weight).max(initial=1))
    price = np.clip(np.nan_to_num(price), -2 * largest, 2 * largest)
    charged = np.abs(price) @ np.abs(program.matrix) + np.abs(program.weight)
    size = float(np.abs(price) @ np.abs(program.limit) + charged @ program.upper)
    bits = min(_PRICE_BITS, 61 - math.ceil(math.log2(size + 2)))
    if bits < 0:
        trivial = int((np.maximum(program.weight, 0) * program.upper).sum())
        nothing = np.zeros(len(price), np.int64)
        return Relaxation(fraction, price, nothing, bits, trivial, np.full(program.pairs, trivial))
    whole = np.rint(price * 2**bits).astype(np.int64)
    reduced = (program.weight << bits) - program.matrix.T @ whole
    total = int(program.limit @ whole) + int((np.maximum(reduced, 0) * program.upper).sum())
    reach = total + np.minimum(reduced[: program.pairs], 0)
    return Relaxation(fraction, price, whole, bits, total >> bits, reach >> bits)


def solve_program(
    program: Program, keep: NDArray[np.bool_], *, nodes: int, gap: float = 0.0, tightened: bool = True
) -> Answer:
    """Solve the integer program on some of the pairs, within a number of branching nodes.

    Parameters
    ----------
    program : Program
    keep : ndarray of bool, shape (P,)
        The pairs that may be used.
    nodes : int
    gap : float
        Relative gap at which to stop.
    tightened : bool
        Whether the limits that only tighten the relaxation are passed on.
    """
    limits = program.exact | program.needed | tightened
    columns = np.concatenate([keep, np.ones(len(program.weight) - program.pairs, np.bool_)])
    matrix = csc_array(program.matrix[limits])[:, columns].tocsr()
    used, bound = solve_packing(
        program.weight[columns],
        program.upper[columns],
        matrix,
        program.limit[limits],
        program.exact[limits],
        nodes=nodes,
        gap=gap,
    )
    chosen = np.flatnonzero(keep)
    return Answer(None if used is None else chosen[used[used < len(chosen)]], bound)


def solve_packing(
    weight: IntArray,
    upper: IntArray,
    matrix: csr_array,
    limit: IntArray,
    exact: NDArray[np.bool_],
    *,
    nodes: int,
    gap: float = 0.0,
) -> tuple[NDArray[np.intp] | None, int | None]:
    """Maximise ``weight @ x`` over whole x; return the columns used and a bound in whole steps, None where none.

    Where no x meets the exact limits, the bound is below everything.
    """
    live = (np.diff(matrix.indptr) > 0) | exact
    scale = scale_of(weight)
    found = milp(
        -weight / scale,
        integrality=np.ones(len(weight)),
        bounds=Bounds(0.0, upper.astype(np.float64)),
        constraints=LinearConstraint(
            matrix[live].astype(np.float64),
            np.where(exact, limit, -np.inf)[live],
            limit[live].astype(np.float64),
        ),
        options={"mip_rel_gap": gap, "node_limit": nodes},
    )
    bound = _INFEASIBLE if found.status == _STATUS_INFEASIBLE else None
    if found.mip_dual_bound is not None and np.isfinite(found.mip_dual_bound):
        error = 1e-2 + 2.0**-44 * float(np.abs(weight).max(initial=0) * len(weight))
        bound = math.floor(-found.mip_dual_bound * scale + error)
    return (None if found.x is None else np.flatnonzero(found.x > 0.5)), bound
