"""What the line before a conversation looks like, for `routematch.router.estimated_wait`."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable
from typing import NamedTuple

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.model import AllOf, Conversation
from routematch.model.requirements import ANYONE
from routematch.router.cases import Case
from routematch.router.columns import LiveRoster
from routematch.router.desk import Desk
from routematch.router.estimated_wait import WaitEstimate
from routematch.router.lines import Line
from routematch.state import Roster

__all__ = ["WaitBoard"]

#: Requests times agents, and pairs of requests, of which something is remembered at most.
_MOST_CELLS, _MOST_SHARES = 10_000_000, 200_000
#: Tickets up to which a line with gaps is counted one by one.
_COUNTED = 20
#: Busy agents whose present conversations are looked at, and shift changes ahead.
_MOST_ELAPSED, _MOST_STEPS = 100, 12


class _Request(NamedTuple):
    """What decides who may take a conversation, as far as waits go."""

    requires: object
    channel: str
    queue: str | None


@frozen(eq=False)
class _Crew:
    """Agents who may take some request, whoever they are with now.

    Attributes
    ----------
    may : ndarray of bool, shape (A,)
    slots : ndarray of int64, shape (A,)
        Conversations each can hold.
    cost : ndarray of int64, shape (A,)
        Thousandths of a unit one takes; at least 1.
    """

    may: NDArray[np.bool_]
    slots: NDArray[np.int64]
    cost: NDArray[np.int64]


class WaitBoard:
    """Answers how long a conversation waits, from what a desk holds."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._crews: dict[Hashable, _Crew] = {}
        self._shares: dict[_Request, dict[_Request, float]] = {}
        self._structure = -1
        self._shares_known = 0

    def estimate(self, case: Case, live: LiveRoster, at: float) -> WaitEstimate:
        """Return how long a waiting or offered conversation still has to wait.

        Parameters
        ----------
        case : Case
        live : LiveRoster
            As it stands at the instant.
        at : float
        """
        too_many = len(self._crews) * max(len(live.ids), 1) > _MOST_CELLS or self._shares_known > _MOST_SHARES
        if self._structure != self._desk.structure or too_many:
            self._crews.clear()
            self._shares.clear()
            self._structure, self._shares_known = self._desk.structure, 0
        view, roster = case.seen(at), live.base
        request = _request(view, at)
        crew = self._crew(request, roster)
        working = crew.may & live.present(view.channel, at)
        ahead, position = self._ahead(case, request, roster, at)
        open_ = case.status == "waiting" and not view.excludes
        return self._desk.waits.estimate(
            self._desk.wait_key(case),
            ahead=ahead,
            servers=int(crew.slots[working].sum()),
            free=int((live.free[working] // crew.cost[working]).clip(0).sum()) if open_ else 0,
            now=at,
            staffing=self._staffing(crew, roster, at),
            elapsed=self._elapsed(working, roster, at),
            position=position,
        )

    def _ahead(self, case: Case, request: _Request, roster: Roster, at: float) -> tuple[float, int]:
        """Return how many go before, by the share of them the same agents will take, and the place in line."""
        ahead, place, shares = 0.0, 1, self._shares_of(request)
        own = self._rank(case.seen(at))
        for line in self._desk.lines.all():
            known = line.known.get("waits")
            if known is None:
                head = line.first.case.seen(at)
                known = line.known["waits"] = (_request(head, at), self._rank(head) - _arrival(head))
            theirs, shift = known
            share = shares.get(theirs)
            if share is None:
                share = shares[theirs] = self._share(theirs, request, roster)
                self._shares_known += 1
            if share:
                older = _older(line, own - shift, case)
                ahead += share * older
                place += older
        return ahead, place

    def _rank(self, view: Conversation) -> float:
        """Return the arrival a conversation is as urgent as."""
        queue = self._desk.queues.get(view.queue) if view.queue is not None else None
        priority = view.priority + (queue.priority if queue is not None else 0.0)
        return _arrival(view) - priority * self._desk.seconds_per_priority

    def _share(self, theirs: _Request, ours: _Request, roster: Roster) -> float:
        """Return which share of the capacity for one request is also capacity for another."""
        if theirs == ours:
            return 1.0
        them, us = self._crew(theirs, roster), self._crew(ours, roster)
        whole = int(them.slots[them.may].sum())
        return float(them.slots[them.may & us.may].sum()) / whole if whole else 0.0

    def _shares_of(self, request: _Request) -> dict[_Request, float]:
        """Return what is known of the shares of one request."""
        return self._shares.setdefault(request, {})

    def _crew(self, request: _Request, roster: Roster) -> _Crew:
        known = self._crews.get(request)
        if known is None:
            known = self._crews[request] = self._found(request, roster)
        return known

    def _found(self, request: _Request, roster: Roster) -> _Crew:
        queue = self._desk.queues.get(request.queue) if request.queue is not None else None
        requires = request.requires
        if queue is not None and queue.requires != ANYONE:
            requires = AllOf((requires, queue.requires))  # type: ignore[arg-type]  # a condition
        met = roster.declared(requires).met.copy()  # type: ignore[arg-type]  # as above
        for number, profile in enumerate(roster.profiles):
            met[number] &= profile.channels is None or request.channel in profile.channels
            if request.queue is not None and not (queue is not None and queue.names_members):
                met[number] &= profile.queues is None or request.queue in profile.queues
        may = met[roster.profile_of]
        if queue is not None and queue.names_members:
            members = {*queue.primary, *queue.secondary}
            may &= np.array([identifier in members for identifier in roster.ids], bool)
        cost = np.maximum(roster.cost(request.channel), 1)
        return _Crew(may, roster.units // cost, cost)

    def _staffing(self, crew: _Crew, roster: Roster, at: float) -> tuple[tuple[float, float], ...]:
        """Return when shifts change how many are at work, and how many then are."""
        if not roster.shifts:
            return ()
        staffed = crew.may & np.array([not self._desk.seats[i].is_offline() for i in roster.ids], bool)
        edges = {
            edge
            for position, shifts in roster.shifts
            if crew.may[position]
            for shift in shifts
            for edge in (shift.starts_at, shift.ends_at)
            if edge > at
        }
        due = sorted(edges)[:_MOST_STEPS]
        return tuple((edge, float(crew.slots[staffed & roster.on_shift(edge)].sum())) for edge in due)

    def _elapsed(self, working: NDArray[np.bool_], roster: Roster, at: float) -> tuple[float, ...]:
        """Return how long busy agents have been at what they do; empty where they are too many to ask."""
        positions = np.flatnonzero(working)
        if len(positions) > _MOST_ELAPSED:
            return ()
        seats, cases = self._desk.seats, self._desk.cases
        running = (identifier for p in positions.tolist() for identifier in seats[roster.ids[p]].running)
        return tuple(max(at - cases[identifier].since, 0.0) for identifier in running)


def _request(view: Conversation, at: float) -> _Request:
    staged = view.requires.at(max(at - _arrival(view), 0.0)) if view.requires.steps else view.requires
    return _Request(ANYONE if staged is None else staged, view.channel, view.queue)


def _arrival(view: Conversation) -> float:
    assert view.arrived_at is not None
    return view.arrived_at


def _older(line: Line, arrived_at: float, case: Case) -> int:
    """Return how many of a line arrived before an instant; long lines are counted by their share of good tickets."""
    if (line.entries[-1][0], line.entries[-1][1]) < (arrived_at, case.id):
        return line.alive
    if line.alive <= _COUNTED < len(line.entries) - line.head:
        return sum(1 for other in line if other is not case and (other.arrived_at, other.id) < (arrived_at, case.id))
    end = bisect_left(line.entries, (arrived_at, case.id), lo=line.head)
    return round((end - line.head) * line.alive / max(len(line.entries) - line.head, 1))
