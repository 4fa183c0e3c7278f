"""The lane of a policy in code: ``on_arrival`` is asked who takes a conversation, ``on_free`` what an agent takes next.

Code is not asked where it could only say None: nobody has room, or nobody waits whom the agent may take.

Code with one verb only is asked for everything it might have to say: without ``on_free``, every waiting conversation
in order of arrival whenever an agent gets room; without ``on_arrival``, every agent with room, the longest idle first,
whenever a conversation arrives.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, NoReturn

from routematch.errors import ContractError, shorten
from routematch.model import Conversation
from routematch.routing.code import CodePolicy
from routematch.routing.lanes.lane import NOBODY
from routematch.routing.lanes.live_view import LiveView
from routematch.routing.lanes.tables import Tables
from routematch.routing.lanes.waiting import Queues

__all__ = ["CodeLane"]


class CodeLane:
    """For any object with ``on_arrival`` or ``on_free``, see `lane.Lane`; rules and capacity bind it too."""

    name = "code"

    def __init__(self, policy: CodePolicy, tables: Tables, arrived: list[float], deadline: list[float]) -> None:
        self._policy, self._tables = policy, tables
        self._ids, self._index = tables.roster.ids, tables.roster.index
        agents = len(tables.slots)
        self._room, self._running, self._since = [0] * agents, [0] * agents, [float("-inf")] * agents
        self._last = float("-inf")
        self._order: dict[str, None] = {}
        self._queues = Queues(arrived, deadline)
        self._may: list[Callable[[str], bool]] = []
        self._request_of: dict[int, int] = {}
        self._known: dict[Conversation, tuple[tuple[int, ...], tuple[float, ...]]] = {}
        self.view = LiveView(tables, self._queues, self._order, self._request_of, self._running)
        self._on_arrival: Callable[..., Any] = getattr(policy, "on_arrival", None) or self._ask_agents
        self._on_free: Callable[..., Any] = getattr(policy, "on_free", None) or self._ask_conversations
        self.arrive = self._make_arrive()
        self.free = self._make_free()

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
            self._queues.queues.append(deque())
            self.view.add_request(may, [self._ids[agent] for agent in agents])
        return numbers, steps

    # --- events -------------------------------------------------------------------------------------------------------

    def _make_arrive(self) -> Callable[[int, int, float], int]:
        view, on_arrival, refuse = self.view, self._on_arrival, self._refuse
        order, may, index, room, running = self._order, self._may, self._index, self._room, self._running
        request_of, put = self._request_of, self._queues.put
        queues, arrived = self._queues.queues, self._queues.arrived

        def arrive(conversation: int, request: int, now: float) -> int:
            if order:
                view.now = now
                view.asked = name = str(conversation)
                view.asked_request = request
                answer = on_arrival(view, name)
            else:
                answer = None
            if answer is None:
                request_of[conversation] = request
                queue = queues[request]
                if not queue or arrived[queue[-1]] < arrived[conversation]:
                    queue.append(conversation)
                else:
                    put(request, conversation)
                return NOBODY
            if answer not in order or not may[request](answer):
                refuse(conversation, answer)
            agent = index[answer]
            running[agent] += 1
            left = room[agent] = room[agent] - 1
            if not left:
                del order[answer]
            return agent

        return arrive

    def _make_free(self) -> Callable[[int, float], int]:
        view, on_free, taken, put_last = self.view, self._on_free, self._taken, self._put_last
        order, ids, room, running, since = self._order, self._ids, self._room, self._running, self._since
        rows = [view.rows[name] for name in ids]

        def free(agent: int, now: float) -> int:
            name = ids[agent]
            running[agent] -= 1
            room[agent] += 1
            if now == self._last or name in order:
                put_last(agent, now)
            else:
                order[name] = None
                since[agent] = self._last = now
            if not any(rows[agent]):
                return NOBODY
            view.now = now
            answer = on_free(view, name)
            return NOBODY if answer is None else taken(answer, agent, now)

        return free

    def change(self, conversation: int, before: int, request: int, now: float) -> int:
        """Ask again about a conversation that asks for something else now."""
        self._queues.take_out(before, conversation)
        return self.arrive(conversation, request, now)

    def offer(self, agent: int, now: float) -> int:
        """Ask what an agent takes with the room it has."""
        if not self._room[agent] or not any(self.view.rows[self._ids[agent]]):
            return NOBODY
        self.view.now = now
        answer = self._on_free(self.view, self._ids[agent])
        return NOBODY if answer is None else self._taken(answer, agent, now)

    def _taken(self, answer: object, agent: int, now: float) -> int:
        """Hand an agent the conversation that code named, if it can be."""
        name, queues = self._ids[agent], self._queues
        try:
            conversation: int = int(answer)  # type: ignore[call-overload]  # what is no number is refused
            request = self._request_of.pop(conversation)
        except (TypeError, ValueError, KeyError):
            self._refuse(answer, name)
        if queues.deadline[conversation] < now or not self._may[request](name):
            self._refuse(answer, name)
        queue = queues.queues[request]
        if queue and queue[0] == conversation:
            queue.popleft()
        else:
            queues.take_out(request, conversation)
        self._running[agent] += 1
        left = self._room[agent] = self._room[agent] - 1
        if not left:
            del self._order[name]
        return conversation

    def enter(self, agent: int, now: float, running: int) -> None:
        """Let an agent come in."""
        self._running[agent] = running
        self._room[agent] = max(self._tables.slots[agent] - running, 0)
        if self._room[agent]:
            self._put_last(agent, now)

    def leave(self, agent: int) -> None:
        """Let an agent go."""
        self._room[agent] = 0
        self._order.pop(self._ids[agent], None)

    # --- books --------------------------------------------------------------------------------------------------------

    def _put_last(self, agent: int, now: float) -> None:
        """Put an agent at the end of the order, those idle since the same instant by number."""
        order, name = self._order, self._ids[agent]
        order.pop(name, None)
        order[name] = None
        self._since[agent] = now
        if now == self._last:
            tail = []
            for other in reversed(order):
                if self._since[self._index[other]] != now:
                    break
                tail.append(other)
            for other in sorted(tail, key=self._index.__getitem__):
                del order[other]
                order[other] = None
        self._last = now

    def _refuse(self, conversation: object, agent: object) -> NoReturn:
        name = type(self._policy).__name__
        message = (
            f"{name} named a pair that cannot be: {shorten(conversation)} -> {shorten(agent)}: "
            "the conversation must wait, and the agent must be there, have room and be refused by no rule"
        )
        raise ContractError(message)

    # --- code with one verb -------------------------------------------------------------------------------------------

    def _ask_agents(self, view: LiveView, conversation_id: str) -> str | None:
        """Ask each agent with room whether it takes the conversation that arrives."""
        conversation, request = int(conversation_id), view.asked_request
        self._queues.put(request, conversation)
        self._request_of[conversation] = request
        takers = (agent for agent in tuple(self._order) if self._on_free(view, agent) == conversation_id)
        taker = next(takers, None)
        self._queues.take_out(request, conversation)
        del self._request_of[conversation]
        return taker

    def _ask_conversations(self, view: LiveView, agent_id: str) -> str | None:
        """Ask each waiting conversation whether it goes to the agent who got room."""
        for conversation in view.waiting:
            if self._on_arrival(view, conversation) == agent_id:
                return conversation
        return None
