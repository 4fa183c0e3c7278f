"""The lane of a policy in code: ``on_arrival`` is asked who takes a conversation, ``on_free`` what an agent takes next.

Code with one verb only is asked for everything it might have to say: without ``on_free``, every waiting conversation
in order of arrival whenever an agent gets room; without ``on_arrival``, every agent with room, the longest idle first,
whenever a conversation arrives.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from routematch.errors import ContractError, shorten
from routematch.model import Conversation
from routematch.routing.code import CodePolicy
from routematch.routing.lanes.lane import NOBODY
from routematch.routing.lanes.live_view import LiveView
from routematch.routing.lanes.standing import Standing
from routematch.routing.lanes.tables import Tables
from routematch.routing.lanes.waiting import Queues

__all__ = ["CodeLane"]


class CodeLane:
    """For any object with ``on_arrival`` or ``on_free``, see `lane.Lane`; rules and capacity bind it too."""

    name = "code"

    def __init__(self, policy: CodePolicy, tables: Tables, arrived: list[float], deadline: list[float]) -> None:
        self._policy, self._tables = policy, tables
        self._ids, self._index = tables.roster.ids, tables.roster.index
        self._standing = Standing(tables.slots)
        self._order: dict[str, None] = {}
        self._queues = Queues(arrived, deadline)
        self._may: list[Callable[[str], bool]] = []
        self._own: list[list[int]] = [[] for _ in tables.slots]
        self._request_of: dict[int, int] = {}
        self._known: dict[Conversation, tuple[tuple[int, ...], tuple[float, ...]]] = {}
        self.view = LiveView(tables, self._queues, self._order, self._own, self._request_of, self._standing.running)
        self._on_arrival: Callable[..., Any] = getattr(policy, "on_arrival", None) or self._ask_agents
        self._on_free: Callable[..., Any] = getattr(policy, "on_free", None) or self._ask_conversations

    def request(self, template: Conversation) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Return request numbers and steps, as `Lane.request`."""
        known = self._known.get(template)
        if known is not None:
            return known
        numbers, steps = self._known[template] = self._tables.add(template)
        for number in numbers:
            agents = self._tables.requests[number].agents
            may = frozenset(self._ids[agent] for agent in agents).__contains__
            self._may.append(may)
            self.view._add_request(may)  # noqa: SLF001 - the view is this lane's own window
            self._queues.queues.append(deque())
            for agent in agents:
                self._own[agent].append(number)
        return numbers, steps

    # --- events -------------------------------------------------------------------------------------------------------

    def arrive(self, conversation: int, request: int, now: float) -> int:
        """Ask who takes a conversation that arrives."""
        self.view.now = now
        self._request_of[conversation] = request
        answer = self._on_arrival(self.view, str(conversation))
        if answer is None:
            self._queues.put(request, conversation)
            return NOBODY
        agent = self._index.get(answer, NOBODY)
        if agent < 0 or answer not in self._order or not self._may[request](answer):
            self._refuse(conversation, answer)
        del self._request_of[conversation]
        self._take(agent)
        return agent

    def change(self, conversation: int, before: int, request: int, now: float) -> int:
        """Ask again about a conversation that asks for something else now."""
        self._queues.take_out(before, conversation)
        return self.arrive(conversation, request, now)

    def free(self, agent: int, now: float) -> int:
        """Ask what an agent who finished one conversation takes next."""
        standing = self._standing
        standing.running[agent] -= 1
        standing.room[agent] += 1
        self._put_last(agent, now)
        return self.offer(agent, now)

    def offer(self, agent: int, now: float) -> int:
        """Ask what an agent takes with the room it has."""
        if not self._standing.room[agent]:
            return NOBODY
        self.view.now = now
        answer = self._on_free(self.view, self._ids[agent])
        if answer is None:
            return NOBODY
        conversation = self._number(answer)
        request = self._request_of.get(conversation, NOBODY)
        if request < 0 or self._queues.deadline[conversation] < now or not self._may[request](self._ids[agent]):
            self._refuse(answer, self._ids[agent])
        queue = self._queues.queues[request]
        if queue and queue[0] == conversation:
            queue.popleft()
        else:
            self._queues.take_out(request, conversation)
        del self._request_of[conversation]
        self._take(agent)
        return conversation

    def enter(self, agent: int, now: float, running: int) -> None:
        """Let an agent come in."""
        standing = self._standing
        standing.running[agent] = running
        standing.room[agent] = max(self._tables.slots[agent] - running, 0)
        if standing.room[agent]:
            self._put_last(agent, now)

    def leave(self, agent: int) -> None:
        """Let an agent go."""
        self._standing.room[agent] = 0
        self._standing.order.pop(agent, None)
        self._order.pop(self._ids[agent], None)

    # --- books --------------------------------------------------------------------------------------------------------

    def _put_last(self, agent: int, now: float) -> None:
        """Keep the order by id in step with the order by number."""
        moved = self._standing.put_last(agent, now)
        for other in moved:
            name = self._ids[other]
            self._order.pop(name, None)
            self._order[name] = None

    def _take(self, agent: int) -> None:
        standing = self._standing
        standing.running[agent] += 1
        standing.room[agent] -= 1
        if not standing.room[agent]:
            standing.order.pop(agent, None)
            self._order.pop(self._ids[agent], None)

    def _number(self, answer: object) -> int:
        try:
            return int(answer)  # type: ignore[call-overload,no-any-return]  # what is no number is refused
        except (TypeError, ValueError):
            return NOBODY

    def _refuse(self, conversation: object, agent: object) -> None:
        name = type(self._policy).__name__
        message = (
            f"{name} named a pair that cannot be: {shorten(conversation)} -> {shorten(agent)}: "
            "the conversation must wait, and the agent must be there, have room and be refused by no rule"
        )
        raise ContractError(message)

    # --- code with one verb -------------------------------------------------------------------------------------------

    def _ask_agents(self, view: LiveView, conversation_id: str) -> str | None:
        """Ask each agent with room whether it takes the conversation that arrives."""
        conversation = int(conversation_id)
        request = self._request_of[conversation]
        self._queues.put(request, conversation)
        taker = None
        for agent in tuple(self._order):
            if self._on_free(view, agent) == conversation_id:
                taker = agent
                break
        self._queues.take_out(request, conversation)
        return taker

    def _ask_conversations(self, view: LiveView, agent_id: str) -> str | None:
        """Ask each waiting conversation whether it goes to the agent who got room."""
        for conversation in view.waiting:
            if self._on_arrival(view, conversation) == agent_id:
                return conversation
        return None
