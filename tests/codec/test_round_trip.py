"""Objects survive the way to data, to text and back."""

import json
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routematch.codec import dumps, fingerprint, from_data, loads, to_data
from routematch.model import (
    STARS,
    After,
    Agent,
    AllOf,
    Assignment,
    Attribute,
    Capacity,
    Condition,
    Conversation,
    Estimate,
    Estimates,
    Expectation,
    Held,
    Interval,
    Outcome,
    Preference,
    Queue,
    Requirement,
    Shift,
    all_of,
    any_of,
    human_only,
    none_of,
)
from routematch.testing import strategies

NOUNS = {
    "agents": (Agent, strategies.agents()),
    "assignments": (Assignment, strategies.assignments()),
    "capacities": (Capacity, strategies.capacities()),
    "conditions": (Condition, strategies.conditions(depth=3)),
    "conversations": (Conversation, strategies.conversations()),
    "estimates": (Estimates, strategies.estimates()),
    "held": (Held, strategies.held()),
    "outcomes": (Outcome, strategies.outcomes()),
    "preferences": (Preference, strategies.preferences()),
    "queues": (Queue, strategies.queues()),
    "requirements": (Requirement, strategies.requirements()),
    "rosters": (tuple[Agent, ...], st.lists(strategies.agents(), max_size=2).map(tuple)),
}

#: Texts and numbers that formats like to spoil.
ODD = Agent(
    "a\0b\u202e\U0001f642 \"'\\\n\t\x7f=[]",
    {"\u00e9.\u00e8": 0.1 + 0.2, " ": 5e-324, "#": 1.0},
    attributes={
        "large": 2**70,
        "small": -0.1,
        "no": False,
        "text": "\r\n",
        "list": [[], {}, [1, "x"]],
        "x": {"y z": 1e-7},
    },
    idle_since=1e15,
    version=-(2**63) - 1,
)
CORNERS = {
    "odd texts and numbers": ODD,
    "a step": After(60, drop=True),
    "a shift": Shift(0.5, 1.5),
    "an expectation": Expectation("v1", 3, 0.5),
    "an interval": Interval(1.0, 0.5, 1.5),
    "a scale": STARS,
    "an estimate": Estimate(0.5),
    "anyone": AllOf(()),
    "a skill called skill": Conversation("c", {"skill": 0.5, "any_of": 1}),
    "a skill called human_only": Conversation("c", "human_only"),
    "one skill twice": Conversation("c", all_of({"a": 0.5}, {"a": 0.7})),
    "one wish twice": Conversation("c", prefers=[Preference("a", 1), Preference("a", 2)]),
    "a wish for a level": Conversation("c", prefers=[Preference(Requirement("a", 0.5), 1)]),
    "all of all of": Conversation("c", all_of(all_of({"a": 0.5, "b": 0.7}), "c")),
    "any of all of": Conversation("c", any_of(all_of({"a": 0.5, "b": 0.7}), human_only)),
    "forbidden": Conversation("c", none_of({"a": 0.5, "b": 0.7}, human_only, relax=[After(60, drop=True)])),
    "an attribute": Attribute("floor", one_of=(1, 2.5, "x", True), at_least=1, at_most=3, relax=After(1, drop=True)),
    "false": Attribute("remote", equals=False),
    "empty text": Attribute("team", equals=""),
    "channels, but none": Agent("a", channels=(), queues=[], presence={}, load={}),
}


def check(noun, cls):
    """Check all ways there and back."""
    data = to_data(noun)
    assert from_data(data, cls) == noun
    assert from_data(loads(dumps(data)), cls) == noun
    table = loads(dumps({"it": data}, format="toml"), format="toml")
    assert from_data(table["it"], cls) == noun
    assert fingerprint(table["it"]) == fingerprint(data)


@pytest.mark.parametrize(("cls", "nouns"), NOUNS.values(), ids=NOUNS)
def test_there_and_back(cls, nouns):
    """Every noun equals what is read from its data, and from its JSON and TOML text."""
    fewer = settings(max_examples=settings().max_examples // 3)
    fewer(given(nouns)(lambda noun: check(noun, cls)))()


@pytest.mark.parametrize("noun", CORNERS.values(), ids=CORNERS)
def test_corners_there_and_back(noun):
    """So do nouns whose data could be taken for something else."""
    check(noun, type(noun))


@settings(max_examples=settings().max_examples // 4)
@given(strategies.agents(), strategies.conversations())
def test_texts_are_strict(agent, conversation):
    """What is written can be read by the readers of the standard library."""
    for noun in (agent, conversation):
        assert json.loads(dumps(to_data(noun))) == to_data(noun)
        assert tomllib.loads(dumps(to_data(noun), format="toml")) == to_data(noun)


def test_defaults_are_left_out_and_fields_keep_their_order():
    """Data says what was stated, in the order of the class, in its shortest form."""
    agent = Agent(
        "ana", version=3, capacity=2, skills={"b": 0.5, "a": 1}, attributes={"sites": ("x",)}, shifts=[Shift(0, 1)]
    )
    chat = Conversation("c", {"b": 0.5}, prefers={"a": 1}, labels=["vip"], value=1.0)

    assert list(to_data(agent).items()) == [
        ("id", "ana"),
        ("skills", {"b": 0.5, "a": 1.0}),
        ("capacity", 2.0),
        ("attributes", {"sites": ["x"]}),
        ("version", 3),
        ("shifts", [{"starts_at": 0.0, "ends_at": 1.0}]),
    ]
    assert to_data(chat) == {"id": "c", "requires": {"b": 0.5}, "prefers": {"a": 1.0}, "labels": ["vip"]}
    assert to_data(Capacity(2, caps={"vip": 1})) == {"units": 2.0, "caps": {"vip": 1}}
    assert to_data(human_only) == "human_only"
    assert to_data(Agent("ana")) == {"id": "ana"}


@given(strategies.capacities(), strategies.capacities())
def test_equal_objects_have_equal_fingerprints(one, other):
    """Fingerprints tell objects apart as equality does."""
    assert (fingerprint(to_data(one)) == fingerprint(to_data(other))) is (one == other)


@given(st.data())
def test_data_holds_nothing_but_plain_values(data):
    """No tuple, no frozen mapping, no subclass reaches a file."""
    stack = [to_data(data.draw(st.one_of([nouns for _, nouns in NOUNS.values()])))]
    while stack:
        value = stack.pop()
        assert type(value) in {dict, list, str, int, float, bool, type(None)}
        stack += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
