"""Simulation against exact answers: queues with one type and many, closed forms and small chains.

Each model runs in independent replications with fixed seeds. A number agrees when its mean over replications is within
five standard errors of the exact one: with 24 replications that fails by chance once in 20,000 comparisons, so about
once in 200 for all comparisons of this page together, if the seeds were not fixed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from attrs import evolve

from routematch.distributions import (
    Deterministic,
    Erlang,
    Exponential,
    Gamma,
    Hyperexponential,
    LogNormal,
    PoissonArrivals,
    Shifted,
    Uniform,
    Weibull,
)
from routematch.policies import first_come_first_served, least_versatile_first, longest_idle
from routematch.simulation import AgentGroup, ConversationType, Scenario
from routematch.simulation.replication import replicate
from routematch.state.ledger import ABANDONED, REFUSED
from routematch.theory import (
    SkillSystem,
    birth_death,
    constant_service,
    erlang_a,
    erlang_b,
    erlang_c,
    exact_chain,
    general_patience,
    limited_room,
    longest_idle_chain,
    priorities,
    single_agent,
    single_agent_priorities,
    static_priority,
)

REPLICATIONS = 24
FAR = 5.0
STRICT = evolve(first_come_first_served(), strict_priority=True)
STRICT_DEDICATED = evolve(least_versatile_first(), strict_priority=True)


def queue(arrival, agents, *, handle=None, patience=None, wrap_up=None, arrivals=2500, **scenario):
    """Return one type of conversation and a group of agents alike; the first tenth of the time is left out."""
    kind = ConversationType(
        "any",
        arrivals=PoissonArrivals(arrival),
        handle_time=handle or Exponential(1.0),
        patience=patience,
        wrap_up=wrap_up,
    )
    return Scenario(kind, AgentGroup("all", size=agents), arrivals / arrival, **scenario)


def skilled(system, *, arrivals=2500, priority=()):
    """Return a system of types and groups as a scenario."""
    may = np.array(system.service_rates) > 0
    service = np.where(may, system.service_rates, 1.0)
    made = Scenario.from_rates(
        system.arrival_rates, service, system.abandonment_rates, system.agents, eligible=may, horizon=1.0
    )
    kinds = [
        evolve(kind, priority=float(priority[number]) if priority else 0.0)
        for number, kind in enumerate(made.conversation_types)
    ]
    return evolve(made, conversation_types=kinds, horizon=arrivals / sum(system.arrival_rates))


# --- what is measured -------------------------------------------------------------------------------------------------


def mean_wait(ledger):
    """Return the mean wait of all arrivals."""
    return ledger.waited.mean()


def delayed(ledger):
    """Return the share that waits."""
    return (ledger.waited > 0).mean()


def gave_up(ledger):
    """Return the share that gives up."""
    return (ledger.ending == ABANDONED).mean()


def refused(ledger):
    """Return the share that is refused."""
    return (ledger.ending == REFUSED).mean()


def wait_of_those_let_in(ledger):
    """Return the mean wait of those not refused."""
    return ledger.waited[ledger.ending != REFUSED].mean()


def answered_within(limit):
    """Return the share answered within a limit."""

    def share(ledger):
        return ((ledger.waited <= limit) & ~np.isnan(ledger.answered_at)).mean()

    return share


def of_type(number, measure):
    """Return a measure of one type alone."""

    def part(ledger):
        return measure(ledger.select(ledger.conversation_type.codes == number))

    return part


def served_by(number, group):
    """Return the share of a type that a group serves."""

    def share(ledger):
        mine = ledger.conversation_type.codes == number
        return (ledger.agent_group.codes[mine] == group).mean()

    return share


def agrees(scenario, policy, exact: dict[Callable, float], *, seed: int, replications: int = REPLICATIONS):
    """Assert that every measure is within `FAR` standard errors of what is exact."""
    warm = scenario.start_at + 0.1 * scenario.horizon
    ledgers = [replicate(scenario, policy, seed, number, intervals=False) for number in range(replications)]
    ledgers = [ledger.select(ledger.arrived_at >= warm) for ledger in ledgers]
    for measure, wanted in exact.items():
        values = np.array([measure(ledger) for ledger in ledgers])
        error = values.std(ddof=1) / np.sqrt(replications)
        assert abs(values.mean() - wanted) <= FAR * error + 1e-12, (measure, values.mean(), wanted, error)


# --- one type ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("agents", "load"), [(1, 0.6), (3, 0.7), (10, 0.8), (30, 0.85)])
def test_patient_customers_wait_as_erlang_c_says(agents, load):
    """M/M/n: waits, the share that waits and the service level are those of Erlang's second formula."""
    exact = erlang_c(agents * load, 1.0, agents)

    agrees(
        queue(agents * load, agents, arrivals=5000),
        longest_idle(),
        {
            mean_wait: exact.average_wait,
            delayed: exact.delay_probability,
            answered_within(0.3): exact.service_level(0.3),
        },
        seed=100 + agents,
    )


@pytest.mark.parametrize(
    ("arrival", "agents", "leaving"), [(4.0, 5, 0.5), (10.0, 10, 0.5), (13.0, 10, 1.0), (30.0, 28, 0.2)]
)
def test_impatient_customers_give_up_as_erlang_a_says(arrival, agents, leaving):
    """M/M/n+M: waits and abandonment are those of Erlang A, also in overload."""
    exact = erlang_a(arrival, 1.0, leaving, agents)

    agrees(
        queue(arrival, agents, patience=Exponential(1 / leaving)),
        longest_idle(),
        {
            mean_wait: exact.average_wait,
            gave_up: exact.abandonment_probability,
            delayed: exact.delay_probability,
            answered_within(0.2): exact.service_level(0.2),
        },
        seed=200 + agents,
    )


@pytest.mark.parametrize(
    "patience", [Deterministic(0.5), Uniform(0.0, 1.5), Gamma(1.0, 0.5), LogNormal(1.0, 1.5), Weibull(1.0, 0.7)]
)
def test_patience_of_any_law_gives_the_exact_abandonment(patience):
    """M/M/n+G: waits and abandonment are those of Baccelli and Hebuterne."""
    exact = general_patience(8.0, 1.0, patience, 8)

    agrees(
        queue(8.0, 8, patience=patience),
        longest_idle(),
        {mean_wait: exact.average_wait, gave_up: exact.abandonment_probability},
        seed=300,
    )


@pytest.mark.parametrize("places", [1, 4])
def test_a_limited_waiting_room_refuses_as_it_should(places):
    """M/M/n/K: refusals and waits are those of the birth-death chain."""
    exact = limited_room(3.5, 1.0, 4, places)

    agrees(
        queue(3.5, 4, arrivals=800, waiting_room=places),
        longest_idle(),
        {refused: exact.blocking_probability, wait_of_those_let_in: exact.average_wait},
        seed=400 + places,
    )


def test_a_limited_room_of_impatient_customers_follows_its_chain():
    """M/M/n/K+M: who gives up makes room, so that the refused are those of the birth-death chain."""
    arrival, agents, places, leaving = 5.0, 4, 3, 1.5
    states = range(1, agents + places + 1)
    deaths = [min(k, agents) + leaving * max(k - agents, 0) for k in states]
    law = birth_death([arrival] * (agents + places), deaths)
    waiting = sum(p * max(k - agents, 0) for k, p in enumerate(law))

    agrees(
        queue(arrival, agents, patience=Exponential(1 / leaving), arrivals=800, waiting_room=places),
        longest_idle(),
        {refused: float(law[-1]), gave_up: leaving * waiting / arrival},
        seed=420,
    )


def test_without_a_waiting_room_erlang_b_holds():
    """M/M/n/n: who finds all agents busy is refused."""
    exact = erlang_b(4.0, 1.0, 5)

    agrees(queue(4.0, 5, arrivals=800, waiting_room=0), longest_idle(), {refused: exact.blocking_probability}, seed=410)


@pytest.mark.parametrize(
    "law", [Deterministic(1.0), Erlang(1.0, 3), LogNormal(1.0, 1.2), Hyperexponential((0.5, 2.0), (2.0, 1.0))]
)
def test_one_agent_with_any_handle_time_follows_pollaczek_and_khinchine(law):
    """M/G/1: the mean wait depends on mean and variance of the handle time."""
    exact = single_agent(0.6, law)

    agrees(
        queue(0.6, 1, handle=law, arrivals=5000),
        longest_idle(),
        {mean_wait: exact.average_wait, delayed: exact.delay_probability},
        seed=500,
    )


def test_wrap_up_keeps_the_agent_but_not_the_customer():
    """M/G/1: with wrap-up, waits are those of talk and wrap-up together, and talks end before."""
    exact = single_agent(0.6, Shifted(Exponential(0.8), 0.3))

    agrees(
        queue(0.6, 1, handle=Exponential(0.8), wrap_up=Deterministic(0.3), arrivals=5000),
        longest_idle(),
        {mean_wait: exact.average_wait, lambda ledger: (ledger.ended_at - ledger.answered_at).mean(): 0.8},
        seed=510,
    )


@pytest.mark.parametrize("agents", [2, 6])
def test_constant_handle_times_follow_crommelin(agents):
    """M/D/n: waits are those of the embedded chain."""
    exact = constant_service(0.8 * agents, 1.0, agents)

    agrees(
        queue(0.8 * agents, agents, handle=Deterministic(1.0), arrivals=5000),
        longest_idle(),
        {mean_wait: exact.average_wait, delayed: exact.delay_probability},
        seed=520 + agents,
    )


def test_with_agents_enough_for_everybody_nobody_waits():
    """M/G/infinity: the number of busy agents is the offered load, whatever the law (insensitivity)."""
    scenario = queue(6.0, 60, handle=LogNormal(1.0, 2.0))

    agrees(
        scenario,
        longest_idle(),
        {mean_wait: 0.0, lambda ledger: ledger.handle_time.sum() / (0.9 * scenario.horizon): 6.0},
        seed=530,
    )


# --- priorities -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rates", [(1.0, 2.0), (0.8, 1.0, 1.2)])
def test_strict_priorities_follow_kella_and_yechiali(rates):
    """M/M/n with priorities: each class waits as long as it should."""
    exact = priorities(rates, 1.0, 4)
    system = SkillSystem(rates, tuple((1.0,) for _ in rates), (4,))
    scenario = skilled(system, arrivals=5000, priority=range(len(rates), 0, -1))

    wanted = {of_type(number, mean_wait): wait for number, wait in enumerate(exact.average_waits)}
    agrees(scenario, STRICT, wanted, seed=600 + len(rates))


def test_one_agent_with_priorities_follows_cobham():
    """M/G/1 with priorities: each class waits as long as it should."""
    laws = (Deterministic(0.5), Exponential(1.0))
    exact = single_agent_priorities((0.5, 0.4), laws)
    kinds = [
        ConversationType(f"k{i}", arrivals=PoissonArrivals(rate), handle_time=law, priority=1.0 - i)
        for i, (rate, law) in enumerate(zip((0.5, 0.4), laws, strict=True))
    ]

    wanted = {of_type(number, mean_wait): wait for number, wait in enumerate(exact.average_waits)}
    agrees(Scenario(kinds, AgentGroup("one"), 5000 / 0.9), STRICT, wanted, seed=610)


# --- several types and groups -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rates", "serve", "agents", "groups_of_type", "types_of_group"),
    [
        ((2.0, 2.0), ((1, 0, 1), (0, 1, 1)), (2, 2, 1), ((0, 2), (1, 2)), ((0,), (1,), (0, 1))),
        ((1.2, 1.5), ((1, 1), (0, 1)), (1, 2), ((0, 1), (1,)), ((0,), (0, 1))),
        ((1.0, 1.0), ((1, 1), (1, 1)), (1, 1), ((0, 1), (0, 1)), ((0, 1), (0, 1))),
    ],
)
def test_static_priorities_on_skills_follow_the_exact_chain(rates, serve, agents, groups_of_type, types_of_group):
    """M, N and pooled designs: agents with fewer skills first, the first type first, as the balance equations say."""
    system = SkillSystem(rates, serve, agents, (0.5,) * len(rates))
    exact = exact_chain(system, static_priority(groups_of_type, types_of_group), waiting_places=(14,) * len(rates))
    scenario = skilled(system, arrivals=5000, priority=range(len(rates), 0, -1))

    wanted = {of_type(i, gave_up): p for i, p in enumerate(exact.abandonment_probabilities)}
    wanted |= {of_type(i, delayed): p for i, p in enumerate(exact.delay_probabilities)}
    agrees(scenario, STRICT_DEDICATED, wanted, seed=700 + len(agents))


@pytest.mark.parametrize(
    ("rates", "serve", "agents"),
    [
        ((0.8, 0.7), ((1.0, 0.6), (0.0, 0.6)), (1, 1)),
        ((0.9, 0.9), ((1.2, 0.0, 0.7), (0.0, 1.0, 0.7)), (1, 1, 1)),
    ],
)
def test_longest_idle_and_longest_waiting_follow_adan_and_weiss(rates, serve, agents):
    """FCFS-ALIS with unequal agents: waits, and who serves whom, are those of the exact chain."""
    system = SkillSystem(rates, serve, agents, (0.6,) * len(rates))
    exact = longest_idle_chain(system, waiting_places=10)
    scenario = skilled(system, arrivals=5000)

    wanted = {of_type(i, gave_up): p for i, p in enumerate(exact.abandonment_probabilities)}
    shares = exact.flow / np.array(rates)[:, None]
    wanted |= {served_by(i, j): shares[i, j] for i, j in system.pairs}
    agrees(scenario, longest_idle(), wanted, seed=800 + len(agents))


def test_several_chats_at_once_slow_each_other_down_as_stated():
    """One agent with three slots: the number of running chats is the birth-death chain with the stated paces."""
    curve, arrival = (1.0, 0.7, 0.5), 1.1
    births, deaths = [arrival] * 3, [k * pace for k, pace in enumerate(curve, start=1)]
    law = birth_death(births, deaths)
    kind = ConversationType("chat", arrivals=PoissonArrivals(arrival), handle_time=Exponential(1.0))
    group = AgentGroup("one", capacity=3, slow_down=curve)
    scenario = Scenario(kind, group, 800 / arrival, waiting_room=0)

    mean_stay = float(law @ np.arange(4)) / (arrival * (1 - law[3]))
    agrees(
        scenario,
        longest_idle(),
        {refused: float(law[3]), lambda ledger: np.nanmean(ledger.handle_time): mean_stay},
        seed=900,
    )


@pytest.mark.slow
def test_intervals_cover_the_truth_as_often_as_they_say():
    """Of 300 intervals at 95 %, between 92 and 98 % hold the exact abandonment of Erlang A (chance of alarm 1 %)."""
    from routematch.simulation import simulate

    exact = erlang_a(10.0, 1.0, 0.5, 10).abandonment_probability
    scenario = evolve(queue(10.0, 10, patience=Exponential(2.0), arrivals=3000), warm_up=30.0)
    found = [simulate(scenario, longest_idle(), seed=s, replications=10, intervals=False) for s in range(300)]
    covers = [interval.low <= exact <= interval.high for interval in (each.measure("abandonment") for each in found)]

    assert 0.92 <= np.mean(covers) <= 0.98
