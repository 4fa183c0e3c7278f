"""Lanes take the very decisions of `decide()`: event logs are compared, conversation by conversation, bit by bit."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve

from routematch.distributions import BatchArrivals, Deterministic, Exponential, PoissonArrivals, Uniform
from routematch.policies import PRESETS, Policy, Weighted, best_match, longest_idle
from routematch.routing.lanes import compile_lane
from routematch.simulation import AgentGroup, ConversationType, Scenario
from routematch.simulation.course import Course
from routematch.simulation.day import Day
from routematch.simulation.dispatchers import DecidingDispatcher, LaneDispatcher
from routematch.simulation.first_come import first_come
from routematch.simulation.full_loop import FullLoop
from routematch.simulation.pools_loop import Pools, run_pools
from routematch.simulation.replication import _dispatcher, replicate
from routematch.simulation.staff import Staff
from routematch.simulation.streams import Streams
from routematch.terms import Achievement, Idle, Preferences, Served, Spare

sys.path.insert(0, str(Path(__file__).parent))
from random_scenarios import random_scenario

LANED = sorted(set(PRESETS) - {"random"})


def run(scenario: Scenario, policy: Policy, seed: int, *, by_lane: bool) -> tuple[Course, object] | None:
    """Run the full loop by a lane or by `decide()`; None where there is no lane."""
    staff, streams = Staff.of(scenario), Streams(seed, 0)
    day = Day.of(scenario, streams)
    course = Course(scenario, staff, day, streams)
    loop = FullLoop(scenario, staff, day, course, staff.on_duty(scenario, streams))
    queues = {queue.id: queue for queue in scenario.queues}
    dispatcher = DecidingDispatcher(policy, course, staff, loop.running, queues=queues, seed=seed)
    if by_lane:
        dispatcher = _dispatcher(scenario, policy, staff, course, loop, seed)
        if not isinstance(dispatcher, LaneDispatcher):
            return None
    loop.run(dispatcher)
    return course, dispatcher


def log_of(course: Course) -> list[tuple[object, ...]]:
    """Return everything that happened, NaN as text so that it equals itself."""
    columns = (
        course.arrived,
        course.started,
        course.holder,
        course.ended,
        course.handled,
        course.resolved,
        course.transfers,
    )
    return [tuple("never" if np.isnan(entry) else entry for entry in row) for row in zip(*columns, strict=True)]


def compare(seed: int, name: str, *, is_rich: bool = False) -> str:
    """Assert that both logs are equal; return the kind of lane."""
    scenario = random_scenario(seed, is_rich=is_rich)
    policy = PRESETS[name]()
    if seed % 5 == 0:
        policy = evolve(policy, strict_priority=True)
    if seed % 3 == 0:  # so coarse that urgencies are often equal, and rounding decides
        policy = evolve(policy, resolution=2.0**-6)
    laned = run(scenario, policy, seed, by_lane=True)
    if laned is None:
        return "none"
    decided = run(scenario, policy, seed, by_lane=False)
    assert log_of(laned[0]) == log_of(decided[0]), (seed, name)
    return laned[1]._lane.name


@pytest.mark.parametrize("name", LANED)
def test_a_lane_decides_as_decide_does(name):
    """On random scenarios, every preset with a lane gives the same log by lane and by `decide()`."""
    kinds = {compare(1000 * LANED.index(name) + seed, name) for seed in range(5)}

    assert kinds & {"index", "row"}


@pytest.mark.parametrize("name", ["best_match", "least_loaded", "longest_idle", "round_robin"])
def test_a_lane_decides_as_decide_does_with_shifts_transfers_and_repeats(name):
    """The same holds when agents come and go and conversations come back."""
    kinds = {compare(70_000 + 100 * LANED.index(name) + seed, name, is_rich=True) for seed in range(6)}

    assert kinds & {"index", "row"}


@pytest.mark.parametrize("policy", [longest_idle(), evolve(PRESETS["least_versatile_first"](), strict_priority=True)])
@pytest.mark.parametrize("seed", range(8))
def test_the_index_lane_decides_as_decide_does(policy, seed):
    """The same on scenarios that ask for order alone, with several types that wait."""
    scenario = random_scenario(90_000 + seed)
    kinds = [evolve(k, due_time=None, value=1.0, prefers={}, affinity={}) for k in scenario.conversation_types]
    if not policy.strict_priority:
        kinds = [evolve(kind, priority=0, queue=None) for kind in kinds]
    groups = [evolve(group, weight=1.0, capacity=1) for group in scenario.agent_groups]
    scenario = evolve(scenario, conversation_types=kinds, agent_groups=groups)
    laned, decided = run(scenario, policy, seed, by_lane=True), run(scenario, policy, seed, by_lane=False)

    assert laned[1]._lane.name == "index"
    assert log_of(laned[0]) == log_of(decided[0])


@pytest.mark.slow
@pytest.mark.parametrize("is_rich", [False, True])
def test_lanes_decide_as_decide_does_on_many_scenarios(is_rich):
    """The same for four hundred scenarios."""
    for seed in range(200):
        compare(200_000 + seed, LANED[seed % len(LANED)], is_rich=is_rich)


@pytest.mark.parametrize("seed", range(12))
def test_the_fast_loop_gives_the_log_of_the_full_loop(seed):
    """Where a scenario is plain, the quick loop and the full one leave the same ledger."""
    scenario = random_scenario(3000 + seed)
    policy = list(PRESETS.values())[seed % len(PRESETS)]()
    ledger = replicate(scenario, policy, seed, 0)
    course, _ = run(scenario, policy, seed, by_lane=True) or run(scenario, policy, seed, by_lane=False)

    assert np.array_equal(ledger.answered_at, np.array(course.started), equal_nan=True)
    assert ledger.agent.codes.tolist() == course.holder
    held = ledger.agent.codes >= 0
    assert np.array_equal(ledger.ended_at[held], np.array(course.ended)[held])


@pytest.mark.parametrize("patience", [None, Exponential(30.0), Deterministic(20.0)])
@pytest.mark.parametrize("handle", [Exponential(50.0), Uniform(0, 100)])
def test_first_come_without_events_gives_the_log_of_decide(patience, handle):
    """One pool, first come first served: no event is needed to know what `decide()` would do."""
    kind = ConversationType("k", arrivals=PoissonArrivals(0.09), handle_time=handle, patience=patience)
    scenario = Scenario(kind, AgentGroup("g", size=4), 900.0)
    staff, day = Staff.of(scenario), Day.of(scenario, Streams(5, 0))
    started, holder = first_come(day.arrived, day.deadline, day.talk[0], 4)
    course, _ = run(scenario, longest_idle(), 5, by_lane=False)

    assert np.array_equal(started, np.array(course.started), equal_nan=True)
    assert holder.tolist() == course.holder
    assert len(staff.roster) == 4


def test_first_come_says_when_order_among_equals_matters():
    """Two agents who get free at the same instant need the order of their names: the path without events gives up."""
    kind = ConversationType(
        "k", arrivals=BatchArrivals(PoissonArrivals(0.01), (4,), (1,)), handle_time=Deterministic(100)
    )
    scenario = Scenario(kind, AgentGroup("g", size=2), 2000.0)
    day = Day.of(scenario, Streams(1, 0))

    assert first_come(day.arrived, day.deadline, day.talk[0], 2) is None
    ledger = replicate(scenario, longest_idle(), 1, 0)
    course, _ = run(scenario, longest_idle(), 1, by_lane=False)
    assert ledger.agent.codes.tolist() == course.holder


@pytest.mark.parametrize(
    "policy",
    [
        evolve(best_match(), option=0.5, max_hold_time=60.0),
        evolve(best_match(), price=1.0),
        evolve(best_match(), terms=(Achievement(), Idle())),
        evolve(best_match(), terms=(Achievement(), Weighted(Preferences(), -1.0))),
        evolve(longest_idle(), ties=("random",)),
        evolve(longest_idle(), tiers=(("available",), ("away",))),
        evolve(longest_idle(), rules=longest_idle().rules[1:]),
    ],
)
def test_no_lane_where_one_event_may_change_more_than_a_row_or_a_column(policy):
    """Options, pairs below zero, terms that change with time, random ties and tiers are left to `decide()`."""
    scenario = Scenario.from_rates(0.1, 0.01, None, 3)
    kind = evolve(scenario.conversation_types[0], prefers={"type-1": 2.0})
    template = kind.conversation("any", arrived_at=0.0)

    assert compile_lane(policy, Staff.of(scenario).roster, [template], [], []) is None


@pytest.mark.parametrize(
    "capacity", [{"units": 6, "costs": {"voice": 6, "chat": 2}}, {"units": 2, "caps": {"chat": 1}}]
)
def test_no_lane_where_conversations_cost_an_agent_differently(capacity):
    """Mixed costs and caps are left to `decide()`."""
    from routematch.model import Capacity

    kinds = [ConversationType(c, channel=c, handle_time=Exponential(9.0)) for c in ("voice", "chat")]
    scenario = Scenario(kinds, AgentGroup("g", capacity=Capacity(**capacity)), 10.0)
    templates = [kind.conversation("any", arrived_at=0.0) for kind in kinds]

    assert compile_lane(longest_idle(), Staff.of(scenario).roster, templates, [], []) is None


def test_which_lane_is_given():
    """Order alone needs the index lane, graded values the row lane."""
    scenario = Scenario.from_rates([0.1, 0.1], 0.01, None, [2, 2], [[1.0, 0.5], [0.6, 1.0]])
    roster = Staff.of(scenario).roster
    templates = [kind.conversation("any", arrived_at=0.0) for kind in scenario.conversation_types]

    assert compile_lane(longest_idle(), roster, templates, [], []).name == "index"
    assert compile_lane(best_match(), roster, templates, [], []).name == "row"
    loads = evolve(longest_idle(), terms=(Served(), Spare()))
    assert compile_lane(loads, roster, templates, [], []).name == "index"


def test_agents_idle_since_the_same_instant_are_taken_by_name():
    """A lane is told of events in any order within an instant; names decide, as `decide()` has it."""
    scenario = Scenario.from_rates(0.1, 0.01, None, 4)
    template = scenario.conversation_types[0].conversation("any", arrived_at=0.0)
    arrived, deadline = [float(c) for c in range(8)], [np.inf] * 8
    for policy in (longest_idle(), best_match()):
        lane = compile_lane(policy, Staff.of(scenario).roster, [template], arrived, deadline)
        (request,), _ = lane.request(template)
        for agent in range(4):
            lane.enter(agent, 0.0, 0)
        assert [lane.arrive(c, request, float(c)) for c in range(4)] == [0, 1, 2, 3]
        for agent in (2, 0, 3, 1):
            assert lane.free(agent, 10.0) == -1
        assert [lane.arrive(c, request, 10.0) for c in range(4, 8)] == [0, 1, 2, 3]


def test_who_has_left_is_passed_over_and_who_is_away_gets_nothing():
    """A router marks those who left in the list of deadlines, and tells a lane who goes."""
    scenario = Scenario.from_rates(0.1, 0.01, None, 2)
    template = scenario.conversation_types[0].conversation("any", arrived_at=0.0)
    arrived, deadline = [0.0, 1.0, 2.0, 3.0], [np.inf] * 4
    for policy in (longest_idle(), best_match()):
        lane = compile_lane(policy, Staff.of(scenario).roster, [template], arrived, deadline)
        (request,), _ = lane.request(template)
        lane.enter(0, 0.0, 0)
        assert lane.arrive(0, request, 0.0) == 0
        assert [lane.arrive(c, request, float(c)) for c in (1, 2, 3)] == [-1, -1, -1]
        deadline[1] = -np.inf
        assert lane.free(0, 5.0) == 2
        lane.leave(0)
        lane.enter(1, 6.0, 0)
        assert lane.offer(1, 6.0) == 3
        assert lane.offer(1, 6.0) == -1
        deadline[1] = np.inf


def priority_scenario(seed: int, *, handle: object = Exponential(50.0)) -> Scenario:
    """Return two types, agents for each and for both; one type goes first."""
    chance = np.random.default_rng(seed)
    kinds = [
        ConversationType(
            name,
            name,
            arrivals=PoissonArrivals(float(chance.uniform(0.04, 0.08))),
            handle_time=handle,
            wrap_up=Exponential(5.0) if chance.random() < 0.5 else None,
            patience=Exponential(float(chance.uniform(10, 60))) if chance.random() < 0.7 else None,
            priority=float(name == "A"),
        )
        for name in "AB"
    ]
    skills = [{"A": 1.0}, {"B": 1.0}, {"A": 1.0, "B": 1.0}]
    groups = [AgentGroup(f"g{j}", held, int(chance.integers(1, 4))) for j, held in enumerate(skills)]
    return Scenario(kinds, groups, 900.0)


@pytest.mark.parametrize("seed", range(8))
def test_pools_give_the_log_of_decide(seed):
    """Counting agents of few pools instead of following each gives the log of `decide()`, names included."""
    scenario, policy = priority_scenario(seed), evolve(PRESETS["least_versatile_first"](), strict_priority=True)
    staff, day = Staff.of(scenario), Day.of(scenario, Streams(seed, 0))
    templates = [kind.conversation("any", arrived_at=0.0) for kind in scenario.conversation_types]
    pools = Pools.of(compile_lane(policy, staff.roster, templates, [], []))
    started, holder = run_pools(pools, day.arrived, day.deadline, day.kind.astype(np.int64), day.talk[0] + day.wrap_up)
    course, _ = run(scenario, policy, seed, by_lane=False)

    assert len(pools.agents) == 3
    assert np.array_equal(started, np.array(course.started), equal_nan=True)
    assert holder.tolist() == course.holder


def test_pools_say_when_order_among_equals_matters():
    """Agents who get free at the same instant need the order of their names: the next loop runs."""
    scenario = priority_scenario(1, handle=Deterministic(50.0))
    batches = BatchArrivals(PoissonArrivals(0.02), (3,), (1,))
    kinds = [evolve(kind, arrivals=batches, wrap_up=None) for kind in scenario.conversation_types]
    scenario, policy = evolve(scenario, conversation_types=kinds), PRESETS["least_versatile_first"]()
    policy = evolve(policy, strict_priority=True)
    day = Day.of(scenario, Streams(1, 0))
    templates = [kind.conversation("any", arrived_at=0.0) for kind in scenario.conversation_types]
    pools = Pools.of(compile_lane(policy, Staff.of(scenario).roster, templates, [], []))

    assert run_pools(pools, day.arrived, day.deadline, day.kind.astype(np.int64), day.talk[0]) is None
    course, _ = run(scenario, policy, 1, by_lane=False)
    assert replicate(scenario, policy, 1, 0).agent.codes.tolist() == course.holder


def test_no_pools_where_age_decides_between_queues():
    """Without strict priorities agents of both types take the oldest of two queues: the lane runs."""
    scenario = priority_scenario(1)
    templates = [evolve(k, priority=0).conversation("any", arrived_at=0.0) for k in scenario.conversation_types]
    lane = compile_lane(longest_idle(), Staff.of(scenario).roster, templates, [], [])

    assert lane.name == "index"
    assert Pools.of(lane) is None
