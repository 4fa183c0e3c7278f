"""Choose among all best matchings the one everybody agrees on.

First the lexicographically smallest set of served rows (row 0 first; a tie serves), then row by row the lowest agent.
All best matchings use only *tight* pairs (those whose gain and price add up to the worth) under any optimal prices, and
keep each agent's load between two numbers that the prices fix. So the choice is a walk through the tight pairs alone,
one alternating path at a time; it needs no further optimisation and does not depend on the engine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routematch.solvers.network import Network
from routematch.solvers.prices import Duals

__all__ = ["make_canonical"]

Ints = NDArray[np.int64]

_ROOT = -1
_LINK = -1


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
        self.gain: list[int] = duals.gain.tolist()
        self.cell_of_pair = dict(zip(tight.tolist(), network.cell_of[tight].tolist(), strict=True))
        self.choices: dict[int, list[int]] = {}
        for row, number in zip(row_of.tolist(), tight.tolist(), strict=True):
            self.choices.setdefault(row, []).append(number)
        self.least, self.most = _load_range(network, duals)
        self.load: list[int] = network.cell_load(pair).tolist()
        self.movers: list[set[int]] = [set() for _ in self.owner]
        for row in self.choices:
            if self.pair[row] >= 0:
                self.movers[self.cell_of_pair[self.pair[row]]].add(row)
        self.cells_of: dict[int, list[int]] = {}
        for cell in range(self.agents, len(self.owner)):
            self.cells_of.setdefault(self.owner[cell], []).append(cell)
        self.dead: set[int] = set()

    def serve(self, row: int) -> None:
        """Serve a held row if some best matching does without holding an earlier one; then keep it served."""
        if self.pair[row] < 0:
            self._search(row, self.choices[row], None, self.dead)

    def lower(self, row: int) -> None:
        """Move a served row to the lowest agent that some best matching gives it; then keep it there."""
        current = self.pair[row]
        if current < 0:
            return
        source = self.cell_of_pair[current]
        self.movers[source].discard(row)
        if self.choices[row][0] == current:
            return
        self._add(source, -1)
        dead: set[int] = set()
        for number in self.choices[row]:
            if number == current:
                self._add(source, 1)
                return
            if self._search(row, [number], source, dead):
                self.movers[self.cell_of_pair[number]].discard(row)
                return

    def _add(self, cell: int, rows: int) -> None:
        self.load[cell] += rows
        if cell >= self.agents:
            self.load[self.owner[cell]] += rows

    def _search(  # noqa: C901 - one loop, every line of it counts
        self, row: int, numbers: list[int], source: int | None, dead: set[int]
    ) -> bool:
        """Find room for a row at one of the given pairs, moving others within their ties; apply it when there is.

        `source` is the cell the row comes from, which may have to be refilled; None for a row that was held, which
        may also push out a later row that is as good held. Cells in `dead` are known to lead nowhere; those seen in
        vain are added.
        """
        goals = self._goals(source)
        reached: dict[int, tuple[int, int]] = {}
        for number in numbers:
            if self.cell_of_pair[number] not in dead:
                reached.setdefault(self.cell_of_pair[number], (row, number))
        queue = list(reached)
        for cell in queue:
            if cell in goals:
                self._apply(row, cell, reached)
                self._refill(cell, source)
                return True
            for mover in self.movers[cell] if cell != _ROOT else ():
                if source is None and mover > row and self.gain[mover] == 0:
                    self._apply(row, cell, reached)
                    self.movers[cell].discard(mover)
                    self.pair[mover] = -1
                    return True
                for number in self.choices[mover]:
                    follower = self.cell_of_pair[number]
                    if follower not in reached and follower not in dead:
                        reached[follower] = mover, number
                        queue.append(follower)
            for follower in self._links(cell):
                if follower not in reached and follower not in dead:
                    reached[follower] = _LINK, cell
                    queue.append(follower)
        dead.update(reached)
        return False

    def _goals(self, source: int | None) -> set[int]:
        """Return where a chain may end: where units come and go freely, unless the cell left must be refilled."""
        if source is None:
            return {_ROOT}
        if self.load[source] < self.least[source]:
            return {source}
        agent = self.owner[source]
        return {source, agent} if self.load[agent] < self.least[agent] else {source, _ROOT}

    def _links(self, cell: int) -> list[int]:
        """Return where one row too many may be passed on to without moving a row."""
        if cell == _ROOT:
            return [agent for agent in range(self.agents) if self.load[agent] > self.least[agent]]
        if cell >= self.agents:
            return [self.owner[cell]] if self.load[cell] < self.most[cell] else []
        inner = [inner for inner in self.cells_of.get(cell, ()) if self.load[inner] > self.least[inner]]
        return [_ROOT, *inner] if self.load[cell] < self.most[cell] else inner

    def _apply(self, row: int, end: int, reached: dict[int, tuple[int, int]]) -> None:
        """Move every row of the chain, from its end back to the row it began with."""
        cell = end
        while True:
            mover, via = reached[cell]
            if mover == _LINK:
                if cell == _ROOT or (via != _ROOT and via >= self.agents):
                    self.load[via] += 1
                else:
                    self.load[cell] -= 1
                cell = via
                continue
            before, self.pair[mover] = self.pair[mover], via
            self.movers[cell].add(mover)
            if mover == row:
                return
            cell = self.cell_of_pair[before]
            self.movers[cell].discard(mover)

    def _refill(self, end: int, source: int | None) -> None:
        """Count the row that took the place of the one that left its cell or agent."""
        if source is not None and end == source:
            self._add(source, 1)
        elif source is not None and end != _ROOT:
            self.load[end] += 1


def _load_range(network: Network, duals: Duals) -> tuple[list[int], list[int]]:
    """Return the least and the greatest load of each cell in any best matching."""
    capacity = network.cell_capacity
    over = duals.price > duals.price[network.owner]
    least, most = np.where(over, capacity, 0), capacity.copy()
    own = slice(network.agents)
    if network.unit_cost is None:
        least[own] = np.where(duals.price[own] > 0, capacity[own], 0)
    else:
        units = np.arange(network.unit_cost.shape[1]) < capacity[own, None]
        price = duals.price[own, None]
        least[own] = (units & (network.unit_cost < price)).sum(axis=1)
        most[own] = (units & (network.unit_cost <= price)).sum(axis=1)
    return least.tolist(), most.tolist()
