"""Shares even out what was given: among agents by weight, between groups as wanted, over restarts and new agents."""

from __future__ import annotations

import json

import pytest
from attrs import evolve

import routematch as rm
from routematch.policies import Weighted, best_match
from routematch.terms import FairShare, GroupShare


def policy(*terms: object) -> rm.Policy:
    """Return best match with further terms."""
    return evolve(best_match(), name="fair", terms=(*best_match().terms, *(Weighted(term, 1.0) for term in terms)))


def served(
    agents: list[rm.Agent], rules: rm.Policy, rounds: int, memory: object = None
) -> tuple[dict[str, int], object]:
    """Route one conversation after the other; return how many each agent got, and the memory."""
    given = {agent.id: 0 for agent in agents}
    for number in range(rounds):
        plan = rm.route([rm.Conversation(f"c{number}")], agents, policy=rules, now=float(number), memory=memory)
        given[next(iter(plan.pairs().values()))] += 1
        memory = json.loads(json.dumps(plan.memory))
    return given, memory


def test_work_follows_weights() -> None:
    """Who works half time gets half the work."""
    agents = [rm.Agent("ana"), rm.Agent("bo", weight=0.5)]
    given, _ = served(agents, policy(FairShare(half_time=1e6)), 300)
    assert given["ana"] == pytest.approx(200, abs=4)


def test_groups_get_the_shares_that_were_asked_for() -> None:
    """Seventy to thirty between two sites, however many agents each has."""
    agents = [rm.Agent(f"n{i}", attributes={"site": "north"}) for i in range(2)]
    agents += [rm.Agent(f"s{i}", attributes={"site": "south"}) for i in range(6)]
    rules = policy(GroupShare("site", shares={"north": 70, "south": 30}, half_time=1e6))
    given, _ = served(agents, rules, 200)
    assert sum(count for agent, count in given.items() if agent.startswith("n")) == pytest.approx(140, abs=4)


def test_new_agent_is_not_flooded() -> None:
    """Who comes in begins with the mean, not with a debt of everything that was given before."""
    agents = [rm.Agent("ana"), rm.Agent("bo")]
    rules = policy(FairShare(half_time=1e6))
    _, memory = served(agents, rules, 100)
    given, _ = served([*agents, rm.Agent("new")], rules, 30, memory)
    assert 8 <= given["new"] <= 12


def test_good_conversations_are_shared_too() -> None:
    """With shares of value, who had the valuable conversations waits its turn for the next."""
    agents = [rm.Agent("ana", {"x": 0.8}), rm.Agent("bo", {"x": 0.8})]
    rules = policy(FairShare("value", half_time=1e6))
    memory, value = None, {"ana": 0.0, "bo": 0.0}
    for number in range(60):
        worth = 5.0 if number % 3 == 0 else 1.0
        waiting = [rm.Conversation(f"c{number}", {"x": 0.1}, value=worth)]
        plan = rm.route(waiting, agents, policy=rules, now=float(number), memory=memory)
        value[next(iter(plan.pairs().values()))] += worth
        memory = plan.memory
    assert abs(value["ana"] - value["bo"]) <= 5.0


def test_router_shares_and_survives_a_restart() -> None:
    """A router keeps shares in its snapshot, and a lost claim is not counted."""
    agents = [rm.Agent("ana"), rm.Agent("bo", weight=0.5)]
    router = rm.Router(agents, policy=policy(FairShare(half_time=1e6)))
    given = {"ana": 0, "bo": 0}
    for number in range(120):
        router.enqueue(rm.Conversation(f"c{number}"), float(number))
        agent = router.dispatch(float(number)).pairs()[f"c{number}"]
        if number % 4 == 3:
            router.claim_lost(f"c{number}", float(number))
            router.abandon(f"c{number}", float(number))
            continue
        given[agent] += 1
        router.complete(f"c{number}", number + 0.5)
        if number % 40 == 20:
            router = rm.Router.restore(json.loads(json.dumps(router.snapshot())))
    assert given["ana"] == pytest.approx(60, abs=3)
