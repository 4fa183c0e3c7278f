"""The nouns: agents, conversations, queues and what is said about them. Plain frozen values, no arrays."""

from routematch.model.agents import Agent, Shift
from routematch.model.calendars import Hours
from routematch.model.capacity import Capacity
from routematch.model.conversations import Conversation, Preference
from routematch.model.decisions import Assignment, Expectation, Held
from routematch.model.estimates import Estimate, Estimates, Interval
from routematch.model.offers import Admission, Attempt, Context, Offer
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
    "Admission",
    "After",
    "Agent",
    "AllOf",
    "AnyOf",
    "Assignment",
    "Attempt",
    "Attribute",
    "Capacity",
    "Condition",
    "Context",
    "Conversation",
    "Estimate",
    "Estimates",
    "Expectation",
    "Held",
    "Hours",
    "Interval",
    "NoneOf",
    "Offer",
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
