"""A law given that it falls between two limits."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from routematch.distributions.checks import check_number, probabilities, times
from routematch.distributions.distribution import Distribution, Size
from routematch.distributions.quadrature import integrate
from routematch.errors import Faults

__all__ = ["Truncated"]


@frozen
class Truncated:
    """A law conditioned on ``low < value <= high``.

    Attributes
    ----------
    part : Distribution
        The law to be cut.
    low, high : float
        Limits in seconds, ``0 <= low < high``; `high` may be infinite. The law must have at least the share 1e-9
        between them: below that its shape there is lost in rounding.
    """

    name: ClassVar[str] = "truncated"
    part: Distribution = field()
    low: float = field(default=0.0, kw_only=True)
    high: float = field(default=math.inf, kw_only=True)
    _above: float = field(init=False, repr=False, eq=False)
    _share: float = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Check the limits."""
        faults = Faults()
        if not isinstance(self.part, Distribution):
            faults.add("must be a law", place="part", given=self.part)
        object.__setattr__(self, "low", check_number(faults, "low", self.low, at_least=0))
        object.__setattr__(self, "high", check_number(faults, "high", self.high, above=0, infinite=True))
        if not faults and self.high <= self.low:
            faults.add(f"must be above low ({self.low:g})", place="high", given=self.high)
        faults.raise_if_any()
        above = float(self.part.survival(self.high)) if math.isfinite(self.high) else 0.0
        share = float(self.part.survival(self.low)) - above if self.low > 0 else float(1.0 - above)
        if self.low > 0 and share > 0.5:
            share = float(self.part.cdf(self.high)) - float(self.part.cdf(self.low))
        if not share >= 1e-9:
            faults.add("must keep at least the share 1e-9 of the law", given=(self.low, self.high))
        faults.raise_if_any()
        object.__setattr__(self, "_above", above)
        object.__setattr__(self, "_share", share)

    @property
    def mean(self) -> float:
        """The area under the survival curve."""
        return float(self.restricted_mean(self.high))

    @property
    def variance(self) -> float:
        """By integration of time times survival, to about ten digits."""
        mean = self.mean
        if math.isinf(mean):
            return math.nan
        levels = np.array([0.0, 0.1, 0.5, 0.9, 0.99, *(1.0 - 10.0 ** -np.arange(3, 16))])
        edges = np.unique(np.concatenate([[0.0], self.kinks, self.quantile(levels)]))
        edges = edges[np.isfinite(edges)]
        # Twice the area under |t - mean| times survival beyond the mean, and times the cdf before it.
        before, after = np.append(edges[edges < mean], mean), np.concatenate([[mean], edges[edges > mean]])
        low = integrate(lambda t: ((mean - t) * self.cdf(t))[None], before) if before.size > 1 else np.zeros(1)
        high = integrate(lambda t: ((t - mean) * self.survival(t))[None], after) if after.size > 1 else np.zeros(1)
        return float(2.0 * (low + high)[0])

    @property
    def kinks(self) -> tuple[float, ...]:
        """The limits and those of the law between them."""
        return (
            self.low,
            *(kink for kink in self.part.kinks if self.low < kink < self.high),
            *((self.high,) if math.isfinite(self.high) else ()),
        )

    def cdf(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the share of what is kept that is at or below `value`."""
        return 1.0 - self.survival(value)

    def survival(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the share of what is kept that is above `value`."""
        points = times(value)
        kept = (self.part.survival(np.clip(points, self.low, self.high)) - self._above) / self._share
        return np.where(points < self.low, 1.0, np.where(points >= self.high, 0.0, np.clip(kept, 0.0, 1.0)))

    def quantile(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Return the law's quantile of the probability scaled to what is kept."""
        below = float(self.part.cdf(self.low)) if self.low > 0 else 0.0
        luck = probabilities(probability)
        wanted = np.minimum(below + luck * self._share, np.where(luck < 1, np.nextafter(1.0, 0.0), 1.0))
        return np.clip(self.part.quantile(wanted), self.low, self.high)

    def restricted_mean(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the mean of the smaller of the law and `value`."""
        points = np.maximum(times(value), 0.0)
        limit = np.clip(points, self.low, self.high)
        kept = self.part.restricted_mean(limit) - self.part.restricted_mean(self.low)
        if self._above > 0:
            kept = kept - (limit - self.low) * self._above
        return np.minimum(points, self.low) + np.maximum(kept, 0.0) / self._share

    def sample(self, generator: Generator, size: Size) -> NDArray[np.float64]:
        """Draw by inverse transform."""
        return self.quantile(generator.random(size))
