"""What the host reports of agents: whether it fits the state, and how it changes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from routematch.errors import RouterStateError
from routematch.model import Agent
from routematch.model.events import AgentRemoved, AgentUpdated, PresenceChanged, WrapUpEnded, WrapUpStarted
from routematch.router.conversation_events import as_id, drop
from routematch.router.desk import Desk
from routematch.router.seats import FOREVER, Seat

__all__ = ["STEPS", "seat_of"]


def seat_of(desk: Desk, identifier: str) -> Seat:
    """Return an agent's seat.

    Raises
    ------
    InvalidInputError
        When that is no id.
    RouterStateError
        When there is none.
    """
    seat = desk.seats.get(as_id(identifier, "agent_id"))
    if seat is None:
        message = f"agent {identifier!r} is not known to the router"
        raise RouterStateError(message)
    return seat


def check_updated(desk: Desk, event: AgentUpdated) -> None:
    """Let any agent in: one can be added or changed at any time."""


def update(desk: Desk, event: AgentUpdated) -> None:
    """Add an agent, or take over what the host says of it now; offers it can no longer take are revoked."""
    agent, at = event.agent, event.at
    seat = desk.seats.get(agent.id)
    if seat is None:
        seat = desk.seats[agent.id] = Seat(agent, agent.presence, idle_since=agent.idle_since)
        desk.structure += 1
    else:
        desk.structure += _static(seat.agent) != _static(agent)
        seat.agent = agent
        if agent.idle_since is not None:
            seat.idle_since = agent.idle_since
        for identifier in seat.running:
            case = desk.cases[identifier]
            if not case.interrupted:
                seat.running[identifier] = desk.units_on(case, seat)
        _set_presence(desk, seat, agent.presence, at)
        _revoke(desk, seat, at)
        desk.resume_rested(seat)
    desk.mark_seat(seat, at)
    desk.watch_seat(seat, at)


def _static(agent: Agent) -> tuple[object, ...]:
    """Return what columns hold once for all."""
    profile = (agent.skills, agent.kind, agent.channels, agent.queues, agent.attributes)
    return (profile, agent.capacity, agent.weight, agent.shifts)


def check_known(desk: Desk, event: AgentRemoved | PresenceChanged | WrapUpStarted | WrapUpEnded) -> None:
    """Refuse what is said of an agent that nobody knows."""
    seat_of(desk, event.agent)


def remove(desk: Desk, event: AgentRemoved) -> None:
    """Forget an agent; what it was offered and what it held waits again with its original arrival."""
    seat = desk.seats[event.agent]
    _revoke(desk, seat, event.at)
    for identifier in list(seat.running):
        case = desk.cases[identifier]
        drop(desk, case, event.at, "lost")
        desk.join(case, event.at)
    del desk.seats[seat.id]
    for case in desk.lines.named(seat.id):  # who may have waited for it
        desk.mark_case(case, event.at)
    desk.structure += 1
    desk.dirty_seats.pop(seat.id, None)


def change_presence(desk: Desk, event: PresenceChanged) -> None:
    """Let an agent sign in, go away or go offline; a pause after missed offers ends."""
    seat = desk.seats[event.agent]
    seat.paused_until, seat.missed = None, 0
    _set_presence(desk, seat, event.presence, event.at)
    desk.mark_seat(seat, event.at)
    desk.watch_seat(seat, event.at)


def _set_presence(desk: Desk, seat: Seat, presence: object, at: float) -> None:
    before, was_offline = seat.presence, seat.is_offline()
    seat.presence = presence  # type: ignore[assignment]  # checked by the event
    if seat.presence == before:
        return
    if was_offline and not seat.is_offline():
        seat.back_at = seat.idle_since = at
        for identifier in seat.running:
            desk.cases[identifier].grace_until = None
    if seat.presence != "available":
        _revoke(desk, seat, at)
    if seat.is_offline():
        _start_grace(desk, seat, at)


def _start_grace(desk: Desk, seat: Seat, at: float) -> None:
    for identifier in list(seat.running):
        case = desk.cases[identifier]
        grace = desk.settings.grace(case.conversation.channel)
        if grace > 0:
            case.grace_until = at + grace
            desk.timers.add(case.grace_until, "grace", identifier)
        else:
            drop(desk, case, at, "lost")
            desk.join(case, at)


def _revoke(desk: Desk, seat: Seat, at: float) -> None:
    """Revoke all that an agent is offered: a change of presence wins over a late answer."""
    for identifier in list(seat.offers):
        case, _ = desk.end_offer(desk.offers[identifier], at, "revoked")
        desk.stand(case, at)


def start_wrap_up(desk: Desk, event: WrapUpStarted) -> None:
    """Keep an agent from new work."""
    seat = desk.seats[event.agent]
    seat.wrap_up_until = FOREVER if event.ends_at is None else max(event.ends_at, event.at)
    _revoke(desk, seat, event.at)
    desk.timers.add(seat.wrap_up_until, "wrap_up", seat.id)
    desk.watch_seat(seat, event.at)


def end_wrap_up(desk: Desk, event: WrapUpEnded) -> None:
    """Let an agent take new work again."""
    seat, at = desk.seats[event.agent], event.at
    if not event.only_due or (seat.wrap_up_until is not None and seat.wrap_up_until <= at):
        seat.wrap_up_until = None
    seat.wrap_ups = [wrap_up for wrap_up in seat.wrap_ups if event.only_due and wrap_up[0] > at]
    seat.idle_since = at
    desk.resume_rested(seat)
    desk.mark_seat(seat, at)
    desk.watch_seat(seat, at)


STEPS: dict[type, tuple[Callable[[Desk, Any], None], Callable[[Desk, Any], None]]] = {
    AgentUpdated: (check_updated, update),
    AgentRemoved: (check_known, remove),
    PresenceChanged: (check_known, change_presence),
    WrapUpStarted: (check_known, start_wrap_up),
    WrapUpEnded: (check_known, end_wrap_up),
}
