"""Arrivals on days that are busier or quieter than forecast as a whole."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from routematch.distributions.checks import check_number
from routematch.distributions.distribution import Distribution
from routematch.distributions.inversion import points_by_inversion
from routematch.distributions.poisson import PoissonArrivals
from routematch.distributions.spans import check_horizon
from routematch.distributions.varying import VaryingArrivals
from routematch.errors import Faults

__all__ = ["DoublyStochasticArrivals"]


@frozen
class DoublyStochasticArrivals:
    """A Poisson process whose rate is multiplied by an independent factor each day.

    Counts vary more than those of a Poisson process, and hours of one day move together, as in real logs (Avramidis,
    Deslauriers, L'Ecuyer 2004).

    Attributes
    ----------
    arrivals : PoissonArrivals or VaryingArrivals
        The pattern that is multiplied.
    factor : Distribution
        Of the day's factor; finite mean, usually 1. A gamma law gives negative binomial counts.
    day : float
        Length of a day in seconds; above 0.
    """

    name: ClassVar[str] = "doubly_stochastic"
    arrivals: PoissonArrivals | VaryingArrivals = field()
    factor: Distribution = field()
    day: float = field(default=86400.0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check the parameters."""
        faults = Faults()
        if not isinstance(self.arrivals, PoissonArrivals | VaryingArrivals):
            faults.add("must be Poisson or varying arrivals", place="arrivals", given=self.arrivals)
        if not isinstance(self.factor, Distribution):
            faults.add("must be a law", place="factor", given=self.factor)
        elif not math.isfinite(self.factor.mean):
            faults.add("must have a finite mean", place="factor", given=self.factor)
        object.__setattr__(self, "day", check_number(faults, "day", self.day, above=0))
        faults.raise_if_any()

    def instants(self, generator: Generator, horizon: float) -> NDArray[np.float64]:
        """Return the arrivals in [0, horizon)."""
        edges, rates = self.arrivals.pieces(check_horizon(horizon))
        days = math.ceil(horizon / self.day)
        factors_from, points_from = (np.random.default_rng(generator.integers(0, 2**63, 4)) for _ in range(2))
        factors = np.array([self.factor.sample(factors_from, 1)[0] for _ in range(days)])
        edges_of_days = np.arange(1, days) * self.day
        cuts = np.unique(np.concatenate([edges, edges_of_days[edges_of_days < horizon]]))
        piece = np.searchsorted(edges, cuts[:-1], side="right") - 1
        day = np.searchsorted(edges_of_days, cuts[:-1], side="right")
        return points_by_inversion(points_from, cuts, rates[piece] * factors[day])

    def rate(self, time: ArrayLike) -> NDArray[np.float64]:
        """Return the expected rate: that of the pattern times the mean factor."""
        return self.arrivals.rate(time) * self.factor.mean

    def mean_count(self, start: float, end: float) -> float:
        """Return the expected number: that of the pattern times the mean factor."""
        return self.arrivals.mean_count(start, end) * self.factor.mean
