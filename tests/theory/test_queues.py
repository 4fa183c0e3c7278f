"""Closed forms against the balance equations, numerical integration and each other."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm
from scipy.sparse import diags_array, lil_array
from scipy.sparse.linalg import spsolve
from scipy.special import gammaincc, pdtr

from routematch.distributions import (
    Deterministic,
    Distribution,
    Empirical,
    Erlang,
    Exponential,
    Gamma,
    Hyperexponential,
    LogNormal,
    Mixture,
    Never,
    PiecewiseHazard,
    Uniform,
    Weibull,
)
from routematch.distributions.quadrature import integrate
from routematch.errors import InvalidInputError, LimitExceededError
from routematch.theory import (
    constant_service,
    erlang_a,
    erlang_b,
    erlang_c,
    general_patience,
    limited_room,
    priorities,
    single_agent,
    single_agent_priorities,
)

#: Arrival rate, service rate, abandonment rate, agents, and states that are enough.
IMPATIENT = [
    (0.1, 1 / 180, 1 / 120, 18, 600),
    (0.8, 1 / 60, 1 / 120, 50, 1500),
    (0.02, 1 / 60, 1 / 5, 1, 300),
    (5.0, 1 / 300, 1 / 600, 100, 6000),
    (10.0, 1 / 300, 1 / 120, 3050, 6000),
    (10.0, 1 / 300, 1 / 120, 2000, 6000),
    (1e-3, 1 / 300, 1 / 3, 2, 300),
    (0.1, 1 / 180, 2.0, 18, 400),
]


def balance(births: np.ndarray, deaths: np.ndarray) -> np.ndarray:
    """Solve a birth and death chain outwards from its mode, by plain products."""
    mode = int(np.argmax(np.concatenate([[0.0], np.cumsum(np.log(births / deaths))])))
    up = np.cumprod(births[mode:] / deaths[mode:])
    down = np.cumprod((deaths[:mode] / births[:mode])[::-1])[::-1]
    weights = np.concatenate([down, [1.0], up])
    return weights / math.fsum(weights)


def queue_law(arrival: float, service: float, leaving: float, agents: int, states: int) -> np.ndarray:
    """Return the law of the number in system, cut at a number of states."""
    number = np.arange(1, states)
    deaths = np.minimum(number, agents) * service + np.maximum(number - agents, 0) * leaving
    return balance(np.full(states - 1, arrival), deaths)


@pytest.mark.parametrize(
    ("load", "agents"), [(0.5, 1), (18.0, 20), (900.0, 1000), (5000.0, 4000), (1e-3, 3), (300.0, 2)]
)
def test_erlang_b_solves_the_balance_equations(load: float, agents: int):
    """Blocking and occupancy agree with the chain of a full house."""
    law = balance(np.full(agents, load), np.arange(1.0, agents + 1))
    result = erlang_b(load / 250.0, 1 / 250, agents)

    assert result.blocking_probability == pytest.approx(law[-1], rel=1e-10)
    assert result.average_busy == pytest.approx(law @ np.arange(agents + 1), rel=1e-10)
    assert result.occupancy == pytest.approx(law @ np.arange(agents + 1) / agents, rel=1e-10)


def test_erlang_b_is_the_poisson_ratio():
    """B is the density of a Poisson law over its distribution function."""
    for load, agents in ((3.0, 7), (80.0, 100), (5.0, 60)):
        ratio = math.exp(agents * math.log(load) - load - math.lgamma(agents + 1)) / pdtr(agents, load)
        assert erlang_b(load, 1.0, agents).blocking_probability == pytest.approx(ratio, rel=1e-10)
    assert erlang_b(1.0, 1.0, 0).blocking_probability == 1.0


@pytest.mark.parametrize(
    ("arrival", "service", "agents", "states"),
    [
        (0.1, 1 / 180, 20, 1000),
        (0.9, 1.0, 1, 1000),
        (0.5, 1.0, 1, 200),
        (9.7, 1 / 300, 3000, 12000),
        (0.01, 1.0, 3, 50),
    ],
)
def test_erlang_c_solves_the_balance_equations(arrival: float, service: float, agents: int, states: int):
    """Delay, queue, wait and the law of the wait agree with the chain and sums of completions."""
    law = queue_law(arrival, service, 0.0, agents, states)
    ahead = np.arange(states - agents)
    result = erlang_c(arrival, service, agents)

    assert result.delay_probability == pytest.approx(law[agents:].sum(), rel=1e-9)
    assert result.average_queue == pytest.approx(ahead @ law[agents:], rel=1e-8)
    assert result.average_wait == pytest.approx(ahead @ law[agents:] / arrival, rel=1e-8)
    for time in (0.0, 0.3 / service / agents, 20.0):
        late = law[agents:] @ gammaincc(ahead + 1.0, agents * service * time)
        assert result.wait_exceeds(time) == pytest.approx(late, rel=1e-7, abs=1e-12)
        assert result.service_level(time) == pytest.approx(1 - late, rel=1e-7)
    assert result.wait_exceeds(result.wait_quantile(0.99)) == pytest.approx(
        min(0.01, result.delay_probability), rel=1e-9
    )
    assert result.wait_quantile(0.0) == 0.0


@pytest.mark.parametrize(
    ("arrival", "agents", "places"),
    [(0.2, 30, 10), (0.2, 36, 40), (0.05, 12, 3), (3.0, 30, 100), (0.1, 18, 500), (0.1, 1, 0)],
)
def test_limited_room_solves_the_balance_equations(arrival: float, agents: int, places: int):
    """Blocking, delay, queue, occupancy and the law of the wait agree with the chain, also beyond capacity."""
    service = 1 / 180
    law = queue_law(arrival, service, 0.0, agents, agents + places + 1)
    ahead = np.arange(places)
    result = limited_room(arrival, service, agents, places)

    assert result.blocking_probability == pytest.approx(law[-1], rel=1e-9)
    assert result.delay_probability == pytest.approx(law[agents:-1].sum(), rel=1e-9, abs=1e-15)
    assert result.average_queue == pytest.approx(np.arange(places + 1) @ law[agents:], rel=1e-9, abs=1e-15)
    assert result.average_wait == pytest.approx(result.average_queue / arrival / (1 - law[-1]), rel=1e-9, abs=1e-15)
    assert result.occupancy == pytest.approx(np.minimum(np.arange(law.size), agents) @ law / agents, rel=1e-9)
    for time in (0.0, 20.0, 300.0):
        late = float(law[agents:-1] @ gammaincc(ahead + 1.0, agents * service * time))
        assert result.service_level(time) == pytest.approx(1 - law[-1] - late, rel=1e-9, abs=1e-12)
    if result.delay_probability > 0.1:
        assert result.wait_exceeds(result.wait_quantile(0.95)) == pytest.approx(0.05, rel=1e-6)


@pytest.mark.parametrize(("arrival", "service", "leaving", "agents", "states"), IMPATIENT)
def test_erlang_a_solves_the_balance_equations(arrival, service, leaving, agents, states):
    """Delay, abandonment, wait, queue and occupancy agree with the chain from one agent to thousands."""
    law = queue_law(arrival, service, leaving, agents, states)
    number = np.arange(states)
    queue = np.maximum(number - agents, 0) @ law
    result = erlang_a(arrival, service, leaving, agents)

    assert result.delay_probability == pytest.approx(law[agents:].sum(), rel=1e-9, abs=1e-300)
    assert result.abandonment_probability == pytest.approx(leaving * queue / arrival, rel=1e-8, abs=1e-300)
    assert result.average_queue == pytest.approx(queue, rel=1e-8, abs=1e-300)
    assert result.average_wait == pytest.approx(queue / arrival, rel=1e-8, abs=1e-300)
    assert result.occupancy == pytest.approx(np.minimum(number, agents) @ law / agents, rel=1e-9)


@pytest.mark.parametrize(("arrival", "service", "leaving", "agents", "states"), [IMPATIENT[i] for i in (0, 1, 2, 7)])
def test_erlang_a_wait_agrees_with_the_transient_chain(arrival, service, leaving, agents, states):
    """Service level and law of the wait agree with one customer's own way through the queue."""
    places = 90
    ahead = np.arange(places)
    law = queue_law(arrival, service, leaving, agents, states)[agents : agents + places]
    # States: how many are ahead, then "served", then "gave up".
    moves = np.zeros((places + 2, places + 2))
    moves[ahead[1:], ahead[1:] - 1] = agents * service + ahead[1:] * leaving
    moves[0, places] = agents * service
    moves[ahead, places + 1] = leaving
    moves -= np.diag(moves.sum(axis=1))
    result = erlang_a(arrival, service, leaving, agents)
    for time in (0.0, 5.0, 20.0, 90.0):
        after = law @ expm(moves * time)[:places]
        assert result.service_level(time) == pytest.approx(1 - result.delay_probability + after[places], abs=1e-8)
        assert result.wait_exceeds(time) == pytest.approx(after[:places].sum(), abs=1e-8)
    quantile = result.wait_quantile(0.9)
    assert quantile == 0 or result.wait_exceeds(quantile) == pytest.approx(0.1, rel=1e-6)


PATIENCE: list[Distribution] = [
    Exponential(120.0),
    Deterministic(60.0),
    Deterministic(0.0),
    Uniform(0.0, 300.0),
    Uniform(30.0, 90.0),
    LogNormal(200.0, cv=1.5),
    Gamma(100.0, cv=0.5),
    Weibull(150.0, 0.6),
    Hyperexponential((5.0, 400.0), (0.4, 0.6)),
    PiecewiseHazard((0.0, 10.0, 60.0), (0.02, 0.001, 0.01)),
    Empirical((3.0, 50.0, 50.0, 200.0, 900.0)),
    Mixture((Exponential(60.0), Never()), (0.6, 0.4)),
]


def by_quadrature(arrival: float, service: float, patience: Distribution, agents: int) -> dict[str, float]:
    """Evaluate the formulas of Zeltyn and Mandelbaum as they are printed, on a fixed fine grid."""
    capacity = agents * service
    grid = np.unique(np.concatenate([np.geomspace(1e-6, 3600.0, 1500), [0.0, 20.0], patience.kinks]))
    nodes, weights = np.polynomial.legendre.leggauss(20)
    half = np.diff(grid) / 2.0
    x = (grid[:-1, None] + half[:, None] * (nodes + 1.0)).ravel()
    weight = (half[:, None] * weights).ravel()
    density = weight * np.exp(arrival * patience.restricted_mean(x) - capacity * x)

    # Sum of (a^j / j!) / (a^(n-1) / (n-1)!) for j < n.
    load, term, total = arrival / service, 1.0, 0.0
    for j in range(agents - 1, -1, -1):
        total += term
        term *= j / load
    whole = density.sum()
    odds = total + arrival * whole
    return {
        "delay": arrival * whole / odds,
        "lost": (1.0 + (arrival - capacity) * whole) / odds,
        "wait": arrival * (density @ patience.restricted_mean(x)) / odds,
        "late": arrival * (density @ (patience.survival(x) * (x > 20.0))) / odds,
    }


@pytest.mark.parametrize("patience", PATIENCE, ids=repr)
def test_general_patience_agrees_with_the_printed_formulas(patience: Distribution):
    """Delay, abandonment, wait and service level agree with the formulas as printed, integrated on a fixed grid."""
    arrival, service, agents = 0.1, 1 / 180, 17
    expected = by_quadrature(arrival, service, patience, agents)
    result = general_patience(arrival, service, patience, agents)

    assert result.delay_probability == pytest.approx(expected["delay"], rel=1e-7)
    assert result.abandonment_probability == pytest.approx(expected["lost"], rel=1e-6)
    assert result.average_wait == pytest.approx(expected["wait"], rel=1e-7, abs=1e-12)
    answered = 1 - expected["lost"] - expected["late"]
    assert result.service_level(20.0) == pytest.approx(answered, rel=1e-6)
    assert result.average_queue == pytest.approx(arrival * result.average_wait, rel=1e-12)
    assert result.occupancy == pytest.approx(arrival / service * (1 - expected["lost"]) / agents, rel=1e-6)


def test_general_patience_agrees_with_a_chain_of_orders():
    """With patience of two kinds, the chain of all orders in the queue gives the same abandonment, wait and delay."""
    arrival, service, agents, leaving, places = 0.02, 1 / 60, 2, (1 / 8, 1 / 60), 9
    shares = (0.5, 0.5)
    queues: list[tuple[int, ...]] = [()]
    for queue in queues:
        if len(queue) < places:
            queues += [(*queue, 0), (*queue, 1)]
    index = {queue: k + agents for k, queue in enumerate(queues)}
    size = agents + len(queues)
    moves = lil_array((size, size))
    for k in range(agents):
        moves[k, k + 1] = arrival
        moves[k + 1, k] = (k + 1) * service
    for queue, here in index.items():
        if len(queue) < places:
            for kind in (0, 1):
                moves[here, index[(*queue, kind)]] += arrival * shares[kind]
        if queue:
            moves[here, index[queue[1:]]] += agents * service
        for p, kind in enumerate(queue):
            moves[here, index[queue[:p] + queue[p + 1 :]]] += leaving[kind]
    matrix = moves.tocsr()
    balance_matrix = (matrix.T - _diagonal(matrix)).tocsc()
    rest = spsolve(balance_matrix[1:, 1:], -balance_matrix[1:, [0]].toarray().ravel())
    law = np.append(1.0, rest) / (1.0 + rest.sum())
    gone = sum(law[here] * sum(leaving[kind] for kind in queue) for queue, here in index.items())
    waiting = sum(law[here] * len(queue) for queue, here in index.items())
    result = general_patience(arrival, service, Hyperexponential((8.0, 60.0), shares), agents)

    assert result.abandonment_probability == pytest.approx(gone / arrival, rel=1e-6)
    assert result.average_queue == pytest.approx(waiting, rel=1e-6)
    assert result.delay_probability == pytest.approx(law[agents:].sum(), rel=1e-6)


def _diagonal(matrix):
    return diags_array(np.asarray(matrix.sum(axis=1)).ravel())


def test_constant_patience_has_its_closed_form():
    """With constant patience the integrals are elementary, also for thousands of agents."""
    for arrival, service, agents, patience in (
        (0.1, 1 / 180, 17, 60.0),
        (10.0, 1 / 300, 2900, 30.0),
        (10.0, 1 / 300, 3100, 5.0),
    ):
        drift, capacity = arrival - agents * service, agents * service
        area = math.expm1(drift * patience) / drift + math.exp(drift * patience) / capacity
        before = erlang_b(arrival, service, agents - 1).blocking_probability
        lost = math.exp(drift * patience) * arrival / capacity / (1 / before + arrival * area)
        result = general_patience(arrival, service, Deterministic(patience), agents)
        assert result.abandonment_probability == pytest.approx(lost, rel=1e-8)
        assert result.delay_probability == pytest.approx(arrival * area / (1 / before + arrival * area), rel=1e-8)


@pytest.mark.parametrize("agents", [19, 25, 60])
def test_patience_without_end_gives_erlang_c(agents: int):
    """Erlang A tends to Erlang C as patience grows; at rate 0 they are equal."""
    wanted = erlang_c(0.1, 1 / 180, agents)
    for rate, accuracy in ((0.0, 1e-10), (1e-9, 1e-4)):
        result = erlang_a(0.1, 1 / 180, rate, agents)
        assert result.delay_probability == pytest.approx(wanted.delay_probability, rel=accuracy)
        assert result.average_wait == pytest.approx(wanted.average_wait, rel=accuracy)
        assert result.service_level(20) == pytest.approx(wanted.service_level(20), rel=accuracy)
    never = general_patience(0.1, 1 / 180, Never(), agents)
    assert never.average_wait == pytest.approx(wanted.average_wait, rel=1e-10)
    assert never.abandonment_probability == 0.0


@pytest.mark.parametrize("agents", [5, 19, 60])
def test_no_patience_gives_erlang_b(agents: int):
    """Erlang A tends to Erlang B as patience vanishes, and so does a room without places."""
    wanted = erlang_b(0.1, 1 / 180, agents)
    for result in (erlang_a(0.1, 1 / 180, 1e9, agents), general_patience(0.1, 1 / 180, Deterministic(0.0), agents)):
        assert result.abandonment_probability == pytest.approx(wanted.blocking_probability, rel=1e-6)
        assert result.occupancy == pytest.approx(wanted.occupancy, rel=1e-6)
    room = limited_room(0.1, 1 / 180, agents, 0)
    assert room.blocking_probability == pytest.approx(wanted.blocking_probability, rel=1e-12)
    assert room.delay_probability == 0.0


def test_room_without_limit_gives_erlang_c():
    """M/M/n/K tends to Erlang C as the room grows."""
    wanted, result = erlang_c(0.1, 1 / 180, 20), limited_room(0.1, 1 / 180, 20, 2000)

    assert result.blocking_probability < 1e-12
    assert result.delay_probability == pytest.approx(wanted.delay_probability, rel=1e-9)
    assert result.average_wait == pytest.approx(wanted.average_wait, rel=1e-9)
    assert result.service_level(20) == pytest.approx(wanted.service_level(20), rel=1e-9)


@settings(max_examples=40)
@given(load=st.floats(0.2, 3.0), agents=st.integers(1, 400), patience=st.floats(0.01, 50.0), time=st.floats(0.0, 5.0))
def test_measures_move_the_right_way(load: float, agents: int, patience: float, time: float):
    """One more agent never hurts; measures are in range; the served rate is the busy rate; Little's law holds."""
    rate = load * agents
    fewer = erlang_a(rate, 1.0, 1 / patience, agents)
    more = erlang_a(rate, 1.0, 1 / patience, agents + 1)

    assert more.delay_probability <= fewer.delay_probability * (1 + 1e-9)
    assert more.abandonment_probability <= fewer.abandonment_probability * (1 + 1e-9)
    assert more.average_wait <= fewer.average_wait * (1 + 1e-9)
    assert more.service_level(time) >= fewer.service_level(time) - 1e-9
    assert fewer.service_level(time) <= fewer.service_level(time + 0.5) + 1e-9
    assert 0 <= fewer.service_level(time) <= 1 - fewer.abandonment_probability + 1e-12
    assert fewer.abandonment_probability <= fewer.delay_probability <= 1
    assert fewer.abandonment_probability == pytest.approx(fewer.average_wait / patience, rel=1e-8, abs=1e-300)
    assert fewer.average_busy == pytest.approx(rate * (1 - fewer.abandonment_probability), rel=1e-8)


@pytest.mark.parametrize("agents", [1, 30, 3000, 100_000])
@pytest.mark.parametrize("load", [1e-6, 0.5, 1.0, 1.0001, 2.0, 1e4])
@pytest.mark.parametrize("leaving", [1e-6, 1.0, 1e6])
def test_extremes_stay_numbers(agents: int, load: float, leaving: float):
    """From an empty house to thousands of times too much work, every measure is finite and consistent."""
    result = erlang_a(load * agents, 1.0, leaving, agents)

    values = [result.delay_probability, result.abandonment_probability, result.occupancy, result.service_level(1.0)]
    assert all(0 <= value <= 1 + 1e-12 for value in values)
    accuracy = max(1e-6, 1e-14 * result.average_queue)
    if accuracy < 0.1:
        assert result.abandonment_probability == pytest.approx(leaving * result.average_wait, rel=accuracy, abs=1e-300)
        assert result.occupancy == pytest.approx(load * (1 - result.abandonment_probability), rel=10 * accuracy)


# --- one agent, priorities, constant handle times ---------------------------------------------------------------------


@pytest.mark.parametrize("phases", [1, 2, 5])
def test_pollaczek_khinchine_agrees_with_a_chain_of_phases(phases: int):
    """M/E_k/1 solved stage by stage gives the same queue."""
    arrival, mean, places = 0.6, 1.0, 400
    # State: phases of work in the house, a conversation bringing `phases` of them.
    size = places * phases
    moves = np.zeros((size, size))
    for work in range(size):
        if work + phases < size:
            moves[work, work + phases] = arrival
        if work:
            moves[work, work - 1] = phases / mean
    balance_matrix = (moves - np.diag(moves.sum(axis=1))).T
    balance_matrix[-1] = 1.0
    law = np.linalg.solve(balance_matrix, np.append(np.zeros(size - 1), 1.0))
    in_system = np.ceil(np.arange(size) / phases)
    result = single_agent(arrival, Erlang(mean, phases))

    assert result.average_queue == pytest.approx(law @ np.maximum(in_system - 1, 0), rel=1e-6)
    assert result.delay_probability == pytest.approx(1 - law[0], rel=1e-9)
    assert result.occupancy == pytest.approx(arrival * mean)


def test_single_agent_meets_the_other_formulas():
    """With exponential handle times M/G/1 is Erlang C with one agent, with constant ones M/D/1."""
    for load in (0.1, 0.7, 0.99):
        assert single_agent(load, Exponential(1.0)).average_wait == pytest.approx(
            erlang_c(load, 1.0, 1).average_wait, rel=1e-10
        )
        assert single_agent(load, Deterministic(1.0)).average_wait == pytest.approx(
            constant_service(load, 1.0, 1).average_wait, rel=1e-9
        )


def priority_chain(
    arrivals: tuple[float, float], services: tuple[float, float], agents: int, places: int
) -> np.ndarray:
    """Return mean queues of two classes by priority, nobody interrupted, from the balance equations."""
    states = [
        (busy, other, first, second)
        for busy in range(agents + 1)
        for other in range(agents + 1 - busy)
        for first in range(places + 1)
        for second in range(places + 1)
        if busy + other == agents or first + second == 0
    ]
    index = {state: k for k, state in enumerate(states)}
    moves = lil_array((len(states), len(states)))
    for (a, b, p, q), here in index.items():
        full = a + b == agents
        for kind, target in enumerate(
            [(a, b, p + 1, q), (a, b, p, q + 1)] if full else [(a + 1, b, p, q), (a, b + 1, p, q)]
        ):
            if target in index:
                moves[here, index[target]] += arrivals[kind]
        for kind, busy in enumerate((a, b)):
            if busy:
                left = (a - (kind == 0), b - (kind == 1))
                if p:
                    target = (left[0] + 1, left[1], p - 1, q)
                elif q:
                    target = (left[0], left[1] + 1, p, q - 1)
                else:
                    target = (*left, 0, 0)
                moves[here, index[target]] += busy * services[kind]
    matrix = moves.tocsr()
    balance_matrix = (matrix.T - _diagonal(matrix)).tocsc()
    rest = spsolve(balance_matrix[1:, 1:], -balance_matrix[1:, [0]].toarray().ravel())
    law = np.append(1.0, rest) / (1.0 + rest.sum())
    return law @ np.array([state[2:] for state in states])


def test_priorities_of_several_agents_agree_with_the_chain():
    """M/M/n with two classes and one handle time."""
    queues = priority_chain((0.4, 0.8), (1.0, 1.0), 3, 40)
    result = priorities((0.4, 0.8), 1.0, 3)

    assert result.average_queues == pytest.approx(queues, rel=1e-6)
    whole = erlang_c(1.2, 1.0, 3)
    assert result.average_wait == pytest.approx(whole.average_wait, rel=1e-12)
    assert result.delay_probability == pytest.approx(whole.delay_probability, rel=1e-12)


def test_priorities_of_one_agent_agree_with_the_chain():
    """M/M/1 with two classes of different handle times, and the conservation law of work."""
    queues = priority_chain((0.2, 0.15), (1.0, 0.5), 1, 60)
    result = single_agent_priorities((0.2, 0.15), (Exponential(1.0), Exponential(2.0)))

    assert result.average_queues == pytest.approx(queues, rel=1e-6)
    turned = single_agent_priorities((0.15, 0.2), (Exponential(2.0), Exponential(1.0)))
    work = 0.2 * result.average_waits[0] + 0.3 * result.average_waits[1]
    assert 0.3 * turned.average_waits[0] + 0.2 * turned.average_waits[1] == pytest.approx(work, rel=1e-12)


def test_one_class_is_no_priority():
    """With a single class the priority formulas are the plain ones."""
    assert priorities((0.1,), 1 / 180, 20).average_wait == pytest.approx(
        erlang_c(0.1, 1 / 180, 20).average_wait, rel=1e-12
    )
    law = LogNormal(4.0, cv=1.3)
    assert single_agent_priorities((0.2,), (law,)).average_wait == pytest.approx(
        single_agent(0.2, law).average_wait, rel=1e-12
    )


@pytest.mark.parametrize(
    ("load", "agents", "size"), [(0.9, 1, 400), (4.5, 5, 350), (18.0, 20, 300), (95.0, 100, 500), (2.0, 8, 60)]
)
def test_constant_service_agrees_with_the_embedded_chain(load: float, agents: int, size: int):
    """M/D/n: delay and queue agree with the chain seen every handle time."""
    number = np.arange(size)
    carried = np.maximum(number - agents, 0)
    arrivals = number[None, :] - carried[:, None]
    logs = np.array([math.lgamma(k + 1.0) for k in range(size + 1)])
    steps = np.where(arrivals >= 0, np.exp(arrivals * math.log(load) - load - logs[np.maximum(arrivals, 0)]), 0.0)
    balance_matrix = steps.T - np.eye(size)
    balance_matrix[-1] = 1.0
    law = np.linalg.solve(balance_matrix, np.append(np.zeros(size - 1), 1.0))
    result = constant_service(load, 1.0, agents)

    assert result.average_queue == pytest.approx(carried @ law, rel=1e-6)
    assert result.delay_probability == pytest.approx(law[agents:].sum(), rel=1e-6)
    assert result.occupancy == pytest.approx(load / agents)


@pytest.mark.parametrize(("load", "agents"), [(0.6, 1), (18.0, 20), (190.0, 200)])
def test_wait_with_constant_service_has_its_mean_and_delay(load: float, agents: int):
    """The tail of the wait begins at the delay probability, falls, and its area is the mean wait."""
    result = constant_service(load / 10.0, 10.0, agents)
    assert result.wait_exceeds(0.0) == pytest.approx(result.delay_probability, rel=1e-8)

    end = min(60.0, 40 * result.average_wait)
    edges = np.union1d(np.linspace(0.0, end, 5), np.arange(0.0, end, 10.0))
    tail = integrate(lambda t: np.array([[result.wait_exceeds(x) for x in t]]), edges, tolerance=1e-6)[0]
    # What is left beyond the end falls geometrically.
    last, before = result.wait_exceeds(end), result.wait_exceeds(end - 1.0)
    assert tail + last / math.log(before / last) == pytest.approx(result.average_wait, rel=1e-5)
    assert result.service_level(5.0) == 1 - result.wait_exceeds(5.0)


def test_wait_for_one_agent_with_constant_service_is_erlangs_series():
    """M/D/1: the alternating series of Erlang, where it can still be summed."""
    for load, time in itertools.product((0.7, 0.99), (0.0, 0.5, 1.0, 2.5, 4.0)):
        past = [load * (k - time) for k in range(int(time) + 1)]
        terms = [x**k / math.factorial(k) * math.exp(-x) for k, x in enumerate(past)]
        level = constant_service(load, 1.0, 1).service_level(time)
        assert level == pytest.approx((1 - load) * sum(terms), rel=1e-9)


def test_wait_very_near_full_load_is_refused():
    """The law of the wait takes too many states very near full load; the mean does not."""
    result = constant_service(0.99999, 1.0, 1)

    with pytest.raises(LimitExceededError, match="too near 1"):
        result.wait_exceeds(1e5)


@pytest.mark.parametrize("load", [0.5, 0.99, 0.999, 0.99999])
def test_constant_service_of_one_agent_near_full_load(load: float):
    """M/D/1 has the wait of Pollaczek and Khinchine, also where the sum has millions of terms."""
    result = constant_service(load, 1.0, 1)

    assert result.average_wait == pytest.approx(load / 2 / (1 - load), rel=1e-9)
    assert 1 - result.delay_probability == pytest.approx(1 - load, rel=1e-9)


def test_constant_service_halves_the_wait_near_full_load():
    """In heavy traffic the wait is half that of Erlang C."""
    ratio = constant_service(99.9, 1.0, 100).average_wait / erlang_c(99.9, 1.0, 100).average_wait

    assert ratio == pytest.approx(0.5, abs=0.01)


WRONG = [
    (lambda: erlang_b(0.0, 1.0, 1), "above 0"),
    (lambda: erlang_b(-1.0, math.nan, -1), "3 faults"),
    (lambda: erlang_b(1.0, 1.0, 2.5), "whole number"),
    (lambda: erlang_b(1.0, 1.0, 10**9), "between 0 and"),
    (lambda: erlang_c(1.0, 1.0, 1), "grows for ever"),
    (lambda: erlang_c(1.0, 1.0, 0), "between 1"),
    (lambda: erlang_c(0.5, 1.0, 1).service_level(-1.0), "at least 0"),
    (lambda: erlang_c(0.5, 1.0, 1).wait_quantile(1.0), "below 1"),
    (lambda: erlang_a(1.0, 1.0, 0.0, 1), "never give up"),
    (lambda: erlang_a(1.0, 1.0, -1.0, 1), "at least 0"),
    (lambda: general_patience(2.0, 1.0, Mixture((Exponential(1.0), Never()), (1, 1)), 1), "never give up"),
    (lambda: general_patience(2.0, 1.0, 3.0, 1), "must be a law"),
    (lambda: limited_room(1.0, 1.0, 1, -1), "waiting_places"),
    (lambda: single_agent(1.0, Deterministic(1.0)), "grows for ever"),
    (lambda: single_agent(0.1, Never()), "finite mean"),
    (lambda: single_agent(0.1, Deterministic(0.0)), "above 0"),
    (lambda: priorities((0.5, 0.5), 1.0, 1), "grows for ever"),
    (lambda: priorities((), 1.0, 1), "at least 1"),
    (lambda: priorities((0.0,), 1.0, 1), "not all be 0"),
    (lambda: single_agent_priorities((0.1, 0.1), (Exponential(1.0),)), "one entry for each"),
    (lambda: constant_service(1.0, 1.0, 1), "grows for ever"),
    (lambda: constant_service(1.0, 0.0, 1), "above 0"),
]


@pytest.mark.parametrize(("make", "message"), WRONG, ids=range(len(WRONG)))
def test_what_has_no_answer_is_refused(make, message: str):
    """Parameters out of range and queues without steady state are refused with the reason."""
    with pytest.raises(InvalidInputError, match=message):
        make()
