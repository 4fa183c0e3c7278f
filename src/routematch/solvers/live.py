"""Keep a best matching while rows and agents come, change and go, by a single search per event.

A fresh solve reads every pair; an event moves a few rows. After each event the matching is exactly as good as a fresh
solve would make it, and the prices prove it; `settle` makes matching and prices the canonical ones that `solve` gives.

>>> from routematch.solvers import AssignmentProblem
>>> live = LiveMatching(AssignmentProblem(value=[[2.0, 1.0]], capacity=[1, 1]))
>>> row = live.add_row([2.5, 0.5])
>>> [live.agent_of(number) for number in live.rows], live.value
([1, 0], 3.5)
>>> live.remove_row(row)
>>> live.agent_of(0)
0
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from routematch.errors import InvalidInputError, shorten
from routematch.solvers.arguments import (
    LARGEST_INTEGER,
    is_whole_number,
    real_numbers,
    require_kind,
    whole_number,
    whole_numbers,
)
from routematch.solvers.engines import Solution, finish, solve_network
from routematch.solvers.live_arguments import (
    ascending_agents,
    caps_of_groups,
    costs_in_steps,
    group_number,
    hold_in_steps,
    in_steps,
    priority_number,
)
from routematch.solvers.live_classes import Classes, Span
from routematch.solvers.live_state import NOBODY, LiveState, Pairs
from routematch.solvers.matching import Matching
from routematch.solvers.network import Network, build_network, whole_steps
from routematch.solvers.prices import Duals, smallest_prices
from routematch.solvers.problem import AssignmentProblem
from routematch.solvers.verify import find_tight, is_proven

__all__ = ["LiveMatching"]

Ints = NDArray[np.int64]


class LiveMatching:
    """A matching that stays best through events.

    Parameters
    ----------
    problem : AssignmentProblem
        Where to start; may be empty. It also settles whether there are priorities, and which groups there are.

    Raises
    ------
    InvalidInputError
        When it is no problem.
    LimitExceededError
        When the problem is too large for exact sums at its resolution. With priorities also of an event after which it
        would be; nothing has changed then.

    Notes
    -----
    Rows are numbered in the order added, from 0, and never renumbered; agents likewise. An event looks at the agents it
    displaces; at worst, like a fresh solve, at all pairs. With priorities a fresh solve is made when a class is new,
    and when there are twice as many rows, or twice as large values, as when the last was made.
    """

    def __init__(self, problem: AssignmentProblem) -> None:
        require_kind(problem, AssignmentProblem, "problem")
        network = build_network(problem)
        self._resolution = problem.resolution
        self._has_costs = problem.unit_cost is not None
        self._caps = problem.group_capacity
        self._state = LiveState(0 if self._caps is None else self._caps.shape[1])
        self._slot: dict[int, int] = {}
        self._hold: dict[int, int] = dict(enumerate(network.hold.tolist()))
        self._group: dict[int, int] = {}
        if problem.row_group is not None:
            self._group = dict(enumerate(problem.row_group.tolist()))
        self._priority: dict[int, int] = {}
        self._classes: Classes | None = None
        self._next_row = network.rows
        self._is_present = np.ones(network.agents, np.bool_)
        self._someone_left = False
        self._nodes = np.arange(network.agents) * self._state.stride
        self._load_agents(problem)
        self._load_rows(network)
        self._span = Span().with_worths(self._present_pairs()[2])
        self._span = self._span.with_costs(itertools.chain(*self._state.unit_cost))
        if problem.priority is not None:
            self._priority = dict(enumerate(problem.priority.tolist()))
            self._choose_classes(self._priority.values(), self._span.width, network.rows)
        elif self._caps is not None:
            self._solve_anew()
        else:
            best = solve_network(network)
            self._install(network, best.pair, best.duals)

    @property
    def rows(self) -> tuple[int, ...]:
        """Numbers of the rows present, ascending."""
        return tuple(self._hold)

    @property
    def value(self) -> float:
        """Value of the served rows, minus the unit costs used, plus the hold of the held rows."""
        state = self._state
        served = [(row, slot) for row, slot in self._slot.items() if state.node_of[slot] != NOBODY]
        worth = sum(state.worth_of[slot] - self._bonus(row) for row, slot in served)
        costs = sum(state.next_cost(node, unit) for node, load in enumerate(state.load) for unit in range(load))
        return (worth - costs + sum(self._hold.values())) * self._resolution

    def agent_of(self, row: int) -> int:
        """Return the agent that serves a row, -1 when it is held."""
        self._require_row(row)
        return self._state.node_of[self._slot[row]] // self._state.stride

    def agent_price(self, agent: int) -> float:
        """Return the price of one more unit of an agent: at least what it would gain, exactly that after `settle`.

        With priorities it is the value that goes with the classes served, as in `Matching`, and only the settled one
        says what would be gained.
        """
        state, node = self._state, self._node(agent)
        return self._plain(max(0, state.price[node] - state.next_cost(node, state.capacity[node])))

    def conversation_price(self, row: int) -> float:
        """Return the hold of a row plus what it gains: at most what would be lost without it, exactly that settled."""
        self._require_row(row)
        return self._hold[row] * self._resolution + self._plain(self._state.gain[self._slot[row]])

    def add_row(
        self,
        value: ArrayLike,
        *,
        agents: ArrayLike | None = None,
        hold: float = 0.0,
        priority: int = 0,
        group: int = -1,
    ) -> int:
        """Add a row and return its number.

        Parameters
        ----------
        value : array_like of float
            One for every agent, or for each of `agents`; minus infinity means ineligible.
        agents : array_like of int, optional
            The agents the values are for, ascending.
        hold : float
        priority : int
            Its class; other than 0 only in a matching that began with priorities.
        group : int
            Its group, of those the matching began with; -1 is none.
        """
        group = group_number(group, self._state.stride - 1)
        pairs, steps = self._row_pairs(value, agents, hold, group)
        row = self._next_row
        pairs = self._in_class(row, pairs, priority)
        self._next_row += 1
        if group >= 0:
            self._group[row] = group
        self._hold[row] = steps
        self._slot[row] = self._state.add_row(pairs)
        return row

    def remove_row(self, row: int) -> None:
        """Remove a row; a unit it used is filled again where that gains."""
        self._require_row(row)
        del self._hold[row]
        self._priority.pop(row, None)
        self._group.pop(row, None)
        self._state.remove_row(self._slot.pop(row))

    def change_row(
        self,
        row: int,
        value: ArrayLike,
        *,
        agents: ArrayLike | None = None,
        hold: float = 0.0,
        priority: int | None = None,
        group: int | None = None,
    ) -> None:
        """Give a row other values and another hold; it keeps its number, and class and group where not given."""
        self._require_row(row)
        group = self._group.get(row, -1) if group is None else group_number(group, self._state.stride - 1)
        pairs, steps = self._row_pairs(value, agents, hold, group)
        pairs = self._in_class(row, pairs, self._priority.get(row, 0) if priority is None else priority)
        if self._caps is not None:
            self._group[row] = group
        self._hold[row] = steps
        self._state.change_row(self._slot[row], pairs)

    def set_capacity(self, agent: int, units: int) -> None:
        """Change how many rows an agent can take; one search for each unit that matters."""
        node = self._node(agent)
        self._state.set_capacity(node, whole_number(units, "capacity", at_most=LARGEST_INTEGER))

    def add_agent(
        self,
        value: ArrayLike,
        *,
        rows: ArrayLike | None = None,
        capacity: int = 1,
        unit_cost: ArrayLike = (),
        group_capacity: ArrayLike | None = None,
    ) -> int:
        """Add an agent and return its index.

        Parameters
        ----------
        value : array_like of float
            One for every row present, or for each of `rows`; minus infinity means ineligible.
        rows : array_like of int, optional
            The rows the values are for, each once.
        capacity : int
        unit_cost : array_like of float
            Cost of its first, second, ... unit, non-decreasing; the last goes on.
        group_capacity : array_like of int, optional
            How many rows of each group it can take; needed exactly where the matching began with groups.
        """
        numbers = list(self._hold) if rows is None else self._given_rows(rows)
        values, _ = self._steps(value, len(numbers))
        costs = costs_in_steps(unit_cost, self._resolution)
        capacity, state = whole_number(capacity, "capacity", at_most=LARGEST_INTEGER), self._state
        caps = caps_of_groups(group_capacity, state.stride - 1)
        holds = np.array([self._hold[row] for row in numbers], np.float64)
        worths = np.maximum(values - holds, -1).astype(np.int64)
        self._provide([], worths, len(self._hold), costs)
        self._has_costs |= bool(costs)
        self._is_present = np.append(self._is_present, True)
        node = state.add_agent(0, costs, caps)
        self._nodes = np.append(self._nodes, node)
        if self._caps is not None:
            self._caps = np.vstack([self._caps, np.array(caps, np.int64)])
        price = state.price[node]
        for row, worth in zip(numbers, worths.tolist(), strict=True):
            group, slot = self._group.get(row, -1), self._slot[row]
            if worth >= 0 and (group < 0 or caps[group]):
                state.add_pair(slot, node + 1 + group, worth + self._bonus(row))
                price = max(price, worth + self._bonus(row) - state.gain[slot])
        for own in range(node, node + state.stride):
            state.set_price(own, price)
        state.set_capacity(node, capacity)
        return len(self._is_present) - 1

    def remove_agent(self, agent: int) -> None:
        """Remove an agent; its rows go elsewhere or are held. Its index stays, and values given for it are ignored."""
        node = self._node(agent)
        self._state.set_capacity(node, 0)
        self._is_present[agent] = False
        self._someone_left = True
        for slot in self._slot.values():
            self._state.remove_pair(slot, node)

    def problem(self) -> AssignmentProblem:
        """Return the present problem, with its rows in the order of `rows`."""
        constraints: dict[str, ArrayLike] = {}
        if self._classes is not None:
            constraints["priority"] = np.array([self._priority[row] for row in self._hold], np.int64)
        if self._caps is not None:
            constraints["row_group"] = np.array([self._group.get(row, -1) for row in self._hold], np.int64)
            constraints["group_capacity"] = self._caps
        return self._problem(**constraints)

    def settle(self) -> Matching:
        """Make matching and prices the canonical ones and return them, rows in the order of `rows`.

        Takes about as long as a fresh solve, more where units are plenty and less where they are scarce: the search is
        saved, the proof and the choice among equals are not, and what events need is written anew.
        """
        network, pair, _ = self._standing()
        duals = smallest_prices(network, pair)
        if duals is None:
            raise AssertionError("a live matching is best after every event")
        matching, pair = finish(network, Solution(pair, duals, "live"))
        self._install(network, pair, duals)
        return matching

    def is_proven(self) -> bool:
        """Say whether the prices prove the matching best, as they must after every event; reads every pair."""
        network, pair, duals = self._standing()
        return is_proven(network, pair, duals, find_tight(network, duals))

    def _problem(self, **constraints: ArrayLike) -> AssignmentProblem:
        from scipy.sparse import csr_array

        state, resolution = self._state, self._resolution
        start, nodes, worth = self._present_pairs()
        added = [hold - self._bonus(row) for row, hold in self._hold.items()]
        value = (worth + np.repeat(np.array(added, np.int64), np.diff(start))) * resolution
        return AssignmentProblem(
            csr_array((value, (nodes // state.stride).astype(np.int32), start), shape=(len(added), len(self._nodes))),
            np.array(state.capacity[:: state.stride], np.int64),
            np.array(list(self._hold.values()), np.float64) * resolution,
            unit_cost=self._all_unit_costs() * resolution if self._has_costs else None,
            resolution=resolution,
            **constraints,
        )

    def _present_pairs(self) -> tuple[Ints, Ints, Ints]:
        """Return the pairs of all rows present: where each row starts, nodes and worths."""
        pairs = [self._state.pairs[slot] for slot in self._slot.values()]
        start = np.concatenate([[0], np.cumsum([len(nodes) for nodes, _ in pairs])]).astype(np.int64)
        nodes = np.concatenate([np.zeros(0, np.int64), *(own for own, _ in pairs)])
        return start, nodes, np.concatenate([np.zeros(0, np.int64), *(own for _, own in pairs)])

    def _all_unit_costs(self) -> NDArray[np.float64]:
        """Return costs in steps: of every unit that was given one, or that so many rows can use, and one more."""
        state = self._state
        usable = min(len(self._slot), max(state.capacity[:: state.stride], default=0)) + 1
        widest = max([usable, *map(len, state.unit_cost)])
        costs = np.zeros((len(state.unit_cost), widest))
        for agent, given in enumerate(state.unit_cost):
            costs[agent, : len(given)] = given
            costs[agent, len(given) :] = given[-1] if given else 0
        return costs

    def _bonus(self, row: int) -> int:
        return 0 if self._classes is None else self._classes.bonus(self._priority[row])

    def _plain(self, steps: int) -> float:
        """Return steps as value, without the bonus of priority classes."""
        return (steps if self._classes is None else self._classes.value_part(steps)) * self._resolution

    def _in_class(self, row: int, pairs: Pairs, priority: int) -> Pairs:
        """Put a row that comes or changes into a class, and return its pairs with the bonus of that."""
        if self._classes is None:
            if not is_whole_number(priority) or priority:
                raise InvalidInputError(f"priority must be 0 in a matching begun without, got {shorten(priority)}")
            return pairs
        priority, (nodes, worths) = priority_number(priority), pairs
        self._provide([priority], worths, len(self._hold) + 1)
        self._priority[row] = priority
        return nodes, worths + self._bonus(row)

    def _provide(self, priorities: list[int], worths: Ints, rows: int, costs: Iterable[int] = ()) -> None:
        """See that the class bonuses are large enough with these rows and costs too; where not, choose larger ones."""
        if self._classes is None:
            return
        span = self._span.with_worths(worths).with_costs(costs)
        if not self._classes.covers(priorities, span.width, rows):
            self._choose_classes([*self._priority.values(), *priorities], span.width, rows)
        self._span = span

    def _choose_classes(self, priorities: Iterable[int], span: int, rows: int) -> None:
        """Weigh the classes anew, with room for more rows and larger values, and solve the present problem so."""
        classes, state = Classes.meeting(priorities, span, rows), self._state
        build_network(self._problem())  # refuses what is too large before anything changes
        for row, slot in self._slot.items():
            nodes, worths = state.pairs[slot]
            state.put(slot, (nodes, worths + (classes.bonus(self._priority[row]) - self._bonus(row))))
        self._classes = classes
        self._solve_anew()

    def _row_pairs(self, value: ArrayLike, agents: ArrayLike | None, hold: float, group: int) -> tuple[Pairs, int]:
        """Return the usable pairs of a row (nodes and worth in steps), and its hold in steps."""
        nodes = self._nodes
        if agents is not None:
            nodes = ascending_agents(agents, len(nodes)) * self._state.stride
        worth, least = self._steps(value, len(nodes))
        steps = hold_in_steps(hold, self._resolution)
        if steps:
            worth -= steps
        if group >= 0:
            nodes = nodes + (group + 1)
        if least < steps or self._someone_left or group >= 0:
            usable = (worth >= 0) & self._is_present[nodes // self._state.stride]
            if group >= 0:
                usable &= self._cap_of(nodes // self._state.stride, group) > 0
            nodes, worth = nodes[usable], worth[usable]
        return (nodes, worth.astype(np.int64)), steps

    def _steps(self, given: ArrayLike, count: int) -> tuple[NDArray[np.float64], float]:
        """Return the values of an event in whole steps, and the least of them."""
        values = real_numbers(given, "value")
        if len(values) != count:
            raise InvalidInputError(f"value must have {count} entries, got {len(values)}")
        return in_steps(values, self._resolution)

    def _cap_of(self, agents: Ints, group: int) -> Ints:
        return np.zeros(len(agents), np.int64) if self._caps is None else self._caps[agents, group]

    def _given_rows(self, given: ArrayLike) -> list[int]:
        rows: list[int] = whole_numbers(given, "rows").tolist()
        for row in rows:
            self._require_row(row)
        if len(set(rows)) < len(rows):
            raise InvalidInputError("rows must be unique")
        return rows

    def _require_row(self, row: int) -> None:
        if not is_whole_number(row) or row not in self._hold:
            raise InvalidInputError(f"there is no row {shorten(row)}")

    def _node(self, agent: int) -> int:
        """Return an agent's own node."""
        if not is_whole_number(agent) or not 0 <= agent < len(self._is_present) or not self._is_present[agent]:
            raise InvalidInputError(f"there is no agent {shorten(agent)}")
        return int(agent) * self._state.stride

    def _load_agents(self, problem: AssignmentProblem) -> None:
        """Take over all units of the problem, also those that its rows cannot use."""
        agents, resolution = problem.shape[1], problem.resolution
        costs: list[list[int]] = [[] for _ in range(agents)]
        if problem.unit_cost is not None:
            costs = whole_steps(problem.unit_cost, resolution, "unit_cost").tolist()
        caps: list[list[int]] = [[] for _ in range(agents)] if self._caps is None else self._caps.tolist()
        for units, own_costs, own_caps in zip(problem.capacity.tolist(), costs, caps, strict=True):
            self._state.add_agent(units, own_costs, own_caps)

    def _load_rows(self, network: Network) -> None:
        """Take over the pairs of a network whose rows are those present, in order, without the bonus of classes."""
        worth = network.worth
        if network.bonus is not None:
            worth = worth - np.repeat(network.bonus, network.degree)
        groups = np.array([self._group.get(row, -1) for row in self._hold], np.int64)
        nodes = self._nodes[network.agent_of] + np.repeat(groups + 1, network.degree)
        for row, (begin, end) in enumerate(itertools.pairwise(network.start.tolist())):
            self._slot[row] = slot = self._state.new_slot()
            self._state.put(slot, (nodes[begin:end], worth[begin:end]))

    def _solve_anew(self) -> None:
        network = self._network()
        best = solve_network(network)
        self._install(network, best.pair, best.duals)

    def _network(self) -> Network:
        """Return the present problem in steps, with a cell for every node and the bonuses in use."""
        network, stride = build_network(self._problem()), self._state.stride
        if self._caps is None and self._classes is None:
            return network
        agents = np.arange(network.agents)
        bonus = np.array([self._bonus(row) for row in self._hold], np.int64)
        nodes = self._present_pairs()[1]
        caps = np.zeros(0, np.int64) if self._caps is None else self._caps.ravel()
        return attrs.evolve(
            network,
            cell_of=self._cells(nodes).astype(np.int32),
            worth=network.worth + np.repeat(bonus, network.degree),
            owner=np.concatenate([agents, np.repeat(agents, stride - 1)]),
            cell_capacity=np.concatenate([network.capacity, caps]),
            bonus=None if self._classes is None else bonus,
            bonus_step=0 if self._classes is None else self._classes.step,
        )

    def _cells(self, nodes: Ints) -> Ints:
        """Return the numbers that nodes have as cells of a network: all agents first, then the groups of each."""
        stride = self._state.stride
        agent, inner = nodes // stride, nodes % stride
        return np.where(inner == 0, agent, len(self._nodes) + agent * (stride - 1) + inner - 1)

    def _install(self, network: Network, pair: Ints, duals: Duals) -> None:
        """Put every row where a matching of the present problem has it."""
        state = self._state
        state.prices = duals.price[self._cells(np.arange(len(state.owner)))]
        state.price = state.prices.tolist()
        state.load = [0] * len(state.owner)
        state.members = [[] for _ in state.owner]
        slots = np.array(list(self._slot.values()), np.int64)
        for slot, gain in zip(slots.tolist(), duals.gain.tolist(), strict=True):
            state.node_of[slot], state.looked[slot] = NOBODY, []
            state.columns.set_gain(slot, gain)
        served = np.flatnonzero(pair >= 0)
        nodes = self._present_pairs()[1][pair[served]].tolist()
        for slot, node, worth in zip(slots[served].tolist(), nodes, network.worth[pair[served]].tolist(), strict=True):
            state.place(slot, node, worth)
            state.load[state.owner[node]] += 1
        state.columns.compress()

    def _standing(self) -> tuple[Network, Ints, Duals]:
        """Return the present problem with the matching and prices kept."""
        network, state = self._network(), self._state
        nodes = np.array([state.node_of[slot] for slot in self._slot.values()], np.int64)
        served = np.flatnonzero(nodes >= 0)
        pair = np.full(network.rows, -1)
        pair[served] = network.pairs_of(served, nodes[served] // state.stride)
        gain = np.array([state.gain[slot] for slot in self._slot.values()], np.int64)
        price = np.zeros(len(state.owner), np.int64)
        price[self._cells(np.arange(len(price)))] = state.price
        return network, pair, Duals(gain, price)
