"""Objects to columns: classes and profiles are found, arrays are read-only, everything stands where it belongs."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from attrs import evolve, fields

import routematch as rm
from routematch.state import Backlog, Free, Linear, Monotone, Problem, Roster, Static, Steps, first_change
from routematch.testing.cases import random_case


def test_equal_agents_share_a_profile_and_equal_requests_a_class() -> None:
    """What rules look at makes a profile or a class; load, idle time, value, priority and age do not."""
    agents = [rm.Agent(f"a{n}", {"x": 0.5}, load=n % 2, idle_since=float(n), weight=1 + n) for n in range(20)]
    waiting = [rm.Conversation(f"c{n}", "x", value=n, priority=n, arrived_at=float(n), due_at=9.0) for n in range(20)]
    problem = Problem.of(waiting, agents, now=30.0)
    assert len(problem.roster.profiles) == 1
    assert len(problem.backlog.classes) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"requires": "y"},
        {"channel": "email"},
        {"queue": "q"},
        {"labels": ["vip"]},
        {"prefers": {"x": 1.0}},
    ],
)
def test_what_rules_look_at_makes_another_class(change: dict[str, object]) -> None:
    """Each static field of a request tells classes apart."""
    waiting = [rm.Conversation("c", "x"), evolve(rm.Conversation("d", "x"), **change)]  # type: ignore[arg-type]  # any field
    assert len(Backlog.of(waiting, now=0.0).classes) == 2


def test_attributes_make_classes_only_where_somebody_looks() -> None:
    """A policy that does not look at attributes or customers does not pay for them."""
    waiting = [rm.Conversation(f"c{n}", attributes={"n": n}, customer=f"k{n}") for n in range(5)]
    assert len(Backlog.of(waiting, now=0.0).classes) == 1
    assert len(Backlog.of(waiting, now=0.0, looks_at=frozenset({"attributes"})).classes) == 5
    assert len(Backlog.of(waiting, now=0.0, looks_at=frozenset({"customer"})).classes) == 5


def test_relaxation_moves_a_conversation_to_another_class() -> None:
    """Stage and next step follow the wait; the class shows what is asked now."""
    asked = rm.Requirement("x", 0.9, relax=(rm.After(10, at_least=0.5), rm.After(30, drop=True)))
    waiting = [rm.Conversation(f"c{n}", asked, arrived_at=100.0 - 10 * n) for n in range(5)]
    backlog = Backlog.of(waiting, now=100.0)
    by_id = dict(zip(backlog.ids, zip(backlog.stage.tolist(), backlog.next_step_at.tolist(), strict=True), strict=True))
    assert by_id == {"c0": (0, 110.0), "c1": (1, 120.0), "c2": (1, 110.0), "c3": (2, math.inf), "c4": (2, math.inf)}
    assert len(backlog.classes) == 3


def test_columns_are_read_only() -> None:
    """No rule, term or user can change a decision's input."""
    problem = Problem.of([rm.Conversation("c")], [rm.Agent("ana", {"x": 0.5})], now=0.0)
    for holder in (problem.backlog, problem.roster):
        for entry in fields(type(holder)):
            value = getattr(holder, entry.name)
            if isinstance(value, np.ndarray):
                with pytest.raises(ValueError, match="read-only"):
                    value[:] = value
    with pytest.raises(ValueError, match="read-only"):
        problem.roster.proficiency("x")[0] = 1.0


def test_columns_are_in_order_of_id_and_of_arrival() -> None:
    """Agents by id, conversations by arrival and id, whatever the order of the input."""
    random = Random(2)
    for _ in range(20):
        case = random_case(random, conversations=8, agents=6)
        problem = Problem.of(case["conversations"], case["agents"], now=case["now"], queues=case["queues"])
        assert list(problem.roster.ids) == sorted(agent.id for agent in case["agents"])
        keys = [(at, name) for at, name in zip(problem.backlog.arrived_at.tolist(), problem.backlog.ids, strict=True)]
        assert keys == sorted(keys)
        assert (problem.backlog.waited >= 0).all()


def test_a_part_is_the_whole_restricted() -> None:
    """`take` of rows and agents keeps every fact about those that are left."""
    random = Random(3)
    for _ in range(20):
        case = random_case(random, conversations=8, agents=6)
        problem = Problem.of(case["conversations"], case["agents"], now=case["now"], queues=case["queues"])
        rows, agents = list(range(0, len(problem.backlog), 2)), list(range(0, len(problem.roster), 3))
        part = problem.take(rows=rows, agents=agents)
        assert part.backlog.ids == tuple(problem.backlog.ids[row] for row in rows)
        assert part.roster.ids == tuple(problem.roster.ids[agent] for agent in agents)
        for name in ("arrived_at", "waited", "value", "priority", "due_at", "stage", "next_step_at"):
            assert getattr(part.backlog, name).tolist() == getattr(problem.backlog, name)[rows].tolist()
        for name in ("units", "used", "count", "idle_since", "weight", "free"):
            assert getattr(part.roster, name).tolist() == getattr(problem.roster, name)[agents].tolist()
        whole = [problem.backlog.classes[number] for number in problem.backlog.class_of[rows]]
        assert [part.backlog.classes[number] for number in part.backlog.class_of] == whole


def test_units_are_whole_thousandths() -> None:
    """Sums of costs are exact: ten times 0.1 is one unit."""
    capacity = rm.Capacity(1.0, costs={"chat": 0.1})
    roster = Roster.of([rm.Agent("ana", capacity=capacity, load={"chat": 7})])
    assert (roster.units.tolist(), roster.used.tolist(), roster.free.tolist()) == ([1000], [700], [300])
    assert roster.cost("chat").tolist() == [100]
    waiting = [rm.Conversation(f"c{n}") for n in range(5)]
    assert len(rm.route(waiting, roster).assignments) == 3


def test_an_encoded_roster_gives_the_same_plans_again_and_again() -> None:
    """What a roster remembers between calls changes no answer."""
    random = Random(5)
    case = random_case(random, conversations=8, agents=6, plain=True)
    roster = Roster.of(case["agents"])
    for _ in range(15):
        other = random_case(random, conversations=8, agents=6, plain=True)
        fresh = rm.route(other["conversations"], case["agents"], now=other["now"])
        assert rm.route(other["conversations"], roster, now=other["now"]).to_dict() == fresh.to_dict()


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (Static(), math.inf),
        (Linear(1.0, spread=2.0), math.inf),
        (Steps([5.0, 20.0, 12.0]), 12.0),
        (Steps(()), math.inf),
        (Monotone(), 10.0),
        (Free(), 10.0),
    ],
)
def test_behaviours_bound_their_next_jump(behaviour: rm.state.Behaviour, expected: float) -> None:
    """Never later than the instant at which an answer can jump; a step at `now` has happened."""
    assert behaviour.next_change(10.0) == expected
    assert first_change([behaviour, Steps((11.0,))], 10.0) == min(expected, 11.0)
    assert first_change([Steps((10.0,))], 10.0) == math.inf
