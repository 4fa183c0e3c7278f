"""What one more agent would be worth, read from the prices of a plan."""

from __future__ import annotations

import numpy as np
from attrs import evolve

from routematch.model import Agent, Capacity
from routematch.policies import Policy
from routematch.routing.admission import admit
from routematch.routing.calls import FaultLog
from routematch.routing.decide import decide
from routematch.routing.weighing import weigh
from routematch.state import Roster, Trace

__all__ = ["gain_of_agent"]


def gain_of_agent(trace: Trace, agent: Agent) -> float | None:
    """Return the gain of one more agent who takes one conversation, in policy units.

    Only the newcomer's own values are computed; what they are worth to the plan follows from what each conversation
    would lose without its place in it.

    Parameters
    ----------
    trace : Trace
    agent : Agent
        Its load does not count.

    Returns
    -------
    float or None
        Exact where the decision was one proven matching problem; otherwise (mixed costs, several tiers) the
        difference to a second decision, as sure as the gaps of both. None for policies in code.
    """
    policy = trace.policy
    if not isinstance(policy, Policy):
        return None
    if trace.sensitivity is None:
        return _by_deciding_again(trace, policy, evolve(agent, load=0.0, capacity=Capacity(1)))
    problem = trace.problem.with_columns(roster=Roster.of([evolve(agent, load=0.0)]))
    log = FaultLog()
    candidates = admit(problem, policy.rules, np.zeros(1, np.intp), log)
    weighed = weigh(problem, policy, candidates, log)
    value = np.full(len(trace.agent_of), -np.inf)
    rows = np.repeat(np.arange(len(value)), np.diff(weighed.starts))
    value[rows] = weighed.value
    return float(trace.sensitivity.gain_of_agent(value))


def _by_deciding_again(trace: Trace, policy: Policy, agent: Agent) -> float:
    """Return the difference that one more agent makes to a second decision."""
    problem = trace.problem
    again = problem.with_columns(roster=Roster.of([*problem.roster.agents, agent]))
    return decide(again, policy, np.random.default_rng(0)).worth - trace.worth
