"""A duration that is always the same."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from routematch.distributions.checks import check_number, probabilities, times
from routematch.distributions.distribution import Size
from routematch.errors import Faults

__all__ = ["Deterministic"]


@frozen
class Deterministic:
    """A constant.

    Attributes
    ----------
    value : float
        In seconds; at least 0.
    """

    name: ClassVar[str] = "deterministic"
    value: float = field()

    def __attrs_post_init__(self) -> None:
        """Check the parameter."""
        faults = Faults()
        object.__setattr__(self, "value", check_number(faults, "value", self.value, at_least=0))
        faults.raise_if_any()

    @property
    def mean(self) -> float:
        """The value."""
        return self.value

    @property
    def variance(self) -> float:
        """0."""
        return 0.0

    @property
    def kinks(self) -> tuple[float, ...]:
        """The value."""
        return (self.value,)

    def cdf(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return 1 from the value on."""
        return np.where(times(value) >= self.value, 1.0, 0.0)

    def survival(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return 1 below the value."""
        return np.where(times(value) >= self.value, 0.0, 1.0)

    def quantile(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Return the value."""
        return np.full(probabilities(probability).shape, self.value)

    def restricted_mean(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the smaller of the two."""
        return np.clip(times(value), 0.0, self.value)

    def sample(self, generator: Generator, size: Size) -> NDArray[np.float64]:  # noqa: ARG002 - the contract
        """Return the value as often as asked; nothing is drawn."""
        return np.full(size, self.value)
