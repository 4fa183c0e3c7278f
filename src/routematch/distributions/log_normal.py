"""Durations whose logarithm is normal: what handle times usually look like."""

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

__all__ = ["LogNormal"]


@frozen
class LogNormal:
    """The log-normal law by its mean and its spread.

    Attributes
    ----------
    mean : float
        In seconds; above 0.
    cv : float or None
        Coefficient of variation, standard deviation over mean; above 0. Give this or `sigma`.
    sigma : float or None
        Standard deviation of the logarithm; above 0, at most 30.

    Examples
    --------
    >>> law = LogNormal(300.0, cv=1.2)
    >>> round(law.variance**0.5), round(float(law.quantile(0.5)))
    (360, 192)
    """

    name: ClassVar[str] = "log_normal"
    mean: float = field()
    cv: float | None = field(default=None)
    sigma: float | None = field(default=None, kw_only=True)
    _spread: float = field(init=False, repr=False, eq=False)
    _location: float = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Check the parameters and find the normal law behind them."""
        faults = Faults()
        mean = check_number(faults, "mean", self.mean, above=0)
        if (self.cv is None) == (self.sigma is None):
            faults.add("must have either cv or sigma")
        spread = math.nan
        if self.cv is not None:
            spread = math.sqrt(math.log1p(check_number(faults, "cv", self.cv, above=0) ** 2))
        if self.sigma is not None:
            spread = check_number(faults, "sigma", self.sigma, above=0, at_most=30)
        faults.raise_if_any()
        object.__setattr__(self, "_spread", spread)
        object.__setattr__(self, "_location", math.log(mean) - spread**2 / 2.0)

    @property
    def variance(self) -> float:
        """``mean**2 * (exp(sigma**2) - 1)``."""
        return self.mean**2 * math.expm1(self._spread**2)

    @property
    def kinks(self) -> tuple[float, ...]:
        """None."""
        return ()

    def cdf(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the normal probability of the standardised logarithm."""
        return _normal(self._standardised(value))

    def survival(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the normal probability of the negated standardised logarithm."""
        return _normal(-self._standardised(value))

    def quantile(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Return the exponential of the normal quantile."""
        from scipy.special import ndtri

        standard: NDArray[np.float64] = ndtri(probabilities(probability))
        return np.exp(self._location + self._spread * standard)

    def restricted_mean(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the mean of those below `value`, counted with their share, plus `value` times the share above it."""
        limit = np.maximum(times(value), 0.0)
        below = self.mean * _normal(self._standardised(limit) - self._spread)
        return below + product_or_zero(limit, self.survival(limit))

    def sample(self, generator: Generator, size: Size) -> NDArray[np.float64]:
        """Draw the exponential of normal values."""
        return generator.lognormal(self._location, self._spread, size)

    def _standardised(self, value: ArrayLike) -> NDArray[np.float64]:
        with np.errstate(divide="ignore"):
            return (np.log(np.maximum(times(value), 0.0)) - self._location) / self._spread


def _normal(value: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import ndtr

    probability: NDArray[np.float64] = ndtr(value)
    return probability
