"""Arrivals as they happened: a trace that is played again."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from routematch.distributions.checks import as_floats, check_number, check_numbers, times
from routematch.distributions.spans import check_horizon, check_span
from routematch.errors import Faults

__all__ = ["RecordedArrivals"]


@frozen
class RecordedArrivals:
    """The same instants in every run.

    Attributes
    ----------
    recorded_at : tuple of float
        Seconds from the start of the run, at least 0, in any order; none at all is allowed.
    rate_window : float
        `rate` counts the arrivals of the window of this many seconds that holds the time; above 0.
    """

    name: ClassVar[str] = "recorded"
    recorded_at: tuple[float, ...] = field(converter=as_floats)
    rate_window: float = field(default=900.0, kw_only=True)
    _sorted: NDArray[np.float64] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Check and sort the instants."""
        faults = Faults()
        recorded = check_numbers(faults, "recorded_at", self.recorded_at, at_least=0, fewest=0)
        object.__setattr__(self, "rate_window", check_number(faults, "rate_window", self.rate_window, above=0))
        faults.raise_if_any()
        object.__setattr__(self, "_sorted", np.sort(recorded))

    def instants(self, generator: Generator, horizon: float) -> NDArray[np.float64]:  # noqa: ARG002 - the contract
        """Return the recorded arrivals in [0, horizon); nothing is drawn."""
        return self._sorted[: np.searchsorted(self._sorted, check_horizon(horizon))].copy()

    def rate(self, time: ArrayLike) -> NDArray[np.float64]:
        """Return the arrivals per second in the window that holds each time."""
        start = np.floor(times(time) / self.rate_window) * self.rate_window
        end = start + self.rate_window
        return (np.searchsorted(self._sorted, end) - np.searchsorted(self._sorted, start)) / self.rate_window

    def mean_count(self, start: float, end: float) -> float:
        """Return the number of recorded arrivals in [start, end)."""
        first, last = check_span(start, end)
        return float(np.searchsorted(self._sorted, last) - np.searchsorted(self._sorted, first))
