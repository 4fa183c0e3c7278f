"""Mixed costs against brute force, and the rules of their door."""

from __future__ import annotations

import itertools
from types import ModuleType

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from routematch.errors import InvalidInputError
from routematch.solvers import mixed, mixed_highs, mixed_search
from routematch.solvers.mixed import MixedProblem, solve_mixed

STEP = 2.0**-20


def brute_force(problem: MixedProblem) -> tuple[tuple[int, ...], int]:
    """Return the best (served per class from the highest down, value in steps) over all matchings."""
    rows = problem.shape[0]
    hold = np.rint(problem.hold / problem.resolution).astype(int)
    options = [[(-1, int(hold[row]), 0)] for row in range(rows)]
    value = problem.value
    for row in range(rows):
        for entry in range(value.indptr[row], value.indptr[row + 1]):
            steps = int(np.rint(value.data[entry] / problem.resolution))
            if steps >= hold[row]:
                options[row].append((int(value.indices[entry]), steps, int(problem.cost[entry])))
    classes = [] if problem.priority is None else sorted(set(problem.priority.tolist()), reverse=True)
    names = problem.membership.toarray()
    return max(
        outcome
        for choice in itertools.product(*options)
        if (outcome := _outcome(problem, choice, classes, names)) is not None
    )


def _outcome(
    problem: MixedProblem, choice: tuple[tuple[int, int, int], ...], classes: list[int], names: NDArray[np.bool_]
) -> tuple[tuple[int, ...], int] | None:
    total = 0
    served: list[list[int]] = [[] for _ in range(problem.shape[1])]
    spent = [0] * problem.shape[1]
    for row, (agent, steps, units) in enumerate(choice):
        total += steps
        if agent >= 0:
            served[agent].append(row)
            spent[agent] += units
    for agent, rows in enumerate(served):
        if spent[agent] > problem.budget[agent]:
            return None
        for name, cap in enumerate(problem.cap[agent]):
            if 0 <= cap < names[rows, name].sum():
                return None
        if problem.unit_cost is not None and problem.unit_cost.shape[1]:
            charges = np.rint(problem.unit_cost[agent] / problem.resolution).astype(int)
            total -= sum(int(charges[min(place, len(charges) - 1)]) for place in range(len(rows)))
    counts = tuple(
        sum(agent >= 0 and problem.priority[row] == level for row, (agent, _, _) in enumerate(choice))
        for level in classes
    )
    return counts, total


def evaluate(problem: MixedProblem, agent_of: NDArray[np.intp]) -> tuple[tuple[int, ...], int]:
    """Return the same measure for a given answer, failing when it breaks a limit or uses a forbidden pair."""
    hold = np.rint(problem.hold / problem.resolution).astype(int)
    choice = []
    for row, agent in enumerate(agent_of.tolist()):
        if agent < 0:
            choice.append((-1, int(hold[row]), 0))
            continue
        start, end = problem.value.indptr[row : row + 2]
        entries = [entry for entry in range(start, end) if problem.value.indices[entry] == agent]
        assert entries, f"row {row} was given to an agent who is not eligible"
        steps = int(np.rint(problem.value.data[entries[0]] / problem.resolution))
        assert steps >= hold[row], f"row {row} is served below its hold"
        choice.append((agent, steps, int(problem.cost[entries[0]])))
    classes = [] if problem.priority is None else sorted(set(problem.priority.tolist()), reverse=True)
    outcome = _outcome(problem, tuple(choice), classes, problem.membership.toarray())
    assert outcome is not None, "a budget or a cap is exceeded"
    return outcome


def random_problem(generator: np.random.Generator) -> MixedProblem:
    """Draw a tiny problem: mixed costs, overlapping labels, ties, empty rows, busy agents."""
    rows, agents = int(generator.integers(1, 7)), int(generator.integers(1, 4))
    channel = generator.integers(0, 3, rows)
    value = generator.integers(0, 5, (rows, agents)) / 4.0
    if generator.random() < 0.5:
        value = value + generator.integers(-3, 4, (rows, agents)) * STEP
    value[generator.random((rows, agents)) < 0.3] = -np.inf
    cost = np.repeat(np.array([6, 2, 1])[channel][:, None], agents, axis=1)
    if generator.random() < 0.3:
        cost = generator.integers(0, 5, (rows, agents))
    names = int(generator.integers(0, 4))
    unit_cost = None
    if generator.random() < 0.6:
        size = generator.choice([STEP, 0.2])
        unit_cost = np.cumsum(generator.integers(0, 3, (agents, int(generator.integers(0, 4)))), axis=1) * size
    return MixedProblem(
        value,
        cost,
        generator.integers(0, 8, agents),
        hold=generator.choice([0.0, 0.5, -1.0]) if generator.random() < 0.5 else generator.integers(-4, 4, rows) / 4.0,
        priority=generator.integers(0, 3, rows) if generator.random() < 0.3 else None,
        unit_cost=unit_cost,
        membership=generator.random((rows, names)) < 0.5 if names else None,
        cap=generator.integers(-1, 3, (agents, names)) if names else None,
    )


def campaign(seed: int, count: int) -> None:
    """Compare `count` random problems with brute force; every answer must be proven and right."""
    for number in range(count):
        problem = random_problem(np.random.default_rng((seed, number)))
        matching = solve_mixed(problem)
        served, steps = evaluate(problem, matching.agent_of)
        assert (served, steps) == brute_force(problem), f"instance {seed}/{number}"
        assert matching.is_optimal, f"instance {seed}/{number}"
        assert matching.value == steps * problem.resolution == matching.bound
        assert matching.gap == 0.0


def test_equals_brute_force_on_random_problems() -> None:
    """Value, classes served and proof agree with trying everything."""
    campaign(seed=1, count=500)


def test_nothing_left_to_try_is_a_proof() -> None:
    """When no other matching can serve as many of each class, the one found is proven."""
    value = [[0.0, 0.5], [0.0, 0.5], [0.75, 0.5], [0.75, 0.75], [0.25, 0.0]]
    nudged = np.array(value) + np.array([[0, -2], [0, -2], [2, 2], [0, 1], [0, 0]]) * STEP
    cost = [[0, 6], [0, 1], [1, 1], [2, 2], [1, 0]]
    nudged[0, 0] = nudged[1, 0] = nudged[4, 1] = -np.inf
    problem = MixedProblem(nudged, cost, [7, 7], [0.25, 0.0, -0.75, 0.25, 0.25], priority=[2, 2, 1, 1, 0])
    matching = solve_mixed(problem)
    assert evaluate(problem, matching.agent_of) == brute_force(problem)
    assert matching.is_optimal


def routing_problem(
    generator: np.random.Generator, rows: int, agents: int, *, strict: bool = False, coarse: bool = False
) -> MixedProblem:
    """Draw a problem as routing sees it: three channels, busy agents, overlapping labels, spreading charges."""
    channel = generator.choice(3, size=rows, p=[0.3, 0.4, 0.3])
    value = generator.integers(30, 101, (rows, agents)) / 100.0
    if coarse:
        value = np.round(value * 4) / 4
    value[generator.random((rows, agents)) > 0.35] = -np.inf
    cost = np.repeat(np.array([6000, 2000, 1000])[channel][:, None], agents, axis=1)
    busy = np.where(generator.random(agents) < 0.5, generator.choice([6, 4, 3, 2, 1], agents), 0)
    labels = np.zeros((rows, 5), np.bool_)
    labels[np.arange(rows), channel] = True
    labels[:, 3:] = generator.random((rows, 2)) < 0.3
    caps = np.stack([generator.choice([-1, 1, 2, 3], agents) for _ in range(5)], axis=1)
    return MixedProblem(
        value,
        cost,
        6000 - 1000 * busy,
        hold=-generator.exponential(0.05, rows),
        priority=generator.integers(0, 3, rows) if strict else None,
        unit_cost=(busy[:, None] + np.arange(6)) * STEP,
        membership=labels,
        cap=caps,
    )


def plain_program(problem: MixedProblem) -> int:
    """Return the best value in steps from the plain integer program over pairs, written independently."""
    rows, agents = problem.shape
    hold = np.rint(problem.hold / STEP)
    row = np.repeat(np.arange(rows), np.diff(problem.value.indptr))
    agent = problem.value.indices
    worth = np.rint(problem.value.data / STEP) - hold[row]
    keep = worth >= 0
    row, agent, worth, cost = row[keep], agent[keep], worth[keep], problem.cost[keep]
    names = problem.membership.toarray()
    pairs, steps = len(row), problem.unit_cost.shape[1]
    blocks, limits = [], []
    one_row = np.zeros((rows, pairs + agents * steps))
    one_row[row, np.arange(pairs)] = 1
    units = np.zeros((agents, pairs + agents * steps))
    units[agent, np.arange(pairs)] = cost / 1000
    count = np.zeros((agents, pairs + agents * steps))
    count[agent, np.arange(pairs)] = 1
    for number in range(agents):
        count[number, pairs + number * steps : pairs + (number + 1) * steps] = -1
    blocks += [one_row, units, count]
    limits += [np.ones(rows), problem.budget / 1000, np.zeros(agents)]
    for name in range(names.shape[1]):
        capped = np.zeros((agents, pairs + agents * steps))
        carried = np.flatnonzero(names[row, name])
        capped[agent[carried], carried] = 1
        blocks.append(capped)
        limits.append(np.where(problem.cap[:, name] < 0, pairs, problem.cap[:, name]))
    found = milp(
        -np.concatenate([worth, -np.rint(problem.unit_cost / STEP).ravel()]) / 256,
        integrality=np.ones(pairs + agents * steps),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(np.concatenate(blocks), -np.inf, np.concatenate(limits)),
        options={"mip_rel_gap": 0},
    )
    return int(hold.sum()) + round(-found.fun * 256)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("shape", [(12, 4), (25, 10), (30, 40), (45, 18)])
def test_equals_the_plain_integer_program(shape: tuple[int, int], seed: int) -> None:
    """On middle sizes, where prices, bundles and sifting all work, the value is that of the plain program."""
    problem = routing_problem(np.random.default_rng((seed, *shape)), *shape, coarse=seed % 3 == 0)
    matching = solve_mixed(problem)
    _, steps = evaluate(problem, matching.agent_of)
    assert steps == plain_program(problem)
    assert matching.is_optimal
    assert matching.value == steps * STEP == matching.bound


def middle_campaign(seeds: range) -> None:
    """Compare problems of middle size with the plain integer program."""
    for seed in seeds:
        test_equals_the_plain_integer_program((10 + seed % 30, 4 + seed % 17), seed)


@pytest.mark.parametrize("seed", range(6))
def test_without_integer_programs_the_bound_holds(seed: int) -> None:
    """A budget of 0 gives a feasible matching and a bound that the best value respects."""
    problem = routing_problem(np.random.default_rng((7, seed)), 25, 10)
    quick, best = solve_mixed(problem, budget=0), solve_mixed(problem)
    _, steps = evaluate(problem, quick.agent_of)
    assert quick.value == steps * STEP <= best.value <= quick.bound
    assert quick.is_optimal == (quick.gap == 0.0)


@pytest.mark.parametrize("seed", range(6))
def test_small_budgets_stay_bounded(seed: int) -> None:
    """Whatever the budget, the value never exceeds the best one and the bound never falls below it."""
    problem = routing_problem(np.random.default_rng((8, seed)), 20, 8)
    best = solve_mixed(problem).value
    for budget in (1, 10, 30, 100):
        matching = solve_mixed(problem, budget=budget)
        evaluate(problem, matching.agent_of)
        assert matching.value <= best <= matching.bound


@pytest.mark.parametrize("seed", range(4))
def test_priorities_on_middle_sizes_are_feasible_and_proven(seed: int) -> None:
    """With classes the counts are proven, and no fewer of the highest class are served than without classes."""
    problem = routing_problem(np.random.default_rng((9, seed)), 20, 6, strict=True)
    matching = solve_mixed(problem)
    counts, steps = evaluate(problem, matching.agent_of)
    assert matching.is_optimal
    assert matching.value == steps * STEP
    free = solve_mixed(without_priority(problem))
    highest = problem.priority == problem.priority.max()
    assert counts[0] >= int((free.agent_of[highest] >= 0).sum())
    assert matching.value <= free.value


def without_priority(problem: MixedProblem) -> MixedProblem:
    """Return the same problem without classes."""
    return MixedProblem(
        problem.value,
        problem.cost,
        problem.budget,
        problem.hold,
        unit_cost=problem.unit_cost,
        membership=problem.membership,
        cap=problem.cap,
    )


def test_same_input_same_answer() -> None:
    """Solving twice gives the same bytes."""
    problem = routing_problem(np.random.default_rng(3), 30, 12)
    first, second = solve_mixed(problem), solve_mixed(problem)
    assert first.agent_of.tobytes() == second.agent_of.tobytes()
    assert first.agent_price.tobytes() == second.agent_price.tobytes()


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_empty_problems_answer_at_once(shape: tuple[int, int]) -> None:
    """Without rows or agents everybody is held, and that is proven."""
    rows, agents = shape
    matching = solve_mixed(MixedProblem(np.zeros(shape), np.zeros(shape, np.int64), np.zeros(agents, np.int64), 0.5))
    assert matching.agent_of.tolist() == [-1] * rows
    assert matching.is_optimal
    assert matching.value == 0.5 * rows
    assert matching.method == "mixed/empty"


@pytest.mark.parametrize(
    ("value", "budget", "hold", "cap"),
    [
        ([[-np.inf, -np.inf]], [6, 6], 0.0, -1),
        ([[0.5, 0.5]], [0, 5], 0.0, -1),
        ([[0.5, 0.5]], [6, 6], 0.75, -1),
        ([[0.5, 0.5]], [6, 6], 0.0, 0),
    ],
)
def test_unusable_pairs_hold_the_row(value: list[list[float]], budget: list[int], hold: float, cap: int) -> None:
    """Forbidden pairs, no room, a value below hold and a cap of 0 all leave the row held."""
    problem = MixedProblem(value, [[6, 6]], budget, hold, membership=[[True]], cap=[[cap], [cap]])
    matching = solve_mixed(problem)
    assert matching.agent_of.tolist() == [-1]
    assert matching.is_optimal
    assert matching.value == hold


def test_stored_zeros_are_eligible() -> None:
    """An explicit zero in a sparse value is a pair, and a tie with hold serves."""
    value = csr_array((np.array([0.0]), np.array([1]), np.array([0, 1])), shape=(1, 2))
    assert solve_mixed(MixedProblem(value, [2], [6, 6])).agent_of.tolist() == [1]


def test_costs_follow_unsorted_entries() -> None:
    """Costs aligned with the entries of a sparse value stay with them when columns are not in order."""
    value = csr_array((np.array([0.9, 0.8]), np.array([1, 0]), np.array([0, 2])), shape=(1, 2))
    assert solve_mixed(MixedProblem(value, [6, 2], [2, 2])).agent_of.tolist() == [0]


def test_ties_serve_rows_and_columns_in_order() -> None:
    """Rows that add nothing and take nothing away are served, the lowest columns first."""
    problem = MixedProblem(np.zeros((3, 2)), np.full((3, 2), 2), [2, 2])
    pairs = mixed.usable_pairs(problem)
    assert pairs.agent[mixed.serve_ties(problem, pairs, np.zeros(0, np.intp))].tolist() == [0, 1]
    assert solve_mixed(problem).agent_of.tolist() == [0, 1, -1]


def test_overlapping_caps_bind_together() -> None:
    """A conversation with two labels counts against both caps."""
    problem = MixedProblem(
        np.full((3, 1), 0.5),
        np.ones((3, 1), np.int64),
        [3],
        membership=[[True, True], [True, False], [False, True]],
        cap=[[1, 1]],
    )
    assert solve_mixed(problem).agent_of.tolist() == [-1, 0, 0]


def test_rising_charges_spread_equal_work() -> None:
    """Five equal chats on three equal agents with three slots end 2/2/1."""
    charges = np.arange(1, 4) * STEP * np.ones((3, 1))
    problem = MixedProblem(np.ones((5, 3)), np.full((5, 3), 2000), [6000] * 3, -1.0, unit_cost=charges)
    assert sorted(np.bincount(solve_mixed(problem).agent_of).tolist()) == [1, 2, 2]


def test_a_charge_may_hold_a_row() -> None:
    """A row whose charge exceeds its worth is held, unless its class must be served."""
    parts = {"value": [[0.5]], "cost": [[1]], "budget": [1], "unit_cost": [[0.75]]}
    assert solve_mixed(MixedProblem(**parts)).agent_of.tolist() == [-1]
    assert solve_mixed(MixedProblem(**parts, priority=[0])).agent_of.tolist() == [0]


def test_prices_are_those_of_the_relaxation() -> None:
    """Where the relaxation is exact, prices of rows and units add up to the value."""
    matching = solve_mixed(MixedProblem([[0.75], [0.5]], [[2], [2]], [2], hold=-0.25))
    assert 0.375 <= matching.agent_price[0] <= 0.5
    assert (matching.conversation_price >= -0.25).all()
    assert matching.conversation_price.sum() + 2 * matching.agent_price[0] == pytest.approx(matching.value)


@pytest.mark.parametrize(
    ("module", "name", "limit"),
    [
        (mixed_highs, "_WHOLE", 20),
        (mixed_highs, "_PRICE_BITS", -80),
        (mixed_search, "_MOST_BUNDLES", 40),
        (mixed_search, "_MOST_PACKED", 10),
        (mixed_search, "_FEW_BUNDLES", 3),
        (mixed_search, "_MOST_RELAXED", 5),
    ],
)
def test_every_path_gives_the_same_value(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, limit: int
) -> None:
    """Relaxing in rounds, without bundles, over pairs, or a few bundles at a time: the value is the same."""
    problems = [routing_problem(np.random.default_rng((10, seed)), 22, 9) for seed in range(5)]
    expected = [solve_mixed(problem).value for problem in problems]
    monkeypatch.setattr(module, name, limit)
    for problem, value in zip(problems, expected, strict=True):
        matching = solve_mixed(problem)
        assert matching.value == value
        assert matching.is_optimal


@pytest.mark.parametrize("size", [2.0**-20, 1e3, 1e6])
def test_huge_ranges_stay_honest(size: float) -> None:
    """With values of very different size the answer is right, and called optimal only when it is."""
    generator = np.random.default_rng(11)
    for _ in range(20):
        value = generator.integers(1, 50, (5, 3)) * np.where(generator.random((5, 3)) < 0.5, size, 1.0)
        problem = MixedProblem(value, generator.choice([1, 2, 6], (5, 3)), generator.integers(0, 8, 3))
        matching = solve_mixed(problem)
        _, steps = evaluate(problem, matching.agent_of)
        best = brute_force(problem)[1]
        assert matching.bound >= best * STEP
        assert steps == best or not matching.is_optimal


def test_budgets_with_large_costs_are_exact() -> None:
    """Costs without a common factor, close to the budget, are checked on whole numbers."""
    generator = np.random.default_rng(12)
    for _ in range(40):
        cost = generator.integers(2**28, 2**30, (6, 2))
        problem = MixedProblem(generator.random((6, 2)), cost, [2**30 + 7, 2**30 - 1])
        matching = solve_mixed(problem)
        assert evaluate(problem, matching.agent_of) == brute_force(problem)


def test_all_faults_are_reported_at_once() -> None:
    """The door names every fault with its place."""
    with pytest.raises(InvalidInputError) as caught:
        MixedProblem(
            [[0.5, float("nan")], [float("inf"), 0.1]],
            [[1, -1], [2, 3]],
            [1, -2],
            hold=[0.0, float("nan")],
            unit_cost=[[0.2, 0.1], [0.0, 0.0]],
            membership=[[True], [False]],
            cap=[[-2], [1]],
            resolution=0.0,
        )
    assert [fault.place for fault in caught.value.faults] == [
        "value[0, 1]",
        "value[1, 0]",
        "cost[0, 1]",
        "cap[0, 0]",
        "budget[1]",
        "hold[1]",
        "unit_cost[0, 1]",
        "resolution",
    ]


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ({"value": [0.5]}, "value"),
        ({"value": [["a"]]}, "value"),
        ({"cost": [[1, 2]]}, "cost"),
        ({"cost": [[1.5]]}, "cost"),
        ({"cost": [[2**31]]}, "cost[0, 0]"),
        ({"budget": [1, 2]}, "budget"),
        ({"budget": [0.5]}, "budget"),
        ({"hold": [0.0, 0.0]}, "hold"),
        ({"priority": [0.5]}, "priority"),
        ({"unit_cost": [0.5]}, "unit_cost"),
        ({"unit_cost": [[float("inf")]]}, "unit_cost[0, 0]"),
        ({"membership": [[True]]}, "cap"),
        ({"cap": [[1]]}, "membership"),
        ({"membership": [[1]], "cap": [[1]]}, "membership"),
        ({"membership": [[True]], "cap": [[1, 2]]}, "cap"),
        ({"resolution": float("nan")}, "resolution"),
        ({"value": [[1e12]]}, "resolution"),
        ({"value": [[1e308]], "hold": 1e308}, "resolution"),
        ({"resolution": "1"}, "resolution"),
        ({"resolution": np.ones(2)}, "resolution"),
        ({"resolution": 10**400}, "resolution"),
        ({"priority": np.array([2**64 - 1], np.uint64)}, "priority[0]"),
        ({"budget": np.array([2**64 - 1], np.uint64)}, "budget[0]"),
        ({"membership": [[True]], "cap": np.array([[2**64 - 1]], np.uint64)}, "cap[0, 0]"),
        ({"cost": np.array([[2**64 - 1]], np.uint64)}, "cost[0, 0]"),
    ],
)
def test_wrong_parts_are_refused(parts: dict[str, object], place: str) -> None:
    """Each wrong part is named."""
    given: dict[str, object] = {"value": [[0.5]], "cost": [[1]], "budget": [1]}
    with pytest.raises(InvalidInputError) as caught:
        MixedProblem(**{**given, **parts})
    assert caught.value.faults[0].place == place


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int32, np.uint64])
def test_whole_numbers_of_any_width_are_taken(kind: type) -> None:
    """Narrow arrays mean the same as wide ones."""
    one = np.array([1], kind)
    parts = {"priority": one, "membership": [[True]], "cap": one[:, None]}
    assert solve_mixed(MixedProblem([[0.5]], one[:, None], one, **parts)).agent_of.tolist() == [0]


def test_a_pair_stored_twice_is_refused() -> None:
    """Duplicate entries of a sparse value are a fault, not a sum."""
    value = csr_array((np.array([0.1, 0.2]), np.array([0, 0]), np.array([0, 2])), shape=(1, 1))
    with pytest.raises(InvalidInputError, match="stored twice"):
        MixedProblem(value, [1, 1], [1])


def test_a_negative_budget_of_work_is_refused() -> None:
    """The size of integer programs cannot be negative."""
    with pytest.raises(InvalidInputError):
        solve_mixed(MixedProblem([[0.5]], [[1]], [1]), budget=-1)


def test_the_oracle_catches_a_dropped_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparing with brute force notices when usable pairs are left out."""
    usable = mixed.usable_pairs

    def dropping(problem: MixedProblem) -> object:
        pairs = usable(problem)
        keep = np.arange(len(pairs)) % 7 != 6
        return type(pairs)(pairs.row[keep], pairs.agent[keep], pairs.worth[keep], pairs.units[keep], pairs.charge)

    monkeypatch.setattr(mixed, "usable_pairs", dropping)
    with pytest.raises(AssertionError):
        campaign(seed=1, count=100)


def test_the_oracle_catches_a_wrong_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparing with the plain program notices when a bound is too low and stops the search early."""
    judge = mixed_search.judge

    def understated(*given: object, **named: object) -> object:
        judged = judge(*given, **named)
        return judged and attrs.evolve(judged, bound=judged.bound * 4 // 5)

    monkeypatch.setattr(mixed_search, "judge", understated)
    with pytest.raises(AssertionError):
        middle_campaign(range(12))


@pytest.mark.slow
def test_equals_brute_force_on_many_random_problems() -> None:
    """The same over a larger campaign."""
    campaign(seed=2, count=20_000)


@pytest.mark.slow
def test_equals_the_plain_integer_program_on_many_problems() -> None:
    """A larger campaign on middle sizes."""
    middle_campaign(range(1000, 1300))
