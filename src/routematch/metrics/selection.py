"""Finds the best of several policies with a stated chance of being right, spending little on the clearly worse.

The procedure is that of Kim and Nelson (A fully sequential procedure for indifference-zone selection in simulation, ACM
Transactions on Modeling and Computer Simulation 11, 2001): after some first replications of all, one more at a time of
those still in the race, and out goes who has fallen behind another by more than chance explains. It holds for normal
numbers, and gains from common random numbers: let the same replication mean the same day for all.

>>> scores = {"a": 1.0, "b": 2.0, "c": 0.0}
>>> noise = np.random.default_rng(0).normal(size=1000)
>>> select_best(scores, lambda name, replication: scores[name] + noise[replication], indifference=0.5).best
'b'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.errors import Faults

__all__ = ["Selection", "select_best"]


@frozen
class Selection:
    """The outcome of a race.

    Attributes
    ----------
    best : str
    is_decided : bool
        False when the replications ran out with several still in the race; `best` is then the one with the best mean.
    means : tuple of (str, float, int)
        Of each: name, mean and number of replications, in the order given.
    confidence, indifference : float
        The best is found with this chance, provided that it is better than the others by at least the indifference.
    """

    best: str
    is_decided: bool
    means: tuple[tuple[str, float, int], ...]
    confidence: float
    indifference: float

    @property
    def replications(self) -> int:
        """Replications made altogether."""
        return sum(count for _, _, count in self.means)


def select_best(
    names: Iterable[str],
    draw: Callable[[str, int], float],
    *,
    indifference: float,
    confidence: float = 0.95,
    first: int = 10,
    at_most: int = 10_000,
    higher_is_better: bool = True,
) -> Selection:
    """Race policies against each other until one is left.

    Parameters
    ----------
    names : iterable of str
    draw : callable
        ``draw(name, replication)`` gives the number of one policy on one day, replications from 0.
    indifference : float
        Differences below this do not matter; above 0.
    confidence : float
        Above one chance in as many as there are policies.
    first : int
        Replications of all before anybody can be out; at least 2, better 10.
    at_most : int
        Replications of one policy.
    higher_is_better : bool

    Returns
    -------
    Selection

    Raises
    ------
    InvalidInputError
        For arguments outside these ranges.
    """
    entered = list(dict.fromkeys(names))
    _check(entered, indifference, confidence, first, at_most)
    sign = 1.0 if higher_is_better else -1.0
    drawn = np.array([[sign * draw(name, i) for i in range(first)] for name in entered], np.float64)
    spread = _spread_of_differences(drawn)
    # Half of the constant h squared of the paper, with its c = 1.
    eta = ((2 * (1 - confidence) / max(len(entered) - 1, 1)) ** (-2 / (first - 1)) - 1) / 2
    slack = 2 * eta * (first - 1) * spread / indifference
    sums, counts = drawn.sum(axis=1), np.full(len(entered), first)
    running, made = list(range(len(entered))), first
    while True:
        running = _left(running, sums, np.maximum(slack - indifference * made, 0.0) / 2)
        if len(running) == 1 or made >= at_most:
            break
        for i in running:
            sums[i] += sign * draw(entered[i], made)
            counts[i] += 1
        made += 1
    best = max(running, key=lambda i: float(sums[i]))
    means = tuple((name, sign * float(sums[i] / counts[i]), int(counts[i])) for i, name in enumerate(entered))
    return Selection(entered[best], len(running) == 1, means, confidence, indifference)


def _left(running: list[int], sums: NDArray[np.float64], slack: NDArray[np.float64]) -> list[int]:
    """Return who is not behind another of those running by more than the slack; somebody always is."""
    kept = [i for i in running if all(sums[i] >= sums[j] - slack[i, j] for j in running if j != i)]
    return kept or [max(running, key=lambda i: float(sums[i]))]


def _spread_of_differences(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sample variance of the differences of each two, shape (S, S)."""
    differences = drawn[:, None, :] - drawn[None, :, :]
    spread: NDArray[np.float64] = differences.var(axis=2, ddof=1)
    return spread


def _check(entered: list[str], indifference: float, confidence: float, first: int, at_most: int) -> None:
    faults = Faults()
    if not entered:
        faults.add("must name at least one policy", place="names")
    if not indifference > 0:
        faults.add("must be above 0", place="indifference", given=indifference)
    if not 1 / max(len(entered), 1) < confidence < 1 and len(entered) > 1:
        faults.add("must be above one chance in as many as there are policies, and below 1", place="confidence")
    if not 2 <= first <= at_most:
        faults.add("must be at least 2 and at most at_most", place="first", given=first)
    faults.raise_if_any()
