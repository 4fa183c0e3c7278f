"""Arrivals at a constant rate, each independent of all others."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from routematch.distributions.checks import check_number, times
from routematch.distributions.inversion import points_by_inversion
from routematch.distributions.spans import check_horizon, check_span
from routematch.errors import Faults

__all__ = ["PoissonArrivals"]


@frozen
class PoissonArrivals:
    """The Poisson process.

    Attributes
    ----------
    arrival_rate : float
        Per second; at least 0.

    Examples
    --------
    >>> import numpy as np
    >>> PoissonArrivals(0.02).instants(np.random.default_rng(0), 150.0).round(1).tolist()
    [34.0, 85.0, 86.0, 86.1, 113.6]
    """

    name: ClassVar[str] = "poisson"
    arrival_rate: float = field()

    def __attrs_post_init__(self) -> None:
        """Check the parameter."""
        faults = Faults()
        object.__setattr__(self, "arrival_rate", check_number(faults, "arrival_rate", self.arrival_rate, at_least=0))
        faults.raise_if_any()

    def instants(self, generator: Generator, horizon: float) -> NDArray[np.float64]:
        """Return the arrivals in [0, horizon)."""
        return points_by_inversion(generator, *self.pieces(check_horizon(horizon)))

    def rate(self, time: ArrayLike) -> NDArray[np.float64]:
        """Return the rate from time 0 on."""
        return np.where(times(time) >= 0, self.arrival_rate, 0.0)

    def mean_count(self, start: float, end: float) -> float:
        """Return the rate times the length."""
        start, end = check_span(start, end)
        return self.arrival_rate * (end - start)

    def pieces(self, horizon: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the edges of the pieces in [0, horizon] and the rate on each."""
        return np.array([0.0, horizon]), np.array([self.arrival_rate])
