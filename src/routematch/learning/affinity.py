"""What it is worth to meet the same agent again: measured on customers who came back, not set by hand.

Among conversations of returning customers, those with the agent of the last time are compared with those with another
agent, after taking off what is expected of the agent who took each, so that good agents do not pass for affinity.
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from attrs import evolve, field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.learning.experience import DAY, Experience, Floats
from routematch.model import Estimates
from routematch.model.checks import check_number
from routematch.model.learned import AffinityEstimate

__all__ = ["Affinity"]

#: Those that are tried; None: it does not fade.
_HALF_TIMES: tuple[float | None, ...] = (*(np.geomspace(0.25, 1024.0, 25) * DAY).tolist(), None)
_Z = 1.6448536269514722
#: Standard errors beyond which a gain is no chance, the best of many half-times having been taken.
_SURE = 2.8


@frozen
class Affinity:
    """A gain in success that halves with the time since the last conversation; 0 unless it is beyond chance.

    Attributes
    ----------
    least : int
        Fewer conversations than this with the same agent, or with another, say nothing.
    """

    name: ClassVar[str] = "affinity"
    least: int = field(default=30, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check the parameter."""
        faults = Faults()
        check_number(faults, "least", self.least, at_least=2)
        faults.raise_if_any()

    def learn(self, history: Experience, known: Estimates) -> Estimates:
        """Return `known` with the affinity that a history shows, in place of what was known of it."""
        row, elapsed, same = _returns(history)
        told = ~np.isnan(history.success[row])
        row, elapsed, same = row[told], elapsed[told], same[told]
        if min(int(same.sum()), int((~same).sum())) < self.least:
            return known
        surprise = history.success[row] - _expected(history, known)[row]
        return evolve(known, affinity=_estimate(surprise, elapsed, same))


def _returns(history: Experience) -> tuple[NDArray[np.intp], Floats, NDArray[np.bool_]]:
    """Return conversations of returning customers, seconds since the last one, and whether the agent is the same."""
    rows = np.flatnonzero((history.customer >= 0) & ~np.isnan(history.at))
    rows = rows[np.lexsort((history.at[rows], history.customer[rows]))]
    again = history.customer[rows[1:]] == history.customer[rows[:-1]]
    now, before = rows[1:][again], rows[:-1][again]
    return now, history.at[now] - history.at[before], history.agent[now] == history.agent[before]


def _expected(history: Experience, known: Estimates) -> Floats:
    """Return the success expected of each conversation's agent at its first skill, shape (N,)."""
    evidence = known.evidence.get("success")
    overall = float(np.nanmean(history.success)) if (~np.isnan(history.success)).any() else 0.5
    expected = np.full(len(history), overall)
    if evidence is None:
        return expected
    table = np.full((len(history.agents), len(history.skills)), overall)
    for a, agent in enumerate(history.agents):
        for s, skill in enumerate(history.skills):
            cell = evidence.cell(agent, skill)
            table[a, s] = overall if cell is None else cell.mean
    expected[history.row[::-1]] = table[history.agent[history.row], history.skill][::-1]
    return expected


def _estimate(surprise: Floats, elapsed: Floats, same: NDArray[np.bool_]) -> AffinityEstimate:
    """Fit ``gain * 2 ** (-elapsed / half_time)`` on those with the same agent, by least squares."""
    level, noise = float(surprise[~same].mean()), float(surprise.var())
    excess, since = surprise[same] - level, np.maximum(elapsed[same], 0.0)
    of_level = noise / int((~same).sum())
    fits = [_gain(excess, np.exp2(-since / (half_time or math.inf)), noise, of_level) for half_time in _HALF_TIMES]
    best = max(range(len(fits)), key=lambda i: fits[i][2])
    gain, error, _ = fits[best]
    low, high = gain - _Z * error, gain + _Z * error
    found = abs(gain) > _SURE * error
    return AffinityEstimate(
        min(max(gain, -1.0), 1.0) if found else 0.0,
        half_time=_HALF_TIMES[best] if found else None,
        low=min(max(low, -1.0), 1.0),
        high=min(max(high, -1.0), 1.0),
        count=float(same.sum()),
    )


def _gain(excess: Floats, kept: Floats, noise: float, of_level: float) -> tuple[float, float, float]:
    """Return the gain, its standard error and how much of the scatter it explains."""
    weight = float(kept @ kept)
    if weight <= 1e-9:
        return 0.0, math.sqrt(noise), 0.0
    gain = float(kept @ excess) / weight
    return gain, math.sqrt(noise / weight + of_level * float(kept.sum()) ** 2 / weight**2), gain * gain * weight
