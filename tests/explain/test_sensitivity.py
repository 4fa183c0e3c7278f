"""What would change an answer is exact: routing again just before and just after shows it."""

from __future__ import annotations

import random

import pytest
from attrs import evolve

import routematch as rm

STEP = 2.0**-20


def backlog(chance: random.Random) -> tuple[list[rm.Conversation], list[rm.Agent]]:
    """Draw a few conversations and agents; every pair has an affinity of its own, so that it can be moved alone."""
    agents = [rm.Agent(f"agent-{k}", capacity=chance.randint(1, 2)) for k in range(chance.randint(1, 3))]
    waiting = [
        rm.Conversation(
            f"chat-{k}",
            arrived_at=float(k),
            affinity={agent.id: chance.randint(-40, 40) / 64 for agent in agents},
        )
        for k in range(chance.randint(1, 5))
    ]
    return waiting, agents


def moved(waiting: list[rm.Conversation], conversation: str, agent: str, change: float) -> list[rm.Conversation]:
    """Change the value of one pair by changing its affinity."""
    return [
        evolve(c, affinity={**c.affinity, agent: c.affinity[agent] + change}) if c.id == conversation else c
        for c in waiting
    ]


@pytest.mark.parametrize("seed", range(40))
def test_margin_is_how_far_the_value_of_a_pairing_may_fall(seed: int):
    """Below the margin the pairing stands; two steps beyond, another plan is better."""
    waiting, agents = backlog(random.Random(seed))
    plan = rm.route(waiting, agents, now=10.0)
    for conversation, agent in plan.pairs().items():
        margin = plan.explain(conversation).margin
        if margin is None:
            continue
        less = rm.route(moved(waiting, conversation, agent, -(margin + 2 * STEP)), agents, now=10.0)
        assert less.pairs().get(conversation) != agent
        if margin > 2 * STEP:
            still = rm.route(moved(waiting, conversation, agent, -(margin - 2 * STEP)), agents, now=10.0)
            assert still.pairs().get(conversation) == agent


@pytest.mark.parametrize("seed", range(40))
def test_short_is_how_far_a_better_pair_would_have_to_rise(seed: int):
    """A better agent is given when the value of the pair has risen by two steps more than it was short."""
    waiting, agents = backlog(random.Random(seed))
    plan = rm.route(waiting, agents, now=10.0)
    for conversation in [c.id for c in waiting]:
        for trade in plan.explain(conversation).better:
            assert trade.short is not None
            more = rm.route(moved(waiting, conversation, trade.agent, trade.short + 2 * STEP), agents, now=10.0)
            assert more.pairs().get(conversation) == trade.agent
            if trade.short > 2 * STEP:
                not_yet = rm.route(moved(waiting, conversation, trade.agent, trade.short - 2 * STEP), agents, now=10.0)
                assert not_yet.pairs().get(conversation) != trade.agent


def test_nothing_is_claimed_where_costs_are_mixed():
    """Without exact prices there is neither margin nor shortage."""
    capacity = rm.Capacity(3, costs={"voice": 3, "chat": 2})
    waiting = [rm.Conversation("call", channel="voice"), rm.Conversation("chat"), rm.Conversation("chat-2")]
    plan = rm.route(waiting, [rm.Agent("ana", capacity=capacity)])

    assert all(plan.explain(c.id).margin is None for c in waiting)
