"""Durations known only by how many fell into which interval."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from routematch.distributions.checks import as_floats, check_numbers, check_weights, probabilities, times
from routematch.distributions.distribution import Size
from routematch.errors import Faults

__all__ = ["Histogram"]


@frozen
class Histogram:
    """The law of a histogram: even within each interval.

    Attributes
    ----------
    edges : tuple of float
        Ends of the intervals in seconds, at least 0, rising; one more than there are weights.
    weights : tuple of float
        Count or share of each interval; at least 0, not all 0; scaled to sum 1.

    Examples
    --------
    >>> law = Histogram(edges=(0.0, 60.0, 120.0, 600.0), weights=(10, 30, 60))
    >>> law.mean, float(law.quantile(0.4))
    (246.0, 120.0)
    """

    name: ClassVar[str] = "histogram"
    edges: tuple[float, ...] = field(converter=as_floats)
    weights: tuple[float, ...] = field(converter=as_floats)
    _edges: NDArray[np.float64] = field(init=False, repr=False, eq=False)
    _cumulative: NDArray[np.float64] = field(init=False, repr=False, eq=False)
    _shares: NDArray[np.float64] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Check the intervals and scale the weights."""
        faults = Faults()
        edges = check_numbers(faults, "edges", self.edges, at_least=0, fewest=2)
        if (np.diff(edges) <= 0).any():
            faults.add("must rise from entry to entry", place="edges", given=self.edges)
        count = max(len(self.edges) - 1, 0) if isinstance(self.edges, tuple) else 0
        shares = check_weights(faults, "weights", self.weights, count=count, counted="intervals")
        faults.raise_if_any()
        used = np.flatnonzero(shares)
        shares, edges = shares[used[0] : used[-1] + 1], edges[used[0] : used[-1] + 2]
        cumulative = np.concatenate([[0.0], np.cumsum(shares)])
        cumulative[-1] = 1.0
        for attribute, value in (("_edges", edges), ("_shares", shares), ("_cumulative", np.minimum(cumulative, 1.0))):
            object.__setattr__(self, attribute, value)

    @property
    def mean(self) -> float:
        """The weighted mean of the middles."""
        return float(self._shares @ (self._edges[:-1] + self._edges[1:])) / 2.0

    @property
    def variance(self) -> float:
        """The variance within the intervals plus that between their middles."""
        middles, widths = (self._edges[:-1] + self._edges[1:]) / 2.0, np.diff(self._edges)
        return float(self._shares @ (widths**2 / 12.0 + (middles - self.mean) ** 2))

    @property
    def kinks(self) -> tuple[float, ...]:
        """The edges of the intervals."""
        return tuple(self._edges.tolist())

    def cdf(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the share at or below `value`, linear within each interval."""
        share: NDArray[np.float64] = np.interp(times(value), self._edges, self._cumulative)
        return share

    def survival(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the share above `value`."""
        return 1.0 - self.cdf(value)

    def quantile(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Return the point of the first interval that reaches the probability."""
        wanted = probabilities(probability)
        i = np.clip(np.searchsorted(self._cumulative, wanted, side="left") - 1, 0, self._shares.size - 1)
        share = (wanted - self._cumulative[i]) / (self._cumulative[i + 1] - self._cumulative[i])
        return self._edges[i] * (1.0 - share) + self._edges[i + 1] * share

    def restricted_mean(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the mean of the smaller of the law and `value`: the area above the distribution function."""
        above = 1.0 - self._cumulative
        areas = np.concatenate([[0.0], np.cumsum(np.diff(self._edges) * (above[:-1] + above[1:]) / 2.0)])
        limit = np.clip(times(value), 0.0, self._edges[-1])
        i = np.clip(np.searchsorted(self._edges, limit, side="right") - 1, 0, self._shares.size - 1)
        into = np.maximum(limit - self._edges[i], 0.0)
        area: NDArray[np.float64] = areas[i] + into * (above[i] + self.survival(limit)) / 2.0
        before: NDArray[np.float64] = np.minimum(limit, self._edges[0])
        return before + area

    def sample(self, generator: Generator, size: Size) -> NDArray[np.float64]:
        """Draw by inverse transform."""
        return self.quantile(generator.random(size))
