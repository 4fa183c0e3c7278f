"""Policies as code: three shapes, held to rules and capacity, measured like any policy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from attrs import evolve

import routematch as rm
from routematch import policies
from routematch.routing import Choice, View

AGENTS = [
    rm.Agent("ana", {"a": 0.9, "b": 0.5}, idle_since=2.0),
    rm.Agent("bo", {"a": 0.4}, capacity=2, idle_since=1.0),
    rm.Agent("cy", {"a": 0.7}, capacity=0),
]
WAITING = [
    rm.Conversation("x", "a", arrived_at=1.0),
    rm.Conversation("y", "a", arrived_at=2.0),
    rm.Conversation("z", "b", arrived_at=3.0),
]


class Decides:
    """Names what a function says."""

    def __init__(self, say: Callable[[View], object]) -> None:
        self.say = say

    def decide(self, view: View, generator: np.random.Generator) -> object:
        return self.say(view)


@pytest.mark.parametrize(
    "said", [{"x": "bo", "z": "ana"}, [("x", "bo"), ("z", "ana")], Choice({"x": "bo", "z": "ana"}), iter([("x", "bo")])]
)
def test_decide_names_all_pairs_at_once(said: object) -> None:
    """A mapping, pairs or a `Choice` are taken; all else waits because the policy chose so."""
    plan = rm.route(WAITING, AGENTS, policy=Decides(lambda view: said))
    assert plan.pairs()["x"] == "bo"
    assert {held.reason for held in plan.held.values()} == {"policy"}
    assert plan.policy == "Decides"
    assert plan.fingerprint == ""


def test_nothing_named_means_idling() -> None:
    """None or nothing: everybody waits."""
    for said in (None, {}, [], Choice()):
        plan = rm.route(WAITING, AGENTS, policy=Decides(lambda view, said=said: said))
        assert not plan.assignments
        assert plan.worth == 0.0
        assert plan.next_review_at is None


def test_wake_at_is_when_it_asks_again() -> None:
    """`Choice.wake_at` becomes the review of everything held."""
    plan = rm.route(WAITING, AGENTS, policy=Decides(lambda view: Choice({"x": "ana"}, wake_at=17.0)))
    assert {name: held.review_at for name, held in plan.held.items()} == {"y": 17.0, "z": 17.0}


class OnArrival:
    """First come, first served by the first agent with room."""

    def on_arrival(self, view: View, conversation_id: str) -> str | None:
        return next((agent for agent in view.eligible(conversation_id) if view.room(agent, conversation_id)), None)


class OnFree:
    """Each free agent takes the longest waiting conversation it may."""

    def on_free(self, view: View, agent_id: str) -> str | None:
        return next((c for c in view.waiting if agent_id in view.eligible(c)), None)


def test_on_arrival_is_asked_in_order_of_arrival() -> None:
    """The longest idle takes the first two, who is left the third."""
    assert rm.route(WAITING, AGENTS, policy=OnArrival()).pairs() == {"x": "bo", "y": "bo", "z": "ana"}


def test_on_free_asks_the_longest_idle_first_until_it_is_full() -> None:
    """Every agent with room is asked once for each unit."""
    assert rm.route(WAITING, AGENTS, policy=OnFree()).pairs() == {"x": "bo", "y": "bo", "z": "ana"}


def test_code_is_measured_against_the_best() -> None:
    """`gap` shows what code leaves on the table; `measure` says in which units."""
    lazy = rm.route(WAITING, AGENTS, policy=Decides(lambda view: {"x": "bo"}))
    best = rm.route(WAITING, AGENTS)
    assert lazy.bound == best.worth
    assert lazy.gap > 0
    assert not lazy.is_optimal
    measured = Decides(lambda view: {"x": "bo"})
    measured.measure = policies.longest_idle()  # type: ignore[attr-defined]  # any object may carry it
    assert rm.route(WAITING, AGENTS, policy=measured).bound == rm.route(WAITING, AGENTS, policy=measured.measure).worth  # type: ignore[attr-defined]  # as above


def test_the_measure_says_who_may() -> None:
    """Rules, tiers and ageing of code are those of its measure."""
    away = [rm.Agent("ana", presence="away")]
    policy = Decides(lambda view: dict.fromkeys(view.waiting, "ana"))
    with pytest.raises(rm.errors.ContractError, match="a rule refuses"):
        rm.route(WAITING[:1], away, policy=policy)
    policy.measure = evolve(policies.longest_idle(), tiers=(("available", "away"),))  # type: ignore[attr-defined]  # as above
    assert rm.route([rm.Conversation("c")], away, policy=policy).pairs() == {"c": "ana"}


@pytest.mark.parametrize("wake_at", ["soon", float("nan"), [], True])
def test_wake_at_is_an_instant(wake_at: object) -> None:
    """Anything but POSIX seconds or an aware datetime is refused where the `Choice` is made."""
    with pytest.raises(rm.InvalidInputError, match="wake_at"):
        Choice({}, wake_at=wake_at)  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"w": "ana"}, "no such conversation"),
        ({"x": "zoe"}, "no such agent"),
        ({"z": "bo"}, "a rule refuses"),
        ({"x": "cy"}, "a rule refuses"),
        ({"x": "ana", "y": "ana"}, "no room left"),
        ([("x", "ana"), ("x", "bo")], "named already"),
        ({"x": None}, "no such agent"),
        ({7: "ana"}, "no such conversation"),
        ([["x", "ana"]], "must name pairs"),
        (["x"], "must name pairs"),
        ("xa", "must name pairs"),
        (7, "must name pairs"),
        ({"x": ["ana"]}, "no such agent"),
        ([(["x"], "ana")], "no such conversation"),
    ],
)
def test_what_cannot_be_is_a_broken_contract(said: object, why: str) -> None:
    """Code that names an impossible pair raises a `ContractError` that says which and why."""
    with pytest.raises(rm.errors.ContractError, match=why):
        rm.route(WAITING, AGENTS, policy=Decides(lambda view: said))


def test_caps_bind_code_too() -> None:
    """A cap on a channel or a label that this decision has used up is a broken contract."""
    agent = rm.Agent("ana", capacity=rm.Capacity(5, caps={"vip": 1}))
    waiting = [rm.Conversation(name, labels=["vip"]) for name in "ab"]
    with pytest.raises(rm.errors.ContractError, match="b' -> 'ana': the agent has no room left"):
        rm.route(waiting, [agent], policy=Decides(lambda view: {"a": "ana", "b": "ana"}))


def test_the_view_says_what_is_needed_and_takes_nothing() -> None:
    """Waiting by class and age, heads of queues, idle agents, loads and room are there, and read-only."""
    seen: list[object] = []

    def look(view: View) -> dict[str, str]:
        seen.extend((view.now, view.waiting, view.classes, dict(view.heads), view.idle))
        seen.extend((view.age("x"), view.load("bo"), view.free_units("bo"), view.eligible("x"), view.room("bo", "x")))
        seen.append(round(view.value("x", "ana"), 6))
        with pytest.raises(AttributeError):
            view.now = 5.0  # type: ignore[misc]  # that is the point
        with pytest.raises(TypeError):
            view.given["x"] = "ana"  # type: ignore[index]  # that is the point
        return {}

    waiting = [evolve(WAITING[2], queue="q"), *WAITING[:2]]
    rm.route(waiting, AGENTS, policy=Decides(look), now=5.0)
    assert seen == [
        5.0,
        ("x", "y", "z"),
        (("x", "y"), ("z",)),
        {None: "x", "q": "z"},
        ("cy", "bo", "ana"),
        4.0,
        0.0,
        2.0,
        ("bo", "ana"),
        True,
        0.9,
    ]


def test_chance_comes_in_by_the_seed() -> None:
    """The generator handed to code is keyed by seed and decision number."""

    class Draws:
        def decide(self, view: View, generator: np.random.Generator) -> dict[str, str]:
            return {"x": str(generator.choice(["ana", "bo"]))}

    def drawn(seed: int, decisions: int) -> str:
        return rm.route(WAITING, AGENTS, policy=Draws(), seed=seed, memory={"decisions": decisions}).pairs()["x"]

    assert [drawn(1, n) for n in range(20)] == [drawn(1, n) for n in range(20)]
    assert {drawn(1, n) for n in range(20)} == {"ana", "bo"}


@pytest.mark.parametrize("policy", [7, "best_match", object(), {"name": "x"}, policies.best_match])
def test_what_is_no_policy_is_refused(policy: object) -> None:
    """Neither data nor code: an `InvalidInputError` at ``policy``."""
    with pytest.raises(rm.InvalidInputError, match="@ policy"):
        rm.route(WAITING, AGENTS, policy=policy)  # type: ignore[arg-type]  # that is the point
