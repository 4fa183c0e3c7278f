"""Intervals around measured numbers, each saying how it was made and whether there was enough to make it of.

Two methods: independent replications (Student t), and one long run cut into batches. A run is cut only as finely as its
memory allows: 40 batches when the means of 400 smaller ones are hardly correlated, else 20, else 10, and a note when
even that fails (Law and Carson, A sequential procedure for determining the length of a steady-state simulation,
Operations Research 27, 1979). What a run owes to its start is found by MSER-5 (White, An effective truncation heuristic
for bias reduction in simulation output, Simulation 69, 1997).

>>> print(over_replications([10.0, 12.0, 11.0, 13.0, 9.0, 11.0, 12.0, 10.0, 11.0, 11.0]))
11 (10.2 to 11.8; Student t over 10 replications)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np
from attrs import evolve, field, frozen
from numpy.typing import ArrayLike, NDArray

from routematch.errors import Faults
from routematch.metrics.breakdown import Breakdown
from routematch.metrics.measuring import MetricLike, as_metrics
from routematch.metrics.metric import Metric
from routematch.metrics.time_grid import DAY, TimeGrid
from routematch.model import Interval
from routematch.state import Ledger

__all__ = [
    "Measured",
    "Until",
    "after",
    "batch_means",
    "mser5",
    "over_batches",
    "over_replications",
    "student_t",
    "truncated_start",
    "until",
]

Floats = NDArray[np.float64]

#: Batches and ten times finer ones, the means of which must be hardly correlated.
_CUTS = ((400, 40), (200, 20), (100, 10))
_HARDLY = 0.4
_FEW_REPLICATIONS = 5
_SOME_DAYS = 10
_WARM_UP_BATCH = 5
_ADDED_UP = ("count", "sum", "money")
_ROUNDING = 1e-9


@frozen
class Measured(Interval):
    """A number with its interval and the story of it.

    Attributes
    ----------
    mean, low, high : float
        `low` and `high` are NaN where no interval can be made.
    method : str
        How the interval was made.
    confidence : float
    count : int
        Replications or batches behind it.
    note : str
        Why the interval should not be trusted; empty where nothing speaks against it.
    """

    method: str = field(default="", kw_only=True)
    confidence: float = field(default=0.95, kw_only=True)
    count: int = field(default=0, kw_only=True)
    note: str = field(default="", kw_only=True)

    @property
    def half_width(self) -> float:
        """Half the length of the interval."""
        return (self.high - self.low) / 2

    def __str__(self) -> str:
        """Return number, interval, method and note."""
        warned = f"; {self.note}" if self.note else ""
        return f"{self.mean:.3g} ({self.low:.3g} to {self.high:.3g}; {self.method}{warned})"


def student_t(values: ArrayLike, *, confidence: float = 0.95) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Return mean, half width and count of the values that are known along the first axis.

    Parameters
    ----------
    values : array_like, shape (R, ...)
        Independent numbers, NaN unknown.
    confidence : float

    Returns
    -------
    mean, half_width : ndarray of float64
        `half_width` is NaN for fewer than two values.
    count : ndarray of intp
    """
    _check_confidence(confidence)
    table = np.asarray(values, np.float64)
    known = ~np.isnan(table)
    count = known.sum(axis=0)
    filled = np.where(known, table, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = filled.sum(axis=0) / count
        squares = np.where(known, (table - mean) ** 2, 0.0).sum(axis=0)
        error = np.sqrt(squares / (count - 1) / count)
        reach = _quantile(np.maximum(count - 1, 1), (1 + confidence) / 2)
    half_width = np.where(count > 1, reach * error, np.nan)
    return np.asarray(mean), half_width, np.asarray(count)


def over_replications(values: ArrayLike, *, confidence: float = 0.95) -> Measured:
    """Return the mean over independent replications with its Student t interval.

    Parameters
    ----------
    values : array_like, shape (R,)
        One number of each replication; NaN where one says nothing.
    confidence : float

    Returns
    -------
    Measured
        Its note warns of fewer than 5 replications, of replications that say nothing, and of values clearly too
        skewed for their number: more than 25 times the squared skewness are wanted (Cochran, Sampling Techniques,
        1977, section 2.15).
    """
    table = np.asarray(values, np.float64)
    mean, half_width, count = student_t(table, confidence=confidence)
    return Measured(
        float(mean),
        float(mean - half_width),
        float(mean + half_width),
        method=f"Student t over {int(count)} replications",
        confidence=confidence,
        count=int(count),
        note=_replication_note(table),
    )


def _replication_note(values: Floats) -> str:
    known = values[~np.isnan(values)]
    notes = []
    if len(known) < len(values):
        notes.append(f"{len(values) - len(known)} of {len(values)} replications say nothing")
    if len(known) < 2:
        notes.append("no interval of fewer than two replications")
    elif len(known) < _FEW_REPLICATIONS:
        notes.append("very few replications")
    elif len(known) < 25 * _skewness(known) ** 2 and abs(_skewness(known)) > 2 * _skewness_by_chance(len(known)):
        notes.append("few replications for values this skewed")
    return "; ".join(notes)


def _skewness(values: Floats) -> float:
    deviations = values - values.mean()
    spread = math.sqrt(float((deviations**2).mean()))
    return float((deviations**3).mean()) / spread**3 if spread > 1e-12 * max(abs(values.mean()), 1e-300) else 0.0


def _skewness_by_chance(count: int) -> float:
    """Return the standard deviation of the skewness of normal numbers."""
    return math.sqrt(6 * (count - 2) / (count + 1) / (count + 3))


# --- one long run -----------------------------------------------------------------------------------------------------


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
    _check_confidence(confidence)
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
    _check_confidence(confidence)
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


# --- how many more ----------------------------------------------------------------------------------------------------


@frozen
class Until:
    """When to stop replicating: when every chosen measure is as precise as wanted.

    Attributes
    ----------
    precision : mapping from str to float
        Largest half width for each measure.
    is_relative : bool
        Whether it is a share of the mean.
    confidence : float
    at_least, at_most : int
        Replications made in any case, and at the very most.
    """

    precision: Mapping[str, float]
    is_relative: bool = False
    confidence: float = 0.95
    at_least: int = 10
    at_most: int = 100_000

    def further(self, values: Mapping[str, ArrayLike]) -> int:
        """Return how many further replications are likely to be needed; 0 is the sign to stop.

        The spread seen so far stands for that of the replications to come, so ask again after them. Stopping when it
        looks good makes intervals cover a little less than they say; ten first replications keep that small (Law,
        Simulation Modeling and Analysis, section on sequential procedures).

        Parameters
        ----------
        values : mapping from str to array_like, shape (R,)
            One number of each replication so far, for each measure in `precision`.

        Returns
        -------
        int
            At least 0; at most what is left to `at_most`.

        Raises
        ------
        InvalidInputError
            When a measure is missing.
        """
        faults = Faults()
        for name in self.precision:
            if name not in values:
                faults.unknown(name, known=values, place="precision", what="measure")
        faults.raise_if_any()
        made = max((np.asarray(values[name]).size for name in self.precision), default=0)
        wanted = max((self._wanted(np.asarray(values[name], np.float64), name) for name in self.precision), default=0)
        return max(min(max(wanted, self.at_least), self.at_most) - made, 0)

    def _wanted(self, values: Floats, name: str) -> int:
        """Return the least number of replications at which the interval of a measure is short enough."""
        known = values[~np.isnan(values)]
        if len(known) < 2:
            return self.at_least
        target = self.precision[name] * (abs(float(known.mean())) if self.is_relative else 1.0)
        spread = float(known.std(ddof=1))
        low, high = 2, self.at_most
        if self._half_width(spread, len(known)) <= target:
            return len(values)
        while low < high:
            middle = (low + high) // 2
            if self._half_width(spread, middle) <= target:
                high = middle
            else:
                low = middle + 1
        return max(low + len(values) - len(known), len(values) + 1)

    def _half_width(self, spread: float, count: int) -> float:
        return float(_quantile(count - 1, (1 + self.confidence) / 2)) * spread / math.sqrt(count)


def until(
    precision: Mapping[str, float],
    *,
    is_relative: bool = False,
    confidence: float = 0.95,
    at_least: int = 10,
    at_most: int = 100_000,
) -> Until:
    """Return a rule for stopping: every measure within its half width.

    >>> rule = until({"service_level": 0.01})
    >>> rule.further({"service_level": [0.80, 0.84, 0.78, 0.81, 0.79, 0.83, 0.80, 0.82, 0.78, 0.81]})
    9

    Raises
    ------
    InvalidInputError
        For precisions that are not above 0, and limits that contradict each other.
    """
    faults = Faults()
    for name, half_width in precision.items():
        if not half_width > 0:
            faults.add("must be above 0", place=f"precision.{name}", given=half_width)
    if not 2 <= at_least <= at_most:
        faults.add("must be at least 2 and at most at_most", place="at_least", given=at_least)
    faults.raise_if_any()
    _check_confidence(confidence)
    return Until(dict(precision), is_relative, confidence, at_least, at_most)


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        faults = Faults()
        faults.add("must be between 0 and 1", place="confidence", given=confidence)
        faults.raise_if_any()


def _quantile(freedom: ArrayLike, probability: float) -> Floats:
    """Return quantiles of Student's t."""
    from scipy.special import stdtrit

    quantiles: Floats = stdtrit(freedom, probability)
    return quantiles


def two_sided(t: float, freedom: float) -> float:
    """Return the chance of a Student t at least this far from 0."""
    from scipy.special import stdtr

    return float(2 * stdtr(freedom, -abs(t)))
