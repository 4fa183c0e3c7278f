"""A standing matching with its prices, kept best through single events by one search each.

Two searches do all the work. `enter` finds the cheapest chain of displacements for one row (or unit) too many, and
raises prices as far as the chain demands; `vacate` finds the dearest use of a unit that fell empty, and lowers them.
Both are Dijkstra searches whose potentials are the prices, so after each the prices still prove the matching best
(Ahuja, Magnanti and Orlin, 1993, "Network Flows", section 9.11 on sensitivity).
"""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from routematch.solvers.live_columns import Columns

__all__ = ["LiveState"]

Ints = NDArray[np.int64]
Pairs = tuple[NDArray[np.int32], Ints]

_NO_PAIRS: Pairs = np.zeros(0, np.int32), np.zeros(0, np.int64)

#: Pairs a row looks at first, and how many times more it looks at when it has to return.
FIRST_LOOK, WIDER = 8, 4

_NOTHING_LEFT = -(2**62)
_NOBODY = -1


class LiveState:
    """Rows by slot, agents by index; all amounts in whole steps.

    A row looks at its best few pairs; `unseen` bounds all others. The bound stays true while prices rise, and `fallen`,
    the sum of the largest falls so far, is added to it for those that fell since.
    """

    def __init__(self) -> None:
        self.pairs: list[Pairs] = []
        self.agent_of: list[int] = []
        self.worth_of: list[int] = []
        self.looked: list[list[tuple[int, int]]] = []
        self.unseen: list[int] = []
        self.fallen = 0
        self.columns = Columns()
        self.gain = self.columns.gain
        self.free_slots: list[int] = []
        self.capacity: list[int] = []
        self.unit_cost: list[list[int]] = []
        self.load: list[int] = []
        self.price: list[int] = []
        self.prices = np.zeros(0, np.int64)
        self.members: list[list[int]] = []

    def next_cost(self, agent: int, load: int) -> int:
        """Return what the unit after `load` others of an agent costs."""
        costs = self.unit_cost[agent]
        return costs[min(load, len(costs) - 1)] if costs else 0

    def add_agent(self, capacity: int, unit_cost: list[int]) -> int:
        """Add an agent without pairs and return its index."""
        self.capacity.append(capacity)
        self.unit_cost.append(unit_cost)
        self.load.append(0)
        self.price.append(unit_cost[0] if unit_cost else 0)
        self.prices = np.append(self.prices, self.price[-1])
        self.members.append([])
        return len(self.capacity) - 1

    def add_row(self, pairs: Pairs) -> int:
        """Give a row that is not placed yet a slot."""
        if not self.free_slots:
            self.free_slots.append(len(self.pairs))
            self.pairs.append(_NO_PAIRS)
            self.agent_of.append(_NOBODY)
            self.worth_of.append(0)
            self.looked.append([])
            self.unseen.append(_NOTHING_LEFT)
        slot = self.free_slots.pop()
        self.pairs[slot] = pairs
        self.looked[slot] = []
        self.columns.put(slot, pairs)
        return slot

    def remove_row(self, slot: int) -> None:
        """Remove a row, and use the unit it had where that gains."""
        agent = self.agent_of[slot]
        if agent != _NOBODY:
            self.withdraw(slot)
            self.load[agent] -= 1
        self.columns.drop(slot)
        self.pairs[slot], self.looked[slot] = _NO_PAIRS, []
        self.free_slots.append(slot)
        if agent != _NOBODY:
            self.vacate(agent)

    def add_pair(self, slot: int, agent: int, worth: int) -> None:
        """Give a row one more pair, with an agent that comes after all others."""
        agents, worths = self.pairs[slot]
        self.pairs[slot] = np.append(agents, np.int32(agent)), np.append(worths, worth)
        self.columns.add_pair(slot, agent, worth, self.pairs[slot])
        self.looked[slot] = []

    def remove_pair(self, slot: int, agent: int) -> None:
        """Take a pair that is not in use away from a row; the columns must know."""
        agents, worths = self.pairs[slot]
        position = int(np.searchsorted(agents, agent))
        if position < len(agents) and agents[position] == agent:
            self.pairs[slot] = np.delete(agents, position), np.delete(worths, position)
            self.columns.replace(slot, self.pairs[slot])
            self.looked[slot] = []

    def place(self, slot: int, agent: int, worth: int) -> None:
        """Put a row to an agent; the load is not changed."""
        self.agent_of[slot], self.worth_of[slot] = agent, worth
        self.members[agent].append(slot)

    def withdraw(self, slot: int) -> int:
        """Take a row from its agent and return that; the load is not changed."""
        agent = self.agent_of[slot]
        self.members[agent].remove(slot)
        self.agent_of[slot] = _NOBODY
        return agent

    def look(self, slot: int) -> list[tuple[int, int]]:
        """Return the best pairs of a row as (agent, worth), more than at its last look."""
        agents, worth = self.pairs[slot]
        wanted = WIDER * len(self.looked[slot]) or FIRST_LOOK
        if wanted >= len(agents):
            self.unseen[slot] = _NOTHING_LEFT
            found = list(zip(agents.tolist(), worth.tolist(), strict=True))
        else:
            net = worth - self.prices[agents]
            order = net.argpartition(len(agents) - wanted - 1)
            self.unseen[slot] = int(net[order[len(agents) - wanted - 1]]) - self.fallen
            top = order[len(agents) - wanted :]
            found = list(zip(agents[top].tolist(), worth[top].tolist(), strict=True))
        self.looked[slot] = found
        return found

    def enter(self, row: int) -> None:
        """Place a row that is new, or hold it, by the cheapest chain of displacements."""
        self.agent_of[row] = _NOBODY
        self.columns.set_gain(row, 0)
        if len(self.pairs[row][0]):
            self._push([(row, 0)], {}, 0, row)

    def evict(self, agent: int) -> None:
        """Make an agent do with one unit less than it uses, by the cheapest chain of displacements."""
        movers = [(member, self.gain[member]) for member in self.members[agent]]
        held, least = min(movers, key=lambda mover: mover[1])
        self._push(movers, {agent: 0}, least, held)
        self.load[agent] -= 1

    def _push(  # noqa: C901, PLR0912 - one search, every line of it counts
        self, movers: list[tuple[int, int]], done: dict[int, int], best: int, end_row: int
    ) -> None:
        """Find the cheapest end for one of the movers: a free unit, or a row that is held instead."""
        price, load, capacity, unseen = self.price, self.load, self.capacity, self.unseen
        distance: dict[int, int] = {}
        reached: dict[int, tuple[int, int]] = {}
        offsets: dict[int, int] = {}
        heap: list[tuple[int, int]] = []
        end_agent = _NOBODY
        first = None if done else movers[0][0]
        while True:
            for mover, offset in movers:
                for agent, worth in self.looked[mover] or self.look(mover):
                    reach = price[agent] - worth + offset
                    if reach < best and agent not in done and reach < distance.get(agent, best):
                        distance[agent] = reach
                        reached[agent] = mover, worth
                        if load[agent] < capacity[agent]:
                            ending = reach + self.next_cost(agent, load[agent]) - price[agent]
                            if ending < best:
                                best, end_row, end_agent = ending, _NOBODY, agent
                        if reach < best:
                            heappush(heap, (reach, agent))
                bound = offset - unseen[mover] - self.fallen
                if bound < best:
                    offsets[mover] = offset
                    heappush(heap, (bound, ~mover))
            if not heap:
                break
            at, agent = heappop(heap)
            if at >= best:
                break
            if agent < 0:
                self.look(~agent)
                movers = [(~agent, offsets[~agent])]
                continue
            movers = []
            if agent in done or at > distance[agent]:
                continue
            done[agent] = at
            if load[agent] < capacity[agent]:
                ending = at + self.next_cost(agent, load[agent]) - price[agent]
                if ending < best:
                    best, end_row, end_agent = ending, _NOBODY, agent
            for member in self.members[agent]:
                offset = at + self.gain[member]
                movers.append((member, offset))
                if offset < best:
                    best, end_row, end_agent = offset, member, _NOBODY
        self._reprice(done, best)
        self._shift(first, end_row, end_agent, reached)
        if first is not None:
            self.columns.set_gain(first, -best)

    def _reprice(self, done: dict[int, int], best: int) -> None:
        """Raise the price of every agent scanned to what the chain costs beyond it."""
        for agent, at in done.items():
            if at < best:
                self.price[agent] += best - at
                self.prices[agent] = self.price[agent]
                for member in self.members[agent]:
                    self.columns.set_gain(member, self.gain[member] - best + at)

    def _shift(self, first: int | None, end_row: int, end_agent: int, reached: dict[int, tuple[int, int]]) -> None:
        """Move every row of the chain one place on; it begins with the new row, or with the agent that gives one up."""
        if end_agent >= 0:
            self.load[end_agent] += 1
            agent = end_agent
        elif end_row == first:
            return
        else:
            agent = self.withdraw(end_row)
            self.columns.set_gain(end_row, 0)
        while agent in reached:
            mover, worth = reached[agent]
            before = self.withdraw(mover) if mover != first else _NOBODY
            self.place(mover, agent, worth)
            if mover == first:
                return
            agent = before

    def vacate(self, start: int) -> None:  # noqa: C901 - one search, every line of it counts
        """Use a unit of an agent that is free at a price, or lower the price until it may stay free."""
        best = self.price[start] - self.next_cost(start, self.load[start])
        if best <= 0:
            return
        end_row = _NOBODY
        done = {start: 0}
        via: dict[int, int] = {}
        distance: dict[int, int] = {}
        target: dict[int, tuple[int, int]] = {}
        heap: list[tuple[int, int]] = []
        agent, at = start, 0
        while True:
            base = at + self.price[agent]
            for reach, row, worth in self.columns.offers(agent, base, best):
                if self.agent_of[row] != agent and reach < distance.get(row, best):
                    distance[row] = reach
                    target[row] = agent, worth
                    heappush(heap, (reach, row))
            agent = _NOBODY
            while heap and agent == _NOBODY:
                at, row = heappop(heap)
                if at >= best:
                    heap.clear()
                elif at == distance[row] and self.agent_of[row] == _NOBODY:
                    best, end_row = at, row
                    heap.clear()
                elif at == distance[row] and self.agent_of[row] not in done:
                    agent = self.agent_of[row]
                    done[agent], via[agent] = at, row
                    ending = at + self.price[agent] - self.next_cost(agent, self.load[agent] - 1)
                    if ending < best:
                        best, end_row = ending, row
            if agent == _NOBODY:
                break
        self._reduce(done, best)
        self._pull(start, end_row, target, via)

    def _reduce(self, done: dict[int, int], best: int) -> None:
        for agent, at in done.items():
            if at < best:
                self.price[agent] -= best - at
                self.prices[agent] = self.price[agent]
                for member in self.members[agent]:
                    self.columns.set_gain(member, self.gain[member] + best - at)
        self.fallen += best

    def _pull(self, start: int, end_row: int, target: dict[int, tuple[int, int]], via: dict[int, int]) -> None:
        """Move every row of the chain towards the unit that was free."""
        row = end_row
        if row == _NOBODY:
            return
        if self.agent_of[row] != _NOBODY:
            self.load[self.agent_of[row]] -= 1
        while True:
            agent, worth = target[row]
            if self.agent_of[row] != _NOBODY:
                self.withdraw(row)
            self.place(row, agent, worth)
            if agent == start:
                self.load[start] += 1
                return
            row = via[agent]
