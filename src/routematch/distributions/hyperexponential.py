"""Durations that are more variable than memoryless ones: a mixture of exponential laws."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from routematch.distributions.checks import (
    as_floats,
    check_number,
    check_numbers,
    check_weights,
    probabilities,
    times,
)
from routematch.distributions.distribution import Size
from routematch.distributions.inverting import invert
from routematch.errors import Faults

__all__ = ["Hyperexponential"]


@frozen
class Hyperexponential:
    """Each value is exponential with one of several means.

    Attributes
    ----------
    means : tuple of float
        In seconds; each above 0.
    weights : tuple of float
        One for each mean, at least 0, not all 0; scaled to sum 1.

    Examples
    --------
    >>> law = Hyperexponential.balanced(300.0, cv=2.0)
    >>> round(law.mean, 6), round(law.variance**0.5 / law.mean, 6)
    (300.0, 2.0)
    """

    name: ClassVar[str] = "hyperexponential"
    means: tuple[float, ...] = field(converter=as_floats)
    weights: tuple[float, ...] = field(converter=as_floats)
    _means: NDArray[np.float64] = field(init=False, repr=False, eq=False)
    _shares: NDArray[np.float64] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Check the parameters and scale the weights."""
        faults = Faults()
        means = check_numbers(faults, "means", self.means, above=0)
        count = len(self.means) if isinstance(self.means, tuple) else 0
        shares = check_weights(faults, "weights", self.weights, count=count, counted="means")
        faults.raise_if_any()
        object.__setattr__(self, "_means", means[shares > 0])
        object.__setattr__(self, "_shares", shares[shares > 0])

    @classmethod
    def balanced(cls, mean: float, *, cv: float) -> Hyperexponential:
        """Return the law of two phases that contribute equally to the mean.

        Parameters
        ----------
        mean : float
            In seconds; above 0.
        cv : float
            Standard deviation over mean; at least 1.

        Returns
        -------
        Hyperexponential
        """
        faults = Faults()
        mean = check_number(faults, "mean", mean, above=0)
        cv = check_number(faults, "cv", cv, at_least=1, at_most=1e4)
        faults.raise_if_any()
        often = (1.0 + math.sqrt((cv**2 - 1.0) / (cv**2 + 1.0))) / 2.0
        seldom = 1.0 / ((cv**2 + 1.0) * 2.0 * often)
        return cls((mean / (2.0 * often), mean / (2.0 * seldom)), (often, seldom))

    @property
    def mean(self) -> float:
        """The weighted mean of the means."""
        return float(self._shares @ self._means)

    @property
    def variance(self) -> float:
        """Twice the weighted mean of the squared means, less the mean squared."""
        return float(self._shares @ (self._means**2 + (self._means - self.mean) ** 2))

    @property
    def kinks(self) -> tuple[float, ...]:
        """None after the start."""
        return ()

    def cdf(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the weighted mean of the exponential ones."""
        return -np.expm1(-self._scaled(value)) @ self._shares

    def survival(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the weighted mean of the exponential ones."""
        return np.exp(-self._scaled(value)) @ self._shares

    def quantile(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Return the quantile by bisection between the exponential ones."""
        wanted = probabilities(probability)
        with np.errstate(divide="ignore"):
            standard = -np.log1p(-wanted)
        found = invert(
            self.cdf,
            self.survival,
            np.minimum(wanted, np.nextafter(1.0, 0.0)),
            np.minimum(standard, 1e3) * self._means.min(),
            np.minimum(standard, 1e3) * self._means.max(),
        )
        return np.where(wanted < 1.0, found, np.inf)

    def restricted_mean(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the weighted mean of the exponential ones."""
        return -np.expm1(-self._scaled(value)) @ (self._shares * self._means)

    def sample(self, generator: Generator, size: Size) -> NDArray[np.float64]:
        """Draw the phase, then an exponential value."""
        which = np.searchsorted(np.cumsum(self._shares)[:-1], generator.random(size), side="right")
        return generator.exponential(1.0, size) * self._means[which]

    def _scaled(self, value: ArrayLike) -> NDArray[np.float64]:
        with np.errstate(over="ignore"):
            scaled: NDArray[np.float64] = np.asarray(np.maximum(times(value), 0.0))[..., None] / self._means
        return scaled
