"""A run may start from a live router, and a policy may know what was learned."""

from __future__ import annotations

import json

import numpy as np
import pytest
from attrs import evolve

from routematch.distributions import Deterministic, PoissonArrivals
from routematch.errors import CorruptRecordError, InvalidInputError
from routematch.model import Agent, Conversation, Estimate, Estimates
from routematch.policies import Weighted, best_match
from routematch.router import Router
from routematch.routing.lanes import compile_lane
from routematch.simulation import AgentGroup, ConversationType, Scenario, simulate
from routematch.simulation.course import Course
from routematch.simulation.day import Day
from routematch.simulation.dispatchers import DecidingDispatcher
from routematch.simulation.full_loop import FullLoop
from routematch.simulation.replication import replicate
from routematch.simulation.staff import Staff
from routematch.simulation.streams import Streams
from routematch.terms import HandleTime


def scene(rate: float = 0.02) -> Scenario:
    """Return a scenario of one type and two agents."""
    kind = ConversationType("bills", {"a": 0.5}, arrivals=PoissonArrivals(rate), handle_time=Deterministic(50.0))
    return Scenario(kind, AgentGroup("g", {"a": 1.0}, 2), 600.0)


def snapshot_of_three() -> dict[str, object]:
    """Return a router's snapshot: one agent has a conversation for 20 s, two more have waited for 23 and 22 s."""
    router = Router([Agent("g-1", {"a": 1.0})])
    router.set_presence("g-1", "available", now=100.0)
    for number in range(3):
        at = 101.0 + number
        router.enqueue(Conversation(f"c{number}", {"a": 0.5}, arrived_at=at), now=at)
    router.dispatch(now=105.0)
    router.set_presence("g-1", "available", now=125.0)
    return json.loads(json.dumps(router.snapshot()))


def test_conversations_open_and_waiting_in_the_router_are_there_at_the_start():
    """Each keeps its age, the one with an agent also the agent and what is left of its work."""
    scenario = scene().started_from(snapshot_of_three())
    now = scenario.start_at
    ledger = replicate(scenario, best_match(), 1, 0)
    there = ledger.select(ledger.arrived_at < now)

    assert now == snapshot_of_three()["now"]
    assert there.arrived_at.tolist() == [101.0, 102.0, 103.0]
    assert there.answered_at.tolist() == [105.0, now, 155.0]
    assert there.ended_at.tolist() == [155.0, now + 50.0, 205.0]
    assert there.agent.names[there.agent.codes[0]] == "g-1"
    assert len(simulate(scenario, seed=1).ledgers[0]) == len(ledger) - 3


def test_everything_that_does_not_fit_is_named():
    """Types and agents that the scenario does not know are listed together, unless the type is told."""
    snapshot = snapshot_of_three()
    other = evolve(scene(), conversation_types=ConversationType("x", {"a": 0.9}, handle_time=Deterministic(50.0)))
    strangers = evolve(scene(), agent_groups=AgentGroup("h", {"a": 1.0}))

    with pytest.raises(InvalidInputError) as caught:
        other.started_from(snapshot)
    assert str(caught.value).count("one of the scenario's types") == 3
    with pytest.raises(InvalidInputError, match="an agent of the scenario"):
        strangers.started_from(snapshot)
    assert len(other.started_from(snapshot, type_of=lambda _: "x").initial) == 3
    with pytest.raises(CorruptRecordError):
        scene().started_from({"schema": "something"})


def test_estimates_reach_terms_and_lanes():
    """Who is known to be fast gets the work, by lane and by `decide()` alike."""
    policy = evolve(best_match(), terms=(Weighted(HandleTime(), 1.0),), price=0.0)
    known = Estimates(handle_time={"g-1": {"a": Estimate(500.0, 99)}, "g-2": {"a": Estimate(20.0, 99)}})
    scenario = scene(0.01)
    plain, told = (simulate(scenario, policy, seed=3, estimates=each).ledgers[0] for each in (None, known))
    share = [float(np.mean(ledger.agent.codes == 1)) for ledger in (plain, told)]
    assert share[1] > share[0] + 0.1

    staff, streams = Staff.of(scenario), Streams(3, 0)
    day = Day.of(scenario, streams)
    template = scenario.conversation_types[0].conversation("any", arrived_at=0.0)
    assert compile_lane(policy, staff.roster, [template], [], [], estimates=known) is not None
    course = Course(scenario, staff, day, streams)
    loop = FullLoop(scenario, staff, day, course, None)
    loop.run(DecidingDispatcher(policy, course, staff, loop.running, queues={}, seed=3, estimates=known))
    assert told.agent.codes.tolist() == course.holder


def test_estimates_must_be_estimates():
    """Anything else is named as a fault."""
    with pytest.raises(InvalidInputError, match="estimates"):
        simulate(scene(), estimates={"ana": 1.0})  # type: ignore[arg-type]
