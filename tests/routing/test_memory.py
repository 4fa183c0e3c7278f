"""Chance and memory: what one decision leaves for the next is plain data, and nothing else remembers."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest

import routematch as rm
from routematch import policies

THREE = [rm.Agent("ana"), rm.Agent("bo"), rm.Agent("cy")]
ONE = [rm.Conversation("c")]


def taker(policy: rm.Policy, agents: list[rm.Agent], memory: dict[str, Any] | None = None, **arguments: Any) -> str:
    """Return who takes a single conversation."""
    return rm.route(ONE, agents, policy=policy, memory=memory, **arguments).pairs()["c"]


def run_of(policy: rm.Policy, agents: list[rm.Agent], length: int, **arguments: Any) -> list[str]:
    """Commit a run of single decisions, each with the memory of the one before, through JSON."""
    memory: dict[str, Any] = {}
    takers = []
    for _ in range(length):
        plan = rm.route(ONE, agents, policy=policy, memory=memory, **arguments)
        takers.append(plan.pairs()["c"])
        memory = json.loads(json.dumps(plan.memory))
    return takers


def test_rotation_goes_round() -> None:
    """Single decisions in a row go to one agent after the other, evenly."""
    assert run_of(policies.round_robin(), THREE, 7) == ["ana", "bo", "cy", "ana", "bo", "cy", "ana"]
    many = [rm.Agent(f"agent-{n:02}") for n in range(7)]
    assert set(Counter(run_of(policies.round_robin(), many, 70)).values()) == {10}


def test_reading_never_rotates() -> None:
    """Routing twice with the same memory gives the same plan; memory is returned, never changed."""
    memory = {"rotation": "ana", "decisions": 4, "assigned_at": {"bo": 3.0}}
    before = json.dumps(memory)
    for policy in (policies.round_robin(), policies.random(), policies.fewest_open()):
        first, second = (rm.route(ONE, THREE, policy=policy, memory=memory, now=9.0) for _ in range(2))
        assert first.to_dict() == second.to_dict()
        assert json.dumps(memory) == before


def test_rotation_does_not_advance_when_nobody_was_served() -> None:
    """A held conversation burns nobody's turn."""
    plan = rm.route([rm.Conversation("c", "french")], THREE, policy=policies.round_robin(), memory={"rotation": "ana"})
    assert plan.memory["rotation"] == "ana"


@pytest.mark.parametrize(
    ("last", "ids", "expected"),
    [
        ("bo", ["ana", "bo", "cy"], "cy"),
        ("bo", ["ana", "cy"], "cy"),
        ("bo", ["ana", "bob", "zoe"], "bob"),
        ("zz", ["ana", "bo"], "ana"),
        ("", ["ana", "bo"], "ana"),
    ],
)
def test_rotation_survives_a_changed_roster(last: str, ids: list[str], expected: str) -> None:
    """Whose turn it was may have left: the turn goes to the next one by id, and round."""
    agents = [rm.Agent(identifier) for identifier in ids]
    assert taker(policies.round_robin(), agents, {"rotation": last}) == expected


def test_rotation_passes_over_who_does_not_fit() -> None:
    """An agent who cannot take the conversation keeps no turn and stops no rotation."""
    agents = [rm.Agent("ana"), rm.Agent("bo", capacity=0), rm.Agent("cy")]
    assert run_of(policies.round_robin(), agents, 4) == ["ana", "cy", "ana", "cy"]


def test_several_at_once_rotate_too() -> None:
    """A joint decision goes round in the order of arrival and leaves off where it ended."""
    waiting = [rm.Conversation(f"c{n}", arrived_at=float(n)) for n in range(2)]
    plan = rm.route(waiting, THREE, policy=policies.round_robin(), memory={"rotation": "ana"})
    assert plan.pairs() == {"c0": "bo", "c1": "cy"}
    assert plan.memory["rotation"] == "cy"


def test_chance_is_keyed_by_seed_and_decision() -> None:
    """The same seed and decision number give the same order; another of either gives others."""
    policy, agents = policies.random(), [rm.Agent(f"agent-{n}") for n in range(8)]
    first = run_of(policy, agents, 30, seed=1)
    assert run_of(policy, agents, 30, seed=1) == first
    assert run_of(policy, agents, 30, seed=2) != first
    assert len(set(first)) > 4
    assert taker(policy, agents, {"decisions": 7}) == taker(policy, agents, {"decisions": 7}, seed=0)


def test_no_seed_means_zero_and_no_global_chance_is_touched() -> None:
    """`seed=None` is 0, and numpy's and Python's global generators stay as they were."""
    import random as python_random

    python_random.seed(5)
    np.random.seed(5)  # noqa: NPY002 - it is the global state that must stay untouched
    before = python_random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]  # noqa: NPY002
    rm.route(ONE, THREE, policy=policies.random())
    assert (python_random.getstate(), np.random.get_state()[1].tolist()) == before  # type: ignore[index]  # noqa: NPY002


def test_random_is_uniform() -> None:
    """Over 600 decisions each of three agents is taken 150 to 250 times (false alarm below 1 in 10,000; seed fixed)."""
    counted = Counter(run_of(policies.random(), THREE, 600, seed=3))
    assert all(150 <= number <= 250 for number in counted.values())


def test_longest_unassigned_is_remembered() -> None:
    """Fewest open, then longest unassigned: with nothing open, agents take turns by their last assignment."""
    memory: dict[str, Any] = {}
    takers = []
    for second in range(5):
        plan = rm.route(ONE, THREE, policy=policies.fewest_open(), memory=memory, now=float(second))
        takers.append(plan.pairs()["c"])
        memory = plan.memory
    assert takers == ["ana", "bo", "cy", "ana", "bo"]
    assert memory["assigned_at"] == {"ana": 3.0, "bo": 4.0, "cy": 2.0}


def test_memory_is_json_and_keeps_what_it_does_not_know() -> None:
    """Memory goes through JSON unchanged; keys of others stay, and decisions are counted."""
    memory = {"decisions": 2, "of another part": [1, {"a": None}]}
    after = rm.route(ONE, THREE, memory=memory).memory
    assert after == {"decisions": 3, "of another part": [1, {"a": None}]}
    assert json.loads(json.dumps(after)) == after


@pytest.mark.parametrize(
    "memory",
    [
        7,
        "x",
        [],
        {"decisions": -1},
        {"decisions": "two"},
        {"decisions": True},
        {"rotation": 3},
        {"assigned_at": {"ana": "noon"}},
        {"assigned_at": [1]},
    ],
)
def test_broken_memory_is_refused_by_its_place(memory: Any) -> None:
    """What is no memory is an `InvalidInputError` that names the place."""
    with pytest.raises(rm.InvalidInputError, match="memory"):
        rm.route(ONE, THREE, policy=policies.fewest_open(), memory=memory)
