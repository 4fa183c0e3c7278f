"""Conversations: every fault with its place, shorthand, preferences."""

from datetime import UTC, datetime

import pytest

from routematch.errors import InvalidInputError
from routematch.model import AllOf, Conversation, Preference, Requirement, any_of


def faults_of(**fields):
    """Return the faults of a conversation with these fields, as (place, message)."""
    with pytest.raises(InvalidInputError) as caught:
        Conversation(**{"id": "chat-1", **fields})
    return [(fault.place, fault.message) for fault in caught.value.faults]


WRONG = {
    "no id": ({"id": None}, "id", "must be a string"),
    "level above 1": ({"requires": {"billing": 2}}, "requires.billing", "between 0 and 1"),
    "requires a number": ({"requires": 5}, "requires", "must be a condition"),
    "a part that is none": ({"requires": ["billing", 5]}, "requires[1]", "must be a condition"),
    "empty channel": ({"channel": ""}, "channel", "must not be empty"),
    "queue of another type": ({"queue": 3}, "queue", "must be a string"),
    "customer of another type": ({"customer": ["kim"]}, "customer", "must be a string"),
    "priority not finite": ({"priority": float("nan")}, "priority", "must be finite"),
    "naive arrival": ({"arrived_at": datetime(2026, 1, 1)}, "arrived_at", "aware datetime"),  # noqa: DTZ001
    "due as text": ({"due_at": "soon"}, "due_at", "must be a number"),
    "negative value": ({"value": -1}, "value", "at least 0"),
    "weight no number": ({"prefers": {"spanish": "much"}}, "prefers.spanish", "must be a number"),
    "preferences no sequence": ({"prefers": 3}, "prefers", "must be a mapping from skills to weights"),
    "affinity not finite": ({"affinity": {"ana": float("inf")}}, "affinity.ana", "must be finite"),
    "lone exclusion": ({"excludes": "ana"}, "excludes", "must be a sequence of names"),
    "label twice": ({"labels": ["vip", "vip"]}, "labels", "must not name anything twice"),
    "attributes a list": ({"attributes": []}, "attributes", "must be a mapping"),
    "version of another type": ({"version": []}, "version", "must be text"),
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


def test_every_wrong_level_and_weight_is_reported():
    """Shorthand mappings are checked to their end."""
    assert [place for place, _ in faults_of(requires={"a": 2, "b": 0.5, "c": -1}, prefers={"d": "x", "e": "y"})] == [
        "requires.a",
        "requires.c",
        "prefers.d",
        "prefers.e",
    ]


def test_shorthand_and_long_form_are_equal():
    """Skill mappings, lists and datetimes make the same conversation as the stored forms."""
    short = Conversation(
        "chat-1", {"billing": 1}, arrived_at=datetime(2026, 1, 1, tzinfo=UTC), prefers={"spanish": 2}, labels=["vip"]
    )
    stored = Conversation(
        "chat-1",
        AllOf((Requirement("billing", 1.0),)),
        arrived_at=1767225600.0,
        prefers=(Preference(Requirement("spanish"), 2.0),),
        labels=("vip",),
    )

    assert short == stored
    assert hash(short) == hash(stored)


def test_preferences_take_the_shorthand_of_conditions():
    """A preference can be for anything that can be required."""
    assert Preference({"billing": 0.5}).condition == AllOf((Requirement("billing", 0.5),))
    assert Conversation("c", prefers=Preference(any_of("a", "b"), 2)).prefers[0].weight == 2.0


def test_faults_of_a_preference_name_its_condition():
    """A preference reports condition and weight together."""
    with pytest.raises(InvalidInputError) as caught:
        Preference({"billing": 7}, "x")

    assert [fault.place for fault in caught.value.faults] == ["condition.billing", "weight"]


def test_exclusions_may_be_repeated():
    """An agent excluded twice is excluded, as hosts join lists without looking."""
    assert Conversation("c", excludes=["ana", "ana"]).excludes == ("ana", "ana")
