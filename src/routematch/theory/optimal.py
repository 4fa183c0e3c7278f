"""The best that any rule without interruption can do, idling included, for small systems: relative value iteration.

The chain is made uniform: every state has the same rate of events, some of which change nothing. One step of the
iteration takes all events, after each of which any waiting conversations may be matched with idle agents. The gain per
second lies between the smallest and the largest change of a step, so the answer comes with its own error bound.

Source: Puterman (1994), Markov Decision Processes, sections 8.5 and 11.5.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.distributions.checks import check_number, check_whole
from routematch.errors import Faults, LimitExceededError
from routematch.theory.exact import Choices, CountState
from routematch.theory.skill_system import SkillSystem, amounts, pair_amounts

__all__ = ["LARGEST_CONTROL", "OptimalControl", "optimal_control"]

#: Most states (waiting times busy counts) of a system whose optimum is searched.
LARGEST_CONTROL = 1_000_000

_Table = NDArray[np.float64]


@frozen(eq=False)
class OptimalControl:
    """The optimum over all rules that see the counts.

    Attributes
    ----------
    value_rate : float
        Value per second of the best rule.
    error : float
        The true optimum lies within this of `value_rate`.
    iterations : int
    """

    value_rate: float
    error: float
    iterations: int
    _step: _Step = field(repr=False)
    _relative: _Table = field(repr=False)
    _matched: _Table = field(repr=False)

    def decide(self, state: CountState) -> Choices:
        """Return the next pair of a best rule: a `CountPolicy` for `exact_chain` with the same waiting places."""
        return self._step.best_pair(self._relative, self._matched, state)


def optimal_control(
    system: SkillSystem,
    value: Sequence[Sequence[float]] | float = 1.0,
    *,
    waiting_places: Sequence[int],
    abandonment_cost: Sequence[float] | float = 0.0,
    holding_cost: Sequence[float] | float = 0.0,
    tolerance: float = 1e-9,
    most_iterations: int = 200_000,
) -> OptimalControl:
    """Find the largest long-run value per second.

    Parameters
    ----------
    system : SkillSystem
    value : array_like of float, shape (I, J), or float
        Earned when a type is served by a group.
    waiting_places : sequence of int, length I
        Most that can wait of each type; who finds them taken and is not served at once is lost.
    abandonment_cost : sequence of float, length I, or float
        Paid when somebody gives up or is lost.
    holding_cost : sequence of float, length I, or float
        Paid per second of waiting.
    tolerance : float
        Error wanted, relative to the value rate.
    most_iterations : int
        Where to stop; `error` tells how far it came.

    Returns
    -------
    OptimalControl

    Raises
    ------
    InvalidInputError
        Listing what is wrong.
    LimitExceededError
        Above `LARGEST_CONTROL` states.

    Examples
    --------
    >>> system = SkillSystem((0.02, 0.02), ((0.01, 0.01), (0.0, 0.01)), (1, 1), (0.01, 0.01))
    >>> best = optimal_control(system, [[1, 1], [0, 5]], waiting_places=(5, 5))
    >>> best.error < 1e-8
    True
    """
    faults = Faults()
    types = len(system.arrival_rates)
    places = tuple(waiting_places)
    for i, entry in enumerate(places):
        check_whole(faults, f"waiting_places[{i}]", entry)
    if len(places) != types:
        faults.add(f"must have one entry for each of {types} types", place="waiting_places")
    earned = pair_amounts(faults, "value", value, system)
    lost = amounts(faults, "abandonment_cost", abandonment_cost, types)
    holding = amounts(faults, "holding_cost", holding_cost, types)
    check_number(faults, "tolerance", tolerance, above=0)
    check_whole(faults, "most_iterations", most_iterations, at_least=1, at_most=10**9)
    faults.raise_if_any()
    if math.prod(most + 1 for most in places) > LARGEST_CONTROL:
        raise LimitExceededError(f"waiting places {places} make more than {LARGEST_CONTROL} states")
    step = _Step(system, earned, lost, holding, places)
    relative = np.zeros(step.shape)
    low, high, iterations = 0.0, 0.0, 0
    for iterations in range(1, most_iterations + 1):  # noqa: B007 - told in the result
        following = step.after(relative)
        change = (following - relative) * step.event_rate
        low, high = float(change.min()), float(change.max())
        relative = following - following[0, 0]
        if high - low <= tolerance * max(1e-12, abs(low), abs(high)):
            break
    return OptimalControl((low + high) / 2.0, (high - low) / 2.0, iterations, step, relative, step.matched(relative))


class _Step:
    """One step of the iteration, over tables of shape (states of the waiting, states of the busy)."""

    def __init__(
        self, system: SkillSystem, earned: _Table, lost: _Table, holding: _Table, places: tuple[int, ...]
    ) -> None:
        self.system, self.earned, self.lost, self.pairs = system, earned, lost, system.pairs
        self.waiting = list(itertools.product(*(range(most + 1) for most in places)))
        self.busy = _busy_states(system)
        self.shape = (len(self.waiting), len(self.busy))
        if self.shape[0] * self.shape[1] > LARGEST_CONTROL:
            raise LimitExceededError(f"{self.shape[0] * self.shape[1]} states are more than {LARGEST_CONTROL}")
        self.waiting_index = {counts: k for k, counts in enumerate(self.waiting)}
        self.busy_index = {counts: k for k, counts in enumerate(self.busy)}
        types = range(len(places))
        self.one_more = [_neighbours(self.waiting, self.waiting_index, i, 1) for i in types]
        self.one_less = [_neighbours(self.waiting, self.waiting_index, i, -1) for i in types]
        self.paces, self.pace_of_pair = system.paces, system.pace_of_pair
        self.begun = [_neighbours(self.busy, self.busy_index, k, 1) for k in range(len(self.paces))]
        self.ended = [_neighbours(self.busy, self.busy_index, k, -1) for k in range(len(self.paces))]
        counts = np.array(self.waiting, dtype=np.float64).reshape(len(self.waiting), -1)
        leaving = np.asarray(system.abandonment_rates)
        self.leaving_rates = counts * leaving
        self.cost_rate = counts @ (holding + lost * leaving)
        rates = np.array([rate for _, rate in self.paces])
        self.ending_rates = np.array(self.busy, dtype=np.float64).reshape(len(self.busy), -1) * rates
        fastest = sum(number * max(row[j] for row in system.service_rates) for j, number in enumerate(system.agents))
        self.event_rate = float(sum(system.arrival_rates) + leaving @ np.array(places) + fastest)

    def after(self, relative: _Table) -> _Table:
        """Return the value of each state after one more step."""
        matched = self.matched(relative)
        total = np.broadcast_to(-self.cost_rate[:, None], self.shape).copy()
        spent = np.zeros(self.shape)
        for i, rate in enumerate(self.system.arrival_rates):
            total += rate * self._after_arrival(i, relative, matched)
            spent += rate
            some = np.flatnonzero(self.one_less[i] >= 0)
            leaving = self.leaving_rates[some, i][:, None]
            total[some] += leaving * matched[self.one_less[i][some]]
            spent[some] += leaving
        for k in range(len(self.paces)):
            some = np.flatnonzero(self.ended[k] >= 0)
            ending = self.ending_rates[some, k]
            total[:, some] += ending * matched[:, self.ended[k][some]]
            spent[:, some] += ending
        return (total + (self.event_rate - spent) * relative) / self.event_rate

    def matched(self, relative: _Table) -> _Table:
        """Return the value when any waiting conversations may be matched with idle agents first."""
        best = relative.copy()
        for _ in range(sum(self.system.agents)):
            before = best.copy()
            for k, (i, j) in enumerate(self.pairs):
                begun = self.begun[self.pace_of_pair[k]]
                rows, columns = np.flatnonzero(self.one_less[i] >= 0), np.flatnonzero(begun >= 0)
                served = best[np.ix_(self.one_less[i][rows], begun[columns])] + self.earned[i, j]
                block = np.ix_(rows, columns)
                best[block] = np.maximum(best[block], served)
            if np.array_equal(before, best):
                break
        return best

    def _after_arrival(self, i: int, relative: _Table, matched: _Table) -> _Table:
        """Return the value after an arrival: let in, or, where its places are taken, served at once or lost."""
        full = np.flatnonzero(self.one_more[i] < 0)
        after = matched[np.maximum(self.one_more[i], 0)]
        after[full] = relative[full] - self.lost[i]
        for k, (served_type, j) in enumerate(self.pairs):
            if served_type == i:
                begun = self.begun[self.pace_of_pair[k]]
                columns = np.flatnonzero(begun >= 0)
                block = np.ix_(full, columns)
                served = matched[np.ix_(full, begun[columns])] + self.earned[i, j]
                after[block] = np.maximum(after[block], served)
        return after

    def best_pair(self, relative: _Table, matched: _Table, state: CountState) -> Choices:
        """Return the pair whose match leads on to the largest value; none where waiting is at least as good."""
        column, row = self.busy_index[state.busy], self.waiting_index.get(state.waiting)
        if row is not None:
            stay = float(relative[row, column])
        else:
            newcomer = state.event[1]
            before = self.waiting_index[_plus(state.waiting, newcomer, -1)]
            stay = float(relative[before, column] - self.lost[newcomer])
        best, chosen = stay + 1e-9 * max(1.0, abs(stay)), None
        for k, (i, j) in enumerate(self.pairs):
            begun = self.begun[self.pace_of_pair[k]][column]
            after = self.waiting_index.get(_plus(state.waiting, i, -1)) if state.waiting[i] > 0 else None
            if after is not None and begun >= 0 and matched[after, begun] + self.earned[i, j] > best:
                best, chosen = float(matched[after, begun] + self.earned[i, j]), (1.0, i, j)
        return (chosen,) if chosen else ()


def _busy_states(system: SkillSystem) -> list[tuple[int, ...]]:
    """List every way in which agents can be busy, as counts per pace."""
    states = []
    for counts in itertools.product(*(range(system.agents[j] + 1) for j, _ in system.paces)):
        used = [0] * len(system.agents)
        for (j, _), number in zip(system.paces, counts, strict=True):
            used[j] += number
        if all(number <= most for number, most in zip(used, system.agents, strict=True)):
            states.append(counts)
    return states


def _neighbours(
    states: list[tuple[int, ...]], index: dict[tuple[int, ...], int], entry: int, change: int
) -> NDArray[np.intp]:
    """Return the row of each state with one count changed; -1 where there is none."""
    return np.array([index.get(_plus(state, entry, change), -1) for state in states], dtype=np.intp)


def _plus(counts: tuple[int, ...], entry: int, change: int) -> tuple[int, ...]:
    """Return counts with one of them changed."""
    return (*counts[:entry], counts[entry] + change, *counts[entry + 1 :])
