"""Who works: groups of agents alike, or agents by name, with shifts, breaks, cost and pace.

>>> seniors = AgentGroup("senior", {"billing": 0.9}, size=3, cost_per_hour=40.0)
>>> [agent.id for agent in seniors.roster()]
['senior-1', 'senior-2', 'senior-3']
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import evolve, field, frozen

from routematch.errors import Faults, InvalidInputError
from routematch.model import Agent, Capacity
from routematch.model.capacity import as_capacity
from routematch.model.checks import (
    as_amounts,
    as_attributes,
    as_optional_names,
    as_tuple,
    check_choice,
    check_name,
    check_number,
    is_a,
)
from routematch.model.frozen import FrozenMap
from routematch.simulation.fields import check_probability
from routematch.simulation.hours import Hours, as_hours, check_hours

__all__ = ["MAX_SIZE", "OVERTIMES", "AgentGroup"]

#: Most agents of one group.
MAX_SIZE = 100_000
#: What happens to running conversations at the end of a shift or at a break: finished first, or handed back.
OVERTIMES = ("finish", "hand_back")


def _as_agents(value: Agent | Iterable[Agent]) -> tuple[Agent, ...]:
    agents: tuple[Agent, ...] = (value,) if isinstance(value, Agent) else as_tuple(value)
    return agents


@frozen
class AgentGroup:
    """Agents who are alike, or agents by name who share cost, pace and hours.

    Attributes
    ----------
    name : str
    skills : mapping from skill to float
        As `Agent.skills`.
    size : int
        How many; they are called ``name-1``, ``name-2``, ... with leading zeros, so that names sort by number.
    agents : tuple of Agent
        Agents by name instead: each with its own skills, capacity, kind, channels, queues and (if any) shifts.
    capacity, kind, channels, queues, weight, attributes
        As in `Agent`; not for agents by name.
    cost_per_hour : float
        Of one agent on shift, in policy units; at least 0.
    speed : float
        Handle times and wrap-ups are divided by it; above 0.
    shifts : tuple of WeeklyHours or Shift
        When the group works, in the scenario's zone; empty: always.
    breaks : tuple of WeeklyHours or Shift
        Times off within shifts.
    absence_probability : float
        That an agent does not turn up, drawn anew for each shift.
    overtime : str
        From `OVERTIMES`.
    slow_down : tuple of float
        Pace of each running conversation when 1, 2, ... run at once, in (0, 1]; the last entry holds beyond. Empty:
        no slow-down. ``(1.0, 0.8, 0.6)``: three chats at once go at 0.6 of the pace each, so 1.8 times as much is
        done in all.
    """

    name: str
    skills: Mapping[str, float] = field(factory=FrozenMap, converter=as_amounts)
    size: int = 1
    agents: tuple[Agent, ...] = field(default=(), converter=_as_agents, kw_only=True)
    capacity: Capacity = field(default=Capacity(1), converter=as_capacity, kw_only=True)
    kind: str = field(default="human", kw_only=True)
    channels: tuple[str, ...] | None = field(default=None, converter=as_optional_names, kw_only=True)
    queues: tuple[str, ...] | None = field(default=None, converter=as_optional_names, kw_only=True)
    weight: float = field(default=1.0, kw_only=True)
    attributes: Mapping[str, object] = field(factory=FrozenMap, converter=as_attributes, kw_only=True)
    cost_per_hour: float = field(default=0.0, kw_only=True)
    speed: float = field(default=1.0, kw_only=True)
    shifts: tuple[Hours, ...] = field(default=(), converter=as_hours, kw_only=True)
    breaks: tuple[Hours, ...] = field(default=(), converter=as_hours, kw_only=True)
    absence_probability: float = field(default=0.0, kw_only=True)
    overtime: str = field(default="finish", kw_only=True)
    slow_down: tuple[float, ...] = field(default=(), converter=as_tuple, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        check_name(faults, "name", self.name)
        store = object.__setattr__
        size = check_number(faults, "size", self.size, at_least=0, at_most=MAX_SIZE)
        if size != int(size):
            faults.add("must be a whole number", place="size", given=self.size)
        store(self, "size", int(size))
        store(self, "cost_per_hour", check_number(faults, "cost_per_hour", self.cost_per_hour, at_least=0))
        store(self, "speed", check_number(faults, "speed", self.speed, above=0))
        store(self, "absence_probability", check_probability(faults, "absence_probability", self.absence_probability))
        check_choice(faults, "overtime", self.overtime, OVERTIMES)
        for name in ("shifts", "breaks"):
            check_hours(faults, name, getattr(self, name))
        self._check_slow_down(faults)
        self._check_agents(faults)
        faults.raise_if_any()

    def _check_slow_down(self, faults: Faults) -> None:
        if not is_a(self.slow_down, tuple):
            faults.add("must be a sequence of numbers", place="slow_down", given=self.slow_down)
            return
        paces = [
            check_number(faults, f"slow_down[{i}]", pace, above=0, at_most=1) for i, pace in enumerate(self.slow_down)
        ]
        object.__setattr__(self, "slow_down", tuple(paces))

    def _check_agents(self, faults: Faults) -> None:
        if not is_a(self.agents, tuple) or not all(isinstance(agent, Agent) for agent in self.agents):
            faults.add("must be a sequence of Agent(...)", place="agents", given=self.agents)
        elif not self.agents:
            try:
                made = self._agent("any")
            except InvalidInputError as error:
                faults.extend(error.faults)
            else:
                object.__setattr__(self, "weight", made.weight)
        elif self.size != 1 or self.skills:
            faults.add("must not be given together with size or skills", place="agents")

    def _agent(self, agent_id: str) -> Agent:
        return Agent(
            agent_id,
            self.skills,
            capacity=self.capacity,
            kind=self.kind,
            channels=self.channels,
            queues=self.queues,
            weight=self.weight,
            attributes=self.attributes,
        )

    def roster(self) -> tuple[Agent, ...]:
        """Return the agents of the group.

        Returns
        -------
        tuple of Agent
            By name where they are given so, else numbered.
        """
        if self.agents:
            return self.agents
        if not self.size:
            return ()
        first, digits = self._agent("any"), len(str(self.size))
        return tuple(evolve(first, id=f"{self.name}-{number:0{digits}d}") for number in range(1, self.size + 1))
