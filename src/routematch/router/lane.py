"""The quick way for the two events that make up a day: one conversation arrives, one agent becomes free.

Nobody else can gain by such an event (`routematch.router.dispatching`), so the best pair is the answer, and the same
that `routing.decide` gives: its values are read once for each line of equals, its ties and charges are followed here.
Whatever is unusual (affinity, exclusions, caps, mixed costs, tiers, an option to wait) is left to `decide` itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from routematch.model import Conversation
from routematch.policies import Policy
from routematch.router.cases import Case
from routematch.router.columns import LiveRoster
from routematch.router.desk import Desk
from routematch.router.seats import Seat
from routematch.routing.admission import admit
from routematch.routing.calls import FaultLog, behaviour_of
from routematch.routing.weighing import weigh
from routematch.state import Problem, Roster, Static
from routematch.terms import Due, Priority, Waiting

__all__ = ["Lane", "Quick"]

#: Makes a problem of conversations, a roster and an instant.
ProblemOf = Callable[[list[Conversation], Roster, float], Problem]
#: Terms of the agent alone that do not look at its load.
_STEADY = frozenset({"served", "versatility"})
#: Stands for pairs that rules refuse; far below every value.
_NEVER = np.int64(-(2**60))
_NEVER_AT_ALL = int(_NEVER) // 2
_UNKNOWN = (None, None)
#: Bytes that rows of values may take together.
_MOST_BYTES = 64 * 2**20
_LARGEST = 2.0**52


class Quick(NamedTuple):
    """What the lane decided: who gets whom, at what value and worth; position -1: nobody can."""

    case: Case
    position: int
    value: float
    worth: float


class Lane:
    """Decides single arrivals and single freed agents for policies whose values do not change with time or load."""

    def __init__(self, desk: Desk, live: LiveRoster, policy: Policy) -> None:
        self._desk, self._live, self._policy = desk, live, policy
        self._kept: list[dict[str, Any]] = []
        self._urgency = tuple((entry.term, entry.weight) for entry in policy.urgency)

    @staticmethod
    def fits(policy: Policy, problem: Problem) -> bool:
        """Whether a policy can be decided this way; local policies only."""
        if (
            policy.option
            or policy.prices is not None
            or policy.strict_priority
            or len(policy.tiers) > 1
            or policy.ties != ("idle",)
        ):
            return False
        if policy.tiers[0] != ("available",):
            return False
        dense = [entry.term for entry in policy.terms if entry.term.axes != ("pair",)]
        if any(term.axes == ("agent",) and term.name not in _STEADY for term in dense):
            return False
        return all(isinstance(behaviour_of(term, problem), Static) for term in dense)

    def arrival(self, case: Case, problem_of: ProblemOf, now: float) -> Quick | None:
        """Return the best agent for one conversation that has just begun to wait; None where `decide` must say."""
        row = self._row(case, problem_of, now)
        if row is None or not len(row) or not self._is_plain(case):
            return None
        live, channel = self._live, case.conversation.channel
        scores = np.where(live.able(channel, now), row, _NEVER) - self._charges()
        best = int(scores.argmax())
        if scores[best] < _NEVER_AT_ALL:
            return Quick(case, -1, 0.0, 0.0) if (row > _NEVER).any() else None
        equals = np.flatnonzero(scores == scores[best])
        if len(equals) > 1:
            best = int(equals[np.minimum(live.idle_since[equals], now).argmin()])
        urgency = self.urgency(case.seen(now), now)
        return self._quick(case, best, int(row[best]), max(urgency, 0.0))

    def somebody_present(self, case: Case, problem_of: ProblemOf, now: float) -> bool:
        """Whether an agent who could take a conversation is present, full or not."""
        row = self._row(case, problem_of, now)
        return row is not None and bool((self._live.present(case.conversation.channel, now) & (row > _NEVER)).any())

    def freed(self, seat: Seat, problem_of: ProblemOf, now: float) -> Quick | None:
        """Return the best conversation for one agent who has just become free; None where `decide` must say."""
        live, desk = self._live, self._desk
        position = live.index[seat.id]
        if desk.lines.naming(seat.id) or seat.agent.capacity.costs:
            return None
        here = {channel: bool(live.present(channel, now)[position]) for channel in desk.channels}
        best: tuple[int, float, str] | None = None
        chosen: Quick | None = None
        least = 0.0
        for line in desk.lines.all():
            ticket = line.first
            head = ticket.case
            row = self._row(head, problem_of, now)
            if row is None:
                return None
            value = row.item(position)
            if value <= _NEVER_AT_ALL or not here[head.conversation.channel]:
                continue
            if ticket.named or not self._is_plain(head):
                return None
            urgency = self.urgency(head.seen(now), now)
            quick = self._quick(head, position, value, urgency)
            if quick is None:
                return None
            least = min(least, urgency)
            rank = (-value - round(urgency / self._policy.resolution), head.arrived_at, head.id)
            if best is None or rank < best:
                best, chosen = rank, quick
        if chosen is None:
            return Quick(_nobody(desk), -1, 0.0, 0.0)
        return chosen._replace(worth=chosen.worth - least)

    def _is_plain(self, case: Case) -> bool:
        """Whether nothing about a conversation needs a look at single pairs or caps."""
        view = case.view
        if view is None or view.affinity or view.excludes:
            return False
        capped = self._live.base.capped_names
        return not capped or not capped.intersection((view.channel, *view.labels))

    def _quick(self, case: Case, position: int, steps: int, urgency: float) -> Quick | None:
        if steps < 0 or not math.isfinite(urgency):
            return None
        value = steps * self._policy.resolution
        return Quick(case, position, value, value + urgency)

    def _charges(self) -> NDArray[np.int64] | int:
        """Return what one more conversation is charged each agent, in steps."""
        live, policy = self._live, self._policy
        if policy.spread == "none":
            return 0
        return live.charge if policy.spread == "load" else np.rint(1.0 / live.base.weight).astype(np.int64)

    def urgency(self, view: Conversation, now: float) -> float:
        """Return how urgent a conversation is, in policy units, as the policy's terms have it."""
        policy, total = self._policy, 0.0
        assert view.arrived_at is not None
        queue = self._desk.queues.get(view.queue) if view.queue is not None else None
        for term, weight in self._urgency:
            if isinstance(term, Waiting):
                amount = policy.aging_rate * (now - view.arrived_at)
            elif isinstance(term, Priority):
                priority = view.priority + (queue.priority if queue is not None else 0.0)
                amount = policy.aging_rate * policy.seconds_per_priority * priority
            else:
                assert isinstance(term, Due)
                late = 0.0 if view.due_at is None else max(now - (view.due_at - term.lead_time), 0.0)
                amount = policy.aging_rate * term.factor * late
            total += weight * amount
        return total

    def _row(self, case: Case, problem_of: ProblemOf, now: float) -> NDArray[np.int64] | None:
        """Return the value of every agent for the line of a case, in steps; None where it cannot be kept."""
        line = case.line.line  # type: ignore[attr-defined]  # it stands in a line
        mark, row = line.known.get("row", _UNKNOWN)
        if mark != (self, self._desk.structure):
            row = self._made_row(case, problem_of, now)
            line.known["row"] = ((self, self._desk.structure), row)
            self._kept.append(line.known)
            if len(self._kept) * 8 * max(len(self._live.ids), 1) > _MOST_BYTES:
                for other in self._kept[: len(self._kept) // 2]:
                    other.pop("row", None)
                del self._kept[: len(self._kept) // 2]
        return row  # type: ignore[no-any-return]  # a row, or None

    def _made_row(self, case: Case, problem_of: ProblemOf, now: float) -> NDArray[np.int64] | None:
        """Ask the policy about everybody, as if all were present and without load."""
        roster, policy, log = self._live.at(now), self._policy, FaultLog()
        nobody = np.zeros(len(roster), np.int64)
        everybody = evolve(roster, used=nobody, presences=("available",), presence_of=nobody.astype(np.intp), shifts=())
        equal = evolve(case.seen(now), affinity={}, excludes=())  # the row serves its whole line
        problem = problem_of([equal], everybody, now)
        candidates = admit(problem, policy.rules, np.arange(len(roster), dtype=np.intp), log)
        weighed = weigh(problem, policy, candidates, log)
        steps = weighed.value / policy.resolution
        if log.faults or (np.abs(steps[steps > -np.inf]) >= _LARGEST).any():
            return None
        row = np.full(len(roster), _NEVER)
        row[weighed.columns] = np.where(steps > -np.inf, np.rint(np.where(steps > -np.inf, steps, 0)), _NEVER)
        return row


def _nobody(desk: Desk) -> Case:
    return next(iter(desk.lines))
