"""Agents: every fault with its place, shorthand, shifts."""

import itertools
from datetime import UTC, datetime

import attrs
import pytest

from routematch.errors import InvalidInputError
from routematch.model import Agent, Capacity, Shift


def faults_of(**fields):
    """Return the faults of an agent with these fields, as (place, message)."""
    with pytest.raises(InvalidInputError) as caught:
        Agent(**{"id": "ana", **fields})
    return [(fault.place, fault.message) for fault in caught.value.faults]


WRONG = {
    "no id": ({"id": ""}, "id", "must not be empty"),
    "id of another type": ({"id": 7}, "id", "must be a string"),
    "lone surrogate": ({"id": "a\ud800"}, "id", "can be encoded"),
    "lone surrogate in data": ({"attributes": {"a": [{"b": "\ud800"}]}}, "attributes.a[0].b", "can be encoded"),
    "too long": ({"id": "x" * 1001}, "id", "at most 1000 characters, got 1001"),
    "too many": ({"channels": (str(n) for n in itertools.count())}, "channels", "at most 10000 entries, got 10001"),
    "attributes too deep": (
        {"attributes": {"a": [[[[[[[[[]]]]]]]]]}},
        "attributes.a[0][0][0][0][0][0][0][0]",
        "8 levels",
    ),
    "attributes too large": (
        {"attributes": {"a": [0] * 6000, "b": [0] * 6000}},
        "attributes",
        "10000 entries altogether",
    ),
    "level above 1": ({"skills": {"billing": 1.1}}, "skills.billing", "between 0 and 1"),
    "level below 0": ({"skills": {"billing": -0.1}}, "skills.billing", "between 0 and 1"),
    "level no number": ({"skills": {"billing": "high"}}, "skills.billing", "must be a number"),
    "boolean level": ({"skills": {"billing": True}}, "skills.billing", "must be a number"),
    "skills no mapping": ({"skills": ["billing"]}, "skills", "must be a mapping"),
    "skill without a name": ({"skills": {"": 0.5}}, "skills.", "must not be empty"),
    "negative capacity": ({"capacity": -1}, "capacity", "must be a number of units"),
    "endless capacity": ({"capacity": float("inf")}, "capacity", "must be a number of units"),
    "capacity as text": ({"capacity": "3"}, "capacity", "must be a number of units"),
    "kind near another": ({"kind": "humen"}, "kind", "did you mean 'human'?"),
    "unknown presence": ({"presence": "busy"}, "presence", "known: available, away, offline"),
    "unknown presence of a channel": ({"presence": {"chat": "busy"}}, "presence.chat", "unknown name 'busy'"),
    "presence of another type": ({"presence": 3}, "presence", "must be one of"),
    "negative load": ({"load": -1}, "load", "between 0 and 1e+06"),
    "half a conversation": ({"load": {"chat": 1.5}}, "load.chat", "whole number"),
    "naive datetime": ({"idle_since": datetime(2026, 1, 1)}, "idle_since", "aware datetime"),  # noqa: DTZ001
    "lone channel": ({"channels": "chat"}, "channels", "must be a sequence of names"),
    "channel twice": ({"channels": ["chat", "chat"]}, "channels", "must not name anything twice"),
    "queue no name": ({"queues": ["support", 5]}, "queues[1]", "must be a string"),
    "no weight": ({"weight": 0}, "weight", "must be between 0.01 and 100, got 0"),
    "hardly any weight": ({"weight": 0.009}, "weight", "must be between 0.01 and 100"),
    "too much weight": ({"weight": 101}, "weight", "must be between 0.01 and 100"),
    "attribute no data": ({"attributes": {"boss": object()}}, "attributes.boss", "must be plain data"),
    "version of another type": ({"version": 1.5}, "version", "must be text, a whole number or None"),
    "boolean version": ({"version": True}, "version", "must be text, a whole number or None"),
    "shift no shift": ({"shifts": [(1, 2)]}, "shifts", "must be a sequence of Shift"),
}


@pytest.mark.parametrize(("fields", "place", "message"), WRONG.values(), ids=WRONG)
def test_each_fault_is_reported_with_its_place(fields, place, message):
    """A wrong field is the one fault, at its place, with what is allowed."""
    [(found, told)] = faults_of(**fields)

    assert found == place
    assert message in told


def test_all_faults_are_reported_at_once():
    """Whatever is wrong in any field comes in one error."""
    together = {}
    for fields, place, _ in WRONG.values():
        if place.partition(".")[0].partition("[")[0] not in together:
            together |= fields

    assert {place.partition(".")[0].partition("[")[0] for place, _ in faults_of(**together)} == set(together)


def test_shorthand_and_long_form_are_equal():
    """Lists, integers, datetimes and plain numbers make the same agent as the stored forms."""
    short = Agent(
        "ana",
        {"billing": 1},
        capacity=2,
        load=1,
        channels=["chat"],
        queues=iter(["support"]),
        idle_since=datetime(2026, 1, 1, tzinfo=UTC),
        attributes={"sites": ["berlin"], "team": {"size": 3}},
        shifts=Shift(0, 8),
    )
    stored = Agent(
        "ana",
        {"billing": 1.0},
        capacity=Capacity(2.0),
        load=1.0,
        channels=("chat",),
        queues=("support",),
        idle_since=1767225600.0,
        attributes={"sites": ("berlin",), "team": {"size": 3}},
        shifts=(Shift(0.0, 8.0),),
    )

    assert short == stored
    assert hash(short) == hash(stored)


def test_stored_values_cannot_be_changed():
    """Neither the agent nor its mappings can be changed; a changed copy is made with evolve."""
    given = {"billing": 0.5}
    agent = Agent("ana", given)
    given["billing"] = 0.9

    assert agent.skills == {"billing": 0.5}
    with pytest.raises(TypeError, match="read-only"):
        agent.skills["billing"] = 1.0
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        agent.weight = 2.0
    assert attrs.evolve(agent, weight=2).weight == 2.0


def test_sets_are_stored_in_an_order_of_their_own():
    """A set given for names becomes a sorted tuple, the same in every process."""
    assert Agent("ana", channels={"voice", "chat", "email"}).channels == ("chat", "email", "voice")


@pytest.mark.parametrize(
    ("start", "end", "places"),
    [(1, 1, ["ends_at"]), (2, 1, ["ends_at"]), (None, "x", ["starts_at", "ends_at"])],
    ids=["empty", "reversed", "no instants"],
)
def test_shifts_end_after_they_start(start, end, places):
    """The end of a shift comes after its start, and both are instants."""
    with pytest.raises(InvalidInputError) as caught:
        Shift(start, end)

    assert [fault.place for fault in caught.value.faults] == places
