"""The contract of a law: how long something takes or lasts, as a probability distribution on [0, infinity].

Every member is a frozen value made of its parameters. `quantile` turns luck in [0, 1) into a duration by inverse
transform, so that one conversation can bring the same luck to two policies; `restricted_mean` is what patience and
equilibrium formulas need.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

__all__ = ["Distribution", "Size"]

#: How many values to draw, as in numpy.
Size = int | tuple[int, ...]


@runtime_checkable
class Distribution(Protocol):
    """A law of a duration in seconds; never negative, possibly infinite ("never").

    Arrays in, arrays of the same shape out. A NaN, and a probability outside [0, 1], is refused.

    Attributes
    ----------
    name : str
        How files call it.
    mean : float
        Expected value in seconds; ``inf`` where the law may be infinite.
    variance : float
        In seconds squared; ``nan`` where the mean is infinite.
    kinks : tuple of float
        Finite times at which `survival` jumps or bends, rising; what integrates it starts a new panel there.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def mean(self) -> float: ...  # noqa: D102

    @property
    def variance(self) -> float: ...  # noqa: D102

    @property
    def kinks(self) -> tuple[float, ...]: ...  # noqa: D102

    def cdf(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of at most `value`; 1 at ``inf``."""
        ...

    def survival(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of more than a finite `value`, accurate in the far tail."""
        ...

    def quantile(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Return the smallest value with ``cdf(value) >= probability``; at 0 the lower end of the support."""
        ...

    def restricted_mean(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return the mean of the smaller of the law and `value`: the integral of `survival` from 0 to `value`."""
        ...

    def sample(self, generator: Generator, size: Size) -> NDArray[np.float64]:
        """Draw independent values; the same generator state gives the same bytes."""
        ...
