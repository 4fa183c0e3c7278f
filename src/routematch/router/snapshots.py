"""A desk as plain data, and back: what a restart, a hand-over or a bug report needs.

Everything that decides is in it; what only makes decisions fast (columns, lines, timers) is made anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routematch.codec import from_data, to_data
from routematch.codec.plain import check_plain
from routematch.errors import CorruptRecordError, Faults, InvalidInputError, SchemaVersionError
from routematch.model import Offer, Queue
from routematch.router.cases import ENDED, STATUSES, Case
from routematch.router.desk import Desk
from routematch.router.seats import Seat
from routematch.router.settings import OfferRules, RouterSettings

__all__ = ["SNAPSHOT_SCHEMA", "desk_of", "snapshot_of"]

SNAPSHOT_SCHEMA = "routematch/router/1"
_FAMILY = "routematch/router/"


def snapshot_of(desk: Desk) -> dict[str, Any]:
    """Return a desk as plain, JSON-able data; the same desk always gives the same data."""
    return {
        "schema": SNAPSHOT_SCHEMA,
        "now": desk.now,
        "looked_at": desk.looked_at,
        "settings": to_data(desk.settings),
        "offer_rules": None if desk.offer_rules is None else to_data(desk.offer_rules),
        "queues": [to_data(queue) for _, queue in sorted(desk.queues.items())],
        "fingerprint": desk.fingerprint,
        "decisions": desk.decisions,
        "offers_made": desk.offers_made,
        "rotation": desk.rotation,
        "turns": [desk.turns[0], [list(turn) for turn in desk.turns[1]]],
        "given": desk.given,
        "agents": [to_data(seat) for _, seat in sorted(desk.seats.items())],
        "conversations": [to_data(case) for _, case in sorted(desk.cases.items())],
        "offers": [to_data(offer) for _, offer in sorted(desk.offers.items())],
        "revoked": [to_data(offer) for offer in desk.revoked],
        "ended": list(desk.ended),
        "events": list(desk.seen),
        "customers": [[customer, list(map(list, known.items()))] for customer, known in desk.customers.items()],
        "changed": {
            "conversations": sorted(desk.dirty_cases),
            "agents": sorted(desk.dirty_seats),
            "since": desk.dirty_since,
        },
        "waits": desk.waits.to_data(),
    }


def desk_of(data: Mapping[str, Any], looks_at: frozenset[str]) -> Desk:
    """Make a desk from a snapshot.

    Raises
    ------
    SchemaVersionError
        When it was written by another version.
    CorruptRecordError
        When it does not hold together; with every fault that was found.
    """
    check_schema(data, SNAPSHOT_SCHEMA, _FAMILY)
    try:
        check_plain(dict(data))
        desk = _read(data, looks_at)
    except InvalidInputError as error:
        message = f"the snapshot cannot be used: {error}"
        raise CorruptRecordError(message) from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        message = f"the snapshot cannot be used: {type(error).__name__}: {error}"
        raise CorruptRecordError(message) from error
    return desk


def check_schema(data: object, wanted: str, family: str) -> None:
    """Refuse data of another kind or version.

    Raises
    ------
    SchemaVersionError
        When it is of the family but of another version.
    CorruptRecordError
        When it is of another family.
    """
    schema = data.get("schema") if isinstance(data, Mapping) else None
    if schema == wanted:
        return
    if isinstance(schema, str) and schema.startswith(family):
        message = f"it was written as {schema!r}; this version reads {wanted!r}"
        raise SchemaVersionError(message)
    message = f"it is no {wanted!r}: its schema is {schema!r}"
    raise CorruptRecordError(message)


def _read(data: Mapping[str, Any], looks_at: frozenset[str]) -> Desk:
    from routematch.router.estimated_wait import WaitEstimator

    rules = None if data["offer_rules"] is None else from_data(data["offer_rules"], OfferRules)
    queues = from_data(data["queues"], tuple[Queue, ...])
    desk = Desk(from_data(data["settings"], RouterSettings), rules, {queue.id: queue for queue in queues})
    desk.looks_at = looks_at
    for name in ("now", "looked_at", "given", "fingerprint", "decisions", "offers_made", "rotation"):
        setattr(desk, name, data[name])
    desk.turns = (data["turns"][0], tuple((c, a) for c, a in data["turns"][1]))
    desk.seats = {seat.id: seat for seat in from_data(data["agents"], tuple[Seat, ...])}
    desk.cases = {case.id: case for case in from_data(data["conversations"], tuple[Case, ...])}
    desk.offers = {offer.id: offer for offer in from_data(data["offers"], tuple[Offer, ...])}
    desk.revoked = list(from_data(data["revoked"], tuple[Offer, ...]))
    desk.ended, desk.seen = dict.fromkeys(data["ended"]), dict.fromkeys(data["events"])
    desk.customers = {customer: dict(known) for customer, known in data["customers"]}
    desk.waits = WaitEstimator.from_data(data["waits"])
    _check_together(desk)
    desk.stand_up()
    changed = data["changed"]
    desk.dirty_cases = dict.fromkeys(changed["conversations"])
    desk.dirty_seats = dict.fromkeys(changed["agents"])
    desk.dirty_since = changed["since"]
    return desk


def _check_together(desk: Desk) -> None:
    """Refuse a desk whose parts contradict each other."""
    faults = Faults()
    for case in desk.cases.values():
        _check_case(faults, desk, case)
    for offer in desk.offers.values():
        held = desk.cases.get(offer.conversation)
        if held is None or held.offer != offer.id or offer.agent not in desk.seats:
            faults.add("is open for a conversation that does not know it", place=f"offers.{offer.id}")
    for seat in desk.seats.values():
        for identifier in seat.running:
            known = desk.cases.get(identifier)
            if known is None or known.agent != seat.id:
                faults.add("holds a conversation that does not know it", place=f"agents.{seat.id}", given=identifier)
    faults.raise_if_any()


def _check_case(faults: Faults, desk: Desk, case: Case) -> None:
    place = f"conversations.{case.id}"
    if case.status not in STATUSES:
        faults.add("has no such status", place=place, given=case.status)
    if case.status == "active" and (case.agent not in desk.seats or case.id not in desk.seats[case.agent].running):
        faults.add("is active at an agent who does not hold it", place=place, given=case.agent)
    if case.status == "offered" and case.offer not in desk.offers:
        faults.add("is offered, but the offer is not open", place=place, given=case.offer)
    if (case.status in ENDED) != (case.id in desk.ended):
        faults.add("is over, or is not, in one place only", place=place)
