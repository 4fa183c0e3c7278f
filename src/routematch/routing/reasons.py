"""Why a conversation is held: the reason code, and the rule that stands in the way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routematch.policies import Policy
from routematch.rules import Presence, Room, Rule
from routematch.state import Trace

__all__ = ["reason_of"]


def reason_of(trace: Trace, row: int) -> tuple[str, str | None]:
    """Return the reason code of a held conversation, and the blocking rule where one is the cause.

    Parameters
    ----------
    trace : Trace
    row : int
        Position of a held conversation in the backlog.

    Returns
    -------
    reason : str
        A key of `model.decisions.HELD_REASONS`.
    blocked_by : str or None
    """
    if not len(trace.problem.roster):
        return "no_agents", None
    _, value = trace.candidates_of(row)
    if len(value):
        return _lost_out(trace, row, value), None
    codes = [trace.refusal(row, agent) for agent in range(len(trace.problem.roster))]
    refused = [code for code in codes if code is not None]
    if len(refused) < len(codes):
        return "fault", None
    return _refused(trace.rules, refused)


def _lost_out(trace: Trace, row: int, value: NDArray[np.float64]) -> str:
    policy = trace.policy
    if not isinstance(policy, Policy):
        return "policy"
    best = np.rint(value.max() / policy.resolution) >= np.rint(trace.hold[row] / policy.resolution)
    if not best:
        return "waiting_is_worth_more"
    return "needed_elsewhere" if trace.is_optimal or "mixed" in trace.method else "budget"


def _refused(rules: tuple[object, ...], refused: list[int]) -> tuple[str, str | None]:
    """Judge by the agents who got furthest: what stopped them is what stands in the way."""
    named: list[Rule] = [rule for rule in rules if isinstance(rule, Rule)]
    furthest = named[max(refused)]
    if furthest.name == Room.name:
        return "at_capacity", furthest.name
    if furthest.name == Presence.name:
        return "nobody_present", furthest.name
    counts = np.bincount(refused)
    return "no_eligible_agent", named[int(counts.argmax())].name
