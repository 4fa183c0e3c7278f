"""The event loop for everything: shifts, wrap-up, transfers, repeat contacts, several conversations at once.

After every event the dispatcher is asked once. Events at the same instant are taken one after the other: agents who go
and come, then those who finish, then steps of relaxation, then arrivals; equals by number.
"""

from __future__ import annotations

from heapq import heappop, heappush
from math import inf, isnan

from routematch.model import Conversation
from routematch.model.instants import first_instant_after
from routematch.simulation.course import HELD, OVER, WAITING, Course
from routematch.simulation.day import Day
from routematch.simulation.dispatchers import Dispatcher, Pair
from routematch.simulation.pace import Key, Pace
from routematch.simulation.scenario import Scenario
from routematch.simulation.staff import Staff
from routematch.simulation.timeline import BUSY, FREE, GONE, WRAPPING, Timeline

__all__ = ["FullLoop"]

# Kinds of events, in their order at the same instant.
WENT, CAME, PACED, TALKED, FREED, STEP, ARRIVAL, GAVE_UP, WAKE = range(9)

#: How long after the last arrival a policy that holds conversations back is still asked again, in seconds.
_AFTERMATH = 86_400.0


class FullLoop:
    """One replication with everything a scenario may ask for.

    Parameters
    ----------
    scenario : Scenario
    staff : Staff
    day : Day
    course : Course
    on_duty : list of list of (start, end), or None
        When each agent works; None: always.
    timeline : Timeline or None
        Keeps what agents do when.

    Attributes
    ----------
    running : list of dict
        Of each agent: template, end of talk and end of wrap-up by conversation and leg.
    """

    def __init__(
        self,
        scenario: Scenario,
        staff: Staff,
        day: Day,
        course: Course,
        on_duty: list[list[tuple[float, float]]] | None,
        timeline: Timeline | None = None,
    ) -> None:
        self._scenario, self._staff, self._course = scenario, staff, course
        self._refused, self._on_duty, self._timeline = day.refused.tolist(), on_duty, timeline
        self._dispatcher: Dispatcher
        agents = len(staff.roster)
        self.running: list[dict[Key, tuple[Conversation, float, float]]] = [{} for _ in range(agents)]
        self._wrapping: set[tuple[int, Key]] = set()
        self._there = [False] * agents
        self._heap: list[tuple[float, int, int, int, int]] = []
        self._crowd: set[int] = set()
        self._speed = staff.speed.tolist()
        self._groups = [staff.groups[number] for number in staff.group_of.tolist()]
        paced = [(agent, group) for agent, group in enumerate(self._groups) if group.slow_down]
        self._pace = {agent: Pace(group.slow_down, group.speed) for agent, group in paced}
        self._number = {kind.name: number for number, kind in enumerate(scenario.conversation_types)}

    def run(self, dispatcher: Dispatcher) -> None:
        """Run from the start until nothing more can happen; the outcome is in `course`."""
        self._dispatcher = dispatcher
        for agent in range(len(self._there)):
            for start, end in [(0.0, inf)] if self._on_duty is None else self._on_duty[agent]:
                heappush(self._heap, (start, CAME, agent, 0, 0))
                if end < inf:
                    heappush(self._heap, (end, WENT, agent, 0, 0))
        self._begin_with_those_present()
        heap, arrived = self._heap, self._course.arrived
        coming, size = 0, len(self._refused)
        while heap or coming < size:
            if coming < size and (not heap or (arrived[coming], ARRIVAL) < heap[0][:2]):
                self._event(arrived[coming], ARRIVAL, coming, 0, 0)
                coming += 1
            else:
                self._event(*heappop(heap))
            wake_at = dispatcher.wake_at
            if wake_at < self._scenario.horizon + _AFTERMATH:
                heappush(heap, (wake_at, WAKE, 0, 0, 0))

    def _begin_with_those_present(self) -> None:
        """Hand conversations to the agents who have them at the start, and let the others wait."""
        course, index = self._course, self._staff.roster.index
        for place, entry in enumerate(self._scenario.initial):
            conversation = course.present(self._number[entry.conversation_type], entry, place)
            if entry.agent is not None:
                course.started[conversation] = -entry.elapsed
                self._begin(conversation, index[entry.agent], 0.0)
        for conversation in range(len(self._refused), len(course)):
            if isnan(course.started[conversation]):
                self._queue(conversation, 0.0, room=None)

    def _event(self, now: float, what: int, first: int, second: int, third: int) -> None:
        if what == FREED:
            self._freed(first, (second, third), now)
        elif what == ARRIVAL:
            self._arrival(first, now)
        elif what == TALKED:
            self._talked(first, (second, third), now)
        elif what == PACED:
            self._paced(first, second, now)
        elif what == STEP:
            self._step(first, second, now)
        elif what == CAME:
            self._came(first, now)
        elif what == WENT:
            self._went(first, now)
        elif what == GAVE_UP:
            self._gave_up(first, now)
        elif self._dispatcher.wake_at <= now:
            self._begin_all(self._dispatcher.wake(now), now)

    # --- waiting ------------------------------------------------------------------------------------------------------

    def _arrival(self, conversation: int, now: float) -> None:
        if conversation < len(self._refused) and self._refused[conversation]:
            self._refuse(conversation, now)
        else:
            self._queue(conversation, now, room=self._scenario.waiting_room)

    def _refuse(self, conversation: int, now: float) -> None:
        course = self._course
        course.state[conversation], course.refused[conversation] = OVER, True
        course.deadline[conversation], course.ended[conversation] = -inf, now

    def _queue(self, conversation: int, now: float, *, room: int | None) -> None:
        """Let a conversation wait, unless it gets an agent at once or there is no room."""
        course = self._course
        course.state[conversation] = WAITING
        self._begin_all(self._dispatcher.arrive(conversation, now), now)
        if course.state[conversation] != WAITING:
            return
        if room is not None and len(self._crowd) >= room:
            self._refuse(conversation, now)
            return
        if self._scenario.waiting_room is not None:
            self._crowd.add(conversation)
            if course.deadline[conversation] < inf:
                heappush(self._heap, (course.deadline[conversation], GAVE_UP, conversation, 0, 0))
        self._await_step(conversation, now)

    def _await_step(self, conversation: int, now: float) -> None:
        steps = self._dispatcher.steps(conversation)
        stage = self._course.stage(steps, conversation, now)
        if stage < len(steps):
            at = first_instant_after(self._course.arrived[conversation], steps[stage])
            heappush(self._heap, (at, STEP, conversation, self._course.leg[conversation], 0))

    def _step(self, conversation: int, leg: int, now: float) -> None:
        course = self._course
        if (
            course.state[conversation] != WAITING
            or course.leg[conversation] != leg
            or course.deadline[conversation] < now
        ):
            return
        self._begin_all(self._dispatcher.change(conversation, now), now)
        if course.state[conversation] == WAITING:
            self._await_step(conversation, now)

    def _gave_up(self, conversation: int, now: float) -> None:
        if self._course.state[conversation] == WAITING and self._course.deadline[conversation] == now:
            self._crowd.discard(conversation)

    # --- agents -------------------------------------------------------------------------------------------------------

    def _begin_all(self, pairs: list[Pair], now: float) -> None:
        for conversation, agent in pairs:
            self._begin(conversation, agent, now)

    def _begin(self, conversation: int, agent: int, now: float) -> None:
        course = self._course
        course.state[conversation], course.holder[conversation] = HELD, agent
        self._crowd.discard(conversation)
        if isnan(course.started[conversation]):
            course.started[conversation] = now
        template, key = course.template(conversation), (conversation, course.leg[conversation])
        talk, wrap_up = course.work(conversation, agent)
        pace, speed = self._pace.get(agent), self._speed[agent]
        if pace is not None:
            pace.begin(key, talk, wrap_up, now)
            self.running[agent][key] = template, inf, inf
            self._repace(agent)
        else:
            talked_at, free_at = now + talk / speed, now + (talk + wrap_up) / speed
            self.running[agent][key] = template, talked_at, free_at
            course.handled[conversation] += (talk + wrap_up) / speed
            course.wrapped[conversation] += wrap_up / speed
            if wrap_up:
                heappush(self._heap, (talked_at, TALKED, agent, *key))
            heappush(self._heap, (free_at, FREED, agent, *key))
        self._mark(agent, now)

    def _talked(self, agent: int, key: Key, now: float) -> None:
        """End a talk: the conversation goes on with somebody else, or is over."""
        if key not in self.running[agent]:
            return
        self._wrapping.add((agent, key))
        self._mark(agent, now)
        course, conversation = self._course, key[0]
        kind = course.types[course.kind[conversation]]
        is_resolved = course.outcome(conversation) < self._staff.success[course.kind[conversation], agent]
        human = course.human[conversation]
        following = self._following(conversation, agent)
        if kind.bot_first and not human and self._staff.roster.agents[agent].kind == "bot" and not is_resolved:
            following, human = course.kind[conversation], True
        if following is not None:
            course.pass_on(conversation, following, now, human=human)
            self._queue(conversation, now, room=None)
            return
        course.state[conversation], course.ended[conversation] = OVER, now
        course.resolved[conversation] = float(is_resolved)
        if not is_resolved:
            self._repeat(conversation, agent, now)

    def _following(self, conversation: int, agent: int) -> int | None:
        """Return the type as which a conversation is passed on, None where it is not."""
        course, group = self._course, self._groups[agent].name
        transfers = course.types[course.kind[conversation]].transfers
        left = course.luck("transfer", conversation) if transfers else 0.0
        for transfer in transfers:
            if transfer.groups is None or group in transfer.groups:
                if left < transfer.probability:
                    return self._number[transfer.to]
                left -= transfer.probability
        return None

    def _repeat(self, conversation: int, agent: int, now: float) -> None:
        course = self._course
        repeat = course.types[course.first_kind[conversation]].repeat
        if repeat is None or course.chain[conversation] >= repeat.most:
            return
        if course.luck("repeat", conversation) < repeat.probability:
            at = now + course.draw(repeat.delay, "delay", conversation)
            if at < self._scenario.horizon:
                new = course.follow(conversation, at, (agent, repeat.same_agent) if repeat.same_agent else None)
                heappush(self._heap, (at, ARRIVAL, new, 0, 0))

    def _freed(self, agent: int, key: Key, now: float) -> None:
        if key not in self.running[agent]:
            return
        if (agent, key) not in self._wrapping:
            self._talked(agent, key, now)
        self._wrapping.discard((agent, key))
        del self.running[agent][key]
        self._mark(agent, now)
        if self._there[agent]:
            self._begin_all(self._dispatcher.free(agent, now), now)

    def _came(self, agent: int, now: float) -> None:
        self._there[agent] = True
        self._mark(agent, now)
        self._begin_all(self._dispatcher.enter(agent, now), now)

    def _went(self, agent: int, now: float) -> None:
        self._there[agent] = False
        self._dispatcher.leave(agent)
        if self._groups[agent].overtime == "hand_back":
            self._hand_back(agent, now)
        self._mark(agent, now)

    def _hand_back(self, agent: int, now: float) -> None:
        """Let running conversations wait for somebody else who does what is left of them; drop wrap-ups."""
        course, pace, handed = self._course, self._pace.get(agent), []
        for key, (_, talked_at, free_at) in sorted(self.running[agent].items(), key=lambda entry: entry[0]):
            conversation = key[0]
            if free_at <= now:
                continue  # it ends at this very instant, by an event of its own
            del self.running[agent][key]
            if pace is not None:
                spent, left = pace.end(key, now)
                course.handled[conversation] += spent
            else:
                left = max(talked_at - now, 0.0) * self._speed[agent]
                course.handled[conversation] -= free_at - now
                course.wrapped[conversation] -= free_at - max(talked_at, now)
            if (agent, key) in self._wrapping:
                self._wrapping.discard((agent, key))
            else:
                handed.append((conversation, left))
        for conversation, left in handed:
            course.leg[conversation] += 1
            course.left_over[conversation], course.deadline[conversation] = left, inf
            self._queue(conversation, now, room=None)

    # --- pace ---------------------------------------------------------------------------------------------------------

    def _repace(self, agent: int) -> None:
        at, key, _ = self._pace[agent].next()
        if key is not None:
            heappush(self._heap, (at, PACED, agent, self._pace[agent].version, 0))

    def _paced(self, agent: int, version: int, now: float) -> None:
        """End the talk or wrap-up that is next for an agent whose pace depends on the load."""
        pace = self._pace[agent]
        if version != pace.version:
            return
        _, key, is_talk = pace.next()
        assert key is not None
        if is_talk and pace.end_talk(key, now):
            self._repace(agent)
            self._talked(agent, key, now)
            return
        spent, _ = pace.end(key, now)
        self._course.handled[key[0]] += spent
        self._repace(agent)
        self._freed(agent, key, now)

    def _mark(self, agent: int, now: float) -> None:
        if self._timeline is None:
            return
        running = self.running[agent]
        if running:
            talks = any((agent, key) not in self._wrapping for key in running)
            costs = self._staff.roster.agents[agent].capacity
            load = sum(costs.cost(template.channel) for template, _, _ in running.values())
            self._timeline.mark(agent, now, BUSY if talks else WRAPPING, load)
        else:
            self._timeline.mark(agent, now, FREE if self._there[agent] else GONE, 0.0)
