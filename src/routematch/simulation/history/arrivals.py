"""Arrivals by time of the week from a log, with a factor for busy and quiet days where counts vary more than by chance.

Rates are counts over exposure in slots of the week, the slots as short as the counts allow. Days vary as a whole when
the dispersion of day counts around the weekly pattern is beyond a chi-square limit; their factor's variance is found by
moments (Avramidis, Deslauriers, L'Ecuyer 2004, Modeling daily arrivals to a telephone call center).
"""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.distributions import ArrivalProcess, DoublyStochasticArrivals, Gamma, VaryingArrivals
from routematch.simulation.history.week import WEEK, LocalTime

__all__ = ["SLOTS", "ArrivalFit", "fit_arrivals"]

#: Lengths of slots that are tried, in seconds.
SLOTS = (1800.0, 3600.0, 7200.0, 14_400.0, 43_200.0)
#: An arrival should share its slot (over all weeks) with this many others.
_WANTED_COUNT = 20.0
#: A day with less than this share of its usual arrivals was closed, where usual is at least the second number.
_CLOSED_SHARE, _CLOSED_FROM = 0.1, 20.0
#: False-alarm chance of finding that days differ.
_FALSE_ALARM = 0.01
_LEAST_CV, _MOST_CV = 0.01, 3.0

Floats = NDArray[np.float64]


@frozen(eq=False)
class ArrivalFit:
    """What was learned about one type's arrivals.

    Attributes
    ----------
    process : ArrivalProcess
        Times count from the start of the window.
    slot : float
        Length of a slot of the week in seconds.
    rates, low, high : ndarray of float64, shape (S,)
        Arrivals per second for each slot of the week from Monday's midnight on, and a 95 % interval of each.
    count : int
    day_cv : float
        Coefficient of variation of the day factor; 0 where days vary by chance only.
    closed_days : tuple of int
        Days of the window, from 0, on which hardly anybody came: left out of the rates.
    """

    process: ArrivalProcess
    slot: float
    rates: Floats
    low: Floats
    high: Floats
    count: int
    day_cv: float
    closed_days: tuple[int, ...]


def fit_arrivals(
    arrived_at: Floats, window: tuple[float, float], local: LocalTime, counts: Floats | None = None
) -> ArrivalFit:
    """Learn rates by time of the week.

    Parameters
    ----------
    arrived_at : ndarray of float64, shape (N,)
        POSIX seconds within the window.
    window : (start, end)
        What was observed.
    local : LocalTime
        Of the window.
    counts : ndarray of float64, shape (N,), optional
        How many arrived at each instant; one where left out.

    Returns
    -------
    ArrivalFit
    """
    weights = np.ones(arrived_at.size) if counts is None else counts
    closed = _closed_days(arrived_at, weights, window, local)
    slot = _slot(arrived_at, weights, local)
    count, exposure = _tallied(arrived_at, weights, window, local, slot, closed)
    rates = np.divide(count, exposure, out=np.zeros(count.size), where=exposure > 0)
    day_cv = _day_cv(arrived_at, weights, window, local, rates, slot, closed)
    low, high = _intervals(count, exposure, day_cv, window)
    pattern = _pattern(rates, slot, window, local, closed)
    process = DoublyStochasticArrivals(pattern, Gamma(1.0, day_cv)) if day_cv else pattern
    return ArrivalFit(process, slot, rates, low, high, int(weights.sum()), day_cv, tuple(closed))


def _slot(arrived_at: Floats, weights: Floats, local: LocalTime) -> float:
    """Return the shortest slot in which an arrival finds enough others."""
    for slot in SLOTS:
        count = _by_slot(local.time_of_week(arrived_at), weights, slot)
        if count.sum() and (count @ count) / count.sum() >= _WANTED_COUNT:
            return slot
    return SLOTS[-1]


def _by_slot(time_of_week: Floats, weights: Floats, slot: float) -> Floats:
    return np.bincount((time_of_week // slot).astype(np.intp), weights, minlength=int(WEEK / slot)).astype(np.float64)


def _tallied(
    arrived_at: Floats, weights: Floats, window: tuple[float, float], local: LocalTime, slot: float, closed: list[int]
) -> tuple[Floats, Floats]:
    """Return arrivals in, and seconds observed of, each slot of the week, without closed days."""
    quarters, inside = local.quarters(window)
    observed = ~np.isin(local.day(quarters), closed)
    exposure = _by_slot(local.time_of_week(quarters[observed]), inside[observed], slot)
    kept = ~np.isin(local.day(arrived_at), closed)
    return _by_slot(local.time_of_week(arrived_at[kept]), weights[kept], slot), exposure


def _closed_days(arrived_at: Floats, weights: Floats, window: tuple[float, float], local: LocalTime) -> list[int]:
    """Return days on which nearly nobody came although others of the same weekday were busy."""
    days = _days(window, local)
    count = np.bincount(local.day(arrived_at), weights, minlength=days)[:days]
    weekday = np.arange(days) % 7
    usual = np.array([np.median(count[weekday == d]) for d in weekday])
    return np.flatnonzero((count < _CLOSED_SHARE * usual) & (usual >= _CLOSED_FROM)).tolist()


def _days(window: tuple[float, float], local: LocalTime) -> int:
    return int(local.day(np.array([np.nextafter(window[1], -np.inf)]))[0]) + 1


def _day_cv(
    arrived_at: Floats,
    weights: Floats,
    window: tuple[float, float],
    local: LocalTime,
    rates: Floats,
    slot: float,
    closed: list[int],
) -> float:
    """Return the spread of the day factor by moments; 0 where chance explains the counts, or a weekday stands alone."""
    from scipy.stats import chi2

    days = _days(window, local)
    quarters, inside = local.quarters(window)
    expected_in = rates[(local.time_of_week(quarters) // slot).astype(np.intp)] * inside
    expected = np.bincount(local.day(quarters), expected_in, minlength=days)[:days]
    count = np.bincount(local.day(arrived_at), weights, minlength=days)[:days]
    used = (expected > 0) & ~np.isin(np.arange(days), closed)
    of_weekday = np.bincount(np.arange(days)[used] % 7, minlength=7)[np.arange(days) % 7]
    used &= of_weekday >= 2
    free = int(used.sum()) - len(set((np.arange(days)[used] % 7).tolist()))
    if free < 1:
        return 0.0
    expected, count, shrunk = expected[used], count[used], 1.0 - 1.0 / of_weekday[used]
    squares = (count - expected) ** 2
    if float((squares / expected).sum()) <= float(chi2.isf(_FALSE_ALARM, free)):
        return 0.0
    variance = float((squares / shrunk - expected).sum() / (expected**2).sum())
    return float(np.clip(np.sqrt(max(variance, 0.0)), 0.0, _MOST_CV)) if variance > _LEAST_CV**2 else 0.0


def _intervals(count: Floats, exposure: Floats, day_cv: float, window: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return exact Poisson intervals (Garwood 1936), widened where days vary as a whole."""
    from scipy.stats import chi2

    weeks = max((window[1] - window[0]) / WEEK, 1.0)
    wider = np.sqrt(1.0 + day_cv**2 * count / weeks)
    low = np.where(count > 0, chi2.ppf(0.025, 2.0 * np.maximum(count, 0.5)) / 2.0, 0.0)
    high = chi2.ppf(0.975, 2.0 * count + 2.0) / 2.0
    spread = ((count - (count - low) * wider).clip(0.0), count + (high - count) * wider)
    return tuple(np.divide(edge, exposure, out=np.zeros(count.size), where=exposure > 0) for edge in spread)


def _pattern(
    rates: Floats, slot: float, window: tuple[float, float], local: LocalTime, closed: list[int]
) -> VaryingArrivals:
    """Return the rates from the start on: week after week, or day by day where days were closed or clocks changed."""
    length = window[1] - window[0]
    weekly = length > WEEK and not closed and not local.changes
    points = np.arange(0.0, WEEK if weekly else length, min(slot, 1800.0))
    at = window[0] + points
    values = rates[(local.time_of_week(at) // slot).astype(np.intp)]
    values = np.where(np.isin(local.day(at), closed), 0.0, values)
    kept = np.concatenate([[True], values[1:] != values[:-1]])
    return VaryingArrivals(points[kept], values[kept], period=WEEK if weekly else None)
