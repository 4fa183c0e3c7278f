"""Every preset does what it says, on cases small enough to see."""

from __future__ import annotations

from typing import Any

import pytest

import routematch as rm
from routematch import policies


def taker(policy: rm.Policy, agents: list[rm.Agent], conversation: rm.Conversation | None = None, **more: Any) -> str:
    """Return who takes a single conversation."""
    return rm.route([conversation or rm.Conversation("c", arrived_at=100.0)], agents, policy=policy, **more).pairs()[
        "c"
    ]


def french(level: float = 0.0) -> rm.Conversation:
    """Return a conversation that asks for French."""
    return rm.Conversation("c", {"french": level}, arrived_at=100.0)


def test_best_match_takes_the_best_then_the_longest_idle() -> None:
    """Expected achievement, preference and affinity decide; ties go to the longest idle."""
    agents = [
        rm.Agent("ana", {"french": 0.5, "wine": 1.0}, idle_since=5),
        rm.Agent("bo", {"french": 0.9}, idle_since=9),
    ]
    assert taker(policies.best_match(), agents, french()) == "bo"
    wish = rm.Conversation("c", "french", prefers={"wine": 0.5})
    assert taker(policies.best_match(), agents, wish) == "ana"
    pull = rm.Conversation("c", "french", prefers={"wine": 0.5}, affinity={"bo": 0.2, "nobody": 9.0})
    assert taker(policies.best_match(), agents, pull) == "bo"
    equals = [rm.Agent("ana", idle_since=50), rm.Agent("bo", idle_since=40)]
    assert taker(policies.best_match(), equals) == "bo"


def test_longest_idle_ignores_skill_beyond_the_gate() -> None:
    """Any agent who fits, the longest idle of them; unknown idle time counts as idle since ever."""
    agents = [rm.Agent("ana", {"french": 1.0}, idle_since=50), rm.Agent("bo", {"french": 0.1}, idle_since=40)]
    assert taker(policies.longest_idle(), agents, french()) == "bo"
    assert taker(policies.longest_idle(), agents, french(0.5)) == "ana"
    assert taker(policies.longest_idle(), [*agents, rm.Agent("zoe", {"french": 0.1})], french()) == "zoe"


def test_longest_idle_serves_one_after_the_other_by_idle_time() -> None:
    """Two conversations go to the two longest idle."""
    agents = [rm.Agent(name, idle_since=at) for name, at in (("ana", 3.0), ("bo", 1.0), ("cy", 2.0))]
    waiting = [rm.Conversation("first", arrived_at=5.0), rm.Conversation("second", arrived_at=6.0)]
    assert rm.route(waiting, agents, policy=policies.longest_idle()).pairs() == {"first": "bo", "second": "cy"}


def test_least_loaded_measures_load_against_capacity_and_weight() -> None:
    """2 of 8 is less loaded than 1 of 2; half a weight counts a load twice; then longest idle."""
    agents = [rm.Agent("ana", capacity=2, load=1), rm.Agent("bo", capacity=8, load=2)]
    assert taker(policies.least_loaded(), agents) == "bo"
    part_time = [rm.Agent("ana", capacity=8, load=2, weight=0.5), rm.Agent("bo", capacity=8, load=3)]
    assert taker(policies.least_loaded(), part_time) == "bo"
    equals = [rm.Agent("ana", capacity=4, load=2, idle_since=9), rm.Agent("bo", capacity=2, load=1, idle_since=5)]
    assert rm.route([rm.Conversation("c")], equals, policy=policies.least_loaded()).assignments


def test_highest_spare_capacity_counts_free_units() -> None:
    """4 free of 10 go before 3 free of 3; then longest idle."""
    agents = [rm.Agent("ana", capacity=3), rm.Agent("bo", capacity=10, load=6)]
    assert taker(policies.highest_spare_capacity(), agents) == "bo"
    equals = [rm.Agent("ana", capacity=3, idle_since=9), rm.Agent("bo", capacity=3, idle_since=5)]
    assert taker(policies.highest_spare_capacity(), equals) == "bo"


def test_fewest_open_then_longest_unassigned() -> None:
    """Counted conversations, not units; equals by their last assignment, then by idle time."""
    agents = [
        rm.Agent("ana", capacity=rm.Capacity(9, costs={"voice": 4}), load={"voice": 1}),
        rm.Agent("bo", capacity=9, load={"chat": 2}),
    ]
    assert taker(policies.fewest_open(), agents) == "ana"
    equals = [rm.Agent("ana", idle_since=1), rm.Agent("bo", idle_since=5)]
    memory = {"assigned_at": {"ana": 90.0, "bo": 80.0}}
    assert taker(policies.fewest_open(), equals, memory=memory) == "bo"
    assert taker(policies.fewest_open(), equals) == "ana"


def test_round_robin_goes_by_turn_alone() -> None:
    """Neither skill nor idle time counts, only whose turn it is."""
    agents = [rm.Agent("ana", {"french": 1.0}, idle_since=1), rm.Agent("bo", {"french": 0.1}, idle_since=9)]
    assert taker(policies.round_robin(), agents, french(), memory={"rotation": "ana"}) == "bo"
    assert taker(policies.round_robin(), agents, french(), memory={"rotation": "bo"}) == "ana"


def test_best_level_takes_the_highest_proficiency() -> None:
    """Preference and affinity do not count; equals by idle time."""
    agents = [rm.Agent("ana", {"french": 0.5}, idle_since=1), rm.Agent("bo", {"french": 0.9}, idle_since=9)]
    pulled = rm.Conversation("c", "french", affinity={"ana": 5.0})
    assert taker(policies.best_level(), agents, pulled) == "bo"
    equals = [rm.Agent("ana", {"french": 0.5}, idle_since=9), rm.Agent("bo", {"french": 0.5}, idle_since=1)]
    assert taker(policies.best_level(), equals, french()) == "bo"


def test_nearest_level_spares_the_over_qualified() -> None:
    """Just good enough goes first, from above; equals by idle time."""
    agents = [rm.Agent("ana", {"french": 1.0}), rm.Agent("bo", {"french": 0.6}), rm.Agent("cy", {"french": 0.3})]
    assert taker(policies.nearest_level(), agents, french(0.5)) == "bo"
    assert taker(policies.nearest_level(), agents, french(0.2)) == "cy"
    assert taker(policies.nearest_level(), agents, french(0.7)) == "ana"


def test_least_versatile_first_keeps_the_versatile_free() -> None:
    """Fewer skills go first; equals by idle time."""
    agents = [rm.Agent("ana", {"french": 1.0, "wine": 0.1}), rm.Agent("bo", {"french": 0.2}, idle_since=50)]
    assert taker(policies.least_versatile_first(), agents, french()) == "bo"
    equals = [rm.Agent("ana", {"french": 1.0}, idle_since=60), rm.Agent("bo", {"french": 0.2}, idle_since=50)]
    assert taker(policies.least_versatile_first(), equals, french()) == "bo"


def test_random_goes_by_the_seed_alone() -> None:
    """Another seed may choose another agent; the same never does."""
    agents = [rm.Agent(f"agent-{n}", idle_since=float(n)) for n in range(5)]
    chosen = [taker(policies.random(), agents, seed=seed) for seed in range(30)]
    assert chosen == [taker(policies.random(), agents, seed=seed) for seed in range(30)]
    assert len(set(chosen)) == 5


def test_fastest_first_takes_who_is_expected_to_finish_first() -> None:
    """Learned handle times decide; without history all are equal and the longest idle takes it."""
    agents = [rm.Agent("ana", idle_since=1), rm.Agent("bo", idle_since=9)]
    estimates = rm.Estimates(handle_time={"ana": {"chat": 400.0}, "bo": {"*": 200.0}})
    assert taker(policies.fastest_first(), agents, estimates=estimates) == "bo"
    assert taker(policies.fastest_first(), agents) == "ana"


def test_first_come_first_served_never_passes_over_the_earlier() -> None:
    """The earlier conversation is served though a later one fits better, but as many as possible are served."""
    agents = [rm.Agent("ana", {"french": 0.1, "wine": 1.0})]
    waiting = [
        rm.Conversation("later", "wine", arrived_at=2.0, priority=50, value=100),
        rm.Conversation("earlier", "french", arrived_at=1.0),
    ]
    assert rm.route(waiting, agents, policy=policies.first_come_first_served()).pairs() == {"earlier": "ana"}
    helpers = [*agents, rm.Agent("bo", {"french": 0.1})]
    plan = rm.route(waiting, helpers, policy=policies.first_come_first_served())
    assert plan.pairs() == {"earlier": "bo", "later": "ana"}


@pytest.mark.parametrize("name", sorted(policies.PRESETS))
def test_every_preset_is_documented_and_named_as_it_is_called(name: str) -> None:
    """A preset's name is its function's, its first line says what it does, and each call gives an equal policy."""
    preset = policies.PRESETS[name]
    assert preset().name == name
    assert preset() == preset()
    assert (preset.__doc__ or "").startswith("Return ")
    assert getattr(policies, name) is preset
