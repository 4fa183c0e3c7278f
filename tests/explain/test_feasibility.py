"""Checking an input finds what can never be served, and nothing that can; each kind of slip is found once planted."""

from __future__ import annotations

import json
from random import Random

import pytest
from attrs import evolve

from routematch.errors import InvalidInputError
from routematch.explain import FINDINGS, Finding, check_input
from routematch.model import (
    After,
    Agent,
    Attribute,
    Capacity,
    Conversation,
    Queue,
    Requirement,
    any_of,
    human_only,
    none_of,
)
from routematch.policies import best_match
from routematch.routing import route
from routematch.rules import RULES, Channel
from routematch.state import Roster
from routematch.testing.cases import random_case

ANA = Agent("ana", {"billing": 0.9, "spanish": 0.8})
BO = Agent("bo", {"billing": 0.6})


def found(conversations, agents=(ANA, BO), **options: object) -> dict[str, Finding]:
    """Return findings by code."""
    return {finding.code: finding for finding in check_input(conversations, agents, **options)}


def relaxed(*steps: After) -> Requirement:
    """Ask for much French, then for less."""
    return Requirement("french", 0.9, relax=steps)


#: For each code: an input in which it is found, the place, and words of the message.
PLANTED = {
    "no_agents": (([Conversation("c")], []), "agents", "no agents"),
    "requirement_never_met": (
        ([Conversation("a"), Conversation("c", [human_only])], [Agent("x", kind="bot")]),
        "conversations[1].requires",
        "nobody meets kind",
    ),
    "channel_nobody_serves": (
        ([Conversation("c", channel="fax")], [Agent("x", channels=["chat"])]),
        "conversations[0].channel",
        "nobody serves the channel fax",
    ),
    "queue_nobody_serves": (
        ([Conversation("c", queue="vip")], [Agent("x", queues=["other"])]),
        "conversations[0].queue",
        "nobody serves the queue vip",
    ),
    "everyone_excluded": (
        ([Conversation("c", "spanish", excludes=["ana"])], [ANA, BO]),
        "conversations[0].excludes",
        "every agent who fits is excluded by c",
    ),
    "never_room": (
        ([Conversation("c", channel="voice")], [Agent("x", capacity=Capacity(2, costs={"voice": 3}))]),
        "conversations[0]",
        "no agent's capacity ever has room for a voice",
    ),
    "never_together": (
        ([Conversation("c", "spanish", channel="voice")], [evolve(ANA, channels=["chat"]), BO]),
        "conversations[0]",
        "nobody meets what is asked for and serves the channel voice all at once",
    ),
    "skill_nobody_holds": (
        ([Conversation("c", [any_of("french", "billing")])], [ANA]),
        "conversations[0].requires",
        "nobody holds 'french', which c asks for",
    ),
    "level_above_everybody": (
        ([Conversation("c", {"billing": 0.95})], [ANA, BO]),
        "conversations[0].requires",
        "nobody has more than 0.9",
    ),
    "near_miss": (
        ([Conversation("c", "spanish")], [ANA, Agent("x", {"spannish": 1})]),
        "agents[1].skills",
        "'spannish' is held by x but never asked for; is it 'spanish'?",
    ),
    "served_only_later": (
        ([Conversation("c", [relaxed(After(60, at_least=0.5))])], [Agent("x", {"french": 0.6})]),
        "conversations[0].requires",
        "nobody can take c before 60 s of waiting",
    ),
    "relaxation_adds_nobody": (
        ([Conversation("c", [relaxed(After(60, at_least=0.8), After(90, drop=True))])], [Agent("x", {"french": 0.6})]),
        "conversations[0].requires",
        "after 60 s c asks for french >= 0.8, which adds nobody",
    ),
    "unknown_agent": (
        ([Conversation("c", affinity={"anna": 1})], [ANA]),
        "conversations[0].affinity",
        "there is no agent 'anna', whom affinity of c names; did you mean 'ana'?",
    ),
    "due_before_arrival": (
        ([Conversation("c", arrived_at=100, due_at=40)], [ANA]),
        "conversations[0].due_at",
        "due_at lies 60 s before arrived_at: c",
    ),
    "zero_capacity": (([Conversation("c")], [ANA, Agent("x", capacity=0)]), "agents[1].capacity", "x"),
    "near_miss_channel": (
        ([Conversation("c", channel="email")], [Agent("y"), Agent("x", capacity=Capacity(2, costs={"emial": 0.5}))]),
        "agents[1].capacity.costs",
        "'emial' is named by capacity.costs of x, but nothing has it; is it 'email'?",
    ),
    "cost_above_capacity": (
        ([Conversation("c")], [Agent("x", capacity=Capacity(2, costs={"voice": 3}))]),
        "agents[0].capacity",
        "one voice costs 3 units, more than the 2 of x",
    ),
    "agent_never_chosen": (
        ([Conversation("c", "spanish")], [ANA, BO]),
        "agents[1]",
        "1 agent can never get any of these conversations: bo",
    ),
    "no_conversations": (([], [ANA]), "conversations", "no conversations"),
}
PROBLEMS = {
    "no_agents",
    "requirement_never_met",
    "channel_nobody_serves",
    "queue_nobody_serves",
    "everyone_excluded",
    "never_room",
    "never_together",
}


@pytest.mark.parametrize("code", list(PLANTED))
def test_planted_slip_is_found(code: str):
    """Each kind of finding is found where it was planted, with its place and words."""
    given, place, words = PLANTED[code]
    finding = found(*given)[code]

    assert finding.severity == ("problem" if code in PROBLEMS else "hint")
    assert finding.place == place
    assert words in finding.message
    assert str(finding) == f"{finding.severity} {code}: {finding.message} @ {place}"


def test_every_kind_of_finding_is_planted():
    """No code is left without a case above."""
    assert set(PLANTED) == set(FINDINGS)


def test_sound_input_has_no_findings():
    """Where all can be served and everybody can be chosen, nothing is found."""
    waiting = [Conversation("a", {"billing": 0.5}, arrived_at=0, due_at=60), Conversation("b", "spanish")]

    assert check_input(waiting, [ANA, BO]) == ()


def test_presence_load_and_shifts_do_not_matter():
    """Who is away, full or off shift could take it another time."""
    agents = [evolve(ANA, presence="offline", load=1), evolve(BO, load=5)]

    assert check_input([Conversation("a", {"billing": 0.5}), Conversation("b", "spanish")], agents) == ()


def test_conversations_with_the_same_cause_share_a_finding():
    """What is said of many conversations is said once, naming a few and counting the rest."""
    waiting = [Conversation(f"c{number}", "french") for number in range(9)]
    finding = found(waiting)["requirement_never_met"]

    assert finding.message == "nobody meets french >= 0, which c0, c1, c2, c3 and 5 more ask for"
    assert finding.ids == tuple(f"c{number}" for number in range(9))
    assert finding.place == "conversations[0].requires"


def test_problems_come_first():
    """Problems come before hints."""
    severities = [f.severity for f in check_input([Conversation("a", "french"), Conversation("b")], [ANA, BO])]

    assert severities == sorted(severities, key=["problem", "hint"].index)


@pytest.mark.parametrize(
    ("held", "asked", "suggested"),
    [
        ("Spanish", "spanish", True),
        ("tier-one", "tier one", True),
        ("biling", "billing", True),
        ("tier1", "tier2", False),
        ("french", "spanish", False),
        ("x" * 500, "x" * 499, False),
    ],
)
def test_only_likely_slips_are_suggested(held: str, asked: str, suggested: bool):  # noqa: FBT001
    """Case, separators and a wrong letter are slips; another number or another word is not."""
    finding = found([Conversation("c", asked)], [Agent("x", {held: 1})])["skill_nobody_holds"]

    assert ("did you mean" in finding.message) == suggested


@pytest.mark.parametrize(
    ("agent", "place"),
    [
        (Agent("x", channels=["email", "vioce"]), ".channels"),
        (Agent("x", capacity=Capacity(2, costs={"Voice": 0.5})), ".capacity.costs"),
        (Agent("x", capacity=Capacity(2, caps={"premuim": 1})), ".capacity.caps"),
        (Agent("x", load={"vioce": 1}), ".load"),
        (Agent("x", load={"label:premuim": 1}), ".load"),
        (Agent("x", presence={"email": "available", "vioce": "away"}), ".presence"),
        (Agent("x", capacity=Capacity(2, costs={"fax": 0.5}, caps={"vip": 1}), channels=["email", "fax"]), ""),
        (Agent("x", capacity=Capacity(2, costs={"voice": 0.5}, caps={"premium": 1}), load={"label:premium": 1}), ""),
        (Agent("x", channels=["email", "e-fax"], load={"e-fax": 1}), ""),
    ],
)
def test_misspelt_channels_and_labels_are_found(agent: Agent, place: str):
    """What an agent serves and carries under a name that nothing has is a slip only where a near one is there."""
    waiting = [Conversation("a", channel="email", labels=["premium"]), Conversation("b", channel="voice")]
    findings = found(waiting, [Agent("ana"), agent])
    assert ("near_miss_channel" in findings) is bool(place)
    if place:
        assert findings["near_miss_channel"].place == f"agents[1]{place}"
        assert findings["near_miss_channel"].severity == "hint"


def test_forbidden_skill_is_not_asked_for():
    """A skill inside none_of that nobody holds is no slip."""
    assert check_input([Conversation("c", [none_of("french")])], [ANA]) == ()


def test_unknown_members_of_queues_are_found():
    """A queue that names agents who are not there is told, once for each."""
    queue = Queue("billing", primary=["ana", "cy"], secondary=["bob"])
    messages = [f.message for f in check_input([Conversation("c", queue="billing")], [ANA, BO], queues=[queue])]

    assert "there is no agent 'cy', whom primary of the queue billing names" in messages
    assert "there is no agent 'bob', whom secondary of the queue billing names" in messages


def test_requirements_of_the_queue_count():
    """What the queue asks for can make a conversation impossible too."""
    queue = Queue("lyon", requires=[Attribute("site", "lyon")])

    assert "requirement_never_met" in found([Conversation("c", queue="lyon")], queues=[queue])


def test_only_rules_of_the_policy_count():
    """Where the policy does not ask for the channel, nobody has to serve it."""
    agents = [evolve(ANA, channels=["chat"])]
    lenient = evolve(best_match(), rules=tuple(rule() for rule in RULES.values() if rule is not Channel))

    assert "channel_nobody_serves" in found([Conversation("c", channel="fax")], agents)
    assert check_input([Conversation("c", channel="fax")], agents, policy=lenient) == ()


def test_stages_that_have_passed_serve_nobody():
    """Only what is asked for from now on can still serve a conversation; relaxation can also tighten a none_of."""
    loud = none_of(Requirement("loud", 0.9, relax=[After(60, at_least=0.1)]))
    waiting = [Conversation("c", [loud], arrived_at=0)]

    assert "requirement_never_met" not in found(waiting, [Agent("x", {"loud": 0.5})], now=10)
    assert "requirement_never_met" in found(waiting, [Agent("x", {"loud": 0.5})], now=100)


def test_encoded_roster_is_taken():
    """A roster encoded once can be checked as well."""
    assert check_input([Conversation("c", "spanish")], Roster.of([BO, ANA])) == check_input(
        [Conversation("c", "spanish")], [ANA, BO]
    )


def test_finding_is_plain_data():
    """A finding can be written as JSON."""
    data = json.loads(json.dumps([f.to_dict() for f in check_input([Conversation("c", "french")], [ANA])]))

    assert data[0] == {
        "severity": "problem",
        "code": "requirement_never_met",
        "place": "conversations[0].requires",
        "message": "nobody meets french >= 0, which c asks for",
        "ids": ["c"],
    }


def test_wrong_input_is_refused_with_all_faults():
    """What is no input at all is an error, as in route."""
    with pytest.raises(InvalidInputError, match="2 faults"):
        check_input([Conversation("c"), Conversation("c")], [ANA, ANA])


def test_never_means_never():
    """Exactly who is found is refused by all others, present and idle, at every stage to come."""
    problems = 0
    for seed in range(25):
        case = random_case(Random(seed), mixed_costs=seed % 2 == 0, overlapping_caps=seed % 3 == 0)
        now = case["now"]
        agents = [evolve(agent, presence="available", load=0, shifts=()) for agent in case["agents"]]
        waiting = [
            evolve(c, arrived_at=now if c.arrived_at is None else min(c.arrived_at, now), priority=1e6)
            for c in case["conversations"]
        ]
        findings = check_input(waiting, case["agents"], queues=case["queues"], now=now)
        never = [name for finding in findings if finding.severity == "problem" for name in finding.ids]
        instants = {
            now,
            *(c.arrived_at + step for c in waiting for step in c.requires.steps),
            *(c.arrived_at + step for c in waiting for q in case["queues"] for step in q.requires.steps),
            *(c.arrived_at + q.secondary_after for c in waiting for q in case["queues"]),
        }
        pairs = [
            (c.id, a.id)
            for c in waiting
            for instant in instants
            for a in agents
            if instant >= now and route([c], [a], now=instant, queues=case["queues"]).pairs()
        ]
        unchosen = [name for f in findings if f.code in {"agent_never_chosen", "zero_capacity"} for name in f.ids]
        assert len(never) == len(set(never))
        assert set(never) == {c.id for c in waiting} - {name for name, _ in pairs}, seed
        assert set(unchosen) == {a.id for a in agents} - {name for _, name in pairs} or not waiting or not agents
        problems += len(never)
    assert problems > 3
