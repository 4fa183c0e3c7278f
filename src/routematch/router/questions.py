"""What people ask a router between decisions: what next, who could, why. Nothing is changed by asking."""

from __future__ import annotations

from typing import cast

import numpy as np
from attrs import field, frozen

from routematch.explain import Explanation
from routematch.router.cases import Case
from routematch.router.columns import part
from routematch.router.desk import Desk
from routematch.router.dispatching import Decider
from routematch.router.seats import Seat
from routematch.routing.plan import Plan
from routematch.rules import Rule
from routematch.state import Roster, Trace
from routematch.state.trace import ALLOWED

__all__ = ["Candidate", "Suggestion", "candidates_for", "explained", "suggestion_for"]

#: Pairs up to which a suggestion looks at everybody who is free, not at one agent alone.
_MOST_PAIRS = 250_000


@frozen
class Suggestion:
    """What an agent should take next.

    Attributes
    ----------
    agent : str
    conversation : str or None
        None: nothing that waits is worth taking now.
    worth : float
        Policy units.
    reason : str
        In words.
    plan : Plan or None
        What it was read from; ``suggestion.plan.explain(suggestion.conversation)`` says more.
    """

    agent: str
    conversation: str | None
    worth: float
    reason: str
    plan: Plan | None = field(default=None, repr=False, eq=False)


@frozen
class Candidate:
    """An agent who could, or could not, take a conversation.

    Attributes
    ----------
    agent : str
    worth : float or None
        Policy units; None where a rule refuses.
    value : float or None
    free_units : float
    blocked_by : str or None
        The first rule that refuses.
    reason : str
        In words.
    """

    agent: str
    worth: float | None
    value: float | None
    free_units: float
    blocked_by: str | None = None
    reason: str = ""


def suggestion_for(desk: Desk, decider: Decider, roster: Roster, seat: Seat, now: float) -> Suggestion:
    """Return what an agent should take next, as the joint plan of all who are free has it, or by itself."""
    kept_until = seat.kept_until(now, desk.settings)
    if kept_until is not None:
        return Suggestion(seat.id, None, 0.0, "is kept from new work for now")
    cases = desk.lines.heads(1, [seat.id])
    if not cases:
        return Suggestion(seat.id, None, 0.0, "nobody waits")
    plan = _joint(desk, decider, roster, now)
    found = None if plan is None else _given_to(plan, seat)
    if plan is not None and found is not None:
        reason = "the best plan for all who are free gives it this"
        return Suggestion(seat.id, found, plan.assignments[found].worth, reason, plan)
    plan = decider.ask(cases, part(roster, np.array([roster.index[seat.id]], np.intp)), now)
    found = _given_to(plan, seat)
    if found is not None:
        reason = "of all that wait this is worth most with it"
        return Suggestion(seat.id, found, plan.assignments[found].worth, reason, plan)
    reasons = dict.fromkeys(held.sentence for held in plan.held.values())
    return Suggestion(seat.id, None, 0.0, "; ".join(list(reasons)[:3]), plan)


def _joint(desk: Desk, decider: Decider, roster: Roster, now: float) -> Plan | None:
    """Return the plan of everybody who is free; None where that is too much to ask for a suggestion."""
    free = np.flatnonzero(roster.free > 0)
    slots = int(np.ceil(roster.free[free] / 1000).sum())
    cases = desk.lines.heads(slots, [roster.ids[position] for position in free.tolist()])
    if len(cases) * len(free) > _MOST_PAIRS:
        return None
    return decider.ask(cases, roster, now)


def _given_to(plan: Plan, seat: Seat) -> str | None:
    """Return the conversation of greatest worth that a plan gives to an agent."""
    given = [assignment for assignment in plan.assignments.values() if assignment.agent == seat.id]
    return max(given, key=lambda assignment: assignment.worth).conversation if given else None


def candidates_for(decider: Decider, roster: Roster, case: Case, now: float) -> tuple[Candidate, ...]:
    """Return all agents for a conversation, the best first, then those whom a rule refuses, by id."""
    trace = decider.ask([case], roster, now).trace
    agents, values = trace.candidates_of(0)
    value_of = dict(zip(agents.tolist(), values.tolist(), strict=True))
    refusals = trace.refusals_of(0)
    hold, free = float(trace.hold[0]), roster.free / 1000
    able, barred = [], []
    for position in trace.candidates.order.tolist():
        agent, units = roster.ids[position], float(free[position])
        if position in value_of:
            worth = value_of[position] - hold
            own = "holds it now" if agent == case.agent else "can take it"
            able.append(Candidate(agent, worth, value_of[position], units, None, own))
        else:
            blocked_by, reason = _refusal(trace, int(refusals[position]), position)
            barred.append(Candidate(agent, None, None, units, blocked_by, reason))
    able.sort(key=lambda candidate: -(candidate.worth or 0.0))
    return (*able, *sorted(barred, key=lambda candidate: candidate.agent))


def _refusal(trace: Trace, code: int, position: int) -> tuple[str | None, str]:
    if code == ALLOWED:
        return "fault", "a plugged-in part failed for the pair"
    rule = cast("Rule", trace.rules[code])
    return rule.name, rule.sentence(trace.problem, 0, position)


def explained(desk: Desk, decider: Decider, roster: Roster, case: Case, now: float) -> Explanation:
    """Explain why a conversation waits, from a decision about it and all it competes with."""
    slots = int(np.ceil(roster.free / 1000).sum())
    cases = {other.id: other for other in desk.lines.heads(max(slots, 1), list(desk.seats))}
    cases[case.id] = case
    return decider.ask(list(cases.values()), roster, now).explain(case.id)
