"""Who may take what: each rule by itself, with its sentence."""

from __future__ import annotations

from typing import Any

import pytest

import routematch as rm
from routematch.rules import RULES, Channel, Exclusions, Presence, QueueMembership, Room, Skills
from routematch.state import Problem, Settings, Steps


def asked(rule: Any, conversation: rm.Conversation, agents: list[rm.Agent], **more: Any) -> dict[str, bool]:
    """Return whom a rule allows for one conversation, by agent id."""
    problem = Problem.of([conversation], agents, **{"now": 0.0, **more})
    answer = rule.allowed(problem, problem.backlog.classes[0])
    if rule.axes == ("pair",):
        return {name: place not in answer.agents for place, name in enumerate(problem.roster.ids)}
    row = answer[problem.roster.profile_of] if rule.axes == ("request", "profile") else answer
    return dict(zip(problem.roster.ids, row.tolist(), strict=True))


def sentence(rule: Any, conversation: rm.Conversation, agent: rm.Agent, **more: Any) -> str:
    """Return why a single pair is refused."""
    said: str = rule.sentence(Problem.of([conversation], [agent], **{"now": 0.0, **more}), 0, 0)
    return said


def test_rules_are_asked_in_the_order_of_their_table() -> None:
    """Names are those of policy files; what is most particular is asked first."""
    assert list(RULES) == ["exclusions", "skills", "channel", "queue", "presence", "room"]
    assert all(rule.name == name for name, rule in RULES.items())


def test_skills_is_a_gate_at_the_stage_of_now() -> None:
    """Level, attributes and combinations; relaxed as far as the wait says."""
    agents = [rm.Agent("ana", {"a": 0.5}), rm.Agent("bo", {"a": 0.49}, kind="bot"), rm.Agent("cy", {"b": 1.0})]
    assert asked(Skills(), rm.Conversation("c", {"a": 0.5}), agents) == {"ana": True, "bo": False, "cy": False}
    assert asked(Skills(), rm.Conversation("c", rm.any_of({"a": 0.9}, "b")), agents)["cy"]
    assert asked(Skills(), rm.Conversation("c", rm.human_only), agents) == {"ana": True, "bo": False, "cy": True}
    assert asked(Skills(), rm.Conversation("c", rm.none_of("a")), agents) == {"ana": False, "bo": False, "cy": True}
    relaxed = rm.Conversation("c", rm.Requirement("a", 0.9, relax=rm.After(60, at_least=0.49)), arrived_at=0.0)
    assert asked(Skills(), relaxed, agents, now=59.0) == {"ana": False, "bo": False, "cy": False}
    assert asked(Skills(), relaxed, agents, now=60.0) == {"ana": True, "bo": True, "cy": False}


def test_skills_names_what_is_missing() -> None:
    """Only the parts that are not met."""
    conversation = rm.Conversation("c", {"a": 0.5, "b": 0.25, "d": 0.1})
    assert sentence(Skills(), conversation, rm.Agent("ana", {"a": 0.9})) == "does not meet b >= 0.25 and d >= 0.1"


def test_channel_is_served_or_not() -> None:
    """No channels named means all of them."""
    agents = [rm.Agent("ana"), rm.Agent("bo", channels=["email", "voice"]), rm.Agent("cy", channels=[])]
    assert asked(Channel(), rm.Conversation("c", channel="voice"), agents) == {"ana": True, "bo": True, "cy": False}
    assert "does not serve the channel chat" in sentence(Channel(), rm.Conversation("c"), agents[1])


def test_queue_membership_is_what_the_queue_says_or_else_the_agents() -> None:
    """Named members alone serve a queue that names some; secondary ones after a while; no queue is open to all."""
    agents = [rm.Agent("ana"), rm.Agent("bo", queues=["q"]), rm.Agent("cy", queues=["other"])]
    waiting = rm.Conversation("c", queue="q", arrived_at=0.0)
    everybody = {"ana": True, "bo": True, "cy": True}
    assert asked(QueueMembership(), rm.Conversation("c"), agents) == everybody
    for queues in ((), [rm.Queue("q")]):
        assert asked(QueueMembership(), waiting, agents, queues=queues) == {"ana": True, "bo": True, "cy": False}
    named = [rm.Queue("q", primary=["cy"], secondary=["ana", "gone"], secondary_after=30)]
    early = {"ana": False, "bo": False, "cy": True}
    assert asked(QueueMembership(), waiting, agents, queues=named, now=29.9) == early
    assert asked(QueueMembership(), waiting, agents, queues=named, now=30.0) == {**early, "ana": True}
    assert "only after 30 s" in sentence(QueueMembership(), waiting, agents[0], queues=named)
    assert "does not serve the queue q" in sentence(QueueMembership(), waiting, agents[2])


def test_presence_is_an_allow_list_by_channel_and_shift() -> None:
    """Only presences in the tiers, on the channel of the conversation, within a shift."""
    agents = [
        rm.Agent("ana", presence="away"),
        rm.Agent("bo", presence={"chat": "available"}),
        rm.Agent("cy", presence={"email": "available"}),
        rm.Agent("di", shifts=[rm.Shift(10, 20), rm.Shift(30, 40)]),
    ]
    chat = rm.Conversation("c")
    seen = {now: asked(Presence(), chat, agents, now=now)["di"] for now in (9.9, 10.0, 19.9, 20.0, 30.0, 40.0)}
    assert seen == {9.9: False, 10.0: True, 19.9: True, 20.0: False, 30.0: True, 40.0: False}
    assert asked(Presence(), chat, agents) == {"ana": False, "bo": True, "cy": False, "di": False}
    lenient = Settings(tiers=(("available",), ("away",)))
    assert asked(Presence(), chat, agents, settings=lenient)["ana"]
    behaviour = Presence().behaviour(Problem.of([chat], agents, now=15.0))
    assert isinstance(behaviour, Steps)
    assert behaviour.next_change(15.0) == 20.0
    assert sentence(Presence(), chat, agents[2]) == "is offline on chat"
    assert sentence(Presence(), chat, agents[3]) == "is off shift"


@pytest.mark.parametrize(
    ("agent", "conversation", "fits"),
    [
        (rm.Agent("ana", capacity=1), {}, True),
        (rm.Agent("ana", capacity=1, load=1), {}, False),
        (rm.Agent("ana", capacity=1, load=5), {}, False),
        (rm.Agent("ana", capacity=0), {}, False),
        (rm.Agent("ana", capacity=rm.Capacity(0, costs={"chat": 0})), {}, False),
        (rm.Agent("ana", capacity=rm.Capacity(1, costs={"chat": 0}), load=1), {}, True),
        (rm.Agent("ana", capacity=rm.Capacity(1, costs={"chat": 0.6}), load=0.4), {}, True),
        (rm.Agent("ana", capacity=rm.Capacity(1, costs={"chat": 0.6}), load=0.401), {}, False),
        (rm.Agent("ana", capacity=rm.Capacity(9, caps={"chat": 2}), load={"chat": 1}), {}, True),
        (rm.Agent("ana", capacity=rm.Capacity(9, caps={"chat": 2}), load={"chat": 2}), {}, False),
        (rm.Agent("ana", capacity=rm.Capacity(9, caps={"vip": 0})), {}, True),
        (rm.Agent("ana", capacity=rm.Capacity(9, caps={"vip": 0})), {"labels": ["vip"]}, False),
        (rm.Agent("ana", capacity=rm.Capacity(9, caps={"vip": 1}), load={"label:vip": 1}), {"labels": ["vip"]}, False),
        (rm.Agent("ana", capacity=rm.Capacity(3, costs={"voice": 3}), load={"chat": 1}), {"channel": "voice"}, False),
    ],
)
def test_room_is_for_at_least_this_one(agent: rm.Agent, conversation: dict[str, Any], fits: bool) -> None:  # noqa: FBT001 - a column of the table
    """Free units for the channel's cost, and no cap reached."""
    assert asked(Room(), rm.Conversation("c", **conversation), [agent]) == {"ana": fits}


def test_room_says_what_is_full() -> None:
    """The cap that is reached, or the units that are missing."""
    capped = rm.Agent("ana", capacity=rm.Capacity(9, caps={"vip": 1}), load={"label:vip": 1})
    assert sentence(Room(), rm.Conversation("c", labels=["vip"]), capped) == "has reached the cap of 1 for vip"
    assert sentence(Room(), rm.Conversation("c"), rm.Agent("bo", capacity=2, load=2)).startswith("is full: 0 of 2")


def test_exclusions_name_agents_and_ignore_strangers() -> None:
    """Named twice is excluded once; a name that is nobody's excludes nobody."""
    agents = [rm.Agent("ana"), rm.Agent("bo")]
    excluding = rm.Conversation("c", excludes=["bo", "bo", "gone"])
    assert asked(Exclusions(), excluding, agents) == {"ana": True, "bo": False}
    assert sentence(Exclusions(), excluding, agents[1]) == "is excluded by the conversation"
