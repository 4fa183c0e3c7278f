"""Explanations: why this agent, why not that one, why still waiting, what would change it."""

from routematch.explain.conversation import explain_conversation
from routematch.explain.explanation import Alternative, Blocking, Explanation, Refusal, RelaxationEffect, TradeOff

__all__ = ["Alternative", "Blocking", "Explanation", "Refusal", "RelaxationEffect", "TradeOff", "explain_conversation"]
