"""Durations whose hazard rises or falls with age: the Weibull law, common for patience."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from routematch.distributions.checks import check_number, probabilities, product_or_zero, times
from routematch.distributions.distribution import Size
from routematch.errors import Faults

__all__ = ["Weibull"]


@frozen
class Weibull:
    """The Weibull law by its mean and shape.

    Attributes
    ----------
    mean : float
        In seconds; above 0.
    shape : float
        Between 0.05 and 1000. Below 1 the hazard falls with age, above 1 it rises; 1 is the exponential law.
    """

    name: ClassVar[str] = "weibull"
    mean: float = field()
    shape: float = field()

    def __attrs_post_init__(self) -> None:
        """Check the parameters."""
        faults = Faults()
        object.__setattr__(self, "mean", check_number(faults, "mean", self.mean, above=0))
        object.__setattr__(self, "shape", check_number(faults, "shape", self.shape, at_least=0.05, at_most=1e3))
        faults.raise_if_any()

    @property
    def scale(self) -> float:
        """The value that is exceeded with probability 1/e."""
        return self.mean / math.gamma(1.0 + 1.0 / self.shape)

    @property
    def variance(self) -> float:
        """From the first two moments; their ratio is taken in logarithms."""
        ratio = math.lgamma(1.0 + 2.0 / self.shape) - 2.0 * math.lgamma(1.0 + 1.0 / self.shape)
        return self.mean**2 * math.expm1(ratio)

    @property
    def kinks(self) -> tuple[float, ...]:
        """None after the start."""
        return ()

    def cdf(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return ``1 - exp(-(value / scale)**shape)``."""
        return -np.expm1(-self._powered(value))

    def survival(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return ``exp(-(value / scale)**shape)``."""
        return np.exp(-self._powered(value))

    def quantile(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Return ``scale * (-log(1 - probability))**(1 / shape)``."""
        with np.errstate(divide="ignore"):
            return self.scale * (-np.log1p(-probabilities(probability))) ** (1.0 / self.shape)

    def restricted_mean(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the mean of the smaller of the law and `value`, by the incomplete gamma function."""
        from scipy.special import gammainc

        limit = np.maximum(times(value), 0.0)
        below: NDArray[np.float64] = self.mean * gammainc(1.0 + 1.0 / self.shape, self._powered(limit))
        return below + product_or_zero(limit, self.survival(limit))

    def sample(self, generator: Generator, size: Size) -> NDArray[np.float64]:
        """Draw a power of an exponential value."""
        return self.scale * generator.weibull(self.shape, size)

    def _powered(self, value: ArrayLike) -> NDArray[np.float64]:
        with np.errstate(over="ignore"):
            powered: NDArray[np.float64] = (np.maximum(times(value), 0.0) / self.scale) ** self.shape
        return powered
