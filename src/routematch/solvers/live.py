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

import numpy as np
from numpy.typing import ArrayLike, NDArray

from routematch.errors import Faults, InvalidInputError, shorten
from routematch.solvers.arguments import (
    LARGEST_INTEGER,
    as_float,
    is_whole_number,
    real_numbers,
    require_kind,
    whole_number,
    whole_numbers,
)
from routematch.solvers.engines import Solution, finish, solve_network
from routematch.solvers.live_state import LiveState
from routematch.solvers.matching import Matching
from routematch.solvers.network import EXACT, Network, build_network, whole_steps
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
        Where to start; may be empty. Without `priority` and group caps.

    Raises
    ------
    InvalidInputError
        When it is no problem, or has priorities or group caps.
    LimitExceededError
        When the problem is too large for exact sums at its resolution.

    Notes
    -----
    Rows are numbered in the order added, from 0, and never renumbered; agents likewise. An event looks at the agents it
    displaces; at worst, like a fresh solve, at all pairs.
    """

    def __init__(self, problem: AssignmentProblem) -> None:
        require_kind(problem, AssignmentProblem, "problem")
        faults = Faults()
        for name in ("priority", "row_group"):
            if getattr(problem, name) is not None:
                faults.add("a live matching takes no priorities and no group caps", place=name)
        faults.raise_if_any()
        self._resolution = problem.resolution
        self._state = LiveState()
        self._hold: dict[int, int] = {}
        self._slot: dict[int, int] = {}
        self._next_row = problem.shape[0]
        self._is_present = np.ones(problem.shape[1], np.bool_)
        self._someone_left = False
        self._has_costs = problem.unit_cost is not None
        network = build_network(problem)
        self._load_network(network, problem)
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
        worth = sum(state.worth_of[slot] for slot in self._slot.values() if state.agent_of[slot] >= 0)
        costs = sum(state.next_cost(agent, unit) for agent, load in enumerate(state.load) for unit in range(load))
        return (worth - costs + sum(self._hold.values())) * self._resolution

    def agent_of(self, row: int) -> int:
        """Return the agent that serves a row, -1 when it is held."""
        self._require_row(row)
        return self._state.agent_of[self._slot[row]]

    def agent_price(self, agent: int) -> float:
        """Return the price of one more unit of an agent: at least what it would gain, exactly that after `settle`."""
        self._require_agent(agent)
        state = self._state
        return max(0, state.price[agent] - state.next_cost(agent, state.capacity[agent])) * self._resolution

    def conversation_price(self, row: int) -> float:
        """Return the hold of a row plus what it gains: at most what would be lost without it, exactly that settled."""
        self._require_row(row)
        return (self._hold[row] + self._state.gain[self._slot[row]]) * self._resolution

    def add_row(self, value: ArrayLike, *, agents: ArrayLike | None = None, hold: float = 0.0) -> int:
        """Add a row and return its number.

        Parameters
        ----------
        value : array_like of float
            One for every agent, or for each of `agents`; minus infinity means ineligible.
        agents : array_like of int, optional
            The agents the values are for, ascending.
        hold : float
        """
        pairs = self._row_pairs(value, agents, hold)
        row = self._next_row
        self._next_row += 1
        self._enter(row, *pairs)
        return row

    def remove_row(self, row: int) -> None:
        """Remove a row; a unit it used is filled again where that gains."""
        self._require_row(row)
        del self._hold[row]
        self._state.remove_row(self._slot.pop(row))

    def change_row(self, row: int, value: ArrayLike, *, agents: ArrayLike | None = None, hold: float = 0.0) -> None:
        """Give a row other values and another hold; it keeps its number."""
        self._require_row(row)
        pairs = self._row_pairs(value, agents, hold)
        self._state.remove_row(self._slot[row])
        self._enter(row, *pairs)

    def set_capacity(self, agent: int, units: int) -> None:
        """Change how many rows an agent can take; one search for each unit that matters."""
        self._require_agent(agent)
        units, state = whole_number(units, "capacity", at_most=LARGEST_INTEGER), self._state
        while state.load[agent] > units:
            state.evict(agent)
            state.capacity[agent] = state.load[agent]
        while state.capacity[agent] < units:
            if state.load[agent] < state.capacity[agent]:
                state.capacity[agent] = units
                return
            state.capacity[agent] += 1
            state.vacate(agent)
        state.capacity[agent] = units

    def add_agent(
        self, value: ArrayLike, *, rows: ArrayLike | None = None, capacity: int = 1, unit_cost: ArrayLike = ()
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
        """
        numbers = list(self._hold) if rows is None else self._given_rows(rows)
        values, costs = self._numbers(value, len(numbers)), self._unit_costs(unit_cost)
        capacity, state = whole_number(capacity, "capacity", at_most=LARGEST_INTEGER), self._state
        self._has_costs |= bool(costs)
        self._is_present = np.append(self._is_present, True)
        agent = state.add_agent(0, costs)
        for row, steps in zip(numbers, values.tolist(), strict=True):
            worth = round(steps) - self._hold[row] if steps > -np.inf else -1
            if worth >= 0:
                state.add_pair(self._slot[row], agent, worth)
                state.price[agent] = max(state.price[agent], worth - state.gain[self._slot[row]])
        state.prices[agent] = state.price[agent]
        self.set_capacity(agent, capacity)
        return agent

    def remove_agent(self, agent: int) -> None:
        """Remove an agent; its rows go elsewhere or are held. Its index stays, and values given for it are ignored."""
        self.set_capacity(agent, 0)
        self._is_present[agent] = False
        self._someone_left = True
        self._state.columns.drop_agent(agent)
        for slot in self._slot.values():
            self._state.remove_pair(slot, agent)

    def problem(self) -> AssignmentProblem:
        """Return the present problem, with its rows in the order of `rows`."""
        from scipy.sparse import csr_array

        state, resolution = self._state, self._resolution
        pairs = [state.pairs[slot] for slot in self._slot.values()]
        start = np.concatenate([[0], np.cumsum([len(agents) for agents, _ in pairs])]).astype(np.int64)
        agents = np.concatenate([np.zeros(0, np.int32), *(agents for agents, _ in pairs)])
        values = [worth + hold for (_, worth), hold in zip(pairs, self._hold.values(), strict=True)]
        value = np.concatenate([np.zeros(0, np.int64), *values]) * resolution
        return AssignmentProblem(
            csr_array((value, agents, start), shape=(len(pairs), len(state.capacity))),
            np.array(state.capacity, np.int64),
            np.array(list(self._hold.values()), np.float64) * resolution,
            unit_cost=self._all_unit_costs() * resolution if self._has_costs else None,
            resolution=resolution,
        )

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

    def _all_unit_costs(self) -> NDArray[np.float64]:
        """Return costs in steps: of every unit that was given one, or that so many rows can use, and one more."""
        state = self._state
        usable = min(len(self._slot), max(state.capacity, default=0)) + 1
        widest = max([usable, *map(len, state.unit_cost)])
        costs = np.zeros((len(state.capacity), widest))
        for agent, given in enumerate(state.unit_cost):
            costs[agent, : len(given)] = given
            costs[agent, len(given) :] = given[-1] if given else 0
        return costs

    def _enter(self, row: int, agents: NDArray[np.int32], worth: Ints, hold: int) -> None:
        self._hold[row] = hold
        self._slot[row] = self._state.add_row((agents, worth))
        self._state.enter(self._slot[row])

    def _row_pairs(
        self, value: ArrayLike, agents: ArrayLike | None, hold: float
    ) -> tuple[NDArray[np.int32], Ints, int]:
        """Return the usable pairs of a row (agents and worth in steps), and its hold in steps."""
        count = len(self._state.capacity)
        chosen = np.arange(count) if agents is None else whole_numbers(agents, "agents")
        values = self._numbers(value, len(chosen))
        if (chosen[1:] <= chosen[:-1]).any():
            raise InvalidInputError("agents must be ascending and unique")
        if len(chosen) and (chosen[0] < 0 or chosen[-1] >= count):
            raise InvalidInputError(f"agents must be at least 0 and below {count}")
        if not abs(as_float(hold)) < EXACT * self._resolution / 4:
            raise InvalidInputError(f"hold must be finite and exact in steps of the resolution, got {shorten(hold)}")
        steps = round(as_float(hold) / self._resolution)
        worth = values - steps
        usable = worth >= 0
        if self._someone_left:
            usable &= self._is_present[chosen]
        if not usable.all():
            chosen, worth = chosen[usable], worth[usable]
        return chosen.astype(np.int32), worth.astype(np.int64), steps

    def _numbers(self, given: ArrayLike, count: int) -> NDArray[np.float64]:
        """Return values in whole steps, as floats; what is far below zero may be inexact or minus infinity."""
        values = real_numbers(given, "value")
        if len(values) != count:
            raise InvalidInputError(f"value must have {count} entries, got {len(values)}")
        if len(values) and not values.max() < EXACT * self._resolution / 4:
            raise InvalidInputError("value must be finite or -inf, and exact in steps of the resolution")
        with np.errstate(over="ignore"):
            return np.rint(values / self._resolution)

    def _unit_costs(self, given: ArrayLike) -> list[int]:
        """Return unit costs in steps."""
        costs = real_numbers(given, "unit_cost")
        if not (np.abs(costs) < EXACT * self._resolution / 4).all():
            raise InvalidInputError("unit_cost must be finite, and exact in steps of the resolution")
        if (costs[1:] < costs[:-1]).any():
            raise InvalidInputError("unit_cost must not fall")
        return [round(cost / self._resolution) for cost in costs.tolist()]

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

    def _require_agent(self, agent: int) -> None:
        if not is_whole_number(agent) or not 0 <= agent < len(self._is_present) or not self._is_present[agent]:
            raise InvalidInputError(f"there is no agent {shorten(agent)}")

    def _load_network(self, network: Network, problem: AssignmentProblem) -> None:
        """Take over the pairs of a network whose rows are those present, in order, and all units of the problem."""
        costs: list[list[int]] = [[] for _ in range(network.agents)]
        if problem.unit_cost is not None:
            costs = whole_steps(problem.unit_cost, problem.resolution, "unit_cost").tolist()
        for units, row_of_costs in zip(problem.capacity.tolist(), costs, strict=True):
            self._state.add_agent(units, row_of_costs)
        for row, hold in enumerate(network.hold.tolist()):
            own = slice(int(network.start[row]), int(network.start[row + 1]))
            self._hold[row] = hold
            self._slot[row] = self._state.add_row((network.agent_of[own], network.worth[own]))

    def _install(self, network: Network, pair: Ints, duals: Duals) -> None:
        """Put every row where a matching of the present problem has it."""
        state = self._state
        state.price = duals.price.tolist()
        state.prices = duals.price.copy()
        state.load = network.load(pair).tolist()
        state.members = [[] for _ in state.load]
        slots = np.array(list(self._slot.values()), np.int64)
        for slot, gain in zip(slots.tolist(), duals.gain.tolist(), strict=True):
            state.agent_of[slot], state.looked[slot] = -1, []
            state.columns.set_gain(slot, gain)
        served = np.flatnonzero(pair >= 0)
        chosen = pair[served]
        agents, worths = network.agent_of[chosen].tolist(), network.worth[chosen].tolist()
        for slot, agent, worth in zip(slots[served].tolist(), agents, worths, strict=True):
            state.place(slot, agent, worth)
        state.columns.compress()

    def _standing(self) -> tuple[Network, Ints, Duals]:
        """Return the present problem with the matching and prices kept."""
        network = build_network(self.problem())
        agents = np.array([self._state.agent_of[slot] for slot in self._slot.values()], np.int64)
        served = np.flatnonzero(agents >= 0)
        pair = np.full(network.rows, -1)
        pair[served] = network.pairs_of(served, agents[served])
        gain = np.array([self._state.gain[slot] for slot in self._slot.values()], np.int64)
        return network, pair, Duals(gain, np.array(self._state.price, np.int64))
