"""The index lane: the agent longest idle, the conversation longest waiting; order is all there is to know."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from routematch.model import Conversation
from routematch.routing.lanes.lane import NOBODY
from routematch.routing.lanes.standing import Standing
from routematch.routing.lanes.tables import Tables, Unfit
from routematch.routing.lanes.waiting import Queues

__all__ = ["IndexLane"]


class IndexLane:
    """For policies in whose eyes all are equal but for idle time and age, see `lane.Lane`.

    Source of the two rules: Adan and Weiss (2014), A skill based parallel service system under FCFS-ALIS.
    """

    name = "index"

    def __init__(self, tables: Tables, arrived: list[float], deadline: list[float]) -> None:
        self._tables = tables
        self._standing = Standing(tables.slots)
        self._queues = Queues(arrived, deadline)
        self._may: list[Callable[[object], bool]] = []
        self._own: list[list[deque[int]]] = [[] for _ in tables.slots]
        self._known: dict[Conversation, tuple[tuple[int, ...], tuple[float, ...]]] = {}
        self.arrive = self._make_arrive()
        self.offer = self._make_offer()
        self.free = self._make_free()

    def request(self, template: Conversation) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Return request numbers and steps, as `Lane.request`.

        Raises
        ------
        Unfit
            When conversations like this one would not all be equal to the others.
        """
        known = self._known.get(template)
        if known is not None:
            return known
        numbers, steps = self._known[template] = self._tables.add(template)
        if not self._tables.is_order_alone:
            raise Unfit
        for number in numbers:
            agents = self._tables.requests[number].agents
            self._may.append(frozenset(agents).__contains__)
            self._queues.queues.append(deque())
            for agent in agents:
                self._own[agent].append(self._queues.queues[number])
        return numbers, steps

    @property
    def serves_everything(self) -> bool:
        """Whether any agent may take any conversation, one at a time."""
        slots = self._tables.slots
        return all(slot == 1 for slot in slots) and all(len(r.agents) == len(slots) for r in self._tables.requests)

    def _make_arrive(self) -> Callable[[int, int, float], int]:
        may, order, room, put = self._may, self._standing.order, self._standing.room, self._queues.put
        running = self._standing.running

        def arrive(conversation: int, request: int, now: float) -> int:  # noqa: ARG001 - the contract
            agent = next(filter(may[request], order), NOBODY)
            if agent >= 0:
                running[agent] += 1
                left = room[agent] = room[agent] - 1
                if not left:
                    del order[agent]
            else:
                put(request, conversation)
            return agent

        return arrive

    def _make_offer(self) -> Callable[[int, float], int]:
        own, arrived, deadline = self._own, self._queues.arrived, self._queues.deadline
        standing = self._standing

        def offer(agent: int, now: float) -> int:
            if not standing.room[agent]:
                return NOBODY
            longest, since = None, 0.0
            for queue in own[agent]:
                while queue:
                    head = queue[0]
                    if deadline[head] >= now:
                        at = arrived[head]
                        if longest is None or at < since or (at == since and head < longest[0]):
                            longest, since = queue, at
                        break
                    queue.popleft()
            if longest is None:
                return NOBODY
            standing.running[agent] += 1
            standing.room[agent] -= 1
            if not standing.room[agent]:
                standing.order.pop(agent, None)
            return longest.popleft()

        return offer

    def _make_free(self) -> Callable[[int, float], int]:
        own, arrived, deadline = self._own, self._queues.arrived, self._queues.deadline
        standing = self._standing
        room, running, put_last = standing.room, standing.running, standing.put_last

        def free(agent: int, now: float) -> int:
            longest, since = None, 0.0
            for queue in own[agent]:
                while queue:
                    head = queue[0]
                    if deadline[head] >= now:
                        at = arrived[head]
                        if longest is None or at < since or (at == since and head < longest[0]):
                            longest, since = queue, at
                        break
                    queue.popleft()
            if longest is not None:
                if room[agent]:
                    put_last(agent, now)
                return longest.popleft()
            running[agent] -= 1
            room[agent] += 1
            put_last(agent, now)
            return NOBODY

        return free

    def change(self, conversation: int, before: int, request: int, now: float) -> int:
        """Move a waiting conversation to another request."""
        self._queues.take_out(before, conversation)
        return self.arrive(conversation, request, now)

    def enter(self, agent: int, now: float, running: int) -> None:
        """Let an agent come in."""
        standing = self._standing
        standing.running[agent] = running
        standing.room[agent] = max(self._tables.slots[agent] - running, 0)
        if standing.room[agent]:
            standing.put_last(agent, now)

    def leave(self, agent: int) -> None:
        """Let an agent go."""
        self._standing.room[agent] = 0
        self._standing.order.pop(agent, None)
