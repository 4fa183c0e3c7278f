"""How long people waited: on average, at percentiles, and at worst."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.metrics.breakdown import Breakdown
from routematch.model.checks import check_number
from routematch.state import Ledger
from routematch.state.ledger import REFUSED

__all__ = ["AverageSpeedOfAnswer", "LongestWait", "MeanWait", "WaitPercentile", "waited_out"]


def waited_out(ledger: Ledger) -> NDArray[np.bool_]:
    """Tell whose wait is over: answered or abandoned, neither refused nor still waiting."""
    answered = ~np.isnan(ledger.answered_at)
    ended: NDArray[np.bool_] = ~np.isnan(ledger.ended_at) & (ledger.ending != REFUSED)
    return answered | ended


@frozen
class AverageSpeedOfAnswer:
    """Mean wait of those who were answered."""

    name: ClassVar[str] = "average_speed_of_answer"
    title: ClassVar[str] = "Average speed of answer"
    abbreviation: ClassVar[str] = "ASA"
    unit: ClassVar[str] = "seconds"
    better: ClassVar[str] = "lower"
    meaning: ClassVar[str] = "mean wait of the answered"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the mean for each group; NaN where nobody was answered."""
        return groups.mean(groups.ledger.waited, ~np.isnan(groups.ledger.answered_at))


@frozen
class MeanWait:
    """Mean wait of those who were answered or abandoned."""

    name: ClassVar[str] = "mean_wait"
    title: ClassVar[str] = "Mean wait"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "seconds"
    better: ClassVar[str] = "lower"
    meaning: ClassVar[str] = "mean wait of the answered and the abandoned"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the mean for each group; NaN where no wait is over."""
        return groups.mean(groups.ledger.waited, waited_out(groups.ledger))


@frozen
class WaitPercentile:
    """The wait that a share of those who were answered or abandoned did not exceed.

    Attributes
    ----------
    probability : float
        In [0, 1]; 0.9 is the 90th percentile.
    """

    probability: float = field(default=0.9, kw_only=True)
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "seconds"
    better: ClassVar[str] = "lower"
    meaning: ClassVar[str] = "percentile of the waits of the answered and the abandoned"

    def __attrs_post_init__(self) -> None:
        """Check the parameter."""
        faults = Faults()
        checked = check_number(faults, "probability", self.probability, at_least=0, at_most=1)
        object.__setattr__(self, "probability", checked)
        faults.raise_if_any()

    @property
    def name(self) -> str:
        """``wait_p90`` for the 90th percentile."""
        return f"wait_p{100 * self.probability:g}"

    @property
    def title(self) -> str:
        """With the percentile."""
        return "Median wait" if self.probability == 0.5 else f"Wait, {100 * self.probability:g}th percentile"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the percentile for each group; NaN where no wait is over."""
        return groups.quantile(groups.ledger.waited, self.probability, waited_out(groups.ledger))


@frozen
class LongestWait:
    """The longest wait there was, of those who still wait too."""

    name: ClassVar[str] = "longest_wait"
    title: ClassVar[str] = "Longest wait"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "seconds"
    better: ClassVar[str] = "lower"
    meaning: ClassVar[str] = "longest wait, of those who still wait too"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the maximum for each group; NaN where nobody came."""
        return groups.quantile(groups.ledger.waited, 1.0, groups.ledger.ending != REFUSED)
