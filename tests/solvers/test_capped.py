"""Group caps are solved by scipy's sparse solver over the pairs that matter, with the answer of the reference."""

from __future__ import annotations

import numpy as np
import pytest

from routematch.solvers import AssignmentProblem, capped, engines, solve, sparse
from routematch.solvers.capped import solve_capped, without_caps
from routematch.solvers.choice import Choice
from routematch.solvers.network import build_network
from routematch.solvers.prices import smallest_prices
from routematch.solvers.verify import is_feasible, total


def facts(matching):
    """Return everything an engine must agree on."""
    prices = matching.agent_price.tolist(), matching.conversation_price.tolist()
    return matching.agent_of.tolist(), matching.value, matching.bound, matching.is_optimal, *prices


def with_caps(seed, rows=40, agents=15):
    """Return a problem in which caps of groups bind, with any mix of holds, priorities and unit costs."""
    generator = np.random.default_rng([seed, 7])
    rows, agents, groups = (int(generator.integers(2, most)) for most in (rows, agents, 8))
    value = generator.integers(0, int(generator.choice([3, 10, 1000])), (rows, agents)).astype(float)
    value[generator.random(value.shape) < generator.choice([0.0, 0.3, 0.7])] = -np.inf
    extra = {}
    if generator.random() < 0.4:
        extra["hold"] = generator.integers(-2, 3, rows).astype(float)
    if generator.random() < 0.3:
        extra["priority"] = generator.integers(0, 3, rows)
    if generator.random() < 0.4:
        extra["unit_cost"] = np.cumsum(generator.integers(-1, 3, (agents, 1)) + np.arange(5), axis=1).astype(float)
    return AssignmentProblem(
        value,
        generator.integers(0, 5, agents),
        row_group=generator.integers(-1, groups, rows),
        group_capacity=generator.integers(0, 3, (agents, groups)),
        resolution=1.0,
        **extra,
    )


def check(seed):
    """Compare scipy's solver with the reference; return the engine that found the answer."""
    problem = with_caps(seed)
    found = solve(problem, method="sparse")
    assert facts(found) == facts(solve(problem, method="min_cost_flow")), seed
    return found.method


@pytest.mark.parametrize("pairs", [(12, 6), (1, 1), (2, 3)])
def test_caps_get_the_answer_of_the_reference(monkeypatch, pairs):
    """However few pairs are kept at first, rows, agents, value and prices are those of the reference engine."""
    monkeypatch.setattr(capped, "FIRST", pairs[0])
    monkeypatch.setattr(capped, "FURTHER", pairs[1])
    monkeypatch.setattr(capped, "ROUNDS", 200)
    assert {check(seed) for seed in range(150)} <= {"sparse", "none"}


@pytest.mark.parametrize("rush", [0.0, 1e9])
def test_both_sides_of_the_sparse_solver_take_caps(monkeypatch, rush):
    """Whether rows look for units or units for rows, caps are kept and the matching is the best."""
    monkeypatch.setattr(sparse, "RUSH", rush)
    for seed in range(100):
        network = build_network(with_caps(seed))
        pair = sparse.solve_sparse(network)
        assert is_feasible(network, pair), seed
        assert smallest_prices(network, pair) is not None, seed


def test_prices_of_the_problem_without_caps_are_only_a_guess():
    """From prices far off, high or low, the same value is reached."""
    for seed in range(60):
        network = build_network(with_caps(seed))
        best = total(network, sparse.solve_sparse(network))
        for price in (0, 3, 10**6):
            found = solve_capped(network, np.full(network.agents, price))
            assert found is not None
            assert total(network, found) == best, (seed, price)


def test_a_matching_that_keeps_the_caps_anyway_is_the_answer(monkeypatch):
    """Where the best matching without caps keeps them, nothing more is solved."""
    problem = AssignmentProblem(
        [[5.0, 1.0], [1.0, 5.0], [0.5, 0.5]], [1, 2], row_group=[0, 0, 0], group_capacity=[[1], [2]]
    )
    network = build_network(problem)
    assert network.has_groups
    assert not without_caps(network).has_groups
    expected = facts(solve(problem, method="min_cost_flow"))
    monkeypatch.setattr(engines, "solve_capped", lambda *_: pytest.fail("caps were kept already"))
    assert facts(solve(problem, method="sparse")) == expected


@pytest.mark.parametrize("fault", ["no pair is missed", "caps forgotten", "given up"])
def test_a_wrong_answer_under_caps_is_never_called_optimal(monkeypatch, fault):
    """When missed pairs or caps are overlooked, some answers have no proof and the chains give them."""
    problems = [with_caps(seed) for seed in range(60)]
    expected = [facts(solve(problem, method="min_cost_flow")) for problem in problems]
    monkeypatch.setattr(capped, "FIRST", 1)
    if fault == "no pair is missed":
        monkeypatch.setattr(capped, "_missed", lambda network, *_: np.zeros(len(network.worth), bool))
    elif fault == "caps forgotten":
        monkeypatch.setattr(capped, "solve_sparse", lambda network: sparse.solve_sparse(without_caps(network)))
    else:
        monkeypatch.setattr(capped, "ROUNDS", 0)
    found = [solve(problem, method="sparse") for problem in problems]
    assert "chains" in {matching.method for matching in found}
    assert [facts(matching) for matching in found] == expected


def test_caps_are_given_to_scipy_when_the_chains_grow_long(monkeypatch):
    """When the chains use up their steps, the answer is the same with caps as without a limit."""
    monkeypatch.setattr(engines, "choose", lambda network, **_: Choice("chains", 0))
    problems = [with_caps(seed) for seed in range(60)]
    found = [solve(problem) for problem in problems]
    assert "sparse" in {matching.method for matching in found}
    assert [facts(matching) for matching in found] == [facts(solve(p, method="min_cost_flow")) for p in problems]


@pytest.mark.slow
def test_caps_get_the_answer_of_the_reference_at_length(monkeypatch):
    """The same on ten thousand more problems."""
    monkeypatch.setattr(capped, "ROUNDS", 200)
    for seed in range(100_000, 110_000):
        monkeypatch.setattr(capped, "FIRST", 1 + seed % 4)
        check(seed)
