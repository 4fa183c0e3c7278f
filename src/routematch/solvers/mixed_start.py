"""A good matching under mixed costs without any proof: fill up, then exchange while that gains.

Pairs are taken in the order the linear relaxation likes them, as long as they fit. Then every conversation in turn may
move to a better place, pushing out what stands in its way when those can go elsewhere at a smaller loss.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from routematch.solvers.mixed_problem import MixedProblem
from routematch.solvers.mixed_program import Pairs

__all__ = ["Filling", "fill", "serve_ties"]

_MOST_PASSES = 20
_MOST_TRIES = 100_000


class Filling:
    """Who serves whom, and what room is left; every change keeps all limits.

    Parameters
    ----------
    problem : MixedProblem
    pairs : Pairs
    """

    def __init__(self, problem: MixedProblem, pairs: Pairs) -> None:
        self.row: list[int] = pairs.row.tolist()
        self.agent: list[int] = pairs.agent.tolist()
        self.worth: list[int] = pairs.worth.tolist()
        self.units: list[int] = pairs.units.tolist()
        self.charge: list[list[int]] = pairs.charge.tolist()
        self.room: list[int] = problem.budget.tolist()
        self.left: list[list[int]] = problem.cap.tolist()
        starts, names = problem.membership.indptr.tolist(), problem.membership.indices.tolist()
        self.names = [names[start:end] for start, end in itertools.pairwise(starts)]
        self.served: list[list[int]] = [[] for _ in self.room]
        self.pair_of: list[int] = [-1] * problem.shape[0]
        self.total = 0

    def fits(self, pair: int) -> bool:
        """Whether the agent has room for the pair now."""
        agent = self.agent[pair]
        left = self.left[agent]
        return self.units[pair] <= self.room[agent] and all(left[name] != 0 for name in self.names[self.row[pair]])

    def gain(self, pair: int) -> int:
        """Return what serving this pair adds now, in steps."""
        agent = self.agent[pair]
        charge = self.charge[agent]
        return self.worth[pair] - charge[min(len(self.served[agent]), len(charge) - 1)]

    def put(self, pair: int) -> None:
        """Serve a held row by this pair."""
        self.total += self.gain(pair)
        self._count(pair, 1)
        self.served[self.agent[pair]].append(pair)
        self.pair_of[self.row[pair]] = pair

    def take(self, pair: int) -> None:
        """Hold the row that this pair serves."""
        self.served[self.agent[pair]].remove(pair)
        self._count(pair, -1)
        self.total -= self.gain(pair)
        self.pair_of[self.row[pair]] = -1

    def _count(self, pair: int, change: int) -> None:
        agent = self.agent[pair]
        self.room[agent] -= change * self.units[pair]
        left = self.left[agent]
        for name in self.names[self.row[pair]]:
            if left[name] >= 0:
                left[name] -= change

    def used(self) -> NDArray[np.intp]:
        """Return the pairs in use, ascending."""
        return np.array(sorted(pair for pair in self.pair_of if pair >= 0), np.intp)

    def best_place(self, pairs: list[int], besides: int) -> int:
        """Return the pair with room and the largest gain of at least 0 at another agent, -1 when there is none."""
        best, most = -1, -1
        for pair in pairs:
            if self.agent[pair] != besides and self.fits(pair) and (gain := self.gain(pair)) > most:
                best, most = pair, gain
        return best


def fill(
    problem: MixedProblem,
    pairs: Pairs,
    preference: NDArray[np.float64],
    promising: NDArray[np.bool_] | None = None,
    *,
    at_any_charge: bool = False,
) -> NDArray[np.intp]:
    """Return the pairs of a good matching.

    Parameters
    ----------
    problem : MixedProblem
    pairs : Pairs
    preference : ndarray, shape (P,)
        Pairs are taken in falling order of it, then of worth.
    promising : ndarray of bool, shape (P,), optional
        Pairs worth trying in exchanges; none by default.
    at_any_charge : bool
        Whether to serve even where the agent's charge makes it a loss.

    Returns
    -------
    ndarray of intp
        Positions of the pairs used, ascending.
    """
    filling = Filling(problem, pairs)
    order = np.lexsort((pairs.row, -pairs.worth, -np.round(preference, 6)))
    for pair in order.tolist():
        if filling.pair_of[filling.row[pair]] < 0 and filling.fits(pair) and (at_any_charge or filling.gain(pair) >= 0):
            filling.put(pair)
    if promising is not None:
        _exchange(filling, promising)
    return filling.used()


def serve_ties(problem: MixedProblem, pairs: Pairs, used: NDArray[np.intp]) -> NDArray[np.intp]:
    """Serve held rows wherever there is room and nothing is lost, rows and columns in order."""
    filling = Filling(problem, pairs)
    for pair in used.tolist():
        filling.put(pair)
    for pair in range(len(pairs)):
        if filling.pair_of[filling.row[pair]] < 0 and filling.fits(pair) and filling.gain(pair) >= 0:
            filling.put(pair)
    return filling.used()


def _exchange(filling: Filling, promising: NDArray[np.bool_]) -> None:
    places: list[list[int]] = [[] for _ in filling.pair_of]
    for pair in np.flatnonzero(promising).tolist():
        places[filling.row[pair]].append(pair)
    passes = min(_MOST_PASSES, max(1, _MOST_TRIES // max(1, int(promising.sum()))))
    for _ in range(passes):
        before = filling.total
        for options in places:
            for pair in options:
                _try(filling, pair, places)
        if filling.total == before:
            break


def _try(filling: Filling, pair: int, places: list[list[int]]) -> None:
    """Serve the row by this pair if that gains, pushing out one conversation of the agent where needed."""
    current = filling.pair_of[filling.row[pair]]
    if current == pair:
        return
    before = filling.total
    if current >= 0:
        filling.take(current)
    if filling.fits(pair):
        filling.put(pair)
        if filling.total > before:
            return
        filling.take(pair)
    elif any(
        _push_out(filling, pair, other, places, before)
        for other in sorted(filling.served[filling.agent[pair]], key=filling.worth.__getitem__)
    ):
        return
    if current >= 0:
        filling.put(current)


def _push_out(filling: Filling, pair: int, other: int, places: list[list[int]], before: int) -> bool:
    """Serve the pair in place of another one, which goes elsewhere if it can; undo it when that gains nothing."""
    filling.take(other)
    if filling.fits(pair):
        filling.put(pair)
        elsewhere = filling.best_place(places[filling.row[other]], filling.agent[pair])
        if elsewhere >= 0:
            filling.put(elsewhere)
        if filling.total > before:
            return True
        if elsewhere >= 0:
            filling.take(elsewhere)
        filling.take(pair)
    filling.put(other)
    return False
