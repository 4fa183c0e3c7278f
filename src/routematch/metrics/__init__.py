"""Metrics say how it went: one number about a ledger, for everything or for each group, with its interval."""

from routematch.metrics.abandonment import Abandonment, Refusal
from routematch.metrics.breakdown import AXES, Breakdown
from routematch.metrics.cost import HandlingCost, StaffCost
from routematch.metrics.fairness import (
    GoodShareFairness,
    OccupancyFairness,
    OccupancySpread,
    TypeWaitSpread,
    WaitGini,
)
from routematch.metrics.family import METRICS
from routematch.metrics.handling import MeanHandleTime, MeanWrapUpTime, Transfers
from routematch.metrics.measuring import Grouped, by, measure, measures
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

__all__ = [
    "AXES",
    "METRICS",
    "SERVICE_LEVELS",
    "Abandonment",
    "Arrivals",
    "AverageSpeedOfAnswer",
    "Breakdown",
    "BusyAgents",
    "DueKept",
    "FirstContactResolution",
    "GoodShareFairness",
    "Grouped",
    "HandlingCost",
    "LongestWait",
    "MeanHandleTime",
    "MeanWait",
    "MeanWrapUpTime",
    "Metric",
    "Occupancy",
    "OccupancyFairness",
    "OccupancySpread",
    "OfferedLoad",
    "QueueLength",
    "Refusal",
    "Resolution",
    "Satisfaction",
    "ServiceLevel",
    "StaffCost",
    "StaffedAgents",
    "Throughput",
    "Transfers",
    "TypeWaitSpread",
    "Utilisation",
    "Value",
    "ValuePerConversation",
    "WaitGini",
    "WaitPercentile",
    "by",
    "measure",
    "measures",
]
