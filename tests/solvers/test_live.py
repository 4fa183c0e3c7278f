"""A live matching is as good as a fresh solve after every event, with prices that prove it."""

from __future__ import annotations

import collections

import numpy as np
import pytest

from routematch.errors import InvalidInputError, LimitExceededError
from routematch.solvers import AssignmentProblem, LiveMatching, live_classes, live_columns, live_state, solve


def facts(matching):
    """Return everything a settled live matching and a fresh solve must agree on."""
    return (
        matching.agent_of.tolist(),
        matching.value,
        matching.bound,
        matching.is_optimal,
        matching.agent_price.tolist(),
        matching.conversation_price.tolist(),
    )


class Story:
    """A random sequence of events on a small live matching, rich in ties and scarce in units."""

    def __init__(self, seed, *, rows=6, agents=5, levels=6, kind=None):
        self.random = np.random.default_rng(seed)
        self.levels, self.most_rows, self.most_agents = levels, 2 * rows, 2 * agents
        count, start = int(self.random.integers(0, agents)), int(self.random.integers(0, rows))
        capacity = self.random.integers(0, 3, count)
        self.has_costs, self.has_classes, self.has_groups = (
            self.random.random(3) < 0.5
            if kind is None
            else (letter in kind for letter in ("costs", "classes", "groups"))
        )
        self.groups = int(self.random.integers(1, 3)) if self.has_groups else 0
        extra = {}
        if self.has_costs:
            extra["unit_cost"] = self.costs((count, max(1, int(capacity.max(initial=0)))))
        if self.has_classes:
            extra["priority"] = self.random.integers(0, 3, start)
        if self.has_groups:
            extra["row_group"] = self.random.integers(-1, self.groups, start)
            extra["group_capacity"] = self.caps((count, self.groups))
        value = np.array([self.values(count) for _ in range(start)]).reshape(start, count)
        self.live = LiveMatching(AssignmentProblem(value, capacity, self.holds(start), resolution=1.0, **extra))
        self.present = set(range(count))
        self.count = count
        self.told = []

    def values(self, size):
        value = self.random.integers(-1, self.levels, size).astype(float)
        value[self.random.random(size) < 0.3] = -np.inf
        return value

    def holds(self, size):
        return self.random.integers(-1, 2, size).astype(float)

    def costs(self, shape):
        return np.cumsum(self.random.integers(0, 3, shape), axis=-1).astype(float)

    def caps(self, shape):
        return self.random.integers(0, 3, shape)

    def membership(self):
        """Draw class and group of a row, where there are such; half of the time neither is given."""
        given = {}
        if self.has_classes and self.random.random() < 0.5:
            given["priority"] = int(self.random.integers(-1, 4))
        if self.has_groups and self.random.random() < 0.8:
            given["group"] = int(self.random.integers(-1, self.groups))
        return given

    def event(self):
        """Let one thing happen."""
        before = len(self.told)
        while len(self.told) == before:
            self.attempt()

    def attempt(self):
        """Draw an event and let it happen if it can."""
        kind, rows = self.random.integers(0, 8), self.live.rows
        row = int(self.random.choice(rows)) if rows else None
        agent = int(self.random.choice(sorted(self.present))) if self.present else None
        if kind <= 1 and len(rows) < self.most_rows:
            self.told.append("add_row")
            self.live.add_row(self.values(self.count), hold=float(self.holds(1)[0]), **self.membership())
        elif kind == 2 and rows:
            self.told.append("remove_row")
            self.live.remove_row(row)
        elif kind in {3, 7} and rows:
            self.told.append("change_row")
            self.live.change_row(row, self.values(self.count), hold=float(self.holds(1)[0]), **self.membership())
        elif kind == 4 and self.present:
            self.told.append("set_capacity")
            self.live.set_capacity(agent, int(self.random.integers(0, 4)))
        elif kind == 5 and self.count < self.most_agents:
            self.told.append("add_agent")
            extra = {"unit_cost": self.costs(2)} if self.has_costs else {}
            if self.has_groups:
                extra["group_capacity"] = self.caps(self.groups)
            capacity = int(self.random.integers(0, 3))
            self.present.add(self.live.add_agent(self.values(len(rows)), capacity=capacity, **extra))
            self.count += 1
        elif kind == 6 and self.present and self.random.random() < 0.3:
            self.told.append("remove_agent")
            self.live.remove_agent(agent)
            self.present.discard(agent)


def check(story):
    """Compare with a fresh solve, and check the proof kept by the live matching itself."""
    problem = story.live.problem()
    fresh = solve(problem)
    assert story.live.value == fresh.value
    assert story.live.is_proven()
    if story.has_classes:
        served = [story.live.agent_of(row) >= 0 for row in story.live.rows]
        assert sorted(problem.priority[served]) == sorted(problem.priority[fresh.agent_of >= 0])
    else:
        for agent in story.present:
            assert story.live.agent_price(agent) >= fresh.agent_price[agent]
    return fresh


@pytest.fixture(autouse=True)
def short_lists(monkeypatch):
    """Make rows look at few pairs, sort columns and choose bonuses often: small problems then reach every path."""
    monkeypatch.setattr(live_state, "FIRST_LOOK", 2)
    monkeypatch.setattr(live_state, "WIDER", 2)
    monkeypatch.setattr(live_classes, "ROOM", 1.2)
    monkeypatch.setattr(live_columns, "MOST_ROWS", 2)
    monkeypatch.setattr(live_columns, "MOST_PAIRS", 3)


KINDS = ["", "costs", "classes", "groups", "classes groups", "costs classes groups"]


def tell(seeds, events, **sizes):
    """Tell one story for each seed, of each kind in turn, and check after every event; return how many there were."""
    told = 0
    for seed in seeds:
        story = Story(seed, kind=KINDS[seed % len(KINDS)], **sizes)
        for _ in range(events):
            story.event()
            check(story)
        told += len(story.told)
    return told


def test_every_event_leaves_the_matching_best():
    """After every event the value is that of a fresh solve, the proof closes, and no price is too low."""
    assert tell(range(36), 40) == 36 * 40


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_a_hundred_thousand_events_leave_the_matching_best(part):
    """The same for many more events, some on larger problems."""
    told = 0
    for seed in range(10_000 + 120 * part, 10_000 + 120 * (part + 1)):
        told += tell([seed], 90, rows=6 + seed % 15, agents=5 + seed % 11, levels=[3, 6, 100][seed % 3])
    assert told == 120 * 90


def test_settling_gives_what_a_fresh_solve_gives():
    """After `settle` rows, agents and prices are the canonical ones, and events go on from there."""
    for seed in range(30):
        story = Story(1_000 + seed)
        for _ in range(5):
            for _ in range(6):
                story.event()
            fresh = check(story)
            assert facts(story.live.settle()) == facts(fresh)
            check(story)


def keep_prices(self, done, best):
    """Leave prices as they were."""


def look_only_once(look):
    """Return a look after which nothing seems to be left."""

    def broken(self, slot, net=None):
        found = look(self, slot, net)
        self.unseen[slot] = -(2**62)
        return found

    return broken


@pytest.mark.parametrize(
    ("part", "name", "bug"),
    [
        pytest.param(live_state.LiveState, "_vacate", lambda self, node: None, id="skipped update"),
        pytest.param(live_state.LiveState, "_raise_prices", keep_prices, id="stale price after a row came"),
        pytest.param(live_state.LiveState, "_lower_prices", keep_prices, id="stale price after a row left"),
        pytest.param(live_state.LiveState, "_look", look_only_once(live_state.LiveState._look), id="lost pairs"),
        pytest.param(live_state.LiveState, "_has_unit", lambda self, node: True, id="unit that is not there"),
        pytest.param(live_state.LiveState, "_passed_on", lambda self, node, at, left: [], id="group apart from agent"),
        pytest.param(live_state.LiveState, "_supplied_by", lambda self, node, at: [], id="agent apart from group"),
        pytest.param(
            live_columns.Columns, "add_pair", lambda self, slot, node, worth, pairs: None, id="new agent unseen"
        ),
        pytest.param(live_columns._Log, "blank", lambda self, slot: None, id="row that left still offered"),
        pytest.param(live_columns._Log, "find", lambda self, node: (np.zeros(0, int),) * 2, id="new rows unseen"),
        pytest.param(live_classes.Classes, "covers", lambda self, priorities, span, rows: True, id="bonus too small"),
        pytest.param(live_classes.Classes, "bonus", lambda self, priority: 0, id="no bonus"),
    ],
)
def test_the_checks_see_a_planted_bug(monkeypatch, part, name, bug):
    """Whatever part of an event goes wrong, some check after some event notices."""
    monkeypatch.setattr(part, name, bug)
    with pytest.raises((AssertionError, LookupError, ValueError)):
        tell(range(60), 40)


def test_a_unit_to_spare_needs_no_search(monkeypatch):
    """A row that gains most where a unit is to spare is placed at once; so is one that gains nowhere."""
    live = LiveMatching(AssignmentProblem([[3.0, 1.0]], [1, 1], resolution=1.0))
    monkeypatch.delattr(live_state.LiveState, "_push")
    assert [live.agent_of(live.add_row(value, hold=1.0)) for value in ([1.0, 2.0], [0.0, -1.0])] == [1, -1]


def test_a_changed_row_needs_a_single_search(monkeypatch):
    """A row that keeps its place needs no search, and one search finds out that it keeps it in the end."""
    live = LiveMatching(AssignmentProblem([[3.0, 1.0], [1.0, 5.0]], [1, 1], resolution=1.0))
    live.change_row(0, [9.0, 9.0])
    monkeypatch.delattr(live_state.LiveState, "_vacate")
    live.change_row(0, [2.0, 6.0])
    assert ([live.agent_of(row) for row in live.rows], live.value) == ([0, 1], 7.0)
    monkeypatch.delattr(live_state.LiveState, "_push")
    live.change_row(1, [0.0, 8.0])
    assert ([live.agent_of(row) for row in live.rows], live.value) == ([0, 1], 10.0)


def test_rows_and_agents_keep_their_numbers():
    """Numbers are given in order of arrival and never change or return."""
    live = LiveMatching(AssignmentProblem([[1.0], [2.0]], [1]))
    live.remove_row(0)
    assert live.add_row([3.0]) == 2
    assert live.rows == (1, 2)
    assert [live.agent_of(row) for row in live.rows] == [-1, 0]
    live.remove_agent(0)
    assert live.add_agent([1.0, 1.0]) == 1
    assert live.add_row([5.0, 7.0]) == 3
    assert live.agent_of(3) == 1
    assert live.value == 7.0
    assert live.conversation_price(3) == 7.0 - live.agent_price(1)


def test_sparse_rows_and_columns_can_be_given():
    """Values may be given for some agents, or for some rows, only."""
    live = LiveMatching(AssignmentProblem(np.zeros((0, 4)), [1, 1, 1, 1]))
    first = live.add_row([1.0, 2.0], agents=[1, 3])
    second = live.add_row([-1.0, -np.inf], agents=[0, 2], hold=-2.0)
    assert (live.agent_of(first), live.agent_of(second)) == (3, 0)
    agent = live.add_agent([5.0], rows=[second])
    assert (agent, live.agent_of(second)) == (4, 4)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda live: live.add_row([1.0, 2.0]),
        lambda live: live.add_row([np.nan]),
        lambda live: live.add_row([np.inf]),
        lambda live: live.add_row([1.0], hold=np.nan),
        lambda live: live.add_row([1.0], agents=[1]),
        lambda live: live.add_row([1.0, 1.0], agents=[0, 0]),
        lambda live: live.remove_row(9),
        lambda live: live.agent_of(9),
        lambda live: live.set_capacity(9, 1),
        lambda live: live.set_capacity(0, -1),
        lambda live: live.remove_agent(-1),
        lambda live: live.add_agent([1.0, 2.0]),
        lambda live: live.add_agent([1.0], unit_cost=[2.0, 1.0]),
        lambda live: live.add_agent([1.0], rows=[9]),
        lambda live: live.add_agent([1.0], capacity=-1),
        *(lambda live, hold=hold: live.add_row([1.0], hold=hold) for hold in ("1", None, np.ones(2), 1e300, 10**400)),
        lambda live: live.change_row(0, [1.0], hold="1"),
        *(lambda live, agents=agents: live.add_row([1.0], agents=agents) for agents in ([0.5], ["0"], 0, [[0]], "0")),
        lambda live: live.add_row([1.0], agents=np.array([2**64 - 1], np.uint64)),
        lambda live: live.add_row(["1.0"]),
        lambda live: live.add_row([None]),
        lambda live: live.add_row("x"),
        lambda live: live.add_row([1j]),
        *(lambda live, rows=rows: live.add_agent([1.0], rows=rows) for rows in ([0.5], ["0"], 0, [[0]], [None])),
        lambda live: live.add_agent([1.0, 1.0], rows=[0, 0]),
        *(lambda live, cost=cost: live.add_agent([1.0], unit_cost=[cost]) for cost in (-np.inf, np.nan, -1e300, "1")),
        lambda live: live.add_agent([1.0], unit_cost=None),
        *(lambda live, given=given: live.add_row([1.0], priority=given) for given in (1, 0.0, None, True, "0")),
        *(lambda live, given=given: live.add_row([1.0], group=given) for given in (0, -2, -1.0, None, "0")),
        lambda live: live.change_row(0, [1.0], priority=1),
        lambda live: live.change_row(0, [1.0], group=0),
        lambda live: live.add_agent([1.0], group_capacity=[1]),
        *(lambda live, name=name: live.remove_row(name) for name in ([0], {}, 0.0, "0", None, np.zeros(1), False)),
        *(lambda live, name=name: live.agent_price(name) for name in ([0], {}, 0.0, "0", None, np.zeros(1), False)),
    ],
)
def test_impossible_events_are_refused_and_change_nothing(wrong):
    """A fault in an event is reported, and the matching stays as it was."""
    live = LiveMatching(AssignmentProblem([[1.0]], [1]))
    with pytest.raises(InvalidInputError):
        wrong(live)
    assert (live.rows, live.agent_of(0), live.value) == ((0,), 0, 1.0)
    assert live.problem().shape == (1, 1)


@pytest.mark.parametrize("unit_cost", [None, [[0.0, 1.0], [0.0, 2.0]]])
def test_a_huge_capacity_costs_no_more_than_the_rows_can_use(unit_cost):
    """Costs are written down for units that some row could use, not for all the capacity says."""
    live = LiveMatching(AssignmentProblem([[1.0, 2.0], [3.0, 4.0]], [1, 1], unit_cost=unit_cost))
    live.set_capacity(0, 2**62)
    live.add_agent([0.0, 0.0], capacity=2**63 - 1)
    problem = live.problem()
    assert problem.capacity.tolist() == [2**62, 1, 2**63 - 1]
    assert problem.unit_cost is None or problem.unit_cost.shape == (3, 3)
    assert facts(live.settle()) == facts(solve(problem))


def test_unit_costs_beyond_the_first_rows_are_kept():
    """A problem may start with fewer rows than units; the later units still cost what was said."""
    live = LiveMatching(AssignmentProblem(np.zeros((0, 1)), [3], unit_cost=[[0.0, 1.0, 5.0]]))
    for _ in range(3):
        live.add_row([2.0])
    assert live.value == 2.0 + 1.0
    assert [live.agent_of(row) for row in live.rows].count(-1) == 1
    assert live.settle().value == 3.0


@pytest.mark.parametrize("units", [1.5, np.inf, np.nan, None, "2", True, [2], np.array([1, 2]), 2**63, -1])
def test_a_capacity_must_be_a_whole_number(units):
    """What is not a whole number is refused before anything changes."""
    live = LiveMatching(AssignmentProblem([[1.0]], [1]))
    for event in (lambda: live.set_capacity(0, units), lambda: live.add_agent([1.0], capacity=units)):
        with pytest.raises(InvalidInputError, match="capacity"):
            event()
    assert live.problem().capacity.tolist() == [1]


def test_a_live_matching_starts_from_a_problem():
    """Anything else is refused in words."""
    with pytest.raises(InvalidInputError, match="must be an AssignmentProblem, not int @ problem"):
        LiveMatching(5)


def test_values_far_below_hold_make_no_pair():
    """However far below: it is never usable, so it need not be exact."""
    live = LiveMatching(AssignmentProblem([[1.0]], [1]))
    live.add_row([-1e308])
    live.add_agent([-1e308, -1e308])
    assert live.settle().agent_of.tolist() == [0, -1]


def classes_and_groups(**given):
    """Return a live matching with priorities and group caps."""
    constraints = {"priority": [0, 1], "row_group": [0, -1], "group_capacity": [[1, 1], [1, 0]]}
    return LiveMatching(AssignmentProblem([[5.0, 4.0], [1.0, 1.0]], [1, 1], resolution=1.0, **constraints, **given))


def test_higher_classes_are_served_first():
    """A row of a higher class comes before any value; classes not met before may come above, between and below."""
    live = LiveMatching(AssignmentProblem([[9.0], [1.0]], [1], priority=[0, 10]))
    assert [live.agent_of(row) for row in live.rows] == [-1, 0]
    for priority in (5, 10**18, -(10**18)):
        live.add_row([100.0], priority=priority)
    assert [live.agent_of(row) for row in live.rows] == [-1, -1, -1, 0, -1]
    live.change_row(1, [1.0], priority=2**62)
    assert [live.agent_of(row) for row in live.rows] == [-1, 0, -1, -1, -1]
    live.change_row(1, [2.0])
    assert (live.agent_of(1), live.settle().value) == (0, 2.0)
    assert live.agent_price(0) == solve(live.problem()).agent_price[0]


def test_a_group_takes_no_more_of_an_agent_than_its_cap():
    """Rows of a group go elsewhere when its cap is used up, and come back when a row of it leaves."""
    live = LiveMatching(AssignmentProblem([[9.0, 1.0]], [3, 3], row_group=[0], group_capacity=[[1], [1]]))
    rows = [live.add_row([8.0, 2.0], group=0), live.add_row([6.0, 1.0], group=0), live.add_row([6.0, 0.0])]
    assert [live.agent_of(row) for row in rows] == [1, -1, 0]
    live.remove_row(0)
    assert [live.agent_of(row) for row in rows] == [0, 1, 0]
    live.change_row(rows[1], [6.0, 1.0], group=-1)
    assert [live.agent_of(row) for row in rows] == [0, 0, 0]
    assert live.agent_of(live.add_row([1.0, 1.0], group=0)) == 1
    assert live.add_agent([9.0] * 4, capacity=4, group_capacity=[0]) == 2
    assert [live.agent_of(row) for row in rows] == [0, 2, 2]


@pytest.mark.parametrize(
    "wrong",
    [
        *(
            lambda live, given=given: live.add_row([1.0, 1.0], priority=given)
            for given in (0.0, None, "0", 2**63, True)
        ),
        *(lambda live, given=given: live.add_row([1.0, 1.0], group=given) for given in (2, -2, 0.5, None, "0")),
        *(
            lambda live, given=given: live.add_agent([1.0, 1.0], group_capacity=given)
            for given in (None, [1], [1, 1, 1], [1, -1], [0.5, 1], "11")
        ),
        lambda live: live.change_row(0, [1.0, 1.0], group=7),
        lambda live: live.change_row(0, [1.0, 1.0], priority=0.5),
    ],
)
def test_classes_and_groups_are_whole_numbers(wrong):
    """What is no class or group is refused before anything changes."""
    live = classes_and_groups()
    before = facts(live.settle())
    with pytest.raises(InvalidInputError):
        wrong(live)
    assert live.is_proven()
    assert facts(live.settle()) == before


def test_classes_beyond_exact_numbers_are_refused():
    """Where bonuses would leave the exact range the event is refused, and nothing has changed."""
    live = LiveMatching(AssignmentProblem([[1.0, 1.0]], [1, 1], priority=[0], resolution=2.0**-45))
    added = iter(lambda: live.add_row([1.0, 1.0], priority=len(live.rows)), None)
    with pytest.raises(LimitExceededError, match="priority classes"):
        collections.deque(added, maxlen=0)
    rows = live.rows
    before = facts(live.settle())
    for event in (
        lambda: live.add_row([1.0, 1.0], priority=-1),
        lambda: live.change_row(0, [20.0, 1.0], priority=-1),
        lambda: live.add_agent([20.0] * len(rows)),
        lambda: live.add_agent([1.0] * len(rows), unit_cost=[20.0]),
    ):
        with pytest.raises(LimitExceededError):
            event()
    assert live.rows == rows
    assert live.is_proven()
    assert facts(live.settle()) == before
    live.remove_row(rows[0])
    assert live.agent_of(live.add_row([1.0, 1.0], priority=1000)) == 1
