"""Points of a process with a piecewise constant rate, without thinning: unit-rate points sent through the inverse.

Source: Cinlar (1975), Introduction to Stochastic Processes, section 4.7.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from routematch.errors import LimitExceededError

__all__ = ["MOST_ARRIVALS", "cumulative_rate", "points_by_inversion"]

#: Most arrivals of one process in one run.
MOST_ARRIVALS = 10**8

_BLOCK = 1024


def cumulative_rate(edges: NDArray[np.float64], rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the expected number of points up to each edge, shape (E,), for rates of shape (E - 1,)."""
    return np.concatenate([[0.0], np.cumsum(rates * np.diff(edges))])


def points_by_inversion(
    generator: Generator, edges: NDArray[np.float64], rates: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return Poisson points in [edges[0], edges[-1]) in order.

    A range that only continues another one has the other's points first, bit for bit. More than `MOST_ARRIVALS` are
    refused before any is drawn.
    """
    cumulative = cumulative_rate(edges, rates)
    if cumulative[-1] > MOST_ARRIVALS:
        raise LimitExceededError(f"about {cumulative[-1]:.3g} arrivals are more than {MOST_ARRIVALS}")
    points = _unit_rate_points(generator, float(cumulative[-1]))
    i = np.searchsorted(cumulative, points, side="right") - 1
    found = edges[i] + (points - cumulative[i]) / rates[i]
    kept: NDArray[np.float64] = found[found < edges[-1]]
    return kept


def _unit_rate_points(generator: Generator, end: float) -> NDArray[np.float64]:
    """Return the points of a Poisson process of rate 1 before `end`, drawn in blocks of fixed size."""
    blocks: list[NDArray[np.float64]] = []
    last = 0.0
    while last < end:
        block = last + np.cumsum(generator.exponential(1.0, _BLOCK))
        last = float(block[-1])
        blocks.append(block)
    points = np.concatenate(blocks) if blocks else np.empty(0)
    return points[: np.searchsorted(points, end)]
