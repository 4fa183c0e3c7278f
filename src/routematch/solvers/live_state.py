"""A standing matching with its prices, kept best through single events by one search each.

Two searches do all the work. `enter` and `evict` find the cheapest chain of displacements for one row (or unit) too
many, and raise prices as far as the chain demands; `vacate` finds the dearest use of a unit that fell empty, and lowers
them. Both are Dijkstra searches whose potentials are the prices, so after each the prices still prove the matching best
(Ahuja, Magnanti and Orlin, 1993, "Network Flows", section 9.11 on sensitivity). Most events need no search: where the
agent that offers a row the most has a unit to spare, no chain can be cheaper.

Rows compete for *nodes*. Each agent has one, and one more for each group, through which the rows of that group enter;
with G groups the nodes of agent ``a`` are ``a * (G + 1)`` (its own) and the G numbers after it. A node of a group costs
at least what its agent costs, and more only while its cap is used up.
"""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from routematch.solvers.live_columns import Columns

__all__ = ["NOBODY", "LiveState", "Pairs"]

Ints = NDArray[np.int64]
Pairs = tuple[Ints, Ints]

_NO_PAIRS: Pairs = np.zeros(0, np.int64), np.zeros(0, np.int64)

#: Pairs a row looks at first, and how many times more it looks at when it has to return.
FIRST_LOOK, WIDER = 8, 4

_NOTHING_LEFT = -(2**62)
_UNREACHED = 2**62

#: Stands for no node, and for no row.
NOBODY = -1


class LiveState:
    """Rows by slot, capacities and prices by node; all amounts in whole steps.

    A row looks at its best few pairs; `unseen` bounds all others. The bound stays true while prices rise, and `fallen`,
    the sum of the largest falls so far, is added to it for those that fell since.
    """

    def __init__(self, groups: int = 0) -> None:
        self.stride = groups + 1
        self.pairs: list[Pairs] = []
        self.node_of: list[int] = []
        self.worth_of: list[int] = []
        self.looked: list[list[tuple[int, int]]] = []
        self.looked_at: list[int] = []
        self.unseen: list[int] = []
        self.fallen = 0
        self.columns = Columns()
        self.gain = self.columns.gain
        self.free_slots: list[int] = []
        self.owner: list[int] = []
        self.capacity: list[int] = []
        self.load: list[int] = []
        self.price: list[int] = []
        self.prices = np.zeros(0, np.int64)
        self.members: list[list[int]] = []
        self.unit_cost: list[list[int]] = []

    def next_cost(self, node: int, load: int) -> int:
        """Return what the unit after `load` others of an agent costs."""
        costs = self.unit_cost[node // self.stride]
        return costs[min(load, len(costs) - 1)] if costs else 0

    def add_agent(self, capacity: int, unit_cost: list[int], caps: list[int]) -> int:
        """Add an agent without pairs and return its node; only the load of that node is counted."""
        node = len(self.owner)
        floor = unit_cost[0] if unit_cost else 0
        self.owner += [node] * self.stride
        self.capacity += [capacity, *caps]
        self.load += [0] * self.stride
        self.price += [floor] * self.stride
        self.prices = np.append(self.prices, np.full(self.stride, floor))
        self.members += [[] for _ in range(self.stride)]
        self.unit_cost.append(unit_cost)
        return node

    def new_slot(self) -> int:
        """Return the slot of a row that is not placed yet and has no pairs."""
        if not self.free_slots:
            self.free_slots.append(len(self.pairs))
            self.pairs.append(_NO_PAIRS)
            self.node_of.append(NOBODY)
            self.worth_of.append(0)
            self.looked.append([])
            self.looked_at.append(0)
            self.unseen.append(_NOTHING_LEFT)
        return self.free_slots.pop()

    def put(self, slot: int, pairs: Pairs) -> None:
        """Give a row its pairs; it must then be placed anew."""
        self.pairs[slot], self.looked[slot] = pairs, []
        self.columns.put(slot, pairs)

    def add_row(self, pairs: Pairs) -> int:
        """Place a new row, or hold it, and return its slot."""
        slot = self.new_slot()
        self.put(slot, pairs)
        self._enter(slot, NOBODY)
        return slot

    def change_row(self, slot: int, pairs: Pairs) -> None:
        """Give a row other pairs and place it anew; the search may end at the unit it had."""
        left = self.node_of[slot]
        if left != NOBODY:
            self.withdraw(slot)
        self.put(slot, pairs)
        self._enter(slot, left)

    def remove_row(self, slot: int) -> None:
        """Remove a row, and use the unit it had where that gains."""
        left = self.node_of[slot]
        if left != NOBODY:
            self.withdraw(slot)
        self.columns.drop(slot)
        self.pairs[slot], self.looked[slot] = _NO_PAIRS, []
        self.free_slots.append(slot)
        if left != NOBODY:
            self._leave(left)

    def add_pair(self, slot: int, node: int, worth: int) -> None:
        """Give a row one more pair, with a node that comes after all others."""
        nodes, worths = self.pairs[slot]
        self.pairs[slot] = np.append(nodes, node), np.append(worths, worth)
        self.columns.add_pair(slot, node, worth, self.pairs[slot])
        self.looked[slot] = []

    def remove_pair(self, slot: int, agent: int) -> None:
        """Take the pair with an agent, which is not in use, away from a row; `agent` is that agent's own node."""
        nodes, worths = self.pairs[slot]
        first, last = nodes.searchsorted([agent, agent + self.stride]).tolist()
        if first < last:
            self.pairs[slot] = np.delete(nodes, first), np.delete(worths, first)
            self.columns.replace(slot, self.pairs[slot])
            self.looked[slot] = []

    def place(self, slot: int, node: int, worth: int) -> None:
        """Put a row into a node; the load is not changed."""
        self.node_of[slot], self.worth_of[slot] = node, worth
        self.members[node].append(slot)

    def withdraw(self, slot: int) -> int:
        """Take a row from its node and return that; the load is not changed."""
        node = self.node_of[slot]
        self.members[node].remove(slot)
        self.node_of[slot] = NOBODY
        return node

    def set_price(self, node: int, price: int) -> None:
        """Note what a row pays to enter a node."""
        self.price[node] = price
        self.prices[node] = price

    def set_capacity(self, agent: int, units: int) -> None:
        """Change the units of an agent, by its own node: one search for each that matters."""
        self.capacity[agent] = min(self.capacity[agent], max(self.load[agent], units))
        while self.load[agent] > units:
            self._evict(agent)
            self.capacity[agent] = self.load[agent]
        while self.capacity[agent] < units and self.load[agent] == self.capacity[agent]:
            self.capacity[agent] += 1
            self._vacate(agent)
        self.capacity[agent] = units

    def _net(self, slot: int) -> Ints:
        """Return what each pair of a row is worth beyond its price."""
        nodes, worths = self.pairs[slot]
        net: Ints = worths - (self.prices if len(nodes) == len(self.prices) else self.prices[nodes])
        return net

    def _look(self, slot: int, net: Ints | None = None) -> list[tuple[int, int]]:
        """Return the best pairs of a row as (node, worth): more than at its last look, unless prices fell since."""
        nodes, worth = self.pairs[slot]
        before = len(self.looked[slot])
        wanted = (WIDER * before if self.looked_at[slot] == self.fallen else before) or FIRST_LOOK
        if wanted >= len(nodes):
            self.unseen[slot] = _NOTHING_LEFT
            found = list(zip(nodes.tolist(), worth.tolist(), strict=True))
        else:
            net = self._net(slot) if net is None else net
            rest = len(nodes) - wanted
            bound = np.partition(net, rest - 1)[rest - 1]
            (top,) = (net > bound).nonzero()
            if 2 * len(top) <= wanted:  # ties with the bound: take some of them, so that a wider look shows more
                top = net.argpartition(rest)[rest:]
            self.unseen[slot] = int(bound) - self.fallen
            found = list(zip(nodes[top].tolist(), worth[top].tolist(), strict=True))
        self.looked[slot], self.looked_at[slot] = found, self.fallen
        return found

    def _enter(self, slot: int, left: int) -> None:
        """Place a row, or hold it; the unit of the node it has `left`, if any, is still counted as in use."""
        nodes, worths = self.pairs[slot]
        gain, end = 0, NOBODY
        if len(nodes):
            net = self._net(slot)
            position = int(net.argmax())
            gain, end = int(net[position]), int(nodes[position])
        if gain <= 0:
            end = NOBODY
            self.columns.set_gain(slot, 0)
        elif end == left or self._has_unit(end):
            self.place(slot, end, int(worths[position]))
            self.columns.set_gain(slot, gain)
            self.load[self.owner[end]] += end != left
        else:
            self._look(slot, net)
            end = self._push(slot, NOBODY, left)
        if left not in {NOBODY, end}:
            self._leave(left)

    def _leave(self, node: int) -> None:
        self.load[self.owner[node]] -= 1
        self._vacate(node)

    def _has_unit(self, node: int) -> bool:
        """Say whether a node has room, and its agent a unit to spare that costs no more than its price."""
        agent = self.owner[node]
        load = self.load[agent]
        if load >= self.capacity[agent] or self.price[agent] < self.next_cost(agent, load):
            return False
        return node == agent or len(self.members[node]) < self.capacity[node]

    def _evict(self, agent: int) -> None:
        """Make an agent that has no unit to spare do with one less, by the cheapest chain of displacements."""
        self._push(NOBODY, agent, NOBODY)
        self.load[agent] -= 1

    def _push(  # noqa: C901, PLR0912, PLR0915 - one search, every line of it counts
        self, row: int, start: int, left: int
    ) -> int:
        """Find the cheapest end of a chain that begins with a new row, or with a unit less of the agent `start`.

        The end is a unit to spare, the node just `left`, or a row that is held instead. Returns the node it ends at,
        `NOBODY` where a row is held.
        """
        price, load, capacity, unseen, owner = self.price, self.load, self.capacity, self.unseen, self.owner
        distance: dict[int, int] = {}
        reached: dict[int, tuple[int, int]] = {}
        done: dict[int, int] = {}
        offsets: dict[int, int] = {}
        heap: list[tuple[int, int]] = []
        best, end_row, end = 0, row, NOBODY
        movers = [(row, 0)]
        if row == NOBODY:
            best, distance[start], heap, movers = _UNREACHED, 0, [(0, start)], []
        while True:
            for mover, offset in movers:
                for node, worth in self.looked[mover] or self._look(mover):
                    reach = price[node] - worth + offset
                    if reach < best and node not in done and reach < distance.get(node, best):
                        distance[node] = reach
                        reached[node] = mover, worth
                        if node == left:
                            best, end_row, end = reach, NOBODY, node
                        elif load[node] < capacity[node] and owner[node] == node:
                            ending = reach + self.next_cost(node, load[node]) - price[node]
                            if ending < best:
                                best, end_row, end = ending, NOBODY, node
                        if reach < best:
                            heappush(heap, (reach, node))
                bound = offset - unseen[mover] - self.fallen
                if bound < best:
                    offsets[mover] = offset
                    heappush(heap, (bound, ~mover))
            if not heap:
                break
            at, node = heappop(heap)
            if at >= best:
                break
            if node < 0:
                self._look(~node)
                movers = [(~node, offsets[~node])]
                continue
            movers = []
            if node in done or at > distance[node]:
                continue
            done[node] = at
            if owner[node] == node and load[node] < capacity[node]:
                ending = at + self.next_cost(node, load[node]) - price[node]
                if ending < best:
                    best, end_row, end = ending, NOBODY, node
            for target, reach in self._passed_on(node, at, left) if self.stride > 1 else ():
                if reach < best and target not in done and reach < distance.get(target, best):
                    distance[target] = reach
                    reached[target] = ~node, 0
                    if target == left:
                        best, end_row, end = reach, NOBODY, target
                    else:
                        heappush(heap, (reach, target))
            for member in self.members[node]:
                offset = at + self.gain[member]
                movers.append((member, offset))
                if offset < best:
                    best, end_row, end = offset, member, NOBODY
        self._raise_prices(done, best)
        if end not in {NOBODY, left}:
            load[end] += 1
        self._shift(row, end_row, end, reached)
        if row != NOBODY:
            self.columns.set_gain(row, -best)
        return end

    def _passed_on(self, node: int, at: int, left: int) -> list[tuple[int, int]]:
        """Return where one row too many can be passed on to within an agent, and at what distance."""
        agent, members = self.owner[node], self.members
        if node != agent:
            return [(agent, at)] if len(members[node]) < self.capacity[node] else []
        used = [inner for inner in range(agent + 1, agent + self.stride) if members[inner] or inner == left]
        return [(inner, at + self.price[inner] - self.price[agent]) for inner in used]

    def _raise_prices(self, done: dict[int, int], best: int) -> None:
        """Raise the price of every node scanned to what the chain costs beyond it."""
        for node, at in done.items():
            if at < best:
                self.set_price(node, self.price[node] + best - at)
                for member in self.members[node]:
                    self.columns.set_gain(member, self.gain[member] - best + at)
        for agent in done if self.stride > 1 else ():
            for inner in range(agent + 1, agent + self.stride) if self.owner[agent] == agent else ():
                if self.price[inner] < self.price[agent]:
                    self.set_price(inner, self.price[agent])

    def _shift(self, row: int, end_row: int, end: int, reached: dict[int, tuple[int, int]]) -> None:
        """Move every row of the chain one place on; it begins with the new row, or with the agent that gives one up."""
        node = end
        if end == NOBODY:
            if end_row == row:
                return
            node = self.withdraw(end_row)
            self.columns.set_gain(end_row, 0)
        while node in reached:
            mover, worth = reached[node]
            if mover < 0:
                node = ~mover
                continue
            before = self.withdraw(mover) if mover != row else NOBODY
            self.place(mover, node, worth)
            node = before

    def _vacate(self, start: int) -> None:  # noqa: C901, PLR0912 - one search, every line of it counts
        """Use a unit that is free at a price, or lower the price until it may stay free."""
        giver, price, node_of = self.owner[start], self.price, self.node_of
        best = price[start] - self.next_cost(giver, self.load[giver])
        if best <= 0:
            return
        end = ~giver
        done: dict[int, int] = {}
        via: dict[int, int] = {}
        distance: dict[int, int] = {}
        target: dict[int, tuple[int, int]] = {}
        heap = [(0, ~start, 0)]
        while heap:
            at, item, source = heappop(heap)
            if at >= best:
                break
            node = ~item
            if item >= 0:
                if at > distance[item]:
                    continue
                node, source = node_of[item], item
                if node == NOBODY:
                    best, end = at, item
                    break
            if node in done:
                continue
            done[node], via[node] = at, source
            if self.owner[node] == node:
                ending = at + price[node] - self.next_cost(node, self.load[node] - (node != giver))
                if ending < best:
                    best, end = ending, ~node
            for other, reach in self._supplied_by(node, at) if self.stride > 1 else ():
                if reach < best and other not in done:
                    heappush(heap, (reach, ~other, ~node))
            for reach, row, worth in self.columns.offers(node, at + price[node], best):
                if node_of[row] != node and reach < distance.get(row, best):
                    distance[row] = reach
                    target[row] = node, worth
                    heappush(heap, (reach, row, 0))
        self._lower_prices(done, best)
        self._pull(start, end, target, via)

    def _supplied_by(self, node: int, at: int) -> list[tuple[int, int]]:
        """Return which other nodes of the agent can do with a row more instead, and at what distance."""
        agent = self.owner[node]
        if node != agent:
            return [(agent, at + self.price[node] - self.price[agent])]
        inner = range(agent + 1, agent + self.stride)
        return [(other, at) for other in inner if len(self.members[other]) < self.capacity[other]]

    def _lower_prices(self, done: dict[int, int], best: int) -> None:
        for node, at in done.items():
            if at < best:
                self.set_price(node, self.price[node] - best + at)
                for member in self.members[node]:
                    self.columns.set_gain(member, self.gain[member] + best - at)
        self.fallen += best

    def _pull(self, start: int, end: int, target: dict[int, tuple[int, int]], via: dict[int, int]) -> None:
        """Move every row of the chain towards the unit that was free; it ends with a row, or an agent's empty unit."""
        item = end
        if item < 0:
            self.load[~item] -= 1
        while True:
            if item < 0:
                node = ~item
            else:
                node, worth = target[item]
                if self.node_of[item] != NOBODY:
                    self.withdraw(item)
                self.place(item, node, worth)
            if node == start or node not in via:
                self.load[self.owner[start]] += 1
                return
            item = via[node]
