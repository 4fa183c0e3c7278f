"""Conditions: shorthand, limits, and how they loosen over time."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routematch.errors import InvalidInputError
from routematch.model import (
    After,
    AllOf,
    AnyOf,
    Attribute,
    NoneOf,
    Requirement,
    all_of,
    any_of,
    human_only,
    none_of,
)
from routematch.model.requirements import ANYONE, MAX_DEPTH, MAX_PARTS, as_condition
from routematch.testing.strategies import conditions

DROPPED_AT_60 = Requirement("french", 0.8, After(60, drop=True))
LOWERED_AT_60 = Requirement("french", 0.8, After(60, at_least=0.3))
STAYS = Requirement("billing", 0.5)


def places(make, *arguments, **named):
    """Return the places of all faults."""
    with pytest.raises(InvalidInputError) as caught:
        make(*arguments, **named)
    return [fault.place for fault in caught.value.faults]


# --- shorthand --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_form", "stored"),
    [
        ("billing", Requirement("billing", 0.0)),
        ({"billing": 0.5}, AllOf((STAYS,))),
        ({"billing": 0.5, "french": 1}, AllOf((STAYS, Requirement("french", 1.0)))),
        (["billing", human_only], AllOf((Requirement("billing"), human_only))),
        ({}, ANYONE),
        ([], ANYONE),
        (STAYS, STAYS),
    ],
    ids=str,
)
def test_shorthand_widens_to_conditions(given_form, stored):
    """Names, mappings and sequences stand for conditions."""
    assert as_condition(given_form) == stored


def test_entries_of_a_mapping_are_parts_of_their_own():
    """any_of over a mapping is met by any one of its skills."""
    assert any_of({"french": 0.5, "english": 0.5}).parts == (Requirement("french", 0.5), Requirement("english", 0.5))


def test_equal_mappings_share_one_condition():
    """The common shorthand is widened once, whoever asks; true is no level, though it equals 1."""
    assert as_condition({"billing": 0.5}) is as_condition({"billing": 0.5})
    assert as_condition({"billing": 1.0}) == as_condition({"billing": 1})
    assert places(as_condition, {"billing": True}) == ["billing"]


def test_shared_conditions_keep_the_order_given():
    """Two mappings with the same entries in another order are widened each in its own order."""
    assert [part.skill for part in as_condition({"a": 0.5, "b": 0.5}).parts] == ["a", "b"]
    assert [part.skill for part in as_condition({"b": 0.5, "a": 0.5}).parts] == ["b", "a"]


# --- faults -----------------------------------------------------------------------------------------------------------

WRONG = {
    "no skill": (lambda: Requirement(""), ["skill"]),
    "level and skill": (lambda: Requirement(3, 7), ["skill", "at_least"]),
    "step no step": (lambda: Requirement("a", 0.5, [60]), ["relax"]),
    "steps at one time": (
        lambda: Requirement("a", 0.5, [After(60, at_least=0.4), After(60, drop=True)]),
        ["relax[1].time"],
    ),
    "level rises": (lambda: Requirement("a", 0.5, [After(60, at_least=0.6)]), ["relax[0].at_least"]),
    "step after the drop": (lambda: Requirement("a", 0.5, [After(6, drop=True), After(7, at_least=0)]), ["relax[1]"]),
    "group has no level": (lambda: all_of("a", relax=[After(6, at_least=0)]), ["relax[0].at_least"]),
    "step says nothing": (lambda: After(60), [""]),
    "step says both": (lambda: After(60, at_least=0.5, drop=True), [""]),
    "negative time": (lambda: After(-1, drop=True), ["time"]),
    "drop no boolean": (lambda: After(1, drop=1), ["drop"]),
    "attribute asks nothing": (lambda: Attribute("site"), [""]),
    "attribute asks for an object": (lambda: Attribute("site", {}, one_of=[None]), ["equals", "one_of[0]"]),
    "attribute limits": (lambda: Attribute("", at_least="x", at_most=float("nan")), ["name", "at_least", "at_most"]),
    "values no sequence": (lambda: Attribute("site", one_of="berlin"), ["one_of"]),
    "parts no conditions": (lambda: AllOf((1,)), ["parts"]),
    "parts a list": (lambda: AnyOf([STAYS]), ["parts"]),
}


@pytest.mark.parametrize(("make", "expected"), WRONG.values(), ids=WRONG)
def test_each_fault_is_reported_with_its_place(make, expected):
    """What is wrong with a condition is told where it is."""
    assert places(make) == expected


def test_too_deep_conditions_are_refused():
    """Nesting ends at the limit, however it is written."""
    nested = STAYS
    for _ in range(MAX_DEPTH):
        nested = AllOf((nested,))
    listed = "billing"
    for _ in range(100_000):
        listed = [listed]

    assert places(AllOf, (nested,)) == ["parts"]
    with pytest.raises(InvalidInputError, match="nested deeper"):
        as_condition(listed)


def test_too_large_conditions_are_refused():
    """The number of parts is limited, however they are written."""
    itself = []
    itself += [itself] * 50

    assert places(AllOf, (STAYS,) * MAX_PARTS) == ["parts"]
    assert places(all_of, *["a"] * (MAX_PARTS + 1)) == ["parts"]
    assert places(as_condition, {f"skill-{number}": 0.5 for number in range(MAX_PARTS + 1)}) == [""]
    with pytest.raises(InvalidInputError, match="parts"):
        as_condition(itself)


# --- relaxation -------------------------------------------------------------------------------------------------------


def test_a_step_applies_from_its_very_instant_on():
    """The last moment before a step is as strict as the first; at the step's time it applies."""
    steps = (After(60, at_least=0.4), After(90, at_least=0.2), After(timedelta(minutes=3), drop=True))
    french = Requirement("french", 0.8, steps)

    assert french.steps == (60.0, 90.0, 180.0)
    assert [french.at(waited) for waited in (0.0, 59.999)] == [Requirement("french", 0.8)] * 2
    assert [french.at(waited) for waited in (60.0, 89.999)] == [Requirement("french", 0.4)] * 2
    assert [french.at(waited) for waited in (90.0, 179.999)] == [Requirement("french", 0.2)] * 2
    assert french.at(180.0) is None


def test_what_never_loosens_stays_itself():
    """Without steps, `at` returns the very condition, at no cost."""
    for condition in (STAYS, human_only, all_of(STAYS, any_of("a", "b"))):
        assert condition.at(1e9) is condition


RELAXED = {
    "all_of forgets a dropped part": (all_of(DROPPED_AT_60, STAYS), AllOf((STAYS,))),
    "all_of lowers a part": (all_of(LOWERED_AT_60, STAYS), AllOf((Requirement("french", 0.3), STAYS))),
    "all_of of dropped parts is met by anyone": (all_of(DROPPED_AT_60), ANYONE),
    "any_of with a dropped part holds": (any_of(DROPPED_AT_60, STAYS), None),
    "any_of lowers a part": (any_of(LOWERED_AT_60, STAYS), AnyOf((Requirement("french", 0.3), STAYS))),
    "none_of forgets a dropped part": (none_of(DROPPED_AT_60, STAYS), NoneOf((STAYS,))),
    "a group is dropped whole": (any_of("a", "b", relax=[After(60, drop=True)]), None),
    "an attribute is dropped": (Attribute("site", "berlin", relax=After(60, drop=True)), None),
    "a group inside is dropped": (all_of(none_of("a", relax=[After(60, drop=True)]), STAYS), AllOf((STAYS,))),
}


@pytest.mark.parametrize(("condition", "later"), RELAXED.values(), ids=RELAXED)
def test_groups_loosen_with_their_parts(condition, later):
    """Before the step nothing changes; at the step a group follows its parts."""
    assert condition.steps == (60.0,)
    assert condition.at(59.0) is not None
    assert condition.at(60.0) == later


def meets(condition, skills, kind):
    """Decide by the definition whether an agent with these skills and this kind meets a condition."""
    if isinstance(condition, Requirement):
        return skills.get(condition.skill, -1.0) >= condition.at_least
    if isinstance(condition, Attribute):
        return condition.is_met_by(kind if condition.name == "kind" else None)
    met = [meets(part, skills, kind) for part in condition.parts]
    return {AllOf: all(met), AnyOf: any(met), NoneOf: not any(met)}[type(condition)]


def forbidding_nothing(condition):
    """Turn every none_of into an all_of."""
    if not isinstance(condition, AllOf | AnyOf | NoneOf):
        return condition
    group = AllOf if isinstance(condition, NoneOf) else type(condition)
    return group(tuple(map(forbidding_nothing, condition.parts)), relax=condition.relax)


@given(
    conditions(depth=2).map(forbidding_nothing),
    st.dictionaries(st.sampled_from(("billing", "french")), st.sampled_from((0.0, 0.5, 1.0))),
)
def test_waiting_longer_never_loses_an_agent(condition, skills):
    """Outside none_of, an agent who is good enough stays good enough while the conversation waits."""
    verdicts = [now is None or meets(now, skills, "human") for now in map(condition.at, (0.0, *condition.steps, 1e9))]

    assert verdicts == sorted(verdicts)


@given(conditions(depth=2))
def test_nothing_changes_between_steps(condition):
    """`steps` names every instant at which `at` changes its answer."""
    edges = (0.0, *condition.steps)
    for start, end in zip(edges, (*edges[1:], edges[-1] + 100.0), strict=True):
        assert condition.at(start) == condition.at((start + end) / 2)


# --- attributes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "met", "unmet"),
    [
        (Attribute("site", "berlin"), ["berlin", ("lyon", "berlin")], [None, "lyon", ("lyon",), ()]),
        (Attribute("floor", 1), [1, 1.0], [True, "1", 2]),
        (Attribute("remote", equals=False), [False], [0, None, True]),
        (Attribute("site", one_of={"berlin", "lyon"}), ["lyon", ("rome", "lyon")], ["rome", None]),
        (Attribute("floor", at_least=2, at_most=3), [2, 2.5, 3], [1, 4, True, "2", (2,)]),
    ],
    ids=str,
)
def test_attribute_is_met_by_its_values_only(condition, met, unmet):
    """Truth values are no numbers, text is no number, a sequence holds each of its entries."""
    assert [value for value in [*met, *unmet] if condition.is_met_by(value)] == met


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (all_of({"billing": 0.5}, any_of("french", "spanish")), "billing >= 0.5 and (french >= 0 or spanish >= 0)"),
        (none_of(human_only), "none of (kind = 'human')"),
        (ANYONE, "anyone"),
        (AnyOf(()), "nobody"),
        (Attribute("floor", one_of=(1, 2), at_least=1, at_most=2), "floor one of 1, 2 and >= 1 and <= 2"),
    ],
    ids=str,
)
def test_conditions_read_as_words(condition, words):
    """Text of a condition is for people."""
    assert str(condition) == words
