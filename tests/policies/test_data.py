"""A policy is data: it can be written, read, compared, fingerprinted and tuned."""

from __future__ import annotations

import json
import time
import tomllib
from random import Random
from typing import Any

import numpy as np
import pytest
import tomli_w
from attrs import evolve

import routematch as rm
from routematch.policies import PRESETS, Policy, Weighted, best_match, longest_idle, policy_from_data
from routematch.rules import Presence, Skills
from routematch.state import Static
from routematch.terms import TERMS, Achievement, Due, HandleTime, Idle, Priority, Waiting

SOMETHING = evolve(
    best_match(),
    name="ours",
    terms=(
        Weighted(Achievement(), 2.5),
        Weighted(Idle(full_time=60.0), 0.25),
        Weighted(HandleTime(longest=99.0), -1.0),
    ),
    urgency=(Weighted(Due(lead_time=60.0, factor=2.0), 3.0), Waiting()),
    rules=(Skills(), Presence()),
    price=0.01,
    option=0.5,
    max_hold_time=60.0,
    aging_rate=0.1,
    seconds_per_priority=30.0,
    default_handle_time=200.0,
    tiers=(("available",), ("away", "offline")),
    strict_priority=True,
    ties=("load", "random"),
    spread="none",
    resolution=2.0**-10,
    verdict={"guard": "passed", "runs": [1, 2]},
)
ALL = [*(PRESETS[name]() for name in sorted(PRESETS)), SOMETHING]


@pytest.mark.parametrize("policy", ALL, ids=lambda policy: policy.name)
def test_a_policy_survives_data_json_and_toml(policy: Policy) -> None:
    """Written and read again, in each form, it is the same policy with the same fingerprint."""
    data = policy.to_data()
    assert next(iter(data)) == "schema"
    for copy in (data, json.loads(json.dumps(data)), tomllib.loads(tomli_w.dumps(data))):
        again = policy_from_data(copy)
        assert again == policy
        assert again.fingerprint == policy.fingerprint
        assert again.to_data() == data


CHANGES: dict[str, Any] = {
    "name": "another",
    "terms": (
        Weighted(Achievement(), 2.5),
        Weighted(Idle(full_time=61.0), 0.25),
        Weighted(HandleTime(longest=99.0), -1),
    ),
    "urgency": (Weighted(Due(lead_time=60.0, factor=2.0), 3.0), Weighted(Waiting(), 1.5)),
    "rules": (Presence(), Skills()),
    "price": 0.02,
    "option": 0.6,
    "max_hold_time": 61.0,
    "aging_rate": 0.2,
    "seconds_per_priority": 31.0,
    "default_handle_time": 201.0,
    "tiers": (("available",), ("away",)),
    "strict_priority": False,
    "ties": ("random", "load"),
    "spread": "plan",
    "resolution": 2.0**-11,
}


@pytest.mark.parametrize("field", sorted(CHANGES))
def test_the_fingerprint_changes_with_every_parameter(field: str) -> None:
    """Any change gives another fingerprint, and `compare` names it."""
    changed = evolve(SOMETHING, **{field: CHANGES[field]})
    assert changed.fingerprint != SOMETHING.fingerprint
    differences = SOMETHING.compare(changed)
    assert differences
    assert all(path.split(".")[0].split("[")[0] == field for path in differences), differences


def test_the_fingerprint_changes_with_nothing_else() -> None:
    """The verdict, and how a number was given, are no part of it; it is the same in every process."""
    assert evolve(SOMETHING, verdict={}).fingerprint == SOMETHING.fingerprint
    assert evolve(best_match(), price=0).fingerprint == best_match().fingerprint
    assert (
        Policy("x", terms=[Achievement()]).fingerprint == Policy("x", terms=(Weighted(Achievement(), 1),)).fingerprint
    )
    assert evolve(SOMETHING, option=1).fingerprint == evolve(SOMETHING, option=1.0).fingerprint
    known = {preset().fingerprint for preset in PRESETS.values()}
    assert len(known) == len(PRESETS)


def test_compare_shows_both_values() -> None:
    """By path: this policy's value and the other's, None where one has none."""
    differences = best_match().compare(longest_idle())
    assert differences["name"] == ("best_match", "longest_idle")
    assert differences["terms.served"] == (None, True)
    assert differences["terms.achievement.weight"] == (1.0, None)
    assert best_match().compare(best_match()) == {}


def test_every_number_can_be_tuned_by_its_path() -> None:
    """`parameters` lists them; `with_parameters` changes exactly those named, and the decision follows."""
    paths = SOMETHING.parameters()
    assert paths["terms.idle.full_time"] == 60.0
    assert paths["urgency.due.factor"] == 2.0
    assert paths["option"] == 0.5
    for path, value in paths.items():
        changed = SOMETHING.with_parameters({path: value + 0.125})
        assert changed.parameters() == {**paths, path: value + 0.125}
        assert changed.fingerprint != SOMETHING.fingerprint
    agents = [rm.Agent("ana", {"a": 0.9}), rm.Agent("bo", {"a": 0.1})]
    pulled = [rm.Conversation("c", "a", affinity={"bo": 0.5})]
    assert rm.route(pulled, agents).pairs() == {"c": "ana"}
    tuned = best_match().with_parameters({"terms.affinity.weight": 2.0})
    assert rm.route(pulled, agents, policy=tuned).pairs() == {"c": "bo"}


def test_an_unset_number_can_be_set_by_its_path() -> None:
    """`max_hold_time` has no value in most presets, and can still be given."""
    changed = best_match().with_parameters({"option": 0.5, "max_hold_time": 60.0})
    assert (changed.option, changed.max_hold_time) == (0.5, 60.0)


def test_unknown_paths_and_bad_values_are_refused() -> None:
    """`UnknownNameError` with a near spelling; a value outside its limits is refused by its field."""
    with pytest.raises(rm.errors.UnknownNameError, match=r"terms.affinity.weight"):
        best_match().with_parameters({"terms.afinity.weight": 2.0})
    with pytest.raises(rm.InvalidInputError, match="aging_rate"):
        best_match().with_parameters({"aging_rate": -1.0})


def test_all_faults_of_a_policy_file_come_at_once() -> None:
    """Unknown fields, names and parameters, wrong types and limits, each with its place."""
    with pytest.raises(rm.InvalidInputError) as caught:
        policy_from_data(
            {
                "name": "x",
                "terms": ["achievment", {"name": "idle", "full_tim": 3}, {"name": "idle", "full_time": -1}, 7],
                "rules": ["skils"],
                "agging_rate": 1,
                "schema": "routematch/policy/9",
            }
        )
    places = {fault.place for fault in caught.value.faults}
    assert {"terms[0]", "terms[1].full_tim", "terms[2].full_time", "terms[3]", "rules[0]", "schema"} <= places
    assert any("aging_rate" in fault.message for fault in caught.value.faults)


def test_all_faults_of_a_policy_come_at_once() -> None:
    """The constructor gathers every fault too."""
    with pytest.raises(rm.InvalidInputError) as caught:
        Policy(
            "",
            terms=(Waiting(), Achievement(), Achievement()),
            urgency=(Achievement(),),
            price=float("nan"),
            option=1,
            aging_rate=-1,
            tiers=("nowhere",),
            ties=("beauty",),
            spread="butter",
            resolution=0,
        )
    places = {fault.place for fault in caught.value.faults}
    assert places >= {
        "name",
        "terms[0]",
        "terms[2]",
        "urgency[0]",
        "price",
        "aging_rate",
        "max_hold_time",
        "tiers[0]",
        "ties[0]",
        "spread",
        "resolution",
    }


HOSTILE: list[Any] = [
    None,
    7,
    "best_match",
    [],
    {},
    {"preset": "best"},
    {"preset": ["best_match"]},
    {"preset": {}},
    {"terms": None},
    {"terms": {"name": "idle"}},
    {"terms": [{"weight": 1}]},
    {"terms": [{"name": ["idle"]}]},
    {"terms": ["idle"], "rules": 5},
    {"terms": [{"name": "idle", "weight": "much"}]},
    {"terms": [{"name": "idle", "weight": float("nan")}]},
    {"terms": ["idle", "idle"]},
    {"terms": ["waiting"]},
    {"terms": ["idle"], "urgency": ["idle"]},
    {"terms": ["idle"], "tiers": "available"},
    {"terms": ["idle"], "tiers": [[]]},
    {"terms": ["idle"], "tiers": [["available"], [3]]},
    {"terms": ["idle"], "tiers": []},
    {"terms": ["idle"], "ties": "idle"},
    {"terms": ["idle"], "ties": [["idle"]]},
    {"terms": ["idle"], "spread": []},
    {"terms": ["idle"], "verdict": 3},
    {"terms": ["idle"], "name": 3},
    {"terms": ["idle"], "strict_priority": "yes"},
    {"terms": ["idle"], "resolution": 1e300},
    {"terms": ["idle"], "max_hold_time": "long"},
    {"preset": "best_match", "terms": 3},
    {"preset": "best_match", 3: 4},
    {"preset": "best_match", "x" * 10_000_000: 1},
    {"preset": "x" * 10_000_000},
]


@pytest.mark.parametrize("data", HOSTILE, ids=lambda data: repr(data)[:40])
def test_hostile_policy_data_is_refused_in_words(data: Any) -> None:
    """Whatever a policy file holds, it is a policy or an `InvalidInputError`, never a traceback from the depths."""
    try:
        policy = policy_from_data(data)
    except rm.InvalidInputError as error:
        message = str(error)
        assert 0 < len(message) < 5000
    else:
        assert policy_from_data(json.loads(json.dumps(policy.to_data()))) == policy


def test_every_term_and_rule_can_be_named_in_a_file() -> None:
    """A file may name any member of the families, with weight and parameters."""
    random = Random(4)
    for name, term in TERMS.items():
        group = "urgency" if term.axes == ("conversation",) else "terms"
        weight = random.randint(1, 8) / 4
        policy = policy_from_data({"terms": ["served"], group: [{"name": name, "weight": weight}]})
        assert getattr(policy, group)[0].weight == weight
        assert type(getattr(policy, group)[0].term) is term


def test_urgency_terms_are_part_of_every_policy() -> None:
    """Presets age by waiting, priority and due time unless they say otherwise."""
    assert [type(entry.term) for entry in best_match().urgency] == [Waiting, Priority, Due]
    assert [type(entry.term) for entry in PRESETS["first_come_first_served"]().urgency] == [Waiting]


def test_a_class_is_no_member() -> None:
    """A term or a rule that was not called is refused, not taken for one that fails."""
    with pytest.raises(rm.InvalidInputError, match="terms"):
        Policy("x", terms=(Achievement,))  # type: ignore[arg-type]  # that is the point
    with pytest.raises(rm.InvalidInputError, match="rules"):
        Policy("x", terms=(Achievement(),), rules=(Skills,))  # type: ignore[arg-type]  # that is the point


class Member:
    """A rule, and with `value` a term, that says about itself what it is told to say."""

    def __init__(self, **said: Any) -> None:
        self.said = {"name": "own", "axes": ("agent",), "looks_at": (), "scaled_by_value": False, **said}

    def __getattr__(self, name: str) -> Any:
        if name in {"name", "axes", "looks_at", "scaled_by_value"}:
            return self.__dict__["said"][name]
        raise AttributeError(name)

    def allowed(self, problem: Any, request: Any) -> Any:
        return np.ones(len(problem.roster), bool)

    def value(self, problem: Any, request: Any) -> Any:
        return np.zeros(len(problem.roster))

    def behaviour(self, problem: Any) -> Static:
        return Static()

    def sentence(self, problem: Any, row: int, agent: int) -> str:
        return "refuses"


class Prickly(Member):
    """Raises when it is asked its name."""

    @property
    def name(self) -> str:
        raise RuntimeError("no")


BROKEN_CONTRACTS: list[tuple[dict[str, Any], str, str]] = [
    ({"looks_at": None}, ".looks_at", "must be a tuple of fields of RequestClass, got None"),
    ({"looks_at": 5}, ".looks_at", "must be a tuple of fields"),
    ({"looks_at": ([],)}, ".looks_at", "must be a tuple of fields"),
    ({"looks_at": "channel"}, ".looks_at", "must be a tuple of fields"),
    ({"looks_at": ["channel"]}, ".looks_at", "must be a tuple of fields"),
    ({"looks_at": ("chanel",)}, ".looks_at", "did you mean 'channel'?"),
    ({"name": ""}, ".name", "must not be empty"),
    ({"name": None}, ".name", "must be a string, got None"),
    ({"name": ["own"]}, ".name", "must be a string"),
    ({"axes": np.array(["agent"])}, "", "must be one of"),
    ({"axes": (np.arange(3),)}, "", "must be one of"),
    ({"axes": None}, "", "must be one of"),
    ({"axes": ["agent"]}, "", "must be one of"),
]


@pytest.mark.parametrize("group", ["rules", "terms", "urgency"])
@pytest.mark.parametrize(("said", "below", "words"), BROKEN_CONTRACTS, ids=lambda part: repr(part)[:30])
def test_the_contract_of_members_is_checked(said: dict[str, Any], below: str, words: str, group: str) -> None:
    """What a rule or term says about itself wrongly is a fault with its place before anything is decided by it."""
    with pytest.raises(rm.InvalidInputError) as caught:
        Policy("p", **{"terms": (), group: [Member(**said)]})
    assert [fault.place for fault in caught.value.faults] == [f"{group}[0]{below}"]
    assert words in caught.value.faults[0].message


@pytest.mark.parametrize("group", ["terms", "urgency"])
@pytest.mark.parametrize("scaled", [None, 1, "yes", np.array([True])])
def test_scaled_by_value_is_true_or_false(group: str, scaled: Any) -> None:
    """Anything but a boolean is a fault."""
    with pytest.raises(rm.InvalidInputError) as caught:
        Policy("p", **{"terms": (), group: [Member(scaled_by_value=scaled)]})
    assert f"{group}[0].scaled_by_value" in [fault.place for fault in caught.value.faults]


@pytest.mark.parametrize("group", ["rules", "terms", "urgency"])
@pytest.mark.parametrize(
    "members", ["x" * 1_000_000, b"x" * 1_000_000, {"idle": 1}, 5, None, [Prickly()], ["idle"], [Member] * 2_000, "gen"]
)
def test_members_are_a_sequence_of_members(group: str, members: Any) -> None:
    """Text, bytes, mappings, classes, too many and endless ones are refused at once."""
    given = iter(int, 1) if members == "gen" else members
    began = time.process_time()
    with pytest.raises(rm.InvalidInputError) as caught:
        Policy("p", **{"terms": (), group: given})
    assert {fault.place.partition("[")[0] for fault in caught.value.faults} == {group}
    assert len(str(caught.value)) < 500
    assert time.process_time() - began < 1


def test_own_members_that_keep_the_contract_are_taken() -> None:
    """The same object as a rule and as a term decides with the others."""
    policy = Policy("p", [Member(looks_at=("channel", "labels"))], rules=[Member(name="other")])
    assert rm.route([rm.Conversation("c")], [rm.Agent("ana")], policy=policy).pairs() == {"c": "ana"}


def itself() -> dict[str, Any]:
    """Return a mapping that holds itself."""
    made: dict[str, Any] = {}
    made["again"] = made
    return made


@pytest.mark.parametrize(
    "verdict", [{"a": np.arange(3)}, itself(), {"a": object()}, {1: 2}, {"a": float("nan")}, 5, "x"]
)
def test_a_verdict_is_plain_data(verdict: Any) -> None:
    """What could not be written to a policy file is refused when the policy is made."""
    with pytest.raises(rm.InvalidInputError) as caught:
        Policy("p", (), verdict=verdict)
    assert caught.value.faults[0].place.startswith("verdict")


def test_a_verdict_is_kept_and_written() -> None:
    """Lists and mappings inside come back from a file as they were."""
    policy = Policy("p", (), verdict={"safe": True, "runs": [1, 2.5, {"seed": 7}], "note": None})
    assert policy.to_data()["verdict"] == {"safe": True, "runs": [1, 2.5, {"seed": 7}], "note": None}
    assert policy_from_data(json.loads(json.dumps(policy.to_data()))) == policy


@pytest.mark.parametrize("given", [5, None, "x" * 1_000_000, ["price"]])
def test_questions_to_a_policy_are_checked(given: Any) -> None:
    """`with_parameters` takes a mapping, `compare` a policy; anything else is refused in words."""
    with pytest.raises(rm.InvalidInputError, match="must be a mapping from paths to numbers"):
        best_match().with_parameters(given)
    with pytest.raises(rm.InvalidInputError, match="must be a Policy"):
        best_match().compare(given)
