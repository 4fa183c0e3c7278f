"""Exact chains against dense algebra, closed forms, each other and the bound."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routematch.errors import ContractError, InvalidInputError, LimitExceededError
from routematch.theory import (
    CountState,
    SkillSystem,
    birth_death,
    erlang_a,
    erlang_b,
    exact_chain,
    fluid_bound,
    limited_room,
    longest_idle_chain,
    optimal_control,
    priorities,
    static_priority,
    stationary_law,
)

N_DESIGN = SkillSystem((0.03, 0.02), ((0.01, 0.012), (0.0, 0.008)), (3, 3), (0.01, 0.005))
N_POLICY = static_priority([[0, 1], [1]], [[0], [1, 0]])


def random_idle(state: CountState) -> list[tuple[float, int, int]]:
    """Send an arrival of type 0 to a random idle agent, and let every freed agent serve."""
    if not state.waiting[0] or not sum(state.idle):
        return []
    return [(idle / sum(state.idle), 0, j) for j, idle in enumerate(state.idle) if idle]


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), states=st.integers(2, 12))
def test_stationary_law_solves_the_balance_equations(seed: int, states: int):
    """Any chain agrees with dense least squares."""
    generator = np.random.default_rng(seed)
    rates = generator.exponential(1.0, (states, states)) * (generator.random((states, states)) < 0.6)
    rates[np.arange(states), (np.arange(states) + 1) % states] += 0.1
    np.fill_diagonal(rates, 0.0)
    sources, targets = np.nonzero(rates)
    matrix = (rates - np.diag(rates.sum(axis=1))).T
    dense = np.linalg.lstsq(np.vstack([matrix, np.ones(states)]), np.append(np.zeros(states), 1.0), rcond=None)[0]

    assert stationary_law(sources, targets, rates[sources, targets]) == pytest.approx(dense, abs=1e-10)


def test_birth_death_is_a_chain_like_any_other():
    """The closed form agrees with the general solver, and does not overflow over thousands of states."""
    births, deaths = np.array([1.0, 0.3, 2.0]), np.array([0.5, 1.0, 4.0])
    steps = np.arange(3)
    general = stationary_law([*steps, *(steps + 1)], [*(steps + 1), *steps], [*births, *deaths])

    assert birth_death(births, deaths) == pytest.approx(general, rel=1e-12)
    assert birth_death(np.full(5000, 900.0), np.arange(1.0, 5001.0))[900] == pytest.approx(
        1 / math.sqrt(1800 * math.pi), rel=1e-3
    )


def test_rare_states_cost_no_digits():
    """Where the first state is next to never seen, the likely ones still agree with the closed form."""
    births, deaths = np.full(4000, 2000.0), np.arange(1.0, 4001.0)
    steps = np.arange(4000)
    general = stationary_law([*steps, *(steps + 1)], [*(steps + 1), *steps], [*births, *deaths])

    assert general == pytest.approx(birth_death(births, deaths), rel=1e-9, abs=1e-14)


def test_states_that_are_left_for_ever_have_no_weight():
    """Transient states get probability 0; several traps are refused."""
    assert stationary_law([0, 1, 2], [1, 2, 1], [1.0, 1.0, 3.0]).tolist() == [0.0, 0.75, 0.25]
    with pytest.raises(InvalidInputError, match="depends on the start"):
        stationary_law([0, 0], [1, 2], [1.0, 1.0])


@pytest.mark.parametrize(("arrival", "leaving", "agents"), [(0.05, 0.01, 4), (0.05, 0.0, 8), (0.2, 0.02, 5)])
def test_one_type_and_one_group_is_a_textbook_queue(arrival: float, leaving: float, agents: int):
    """The chain gives Erlang A, and without patience M/M/n/K."""
    system = SkillSystem((arrival,), ((0.01,),), (agents,), (leaving,))
    result = exact_chain(system, static_priority([[0]], [[0]]), waiting_places=(80,))
    ordered = longest_idle_chain(system, waiting_places=80)
    expected = erlang_a(arrival, 0.01, leaving, agents) if leaving else limited_room(arrival, 0.01, agents, 80)

    for chain in (result, ordered):
        assert chain.average_waits[0] == pytest.approx(expected.average_wait, rel=1e-6)
        assert chain.average_queues[0] == pytest.approx(expected.average_queue, rel=1e-6)
        assert chain.occupancies[0] == pytest.approx(expected.occupancy, rel=1e-6)
        assert chain.delay_probabilities[0] == pytest.approx(expected.delay_probability, rel=1e-6)
        if leaving:
            assert chain.abandonment_probabilities[0] == pytest.approx(expected.abandonment_probability, rel=1e-6)
        else:
            assert chain.blocking_probabilities[0] == pytest.approx(expected.blocking_probability, rel=1e-6)


def test_groups_without_common_work_are_separate_queues():
    """Two types with a group each are two Erlang A queues."""
    system = SkillSystem((0.03, 0.05), ((0.01, 0.0), (0.0, 0.02)), (3, 2), (0.01, 0.03))
    result = exact_chain(system, static_priority([[0], [1]], [[0], [1]]), waiting_places=(25, 25))
    for i, expected in enumerate((erlang_a(0.03, 0.01, 0.01, 3), erlang_a(0.05, 0.02, 0.03, 2))):
        assert result.average_waits[i] == pytest.approx(expected.average_wait, rel=1e-6)
        assert result.abandonment_probabilities[i] == pytest.approx(expected.abandonment_probability, rel=1e-6)


def test_static_priority_agrees_with_the_priority_formula():
    """One group, two types with one handle time: M/M/n with non-preemptive priorities."""
    system = SkillSystem((0.01, 0.008), ((0.01,), (0.01,)), (3,))
    result = exact_chain(system, static_priority([[0], [0]], [[0, 1]]), waiting_places=(25, 45))

    assert result.average_queues == pytest.approx(priorities((0.01, 0.008), 0.01, 3).average_queues, rel=1e-6)


def test_agents_without_waiting_room_are_erlang_b():
    """No waiting places: a loss system."""
    system = SkillSystem((0.05,), ((0.01,),), (6,))
    result = exact_chain(system, static_priority([[0]], [[0]]), waiting_places=(0,))

    assert result.blocking_probabilities[0] == pytest.approx(erlang_b(0.05, 0.01, 6).blocking_probability, rel=1e-10)


def test_reserved_agents_are_trunk_reservation():
    """Nobody waits and the cheap type must leave two agents free: a birth and death chain with a bend."""
    system = SkillSystem((0.03, 0.02), ((0.01,), (0.01,)), (6,))
    policy = static_priority([[0], [0]], [[], []], reserved={(0, 0): 2})
    law = birth_death([0.05 if busy < 4 else 0.02 for busy in range(6)], 0.01 * np.arange(1.0, 7.0))
    result = exact_chain(system, policy, waiting_places=(0, 0))

    assert result.blocking_probabilities == pytest.approx([law[4:].sum(), law[6]], rel=1e-10)


def test_flows_are_conserved():
    """Arrivals are served, give up or are blocked; Little's law holds for waiting and for service."""
    result = exact_chain(N_DESIGN, N_POLICY, waiting_places=(12, 12))
    arriving = np.array(N_DESIGN.arrival_rates)
    lost = result.abandonment_probabilities + result.blocking_probabilities

    assert result.flow.sum(axis=1) == pytest.approx(arriving * (1 - lost), rel=1e-9)
    assert result.abandonment_probabilities * arriving == pytest.approx(result.average_queues * [0.01, 0.005], rel=1e-9)
    busy = [result.flow[0, 0] / 0.01, result.flow[0, 1] / 0.012 + result.flow[1, 1] / 0.008]
    assert result.average_busy == pytest.approx(busy, rel=1e-9)


def test_longest_idle_is_random_for_one_type():
    """For one type and agents of different speed, longest idle and random choice give the same law.

    Doroudi, Gopalakrishnan, Wierman (2011), Dispatching to incentivize fast service.
    """
    system = SkillSystem((0.05,), ((0.005, 0.01, 0.02),), (1, 2, 1), (0.01,))
    ordered = longest_idle_chain(system, waiting_places=25)
    by_chance = exact_chain(system, random_idle, waiting_places=(25,))

    assert ordered.occupancies == pytest.approx(by_chance.occupancies, rel=1e-8)
    assert ordered.average_queues == pytest.approx(by_chance.average_queues, rel=1e-8)
    assert ordered.flow == pytest.approx(by_chance.flow, rel=1e-8)


def test_longest_idle_agent_comes_first():
    """One agent for both types, one for the second only, nobody waits: five orders of the idle, solved by hand."""
    first, second, fast, slow = 0.01, 0.03, 0.02, 0.005
    # 0: both idle, the generalist longer; 1: both, the specialist longer; 2: generalist; 3: specialist; 4: nobody.
    moves = {(0, 3): first + second, (1, 3): first, (1, 2): second, (2, 4): first + second, (3, 4): second}
    moves |= {(2, 0): slow, (3, 1): fast, (4, 2): fast, (4, 3): slow}
    law = stationary_law([pair[0] for pair in moves], [pair[1] for pair in moves], list(moves.values()))
    system = SkillSystem((first, second), ((fast, 0.0), (fast, slow)), (1, 1))
    result = longest_idle_chain(system, waiting_places=0)

    assert result.occupancies == pytest.approx([law[3] + law[4], law[2] + law[4]], rel=1e-10)
    assert result.blocking_probabilities == pytest.approx([law[3] + law[4], law[4]], rel=1e-10)


def test_orders_of_separate_specialists_do_not_matter():
    """Two specialists without common work are two M/M/1 queues, whatever the order of all."""
    system = SkillSystem((0.001, 0.0012), ((0.01, 0.0), (0.0, 0.012)), (1, 1))
    result = longest_idle_chain(system, waiting_places=8)

    assert result.average_queues == pytest.approx([0.1**2 / 0.9, 0.1**2 / 0.9], rel=1e-6)


@pytest.mark.parametrize("holding", [0.0, 0.002])
def test_optimal_rule_earns_what_it_promises(holding: float):
    """The chain under the optimal rule earns the optimal value; fixed rules earn less; the fluid bound is above."""
    value, costs = [[1.0, 0.7], [0.0, 3.0]], {"abandonment_cost": (0.5, 2.0), "holding_cost": holding}
    best = optimal_control(N_DESIGN, value, waiting_places=(5, 5), **costs)
    earned = exact_chain(N_DESIGN, best.decide, waiting_places=(5, 5)).value_rate(value, **costs)

    assert best.error < 1e-8
    assert earned == pytest.approx(best.value_rate, rel=1e-7)
    for policy in (
        N_POLICY,
        static_priority([[1, 0], [1]], [[0], [0, 1]]),
        static_priority([[0, 1], [1]], [[0], [1, 0]], reserved={(0, 1): 1}),
    ):
        assert exact_chain(N_DESIGN, policy, waiting_places=(5, 5)).value_rate(value, **costs) <= earned + 1e-9
    assert fluid_bound(N_DESIGN, value, abandonment_cost=(0.5, 2.0)).value_rate >= earned


def test_optimum_keeps_a_generalist_free():
    """With dear calls for the generalist alone, idling before a cheap call earns strictly more than never idling."""
    system = SkillSystem((0.05, 0.01), ((0.01, 0.01), (0.0, 0.01)), (2, 1), (0.05, 0.05))
    value = [[1.0, 1.0], [0.0, 30.0]]
    best = optimal_control(system, value, waiting_places=(6, 6))
    greedy = exact_chain(system, static_priority([[0, 1], [1]], [[0], [1, 0]]), waiting_places=(6, 6)).value_rate(value)

    assert best.value_rate > greedy * 1.05


def test_optimum_agrees_with_brute_force_over_thresholds():
    """One agent, two types, no waiting: the optimum is the best of accepting and refusing the cheap type."""
    system = SkillSystem((0.02, 0.02), ((0.01,), (0.01,)), (1,))
    for cheap in (0.1, 0.9):
        value = [[cheap], [1.0]]
        rates = [
            0.01
            * sum(arrival * worth for arrival, worth in zip(taken, (cheap, 1.0), strict=True))
            / (sum(taken) + 0.01)
            for taken in ((0.02, 0.02), (0.0, 0.02), (0.02, 0.0))
        ]
        best = optimal_control(system, value, waiting_places=(0, 0))
        assert best.value_rate == pytest.approx(max(rates), rel=1e-8)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_fluid_prices_prove_the_bound(seed: int):
    """Strong duality: the prices of agents and types pay exactly for the bound; no constraint is broken."""
    generator = np.random.default_rng(seed)
    types, groups = generator.integers(1, 5, 2)
    service = generator.uniform(0.005, 0.02, (types, groups)) * (generator.random((types, groups)) < 0.7)
    system = SkillSystem(
        generator.uniform(0.0, 0.3, types),
        service,
        generator.integers(1, 20, groups).tolist(),
        generator.uniform(0.001, 0.02, types),
    )
    value, lost, holding = generator.normal(1.0, 1.0, (types, groups)), generator.uniform(0, 2, types), 0.001
    bound = fluid_bound(system, value, abandonment_cost=lost, holding_cost=holding)
    saved = lost + holding / np.array(system.abandonment_rates)
    arrivals, agents = np.array(system.arrival_rates), np.array(system.agents)

    dual = bound.agent_price @ agents + bound.type_price @ arrivals - saved @ arrivals
    assert bound.value_rate == pytest.approx(dual, rel=1e-8, abs=1e-10)
    with np.errstate(divide="ignore", invalid="ignore"):
        busy = np.nan_to_num(bound.flow / service)
    assert (busy.sum(axis=0) <= agents + 1e-9).all()
    assert (bound.flow.sum(axis=1) <= arrivals + 1e-9).all()
    assert (bound.flow >= -1e-12).all()
    gain = value + saved[:, None] - bound.type_price[:, None]
    assert (
        gain[service > 0] * service[service > 0]
        <= np.broadcast_to(bound.agent_price, service.shape)[service > 0] + 1e-9
    ).all()


def test_fluid_bound_scales_with_size():
    """Twice the arrivals and agents, twice the bound."""
    small = SkillSystem((0.3, 0.1), ((0.01, 0.0), (0.01, 0.01)), (20, 10), (0.01, 0.01))
    large = SkillSystem((0.6, 0.2), small.service_rates, (40, 20), small.abandonment_rates)

    assert fluid_bound(large).value_rate == pytest.approx(2 * fluid_bound(small).value_rate)


def test_patient_types_must_be_served():
    """Types that never give up are served in full, or there is no answer."""
    system = SkillSystem((0.1, 0.3), ((0.01,), (0.01,)), (20,), (0.0, 0.01))

    assert fluid_bound(system, [[1.0], [9.0]]).flow.ravel() == pytest.approx([0.1, 0.1])
    with pytest.raises(InvalidInputError, match="never give up"):
        fluid_bound(SkillSystem((0.3,), ((0.01,),), (20,)))


def big_state(_: CountState) -> tuple[()]:
    """Match nobody."""
    return ()


WRONG = [
    (lambda: SkillSystem((1.0,), ((1.0, 2.0),), (1,)), InvalidInputError, "for each of 1 groups"),
    (lambda: SkillSystem((1.0, 1.0), ((1.0,),), (1,)), InvalidInputError, "one row for each"),
    (lambda: SkillSystem((-1.0,), ((-1.0,),), (0,)), InvalidInputError, "3 faults"),
    (lambda: exact_chain(N_DESIGN, N_POLICY, waiting_places=(1,)), InvalidInputError, "each of 2 types"),
    (lambda: exact_chain(N_DESIGN, lambda _: [(1.0, 1, 0)], waiting_places=(1, 1)), ContractError, "can be matched"),
    (lambda: exact_chain(N_DESIGN, lambda _: [(0.7, 0, 0)] * 2, waiting_places=(1, 1)), ContractError, "at most 1"),
    (lambda: exact_chain(N_DESIGN, big_state, waiting_places=(600, 600)), LimitExceededError, "more than"),
    (lambda: longest_idle_chain(N_DESIGN, waiting_places=2), InvalidInputError, "one rate"),
    (lambda: optimal_control(N_DESIGN, [[1.0]], waiting_places=(1, 1)), InvalidInputError, "shape"),
    (lambda: optimal_control(N_DESIGN, waiting_places=(5000, 5000)), LimitExceededError, "more than"),
    (lambda: stationary_law([0], [1], [-1.0]), InvalidInputError, "at least 0"),
    (lambda: stationary_law([0], [10**9], [1.0]), LimitExceededError, "larger than"),
    (lambda: birth_death([1.0], [0.0]), InvalidInputError, "above 0"),
    (lambda: fluid_bound(N_DESIGN, holding_cost=-1.0), InvalidInputError, "at least 0"),
]


@pytest.mark.parametrize(("make", "error", "message"), WRONG, ids=range(len(WRONG)))
def test_wrong_systems_are_refused(make, error, message: str):
    """What makes no sense or is too large is refused with the reason."""
    with pytest.raises(error, match=message):
        make()
