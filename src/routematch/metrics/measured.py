"""Numbers that carry their interval, how it was made and what speaks against it, over independent replications.

>>> print(over_replications([10.0, 12.0, 11.0, 13.0, 9.0, 11.0, 12.0, 10.0, 11.0, 11.0]))
11 (10.2 to 11.8; Student t over 10 replications)
"""

from __future__ import annotations

import math

import numpy as np
from attrs import field, frozen
from numpy.typing import ArrayLike, NDArray

from routematch.errors import Faults
from routematch.model import Interval

__all__ = ["Measured", "check_confidence", "over_replications", "student_t", "t_quantile", "two_sided"]

Floats = NDArray[np.float64]

_FEW_REPLICATIONS = 5


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
    check_confidence(confidence)
    table = np.asarray(values, np.float64)
    known = ~np.isnan(table)
    count = known.sum(axis=0)
    filled = np.where(known, table, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = filled.sum(axis=0) / count
        squares = np.where(known, (table - mean) ** 2, 0.0).sum(axis=0)
        error = np.sqrt(squares / (count - 1) / count)
        reach = t_quantile(np.maximum(count - 1, 1), (1 + confidence) / 2)
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


def check_confidence(confidence: float) -> None:
    """Raise where a confidence is not between 0 and 1."""
    if not 0 < confidence < 1:
        faults = Faults()
        faults.add("must be between 0 and 1", place="confidence", given=confidence)
        faults.raise_if_any()


def t_quantile(freedom: ArrayLike, probability: float) -> Floats:
    """Return quantiles of Student's t."""
    from scipy.special import stdtrit

    quantiles: Floats = stdtrit(freedom, probability)
    return quantiles


def two_sided(t: float, freedom: float) -> float:
    """Return the chance of a Student t at least this far from 0."""
    from scipy.special import stdtr

    return float(2 * stdtr(freedom, -abs(t)))
