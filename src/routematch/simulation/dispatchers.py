"""Who decides in a run: `decide()` itself over all who wait and all who have room, or a lane of the policy."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, nextafter
from typing import Any, Protocol

import numpy as np
from attrs import evolve

from routematch.model import Conversation, Estimates, Queue
from routematch.model.agents import LABEL_PREFIX
from routematch.policies import Policy
from routematch.routing.code import CodePolicy, decide_by_code, measure_of
from routematch.routing.decide import decide
from routematch.routing.lanes import Lane
from routematch.routing.memory import advanced, generator_of
from routematch.routing.review import review_instants
from routematch.simulation.course import WAITING, Course
from routematch.simulation.staff import Staff
from routematch.state import THOUSANDTHS, Backlog, Problem, Roster, Trace
from routematch.state.columns import column

__all__ = ["DecidingDispatcher", "Dispatcher", "LaneDispatcher"]

#: How soon a review may follow another, in seconds: where bounds are crude, a run would never end.
_SHORTEST = 1.0

#: A conversation and the agent who gets it.
Pair = tuple[int, int]
#: What an agent has in hand: templates, and when talk and wrap-up end, by conversation and leg.
Running = dict[tuple[int, int], tuple[Conversation, float, float]]


class Dispatcher(Protocol):
    """What the full loop asks after each event. All answers are pairs of conversation and agent numbers."""

    def arrive(self, conversation: int, now: float) -> list[Pair]:
        """Take in a conversation that begins to wait."""
        ...

    def change(self, conversation: int, now: float) -> list[Pair]:
        """Look again at a waiting conversation that came to a step of relaxation."""
        ...

    def free(self, agent: int, now: float) -> list[Pair]:
        """Take note that an agent finished one conversation."""
        ...

    def enter(self, agent: int, now: float) -> list[Pair]:
        """Take in an agent."""
        ...

    def leave(self, agent: int) -> None:
        """Let an agent go."""
        ...

    def wake(self, now: float) -> list[Pair]:
        """Look again, at the instant that `wake_at` named."""
        ...

    @property
    def wake_at(self) -> float:
        """When to ask again if nothing happens; infinity: never."""
        ...

    def steps(self, conversation: int) -> tuple[float, ...]:
        """Return the waiting times at which what a conversation asks for changes."""
        ...


class LaneDispatcher:
    """A lane, asked event by event."""

    wake_at = inf

    def __init__(self, lane: Lane, course: Course, running: list[Running]) -> None:
        self._lane, self._course, self._running = lane, course, running
        self._known: dict[int, tuple[tuple[int, ...], tuple[float, ...]]] = {}
        self._asked: dict[int, int] = {}

    def _request(self, conversation: int) -> tuple[tuple[int, ...], tuple[float, ...]]:
        template = self._course.template(conversation)
        known = self._known.get(id(template))
        if known is None:
            known = self._known[id(template)] = self._lane.request(template)
        return known

    def steps(self, conversation: int) -> tuple[float, ...]:
        """Return the waiting times at which what a conversation asks for changes."""
        return self._request(conversation)[1]

    def arrive(self, conversation: int, now: float) -> list[Pair]:
        """Ask the lane."""
        numbers, steps = self._request(conversation)
        request = self._asked[conversation] = numbers[self._course.stage(steps, conversation, now)]
        return _pairs(conversation, self._lane.arrive(conversation, request, now))

    def change(self, conversation: int, now: float) -> list[Pair]:
        """Move it to its new request."""
        numbers, steps = self._request(conversation)
        before, request = self._asked[conversation], numbers[self._course.stage(steps, conversation, now)]
        self._asked[conversation] = request
        return _pairs(conversation, self._lane.change(conversation, before, request, now))

    def free(self, agent: int, now: float) -> list[Pair]:
        """Ask the lane."""
        return _pairs(self._lane.free(agent, now), agent)

    def enter(self, agent: int, now: float) -> list[Pair]:
        """Offer until the agent is full or nobody waits."""
        self._lane.enter(agent, now, len(self._running[agent]))
        taken = []
        while (conversation := self._lane.offer(agent, now)) >= 0:
            taken.append((conversation, agent))
        return taken

    def leave(self, agent: int) -> None:
        """Tell the lane."""
        self._lane.leave(agent)

    def wake(self, now: float) -> list[Pair]:  # noqa: ARG002 - the contract
        """Never asked."""
        return []


def _pairs(conversation: int, agent: int) -> list[Pair]:
    return [(conversation, agent)] if conversation >= 0 and agent >= 0 else []


class DecidingDispatcher:
    """`decide()` (or code, as `route` runs it) over everybody, after every event: the definition.

    Parameters
    ----------
    policy : Policy or code
    course : Course
    staff : Staff
    running : list of dict
        What each agent has in hand, kept by the loop.
    queues : mapping from id to Queue
    seed : int
    estimates : Estimates, optional
    """

    def __init__(
        self,
        policy: Policy | CodePolicy,
        course: Course,
        staff: Staff,
        running: list[Running],
        *,
        queues: Mapping[str, Queue],
        seed: int,
        estimates: Estimates | None = None,
    ) -> None:
        self._policy, self._course, self._staff, self._running = policy, course, staff, running
        self._measure = policy if isinstance(policy, Policy) else measure_of(policy)
        self._queues, self._seed, self._estimates = queues, seed, estimates or Estimates()
        self._there = [False] * len(running)
        self._since = [-inf] * len(running)
        self._waiting: dict[int, None] = {}
        self._stage: dict[int, int] = {}
        self._memory: dict[str, Any] = {}
        self._steps: dict[int, tuple[float, ...]] = {}
        self.wake_at = inf

    def steps(self, conversation: int) -> tuple[float, ...]:
        """Return the waiting times at which what a conversation asks for changes."""
        template = self._course.template(conversation)
        if id(template) not in self._steps:
            backlog = Backlog.of([template], now=0.0, queues=self._queues)
            self._steps[id(template)] = tuple(step for step in backlog.steps_of(0) if step > 0)
        return self._steps[id(template)]

    def arrive(self, conversation: int, now: float) -> list[Pair]:
        """Decide with one more."""
        self._waiting[conversation] = None
        self._stage[conversation] = self._course.stage(self.steps(conversation), conversation, now)
        return self._decide(now)

    def change(self, conversation: int, now: float) -> list[Pair]:
        """Decide again."""
        self._stage[conversation] = self._course.stage(self.steps(conversation), conversation, now)
        return self._decide(now)

    def free(self, agent: int, now: float) -> list[Pair]:
        """Decide with one more who has room."""
        self._since[agent] = now
        return self._decide(now)

    def enter(self, agent: int, now: float) -> list[Pair]:
        """Decide with one more who is there."""
        self._there[agent], self._since[agent] = True, now
        return self._decide(now)

    def leave(self, agent: int) -> None:
        """Note who is gone."""
        self._there[agent] = False

    def wake(self, now: float) -> list[Pair]:
        """Decide again."""
        return self._decide(now)

    # --- one decision -------------------------------------------------------------------------------------------------

    def _decide(self, now: float) -> list[Pair]:
        course = self._course
        gone = [c for c in self._waiting if course.state[c] != WAITING or course.deadline[c] < now]
        for conversation in gone:
            del self._waiting[conversation]
        self.wake_at = inf
        if not self._waiting:
            return []
        problem = self._problem(now)
        generator = generator_of(self._seed, self._memory)
        if isinstance(self._policy, Policy):
            trace = decide(problem, self._policy, generator)
            self.wake_at = self._next_review(trace, now)
        else:
            trace, wake_at = decide_by_code(problem, self._policy, generator)
            self.wake_at = inf if wake_at is None else max(wake_at, now)
        self._memory = advanced(self._memory, trace)
        return [
            (int(trace.problem.backlog.ids[row]), int(trace.agent_of[row]))
            for row in np.flatnonzero(trace.agent_of >= 0).tolist()
        ]

    def _next_review(self, trace: Trace, now: float) -> float:
        usable = trace.value > -inf
        if (trace.option <= 0).all() and (trace.value[usable] >= 0).all():
            return inf  # nobody is held back: only an event changes anything
        instants = review_instants(trace)
        return max(float(instants.min(initial=inf)), now + _SHORTEST)

    def _problem(self, now: float) -> Problem:
        course = self._course
        waiting = []
        for conversation in self._waiting:
            template, arrived_at = course.template(conversation), course.arrived[conversation]
            due_at = None if template.due_at is None else arrived_at + template.due_at
            arrived_at = self._as_if_arrived(conversation, now)
            waiting.append(evolve(template, id=f"{conversation:012d}", arrived_at=arrived_at, due_at=due_at))
        backlog = Backlog.of(waiting, now=now, queues=self._queues, looks_at=self._measure.looks_at)
        return Problem(
            now, backlog, self._roster(), self._measure.settings, self._estimates, self._memory, self._queues
        )

    def _as_if_arrived(self, conversation: int, now: float) -> float:
        """Return when it arrived; a moment later while a step of this very instant is still to be taken.

        Events at one instant are taken one after the other, and `decide()` must not see those to come.
        """
        arrived_at: float = self._course.arrived[conversation]
        steps = self.steps(conversation)
        taken = self._stage[conversation]
        if taken < len(steps):
            while now - arrived_at >= steps[taken]:
                arrived_at = nextafter(arrived_at, inf)
        return arrived_at

    def _roster(self) -> Roster:
        """Return the roster as it is now."""
        roster = self._staff.roster
        if roster.capped_names:
            return self._roster_of_agents()
        costs = [self._cost_of(position) for position in range(len(roster))]
        return evolve(
            roster,
            used=column([sum(entries) for entries in costs], np.int64),
            count=column([len(entries) for entries in costs], np.float64),
            idle_since=column(self._since, np.float64),
            presences=("available", "offline"),
            presence_of=column([0 if there else 1 for there in self._there], np.intp),
        )

    def _cost_of(self, position: int) -> list[int]:
        """Return what each running conversation costs an agent, in thousandths of a unit."""
        capacity = self._staff.roster.agents[position].capacity
        running = self._running[position].values()
        return [round(capacity.cost(template.channel) * THOUSANDTHS) for template, _, _ in running]

    def _roster_of_agents(self) -> Roster:
        """Return the roster agent by agent, since caps count conversations by channel and label."""
        agents = []
        for position, agent in enumerate(self._staff.roster.agents):
            load: dict[str, int] = {}
            for template, _, _ in self._running[position].values():
                for name in (template.channel, *(LABEL_PREFIX + label for label in template.labels)):
                    load[name] = load.get(name, 0) + 1
            since = self._since[position]
            agents.append(
                evolve(
                    agent,
                    load=load,
                    presence="available" if self._there[position] else "offline",
                    idle_since=None if since == -inf else since,
                )
            )
        return Roster.of(agents)
