"""A policy is data: rules, weighted terms, a price, a hold. Presets, and policies from files."""

from routematch.policies.files import dumps, loads, policy_from_data
from routematch.policies.policy import Policy, Weighted, all_rules, usual_urgency
from routematch.policies.presets import (
    PRESETS,
    best_level,
    best_match,
    best_value,
    fastest_first,
    fewest_open,
    first_come_first_served,
    highest_spare_capacity,
    least_loaded,
    least_versatile_first,
    longest_idle,
    nearest_level,
    random,
    round_robin,
)

__all__ = [
    "PRESETS",
    "Policy",
    "Weighted",
    "all_rules",
    "best_level",
    "best_match",
    "best_value",
    "dumps",
    "fastest_first",
    "fewest_open",
    "first_come_first_served",
    "highest_spare_capacity",
    "least_loaded",
    "least_versatile_first",
    "loads",
    "longest_idle",
    "nearest_level",
    "policy_from_data",
    "random",
    "round_robin",
    "usual_urgency",
]
