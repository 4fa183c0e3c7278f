"""Choose among all best matchings the one everybody agrees on.

First the lexicographically smallest set of served rows (row 0 first; a tie serves), then row by row the lowest agent.
All best matchings use only *tight* pairs (those whose gain and price add up to the worth) under any optimal prices, and
keep each agent's load between two numbers that the prices fix. So the choice is a walk through the tight pairs alone,
one alternating path at a time; it needs no further optimisation and does not depend on the engine.

A row can move to a cell only along a cycle, so only within a strongly connected component of the graph of possible
moves. Fixing rows can split components but never join them: components found once rule out most choices unsearched,
and they are found anew when too many searches fail.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from routematch.solvers.network import Network
from routematch.solvers.prices import Duals
from routematch.solvers.unique import is_plainly_unique, load_range

__all__ = ["make_canonical"]

Ints = NDArray[np.int64]

_ROOT = -1
_LINK = -1
_TO_ROOT = (_ROOT,)

#: With fewer tight pairs than this, searching in vain is cheaper than finding components.
_SMALL = 2_000
#: Cells searched in vain after which components are found anew.
_PATIENCE = 1_000


def make_canonical(network: Network, pair: Ints, duals: Duals, tight: Ints) -> Ints:
    """Return the canonical best matching, given any best matching with its prices.

    Parameters
    ----------
    network : Network
    pair : ndarray of int64, shape (C,)
        A matching proven best by `duals`.
    duals : Duals
    tight : ndarray of int64
        The pairs whose gain and price are exactly their worth, ascending.

    Returns
    -------
    ndarray of int64, shape (C,)
        Number of the pair that serves each row, -1 where it is held.

    Notes
    -----
    At worst one search through all tight pairs for each row that has a choice.
    """
    if is_plainly_unique(network, pair, duals, tight):
        return pair
    row_of = network.row_of(tight)
    choices = np.bincount(row_of, minlength=network.rows)
    undecided = (duals.gain == 0) & (choices > 0)
    movable = (choices > 1) | undecided
    if not movable.any():
        return pair
    kept = movable[row_of]
    ties = _Ties(network, pair, duals, tight[kept], row_of[kept])
    if (undecided & (pair < 0)).any():
        for row in np.flatnonzero(undecided).tolist():
            ties.serve(row)
    for row in np.flatnonzero(movable).tolist():
        ties.lower(row)
    return np.array(ties.pair, np.int64)


class _Ties:
    """Tight pairs of the rows that have a choice, with the loads every best matching must keep."""

    def __init__(self, network: Network, pair: Ints, duals: Duals, tight: Ints, row_of: Ints) -> None:
        self.agents = network.agents
        self.owner: list[int] = network.owner.tolist()
        self.pair: list[int] = pair.tolist()
        self.cell: list[int] = network.cells(pair).tolist()
        self.gain: list[int] = duals.gain.tolist()
        self.tight, self.tight_cell = tight, network.cell_of[tight]
        self.start: list[int] = np.searchsorted(row_of, np.arange(network.rows + 1)).tolist()
        self.seen: dict[int, list[tuple[int, int]]] = {}
        self.list_of = self._number_lists()
        self.least, self.most = (bound.tolist() for bound in load_range(network, duals))
        self.load: list[int] = network.cell_load(pair).tolist()
        self.open = {cell for cell in range(self.agents) if self.load[cell] < self.most[cell]}
        self.giving = {cell for cell in range(self.agents) if self.load[cell] > self.least[cell]}
        self.movers: list[set[int]] = [set() for _ in self.owner]
        for row in row_of[np.flatnonzero(np.diff(row_of, prepend=-1))].tolist():
            if self.cell[row] >= 0:
                self.movers[self.cell[row]].add(row)
        self.giving_inside: dict[int, set[int]] = {}
        for cell in range(self.agents, len(self.owner)):
            if self.load[cell] > self.least[cell]:
                self.giving_inside.setdefault(self.owner[cell], set()).add(cell)
        self.dead: set[int] = set()
        self.closed: set[int] = set()
        self.row_of = row_of
        self.component: NDArray[np.integer] | None = None
        self.wasted = _PATIENCE if len(tight) >= _SMALL else -(2**62)

    def _number_lists(self) -> list[int]:
        """Give each distinct list of cells a number: rows with the same one lead a search nowhere new."""
        numbers: dict[bytes, int] = {}
        cells = [self.tight_cell[start:stop] for start, stop in zip(self.start, self.start[1:], strict=False)]
        return [numbers.setdefault(own.tobytes(), len(numbers)) for own in cells]

    def choices(self, row: int) -> list[tuple[int, int]]:
        """Return the cells a row may be in, each with its pair, by ascending agent."""
        found = self.seen.get(row)
        if found is None:
            own = slice(self.start[row], self.start[row + 1])
            found = list(zip(self.tight_cell[own].tolist(), self.tight[own].tolist(), strict=True))
            self.seen[row] = found
        return found

    def serve(self, row: int) -> None:
        """Serve a held row if some best matching does without holding an earlier one; then keep it served."""
        if self.pair[row] < 0:
            self._search(row, self.choices(row), None, self.dead)

    def lower(self, row: int) -> None:
        """Move a served row to the lowest agent that some best matching gives it; then keep it there."""
        source = self.cell[row]
        if source < 0:
            return
        choices = self._lower_choices(row, source)
        self.movers[source].discard(row)
        if not choices:
            return
        self._vacate(source)
        # Where no free unit can be reached from, none can be later either; only a chain back to the source may still.
        may_end_anywhere = _ROOT in self._goals(source)
        dead = self.closed if may_end_anywhere and source not in self.closed else set()
        for choice in choices:
            if choice[0] not in dead and self._search(row, [choice], source, dead):
                self.movers[choice[0]].discard(row)
                return
        self._refill(source)

    def _lower_choices(self, row: int, source: int) -> list[tuple[int, int]]:
        """Return the choices of a row below the one it has, without those that no cycle leads through."""
        own = slice(self.start[row], self.start[row + 1])
        lower = int(np.flatnonzero(self.tight_cell[own] == source)[0])
        if not lower:
            return []
        if self.wasted >= _PATIENCE:
            self.component = self._components(row)
            self.wasted = 0
        cells, pairs = self.tight_cell[own][:lower], self.tight[own][:lower]
        if self.component is not None:
            joined = self.component[cells] == self.component[source]
            cells, pairs = cells[joined], pairs[joined]
        return list(zip(cells.tolist(), pairs.tolist(), strict=True))

    def _components(self, row: int) -> NDArray[np.integer]:
        """Return the strongly connected component of each cell under the moves left from this row on."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        cells, lists = np.array(self.cell), np.array(self.list_of)
        left = np.arange(row, len(cells))
        left = left[(cells[row:] >= 0) & (np.diff(self.start)[row:] > 0)]
        of_list = {number: row for row, number in zip(left.tolist(), lists[left].tolist(), strict=True)}
        own = [self.tight_cell[self.start[row] : self.start[row + 1]] for row in of_list.values()]
        root, owner, load = len(self.owner), np.array(self.owner), np.array(self.load)
        upper = np.where(np.arange(root) < self.agents, root, owner)
        may_take, may_give = np.flatnonzero(load < np.array(self.most)), np.flatnonzero(load > np.array(self.least))
        entries = np.repeat(np.array(list(of_list), np.int64), [len(part) for part in own])
        tail = np.concatenate([cells[left], root + 1 + entries, may_take, upper[may_give]])
        head = np.concatenate([root + 1 + lists[left], *own, upper[may_take], may_give])
        size = root + 1 + int(lists.max(initial=0)) + 1
        moves = coo_array((np.ones(len(tail), np.int8), (tail, head)), shape=(size, size))
        return connected_components(moves, connection="strong")[1]  # type: ignore[no-any-return]

    def _vacate(self, cell: int) -> None:
        """Count a row less in a cell, and in its agent; not there when the cell must be refilled in any case."""
        self._count(cell, -1)
        if cell >= self.agents and self.load[cell] >= self.least[cell]:
            self._count(self.owner[cell], -1)

    def _refill(self, cell: int) -> None:
        """Undo `_vacate`: another row, or the same, is in the place that was left."""
        if cell >= self.agents and self.load[cell] >= self.least[cell]:
            self._count(self.owner[cell], 1)
        self._count(cell, 1)

    def _count(self, cell: int, rows: int) -> None:
        self.load[cell] += rows
        giving = self.giving
        if cell >= self.agents:
            giving = self.giving_inside.setdefault(self.owner[cell], set())
        elif self.load[cell] < self.most[cell]:
            self.open.add(cell)
        else:
            self.open.discard(cell)
        if self.load[cell] > self.least[cell]:
            giving.add(cell)
        else:
            giving.discard(cell)

    def _search(  # noqa: C901, PLR0912 - one loop, every line of it counts
        self, row: int, choices: list[tuple[int, int]], source: int | None, dead: set[int]
    ) -> bool:
        """Find room for a row at one of the given choices, moving others within their ties; apply it when there is.

        `source` is the cell the row comes from, which may have to be refilled; None for a row that was held, which
        may also push out a later row that is as good held. Cells in `dead` are known to lead nowhere; those seen in
        vain are added.
        """
        goals = self._goals(source)
        ends = self.open if _ROOT in goals else goals
        reached: dict[int, tuple[int, int]] = {}
        expanded: set[int] = set()
        moves = [(row, choices)]
        queue: list[int] = []
        position = 0
        while True:
            for mover, targets in moves:
                for follower, number in targets:
                    if follower in reached or follower in dead:
                        continue
                    reached[follower] = mover, number
                    if follower in ends or follower in goals:
                        self._finish(row, follower, source, goals, reached)
                        return True
                    queue.append(follower)
            if position == len(queue):
                dead.update(reached)
                self.wasted += len(reached)
                return False
            cell = queue[position]
            position += 1
            for follower in self._links(cell):
                if follower not in reached and follower not in dead:
                    reached[follower] = _LINK, cell
                    if follower in goals:
                        self._finish(row, follower, source, goals, reached)
                        return True
                    queue.append(follower)
            movers = self.movers[cell] if cell != _ROOT else ()
            for mover in movers if source is None else ():
                if mover > row and self.gain[mover] == 0:
                    self._apply(row, cell, reached)
                    self.movers[cell].discard(mover)
                    self.pair[mover] = self.cell[mover] = -1
                    return True
            moves = []
            for mover in movers:
                if self.list_of[mover] not in expanded:
                    expanded.add(self.list_of[mover])
                    moves.append((mover, self.choices(mover)))

    def _finish(
        self, row: int, end: int, source: int | None, goals: set[int], reached: dict[int, tuple[int, int]]
    ) -> None:
        if end not in goals:
            reached[_ROOT] = _LINK, end
            end = _ROOT
        self._apply(row, end, reached)
        if source is not None and end == source:
            self._refill(source)
        elif end != _ROOT:
            self._count(end, 1)

    def _goals(self, source: int | None) -> set[int]:
        """Return where a chain may end: where units come and go freely, unless the cell left must be refilled."""
        if source is None:
            return {_ROOT}
        if self.load[source] < self.least[source]:
            return {source}
        agent = self.owner[source]
        return {source, agent} if self.load[agent] < self.least[agent] else {source, _ROOT}

    def _links(self, cell: int) -> Iterable[int]:
        """Return where one row too many may be passed on to without moving a row."""
        if cell == _ROOT:
            return self.giving
        if cell >= self.agents:
            return [self.owner[cell]] if self.load[cell] < self.most[cell] else []
        up = _TO_ROOT if cell in self.open else ()
        return [*up, *self.giving_inside[cell]] if cell in self.giving_inside else up

    def _apply(self, row: int, end: int, reached: dict[int, tuple[int, int]]) -> None:
        """Move every row of the chain, from its end back to the row it began with."""
        cell = end
        while True:
            mover, via = reached[cell]
            if mover == _LINK:
                if cell == _ROOT or (via != _ROOT and via >= self.agents):
                    self._count(via, 1)
                else:
                    self._count(cell, -1)
                cell = via
                continue
            before, self.cell[mover] = self.cell[mover], cell
            self.pair[mover] = via
            self.movers[cell].add(mover)
            if mover == row:
                return
            cell = before
            self.movers[cell].discard(mover)
