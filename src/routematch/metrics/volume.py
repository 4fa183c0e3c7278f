"""How much there was to do, how much was done, and how many waited meanwhile."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.metrics.breakdown import Breakdown, ratio
from routematch.state.ledger import COMPLETED, REFUSED

__all__ = ["Arrivals", "OfferedLoad", "QueueLength", "Throughput"]

_HOUR = 3600.0


@frozen
class Arrivals:
    """Number of conversations that arrived."""

    name: ClassVar[str] = "arrivals"
    title: ClassVar[str] = "Conversations"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "count"
    better: ClassVar[str] = ""
    meaning: ClassVar[str] = "all who came"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the number for each group; 0 where nobody came."""
        return groups.count()


@frozen
class Throughput:
    """Conversations completed per hour."""

    name: ClassVar[str] = "throughput"
    title: ClassVar[str] = "Completed per hour"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "per hour"
    better: ClassVar[str] = "higher"
    meaning: ClassVar[str] = "completed conversations per hour of the window, each in the group it arrived in"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the rate for each group; NaN where the window has no length."""
        return ratio(groups.count(groups.ledger.ending == COMPLETED) * _HOUR, groups.seconds)


@frozen
class QueueLength:
    """Number of conversations that wait for their first answer, averaged over time."""

    name: ClassVar[str] = "queue_length"
    title: ClassVar[str] = "Waiting"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "amount"
    better: ClassVar[str] = "lower"
    meaning: ClassVar[str] = "conversations waiting for their first answer, averaged over time"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the average for each group; NaN where the window has no length."""
        ledger = groups.ledger
        waiting = np.where(ledger.ending == REFUSED, 0.0, ledger.waited)
        return ratio(groups.time_between(ledger.arrived_at, ledger.arrived_at + waiting), groups.seconds)


@frozen
class OfferedLoad:
    """Handle time that arrived in a second: the agents it would keep busy. Unknown handle times count as the mean."""

    name: ClassVar[str] = "offered_load"
    title: ClassVar[str] = "Offered load"
    abbreviation: ClassVar[str] = "Erlangs"
    unit: ClassVar[str] = "agents"
    better: ClassVar[str] = ""
    meaning: ClassVar[str] = "arrivals times mean handle time, in agents kept busy"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the load for each group; NaN where no handle time is known or the window has no length."""
        ledger = groups.ledger
        known = ledger.handle_time[~np.isnan(ledger.handle_time)]
        usual = float(known.mean()) if len(known) else np.nan
        work = groups.total(ledger.handle_time) + groups.count(np.isnan(ledger.handle_time)) * usual
        return ratio(work, groups.seconds)
