"""The law of handle times and wrap-ups from a log: log-normal, gamma, or the lengths as measured, by likelihood.

The three are compared on the half of the lengths that they were not fitted to. Two numbers are easier to think about
than two hundred, so the measured lengths must be clearly better than the best formula. The law keeps the mean of the
log whichever shape wins: load depends on the mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.distributions import Deterministic, Distribution, Empirical, Exponential, Gamma, LogNormal

__all__ = ["LawFit", "fit_law"]

#: Below this many lengths only the mean is trusted; below the second, shapes are not compared.
_FEWEST, _FEW = 5, 40
#: Measured lengths must be better than the best formula by this much log likelihood for each of them.
_CLEARLY = 0.03
#: Most values of a law of measured lengths.
_MOST_VALUES = 200
_SHORTEST = 0.5

Floats = NDArray[np.float64]


@frozen(eq=False)
class LawFit:
    """What was learned about one kind of length.

    Attributes
    ----------
    law : Distribution
    count : int
    mean, deviation : float
        Of the lengths, in seconds; the standard error of the mean is ``deviation / sqrt(count)``.
    scores : dict from str to float
        Log likelihood for each length of the other half; empty where shapes were not compared.
    """

    law: Distribution
    count: int
    mean: float
    deviation: float
    scores: dict[str, float]


def fit_law(lengths: Floats) -> LawFit | None:
    """Learn the law of lengths.

    Parameters
    ----------
    lengths : ndarray of float64, shape (N,)
        Seconds; NaN and what is not positive is left out.

    Returns
    -------
    LawFit or None
        None where there is no length at all.
    """
    known = lengths[np.isfinite(lengths) & (lengths > 0)]
    if not known.size:
        return None
    mean, deviation = float(known.mean()), float(known.std())
    if known.size < _FEWEST:
        return LawFit(Exponential(mean), known.size, mean, deviation, {})
    if deviation < 1e-6 * mean:
        return LawFit(Deterministic(mean), known.size, mean, deviation, {})
    if known.size < _FEW:
        return LawFit(_log_normal(known), known.size, mean, deviation, {})
    scores = _scores(known)
    formula = max(("log_normal", "gamma"), key=scores.__getitem__)
    best = "empirical" if scores["empirical"] > scores[formula] + _CLEARLY else formula
    law = _FITTED[best](known)
    return LawFit(law, known.size, mean, deviation, scores)


def _log_normal(lengths: Floats) -> LogNormal:
    sigma = float(np.log(np.maximum(lengths, _SHORTEST)).std())
    return LogNormal(float(lengths.mean()), sigma=min(max(sigma, 1e-3), 5.0))


def _gamma(lengths: Floats) -> Gamma:
    return Gamma(float(lengths.mean()), min(max(_gamma_shape(lengths) ** -0.5, 1e-3), 1e3))


def _gamma_shape(lengths: Floats) -> float:
    """Return the shape of largest likelihood (Minka 2002, Estimating a gamma distribution)."""
    from scipy.special import digamma, polygamma

    kept = np.maximum(lengths, _SHORTEST)
    gap = max(math.log(float(kept.mean())) - float(np.log(kept).mean()), 1e-6)  # all alike: as narrow as it gets
    shape = (3.0 - gap + math.sqrt((gap - 3.0) ** 2 + 24.0 * gap)) / (12.0 * gap)
    for _ in range(10):
        error = math.log(shape) - float(digamma(shape)) - gap
        shape = 1.0 / (1.0 / shape + error / (shape**2 * (1.0 / shape - float(polygamma(1, shape)))))
    return shape


def _measured(lengths: Floats) -> Empirical:
    """Return the lengths; many are thinned to means of equal parts, which keeps the mean."""
    ordered = np.sort(lengths)
    if ordered.size > _MOST_VALUES:
        edges = np.linspace(0.0, 1.0, _MOST_VALUES + 1)
        total = np.concatenate([[0.0], np.cumsum(ordered)])
        ordered = (
            np.diff(np.interp(edges * lengths.size, np.arange(lengths.size + 1), total)) * _MOST_VALUES / lengths.size
        )
    return Empirical(tuple(np.round(ordered, 3).tolist()))


_FITTED: dict[str, Callable[[Floats], Distribution]] = {
    "log_normal": _log_normal,
    "gamma": _gamma,
    "empirical": _measured,
}


def _scores(lengths: Floats) -> dict[str, float]:
    """Return the mean log likelihood of each half under the laws fitted to the other."""
    halves = lengths[::2], lengths[1::2]
    totals = {"log_normal": 0.0, "gamma": 0.0, "empirical": 0.0}
    for own, other in (halves, halves[::-1]):
        totals["log_normal"] += _log_normal_score(own, other) / 2.0
        totals["gamma"] += _gamma_score(own, other) / 2.0
        totals["empirical"] += _histogram_score(own, other) / 2.0
    return totals


def _log_normal_score(own: Floats, other: Floats) -> float:
    logs, seen = np.log(np.maximum(own, _SHORTEST)), np.log(np.maximum(other, _SHORTEST))
    spread = max(float(logs.std()), 1e-3)
    return float(
        (-seen - np.log(spread) - 0.5 * np.log(2.0 * np.pi) - 0.5 * ((seen - logs.mean()) / spread) ** 2).mean()
    )


def _gamma_score(own: Floats, other: Floats) -> float:
    shape, seen = _gamma_shape(own), np.maximum(other, _SHORTEST)
    scale = float(own.mean()) / shape
    return float(((shape - 1.0) * np.log(seen) - seen / scale - math.lgamma(shape) - shape * math.log(scale)).mean())


def _histogram_score(own: Floats, other: Floats) -> float:
    """Score measured lengths by a histogram of equally likely bins, with a little of the log-normal law everywhere."""
    bins = int(min(max(8.0, math.sqrt(own.size)), 64.0))
    edges = np.unique(np.quantile(own, np.linspace(0.0, 1.0, bins + 1)))
    if edges.size < 2:
        return -math.inf
    shares = np.histogram(own, edges)[0] / own.size
    place = np.clip(np.searchsorted(edges, other, side="right") - 1, 0, shares.size - 1)
    inside = (other >= edges[0]) & (other <= edges[-1])
    density = np.where(inside, (shares / np.diff(edges))[place], 0.0)
    logs, seen = np.log(np.maximum(own, _SHORTEST)), np.log(np.maximum(other, _SHORTEST))
    spread = max(float(logs.std()), 1e-3)
    smooth = np.exp(-seen - 0.5 * ((seen - logs.mean()) / spread) ** 2) / (spread * math.sqrt(2.0 * math.pi))
    return float(np.log(0.95 * density + 0.05 * np.maximum(smooth, 1e-300)).mean())
