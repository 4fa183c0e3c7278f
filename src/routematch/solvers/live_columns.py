"""Which rows could use a unit of an agent: looked up by agent, while rows come and go.

Rows that stay are kept in compressed columns, made now and then; rows that came since are listed when first asked for.
So an event that asks for no column costs nothing here, and no event pays for more than the rows changed since the last.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Columns"]

Ints = NDArray[np.int64]
Pairs = tuple[NDArray[np.int32], Ints]

#: Gain of a row that is not in the compressed columns: no offer is above it.
_ABSENT = 2**61

#: Entries listed one by one before columns are compressed again: so many, and this share of those compressed.
MOST_LISTED, SHARE_LISTED = 50_000, 0.25


class Columns:
    """Rows by slot, agents by index; gains are kept here too, because offers are compared with them."""

    def __init__(self) -> None:
        self.gain: list[int] = []
        self._pairs: list[Pairs | None] = []
        self._version: list[int] = []
        self._compressed = np.zeros(0, np.bool_)
        self._compressed_gain = np.zeros(0, np.int64)
        self._start = np.zeros(1, np.int64)
        self._slot = np.zeros(0, np.int32)
        self._worth = np.zeros(0, np.int64)
        self._listed: dict[int, list[tuple[int, int, int]]] = {}
        self._entries = 0
        self._waiting: list[tuple[int, int]] = []
        self._gone: set[int] = set()

    def put(self, slot: int, pairs: Pairs) -> None:
        """Give a slot new pairs."""
        while slot >= len(self.gain):
            self._grow()
        self.drop(slot)
        self._pairs[slot] = pairs
        self._waiting.append((slot, self._version[slot]))

    def _grow(self) -> None:
        self.gain.append(0)
        self._pairs.append(None)
        self._version.append(0)
        if len(self.gain) > len(self._compressed):
            more = max(64, len(self._compressed))
            self._compressed = np.append(self._compressed, np.zeros(more, np.bool_))
            self._compressed_gain = np.append(self._compressed_gain, np.full(more, _ABSENT))

    def drop(self, slot: int) -> None:
        """Take all pairs of a slot away."""
        self._pairs[slot] = None
        self._version[slot] += 1
        self._compressed[slot] = False
        self._compressed_gain[slot] = _ABSENT

    def add_pair(self, slot: int, agent: int, worth: int, pairs: Pairs) -> None:
        """Give a slot one more pair; `pairs` are all it has now."""
        self.replace(slot, pairs)
        version = self._version[slot]
        if (slot, version) not in self._waiting:
            self._listed.setdefault(agent, []).append((slot, worth, version))

    def replace(self, slot: int, pairs: Pairs) -> None:
        """Note the pairs a slot has left when one was taken away."""
        self._pairs[slot] = pairs

    def drop_agent(self, agent: int) -> None:
        """Take all pairs with an agent away; it gets no new ones."""
        self._gone.add(agent)

    def set_gain(self, slot: int, gain: int) -> None:
        """Note what the row of a slot gains."""
        self.gain[slot] = gain
        if self._compressed[slot]:
            self._compressed_gain[slot] = gain

    def offers(self, agent: int, base: int, limit: int) -> list[tuple[int, int, int]]:
        """Return (reach, slot, worth) of each row whose gain plus `base` minus worth is below a limit."""
        self._list_waiting()
        found: list[tuple[int, int, int]] = []
        if agent in self._gone:
            return found
        if agent + 1 < len(self._start):
            own = slice(int(self._start[agent]), int(self._start[agent + 1]))
            slots, worth = self._slot[own], self._worth[own]
            reach = self._compressed_gain[slots] - worth
            near = np.flatnonzero(reach < limit - base)
            found = list(zip((reach[near] + base).tolist(), slots[near].tolist(), worth[near].tolist(), strict=True))
        for slot, amount, version in self._listed.get(agent, ()):
            if self._version[slot] == version and self.gain[slot] + base - amount < limit:
                found.append((self.gain[slot] + base - amount, slot, amount))
        return found

    def _list_waiting(self) -> None:
        for slot, version in self._waiting:
            pairs = self._pairs[slot]
            if self._version[slot] == version and pairs is not None:
                self._entries += len(pairs[0])
                for agent, worth in zip(pairs[0].tolist(), pairs[1].tolist(), strict=True):
                    self._listed.setdefault(agent, []).append((slot, worth, version))
        self._waiting.clear()
        if self._entries > MOST_LISTED + SHARE_LISTED * len(self._slot):
            self.compress()

    def compress(self) -> None:
        """Put the pairs of all rows into compressed columns."""
        slots = [slot for slot, pairs in enumerate(self._pairs) if pairs is not None]
        pairs = [pairs for pairs in self._pairs if pairs is not None]
        agent = np.concatenate([np.zeros(0, np.int32), *(agents for agents, _ in pairs)])
        worth = np.concatenate([np.zeros(0, np.int64), *(worths for _, worths in pairs)])
        slot = np.repeat(np.array(slots, np.int32), [len(agents) for agents, _ in pairs])
        order = np.argsort(agent, kind="stable")
        self._slot, self._worth = slot[order], worth[order]
        self._start = np.concatenate([[0], np.cumsum(np.bincount(agent))]).astype(np.int64)
        self._compressed[:] = False
        self._compressed[slots] = True
        self._compressed_gain[:] = _ABSENT
        self._compressed_gain[slots] = np.array(self.gain, np.int64)[slots]
        self._listed.clear()
        self._waiting.clear()
        self._entries = 0
