"""Whether a snapshot holds together: what was stored may be cut, changed by hand, or of two minds about one thing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from routematch.errors import Faults
from routematch.model.agents import PRESENCES
from routematch.model.checks import check_instant, check_name, check_number, in_place
from routematch.router.cases import ENDED, STATUSES, Case
from routematch.router.desk import Desk
from routematch.router.estimated_wait import check_forecast
from routematch.router.seats import Seat

__all__ = ["by_id", "check_together", "check_values"]

#: More thousandths of a unit than any agent has.
_MOST_UNITS = 10**12


def check_values(data: Mapping[str, Any]) -> None:
    """Refuse what is no number, no count or no list of names where one must be.

    Raises
    ------
    InvalidInputError
        With every fault that was found.
    """
    faults = Faults()
    changed = data["changed"]
    for place, instant in (*((n, data[n]) for n in ("now", "looked_at")), ("changed.since", changed["since"])):
        check_instant(faults, place, instant)
    for name in ("decisions", "offers_made"):
        if type(data[name]) is not int or data[name] < 0:
            faults.add("must be a whole number of at least 0", place=name, given=data[name])
    if not isinstance(data["fingerprint"], str):
        faults.add("must be text", place="fingerprint", given=data["fingerprint"])
    for name in ("ended", "events"):
        _check_list(faults, name, data[name])
    for name in ("conversations", "agents"):
        _check_list(faults, f"changed.{name}", changed[name])
    _check_memory(faults, data)
    faults.raise_if_any()


def _check_list(faults: Faults, place: str, given: object) -> None:
    if not isinstance(given, list) or not all(isinstance(entry, str) for entry in given):
        faults.add("must be a list of names", place=place, given=given)


def _check_memory(faults: Faults, data: Mapping[str, Any]) -> None:
    """Refuse turns, shares and customers that are none."""
    first, turns = data["turns"]
    names = [name for name in (first, data["rotation"]) if name is not None]
    if not all(isinstance(name, str) for name in (*names, *(name for turn in turns for name in turn))):
        faults.add("must be names", place="turns", given=turns)
    for customer, known in data["customers"]:
        check_name(faults, "customers", customer)
        for agent, at in known:
            check_name(faults, in_place("customers", customer), agent)
            check_number(faults, in_place("customers", customer), at)
    for kind, amounts in data["given"].items():
        for agent, amount in amounts.items() if isinstance(amounts, Mapping) else (("", amounts),):
            check_number(faults, in_place(f"given.{kind}", agent), amount)


def by_id(place: str, parts: tuple[Any, ...]) -> dict[str, Any]:
    """Return parts by id.

    Raises
    ------
    DuplicateIdError
        When one is given twice.
    """
    found: dict[str, Any] = {}
    faults = Faults()
    for position, part in enumerate(parts):
        if part.id in found:
            faults.duplicate(part.id, place=f"{place}[{position}]", first=f"an earlier entry of {place}")
        found[part.id] = part
    faults.raise_if_any()
    return found


def check_together(desk: Desk) -> None:
    """Refuse a desk whose parts contradict each other.

    Raises
    ------
    InvalidInputError
        With every fault that was found.
    """
    faults = Faults()
    for case in desk.cases.values():
        place = f"conversations.{case.id}"
        for message, given in (*_standing(desk, case), *_numbers_of_case(case)):
            faults.add(message, place=place, given=given)
        check_forecast(case.forecast)
    for offer in desk.offers.values():
        held, seat = desk.cases.get(offer.conversation), desk.seats.get(offer.agent)
        if held is None or held.offer != offer.id or held.status != "offered" or seat is None:
            faults.add("is open for a conversation that does not know it", place=f"offers.{offer.id}")
        elif offer.id not in seat.offers:
            faults.add("is open at an agent who does not hold it", place=f"offers.{offer.id}", given=offer.agent)
    for seat in desk.seats.values():
        for message, given in (*_held(desk, seat), *_values_of_seat(seat)):
            faults.add(message, place=f"agents.{seat.id}", given=given)
    for identifier in desk.ended:
        if identifier not in desk.cases:
            faults.add("names a conversation that is not here", place="ended", given=identifier)
    faults.raise_if_any()


_Found = Iterator[tuple[str, object]]


def _standing(desk: Desk, case: Case) -> _Found:
    """Yield what contradicts where a conversation stands."""
    if case.status not in STATUSES:
        yield "has no such status", case.status
    if case.status == "active" and (case.agent not in desk.seats or case.id not in desk.seats[case.agent].running):
        yield "is active at an agent who does not hold it", case.agent
    if case.status == "offered" and case.offer not in desk.offers:
        yield "is offered, but the offer is not open", case.offer
    if case.status == "scheduled" and case.earliest_at is None:
        yield "is scheduled, but for no instant", case.earliest_at
    if (case.status in ENDED) != (case.id in desk.ended):
        yield "is over, or is not, in one place only", case.status


def _numbers_of_case(case: Case) -> _Found:
    """Yield what the types of a case's fields do not tell."""
    if case.conversation.arrived_at is None:
        yield "must have arrived", None
    declined = [entry for until in (case.declined or {}).values() for entry in until]
    turn = [at for at in case.turn or () if at is not None]
    wrong = [number for number in (*case.given, *case.forecast, *declined, *turn) if not _is_finite(number)]
    if wrong:
        yield "holds what should be a number", wrong[0]


def _held(desk: Desk, seat: Seat) -> _Found:
    """Yield what an agent holds that is not its own."""
    for identifier in seat.running:
        known = desk.cases.get(identifier)
        if known is None or known.agent != seat.id or known.status != "active":
            yield "holds a conversation that does not know it", identifier
    for identifier in seat.offers:
        offer = desk.offers.get(identifier)
        if offer is None or offer.agent != seat.id:
            yield "holds an offer that is not open for it", identifier


def _values_of_seat(seat: Seat) -> _Found:
    """Yield what the types of a seat's fields do not tell."""
    by_channel = seat.presence if isinstance(seat.presence, Mapping) else {"": seat.presence}
    for presence in by_channel.values():
        if presence not in PRESENCES:
            yield "has no such presence", presence
    units = (*seat.running.values(), *seat.offers.values(), *(units for _, units, _ in seat.wrap_ups))
    for kept in units:
        if type(kept) is not int or not 0 <= kept <= _MOST_UNITS:
            yield "must hold whole thousandths of units", kept
    for instant in (*seat.recent, *(ends_at for ends_at, _, _ in seat.wrap_ups)):
        if not _is_finite(instant):
            yield "holds what should be an instant", instant


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
