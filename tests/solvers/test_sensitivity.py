"""Answers about what would change a matching, checked by changing it and solving again."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from routematch.errors import InvalidInputError, LimitExceededError
from routematch.solvers import AssignmentProblem, Sensitivity, brute_force, random_problem, solve

FIELDS = ("hold", "priority", "eligible", "unit_cost", "row_group", "group_capacity", "resolution")


def changed(problem, **changes):
    """Return a problem with some fields replaced."""
    given = {name: getattr(problem, name) for name in ("value", "capacity", *FIELDS)}
    return AssignmentProblem(**{**given, **changes})


def with_value(problem, row, agent, change):
    """Return a problem in which one pair is worth more or less."""
    value = problem.value.copy()
    value[row, agent] += change
    return changed(problem, value=value)


def problems(seeds, *, priority):
    """Yield random tiny problems, those with priorities or those without, with their best matchings."""
    for seed in seeds:
        problem = random_problem(np.random.default_rng(seed), rows=4, agents=3)
        if (problem.priority is not None) == priority:
            yield problem, solve(problem)


def rank(problem, matching):
    """Return what matchings are compared by: rows served of each class, highest first, then value."""
    served = matching.agent_of >= 0
    classes = () if problem.priority is None else np.unique(problem.priority)[::-1]
    return *(int((problem.priority[served] == level).sum()) for level in classes), matching.value


def without(problem, row, agent):
    """Return a problem in which one pair is forbidden."""
    eligible = np.ones(problem.shape, bool) if problem.eligible is None else problem.eligible.copy()
    eligible[row, agent] = False
    return changed(problem, eligible=eligible)


def is_settled(problem, row, agent, matching, change):
    """Say whether after a change of its value a pair in use must still be, and a refused pair must still be refused."""
    value = problem.value[row, agent] + change
    best = rank(problem, brute_force(with_value(problem, row, agent, change)))
    other = rank(problem, brute_force(without(problem, row, agent)))
    if matching.agent_of[row] == agent:
        return value >= problem.hold[row] and best > other
    if value < problem.hold[row]:
        return True
    # Only a matching with the pair can be better than all without it; one step more decides whether one is as good.
    return best == other and rank(problem, brute_force(with_value(problem, row, agent, change + 1))) == other


def check_changes(seeds, *, priority):
    """Check the change needed of every pair of some problems, and return how many there were of each kind."""
    tried = {"in use": 0, "refused": 0, "below hold": 0, "never": 0}
    for problem, matching in problems(seeds, priority=priority):
        sensitivity = Sensitivity(problem, matching)
        for row, agent in np.ndindex(problem.shape):
            needed = sensitivity.change_needed(row, agent)
            sign = -1 if matching.agent_of[row] == agent else 1
            if not np.isfinite(needed):
                assert sign == 1
                assert problem.value[row, agent] == -np.inf or is_settled(problem, row, agent, matching, 1000)
                tried["never"] += 1
                continue
            assert not is_settled(problem, row, agent, matching, sign * needed)
            assert needed == 0 or is_settled(problem, row, agent, matching, sign * (needed - 1))
            below = problem.value[row, agent] < problem.hold[row]
            tried["in use" if sign < 0 else "below hold" if below else "refused"] += 1
    return tried


@pytest.mark.parametrize("priority", [False, True])
def test_the_change_needed_is_exact(priority):
    """One step less than the change needed leaves a pair in use, or refused; the change itself does not."""
    tried = check_changes(range(90), priority=priority)
    assert min(tried.values()) > 10, tried


@pytest.mark.parametrize(
    ("name", "bug"),
    [
        ("_distance", lambda self, **ends: 0),
        ("_slack", lambda self, pairs: np.zeros(len(pairs), np.int64)),
        ("_raised", lambda self, row, agent: (np.inf, None)),
    ],
)
def test_the_checks_see_a_planted_bug(monkeypatch, name, bug):
    """A search cut short, a forgotten price and a forgotten pair are noticed."""
    monkeypatch.setattr(Sensitivity, name, bug)
    with pytest.raises(AssertionError):
        check_changes(range(60), priority=False)


def test_sparse_pairs_are_answered_like_dense_ones():
    """The form in which values are given makes no difference, not even for pairs below hold."""
    for problem, matching in problems(range(40), priority=False):
        eligible = problem.value > -np.inf
        start = np.concatenate([[0], np.cumsum(eligible.sum(axis=1))])
        sparse = csr_array((problem.value[eligible], np.nonzero(eligible)[1], start), shape=problem.shape)
        one, other = Sensitivity(problem, matching), Sensitivity(changed(problem, value=sparse), matching)
        for row, agent in np.ndindex(problem.shape):
            assert one.change_needed(row, agent) == other.change_needed(row, agent)
            assert one.reduced_cost(row, agent) == other.reduced_cost(row, agent)


def test_the_reduced_cost_is_what_prices_exceed_the_value_by():
    """Without caps, classes and costs it is price of the row plus price of the agent, minus the value."""
    for problem, _ in problems(range(100), priority=False):
        plain = AssignmentProblem(problem.value, problem.capacity, problem.hold, resolution=1.0)
        best = brute_force(plain)
        sensitivity = Sensitivity(plain, solve(plain))
        exceeded = best.conversation_price[:, None] + best.agent_price - problem.value
        for row, agent in np.ndindex(problem.shape):
            reduced = sensitivity.reduced_cost(row, agent)
            assert reduced == exceeded[row, agent]
            assert reduced <= sensitivity.change_needed(row, agent)


@pytest.mark.parametrize("priority", [False, True])
def test_one_unit_less_loses_what_is_said(priority):
    """The loss of a unit is the difference to the best matching without it."""
    for problem, matching in problems(range(200), priority=priority):
        sensitivity = Sensitivity(problem, matching)
        for agent in np.flatnonzero(problem.capacity):
            fewer = problem.capacity.copy()
            fewer[agent] -= 1
            lost = matching.value - brute_force(changed(problem, capacity=fewer)).value
            assert sensitivity.loss_of_unit(agent) == lost


@pytest.mark.parametrize("priority", [False, True])
def test_one_unit_more_gains_the_price(priority):
    """The gain of a unit is the agent's price."""
    for problem, matching in problems(range(200), priority=priority):
        sensitivity = Sensitivity(problem, matching)
        gains = [sensitivity.gain_of_unit(agent) for agent in range(problem.shape[1])]
        assert gains == matching.agent_price.tolist()


@pytest.mark.parametrize("priority", [False, True])
def test_one_more_agent_gains_what_is_said(priority):
    """The gain of a new agent with one unit is the difference to a fresh solve with that agent."""
    for seed, (problem, matching) in enumerate(problems(range(200), priority=priority)):
        rows, agents = problem.shape
        column = np.random.default_rng(seed).integers(-3, 6, rows).astype(float)
        wider = changed(
            problem,
            value=np.column_stack([problem.value, column]),
            capacity=np.append(problem.capacity, 1),
            eligible=None if problem.eligible is None else np.column_stack([problem.eligible, np.ones(rows, bool)]),
            unit_cost=None
            if problem.unit_cost is None
            else np.vstack([problem.unit_cost, np.zeros(problem.unit_cost.shape[1])])
            if problem.unit_cost.shape[1]
            else np.zeros((agents + 1, 1)),
            group_capacity=None
            if problem.group_capacity is None
            else np.vstack([problem.group_capacity, np.full(problem.group_capacity.shape[1], rows)]),
        )
        assert Sensitivity(problem, matching).gain_of_agent(column) == brute_force(wider).value - matching.value


def test_priority_classes_come_before_any_change_of_value():
    """No value gets a lower class served instead of a higher one."""
    problem = AssignmentProblem([[1.0], [50.0]], [1], priority=[1, 0])
    sensitivity = Sensitivity(problem, solve(problem))
    assert sensitivity.change_needed(1, 0) == np.inf
    assert sensitivity.change_needed(0, 0) == 1.0 + problem.resolution


def test_other_matchings_are_refused():
    """Only a best matching of the problem itself has exact answers."""
    problem = AssignmentProblem([[1.0, 2.0]], [1, 1])
    for other in (AssignmentProblem([[2.0, 1.0]], [1, 1]), AssignmentProblem(np.ones((2, 2)), [1, 1])):
        with pytest.raises(InvalidInputError):
            Sensitivity(problem, solve(other))
    right = Sensitivity(problem, solve(problem))
    for wrong in (
        lambda: right.change_needed(1, 0),
        lambda: right.reduced_cost(0, 2),
        lambda: right.loss_of_unit(-1),
        lambda: right.gain_of_agent([1.0, 2.0]),
    ):
        with pytest.raises(InvalidInputError):
            wrong()


@pytest.mark.parametrize("number", ["a", None, 0.5, 0.0, True, [0], np.zeros(1, np.int64), -1, 1])
def test_rows_and_agents_are_asked_for_by_number(number):
    """Whatever is no number of a row or an agent is refused in words."""
    problem = AssignmentProblem([[1.0]], [1])
    sensitivity = Sensitivity(problem, solve(problem))
    for ask in (
        lambda: sensitivity.reduced_cost(number, 0),
        lambda: sensitivity.reduced_cost(0, number),
        lambda: sensitivity.change_needed(number, 0),
        lambda: sensitivity.change_needed(0, number),
        lambda: sensitivity.gain_of_unit(number),
        lambda: sensitivity.loss_of_unit(number),
    ):
        with pytest.raises(InvalidInputError, match="there is no"):
            ask()


def test_the_gain_of_an_agent_is_exact_or_refused():
    """Values too large for exact steps are refused; values far below hold are no pairs."""
    problem = AssignmentProblem([[1.0], [2.0]], [1])
    sensitivity = Sensitivity(problem, solve(problem))
    assert sensitivity.gain_of_agent([-1e308, -np.inf]) == 0.0
    assert sensitivity.gain_of_agent([2.0**30, -1e300]) == 2.0**30
    for large in (1e300, 1e308, 2.0**33):
        with pytest.raises(LimitExceededError):
            sensitivity.gain_of_agent([large, 1.0])
    for wrong in (None, "x", ["a", "b"], [None, 1.0], [np.inf, 1.0], [np.nan, 1.0], [[1.0, 1.0]], 1.0):
        with pytest.raises(InvalidInputError):
            sensitivity.gain_of_agent(wrong)


def test_sensitivity_takes_a_matching():
    """Anything else is refused in words."""
    with pytest.raises(InvalidInputError, match="must be a Matching, not int @ matching"):
        Sensitivity(AssignmentProblem([[1.0]], [1]), 5)
