"""Agents as columns: one array per fact, agents equal in skill found automatically.

Encode a roster once and hand it to `route` again and again; what depends only on skills stays cached in it.

>>> from routematch.model import Agent
>>> roster = Roster.of([Agent("bo", {"billing": 0.6}), Agent("ana", {"billing": 0.6}), Agent("cy")])
>>> roster.ids, len(roster.profiles)
(('ana', 'bo', 'cy'), 2)
>>> roster.proficiency("billing")
array([0.6, nan])
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.model import Agent, AllOf, AnyOf, Attribute, Capacity, Condition, NoneOf, Requirement, Shift
from routematch.model.agents import LABEL_PREFIX
from routematch.state.columns import column
from routematch.state.entries import read_entries

__all__ = ["MAX_AGENTS", "THOUSANDTHS", "Declared", "Profile", "Roster"]

#: Most agents in one call.
MAX_AGENTS = 1_000_000
#: Capacity is kept in whole thousandths of a unit.
THOUSANDTHS = 1000
_MOST_CACHED = 20_000


@frozen(cache_hash=True)
class Profile:
    """What rules and declared proficiencies look at in an agent; many agents may share one.

    Attributes
    ----------
    skills, attributes : mapping
    kind : str
    channels, queues : tuple of str or None
    """

    skills: Mapping[str, float]
    kind: str
    channels: tuple[str, ...] | None
    queues: tuple[str, ...] | None
    attributes: Mapping[str, object]


@frozen(eq=False)
class Declared:
    """How the profiles of a roster stand to one condition.

    Attributes
    ----------
    met : ndarray of bool, shape (P,)
    achievement : ndarray of float64, shape (P,)
        Weakest link among the skills that count, 1 where none does; meaningless where the condition is not met.
    """

    met: NDArray[np.bool_]
    achievement: NDArray[np.float64]


@frozen(eq=False)
class Roster:
    """All agents of one decision as columns, ordered by id.

    Make one with `Roster.of`. Arrays are read-only.

    Attributes
    ----------
    agents : tuple of Agent
        In order of id, as are all columns.
    ids : tuple of str
    index : dict from id to position
    profiles : tuple of Profile
    profile_of : ndarray of intp, shape (A,)
    capacities : tuple of Capacity
        The distinct capacities.
    capacity_of : ndarray of intp, shape (A,)
    units, used : ndarray of int64, shape (A,)
        Capacity and load in thousandths of a unit.
    count : ndarray of float64, shape (A,)
        Running conversations: counted where `Agent.load` is a mapping, else the units in use.
    idle_since : ndarray of float64, shape (A,)
        POSIX seconds; minus infinity where unknown.
    weight : ndarray of float64, shape (A,)
    presences : tuple
        The distinct values of `Agent.presence`.
    presence_of : ndarray of intp, shape (A,)
    shifts : tuple of (int, tuple of Shift)
        Agents that have shifts, by position.
    """

    agents: tuple[Agent, ...]
    ids: tuple[str, ...]
    index: dict[str, int]
    profiles: tuple[Profile, ...]
    profile_of: NDArray[np.intp]
    capacities: tuple[Capacity, ...]
    capacity_of: NDArray[np.intp]
    units: NDArray[np.int64]
    used: NDArray[np.int64]
    count: NDArray[np.float64]
    idle_since: NDArray[np.float64]
    weight: NDArray[np.float64]
    presences: tuple[str | Mapping[str, str], ...]
    presence_of: NDArray[np.intp]
    shifts: tuple[tuple[int, tuple[Shift, ...]], ...]
    _levels: dict[str, NDArray[np.float64]] = field(factory=dict, repr=False)
    _declared: dict[Condition, Declared] = field(factory=dict, repr=False)
    _holders: dict[str, tuple[list[int], list[float]]] = field(factory=dict, repr=False)

    @classmethod
    def of(cls, agents: Iterable[Agent] | Roster) -> Roster:
        """Encode agents.

        Parameters
        ----------
        agents : iterable of Agent
            In any order; empty is fine.

        Returns
        -------
        Roster

        Raises
        ------
        InvalidInputError
            When an entry is no `Agent`, or (as `DuplicateIdError`) an id is given twice; all faults at once.
        LimitExceededError
            When there are more than `MAX_AGENTS`.
        """
        if isinstance(agents, Roster):
            return agents
        checked = _checked(agents)
        checked.sort(key=_by_id)
        profiles: dict[tuple[object, ...], int] = {}
        capacities: dict[Capacity, int] = {}
        presences: dict[str | Mapping[str, str], int] = {}
        columns = [_row(agent, profiles, capacities, presences) for agent in checked]
        profile_of, capacity_of, presence_of, units, used, count, idle_since, weight = (
            zip(*columns, strict=True) if columns else ((),) * 8
        )
        ids = tuple(agent.id for agent in checked)
        return cls(
            agents=tuple(checked),
            ids=ids,
            index={identifier: position for position, identifier in enumerate(ids)},
            profiles=tuple(Profile(*key) for key in profiles),  # type: ignore[arg-type]  # the key is built by _row
            profile_of=column(profile_of, np.intp),
            capacities=tuple(capacities),
            capacity_of=column(capacity_of, np.intp),
            units=column(units, np.int64),
            used=column(used, np.int64),
            count=column(count, np.float64),
            idle_since=column(idle_since, np.float64),
            weight=column(weight, np.float64),
            presences=tuple(presences),
            presence_of=column(presence_of, np.intp),
            shifts=tuple((position, agent.shifts) for position, agent in enumerate(checked) if agent.shifts),
        )

    def __len__(self) -> int:
        """Return the number of agents, A."""
        return len(self.ids)

    @property
    def free(self) -> NDArray[np.int64]:
        """Free capacity in thousandths of a unit, never negative, shape (A,)."""
        free: NDArray[np.int64] = np.maximum(self.units - self.used, 0)
        return free

    def take(self, positions: Iterable[int]) -> Roster:
        """Return the roster of only these agents."""
        return Roster.of([self.agents[position] for position in positions])

    def proficiency(self, skill: str) -> NDArray[np.float64]:
        """Return the declared proficiency of each profile at a skill, shape (P,); NaN where it is not held."""
        known = self._levels.get(skill)
        if known is not None:
            return known
        if not self._holders:
            self._index_skills()
        levels_of = np.full(len(self.profiles), np.nan)
        where, levels = self._holders.get(skill, ((), ()))
        levels_of[list(where)] = levels
        levels_of.flags.writeable = False
        if len(self._levels) >= _MOST_CACHED:
            self._levels.clear()
        self._levels[skill] = levels_of
        return levels_of

    def _index_skills(self) -> None:
        for position, profile in enumerate(self.profiles):
            for skill, level in profile.skills.items():
                where, levels = self._holders.setdefault(skill, ([], []))
                where.append(position)
                levels.append(level)

    @property
    def skills(self) -> frozenset[str]:
        """Every skill that anybody holds."""
        if not self._holders:
            self._index_skills()
        return frozenset(self._holders)

    def declared(self, condition: Condition) -> Declared:
        """Return how the profiles stand to a condition (one without relaxation), cached by the condition."""
        known = self._declared.get(condition)
        if known is None:
            if len(self._declared) >= _MOST_CACHED:
                self._declared.clear()
            known = self._declared[condition] = self._judge(condition)
        return known

    def _judge(self, condition: Condition) -> Declared:
        if isinstance(condition, Requirement):
            level = self.proficiency(condition.skill)
            return Declared(level >= condition.at_least, level)
        if isinstance(condition, Attribute):
            met = np.array(
                [condition.is_met_by(_attribute(profile, condition.name)) for profile in self.profiles], bool
            )
            return Declared(met, np.ones(len(self.profiles)))
        parts = [self.declared(part) for part in condition.parts]
        if isinstance(condition, AllOf):
            return self._all(parts)
        if isinstance(condition, AnyOf):
            return self._any(parts)
        assert isinstance(condition, NoneOf)
        met = np.ones(len(self.profiles), bool)
        for part in parts:
            met &= ~part.met
        return Declared(met, np.ones(len(self.profiles)))

    def _all(self, parts: list[Declared]) -> Declared:
        if len(parts) == 1:
            return parts[0]
        met = np.ones(len(self.profiles), bool)
        achievement = np.ones(len(self.profiles))
        for part in parts:
            met &= part.met
            np.fmin(achievement, part.achievement, out=achievement)
        return Declared(met, achievement)

    def _any(self, parts: list[Declared]) -> Declared:
        met = np.zeros(len(self.profiles), bool)
        best = np.full(len(self.profiles), -np.inf)
        for part in parts:
            met |= part.met
            np.maximum(best, np.where(part.met, part.achievement, -np.inf), out=best)
        return Declared(met, np.where(met, best, np.nan))

    def cost(self, channel: str) -> NDArray[np.int64]:
        """Return what one conversation of the channel costs each agent, in thousandths of a unit, shape (A,)."""
        costs = np.array([round(capacity.cost(channel) * THOUSANDTHS) for capacity in self.capacities], np.int64)
        return costs[self.capacity_of] if len(costs) else np.zeros(0, np.int64)

    def room_under_cap(self, name: str) -> NDArray[np.int64]:
        """Return how many more conversations with a channel or label agents may take, shape (A,); -1: no cap."""
        caps = np.array([capacity.caps.get(name, -1) for capacity in self.capacities], np.int64)
        room = caps[self.capacity_of] if len(caps) else np.zeros(0, np.int64)
        for position in np.flatnonzero(room >= 0):
            load = self.agents[position].load
            running = load.get(name, 0) + load.get(LABEL_PREFIX + name, 0) if isinstance(load, Mapping) else 0
            room[position] = max(room[position] - running, 0)
        return room

    @cached_property
    def capped_names(self) -> frozenset[str]:
        """Every channel or label that some agent has a cap for."""
        return frozenset(name for capacity in self.capacities for name in capacity.caps)

    def presence(self, channel: str) -> NDArray[np.str_]:
        """Return each agent's presence on a channel, shape (A,)."""
        values = [p if isinstance(p, str) else p.get(channel, "offline") for p in self.presences]
        return np.array(values, dtype="U9")[self.presence_of] if values else np.zeros(0, "U9")

    def on_shift(self, now: float) -> NDArray[np.bool_]:
        """Return who works at an instant, shape (A,); agents without shifts always do."""
        working = np.ones(len(self), bool)
        for position, shifts in self.shifts:
            working[position] = any(shift.starts_at <= now < shift.ends_at for shift in shifts)
        return working

    def attribute(self, name: str) -> list[object]:
        """Return one attribute of each agent, None where it is not stated; ``"kind"`` gives the kind."""
        by_profile = [_attribute(profile, name) for profile in self.profiles]
        return [by_profile[profile] for profile in self.profile_of]


def _attribute(profile: Profile, name: str) -> object:
    return profile.kind if name == "kind" else profile.attributes.get(name)


def _by_id(agent: Agent) -> str:
    return agent.id


def _checked(agents: Iterable[Agent]) -> list[Agent]:
    given = read_entries(agents, place="agents", noun="Agent(...) or a Roster", most=MAX_AGENTS)
    faults = Faults()
    seen: dict[str, int] = {}
    for position, agent in enumerate(given):
        if not isinstance(agent, Agent):
            faults.add("must be an Agent(...)", place=f"agents[{position}]", given=agent)
        elif agent.id in seen:
            faults.duplicate(agent.id, place=f"agents[{position}].id", first=f"agents[{seen[agent.id]}].id")
        else:
            seen[agent.id] = position
    faults.raise_if_any()
    return given


def _row(
    agent: Agent,
    profiles: dict[tuple[object, ...], int],
    capacities: dict[Capacity, int],
    presences: dict[str | Mapping[str, str], int],
) -> tuple[float, ...]:
    """Return one agent's entry of every column; new profiles, capacities and presences are numbered on the way."""
    capacity, load = agent.capacity, agent.load
    if isinstance(load, Mapping):
        running = {name: count for name, count in load.items() if not name.startswith(LABEL_PREFIX)}
        used = sum(round(capacity.cost(channel) * THOUSANDTHS) * count for channel, count in running.items())
        count = float(sum(running.values()))
    else:
        used, count = round(load * THOUSANDTHS), load
    return (
        profiles.setdefault((agent.skills, agent.kind, agent.channels, agent.queues, agent.attributes), len(profiles)),
        capacities.setdefault(capacity, len(capacities)),
        presences.setdefault(agent.presence, len(presences)),
        round(capacity.units * THOUSANDTHS),
        used,
        count,
        -math.inf if agent.idle_since is None else agent.idle_since,
        agent.weight,
    )
