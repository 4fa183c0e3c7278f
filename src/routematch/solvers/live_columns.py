"""Which rows could use a unit of an agent: looked up by node, while rows come and go.

Rows that just came wait. When somebody asks, their pairs are written one after the other into a *log*, which is looked
through as a whole; when the log is full it is sorted by node into a *level* of compressed columns, together with all
levels that are not much larger (O'Neil, Cheng, Gawlick and O'Neil, 1996, "The log-structured merge-tree"). Only
questions cause such work: where units are free nobody asks, and a new row costs nothing here.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

__all__ = ["Columns"]

Ints = NDArray[np.int64]
Pairs = tuple[Ints, Ints]
Offer = tuple[int, int, int]

#: Rows and pairs the log holds; a single row with more pairs is sorted at once.
MOST_ROWS, MOST_PAIRS = 128, 1 << 17

_NOWHERE = -1


@frozen(eq=False)
class _Level:
    """Slots and worths of some rows, sorted by node."""

    start: Ints
    slot: NDArray[np.int32]
    worth: Ints


class _Log:
    """Pairs of a few rows in the order they came; those of rows that left are blanked."""

    def __init__(self) -> None:
        self.rows: dict[int, slice] = {}
        self.filled = 0
        self.node = np.zeros(0, np.int32)
        self.slot = np.zeros(0, np.int32)
        self.worth = np.zeros(0, np.int64)

    def write(self, slot: int, pairs: Pairs) -> None:
        """Add the pairs of a row."""
        nodes, worths = pairs
        own = slice(self.filled, self.filled + len(nodes))
        while own.stop > len(self.node):
            self.node, self.slot = np.append(self.node, self._more()), np.append(self.slot, self._more())
            self.worth = np.append(self.worth, self._more())
        self.node[own], self.slot[own], self.worth[own] = nodes, slot, worths
        self.rows[slot], self.filled = own, own.stop

    def _more(self) -> NDArray[np.int32]:
        return np.zeros(max(1024, len(self.node)), np.int32)

    def blank(self, slot: int) -> None:
        """Take the pairs of a row away, if it has any here."""
        own = self.rows.pop(slot, None)
        if own is not None:
            self.node[own] = _NOWHERE

    def clear(self) -> None:
        """Forget all rows."""
        self.rows.clear()
        self.filled = 0


class Columns:
    """Rows by slot; gains are kept here too, because offers are compared with them."""

    def __init__(self) -> None:
        self.gain: list[int] = []
        self._gains = np.zeros(0, np.int64)
        self._level_of = np.zeros(0, np.int32)
        self._pairs: list[Pairs | None] = []
        self._levels: list[_Level] = []
        self._log = _Log()
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
            self._level_of = np.append(self._level_of, np.full(more, _NOWHERE, np.int32))

    def drop(self, slot: int) -> None:
        """Take all pairs of a slot away."""
        self._pairs[slot] = None
        self._level_of[slot] = _NOWHERE
        self._waiting.pop(slot, None)
        self._log.blank(slot)
        for rows in self._added.values():
            rows.pop(slot, None)

    def add_pair(self, slot: int, node: int, worth: int, pairs: Pairs) -> None:
        """Give a slot one more pair; `pairs` are all it has now."""
        self._pairs[slot] = pairs
        if slot not in self._waiting:
            self._added.setdefault(node, {})[slot] = worth

    def replace(self, slot: int, pairs: Pairs) -> None:
        """Note the pairs a slot has left when those with nodes that are gone were taken away."""
        self._pairs[slot] = pairs

    def drop_node(self, node: int) -> None:
        """Take all pairs with a node away; it gets no new ones."""
        self._gone.add(node)

    def set_gain(self, slot: int, gain: int) -> None:
        """Note what the row of a slot gains."""
        self.gain[slot] = gain
        self._gains[slot] = gain

    def offers(self, node: int, base: int, limit: int) -> list[Offer]:
        """Return (reach, slot, worth) of each row whose gain plus `base` minus worth is below a limit."""
        if node in self._gone:
            return []
        if self._waiting:
            self._write_log()
        log = self._log
        at = np.flatnonzero(log.node[: log.filled] == node)
        slots, worth = log.slot[at], log.worth[at]
        reach = self._gains[slots] - worth + base
        found: list[Offer] = list(zip(reach.tolist(), slots.tolist(), worth.tolist(), strict=True))
        for number, level in enumerate(self._levels):
            if node + 1 < len(level.start):
                own = slice(int(level.start[node]), int(level.start[node + 1]))
                slots, worth = level.slot[own], level.worth[own]
                reach = self._gains[slots] - worth
                near = np.flatnonzero(reach < limit - base)
                near = near[self._level_of[slots[near]] == number]
                found += zip((reach[near] + base).tolist(), slots[near].tolist(), worth[near].tolist(), strict=True)
        for slot, amount in self._added.get(node, {}).items():
            found.append((self.gain[slot] + base - amount, slot, amount))
        return found

    def _write_log(self) -> None:
        """Write the rows that wait into the log; sort it when it is full."""
        log = self._log
        for slot in self._waiting:
            log.write(slot, self._pairs[slot] or _NO_PAIRS)
        self._waiting.clear()
        if len(log.rows) > MOST_ROWS or log.filled > MOST_PAIRS:
            first, size = len(self._levels), log.filled
            while first and len(self._levels[first - 1].slot) < 2 * size:
                first -= 1
                size += len(self._levels[first].slot)
            self._merge(first)

    def compress(self) -> None:
        """Put the pairs of all rows into a single level."""
        self._merge(0)

    def _merge(self, first: int) -> None:
        """Put all rows that are new, and those of all levels from the given one on, into one level."""
        del self._levels[first:]
        placed = self._level_of[: len(self._pairs)]
        slots = [slot for slot in np.flatnonzero(placed >= first).tolist() if self._pairs[slot] is not None]
        slots += [*self._log.rows, *self._waiting]
        self._add_level(slots)
        self._log.clear()
        self._waiting.clear()
        for rows in self._added.values():
            for slot in slots:
                rows.pop(slot, None)

    def _add_level(self, slots: list[int]) -> None:
        """Sort the pairs of some rows by node."""
        from scipy.sparse import csr_array

        pairs = [self._pairs[slot] or _NO_PAIRS for slot in slots]
        node = np.concatenate([np.zeros(0, np.int64), *(nodes for nodes, _ in pairs)])
        worth = np.concatenate([np.zeros(0, np.int64), *(worths for _, worths in pairs)])
        start = np.concatenate([[0], np.cumsum([len(nodes) for nodes, _ in pairs])]).astype(np.int64)
        shape = len(slots), int(node.max(initial=-1)) + 1
        columns = csr_array((worth, node, start), shape=shape).tocsc()
        numbers = np.array(slots, np.int32)
        self._level_of[numbers] = len(self._levels)
        self._levels.append(_Level(columns.indptr, numbers[columns.indices], columns.data))


_NO_PAIRS: Pairs = np.zeros(0, np.int64), np.zeros(0, np.int64)
