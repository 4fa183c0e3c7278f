"""Patience as logs show it: a rate of giving up for each interval of waiting."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from routematch.distributions.checks import as_floats, check_numbers, probabilities, times
from routematch.distributions.distribution import Size
from routematch.errors import Faults

__all__ = ["PiecewiseHazard"]


@frozen
class PiecewiseHazard:
    """The law with a constant hazard on each interval.

    Attributes
    ----------
    starts : tuple of float
        Where the intervals begin, in seconds: 0 first, rising. The last interval has no end.
    hazards : tuple of float
        Rate of ending per second on each interval; at least 0. With 0 on the last one a share never ends.

    Examples
    --------
    Many give up at once, few between 10 s and a minute, more after it:

    >>> patience = PiecewiseHazard(starts=(0.0, 10.0, 60.0), hazards=(0.02, 0.001, 0.005))
    >>> round(float(patience.survival(10.0)), 4), round(patience.mean, 1)
    (0.8187, 204.8)
    """

    name: ClassVar[str] = "piecewise_hazard"
    starts: tuple[float, ...] = field(converter=as_floats)
    hazards: tuple[float, ...] = field(converter=as_floats)
    _starts: NDArray[np.float64] = field(init=False, repr=False, eq=False)
    _hazards: NDArray[np.float64] = field(init=False, repr=False, eq=False)
    _cumulative: NDArray[np.float64] = field(init=False, repr=False, eq=False)
    _areas: NDArray[np.float64] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Check the intervals; sum up hazard and survival at their starts."""
        faults = Faults()
        starts = check_numbers(faults, "starts", self.starts, at_least=0)
        hazards = check_numbers(faults, "hazards", self.hazards, at_least=0)
        if starts.size and (starts[0] != 0 or (np.diff(starts) <= 0).any()):
            faults.add("must begin with 0 and rise from entry to entry", place="starts", given=self.starts)
        if starts.size and hazards.size and starts.size != hazards.size:
            faults.add(f"must have one entry for each of {starts.size} starts", place="hazards", given=self.hazards)
        faults.raise_if_any()
        widths = np.diff(starts)
        cumulative = np.concatenate([[0.0], np.cumsum(hazards[:-1] * widths)])
        areas = np.exp(-cumulative[:-1]) * _first_moment(hazards[:-1], widths)
        object.__setattr__(self, "_starts", starts)
        object.__setattr__(self, "_hazards", hazards)
        object.__setattr__(self, "_cumulative", cumulative)
        object.__setattr__(self, "_areas", np.concatenate([[0.0], np.cumsum(areas)]))

    @property
    def mean(self) -> float:
        """The area under the survival curve."""
        return float(self.restricted_mean(math.inf))

    @property
    def variance(self) -> float:
        """From the area under time times survival."""
        left, mean = float(np.exp(-self._cumulative[-1])), self.mean
        if math.isinf(mean):
            return math.nan
        widths, inside = np.diff(self._starts), np.exp(-self._cumulative[:-1])
        hazards = self._hazards[:-1]
        second = inside @ (self._starts[:-1] * _first_moment(hazards, widths) + _second_moment(hazards, widths))
        if left > 0:
            last = float(self._hazards[-1])
            second += left * (self._starts[-1] / last + 1.0 / last**2)
        return float(2.0 * second - mean**2)

    @property
    def kinks(self) -> tuple[float, ...]:
        """The starts of the intervals."""
        return tuple(self._starts.tolist())

    def cdf(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return one minus the exponential of minus the summed hazard."""
        points = times(value)
        return np.where(np.isposinf(points), 1.0, -np.expm1(-self._summed(points)))

    def survival(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the exponential of minus the summed hazard."""
        points = times(value)
        return np.where(np.isposinf(points), 0.0, np.exp(-self._summed(points)))

    def quantile(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Return where the summed hazard reaches ``-log(1 - probability)``; infinity where it never does."""
        with np.errstate(divide="ignore", invalid="ignore"):
            wanted = -np.log1p(-probabilities(probability))
            i = np.maximum(np.searchsorted(self._cumulative, wanted, side="left") - 1, 0)
            into = (wanted - self._cumulative[i]) / self._hazards[i]
            return np.where(wanted <= self._cumulative[i], self._starts[i], self._starts[i] + into)

    def restricted_mean(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the mean of the smaller of the law and `value`."""
        limit = np.maximum(times(value), 0.0)
        i = np.searchsorted(self._starts, limit, side="right") - 1
        inside = np.exp(-self._cumulative[i])
        with np.errstate(invalid="ignore"):
            rest = inside * _first_moment(self._hazards[i], limit - self._starts[i])
        return self._areas[i] + np.where(inside > 0, rest, 0.0)

    def sample(self, generator: Generator, size: Size) -> NDArray[np.float64]:
        """Draw by inverse transform."""
        return self.quantile(generator.random(size))

    def _summed(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        points = np.where(np.isposinf(value), self._starts[-1], np.maximum(value, 0.0))
        i = np.searchsorted(self._starts, points, side="right") - 1
        with np.errstate(over="ignore"):
            summed: NDArray[np.float64] = self._cumulative[i] + self._hazards[i] * (points - self._starts[i])
        return summed


def _first_moment(hazard: NDArray[np.float64], width: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the integral of ``exp(-hazard * u)`` for u from 0 to `width`."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(hazard > 0, -np.expm1(-hazard * width) / hazard, width)


def _second_moment(hazard: NDArray[np.float64], width: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the integral of ``u * exp(-hazard * u)`` for u from 0 to `width`."""
    x = hazard * width
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (-np.expm1(-x) - x * np.exp(-x)) / x**2
    series = 0.5 - x / 3.0 + x**2 / 8.0 - x**3 / 30.0 + x**4 / 144.0
    return width**2 * np.where(x > 1e-2, share, series)
