"""The rules every paper compares with, each in a few lines: idle agents for arrivals, conversations for free agents.

All are asked event by event (`on_arrival`, `on_free`) and keep no memory of their own, so that they run alike in any
number of processes. What needs rates reads them from the scenario, as a user of such rules would have to state them.

>>> from routematch.simulation import Scenario
>>> office = Scenario.from_rates(arrival=[0.02, 0.01], service=0.01, patience=0.01, agents=[2, 1])
>>> sorted(baseline_policies(office))[:3]
['best_match', 'c_mu', 'c_mu_theta']

Sources: Gans, Koole, Mandelbaum (2003), Telephone call centers, for priority lists, thresholds and c-mu; Mandelbaum,
Stolyar (2004), Scheduling flexible servers with convex delay costs; Atar, Giat, Shimkin (2010), The c-mu/theta rule;
Gurvich, Whitt (2009), Queue-and-idleness-ratio controls; Tassiulas, Ephremides (1992) for the maximum weight;
Sisselman, Whitt (2007), Value-based routing; Chan, Koole, L'Ecuyer (2014), Dynamic call center routing policies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol, cast

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.experiments.guard_rates import priced_for
from routematch.model import Conversation
from routematch.model.agents import Agent
from routematch.policies import Policy, best_match, best_value, first_come_first_served, least_loaded, round_robin
from routematch.routing import route
from routematch.routing.code import Choice, CodePolicy, View
from routematch.routing.lanes.live_view import LiveView
from routematch.simulation.scenario import Scenario
from routematch.simulation.staff import Staff
from routematch.simulation.streams import luck
from routematch.theory import FluidBound, SkillSystem, fluid_bound

__all__ = [
    "BASELINES",
    "BatchWindow",
    "IndexRule",
    "LeastOccupied",
    "RandomAgent",
    "Rates",
    "TimedOverflow",
    "baseline_policies",
    "batch_window",
    "c_mu",
    "c_mu_theta",
    "dedicated",
    "fastest_first",
    "fixed_queue_ratio",
    "generalised_c_mu",
    "max_weight",
    "myopic_match",
    "priority_lists",
    "state_priced",
    "static_price",
    "timed_overflow",
    "value_priority",
    "weighted_waiting_idle",
]

Table = NDArray[np.float64]


class _Shown(Protocol):
    """What these rules read of a view."""

    @property
    def now(self) -> float: ...
    @property
    def idle(self) -> Sequence[str]: ...
    def eligible(self, conversation_id: str) -> Sequence[str]: ...
    def waiting_for(self, agent_id: str) -> tuple[str, ...]: ...
    def room(self, agent_id: str, conversation_id: str) -> bool: ...
    def conversation(self, conversation_id: str) -> Conversation: ...
    def agent(self, agent_id: str) -> Agent: ...
    def age(self, conversation_id: str) -> float: ...
    def load(self, agent_id: str) -> float: ...
    @property
    def classes(self) -> tuple[tuple[str, ...], ...]: ...


def _key(conversation: Conversation) -> tuple[object, ...]:
    return conversation.requires, conversation.channel, conversation.queue, conversation.labels, conversation.value


class _Seen:
    """Types of the request classes of one live view, each looked up once; travels empty between processes."""

    __slots__ = ("kinds", "view")

    def __init__(self) -> None:
        self.view: object = None
        self.kinds: dict[int, int] = {}

    def __reduce__(self) -> tuple[type[_Seen], tuple[()]]:
        """Leave the view behind."""
        return _Seen, ()


@frozen(eq=False)
class Rates:
    """What rules with rates know of a scenario. Make one with `Rates.of`.

    Attributes
    ----------
    arrival, abandonment, loss : ndarray of float64, shape (T,)
        Per second; one over the mean patience, 0 where nobody gives up; cost of who does.
    service, value : ndarray of float64, shape (T, G)
        Conversations that an agent of a group finishes per second, 0 where not eligible; expected value of one.
    agents : tuple of int, length G
    holding : ndarray of float64, shape (T,)
        Cost per second of waiting.
    scenario : Scenario
        What they are the rates of.
    """

    arrival: Table
    abandonment: Table
    loss: Table
    service: Table
    value: Table
    agents: tuple[int, ...]
    holding: Table
    scenario: Scenario = field(repr=False)
    _kinds: Mapping[tuple[object, ...], int] = field(repr=False)
    _group_of: Mapping[str, int] = field(repr=False)
    _seen: _Seen = field(factory=_Seen, repr=False, init=False)

    @classmethod
    def of(cls, scenario: Scenario, *, holding_cost: Mapping[str, float] | float = 0.0) -> Rates:
        """Return the mean rates of a scenario over its horizon."""
        types, staff = scenario.conversation_types, Staff.of(scenario)
        groups = len(scenario.agent_groups)
        first = [
            int(np.flatnonzero(staff.group_of == g)[0]) if (staff.group_of == g).any() else -1 for g in range(groups)
        ]
        service, value = np.zeros((len(types), groups)), np.zeros((len(types), groups))
        able = np.zeros((len(types), groups), bool)
        there = [g for g in range(groups) if first[g] >= 0]
        able[:, there] = _eligible(scenario, [staff.roster.agents[first[g]] for g in there])
        for i, kind in enumerate(types):
            for g, group in enumerate(scenario.agent_groups):
                law = kind.handle_time_by_group.get(group.name, kind.handle_time)
                wrapped = kind.wrap_up.mean if kind.wrap_up is not None else 0.0
                if able[i, g]:
                    service[i, g] = group.speed / (law.mean + wrapped)
                    value[i, g] = kind.value * staff.success[i, first[g]]
        arrival = [
            k.arrivals.mean_count(0.0, scenario.horizon) / scenario.horizon if k.arrivals else 0.0 for k in types
        ]
        holding = [holding_cost.get(k.name, 0.0) if isinstance(holding_cost, Mapping) else holding_cost for k in types]
        return cls(
            np.array(arrival),
            np.array([1.0 / kind.patience.mean if kind.patience is not None else 0.0 for kind in types]),
            np.array([kind.abandonment_cost for kind in types]),
            service,
            value,
            tuple(int((staff.group_of == g).sum()) for g in range(groups)),
            np.array(holding),
            scenario,
            {_key(kind.conversation("any")): i for i, kind in reversed(list(enumerate(types)))},
            {agent: int(g) for agent, g in zip(staff.roster.ids, staff.group_of, strict=True)},
        )

    @property
    def system(self) -> SkillSystem:
        """The same rates for `theory`; groups without agents are left out by having none to serve."""
        return SkillSystem(
            self.arrival.tolist(),
            self.service.tolist(),
            tuple(max(n, 1) for n in self.agents),
            self.abandonment.tolist(),
        )

    def bound(self) -> FluidBound:
        """Return what no policy exceeds, flows and prices."""
        return fluid_bound(
            self.system,
            self.value.tolist(),
            abandonment_cost=self.loss.tolist(),
            holding_cost=self.holding.tolist(),
        )

    @property
    def worth(self) -> Table:
        """What serving a pair is better than losing it, shape (T, G)."""
        return self.value + self.loss[:, None]

    def kind(self, view: _Shown, conversation_id: str) -> int:
        """Return the number of the type of a conversation."""
        if not isinstance(view, LiveView):
            return self._kinds[_key(view.conversation(conversation_id))]
        seen = self._seen
        if seen.view is not view:
            seen.view, seen.kinds = view, {}
        # A live view has one window on agents for each request class, which lives as long as the view.
        window = id(view.eligible(conversation_id))
        if window not in seen.kinds:
            seen.kinds[window] = self._kinds[_key(view.conversation(conversation_id))]
        return seen.kinds[window]

    def group(self, agent_id: str) -> int:
        """Return the number of the group of an agent."""
        return self._group_of[agent_id]


def _eligible(scenario: Scenario, agents: list[Agent]) -> NDArray[np.bool_]:
    """Return which of these agents may take which type, shape (T, len(agents)), by the rules themselves."""
    may = np.zeros((len(scenario.conversation_types), len(agents)), bool)
    for i, kind in enumerate(scenario.conversation_types):
        plan = route([kind.conversation("any")], agents, now=0.0, queues=scenario.queues)
        names = [plan.trace.problem.roster.ids[place] for place in plan.trace.candidates_of(0)[0].tolist()]
        may[i] = np.isin([agent.id for agent in agents], names)
    return may


#: Index of a waiting conversation for a free agent: (rates, type, group, seconds waited, numbers waiting by type).
Index = Callable[[Rates, int, int, float, Table], float]


@frozen(eq=False)
class IndexRule:
    """Arrivals take the eligible agent with the highest score, free agents the head with the highest index.

    Attributes
    ----------
    name : str
    rates : Rates
    score : ndarray of float64, shape (T, G)
        For arrivals; ties go to who is idle longest. Minus infinity: never.
    index : callable
        For free agents; None: the score too. Ties go to who waits longest.
    reserve : ndarray of float64, shape (T, G) or None
        Idle agents of a group that a type must leave free.
    counts : bool
        Whether the index reads how many wait of each type.
    """

    name: str
    rates: Rates
    score: Table = field(repr=False)
    index: Index | None = field(default=None, repr=False, kw_only=True)
    reserve: Table | None = field(default=None, repr=False, kw_only=True)
    counts: bool = field(default=False, kw_only=True)

    def on_arrival(self, view: _Shown, conversation_id: str) -> str | None:
        """Return the best eligible agent with room."""
        scores = self.score[self.rates.kind(view, conversation_id)]
        able = [agent for agent in view.eligible(conversation_id) if self._open(view, agent, conversation_id)]
        best = max(able, key=lambda agent: scores[self.rates.group(agent)], default=None)
        return best if best is not None and scores[self.rates.group(best)] > -np.inf else None

    def on_free(self, view: _Shown, agent_id: str) -> str | None:
        """Return the head of the queue with the highest index."""
        heads = [head for head in view.waiting_for(agent_id) if self._open(view, agent_id, head)]
        g, best, chosen = self.rates.group(agent_id), -np.inf, None
        lengths = self._lengths(view) if self.counts and len(heads) > 1 else np.zeros(0)
        for head in heads:
            i = self.rates.kind(view, head)
            rank = self.index(self.rates, i, g, view.age(head), lengths) if self.index else float(self.score[i, g])
            if rank > best and self.score[i, g] > -np.inf:
                best, chosen = rank, head
        return chosen

    def _open(self, view: _Shown, agent: str, conversation: str) -> bool:
        if not view.room(agent, conversation):
            return False
        if self.reserve is None:
            return True
        i, g = self.rates.kind(view, conversation), self.rates.group(agent)
        return bool(sum(self.rates.group(other) == g for other in view.idle) > self.reserve[i, g])

    def _lengths(self, view: _Shown) -> Table:
        lengths: Table = np.zeros(len(self.rates.arrival))
        for group in view.classes:
            lengths[self.rates.kind(view, group[0])] += len(group)
        return lengths


def _first_waiting(rates: Rates, i: int, g: int, age: float, lengths: Table) -> float:  # noqa: ARG001 - an Index
    return age


def _listed(rates: Rates, i: int, g: int, age: float, lengths: Table, *, table: Table) -> float:  # noqa: ARG001 - an Index
    return float(table[i, g])


def _aged(rates: Rates, i: int, g: int, age: float, lengths: Table, *, table: Table) -> float:  # noqa: ARG001 - an Index
    return float(table[i, g]) * age


def _growing(rates: Rates, i: int, g: int, age: float, lengths: Table, *, table: Table, slope: float) -> float:  # noqa: ARG001 - an Index
    return float(table[i, g]) + slope * age


def _above_share(rates: Rates, i: int, g: int, age: float, lengths: Table, *, share: Table) -> float:  # noqa: ARG001 - an Index
    return float(lengths[i] - share[i] * lengths.sum()) if lengths.size else 0.0


def _longest(rates: Rates, i: int, g: int, age: float, lengths: Table) -> float:  # noqa: ARG001 - an Index
    return float(lengths[i] * rates.service[i, g]) if lengths.size else 0.0


def _urgency(rates: Rates) -> Table:
    """Return what a second of waiting of each type costs: holding, and losing who gives up."""
    cost: Table = rates.holding + rates.abandonment * rates.worth.max(axis=1)
    return cost


def fastest_first(rates: Rates) -> IndexRule:
    """Arrivals to the fastest idle agent (Armony 2005), free agents take who waits longest."""
    return IndexRule("fastest_first", rates, rates.service, index=_first_waiting)


def myopic_match(rates: Rates) -> IndexRule:
    """Take the best pair there is at each event, whatever an agent's time may be worth elsewhere."""
    return IndexRule("myopic_match", rates, rates.worth)


def c_mu(rates: Rates) -> IndexRule:
    """Free agents take the type with the largest cost of waiting times service rate; arrivals the fastest agent."""
    table = _urgency(rates)[:, None] * rates.service
    return IndexRule("c_mu", rates, rates.service, index=partial(_listed, table=table))


def generalised_c_mu(rates: Rates) -> IndexRule:
    """As c-mu, with quadratic costs: the index grows with the wait of the head."""
    table = _urgency(rates)[:, None] * rates.service
    return IndexRule("generalised_c_mu", rates, rates.service, index=partial(_aged, table=table))


def c_mu_theta(rates: Rates) -> IndexRule:
    """As c-mu, divided by the rate of giving up (for overload); types that never give up come first."""
    table = _urgency(rates)[:, None] * rates.service / np.maximum(rates.abandonment, 1e-12)[:, None]
    return IndexRule("c_mu_theta", rates, rates.service, index=partial(_listed, table=table))


def fixed_queue_ratio(rates: Rates) -> IndexRule:
    """Free agents take the type that is furthest above its share of the queue, shares being those of arrivals."""
    share = rates.arrival / max(rates.arrival.sum(), 1e-300)
    index = partial(_above_share, share=share)
    return IndexRule("fixed_queue_ratio", rates, rates.service * 0, index=index, counts=True)


def max_weight(rates: Rates) -> IndexRule:
    """Free agents take the type with the largest number waiting times service rate."""
    return IndexRule("max_weight", rates, rates.service, index=_longest, counts=True)


def static_price(rates: Rates) -> IndexRule:
    """Take the best pair after paying the fluid program's price of the agent's time; at a loss nobody is served."""
    price = rates.bound().agent_price
    busy = np.divide(price, rates.service, out=np.zeros_like(rates.service), where=rates.service > 0)
    saved = rates.holding / np.where(rates.abandonment > 0, rates.abandonment, np.inf)
    score = rates.worth + saved[:, None] - busy
    return IndexRule("static_price", rates, np.where(score >= -1e-9, score, -np.inf))


def value_priority(rates: Rates) -> IndexRule:
    """Make lists from the fluid program: types go first where it sends most of them, then where they are worth most."""
    flow = rates.bound().flow
    largest = max(float(np.abs(rates.worth).max(initial=0.0)), 1e-12)
    score = flow / np.maximum(rates.arrival, 1e-300)[:, None] + 1e-3 * rates.worth / largest
    return IndexRule("value_priority", rates, score, index=partial(_listed, table=rates.worth))


def dedicated(rates: Rates) -> IndexRule:
    """Keep every type with the group that is worth most per second on it: no pooling at all."""
    earned = np.where(rates.service > 0, rates.service * (1.0 + rates.worth), -np.inf)
    alone = earned >= earned.max(axis=1, keepdims=True) - 1e-12
    return IndexRule("dedicated", rates, np.where(alone, 1.0, -np.inf), index=_first_waiting)


def priority_lists(rates: Rates, *, reserve: int | Table = 0) -> IndexRule:
    """Dedicated agents before versatile ones; a type leaves `reserve` agents of versatile groups free for their own.

    Parameters
    ----------
    rates : Rates
    reserve : int or ndarray of float64, shape (T, G)
        A number holds where a type has a more specialised group to go to.
    """
    able = rates.service > 0
    breadth = np.where(able, able.sum(axis=0), np.inf)
    home = breadth == breadth.min(axis=1, keepdims=True)
    kept = np.where(able & ~home, float(reserve), 0.0) if isinstance(reserve, int) else reserve
    score = np.where(able, -breadth, -np.inf)
    if not kept.any():
        return IndexRule("priority_lists", rates, score, index=_first_waiting)
    return IndexRule("priority_reserve", rates, score, index=_first_waiting, reserve=kept)


def weighted_waiting_idle(rates: Rates, *, waiting: float = 0.1, constant: float = 1.0) -> IndexRule:
    """Weights for the pair and for waiting (Chan, Koole, L'Ecuyer); ties by idle time.

    Parameters
    ----------
    rates : Rates
    waiting : float
        Policy units per mean patience (or handle time) waited.
    constant : float
        Weight of the value of the pair.
    """
    usual = float(1.0 / np.where(rates.service > 0, rates.service, np.nan)[rates.service > 0].mean())
    table = constant * rates.worth
    index = partial(_growing, table=table, slope=waiting / usual)
    return IndexRule("weighted_waiting_idle", rates, table, index=index)


@frozen
class RandomAgent:
    """Arrivals to any idle agent with equal chance, keyed by the conversation; free agents take who waits longest."""

    name: str = "random"
    seed: int = 0

    def on_arrival(self, view: _Shown, conversation_id: str) -> str | None:
        """Return any eligible agent with room."""
        able = [agent for agent in view.eligible(conversation_id) if view.room(agent, conversation_id)]
        return able[int(luck(self.seed, int(view.now * 1e6)) * len(able))] if able else None

    def on_free(self, view: _Shown, agent_id: str) -> str | None:
        """Return who waits longest."""
        return next(iter(view.waiting_for(agent_id)), None)


@frozen(eq=False)
class LeastOccupied:
    """Arrivals to the agent whom arrivals found busy least, with exponential forgetting; else as `RandomAgent`.

    It keeps counts of its own from one arrival to the next and begins anew when time runs backwards.
    """

    name: str = "least_occupied"
    memory: float = 0.99
    _seen: dict[str, float] = field(factory=dict, repr=False, init=False)

    def on_arrival(self, view: _Shown, conversation_id: str) -> str | None:
        """Return the eligible agent with room who was busy least."""
        seen = self._seen
        if view.now < seen.get("", np.inf):
            seen.clear()
        seen[""] = view.now
        able = [agent for agent in view.eligible(conversation_id) if view.room(agent, conversation_id)]
        chosen = min(able, key=lambda agent: seen.get(agent, 0.0), default=None)
        for agent in seen:
            seen[agent] *= self.memory if agent else 1.0
        if chosen is not None:
            seen[chosen] = seen.get(chosen, 0.0) + 1.0
        return chosen

    def on_free(self, view: _Shown, agent_id: str) -> str | None:
        """Return who waits longest."""
        return next(iter(view.waiting_for(agent_id)), None)


@frozen(eq=False)
class BatchWindow:
    """Nothing between the ends of windows of equal length, then the best joint matching of all who wait."""

    name: str = "batch_window"
    window: float = 15.0
    measure: Policy = field(factory=best_match)

    def decide(self, view: View, generator: np.random.Generator) -> Choice:  # noqa: ARG002 - the contract
        """Return the matching of the measure at the end of a window, else nothing."""
        phase = view.now % self.window
        if min(phase, self.window - phase) > 1e-6 and view.now > 0:
            return Choice(wake_at=view.now - phase + self.window)
        trace = view.trace
        given = trace.agent_of
        ids, agents = trace.problem.backlog.ids, trace.problem.roster.ids
        pairs = {ids[row]: agents[given[row]] for row in np.flatnonzero(given >= 0).tolist()}
        return Choice(pairs, wake_at=view.now - phase + self.window if phase <= 1e-6 else view.now + self.window)


@frozen(eq=False)
class TimedOverflow:
    """Longest waiting first, longest idle first; beyond its own groups a conversation goes only after a wait."""

    rates: Rates
    home: NDArray[np.bool_] = field(repr=False)
    wait: float = 30.0
    name: str = "timed_overflow"

    def decide(self, view: View, generator: np.random.Generator) -> Choice:  # noqa: ARG002 - the contract
        """Return who may be served now, and when the next one may overflow."""
        pairs: dict[str, str] = {}
        wakes = [view.now + self.wait - view.age(c) for c in view.waiting if view.age(c) < self.wait]
        taken: set[str] = set()
        for conversation in view.waiting:
            homes = self.home[self.rates.kind(cast("_Shown", view), conversation)]
            late = view.age(conversation) >= self.wait - 1e-9
            for agent in view.eligible(conversation):
                if agent not in taken and view.room(agent, conversation) and (late or homes[self.rates.group(agent)]):
                    pairs[conversation] = agent
                    taken.add(agent)
                    break
        return Choice(pairs, wake_at=min((wake for wake in wakes if wake > view.now), default=None))


def state_priced(rates: Rates) -> Policy:
    """Return `best_value` with the state prices of the rates; it knows of no cost of waiting as such."""
    return priced_for(best_value(), rates.scenario)


def timed_overflow(rates: Rates, *, wait: float = 30.0) -> TimedOverflow:
    """Make the rule that lets types overflow to versatile groups after `wait` seconds."""
    able = rates.service > 0
    breadth = np.where(able, able.sum(axis=0), np.inf)
    return TimedOverflow(rates, able & (breadth == breadth.min(axis=1, keepdims=True)), wait)


def batch_window(rates: Rates, *, window: float = 15.0) -> BatchWindow:  # noqa: ARG001 - as the other makers
    """Make the rule that matches at the ends of windows of so many seconds."""
    return BatchWindow(window=window)


#: What makes each baseline of the rates of a scenario, by name; those that decide() runs for are slow.
BASELINES: dict[str, Callable[[Rates], Policy | CodePolicy]] = {
    "first_come_first_served": lambda _: first_come_first_served(),
    "random": lambda _: RandomAgent(),
    "round_robin": lambda _: round_robin(),
    "least_occupied": lambda _: LeastOccupied(),
    "least_loaded": lambda _: least_loaded(),
    "fastest_first": fastest_first,
    "dedicated": dedicated,
    "priority_lists": priority_lists,
    "priority_reserve": lambda rates: priority_lists(rates, reserve=1),
    "value_priority": value_priority,
    "c_mu": c_mu,
    "generalised_c_mu": generalised_c_mu,
    "c_mu_theta": c_mu_theta,
    "fixed_queue_ratio": fixed_queue_ratio,
    "max_weight": max_weight,
    "weighted_waiting_idle": weighted_waiting_idle,
    "static_price": static_price,
    "best_match": lambda _: best_match(),
    "myopic_match": myopic_match,
    "best_value": state_priced,
    "timed_overflow": timed_overflow,
    "batch_window": batch_window,
}
#: Those that look at everything at every event: exact, and some hundred times slower in a simulation.
SLOW = ("best_value", "timed_overflow", "batch_window")


def baseline_policies(
    scenario: Scenario, *, holding_cost: Mapping[str, float] | float = 0.0, slow: bool = False
) -> dict[str, Policy | CodePolicy]:
    """Return the baselines for a scenario by name.

    Parameters
    ----------
    scenario : Scenario
    holding_cost : mapping from conversation type to float, or float
        Per second of waiting.
    slow : bool
        Whether to include those of `SLOW`.

    Returns
    -------
    dict
    """
    rates = Rates.of(scenario, holding_cost=holding_cost)
    return {name: make(rates) for name, make in BASELINES.items() if slow or name not in SLOW}
