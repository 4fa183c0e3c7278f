"""Durations made of equal memoryless phases one after the other: the Erlang law."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from routematch.distributions.checks import check_number, check_whole, probabilities, times
from routematch.distributions.distribution import Size
from routematch.distributions.gamma import gamma_cdf, gamma_quantile, gamma_restricted_mean, gamma_survival
from routematch.errors import Faults

__all__ = ["Erlang"]


@frozen
class Erlang:
    """The sum of equal exponential phases.

    Attributes
    ----------
    mean : float
        Of the whole, in seconds; above 0.
    phases : int
        From 1 (exponential) to 1,000,000 (nearly constant).
    """

    name: ClassVar[str] = "erlang"
    mean: float = field()
    phases: int = field()

    def __attrs_post_init__(self) -> None:
        """Check the parameters."""
        faults = Faults()
        object.__setattr__(self, "mean", check_number(faults, "mean", self.mean, above=0))
        object.__setattr__(self, "phases", check_whole(faults, "phases", self.phases, at_least=1, at_most=10**6))
        faults.raise_if_any()

    @property
    def variance(self) -> float:
        """``mean**2 / phases``."""
        return self.mean**2 / self.phases

    @property
    def kinks(self) -> tuple[float, ...]:
        """None after the start."""
        return ()

    def cdf(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of at most `value`."""
        return gamma_cdf(self.phases, self.mean, times(value))

    def survival(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of more than `value`."""
        return gamma_survival(self.phases, self.mean, times(value))

    def quantile(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Return the inverse of `cdf`."""
        return gamma_quantile(self.phases, self.mean, probabilities(probability))

    def restricted_mean(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the mean of the smaller of the law and `value`."""
        return gamma_restricted_mean(self.phases, self.mean, times(value))

    def sample(self, generator: Generator, size: Size) -> NDArray[np.float64]:
        """Draw by the gamma method of numpy."""
        return generator.gamma(self.phases, self.mean / self.phases, size)
