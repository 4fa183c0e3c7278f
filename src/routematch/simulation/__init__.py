"""The simulator: a contact centre as data, days of conversations at the speed of thought, by the code of production."""

from routematch.simulation import files  # registers the classes of this rung with the converter  # noqa: F401
from routematch.simulation.agent_groups import AgentGroup
from routematch.simulation.calibration import calibrate
from routematch.simulation.calibration_result import Calibration
from routematch.simulation.conversation_types import Callback, ConversationType, Repeat, Transfer
from routematch.simulation.history import LearnedHistory, learn_history
from routematch.simulation.hours import WeeklyHours
from routematch.simulation.present import Present
from routematch.simulation.reporting import report_of_results
from routematch.simulation.reporting_policies import simulate_report
from routematch.simulation.result import Comparison, Result
from routematch.simulation.scenario import Scenario
from routematch.simulation.simulating import simulate
from routematch.simulation.weekly_check import check_scenario

__all__ = [
    "AgentGroup",
    "Calibration",
    "Callback",
    "Comparison",
    "ConversationType",
    "LearnedHistory",
    "Present",
    "Repeat",
    "Result",
    "Scenario",
    "Transfer",
    "WeeklyHours",
    "calibrate",
    "check_scenario",
    "learn_history",
    "report_of_results",
    "simulate",
    "simulate_report",
]
