"""What queueing theory says, to check against and to staff by: closed forms, the fluid bound, small exact chains.

Useful alone; knows nothing of agents' skills or conversations, only rates and numbers. Rates are per second, times in
seconds. Every function names its source, refuses what it cannot answer, and stays accurate for thousands of agents.

>>> hour = erlang_a(360 / 3600, 1 / 180, 1 / 120, agents=18)
>>> f"{hour.abandonment_probability:.1%} give up, {hour.service_level(20):.1%} answered within 20 s"
'10.3% give up, 69.6% answered within 20 s'
"""

from routematch.theory.blocking import LossResult, erlang_b
from routematch.theory.chains import birth_death, stationary_law
from routematch.theory.constant_service import ConstantServiceResult, constant_service
from routematch.theory.exact import ChainResult, CountPolicy, CountState, exact_chain, static_priority
from routematch.theory.fluid import FluidBound, fluid_bound
from routematch.theory.infinite_agents import InfiniteAgentsResult, infinite_agents
from routematch.theory.optimal import OptimalControl, optimal_control
from routematch.theory.ordered import longest_idle_chain
from routematch.theory.patience import PatienceResult, erlang_a, general_patience
from routematch.theory.single_agent import (
    PriorityResult,
    SingleAgentResult,
    priorities,
    single_agent,
    single_agent_priorities,
)
from routematch.theory.skill_system import SkillSystem
from routematch.theory.staffing import SquareRootStaffing, agents_needed, square_root_staffing
from routematch.theory.waiting import RoomResult, WaitResult, erlang_c, limited_room

__all__ = [
    "ChainResult",
    "ConstantServiceResult",
    "CountPolicy",
    "CountState",
    "FluidBound",
    "InfiniteAgentsResult",
    "LossResult",
    "OptimalControl",
    "PatienceResult",
    "PriorityResult",
    "RoomResult",
    "SingleAgentResult",
    "SkillSystem",
    "SquareRootStaffing",
    "WaitResult",
    "agents_needed",
    "birth_death",
    "constant_service",
    "erlang_a",
    "erlang_b",
    "erlang_c",
    "exact_chain",
    "fluid_bound",
    "general_patience",
    "infinite_agents",
    "limited_room",
    "longest_idle_chain",
    "optimal_control",
    "priorities",
    "single_agent",
    "single_agent_priorities",
    "square_root_staffing",
    "static_priority",
    "stationary_law",
]
