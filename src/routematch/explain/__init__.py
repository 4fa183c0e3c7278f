"""Explanations: why this agent, why not that one, why still waiting, what would change it, what can never work."""

from routematch.explain.conversation import explain_conversation
from routematch.explain.explanation import (
    OBSTACLES,
    Alternative,
    Blocking,
    Explanation,
    PriceNote,
    Refusal,
    RelaxationEffect,
    TradeOff,
)
from routematch.explain.feasibility import check_input
from routematch.explain.findings import FINDINGS, Finding

__all__ = [
    "FINDINGS",
    "OBSTACLES",
    "Alternative",
    "Blocking",
    "Explanation",
    "Finding",
    "PriceNote",
    "Refusal",
    "RelaxationEffect",
    "TradeOff",
    "check_input",
    "explain_conversation",
]
