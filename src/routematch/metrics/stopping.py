"""How many replications more until every measure is as precise as wanted."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from attrs import frozen
from numpy.typing import ArrayLike, NDArray

from routematch.errors import Faults
from routematch.metrics.measured import check_confidence, t_quantile

__all__ = ["Until", "until"]

Floats = NDArray[np.float64]


@frozen
class Until:
    """When to stop replicating: when every chosen measure is as precise as wanted.

    Attributes
    ----------
    precision : mapping from str to float
        Largest half width for each measure.
    is_relative : bool
        Whether it is a share of the mean.
    confidence : float
    at_least, at_most : int
        Replications made in any case, and at the very most.
    """

    precision: Mapping[str, float]
    is_relative: bool = False
    confidence: float = 0.95
    at_least: int = 10
    at_most: int = 100_000

    def further(self, values: Mapping[str, ArrayLike]) -> int:
        """Return how many further replications are likely to be needed; 0 is the sign to stop.

        The spread seen so far stands for that of the replications to come, so ask again after them. Stopping when it
        looks good makes intervals cover a little less than they say; ten first replications keep that small (Law,
        Simulation Modeling and Analysis, section on sequential procedures).

        Parameters
        ----------
        values : mapping from str to array_like, shape (R,)
            One number of each replication so far, for each measure in `precision`.

        Returns
        -------
        int
            At least 0; at most what is left to `at_most`.

        Raises
        ------
        InvalidInputError
            When a measure is missing.
        """
        faults = Faults()
        for name in self.precision:
            if name not in values:
                faults.unknown(name, known=values, place="precision", what="measure")
        faults.raise_if_any()
        made = max((np.asarray(values[name]).size for name in self.precision), default=0)
        wanted = max((self._wanted(np.asarray(values[name], np.float64), name) for name in self.precision), default=0)
        return max(min(max(wanted, self.at_least), self.at_most) - made, 0)

    def _wanted(self, values: Floats, name: str) -> int:
        """Return the least number of replications at which the interval of a measure is short enough."""
        known = values[~np.isnan(values)]
        if len(known) < 2:
            return self.at_least
        target = self.precision[name] * (abs(float(known.mean())) if self.is_relative else 1.0)
        spread = float(known.std(ddof=1))
        low, high = 2, self.at_most
        if self._half_width(spread, len(known)) <= target:
            return len(values)
        while low < high:
            middle = (low + high) // 2
            if self._half_width(spread, middle) <= target:
                high = middle
            else:
                low = middle + 1
        return max(low + len(values) - len(known), len(values) + 1)

    def _half_width(self, spread: float, count: int) -> float:
        return float(t_quantile(count - 1, (1 + self.confidence) / 2)) * spread / math.sqrt(count)


def until(
    precision: Mapping[str, float],
    *,
    is_relative: bool = False,
    confidence: float = 0.95,
    at_least: int = 10,
    at_most: int = 100_000,
) -> Until:
    """Return a rule for stopping: every measure within its half width.

    >>> rule = until({"service_level": 0.01})
    >>> rule.further({"service_level": [0.80, 0.84, 0.78, 0.81, 0.79, 0.83, 0.80, 0.82, 0.78, 0.81]})
    9

    Raises
    ------
    InvalidInputError
        For precisions that are not above 0, and limits that contradict each other.
    """
    faults = Faults()
    for name, half_width in precision.items():
        if not half_width > 0:
            faults.add("must be above 0", place=f"precision.{name}", given=half_width)
    if not 2 <= at_least <= at_most:
        faults.add("must be at least 2 and at most at_most", place="at_least", given=at_least)
    faults.raise_if_any()
    check_confidence(confidence)
    return Until(dict(precision), is_relative, confidence, at_least, at_most)
