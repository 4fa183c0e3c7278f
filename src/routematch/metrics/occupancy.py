"""How busy agents were: occupancy counts time at work, utilisation counts units in use."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.metrics.breakdown import Breakdown, ratio

__all__ = ["PRESENT", "WORKING", "BusyAgents", "Occupancy", "StaffedAgents", "Utilisation"]

WORKING = ("busy", "wrap_up")
PRESENT = ("free", "busy", "wrap_up")


@frozen
class Occupancy:
    """Share of staffed time in which an agent was busy or in wrap-up; several conversations at once count once."""

    name: ClassVar[str] = "occupancy"
    title: ClassVar[str] = "Occupancy"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "share"
    better: ClassVar[str] = ""
    meaning: ClassVar[str] = "busy and wrap-up time, of the time agents were there and not away"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the share for each group; NaN where nobody was there, or groups are of conversations."""
        return ratio(groups.agent_time(WORKING), groups.agent_time(PRESENT))


@frozen
class Utilisation:
    """Share of the units of capacity that was in use, over the time agents were there."""

    name: ClassVar[str] = "utilisation"
    title: ClassVar[str] = "Utilisation"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "share"
    better: ClassVar[str] = ""
    meaning: ClassVar[str] = "units in use, of the units of agents who were there and not away"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the share for each group; NaN as occupancy, and where a capacity is not known."""
        intervals = groups.ledger.intervals
        if intervals is None:
            return np.full(groups.size, np.nan)
        used = groups.agent_time(PRESENT, intervals.load)
        return ratio(used, groups.agent_time(PRESENT, intervals.capacity))


@frozen
class StaffedAgents:
    """Number of agents who were there and not away, averaged over time."""

    name: ClassVar[str] = "staffed_agents"
    title: ClassVar[str] = "Agents there"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "agents"
    better: ClassVar[str] = ""
    meaning: ClassVar[str] = "agents who were there and not away, averaged over time"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the average for each group; NaN as occupancy."""
        return ratio(groups.agent_time(PRESENT), groups.seconds)


@frozen
class BusyAgents:
    """Number of agents who were busy or in wrap-up, averaged over time."""

    name: ClassVar[str] = "busy_agents"
    title: ClassVar[str] = "Agents at work"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "agents"
    better: ClassVar[str] = ""
    meaning: ClassVar[str] = "agents busy or in wrap-up, averaged over time"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the average for each group; NaN as occupancy."""
        return ratio(groups.agent_time(WORKING), groups.seconds)
