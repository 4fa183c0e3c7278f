"""One record changes a desk: the only way there is, live and in replay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from routematch.errors import RouterStateError
from routematch.model import Offer
from routematch.model.events import Dispatched, EstimatesChanged, Event, PolicyChanged
from routematch.router import agent_events, conversation_events, offer_events
from routematch.router.desk import Desk
from routematch.terms.shares import given_after

__all__ = ["apply", "check"]


def check(desk: Desk, event: Event) -> None:
    """Refuse a record that does not fit the state.

    Raises
    ------
    RouterStateError
        Nothing is changed.
    """
    fits, _ = _STEPS[type(event)]
    fits(desk, event)


def apply(desk: Desk, event: Event) -> None:
    """Change a desk by a record that fits it."""
    desk.now = event.at if desk.now is None else max(desk.now, event.at)
    desk.remember_event(event.event_id)
    _, step = _STEPS[type(event)]
    step(desk, event)


def _check_dispatched(desk: Desk, event: Dispatched) -> None:
    given, offers = set(), set(desk.offers) if event.placements else set()
    for placement in event.placements:
        case = desk.cases.get(placement.conversation)
        stands = case is not None and case.status == "waiting" and case.id not in given
        is_new = placement.offer is None or (placement.offer not in offers and placement.expires_at is not None)
        if not stands or placement.agent not in desk.seats or not is_new:
            message = f"conversation {placement.conversation!r} cannot be given to agent {placement.agent!r} now"
            raise RouterStateError(message)
        given.add(placement.conversation)
        if placement.offer is not None:
            offers.add(placement.offer)
    for held in event.held:
        case = desk.cases.get(held.conversation)
        if case is None or case.status != "waiting":
            message = f"conversation {held.conversation!r} does not wait, so that nobody can be held back from it"
            raise RouterStateError(message)


def _dispatch(desk: Desk, event: Dispatched) -> None:
    """Carry out a decision."""
    desk.wake(event.at)
    desk.looked_at = event.at
    desk.clear_marks()
    if event.number is not None:
        desk.decisions = event.number + 1
    if event.turns:
        pairs = {placement.agent: placement.conversation for placement in event.placements}
        desk.turns = (desk.rotation, tuple((pairs[agent], agent) for agent in event.turns))
        desk.rotation = event.turns[-1]
    if event.share_half_time is not None:
        desk.given = given_after(desk.given, _given_by(desk, event), event.at, event.share_half_time)
    for placement in event.placements:
        case, seat = desk.cases[placement.conversation], desk.seats[placement.agent]
        case.decision, case.turn = event.number, (seat.assigned_at, event.at)
        case.units = None  # what it cost another agent says nothing of this one
        if event.share_half_time is not None:
            case.given = (placement.units, max(placement.value, 0.0))
        case.begin(seat.id, event.at)
        if placement.offer is None:
            desk.leave(case)
            desk.put(case, seat, event.at)
        else:
            desk.offers_made += 1
            desk.step_out(case)
            assert placement.expires_at is not None
            offer = Offer(
                placement.offer,
                case.id,
                seat.id,
                event.at,
                placement.expires_at,
                placement.units,
                placement.worth,
            )
            desk.offer(case, seat, offer)
    for held in event.held:
        case = desk.cases[held.conversation]
        case.reason, case.blocked_by, case.review_at = held.reason, held.blocked_by, held.review_at
        case.forecast = held.forecast or case.forecast
        desk.wakeups.add(held.review_at, "case", case.id)


def _given_by(desk: Desk, event: Dispatched) -> dict[str, tuple[float, float]]:
    given: dict[str, tuple[float, float]] = dict.fromkeys(desk.seats, (0.0, 0.0))
    for placement in event.placements:
        work, value = given[placement.agent]
        given[placement.agent] = (work + placement.units, value + max(placement.value, 0.0))
    return given


def _change_policy(desk: Desk, event: PolicyChanged) -> None:
    desk.fingerprint = event.fingerprint
    _look_at_all(desk, event.at)


def _change_estimates(desk: Desk, event: EstimatesChanged) -> None:
    _look_at_all(desk, event.at)


def _look_at_all(desk: Desk, at: float) -> None:
    for case in list(desk.lines):
        desk.stand_anew(case, at)


def _always(desk: Desk, event: Event) -> None:
    """Refuse nothing."""


_STEPS: dict[type, tuple[Callable[[Desk, Any], None], Callable[[Desk, Any], None]]] = {
    **conversation_events.STEPS,
    **agent_events.STEPS,
    **offer_events.STEPS,
    Dispatched: (_check_dispatched, _dispatch),
    PolicyChanged: (_always, _change_policy),
    EstimatesChanged: (_always, _change_estimates),
}
