"""Experiments: which policy is better, where, and how sure that is; always on the same days, always with intervals."""

from routematch.experiments.baselines import BASELINES, baseline_policies
from routematch.experiments.comparing import PolicyComparison, compare
from routematch.experiments.net_value import NetValue
from routematch.experiments.what_if import what_if
from routematch.experiments.what_if_changes import Concurrency, MoreAgents, Training, Volume
from routematch.experiments.what_if_result import WhatIf

__all__ = [
    "BASELINES",
    "Concurrency",
    "MoreAgents",
    "NetValue",
    "PolicyComparison",
    "Training",
    "Volume",
    "WhatIf",
    "baseline_policies",
    "compare",
    "what_if",
]
