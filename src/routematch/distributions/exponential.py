"""Memoryless durations: the textbook law of handle time and patience."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from routematch.distributions.checks import check_number, probabilities, times
from routematch.distributions.distribution import Size
from routematch.errors import Faults

__all__ = ["Exponential"]


@frozen
class Exponential:
    """The memoryless law with a given mean.

    Attributes
    ----------
    mean : float
        In seconds; above 0.

    Examples
    --------
    >>> round(float(Exponential(300.0).quantile(0.5)), 1)
    207.9
    """

    name: ClassVar[str] = "exponential"
    mean: float = field()

    def __attrs_post_init__(self) -> None:
        """Check the parameter."""
        faults = Faults()
        object.__setattr__(self, "mean", check_number(faults, "mean", self.mean, above=0))
        faults.raise_if_any()

    @property
    def variance(self) -> float:
        """The mean squared."""
        return self.mean**2

    @property
    def kinks(self) -> tuple[float, ...]:
        """None after the start."""
        return ()

    def cdf(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return ``1 - exp(-value / mean)``."""
        return -np.expm1(-self._scaled(value))

    def survival(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return ``exp(-value / mean)``."""
        return np.exp(-self._scaled(value))

    def quantile(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Return ``-mean * log(1 - probability)``."""
        with np.errstate(divide="ignore"):
            return -self.mean * np.log1p(-probabilities(probability))

    def restricted_mean(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return ``mean * cdf(value)`` (0 below 0)."""
        return self.mean * self.cdf(value)

    def sample(self, generator: Generator, size: Size) -> NDArray[np.float64]:
        """Draw by the ziggurat method of numpy."""
        return generator.exponential(self.mean, size)

    def _scaled(self, value: ArrayLike) -> NDArray[np.float64]:
        with np.errstate(over="ignore"):
            scaled: NDArray[np.float64] = np.maximum(times(value), 0.0) / self.mean
        return scaled
