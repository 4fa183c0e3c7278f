"""Durations as they were measured: each sample equally likely."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from routematch.distributions.checks import as_floats, check_numbers, probabilities, times
from routematch.distributions.distribution import Size
from routematch.errors import Faults

__all__ = ["Empirical"]


@frozen
class Empirical:
    """The law of a list of measured durations.

    Attributes
    ----------
    samples : tuple of float
        In seconds, at least 0, in any order; a value given twice is twice as likely.

    Examples
    --------
    >>> law = Empirical((10.0, 20.0, 20.0, 90.0))
    >>> law.mean, float(law.quantile(0.5)), float(law.restricted_mean(30.0))
    (35.0, 20.0, 20.0)
    """

    name: ClassVar[str] = "empirical"
    samples: tuple[float, ...] = field(converter=as_floats)
    _sorted: NDArray[np.float64] = field(init=False, repr=False, eq=False)
    _sums: NDArray[np.float64] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Check and sort the samples."""
        faults = Faults()
        samples = check_numbers(faults, "samples", self.samples, at_least=0)
        faults.raise_if_any()
        ordered = np.sort(samples)
        object.__setattr__(self, "_sorted", ordered)
        object.__setattr__(self, "_sums", np.concatenate([[0.0], np.cumsum(ordered)]))

    @property
    def mean(self) -> float:
        """The mean of the samples."""
        return float(self._sorted.mean())

    @property
    def variance(self) -> float:
        """The variance of the samples as a law: divided by their number."""
        return float(self._sorted.var())

    @property
    def kinks(self) -> tuple[float, ...]:
        """The samples."""
        return tuple(np.unique(self._sorted).tolist())

    def cdf(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the share of samples at or below `value`."""
        return np.searchsorted(self._sorted, times(value), side="right") / self._sorted.size

    def survival(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the share of samples above `value`."""
        size = self._sorted.size
        return (size - np.searchsorted(self._sorted, times(value), side="right")) / size

    def quantile(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Return a sample: the smallest with at least that share at or below it."""
        size = self._sorted.size
        shares = np.arange(1, size) / size
        return self._sorted[np.searchsorted(shares, probabilities(probability), side="left")]

    def restricted_mean(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the mean of the samples, each cut at `value`."""
        limit = np.clip(times(value), 0.0, self._sorted[-1])
        below = np.searchsorted(self._sorted, limit, side="right")
        return (self._sums[below] + limit * (self._sorted.size - below)) / self._sorted.size

    def sample(self, generator: Generator, size: Size) -> NDArray[np.float64]:
        """Draw samples with replacement."""
        return self._sorted[generator.integers(0, self._sorted.size, size)]
