"""What a report needs of one ledger, and no more: numbers by group, small enough to keep for a thousand replications.

A simulation makes the digest of each replication where it runs and lets the ledger go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.metrics.abandonment import Abandonment, Refusal
from routematch.metrics.batches import over_batches
from routematch.metrics.breakdown import Breakdown
from routematch.metrics.cost import CostPerHour, HandlingCost, StaffCost
from routematch.metrics.fairness import (
    GoodShareFairness,
    OccupancyFairness,
    OccupancySpread,
    TypeWaitSpread,
    WaitGini,
)
from routematch.metrics.handling import MeanHandleTime, MeanWrapUpTime, Transfers
from routematch.metrics.measured import Measured
from routematch.metrics.measuring import Grouped, by
from routematch.metrics.metric import Metric
from routematch.metrics.occupancy import BusyAgents, Occupancy, StaffedAgents, Utilisation
from routematch.metrics.outcomes import (
    DueKept,
    FirstContactResolution,
    Resolution,
    Satisfaction,
    Value,
    ValuePerConversation,
)
from routematch.metrics.service_level import SERVICE_LEVELS, ServiceLevel
from routematch.metrics.time_grid import HALF_HOUR, as_zone
from routematch.metrics.volume import Arrivals, OfferedLoad, QueueLength, Throughput
from routematch.metrics.waits import AverageSpeedOfAnswer, LongestWait, MeanWait, WaitPercentile
from routematch.model.checks import check_number
from routematch.state import Ledger

__all__ = ["Digest", "ReportSettings", "digest"]

_CURVE_POINTS = 31
_CURVE_LIMITS = 6.0
#: More agents than these are not looked at one by one.
_MOST_AGENTS = 5_000
#: More agents than these get no row of their own in a heat map.
_MOST_ROWS = 40


@frozen
class ReportSettings:
    """What a report measures.

    Attributes
    ----------
    within : float
        Limit of the service level, in seconds.
    cost_per_hour : float, or mapping from agent group to float, or None
        None: costs are left out.
    zone : str
        IANA name, for times of day.
    width : float
        Seconds in a piece of the day.
    confidence : float
    """

    within: float = field(default=20.0, kw_only=True)
    cost_per_hour: CostPerHour = field(default=None, kw_only=True)
    zone: str = field(default="UTC", kw_only=True)
    width: float = field(default=HALF_HOUR, kw_only=True)
    confidence: float = field(default=0.95, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check the numbers; the cost and the rest are checked by what uses them."""
        faults = Faults()
        for name in ("within", "width", "confidence"):
            object.__setattr__(self, name, check_number(faults, name, getattr(self, name), above=0))
        faults.raise_if_any()
        as_zone(self.zone)
        StaffCost(per_hour=self.cost_per_hour)

    @property
    def level(self) -> ServiceLevel:
        """The service level."""
        return ServiceLevel(within=self.within)

    def totals(self) -> tuple[Metric, ...]:
        """Return every metric of the whole."""
        levels = (ServiceLevel(within=self.within, definition=definition) for definition in SERVICE_LEVELS)
        return (
            Arrivals(),
            *levels,
            AverageSpeedOfAnswer(),
            MeanWait(),
            *(WaitPercentile(probability=probability) for probability in (0.5, 0.9, 0.95)),
            LongestWait(),
            Abandonment(),
            Refusal(),
            DueKept(),
            FirstContactResolution(),
            Resolution(),
            Satisfaction(),
            Value(),
            ValuePerConversation(),
            StaffCost(per_hour=self.cost_per_hour),
            HandlingCost(per_hour=self.cost_per_hour),
            MeanHandleTime(),
            MeanWrapUpTime(),
            Transfers(),
            Throughput(),
            QueueLength(),
            OfferedLoad(),
            StaffedAgents(),
            Occupancy(),
            Utilisation(),
            OccupancyFairness(),
            OccupancySpread(),
            GoodShareFairness(),
            WaitGini(),
            TypeWaitSpread(),
        )

    def of_conversations(self) -> tuple[Metric, ...]:
        """Return the metrics of groups of conversations."""
        return (
            Arrivals(),
            Value(),
            HandlingCost(per_hour=self.cost_per_hour),
            self.level,
            AverageSpeedOfAnswer(),
            WaitPercentile(probability=0.9),
            Abandonment(),
            FirstContactResolution(),
            Satisfaction(),
            MeanHandleTime(),
        )

    def of_agents(self) -> tuple[Metric, ...]:
        """Return the metrics of groups of agents."""
        return (
            Arrivals(),
            StaffedAgents(),
            Occupancy(),
            Utilisation(),
            MeanHandleTime(),
            Value(),
            FirstContactResolution(),
            Satisfaction(),
            StaffCost(per_hour=self.cost_per_hour),
        )

    def of_time(self) -> tuple[Metric, ...]:
        """Return the metrics of times of day."""
        return (
            Arrivals(),
            OfferedLoad(),
            StaffedAgents(),
            BusyAgents(),
            Occupancy(),
            self.level,
            AverageSpeedOfAnswer(),
            Abandonment(),
        )


@frozen(eq=False)
class Digest:
    """The numbers of one ledger. Make one with `digest`.

    Attributes
    ----------
    settings : ReportSettings
    window : tuple of float
    groups : mapping from tuple of str to Grouped
        By axes: the whole, type, channel, queue, agent group, agent, time of day, and some of them crossed.
    limits : ndarray of float64, shape (L,)
        Seconds.
    answered_within : mapping from type to ndarray of float64, shape (L,)
        Share of each type answered within these limits.
    intervals : mapping from str to Measured
        Intervals of the whole by batches of time; empty where they were not asked for.
    """

    settings: ReportSettings
    window: tuple[float, float]
    groups: Mapping[tuple[str, ...], Grouped]
    limits: NDArray[np.float64]
    answered_within: Mapping[str, NDArray[np.float64]]
    intervals: Mapping[str, Measured] = field(factory=dict)


def digest(ledger: Ledger, settings: ReportSettings | None = None, *, with_intervals: bool = False) -> Digest:
    """Measure everything a report shows of one ledger.

    Parameters
    ----------
    ledger : Ledger
    settings : ReportSettings, optional
    with_intervals : bool
        Whether to make intervals of this ledger alone, by batches of time; replications do without.

    Returns
    -------
    Digest
    """
    chosen = settings or ReportSettings()
    wanted = _wanted(ledger, chosen)
    groups = {axes: by(ledger, axes, metrics, width=chosen.width, zone=chosen.zone) for axes, metrics in wanted.items()}
    limits = np.linspace(0.0, _CURVE_LIMITS * chosen.within, _CURVE_POINTS)
    of_type = Breakdown.of(ledger, ("conversation_type",))
    curves = np.array([ServiceLevel(within=limit).measure(of_type) for limit in limits])
    return Digest(
        chosen,
        ledger.window,
        groups,
        limits,
        {name: curves[:, i] for i, name in enumerate(ledger.conversation_type.names)},
        over_batches(ledger, chosen.totals(), confidence=chosen.confidence) if with_intervals else {},
    )


def _wanted(ledger: Ledger, settings: ReportSettings) -> dict[tuple[str, ...], Sequence[Metric]]:
    """Return which metrics are measured by which axes; axes that have no names are left out."""
    wanted: dict[tuple[str, ...], Sequence[Metric]] = {(): settings.totals()}
    for axis in ("conversation_type", "channel", "queue"):
        if getattr(ledger, axis).names:
            wanted[axis,] = settings.of_conversations()
    if ledger.channel.names and ledger.conversation_type.names:
        wanted["channel", "conversation_type"] = settings.of_conversations()
    wanted["time_of_day",] = settings.of_time()
    agents, groups = len(ledger.agent.names), len(ledger.agent_group.names)
    if groups:
        wanted["agent_group",] = settings.of_agents()
        wanted["agent_group", "time_of_day"] = (Occupancy(),)
    if 0 < agents <= _MOST_AGENTS:
        wanted["agent",] = settings.of_agents()
    rows = "agent_group" if groups else "agent"
    if ledger.conversation_type.names and (groups or 0 < agents <= _MOST_ROWS):
        wanted[rows, "conversation_type"] = (Arrivals(),)
    if not groups and 0 < agents <= _MOST_ROWS:
        wanted["agent", "time_of_day"] = (Occupancy(),)
    return wanted
