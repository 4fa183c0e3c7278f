"""What serving took: seconds, wrap-up, and hands it went through."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.metrics.breakdown import Breakdown

__all__ = ["MeanHandleTime", "MeanWrapUpTime", "Transfers"]


@frozen
class MeanHandleTime:
    """Mean handle time of those who were answered, where it is known."""

    name: ClassVar[str] = "mean_handle_time"
    title: ClassVar[str] = "Mean handle time"
    abbreviation: ClassVar[str] = "AHT"
    unit: ClassVar[str] = "seconds"
    better: ClassVar[str] = "lower"
    meaning: ClassVar[str] = "mean time agents spent on an answered conversation, all legs, with wrap-up"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the mean for each group; NaN where no handle time is known."""
        return groups.mean(groups.ledger.handle_time, ~np.isnan(groups.ledger.answered_at))


@frozen
class MeanWrapUpTime:
    """Mean wrap-up of those who were answered, where it is known."""

    name: ClassVar[str] = "mean_wrap_up_time"
    title: ClassVar[str] = "Mean wrap-up"
    abbreviation: ClassVar[str] = "ACW"
    unit: ClassVar[str] = "seconds"
    better: ClassVar[str] = "lower"
    meaning: ClassVar[str] = "mean wrap-up of an answered conversation"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the mean for each group; NaN where no wrap-up is known."""
        return groups.mean(groups.ledger.wrap_up_time, ~np.isnan(groups.ledger.answered_at))


@frozen
class Transfers:
    """Transfers per answered conversation."""

    name: ClassVar[str] = "transfers"
    title: ClassVar[str] = "Transfers each"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "amount"
    better: ClassVar[str] = "lower"
    meaning: ClassVar[str] = "transfers of an answered conversation"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the mean for each group; NaN where nobody was answered."""
        return groups.mean(groups.ledger.transfers.astype(np.float64), ~np.isnan(groups.ledger.answered_at))
