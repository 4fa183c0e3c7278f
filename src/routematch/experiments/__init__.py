"""Experiments: which policy is better, where, and how sure that is; always on the same days, always with intervals."""

from routematch.experiments.baselines import BASELINES, baseline_policies
from routematch.experiments.comparing import PolicyComparison, compare
from routematch.experiments.net_value import NetValue

__all__ = [
    "BASELINES",
    "NetValue",
    "PolicyComparison",
    "baseline_policies",
    "compare",
]
