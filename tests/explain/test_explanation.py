"""Explanations say what the decision computed; every number in them is found again by deciding anew."""

from __future__ import annotations

import json
import math
from collections import Counter
from random import Random

import numpy as np
import pytest
from attrs import evolve

from routematch.errors import UnknownNameError
from routematch.explain import OBSTACLES, explain_conversation
from routematch.model import (
    After,
    Agent,
    AllOf,
    Capacity,
    Conversation,
    Estimate,
    Estimates,
    Queue,
    Requirement,
    Shift,
    none_of,
)
from routematch.model.decisions import HELD_REASONS
from routematch.model.judging import judge
from routematch.policies import Policy, best_match, longest_idle
from routematch.routing import Plan, route
from routematch.rules import RULES
from routematch.state import Static
from routematch.terms import Achievement
from routematch.testing.cases import RandomCase, random_case

TOLERANCE = 1e-4


def cases(number: int, **options: object) -> list[RandomCase]:
    """Make seeded random decisions."""
    return [random_case(Random(seed), **options) for seed in range(number)]


def alone(case: RandomCase, conversation: Conversation, agent: Agent, **changes: object) -> Plan:
    """Decide about one pair as if there were no other; so urgent that only a rule can stand in the way."""
    urgent = evolve(conversation, priority=1e6)
    now = changes.get("now", case["now"])
    return route([urgent], [agent], now=now, queues=case["queues"], estimates=case["estimates"])


def explained(case: RandomCase, **options: object):
    """Yield each conversation of a decision with its plan and explanation."""
    plan = route(**case, **options)
    for conversation in case["conversations"]:
        yield plan, conversation, plan.explain(conversation.id)


class Raises:
    """A term that never works."""

    name = "raises"
    axes = ("agent",)
    looks_at = ()
    scaled_by_value = False

    def value(self, problem, request):
        """Fail."""
        raise ZeroDivisionError

    def behaviour(self, problem):
        """Return static."""
        return Static()


class Waits:
    """Code that never assigns."""

    def decide(self, view, generator):
        """Name nothing."""


# --- assigned ---------------------------------------------------------------------------------------------------------


def test_terms_add_up_to_value_and_worth_is_value_less_hold():
    """Of an assigned conversation, the terms sum to its value, and worth is value minus hold, never negative."""
    seen = 0
    for case in cases(44):
        for plan, conversation, told in explained(case, policy=evolve(best_match(), price=0.001)):
            if told.agent is None:
                continue
            seen += 1
            assert math.isclose(sum(told.terms.values()), told.value, abs_tol=1e-9)
            assert math.isclose(told.worth, max(told.value - told.hold, 0.0), abs_tol=1e-9)
            assert told.value == plan.assignments[conversation.id].value
            assert told.worth == plan.assignments[conversation.id].worth
    assert seen > 12


def test_urgency_is_what_lowers_hold():
    """Hold is minus the urgency in whole steps of the resolution, lowered by the same spreading charge for all."""
    for case in cases(33):
        told = [entry for *_, entry in explained(case)]
        shifts = [entry.hold + sum(entry.urgency.values()) for entry in told]
        assert max(shifts, default=0.0) - min(shifts, default=0.0) < best_match().resolution * 1.001


def test_runner_up_is_the_best_of_the_others_and_gap_the_difference():
    """The runner-up is the best other agent who may take it; the gap is by how much the chosen one is better."""
    seen = 0
    for case in cases(49):
        for plan, conversation, told in explained(case):
            if told.agent is None:
                continue
            values = {}
            for agent in case["agents"]:
                single = alone(case, conversation, agent).assignments.get(conversation.id)
                if single is not None and agent.id != told.agent:
                    values[agent.id] = single.value
            if not values:
                assert told.runner_up is None
                continue
            seen += 1
            assert math.isclose(told.runner_up.value, max(values.values()), abs_tol=1e-9)
            assert math.isclose(values[told.runner_up.agent], max(values.values()), abs_tol=1e-9)
            assert math.isclose(told.runner_up.gap, told.value - max(values.values()), abs_tol=1e-9)
            assert plan.pairs()[conversation.id] == told.agent
    assert seen > 12


def test_equal_runner_up_names_the_order_of_equals():
    """Between equals, the text says by what the tie was decided."""
    plan = route([Conversation("a")], [Agent("x", idle_since=5.0), Agent("y", idle_since=1.0)])

    assert plan.pairs() == {"a": "y"}
    assert "runner-up x: equal, decided by idle, then id" in plan.explain("a").text()


def test_source_of_achievement_is_named():
    """The explanation says whether declared proficiency or history stands behind the achievement."""
    estimates = Estimates(success={"ana": {"billing": Estimate(0.7, 40)}})
    waiting, agents = [Conversation("a", {"billing": 0.5})], [Agent("ana", {"billing": 0.9})]

    assert route(waiting, agents).explain("a").achievement_from == "declared"
    learned = route(waiting, agents, estimates=estimates).explain("a")
    assert learned.achievement_from == "learned"
    assert "(achievement: learned)" in learned.text()


# --- refused ----------------------------------------------------------------------------------------------------------


def test_every_refused_agent_is_named_with_the_rule_that_refuses():
    """An agent is named as refused exactly when deciding about the pair alone refuses it, by the same rule."""
    seen: dict[str, int] = {}
    for case in cases(33, mixed_costs=True, overlapping_caps=True):
        for _, conversation, told in explained(case):
            named = {refusal.agent: refusal.rule for refusal in told.refused}
            for agent in case["agents"]:
                single = alone(case, conversation, agent)
                if conversation.id in single.assignments:
                    assert agent.id not in named
                else:
                    rule = single.held[conversation.id].blocked_by
                    assert named[agent.id] == rule
                    seen[rule] = seen.get(rule, 0) + 1
    assert set(seen) == set(RULES)


def test_refused_agents_come_in_the_order_of_how_far_they_got():
    """Agents stopped by a later rule come first, then the order is that of ids."""
    order = {name: number for number, name in enumerate(RULES)}
    for case in cases(33):
        for _, _, told in explained(case):
            keys = [(-order[refusal.rule], refusal.agent) for refusal in told.refused]
            assert keys == sorted(keys)


def test_number_of_named_refusals_can_be_limited():
    """Only as many refused agents are named as were asked for, the first ones."""
    plan = route([Conversation("a", "french")], [Agent("x"), Agent("y"), Agent("z", {"french": 1}, presence="away")])

    assert explain_conversation(plan.trace, "a", refusals=1).refused == plan.explain("a").refused[:1]
    assert plan.explain("a").refused[0].agent == "z"
    assert "and 2 more agents are refused" in plan.explain("a").text(refusals=1)


SENTENCES = [
    (Conversation("c", excludes=["ana"]), Agent("ana"), "is excluded by the conversation"),
    (Conversation("c", {"french": 0.5}), Agent("ana"), "does not meet french >= 0.5"),
    (Conversation("c", [none_of("french")]), Agent("ana", {"french": 1}), "does not meet none of (french >= 0)"),
    (Conversation("c", channel="fax"), Agent("ana", channels=["chat"]), "does not serve the channel fax"),
    (Conversation("c", queue="vip"), Agent("ana", queues=["b"]), "does not serve the queue vip"),
    (Conversation("c"), Agent("ana", presence={"chat": "away"}), "is away on chat"),
    (Conversation("c"), Agent("ana", shifts=[Shift(5, 6)]), "is off shift"),
    (Conversation("c"), Agent("ana", load=1), "is full: 0 of 1 units free, 1 needed"),
    (Conversation("c"), Agent("ana", capacity=Capacity(2, costs={"chat": 3})), "is full: 2 of 2 units free, 3 needed"),
    (
        Conversation("c", labels=["vip"]),
        Agent("ana", capacity=Capacity(3, caps={"vip": 1}), load={"label:vip": 1}),
        "has reached the cap of 1 for vip",
    ),
]


@pytest.mark.parametrize(("conversation", "agent", "sentence"), SENTENCES)
def test_refusal_is_a_clause_in_words(conversation: Conversation, agent: Agent, sentence: str):
    """Each refusal reads as a clause about the agent."""
    told = route([conversation], [agent], now=0.0).explain("c")

    assert [refusal.sentence for refusal in told.refused] == [sentence]
    assert f"ana {sentence}" in told.text()


def test_secondary_member_is_told_when():
    """Who helps out later is told from when on."""
    queue = Queue("billing", primary=["bo"], secondary=["ana"], secondary_after=60)
    told = route([Conversation("c", queue="billing", arrived_at=0)], [Agent("ana")], queues=[queue], now=10).explain(
        "c"
    )

    assert told.refused[0].sentence == "helps out in the queue billing only after 60 s"
    assert [(step.after, step.would_add) for step in told.relaxations] == [(60.0, 1)]


# --- trade-offs -------------------------------------------------------------------------------------------------------


def test_better_agents_are_those_worth_more_to_the_conversation():
    """Every agent who would have been better is named, best first, with what the conversation would have gained."""
    seen = 0
    for case in cases(44):
        for plan, conversation, told in explained(case):
            values = {}
            for agent in case["agents"]:
                single = alone(case, conversation, agent).assignments.get(conversation.id)
                if single is not None:
                    values[agent.id] = single.value
            base = told.value if told.agent is not None else told.hold
            better = {name: value - base for name, value in values.items() if value - base > 1e-9}
            named = {trade.agent: trade.gain for trade in told.better}
            assert {name for name in named if named[name] > 1e-9} == set(better)
            assert all(math.isclose(named[name], gain, abs_tol=1e-9) for name, gain in better.items())
            assert [trade.gain for trade in told.better] == sorted(named.values(), reverse=True)
            seen += len(better)
            assert plan.is_optimal
    assert seen > 12


def test_who_needed_the_agent_more_has_the_agent_and_would_lose_no_less():
    """In an optimal plan, the named conversation has the agent, and its loss is at least the gain."""
    seen = 0
    for case in cases(71):
        for plan, _, told in explained(case):
            for trade in told.better:
                if trade.needed_by is None:
                    continue
                seen += 1
                assert plan.pairs()[trade.needed_by] == trade.agent
                assert (trade.loss is None) == (trade.obstacle == "tie"), (case, told)
                assert trade.loss is None or trade.loss >= trade.gain - TOLERANCE, (case, told)
    assert seen > 12


OBSTACLE_CASES = {
    "priority": ({}, evolve(best_match(), strict_priority=True)),
    "tier": ({}, evolve(best_match(), tiers=(("available",), ("away",)))),
    "joint": ({"mixed_costs": True}, None),
    "policy": ({}, "Waits"),
}


@pytest.mark.parametrize("obstacle", list(OBSTACLE_CASES))
def test_nobody_is_said_to_need_an_agent_more_who_does_not(obstacle: str):
    """A loss is stated only where it is at least the gain; otherwise what stood in the way is named instead."""
    options, policy = OBSTACLE_CASES[obstacle]
    seen = Counter()
    for case in cases(130, **options):
        for _, _, told in explained(case, policy=Waits() if policy == "Waits" else policy):
            for trade in told.better:
                assert (trade.loss is not None) == (trade.obstacle == "needed_more")
                assert trade.loss is None or trade.loss >= trade.gain - TOLERANCE
                seen[trade.obstacle] += 1
                assert trade.sentence in told.text() or trade not in told.better[:3]
    assert seen[obstacle] > 0


def test_spreading_charge_is_named_as_obstacle():
    """Where a busier agent would be better by less than the charge for its load, the charge is named."""
    agents = [Agent("idle", capacity=9), Agent("busy", capacity=9, load=5)]
    told = route([Conversation("a", affinity={"busy": 2e-6})], agents).explain("a")

    assert told.agent == "idle"
    assert [(trade.agent, trade.needed_by, trade.obstacle) for trade in told.better] == [("busy", None, "charge")]


def test_end_of_the_search_is_named_as_obstacle():
    """Where the budget ran out, nobody is said to need an agent more."""
    random = Random(1)
    agents = [Agent(f"agent-{n}") for n in range(12)]
    waiting = [Conversation(f"c{n}", affinity={agent.id: random.random() for agent in agents}) for n in range(14)]
    plan = route(waiting, agents, limit=2)

    obstacles = {trade.obstacle for conversation in waiting for trade in plan.explain(conversation.id).better}
    assert not plan.is_optimal
    assert obstacles == {"budget"}


def test_every_obstacle_has_a_case():
    """No obstacle is left without a test above."""
    assert set(OBSTACLES) == {"needed_more", "tie", "budget", "charge", *OBSTACLE_CASES}


def test_equals_are_told_apart_by_the_order_of_ties_only():
    """Where two need an agent alike, nobody is said to need the agent more."""
    waiting = [Conversation("first", {"b": 0.1}), Conversation("second", {"b": 0.1})]
    told = route(waiting, [Agent("ana", {"b": 0.9}), Agent("bo", {"b": 0.5})]).explain("second")

    assert told.agent == "bo"
    assert [(trade.agent, trade.obstacle, trade.loss) for trade in told.better] == [("ana", "tie", None)]
    assert "order of ties" in told.text()


def test_giving_the_agent_away_after_all_makes_no_better_plan():
    """Solved again with the agent forced upon the conversation that wanted it, the total is not better."""
    seen = 0
    for case in cases(49):
        for plan, conversation, told in explained(case):
            for trade in told.better[:1]:
                others = [agent.id for agent in case["agents"] if agent.id != trade.agent]
                forced = evolve(conversation, excludes=[*conversation.excludes, *others])
                waiting = [forced if c.id == conversation.id else c for c in case["conversations"]]
                again = route(**{**case, "conversations": waiting})
                seen += 1
                assert again.worth <= plan.worth + 1e-9
    assert seen > 12


def test_held_conversation_names_who_needed_its_agent_more():
    """A conversation that lost out is told to whom."""
    waiting = [Conversation("a", arrived_at=0), Conversation("b", arrived_at=5)]
    told = route(waiting, [Agent("ana")], now=10).explain("b")

    assert told.reason == "needed_elsewhere"
    assert told.better[0].needed_by == "a"
    assert "but a needed ana more" in told.text()


# --- held -------------------------------------------------------------------------------------------------------------


def settled(case: RandomCase) -> RandomCase:
    """Return the case with agents who always work and arrivals that are known: only requirements change with time."""
    now = case["now"]
    waiting = [
        evolve(c, arrived_at=now if c.arrived_at is None else min(c.arrived_at, now)) for c in case["conversations"]
    ]
    return {**case, "conversations": waiting, "agents": [evolve(agent, shifts=()) for agent in case["agents"]]}


def eligible(case: RandomCase, conversation: Conversation, **changes: object) -> set[str]:
    """Return who would take the conversation if there were no other."""
    return {agent.id for agent in case["agents"] if alone(case, conversation, agent, **changes).pairs()}


def test_relaxation_counts_agree_with_routing_at_that_instant():
    """As many agents are added by a relaxation as routing each pair alone at that instant adds."""
    seen = 0
    for case in map(settled, cases(49)):
        for _, conversation, told in explained(case):
            for step in told.relaxations:
                before = eligible(case, conversation)
                later = eligible(case, conversation, now=step.at)
                seen += 1
                assert step.would_add == len(later - before), (conversation, step)
    assert seen > 12


def test_held_conversation_shows_every_relaxation_to_come():
    """Every step of waiting that lies ahead is listed, in order; steps that have passed are not."""
    french = Requirement("french", 0.9, relax=(After(10, at_least=0.5), After(60, at_least=0.2), After(90, drop=True)))
    told = route([Conversation("c", [french], arrived_at=0)], [Agent("ana", {"french": 0.3})], now=20).explain("c")

    assert [(step.after, step.at, step.would_add) for step in told.relaxations] == [(60.0, 60.0, 1), (90.0, 90.0, 1)]
    assert told.review_at == 60.0
    assert "after 60 s it asks for french >= 0.2: 1 more could take it" in told.text()


def test_blocking_parts_agree_with_routing_without_them():
    """Dropping one part lets in as many agents as the explanation says, and it is met by as many as it says."""
    seen = 0
    for case in map(settled, cases(49)):
        plain = {**case, "queues": []}
        for _, conversation, told in explained(plain):
            if told.agent is not None:
                continue
            asked = conversation.requires.at(plain["now"] - conversation.arrived_at)
            parts = list(asked.parts)
            if any(isinstance(part, AllOf) for part in parts) or len({str(part) for part in parts}) < len(parts):
                continue
            before = eligible(plain, conversation)
            for entry in told.blocking:
                rest = AllOf(tuple(part for part in parts if str(part) != entry.part))
                after = eligible(plain, evolve(conversation, requires=rest))
                seen += 1
                assert entry.would_add == len(after - before)
                only = next(part for part in parts if str(part) == entry.part)
                assert entry.met_by == sum(judge(only, agent)[0] for agent in plain["agents"])
    assert seen > 12


HELD = {
    "no_agents": ([], None, {}),
    "no_eligible_agent": ([Agent("ana")], None, {}),
    "nobody_present": ([Agent("ana", {"billing": 1}, presence="away")], None, {}),
    "at_capacity": ([Agent("ana", {"billing": 1}, load=1)], None, {}),
    "needed_elsewhere": ([Agent("ana", {"billing": 1})], None, {}),
    "waiting_is_worth_more": ([Agent("ana", {"billing": 1})], evolve(best_match(), option=9, max_hold_time=60), {}),
    "fault": ([Agent("ana", {"billing": 1})], Policy("broken", terms=(Achievement(), Raises())), {}),
    "policy": ([Agent("ana", {"billing": 1})], Waits(), {}),
    "budget": ([Agent("ana", {"billing": 0.9}), Agent("bo", {"billing": 0.6}, capacity=2)], None, {"limit": 0}),
}


@pytest.mark.parametrize("reason", list(HELD))
def test_every_reason_is_told_in_words(reason: str):
    """Each reason for holding occurs, and the explanation opens with its sentence."""
    agents, policy, options = HELD[reason]
    waiting = [Conversation("first", {"billing": 0.7}, arrived_at=0), Conversation("second", "billing", arrived_at=1)]
    plan = route(waiting, agents, policy=policy, now=2, **options)
    told = plan.explain("second")

    assert told.reason == plan.held["second"].reason == reason
    assert told.sentence == plan.held["second"].sentence
    assert told.text().startswith(f"second waits: {told.sentence}")
    assert told.sentence == HELD_REASONS[reason] or reason == "fault"
    assert json.loads(json.dumps(told.to_dict()))["reason"] == reason


def test_every_reason_of_the_glossary_has_a_case():
    """No reason code is left without a case above."""
    assert set(HELD) == set(HELD_REASONS)


# --- all --------------------------------------------------------------------------------------------------------------


def test_unknown_conversation_is_named_with_near_spellings():
    """Asking for a conversation that was not part of the decision suggests the one that was meant."""
    with pytest.raises(UnknownNameError, match="did you mean 'chat-17'"):
        route([Conversation("chat-17")], []).explain("chat-71")


def test_plain_data_says_the_same():
    """An explanation as plain data holds every field, and its text is the same when asked again."""
    for case in cases(22):
        for plan, conversation, told in explained(case, policy=longest_idle()):
            data = json.loads(json.dumps(told.to_dict()))
            assert data["schema"] == "routematch/explanation/1"
            assert data["conversation"] == conversation.id
            assert data["refused"] == [{"agent": r.agent, "rule": r.rule, "sentence": r.sentence} for r in told.refused]
            assert plan.explain(conversation.id) == told
            assert str(told) == told.text()


def test_explaining_changes_nothing():
    """The plan is the same after explaining as before, down to its arrays."""
    for case in cases(20):
        plan = route(**case)
        before = json.dumps(plan.to_dict())
        value = plan.trace.value.copy()
        for conversation in case["conversations"]:
            plan.explain(conversation.id)
        assert json.dumps(plan.to_dict()) == before
        assert np.array_equal(plan.trace.value, value)
