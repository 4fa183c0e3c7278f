"""Every metric by name, in the order of tables; a new one is one file and one line here."""

from __future__ import annotations

from routematch.metrics.abandonment import Abandonment, Refusal
from routematch.metrics.cost import HandlingCost, StaffCost
from routematch.metrics.fairness import (
    GoodShareFairness,
    OccupancyFairness,
    OccupancySpread,
    TypeWaitSpread,
    WaitGini,
)
from routematch.metrics.handling import MeanHandleTime, MeanWrapUpTime, Transfers
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
from routematch.metrics.volume import Arrivals, OfferedLoad, QueueLength, Throughput
from routematch.metrics.waits import AverageSpeedOfAnswer, LongestWait, MeanWait, WaitPercentile

__all__ = ["METRICS"]

_MEMBERS: tuple[Metric, ...] = (
    Arrivals(),
    *(ServiceLevel(definition=definition) for definition in SERVICE_LEVELS),
    AverageSpeedOfAnswer(),
    MeanWait(),
    WaitPercentile(probability=0.5),
    WaitPercentile(probability=0.9),
    WaitPercentile(probability=0.95),
    LongestWait(),
    Abandonment(),
    Refusal(),
    DueKept(),
    FirstContactResolution(),
    Resolution(),
    Satisfaction(),
    Value(),
    ValuePerConversation(),
    StaffCost(),
    HandlingCost(),
    MeanHandleTime(),
    MeanWrapUpTime(),
    Transfers(),
    Throughput(),
    QueueLength(),
    OfferedLoad(),
    StaffedAgents(),
    BusyAgents(),
    Occupancy(),
    Utilisation(),
    OccupancyFairness(),
    OccupancySpread(),
    GoodShareFairness(),
    WaitGini(),
    TypeWaitSpread(),
)

#: Every metric with its usual parameters, by name.
METRICS = {metric.name: metric for metric in _MEMBERS}
