"""The input file: read whole, refused whole, with every fault in one message."""

import contextlib
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routematch.codec import InputFile, dumps, from_data, loads, to_data
from routematch.errors import (
    DuplicateIdError,
    InvalidInputError,
    LimitExceededError,
    RoutematchError,
    SchemaVersionError,
    UnknownNameError,
)
from routematch.model import Agent, Conversation, Estimates, Queue, Requirement
from routematch.testing import strategies

TOML = """
schema = "routematch/input/1"
now = 2026-01-31T09:30:00+01:00
policy = "longest_idle"

[[agents]]
id = "ana"
skills = {billing = 0.9, spanish = 0.8}
idle_since = 2026-01-31T08:00:00Z

[[agents]]
id = "bo"
capacity = {units = 3, costs = {voice = 3}, caps = {vip = 1}}
presence = {chat = "away"}
load = {chat = 1}

[[conversations]]
id = "chat-17"
requires = {billing = 0.5}
prefers = {spanish = 0.3}
excludes = ["bo"]

[[conversations]]
id = "call-1"
channel = "voice"
requires = {skill = "french", at_least = 0.8, relax = [{time = 60, at_least = 0.3}]}

[[queues]]
id = "support"
primary = ["ana"]

[estimates.success.ana]
billing = 0.8

[memory]
turn = 3
"""


def told(data):
    """Return the faults of an input, as (place, message)."""
    with pytest.raises(InvalidInputError) as caught:
        from_data(data, InputFile)
    return [(fault.place, fault.message) for fault in caught.value.faults]


def test_a_file_is_read_whole():
    """Everything a file can say is read, in the shorthand of the constructors."""
    read = from_data(loads(TOML, format="toml"), InputFile)

    assert read.now == 1769848200.0
    assert read.policy == "longest_idle"
    assert read.agents[0] == Agent("ana", {"billing": 0.9, "spanish": 0.8}, idle_since=1769846400.0)
    assert read.agents[1].capacity.cost("voice") == 3.0
    assert read.conversations[0] == Conversation("chat-17", {"billing": 0.5}, prefers={"spanish": 0.3}, excludes=["bo"])
    assert isinstance(read.conversations[1].requires, Requirement)
    assert read.queues == (Queue("support", primary=["ana"]),)
    assert read.estimates == Estimates(success={"ana": {"billing": 0.8}})
    assert read.memory == {"turn": 3}


@pytest.mark.parametrize("data", [{}, {"agents": []}, {"agents": [], "conversations": [], "now": None}], ids=str)
def test_an_empty_file_is_an_empty_input(data):
    """Nobody waiting and nobody working is an input like any other."""
    assert from_data(data, InputFile) == InputFile()


@settings(max_examples=settings().max_examples // 4)
@given(
    strategies.rosters(max_size=2).map(tuple),
    strategies.backlogs(max_size=2).map(tuple),
    strategies.queue_lists().map(tuple),
    st.none() | strategies.estimates(),
    st.none() | strategies.instants(),
)
def test_there_and_back(agents, conversations, queues, estimates, now):
    """An input equals what is read from its JSON and TOML text."""
    whole = InputFile(
        now=now,
        agents=agents,
        conversations=conversations,
        queues=queues,
        policy={"hold": {"aging": 0.5}},
        estimates=estimates,
        memory={"turn": {"support": 3}},
    )

    assert from_data(loads(dumps(to_data(whole))), InputFile) == whole
    assert from_data(loads(dumps(to_data(whole), format="toml"), format="toml"), InputFile) == whole


FAULTY = {
    "schema": 7,
    "now": "noon",
    "policyy": "best_match",
    "tickets": [],
    "policy": 5,
    "agents": [
        {"id": "ana", "skills": {"billing": 7}},
        {"id": "bo", "skilz": {}, "capacity": "x", "idle_since": "2026-01-01"},
        {"skills": {"billing": 0.5}, "weight": -1},
        {"id": "ana", "max_load": 3},
        "cy",
    ],
    "conversations": [
        {"id": "chat-1", "requires": {"any_of": [{"skill": "a", "at_least": 9}]}, "labelz": []},
        {"id": "chat-1", "arrived_at": [], "labels": "vip"},
        {"id": 5},
    ],
    "queues": {"support": {}},
    "estimates": {"success": {"ana": {"billing": 2}}},
    "memory": [],
}


def test_every_fault_of_a_file_is_told_at_once():
    """Wrong values, missing and repeated ids, unknown fields: one error has them all, each with its path."""
    assert sorted(told(FAULTY)) == [
        ("", "unknown field 'policyy'; did you mean 'policy'?"),
        ("", "unknown field 'tickets'; here it is called 'conversations'"),
        ("agents[0].skills.billing", "must be between 0 and 1, got 7"),
        ("agents[1]", "unknown field 'skilz'; did you mean 'skills'?"),
        ("agents[1].capacity", "must be a number, or a mapping with the fields of Capacity, got 'x'"),
        (
            "agents[1].idle_since",
            "must state its offset from UTC, as in 2026-01-31T09:30:00Z or ...+01:00, got '2026-01-01T00:00:00'",
        ),
        ("agents[2].id", "is missing"),
        ("agents[2].weight", "must be between 0.01 and 100, got -1"),
        ("agents[3]", "unknown field 'max_load'; here it is called 'capacity'"),
        ("agents[3].id", "id 'ana' was already given at agents[0].id"),
        ("agents[4]", "must be a mapping with the fields of Agent, got 'cy'"),
        ("conversations[0]", "unknown field 'labelz'; did you mean 'labels'?"),
        ("conversations[0].requires.any_of[0].at_least", "must be between 0 and 1, got 9"),
        ("conversations[1].arrived_at", "must be a number, got []"),
        ("conversations[1].id", "id 'chat-1' was already given at conversations[0].id"),
        ("conversations[1].labels", "must be a sequence of names, got 'vip'"),
        ("conversations[2].id", "must be a string, got 5"),
        ("estimates.success.ana.billing.mean", "must be at most 1, got 2.0"),
        ("memory", "must be a mapping, got []"),
        ("now", "must be an instant: ISO 8601 text as 2026-01-31T09:30:00+01:00, or POSIX seconds, got 'noon'"),
        ("policy", "must be the name of a preset, or a mapping, got 5"),
        ("queues", "must be a list, got {'support': {}}"),
        ("schema", "must be 'routematch/input/1', got 7"),
    ]


@pytest.mark.parametrize("part", sorted(set(FAULTY) - {"tickets", "policyy"}))
def test_faults_of_one_part_do_not_hide_those_of_another(part):
    """Each part of a file is refused with the same faults, alone or among others."""
    alone = told({part: FAULTY[part]})

    assert set(alone) == {fault for fault in told(FAULTY) if fault[0].startswith(part)}


@pytest.mark.parametrize("section", ["agents", "conversations", "queues"])
def test_repeated_ids_are_told_with_both_places(section):
    """Each repetition is told, with the place of the first."""
    data = {section: [{"id": name} for name in ("a", "b", "a", "a", "b")]}
    with pytest.raises(DuplicateIdError) as caught:
        from_data(data, InputFile)

    assert [(fault.place, fault.message) for fault in caught.value.faults] == [
        (f"{section}[2].id", f"id 'a' was already given at {section}[0].id"),
        (f"{section}[3].id", f"id 'a' was already given at {section}[0].id"),
        (f"{section}[4].id", f"id 'b' was already given at {section}[1].id"),
    ]


def test_one_id_may_be_used_in_each_section():
    """An agent, a conversation and a queue may share a name."""
    assert from_data({name: [{"id": "x"}] for name in ("agents", "conversations", "queues")}, InputFile)


def test_words_of_other_vendors_are_translated():
    """Who comes from another system is told our word."""
    with pytest.raises(UnknownNameError) as caught:
        from_data({"workers": [], "contacts": []}, InputFile)

    assert [fault.message for fault in caught.value.faults] == [
        "unknown field 'workers'; here it is called 'agents'",
        "unknown field 'contacts'; here it is called 'conversations'",
    ]


def test_a_newer_form_is_refused_as_such():
    """What a later version wrote is no list of faults of this one."""
    with pytest.raises(SchemaVersionError, match="routematch/input/2"):
        from_data({"schema": "routematch/input/2", "agentz": []}, InputFile)


@pytest.mark.parametrize("data", [[], [{"id": "ana"}], "agents", 5, None, True], ids=str)
def test_the_top_is_a_mapping(data):
    """A list of agents is not yet an input."""
    [(place, message)] = told(data)

    assert place == ""
    assert message.startswith("must be a mapping with agents and conversations, got ")


values = (
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats() | st.text(max_size=3) | st.just("2026-01-01T00:00Z")
)
keys = st.sampled_from(["id", "skills", "requires", "skill", "any_of", "relax", "time", "capacity", "units", "x", ""])
shapes = st.recursive(values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4))
sections = st.sampled_from(["agents", "conversations", "queues", "estimates", "now", "policy", "memory", "schema", "x"])


@settings(max_examples=settings().max_examples // 2)
@given(st.dictionaries(sections, shapes | st.lists(st.dictionaries(keys, shapes, max_size=5), max_size=3)))
def test_any_data_is_read_or_refused(data):
    """Whatever the shape, nothing but the errors of this library comes out."""
    try:
        from_data(data, InputFile)
    except RoutematchError as error:
        str(error).encode(errors="surrogatepass")


def test_every_field_of_every_noun_refuses_every_odd_value_with_its_path():
    """A fault in a field is told below that field, whatever the value."""
    odd = [None, True, -1, "x", [], {}, [[]], [None], {"x": None}, {"": 1}, ["\ud800"], {"skill": None}, 2**70, 1e308]
    for section, cls in (("agents", Agent), ("conversations", Conversation), ("queues", Queue)):
        for field, value in itertools.product((name for name in cls.__slots__ if not name.startswith("_")), odd):
            assert_told_below(f"{section}[0].{field}", {section: [{"id": "a", field: value}]})


def assert_told_below(place, data):
    """Check that the faults of data, if any, have places that begin so."""
    with contextlib.suppress(InvalidInputError):
        from_data(data, InputFile)
        return
    assert all(found.startswith(place) for found, _ in told(data)), (place, data)


@pytest.mark.parametrize("section", ["agents", "conversations", "queues"])
def test_more_entries_than_are_read_are_refused_at_once(section):
    """A million of each are the most; nothing is looked at where there are more."""
    with pytest.raises(LimitExceededError, match=f"{section} has 1,000,001 entries; at most 1,000,000 are read"):
        from_data({section: [{}] * 1_000_001}, InputFile)


@pytest.mark.parametrize("entry", [{}, [], {"id": "same"}, {"id": "same", "other": 1}], ids=repr)
def test_after_thousands_of_faults_the_rest_is_not_looked_at(entry):
    """The last fault says so, and an input of only broken entries takes no longer than one of a few thousand."""
    with pytest.raises(InvalidInputError) as caught:
        from_data({"agents": [entry] * 200_000}, InputFile)
    assert 1_000 < len(caught.value.faults) < 30_000
    assert any(fault.message.startswith("and more: ") for fault in caught.value.faults)
    if entry == {"id": "same"}:
        assert isinstance(caught.value, DuplicateIdError)
