"""Durations that follow one of several laws, chosen by chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from routematch.distributions.checks import as_floats, check_weights, probabilities, times
from routematch.distributions.distribution import Distribution, Size
from routematch.distributions.inverting import invert
from routematch.errors import Faults

__all__ = ["Mixture"]


def _as_parts(value: Sequence[Distribution]) -> tuple[Distribution, ...]:
    return tuple(value) if isinstance(value, Sequence) else value


@frozen
class Mixture:
    """A mixture of laws.

    Attributes
    ----------
    parts : tuple of Distribution
        At least one; `Never` among them means that a share never comes to an end.
    weights : tuple of float
        One for each part, at least 0, not all 0; scaled to sum 1.

    Examples
    --------
    >>> from routematch.distributions import Exponential, Never
    >>> patience = Mixture((Exponential(120.0), Never()), weights=(0.7, 0.3))
    >>> float(patience.survival(1e6)), float(patience.quantile(0.8))
    (0.3, inf)
    """

    name: ClassVar[str] = "mixture"
    parts: tuple[Distribution, ...] = field(converter=_as_parts)
    weights: tuple[float, ...] = field(converter=as_floats)
    _shares: NDArray[np.float64] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Check the parts and scale the weights."""
        faults = Faults()
        if not isinstance(self.parts, tuple) or not self.parts:
            faults.add("must be at least one law", place="parts", given=self.parts)
            faults.raise_if_any()
        for i, part in enumerate(self.parts):
            if not isinstance(part, Distribution):
                faults.add("must be a law", place=f"parts[{i}]", given=part)
        shares = check_weights(faults, "weights", self.weights, count=len(self.parts), counted="parts")
        faults.raise_if_any()
        object.__setattr__(self, "_shares", shares)

    @property
    def mean(self) -> float:
        """The weighted mean of the means."""
        return float(sum(share * part.mean for share, part in self._used()))

    @property
    def variance(self) -> float:
        """The weighted variance within the parts plus that between their means."""
        mean = self.mean
        if math.isinf(mean):
            return math.nan
        return float(sum(share * (part.variance + (part.mean - mean) ** 2) for share, part in self._used()))

    @property
    def kinks(self) -> tuple[float, ...]:
        """Those of all parts."""
        return tuple(sorted({kink for _, part in self._used() for kink in part.kinks}))

    def cdf(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the weighted mean of the parts'."""
        points = times(value)
        return np.minimum(sum((share * part.cdf(points) for share, part in self._used()), np.zeros(points.shape)), 1.0)

    def survival(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the weighted mean of the parts'."""
        points = times(value)
        weighted = (share * part.survival(points) for share, part in self._used())
        return np.minimum(sum(weighted, np.zeros(points.shape)), 1.0)

    def quantile(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Return the quantile by bisection between the parts' own."""
        wanted = probabilities(probability)
        each = np.array([part.quantile(wanted) for _, part in self._used()])
        low, high = each.min(axis=0), each.max(axis=0)
        finite = np.isfinite(low)
        bound = np.where(np.isfinite(high), high, np.finfo(np.float64).max)
        found = invert(self.cdf, self.survival, wanted, np.where(finite, low, 0.0), bound)
        return np.where(np.isinf(high) & (found >= np.finfo(np.float64).max), np.inf, found)

    def restricted_mean(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the weighted mean of the parts'."""
        points = times(value)
        return sum((share * part.restricted_mean(points) for share, part in self._used()), np.zeros(points.shape))

    def sample(self, generator: Generator, size: Size) -> NDArray[np.float64]:
        """Draw which part each value comes from, then the values part by part."""
        used = self._used()
        ends = np.cumsum([share for share, _ in used])
        which = np.searchsorted(ends[:-1], generator.random(size), side="right")
        values = np.empty(which.shape)
        for i, (_, part) in enumerate(used):
            here = which == i
            values[here] = part.sample(generator, int(here.sum()))
        return values

    def _used(self) -> list[tuple[float, Distribution]]:
        return [(float(share), part) for share, part in zip(self._shares, self.parts, strict=True) if share > 0]
