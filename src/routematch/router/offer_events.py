"""How offers end: accepted, declined or expired; each exactly once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from routematch.errors import RouterStateError
from routematch.model import Offer
from routematch.model.events import OfferAccepted, OfferDeclined, OfferExpired
from routematch.router.desk import Desk

__all__ = ["STEPS"]

#: A decline is remembered no longer than this many times the first one.
_LONGEST = 16


def check_answered(desk: Desk, event: OfferAccepted | OfferDeclined | OfferExpired) -> None:
    """Refuse answers to offers that are over."""
    if event.offer not in desk.offers:
        message = f"offer {event.offer!r} is not open: it ended, was revoked, or never was"
        raise RouterStateError(message)


def accept(desk: Desk, event: OfferAccepted) -> None:
    """Give the conversation to the agent who took it."""
    case, seat = desk.end_offer(desk.offers[event.offer], event.at, "accepted")
    seat.missed = 0
    desk.leave(case)
    case.begin_anew(event.at)
    desk.put(case, seat, event.at, was_offered=True)


def decline(desk: Desk, event: OfferDeclined) -> None:
    """Let the conversation wait on; the agent is left alone with it for a while."""
    offer = desk.offers[event.offer]
    desk.end_offer(offer, event.at, "declined")
    desk.seats[offer.agent].missed = 0
    _bar(desk, offer, event.at)


def expire(desk: Desk, event: OfferExpired) -> None:
    """Let the conversation wait on; an agent who was silent too often is paused."""
    offer = desk.offers[event.offer]
    _, seat = desk.end_offer(offer, event.at, "expired")
    rules = desk.offer_rules
    seat.missed += 1
    if rules is not None and rules.pause_after_missed is not None and seat.missed >= rules.pause_after_missed:
        seat.missed, seat.paused_until = 0, event.at + rules.pause_time
        for identifier in list(seat.offers):
            case, _ = desk.end_offer(desk.offers[identifier], event.at, "revoked")
            desk.stand(case, event.at)
        desk.watch_seat(seat, event.at)
    _bar(desk, offer, event.at)


def _bar(desk: Desk, offer: Offer, at: float) -> None:
    """Keep a conversation from an agent for a while, and let it wait on."""
    case = desk.cases[offer.conversation]
    rules = desk.offer_rules
    if rules is not None and rules.repeat_after > 0:
        declined = case.declined if case.declined is not None else {}
        _, times = declined.get(offer.agent, (at, 0))
        until = at + rules.repeat_after * min(2**times, _LONGEST)
        case.declined = {**declined, offer.agent: (until, times + 1)}
    desk.stand(case, at)


STEPS: dict[type, tuple[Callable[[Desk, Any], None], Callable[[Desk, Any], None]]] = {
    OfferAccepted: (check_answered, accept),
    OfferDeclined: (check_answered, decline),
    OfferExpired: (check_answered, expire),
}
