"""Prices of rows and units, and the exact bound that they give together with whole bundles.

Whatever price is put on serving a row, no matching is worth more than all row prices plus, for every agent, the best
bundle after paying them. The compact relaxation gives the first prices; here they are carried over to other row prices
without solving it again, with each agent's unit price refitted as the critical ratio of a fractional knapsack (Dantzig,
1957, "Discrete-variable extremum problems").
"""

from __future__ import annotations

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from routematch.solvers.mixed_bundles import Bundles, enumerate_bundles
from routematch.solvers.mixed_highs import Relaxation
from routematch.solvers.mixed_problem import MixedProblem
from routematch.solvers.mixed_program import IntArray, Pairs, Program

__all__ = ["Judged", "Prices", "complete", "first_prices", "judge", "judged_among"]


@frozen(eq=False)
class Prices:
    """Prices in fine units, ``2**-bits`` steps.

    Attributes
    ----------
    constant : int
        Sum of the row prices, and of the prices on the counts of priority classes.
    row : ndarray of int64, shape (C,)
        What serving each row costs, the price of its class included.
    extra : ndarray of int64, shape (C,)
        The part of it that is the price of its class.
    unit : ndarray of int64, shape (A,)
        Price of a unit of each agent's room.
    pull : ndarray of int64, shape (P,)
        Worth of each pair after the prices of its row and of the agent's other limits, but before the units.
    rest : ndarray of int64, shape (A,)
        What the agent's limits other than the budget add to the bound.
    """

    program: Program
    pair_row: IntArray
    pair_agent: IntArray
    bits: int
    constant: int
    row: IntArray
    extra: IntArray
    unit: IntArray
    pull: IntArray
    rest: IntArray

    @property
    def reduced(self) -> IntArray:
        """What each pair is worth after all prices."""
        return self.pull - self.unit[self.pair_agent] * self.program.units

    @property
    def ceiling(self) -> IntArray:
        """A bound on what any bundle of each agent is worth after the row prices."""
        budgeted = np.where(self.program.budget_of >= 0, self.unit * self.program.room, 0)
        return self.rest + budgeted + self._by_agent(np.maximum(self.reduced, 0))

    def _by_agent(self, amount: IntArray) -> IntArray:
        total = np.zeros(len(self.unit), np.int64)
        np.add.at(total, self.pair_agent, amount)
        return total

    def moved_to(self, own: IntArray, extra: IntArray, constant: int) -> Prices:
        """Return the prices with other row prices, the unit prices refitted where that lowers the ceiling."""
        row = own + extra
        pull = self.pull + (self.row - row)[self.pair_row]
        same = evolve(self, constant=constant, row=row, extra=extra, pull=pull)
        refitted = evolve(same, unit=self._critical_ratio(pull))
        better = refitted.ceiling < same.ceiling
        return evolve(same, unit=np.where(better, refitted.unit, same.unit))

    def _critical_ratio(self, pull: IntArray) -> IntArray:
        """Fill each agent's room by falling worth per unit; the pair that no longer fits sets the price."""
        units, room = self.program.units, self.program.room
        wanted = np.flatnonzero((pull > 0) & (units > 0))
        ratio = pull[wanted] // units[wanted]
        order = np.lexsort((-ratio, self.pair_agent[wanted]))
        agent, ratio = self.pair_agent[wanted[order]], ratio[order]
        filled = np.cumsum(units[wanted[order]])
        before = np.concatenate([np.zeros(1, np.int64), filled])[np.searchsorted(agent, np.arange(len(room)))]
        beyond = np.flatnonzero(filled - before[agent] > room[agent])
        agents, first = np.unique(agent[beyond], return_index=True)
        unit = np.zeros(len(room), np.int64)
        unit[agents] = ratio[beyond[first]]
        return unit


@frozen(eq=False)
class Judged:
    """Bundles at given prices.

    Attributes
    ----------
    prices : Prices
    bundles : Bundles
        The best of every agent and others near it.
    slack : ndarray of int64, shape (B,)
        How far each bundle falls short of its agent's best, in fine units.
    best : ndarray of int64, shape (A,)
        The best bundle after the row prices; exact.
    bound : int
        In fine units; exact.
    """

    prices: Prices
    bundles: Bundles
    slack: IntArray
    best: IntArray
    bound: int

    def reach(self) -> IntArray:
        """No matching that uses the bundle is worth more steps than this."""
        return (self.bound - self.slack) >> self.prices.bits

    def among(self, keep: NDArray[np.bool_]) -> Judged:
        """Keep only some of the bundles; best and bound stay."""
        return evolve(self, bundles=self.bundles.select(keep), slack=self.slack[keep])


def first_prices(program: Program, pairs: Pairs, relaxation: Relaxation, rows: int) -> Prices:
    """Take the prices over from the compact relaxation."""
    price, agents = relaxation.whole_price, len(program.room)
    reduced = (program.weight << relaxation.bits) - program.matrix.T @ price
    counted = np.flatnonzero(program.exact)
    extra = np.zeros(rows, np.int64)
    for limit in counted:
        extra[pairs.row[program.matrix[[limit]].indices]] += price[limit]
    budgeted = program.budget_of >= 0
    unit = np.zeros(agents, np.int64)
    unit[budgeted] = price[program.budget_of[budgeted]]
    rest = np.zeros(agents, np.int64)
    others = program.limit_agent >= 0
    others[program.budget_of[budgeted]] = False
    np.add.at(rest, program.limit_agent[others], (price * program.limit)[others])
    helper = slice(program.pairs, None)
    np.add.at(rest, program.column_agent[helper], (np.maximum(reduced, 0) * program.upper)[helper])
    return Prices(
        program=program,
        pair_row=pairs.row,
        pair_agent=pairs.agent,
        bits=relaxation.bits,
        constant=int(price[:rows].sum() + (price * program.limit)[counted].sum()),
        row=price[:rows] + extra,
        extra=extra,
        unit=unit,
        pull=reduced[: program.pairs] + unit[pairs.agent] * program.units,
        rest=rest,
    )


def judge(problem: MixedProblem, pairs: Pairs, prices: Prices, within: int, *, limit: int) -> Judged | None:
    """Find every agent's best bundle at these prices, and many near it.

    Parameters
    ----------
    problem : MixedProblem
    pairs : Pairs
    prices : Prices
    within : int
        How far, in fine units, the pairs of a bundle may fall short together. Where an agent's best is not found so,
        the agent is searched further.
    limit : int
        Give up beyond this many bundles.

    Returns
    -------
    Judged or None
        None when there are more than `limit` bundles.
    """
    ceiling = prices.ceiling
    allowance = np.full(len(ceiling), within, np.int64)
    judged = _judged(problem, pairs, prices, allowance, limit)
    if judged is None:
        return None
    unsure = ceiling - allowance > judged.best
    if not unsure.any():
        return judged
    return _judged(problem, pairs, prices, np.where(unsure, ceiling - judged.best, allowance), limit)


def complete(problem: MixedProblem, pairs: Pairs, judged: Judged, within: int, *, limit: int) -> Judged | None:
    """Find all bundles that fall short of their agent's best by at most `within`; None beyond the limit."""
    allowance = judged.prices.ceiling - judged.best + within
    return _judged(problem, pairs, judged.prices, allowance, limit)


def _judged(problem: MixedProblem, pairs: Pairs, prices: Prices, allowance: IntArray, limit: int) -> Judged | None:
    shortfall = np.maximum(-prices.reduced, 0)
    bundles = enumerate_bundles(problem, pairs, shortfall, allowance, limit=limit)
    if bundles is None:
        return None
    return judged_among(pairs, prices, bundles)


def judged_among(pairs: Pairs, prices: Prices, bundles: Bundles) -> Judged:
    """Judge these bundles as if there were no others."""
    worth = (bundles.weight << prices.bits) - bundles.members @ prices.row[pairs.row]
    best = np.zeros(len(prices.unit), np.int64)
    np.maximum.at(best, bundles.agent, worth)
    return Judged(prices, bundles, best[bundles.agent] - worth, best, prices.constant + int(best.sum()))
