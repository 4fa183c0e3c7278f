"""The nouns: agents, conversations, queues and what is said about them. Plain frozen values, no arrays."""

from routematch.model.agents import Agent, Shift
from routematch.model.capacity import Capacity
from routematch.model.conversations import Conversation, Preference
from routematch.model.decisions import Assignment, Expectation, Held
from routematch.model.estimates import Estimate, Estimates, Interval
from routematch.model.outcomes import Outcome
from routematch.model.queues import Queue
from routematch.model.requirements import (
    After,
    AllOf,
    AnyOf,
    Attribute,
    Condition,
    NoneOf,
    Requirement,
    all_of,
    any_of,
    human_only,
    none_of,
)
from routematch.model.scales import STARS, TEN, TWENTY_REVERSED, Scale

__all__ = [
    "STARS",
    "TEN",
    "TWENTY_REVERSED",
    "After",
    "Agent",
    "AllOf",
    "AnyOf",
    "Assignment",
    "Attribute",
    "Capacity",
    "Condition",
    "Conversation",
    "Estimate",
    "Estimates",
    "Expectation",
    "Held",
    "Interval",
    "NoneOf",
    "Outcome",
    "Preference",
    "Queue",
    "Requirement",
    "Scale",
    "Shift",
    "all_of",
    "any_of",
    "human_only",
    "none_of",
]
