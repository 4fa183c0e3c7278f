"""Which rows could use a unit of an agent: looked up by agent, while rows come and go.

Rows that just came wait and are looked through one by one. When many wait, they are sorted by agent into one more
*level* of compressed columns; when there are many levels, these become one. Only questions cause such work: where units
are free nobody asks, and a new row costs nothing here.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

__all__ = ["Columns"]

Ints = NDArray[np.int64]
Pairs = tuple[NDArray[np.int32], Ints]
Offer = tuple[int, int, int]

#: Rows that may wait, and levels there may be, when a question comes.
MOST_WAITING, MOST_LEVELS = 64, 8

_WAITING = -1


@frozen(eq=False)
class _Level:
    """Slots and worths of some rows, sorted by agent."""

    start: Ints
    slot: NDArray[np.int32]
    worth: Ints


class Columns:
    """Rows by slot, agents by index; gains are kept here too, because offers are compared with them."""

    def __init__(self) -> None:
        self.gain: list[int] = []
        self._gains = np.zeros(0, np.int64)
        self._level_of = np.zeros(0, np.int32)
        self._pairs: list[Pairs | None] = []
        self._levels: list[_Level] = []
        self._waiting: dict[int, None] = {}
        self._added: dict[int, dict[int, int]] = {}
        self._gone: set[int] = set()

    def put(self, slot: int, pairs: Pairs) -> None:
        """Give a slot new pairs."""
        while slot >= len(self.gain):
            self._grow()
        self.drop(slot)
        self._pairs[slot] = pairs
        self._waiting[slot] = None

    def _grow(self) -> None:
        self.gain.append(0)
        self._pairs.append(None)
        if len(self.gain) > len(self._gains):
            more = max(64, len(self._gains))
            self._gains = np.append(self._gains, np.zeros(more, np.int64))
            self._level_of = np.append(self._level_of, np.full(more, _WAITING, np.int32))

    def drop(self, slot: int) -> None:
        """Take all pairs of a slot away."""
        self._pairs[slot] = None
        self._level_of[slot] = _WAITING
        self._waiting.pop(slot, None)
        for rows in self._added.values():
            rows.pop(slot, None)

    def add_pair(self, slot: int, agent: int, worth: int, pairs: Pairs) -> None:
        """Give a slot one more pair; `pairs` are all it has now."""
        self._pairs[slot] = pairs
        if slot not in self._waiting:
            self._added.setdefault(agent, {})[slot] = worth

    def replace(self, slot: int, pairs: Pairs) -> None:
        """Note the pairs a slot has left when those with an agent that is gone were taken away."""
        self._pairs[slot] = pairs

    def drop_agent(self, agent: int) -> None:
        """Take all pairs with an agent away; it gets no new ones."""
        self._gone.add(agent)

    def set_gain(self, slot: int, gain: int) -> None:
        """Note what the row of a slot gains."""
        self.gain[slot] = gain
        self._gains[slot] = gain

    def offers(self, agent: int, base: int, limit: int) -> list[Offer]:
        """Return (reach, slot, worth) of each row whose gain plus `base` minus worth is below a limit."""
        if agent in self._gone:
            return []
        if len(self._waiting) > MOST_WAITING:
            self._sort_waiting()
        found: list[Offer] = []
        for number, level in enumerate(self._levels):
            if agent + 1 < len(level.start):
                own = slice(int(level.start[agent]), int(level.start[agent + 1]))
                slots, worth = level.slot[own], level.worth[own]
                reach = self._gains[slots] - worth
                near = np.flatnonzero((reach < limit - base) & (self._level_of[slots] == number))
                found += zip((reach[near] + base).tolist(), slots[near].tolist(), worth[near].tolist(), strict=True)
        for slot, amount in self._added.get(agent, {}).items():
            found.append((self.gain[slot] + base - amount, slot, amount))
        for slot in self._waiting:
            agents, worth = self._pairs[slot] or _NO_PAIRS
            position = int(agents.searchsorted(agent))
            if position < len(agents) and agents[position] == agent:
                found.append((self.gain[slot] + base - int(worth[position]), slot, int(worth[position])))
        return found

    def _sort_waiting(self) -> None:
        if len(self._levels) < MOST_LEVELS:
            self._add_level(list(self._waiting))
        elif sum(len(level.slot) for level in self._levels[1:]) < len(self._levels[0].slot) // 2:
            self._merge(1)
        else:
            self._merge(0)

    def compress(self) -> None:
        """Put the pairs of all rows into a single level."""
        self._merge(0)

    def _merge(self, first: int) -> None:
        """Put the rows that wait, and those of all levels from the given one on, into one level."""
        del self._levels[first:]
        placed = self._level_of[: len(self._pairs)]
        slots = [slot for slot in np.flatnonzero(placed >= first).tolist() if self._pairs[slot] is not None]
        self._add_level(slots + list(self._waiting))
        for rows in self._added.values():
            for slot in slots:
                rows.pop(slot, None)

    def _add_level(self, slots: list[int]) -> None:
        """Sort the pairs of some rows by agent."""
        pairs = [self._pairs[slot] or _NO_PAIRS for slot in slots]
        agent = np.concatenate([np.zeros(0, np.int32), *(agents for agents, _ in pairs)])
        worth = np.concatenate([np.zeros(0, np.int64), *(worths for _, worths in pairs)])
        slot = np.repeat(np.array(slots, np.int32), [len(agents) for agents, _ in pairs])
        order = np.argsort(agent, kind="stable")
        start = np.concatenate([[0], np.cumsum(np.bincount(agent))]).astype(np.int64)
        self._level_of[slots] = len(self._levels)
        self._levels.append(_Level(start, slot[order], worth[order]))
        self._waiting.clear()


_NO_PAIRS: Pairs = np.zeros(0, np.int32), np.zeros(0, np.int64)
