"""Adaptive integration of many smooth or kinked functions at once, panel by panel.

Gauss-Legendre with 15 points on a panel is compared with the same rule on its halves; panels that differ are halved
again. Kinks and jumps need no telling: the panels around them shrink until they no longer count.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["integrate"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(15)
_ROUNDS = 60
#: More panels still open than this: rounding, not the function, makes the halves differ.
_MOST_OPEN = 20_000


def integrate(
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    edges: NDArray[np.float64],
    *,
    tolerance: float = 1e-13,
) -> NDArray[np.float64]:
    """Integrate functions of one variable over a range.

    Parameters
    ----------
    function : callable
        Takes points of shape (N,), returns values of shape (F, N): F functions at once.
    edges : ndarray of float64, shape (E,)
        The ends of the first panels, rising and finite.
    tolerance : float
        Error allowed in each integral, relative to the integral of its absolute value.

    Returns
    -------
    ndarray of float64, shape (F,)
    """
    low, high = edges[:-1], edges[1:]
    coarse = _panels(function, low, high)
    total: NDArray[np.float64] = np.zeros(coarse.shape[0])
    scale = np.abs(coarse).sum(axis=1)
    for _ in range(_ROUNDS):
        middle = low + (high - low) / 2.0
        halves = _panels(function, np.concatenate([low, middle]), np.concatenate([middle, high]))
        left, right = halves[:, : low.size], halves[:, low.size :]
        fine = left + right
        scale = np.maximum(scale, total + np.abs(fine).sum(axis=1))
        open_panels = (np.abs(fine - coarse) > tolerance * scale[:, None] / 8.0).any(axis=0)
        open_panels &= (low < middle) & (middle < high)
        total = total + fine[:, ~open_panels].sum(axis=1)
        if open_panels.sum() > _MOST_OPEN:
            total = total + fine[:, open_panels].sum(axis=1)
            open_panels[:] = False
        if not open_panels.any():
            return total
        low, middle, high = low[open_panels], middle[open_panels], high[open_panels]
        coarse = np.concatenate([left[:, open_panels], right[:, open_panels]], axis=1)
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
    rest: NDArray[np.float64] = total + coarse.sum(axis=1)
    return rest


def _panels(
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the integral of each function over each panel, shape (F, panels)."""
    half = (high - low) / 2.0
    points = (low + half)[:, None] + half[:, None] * _NODES
    values = function(points.ravel())
    sums: NDArray[np.float64] = values.reshape(values.shape[0], *points.shape) @ _WEIGHTS * half
    return sums
