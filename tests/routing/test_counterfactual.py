"""What one more agent would be worth is what routing again with that agent gains."""

from __future__ import annotations

import random

import pytest

import routematch as rm


class Waits:
    """A policy that never gives anything to anybody."""

    def decide(self, view: object, generator: object) -> None:
        """Name no pairs."""


SKILLS = ("billing", "spanish", "tax")


def levels(chance: random.Random) -> dict[str, float]:
    """Draw one to three skills at one of three levels."""
    return {skill: chance.choice([0.3, 0.6, 0.9]) for skill in chance.sample(SKILLS, chance.randint(1, 3))}


@pytest.mark.parametrize("seed", range(60))
def test_gain_of_an_agent_is_what_routing_again_gains(seed: int):
    """The gain read from prices equals the difference of two plans, but for spreading charges."""
    chance = random.Random(seed)
    agents = [
        rm.Agent(f"agent-{k}", levels(chance), capacity=chance.randint(0, 2)) for k in range(chance.randint(0, 4))
    ]
    waiting = [
        rm.Conversation(
            f"chat-{k}",
            {chance.choice(SKILLS): chance.choice([0.2, 0.5])},
            arrived_at=chance.choice([0.0, 100.0, 500.0]),
            value=chance.choice([1.0, 2.0]),
        )
        for k in range(chance.randint(1, 6))
    ]
    more = rm.Agent("one more", levels(chance), load=5)
    plan = rm.route(waiting, agents, now=600.0)

    again = rm.route(waiting, [*agents, rm.Agent("one more", more.skills)], now=600.0)

    assert plan.gain_of_agent(more) == pytest.approx(again.worth - plan.worth, abs=1e-4)


def test_gain_of_an_agent_who_can_do_nothing_is_zero():
    """An agent who fits nobody adds nothing."""
    plan = rm.route([rm.Conversation("chat", {"billing": 0.5})], [])

    assert plan.gain_of_agent(rm.Agent("one more", {"spanish": 1.0})) == 0.0


def test_gain_with_mixed_costs_is_the_difference_of_two_decisions():
    """Without exact prices, the gain is what deciding again with the agent brings; code has none."""
    capacity = rm.Capacity(3, costs={"voice": 3, "chat": 2})
    waiting = [rm.Conversation("call", channel="voice"), rm.Conversation("chat"), rm.Conversation("chat-2")]
    plan = rm.route(waiting, [rm.Agent("ana", capacity=capacity)])

    assert plan.gain_of_agent(rm.Agent("one more")) == pytest.approx(1.0, abs=1e-4)
    assert rm.route(waiting, [], policy=Waits()).gain_of_agent(rm.Agent("one more")) is None
