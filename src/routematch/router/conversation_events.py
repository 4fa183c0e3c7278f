"""What the host reports of conversations: whether it fits the state, and how it changes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import evolve

from routematch.errors import Faults, RouterStateError
from routematch.model.checks import check_name
from routematch.model.events import (
    AssignedExternally,
    ClaimLost,
    ConversationAbandoned,
    ConversationCompleted,
    ConversationEnqueued,
    ConversationEscalated,
    ConversationOverflowed,
    ConversationPaused,
    ConversationReopened,
    ConversationResumed,
    ConversationTransferred,
    ConversationUpdated,
    GraceEnded,
)
from routematch.model.frozen import EMPTY, FrozenMap
from routematch.router.cases import Case
from routematch.router.desk import Desk, with_arrival

__all__ = ["HUMAN", "STEPS", "as_id", "case_of", "drop", "place_at_door"]

#: Where `escalate` sends what a bot could not do.
HUMAN = "human"


def case_of(desk: Desk, identifier: str, *allowed: str) -> Case:
    """Return a case that stands where an event needs it.

    Raises
    ------
    InvalidInputError
        When that is no id.
    RouterStateError
        When there is none, or it stands elsewhere.
    """
    case = desk.cases.get(as_id(identifier, "conversation_id"))
    if case is None:
        message = f"conversation {identifier!r} is not known to the router"
        raise RouterStateError(message)
    if allowed and case.status not in allowed:
        message = f"conversation {identifier!r} is {case.status}, not {' or '.join(allowed)}"
        raise RouterStateError(message)
    return case


def as_id(identifier: object, place: str) -> str:
    """Return an id that somebody asks for.

    Raises
    ------
    InvalidInputError
        When it can be none.
    """
    if not isinstance(identifier, str):
        faults = Faults()
        check_name(faults, place, identifier)
        faults.raise_if_any()
    return identifier  # type: ignore[return-value]  # a string


# --- beginning ------------------------------------------------------------------------------------------------------


def check_enqueued(desk: Desk, event: ConversationEnqueued) -> None:
    """Refuse what entered before; an ended conversation is reopened instead."""
    conversation = event.conversation
    known = desk.cases.get(conversation.id)
    if known is not None:
        hint = "; reopen it instead" if known.is_ended else ""
        message = f"conversation {conversation.id!r} is known already: it is {known.status}{hint}"
        raise RouterStateError(message)
    _check_queue(desk, conversation.queue, "conversation.queue")


def _check_queue(desk: Desk, queue: str | None, place: str) -> None:
    if queue is not None and desk.queues and queue not in desk.queues:
        faults = Faults()
        faults.unknown(queue, known=desk.queues, place=place, what="queue")
        faults.raise_if_any()


def enqueue(desk: Desk, event: ConversationEnqueued) -> None:
    """Let a conversation in, where there is room."""
    at, given = event.at, event.conversation
    starts_at = max(event.earliest_at, at) if event.earliest_at is not None else at
    arrived_at = starts_at if given.arrived_at is None else min(given.arrived_at, starts_at)
    case = Case(with_arrival(given, arrived_at), "scheduled", at, queue=given.queue)
    desk.cases[case.id] = case
    if starts_at > at:
        case.earliest_at = starts_at
        desk.timers.add(starts_at, "start", case.id)
    else:
        place_at_door(desk, case, at)


def place_at_door(desk: Desk, case: Case, at: float) -> None:
    """Let a conversation wait in its queue, in the one that takes what is too much, or refuse it."""
    case.earliest_at = None
    case.affinity = FrozenMap(desk.affinity_of(case, at)) or None
    reason, seen = None, set()
    while case.queue in desk.queues and (trouble := _trouble(desk, case.queue, at)) is not None:
        queue = desk.queues[case.queue]
        reason = reason or trouble
        seen.add(case.queue)
        if queue.overflow is None or queue.overflow in seen:
            case.admitted = f"refused: {trouble}"
            desk.end_case(case, at, "refused")
            return
        case.queue = queue.overflow
    if reason is not None:
        case.admitted = f"overflowed: {reason}"
    desk.join(case, at)


def _trouble(desk: Desk, name: str, at: float) -> str | None:
    queue = desk.queues[name]
    if queue.hours is not None and not queue.hours.is_open(at):
        return "closed"
    if queue.length_limit is not None and desk.lengths.get(name, 0) >= queue.length_limit:
        return "full"
    return None


def check_reopened(desk: Desk, event: ConversationReopened) -> None:
    """Refuse what is not over."""
    case_of(desk, event.conversation, "completed", "abandoned", "refused")


def reopen(desk: Desk, event: ConversationReopened) -> None:
    """Let an ended conversation wait again, from now on; who had it is known."""
    case = desk.cases[event.conversation]
    del desk.ended[case.id]
    case.conversation = evolve(case.conversation, arrived_at=event.at)
    case.ended_at = case.admitted = None
    case.declined, case.excluded = None, ()
    last = next((attempt.agent for attempt in reversed(case.attempts or ()) if attempt.ending == "completed"), None)
    place_at_door(desk, case, event.at)
    if last is not None and case.status == "waiting":
        _pull_towards(desk, case, last, event.at)


def _pull_towards(desk: Desk, case: Case, agent: str, at: float) -> None:
    """Make a waiting conversation prefer an agent who had it."""
    degree = max(desk.settings.return_value, (case.affinity or EMPTY).get(agent, 0.0))
    if degree > 0:
        case.affinity = FrozenMap({**(case.affinity or EMPTY), agent: degree})
        desk.stand_anew(case, at)


def check_resumed(desk: Desk, event: ConversationResumed) -> None:
    """Refuse what is neither paused nor scheduled."""
    case_of(desk, event.conversation, "paused", "scheduled")


def resume(desk: Desk, event: ConversationResumed) -> None:
    """Let a paused conversation wait again, for its agent as long as that is worth it; let a scheduled one begin."""
    case = desk.cases[event.conversation]
    if case.status == "scheduled":
        place_at_door(desk, case, event.at)
        return
    agent, case.resume_at = case.agent, None
    desk.join(case, event.at)
    if agent is not None:
        case.returns = True
        _pull_towards(desk, case, agent, event.at)


# --- change ---------------------------------------------------------------------------------------------------------


def check_updated(desk: Desk, event: ConversationUpdated) -> None:
    """Refuse what is over."""
    case_of(desk, event.conversation.id, "scheduled", "waiting", "offered", "active", "paused")
    _check_queue(desk, event.conversation.queue, "conversation.queue")


def update(desk: Desk, event: ConversationUpdated) -> None:
    """Take over what the host says now; the arrival stays what it was."""
    case = desk.cases[event.conversation.id]
    if case.status == "offered":
        _withdraw(desk, case, event.at)
        desk.stand(case, event.at)
    before = case.conversation
    waits = case.status == "waiting"
    moves = event.conversation.queue != before.queue
    if waits and moves:
        desk.leave(case)
    case.conversation = evolve(event.conversation, arrived_at=before.arrived_at)
    case.view = None
    case.units = None if event.units is None else round(event.units * 1000)
    if moves:
        case.queue = event.conversation.queue
    if waits and moves:
        desk.join(case, event.at)
    elif waits:
        desk.stand_anew(case, event.at)
    elif case.status == "active":
        assert case.agent is not None
        seat = desk.seats[case.agent]
        if not case.interrupted:
            seat.running[case.id] = desk.units_on(case, seat)
        desk.resume_rested(seat)
        desk.mark_seat(seat, event.at)


def _withdraw(desk: Desk, case: Case, at: float) -> None:
    """Revoke the open offer of a conversation."""
    assert case.offer is not None
    desk.end_offer(desk.offers[case.offer], at, "revoked")


# --- going on -------------------------------------------------------------------------------------------------------


def drop(desk: Desk, case: Case, at: float, ending: str, *, wraps_up: bool = False) -> str | None:
    """Take a conversation from wherever it stands; return the agent who held it."""
    agent = case.agent
    if case.status == "active":
        desk.take_back(case, at, ending, wraps_up=wraps_up)
    elif case.status == "offered":
        _withdraw(desk, case, at)
        desk.leave(case)
    elif case.status == "waiting":
        desk.leave(case)
    case.agent, case.resume_at, case.earliest_at = None, None, None
    return agent


def check_abandoned(desk: Desk, event: ConversationAbandoned) -> None:
    """Refuse what is over."""
    case_of(desk, event.conversation, "scheduled", "waiting", "offered", "active", "paused")


def abandon(desk: Desk, event: ConversationAbandoned) -> None:
    """End a conversation without an outcome."""
    case = desk.cases[event.conversation]
    drop(desk, case, event.at, "abandoned", wraps_up=True)
    desk.end_case(case, event.at, "abandoned")


def check_completed(desk: Desk, event: ConversationCompleted) -> None:
    """Refuse what no agent holds, and the outcome of another conversation."""
    case = case_of(desk, event.conversation, "active", "paused")
    outcome = event.outcome
    if outcome is not None and outcome.conversation != case.id:
        message = f"the outcome is of conversation {outcome.conversation!r}, not {case.id!r}"
        raise RouterStateError(message)


def complete(desk: Desk, event: ConversationCompleted) -> None:
    """End a conversation, remember who served the customer, and let the agent wrap up."""
    case = desk.cases[event.conversation]
    agent = drop(desk, case, event.at, "completed", wraps_up=True)
    if event.outcome is not None:
        case.outcomes = (*case.outcomes, event.outcome)
    if agent is not None:
        desk.remember_customer(case, agent, event.at)
    desk.end_case(case, event.at, "completed")


def check_paused(desk: Desk, event: ConversationPaused) -> None:
    """Refuse what neither waits nor is held."""
    case_of(desk, event.conversation, "waiting", "offered", "active")


def pause(desk: Desk, event: ConversationPaused) -> None:
    """Free the units of a conversation, and remember its agent."""
    case = desk.cases[event.conversation]
    agent = drop(desk, case, event.at, "paused")
    case.status, case.since, case.agent = "paused", event.at, agent
    if event.resume_at is not None:
        case.resume_at = max(event.resume_at, event.at)
        desk.timers.add(case.resume_at, "resume", case.id)


def check_transferred(desk: Desk, event: ConversationTransferred) -> None:
    """Refuse what no agent holds."""
    case_of(desk, event.conversation, "active")


def transfer(desk: Desk, event: ConversationTransferred) -> None:
    """Let a conversation wait again with its original arrival, without the agent where that is wanted."""
    case = desk.cases[event.conversation]
    agent = drop(desk, case, event.at, "transferred", wraps_up=True)
    case.transfers += 1
    if event.exclude_agent and agent is not None:
        case.excluded = tuple(dict.fromkeys((*case.excluded, agent)))
    desk.join(case, event.at)


def check_escalated(desk: Desk, event: ConversationEscalated) -> None:
    """Refuse what is over, and queues that are not declared."""
    case_of(desk, event.conversation, "waiting", "offered", "active", "paused")
    if event.to is not None and event.to != HUMAN:
        _check_queue(desk, event.to, "to")


def escalate(desk: Desk, event: ConversationEscalated) -> None:
    """Send a conversation on with its history: to a queue, to a human, or away from whoever had it."""
    case = desk.cases[event.conversation]
    agent = drop(desk, case, event.at, "escalated", wraps_up=True)
    case.escalations += 1
    if event.to is not None and event.to != HUMAN:
        case.queue = event.to
    if agent is not None and event.to != HUMAN:
        case.excluded = tuple(dict.fromkeys((*case.excluded, agent)))
    was_bot = agent in desk.seats and desk.seats[agent].agent.kind == "bot"
    if event.to == HUMAN or (event.to is None and was_bot):
        case.human = True
    desk.join(case, event.at)


def assign(desk: Desk, event: AssignedExternally) -> None:
    """Give a conversation to an agent, whatever was decided before."""
    case, seat = desk.cases[event.conversation], desk.seats[event.agent]
    if case.status == "active" and case.agent == seat.id:
        case.grace_until = None
        return
    drop(desk, case, event.at, "moved")
    case.decision = None  # what the router had placed is over: no claim of it can be lost any more
    case.begin(seat.id, event.at)
    desk.put(case, seat, event.at)


def check_assigned(desk: Desk, event: AssignedExternally) -> None:
    """Refuse what is over, and agents that nobody knows."""
    case_of(desk, event.conversation, "scheduled", "waiting", "offered", "active", "paused")
    if event.agent not in desk.seats:
        message = f"agent {event.agent!r} is not known to the router"
        raise RouterStateError(message)


def check_claim_lost(desk: Desk, event: ClaimLost) -> None:
    """Refuse what the router did not place, or nobody holds any more."""
    case = case_of(desk, event.conversation, "active", "offered")
    if case.decision is None:
        message = f"conversation {case.id!r} was not placed by the router, so no claim of it can be lost"
        raise RouterStateError(message)


def lose_claim(desk: Desk, event: ClaimLost) -> None:
    """Undo a placement: the conversation waits on as before, and the agent keeps its turn."""
    case = desk.cases[event.conversation]
    if case.status == "offered":
        assert case.offer is not None
        _, seat = desk.end_offer(desk.offers[case.offer], event.at, "claim_lost")
    else:
        assert case.agent is not None
        idle_since = desk.seats[case.agent].idle_since
        seat = desk.take_back(case, event.at, "claim_lost", wraps_up=False)
        seat.idle_since = idle_since
        desk.join(case, event.at)
    desk.return_turn(case, seat, event.at)
    if desk.given:
        _take_back_share(desk, case, seat.id)
    case.decision = None
    if case.status == "offered":
        desk.stand(case, event.at)


def _take_back_share(desk: Desk, case: Case, agent: str) -> None:
    """Count out what a lost claim had given; it is moments old, so nothing of it has faded."""
    units, value = case.given
    for kind, amount in (("work", units), ("value", value)):
        amounts = desk.given.get(kind, {})
        desk.given = {**desk.given, kind: {**amounts, agent: max(amounts.get(agent, 0.0) - amount, 0.0)}}


def check_overflowed(desk: Desk, event: ConversationOverflowed) -> None:
    """Refuse what does not wait."""
    case_of(desk, event.conversation, "waiting")
    _check_queue(desk, event.queue, "queue")


def overflow(desk: Desk, event: ConversationOverflowed) -> None:
    """Move a conversation that waited too long to another queue, or refuse it."""
    case = desk.cases[event.conversation]
    desk.leave(case)
    if event.queue is None:
        case.admitted = "refused: waited too long"
        desk.end_case(case, event.at, "refused")
        return
    case.queue, case.admitted = event.queue, "overflowed: waited too long"
    desk.join(case, event.at)


def check_grace_ended(desk: Desk, event: GraceEnded) -> None:
    """Refuse what no agent holds."""
    case_of(desk, event.conversation, "active")


def end_grace(desk: Desk, event: GraceEnded) -> None:
    """Let a conversation wait again whose agent did not come back, with its original arrival."""
    case = desk.cases[event.conversation]
    drop(desk, case, event.at, "lost")
    desk.join(case, event.at)


#: For each kind of record: whether it fits the state, and what it does.
STEPS: dict[type, tuple[Callable[[Desk, Any], None], Callable[[Desk, Any], None]]] = {
    ConversationEnqueued: (check_enqueued, enqueue),
    ConversationUpdated: (check_updated, update),
    ConversationAbandoned: (check_abandoned, abandon),
    ConversationCompleted: (check_completed, complete),
    ConversationPaused: (check_paused, pause),
    ConversationResumed: (check_resumed, resume),
    ConversationTransferred: (check_transferred, transfer),
    ConversationEscalated: (check_escalated, escalate),
    ConversationReopened: (check_reopened, reopen),
    ConversationOverflowed: (check_overflowed, overflow),
    AssignedExternally: (check_assigned, assign),
    ClaimLost: (check_claim_lost, lose_claim),
    GraceEnded: (check_grace_ended, end_grace),
}
