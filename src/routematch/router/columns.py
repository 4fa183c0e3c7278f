"""The seats of a desk as columns that follow it: what changed is written again, the rest stays.

Encoding a roster costs microseconds per agent; a decision after one event must not pay that for everybody.
"""

from __future__ import annotations

import math
from bisect import bisect_right
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

__all__ = ["LiveRoster", "part"]

#: What an agent is who is kept by a pause, a wrap-up or a rate limit: nothing that a policy lets in.
_KEPT = "kept"
_AVAILABLE = "available"
#: Presences by channel that are told apart before those that nobody has any more are forgotten.
_MOST_PRESENCES = 1_000


class LiveRoster:
    """Columns of all seats, in order of id; `refresh` before they are read.

    Attributes
    ----------
    used, free, count, idle_since : ndarray, shape (A,)
        As in `Roster`; written in place.
    charge : ndarray of int64, shape (A,)
        What spreading charges one more conversation, in steps, by load and weight.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._base = Roster.of(())
        self._current: Roster | None = None
        self._agents: list[Agent] = []
        self._presences: dict[str | Mapping[str, str], int] = {}
        self._present: dict[str, NDArray[np.bool_]] = {}
        self._able: dict[str, NDArray[np.bool_]] = {}
        self._costs: dict[str, NDArray[np.int64]] = {}
        self._structure = -1
        self._resize()

    def _resize(self) -> None:
        base = self._base
        self._agents = list(base.agents)
        self._presences = {presence: code for code, presence in enumerate(base.presences)}
        self._present.clear()
        self._able.clear()
        self._costs.clear()
        self._edges = sorted({edge for _, shifts in base.shifts for s in shifts for edge in (s.starts_at, s.ends_at)})
        self.used, self.count = base.used.copy(), base.count.copy()
        self.idle_since, self.presence_of = base.idle_since.copy(), base.presence_of.copy()
        self.free = base.units - self.used
        self.charge = np.rint((self.count + 1.0) / base.weight).astype(np.int64)

    @property
    def index(self) -> Mapping[str, int]:
        """Positions by id."""
        return self._base.index

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids by position."""
        return self._base.ids

    @property
    def base(self) -> Roster:
        """What is static, with loads and presences of some earlier time."""
        return self._base

    def refresh(self, now: float) -> None:
        """Write what changed."""
        desk = self._desk
        if self._structure != desk.structure or len(self._presences) > max(_MOST_PRESENCES, 4 * len(desk.seats)):
            self._base = Roster.of([self._agent(seat) for seat in desk.seats.values()])
            self._structure = desk.structure
            self._resize()
            self._write(desk.seats, now)
        elif desk.touched:
            self._write(desk.touched, now)
        desk.touched.clear()

    def at(self, now: float) -> Roster:
        """Return the roster as it stands at an instant."""
        self.refresh(now)
        if self._current is None:
            columns: dict[str, Any] = {name: getattr(self, name).copy() for name in _DYNAMIC}
            for column in columns.values():
                column.flags.writeable = False
            presences = tuple(self._presences)
            self._current = evolve(self._base, agents=tuple(self._agents), presences=presences, **columns)
        return self._current

    def present(self, channel: str, now: float) -> NDArray[np.bool_]:
        """Return who may be given something on a channel now, shape (A,): available and on shift."""
        known = self._present.get(channel)
        if known is None:
            known = np.array([self._is_present(self._desk.seats[i], channel, now) for i in self.ids], bool)
            self._present[channel] = known
        return known

    def able(self, channel: str, now: float) -> NDArray[np.bool_]:
        """Return who is present on a channel and has units for one more of it, shape (A,)."""
        known = self._able.get(channel)
        if known is None:
            known = self._able[channel] = self.present(channel, now) & (self.free >= self.cost(channel))
        return known

    def cost(self, channel: str) -> NDArray[np.int64]:
        """Return what one conversation of the channel costs each agent, in thousandths of a unit, shape (A,)."""
        known = self._costs.get(channel)
        if known is None:
            known = self._costs[channel] = self._base.cost(channel)
        return known

    def next_edge(self, now: float) -> float:
        """Return when somebody's shift begins or ends next; infinity where nobody's does."""
        place = bisect_right(self._edges, now)
        return self._edges[place] if place < len(self._edges) else math.inf

    def _write(self, changed: Iterable[str], now: float) -> None:
        """Write the dynamic columns of changed agents again."""
        self._current = None
        base = self._base
        for identifier in changed:
            seat, position = self._desk.seats.get(identifier), base.index.get(identifier)
            if seat is None or position is None:
                continue
            used = seat.used
            self.used[position], self.free[position] = used, base.units[position] - used
            self.count[position] = seat.count
            self.charge[position] = round((self.count[position] + 1.0) / base.weight[position])
            self.idle_since[position] = -math.inf if seat.idle_since is None else seat.idle_since
            self.presence_of[position] = self._code(self._presence(seat, now))
            self._agents[position] = self._agent(seat)
            for channel, present in self._present.items():
                present[position] = self._is_present(seat, channel, now)
            for channel, able in self._able.items():
                able[position] = (
                    self._present[channel][position] and self.free[position] >= self.cost(channel)[position]
                )

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

    def _is_present(self, seat: Seat, channel: str, now: float) -> bool:
        presence = self._presence(seat, now)
        here = presence if isinstance(presence, str) else presence.get(channel, "offline")
        shifts = seat.agent.shifts
        return here == _AVAILABLE and (not shifts or any(s.starts_at <= now < s.ends_at for s in shifts))

    def _presence(self, seat: Seat, now: float) -> str | Mapping[str, str]:
        settings = self._desk.settings
        if seat.kept_until(now, settings) is not None:
            return _KEPT
        if seat.agent.shifts and settings.shift_margin:
            return self._near_the_end(seat, now)
        return seat.presence

    def _near_the_end(self, seat: Seat, now: float) -> str | Mapping[str, str]:
        """Return a presence by channel that lets nothing in on channels for which the shift is nearly over."""
        left = max((s.ends_at - now for s in seat.agent.shifts if s.starts_at <= now < s.ends_at), default=math.inf)
        settings, presence = self._desk.settings, seat.presence
        if left > max(settings.shift_margin.values()):
            return presence
        channels = sorted({*self._desk.channels, *settings.shift_margin})
        of = {c: presence if isinstance(presence, str) else presence.get(c, "offline") for c in channels}
        return FrozenMap({c: p if left > settings.margin(c) else _KEPT for c, p in of.items()})

    def _code(self, presence: str | Mapping[str, str]) -> int:
        return self._presences.setdefault(presence, len(self._presences))


_DYNAMIC = ("used", "count", "idle_since", "presence_of")
_STATIC = ("profile_of", "capacity_of", "units", "weight")


def part(roster: Roster, positions: NDArray[np.intp]) -> Roster:
    """Return the roster of only some agents, by ascending position, without encoding them again."""
    at = positions.tolist()
    ids = tuple(roster.ids[position] for position in at)
    where = {position: place for place, position in enumerate(at)}
    columns: dict[str, Any] = {name: getattr(roster, name)[positions] for name in (*_STATIC, *_DYNAMIC)}
    return evolve(
        roster,
        agents=tuple(roster.agents[position] for position in at),
        ids=ids,
        index={identifier: place for place, identifier in enumerate(ids)},
        shifts=tuple((where[position], shifts) for position, shifts in roster.shifts if position in where),
        **columns,
    )
