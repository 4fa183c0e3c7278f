"""Why a conversation is held: the reason code, and the rule that stands in the way."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from routematch.policies import Policy
from routematch.routing.review import agents_with_room
from routematch.rules import Presence, Room, Rule
from routematch.state import Trace
from routematch.state.trace import ALLOWED

__all__ = ["reasons_of"]


def reasons_of(trace: Trace) -> dict[int, tuple[str, str | None]]:
    """Return why each held conversation is held.

    Parameters
    ----------
    trace : Trace

    Returns
    -------
    dict from row to (reason, blocked_by)
        The reason is a key of `model.decisions.HELD_REASONS`; `blocked_by` names the rule, or the part that failed,
        where that is the cause.
    """
    held = np.flatnonzero(trace.agent_of < 0).tolist()
    if not len(trace.problem.roster):
        return dict.fromkeys(held, ("no_agents", None))
    own = trace.candidates.refused_of
    by_class: dict[int, tuple[str, str | None]] = {}
    reasons: dict[int, tuple[str, str | None]] = {}
    room = None if isinstance(trace.policy, Policy) else agents_with_room(trace)
    for row in held:
        _, value = trace.candidates_of(row)
        number = int(trace.problem.backlog.class_of[row])
        if len(value):
            reasons[row] = (_lost_out(trace, row, value) if room is None else _left_out(trace, row, room), None)
        elif row in own or row in trace.faulty:
            reasons[row] = _refused(trace, row)
        else:
            if number not in by_class:
                by_class[number] = _refused(trace, row)
            reasons[row] = by_class[number]
    return reasons


def _lost_out(trace: Trace, row: int, value: NDArray[np.float64]) -> str:
    policy = trace.policy
    assert isinstance(policy, Policy)
    waits = trace.option[row] - sum(
        float(urgency[row]) for urgency in trace.urgency.values()
    )  # not lowered for spreading
    best = np.rint(value.max() / policy.resolution) >= np.rint(waits / policy.resolution)
    if not best:
        return "waiting_is_worth_more"
    return "needed_elsewhere" if trace.is_optimal or "mixed" in trace.method else "budget"


def _left_out(trace: Trace, row: int, room: dict[str, NDArray[np.bool_]]) -> str:
    """Judge code: it chose to wait where somebody who fits has room left."""
    agents, _ = trace.candidates_of(row)
    channel = trace.problem.backlog.conversations[row].channel
    return "policy" if room[channel][agents].any() else "at_capacity"


def _refused(trace: Trace, row: int) -> tuple[str, str | None]:
    """Judge by the agents who got furthest: what stopped them is what stands in the way."""
    codes = trace.refusals_of(row)
    if (codes == ALLOWED).any():
        return "fault", next((fault.member for fault in trace.faults), None)
    named = [rule.name for rule in cast("tuple[Rule, ...]", trace.rules)]
    furthest = named[int(codes.max())]
    if furthest == Room.name:
        return "at_capacity", furthest
    if furthest == Presence.name:
        return "nobody_present", furthest
    return "no_eligible_agent", furthest
