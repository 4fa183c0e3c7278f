"""Chance belongs to the conversation: the same days for every policy, the same bytes for every executor."""

from __future__ import annotations

import sys
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve

from routematch.distributions import Exponential, PoissonArrivals
from routematch.errors import InvalidInputError
from routematch.metrics.intervals import until
from routematch.policies import best_match, least_loaded, longest_idle
from routematch.simulation import AgentGroup, ConversationType, Scenario, simulate
from routematch.simulation.day import Day
from routematch.simulation.streams import Streams, luck

sys.path.insert(0, str(Path(__file__).parent))
from random_scenarios import random_scenario

OFFICE = Scenario.from_rates([0.1, 0.05], 0.02, 0.01, [4, 3], [[1, 0.5], [0.7, 1]], horizon=900.0, seed=4)


def same(first, second) -> bool:
    """Whether two results hold the same bytes."""
    return all(
        mine.answered_at.tobytes() == theirs.answered_at.tobytes()
        and mine.ended_at.tobytes() == theirs.ended_at.tobytes()
        and mine.agent.codes.tobytes() == theirs.agent.codes.tobytes()
        and mine.value.tobytes() == theirs.value.tobytes()
        for mine, theirs in zip(first.ledgers, second.ledgers, strict=True)
    )


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not():
    """A result is a function of scenario, policy and seed."""
    assert same(simulate(OFFICE, replications=3), simulate(OFFICE, seed=4, replications=3))
    assert not same(simulate(OFFICE, replications=3), simulate(OFFICE, seed=5, replications=3))


def test_replications_are_different_days():
    """Each replication draws its own day, the same whatever the number of replications."""
    three = simulate(OFFICE, replications=3)

    assert not np.array_equal(three.ledgers[0].arrived_at, three.ledgers[1].arrived_at)
    assert np.array_equal(three.ledgers[1].answered_at, simulate(OFFICE, replications=2).ledgers[1].answered_at, True)


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_gives_the_same_bytes(workers):
    """Where replications run changes nothing."""
    here = simulate(OFFICE, replications=4)
    with ThreadPoolExecutor(workers) as pool:
        assert same(simulate(OFFICE, replications=4, executor=pool), here)
    assert same(simulate(OFFICE, replications=4, executor=lambda: ThreadPoolExecutor(workers)), here)


def test_processes_give_the_same_bytes():
    """Other processes draw the same days."""
    with ProcessPoolExecutor(1) as pool:
        assert same(simulate(OFFICE, replications=2, executor=pool), simulate(OFFICE, replications=2))


class Breaking(Executor):
    """A pool that breaks after some calls, as one whose process was killed."""

    made = 0

    def __init__(self, calls: int) -> None:
        type(self).made += 1
        self.calls = calls

    def submit(self, function, /, *arguments, **named):
        future: Future[object] = Future()
        self.calls -= 1
        if self.calls == -2:
            raise BrokenProcessPool
        if self.calls < 0:
            future.set_exception(BrokenProcessPool())
        else:
            future.set_result(function(*arguments, **named))
        return future


def test_a_broken_pool_is_replaced_and_the_numbers_stay():
    """What a broken pool leaves undone runs in a new one, with identical numbers."""
    Breaking.made = 0

    found = simulate(OFFICE, replications=5, executor=lambda: Breaking(2))

    assert Breaking.made == 3
    assert same(found, simulate(OFFICE, replications=5))


def test_a_broken_pool_that_cannot_be_replaced_leaves_the_rest_to_this_process():
    """An executor that was passed in is not made again."""
    assert same(simulate(OFFICE, replications=5, executor=Breaking(1)), simulate(OFFICE, replications=5))


def test_what_is_wrong_in_a_replication_is_told_and_not_tried_again():
    """Only a broken pool is replaced: an error of the run itself comes out."""

    class Wrong:
        def on_arrival(self, view, conversation):
            raise KeyError(conversation)

    with ThreadPoolExecutor(1) as pool, pytest.raises(KeyError):
        simulate(OFFICE, Wrong(), executor=pool)


@pytest.mark.parametrize("seed", range(6))
def test_every_policy_faces_the_same_day(seed):
    """Arrivals are the same bit by bit, and so are patience and handle times of those who show them."""
    scenario = random_scenario(seed)
    scenario = evolve(scenario, agent_groups=[evolve(group, speed=1.0) for group in scenario.agent_groups])
    first, second = (simulate(scenario, policy(), seed=seed).ledgers[0] for policy in (longest_idle, best_match))
    gave_up = np.isnan(first.answered_at) & np.isnan(second.answered_at)

    assert np.array_equal(first.arrived_at, second.arrived_at)
    assert np.array_equal(first.ended_at[gave_up], second.ended_at[gave_up], equal_nan=True)
    alike = first.agent_group.codes == second.agent_group.codes
    assert np.array_equal(first.handle_time[alike], second.handle_time[alike], equal_nan=True)


def test_another_type_leaves_the_days_of_the_others_as_they_are():
    """Streams are keyed by name: a new type changes nobody else's arrivals."""
    kinds = [ConversationType(name, arrivals=PoissonArrivals(0.1), handle_time=Exponential(9.0)) for name in "abc"]
    group = AgentGroup("g")
    two, three = (Day.of(Scenario(some, group, 500.0), Streams(1, 0)) for some in (kinds[:2], kinds))

    for kind in range(2):
        assert np.array_equal(two.arrived[two.kind == kind], three.arrived[three.kind == kind])
        assert np.array_equal(two.talk[0][two.kind == kind], three.talk[0][three.kind == kind])
    assert len({tuple(three.arrived[three.kind == kind][:3]) for kind in range(3)}) == 3


def test_a_group_with_its_own_handle_time_brings_the_same_luck():
    """A long conversation is long with every group: handle times by group are quantiles of one number."""
    kind = ConversationType(
        "k",
        arrivals=PoissonArrivals(0.5),
        handle_time=Exponential(10.0),
        handle_time_by_group={"slow": Exponential(30.0)},
    )
    day = Day.of(Scenario(kind, [AgentGroup("g"), AgentGroup("slow")], 500.0), Streams(1, 0))

    assert np.allclose(day.talk[1], 3 * day.talk[0])


def test_luck_is_spread_evenly_and_depends_on_everything():
    """The hash behind later legs is uniform (chance of alarm 1 in 10,000) and changes with each argument."""
    key = Streams(3, 1).key("transfer", "billing")
    drawn = np.array([luck(key, number, leg) for number in range(2000) for leg in range(3)])
    counts = np.bincount((drawn * 20).astype(int), minlength=20)

    assert ((counts - 300.0) ** 2 / 300.0).sum() < 50.8  # chi square with 19 degrees of freedom
    assert len(set(drawn.tolist())) == len(drawn)
    others = [Streams(4, 1).key("transfer", "billing"), Streams(3, 2).key("transfer", "billing")]
    others += [Streams(3, 1).key("repeat", "billing"), Streams(3, 1).key("transfer", "sales")]
    assert len({key, *others}) == 5


def test_arguments_are_checked_together():
    """All that is wrong with the arguments is told at once, with a hint where a preset was meant."""
    with pytest.raises(InvalidInputError) as caught:
        simulate("office", "longest_idle", seed=-1, replications=0, executor=3)

    assert len(caught.value.faults) == 5
    assert "policies.longest_idle()" in str(caught.value)
    with pytest.raises(InvalidInputError, match=r"policies\.best_match"):
        simulate(OFFICE, best_match)


def test_comparing_other_days_is_refused():
    """Differences are between policies on the same days, or not at all."""
    first = simulate(OFFICE, longest_idle(), replications=2)
    with pytest.raises(InvalidInputError, match="same seed"):
        first.compare(simulate(OFFICE, least_loaded(), seed=9, replications=3))


def test_a_comparison_pairs_days_and_conversations():
    """The same days under two policies: differences by measure, and what changed for each conversation."""
    first = simulate(OFFICE, longest_idle(), replications=6)
    second = simulate(OFFICE, best_match(), replications=6)
    compared = first.compare(second, ["mean_wait", "value"])

    assert compared["mean_wait"].change.mean == pytest.approx(
        float(np.mean(second.values("mean_wait") - first.values("mean_wait")))
    )
    assert compared["value"].change.mean > 0
    assert len(compared.conversations().change) == len(first.ledgers[0])
    assert len(compared.table().rows) == 2


def test_a_result_can_be_looked_at_by_group_and_as_columns():
    """Columns of all replications, numbers by type and group."""
    found = simulate(OFFICE, longest_idle(), replications=3)
    columns = found.conversations

    assert len(columns["replication"]) == sum(map(len, found.ledgers)) == len(columns["waited"])
    assert found.by("conversation_type", ["mean_wait"]).values.shape == (1, 2)
    assert {row[0] for row in found.summary(["occupancy", "abandonment"]).rows} == {"Occupancy", "Abandonment"}
    assert len(found.tables()) >= 3


def test_warm_up_is_left_out_of_all_measures():
    """What arrived in the warm-up is in no ledger, and the window begins after it."""
    scenario = evolve(OFFICE, warm_up=300.0, start_at=1_000_000.0)
    ledger = simulate(scenario, longest_idle()).ledgers[0]

    assert ledger.window == (1_000_300.0, 1_000_900.0)
    assert ledger.arrived_at.min() >= 1_000_300.0


def test_replications_go_on_until_a_measure_is_precise_enough():
    """Sequential stopping: the same days as without it, and an interval as short as wanted."""
    found = simulate(OFFICE, seed=7, replications=4, until=until({"service_level": 0.05}))
    interval = found.measure("service_level")

    assert len(found) >= 10
    assert interval.half_width <= 0.05
    assert same(found, simulate(OFFICE, seed=7, replications=len(found)))
    with pytest.raises(InvalidInputError, match=r"metrics\.until"):
        simulate(OFFICE, until=0.05)
