"""Durations that add up from parts: the gamma law, from bursty (cv above 1) to regular (cv below 1)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from routematch.distributions.checks import check_number, probabilities, product_or_zero, times
from routematch.distributions.distribution import Size
from routematch.errors import Faults

__all__ = ["Gamma", "gamma_cdf", "gamma_quantile", "gamma_restricted_mean", "gamma_survival"]


@frozen
class Gamma:
    """The gamma law by its mean and coefficient of variation.

    Attributes
    ----------
    mean : float
        In seconds; above 0.
    cv : float
        Standard deviation over mean, between 0.001 and 1000; 1 is the exponential law. The shape is ``1 / cv**2``.
    """

    name: ClassVar[str] = "gamma"
    mean: float = field()
    cv: float = field()

    def __attrs_post_init__(self) -> None:
        """Check the parameters."""
        faults = Faults()
        object.__setattr__(self, "mean", check_number(faults, "mean", self.mean, above=0))
        object.__setattr__(self, "cv", check_number(faults, "cv", self.cv, at_least=1e-3, at_most=1e3))
        faults.raise_if_any()

    @property
    def shape(self) -> float:
        """``1 / cv**2``."""
        return self.cv**-2

    @property
    def variance(self) -> float:
        """``(cv * mean)**2``."""
        return (self.cv * self.mean) ** 2

    @property
    def kinks(self) -> tuple[float, ...]:
        """None after the start."""
        return ()

    def cdf(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the regularised lower incomplete gamma function."""
        return gamma_cdf(self.shape, self.mean, times(value))

    def survival(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the regularised upper incomplete gamma function."""
        return gamma_survival(self.shape, self.mean, times(value))

    def quantile(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Return the inverse of the incomplete gamma function."""
        return gamma_quantile(self.shape, self.mean, probabilities(probability))

    def restricted_mean(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the mean of the smaller of the law and `value`."""
        return gamma_restricted_mean(self.shape, self.mean, times(value))

    def sample(self, generator: Generator, size: Size) -> NDArray[np.float64]:
        """Draw by the method of numpy."""
        return generator.gamma(self.shape, self.mean / self.shape, size)


def gamma_cdf(shape: float, mean: float, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability of at most `value` under a gamma law."""
    from scipy.special import gammainc

    probability: NDArray[np.float64] = gammainc(shape, _scaled(shape, mean, value))
    return probability


def gamma_survival(shape: float, mean: float, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability of more than `value` under a gamma law."""
    from scipy.special import gammaincc

    probability: NDArray[np.float64] = gammaincc(shape, _scaled(shape, mean, value))
    return probability


def gamma_quantile(shape: float, mean: float, probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the quantile of a gamma law, from the nearer end."""
    from scipy.special import gammainccinv, gammaincinv

    low: NDArray[np.float64] = gammaincinv(shape, np.minimum(probability, 0.5))
    high: NDArray[np.float64] = gammainccinv(shape, 1.0 - np.maximum(probability, 0.5))
    return np.where(probability < 0.5, low, high) * (mean / shape)


def gamma_restricted_mean(shape: float, mean: float, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of the smaller of a gamma law and `value`."""
    limit = np.maximum(value, 0.0)
    below = mean * gamma_cdf(shape + 1.0, mean * (shape + 1.0) / shape, limit)
    return below + product_or_zero(limit, gamma_survival(shape, mean, limit))


def _scaled(shape: float, mean: float, value: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        scaled: NDArray[np.float64] = np.maximum(value, 0.0) * (shape / mean)
    return scaled
