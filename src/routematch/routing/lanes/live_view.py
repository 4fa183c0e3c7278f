"""What a policy in code may see while a lane asks it event by event: the lane's own books, nothing copied.

It answers everything that `routing.code.View` answers but for its `trace`; what is a tuple there may be a live sequence
here, true at the moment it is looked at.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import overload

from attrs import evolve

from routematch.model import Agent, Conversation
from routematch.model.frozen import FrozenMap
from routematch.routing.lanes.tables import NEVER, Tables
from routematch.routing.lanes.waiting import Queues
from routematch.state import THOUSANDTHS

__all__ = ["LiveView"]


class Agents(Sequence[str]):
    """Agents with room, longest idle first, of whom something is true: a window on the lane's order."""

    __slots__ = ("_may", "_order")

    def __init__(self, may: Callable[[str], bool], order: Mapping[str, None]) -> None:
        self._may, self._order = may, order

    def __iter__(self) -> Iterator[str]:
        """Iterate over ids."""
        return filter(self._may, self._order)

    def __contains__(self, agent: object) -> bool:
        """Whether an agent is one of them."""
        return agent in self._order and self._may(agent)  # type: ignore[arg-type]  # a key of the order is an id

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(1 for _ in self)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...

    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        """Return one by its place, or several."""
        if isinstance(place, int) and place >= 0:
            for agent in islice(self, place, None):
                return agent
            raise IndexError(place)
        return tuple(self)[place]

    def __repr__(self) -> str:
        """Return the ids."""
        return repr(tuple(self))


class LiveView:
    """The state of a lane as a policy in code sees it; read-only.

    Attributes
    ----------
    now : float
    given : mapping
        Always empty: each decision is carried out before the next is asked for.
    asked, asked_request : str and int
        The conversation that arrived last; kept by the lane.
    rows : dict from agent id to list of deque
        Queues that the agent may take from; the lane's.
    """

    __slots__ = (
        "_agents",
        "_arrived",
        "_deadline",
        "_idle",
        "_index",
        "_load",
        "_order",
        "_queues",
        "_request_of",
        "_tables",
        "asked",
        "asked_request",
        "now",
        "rows",
    )

    given: Mapping[str, str] = FrozenMap()

    def __init__(
        self,
        tables: Tables,
        queues: Queues,
        order: dict[str, None],
        request_of: dict[int, int],
        running: list[int],
    ) -> None:
        self._tables, self._queues, self._order = tables, queues, order
        self._request_of, self._load, self._deadline = request_of, running, queues.deadline
        self._arrived, self._index = queues.arrived, tables.roster.index
        self._agents: list[Agents] = []
        self.rows: dict[str, list[deque[int]]] = {agent: [] for agent in tables.roster.ids}
        self._idle = Agents(lambda agent: not running[self._index[agent]], order)
        self.asked, self.asked_request = "", 0
        self.now = 0.0

    def add_request(self, may: Callable[[str], bool], agents: list[str]) -> None:
        """Note who may take the next request; for the lane."""
        self._agents.append(Agents(may, self._order))
        for agent in agents:
            self.rows[agent].append(self._queues.queues[-1])

    def _request(self, conversation_id: str) -> int:
        return self.asked_request if conversation_id is self.asked else self._request_of[int(conversation_id)]

    # --- conversations ------------------------------------------------------------------------------------------------

    @property
    def waiting(self) -> tuple[str, ...]:
        """Conversations without an agent, in order of arrival."""
        arrived = self._queues.arrived
        return tuple(map(str, sorted(self._live(), key=lambda conversation: (arrived[conversation], conversation))))

    def _live(self) -> list[int]:
        deadline, now = self._queues.deadline, self.now
        return [entry for queue in self._queues.queues for entry in queue if deadline[entry] >= now]

    @property
    def classes(self) -> tuple[tuple[str, ...], ...]:
        """Waiting conversations by request class, each in order of arrival."""
        deadline, now = self._queues.deadline, self.now
        groups = (tuple(str(c) for c in queue if deadline[c] >= now) for queue in self._queues.queues)
        return tuple(group for group in groups if group)

    @property
    def heads(self) -> Mapping[str | None, str]:
        """The longest waiting conversation of each queue."""
        first: dict[str | None, str] = {}
        for conversation in self.waiting:
            template = self._tables.requests[self._request_of[int(conversation)]].template
            first.setdefault(template.queue, conversation)
        return FrozenMap(first)

    def waiting_for(self, agent_id: str) -> tuple[str, ...]:
        """Return the longest waiting conversation of each request class that an agent may take, in order of arrival."""
        deadline, now, heads = self._deadline, self.now, []
        for queue in self.rows[agent_id]:
            if queue:
                head = queue[0]
                if deadline[head] >= now or (head := self._queues.front(queue, now)) >= 0:
                    heads.append(head)
        if len(heads) > 1:
            heads.sort()
            heads.sort(key=self._arrived.__getitem__)
        return tuple(map(str, heads))

    def conversation(self, conversation_id: str) -> Conversation:
        """Return a conversation by id."""
        number = int(conversation_id)
        template, arrived_at = (
            self._tables.requests[self._request(conversation_id)].template,
            self._queues.arrived[number],
        )
        due_at = None if template.due_at is None else arrived_at + template.due_at - (template.arrived_at or 0.0)
        return evolve(template, id=conversation_id, arrived_at=arrived_at, due_at=due_at)

    def age(self, conversation_id: str) -> float:
        """Return how long a conversation has waited, in seconds."""
        return self.now - self._queues.arrived[int(conversation_id)]

    # --- agents -------------------------------------------------------------------------------------------------------

    @property
    def idle(self) -> Sequence[str]:
        """Agents without any load, longest idle first."""
        return self._idle

    def agent(self, agent_id: str) -> Agent:
        """Return an agent by id, without its load."""
        return self._tables.roster.agents[self._index[agent_id]]

    def load(self, agent_id: str) -> float:
        """Return an agent's units in use."""
        agent = self._index[agent_id]
        return self._load[agent] * self._tables.cost[agent] / THOUSANDTHS

    def free_units(self, agent_id: str) -> float:
        """Return an agent's free units, 0 while away."""
        agent = self._index[agent_id]
        if agent_id not in self._order:
            return 0.0
        return float(self._tables.roster.units[agent]) / THOUSANDTHS - self.load(agent_id)

    # --- pairs --------------------------------------------------------------------------------------------------------

    def eligible(self, conversation_id: str) -> Sequence[str]:
        """Return the agents with room whom no rule refuses, longest idle first."""
        if conversation_id is self.asked:
            return self._agents[self.asked_request]
        return self._agents[self._request_of[int(conversation_id)]]

    def room(self, agent_id: str, conversation_id: str) -> bool:  # noqa: ARG002 - as `View.room`
        """Whether an agent has room for one more."""
        return agent_id in self._order

    def value(self, conversation_id: str, agent_id: str) -> float:
        """Return the value of a pair by the measure, in policy units; minus infinity where it is not eligible."""
        agent, request = self._index[agent_id], self._tables.requests[self._request(conversation_id)]
        steps = request.values[min(self._load[agent], len(request.values) - 1)][agent]
        return float("-inf") if steps == NEVER else steps * self._tables.policy.resolution
