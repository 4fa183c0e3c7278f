"""The door of the solvers: what is refused, where, and what a number becomes."""

from __future__ import annotations

import subprocess
import sys

import attrs
import numpy as np
import pytest
from scipy.sparse import coo_array, csr_array

from routematch.errors import InvalidInputError, LimitExceededError, UnknownNameError
from routematch.solvers import AssignmentProblem, solve

VALUE = [[1.0, 2.0], [3.0, 4.0]]


def places(**arguments):
    """Return the places of all faults of a problem that must be refused."""
    given = {"value": VALUE, "capacity": [1, 1], **arguments}
    with pytest.raises(InvalidInputError) as caught:
        AssignmentProblem(**given)
    return [fault.place for fault in caught.value.faults]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_are_refused_with_their_place(bad):
    """NaN and plus infinity are no values, and the message says where they are."""
    assert places(value=[[1.0, 2.0], [3.0, bad]]) == ["value[1, 1]"]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_are_refused_in_sparse_values(bad):
    """The sparse form is checked like the dense one."""
    assert places(value=csr_array([[0.0, 2.0], [3.0, bad]])) == ["value[1, 1]"]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_hold_and_unit_cost_must_be_finite(bad):
    """A row cannot be held for nothing or at any price."""
    assert places(hold=[0.0, bad]) == ["hold[1]"]
    assert places(unit_cost=[[bad], [0.0]]) == ["unit_cost[0, 0]"]


def test_every_fault_is_reported_at_once():
    """One attempt shows everything that is wrong."""
    found = places(
        capacity=[1, -2],
        hold=[0.0, np.nan],
        priority=[0.5, 1.0],
        eligible=[[1, 0], [0, 1]],
        unit_cost=[[0.0, 1.0], [2.0, 1.0]],
        row_group=[0, -2],
        group_capacity=[[1], [-1]],
        resolution=0.0,
    )
    assert found == [
        "capacity[1]",
        "row_group[1]",
        "group_capacity[1, 0]",
        "hold[1]",
        "priority",
        "eligible",
        "unit_cost[1, 1]",
        "resolution",
    ]


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        ({"value": [1.0, 2.0]}, "value"),
        ({"value": [["a", "b"]]}, "value"),
        ({"capacity": [1.0, 1.0]}, "capacity"),
        ({"capacity": [True, True]}, "capacity"),
        ({"capacity": [1]}, "capacity"),
        ({"hold": [0.0]}, "hold"),
        ({"hold": "high"}, "hold"),
        ({"priority": [1]}, "priority"),
        ({"eligible": [True, False]}, "eligible"),
        ({"unit_cost": [[0.0, 0.0]]}, "unit_cost"),
        ({"unit_cost": [[], []]}, "unit_cost"),
        ({"row_group": [0, 0]}, "group_capacity"),
        ({"group_capacity": [[1], [1]]}, "row_group"),
        ({"row_group": [0, 1], "group_capacity": [[1], [1]]}, "row_group[1]"),
        ({"resolution": np.nan}, "resolution"),
    ],
)
def test_wrong_shapes_and_types_are_refused(arguments, place):
    """Shapes and types are checked before any work."""
    assert places(**arguments) == [place]


def test_ragged_values_are_refused():
    """A list of lists of different lengths is no matrix."""
    with pytest.raises(InvalidInputError, match="cannot be read as an array"):
        AssignmentProblem([[1.0], [1.0, 2.0]], [1, 1])


def test_sparse_values_must_be_in_ordered_rows():
    """Other sparse forms and repeated entries are refused instead of guessed at."""
    with pytest.raises(InvalidInputError, match="compressed sparse rows"):
        AssignmentProblem(coo_array(VALUE), [1, 1])
    with pytest.raises(InvalidInputError, match="compressed sparse rows"):
        AssignmentProblem(csr_array(VALUE).tocsc(), [1, 1])
    twice = csr_array((np.ones(2), np.array([0, 0]), np.array([0, 2])), shape=(1, 2))
    with pytest.raises(InvalidInputError, match=r"ascending and unique .* @ value\[0, 0\]"):
        AssignmentProblem(twice, [1, 1])


def test_stored_zeros_of_a_sparse_matrix_are_eligible():
    """An explicit zero is a pair of value zero, a missing entry is no pair."""
    value = csr_array((np.array([0.0]), np.array([1]), np.array([0, 1, 1])), shape=(2, 2))
    assert solve(AssignmentProblem(value, [1, 1])).agent_of.tolist() == [1, -1]


def test_dense_and_sparse_say_the_same():
    """The same pairs in either form give the same matching."""
    dense = np.array([[2.0, -np.inf, 1.0], [2.0, 3.0, -np.inf]])
    rows, columns = np.nonzero(dense > -np.inf)
    sparse = csr_array((dense[rows, columns], columns, np.array([0, 2, 4])), shape=(2, 3))
    mask = np.array([[True, True, False], [True, True, True]])
    for extra in ({}, {"eligible": mask}):
        answers = [solve(AssignmentProblem(value, [1, 1, 1], **extra)) for value in (dense, sparse)]
        assert answers[0].agent_of.tolist() == answers[1].agent_of.tolist()
        assert answers[0].agent_price.tolist() == answers[1].agent_price.tolist()


def test_minus_infinity_and_false_mean_ineligible():
    """Both ways of forbidding a pair forbid it."""
    assert solve(AssignmentProblem([[-np.inf]], [1])).agent_of.tolist() == [-1]
    assert solve(AssignmentProblem([[5.0]], [1], eligible=[[False]])).agent_of.tolist() == [-1]


def test_a_pair_below_hold_is_never_used():
    """A pair may be used exactly when its value reaches the hold of its row."""
    assert solve(AssignmentProblem([[1.0], [0.5]], [2], hold=0.75)).agent_of.tolist() == [0, -1]
    assert solve(AssignmentProblem([[0.75]], [1], hold=0.75)).agent_of.tolist() == [0]


def test_values_are_rounded_once_to_the_resolution():
    """Differences below half a step do not count, larger ones do."""
    close = AssignmentProblem([[1.0, 1.0004]], [1, 1], resolution=0.001)
    apart = AssignmentProblem([[1.0, 1.0006]], [1, 1], resolution=0.001)
    assert solve(close).agent_of.tolist() == [0]
    assert solve(apart).agent_of.tolist() == [1]
    assert solve(apart).value == pytest.approx(1.001)


def test_numbers_beyond_the_exact_range_are_refused():
    """Sums that a float could not hold exactly are refused before any work."""
    with pytest.raises(LimitExceededError, match="coarser resolution"):
        solve(AssignmentProblem([[1e15]], [1]))
    with pytest.raises(LimitExceededError, match="coarser resolution"):
        solve(AssignmentProblem(np.full((3, 1), 4e15), [1], resolution=1.0))
    with pytest.raises(LimitExceededError, match="priority classes"):
        solve(AssignmentProblem(np.full((300, 1), 2.0**20), [300], priority=np.arange(300)))


def test_arrays_of_problem_and_matching_cannot_be_written():
    """Problems and answers are values."""
    problem = AssignmentProblem(np.array(VALUE), np.array([1, 1]))
    matching = solve(problem)
    for array in (problem.value, problem.capacity, matching.agent_of, matching.agent_price):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_unknown_methods_are_refused_with_a_suggestion():
    """A misspelt engine is named, with the nearest one."""
    with pytest.raises(UnknownNameError, match="did you mean 'hungarian'"):
        solve(AssignmentProblem(VALUE, [1, 1]), method="hungarain")
    with pytest.raises(InvalidInputError, match="budget"):
        solve(AssignmentProblem(VALUE, [1, 1]), budget=-1)


def test_importing_the_solvers_does_not_load_scipy():
    """Scipy is loaded by the engine that needs it, not by the import."""
    code = "import sys, routematch.solvers; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_problem_can_be_changed_by_evolve():
    """A changed copy is checked like a new problem."""
    problem = AssignmentProblem(VALUE, [1, 1])
    assert attrs.evolve(problem, capacity=[0, 1]).capacity.tolist() == [0, 1]
    with pytest.raises(InvalidInputError):
        attrs.evolve(problem, capacity=[0])
