"""The seats of a desk as columns that follow it: what changed is written again, the rest stays.

Encoding a roster costs microseconds per agent; a decision after one event must not pay that for everybody.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from routematch.model import Agent
from routematch.model.agents import LABEL_PREFIX
from routematch.model.frozen import FrozenMap
from routematch.router.desk import Desk
from routematch.router.seats import Seat
from routematch.state import Roster

__all__ = ["LiveRoster"]

#: What an agent is who is kept by a pause, a wrap-up or a rate limit: nothing that a policy lets in.
_KEPT = "kept"


class LiveRoster:
    """Columns of all seats, in order of id."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._roster: Roster | None = None
        self._presences: dict[str | Mapping[str, str], int] = {}
        self._structure = -1

    def at(self, now: float) -> Roster:
        """Return the roster as it stands at an instant."""
        desk = self._desk
        if self._structure != desk.structure or self._roster is None:
            self._roster = self._encoded(now)
            self._structure = desk.structure
        elif desk.touched:
            self._roster = self._patched(self._roster, desk.touched, now)
        desk.touched.clear()
        return self._roster

    def _encoded(self, now: float) -> Roster:
        seats = self._desk.seats
        roster = Roster.of([self._agent(seat) for seat in seats.values()])
        self._presences = {presence: code for code, presence in enumerate(roster.presences)}
        return self._patched(roster, seats, now)

    def _patched(self, roster: Roster, changed: Iterable[str], now: float) -> Roster:
        """Write the dynamic columns of changed agents again."""
        columns: dict[str, Any] = {name: getattr(roster, name).copy() for name in _DYNAMIC}
        agents: list[Agent] | None = None
        for identifier in changed:
            seat, position = self._desk.seats.get(identifier), roster.index.get(identifier)
            if seat is None or position is None:
                continue
            columns["used"][position] = seat.used
            columns["count"][position] = seat.count
            columns["idle_since"][position] = -math.inf if seat.idle_since is None else seat.idle_since
            columns["presence_of"][position] = self._code(self._presence(seat, now))
            agent = self._agent(seat)
            if agent is not roster.agents[position]:
                agents = agents or list(roster.agents)
                agents[position] = agent
        for column in columns.values():
            column.flags.writeable = False
        if agents is not None:
            columns["agents"] = tuple(agents)
        return evolve(roster, presences=tuple(self._presences), **columns)

    def _agent(self, seat: Seat) -> Agent:
        """Return an agent with its running conversations by channel and label, where caps must count them."""
        if not seat.agent.capacity.caps:
            return seat.agent
        counts: dict[str, int] = {}
        if isinstance(seat.agent.load, Mapping):
            counts.update(seat.agent.load)
        desk = self._desk
        running = [desk.cases[identifier] for identifier in seat.running]
        running += [desk.cases[desk.offers[offer].conversation] for offer in seat.offers]
        for case in running:
            conversation = case.conversation
            for name in (conversation.channel, *(LABEL_PREFIX + label for label in conversation.labels)):
                counts[name] = counts.get(name, 0) + 1
        return evolve(seat.agent, load=FrozenMap(counts)) if counts else seat.agent

    def _presence(self, seat: Seat, now: float) -> str | Mapping[str, str]:
        settings = self._desk.settings
        if seat.kept_until(now, settings) is not None:
            return _KEPT
        if seat.agent.shifts and settings.shift_margin:
            return self._near_the_end(seat, now)
        return seat.presence

    def _near_the_end(self, seat: Seat, now: float) -> str | Mapping[str, str]:
        """Return a presence by channel that lets nothing in on channels for which the shift is nearly over."""
        left = max((shift.ends_at - now for shift in seat.agent.shifts if shift.starts_at <= now), default=math.inf)
        settings, presence = self._desk.settings, seat.presence
        if left > max(settings.shift_margin.values()):
            return presence
        channels = {case.conversation.channel for case in self._desk.lines}
        of = {c: presence if isinstance(presence, str) else presence.get(c, "offline") for c in sorted(channels)}
        return FrozenMap({c: p if left > settings.margin(c) else _KEPT for c, p in of.items()})

    def _code(self, presence: str | Mapping[str, str]) -> int:
        return self._presences.setdefault(presence, len(self._presences))


_DYNAMIC = ("used", "count", "idle_since", "presence_of")


def part(roster: Roster, positions: NDArray[np.intp]) -> Roster:
    """Return the roster of only some agents, by ascending position, without encoding them again."""
    at = positions.tolist()
    ids = tuple(roster.ids[position] for position in at)
    where = {position: place for place, position in enumerate(at)}
    return evolve(
        roster,
        agents=tuple(roster.agents[position] for position in at),
        ids=ids,
        index={identifier: place for place, identifier in enumerate(ids)},
        **{name: getattr(roster, name)[positions] for name in (*_STATIC, *_DYNAMIC)},
        shifts=tuple((where[position], shifts) for position, shifts in roster.shifts if position in where),
    )


_STATIC = ("profile_of", "capacity_of", "units", "weight")
