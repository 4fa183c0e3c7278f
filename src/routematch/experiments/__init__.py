"""Experiments: which policy is better, where, and how sure that is; always on the same days, always with intervals."""

from routematch.experiments import suite
from routematch.experiments.advise import Advice, Relaxation, advise
from routematch.experiments.baselines import BASELINES, baseline_policies
from routematch.experiments.benchmarking import Benchmark, benchmark
from routematch.experiments.comparing import PolicyComparison, compare
from routematch.experiments.guard import Judgement, guard, judge
from routematch.experiments.guard_rates import priced_for
from routematch.experiments.net_value import NetValue
from routematch.experiments.staff import ServiceTarget, Staffing, staff
from routematch.experiments.tuning import Tuned, tune
from routematch.experiments.what_if import what_if
from routematch.experiments.what_if_changes import Concurrency, MoreAgents, Training, Volume
from routematch.experiments.what_if_result import WhatIf

__all__ = [
    "BASELINES",
    "Advice",
    "Benchmark",
    "Concurrency",
    "Judgement",
    "MoreAgents",
    "NetValue",
    "PolicyComparison",
    "Relaxation",
    "ServiceTarget",
    "Staffing",
    "Training",
    "Tuned",
    "Volume",
    "WhatIf",
    "advise",
    "baseline_policies",
    "benchmark",
    "compare",
    "guard",
    "judge",
    "priced_for",
    "staff",
    "suite",
    "tune",
    "what_if",
]
