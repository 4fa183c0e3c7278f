"""What a simulated desk's log teaches is what the desk was made of."""

from __future__ import annotations

import numpy as np
import pytest

import routematch as rm
from routematch.distributions import Exponential, LogNormal, PoissonArrivals, Uniform
from routematch.learning import fit, interval, score
from routematch.policies import longest_idle
from routematch.simulation import AgentGroup, ConversationType, Scenario, simulate

RESOLVES = {"experts": 0.9, "usual": 0.7, "new": 0.45, "hangs-up": 0.05}
SPEED = {"experts": 1.0, "usual": 1.25, "new": 0.8}


def desk(*groups):
    """Simulate ten days of two types, handled by whoever is idle longest: three agents a group, one who hangs up."""
    kinds = [
        ConversationType(
            name,
            {name: 0.0},
            handle_time=LogNormal(mean, cv=0.7),
            handle_time_by_group={"hangs-up": Uniform(2.0, 8.0)} if "hangs-up" in groups else {},
            arrivals=PoissonArrivals(1 / gap),
            patience=Exponential(200.0),
            resolve_probability_by_group={name: RESOLVES[name] for name in groups},
        )
        for name, mean, gap in (("billing", 300.0, 42.0), ("spanish", 400.0, 160.0))
    ]
    groups = [
        AgentGroup(name, {"billing": 1.0, "spanish": 1.0}, 1 if name == "hangs-up" else 3, speed=SPEED.get(name, 1.0))
        for name in groups
    ]
    result = simulate(Scenario(kinds, groups, horizon=10 * 86400.0, seed=1), longest_idle(), seed=3)
    return result.conversations


@pytest.fixture(scope="module")
def log():
    """Simulate a desk with every group."""
    return desk(*RESOLVES)


@pytest.fixture(scope="module")
def known(log):
    """Learn from that log."""
    return fit(log)


def test_success_of_every_agent_is_found(known):
    """Of 20 pairs of agent and skill, 90 % intervals hold at least 15 true chances; by chance fewer in 1 of 90."""
    held = 0
    for agent, row in known.success.items():
        for skill in row:
            if agent != "*":
                found = interval(known, agent, skill)
                held += found.low <= RESOLVES[agent.rpartition("-")[0] or agent] <= found.high

    assert held >= 15


def test_speed_of_every_agent_is_found(known):
    """Mean handle times follow the speed of the group, within 12 %: four standard errors of 430 conversations."""
    for agent, row in known.handle_time.items():
        group = agent.rpartition("-")[0]
        if group in SPEED:
            assert row["billing"].mean == pytest.approx(300.0 / SPEED[group], rel=0.12)


def test_patience_and_arrivals_are_found():
    """At a busy desk customers give up at the rate of the law, and come as often as they do."""
    known = fit(desk("experts", "usual", "new"))
    patience, arrivals = known.patience["*"], known.arrivals["billing"]
    seen = [rate for rate in arrivals.rates if rate > 0]

    assert patience.given_up > 200
    assert patience.hazards[0] == pytest.approx(1 / 200.0, rel=0.2)
    assert np.mean(seen) == pytest.approx(1 / 42.0, rel=0.05)


def test_the_agent_who_hangs_up_is_chosen_last(known):
    """With the shortest calls of all, the agent is expected to be as fast as usual, and is chosen last."""
    usual = known.handle_time["*"]["billing"].mean
    agents = [rm.Agent(name, {"billing": 1.0}) for name in known.success if name != "*"]
    hangs_up = next(agent.id for agent in agents if agent.id.startswith("hangs-up"))
    calls = [rm.Conversation(f"call-{i}", {"billing": 0.1}) for i in range(len(agents) - 1)]

    times = known.handle_time.get(hangs_up, known.handle_time["*"])
    assert times["billing"].mean > 0.9 * usual
    for price in (0.0, 0.0005):
        policy = rm.policies.best_match().with_parameters({"price": price})
        assert hangs_up not in rm.route(calls, agents, policy=policy, estimates=known).pairs().values()


def test_the_future_is_told_better_than_by_means(log):
    """On the last days what was learned beats every plain mean."""
    found = score(log)

    assert found.has_signal
    assert found.log_loss_gain["one mean for all"].low > 0
    assert found.log_loss_gain["mean of the skill"].low > 0
