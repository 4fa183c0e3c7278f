"""Everything a router knows at an instant, and the small steps by which records change it.

A desk is changed by `routematch.router.reducer.apply` alone: the same records always make the same desk.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from attrs import evolve

from routematch.errors import Faults
from routematch.model import Conversation, Offer, Queue, Requirement
from routematch.model.checks import in_place
from routematch.model.instants import first_instant_after
from routematch.model.requirements import walk
from routematch.policies import Policy
from routematch.router.cases import Case
from routematch.router.estimated_wait import WaitEstimator
from routematch.router.lines import Lines
from routematch.router.seats import Seat
from routematch.router.settings import OfferRules, RouterSettings
from routematch.router.timers import Key, Timers

__all__ = ["Desk", "check_overflow", "looks_at", "with_arrival"]


class Desk:
    """The state of a router.

    Attributes
    ----------
    settings : RouterSettings
    offer_rules : OfferRules or None
    queues : mapping from id to Queue
    now : float or None
        The latest instant seen; time never runs backwards.
    looked_at : float or None
        The latest decision on record; what time alone changed since then may not have been looked at.
    cases, seats, offers : dict by id
        Ended conversations stay in `cases` until there are more than the settings keep; `offers` are the open ones.
    ended, seen : dict
        Ids of ended conversations and of events, oldest first.
    customers : dict from customer to dict from agent id to float
        Who served whom last, and when.
    dirty_cases, dirty_seats : dict
        What changed since the last decision.
    touched : dict
        Agents whose columns must be written again; `structure` counts changes of what is static.
    revoked : list of Offer
        Since the last decision.
    lines : Lines
    """

    def __init__(self, settings: RouterSettings, offer_rules: OfferRules | None, queues: Mapping[str, Queue]) -> None:
        self.settings = settings
        self.offer_rules = offer_rules
        self.queues = dict(queues)
        self.now: float | None = None
        self.looked_at: float | None = None
        self.cases: dict[str, Case] = {}
        self.seats: dict[str, Seat] = {}
        self.offers: dict[str, Offer] = {}
        self.ended: dict[str, None] = {}
        self.seen: dict[str, None] = {}
        self.customers: dict[str, dict[str, float]] = {}
        self.lengths: dict[str, int] = {}
        self.decisions = 0
        self.offers_made = 0
        self.rotation: str | None = None
        self.turns: tuple[str | None, tuple[tuple[str, str], ...]] = (None, ())
        self.given: dict[str, Any] = {}
        self.fingerprint = ""
        self.revoked: list[Offer] = []
        self.touched: dict[str, None] = {}
        self.structure = 0
        self.channels: dict[str, None] = {}
        self.dirty_cases: dict[str, None] = {}
        self.dirty_seats: dict[str, None] = {}
        self.dirty_since: float | None = None
        self.looks_at: frozenset[str] = frozenset()
        self.lines = Lines()
        self.seconds_per_priority = 60.0
        self.waits = WaitEstimator(handle_time=settings.expected_handle_time)
        self.timers = Timers(self._timer_holds)
        self.wakeups = Timers(self._wakeup_holds)

    def stand_up(self) -> None:
        """Make anew what follows from the rest: lines, lengths, timers, wake-ups."""
        now = -math.inf if self.now is None else self.now
        looked_at = -math.inf if self.looked_at is None else self.looked_at
        for case in self.cases.values():
            if case.status in {"waiting", "offered"}:
                self._count_length(case, 1)
                self.timers.add(case.overflow_at, "overflow", case.id)
            if case.status == "waiting":
                review_at = case.review_at
                self._enter(case, now)
                for instant in (review_at, self._next_change(case, looked_at)):
                    self.wakeups.add(instant, "case", case.id)
            self.timers.add(case.earliest_at, "start", case.id)
            self.timers.add(case.resume_at, "resume", case.id)
            self.timers.add(case.grace_until, "grace", case.id)
        for offer in self.offers.values():
            self.timers.add(offer.expires_at, "offer", offer.id)
        for seat in self.seats.values():
            self.watch_seat(seat, looked_at)
            self.watch_seat(seat, now)
            for ends_at in (seat.wrap_up_until, *(end for end, _, _ in seat.wrap_ups)):
                self.timers.add(ends_at, "wrap_up", seat.id)

    # --- marks ---------------------------------------------------------------------------------------------------

    def mark_case(self, case: Case, at: float) -> None:
        """Note that a waiting conversation must be looked at again."""
        if case.status == "waiting":
            self.dirty_cases[case.id] = None
            self.dirty_since = at if self.dirty_since is None else self.dirty_since

    def mark_seat(self, seat: Seat, at: float) -> None:
        """Note that an agent may have become able to take more; where nobody waits, nobody needs to know."""
        self.touched[seat.id] = None
        if len(self.lines):
            self.dirty_seats[seat.id] = None
            self.dirty_since = at if self.dirty_since is None else self.dirty_since

    def clear_marks(self) -> None:
        """Note that all that changed was looked at."""
        self.dirty_cases.clear()
        self.dirty_seats.clear()
        self.revoked.clear()
        self.dirty_since = None

    def wake(self, now: float) -> None:
        """Mark whatever time alone has changed by now."""
        for _, (kind, identifier) in self.wakeups.due(now):
            if kind == "seat":
                seat = self.seats[identifier]
                self.mark_seat(seat, now)
                self.watch_seat(seat, now)
            else:
                self.stand_anew(self.cases[identifier], now)

    # --- waiting -------------------------------------------------------------------------------------------------

    def stand(self, case: Case, at: float) -> None:
        """Let a conversation wait, in the line of its equals, and look at it."""
        case.status, case.since, case.agent = "waiting", at, None
        self._enter(case, at)
        self.timers.add(case.overflow_at, "overflow", case.id)
        self.mark_case(case, at)

    def join(self, case: Case, at: float) -> None:
        """Let a conversation wait in its queue."""
        self._count_length(case, 1)
        case.joined_at, case.forecast = at, ()
        queue = self.queues.get(case.queue) if case.queue is not None else None
        if queue is not None and queue.wait_limit is not None:
            case.overflow_at = first_instant_after(at, queue.wait_limit)
        self.stand(case, at)

    def stand_anew(self, case: Case, at: float) -> None:
        """Put a waiting conversation in the line that fits it by now, and look at it."""
        if case.status == "waiting":
            self.lines.remove(case)
            self._enter(case, at)
            self.mark_case(case, at)

    def step_out(self, case: Case) -> None:
        """Take a conversation out of its line, for as long as it is offered; its queue goes on counting it."""
        if case.line is not None:
            self.lines.remove(case)
        self.dirty_cases.pop(case.id, None)
        case.reason = case.blocked_by = case.review_at = None

    def leave(self, case: Case) -> None:
        """Take a conversation out of its line and its queue."""
        self.step_out(case)
        self._count_length(case, -1)
        case.overflow_at = None

    def _count_length(self, case: Case, change: int) -> None:
        if case.queue is not None:
            left = self.lengths.get(case.queue, 0) + change
            if left:
                self.lengths[case.queue] = left
            else:
                self.lengths.pop(case.queue, None)

    def _enter(self, case: Case, at: float) -> None:
        case.view = None
        view = case.seen(at)
        self.lines.add(case, self._key(view, at), (*view.affinity, *view.excludes))
        self._know_channel(view.channel)
        self.wakeups.add(self._next_change(case, at), "case", case.id)

    def _next_change(self, case: Case, at: float) -> float:
        """Return when time alone next changes who may take a waiting conversation."""
        until = [until for until, _ in (case.declined or {}).values() if until > at]
        return min([self.next_step(case.seen(at), at), *until])

    def _know_channel(self, channel: str) -> None:
        """Note a channel that is new: who is near the end of a shift may be closed to it."""
        if channel not in self.channels:
            self.channels[channel] = None
            if self.settings.shift_margin:
                self.touched.update(dict.fromkeys(self.seats))

    def next_step(self, view: Conversation, at: float) -> float:
        """Return when what a conversation asks for changes next."""
        arrived_at = view.arrived_at
        assert arrived_at is not None
        steps = {*view.requires.steps}
        queue = self.queues.get(view.queue) if view.queue is not None else None
        if queue is not None:
            steps.update(queue.requires.steps)
            if queue.secondary:
                steps.add(queue.secondary_after)
        ahead = (first_instant_after(arrived_at, step) for step in steps)
        return min((instant for instant in ahead if instant > at), default=math.inf)

    def _key(self, view: Conversation, at: float) -> tuple[Any, ...]:
        arrived_at = view.arrived_at
        assert arrived_at is not None
        queue = self.queues.get(view.queue) if view.queue is not None else None
        steps = tuple(view.requires.steps) + (tuple(queue.requires.steps) if queue is not None else ())
        stage = sum(first_instant_after(arrived_at, step) <= at for step in steps)
        helpers = queue is not None and bool(queue.secondary)
        opened = helpers and first_instant_after(arrived_at, queue.secondary_after) <= at  # type: ignore[union-attr]
        return (
            view.requires,
            stage,
            opened,
            view.channel,
            view.queue,
            view.labels,
            view.prefers,
            view.priority,
            view.value,
            None if view.due_at is None else view.due_at - arrived_at,
            view.attributes if "attributes" in self.looks_at else None,
            view.customer if "customer" in self.looks_at else None,
        )

    # --- agents --------------------------------------------------------------------------------------------------

    def watch_seat(self, seat: Seat, now: float) -> None:
        """Note that an agent changed, and when time alone changes what it may take."""
        self.touched[seat.id] = None
        for instant in (seat.next_boundary(now, self.settings), seat.kept_until(now, self.settings)):
            self.wakeups.add(instant, "seat", seat.id)

    def units_on(self, case: Case, seat: Seat) -> int:
        """Return the thousandths a conversation keeps of an agent."""
        return case.units if case.units is not None else seat.cost(case.conversation.channel)

    def put(self, case: Case, seat: Seat, at: float, *, was_offered: bool = False) -> None:
        """Give a conversation to an agent, and let what may rest make room for it."""
        if case.joined_at is not None:
            self.waits.started(self.wait_key(case), max(at - case.joined_at, 0.0), forecast=case.forecast)
        case.joined_at, case.forecast = None, ()
        case.status, case.since, case.agent = "active", at, seat.id
        case.answered_at = at if case.answered_at is None else case.answered_at
        case.returns = case.interrupted = False
        seat.running[case.id] = self.units_on(case, seat)
        self._make_room(case, seat)
        if not was_offered:  # then it counted when it was offered
            seat.note_given(at, self.settings)
        self.watch_seat(seat, at)

    def _make_room(self, case: Case, seat: Seat) -> None:
        restful = self.settings.interruptible
        if not restful or case.conversation.channel in restful:
            return
        for identifier in reversed(list(seat.running)):
            if seat.used <= seat.units:
                return
            other = self.cases[identifier]
            if other.conversation.channel in restful and not other.interrupted:
                other.interrupted, seat.running[identifier] = True, 0

    def take_back(self, case: Case, at: float, ending: str, *, wraps_up: bool) -> Seat:
        """Take a conversation from its agent, who may have to wrap up; what rested goes on where it fits."""
        assert case.agent is not None
        seat = self.seats[case.agent]
        kept = seat.running.pop(case.id)
        started = case.attempts[-1].started_at if case.attempts else at
        case.handle_time += max(at - started, 0.0)
        seat.worked += max(at - started, 0.0) * self.units_on(case, seat) / 1000
        case.end(at, ending)
        if ending in _LEARNED:
            wrap_up = self.settings.wrap_up(case.conversation.channel, seat.id)
            self.waits.finished(self.wait_key(case), max(at - started, 0.0) + wrap_up)
        case.agent, case.grace_until, case.interrupted = None, None, False
        time = self.settings.wrap_up(case.conversation.channel, seat.id) if wraps_up else 0.0
        if time > 0:
            case.wrap_up_time += time
            self._wrap_up(seat, case, at + time, kept)
        else:
            seat.idle_since = at
        self.resume_rested(seat)
        self.mark_seat(seat, at)
        self.watch_seat(seat, at)
        return seat

    def _wrap_up(self, seat: Seat, case: Case, ends_at: float, kept: int) -> None:
        if self.settings.wrap_up_scope == "agent":
            seat.wrap_up_until = max(ends_at, seat.wrap_up_until or -math.inf)
        else:
            seat.wrap_ups.append((ends_at, kept, case.conversation.channel))
        self.timers.add(ends_at, "wrap_up", seat.id)

    def resume_rested(self, seat: Seat) -> None:
        """Let what rests go on where it fits."""
        for identifier in seat.running:
            case = self.cases[identifier]
            if case.interrupted:
                units = self.units_on(case, seat)
                if seat.used + units <= seat.units:
                    case.interrupted, seat.running[identifier] = False, units

    # --- offers --------------------------------------------------------------------------------------------------

    def offer(self, case: Case, seat: Seat, offer: Offer) -> None:
        """Put a conversation before an agent."""
        case.status, case.since, case.offer = "offered", offer.made_at, offer.id
        seat.offers[offer.id] = self.units_on(case, seat)
        self._make_room(case, seat)
        self.offers[offer.id] = offer
        seat.note_given(offer.made_at, self.settings)
        self.timers.add(offer.expires_at, "offer", offer.id)
        self.watch_seat(seat, offer.made_at)

    def end_offer(self, offer: Offer, at: float, ending: str) -> tuple[Case, Seat]:
        """End an open offer; its conversation stands nowhere until the caller says where."""
        del self.offers[offer.id]
        case, seat = self.cases[offer.conversation], self.seats[offer.agent]
        del seat.offers[offer.id]
        case.offer = None
        if ending != "accepted":
            case.end(at, ending)
            self.resume_rested(seat)
            self.mark_seat(seat, at)
        if ending == "revoked":
            self.revoked.append(offer)
        return case, seat

    def return_turn(self, case: Case, seat: Seat, at: float) -> None:
        """Undo what a placement did to an agent's turn."""
        if case.turn is not None:
            seat.assigned_at, given_at = case.turn
            if given_at in seat.recent:
                seat.recent.remove(given_at)
        before, turns = self.turns
        turns = tuple(turn for turn in turns if turn[0] != case.id)
        if turns != self.turns[1]:
            self.turns = (before, turns)
            self.rotation = turns[-1][1] if turns else before
        self.watch_seat(seat, at)

    def wait_key(self, case: Case) -> str:
        """Return the name under which waits of conversations like this one are remembered."""
        skills = sorted({p.skill for p in walk(case.conversation.requires) if isinstance(p, Requirement)})
        return "|".join((case.conversation.channel, case.queue or "", "+".join(skills)))[:200]

    # --- the past ------------------------------------------------------------------------------------------------

    def end_case(self, case: Case, at: float, status: str) -> None:
        """Note that a conversation is over; the oldest ended ones are forgotten."""
        if case.joined_at is not None and status == "abandoned":
            self.waits.abandoned(self.wait_key(case), max(at - case.joined_at, 0.0))
        case.joined_at, case.forecast = None, ()
        case.status, case.since, case.ended_at = status, at, at
        case.resume_at = case.earliest_at = case.review_at = None
        self.ended[case.id] = None
        while len(self.ended) > max(self.settings.keep_ended, 1):
            oldest = next(iter(self.ended))
            del self.ended[oldest]
            del self.cases[oldest]

    def remember_customer(self, case: Case, agent: str, at: float) -> None:
        """Note who served a customer, the latest customer last."""
        customer = case.conversation.customer
        if customer is None or not self.settings.keep_customers:
            return
        known = self.customers.pop(customer, {})
        known.pop(agent, None)
        known[agent] = at
        while len(known) > _AGENTS_PER_CUSTOMER:
            del known[next(iter(known))]
        self.customers[customer] = known
        while len(self.customers) > self.settings.keep_customers:
            del self.customers[next(iter(self.customers))]

    def remember_event(self, event_id: str | None) -> None:
        """Note that an event was heard."""
        if event_id is not None:
            self.seen[event_id] = None
            while len(self.seen) > self.settings.keep_event_ids:
                del self.seen[next(iter(self.seen))]

    def affinity_of(self, case: Case, at: float) -> dict[str, float]:
        """Return what it is worth that an agent knows a customer, by agent, as it stands now."""
        known = self.customers.get(case.conversation.customer or "", {})
        half = self.settings.continuity_half_time
        worth = {a: self.settings.continuity * 0.5 ** (max(at - seen, 0.0) / half) for a, seen in known.items()}
        return {agent: degree for agent, degree in worth.items() if degree > _LEAST_DEGREE}

    # --- what still holds ----------------------------------------------------------------------------------------

    def _timer_holds(self, at: float, key: Key) -> bool:
        kind, identifier = key
        if kind == "offer":
            return identifier in self.offers
        if kind == "wrap_up":
            seat = self.seats.get(identifier)
            return seat is not None and (seat.wrap_up_until == at or any(end == at for end, _, _ in seat.wrap_ups))
        case = self.cases.get(identifier)
        if case is None:
            return False
        wanted = {
            "start": case.earliest_at if case.status == "scheduled" else None,
            "resume": case.resume_at if case.status == "paused" else None,
            "grace": case.grace_until if case.status == "active" else None,
            "overflow": case.overflow_at if case.status == "waiting" else None,
        }
        return wanted[kind] == at

    def _wakeup_holds(self, _at: float, key: Key) -> bool:
        kind, identifier = key
        if kind == "seat":
            return identifier in self.seats
        case = self.cases.get(identifier)
        return case is not None and case.status == "waiting"


def check_overflow(queues: Mapping[str, Queue]) -> None:
    """Refuse overflow to where nothing is, and circles of wait limits, in which a conversation would go round for ever.

    Raises
    ------
    InvalidInputError
        Naming every such queue.
    """
    faults = Faults()
    for queue in queues.values():
        place = in_place("queues", queue.id) + ".overflow"
        if queue.overflow is not None and queue.overflow not in queues:
            faults.unknown(queue.overflow, known=queues, place=place, what="queue")
    settled: set[str] = set()
    for start in queues:
        way: dict[str, None] = {}
        here = start
        while here not in way and here not in settled:
            way[here] = None
            following = queues[here].overflow if here in queues and queues[here].wait_limit is not None else None
            if following is None:
                break
            here = following
        else:
            if here in way:
                faults.add("leads back here by wait limits alone", place=in_place("queues", here) + ".overflow")
        settled.update(way)
    faults.raise_if_any()


#: Endings that say how long work takes.
_LEARNED = frozenset({"completed", "transferred", "escalated", "abandoned"})
_AGENTS_PER_CUSTOMER = 5
_LEAST_DEGREE = 1e-6


def looks_at(policy: object) -> frozenset[str]:
    """Return the fields of a request that a policy looks at; code may look at all."""
    return policy.looks_at if isinstance(policy, Policy) else frozenset({"attributes", "customer"})


def with_arrival(conversation: Conversation, arrived_at: float) -> Conversation:
    """Return a conversation that has an arrival."""
    return conversation if conversation.arrived_at == arrived_at else evolve(conversation, arrived_at=arrived_at)
