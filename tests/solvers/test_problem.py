"""The door of the solvers: what is refused, where, and what a number becomes."""

from __future__ import annotations

import subprocess
import sys

import attrs
import numpy as np
import pytest
from scipy.sparse import coo_array, csr_array

from routematch.errors import InvalidInputError, LimitExceededError, UnknownNameError
from routematch.solvers import (
    AssignmentProblem,
    LiveMatching,
    MixedProblem,
    Sensitivity,
    brute_force,
    solve,
    solve_mixed,
)

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


HUGE = np.array([2**64 - 1, 1], np.uint64)


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        ({"capacity": HUGE}, "capacity[0]"),
        ({"priority": HUGE}, "priority[0]"),
        ({"row_group": HUGE, "group_capacity": [[1, 1], [1, 1]]}, "row_group[0]"),
        ({"row_group": [0, 0], "group_capacity": HUGE[:, None]}, "group_capacity[0, 0]"),
    ],
)
def test_whole_numbers_beyond_int64_are_refused(arguments, place):
    """A number that would turn negative is refused where it stands."""
    assert places(**arguments) == [place]


@pytest.mark.parametrize("resolution", ["1", None, [1.0], np.ones(2), True, 10**400, -1.0, 0, 1e300])
def test_a_resolution_is_one_positive_number(resolution):
    """Anything else is a fault beside the others."""
    assert places(resolution=resolution) == ["resolution"]


@pytest.mark.parametrize("call", [solve, brute_force, LiveMatching])
@pytest.mark.parametrize(
    "arguments", [{"hold": 1e308}, {"value": [[1e308, 1.0], [1.0, 1.0]]}, {"unit_cost": [[-1e308], [0.0]]}]
)
def test_numbers_too_large_for_exact_steps_are_refused(call, arguments):
    """Where sums would not be exact there is no answer, from no engine."""
    with pytest.raises(LimitExceededError):
        call(AssignmentProblem(**{"value": VALUE, "capacity": [1, 1], **arguments}))


@pytest.mark.parametrize("call", [solve, brute_force])
def test_values_far_below_hold_are_no_pairs(call):
    """However far below: what is never usable need not be exact."""
    assert call(AssignmentProblem([[-1e308, 2.0], [3.0, 4.0]], [1, 1])).agent_of.tolist() == [1, 0]


def test_a_resolution_may_be_a_number_of_numpy():
    """Narrow floats and integers are numbers as well."""
    for step in (np.float32(0.5), np.float16(0.5), np.int8(1)):
        assert solve(AssignmentProblem(VALUE, [1, 1], resolution=step)).value == 5.0
        assert solve_mixed(MixedProblem(VALUE, [[1, 1], [1, 1]], [1, 1], resolution=step)).value == 5.0


def test_too_few_unit_costs_for_a_huge_capacity_are_a_fault():
    """The width is checked before anything is made of that width, and no more is asked for than rows can use."""
    assert places(capacity=[2**62, 1], unit_cost=[[0.0], [0.0]]) == ["unit_cost"]
    assert solve(AssignmentProblem(VALUE, [2**62, 1], unit_cost=[[0.0, 9.0], [0.0, 0.0]])).agent_of.tolist() == [0, 1]


class Unreadable:
    """An array of somebody else's that raises."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("not today")


@pytest.mark.parametrize("name", ["value", "capacity", "hold", "priority", "eligible", "unit_cost"])
def test_an_array_that_raises_is_a_fault(name):
    """What somebody's array raises becomes a message with a place."""
    assert places(**{name: Unreadable()}) == [name]


def rows_of(**parts):
    """Return a matrix in compressed sparse rows, 2 by 3, with some parts replaced unchecked."""
    value = csr_array(np.arange(1.0, 7.0).reshape(2, 3))
    for name, part in parts.items():
        setattr(value, name, part)
    return value


BROKEN_ROWS = [
    ({"indices": np.array([0, 1, 3, 0, 1, 2])}, "value.indices[2]"),
    ({"indices": np.array([0, 1, 2, -1, 1, 2])}, "value.indices[3]"),
    ({"indices": np.array([0.0, 1, 2, 0, 1, 2])}, "value.indices"),
    ({"indices": np.array([0, 1, 2, 0, 1, 2], np.uint64)}, "value.indices"),
    ({"indices": np.array([0, 1])}, "value.indptr"),
    ({"indices": np.array([[0, 1, 2, 0, 1, 2]])}, "value.indices"),
    ({"indices": [0, 1, 2, 0, 1, 2]}, "value.indices"),
    ({"indptr": np.array([0, 6, 3])}, "value.indptr"),
    ({"indptr": np.array([0, 7, 6])}, "value.indptr"),
    ({"indptr": np.array([0, -1, 6])}, "value.indptr"),
    ({"indptr": np.array([0, 6])}, "value.indptr"),
    ({"indptr": np.array([0, 3, 6, 6])}, "value.indptr"),
    ({"indptr": np.array([1, 3, 6])}, "value.indptr"),
    ({"indptr": np.array([0, 3, 7])}, "value.indptr"),
    ({"indptr": np.zeros(0, np.int32)}, "value.indptr"),
    ({"indptr": np.array([0.0, 3.0, 6.0])}, "value.indptr"),
    ({"data": np.ones(5)}, "value.indptr"),
]


@pytest.mark.parametrize(("parts", "place"), BROKEN_ROWS)
def test_broken_sparse_rows_are_refused(parts, place):
    """Pointers and columns that describe no matrix are named, before anything reads them."""
    assert places(value=rows_of(**parts), capacity=[1, 1, 1]) == [place]
    with pytest.raises(InvalidInputError) as caught:
        MixedProblem(rows_of(**parts), np.ones(6, np.int64), [1, 1, 1])
    assert [fault.place for fault in caught.value.faults] == [place]


def test_sparse_rows_may_store_more_than_they_use():
    """What is stored beyond the last pointer is no entry."""
    given = rows_of(indptr=np.array([0, 1, 3]), indices=np.array([0, 1, 2, 9, 9, 9]))
    assert solve(AssignmentProblem(given, [1, 1, 1])).agent_of.tolist() == [0, 2]
    assert solve_mixed(MixedProblem(given, [1, 1, 1], [1, 1, 1])).agent_of.tolist() == [0, 2]
    given.data = np.ones(4)
    assert solve_mixed(MixedProblem(given, [1, 1, 1], [1, 1, 1])).agent_of.tolist() == [0, 1]


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int32, np.int64])
def test_sparse_rows_may_have_indices_of_any_width(kind):
    """Narrow pointers and columns mean the same as wide ones."""
    given = rows_of(indptr=np.array([0, 3, 6], kind), indices=np.array([0, 1, 2, 0, 1, 2], kind))
    assert solve(AssignmentProblem(given, [1, 1, 1])).agent_of.tolist() == [1, 2]
    assert solve_mixed(MixedProblem(given, np.ones(6, np.int64), [1, 1, 1])).value == 8.0


def test_unit_costs_from_end_to_end_of_the_floats_rise():
    """Their difference would overflow; they are only compared."""
    with pytest.raises(LimitExceededError):
        solve(AssignmentProblem(VALUE, [1, 1], unit_cost=[[-1.7e308, 1.7e308]] * 2))
    with pytest.raises(InvalidInputError, match="resolution"):
        MixedProblem(VALUE, [[1, 1], [1, 1]], [1, 1], unit_cost=[[-1.7e308, 1.7e308]] * 2)


def test_other_broken_sparse_forms_are_refused():
    """A mixed problem takes other sparse forms, and checks them as well."""
    value = csr_array(np.ones((2, 3))).tocsc()
    value.indices = np.array([0, 5, 0, 1, 0, 1])
    with pytest.raises(InvalidInputError, match="value"):
        MixedProblem(value, np.ones((2, 3), np.int64), [1, 1, 1])
    with pytest.raises(InvalidInputError, match="value"):
        MixedProblem(coo_array(np.ones(3)), [1, 1, 1], [1])
    names = csr_array(np.ones((2, 1), np.bool_))
    names.indices = np.array([0, 4])
    with pytest.raises(InvalidInputError, match=r"membership\.indices\[1\]"):
        MixedProblem(VALUE, [[1, 1], [1, 1]], [1, 1], membership=names, cap=[[1], [1]])


@pytest.mark.parametrize("call", [solve, solve_mixed, LiveMatching, brute_force, lambda five: Sensitivity(five, five)])
def test_what_is_no_problem_is_refused_in_words(call):
    """Each door says what it wants."""
    with pytest.raises(InvalidInputError, match=r"must be an? \w+Problem, not int @ problem"):
        call(5)


@pytest.mark.parametrize("budget", ["x", np.nan, 1.5, True, [1], -1])
def test_a_budget_is_a_whole_number(budget):
    """Steps and columns are counted, not measured."""
    with pytest.raises(InvalidInputError, match="budget"):
        solve(AssignmentProblem(VALUE, [1, 1]), budget=budget)
    with pytest.raises(InvalidInputError, match="budget"):
        solve_mixed(MixedProblem(VALUE, [[1, 1], [1, 1]], [1, 1]), budget=budget)


def test_a_budget_may_be_of_any_size():
    """A budget nobody can use up is no fault."""
    for budget in (np.int8(100), 10**400):
        assert solve(AssignmentProblem(VALUE, [1, 1]), budget=budget).is_optimal
        assert solve_mixed(MixedProblem(VALUE, [[1, 1], [1, 1]], [1, 1]), budget=budget).is_optimal


@pytest.mark.parametrize("method", [None, 5, ["auto"], np.array(["auto", "auto"])])
def test_a_method_is_one_of_the_names(method):
    """Whatever else is given, the message lists the names."""
    with pytest.raises(UnknownNameError, match="hungarian"):
        solve(AssignmentProblem(VALUE, [1, 1]), method=method)


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
