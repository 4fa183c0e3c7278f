"""A desk as plain data, and back: what a restart, a hand-over or a bug report needs.

Everything that decides is in it; what only makes decisions fast (columns, lines, timers) is made anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routematch.codec import from_data, to_data
from routematch.codec.plain import check_plain
from routematch.errors import CorruptRecordError, InvalidInputError, LimitExceededError, SchemaVersionError
from routematch.model import Offer, Queue
from routematch.router.cases import Case
from routematch.router.desk import Desk, check_overflow
from routematch.router.estimated_wait import WaitEstimator
from routematch.router.seats import Seat
from routematch.router.settings import OfferRules, RouterSettings
from routematch.router.snapshot_checks import by_id, check_together, check_values
from routematch.state.problem import check_queues

__all__ = ["SNAPSHOT_SCHEMA", "check_schema", "check_snapshot", "desk_of", "snapshot_of"]

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
        "agents": [_seat_data(seat) for _, seat in sorted(desk.seats.items())],
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


def _seat_data(seat: Seat) -> dict[str, Any]:
    """Return a seat as plain data; what has an order is a list, which a column of JSON keeps."""
    data = to_data(seat)
    assert isinstance(data, dict)
    for name in ("running", "offers"):
        if name in data:
            data[name] = [list(entry) for entry in getattr(seat, name).items()]
    return data


def desk_of(data: Mapping[str, Any], looks_at: frozenset[str]) -> Desk:
    """Make a desk from a snapshot.

    Raises
    ------
    SchemaVersionError
        When it was written by another version.
    CorruptRecordError
        When it does not hold together; with every fault that was found.
    """
    check_snapshot(data)
    try:
        check_plain(dict(data))
        desk = _read(data, looks_at)
    except InvalidInputError as error:
        message = f"the snapshot cannot be used: {error}"
        raise CorruptRecordError(message) from error
    except LimitExceededError:
        raise
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, AssertionError) as error:
        message = f"the snapshot cannot be used: {type(error).__name__}: {error}"
        raise CorruptRecordError(message) from error
    return desk


def check_snapshot(data: object) -> None:
    """Refuse what is no snapshot of this version.

    Raises
    ------
    SchemaVersionError, CorruptRecordError
        When it is of another version or kind.
    """
    check_schema(data, SNAPSHOT_SCHEMA, _FAMILY)


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
    check_values(data)
    rules = None if data["offer_rules"] is None else from_data(data["offer_rules"], OfferRules)
    queues = from_data(data["queues"], tuple[Queue, ...])
    desk = Desk(from_data(data["settings"], RouterSettings), rules, check_queues(queues))
    check_overflow(desk.queues)
    desk.looks_at = looks_at
    for name in ("now", "looked_at", "given", "fingerprint", "decisions", "offers_made", "rotation"):
        setattr(desk, name, data[name])
    desk.turns = (data["turns"][0], tuple((c, a) for c, a in data["turns"][1]))
    desk.seats = by_id("agents", from_data(data["agents"], tuple[Seat, ...]))
    desk.cases = by_id("conversations", from_data(data["conversations"], tuple[Case, ...]))
    desk.offers = by_id("offers", from_data(data["offers"], tuple[Offer, ...]))
    desk.revoked = list(from_data(data["revoked"], tuple[Offer, ...]))
    desk.ended, desk.seen = dict.fromkeys(data["ended"]), dict.fromkeys(data["events"])
    desk.customers = {customer: dict(known) for customer, known in data["customers"]}
    desk.waits = WaitEstimator.from_data(data["waits"])
    check_together(desk)
    desk.stand_up()
    changed = data["changed"]
    waiting = [i for i in changed["conversations"] if i in desk.cases and desk.cases[i].status == "waiting"]
    desk.dirty_cases = dict.fromkeys(waiting)
    desk.dirty_seats = dict.fromkeys(changed["agents"])
    desk.dirty_since = changed["since"]
    return desk
