"""Problems of few kinds are solved as such, with the answer of every other engine."""

from __future__ import annotations

import numpy as np
import pytest

from routematch.solvers import AssignmentProblem, classes, engines, solve, transport
from routematch.solvers.choice import choose
from routematch.solvers.classes import are_of_few_kinds, find_classes
from routematch.solvers.network import build_network
from routematch.solvers.transport import solve_classes
from routematch.solvers.verify import is_feasible


def facts(matching):
    """Return everything an engine must agree on."""
    prices = matching.agent_price.tolist(), matching.conversation_price.tolist()
    return matching.agent_of.tolist(), matching.value, matching.bound, matching.is_optimal, *prices


def of_few_kinds(seed, rows=60, agents=30):
    """Return a problem of few kinds, with any mix of holds, priorities and unit costs."""
    generator = np.random.default_rng([seed, 6])
    kinds, profiles = int(generator.integers(1, 8)), int(generator.integers(1, 6))
    levels = int(generator.choice([2, 5, 1000]))
    base = generator.integers(0, levels, (kinds, profiles)).astype(float)
    base[generator.random(base.shape) < generator.choice([0.0, 0.3, 0.6])] = -np.inf
    rows, agents = int(generator.integers(1, rows)), int(generator.integers(1, agents))
    value = base[generator.integers(0, kinds, rows)][:, generator.integers(0, profiles, agents)]
    capacity = generator.integers(0, 4, agents)
    extra = {}
    if generator.random() < 0.6:
        extra["hold"] = -generator.integers(0, 4, rows).astype(float)
    if generator.random() < 0.3:
        extra["priority"] = generator.integers(0, 3, rows)
    if generator.random() < 0.5:
        extra["unit_cost"] = np.cumsum(generator.integers(-1, 3, (agents, 1)) + np.arange(4), axis=1).astype(float)
    return AssignmentProblem(value, capacity, resolution=1.0, **extra)


def test_kinds_get_the_answer_of_the_reference():
    """Rows, agents, value and prices are those of the reference engine, and the engine itself found them."""
    for seed in range(250):
        problem = of_few_kinds(seed)
        found = solve(problem, method="classes")
        assert facts(found) == facts(solve(problem, method="min_cost_flow")), seed
        assert found.method in {"classes", "none"}, seed


def test_waiting_times_and_priorities_do_not_part_equal_rows():
    """Rows that differ by a constant are of one kind, and agents that differ in capacity or unit cost too."""
    value = np.tile([[5.0, 3.0, 5.0]], (6, 1))
    problem = AssignmentProblem(
        value, [1, 2, 3], hold=-np.arange(6.0), priority=[0, 0, 1, 1, 2, 2], unit_cost=[[0, 1, 2], [0, 0, 0], [1, 1, 1]]
    )
    found = find_classes(build_network(problem))
    assert found.row_class.tolist() == [0] * 6
    assert len(found.worth) == 2
    assert found.agent_class[0] == found.agent_class[2] != found.agent_class[1]


def test_rows_of_other_pairs_are_of_another_kind():
    """One pair more, or one value that differs, parts a row from the others."""
    value = np.array([[5.0, 3.0, 1.0], [5.0, 3.0, -np.inf], [5.0, 2.0, 1.0], [6.0, 4.0, 2.0]])
    found = find_classes(build_network(AssignmentProblem(value, [1, 1, 1], resolution=1.0)))
    kinds = found.row_class.tolist()
    assert kinds[0] == kinds[3]
    assert len(set(kinds)) == 3


def test_many_equal_rows_are_solved_by_kinds():
    """With few kinds among many rows the engine is chosen by itself; with distinct rows it is not."""
    generator = np.random.default_rng(0)
    base = generator.integers(1, 100, (5, 4)).astype(float)
    alike = base[generator.integers(0, 5, 1000)][:, generator.integers(0, 4, 60)]
    problem = AssignmentProblem(alike, np.full(60, 5), hold=-generator.random(1000), resolution=2.0**-10)
    assert solve(problem).method == "classes"
    apart = AssignmentProblem(generator.random((1000, 60)), np.full(60, 5))
    assert not are_of_few_kinds(build_network(apart))
    assert choose(build_network(apart)).method != "classes"


def test_equal_sums_of_different_rows_leave_no_wrong_answer(monkeypatch):
    """Were all rows taken for one kind, another engine would give the answer."""
    problem = AssignmentProblem([[3.0, 1.0], [-np.inf, 2.0], [1.0, 2.5]], [1, 2], unit_cost=np.zeros((2, 2)))
    right = classes._hash_rows

    def alike(network, rows):
        hashes, lift = right(network, rows)
        return np.zeros_like(hashes), lift

    expected = facts(solve(problem))
    monkeypatch.setattr(classes, "_hash_rows", alike)
    found = solve(problem, method="classes")
    assert found.method == "hungarian"
    assert facts(found) == expected


@pytest.mark.parametrize("fault", ["one less", "another agent class", "no flow", "failed"])
def test_a_wrong_flow_is_never_called_optimal(monkeypatch, fault):
    """A flow that drops a row, goes astray or is missing is not proven, and another engine gives the answer."""
    right = transport._best_flow

    def wrong(found, units):
        flow = right(found, units)
        if fault == "one less":
            flow[np.argmax(flow)] -= 1
        elif fault == "another agent class":
            flow = np.roll(flow, 1)
        elif fault == "no flow":
            flow[:] = 0
        return None if fault == "failed" else flow

    problem = AssignmentProblem([[3.0, 1.0], [3.0, 1.0], [1.0, 2.5]], [1, 2], unit_cost=np.zeros((2, 2)))
    expected = facts(solve(problem))
    monkeypatch.setattr(transport, "_best_flow", wrong)
    found = solve(problem, method="classes")
    assert found.method == "hungarian"
    assert facts(found) == expected


def test_too_many_kinds_are_left_to_other_engines(monkeypatch):
    """Asked by name for a problem whose kinds are too many, another engine answers."""
    problem = of_few_kinds(3)
    expected = facts(solve(problem, method="classes"))
    monkeypatch.setattr(transport, "MOST_PAIRS", 0)
    found = solve(problem, method="classes")
    assert found.method == "hungarian"
    assert facts(found) == expected


def test_another_engine_follows_where_kinds_fail(monkeypatch):
    """When the linear program fails, the choice goes on to the engines that need none."""
    generator = np.random.default_rng(0)
    value = generator.integers(1, 9, (3, 3)).astype(float)[generator.integers(0, 3, 500)][:, np.arange(60) % 3]
    problem = AssignmentProblem(value, np.full(60, 5), resolution=1.0)
    expected = facts(solve(problem))
    monkeypatch.setattr(engines, "solve_classes", lambda network: None)
    found = solve(problem)
    assert found.method in {"chains", "hungarian", "sparse"}
    assert facts(found) == expected


def test_units_of_a_class_are_spread_within_capacity():
    """The matching by kinds is feasible before anything repairs it."""
    for seed in range(100):
        network = build_network(of_few_kinds(seed))
        if len(network.worth) and network.capacity.any():
            assert is_feasible(network, solve_classes(network)), seed


@pytest.mark.slow
def test_kinds_get_the_answer_of_the_reference_at_length():
    """The same on ten thousand more problems."""
    for seed in range(100_000, 110_000):
        problem = of_few_kinds(seed)
        found = solve(problem, method="classes")
        assert facts(found) == facts(solve(problem, method="min_cost_flow")), seed
        assert found.method in {"classes", "none"}, seed
