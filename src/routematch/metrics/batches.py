"""Intervals of one long run, cut into batches; and what a run owes to its start.

A run is cut only as finely as its memory allows: 40 batches when the means of 400 smaller ones are hardly correlated,
else 20, else 10, and a note when even that fails (Law and Carson, A sequential procedure for determining the length of
a steady-state simulation, Operations Research 27, 1979). What a run owes to its start is found by MSER-5 (White, An
effective truncation heuristic for bias reduction in simulation output, Simulation 69, 1997).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from attrs import evolve
from numpy.typing import ArrayLike, NDArray

from routematch.metrics.breakdown import Breakdown
from routematch.metrics.measured import Measured, check_confidence, student_t
from routematch.metrics.measuring import MetricLike, as_metrics
from routematch.metrics.metric import Metric
from routematch.metrics.time_grid import DAY, TimeGrid
from routematch.state import Ledger

__all__ = ["after", "batch_means", "mser5", "over_batches", "truncated_start"]

Floats = NDArray[np.float64]

#: Batches and ten times finer ones, the means of which must be hardly correlated.
_CUTS = ((400, 40), (200, 20), (100, 10))
_HARDLY = 0.4
_SOME_DAYS = 10
_WARM_UP_BATCH = 5
_ADDED_UP = ("count", "sum", "money")
_ROUNDING = 1e-9


def mser5(series: ArrayLike) -> tuple[int, bool]:
    """Find how much of the start of a series to leave out, by MSER-5.

    Means of five values in a row are taken; the start is cut where the standard error of what is left, taken as if it
    were independent, is smallest.

    Parameters
    ----------
    series : array_like, shape (N,)
        NaN are left out beforehand.

    Returns
    -------
    cut : int
        Values to leave out, at most half of them.
    is_settled : bool
        False where the best cut lies in the second half: the run is too short to tell.
    """
    values = np.asarray(series, np.float64)
    values = values[~np.isnan(values)]
    batches = len(values) // _WARM_UP_BATCH
    if batches < 4:
        return 0, False
    means = values[: batches * _WARM_UP_BATCH].reshape(batches, _WARM_UP_BATCH).mean(axis=1)
    means = means - means.mean()  # small numbers, so that the difference below keeps its digits
    left = np.arange(batches, 0, -1)
    total = np.cumsum(means[::-1])[::-1]
    squares = np.cumsum((means**2)[::-1])[::-1]
    error = np.maximum(squares - total**2 / left, 0.0) / left**2
    usable = error[:-_WARM_UP_BATCH] if batches > 2 * _WARM_UP_BATCH else error[: batches // 2 + 1]
    half = batches // 2
    return int(np.argmin(error[: half + 1])) * _WARM_UP_BATCH, int(np.argmin(usable)) <= half


def batch_means(series: ArrayLike, *, warm_up: int | None = None, confidence: float = 0.95) -> Measured:
    """Return the mean of one long stationary series with an interval by batch means.

    Parameters
    ----------
    series : array_like, shape (N,)
        In order of time; NaN are left out.
    warm_up : int, optional
        Values left out at the start; by MSER-5 where not given.
    confidence : float

    Returns
    -------
    Measured
        Its note says when the run is too short for the interval.
    """
    check_confidence(confidence)
    values = np.asarray(series, np.float64)
    values = values[~np.isnan(values)]
    cut, settled = mser5(values) if warm_up is None else (warm_up, True)
    kept = values[cut:]
    batches, note = _batches_of(lambda count: _means(kept, count))
    notes = [*(["the start has not worn off"] if not settled else []), *([note] if note else [])]
    means = _means(kept, batches)
    _, half_width, _ = student_t(means, confidence=confidence)
    mean = float(kept.mean()) if len(kept) else math.nan
    left_out = f", first {cut:,} values left out" + (" by MSER-5" if warm_up is None else "") if cut else ""
    return Measured(
        mean,
        mean - float(half_width),
        mean + float(half_width),
        method=f"means of {len(means)} batches{left_out}",
        confidence=confidence,
        count=len(means),
        note="; ".join(notes),
    )


def _means(values: Floats, count: int) -> Floats:
    size = len(values) // count
    if not size:
        return np.full(count, np.nan)
    means: Floats = values[: size * count].reshape(count, size).mean(axis=1)
    return means


def _batches_of(means: Callable[[int], Floats]) -> tuple[int, str]:
    """Choose how many batches to cut a run into; the second is what speaks against even the fewest."""
    for finer, batches in _CUTS:
        fine = means(finer)
        if not np.isnan(fine).any() and _correlation(fine) < _HARDLY:
            return batches, ""
    return _CUTS[-1][1], "the run is too short for this interval: neighbouring parts of it go together"


def _correlation(values: Floats) -> float:
    """Return the correlation of neighbours, with the bias of short series taken out by the jackknife."""
    half = len(values) // 2
    return 2 * _plain_correlation(values) - (_plain_correlation(values[:half]) + _plain_correlation(values[half:])) / 2


def _plain_correlation(values: Floats) -> float:
    deviations = values - values.mean()
    squares = float(deviations @ deviations)
    return float(deviations[1:] @ deviations[:-1]) / squares if squares > 0 else 0.0


def after(ledger: Ledger, instant: float) -> Ledger:
    """Return what arrived from an instant on, the window beginning there.

    Agent intervals stay: metrics look only at the part that lies in the window.
    """
    start = min(max(instant, ledger.window[0]), ledger.window[1])
    return evolve(ledger.select(ledger.arrived_at >= start), window=(start, ledger.window[1]))


def truncated_start(ledger: Ledger) -> tuple[float, bool]:
    """Find the instant from which a run no longer remembers its start, by MSER-5 on the waits.

    Returns
    -------
    instant : float
        Arrivals before it are best left out: of every metric alike.
    is_settled : bool
        As `mser5`.
    """
    cut, settled = mser5(ledger.waited)
    return (float(ledger.arrived_at[cut]) if cut else ledger.window[0]), settled


def over_batches(
    ledger: Ledger, metrics: Iterable[MetricLike] | None = None, *, confidence: float = 0.95
) -> dict[str, Measured]:
    """Return numbers about one ledger, each with an interval by batches of time.

    Windows of ten days and more are cut into days, others into 40, 20 or 10 parts, as their memory allows.
    `after` leaves out the start, where it should not count.

    Parameters
    ----------
    ledger : Ledger
    metrics : iterable of Metric or str, optional
        All where left out.
    confidence : float

    Returns
    -------
    dict from str to Measured
        The mean is the metric of the whole ledger.
    """
    check_confidence(confidence)
    whole = Breakdown.of(ledger)
    cuts: dict[int, Breakdown] = {}

    def cut(count: int) -> Breakdown:
        return cuts.setdefault(count, _in_time(ledger, count))

    return {
        metric.name: _over_time(metric, float(metric.measure(whole)[0]), ledger, cut, confidence)
        for metric in as_metrics(metrics)
    }


def _over_time(
    metric: Metric, mean: float, ledger: Ledger, cut: Callable[[int], Breakdown], confidence: float
) -> Measured:
    if math.isnan(mean):
        return Measured(mean, math.nan, math.nan, method="none", confidence=confidence, note="nothing is known")
    days = math.floor((ledger.window[1] - ledger.window[0]) / DAY + 1e-9)
    if days >= _SOME_DAYS:
        batches, note, method = days, "", f"means of {days} days"
        parts = metric.measure(Breakdown.of(ledger, ("time",), grid=_grid(ledger.window, DAY, days)))
    else:
        batches, note = _batches_of(lambda count: metric.measure(cut(count)))
        parts, method = metric.measure(cut(batches)), f"means of {batches} parts of the time"
    parts = parts * (batches if metric.unit in _ADDED_UP else 1)
    average, half_width, count = student_t(parts, confidence=confidence)
    if count < batches and not note:
        note = f"{batches - int(count)} of {batches} parts say nothing"
    if abs(float(average) - mean) > half_width + _ROUNDING * abs(mean):
        note = "the number of the whole is no mean of its parts"
    low, high = mean - float(half_width), mean + float(half_width)
    return Measured(mean, low, high, method=method, confidence=confidence, count=int(count), note=note)


def _in_time(ledger: Ledger, count: int) -> Breakdown:
    width = max((ledger.window[1] - ledger.window[0]) / count, 1e-9)
    return Breakdown.of(ledger, ("time",), grid=_grid(ledger.window, width, count))


def _grid(window: tuple[float, float], width: float, count: int) -> TimeGrid:
    # The last instant belongs to the last part, though rounding may put it behind.
    end = window[0] + width * count
    return TimeGrid(
        window[0],
        width * (1 + 1e-12),
        (window[0], min(window[1], end)),
        np.arange(count, dtype=np.int32),
        tuple(map(str, range(count))),
    )
