"""Quantiles of laws that have no closed form for them, by bisection on probability."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["invert"]

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def invert(
    cdf: Curve,
    survival: Curve,
    probability: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the smallest values in [low, high] whose `cdf` reaches `probability`.

    Both curves are used, each where it is accurate. Where `high` does not reach the probability, `high` is returned.
    Halves 200 times at most, arithmetically or in logarithms, whichever cuts more.
    """

    def reached(value: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.where(probability < 0.5, cdf(value) >= probability, survival(value) <= 1.0 - probability)

    low, high = np.where(reached(low), low, np.nextafter(low, -np.inf)), np.array(high)
    high = np.where(low < high, high, low)
    for _ in range(200):
        middle = low + (high - low) / 2.0
        geometric = np.sqrt(np.maximum(low, 1e-300)) * np.sqrt(high)
        middle = np.where((high / 16.0 > np.maximum(low, 1e-300)) & (geometric < high), geometric, middle)
        inside = (low < middle) & (middle < high)
        if not inside.any():
            break
        there = reached(middle)
        high = np.where(inside & there, middle, high)
        low = np.where(inside & ~there, middle, low)
    return high
