"""The row lane: full worth, from one row of scores per request and the ages of the longest waiting."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from routematch.model import Conversation
from routematch.routing.lanes.lane import NOBODY
from routematch.routing.lanes.standing import Standing
from routematch.routing.lanes.tables import FEW, NEVER, Request, Tables
from routematch.routing.lanes.waiting import Queues

__all__ = ["RowLane"]


class RowLane:
    """For policies whose values change with loads at most, see `lane.Lane`."""

    name = "row"

    def __init__(self, tables: Tables, arrived: list[float], deadline: list[float]) -> None:
        self._tables = tables
        self._standing = Standing(tables.slots)
        self._queues = Queues(arrived, deadline)
        self._scores: list[list[int]] = []
        self._may: list[Callable[[object], bool]] = []
        self._classes: list[list[Callable[[object], bool]] | None] = []
        self._own: list[list[int]] = [[] for _ in tables.slots]
        self._known: dict[Conversation, tuple[tuple[int, ...], tuple[float, ...]]] = {}
        self._rotation = -1
        self._assigned_at: dict[int, float] = {}
        self._by_idle = tables.policy.ties[:1] == ("idle",)

    def request(self, template: Conversation) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Return request numbers and steps, as `Lane.request`."""
        known = self._known.get(template)
        if known is not None:
            return known
        numbers, steps = self._known[template] = self._tables.add(template)
        for number in numbers:
            request = self._tables.requests[number]
            scores = [NEVER] * len(self._tables.slots)
            for agent in request.agents:
                scores[agent] = self._score(request, agent)
                self._own[agent].append(number)
            self._scores.append(scores)
            self._may.append(frozenset(request.agents).__contains__)
            self._classes.append(self._by_score(request))
            self._queues.queues.append(deque())
        return numbers, steps

    def _score(self, request: Request, agent: int) -> int:
        # Who is full is scored as with room for one: the score counts again when there is room.
        running = min(self._standing.running[agent], self._tables.slots[agent] - 1)
        state = min(running, len(request.values) - 1)
        return request.values[state][agent] - self._tables.charge(agent, running)

    def _by_score(self, request: Request) -> list[Callable[[object], bool]] | None:
        """Return who has the best score, the second best, ...; None where scores change, or there are many."""
        moves = self._tables.depends_on_load or self._tables.policy.spread == "load"
        if moves and max(self._tables.slots, default=0) > 1:
            return None
        ranks = self._tables.ranks(request)
        return [rank.__contains__ for rank in ranks] if len(ranks) <= FEW else None

    # --- agents -------------------------------------------------------------------------------------------------------

    def _best_agent(self, request: int) -> int:
        order = self._standing.order
        if not self._by_idle:
            return self._best_by_ties(request)
        classes = self._classes[request]
        if classes is None:
            return max(filter(self._may[request], order), key=self._scores[request].__getitem__, default=NOBODY)
        for may in classes:
            for agent in filter(may, order):
                return agent
        return NOBODY

    def _best_by_ties(self, request: int) -> int:
        scores, ties = self._scores[request], self._tables.policy.ties
        standing, rotation, assigned_at = self._standing, self._rotation, self._assigned_at

        def key(agent: int) -> tuple[float, ...]:
            entries: list[float] = [-scores[agent]]
            for tie in ties:
                if tie == "idle":
                    entries.append(standing.since[agent])
                elif tie == "rotation":
                    entries.append(agent <= rotation)
                else:
                    entries.append(assigned_at.get(agent, float("-inf")))
            return (*entries, agent)

        return min(filter(self._may[request], standing.order), key=key, default=NOBODY)

    def _give(self, agent: int, now: float) -> None:
        standing = self._standing
        standing.running[agent] += 1
        standing.room[agent] -= 1
        if not standing.room[agent]:
            standing.order.pop(agent, None)
        self._loaded(agent)
        if not self._by_idle:
            self._rotation, self._assigned_at[agent] = agent, now

    def _loaded(self, agent: int) -> None:
        """Note that an agent's load has changed: its scores follow."""
        if self._tables.slots[agent] > 1:
            for number in self._own[agent]:
                self._scores[number][agent] = self._score(self._tables.requests[number], agent)

    # --- conversations ------------------------------------------------------------------------------------------------

    def _best_conversation(self, agent: int, now: float) -> tuple[int, int]:
        """Return conversation and request: the highest priority where it is strict, most worth, then longest waiting.

        Steps of urgency are rounded as `decide()` rounds hold, once for each sum.
        """
        tables, queues = self._tables, self._queues
        policy, arrived = tables.policy, queues.arrived
        best: tuple[float, int, float, int] | None = None
        chosen = NOBODY, NOBODY
        for number in self._own[agent]:
            if not queues.queues[number]:
                continue
            head = queues.head(number, now)
            if head < 0:
                continue
            request = tables.requests[number]
            urgency = tables.waiting_weight * (policy.aging_rate * (now - arrived[head])) + request.urgency
            if request.due_time is not None:
                urgency += tables.due_urgency(arrived[head] + request.due_time, now)
            worth = self._scores[number][agent] + round(urgency / policy.resolution)
            rank = (request.priority if policy.strict_priority else 0.0, worth, -arrived[head], -head)
            if best is None or rank > best:
                best, chosen = rank, (head, number)
        return chosen

    # --- events -------------------------------------------------------------------------------------------------------

    def arrive(self, conversation: int, request: int, now: float) -> int:
        """Take in a conversation."""
        agent = self._best_agent(request)
        if agent >= 0:
            self._give(agent, now)
        else:
            self._queues.put(request, conversation)
        return agent

    def change(self, conversation: int, before: int, request: int, now: float) -> int:
        """Move a waiting conversation to another request."""
        self._queues.take_out(before, conversation)
        return self.arrive(conversation, request, now)

    def offer(self, agent: int, now: float) -> int:
        """Give an agent a conversation for the room it has."""
        if not self._standing.room[agent]:
            return NOBODY
        conversation, request = self._best_conversation(agent, now)
        if conversation >= 0:
            self._queues.queues[request].popleft()
            self._give(agent, now)
        return conversation

    def free(self, agent: int, now: float) -> int:
        """Note that an agent finished one conversation."""
        standing = self._standing
        standing.running[agent] -= 1
        standing.room[agent] += 1
        self._loaded(agent)
        standing.put_last(agent, now)
        return self.offer(agent, now)

    def enter(self, agent: int, now: float, running: int) -> None:
        """Let an agent come in."""
        standing = self._standing
        standing.running[agent] = running
        standing.room[agent] = max(self._tables.slots[agent] - running, 0)
        self._loaded(agent)
        if standing.room[agent]:
            standing.put_last(agent, now)

    def leave(self, agent: int) -> None:
        """Let an agent go."""
        self._standing.room[agent] = 0
        self._standing.order.pop(agent, None)
