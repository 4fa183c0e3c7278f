"""The index lane: the agent longest idle, the conversation longest waiting, within a few ranks that never change."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable

from routematch.model import Conversation
from routematch.routing.lanes.lane import NOBODY
from routematch.routing.lanes.standing import Standing
from routematch.routing.lanes.tables import Tables, Unfit
from routematch.routing.lanes.waiting import Queues

__all__ = ["IndexLane"]


class IndexLane:
    """For policies that go by rank, then by idle time and age, see `lane.Lane`.

    Source of the two rules: Adan and Weiss (2014), A skill based parallel service system under FCFS-ALIS.
    """

    name = "index"

    def __init__(self, tables: Tables, arrived: list[float], deadline: list[float]) -> None:
        self._tables = tables
        self._standing = Standing(tables.slots)
        self._queues = Queues(arrived, deadline)
        self._may: list[Callable[[object], bool]] = []
        self._further: list[list[Callable[[object], bool]]] = []
        self._own: list[list[list[deque[int]]]] = [[] for _ in tables.slots]
        self._priorities: list[list[float]] = [[] for _ in tables.slots]
        self._known: dict[Conversation, tuple[tuple[int, ...], tuple[float, ...]]] = {}
        self.arrive = self._make_arrive()
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
            request = self._tables.requests[number]
            first, *further = [rank.__contains__ for rank in self._tables.ranks(request)] or [_nobody]
            self._may.append(first)
            self._further.append(further)
            self._queues.queues.append(deque())
            for agent in request.agents:
                self._tier(agent, request.priority).append(self._queues.queues[number])
        return numbers, steps

    def _tier(self, agent: int, priority: float) -> list[deque[int]]:
        """Return the queues that an agent takes from at a priority, the highest first; all in one unless strict."""
        priorities, tiers = self._priorities[agent], self._own[agent]
        rank = -priority if self._tables.policy.strict_priority else 0.0
        place = bisect_left(priorities, rank)
        if place == len(priorities) or priorities[place] != rank:
            priorities.insert(place, rank)
            tiers.insert(place, [])
        return tiers[place]

    @property
    def serves_everything(self) -> bool:
        """Whether any agent may take any conversation, one at a time and without ranks."""
        slots, ranks = self._tables.slots, map(self._tables.ranks, self._tables.requests)
        return all(slot == 1 for slot in slots) and (
            all(len(rank) == 1 and len(rank[0]) == len(slots) for rank in ranks)
            and all(len(tiers) <= 1 for tiers in self._own)
        )

    def orders(self) -> tuple[list[list[frozenset[int]]], list[tuple[int, ...]]] | None:
        """Return the ranks of agents by request, and the requests by agent in the order in which it takes them.

        None where it takes them in the order of their age, or does several things at once.
        """
        if any(slot > 1 for slot in self._tables.slots) or any(len(tier) > 1 for own in self._own for tier in own):
            return None
        number = {id(queue): place for place, queue in enumerate(self._queues.queues)}
        takes = [tuple(number[id(queue)] for tier in own for queue in tier) for own in self._own]
        return [self._tables.ranks(request) for request in self._tables.requests], takes

    def _make_arrive(self) -> Callable[[int, int, float], int]:
        may, further, put, queues = self._may, self._further, self._queues.put, self._queues.queues
        arrived = self._queues.arrived
        order, room = self._standing.order, self._standing.room

        def arrive(conversation: int, request: int, now: float) -> int:  # noqa: ARG001 - the contract
            agent = next(filter(may[request], order), NOBODY) if order else NOBODY
            if agent < 0 and order:
                for rank in further[request]:
                    agent = next(filter(rank, order), NOBODY)
                    if agent >= 0:
                        break
            if agent >= 0:
                left = room[agent] = room[agent] - 1
                if not left:
                    del order[agent]
            else:
                queue = queues[request]
                if not queue or arrived[queue[-1]] < arrived[conversation]:
                    queue.append(conversation)
                else:
                    put(request, conversation)
            return agent

        return arrive

    def offer(self, agent: int, now: float) -> int:
        """Give an agent the longest waiting conversation for the room it has."""
        standing, queues = self._standing, self._queues
        if not standing.room[agent]:
            return NOBODY
        for tier in self._own[agent]:
            heads = [(queues.arrived[head], head, queue) for queue in tier if (head := queues.front(queue, now)) >= 0]
            if heads:
                standing.room[agent] -= 1
                if not standing.room[agent]:
                    standing.order.pop(agent, None)
                return min(heads)[2].popleft()
        return NOBODY

    def _make_free(self) -> Callable[[int, float], int]:  # noqa: C901 - one recipe, run for every conversation
        own, arrived, deadline = self._own, self._queues.arrived, self._queues.deadline
        standing = self._standing
        room, since_of, order = standing.room, standing.since, standing.order
        put_last = standing.put_last

        def free(agent: int, now: float) -> int:
            longest, since = None, 0.0
            for tier in own[agent]:
                for queue in filter(None, tier):
                    while queue:
                        head = queue[0]
                        if deadline[head] >= now:
                            at = arrived[head]
                            if longest is None or at < since or (at == since and head < longest[0]):
                                longest, since = queue, at
                            break
                        queue.popleft()
                if longest is not None:
                    break
            if longest is not None:
                if room[agent]:
                    put_last(agent, now)
                return longest.popleft()
            room[agent] += 1
            if now == standing.last or agent in order:
                put_last(agent, now)
            else:
                order[agent] = None
                since_of[agent] = standing.last = now
            return NOBODY

        return free

    def change(self, conversation: int, before: int, request: int, now: float) -> int:
        """Move a waiting conversation to another request."""
        self._queues.take_out(before, conversation)
        return self.arrive(conversation, request, now)

    def enter(self, agent: int, now: float, running: int) -> None:
        """Let an agent come in."""
        standing = self._standing
        standing.room[agent] = max(self._tables.slots[agent] - running, 0)
        if standing.room[agent]:
            standing.put_last(agent, now)

    def leave(self, agent: int) -> None:
        """Let an agent go."""
        self._standing.room[agent] = 0
        self._standing.order.pop(agent, None)


def _nobody(agent: object) -> bool:  # noqa: ARG001 - stands in for a rank
    return False
