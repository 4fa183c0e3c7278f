"""Which rows could use a unit of an agent: looked up by node, while rows come and go.

Rows that just came wait. When somebody asks, their pairs are written one after the other into a *log*, in which a node
is found by one binary search in each row, for all rows together; long rows are not worth the copy and are searched
where they are. When these are many, they are sorted by node into a *level* of compressed columns, together with all
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

#: Rows that may be in the log or wait when a question has been answered, and pairs of those worth copying.
MOST_ROWS, MOST_PAIRS = 128, 4096

_NOWHERE = -1
_LAST = 2**62


@frozen(eq=False)
class _Level:
    """Slots and worths of some rows, sorted by node."""

    start: Ints
    slot: Ints
    worth: Ints


class _Log:
    """Pairs of a few rows in the order they came, found by the key ``turn * 2^32 + node``, which only ascends."""

    def __init__(self) -> None:
        self.turn: dict[int, int] = {}
        self.turns = 0
        self.filled = 0
        self.slot = np.zeros(0, np.int64)
        self.key = np.full(1, _LAST, np.int64)
        self.worth = np.zeros(1, np.int64)

    def write(self, slot: int, pairs: Pairs) -> None:
        """Add the pairs of a row."""
        nodes, worths = pairs
        begin, end = self.filled, self.filled + len(nodes)
        if end >= len(self.key):
            size = max(2 * end, MOST_ROWS * len(nodes)) + 1
            self.key, self.worth = _longer(self.key, size), _longer(self.worth, size)
        if self.turns == len(self.slot):
            self.slot = _longer(self.slot, 2 * self.turns + 16)
        np.add(nodes, self.turns << 32, out=self.key[begin:end])
        self.key[end] = _LAST
        self.worth[begin:end] = worths
        self.slot[self.turns] = slot
        self.turn[slot], self.turns, self.filled = self.turns, self.turns + 1, end

    def find(self, node: int) -> tuple[Ints, Ints]:
        """Return slots and worths of the pairs with a node."""
        (turns,) = (self.slot[: self.turns] != _NOWHERE).nonzero()
        keys = turns << 32
        keys += node
        at = self.key[: self.filled + 1].searchsorted(keys)
        (found,) = (self.key[at] == keys).nonzero()
        return self.slot[turns[found]], self.worth[at[found]]

    def blank(self, slot: int) -> None:
        """Take the pairs of a row away, if it has any here."""
        turn = self.turn.pop(slot, None)
        if turn is not None:
            self.slot[turn] = _NOWHERE

    def clear(self) -> None:
        """Forget all rows."""
        self.turn.clear()
        self.turns = self.filled = 0
        self.key[0] = _LAST


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
        """Note the pairs a slot has left when those with an agent that is gone, so never asked for, were taken away."""
        self._pairs[slot] = pairs

    def set_gain(self, slot: int, gain: int) -> None:
        """Note what the row of a slot gains."""
        self.gain[slot] = gain
        self._gains[slot] = gain

    def offers(self, node: int, base: int, limit: int) -> list[Offer]:
        """Return (reach, slot, worth) of each row whose gain plus `base` minus worth is below a limit."""
        if self._waiting:
            self._write_log()
        found: list[Offer] = []
        if self._log.turns:
            slots, worth = self._log.find(node)
            reach = self._gains[slots] - worth
            found += zip((reach + base).tolist(), slots.tolist(), worth.tolist(), strict=True)
        for number, level in enumerate(self._levels):
            if node + 1 < len(level.start):
                own = slice(int(level.start[node]), int(level.start[node + 1]))
                slots, worth = level.slot[own], level.worth[own]
                reach = self._gains[slots] - worth
                (near,) = (reach < limit - base).nonzero()
                near = near[self._level_of[slots[near]] == number]
                found += zip((reach[near] + base).tolist(), slots[near].tolist(), worth[near].tolist(), strict=True)
        for slot, amount in self._added.get(node, {}).items():
            found.append((self.gain[slot] + base - amount, slot, amount))
        for slot in self._waiting:
            nodes, worth = self._pairs[slot] or _NO_PAIRS
            position = node  # where a full row has it
            if node >= len(nodes) or nodes.item(node) != node:
                position = int(nodes.searchsorted(node))
                if position == len(nodes) or nodes.item(position) != node:
                    continue
            amount = worth.item(position)
            found.append((self.gain[slot] + base - amount, slot, amount))
        return found

    def _write_log(self) -> None:
        """Write the rows that wait into the log, but for the long ones; sort all of them when they are many."""
        for slot in list(self._waiting):
            pairs = self._pairs[slot] or _NO_PAIRS
            if len(pairs[0]) <= MOST_PAIRS:
                self._log.write(slot, pairs)
                del self._waiting[slot]
        if self._log.turns + len(self._waiting) > MOST_ROWS:
            first, size = len(self._levels), self._log.filled + sum(len(self._nodes(slot)) for slot in self._waiting)
            while first and len(self._levels[first - 1].slot) < 2 * size:
                first -= 1
                size += len(self._levels[first].slot)
            self._merge(first)

    def _nodes(self, slot: int) -> Ints:
        return (self._pairs[slot] or _NO_PAIRS)[0]

    def compress(self) -> None:
        """Put the pairs of all rows into a single level."""
        self._merge(0)

    def _merge(self, first: int) -> None:
        """Put all rows that are new, and those of all levels from the given one on, into one level."""
        del self._levels[first:]
        placed = self._level_of[: len(self._pairs)]
        slots = [slot for slot in np.flatnonzero(placed >= first).tolist() if self._pairs[slot] is not None]
        slots += [*self._log.turn, *self._waiting]
        self._add_level(slots)
        self._log.clear()
        self._waiting.clear()
        for rows in self._added.values():
            for slot in slots:
                rows.pop(slot, None)
        self._added = {node: rows for node, rows in self._added.items() if rows}

    def _add_level(self, slots: list[int]) -> None:
        """Sort the pairs of some rows by node."""
        from scipy.sparse import csr_array

        pairs = [self._pairs[slot] or _NO_PAIRS for slot in slots]
        node = np.concatenate([np.zeros(0, np.int64), *(nodes for nodes, _ in pairs)])
        worth = np.concatenate([np.zeros(0, np.int64), *(worths for _, worths in pairs)])
        start = np.concatenate([[0], np.cumsum([len(nodes) for nodes, _ in pairs])]).astype(np.int64)
        shape = len(slots), int(node.max(initial=-1)) + 1
        columns = csr_array((worth, node, start), shape=shape).tocsc()
        numbers = np.array(slots, np.int64)
        self._level_of[numbers] = len(self._levels)
        self._levels.append(_Level(columns.indptr, numbers[columns.indices], columns.data))


def _longer(array: Ints, size: int) -> Ints:
    """Return an array with more room; memory that is never written is never touched."""
    longer = np.empty(size, np.int64)
    longer[: len(array)] = array
    return longer


_NO_PAIRS: Pairs = np.zeros(0, np.int64), np.zeros(0, np.int64)
