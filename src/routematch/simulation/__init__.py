"""The simulator: a contact centre as data, days of conversations at the speed of thought, by the code of production."""

from routematch.simulation import files  # registers the classes of this rung with the converter  # noqa: F401
from routematch.simulation.agent_groups import AgentGroup
from routematch.simulation.conversation_types import Callback, ConversationType, Repeat, Transfer
from routematch.simulation.hours import WeeklyHours
from routematch.simulation.result import Comparison, Result
from routematch.simulation.scenario import Scenario
from routematch.simulation.simulating import simulate

__all__ = [
    "AgentGroup",
    "Callback",
    "Comparison",
    "ConversationType",
    "Repeat",
    "Result",
    "Scenario",
    "Transfer",
    "WeeklyHours",
    "simulate",
]
