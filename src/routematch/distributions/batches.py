"""Arrivals that come several at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from routematch.distributions.arrival_process import ArrivalProcess
from routematch.distributions.checks import as_floats, check_weights, check_whole
from routematch.distributions.inversion import MOST_ARRIVALS
from routematch.errors import Faults, LimitExceededError

__all__ = ["BatchArrivals"]


def _as_sizes(value: Iterable[int]) -> tuple[int, ...]:
    return as_floats(value)  # type: ignore[return-value]  # numbers pass through unchanged


@frozen
class BatchArrivals:
    """Every arrival of another process brings a batch.

    Attributes
    ----------
    arrivals : ArrivalProcess
        When batches come.
    sizes : tuple of int
        Possible sizes, each from 1 to 1,000,000.
    weights : tuple of float
        How likely each size is; at least 0, not all 0; scaled to sum 1.
    """

    name: ClassVar[str] = "batches"
    arrivals: ArrivalProcess = field()
    sizes: tuple[int, ...] = field(converter=_as_sizes)
    weights: tuple[float, ...] = field(converter=as_floats)
    _shares: NDArray[np.float64] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Check the parameters and scale the weights."""
        faults = Faults()
        if not isinstance(self.arrivals, ArrivalProcess):
            faults.add("must be an arrival process", place="arrivals", given=self.arrivals)
        if not isinstance(self.sizes, tuple) or not self.sizes:
            faults.add("must be at least one whole number", place="sizes", given=self.sizes)
            faults.raise_if_any()
        for i, size in enumerate(self.sizes):
            check_whole(faults, f"sizes[{i}]", size, at_least=1, at_most=10**6)
        shares = check_weights(faults, "weights", self.weights, count=len(self.sizes), counted="sizes")
        faults.raise_if_any()
        object.__setattr__(self, "_shares", shares)

    @property
    def mean_size(self) -> float:
        """Expected size of a batch."""
        return float(self._shares @ np.asarray(self.sizes, dtype=np.float64))

    def instants(self, generator: Generator, horizon: float) -> NDArray[np.float64]:
        """Return the arrivals in [0, horizon); those of a batch share their instant."""
        sizes_from, points_from = (np.random.default_rng(generator.integers(0, 2**63, 4)) for _ in range(2))
        batches = self.arrivals.instants(points_from, horizon)
        which = np.searchsorted(np.cumsum(self._shares)[:-1], sizes_from.random(batches.size), side="right")
        counts = np.asarray(self.sizes)[which]
        if counts.sum() > MOST_ARRIVALS:
            raise LimitExceededError(f"{counts.sum()} arrivals are more than {MOST_ARRIVALS}")
        return np.repeat(batches, counts)

    def rate(self, time: ArrayLike) -> NDArray[np.float64]:
        """Return the rate of batches times their mean size."""
        return self.arrivals.rate(time) * self.mean_size

    def mean_count(self, start: float, end: float) -> float:
        """Return the expected number of batches times their mean size."""
        return self.arrivals.mean_count(start, end) * self.mean_size
