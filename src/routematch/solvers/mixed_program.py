"""The integer program behind mixed costs: which pairs matter and what limits them.

Everything is in whole steps of the resolution. The program keeps only usable pairs and binding limits, has its
budgets divided by the common factor of the agent's costs, and is tightened twice: counts of large conversations are
rounded down to whole ones, and a conversation that leaves no room for another excludes it outright. (Chvatal, 1973,
"Edmonds polytopes and a hierarchy of combinatorial problems"; Padberg, 1973, "On the facial structure of set packing
polyhedra".)
"""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from routematch.solvers.mixed_problem import MixedProblem

__all__ = ["IntArray", "Pairs", "Program", "build_program", "is_allowed", "quantised", "usable_pairs"]

#: More different costs than this are not tightened.
_MOST_THRESHOLDS = 16

IntArray = NDArray[np.int64]


@frozen(eq=False)
class Pairs:
    """The usable pairs in whole steps, in row order, then column order.

    Attributes
    ----------
    row, agent : ndarray of int64, shape (P,)
    worth : ndarray of int64, shape (P,)
        Value minus hold minus the agent's first charge, in steps.
    units : ndarray of int64, shape (P,)
        Budget taken.
    charge : ndarray of int64, shape (A, K)
        Charges above the agent's first one, in steps.
    """

    row: IntArray
    agent: IntArray
    worth: IntArray
    units: IntArray
    charge: IntArray

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.row)

    def charges(self, agent: IntArray, count: IntArray) -> IntArray:
        """Return what the agents are charged, beyond their first charge each time, for that many conversations."""
        steps = self.charge.shape[1]
        climbed = np.concatenate([np.zeros((len(self.charge), 1), np.int64), np.cumsum(self.charge, axis=1)], axis=1)
        low = np.minimum(count, steps)
        charged: IntArray = climbed[agent, low] + (count - low) * self.charge[agent, -1]
        return charged

    def steps(self, used: NDArray[np.intp]) -> int:
        """Return what these pairs are worth, minus the charges, in steps above holding everybody."""
        agents = len(self.charge)
        charged = self.charges(np.arange(agents), np.bincount(self.agent[used], minlength=agents))
        return int(self.worth[used].sum() - charged.sum())


@frozen(eq=False)
class Program:
    """Maximise ``weight @ x`` with ``matrix @ x <= limit`` (``==`` where `exact`) and ``0 <= x <= upper``, x whole.

    The first columns are the pairs, the others charges and helpers; the first limits are the rows.

    Attributes
    ----------
    weight, upper : ndarray of int64, shape (N,)
    matrix : csr_array of int64, shape (M, N)
    limit : ndarray of int64, shape (M,)
    exact : ndarray of bool, shape (M,)
        Limits to be met exactly: how many of each class of priority are served.
    needed : ndarray of bool, shape (M,)
        False for limits that only tighten the relaxation.
    limit_agent : ndarray of int64, shape (M,)
    column_agent : ndarray of int64, shape (N,)
        Whose limit or column it is, -1 for nobody's.
    pairs : int
    units : ndarray of int64, shape (P,)
    room : ndarray of int64, shape (A,)
        Costs and budgets, divided by the common factor of the agent's costs.
    factor : ndarray of int64, shape (A,)
        That common factor.
    budget_of : ndarray of int64, shape (A,)
        Which limit is the agent's budget, -1 where it cannot be exceeded.
    """

    weight: IntArray
    upper: IntArray
    matrix: csr_array
    limit: IntArray
    exact: NDArray[np.bool_]
    needed: NDArray[np.bool_]
    limit_agent: IntArray
    column_agent: IntArray
    pairs: int
    units: IntArray
    room: IntArray
    factor: IntArray
    budget_of: IntArray


def is_allowed(problem: MixedProblem, pairs: Pairs, used: NDArray[np.intp]) -> bool:
    """Check every budget, cap and row on whole numbers."""
    row, agent = pairs.row[used], pairs.agent[used]
    spent = np.zeros(len(problem.budget), np.int64)
    np.add.at(spent, agent, pairs.units[used])
    taken = np.zeros_like(problem.cap)
    at, name = problem.membership[row].nonzero()
    np.add.at(taken, (agent[at], name), 1)
    within = ((problem.cap < 0) | (taken <= problem.cap)).all()
    return bool(len(np.unique(row)) == len(row) and (spent <= problem.budget).all() and within)


def quantised(values: NDArray[np.float64], resolution: float) -> IntArray:
    """Round to whole steps of the resolution."""
    return np.rint(values / resolution).astype(np.int64)


def usable_pairs(problem: MixedProblem) -> Pairs:
    """Keep the pairs that a best matching may use.

    Left out are pairs below hold, pairs that exceed the agent's budget, pairs with a name whose cap is 0 and, without
    priorities, pairs that the agent's first charge makes a loss.
    """
    rows = np.repeat(np.arange(problem.shape[0]), np.diff(problem.value.indptr))
    agents = problem.value.indices.astype(np.int64)
    worth = quantised(problem.value.data, problem.resolution) - quantised(problem.hold, problem.resolution)[rows]
    charge = _charges(problem)
    keep = (worth >= 0) & (problem.cost <= problem.budget[agents])
    worth = worth - charge[agents, 0]
    if problem.priority is None:
        keep &= worth >= 0
    pair, name = problem.membership[rows].nonzero()
    keep[pair[problem.cap[agents[pair], name] == 0]] = False
    return Pairs(rows[keep], agents[keep], worth[keep], problem.cost[keep], charge - charge[:, :1])


def _charges(problem: MixedProblem) -> IntArray:
    if problem.unit_cost is None or problem.unit_cost.shape[1] == 0:
        return np.zeros((problem.shape[1], 1), np.int64)
    return quantised(problem.unit_cost, problem.resolution)


def build_program(problem: MixedProblem, pairs: Pairs) -> Program:
    """Write the program of these pairs."""
    limits = _Limits(pairs.agent)
    rows, agents = problem.shape
    every = np.arange(len(pairs))
    limits.add(pairs.row, every, _ones(len(pairs)), _ones(rows), agent=np.full(rows, -1))
    factor = _common_factor(len(problem.budget), pairs)
    room, units = problem.budget // factor, pairs.units // factor[pairs.agent]
    budget_of = limits.add_binding(pairs.agent, every, units, room, agent=np.arange(agents))
    _add_caps(limits, problem, pairs)
    _add_rounded_counts(limits, pairs.agent, units, room)
    _add_exclusions(limits, pairs.agent, units, room)
    _add_charges(limits, pairs, units, room)
    return limits.program(pairs.worth, units, room, factor, budget_of)


def _ones(count: int) -> IntArray:
    return np.ones(count, np.int64)


class _Limits:
    """Gather the limits and the helper columns of a program."""

    def __init__(self, pair_agent: IntArray) -> None:
        self.pairs = self.columns = len(pair_agent)
        self.height = 0
        self._entries: list[tuple[IntArray, IntArray, IntArray]] = []
        self._limit: list[IntArray] = []
        self._limit_agent: list[IntArray] = []
        self._needed: list[NDArray[np.bool_]] = []
        self._weight: list[IntArray] = []
        self._upper: list[IntArray] = []
        self._column_agent: list[IntArray] = [pair_agent]

    def add(
        self,
        row: IntArray,
        column: IntArray,
        factor: IntArray,
        limit: IntArray,
        *,
        agent: IntArray,
        needed: bool = True,
    ) -> IntArray:
        """Add as many limits as `limit` has entries; return their numbers."""
        self._entries.append((row + self.height, column, factor))
        self._limit.append(limit)
        self._limit_agent.append(agent)
        self._needed.append(np.full(len(limit), needed))
        self.height += len(limit)
        return np.arange(self.height - len(limit), self.height)

    def add_binding(
        self,
        row: IntArray,
        column: IntArray,
        factor: IntArray,
        limit: IntArray,
        *,
        agent: IntArray,
        needed: bool = True,
    ) -> IntArray:
        """Add the limits that can be exceeded at all; return the number of each, -1 where it was left out."""
        total = np.zeros(len(limit), np.int64)
        np.add.at(total, row, factor)
        binding = total > limit
        place = np.cumsum(binding) - 1
        keep = binding[row]
        found = np.full(len(limit), -1, np.int64)
        found[binding] = self.add(
            place[row[keep]], column[keep], factor[keep], limit[binding], agent=agent[binding], needed=needed
        )
        return found

    def helpers(self, weight: IntArray, upper: IntArray, agent: IntArray) -> IntArray:
        """Add columns that are no pairs; return their numbers."""
        self._weight.append(weight)
        self._upper.append(upper)
        self._column_agent.append(agent)
        self.columns += len(weight)
        return np.arange(self.columns - len(weight), self.columns)

    def program(
        self, worth: IntArray, units: IntArray, room: IntArray, factor: IntArray, budget_of: IntArray
    ) -> Program:
        """Put everything together."""
        row, column, entry = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        return Program(
            weight=np.concatenate([worth, *self._weight]),
            upper=np.concatenate([_ones(self.pairs), *self._upper]),
            matrix=coo_array((entry, (row, column)), shape=(self.height, self.columns)).tocsr(),
            limit=np.concatenate(self._limit),
            exact=np.zeros(self.height, np.bool_),
            needed=np.concatenate(self._needed),
            limit_agent=np.concatenate(self._limit_agent),
            column_agent=np.concatenate(self._column_agent),
            pairs=self.pairs,
            units=units,
            room=room,
            factor=factor,
            budget_of=budget_of,
        )


def _common_factor(agents: int, pairs: Pairs) -> IntArray:
    factor = np.zeros(agents, np.int64)
    np.gcd.at(factor, pairs.agent, pairs.units)
    return np.maximum(factor, 1)


def _add_caps(limits: _Limits, problem: MixedProblem, pairs: Pairs) -> None:
    pair, name = problem.membership[pairs.row].nonzero()
    pair, name = pair.astype(np.int64), name.astype(np.int64)
    agent = pairs.agent[pair]
    capped = problem.cap[agent, name] >= 0
    pair, name, agent = pair[capped], name[capped], agent[capped]
    keys, place = np.unique(agent * problem.cap.shape[1] + name, return_inverse=True)
    limit = problem.cap.ravel()[keys]
    limits.add_binding(place, pair, _ones(len(pair)), limit, agent=keys // max(1, problem.cap.shape[1]))


def _add_rounded_counts(limits: _Limits, agent: IntArray, units: IntArray, room: IntArray) -> None:
    """Allow no more than ``room // t`` conversations of at least t units each."""
    thresholds = np.unique(units[units > 1])
    if len(thresholds) > _MOST_THRESHOLDS:
        return
    for threshold in thresholds:
        uneven = np.zeros(len(room), np.bool_)
        uneven[agent[units == threshold]] = True
        uneven &= room % threshold != 0
        large = np.flatnonzero((units >= threshold) & uneven[agent])
        limits.add_binding(
            agent[large], large, _ones(len(large)), room // threshold, agent=np.arange(len(room)), needed=False
        )


def _add_exclusions(limits: _Limits, agent: IntArray, units: IntArray, room: IntArray) -> None:
    """Let a conversation of more than half the room exclude the others that do not fit beside it."""
    is_large = 2 * units > room[agent]
    smallest = np.full(len(room), np.iinfo(np.int64).max // 2, np.int64)
    np.minimum.at(smallest, agent[is_large], units[is_large])
    beside = np.flatnonzero(~is_large & (units + smallest[agent] > room[agent]))
    if not len(beside):
        return
    holders, place = np.unique(agent[beside], return_inverse=True)
    one = _ones(len(holders))
    taken = limits.helpers(0 * one, one, holders)
    position = np.full(len(room), -1, np.int64)
    position[holders] = np.arange(len(holders))
    large = np.flatnonzero(is_large & (position[agent] >= 0))
    limits.add(
        np.concatenate([position[agent[large]], np.arange(len(holders))]),
        np.concatenate([large, taken]),
        np.concatenate([_ones(len(large)), -one]),
        0 * one,
        agent=holders,
        needed=False,
    )
    each = np.arange(len(beside))
    limits.add(
        np.concatenate([each, each]),
        np.concatenate([beside, taken[place]]),
        _ones(2 * len(beside)),
        _ones(len(beside)),
        agent=agent[beside],
        needed=False,
    )


def _add_charges(limits: _Limits, pairs: Pairs, units: IntArray, room: IntArray) -> None:
    """Make the count of an agent's conversations pay for each step it climbs on the staircase of charges."""
    most = _most_conversations(pairs.agent, units, room)
    agents, steps = pairs.charge.shape
    level = np.arange(steps)
    width = np.clip(most[:, None] - level, 0, np.where(level == steps - 1, most.max(initial=0), 1))
    free = (width * (pairs.charge == 0)).sum(axis=1)
    agent, step = np.nonzero((width > 0) & (pairs.charge > 0))
    if not len(agent):
        return
    columns = limits.helpers(-pairs.charge[agent, step], width[agent, step], agent)
    payers = np.unique(agent)
    place = np.full(agents, -1, np.int64)
    place[payers] = np.arange(len(payers))
    counted = np.flatnonzero(place[pairs.agent] >= 0)
    limits.add(
        np.concatenate([place[pairs.agent[counted]], place[agent]]),
        np.concatenate([counted, columns]),
        np.concatenate([_ones(len(counted)), -_ones(len(columns))]),
        free[payers],
        agent=payers,
    )


def _most_conversations(agent: IntArray, units: IntArray, room: IntArray) -> IntArray:
    count = np.bincount(agent, minlength=len(room))
    smallest = np.full(len(room), np.iinfo(np.int64).max, np.int64)
    np.minimum.at(smallest, agent, units)
    return np.where(smallest > 0, np.minimum(count, room // np.maximum(smallest, 1)), count)
