"""Answers about what would change a matching, checked by changing it and solving again."""

from __future__ import annotations

import numpy as np
import pytest

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


def usable(problem, row, agent):
    """Say whether a pair may be used at all."""
    allowed = problem.eligible is None or problem.eligible[row, agent]
    if problem.row_group is not None and problem.row_group[row] >= 0:
        allowed &= problem.group_capacity[agent, problem.row_group[row]] > 0
    return allowed and problem.value[row, agent] >= problem.hold[row]


def test_the_change_needed_is_exact():
    """One step less than the change needed changes nothing; one step more makes another matching strictly better."""
    tried = 0
    for problem, matching in problems(range(300), priority=False):
        sensitivity = Sensitivity(problem, matching)
        for row, agent in np.ndindex(problem.shape):
            needed = sensitivity.change_needed(row, agent)
            if not usable(problem, row, agent):
                assert needed == np.inf
            elif matching.agent_of[row] == agent:
                room = problem.value[row, agent] - problem.hold[row]
                if needed <= room:
                    assert solve(with_value(problem, row, agent, -needed)).value == matching.value - needed
                if needed + 1 <= room:
                    assert solve(with_value(problem, row, agent, -needed - 1)).value == matching.value - needed
                tried += 1
            elif np.isfinite(needed):
                assert sensitivity.reduced_cost(row, agent) <= needed
                assert solve(with_value(problem, row, agent, needed)).value == matching.value
                assert solve(with_value(problem, row, agent, needed + 1)).value == matching.value + 1
                tried += 1
            else:
                assert solve(with_value(problem, row, agent, 1000)).value == matching.value
    assert tried > 250


def test_one_unit_less_loses_what_is_said():
    """The loss of a unit is the difference to a fresh solve without it."""
    for problem, matching in problems(range(300), priority=False):
        sensitivity = Sensitivity(problem, matching)
        for agent in np.flatnonzero(problem.capacity):
            fewer = problem.capacity.copy()
            fewer[agent] -= 1
            assert sensitivity.loss_of_unit(agent) == matching.value - solve(changed(problem, capacity=fewer)).value


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
    assert sensitivity.change_needed(0, 0) == np.inf


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
