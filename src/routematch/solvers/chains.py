"""Solve sparse problems with room to spare: a start in bulk, then short chains over the best few pairs of each row.

The search of `flow`, made lazy. At the lowest prices most rows find a free unit at once, and these are placed together
with array operations. Each remaining row enters by one cheapest chain of displacements. A row looks only at its best
few pairs; the best of all its other pairs, at the prices when it last looked, bounds what those can offer, because
prices only rise. The search returns to a row for more pairs only when that bound comes up in the queue. So the answer
and the (agent-minimal) prices are exact, and most pairs are never touched by a single step.

The lazy lists are column generation (Volgenant, 1996, "Linear and semi-assignment problems: a core oriented approach")
with the pricing inside the search.
"""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from routematch.solvers.flow import FlowResult, feasible_duals
from routematch.solvers.network import Network
from routematch.solvers.placement import Placement

__all__ = ["solve_chains"]

Ints = NDArray[np.int64]

#: Pairs a row looks at first, and how many times more it looks at when it has to return.
FIRST_LOOK, WIDER = 8, 4

#: Looking at a row anew takes as long as examining so many pairs.
LOOK = 50

#: Stands for a bound that no pair reaches.
_NOTHING_LEFT = -(2**62)


def solve_chains(network: Network, budget: int | None = None, *, gives_up: bool = False) -> FlowResult:
    """Place rows in bulk at the lowest prices, the others by shortest chains, dearest first.

    Parameters
    ----------
    network : Network
    budget : int, optional
        Pairs examined one by one after which no further row is placed; checked between rows. The rows not yet placed
        are then held, and the prices bound what the best matching could be worth.
    gives_up : bool
        Stop as soon as the steps so far show that the budget will not do: chains only grow longer.

    Notes
    -----
    Fast while units outnumber rows; the chains grow long when units are scarce.
    """
    chains = _Chains(network)
    waiting = _start_in_bulk(network, chains)
    placed = 0
    for row in waiting:
        if budget is not None and chains.steps >= (budget * _fair_share(placed / len(waiting)) if gives_up else budget):
            break
        chains.insert(row)
        placed += 1
    pair = np.array(chains.placed.pair, np.int64)
    duals = feasible_duals(network, np.array(chains.price, np.int64))
    return FlowResult(pair, duals, placed == len(waiting), chains.steps)


def _fair_share(placed: float) -> float:
    """Return the share of all steps that placing this share of the rows takes at most, where chains suit at all."""
    return 0.1 + 0.9 * placed


def _start_in_bulk(network: Network, chains: _Chains) -> list[int]:
    """Give rows their best pair where a unit at the lowest price is free; return the others that have a gain."""
    filled = np.flatnonzero(network.degree)
    net = network.worth if network.unit_cost is None else network.worth - network.floor()[network.agent_of]
    best = np.zeros(network.rows, np.int64)
    best[filled] = np.maximum.reduceat(net, network.start[filled]) if len(filled) else 0
    tight = _best_pairs(network, net, best)
    row_of, room = network.row_of(tight), _room_at_floor(network)
    waiting = best > 0
    turn = 0
    while len(tight):
        picked = _one_each(row_of, turn)
        rows, pairs = row_of[picked], tight[picked]
        agents = network.agent_of[pairs]
        order = np.argsort(agents, kind="stable")
        sorted_agents = agents[order]
        rank = np.arange(len(order)) - np.searchsorted(sorted_agents, sorted_agents)
        taken = order[rank < room[sorted_agents]]
        for row, agent, pair in zip(rows[taken].tolist(), agents[taken].tolist(), pairs[taken].tolist(), strict=True):
            chains.placed.enter(row, agent, pair)
            chains.placed.load[agent] += 1
        room -= np.bincount(agents[taken], minlength=network.agents)
        waiting[rows[taken]] = False
        still = waiting[row_of] & (room[network.agent_of[tight]] > 0)
        tight, row_of = tight[still], row_of[still]
        turn += 1
    rest = np.flatnonzero(waiting)
    dearest_first: list[int] = rest[np.argsort(-best[rest], kind="stable")].tolist()
    return dearest_first


def _best_pairs(network: Network, net: Ints, best: Ints) -> Ints:
    """Return the pairs that offer their row the most, into cells without a cap."""
    found = [np.zeros(0, np.int64)]
    for rows, pairs in network.blocks():
        top = np.repeat(best[rows], network.start[rows.start + 1 : rows.stop + 1] - network.start[rows])
        found.append(np.flatnonzero((net[pairs] == top) & (top > 0)) + pairs.start)
    tight = np.concatenate(found)
    return tight[network.cell_of[tight] < network.agents] if network.has_groups else tight


def _room_at_floor(network: Network) -> Ints:
    """Return how many units of each agent cost no more than its first."""
    if network.unit_cost is None:
        return network.capacity.copy()
    units = np.arange(network.unit_cost.shape[1]) < network.capacity[:, None]
    return np.asarray(((network.unit_cost == network.unit_cost[:, :1]) & units).sum(axis=1))


def _one_each(row_of: Ints, turn: int) -> Ints:
    """Pick one of its pairs for each row, scattered so that equal rows do not all pick the same agent."""
    first = np.flatnonzero(np.diff(row_of, prepend=-1))
    count = np.diff(first, append=len(row_of))
    return first + (row_of[first] * 2_654_435_761 + turn * 40_503) % count


class _Chains:
    """The matching and prices while rows enter, with the few pairs each row has looked at."""

    def __init__(self, network: Network) -> None:
        self.agents = network.agents
        self.owner: list[int] = network.owner.tolist()
        self.capacity: list[int] = network.cell_capacity.tolist()
        self.unit_cost: list[list[int]] | None = None if network.unit_cost is None else network.unit_cost.tolist()
        self.cells_of: dict[int, list[int]] = {}
        for cell in range(network.agents, len(self.owner)):
            self.cells_of.setdefault(self.owner[cell], []).append(cell)
        self.network = network
        self.start: list[int] = network.start.tolist()
        self.prices = network.floor()[network.owner]
        self.price: list[int] = self.prices.tolist()
        self.looked: list[list[tuple[int, int, int]] | None] = [None] * network.rows
        self.unseen: list[int] = [_NOTHING_LEFT] * network.rows
        self.placed = Placement(network)
        self.steps = 0

    def look(self, row: int) -> list[tuple[int, int, int]]:
        """Return the best pairs of a row as (cell, worth, pair), more than at its last look."""
        begin, end = self.start[row], self.start[row + 1]
        cells, worth = self.network.cell_of[begin:end], self.network.worth[begin:end]
        before = self.looked[row]
        wanted = FIRST_LOOK if before is None else WIDER * len(before)
        self.steps += LOOK
        if wanted >= end - begin:
            self.unseen[row] = _NOTHING_LEFT
            found = list(zip(cells.tolist(), worth.tolist(), range(begin, end), strict=True))
        else:
            net = worth - self.prices[cells]
            order = net.argpartition(end - begin - wanted - 1)
            self.unseen[row] = int(net[order[end - begin - wanted - 1]])
            top = order[end - begin - wanted :]
            found = list(zip(cells[top].tolist(), worth[top].tolist(), (top + begin).tolist(), strict=True))
        self.looked[row] = found
        return found

    def insert(self, row: int) -> None:  # noqa: C901, PLR0912, PLR0915 - one search, every line of it counts
        """Place a new row by a shortest chain and raise the prices it demands."""
        price, capacity, unit_cost, agents = self.price, self.capacity, self.unit_cost, self.agents
        looked, unseen, cells_of = self.looked, self.unseen, self.cells_of
        members, load, pair_of, worth_of = self.placed.members, self.placed.load, self.placed.pair, self.network.worth
        distance: dict[int, int] = {}
        reached: dict[int, tuple[int, int]] = {}
        done: dict[int, int] = {}
        offsets: dict[int, int] = {}
        heap: list[tuple[int, int]] = []
        best, end_row, end_agent = 0, row, -1

        movers = [(row, 0)]
        while True:
            for mover, offset in movers:
                pairs = looked[mover] or self.look(mover)
                self.steps += len(pairs)
                for cell, worth, pair in pairs:
                    reach = price[cell] - worth + offset
                    if reach < best and cell not in done and reach < distance.get(cell, best):
                        distance[cell] = reach
                        reached[cell] = mover, pair
                        if cell < agents and load[cell] < capacity[cell]:
                            ending = reach if unit_cost is None else reach + unit_cost[cell][load[cell]] - price[cell]
                            if ending < best:
                                best, end_row, end_agent = ending, -1, cell
                        if reach < best:
                            heappush(heap, (reach, cell))
                if offset - unseen[mover] < best:
                    offsets[mover] = offset
                    heappush(heap, (offset - unseen[mover], ~mover))
            if not heap:
                break
            at, cell = heappop(heap)
            if at >= best:
                break
            if cell < 0:
                self.look(~cell)
                movers = [(~cell, offsets[~cell])]
                continue
            movers = []
            if cell in done or at > distance[cell]:
                continue
            done[cell] = at
            links = []
            if cell < agents:
                if load[cell] < capacity[cell] and unit_cost is not None:
                    ending = at + unit_cost[cell][load[cell]] - price[cell]
                    if ending < best:
                        best, end_row, end_agent = ending, -1, cell
                elif load[cell] < capacity[cell]:
                    best, end_row, end_agent = at, -1, cell
                links = [(inner, at + price[inner] - price[cell]) for inner in cells_of.get(cell, ()) if members[inner]]
            elif len(members[cell]) < capacity[cell]:
                links = [(self.owner[cell], at)]
            for target, reach in links:
                if reach < best and target not in done and reach < distance.get(target, best):
                    distance[target] = reach
                    reached[target] = -1, cell
                    heappush(heap, (reach, target))
            for member in members[cell]:
                offset = at + int(worth_of[pair_of[member]]) - price[cell]
                movers.append((member, offset))
                if offset < best:
                    best, end_row, end_agent = offset, member, -1
        for cell, at in done.items():
            if at < best:
                price[cell] += best - at
                self.prices[cell] = price[cell]
        for cell in done if cells_of else ():
            for inner in cells_of.get(cell, ()):
                if price[inner] < price[cell]:
                    price[inner] = price[cell]
                    self.prices[inner] = price[cell]
        self.placed.shift(row, end_agent, end_row, reached)
