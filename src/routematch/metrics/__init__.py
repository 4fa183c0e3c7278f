"""Metrics say how it went: one number about a ledger, for everything or for each group, with its interval."""

from routematch.metrics.abandonment import Abandonment, Refusal
from routematch.metrics.breakdown import AXES, Breakdown
from routematch.metrics.comparison import Difference, PairedConversations, compare, difference, holm, paired
from routematch.metrics.cost import HandlingCost, StaffCost
from routematch.metrics.digest import Digest, ReportSettings, digest
from routematch.metrics.fairness import (
    GoodShareFairness,
    OccupancyFairness,
    OccupancySpread,
    TypeWaitSpread,
    WaitGini,
)
from routematch.metrics.family import METRICS
from routematch.metrics.handling import MeanHandleTime, MeanWrapUpTime, Transfers
from routematch.metrics.intervals import (
    Measured,
    Until,
    after,
    batch_means,
    mser5,
    over_batches,
    over_replications,
    student_t,
    truncated_start,
    until,
)
from routematch.metrics.ledger_report import LedgerReport, ledger_charts, ledger_report, ledger_tables
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
from routematch.metrics.selection import Selection, select_best
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
    "Difference",
    "Digest",
    "DueKept",
    "FirstContactResolution",
    "GoodShareFairness",
    "Grouped",
    "HandlingCost",
    "LedgerReport",
    "LongestWait",
    "MeanHandleTime",
    "MeanWait",
    "MeanWrapUpTime",
    "Measured",
    "Metric",
    "Occupancy",
    "OccupancyFairness",
    "OccupancySpread",
    "OfferedLoad",
    "PairedConversations",
    "QueueLength",
    "Refusal",
    "ReportSettings",
    "Resolution",
    "Satisfaction",
    "Selection",
    "ServiceLevel",
    "StaffCost",
    "StaffedAgents",
    "Throughput",
    "Transfers",
    "TypeWaitSpread",
    "Until",
    "Utilisation",
    "Value",
    "ValuePerConversation",
    "WaitGini",
    "WaitPercentile",
    "after",
    "batch_means",
    "by",
    "compare",
    "difference",
    "digest",
    "holm",
    "ledger_charts",
    "ledger_report",
    "ledger_tables",
    "measure",
    "measures",
    "mser5",
    "over_batches",
    "over_replications",
    "paired",
    "select_best",
    "student_t",
    "truncated_start",
    "until",
]
