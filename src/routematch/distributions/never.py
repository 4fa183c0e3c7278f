"""A duration without end: the patience of somebody who never hangs up."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from attrs import frozen
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from routematch.distributions.checks import probabilities, times
from routematch.distributions.distribution import Size

__all__ = ["Never"]


@frozen
class Never:
    """The infinite duration."""

    name: ClassVar[str] = "never"

    @property
    def mean(self) -> float:
        """Infinite."""
        return math.inf

    @property
    def variance(self) -> float:
        """Not a number: undefined."""
        return math.nan

    @property
    def kinks(self) -> tuple[float, ...]:
        """None."""
        return ()

    def cdf(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return 0 at every finite value."""
        return np.where(np.isposinf(times(value)), 1.0, 0.0)

    def survival(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return 1 at every finite value."""
        return 1.0 - self.cdf(value)

    def quantile(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Return infinity."""
        return np.full(probabilities(probability).shape, math.inf)

    def restricted_mean(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the value itself."""
        return np.maximum(times(value), 0.0)

    def sample(self, generator: Generator, size: Size) -> NDArray[np.float64]:  # noqa: ARG002 - the contract
        """Return infinity as often as asked; nothing is drawn."""
        return np.full(size, math.inf)
