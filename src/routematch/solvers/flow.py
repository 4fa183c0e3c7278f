"""Solve any problem by successive shortest paths, row after row: the reference engine, exact in Python integers.

Each row enters by one cheapest chain of displacements (Dijkstra's search with the current prices as potentials), ending
at a unit that is still free, or at a row that is better held. Prices start at the lowest and rise only as far as each
chain demands, so they are the agent-minimal dual prices all the time. Sources: Busacker and Gowen (1961); Tomizawa
(1971), "On some techniques useful for solution of transportation network problems"; Edmonds and Karp (1972).
"""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.solvers.network import Network
from routematch.solvers.placement import Placement
from routematch.solvers.prices import Duals

__all__ = ["FlowResult", "feasible_duals", "solve_flow"]

Ints = NDArray[np.int64]


@frozen(eq=False)
class FlowResult:
    """The matching found, feasible prices, and whether every row was placed before the budget ran out.

    Attributes
    ----------
    pair : ndarray of int64, shape (C,)
    duals : Duals
    is_complete : bool
    steps : int
        Cells scanned in all searches.
    """

    pair: Ints
    duals: Duals
    is_complete: bool
    steps: int


def solve_flow(network: Network, budget: int | None = None) -> FlowResult:
    """Place row after row by a shortest chain of displacements.

    Parameters
    ----------
    network : Network
    budget : int, optional
        Cells scanned after which no further row is placed; checked between rows. The rows not yet placed are then
        held, and the prices bound what the best matching could be worth.

    Notes
    -----
    At worst each of C searches scans all pairs: C times P times the logarithm of the agents.
    """
    paths = _Paths(network)
    steps = 0
    placed = network.rows
    for row in range(network.rows):
        if budget is not None and steps >= budget:
            placed = row
            break
        if paths.adjacent[row]:
            steps += paths.insert(row)
    pair = np.array(paths.placed.pair, np.int64)
    duals = feasible_duals(network, np.array(paths.price, np.int64))
    return FlowResult(pair, duals, placed == network.rows, steps)


def feasible_duals(network: Network, price: Ints) -> Duals:
    """Return the prices with the smallest gains that make them feasible."""
    price = np.maximum(price, price[network.owner])
    gain = np.zeros(network.rows, np.int64)
    filled = np.flatnonzero(network.degree)
    net = network.worth - price[network.cell_of]
    if len(filled):
        gain[filled] = np.maximum(np.maximum.reduceat(net, network.start[filled]), 0)
    return Duals(gain, price)


class _Paths:
    """The matching and prices while rows enter; plain lists, because single steps dominate."""

    def __init__(self, network: Network) -> None:
        self.agents = network.agents
        self.owner: list[int] = network.owner.tolist()
        self.capacity: list[int] = network.cell_capacity.tolist()
        self.unit_cost: list[list[int]] | None = None if network.unit_cost is None else network.unit_cost.tolist()
        self.cells_of: dict[int, list[int]] = {}
        for cell in range(network.agents, len(self.owner)):
            self.cells_of.setdefault(self.owner[cell], []).append(cell)
        entries = list(zip(network.cell_of.tolist(), network.worth.tolist(), range(len(network.worth)), strict=True))
        start = network.start.tolist()
        self.adjacent = [entries[start[row] : start[row + 1]] for row in range(network.rows)]
        self.worth: list[int] = network.worth.tolist()
        self.price: list[int] = network.floor()[network.owner].tolist()
        self.placed = Placement(network)

    def insert(self, row: int) -> int:  # noqa: C901 - one search, every line of it counts
        """Place a new row by a shortest chain, raise the prices it demands, and return how many cells were scanned."""
        distance: dict[int, int] = {}
        reached: dict[int, tuple[int, int]] = {}
        done: dict[int, int] = {}
        heap: list[tuple[int, int]] = []
        best, end_row, end_agent = 0, row, -1

        def relax(mover: int, offset: int) -> None:
            for cell, worth, pair in self.adjacent[mover]:
                reach = self.price[cell] - worth + offset
                if reach < best and cell not in done and reach < distance.get(cell, best):
                    distance[cell] = reach
                    reached[cell] = mover, pair
                    heappush(heap, (reach, cell))

        def link(source: int, target: int, reach: int) -> None:
            if reach < best and target not in done and reach < distance.get(target, best):
                distance[target] = reach
                reached[target] = -1, source
                heappush(heap, (reach, target))

        relax(row, 0)
        while heap:
            at, cell = heappop(heap)
            if at >= best:
                break
            if cell in done or at > distance[cell]:
                continue
            done[cell] = at
            if cell < self.agents:
                if self.placed.load[cell] < self.capacity[cell]:
                    ending = at + self._next_cost(cell) - self.price[cell]
                    if ending < best:
                        best, end_row, end_agent = ending, -1, cell
                for inner in self.cells_of.get(cell, ()):
                    if self.placed.members[inner]:
                        link(cell, inner, at + self.price[inner] - self.price[cell])
            elif len(self.placed.members[cell]) < self.capacity[cell]:
                link(cell, self.owner[cell], at)
            for member in self.placed.members[cell]:
                offset = at + self.worth[self.placed.pair[member]] - self.price[cell]
                if offset < best:
                    best, end_row, end_agent = offset, member, -1
                relax(member, offset)
        self._raise_prices(done, best)
        self.placed.shift(row, end_agent, end_row, reached)
        return len(done) + 1

    def _next_cost(self, agent: int) -> int:
        return 0 if self.unit_cost is None else self.unit_cost[agent][self.placed.load[agent]]

    def _raise_prices(self, done: dict[int, int], best: int) -> None:
        for cell, at in done.items():
            if at < best:
                self.price[cell] += best - at
        for cell in done:
            for inner in self.cells_of.get(cell, ()):
                self.price[inner] = max(self.price[inner], self.price[cell])
