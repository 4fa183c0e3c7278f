"""When an answer can change by itself: the earliest instant, never later than the true one.

Three things happen without an event. Known steps come: relaxations, shifts, the end of an option. Urgencies drift
apart, so that a held conversation comes to be worth more than a served one. And urgencies drift together: that
changes no order, but it favours serving more conversations, which matters only where more could be served.
"""

from __future__ import annotations

import math
from typing import cast

import numpy as np
from numpy.typing import NDArray

from routematch.model.instants import first_instant_after
from routematch.policies import Policy
from routematch.routing.calls import behaviour_of
from routematch.routing.slack import slacks
from routematch.routing.weighing import has_pairs
from routematch.rules import Rule
from routematch.state import Behaviour, Free, Linear, Monotone, Trace, first_change

__all__ = ["agents_with_room", "next_steps", "review_instants"]


def review_instants(trace: Trace) -> NDArray[np.float64]:
    """Return, for each held conversation, a lower bound on the instant at which its answer can change.

    Parameters
    ----------
    trace : Trace

    Returns
    -------
    ndarray of float64, shape (C,)
        POSIX seconds; infinity where nothing changes by itself, and for conversations that were served.
    """
    problem, policy = trace.problem, trace.policy
    assert isinstance(policy, Policy)
    held = np.flatnonzero(trace.agent_of < 0)
    instants = np.full(len(trace.agent_of), np.inf)
    if not len(held):
        return instants
    steps = next_steps(trace)
    terms = [behaviour_of(entry.term, problem) for entry in policy.terms if entry.weight]
    urgency = [behaviour_of(entry.term, problem) for entry in policy.urgency if entry.weight]
    instants[held] = steps[held]
    competing = held[has_pairs(trace.starts, trace.value)[held]]
    if len(competing):
        together = min(
            float(steps.min()),
            first_change([*terms, *urgency], problem.now),
            _end_of_option(trace, policy),
        )
        instants[competing] = np.minimum(instants[competing], together)
        instants[competing] = np.minimum(instants[competing], _drift(trace, policy, competing))
    return instants


def next_steps(trace: Trace) -> NDArray[np.float64]:
    """Return when what a conversation asks for, or who a rule lets in, changes next: all there is to say of code.

    Parameters
    ----------
    trace : Trace

    Returns
    -------
    ndarray of float64, shape (C,)
        POSIX seconds; infinity where nothing changes.
    """
    problem = trace.problem
    rules = first_change([behaviour_of(rule, problem) for rule in cast("tuple[Rule, ...]", trace.rules)], problem.now)
    return np.minimum(problem.backlog.next_step_at, rules)


def _end_of_option(trace: Trace, policy: Policy) -> float:
    """Return when waiting first stops being worth `option` to somebody."""
    if (not policy.option and policy.prices is None) or policy.max_hold_time is None:
        return math.inf
    backlog = trace.problem.backlog
    ahead = backlog.arrived_at[backlog.waited < policy.max_hold_time]
    return min((first_instant_after(start, policy.max_hold_time) for start in ahead.tolist()), default=math.inf)


def _drift(trace: Trace, policy: Policy, competing: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the earliest instants at which drifting urgencies and values could bring each of some rows in."""
    common, apart, pairs_apart = 0.0, 0.0, 0.0
    for entry in policy.urgency:
        together, differing = _slopes(behaviour_of(entry.term, trace.problem), entry.weight)
        common, apart = common + together, apart + differing
    for entry in policy.terms:
        together, differing = _slopes(behaviour_of(entry.term, trace.problem), entry.weight)
        common, pairs_apart = common + together, pairs_apart + differing
    if math.isinf(common) or math.isinf(apart) or math.isinf(pairs_apart):
        return np.full(len(competing), trace.problem.now)
    gain = apart + 2.0 * pairs_apart * max(int((trace.agent_of >= 0).sum()) + 1, 1)
    if common > 0 and _could_serve_more(trace, competing):
        gain += common
    if gain <= 0:
        return np.full(len(competing), math.inf)
    drift: NDArray[np.float64] = trace.problem.now + slacks(trace)[competing] / gain
    return drift


def _slopes(behaviour: Behaviour, weight: float) -> tuple[float, float]:
    """Return the slope that all entries share, and by how much some may exceed it; infinite where unknown."""
    if weight == 0:
        return 0.0, 0.0
    if isinstance(behaviour, Monotone | Free):
        return math.inf, math.inf
    if isinstance(behaviour, Linear):
        lowest = min(weight * behaviour.rate, weight * (behaviour.rate - behaviour.spread))
        return max(lowest, 0.0), abs(weight * behaviour.spread) + max(-lowest, 0.0)
    return 0.0, 0.0


def _could_serve_more(trace: Trace, competing: NDArray[np.intp]) -> bool:
    """Whether an alternating path leads from a held conversation to an agent with room (Berge, 1957).

    If none does, as many are served as can be. Caps are overlooked, which errs on the safe side.
    """
    has_room = agents_with_room(trace)
    if not len(has_room):
        return False
    given: dict[int, list[int]] = {}
    for row in np.flatnonzero(trace.agent_of >= 0).tolist():
        given.setdefault(int(trace.agent_of[row]), []).append(row)
    channel_of = [request.channel for request in trace.problem.backlog.classes]
    seen = np.zeros(len(trace.problem.roster), bool)
    queue = competing.tolist()
    while queue:
        row = queue.pop()
        agents, _ = trace.candidates_of(row)
        if has_room[channel_of[trace.problem.backlog.class_of[row]]][agents].any():
            return True
        fresh = agents[~seen[agents]]
        seen[fresh] = True
        for agent in fresh.tolist():
            queue.extend(given.get(agent, ()))
    return False


def agents_with_room(trace: Trace) -> dict[str, NDArray[np.bool_]]:
    """Return who has units left for one more after a decision; caps are overlooked.

    Parameters
    ----------
    trace : Trace

    Returns
    -------
    dict from channel to ndarray of bool, shape (A,)
        For each channel that waits, by roster position.
    """
    roster, backlog = trace.problem.roster, trace.problem.backlog
    served = np.flatnonzero(trace.agent_of >= 0)
    channels = np.array([request.channel for request in backlog.classes])[backlog.class_of]
    free = roster.free
    for channel in dict.fromkeys(channels.tolist()):
        of_channel = served[channels[served] == channel]
        np.subtract.at(free, trace.agent_of[of_channel], roster.cost(channel)[trace.agent_of[of_channel]])
    return {channel: free >= roster.cost(channel) for channel in dict.fromkeys(channels.tolist())}
