"""The contract of an arrival process: when conversations come."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

__all__ = ["ArrivalProcess"]


@runtime_checkable
class ArrivalProcess(Protocol):
    """Instants in seconds from the start of a run.

    Attributes
    ----------
    name : str
        How files call it.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    def instants(self, generator: Generator, horizon: float) -> NDArray[np.float64]:
        """Return the arrivals in [0, horizon), in order; a longer horizon keeps them and adds to them."""
        ...

    def rate(self, time: ArrayLike) -> NDArray[np.float64]:
        """Return the expected arrivals per second at each time; 0 before time 0."""
        ...

    def mean_count(self, start: float, end: float) -> float:
        """Return the expected number of arrivals in [start, end)."""
        ...
