"""The agents of a scenario by number: who is in which group, how fast, when on duty, with which chance of success."""

from __future__ import annotations

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from routematch.simulation.agent_groups import AgentGroup
from routematch.simulation.hours import intervals_of, minus
from routematch.simulation.scenario import Scenario
from routematch.simulation.streams import Streams
from routematch.state import Backlog, Roster

__all__ = ["Staff"]


@frozen(eq=False)
class Staff:
    """Agents in order of id, as in a `Roster`.

    Attributes
    ----------
    roster : Roster
        Everybody present and idle, without shifts.
    groups : tuple of AgentGroup
    group_of : ndarray of int32, shape (A,)
    speed : ndarray of float64, shape (A,)
    law_of : ndarray of int32, shape (T, A)
        Which of a type's handle time laws is the agent's: 0 for the usual one, then `handle_time_by_group` in order.
    success : ndarray of float64, shape (T, A)
        Probability that the agent resolves a conversation of the type.
    """

    roster: Roster
    groups: tuple[AgentGroup, ...]
    group_of: NDArray[np.int32]
    speed: NDArray[np.float64]
    law_of: NDArray[np.int32]
    success: NDArray[np.float64]

    @classmethod
    def of(cls, scenario: Scenario) -> Staff:
        """Return the agents of a scenario, numbered."""
        placed = [(agent, number) for number, group in enumerate(scenario.agent_groups) for agent in group.roster()]
        placed.sort(key=lambda entry: entry[0].id)
        roster = Roster.of([evolve(agent, load=0.0, idle_since=None, shifts=()) for agent, _ in placed])
        group_of = np.array([number for _, number in placed], np.int32)
        speeds = np.array([group.speed for group in scenario.agent_groups])
        names = [group.name for group in scenario.agent_groups]
        types = scenario.conversation_types
        law_of = np.zeros((len(types), len(names)), np.int32)
        for k, kind in enumerate(types):
            for number, name in enumerate(kind.handle_time_by_group, start=1):
                law_of[k, names.index(name)] = number
        return cls(
            roster,
            scenario.agent_groups,
            group_of,
            speeds[group_of] if placed else np.zeros(0),
            law_of[:, group_of],
            _success(scenario, roster, group_of),
        )

    def on_duty(self, scenario: Scenario, streams: Streams) -> list[list[tuple[float, float]]] | None:
        """Return when each agent works, in seconds of the run; None where all always do.

        Absence is drawn for each shift of each agent, by the agent's place in the group.
        """
        if not any(group.shifts or group.breaks or group.absence_probability for group in self.groups) and not any(
            agent.shifts for group in self.groups for agent in group.agents
        ):
            return None
        found: list[list[tuple[float, float]]] = [[] for _ in range(len(self.roster))]
        whole = [(0.0, float("inf"))]
        span = scenario.start_at, scenario.horizon, scenario.zone
        for group in self.groups:
            shared = intervals_of(group.shifts, *span) if group.shifts else None
            breaks = intervals_of(group.breaks, *span)
            generator = streams.generator("absence", group.name)
            for agent in group.roster():
                own = intervals_of(agent.shifts, *span) if agent.shifts else shared
                shifts = whole if own is None else own
                there = generator.random(len(shifts)) >= group.absence_probability
                worked = [shift for shift, comes in zip(shifts, there.tolist(), strict=True) if comes]
                found[self.roster.index[agent.id]] = minus(worked, breaks)
        return found


def _success(scenario: Scenario, roster: Roster, group_of: NDArray[np.int32]) -> NDArray[np.float64]:
    success = np.ones((len(scenario.conversation_types), len(roster)))
    queues = {queue.id: queue for queue in scenario.queues}
    for k, kind in enumerate(scenario.conversation_types):
        if kind.resolve_probability is None:
            backlog = Backlog.of([kind.conversation("any", arrived_at=0.0)], now=0.0, queues=queues)
            declared = roster.declared(backlog.classes[0].requires).achievement[roster.profile_of]
            success[k] = np.clip(np.nan_to_num(declared), 0.0, 1.0)
        else:
            success[k] = kind.resolve_probability
        for number, group in enumerate(scenario.agent_groups):
            if group.name in kind.resolve_probability_by_group:
                success[k, group_of == number] = kind.resolve_probability_by_group[group.name]
    return success
