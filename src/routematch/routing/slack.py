"""How far a held conversation is from being served: what the cheapest exchange that serves it would lose.

Two plans differ by exchanges that do not touch each other: a held conversation takes the place of a served one, which
moves to another agent, and so on, until one ends at an agent with room or is held instead. In a best plan every
exchange loses something, its slack. So a conversation stays held for as long as drifting numbers can make up for less
than the slack of its own cheapest exchange, whatever happens to the others.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from routematch.policies import Policy
from routematch.state import Trace

__all__ = ["slacks"]

#: Rounding, before and after, of one conversation that comes in and one that goes out.
_ROUNDING = 2.0


class _Entries(NamedTuple):
    """Eligible pairs: row, agent, worth in steps, and whether the agent has room left for it."""

    row: NDArray[np.intp]
    agent: NDArray[np.intp]
    worth: NDArray[np.float64]
    has_room: NDArray[np.bool_]


def slacks(trace: Trace) -> NDArray[np.float64]:
    """Return how much each held conversation falls short of being served.

    Parameters
    ----------
    trace : Trace

    Returns
    -------
    ndarray of float64, shape (C,)
        Policy units, a lower bound; infinity where no exchange could serve it, meaningless where it is served. All 0
        where exchanges cannot be told apart: mixed costs, more than one tier, a plan that is not proven best.
    """
    policy = trace.policy
    assert isinstance(policy, Policy)
    size = len(trace.agent_of)
    if "mixed" in trace.method or not trace.is_optimal or len(policy.tiers) > 1:
        return np.zeros(size)
    entries = _entries(trace, policy)
    losses = _losses(trace, entries)
    if losses is None:
        return np.zeros(size)
    short = np.full(size, np.inf)
    np.minimum.at(short, entries.row, np.where(entries.has_room, 0.0, losses[entries.agent]) - entries.worth)
    if policy.strict_priority and (entries.worth < 0).any():
        # Here worth comes second: a pair that comes to be worth its while may change who is served at once.
        short = np.minimum(short, -entries.worth[entries.worth < 0].max())
    return np.maximum(short - _ROUNDING, 0.0) * policy.resolution


def _entries(trace: Trace, policy: Policy) -> _Entries:
    eligible = trace.value > -np.inf
    row = np.repeat(np.arange(len(trace.agent_of)), np.diff(trace.starts))[eligible]
    agent = trace.candidates.order[trace.columns[eligible]]
    worth = np.rint(trace.value[eligible] / policy.resolution) - np.rint(trace.hold / policy.resolution)[row]
    return _Entries(row, agent, worth, _room_by_class(trace)[trace.problem.backlog.class_of[row], agent])


def _room_by_class(trace: Trace) -> NDArray[np.bool_]:
    """Return which agents could take one more of each request class after this plan, shape (K, A)."""
    roster, backlog = trace.problem.roster, trace.problem.backlog
    served = np.flatnonzero(trace.agent_of >= 0)
    agent_of, class_of = trace.agent_of[served], backlog.class_of[served]
    free = roster.free
    names = [roster.capped_names.intersection((c.channel, *c.labels)) for c in backlog.classes]
    left = {name: roster.room_under_cap(name).copy() for name in sorted(set().union(*names))}
    for number, request in enumerate(backlog.classes):
        takers = agent_of[class_of == number]
        if len(takers):
            np.subtract.at(free, takers, roster.cost(request.channel)[takers])
            for name in names[number]:
                capped = takers[left[name][takers] >= 0]
                np.subtract.at(left[name], capped, 1)
    room = np.array([free >= roster.cost(request.channel) for request in backlog.classes])
    for number, capping in enumerate(names):
        for name in capping:
            room[number] &= left[name] != 0
    return room


def _losses(trace: Trace, entries: _Entries) -> NDArray[np.float64] | None:
    """Return what giving up one unit loses, by agent (the largest prices); None where that does not settle.

    The cheapest exchanges are shortest paths (Bellman, 1958): a conversation is held instead, or moves on.
    """
    agents = len(trace.problem.roster)
    serving = trace.agent_of[entries.row]
    own = serving == entries.agent
    worth_of = np.zeros(len(trace.agent_of))
    worth_of[entries.row[own]] = entries.worth[own]
    losses = np.full(agents, np.inf)
    np.minimum.at(losses, serving[own], entries.worth[own])
    moves = (serving >= 0) & ~own
    source, target = serving[moves], entries.agent[moves]
    step = worth_of[entries.row[moves]] - entries.worth[moves]
    ends = entries.has_room[moves]
    for _ in range(agents + 1):
        after = losses.copy()
        np.minimum.at(after, source, np.maximum(step + np.where(ends, 0.0, losses[target]), 0.0))
        if (after == losses).all():
            return losses
        losses = after
    return None
