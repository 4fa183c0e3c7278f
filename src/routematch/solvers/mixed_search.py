"""Search for the best matching under mixed costs and prove it: prices, a good matching, then all that could beat it.

Three steps. The prices of the rows are improved a few times by the relaxation over whole bundles, moving within a box
so that they stay sensible where few bundles are known (du Merle, Villeneuve, Desrosiers and Hansen, 1999, "Stabilized
column generation"). A good matching comes from a small integer program around the relaxed one. Then every bundle that
could still be part of a better matching is written down, and an integer program over those alone decides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array, hstack, identity, vstack

from routematch.solvers.mixed_bundles import Bundles
from routematch.solvers.mixed_highs import Relaxation, scale_of, solve_packing, solve_program
from routematch.solvers.mixed_prices import Judged, Prices, complete, first_prices, judge, judged_among
from routematch.solvers.mixed_problem import MixedProblem
from routematch.solvers.mixed_program import IntArray, Pairs, Program, is_allowed
from routematch.solvers.mixed_start import fill

__all__ = ["Search"]

#: Bundles written down at most; relaxed over at most, around the prices and among all that matter; and given to the
#: integer program at most: first a few, three times as many each time, up to this many.
_MOST_BUNDLES = 40_000
_MOST_RELAXED = 2_000
_MOST_SIFTED = 6_000
_FEW_BUNDLES = 500
_MOST_PACKED = 1_500

#: Branching nodes of one integer program.
_NODES = 2_000
#: The program over pairs closes early or hardly at all: its nodes are fewer the larger it is.
_FEWEST_NODES = 50
_MOST_WORK = 100_000

#: Rounds of better prices: how many, which share of all progress one must make, and how the box grows.
_ROUNDS = 4
_WORTHWHILE = 0.1
_GROWTH = 1.5

#: Pairs near the relaxed optimum, per row, and how many times further the rows in doubt may look.
_NEAR = 2
_FURTHER = 20

#: Relative gap at which the search for a good matching stops, the pairs it looks at most, and
#: the share of all pairs beyond which the whole program is no harder.
_GOOD_ENOUGH = 1e-3
_MOST_LOOKED_AT = 1_500
_LARGE_SHARE = 0.35

#: Pairs tried in exchanges.
_MOST_EXCHANGED = 20_000


class Search:
    """The best matching so far and the bound so far.

    Parameters
    ----------
    problem : MixedProblem
    pairs : Pairs
    program : Program
    relaxation : Relaxation
    used : ndarray of intp
        Pairs of a matching to start from; it meets the exact limits.
    budget : int
        The largest integer program that may be solved, in columns.

    Attributes
    ----------
    used : ndarray of intp
    value : int
        Worth of `used` in steps, over holding everybody.
    bound : int
    """

    def __init__(
        self,
        problem: MixedProblem,
        pairs: Pairs,
        program: Program,
        relaxation: Relaxation,
        used: NDArray[np.intp],
        budget: int,
    ) -> None:
        self.problem, self.pairs, self.program, self.relaxation = problem, pairs, program, relaxation
        self.used, self.budget = used, budget
        self.value = pairs.steps(used)
        self.bound = max(relaxation.bound, self.value)

    @property
    def is_proven(self) -> bool:
        """Whether the matching meets the bound."""
        return self.value >= self.bound

    def run(self) -> None:
        """Improve the matching and the bound until they meet, or the means are used up."""
        judged = None if self.is_proven else self._first_judged()
        if judged is not None:
            judged = self._improve_prices(judged)
        if judged is not None and not self.is_proven:
            self._look_around(judged)
        if judged is not None and not self.is_proven:
            self._decide(judged)
        elif not self.is_proven:
            self._solve_pairs(self.relaxation.reach > self.value)

    def offer(self, used: NDArray[np.intp] | None) -> None:
        """Take over a matching when it is allowed and better."""
        if used is None or self.pairs.steps(used) <= self.value or not is_allowed(self.problem, self.pairs, used):
            return
        taken = np.zeros(len(self.program.weight), np.int64)
        taken[used] = 1
        exact = self.program.exact
        if (self.program.matrix[exact] @ taken == self.program.limit[exact]).all():
            self.used, self.value = used, self.pairs.steps(used)
            self.bound = max(self.bound, self.value)

    def _first_judged(self) -> Judged | None:
        if self.relaxation.bits < 0:
            return None
        prices = first_prices(self.program, self.pairs, self.relaxation, self.problem.shape[0])
        shortfall = np.sort(np.maximum(-prices.reduced, 0))
        self.near = int(shortfall[min(len(shortfall) - 1, _NEAR * self.problem.shape[0])])
        for _ in range(3):
            judged = self._judge(prices)
            if judged is not None:
                return judged
            self.near //= 8
        return None

    def _judge(self, prices: Prices) -> Judged | None:
        judged = judge(self.problem, self.pairs, prices, self.near, limit=_MOST_BUNDLES)
        if judged is not None:
            self.bound = max(self.value, min(self.bound, judged.bound >> prices.bits))
        return judged

    def _improve_prices(self, judged: Judged) -> Judged:
        """Move the prices towards those of the relaxation over bundles, as long as the bound falls."""
        box = float(max(self.near, int(np.median(self.pairs.worth << judged.prices.bits)) // 64, 1))
        self.settled, start = np.zeros(0, np.intp), judged.bound
        for _ in range(_ROUNDS):
            if self.is_proven:
                break
            nearest = np.argsort(judged.slack, kind="stable")[:_MOST_RELAXED]
            packing = self._pack(judged.bundles.select(np.sort(nearest)))
            amount, prices = packing.relaxed(judged.prices, box)
            whole = packing.bundles.pairs_of(np.flatnonzero(amount > 1 - 1e-6))
            self.offer(whole)
            further = self._judge(prices)
            if further is None or further.bound >= judged.bound:
                box /= 4
                continue
            gained = judged.bound - further.bound
            judged, self.settled = further, whole
            if gained < _WORTHWHILE * (start - further.bound):
                break
            box *= _GROWTH
        return judged

    def _look_around(self, judged: Judged) -> None:
        """Solve a small integer program: rows settled by the relaxation stay, or move to pairs nearly as good."""
        shortfall = np.maximum(-judged.prices.reduced, 0)
        free = np.ones(self.problem.shape[0], np.bool_)
        free[self.pairs.row[self.settled]] = False
        keep = (free[self.pairs.row] & (shortfall <= _FURTHER * self.near)) | (shortfall <= self.near)
        keep[self.settled] = True
        keep[self.used] = True
        shortfall[self.settled] = -1
        shortfall[self.used] = -1
        nearest = np.argsort(np.where(keep, shortfall, np.iinfo(np.int64).max), kind="stable")
        keep[nearest[min(_MOST_LOOKED_AT, self.budget) :]] = False
        is_as_hard_as_all = keep.sum() > _LARGE_SHARE * len(keep) and len(keep) <= self.budget
        if keep.any() and not is_as_hard_as_all:
            self.offer(solve_program(self.program, keep, nodes=_NODES, gap=_GOOD_ENOUGH).used)

    def _decide(self, judged: Judged) -> None:
        """Solve the integer program over everything that could still beat the matching."""
        within = judged.bound - (self.value << judged.prices.bits)
        every = complete(self.problem, self.pairs, judged, within, limit=_MOST_BUNDLES)
        if every is None:
            surplus = judged.prices.ceiling - judged.best
            slack = np.maximum(-judged.prices.reduced, 0) - surplus[self.pairs.agent]
            reach = (judged.bound - np.maximum(slack, 0)) >> judged.prices.bits
            self._solve_pairs((reach > self.value) & (self.relaxation.reach > self.value))
            return
        left = every.among(every.reach() > self.value)
        if _FEW_BUNDLES < len(left.bundles) <= _MOST_SIFTED:
            left = self._sift(left)
        few = _FEW_BUNDLES
        while few < len(left.bundles) <= min(_MOST_PACKED, self.budget):
            nearest = np.argsort(left.slack, kind="stable")[:few]
            self.offer(self._pack(left.bundles.select(np.sort(nearest))).solved()[0])
            left = left.among(left.reach() > self.value)
            few *= 3
        if not len(left.bundles):
            self.bound = self.value
            return
        if len(left.bundles) <= min(_MOST_PACKED, self.budget):
            self._conclude(*self._pack(left.bundles).solved())
            return
        keep = np.zeros(len(self.pairs), np.bool_)
        keep[left.bundles.pairs_of(np.arange(len(left.bundles)))] = True
        self._solve_pairs(keep)

    def _sift(self, every: Judged) -> Judged:
        """Relax over all bundles that matter; leave out those that can no longer matter at its prices."""
        packing = self._pack(every.bundles)
        amount, prices = packing.relaxed(every.prices, np.inf)
        self.offer(every.bundles.pairs_of(np.flatnonzero(amount > 1 - 1e-6)))
        judged = judged_among(self.pairs, prices, every.bundles)
        self.bound = max(self.value, min(self.bound, judged.bound >> prices.bits))
        return judged.among(judged.reach() > self.value)

    def _pack(self, bundles: Bundles) -> _Packing:
        return _Packing(self.problem, self.pairs, self.program, bundles)

    def _solve_pairs(self, keep: NDArray[np.bool_]) -> None:
        """Solve the integer program on these pairs, the only ones a better matching can use, if it is not too large."""
        if not keep.any():
            self.bound = self.value
        elif keep.sum() <= self.budget:
            nodes = min(_NODES, max(_FEWEST_NODES, _MOST_WORK // int(keep.sum())))
            answer = solve_program(self.program, keep, nodes=nodes, tightened=False)
            self._conclude(answer.used, answer.bound)
        else:
            self._exchange(keep)

    def _exchange(self, keep: NDArray[np.bool_]) -> None:
        """Improve the matching by exchanges, where no class of priority has to be counted."""
        keep = keep.copy()
        keep[np.argsort(-self.relaxation.reach, kind="stable")[_MOST_EXCHANGED:]] = False
        if not self.program.exact.any():
            self.offer(fill(self.problem, self.pairs, self._preference(), keep))

    def _preference(self) -> NDArray[np.float64]:
        preferred = self.relaxation.fraction / 2
        preferred[self.used] = 1.0
        return preferred

    def _conclude(self, used: NDArray[np.intp] | None, bound: int | None) -> None:
        """Take over an answer; where the matching fails the check on whole numbers, its bound is not trusted either."""
        if used is not None and not is_allowed(self.problem, self.pairs, used):
            return
        self.offer(used)
        if bound is not None:
            self.bound = max(self.value, min(self.bound, bound))


class _Packing:
    """At most one bundle per agent, every row at most once, classes counted exactly."""

    def __init__(self, problem: MixedProblem, pairs: Pairs, program: Program, bundles: Bundles) -> None:
        self.bundles = bundles
        rows, agents = problem.shape
        member = bundles.members.tocoo()
        every = np.arange(len(bundles))
        row = np.concatenate([pairs.row[member.col], rows + bundles.agent])
        column = np.concatenate([member.row, every])
        sparse = coo_array((np.ones(len(row), np.int64), (row, column)), shape=(rows + agents, len(bundles))).tocsr()
        exact = program.exact
        self.rows = rows
        self.matrix = vstack([sparse, csr_array(program.matrix[exact])[:, : len(pairs)] @ bundles.members.T]).tocsr()
        self.limit = np.concatenate([np.ones(rows + agents, np.int64), program.limit[exact]])
        self.exact = np.concatenate([np.zeros(rows + agents, np.bool_), np.ones(int(exact.sum()), np.bool_)])
        self.classes = csr_array(program.matrix[exact])[:, : len(pairs)]
        self.pair_row = pairs.row

    def relaxed(self, prices: Prices, box: float) -> tuple[NDArray[np.float64], Prices]:
        """Solve the linear relaxation with row prices inside a box around the given ones (in fine units).

        Returns
        -------
        tuple of (ndarray of float64, shape (B,), Prices)
            How much of each bundle is used, and the prices moved to the dual values.
        """
        scale = scale_of(self.bundles.weight)
        unit = 2.0**prices.bits * scale
        around = (prices.row - prices.extra) / unit
        weight, matrix = -self.bundles.weight / scale, self.matrix
        if np.isfinite(box):
            weight = np.concatenate([weight, around + box / unit, -np.maximum(around - box / unit, 0.0)])
            escape = vstack([identity(self.rows), csr_array((len(self.limit) - self.rows, self.rows))])
            matrix = hstack([matrix, -escape, escape]).tocsr()
        found = linprog(
            weight,
            A_ub=matrix[~self.exact],
            b_ub=self.limit[~self.exact],
            A_eq=matrix[self.exact] if self.exact.any() else None,
            b_eq=self.limit[self.exact] if self.exact.any() else None,
            bounds=(0.0, None),
            method="highs",
        )
        if found.x is None:
            return np.zeros(len(self.bundles)), prices
        own = _fine(np.maximum(-found.ineqlin.marginals[: self.rows], 0.0) * unit)
        counted = _fine(-found.eqlin.marginals * unit) if self.exact.any() else np.zeros(0, np.int64)
        extra = np.zeros(self.rows, np.int64)
        for number, price in enumerate(counted):
            extra[self.pair_row[self.classes[[number]].indices]] += price
        constant = int(own.sum()) + int((counted * self.limit[self.exact]).sum())
        return found.x[: len(self.bundles)], prices.moved_to(own, extra, constant)

    def solved(self) -> tuple[NDArray[np.intp] | None, int | None]:
        """Solve the integer program; return the pairs used and a bound."""
        used, bound = solve_packing(
            self.bundles.weight, np.ones(len(self.bundles), np.int64), self.matrix, self.limit, self.exact, nodes=_NODES
        )
        return None if used is None else self.bundles.pairs_of(used), bound


def _fine(price: NDArray[np.float64]) -> IntArray:
    return np.rint(price).astype(np.int64)
