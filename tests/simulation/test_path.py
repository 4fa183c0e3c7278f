"""What must hold on every path: nobody is lost, no identity is broken, nobody idles who could help."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from routematch.distributions import Deterministic, Exponential, PoissonArrivals
from routematch.model import Agent, Capacity
from routematch.policies import PRESETS, best_match, longest_idle
from routematch.simulation import AgentGroup, ConversationType, Scenario
from routematch.simulation.day import Day
from routematch.simulation.replication import replicate
from routematch.simulation.staff import Staff
from routematch.simulation.streams import Streams
from routematch.state.ledger import ABANDONED, COMPLETED, OPEN, REFUSED

sys.path.insert(0, str(Path(__file__).parent))
from random_scenarios import random_scenario

SEEDS = range(12)


def ledger_of(seed: int, *, is_rich: bool):
    """Return the ledger of a random scenario under one of the presets."""
    policy = list(PRESETS.values())[seed % len(PRESETS)]()
    return replicate(random_scenario(500 + seed, is_rich=is_rich), policy, seed, 0)


@pytest.mark.parametrize("is_rich", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_is_lost(seed, is_rich):
    """Every conversation is completed, given up, refused, or still open; first contacts are those that arrived."""
    scenario, ledger = random_scenario(500 + seed, is_rich=is_rich), ledger_of(seed, is_rich=is_rich)
    counts = np.bincount(ledger.ending, minlength=4)

    assert counts.sum() == len(ledger)
    assert (ledger.repeats < 0).sum() == len(Day.of(scenario, Streams(seed, 0)).arrived) + len(scenario.initial)
    assert (np.isnan(ledger.ended_at) == (ledger.ending == OPEN)).all()
    assert not np.isnan(ledger.answered_at[ledger.ending == COMPLETED]).any()
    assert np.isnan(ledger.answered_at[ledger.ending == REFUSED]).all()
    assert np.isnan(ledger.resolved[ledger.ending == ABANDONED]).all()


@pytest.mark.parametrize("is_rich", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_capacity_is_never_exceeded_and_time_adds_up(seed, is_rich):
    """Loads stay within the agent's units, and each agent's stretches follow each other without overlap."""
    ledger = ledger_of(seed, is_rich=is_rich)
    stretches = ledger.intervals

    assert (stretches.load <= stretches.capacity + 1e-6).all()
    for agent in np.unique(stretches.agent):
        own = stretches.agent == agent
        assert (stretches.start_at[own][1:] >= stretches.end_at[own][:-1] - 1e-9).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_busy_time_is_the_time_spent_on_conversations(seed):
    """Where nobody does two things at once, what agents were busy with is what conversations took."""
    scenario = random_scenario(500 + seed)
    groups = [AgentGroup(group.name, group.skills, group.size) for group in scenario.agent_groups]
    scenario = Scenario(scenario.conversation_types, groups, scenario.horizon, queues=scenario.queues)
    ledger = replicate(scenario, longest_idle(), seed, 0)
    stretches = ledger.intervals
    worked = (stretches.end_at - stretches.start_at)[stretches.state > 0].sum()

    assert worked == pytest.approx(np.nansum(ledger.handle_time))


@pytest.mark.parametrize("seed", SEEDS)
def test_littles_law_holds_on_the_path(seed):
    """The time integral of the number waiting is the sum of waits, an identity when the path has ended."""
    ledger = ledger_of(seed, is_rich=False)
    ledger = ledger.select(~np.isnan(ledger.ended_at))
    left = np.where(np.isnan(ledger.answered_at), ledger.ended_at, ledger.answered_at)
    instants = np.concatenate([ledger.arrived_at, left])
    change = np.concatenate([np.ones(len(ledger)), -np.ones(len(ledger))])
    order = np.argsort(instants, kind="stable")
    waiting = np.cumsum(change[order])[:-1]

    assert (waiting @ np.diff(instants[order])) == pytest.approx(ledger.waited.sum())


@pytest.mark.parametrize("policy", [longest_idle(), best_match()])
@pytest.mark.parametrize("seed", range(6))
def test_no_agent_is_idle_who_could_serve_somebody(seed, policy):
    """Under policies that hold nobody back, whoever waits finds every eligible agent busy at every instant."""
    types = [
        ConversationType(f"t{k}", f"t{k}", arrivals=PoissonArrivals(0.03), handle_time=Exponential(60.0))
        for k in range(3)
    ]
    groups = [AgentGroup(f"g{j}", {f"t{j}": 0.9, f"t{(j + 1) % 3}": 0.5}, 2) for j in range(3)]
    scenario = Scenario(types, groups, 2000.0)
    ledger = replicate(scenario, policy, seed, 0)
    staff = Staff.of(scenario)
    stretches = ledger.intervals
    idle = stretches.state == 0
    for row in np.flatnonzero(ledger.waited > 0):
        kind = ledger.conversation_type.codes[row]
        may = [a for a, agent in enumerate(staff.roster.agents) if f"t{kind}" in agent.skills]
        overlap = np.minimum(stretches.end_at, ledger.answered_at[row]) - np.maximum(
            stretches.start_at, ledger.arrived_at[row]
        )
        assert (overlap[idle & np.isin(stretches.agent, may)] <= 1e-9).all()


def test_first_come_first_served_within_a_type():
    """Of one type, who comes first is served first."""
    scenario = Scenario.from_rates([0.2, 0.2], 0.02, None, [8, 8, 4], eligible=[[1, 0, 1], [0, 1, 1]], horizon=3000)
    ledger = replicate(scenario, longest_idle(), 3, 0)
    for kind in range(2):
        answered = ledger.answered_at[ledger.conversation_type.codes == kind]
        assert (np.diff(answered[~np.isnan(answered)]) >= 0).all()


def test_mixed_costs_and_caps_run_by_decide():
    """Where no lane is exact, `decide()` itself runs the day: a call takes all units, chats a third each."""
    capacity = Capacity(6, costs={"voice": 6, "chat": 2}, caps={"chat": 2})
    kinds = [
        ConversationType(c, channel=c, arrivals=PoissonArrivals(0.02), handle_time=Deterministic(40.0))
        for c in ("voice", "chat")
    ]
    scenario = Scenario(
        kinds, AgentGroup("g", agents=[Agent("ana", capacity=capacity), Agent("bo", capacity=capacity)]), 800
    )
    ledger = replicate(scenario, best_match(), 1, 0)

    assert (ledger.intervals.load <= 6).all()
    assert ledger.intervals.load.max() == 6
    assert set(np.unique(ledger.intervals.load)) <= {0.0, 2.0, 4.0, 6.0}
    assert (ledger.ending == COMPLETED).all()
