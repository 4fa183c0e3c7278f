"""One replication of a scenario under a policy: the fastest loop that is exact for it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from routematch.model import Conversation, Estimates
from routematch.policies import Policy
from routematch.routing.code import CodePolicy
from routematch.routing.lanes import IndexLane, compile_lane
from routematch.simulation.course import Course
from routematch.simulation.day import Day
from routematch.simulation.dispatchers import DecidingDispatcher, Dispatcher, LaneDispatcher
from routematch.simulation.first_come import first_come
from routematch.simulation.full_loop import FullLoop
from routematch.simulation.lane_loop import run_lane
from routematch.simulation.pools_loop import Pools, run_pools
from routematch.simulation.record import ledger_of_course, ledger_of_day
from routematch.simulation.scenario import Scenario
from routematch.simulation.staff import Staff
from routematch.simulation.streams import Streams
from routematch.simulation.timeline import Timeline
from routematch.state import Ledger

__all__ = ["replicate"]


def replicate(
    scenario: Scenario,
    policy: Policy | CodePolicy,
    seed: int,
    replication: int,
    *,
    intervals: bool = True,
    estimates: Estimates | None = None,
) -> Ledger:
    """Run one replication.

    Parameters
    ----------
    scenario : Scenario
    policy : Policy or code
    seed, replication : int
        Key all chance.
    intervals : bool
        Whether to keep what agents did when.
    estimates : Estimates, optional
        What the policy knows.

    Returns
    -------
    Ledger
        In POSIX seconds, the warm-up included.
    """
    streams = Streams(seed, replication)
    staff, day = Staff.of(scenario), Day.of(scenario, streams)
    if len(staff.roster) and is_plain(scenario, day):
        ran = _run_plain(scenario, policy, staff, day, estimates)
        if ran is not None:
            started, holder = ran
            return ledger_of_day(scenario, staff, day, started, holder, intervals=intervals)
    course = Course(scenario, staff, day, streams)
    timeline = Timeline(staff) if intervals else None
    loop = FullLoop(scenario, staff, day, course, staff.on_duty(scenario, streams), timeline)
    loop.run(_dispatcher(scenario, policy, staff, course, loop, seed, estimates))
    kept = timeline.intervals(scenario.start_at, scenario.horizon) if timeline is not None else None
    return ledger_of_course(scenario, staff, course, kept)


def is_plain(scenario: Scenario, day: Day) -> bool:
    """Whether each conversation has one agent at most, all agents are always there, and no clock runs but theirs."""
    return (
        scenario.waiting_room is None
        and not scenario.initial
        and not day.refused.any()
        and not any(
            group.shifts
            or group.breaks
            or group.absence_probability
            or group.slow_down
            or any(agent.shifts for agent in group.agents)
            for group in scenario.agent_groups
        )
        and not any(kind.repeat or kind.transfers or kind.bot_first for kind in scenario.conversation_types)
    )


def _templates(scenario: Scenario) -> list[Conversation]:
    return [kind.conversation("any", arrived_at=0.0) for kind in scenario.conversation_types]


def _run_plain(
    scenario: Scenario, policy: Policy | CodePolicy, staff: Staff, day: Day, estimates: Estimates | None
) -> tuple[NDArray[np.float64], NDArray[np.int32]] | None:
    """Return starts and holders; None where there is no lane, or what is asked for changes with waiting."""
    arrived: list[float] = []
    deadline: list[float] = []
    queues = {queue.id: queue for queue in scenario.queues}
    templates = _templates(scenario)
    lane = compile_lane(policy, staff.roster, templates, arrived, deadline, queues=queues, estimates=estimates)
    if lane is None:
        return None
    requests = [lane.request(template) for template in templates]
    if any(steps for _, steps in requests):
        return None
    agents = len(staff.roster)
    is_uniform = not staff.law_of.any() and (staff.speed == staff.speed[:1]).all()
    busy = (day.talk[0] + day.wrap_up) / staff.speed[0]
    if isinstance(lane, IndexLane) and is_uniform and lane.serves_everything:
        found = first_come(day.arrived, day.deadline, busy, agents)
        if found is not None:
            return found
    first = np.array([numbers[0] for numbers, _ in requests], np.int64)
    asked = first[day.kind] if len(first) else np.zeros(0, np.int64)
    pools = Pools.of(lane) if isinstance(lane, IndexLane) and is_uniform else None
    if pools is not None:
        found = run_pools(pools, day.arrived, day.deadline, asked, busy)
        if found is not None:
            return found
    arrived += day.arrived.tolist()
    deadline += day.deadline.tolist()
    durations = None if is_uniform else _durations(staff, day)
    started, holder = run_lane(lane, arrived, asked.tolist(), busy.tolist(), agents, durations)
    return np.array(started, np.float64), np.array(holder, np.int32)


def _durations(staff: Staff, day: Day) -> Callable[[int, int], float]:
    """Return how long a conversation keeps an agent, as a function of both."""
    work = (day.talk + day.wrap_up).tolist()
    law_of, speed, kind = staff.law_of.tolist(), staff.speed.tolist(), day.kind.tolist()

    def duration(conversation: int, agent: int) -> float:
        takes: float = work[law_of[kind[conversation]][agent]][conversation] / speed[agent]
        return takes

    return duration


def _dispatcher(
    scenario: Scenario,
    policy: Policy | CodePolicy,
    staff: Staff,
    course: Course,
    loop: FullLoop,
    seed: int,
    estimates: Estimates | None = None,
) -> Dispatcher:
    """Return a lane where one is exact, else `decide()` itself."""
    queues = {queue.id: queue for queue in scenario.queues}
    templates = _templates(scenario)
    if staff.roster.ids and any(kind.repeat and kind.repeat.same_agent for kind in scenario.conversation_types):
        # Pulls towards single agents come later, one by one: a lane that knows order alone will not do.
        templates.append(evolve(templates[0], affinity={staff.roster.ids[0]: 1.0}))
    lane = compile_lane(
        policy, staff.roster, templates, course.arrived, course.deadline, queues=queues, estimates=estimates
    )
    if lane is not None:
        return LaneDispatcher(lane, course, loop.running)
    return DecidingDispatcher(policy, course, staff, loop.running, queues=queues, seed=seed, estimates=estimates)
