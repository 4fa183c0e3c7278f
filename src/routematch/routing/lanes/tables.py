"""What a lane knows by heart: who may take which request, and in whole steps how well, as `decide()` computes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from attrs import evolve, field, frozen
from numpy.typing import NDArray

from routematch.model import Conversation, Estimates, Queue
from routematch.policies import Policy
from routematch.routing.admission import admit
from routematch.routing.calls import FaultLog
from routematch.routing.weighing import weigh
from routematch.state import Backlog, Problem, Roster
from routematch.state.trace import ALLOWED
from routematch.terms import Due, FewestOpen, Load, Priority, Spare, Waiting

__all__ = ["FEW", "NEVER", "Request", "Tables", "Unfit"]

#: Score of an agent who may not take a request: below any real one.
NEVER = -(2**62)
#: Up to so many ranks of agents are looked through one by one.
FEW = 4
_LOADED = (Load, Spare, FewestOpen)


class Unfit(Exception):  # noqa: N818 - no error: the answer that there is no lane
    """A request for which deciding event by event would not be exact."""


@frozen(eq=False)
class Request:
    """One kind of conversation at one stage of relaxation.

    Attributes
    ----------
    template : Conversation
    waited : float
        A waiting time at this stage.
    agents : tuple of int
        Who may take it, when there is room.
    priority : float
        The queue's included.
    urgency : float
        Constant part of the urgency, in policy units.
    due_time : float or None
        Seconds after arrival at which conversations like the template are due.
    values : list of list of int
        By running conversations and agent: value in steps, `NEVER` where not eligible.
    """

    template: Conversation
    waited: float
    agents: tuple[int, ...]
    priority: float
    urgency: float
    due_time: float | None
    values: list[list[int]] = field(repr=False)


class Tables:
    """Requests of one policy and one roster, computed by the code of `decide()` and kept."""

    def __init__(
        self, policy: Policy, roster: Roster, queues: Mapping[str, Queue], estimates: Estimates | None = None
    ) -> None:
        self.policy, self.roster = policy, roster
        self._queues, self._estimates = queues, estimates or Estimates()
        self.requests: list[Request] = []
        self._known: dict[Conversation, tuple[tuple[int, ...], tuple[float, ...]]] = {}
        self.cost: list[int] = [0] * len(roster)
        self.slots: list[int] = [0] * len(roster)
        self.depends_on_load = any(isinstance(entry.term, _LOADED) for entry in policy.terms)
        weights = {type(entry.term): entry.weight for entry in policy.urgency}
        self.waiting_weight = weights.get(Waiting, 0.0)
        self.due_weight = weights.get(Due, 0.0)
        self.due_term = next((entry.term for entry in policy.urgency if isinstance(entry.term, Due)), None)
        self._priority_weight = weights.get(Priority, 0.0)

    def add(self, template: Conversation) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Add the stages of a kind of conversation, once; return their numbers and the times between them.

        Raises
        ------
        Unfit
        """
        if template in self._known:
            return self._known[template]
        steps = self._backlog([(template, 0.0)]).steps_of(0)
        waits = (0.0, *steps) if 0.0 not in steps else steps
        first = len(self.requests)
        self._add([(template, waited) for waited in waits])
        numbers = tuple(range(first, len(self.requests)))
        self._known[template] = numbers, tuple(step for step in steps if step > 0)
        return self._known[template]

    def _backlog(self, given: Iterable[tuple[Conversation, float]]) -> Backlog:
        placed = [
            evolve(template, id=f"{number:07d}", arrived_at=-waited, due_at=None)
            for number, (template, waited) in enumerate(given)
        ]
        return Backlog.of(placed, now=0.0, queues=self._queues, looks_at=self.policy.looks_at)

    def _add(self, given: list[tuple[Conversation, float]]) -> None:
        backlog = self._backlog(given)
        self._set_slots(backlog)
        states = max(self.slots, default=0) if self.depends_on_load else 1
        if len(self.roster) * max(states, 1) > 10**7:
            raise Unfit
        by_state = [self._values(backlog, running) for running in range(max(states, 1))]
        scale = self.policy.aging_rate * self.policy.seconds_per_priority
        for number, (template, waited) in enumerate(given):
            row = backlog.index[f"{number:07d}"]
            priority = float(backlog.priority[row])
            if priority < 0 or backlog.value[row] < 0:
                raise Unfit
            values = [rows[row] for rows in by_state]
            agents = tuple(agent for agent, value in enumerate(values[0]) if value > NEVER)
            urgency = self._priority_weight * (scale * priority)
            self.requests.append(Request(template, waited, agents, priority, urgency, _due_time(template), values))

    def _set_slots(self, backlog: Backlog) -> None:
        """Note what a conversation costs each agent; the same for all it may take, or there is no lane."""
        roster = self.roster
        for request, row in zip(backlog.classes, self._values_by_class(backlog), strict=True):
            if roster.capped_names.intersection((request.channel, *request.labels)):
                raise Unfit
            cost = roster.cost(request.channel)
            for agent in np.flatnonzero(row).tolist():
                own = int(cost[agent])
                if own <= 0 or self.cost[agent] not in {0, own}:
                    raise Unfit
                self.cost[agent] = own
                self.slots[agent] = int(roster.units[agent]) // own

    def _values_by_class(self, backlog: Backlog) -> NDArray[np.bool_]:
        """Return which agents no rule refuses, shape (K, A)."""
        problem, log = self._problem(backlog, self.roster), FaultLog()
        candidates = admit(problem, self.policy.rules, np.arange(len(self.roster)), log)
        allowed: NDArray[np.bool_] = candidates.refusals == ALLOWED
        return allowed

    def _problem(self, backlog: Backlog, roster: Roster) -> Problem:
        return Problem(0.0, backlog, roster, self.policy.settings, self._estimates, {}, self._queues)

    def _values(self, backlog: Backlog, running: int) -> list[list[int]]:
        """Return the values in steps by row and agent, all agents having so many conversations running."""
        # One whose room is used up is asked about with its load at one less: what it would be worth is never looked at.
        count = np.minimum(running, np.maximum(np.array(self.slots) - 1, 0))
        used = (count * np.array(self.cost)).astype(np.int64)
        roster = evolve(self.roster, used=used, count=count.astype(np.float64))
        problem, log = self._problem(backlog, roster), FaultLog()
        candidates = admit(problem, self.policy.rules, np.arange(len(roster)), log)
        weighed = weigh(problem, self.policy, candidates, log)
        usable = weighed.value > -np.inf
        if log.faults or (weighed.value[usable] < 0).any():
            raise Unfit  # a pair below hold today may be worth its while tomorrow
        rounded = np.rint(np.where(usable, weighed.value, 0.0) / self.policy.resolution)
        steps = np.where(usable, rounded, NEVER).astype(np.int64).tolist()
        table = []
        for row in range(len(backlog)):
            scores = [NEVER] * len(roster)
            span = slice(weighed.starts[row], weighed.starts[row + 1])
            for column, step in zip(weighed.columns[span].tolist(), steps[span], strict=True):
                scores[column] = step
            table.append(scores)
        return table

    @property
    def is_order_alone(self) -> bool:
        """Whether idle time and age decide within a few ranks: of agents for a request, of priorities for an agent.

        Then each request ranks agents by a few scores that never change, and to each agent all requests of the same
        priority are worth the same; unless priority is strict, it is the same for all.
        """
        policy, requests, slots = self.policy, self.requests, max(self.slots, default=0)
        if policy.ties != ("idle",):
            return False
        if self.due_weight and any(request.due_time is not None for request in requests):
            return False
        if not policy.strict_priority and len({request.urgency for request in requests}) > 1:
            return False
        if (self.depends_on_load or policy.spread == "load") and slots > 1:
            return False
        return self._few_ranks() and self._same_to_each_agent()

    def _few_ranks(self) -> bool:
        return all(len(self.ranks(request)) <= FEW for request in self.requests)

    def _same_to_each_agent(self) -> bool:
        strict = self.policy.strict_priority
        seen: dict[tuple[int, float], int] = {}
        for request in self.requests:
            priority = request.priority if strict else 0.0
            for agent in request.agents:
                if seen.setdefault((agent, priority), request.values[0][agent]) != request.values[0][agent]:
                    return False
        return True

    def ranks(self, request: Request) -> list[frozenset[int]]:
        """Return the agents of a request by what they score without load, the best first."""
        found: dict[int, set[int]] = {}
        for agent in request.agents:
            found.setdefault(request.values[0][agent] - self.charge(agent, 0), set()).add(agent)
        return [frozenset(found[score]) for score in sorted(found, reverse=True)]

    def due_urgency(self, due_at: float, now: float) -> float:
        """Return how urgent the due time makes a conversation, in policy units."""
        term = self.due_term
        if term is None:
            return 0.0
        late = max(now - (due_at - term.lead_time), 0.0)
        return self.due_weight * (self.policy.aging_rate * term.factor * late)

    def charge(self, agent: int, running: int) -> int:
        """Return what one more conversation is charged for spreading, in steps."""
        if self.policy.spread == "none":
            return 0
        further = (running if self.policy.spread == "load" else 0) + 1
        return round(further / float(self.roster.weight[agent]))


def _due_time(template: Conversation) -> float | None:
    if template.due_at is None:
        return None
    return template.due_at - (template.arrived_at or 0.0)
