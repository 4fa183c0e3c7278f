"""Replay the working days of the help desk: one call of `routematch.route` at every full hour.

This is the part to read first: history becomes agents, open incidents become conversations, and `route` pairs them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import routematch as rm
from history import SERVICE_DESK, WORKING_HOURS, Incident, People, full_hours
from skill_matrix import SkillMatrix, skill_of

__all__ = [
    "AT_LEAST",
    "RELAXED_AFTER",
    "Backlog",
    "Desk",
    "Hour",
    "Routed",
    "backlog",
    "learn",
    "replay",
    "results",
    "routed_in",
]

#: The group must have taken at least this share of such incidents; after four hours any share on record is enough.
AT_LEAST, RELAXED_AFTER = 0.05, timedelta(hours=4)

#: Incidents by the full hour at which they are routed first.
Backlog = dict[datetime, list[Incident]]


class Desk(NamedTuple):
    """The help desk as far as it is known on one day."""

    people: People
    matrix: SkillMatrix


class Routed(NamedTuple):
    """What the replay made of one incident; `group` is None where nobody took it."""

    incident: Incident
    group: str | None = None
    expected: float = 0.0

    @property
    def is_right(self) -> bool:
        """Whether the chosen group is the one that resolved the incident in the end."""
        return self.group == self.incident.resolving_group


class Hour(NamedTuple):
    """One full hour: who waits and what was decided."""

    now: datetime
    waiting: list[Incident]
    agents: list[rm.Agent]
    plan: rm.Plan


def learn(incidents: Sequence[Incident], until: date) -> Desk:
    """Learn from what was resolved before the day `until`, and from nothing else."""
    history = [incident for incident in incidents if incident.resolved_at.date() < until]
    people = People(history, incidents)
    return Desk(people, SkillMatrix(history, people))


def conversations(waiting: Iterable[Incident], at_least: float = AT_LEAST) -> list[rm.Conversation]:
    """Say what each incident asks for."""
    relax = (rm.After(RELAXED_AFTER, at_least=0.0),)
    return [
        rm.Conversation(
            incident.id,
            rm.Requirement(skill_of(incident), at_least, relax),
            channel="task",
            arrived_at=incident.handed_over_at,
        )
        for incident in waiting
    ]


def agents(desk: Desk, waiting: Sequence[Incident], now: datetime, given: dict[str, list[datetime]]) -> list[rm.Agent]:
    """List the people at work: their skills for what waits, and room for a busy day less what they got today."""
    return [
        rm.Agent(
            resolver,
            desk.matrix.skills(resolver, waiting),
            capacity=desk.people.busy_day[resolver],
            load=len(given[resolver]),
            idle_since=max([desk.people.last_resolved_at(resolver, now), *given[resolver][-1:]]),
            attributes={"group": desk.people.group[resolver]},
        )
        for resolver in desk.people.at_work(now)
        if desk.people.group[resolver] != SERVICE_DESK  # it has just given these incidents away
    ]


def backlog(incidents: Iterable[Incident], days: Sequence[date]) -> tuple[Backlog, int]:
    """Sort the incidents of some working days into the full hours at which they are routed first.

    What was handed over at night waits for the morning. What was resolved before its hour is only counted.
    """
    arrivals: Backlog = {hour: [] for day in days for hour in full_hours(day)}
    hours, too_late = list(arrivals), 0
    for incident in incidents:
        position = bisect_left(hours, incident.handed_over_at)
        if incident.handed_over_at.date() < days[0] or position == len(hours):
            continue
        if incident.resolved_at > hours[position]:
            arrivals[hours[position]].append(incident)
        else:
            too_late += 1
    return arrivals, too_late


def replay(
    arrivals: Backlog,
    desk_on: Callable[[date], Desk],
    policy: rm.Policy | None = None,
    at_least: float = AT_LEAST,
) -> Iterator[Hour]:
    """Route hour by hour; who is held waits for the next hour, until the incident was resolved in reality."""
    waiting: list[Incident] = []
    given: dict[str, list[datetime]] = defaultdict(list)
    memory = None
    for number, (now, new) in enumerate(arrivals.items()):
        if now.hour == WORKING_HOURS[0]:
            given.clear()  # a new day, new room
        waiting = [incident for incident in waiting if incident.resolved_at > now] + new
        people = agents(desk_on(now.date()), waiting, now, given)
        plan = rm.route(conversations(waiting, at_least), people, policy=policy, now=now, memory=memory, seed=number)
        yield Hour(now, waiting, people, plan)
        for resolver in plan.pairs().values():
            given[resolver].append(now)
        waiting = [incident for incident in waiting if incident.id in plan.held]
        memory = plan.memory


def routed_in(hour: Hour) -> list[Routed]:
    """Look up the group and the proficiency of each agent chosen in an hour."""
    people, pairs = {agent.id: agent for agent in hour.agents}, hour.plan.pairs()
    chosen = [(incident, people[pairs[incident.id]]) for incident in hour.waiting if incident.id in pairs]
    return [
        Routed(incident, str(agent.attributes["group"]), agent.skills[skill_of(incident)]) for incident, agent in chosen
    ]


def results(arrivals: Backlog, hours: Iterable[Hour]) -> list[Routed]:
    """Collect what became of every incident, in the order in which they were handed over."""
    found = {incident.id: Routed(incident) for new in arrivals.values() for incident in new}
    for hour in hours:
        found.update({routed.incident.id: routed for routed in routed_in(hour)})
    return list(found.values())
