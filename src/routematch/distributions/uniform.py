"""Durations equally likely anywhere between two limits."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from routematch.distributions.checks import check_number, probabilities, times
from routematch.distributions.distribution import Size
from routematch.errors import Faults

__all__ = ["Uniform"]


@frozen
class Uniform:
    """The uniform law.

    Attributes
    ----------
    low, high : float
        Limits in seconds; ``0 <= low < high``.
    """

    name: ClassVar[str] = "uniform"
    low: float = field()
    high: float = field()

    def __attrs_post_init__(self) -> None:
        """Check the limits."""
        faults = Faults()
        object.__setattr__(self, "low", check_number(faults, "low", self.low, at_least=0))
        object.__setattr__(self, "high", check_number(faults, "high", self.high, above=0))
        if not faults and self.high <= self.low:
            faults.add(f"must be above low ({self.low:g})", place="high", given=self.high)
        faults.raise_if_any()

    @property
    def mean(self) -> float:
        """The middle."""
        return (self.low + self.high) / 2.0

    @property
    def variance(self) -> float:
        """The squared width over 12."""
        return (self.high - self.low) ** 2 / 12.0

    @property
    def kinks(self) -> tuple[float, ...]:
        """Both limits."""
        return (self.low, self.high)

    def cdf(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the share of the range at or below `value`."""
        return np.clip((times(value) - self.low) / (self.high - self.low), 0.0, 1.0)

    def survival(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the share of the range above `value`."""
        return np.clip((self.high - times(value)) / (self.high - self.low), 0.0, 1.0)

    def quantile(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Return the point at that share of the range."""
        share = probabilities(probability)
        return self.low * (1.0 - share) + self.high * share

    def restricted_mean(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the mean of the smaller of the law and `value`."""
        limit = np.clip(times(value), 0.0, self.high)
        return limit - np.maximum(limit - self.low, 0.0) ** 2 / (2.0 * (self.high - self.low))

    def sample(self, generator: Generator, size: Size) -> NDArray[np.float64]:
        """Draw by inverse transform."""
        return generator.uniform(self.low, self.high, size)
