"""Conditions as data: short forms, condition objects, and how the two are told apart."""

import pytest

from routematch.codec import from_data
from routematch.errors import InvalidInputError
from routematch.model import (
    After,
    AllOf,
    AnyOf,
    Attribute,
    Condition,
    Conversation,
    NoneOf,
    Requirement,
    human_only,
)
from routematch.model.requirements import ANYONE, MAX_PARTS

A, B = Requirement("a", 0.5), Requirement("b", 0.7)

READ = {
    "skill mapping": ({"a": 0.5, "b": 0.7}, AllOf((A, B))),
    "nothing": ({}, ANYONE),
    "name": ("a", Requirement("a")),
    "human only": ("human_only", human_only),
    "list": (["human_only", {"a": 0.5, "b": 0.7}, "c"], AllOf((human_only, A, B, Requirement("c")))),
    "skill": ({"skill": "a", "at_least": 0.5}, A),
    "skill relaxed": (
        {"skill": "a", "at_least": 0.5, "relax": [{"time": 60, "at_least": 0.3}, {"time": 180, "drop": True}]},
        Requirement("a", 0.5, (After(60, at_least=0.3), After(180, drop=True))),
    ),
    "attribute": ({"attribute": "site", "equals": "berlin"}, Attribute("site", "berlin")),
    "attribute one of": (
        {"attribute": "floor", "one_of": [1, 2], "at_least": 1, "at_most": 2, "relax": [{"time": 9, "drop": True}]},
        Attribute("floor", one_of=(1, 2), at_least=1, at_most=2, relax=After(9, drop=True)),
    ),
    "all of": ({"all_of": ["a", {"b": 0.7}]}, AllOf((Requirement("a"), B))),
    "any of": ({"any_of": [{"a": 0.5}, {"b": 0.7}]}, AnyOf((A, B))),
    "any of a mapping": ({"any_of": {"a": 0.5, "b": 0.7}}, AnyOf((A, B))),
    "none of": ({"none_of": ["human_only"], "relax": [{"time": 60, "drop": True}]}, None),
    "nested": ({"any_of": [{"all_of": {"a": 0.5, "b": 0.7}}, {"none_of": ["c"]}]}, None),
    "a skill called skill": ({"skill": 0.5}, AllOf((Requirement("skill", 0.5),))),
    "skills called like keys": ({"any_of": 0.5, "attribute": 1}, None),
    "a key and a skill called like another": ({"skill": "a", "at_least": 1}, Requirement("a", 1)),
    "a finished one": (A, A),
    "finished ones in a list": ([A, {"b": 0.7}], AllOf((A, B))),
}
READ["none of"] = (READ["none of"][0], NoneOf((human_only,), relax=After(60, drop=True)))
READ["nested"] = (READ["nested"][0], AnyOf((AllOf((A, B)), NoneOf((Requirement("c"),)))))
READ["skills called like keys"] = (
    READ["skills called like keys"][0],
    AllOf((Requirement("any_of", 0.5), Requirement("attribute", 1.0))),
)


@pytest.mark.parametrize(("data", "condition"), READ.values(), ids=READ)
def test_data_is_read_as_documented(data, condition):
    """Each form stands for its condition, alone and inside a conversation."""
    assert from_data(data, Condition) == condition
    assert from_data({"id": "c", "requires": data}, Conversation).requires == condition


REFUSED = {
    "number": (5, [("", "must be a condition")]),
    "nothing at all": (None, [("", "must be a condition")]),
    "level too high": ({"a": 2, "b": -1}, [("a", "between 0 and 1"), ("b", "between 0 and 1")]),
    "level no number": ({"a": "high"}, [("a", "a condition object has one of the keys skill")]),
    "level a boolean": ({"a": True}, [("a", "must be a level")]),
    "empty name": ("", [("", "must not be empty")]),
    "two kinds": ({"skill": "a", "attribute": "b"}, [("", "must have only one of the keys skill, attribute")]),
    "unknown field": ({"skill": "a", "at_leest": 0.5}, [("", "unknown field 'at_leest'; did you mean 'at_least'?")]),
    "field of another kind": (
        {"any_of": ["a"], "at_least": 1},
        [("", "unknown field 'at_least'; known: any_of, relax")],
    ),
    "other vendor's word": ({"skill": "a", "min_level": 0.5}, [("", "here it is called 'at_least'")]),
    "skill no name": ({"skill": True}, [("skill", "must be a string")]),
    "attribute no name": ({"attribute": "", "equals": 1}, [("attribute", "must not be empty")]),
    "attribute asks nothing": ({"attribute": "site"}, [("", "must ask for something")]),
    "parts no list": ({"any_of": "a"}, [("any_of", "must be a list of conditions")]),
    "faulty parts": (
        {"all_of": ["a", 5, {"skill": "b", "at_least": 7}, {"c": 9}]},
        [("all_of[1]", "must be a cond"), ("all_of[2].at_least", "between"), ("all_of[3].c", "between")],
    ),
    "faulty steps": (
        {"skill": "a", "at_least": 0.5, "relax": [{"time": "x", "drop": True}, {"after": 60}, 5]},
        [
            ("relax[0].time", "must be a number"),
            ("relax[1]", "here it is called 'time'"),
            ("relax[1].time", "is missing"),
            ("relax[1]", "must either lower"),
            ("relax[2]", "must be a mapping with the fields of After"),
        ],
    ),
    "rising step": (
        {"skill": "a", "at_least": 0.5, "relax": [{"time": 1, "at_least": 0.6}]},
        [("relax[0].at_least", "must not be above")],
    ),
    "steps no list": ({"skill": "a", "relax": {"time": 60, "drop": True}}, [("relax", "must be a list")]),
    "each or all": ({"any_of": [{"a": 0.5, "b": 0.7}]}, [("any_of[0]", "could mean each or all")]),
    "none of each or all": ({"none_of": [["a", "b"]]}, [("none_of[0]", "could mean each or all")]),
}


@pytest.mark.parametrize(("data", "faults"), REFUSED.values(), ids=REFUSED)
def test_wrong_conditions_are_told_with_their_place(data, faults):
    """Every fault of a condition comes at once, by the path in the data."""
    with pytest.raises(InvalidInputError) as caught:
        from_data(data, Condition)
    told = caught.value.faults

    assert [fault.place for fault in told] == [place for place, _ in faults]
    for fault, (_, message) in zip(told, faults, strict=True):
        assert message in fault.message


def test_faults_inside_a_conversation_have_the_whole_path():
    """The path goes on through the conversation."""
    with pytest.raises(InvalidInputError) as caught:
        from_data({"id": "c", "requires": {"any_of": [{"a": 2}]}, "prefers": [{"condition": {"b": 3}}]}, Conversation)

    assert [fault.place for fault in caught.value.faults] == ["requires.any_of[0].a", "prefers[0].condition.b"]


@pytest.mark.parametrize(("cls", "data"), [(Requirement, {"a": 0.5}), (AnyOf, {"all_of": []}), (Attribute, "a")])
def test_a_wanted_kind_is_the_only_one_taken(cls, data):
    """Asked for one class of condition, another is refused by name."""
    with pytest.raises(InvalidInputError, match=f"must be a condition of the kind {cls.__name__}"):
        from_data(data, cls)


def test_no_condition_costs_more_than_the_largest_allowed():
    """Deep, wide and self-holding data is refused as soon as the limit is passed."""
    deep = "a"
    for _ in range(5000):
        deep = {"all_of": [deep]}
    itself = {"all_of": []}
    itself["all_of"] += [itself] * 50
    wide = {"any_of": ["a"] * (MAX_PARTS + 1)}

    for data, message in ((deep, "nested deeper"), (itself, "parts"), (wide, "parts")):
        with pytest.raises(InvalidInputError, match=message):
            from_data(data, Condition)
