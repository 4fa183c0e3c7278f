"""Patience from waits of which most were cut short by an answer.

Who was answered after 30 s would have waited at least 30 s; nobody knows how much longer. Averaging the waits of those
who gave up ignores them and makes customers look far less patient than they are. Counting, for each stretch of waiting,
those who gave up against all the time that anybody spent in it, does not: it is the estimate of largest likelihood for
a hazard that is constant on each stretch, and follows the curve of Kaplan and Meier (1958), Nonparametric estimation
from incomplete observations. It takes for granted that who would wait long is not answered sooner or later than others.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.distributions import PiecewiseHazard

__all__ = ["PatienceFit", "fit_patience", "kaplan_meier"]

#: Of those who gave up, a stretch of waiting should hold this many; there are at most so many stretches.
_WANTED, _MOST_STRETCHES = 40, 12

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@frozen(eq=False)
class PatienceFit:
    """What was learned about one type's patience.

    Attributes
    ----------
    law : PiecewiseHazard
    gave_up, answered : int
    hazards, deviations : ndarray of float64, shape (H,)
        Rate of giving up per second on each stretch, and its standard error.
    """

    law: PiecewiseHazard
    gave_up: int
    answered: int
    hazards: Floats
    deviations: Floats


def fit_patience(waited: Floats, gave_up: Mask) -> PatienceFit | None:
    """Learn the hazard of giving up.

    Parameters
    ----------
    waited : ndarray of float64, shape (N,)
        Seconds until answered or gone.
    gave_up : ndarray of bool, shape (N,)
        Who went; the others were answered first.

    Returns
    -------
    PatienceFit or None
        None where nobody gave up: patience without end is all the log tells.
    """
    lost = int(gave_up.sum())
    if not lost or not waited.sum() > 0:
        return None
    starts = _stretches(waited[gave_up])
    edges = np.append(starts, np.inf)
    events = np.histogram(waited[gave_up], edges)[0].astype(np.float64)
    time_in = np.array(
        [float((np.minimum(waited, until) - start)[waited > start].sum()) for start, until in pairwise(edges)]
    )
    some = time_in > 0
    starts, events, time_in = np.append(0.0, starts[some][1:]), events[some], time_in[some]
    hazards = events / time_in
    deviations = np.sqrt(np.maximum(events, 1.0)) / time_in
    law = PiecewiseHazard(starts, hazards)
    return PatienceFit(law, lost, int(waited.size - lost), hazards, deviations)


def _stretches(waits: Floats) -> Floats:
    """Return where stretches begin, at full seconds: each holds about as many who gave up."""
    count = int(np.clip(waits.size // _WANTED, 1, _MOST_STRETCHES))
    inner = np.quantile(waits, np.arange(1, count) / count) if count > 1 else np.empty(0)
    rounded = np.unique(np.where(inner >= 1.0, np.round(inner), inner))
    return np.concatenate([[0.0], rounded[rounded > 0]])


def kaplan_meier(waited: Floats, gave_up: Mask) -> tuple[Floats, Floats, Floats]:
    """Return the share that is still patient after each wait at which somebody gave up.

    Parameters
    ----------
    waited, gave_up
        As for `fit_patience`.

    Returns
    -------
    times, survival, deviation : ndarray of float64, shape (T,)
        Rising times, the share that waits longer, and its standard error (Greenwood 1926).
    """
    times, lost = np.unique(waited[gave_up], return_counts=True)
    at_risk = waited.size - np.searchsorted(np.sort(waited), times, side="left")
    survival = np.cumprod(1.0 - lost / at_risk).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(at_risk > lost, lost / (at_risk * (at_risk - lost)), 0.0)
    deviation: Floats = survival * np.sqrt(np.cumsum(terms))
    return times, survival, deviation
