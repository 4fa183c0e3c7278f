"""Every engine finds the matching that brute force finds, with the same prices and a closed proof."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from routematch.errors import InvalidInputError
from routematch.solvers import AssignmentProblem, brute_force, canonical, chains, engines, random_problem, solve
from routematch.solvers.choice import Choice
from routematch.solvers.network import build_network
from routematch.solvers.prices import Duals, smallest_prices
from routematch.solvers.verify import find_tight, is_proven

ENGINES = ["auto", "hungarian", "sparse", "classes", "chains", "min_cost_flow"]
WITHOUT_GROUPS = {"hungarian", "classes"}


def facts(matching):
    """Return everything an engine must agree on."""
    return (
        matching.agent_of.tolist(),
        matching.value,
        matching.bound,
        matching.is_optimal,
        matching.agent_price.tolist(),
        matching.conversation_price.tolist(),
    )


@pytest.mark.parametrize("method", ENGINES)
def test_engines_agree_with_brute_force(method):
    """On random tiny problems of every kind: same rows served, same agents, same prices, proof closed."""
    for seed in range(800):
        problem = random_problem(np.random.default_rng(seed))
        if method in WITHOUT_GROUPS and problem.row_group is not None and build_network(problem).has_groups:
            continue
        assert facts(solve(problem, method=method)) == facts(brute_force(problem)), seed


def medium(seed, **extra):
    """Return a problem of a size that brute force cannot reach, with or without many ties."""
    generator = np.random.default_rng(seed)
    rows, agents = generator.integers(5, 40), generator.integers(3, 30)
    levels = generator.choice([2, 5, 1000])
    value = generator.integers(0, levels, (rows, agents)).astype(float)
    value[generator.random((rows, agents)) < generator.choice([0.2, 0.8])] = -np.inf
    return AssignmentProblem(value, generator.integers(0, 3, agents), resolution=1.0, **extra)


def constrained(seed):
    """Return a medium problem with holds and any mix of priority, unit costs and group caps."""
    generator = np.random.default_rng([seed, 1])
    plain = medium(seed)
    rows, agents = plain.shape
    extra = {"hold": generator.integers(-2, 3, rows).astype(float)}
    if generator.random() < 0.4:
        extra["priority"] = generator.integers(0, 3, rows)
    if generator.random() < 0.5:
        extra["unit_cost"] = np.cumsum(generator.integers(0, 3, (agents, 3)), axis=1).astype(float)
    if generator.random() < 0.5:
        extra["row_group"] = generator.integers(-1, 2, rows)
        extra["group_capacity"] = generator.integers(0, 3, (agents, 2))
    return medium(seed, **extra)


def test_engines_agree_on_middle_sizes():
    """All engines give the same answer where brute force cannot follow."""
    for seed in range(60):
        problem = medium(seed)
        answers = [facts(solve(problem, method=method)) for method in ENGINES]
        assert all(answer == answers[0] for answer in answers), seed
        assert answers[0][3], seed


@pytest.mark.parametrize("first_look", [1, 2, 8])
def test_lazy_chains_agree_with_the_reference(monkeypatch, first_look):
    """However few pairs a row looks at first, the chains give the reference's answer under every constraint."""
    monkeypatch.setattr(chains, "FIRST_LOOK", first_look)
    for seed in range(100):
        problem = constrained(seed)
        found, expected = solve(problem, method="chains"), solve(problem, method="min_cost_flow")
        assert facts(found) == facts(expected), seed
        assert found.is_optimal, seed


def preferring(problem):
    """Return the problem with bonuses that fall so fast that the canonical matching is the only best one."""
    rows, agents = problem.shape
    place = np.arange(rows)[::-1]
    columns = (agents - 1 - np.arange(agents)) * float(agents) ** place[:, None]
    bonus = columns + 2.0 ** place[:, None] * float(agents) ** rows
    scale = 2.0 ** (rows + 1) * float(agents) ** rows
    return AssignmentProblem(
        problem.value * scale + bonus,
        problem.capacity,
        problem.hold * scale,
        priority=problem.priority,
        eligible=problem.eligible,
        unit_cost=None if problem.unit_cost is None else problem.unit_cost * scale,
        row_group=problem.row_group,
        group_capacity=problem.group_capacity,
        resolution=1.0,
    )


def test_the_choice_among_equals_is_what_falling_bonuses_would_choose():
    """The canonical matching is the best one when earlier rows, then lower agents, carry tiny falling bonuses."""
    for seed in range(600):
        problem = random_problem(np.random.default_rng([seed, 2]), rows=8, agents=5)
        if 0 not in problem.shape:
            alone = solve(preferring(problem), method="min_cost_flow")
            assert solve(problem).agent_of.tolist() == alone.agent_of.tolist(), seed


def capped(seed):
    """Return a problem full of ties in which group caps and unit costs bind together."""
    generator = np.random.default_rng([seed, 9])
    rows, agents = int(generator.integers(5, 11)), int(generator.integers(3, 6))
    value = generator.integers(0, int(generator.integers(1, 4)) + 1, (rows, agents)).astype(float)
    value[generator.random((rows, agents)) < 0.3] = -np.inf
    return AssignmentProblem(
        value,
        generator.integers(1, 4, agents),
        generator.integers(-1, 2, rows).astype(float),
        unit_cost=np.cumsum(generator.integers(0, 2, (agents, 4)), axis=1).astype(float),
        row_group=generator.integers(-1, 2, rows),
        group_capacity=generator.integers(0, 3, (agents, 2)),
        resolution=1.0,
    )


def test_the_choice_among_equals_respects_caps_and_unit_costs_together():
    """The same where caps and unit costs bind."""
    for seed in range(300):
        problem = capped(seed)
        expected = solve(preferring(problem), method="min_cost_flow").agent_of
        assert solve(problem).agent_of.tolist() == expected.tolist(), seed


@pytest.mark.slow
def test_the_choice_among_equals_respects_caps_and_unit_costs_at_length():
    """The same on twenty thousand more problems."""
    for seed in range(100_000, 120_000):
        problem = capped(seed)
        expected = solve(preferring(problem), method="min_cost_flow").agent_of
        assert solve(problem).agent_of.tolist() == expected.tolist(), seed


def test_a_full_cell_keeps_its_unit_while_its_row_is_exchanged():
    """Rows exchanged in a cell that must stay full do not leave its agent with a unit too many."""
    problem = constrained(105_190)
    answers = [facts(solve(problem, method=method)) for method in ("chains", "min_cost_flow")]
    assert answers[0] == answers[1]
    load = np.bincount([agent for agent in answers[0][0] if agent >= 0], minlength=problem.shape[1])
    assert (load <= problem.capacity).all()


def test_a_wrong_choice_among_equals_is_not_handed_out(monkeypatch):
    """When the choice among equals breaks the matching, the proven matching is kept."""
    problem = AssignmentProblem([[2.0, 1.0], [2.0, 1.5]], [1, 1], priority=[0, 0])
    best = solve(problem)
    monkeypatch.setattr(engines, "make_canonical", lambda network, pair, duals, tight: np.full(2, 0))
    assert facts(solve(problem)) == facts(best)


def test_ties_called_plain_would_show(monkeypatch):
    """If every matching were taken for the only best one, engines would give different ones."""
    problems = [constrained(seed) for seed in range(30)]
    right = [facts(solve(problem)) for problem in problems]
    monkeypatch.setattr(canonical, "is_plainly_unique", lambda *_: True)
    assert [facts(solve(problem, method="chains")) for problem in problems] != right


def test_a_pair_that_the_chains_overlook_shows_in_the_proof(monkeypatch):
    """When a row forgets all but its best pair, some answers are worse, and none of those is called optimal."""
    right = chains._Chains.look

    def forgets(self, row):
        return right(self, row)[:1]

    problems = [medium(seed) for seed in range(40)]
    best = [solve(problem).value for problem in problems]
    monkeypatch.setattr(chains._Chains, "look", forgets)
    found = [solve(problem, method="chains") for problem in problems]
    worse = [matching for matching, value in zip(found, best, strict=True) if matching.value < value]
    assert worse
    assert not any(matching.is_optimal for matching in worse)
    assert all(matching.bound >= value for matching, value in zip(found, best, strict=True))


def test_auto_turns_to_another_engine_when_the_chains_grow_long(monkeypatch):
    """When the chains use up their steps, scipy's engine gives the same answer."""
    problem = medium(3, priority=np.zeros(medium(3).shape[0], int))
    expected = facts(solve(problem))
    for otherwise in ("sparse", "hungarian"):
        monkeypatch.setattr(engines, "choose", lambda _, engine=otherwise: Choice("chains", 0, engine))
        matching = solve(problem)
        assert matching.method == otherwise
        assert facts(matching) == expected


def test_values_agree_with_scipy():
    """The value is what scipy finds on the units spelt out as columns."""
    for seed in range(60):
        problem = medium(seed)
        units = np.repeat(np.maximum(problem.value, 0.0), problem.capacity, axis=1)
        rows, columns = linear_sum_assignment(units, maximize=True)
        assert solve(problem).value == units[rows, columns].sum(), seed


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (3, 3)])
@pytest.mark.parametrize("method", ENGINES)
def test_nothing_to_match_is_an_answer(shape, method):
    """Empty, one-sided and all-forbidden problems hold everybody, at their hold."""
    problem = AssignmentProblem(np.full(shape, -np.inf), np.ones(shape[1], int), hold=0.5)
    matching = solve(problem, method=method)
    assert matching.agent_of.tolist() == [-1] * shape[0]
    assert matching.value == 0.5 * shape[0]
    assert matching.is_optimal
    assert matching.gap == 0.0
    assert matching.agent_price.tolist() == [0.0] * shape[1]


def test_a_first_unit_has_a_price_where_nobody_has_capacity():
    """Agents without capacity are priced at what their first unit would gain."""
    matching = solve(AssignmentProblem([[3.0, 1.0], [2.0, 5.0]], [0, 0]))
    assert matching.agent_price.tolist() == [3.0, 5.0]


def test_a_tie_serves():
    """Between serving at no gain and holding, serving wins, and earlier rows come first."""
    assert solve(AssignmentProblem([[0.0], [0.0]], [1])).agent_of.tolist() == [0, -1]


def test_rising_unit_costs_spread_equal_work():
    """Five equal rows on three equal agents end 2/2/1."""
    problem = AssignmentProblem(np.ones((5, 3)), [3, 3, 3], unit_cost=np.tile([0.0, 1e-3, 2e-3], (3, 1)))
    assert sorted(np.bincount(solve(problem).agent_of).tolist()) == [1, 2, 2]


def test_priority_comes_before_value():
    """A higher class is served first, however little it is worth, but never below its hold."""
    problem = AssignmentProblem([[100.0], [0.5]], [1], priority=[0, 1])
    assert solve(problem).agent_of.tolist() == [-1, 0]
    problem = AssignmentProblem([[100.0], [0.5]], [1], hold=[0.0, 0.75], priority=[0, 1])
    assert solve(problem).agent_of.tolist() == [0, -1]


def test_many_classes_over_a_wide_range_stay_exact():
    """Where bonuses of classes leave the range of floats, the answer is still exact."""
    generator = np.random.default_rng(5)
    value = generator.random((60, 40)) * 2.0**24
    value[generator.random((60, 40)) < 0.5] = -np.inf
    problem = AssignmentProblem(value, np.ones(40, int), priority=np.arange(60))
    assert not build_network(problem).is_exact_in_floats
    expected = solve(problem, method="min_cost_flow")
    assert expected.is_optimal
    for method in ENGINES:
        assert facts(solve(problem, method=method)) == facts(expected), method
    served = np.flatnonzero(expected.agent_of >= 0)
    assert served.tolist() == list(range(60 - len(served), 60))


def test_group_caps_bind():
    """An agent takes no more of a group than its cap, and other rows use the rest of the capacity."""
    problem = AssignmentProblem([[9.0], [8.0], [1.0]], [3], row_group=[0, 0, -1], group_capacity=[[1]], resolution=1.0)
    assert solve(problem).agent_of.tolist() == [0, -1, 0]
    for method in WITHOUT_GROUPS:
        with pytest.raises(InvalidInputError, match="group caps"):
            solve(problem, method=method)


def test_a_used_up_budget_gives_a_true_bound():
    """With too few steps the matching is feasible, the bound holds, and only what is proven is called optimal."""
    for seed in range(40):
        problem = medium(seed)
        best = solve(problem)
        for budget in (0, 3, 20, 10**9):
            matching = solve(problem, budget=budget)
            assert matching.value <= best.value <= matching.bound
            assert matching.is_optimal == (matching.value == matching.bound)
        assert facts(matching) == facts(best)


def test_a_wrong_answer_of_an_engine_is_never_called_optimal(monkeypatch):
    """When an engine of scipy's drops a pair, no prices prove it and the chains take over."""
    right = engines.solve_dense

    def drops_a_pair(network):
        pair = right(network)
        pair[0] = -1
        return pair

    problem = AssignmentProblem([[2.0, 1.0], [2.0, 1.5]], [1, 1], priority=[0, 0])
    expected = facts(solve(problem))
    monkeypatch.setattr(engines, "solve_dense", drops_a_pair)
    matching = solve(problem, method="hungarian")
    assert matching.method == "chains"
    assert facts(matching) == expected


def test_the_proof_rejects_planted_faults():
    """A worse matching, an overfull agent, a foreign pair, a low price and a high price all leave the proof open."""
    network = build_network(AssignmentProblem([[2.0, 1.0], [2.0, 1.5]], [1, 1], resolution=0.5))
    best = network.pairs_of(np.array([0, 1]), np.array([0, 1]))
    duals = smallest_prices(network, best)
    assert is_proven(network, best, duals, find_tight(network, duals))
    swapped = network.pairs_of(np.array([0, 1]), np.array([1, 0]))
    assert smallest_prices(network, swapped) is None
    for pair in (swapped, np.array([-1, best[1]]), network.pairs_of(np.array([0, 1]), np.array([0, 0])), best[::-1]):
        assert not is_proven(network, pair, duals, find_tight(network, duals))
    for price, gain in (((-1, 0), (0, 0)), ((1, 0), (0, 0)), ((0, 0), (-1, 0)), ((0, 0), (1, 0)), ((0, 1), (0, 0))):
        wrong = Duals(duals.gain + np.array(gain), duals.price + np.array(price))
        assert not is_proven(network, best, wrong, find_tight(network, wrong))


@pytest.mark.slow
def test_engines_agree_with_brute_force_at_length():
    """On sixty thousand more tiny problems, some of them a little larger, every engine agrees with brute force."""
    for seed in range(100_000, 160_000):
        problem = random_problem(np.random.default_rng(seed), rows=5 if seed % 10 == 0 else 4)
        expected = facts(brute_force(problem))
        has_groups = build_network(problem).has_groups
        for method in ENGINES:
            if not (has_groups and method in WITHOUT_GROUPS):
                assert facts(solve(problem, method=method)) == expected, (seed, method)


@pytest.mark.slow
def test_values_agree_with_scipy_at_length():
    """On twenty thousand more middle problems every engine gives the same answer, of the value that scipy finds."""
    for seed in range(100_000, 120_000):
        problem = medium(seed)
        units = np.repeat(np.maximum(problem.value, 0.0), problem.capacity, axis=1)
        rows, columns = linear_sum_assignment(units, maximize=True)
        answers = [solve(problem, method=method) for method in ENGINES]
        assert answers[0].value == units[rows, columns].sum(), seed
        assert all(facts(answer) == facts(answers[0]) for answer in answers), seed
        assert answers[0].is_optimal, seed


@pytest.mark.slow
def test_lazy_chains_agree_with_the_reference_at_length(monkeypatch):
    """On twenty thousand more constrained middle problems the chains give the reference's answer, proven."""
    for seed in range(100_000, 120_000):
        monkeypatch.setattr(chains, "FIRST_LOOK", 1 + seed % 5)
        problem = constrained(seed)
        found, expected = solve(problem, method="chains"), solve(problem, method="min_cost_flow")
        assert facts(found) == facts(expected), seed
        assert found.is_optimal, seed
