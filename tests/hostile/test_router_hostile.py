"""Wrong, huge and hostile input to a router: refused by name, or answered; never an error from inside, never a hang."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import routematch as rm
from routematch.errors import (
    CorruptRecordError,
    InvalidInputError,
    RouterStateError,
    SchemaVersionError,
    UnknownNameError,
)
from routematch.model.events import ConversationEnqueued, Dispatched, HeldRecord, Placement, WrapUpEnded
from routematch.router import HostConversation, HostState, OfferRules, Router, RouterSettings
from routematch.router.journals import read_journal, record_of, write_journal

#: Nothing that could be an id.
NO_IDS: list[Any] = [None, True, 1, 1.5, b"a", [], {}, set(), np.array([1, 2]), bytearray(b"a"), ""]
ASKED = ["status", "agent_of", "context", "explain", "estimated_wait"]


def busy_router() -> Router:
    """Return a router with an offer, something active and something that waits."""
    router = Router([rm.Agent("ana"), rm.Agent("bo")], offers=20)
    for name in ("a", "b", "c"):
        router.enqueue(rm.Conversation(name), 0)
    offer = router.dispatch(0).offers[0]
    router.accept(offer.id, 1)
    return router


def dispatch_while_due(router: Router, now: float) -> int:
    """Call a router as a host does; return how often it had to be called again at the same instant."""
    router.dispatch(now)
    for times in range(50):
        if router.next_wakeup is None or router.next_wakeup > now:
            return times
        router.dispatch(now)
    pytest.fail("a host that calls again while a wake-up is due is never done")


# --- arguments --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", NO_IDS, ids=repr)
@pytest.mark.parametrize("question", ASKED)
def test_what_can_be_no_conversation_is_no_question(question: str, given: object):
    """Asking about something that is no id names the argument, also where it cannot be looked up."""
    router = busy_router()
    before = router.snapshot()

    with pytest.raises((InvalidInputError, RouterStateError)):
        getattr(router, question)(given)
    assert router.snapshot() == before


@pytest.mark.parametrize("given", NO_IDS, ids=repr)
def test_what_can_be_no_agent_is_no_question(given: Any):
    """As for conversations."""
    router = busy_router()

    with pytest.raises((InvalidInputError, RouterStateError)):
        router.load(given)
    with pytest.raises((InvalidInputError, RouterStateError)):
        router.next_for(given, 1)


@pytest.mark.parametrize("given", [5, True, "a", [1], ("a",), np.array([1]), {1: "available"}, {"a": 5}], ids=repr)
@pytest.mark.parametrize("name", ["conversations", "agents"])
def test_host_states_of_the_wrong_kind_are_refused(name: str, given: Any):
    """Each mapping of a host is checked before anything is compared."""
    with pytest.raises(InvalidInputError, match=name):
        HostState(**{name: given})


def test_statuses_of_the_wrong_kind_are_refused():
    """An array is no status."""
    with pytest.raises(InvalidInputError, match="status"):
        HostConversation(np.array([1, 2]))  # type: ignore[arg-type]  # on purpose


def test_a_string_is_the_status_of_a_host_conversation():
    """The short form of a host's state is taken."""
    router = busy_router()
    found = router.reconcile(HostState({"a": "closed", "b": "waiting", "c": "closed"}), 2)

    assert {drift.subject for drift in found} >= {"a", "c"}
    assert router.status("b") in {"waiting", "offered"}


@pytest.mark.parametrize("holidays", [None, 5, "2026-12-25"], ids=repr)
def test_holidays_of_the_wrong_kind_are_refused(holidays: Any):
    """What is no sequence is named."""
    with pytest.raises(InvalidInputError, match="holidays"):
        rm.Hours(holidays=holidays)


@pytest.mark.parametrize("zone", [5, None, [], "Mars/Base", "../../etc/passwd", "\ud800", "a\0b", ""], ids=ascii)
def test_zones_that_do_not_exist_are_refused(zone: Any):
    """Whatever is given as a zone."""
    with pytest.raises(InvalidInputError, match="zone"):
        rm.Hours(zone)


def test_only_due_is_true_or_false():
    """Records are checked in every field."""
    with pytest.raises(InvalidInputError, match="only_due"):
        WrapUpEnded("ana", 0.0, only_due="yes")  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize("given", [None, 5, {}, [5], "ab"], ids=repr)
def test_what_is_no_journal_is_refused(given: Any):
    """Also where it cannot be gone through."""
    if given == {}:
        given = {"a": 1}
    with pytest.raises(InvalidInputError, match="journal"):
        Router.replay(given)
    with pytest.raises(InvalidInputError, match="journal"):
        Router.restore(busy_router().snapshot(), journal=given)


# --- time that does not move ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("now", [0.0, 1.8e9, 9e14, -9e14])
@pytest.mark.parametrize(
    "rules",
    [OfferRules(1e-12, repeat_after=0, pause_after_missed=None), OfferRules(1e-12, repeat_after=1e-12)],
    ids=["at once", "soon"],
)
def test_offers_too_short_for_the_clock_still_end_later(rules: OfferRules, now: float):
    """An offer ends after the instant it was made at, even where adding its time changes nothing."""
    router = Router([rm.Agent("ana"), rm.Agent("bo")], offers=rules)
    router.enqueue(rm.Conversation("a"), now)

    assert dispatch_while_due(router, now) == 0
    assert router.next_wakeup is not None
    assert router.next_wakeup > now


@pytest.mark.parametrize("now", [1.8e9, 9e14, -9e14])
def test_reviews_too_soon_for_the_clock_still_come_later(now: float):
    """As for offers."""
    router = Router([rm.Agent("ana")], settings=RouterSettings(review_time=1e-12))
    router.enqueue(rm.Conversation("a", affinity={"ana": 3}), now)
    router.dispatch(now)
    router.enqueue(rm.Conversation("b", affinity={"ana": 3}), now)

    assert dispatch_while_due(router, now) == 0


@pytest.mark.parametrize("limits", [(0, 0), (60, 60), (1e-9, 0)])
def test_a_circle_of_wait_limits_is_refused(limits: tuple[float, float]):
    """Nothing goes round for ever, also when the clock jumps by years."""
    first = rm.Queue("first", wait_limit=limits[0], overflow="second")
    second = rm.Queue("second", wait_limit=limits[1], overflow="first")

    with pytest.raises(InvalidInputError, match=r"by wait limits alone @ queues\.first\.overflow"):
        Router(queues=[first, second])
    with pytest.raises(InvalidInputError, match="by wait limits alone"):
        Router(queues=[rm.Queue("own", wait_limit=5, overflow="own")])


def test_a_circle_that_a_length_limit_closes_is_allowed():
    """At the door a circle ends in a refusal, and who waits too long goes round once."""
    queues = [rm.Queue("first", wait_limit=5, overflow="second"), rm.Queue("second", overflow="first", length_limit=0)]
    router = Router(queues=queues)
    router.enqueue(rm.Conversation("a", queue="first"), 0)
    router.dispatch(1e9)

    assert router.status("a") == "waiting"


def test_overflow_to_an_undeclared_queue_is_refused():
    """Where a conversation would go must exist: in replay nobody could say where it went."""
    with pytest.raises(UnknownNameError, match="frist"):
        Router(queues=[rm.Queue("first", wait_limit=5, overflow="frist")])


# --- what was stored --------------------------------------------------------------------------------------------------


def stored() -> dict[str, Any]:
    """Return a snapshot as it comes back from a file."""
    data: dict[str, Any] = json.loads(json.dumps(busy_router().snapshot()))
    return data


def test_a_wait_can_be_estimated_right_after_a_restart():
    """Nothing must have been decided before."""
    router = Router.restore(stored())

    assert router.estimated_wait("c", 5).position >= 1


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("now",), "late"),
        (("decisions",), -1),
        (("decisions",), "3"),
        (("offers_made",), None),
        (("seed",), "x"),
        (("rotation",), 5),
        (("fingerprint",), 5),
        (("given",), {"work": {"ana": "much"}}),
        (("ended",), [5]),
        (("ended",), ["nobody"]),
        (("changed", "since"), "now"),
        (("changed", "agents"), "ana"),
        (("policy", "option"), "x"),
        (("policy",), {"schema": 5}),
        (("customers",), [["k", [["ana", "x"]]]]),
        (("agents", 0, "running"), {"a": "x"}),
        (("agents", 0, "presence"), None),
        (("agents", 0, "recent"), ["x"]),
        (("agents", 0, "offers"), {"offer-9": 1000}),
        (("agents", 1, "running"), {"b": 1000}),
        (("conversations", 0, "status"), "lost"),
        (("conversations", 0, "agent"), "nobody"),
        (("conversations", 0, "status"), "waiting"),
        (("conversations", 2, "status"), "active"),
        (("conversations", 2, "status"), "scheduled"),
        (("conversations", 2, "declined"), {"ana": ["x", 1]}),
        (("conversations", 2, "forecast"), [1.0, 2.0]),
        (("conversations", 2, "conversation", "arrived_at"), None),
        (("offers", 0, "agent"), "nobody"),
        (("offers",), []),
    ],
    ids=str,
)
def test_a_snapshot_that_contradicts_itself_is_refused(place: tuple[Any, ...], value: object):
    """Whatever was changed in it, it is refused when read, not found out later."""
    data = stored()
    part = data
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = value

    with pytest.raises(CorruptRecordError):
        Router.restore(data)


@pytest.mark.parametrize("name", ["agents", "conversations", "offers", "queues"])
def test_a_snapshot_with_something_twice_is_refused(name: str):
    """The last of two records of one conversation does not silently win."""
    router = Router([rm.Agent("ana"), rm.Agent("bo")], offers=20, queues=[rm.Queue("q")])
    router.enqueue(rm.Conversation("a", queue="q"), 0)
    router.dispatch(0)
    data = json.loads(json.dumps(router.snapshot()))
    data[name] = [*data[name], *data[name]]

    with pytest.raises(CorruptRecordError, match="already given"):
        Router.restore(data)


@pytest.mark.parametrize("missing", sorted(busy_router().snapshot()))
def test_a_snapshot_with_a_part_missing_is_refused(missing: str):
    """All parts must be there; without a policy the default one would decide unasked."""
    data = stored()
    del data[missing]

    with pytest.raises((CorruptRecordError, SchemaVersionError)):
        Router.restore(data)


@pytest.mark.parametrize(
    "record",
    [
        Dispatched(at=1.0, placements=(Placement("c", "ana", 1, 1, 1), Placement("c", "bo", 1, 1, 1))),
        Dispatched(at=1.0, placements=(Placement("c", "ana", 1, 1, 1, offer="offer-9"),)),
        Dispatched(at=1.0, placements=(Placement("c", "ana", 1, 1, 1, offer="offer-2", expires_at=9.0),)),
        Dispatched(at=1.0, held=(HeldRecord("nobody", "at_capacity"),)),
        Dispatched(at=1.0, held=(HeldRecord("a", "at_capacity"),)),
        Dispatched(at=1.0, placements=5),  # type: ignore[arg-type]  # on purpose
        Dispatched(at=1.0, placements=(Placement("c", "ana", 1, 1, 1),), turns=("nobody",)),
        ConversationEnqueued(rm.Conversation("c"), 1.0),
    ],
    ids=range(8),
)
def test_a_journal_that_does_not_fit_is_refused(record: Any):
    """A damaged decision is refused as one, never an error from inside."""
    with pytest.raises((CorruptRecordError, RouterStateError)):
        Router.restore(stored(), journal=[record])


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "null",
        "5",
        "[" * 100_000,
        '{"event":' * 20_000,
        '{"event":"claim_lost","conversation":"a","conversation":"b","at":1.0}',
        '{"event":"claim_lost","conversation":"a","at":NaN}',
        '{"event":"claim_lost","conversation":"a","at":1e999}',
        '{"event":"claim_lost","conversation":"\\ud800","at":1.0}',
        '{"event":["claim_lost"],"conversation":"a","at":1.0}',
        '{"event":"claim_lost","conversation":"a","at":1.0,"more":1}',
        '{"event":"claim_lost","conversation":"' + "a" * 10_000_000 + '","at":1.0}',
        '{"event":"claim_lost","conversation":"a","at":' + "9" * 10_000 + "}",
    ],
    ids=range(14),
)
def test_a_line_that_is_no_record_is_refused(line: str):
    """Whatever it holds, however deep or long it is."""
    with pytest.raises(CorruptRecordError):
        record_of(line)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"schema":"routematch/journal/1","seed":"x"}',
        b'{"schema":"routematch/journal/1","policy":{"schema":5}}',
        b'{"schema":"routematch/journal/1","offers":5}',
        b'{"schema":"routematch/journal/1","queues":{"a":1}}',
        b'{"schema":"routematch/journal/1","seed":1,"seed":2}',
    ],
    ids=range(8),
)
def test_a_journal_without_a_head_is_refused(head: bytes, tmp_path: Path):
    """The first line says how the router was set up; one that says nonsense is named."""
    path = tmp_path / "journal.jsonl"
    path.write_bytes(head + b"\n")

    with pytest.raises(CorruptRecordError):
        read_journal(path)


def test_a_journal_cut_anywhere_is_refused_or_shorter(tmp_path: Path):
    """A torn file gives the records before the tear, where that is wanted, and never anything else."""
    path = tmp_path / "journal.jsonl"
    router = busy_router()
    write_journal(path, router)
    whole, records = path.read_bytes(), router.journal
    head = whole.index(b"\n") + 1
    for length in range(head, len(whole), 37):
        path.write_bytes(whole[:length])
        read = read_journal(path, torn_tail=True).records
        assert read == records[: len(read)]


# --- memory -----------------------------------------------------------------------------------------------------------


def test_instants_that_no_longer_matter_are_forgotten():
    """What was to happen in years and was cancelled leaves nothing behind, though an earlier instant still stands."""
    router = Router([rm.Agent("ana")], settings=RouterSettings(keep_ended=10))
    router.enqueue(rm.Conversation("callback"), 0, earliest_at=1e7)
    for number in range(3_500):
        router.enqueue(rm.Conversation(f"a-{number}"), 0, earliest_at=1e8 + number)
        router.abandon(f"a-{number}", 0)

    assert len(router._core.desk.timers) < 3_000
    assert router.next_wakeup == 1e7


def test_presences_that_nobody_has_any_more_are_forgotten(monkeypatch: pytest.MonkeyPatch):
    """Agents who name ever new channels do not fill the memory."""
    monkeypatch.setattr("routematch.router.columns._MOST_PRESENCES", 50)
    router = Router([rm.Agent("ana")])
    for number in range(200):
        router.set_presence("ana", {f"line-{number}": "away", "chat": "available"}, number)
        router.enqueue(rm.Conversation(f"a-{number}"), number)
        assert router.dispatch(number).pairs()
        router.complete(f"a-{number}", number)

    assert len(router._core.live._presences) < 60


def test_requests_that_were_made_once_are_forgotten(monkeypatch: pytest.MonkeyPatch):
    """Where every conversation asks for something else, what is known of waits stays as large as what waits."""
    monkeypatch.setattr("routematch.router.waits._MOST_SHARES", 2_000)
    router = Router([rm.Agent("ana", {"x": 1})])
    router.enqueue(rm.Conversation("busy"), 0)
    router.assign_externally("busy", "ana", 0)
    for number in range(1, 400):
        router.enqueue(rm.Conversation(f"a-{number}", {"x": number / 1_000}), number)
        router.dispatch(number)
        if number > 20:
            router.abandon(f"a-{number - 20}", number)

    board = router._core.decider.board
    assert sum(map(len, board._shares.values())) < 2_100
    assert len(board._crews) < 200
