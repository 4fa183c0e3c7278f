"""Small full matrices are solved at once, with the answer of the general road."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from scipy.sparse import csr_array

from routematch.solvers import AssignmentProblem, brute_force, small, solve
from routematch.solvers.small import solve_small


def drawn(seed):
    """Return a small problem, dense or sparse, with or without ties, holds and unit costs."""
    generator = np.random.default_rng([seed, 4])
    rows, agents = int(generator.integers(1, 20)), int(generator.integers(1, 15))
    levels = int(generator.choice([2, 5, 1000]))
    value = generator.integers(-1, levels, (rows, agents)).astype(float)
    value[generator.random(value.shape) < generator.choice([0.0, 0.3, 0.8])] = -np.inf
    extra = {}
    if generator.random() < 0.3:
        extra["eligible"] = generator.random(value.shape) < 0.7
    if generator.random() < 0.4:
        extra["unit_cost"] = np.cumsum(generator.integers(-1, 3, (agents, 1)) + np.arange(5), axis=1).astype(float)
    hold = generator.integers(-3, 3, rows).astype(float) if generator.random() < 0.5 else 0.0
    given = value if generator.random() < 0.6 else sparse_of(value)
    return AssignmentProblem(given, generator.integers(0, 4, agents), hold, resolution=1.0, **extra)


def sparse_of(value):
    """Return the matrix in compressed rows, entries without a value left out, zeros kept."""
    row, column = np.nonzero(value > -np.inf)
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(value)))])
    return csr_array((value[row, column], column, start), shape=value.shape)


def check(seed):
    """Compare the small road with the reference; return whether the matching was the only best one."""
    problem = drawn(seed)
    expected = solve(problem, method="min_cost_flow")
    found = solve(problem)
    for one, other in zip(
        attrs.astuple(found, recurse=False)[:6], attrs.astuple(expected, recurse=False), strict=False
    ):
        assert np.array_equal(one, other), seed
    alone = solve_small(problem)
    return alone is not None and alone.is_only


def test_small_matrices_get_the_answer_of_the_reference():
    """Served rows, agents, value and prices are those of the reference engine, where equals are and where not."""
    only = [check(seed) for seed in range(800)]
    assert 100 < sum(only) < 700


def test_a_matching_called_the_only_one_is_the_only_one():
    """Where no circle is found, brute force that prefers the last agents finds the same matching."""
    seen = 0
    for seed in range(400):
        generator = np.random.default_rng([seed, 5])
        value = generator.integers(-1, 4, (4, 3)).astype(float)
        costs = np.cumsum(generator.integers(0, 2, (3, 3)), axis=1).astype(float) if seed % 2 else None
        problem = AssignmentProblem(value, generator.integers(0, 3, 3), unit_cost=costs, resolution=1.0)
        found = solve_small(problem)
        if found is None:
            continue
        costs = None if costs is None else costs[::-1]
        mirrored = AssignmentProblem(value[::-1, ::-1], problem.capacity[::-1], unit_cost=costs, resolution=1.0)
        opposite = brute_force(mirrored).agent_of[::-1]
        same = np.where(opposite >= 0, 2 - opposite, -1).tolist() == brute_force(problem).agent_of.tolist()
        seen += found.is_only
        assert same or not found.is_only, seed
    assert seen > 40


def test_sums_that_may_not_be_exact_take_the_general_road():
    """Values near the end of exact numbers are left to the road that refuses them in words."""
    assert solve_small(AssignmentProblem([[2.0**51]], [1], resolution=1.0)) is None
    assert solve(AssignmentProblem([[2.0**51]], [1], resolution=1.0)).value == 2.0**51


@pytest.mark.parametrize("fault", ["dropped pair", "foreign agent", "overfull agent"])
def test_a_wrong_matching_is_not_proven(monkeypatch, fault):
    """A dropped pair, a worse agent or one too full leave the proof open, and the general road answers."""
    problem = AssignmentProblem([[3.0, 1.0], [2.0, 1.5]], [1, 1], resolution=0.5)
    expected = solve(problem)
    wrong = {"dropped pair": [0, -1], "foreign agent": [1, 0], "overfull agent": [0, 0]}[fault]
    assert solve_small(problem) is not None
    monkeypatch.setattr(small, "_match", lambda *_: np.array(wrong))
    assert solve_small(problem) is None
    assert np.array_equal(solve(problem).agent_of, expected.agent_of)


@pytest.mark.parametrize("change", [[5.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
def test_a_wrong_price_is_not_proven(monkeypatch, change):
    """A price too high or too low leaves the proof open."""
    problem = AssignmentProblem([[3.0, 1.0], [2.0, 1.5]], [1, 1], resolution=0.5)
    right = small._smallest_prices
    monkeypatch.setattr(small, "_smallest_prices", lambda *given: right(*given) + np.array(change))
    assert solve_small(problem) is None


def test_an_overlooked_circle_shows(monkeypatch):
    """If circles were never found, some matchings among equals would not be the canonical ones."""
    problems = [drawn(seed) for seed in range(100)]
    right = [solve(problem).agent_of.tolist() for problem in problems]
    monkeypatch.setattr(small, "_has_circle", lambda *_: False)
    assert [solve(problem).agent_of.tolist() for problem in problems] != right


@pytest.mark.slow
def test_small_matrices_get_the_answer_of_the_reference_at_length():
    """The same on thirty thousand more matrices."""
    for seed in range(100_000, 130_000):
        check(seed)
