"""A law moved to later: nothing is over before a fixed time."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from routematch.distributions.checks import check_number, probabilities, times
from routematch.distributions.distribution import Distribution, Size
from routematch.errors import Faults

__all__ = ["Shifted"]


@frozen
class Shifted:
    """A law plus a constant.

    Attributes
    ----------
    part : Distribution
        What is added to the shift.
    shift : float
        In seconds; at least 0.
    """

    name: ClassVar[str] = "shifted"
    part: Distribution = field()
    shift: float = field()

    def __attrs_post_init__(self) -> None:
        """Check the parameters."""
        faults = Faults()
        if not isinstance(self.part, Distribution):
            faults.add("must be a law", place="part", given=self.part)
        object.__setattr__(self, "shift", check_number(faults, "shift", self.shift, at_least=0))
        faults.raise_if_any()

    @property
    def mean(self) -> float:
        """The mean of the law plus the shift."""
        return self.part.mean + self.shift

    @property
    def variance(self) -> float:
        """The variance of the law."""
        return self.part.variance

    @property
    def kinks(self) -> tuple[float, ...]:
        """The shift and those of the law."""
        return (self.shift, *(kink + self.shift for kink in self.part.kinks if kink > 0))

    def cdf(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the law's at `value` less the shift; 0 before the shift."""
        points = times(value) - self.shift
        return np.where(points < 0, 0.0, self.part.cdf(points))

    def survival(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the law's at `value` less the shift; 1 before the shift."""
        points = times(value) - self.shift
        return np.where(points < 0, 1.0, self.part.survival(points))

    def quantile(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Return the law's plus the shift."""
        return self.part.quantile(probabilities(probability)) + self.shift

    def restricted_mean(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the mean of the smaller of the law and `value`."""
        points = times(value)
        return np.clip(points, 0.0, self.shift) + self.part.restricted_mean(np.maximum(points - self.shift, 0.0))

    def sample(self, generator: Generator, size: Size) -> NDArray[np.float64]:
        """Draw from the law and add the shift."""
        return self.part.sample(generator, size) + self.shift
