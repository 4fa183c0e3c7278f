"""The plan as data: what it says of itself, and as a graph."""

from __future__ import annotations

import json
from random import Random

import networkx as nx
import pytest
from attrs import evolve

import routematch as rm
from routematch.policies import best_match
from routematch.testing.cases import random_case


@pytest.mark.parametrize("seed", range(3))
def test_networkx_finds_the_same_worth(seed: int) -> None:
    """On plain cases of one unit per agent, networkx finds a matching of the graph of the same worth."""
    random = Random(f"graph {seed}")
    policy = evolve(best_match(), spread="none")
    for _ in range(25):
        case = random_case(random, conversations=8, agents=6, plain=True)
        case["agents"] = [evolve(agent, capacity=1, load=0.0) for agent in case["agents"]]
        plan = rm.route(**case, policy=policy)
        graph = plan.to_networkx()
        best = nx.max_weight_matching(graph, weight="worth")
        total = sum(graph.edges[edge]["worth"] for edge in best)
        assert total == pytest.approx(plan.worth, abs=1e-4)
        matched = {(c[1], a[1]) for c, a, used in graph.edges(data="matched") if used}
        assert matched == set(plan.pairs().items())


def test_the_graph_is_bipartite_and_priced() -> None:
    """Nodes are pairs of kind and id, agents carry their price."""
    graph = rm.route([rm.Conversation("ana")], [rm.Agent("ana")]).to_networkx()
    assert nx.is_bipartite(graph)
    assert set(graph) == {("conversation", "ana"), ("agent", "ana")}
    assert graph.nodes["agent", "ana"]["price"] == 0.0


def test_a_plan_is_json() -> None:
    """`to_dict` starts with its schema and version and goes through JSON unchanged, without infinities or NaN."""
    random = Random(8)
    for _ in range(20):
        data = rm.route(**random_case(random)).to_dict()
        assert next(iter(data)) == "schema"
        assert data["schema"] == "routematch/plan/1"
        assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_an_assignment_carries_the_preconditions_of_its_claim() -> None:
    """Versions of both sides and the free units before the plan."""
    agent = rm.Agent("ana", capacity=3, load=1, version="v7")
    assignment = rm.route([rm.Conversation("c", version=3)], [agent]).assignments["c"]
    assert assignment.expect == rm.model.Expectation(3, "v7", 2.0)


@pytest.mark.parametrize(
    ("agent", "reason", "blocked_by"),
    [
        (None, "no_agents", None),
        (rm.Agent("ana", {}), "no_eligible_agent", "skills"),
        (rm.Agent("ana", {"a": 0.9}, channels=["email"]), "no_eligible_agent", "channel"),
        (rm.Agent("ana", {"a": 0.9}, queues=["other"]), "no_eligible_agent", "queue"),
        (rm.Agent("mo", {"a": 0.9}), "no_eligible_agent", "exclusions"),
        (rm.Agent("ana", {"a": 0.9}, presence="away"), "nobody_present", "presence"),
        (rm.Agent("ana", {"a": 0.9}, capacity=2, load=2), "at_capacity", "room"),
    ],
)
def test_a_held_conversation_says_why(agent: rm.Agent | None, reason: str, blocked_by: str | None) -> None:
    """The reason code and the rule that stands in the way."""
    waiting = [rm.Conversation("c", {"a": 0.5}, queue="q", excludes=["mo"])]
    held = rm.route(waiting, [agent] if agent else []).held["c"]
    assert (held.reason, held.blocked_by) == (reason, blocked_by)


def test_losing_out_and_choosing_to_wait_are_told_apart() -> None:
    """Needed elsewhere is not the same as waiting being worth more."""
    policy = evolve(best_match(), option=0.5, max_hold_time=60.0)
    waiting = [rm.Conversation("good", "a"), rm.Conversation("bad", "b"), rm.Conversation("good-too", "a")]
    plan = rm.route(waiting, [rm.Agent("ana", {"a": 0.9, "b": 0.1})], policy=policy)
    assert plan.pairs() == {"good": "ana"}
    assert plan.held["bad"].reason == "waiting_is_worth_more"
    assert plan.held["good-too"].reason == "needed_elsewhere"


def test_tiers_come_in_only_when_nobody_before_them_can() -> None:
    """Away only if nobody is available: the worse but available agent goes first, the away one takes the rest."""
    tiered = evolve(best_match(), tiers=(("available",), ("away",)))
    agents = [rm.Agent("ana", {"a": 0.9}, presence="away"), rm.Agent("bo", {"a": 0.2})]
    waiting = [rm.Conversation("c", "a", arrived_at=0.0), rm.Conversation("d", "a", arrived_at=1.0)]
    assert rm.route(waiting[:1], agents, policy=tiered).pairs() == {"c": "bo"}
    assert rm.route(waiting, agents, policy=tiered).pairs() == {"c": "bo", "d": "ana"}
    assert rm.route(waiting, agents).pairs() == {"c": "bo"}
    together = evolve(best_match(), tiers=(("available", "away"),))
    assert rm.route(waiting[:1], agents, policy=together).pairs() == {"c": "ana"}
