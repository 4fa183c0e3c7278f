"""Small systems of several types and groups solved exactly under a given policy, from the balance equations.

The state counts who waits of each type and who is busy where; a policy looks at it after every event. That covers
static priorities, thresholds, indices of queue lengths and idling. Rules that look at who waited or idled longest
across types need the order as well: see `longest_idle_chain`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.distributions.checks import check_whole
from routematch.errors import ContractError, Faults, LimitExceededError
from routematch.theory.chains import LARGEST_CHAIN, stationary_law
from routematch.theory.skill_system import SkillSystem

__all__ = ["ChainResult", "Choices", "CountPolicy", "CountState", "exact_chain", "static_priority"]


class CountState(NamedTuple):
    """What a policy sees.

    Attributes
    ----------
    waiting : tuple of int, length I
        How many wait of each type, the new arrival included.
    idle : tuple of int, length J
        Idle agents of each group.
    busy : tuple of int
        Busy agents of each group at each rate, in the order of `SkillSystem.paces`.
    event : tuple of str and int
        What happened: ``("arrival", type)``, ``("completion", group)`` or ``("abandonment", type)``.
    """

    waiting: tuple[int, ...]
    idle: tuple[int, ...]
    busy: tuple[int, ...]
    event: tuple[str, int]


#: Probability, type and group of each pair that may be matched next; nothing means to wait.
Choices = Sequence[tuple[float, int, int]]
#: Called after every event, and again until it wants nothing more.
CountPolicy = Callable[[CountState], Choices]

_Outcome = tuple[float, tuple[int, ...], tuple[int, ...], tuple[int, ...]]


def static_priority(
    groups_of_type: Sequence[Sequence[int]],
    types_of_group: Sequence[Sequence[int]],
    *,
    reserved: Mapping[tuple[int, int], int] | None = None,
) -> CountPolicy:
    """Make the policy of fixed lists: arrivals take the first group with somebody idle, agents the first type.

    Parameters
    ----------
    groups_of_type : sequence of sequence of int
        For each type, groups in order of preference.
    types_of_group : sequence of sequence of int
        For each group, types in order of preference.
    reserved : mapping or None
        For a (type, group): idle agents of the group that this type must leave free.

    Returns
    -------
    callable
        A `CountPolicy`.
    """
    kept = dict(reserved or {})

    def decide(state: CountState) -> Choices:
        what, index = state.event
        if what == "arrival":
            pairs = [(index, j) for j in groups_of_type[index]]
        elif what == "completion":
            pairs = [(i, index) for i in types_of_group[index]]
        else:
            pairs = []
        for i, j in pairs:
            if state.waiting[i] > 0 and state.idle[j] > kept.get((i, j), 0):
                return ((1.0, i, j),)
        return ()

    return decide


@frozen(eq=False)
class ChainResult:
    """Steady state of a small system. Shares are of all arrivals of a type; NaN for a type without arrivals.

    Attributes
    ----------
    states : int
        Size of the chain.
    average_queues : ndarray of float64, shape (I,)
        Mean number waiting.
    average_waits : ndarray of float64, shape (I,)
        Mean wait of those let in, however it ends, in seconds.
    delay_probabilities, abandonment_probabilities, blocking_probabilities : ndarray of float64, shape (I,)
        Share let in and not served at once; that gives up; that finds its waiting places taken.
    average_busy : ndarray of float64, shape (J,)
        Mean number of busy agents.
    occupancies : ndarray of float64, shape (J,)
        Share of time an agent of the group is busy.
    flow : ndarray of float64, shape (I, J)
        Conversations of each type begun by each group per second.
    """

    states: int
    average_queues: NDArray[np.float64]
    average_waits: NDArray[np.float64]
    delay_probabilities: NDArray[np.float64]
    abandonment_probabilities: NDArray[np.float64]
    blocking_probabilities: NDArray[np.float64]
    average_busy: NDArray[np.float64]
    occupancies: NDArray[np.float64]
    flow: NDArray[np.float64]
    _arrival_rates: NDArray[np.float64] = field(repr=False)

    def value_rate(
        self,
        value: Sequence[Sequence[float]] | float = 1.0,
        *,
        abandonment_cost: Sequence[float] | float = 0.0,
        holding_cost: Sequence[float] | float = 0.0,
    ) -> float:
        """Return what is earned per second: value of the served, less the cost of the lost and of waiting."""
        lost = np.nan_to_num(self.abandonment_probabilities + self.blocking_probabilities) * self._arrival_rates
        costs = np.broadcast_to(abandonment_cost, lost.shape) @ lost
        waiting = np.broadcast_to(holding_cost, lost.shape) @ self.average_queues
        return float((np.asarray(value) * self.flow).sum() - costs - waiting)


def exact_chain(system: SkillSystem, policy: CountPolicy, *, waiting_places: Sequence[int]) -> ChainResult:
    """Solve a small system under a policy.

    Parameters
    ----------
    system : SkillSystem
    policy : callable
        A `CountPolicy`; pairs it names must have somebody waiting and somebody idle.
    waiting_places : sequence of int, length I
        Most that can wait of each type. Make them large enough that `blocking_probabilities` do not matter.

    Returns
    -------
    ChainResult

    Raises
    ------
    InvalidInputError
        Listing what is wrong; when the policy leaves several separate parts of the chain.
    ContractError
        When the policy names a pair that cannot be matched, or probabilities above 1.
    LimitExceededError
        Above 200,000 states.

    Examples
    --------
    >>> system = SkillSystem((0.05, 0.05), ((0.01, 0.01), (0.0, 0.01)), (5, 5), (0.005, 0.005))
    >>> policy = static_priority([[0, 1], [1]], [[0], [1, 0]])
    >>> exact_chain(system, policy, waiting_places=(20, 20)).occupancies.round(4).tolist()
    [0.8061, 0.9265]
    """
    faults = Faults()
    places = tuple(waiting_places)
    for i, entry in enumerate(places):
        check_whole(faults, f"waiting_places[{i}]", entry)
    if len(places) != len(system.arrival_rates):
        faults.add(f"must have one entry for each of {len(system.arrival_rates)} types", place="waiting_places")
    faults.raise_if_any()
    if math.prod(most + 1 for most in places) > LARGEST_CHAIN:
        raise LimitExceededError(f"waiting places {places} make more than {LARGEST_CHAIN} states")
    return _Explorer(system, policy, places).result()


class _Explorer:
    """Walks through all states that can be reached, noting every move and what it counts for."""

    def __init__(self, system: SkillSystem, policy: CountPolicy, places: tuple[int, ...]) -> None:
        self.system, self.policy, self.places = system, policy, places
        self.pairs = system.pairs
        self.pair_index = {pair: k for k, pair in enumerate(self.pairs)}
        self.paces, self.pace_of_pair = system.paces, system.pace_of_pair
        self.index: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}
        self.order: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
        self.moves: list[tuple[int, int, float]] = []
        types = len(system.arrival_rates)
        #: Entries (state, rate) of each kind of event, per type or pair.
        self.delayed: list[list[tuple[int, float]]] = [[] for _ in range(types)]
        self.abandoned: list[list[tuple[int, float]]] = [[] for _ in range(types)]
        self.blocked: list[list[tuple[int, float]]] = [[] for _ in range(types)]
        self.matched: list[list[tuple[int, float]]] = [[] for _ in self.pairs]

    def result(self) -> ChainResult:
        """Explore, solve and add up."""
        self._number((0,) * len(self.places), (0,) * len(self.paces))
        at = 0
        while at < len(self.order):
            self._leave(at, *self.order[at])
            at += 1
        sources, targets, rates = zip(*self.moves, strict=True) if self.moves else ((), (), ())
        law = stationary_law(sources, targets, rates, states=len(self.order))
        return self._added_up(law)

    def _number(self, waiting: tuple[int, ...], busy: tuple[int, ...]) -> int:
        key = (waiting, busy)
        number = self.index.setdefault(key, len(self.order))
        if number == len(self.order):
            if number >= LARGEST_CHAIN:
                raise LimitExceededError(f"the chain has more than {LARGEST_CHAIN} states")
            self.order.append(key)
        return number

    def _leave(self, at: int, waiting: tuple[int, ...], busy: tuple[int, ...]) -> None:
        for i, rate in enumerate(self.system.arrival_rates):
            if rate > 0:
                self._arrive(at, i, rate, waiting, busy)
        for i, rate in enumerate(self.system.abandonment_rates):
            if rate > 0 and waiting[i] > 0:
                self.abandoned[i].append((at, rate * waiting[i]))
                self._move(at, rate * waiting[i], _plus(waiting, i, -1), busy, ("abandonment", i))
        for k, (j, rate) in enumerate(self.paces):
            if busy[k] > 0:
                self._move(at, rate * busy[k], waiting, _plus(busy, k, -1), ("completion", j))

    def _arrive(self, at: int, i: int, rate: float, waiting: tuple[int, ...], busy: tuple[int, ...]) -> None:
        for share, after, occupied, matches in self._settled(_plus(waiting, i, 1), busy, ("arrival", i)):
            if after[i] > self.places[i]:
                self.blocked[i].append((at, rate * share))
                continue
            if not any(self.pairs[k][0] == i for k in matches):
                self.delayed[i].append((at, rate * share))
            self._note(at, rate * share, after, occupied, matches)

    def _move(
        self, at: int, rate: float, waiting: tuple[int, ...], busy: tuple[int, ...], event: tuple[str, int]
    ) -> None:
        for share, after, occupied, matches in self._settled(waiting, busy, event):
            self._note(at, rate * share, after, occupied, matches)

    def _note(
        self, at: int, rate: float, waiting: tuple[int, ...], busy: tuple[int, ...], matches: tuple[int, ...]
    ) -> None:
        self.moves.append((at, self._number(waiting, busy), rate))
        for k in matches:
            self.matched[k].append((at, rate))

    def _settled(self, waiting: tuple[int, ...], busy: tuple[int, ...], event: tuple[str, int]) -> list[_Outcome]:
        """Ask the policy until it is content; return every outcome with its probability and matches."""
        settled: list[_Outcome] = []
        asked: list[_Outcome] = [(1.0, waiting, busy, ())]
        while asked:
            share, waits, works, matches = asked.pop()
            idle = self._idle(works)
            choices = self.policy(CountState(waits, idle, works, event))
            rest = 1.0 - sum(choice[0] for choice in choices)
            if rest < -1e-9:
                raise ContractError("a count policy promises probabilities that sum to at most 1")
            if rest > 1e-12:
                settled.append((share * rest, waits, works, matches))
            for probability, i, j in choices:
                k = self.pair_index.get((i, j))
                if k is None or waits[i] < 1 or idle[j] < 1:
                    raise ContractError(f"a count policy promises pairs that can be matched, not ({i}, {j})")
                working = _plus(works, self.pace_of_pair[k], 1)
                asked.append((share * probability, _plus(waits, i, -1), working, (*matches, k)))
        return settled

    def _idle(self, busy: tuple[int, ...]) -> tuple[int, ...]:
        idle = list(self.system.agents)
        for (j, _), number in zip(self.paces, busy, strict=True):
            idle[j] -= number
        return tuple(idle)

    def _added_up(self, law: NDArray[np.float64]) -> ChainResult:
        arriving = np.asarray(self.system.arrival_rates)
        waiting = np.array([state[0] for state in self.order], dtype=np.float64)
        busy = law @ np.array([state[1] for state in self.order], dtype=np.float64)

        def flows(entries: list[list[tuple[int, float]]]) -> NDArray[np.float64]:
            return np.array([sum(law[at] * rate for at, rate in found) for found in entries])

        with np.errstate(invalid="ignore", divide="ignore"):
            delayed, lost, blocked = (flows(kind) / arriving for kind in (self.delayed, self.abandoned, self.blocked))
            queues = law @ waiting
            waits = queues / (arriving * (1.0 - blocked))
        flow = np.zeros((arriving.size, len(self.system.agents)))
        average_busy = np.zeros(len(self.system.agents))
        for (i, j), rate in zip(self.pairs, flows(self.matched), strict=True):
            flow[i, j] = rate
        for (j, _), number in zip(self.paces, busy, strict=True):
            average_busy[j] += number
        occupancies = average_busy / np.asarray(self.system.agents)
        return ChainResult(
            len(self.order), queues, waits, delayed, lost, blocked, average_busy, occupancies, flow, arriving
        )


def _plus(counts: tuple[int, ...], index: int, change: int) -> tuple[int, ...]:
    """Return counts with one of them changed."""
    return (*counts[:index], counts[index] + change, *counts[index + 1 :])
