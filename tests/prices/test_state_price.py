"""The state price against the optimum of small systems, and what every price must be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from routematch.errors import InvalidInputError
from routematch.prices import (
    PRICES,
    Kind,
    StatePrice,
    Team,
    Workload,
    fluid_price,
    myopic_counts,
    state_price,
    state_price_counts,
)
from routematch.prices.increments import PoolFlow, losses, queue_increments, waiting_gain
from routematch.theory import CountPolicy, erlang_a, erlang_b, exact_chain, optimal_control

#: arrival rates, agents, service rates, abandonment rates, value, cost of abandonment, cost of waiting, waiting places
SMALL: dict[str, tuple[Any, ...]] = {
    "X": (
        [1.9, 1.6],
        [2, 2],
        [[1, 0.8], [0.9, 1.1]],
        [0.3, 0.2],
        [[0.9, 0.6], [0.5, 0.8]],
        [0.8, 1],
        [0.1, 0.1],
        [11, 11],
    ),
    "N": ([1.8, 1.0], [2, 2], [[1, 0.9], [0, 1]], [0.3, 0.3], [[0.8, 0.7], [0, 1]], [0.4, 1.4], [0.1, 0.15], [12, 10]),
    "expert": (
        [2.4, 0.7],
        [3, 1],
        [[1, 1], [1, 1.1]],
        [0.3, 0.25],
        [[0.7, 0.9], [0.1, 0.9]],
        [0.5, 0.7],
        [0.05, 0.1],
        [12, 8],
    ),
    "inverted V": ([2.5], [2, 2], [[1.3, 0.8]], [0.3], [[0.55, 0.9]], [0.5], [0.1], [30]),
    "M": (
        [1.3, 1.3],
        [2, 2],
        [[1.1, 1], [0.9, 1]],
        [0.2, 0.4],
        [[1, 0.3], [0.4, 0.9]],
        [0.6, 0.9],
        [0.1, 0.1],
        [10, 10],
    ),
    "scarce": (
        [2.6, 0.6],
        [3, 1],
        [[1, 0.9], [0, 1]],
        [0.35, 0.3],
        [[0.6, 0.8], [0, 2]],
        [0.4, 1],
        [0.05, 0.2],
        [12, 8],
    ),
    "slow cross": (
        [1.7, 1.6],
        [2, 2],
        [[1.1, 0.6], [0.5, 1]],
        [0.3, 0.35],
        [[0, 0], [0, 0]],
        [1, 1],
        [0.8, 0.9],
        [12, 11],
    ),
}


def workload(
    arrival_rates: Sequence[float],
    slots: Sequence[int],
    service_rates: Sequence[Sequence[float]],
    abandonment_rates: Sequence[float],
    value: Sequence[Sequence[float]],
    lost: Sequence[float],
    holding: Sequence[float],
) -> Workload:
    """Return rates by type and pool, the pools as given."""
    rates = np.array(service_rates, float)
    with np.errstate(divide="ignore"):
        handle_time = np.where(rates > 0, 1.0 / rates, np.inf)
    kinds = tuple(
        Kind(f"type-{i}", "chat", (f"skill-{i}",), abandonment_rate=a, abandonment_cost=c, holding_cost=h)
        for i, (a, c, h) in enumerate(zip(abandonment_rates, lost, holding, strict=True))
    )
    pools = tuple(Team(f"pool-{j}", tuple(f"agent-{j}-{k}" for k in range(n)), n) for j, n in enumerate(slots))
    worth = np.where(rates > 0, np.array(value, float), 0.0)
    return Workload(kinds, pools, np.array(arrival_rates, float), worth, handle_time)


def value_of(work: Workload, policy: CountPolicy, places: list[int]) -> float:
    """Return value per second, exactly."""
    costs = {"abandonment_cost": work.abandonment_costs.tolist(), "holding_cost": work.holding_costs.tolist()}
    room = [place + (4 if len(places) > 1 else 0) for place in places]
    return exact_chain(work.system, policy, waiting_places=room).value_rate(work.value.tolist(), **costs)


def test_within_one_point_of_the_optimum_on_most_small_systems_and_three_on_all() -> None:
    """Untuned; a point is one hundredth of the way from nobody served to the optimum; best match is visibly worse."""
    short: dict[str, float] = {}
    myopic_short: dict[str, float] = {}
    for name in ("expert", "inverted V", "M", "scarce", "slow cross"):
        *rates, places = SMALL[name]
        work = workload(*rates)
        costs = {"abandonment_cost": work.abandonment_costs.tolist(), "holding_cost": work.holding_costs.tolist()}
        best = optimal_control(work.system, work.value.tolist(), waiting_places=places, tolerance=1e-5, **costs)
        span = best.value_rate - work.nobody_served
        for found, policy in ((short, state_price_counts(state_price(work))), (myopic_short, myopic_counts(work))):
            found[name] = 100 * (best.value_rate - value_of(work, policy, places)) / span
    assert all(-1e-3 < points < 3.0 for points in short.values())
    assert sum(points < 1.0 for points in short.values()) >= 0.8 * len(short)
    assert np.mean(list(myopic_short.values())) > 3 * np.mean(list(short.values()))


def test_losses_are_those_of_erlang_b() -> None:
    """For every number of slots up to the last."""
    assert losses(3.0, 6) == pytest.approx([1.0, *(erlang_b(3.0, 1.0, n).blocking_probability for n in range(1, 7))])


@pytest.mark.parametrize("rate", [0.4, 2.0, 6.0], ids=["light", "usual", "overload"])
def test_increments_balance_the_costs_of_every_state(rate: float) -> None:
    """Cost less gain, arrivals times the increment less departures times the one before: zero where some wait."""
    flow = PoolFlow(rate, 3, 1.0, 0.25, 0.8)
    gain, blocking = waiting_gain(flow), losses(rate, 3)
    idle = [gain / rate / blocking[n] for n in range(3)]
    increments = [*idle, *queue_increments(flow, gain, idle[-1], 12)]
    for n in range(1, 15):
        departures = min(n, 3) + 0.25 * max(n - 3, 0)
        cost = 0.8 * max(n - 3, 0)
        left = cost - gain + rate * increments[n] - departures * increments[n - 1]
        assert left == pytest.approx(0.0, abs=1e-7 * max(1.0, abs(increments[n])))


def test_the_gain_is_the_cost_of_the_mean_queue() -> None:
    """Waiting customers of an Erlang-A queue times what one costs per second."""
    flow = PoolFlow(0.1, 18, 1 / 180, 1 / 120, 0.5)
    assert waiting_gain(flow) == pytest.approx(0.5 * erlang_a(0.1, 1 / 180, 1 / 120, agents=18).average_queue, rel=1e-6)


def test_prices_rise_with_occupancy() -> None:
    """The last idle agent is the dearest, and waiting behind more costs more."""
    for *rates, _ in SMALL.values():
        for pool in state_price(workload(*rates)).pools:
            assert list(pool.idle_prices) == sorted(pool.idle_prices)
            assert list(pool.queue_prices) == sorted(pool.queue_prices)
            assert all(map(math.isfinite, (*pool.idle_prices, *pool.queue_prices)))


def test_where_others_can_take_what_overflows_the_price_is_capped() -> None:
    """Two pools alike: the price of the last agent is no more than what going elsewhere loses."""
    rates = ([2.5], [2, 2], [[1.3, 0.8]], [0.3], [[0.55, 0.9]], [0.5], [0.1])
    capped = state_price(workload(*rates)).pools
    alone = [
        state_price(workload([r], [2], [[m]], [0.3], [[v]], [0.5], [0.1])).pools[0].idle_prices[-1]
        for r, m, v in ((1.2, 1.3, 0.55), (1.3, 0.8, 0.9))
    ]
    assert max(pool.idle_prices[-1] for pool in capped) < max(alone)


def test_waiting_is_worth_something_only_for_full_pools() -> None:
    """Nobody waits for a pool with somebody idle; and behind a long queue waiting is worth less."""
    *rates, _ = SMALL["expert"]
    price = state_price(workload(*rates))
    kinds = np.arange(2)
    assert not price.worth_of_waiting(np.array([1, 1]), np.array([1, 1]), kinds).any()
    few = price.worth_of_waiting(np.array([0, 1]), np.array([1, 0]), kinds)
    many = price.worth_of_waiting(np.array([0, 9]), np.array([1, 0]), kinds)
    assert few[1] > many[1] >= 0


def test_plain_data_makes_an_equal_price() -> None:
    """What a file holds is all there is."""
    *rates, _ = SMALL["X"]
    for price in (state_price(workload(*rates)), fluid_price(workload(*rates))):
        data = price.to_data()
        assert PRICES[data.pop("name")](**data) == price


def test_tables_of_other_shapes_are_refused() -> None:
    """All faults at once."""
    *rates, _ = SMALL["X"]
    data = state_price(workload(*rates)).to_data()
    data.pop("name")
    with pytest.raises(InvalidInputError, match=r"value.*\n?.*share|share"):
        StatePrice(**{**data, "value": ((1.0,),), "share": ((math.nan, 0.0), (0.0, 0.0))})
