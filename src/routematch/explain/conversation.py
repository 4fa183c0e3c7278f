"""Why this agent, why not that one, why still waiting: read off the trace of the decision."""

from __future__ import annotations

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.explain.explanation import (
    Alternative,
    Blocking,
    Explanation,
    PriceNote,
    Refusal,
    RelaxationEffect,
    TradeOff,
)
from routematch.model import AllOf, Condition, Held
from routematch.model.checks import is_a
from routematch.model.evidence import ANYBODY
from routematch.model.frozen import FrozenMap
from routematch.model.instants import first_instant_after
from routematch.model.requirements import ANYONE
from routematch.policies import Policy
from routematch.rules import Rule
from routematch.rules.rule import is_rule
from routematch.state import NO_REQUEST, RequestClass, Trace
from routematch.state.trace import ALLOWED
from routematch.terms import Achievement

__all__ = ["explain_conversation", "parts_that_must_hold"]

_TOLERANCE = 1e-12
#: Steps of the resolution by which rounding and spreading charges may make a loss look smaller than a gain.
_MOST_CHARGED = 100


def explain_conversation(
    trace: Trace, conversation_id: str, *, held: Held | None = None, refusals: int | None = None
) -> Explanation:
    """Explain the answer for one conversation.

    Parameters
    ----------
    trace : Trace
    conversation_id : str
    held : Held, optional
        The answer, where it is held.
    refusals : int, optional
        How many refused agents to name, None for all; with many agents that is most of the work.

    Returns
    -------
    Explanation

    Raises
    ------
    UnknownNameError
        When the conversation was not part of the decision.
    """
    backlog = trace.problem.backlog
    row = backlog.index.get(conversation_id) if is_a(conversation_id, str) else None
    if row is None:
        faults = Faults()
        faults.unknown(conversation_id, known=backlog.ids, what="conversation")
        faults.raise_if_any()
        raise AssertionError
    ties = trace.policy.ties if isinstance(trace.policy, Policy) else ()
    base = Explanation(
        conversation=conversation_id,
        agent=None,
        requires=str(backlog.classes[backlog.class_of[row]].requires),
        value=None,
        hold=float(trace.hold[row]),
        worth=None,
        urgency=FrozenMap({name: float(amounts[row]) for name, amounts in trace.urgency.items()}),
        better=_trade_offs(trace, row),
        refused=_refusals(trace, row, refusals),
        ties=ties,
        now=trace.problem.now,
    )
    chosen = int(trace.agent_of[row])
    return _held(trace, row, base, held) if chosen < 0 else _assigned(trace, row, base, chosen)


def _assigned(trace: Trace, row: int, base: Explanation, chosen: int) -> Explanation:
    value = trace.value_of(row, chosen)
    terms = trace.parts_of(row, chosen)
    return evolve(
        base,
        agent=trace.problem.roster.ids[chosen],
        value=value,
        worth=max(value - base.hold, 0.0),
        terms=FrozenMap(terms),
        achievement_from=_source(trace, row, chosen) if Achievement.name in terms else None,
        runner_up=_runner_up(trace, row, chosen, value),
        margin=_change_needed(trace, row, chosen),
        price=_price_note(trace, row, chosen),
    )


def _price_note(trace: Trace, row: int, agent: int) -> PriceNote | None:
    """Return what the policy's prices say of an agent; None where it has none or they know nothing."""
    policy, problem = trace.policy, trace.problem
    if not isinstance(policy, Policy) or policy.prices is None:
        return None
    name = problem.roster.ids[agent]
    request = problem.backlog.classes[problem.backlog.class_of[row]]
    worth = policy.prices.time_worth(problem, request, name)
    if worth is None:
        return None
    charge = max(-trace.parts_of(row, agent)[policy.prices.name], 0.0)
    note = PriceNote(name, 60.0 * worth.per_second, worth.kept_for, charge)
    if trace.agent_of[row] >= 0:
        return note
    return evolve(note, loss=trace.value_of(row, agent) + charge - float(trace.hold[row]))


def _best_now(trace: Trace, row: int) -> PriceNote | None:
    """Return what prices say of the agent who would have been best for a held conversation."""
    agents, values = trace.candidates_of(row)
    return _price_note(trace, row, int(agents[values.argmax()])) if len(agents) else None


def _change_needed(trace: Trace, row: int, agent: int) -> float | None:
    """Return the smallest change of a pair's value that another plan would take; None where none does or is known."""
    if trace.sensitivity is None:
        return None
    change = trace.sensitivity.change_needed(row, int(trace.candidates.column_of[agent]))
    return change if np.isfinite(change) else None


def _source(trace: Trace, row: int, chosen: int) -> str:
    """Return whether history or declaration stands behind the achievement of a pair."""
    problem = trace.problem
    success = problem.estimates.success
    if problem.roster.ids[chosen] not in success and ANYBODY not in success:
        return "declared"
    known = problem.success(problem.backlog.classes[problem.backlog.class_of[row]])
    return "declared" if known is None else "learned"


def _runner_up(trace: Trace, row: int, chosen: int, value: float) -> Alternative | None:
    agents, values = trace.candidates_of(row)
    others = agents != chosen
    if not others.any():
        return None
    best = int(np.flatnonzero(others)[values[others].argmax()])
    return Alternative(trace.problem.roster.ids[agents[best]], float(values[best]), value - float(values[best]))


def _trade_offs(trace: Trace, row: int) -> tuple[TradeOff, ...]:
    """Return agents who would have been better than the answer, best first, with who needed them more."""
    agents, values = trace.candidates_of(row)
    chosen = int(trace.agent_of[row])
    base = trace.value_of(row, chosen) if chosen >= 0 else float(trace.hold[row])
    gains = values - base
    wanted = [
        int(at) for at in np.argsort(-gains, kind="stable") if gains[at] > _TOLERANCE or (chosen < 0 and gains[at] >= 0)
    ]
    return tuple(_trade_off(trace, row, int(agents[at]), float(gains[at])) for at in wanted[:10])


def _trade_off(trace: Trace, row: int, agent: int, gain: float) -> TradeOff:
    """Return why a better agent was not given; what others would lose is the gain and what it is short of."""
    name, ids = trace.problem.roster.ids[agent], trace.problem.backlog.ids
    short = _change_needed(trace, row, agent)
    holders = np.flatnonzero(trace.agent_of == agent).tolist()
    if not holders:
        return TradeOff(name, gain, None, None, _obstacle(trace), short)
    needed = min(holders, key=lambda holder: (_loss(trace, holder, agent), holder))
    if short is None:
        return TradeOff(name, gain, ids[needed], None, _obstacle(trace))
    policy = trace.policy
    assert isinstance(policy, Policy)
    if short <= _MOST_CHARGED * policy.resolution:
        return TradeOff(name, gain, ids[needed], None, "tie", short)
    return TradeOff(name, gain, ids[needed], gain + short, "needed_more", short)


def _obstacle(trace: Trace) -> str:
    """Return what, other than a conversation that needed the agent more, decides against a better agent."""
    policy = trace.policy
    if not isinstance(policy, Policy):
        return "policy"
    if not trace.is_optimal:
        return "budget"
    if policy.strict_priority:
        return "priority"
    if len(policy.tiers) > 1:
        return "tier"
    return "joint" if "mixed" in trace.method else "charge"


def _loss(trace: Trace, row: int, agent: int) -> float:
    """Return what a conversation would lose without its agent: against its next best at today's prices, or waiting."""
    agents, values = trace.candidates_of(row)
    others = agents != agent
    elsewhere = float((values[others] - trace.agent_price[agents[others]]).max(initial=-np.inf))
    return trace.value_of(row, agent) - max(elsewhere, float(trace.hold[row]))


def _refusals(trace: Trace, row: int, most: int | None) -> tuple[Refusal, ...]:
    """Return who is refused and by which rule, those who got furthest first."""
    roster = trace.problem.roster
    stopped = trace.refusals_of(row).astype(np.intp)
    refused = np.flatnonzero(stopped != ALLOWED)
    found = []
    for agent in refused[np.argsort(-stopped[refused], kind="stable")][:most].tolist():
        rule = _rule(trace, int(stopped[agent]))
        found.append(Refusal(roster.ids[agent], rule.name, _sentence(rule, trace, row, agent)))
    return tuple(found)


def _sentence(rule: Rule, trace: Trace, row: int, agent: int) -> str:
    """Return why a rule refuses; one that cannot say is named."""
    try:
        said = rule.sentence(trace.problem, row, agent)
    except Exception:  # noqa: BLE001 - a broken sentence must not hide the answer
        said = None
    return said if isinstance(said, str) else f"is refused by the rule {rule.name}"


def _rule(trace: Trace, number: int) -> Rule:
    rule = trace.rules[number]
    assert is_rule(rule)
    return rule


def _held(trace: Trace, row: int, base: Explanation, held: Held | None) -> Explanation:
    backlog = trace.problem.backlog
    request = backlog.classes[backlog.class_of[row]]
    if held is not None and held.reason == "fault":
        return evolve(base, reason=held.reason, sentence=held.sentence, review_at=held.review_at)
    now_eligible = _eligible(trace, row, request)
    return evolve(
        base,
        price=_best_now(trace, row) if held is not None and held.reason == "waiting_is_worth_more" else None,
        reason=held.reason if held else None,
        sentence=held.sentence if held else None,
        review_at=held.review_at if held else None,
        blocking=_blocking(trace, row, request, now_eligible),
        relaxations=_relaxations(trace, row, request, now_eligible),
    )


def _eligible(trace: Trace, row: int, request: RequestClass) -> NDArray[np.bool_]:
    """Return who would be eligible if the conversation asked for this; a failing rule refuses."""
    problem = trace.problem
    allowed = np.ones(len(problem.roster), bool)
    for number, rule in enumerate(trace.rules):
        assert is_rule(rule)
        if rule.axes == ("pair",):
            pairs = [
                agent for (r, agent), which in trace.candidates.refused_pairs.items() if r == row and which == number
            ]
            allowed[pairs] = False
            continue
        try:
            answer = np.asarray(rule.allowed(problem, NO_REQUEST if rule.axes == ("agent",) else request))
        except Exception:  # noqa: BLE001 - the fault was reported by the decision
            return np.zeros(len(problem.roster), bool)
        allowed &= answer[problem.roster.profile_of] if rule.axes == ("request", "profile") else answer
    return allowed


def parts_that_must_hold(condition: Condition) -> list[Condition]:
    """Return the parts of a condition that must all hold, the outermost `AllOf` looked into."""
    if isinstance(condition, AllOf):
        return [inner for part in condition.parts for inner in parts_that_must_hold(part)]
    return [condition]


def _blocking(trace: Trace, row: int, request: RequestClass, now_eligible: NDArray[np.bool_]) -> tuple[Blocking, ...]:
    roster = trace.problem.roster
    parts = parts_that_must_hold(request.requires)
    found = []
    for position, part in enumerate(parts):
        rest = AllOf(tuple(other for at, other in enumerate(parts) if at != position))
        without = _eligible(trace, row, evolve(request, requires=rest))
        met_by = int(roster.declared(part).met[roster.profile_of].sum()) if len(roster) else 0
        found.append(Blocking(str(part), met_by, int((without & ~now_eligible).sum())))
    blocking = [entry for entry in found if entry.would_add or not entry.met_by]
    return tuple(sorted(blocking, key=lambda entry: (-entry.would_add, entry.met_by)))


def _relaxations(
    trace: Trace, row: int, request: RequestClass, now_eligible: NDArray[np.bool_]
) -> tuple[RelaxationEffect, ...]:
    problem, backlog = trace.problem, trace.problem.backlog
    queue = problem.queues.get(request.queue) if request.queue is not None else None
    effects = []
    for after in backlog.steps_of(row):
        if after <= backlog.waited[row]:
            continue
        condition = backlog.requirement_at(row, after) or ANYONE
        secondary = queue is None or after >= queue.secondary_after
        later = _eligible(trace, row, evolve(request, requires=condition, secondary=secondary))
        at = first_instant_after(float(backlog.arrived_at[row]), after)
        effects.append(RelaxationEffect(at, after, str(condition), int((later & ~now_eligible).sum())))
    return tuple(effects)
