"""A journal as lines of JSON: one record each, readable, appendable, and readable again after a crash.

>>> from routematch.model.events import ConversationAbandoned
>>> line = line_of(ConversationAbandoned("chat-17", 60.0))
>>> line
'{"event":"conversation_abandoned","conversation":"chat-17","at":60.0}'
>>> record_of(line) == ConversationAbandoned("chat-17", 60.0)
True
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from attrs import field, frozen

from routematch.codec import from_data, to_data
from routematch.codec.text import loads
from routematch.errors import CorruptRecordError, Faults, InvalidInputError, LimitExceededError
from routematch.model import Estimates, Queue
from routematch.model.checks import check_count
from routematch.model.events import EVENTS, Event
from routematch.policies import Policy, policy_from_data
from routematch.router.router import Router
from routematch.router.settings import OfferRules, RouterSettings
from routematch.router.snapshots import check_schema

__all__ = ["JOURNAL_SCHEMA", "Journal", "append_journal", "line_of", "read_journal", "record_of", "write_journal"]

JOURNAL_SCHEMA = "routematch/journal/1"
_FAMILY = "routematch/journal/"
_NAMES = {kind: name for name, kind in EVENTS.items()}


@frozen
class Journal:
    """What a journal file holds: how the router was set up, and its records.

    Attributes
    ----------
    settings : RouterSettings
    offers : OfferRules or None
    queues : tuple of Queue
    seed : int
    policy : Policy or None
        None where code decided.
    estimates : Estimates
    records : tuple of Event
    """

    settings: RouterSettings = field(factory=RouterSettings)
    offers: OfferRules | None = None
    queues: tuple[Queue, ...] = ()
    seed: int = 0
    policy: Policy | None = None
    estimates: Estimates = field(factory=Estimates)
    records: tuple[Event, ...] = ()

    def replay(self) -> Router:
        """Return the router as the records leave it."""
        return Router.replay(
            self.records,
            policy=self.policy,
            offers=self.offers,
            estimates=self.estimates,
            queues=self.queues,
            seed=self.seed,
            settings=self.settings,
        )


def line_of(event: Event) -> str:
    """Return a record as one line of JSON, without the end of line."""
    data = to_data(event)
    assert isinstance(data, dict)
    return _dumps({"event": _NAMES[type(event)], **data})


def record_of(line: str) -> Event:
    """Return the record on a line.

    Raises
    ------
    CorruptRecordError
        When the line is no record.
    """
    try:
        data: Any = loads(line)
        name = data.pop("event")
        record: Event = from_data(data, EVENTS[name])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, LimitExceededError) as error:
        message = f"no record of a journal: {type(error).__name__}: {error}"
        raise CorruptRecordError(message) from error
    return record


def write_journal(path: str | Path, router: Router, records: Iterable[Event] | None = None) -> None:
    """Write the head of a journal and its records; None: all that the router has."""
    head = {"schema": JOURNAL_SCHEMA, **router.setup()}
    with Path(path).open("w", encoding="utf-8", newline="\n") as file:
        file.write(_dumps(head) + "\n")
        file.writelines(line_of(record) + "\n" for record in (router.journal if records is None else records))


def append_journal(path: str | Path, records: Iterable[Event]) -> None:
    """Add records to a journal that was begun with `write_journal`."""
    with Path(path).open("a", encoding="utf-8", newline="\n") as file:
        file.writelines(line_of(record) + "\n" for record in records)


def read_journal(path: str | Path, *, torn_tail: bool = False) -> Journal:
    """Read a journal.

    Parameters
    ----------
    path : str or Path
    torn_tail : bool
        Whether a last line that was cut off by a crash is left out instead of refused.

    Raises
    ------
    SchemaVersionError, CorruptRecordError
        Naming the line.
    """
    with Path(path).open("rb") as file:
        lines = iter(enumerate(file, start=1))
        head = _head(next(lines, (1, b""))[1])
        records = tuple(_records(lines, torn_tail=torn_tail))
    return Journal(records=records, **head)


def _records(lines: Iterator[tuple[int, bytes]], *, torn_tail: bool) -> Iterator[Event]:
    for number, raw in lines:
        is_torn = not raw.endswith(b"\n")
        try:
            yield record_of(raw.decode("utf-8"))
        except (CorruptRecordError, UnicodeDecodeError) as error:
            if is_torn and torn_tail:
                return
            message = f"line {number}: {error}"
            raise CorruptRecordError(message) from error


def _head(raw: bytes) -> dict[str, Any]:
    try:
        data: Any = loads(raw)
    except (InvalidInputError, LimitExceededError) as error:
        message = f"line 1: no head of a journal: {error}"
        raise CorruptRecordError(message) from error
    if isinstance(data, dict) and "event" in data and "schema" not in data:
        raise CorruptRecordError(
            "line 1: a record, but no head: `write_journal` begins a journal, `append_journal` adds"
        )
    check_schema(data, JOURNAL_SCHEMA, _FAMILY)
    faults = Faults()
    head: dict[str, Any] = {"seed": check_count(faults, "seed", data.get("seed", 0))}
    kinds = {"settings": RouterSettings, "offers": OfferRules, "queues": tuple[Queue, ...], "estimates": Estimates}
    for name, kind in kinds.items():
        try:
            if data.get(name) is not None:
                head[name] = from_data(data[name], kind)
        except InvalidInputError as error:
            faults.extend(error.faults, below=name)
    if isinstance(data.get("policy"), dict) and "code" not in data["policy"]:
        try:
            head["policy"] = policy_from_data(data["policy"])
        except InvalidInputError as error:
            faults.extend(error.faults, below="policy")
    if faults:
        message = f"line 1: {InvalidInputError(faults)}"
        raise CorruptRecordError(message)
    return head


def _dumps(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
