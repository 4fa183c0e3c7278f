"""What one more agent would be worth, read from the prices of a plan."""

from __future__ import annotations

import numpy as np
from attrs import evolve

from routematch.model import Agent
from routematch.policies import Policy
from routematch.routing.admission import admit
from routematch.routing.calls import FaultLog
from routematch.routing.weighing import weigh
from routematch.state import Problem, Roster, Trace

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
        None where the decision was not one proven matching problem.
    """
    policy = trace.policy
    if trace.sensitivity is None or not isinstance(policy, Policy):
        return None
    problem = _with_only(trace.problem, evolve(agent, load=0.0))
    log = FaultLog()
    candidates = admit(problem, policy.rules, np.zeros(1, np.intp), log)
    weighed = weigh(problem, policy, candidates, log)
    value = np.full(len(trace.agent_of), -np.inf)
    rows = np.repeat(np.arange(len(value)), np.diff(weighed.starts))
    value[rows] = weighed.value
    return float(trace.sensitivity.gain_of_agent(value))


def _with_only(problem: Problem, agent: Agent) -> Problem:
    """Return the same decision with a single agent in the roster."""
    return Problem(
        now=problem.now,
        backlog=problem.backlog,
        roster=Roster.of([agent]),
        settings=problem.settings,
        estimates=problem.estimates,
        memory=problem.memory,
        queues=problem.queues,
    )
