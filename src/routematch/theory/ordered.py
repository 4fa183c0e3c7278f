"""First come, first served, and the agent idle longest, solved exactly for a few agents, order and all.

The state is the order of the idle agents and the order of those who wait. Without abandonment the law has a product
form (Adan and Weiss 2014); the chain here also takes patience.

Source: Adan, Weiss (2014), A skill based parallel service system under FCFS-ALIS.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routematch.distributions.checks import check_whole
from routematch.errors import Faults, InvalidInputError, LimitExceededError
from routematch.theory.chains import LARGEST_CHAIN, stationary_law
from routematch.theory.exact import ChainResult
from routematch.theory.skill_system import SkillSystem

__all__ = ["longest_idle_chain"]

_State = tuple[tuple[int, ...], tuple[int, ...]]


def longest_idle_chain(system: SkillSystem, *, waiting_places: int) -> ChainResult:
    """Solve a small system that serves who waited longest by the agent idle longest.

    Parameters
    ----------
    system : SkillSystem
        Each group with one service rate, the same for every type it serves: then the order says all there is to know.
    waiting_places : int
        Most that can wait, of all types together.

    Returns
    -------
    ChainResult

    Raises
    ------
    InvalidInputError
        When a group has several service rates.
    LimitExceededError
        Above 200,000 states; orders are many, so half a dozen agents is about the limit.

    Examples
    --------
    >>> system = SkillSystem((0.02, 0.02), ((0.01, 0.0, 0.01), (0.0, 0.01, 0.01)), (2, 2, 1), (0.01, 0.01))
    >>> longest_idle_chain(system, waiting_places=6).states
    240
    """
    faults = Faults()
    places = check_whole(faults, "waiting_places", waiting_places)
    for j in range(len(system.agents)):
        if len({row[j] for row in system.service_rates if row[j] > 0}) != 1:
            faults.add("must be one rate for all types the group serves", place=f"service_rates[:][{j}]")
    faults.raise_if_any()
    return _Orders(system, places).result()


class _Orders:
    """Walks through all orders of idle agents and waiting conversations that can be reached."""

    def __init__(self, system: SkillSystem, places: int) -> None:
        self.system, self.places = system, places
        columns = list(zip(*system.service_rates, strict=True))
        self.serves = [{i for i, rate in enumerate(column) if rate > 0} for column in columns]
        self.rate = [max(column) for column in columns]
        self.index: dict[_State, int] = {}
        self.order: list[_State] = []
        self.moves: list[tuple[int, int, float]] = []
        self.shape = (len(system.arrival_rates), len(system.agents))
        self.matched: list[tuple[int, int, int, float]] = []
        self.delayed: list[tuple[int, int, float]] = []
        self.blocked: list[tuple[int, int, float]] = []

    def result(self) -> ChainResult:
        """Explore, solve and add up."""
        everybody = tuple(j for j, number in enumerate(self.system.agents) for _ in range(number))
        self._number((everybody, ()))
        at = 0
        while at < len(self.order):
            self._arrivals(at, *self.order[at])
            self._departures(at, *self.order[at])
            at += 1
        if not self.moves:
            raise InvalidInputError("must have arrivals")
        sources, targets, rates = zip(*self.moves, strict=True)
        return self._added_up(stationary_law(sources, targets, rates, states=len(self.order)))

    def _number(self, state: _State) -> int:
        number = self.index.setdefault(state, len(self.order))
        if number == len(self.order):
            if number >= LARGEST_CHAIN:
                raise LimitExceededError(f"the chain has more than {LARGEST_CHAIN} states")
            self.order.append(state)
        return number

    def _arrivals(self, at: int, idle: tuple[int, ...], waiting: tuple[int, ...]) -> None:
        for i, rate in enumerate(self.system.arrival_rates):
            if rate <= 0:
                continue
            first = next((p for p, j in enumerate(idle) if i in self.serves[j]), None)
            if first is not None:
                self.matched.append((at, i, idle[first], rate))
                self.moves.append((at, self._number((_without(idle, first), waiting)), rate))
            elif len(waiting) < self.places:
                self.delayed.append((at, i, rate))
                self.moves.append((at, self._number((idle, (*waiting, i))), rate))
            else:
                self.blocked.append((at, i, rate))

    def _departures(self, at: int, idle: tuple[int, ...], waiting: tuple[int, ...]) -> None:
        for p, i in enumerate(waiting):
            if self.system.abandonment_rates[i] > 0:
                left = self._number((idle, _without(waiting, p)))
                self.moves.append((at, left, self.system.abandonment_rates[i]))
        for j, number in enumerate(self.system.agents):
            rate = (number - idle.count(j)) * self.rate[j]
            if rate <= 0:
                continue
            first = next((p for p, i in enumerate(waiting) if i in self.serves[j]), None)
            if first is None:
                self.moves.append((at, self._number(((*idle, j), waiting)), rate))
            else:
                self.matched.append((at, waiting[first], j, rate))
                self.moves.append((at, self._number((idle, _without(waiting, first))), rate))

    def _added_up(self, law: NDArray[np.float64]) -> ChainResult:
        types, groups = self.shape
        arriving, agents = np.asarray(self.system.arrival_rates), np.asarray(self.system.agents)
        queues, busy = np.zeros(types), agents.astype(np.float64)
        for probability, (idle, waiting) in zip(law, self.order, strict=True):
            queues += probability * np.bincount(waiting, minlength=types)
            busy -= probability * np.bincount(idle, minlength=groups)
        flow, delayed, blocked = np.zeros(self.shape), np.zeros(types), np.zeros(types)
        for at, i, j, rate in self.matched:
            flow[i, j] += law[at] * rate
        for entries, total in ((self.delayed, delayed), (self.blocked, blocked)):
            for at, i, rate in entries:
                total[i] += law[at] * rate
        with np.errstate(invalid="ignore", divide="ignore"):
            lost = np.asarray(self.system.abandonment_rates) * queues / arriving
            waits = queues / (arriving - blocked)
            shares = delayed / arriving, lost, blocked / arriving
        return ChainResult(len(self.order), queues, waits, *shares, busy, busy / agents, flow, arriving)


def _without(order: tuple[int, ...], position: int) -> tuple[int, ...]:
    return order[:position] + order[position + 1 :]
