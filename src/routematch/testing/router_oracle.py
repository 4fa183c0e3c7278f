"""A second set of books for a router: every record is judged as it comes, from the rules of the house alone.

The oracle hears what the host said and what the router wrote down (its journal), keeps its own small picture of who
holds what, and raises `Breach` at the first record that cannot be right: a second holder, an agent over capacity, an
offer that ends twice or late, a conversation that is lost. It is plain Python and uses nothing of the router.

>>> from routematch.model import Agent, Conversation
>>> from routematch.model.events import ConversationEnqueued
>>> desk = CheckedRouter([Agent("ana")])
>>> desk.handle(ConversationEnqueued(Conversation("chat-1"), 0.0))
True
>>> desk.dispatch(0.0).pairs(), desk.oracle.talks["chat-1"].status
({'chat-1': 'ana'}, 'active')
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from attrs import define, evolve, field

from routematch.errors import RouterStateError, UnknownNameError
from routematch.model import (
    Agent,
    AllOf,
    AnyOf,
    Attribute,
    Capacity,
    Condition,
    Conversation,
    NoneOf,
    Queue,
    Requirement,
)
from routematch.model import events as records
from routematch.model.events import Event
from routematch.policies import Policy, best_match
from routematch.router import HostState, OfferRules, Router, RouterSettings
from routematch.routing import route
from routematch.routing.plan import Plan

__all__ = ["Breach", "CheckedRouter", "Oracle", "Seat", "Talk"]

_OPEN = ("scheduled", "waiting", "offered", "active", "paused")
#: Sums and differences of instants may miss by a rounding step.
_ROUNDING = 1e-6
#: A decline is remembered no longer than this many times the first one.
_LONGEST = 16


class Breach(AssertionError):  # noqa: N818 - a finding about a router, no error of the library
    """The router broke one of its promises; the message says which, and where."""


@define(eq=False)
class Talk:
    """One conversation in the oracle's books.

    Attributes
    ----------
    conversation : Conversation
        As the host gave it last.
    status : str
    arrived_at : float
    since : float
        When it came to stand there.
    """

    conversation: Conversation
    status: str
    arrived_at: float
    since: float
    queue: str | None = None
    agent: str | None = None
    offer: str | None = None
    units: int | None = None
    human: bool = False
    rests: bool = False
    placed: bool = False
    excluded: set[str] = field(factory=set)
    declined: dict[str, tuple[float, int]] = field(factory=dict)
    pulled: set[str] = field(factory=set)
    earliest_at: float | None = None
    resume_at: float | None = None
    grace_until: float | None = None
    overflow_at: float | None = None

    def due(self) -> tuple[float, str] | None:
        """Return when time itself brings this conversation something, and what."""
        if self.status == "waiting" and self.overflow_at is not None:
            return max(self.overflow_at, self.since), "overflow"
        if self.status == "active" and self.grace_until is not None:
            return self.grace_until, "grace"
        if self.status == "paused" and self.resume_at is not None:
            return self.resume_at, "resume"
        if self.status == "scheduled" and self.earliest_at is not None:
            return self.earliest_at, "resume"
        return None


@define(eq=False)
class Seat:
    """One agent in the oracle's books.

    Attributes
    ----------
    agent : Agent
    presence : str or mapping from channel to str
    holds, offers : dict from id to int
        Thousandths of a unit.
    wrap_ups : list of (end, thousandths)
    given : list of (instant, conversation id)
        What the router gave it, for rate limits.
    """

    agent: Agent
    presence: str | Mapping[str, str]
    holds: dict[str, int] = field(factory=dict)
    offers: dict[str, int] = field(factory=dict)
    wrap_ups: list[tuple[float, int]] = field(factory=list)
    wrap_up_until: float | None = None
    paused_until: float | None = None
    missed: int = 0
    back_at: float | None = None
    given: list[tuple[float, str]] = field(factory=list)

    def cost(self, channel: str) -> int:
        """Return what one conversation of a channel costs, in thousandths of a unit."""
        return round(1000 * self.agent.capacity.costs.get(channel, 1.0))

    @property
    def units(self) -> int:
        """Capacity in thousandths of a unit."""
        return round(1000 * self.agent.capacity.units)

    @property
    def used(self) -> int:
        """Thousandths in use: conversations, open offers, wrap-up, and the host's own work."""
        load = self.agent.load
        if isinstance(load, Mapping):
            foreign = sum(self.cost(c) * n for c, n in load.items() if not c.startswith("label:"))
        else:
            foreign = round(1000 * load)
        return foreign + sum(self.holds.values()) + sum(self.offers.values()) + sum(u for _, u in self.wrap_ups)

    @property
    def is_offline(self) -> bool:
        """Whether it is offline on every channel."""
        if isinstance(self.presence, str):
            return self.presence == "offline"
        return all(presence == "offline" for presence in self.presence.values())

    def due(self) -> float | None:
        """Return when the next wrap-up ends."""
        ends = [end for end, _ in self.wrap_ups if end < math.inf]
        if self.wrap_up_until is not None and self.wrap_up_until < math.inf:
            ends.append(self.wrap_up_until)
        return min(ends, default=None)


class Oracle:
    """Reads records one by one and raises at the first that breaks a promise.

    Parameters
    ----------
    settings, offers, queues, policy
        As given to the router.

    Attributes
    ----------
    talks, seats : dict by id
    offers : dict from offer id to (conversation, agent, expires_at)
    revoked : set of str
        Offers revoked since the last decision.
    counts : dict
        Records read, by kind.
    """

    def __init__(
        self,
        *,
        settings: RouterSettings | None = None,
        offers: OfferRules | None = None,
        queues: Iterable[Queue] = (),
        policy: Policy | None = None,
    ) -> None:
        self.settings, self.rules = settings or RouterSettings(), offers
        self.queues = {queue.id: queue for queue in queues}
        self.policy = policy or best_match()
        self.now = -math.inf
        self.changed_at = -math.inf
        self.talks: dict[str, Talk] = {}
        self.open: dict[str, Talk] = {}
        self.seats: dict[str, Seat] = {}
        self.offers: dict[str, tuple[str, str, float]] = {}
        self.ended_offers: set[str] = set()
        self.ended: dict[str, None] = {}
        self.served: dict[str, set[str]] = {}
        self.heard: set[str] = set()
        self.revoked: set[str] = set()
        self.entered = 0
        self.forgotten = 0
        self.counts: dict[str, int] = {}
        self.touched: set[str] = set()

    # --- reading ---------------------------------------------------------------------------------------------------

    def read(self, record: Event) -> None:
        """Judge a record and enter it in the books.

        Raises
        ------
        Breach
            When it cannot be right.
        """
        name = _NAMES[type(record)]
        if record.at < self.now:
            raise Breach(f"time ran backwards: {name} at {record.at}, after {self.now}")
        if record.event_id is not None:
            if record.event_id in self.heard:
                raise Breach(f"event {record.event_id!r} was carried out twice")
            self.heard.add(record.event_id)
        if not self._was_due(record):
            self.nothing_is_due_by(record.at, name)
        self.now = record.at
        self.counts[name] = self.counts.get(name, 0) + 1
        if name != "dispatched":
            self.changed_at = record.at
        getattr(self, f"_{name}")(record)

    def nothing_is_due_by(self, at: float, what: str = "the call") -> None:
        """Raise when time should have brought something by an instant and did not."""
        due_at, kind, who = self.next_due()
        if due_at < at - _ROUNDING or (due_at <= at and kind != "overflow"):
            raise Breach(f"{kind} of {who!r} was due at {due_at}, but {what} at {at} came first")

    def next_due(self) -> tuple[float, str, str]:
        """Return what time itself brings next: when, what, and to whom."""
        best: tuple[float, str, str] = (math.inf, "nothing", "")
        for identifier, (_, _, expires_at) in self.offers.items():
            if expires_at < best[0]:
                best = (expires_at, "expiry", identifier)
        for identifier, seat in self.seats.items():
            if (
                (seat.wrap_ups or seat.wrap_up_until is not None)
                and (ends := seat.due()) is not None
                and ends < best[0]
            ):
                best = (ends, "wrap_up", identifier)
        for identifier, talk in self.open.items():
            due = talk.due()
            if due is not None and due[0] < best[0]:
                best = (*due, identifier)
        return best

    def _was_due(self, record: Event) -> bool:
        """Whether time itself brought this record; then it must come exactly at its instant."""
        due: float | None = None
        rounding = 0.0
        if isinstance(record, records.OfferExpired):
            due = self.offers[record.offer][2] if record.offer in self.offers else None
        elif isinstance(record, records.WrapUpEnded) and record.only_due:
            due = self.seats[record.agent].due()
        elif isinstance(record, records.GraceEnded | records.ConversationOverflowed):
            kept = self._talk(record.conversation, *_OPEN).due()
            due, rounding = (None if kept is None else kept[0]), _ROUNDING
        elif isinstance(record, records.ConversationResumed):
            kept = self.open[record.conversation].due() if record.conversation in self.open else None
            return kept is not None and kept[0] == record.at
        else:
            return False
        if due is None or abs(due - record.at) > rounding:
            raise Breach(f"{_NAMES[type(record)]} at {record.at}, but it was due at {due}")
        return True

    # --- small steps -----------------------------------------------------------------------------------------------

    def _talk(self, identifier: str, *allowed: str) -> Talk:
        talk = self.talks.get(identifier)
        if talk is None:
            raise Breach(f"conversation {identifier!r} is not known, or was lost")
        if allowed and talk.status not in allowed:
            raise Breach(f"conversation {identifier!r} is {talk.status}, which does not fit")
        self.touched.add(identifier)
        return talk

    def _units_on(self, talk: Talk, seat: Seat) -> int:
        return talk.units if talk.units is not None else seat.cost(talk.conversation.channel)

    def _restful(self, identifier: str) -> bool:
        return self.talks[identifier].conversation.channel in self.settings.interruptible

    def _stand(self, talk: Talk, at: float) -> None:
        talk.status, talk.since, talk.agent, talk.offer = "waiting", at, None, None
        self.open[talk.conversation.id] = talk

    def _join(self, talk: Talk, at: float) -> None:
        queue = self.queues.get(talk.queue or "")
        if queue is not None and queue.wait_limit is not None:
            talk.overflow_at = at + queue.wait_limit
        self._stand(talk, at)

    def _take(self, identifier: str, talk: Talk, seat: Seat, at: float) -> None:
        """Let an agent hold a conversation; what may rest makes room."""
        for other in self.seats.values():
            if identifier in other.holds:
                raise Breach(f"conversation {identifier!r} has two holders: {other.agent.id!r} and {seat.agent.id!r}")
        talk.status, talk.since, talk.agent, talk.rests = "active", at, seat.agent.id, False
        talk.offer = talk.overflow_at = talk.resume_at = talk.earliest_at = None
        seat.holds[identifier] = self._units_on(talk, seat)
        self._make_room(talk, seat)

    def _make_room(self, talk: Talk, seat: Seat) -> None:
        restful = self.settings.interruptible
        if not restful or talk.conversation.channel in restful:
            return
        for identifier in list(seat.holds)[::-1]:
            if seat.used <= seat.units:
                return
            other = self.talks[identifier]
            if self._restful(identifier) and not other.rests:
                other.rests, seat.holds[identifier] = True, 0

    def _wake_rested(self, seat: Seat) -> None:
        for identifier in seat.holds:
            other = self.talks[identifier]
            if other.rests:
                units = self._units_on(other, seat)
                if seat.used + units <= seat.units:
                    other.rests, seat.holds[identifier] = False, units

    def _release(self, identifier: str, talk: Talk, at: float, *, wraps_up: bool) -> None:
        assert talk.agent is not None
        seat = self.seats[talk.agent]
        kept = seat.holds.pop(identifier)
        time = self.settings.wrap_up(talk.conversation.channel, seat.agent.id) if wraps_up else 0.0
        if time > 0 and self.settings.wrap_up_scope == "agent":
            seat.wrap_up_until = max(at + time, seat.wrap_up_until or -math.inf)
        elif time > 0:
            seat.wrap_ups.append((at + time, kept))
        talk.rests, talk.grace_until = False, None
        self._wake_rested(seat)

    def _end_offer(self, talk: Talk, ending: str) -> Seat:
        offer = talk.offer
        if offer is None or offer not in self.offers:
            raise Breach(f"an offer of {talk.conversation.id!r} ended ({ending}) that is not open")
        _, agent, _ = self.offers.pop(offer)
        self.ended_offers.add(offer)
        seat = self.seats[agent]
        del seat.offers[offer]
        talk.offer = None
        if ending == "revoked":
            self.revoked.add(offer)
        if ending != "accepted":
            self._wake_rested(seat)
        return seat

    def _drop(self, talk: Talk, at: float, *, wraps_up: bool = False) -> str | None:
        """Take a conversation from wherever it stands; return who had it."""
        agent, identifier = talk.agent, talk.conversation.id
        if talk.status == "active":
            self._release(identifier, talk, at, wraps_up=wraps_up)
        elif talk.status == "offered":
            self._end_offer(talk, "revoked")
        talk.agent = talk.resume_at = talk.earliest_at = talk.overflow_at = None
        return agent

    def _end(self, talk: Talk, at: float, status: str) -> None:
        identifier = talk.conversation.id
        talk.status, talk.since = status, at
        talk.agent = talk.overflow_at = talk.resume_at = talk.earliest_at = None
        self.open.pop(identifier, None)
        self.ended[identifier] = None
        while len(self.ended) > max(self.settings.keep_ended, 1):
            oldest = next(iter(self.ended))
            del self.ended[oldest]
            del self.talks[oldest]
            self.forgotten += 1

    # --- conversations ---------------------------------------------------------------------------------------------

    def _conversation_enqueued(self, record: records.ConversationEnqueued) -> None:
        given, at = record.conversation, record.at
        if given.id in self.talks:
            raise Breach(f"conversation {given.id!r} entered twice")
        starts_at = max(at, at if record.earliest_at is None else record.earliest_at)
        arrived_at = starts_at if given.arrived_at is None else min(given.arrived_at, starts_at)
        talk = self.talks[given.id] = Talk(given, "scheduled", arrived_at, at, given.queue)
        self.open[given.id] = talk
        self.entered += 1
        self.touched.add(given.id)
        if starts_at > at:
            talk.earliest_at = starts_at
        else:
            self._at_door(talk, at)

    def _at_door(self, talk: Talk, at: float) -> None:
        """Let it wait in its queue, in the next one that has room and is open, or refuse it."""
        talk.earliest_at = None
        talk.pulled |= self.served.get(talk.conversation.customer or "", set())
        been: set[str] = set()
        while (
            talk.queue is not None and (queue := self.queues.get(talk.queue)) is not None and self._is_shut(queue, at)
        ):
            been.add(queue.id)
            if queue.overflow is None or queue.overflow in been:
                self._end(talk, at, "refused")
                return
            talk.queue = queue.overflow
        self._join(talk, at)

    def _is_shut(self, queue: Queue, at: float) -> bool:
        if queue.hours is not None and not queue.hours.is_open(at):
            return True
        length = sum(t.queue == queue.id and t.status in {"waiting", "offered"} for t in self.open.values())
        return queue.length_limit is not None and length >= queue.length_limit

    def _conversation_updated(self, record: records.ConversationUpdated) -> None:
        given, at = record.conversation, record.at
        talk = self._talk(given.id, *_OPEN)
        if talk.status == "offered":
            self._end_offer(talk, "revoked")
            self._stand(talk, at)
        before = talk.conversation
        talk.conversation = given
        talk.units = None if record.units is None else round(1000 * record.units)
        if given.queue != before.queue:
            if talk.status == "waiting":
                talk.overflow_at = None
            talk.queue = given.queue
            if talk.status == "waiting":
                self._join(talk, at)
        if talk.status == "active":
            assert talk.agent is not None
            seat = self.seats[talk.agent]
            if not talk.rests:
                seat.holds[given.id] = self._units_on(talk, seat)
            self._wake_rested(seat)

    def _conversation_abandoned(self, record: records.ConversationAbandoned) -> None:
        talk = self._talk(record.conversation, *_OPEN)
        self._drop(talk, record.at, wraps_up=True)
        self._end(talk, record.at, "abandoned")

    def _conversation_completed(self, record: records.ConversationCompleted) -> None:
        talk = self._talk(record.conversation, "active", "paused")
        agent = self._drop(talk, record.at, wraps_up=True)
        if agent is not None and talk.conversation.customer is not None:
            self.served.setdefault(talk.conversation.customer, set()).add(agent)
        if agent is not None:
            talk.pulled.add(agent)
        self._end(talk, record.at, "completed")

    def _conversation_paused(self, record: records.ConversationPaused) -> None:
        talk = self._talk(record.conversation, "waiting", "offered", "active")
        agent = self._drop(talk, record.at)
        talk.status, talk.since, talk.agent = "paused", record.at, agent
        if record.resume_at is not None:
            talk.resume_at = max(record.resume_at, record.at)

    def _conversation_resumed(self, record: records.ConversationResumed) -> None:
        talk = self._talk(record.conversation, "paused", "scheduled")
        if talk.status == "scheduled":
            self._at_door(talk, record.at)
            return
        if talk.agent is not None:
            talk.pulled.add(talk.agent)
        talk.resume_at = None
        self._join(talk, record.at)

    def _conversation_transferred(self, record: records.ConversationTransferred) -> None:
        talk = self._talk(record.conversation, "active")
        agent = self._drop(talk, record.at, wraps_up=True)
        if record.exclude_agent and agent is not None:
            talk.excluded.add(agent)
        self._join(talk, record.at)

    def _conversation_escalated(self, record: records.ConversationEscalated) -> None:
        talk = self._talk(record.conversation, "waiting", "offered", "active", "paused")
        agent = self._drop(talk, record.at, wraps_up=True)
        if record.to not in {None, "human"}:
            talk.queue = record.to
        if agent is not None and record.to != "human":
            talk.excluded.add(agent)
        was_bot = agent in self.seats and self.seats[agent].agent.kind == "bot"
        talk.human = talk.human or record.to == "human" or (record.to is None and was_bot)
        self._join(talk, record.at)

    def _conversation_reopened(self, record: records.ConversationReopened) -> None:
        talk = self._talk(record.conversation, "completed", "abandoned", "refused")
        del self.ended[record.conversation]
        self.open[record.conversation] = talk
        talk.arrived_at = record.at
        talk.excluded, talk.declined = set(), {}
        self._at_door(talk, record.at)

    def _conversation_overflowed(self, record: records.ConversationOverflowed) -> None:
        talk = self._talk(record.conversation, "waiting")
        queue = self.queues.get(talk.queue or "")
        if queue is None or queue.overflow != record.queue:
            raise Breach(f"{record.conversation!r} overflowed from {talk.queue!r} to {record.queue!r}")
        talk.overflow_at = None
        if record.queue is None:
            self._end(talk, record.at, "refused")
            return
        talk.queue = record.queue
        self._join(talk, record.at)

    def _assigned_externally(self, record: records.AssignedExternally) -> None:
        talk, seat = self._talk(record.conversation, *_OPEN), self.seats[record.agent]
        if talk.status == "active" and talk.agent == record.agent:
            talk.grace_until = None
            return
        self._drop(talk, record.at)
        self._take(record.conversation, talk, seat, record.at)
        talk.placed = False
        seat.given.append((record.at, record.conversation))

    def _claim_lost(self, record: records.ClaimLost) -> None:
        talk = self._talk(record.conversation, "active", "offered")
        if talk.status == "offered":
            seat = self._end_offer(talk, "claim_lost")
            self._stand(talk, record.at)
        else:
            assert talk.agent is not None
            seat = self.seats[talk.agent]
            self._release(record.conversation, talk, record.at, wraps_up=False)
            self._join(talk, record.at)
        last = max((n for n, (_, c) in enumerate(seat.given) if c == record.conversation), default=None)
        if last is not None:
            del seat.given[last]
        talk.placed = False

    def _grace_ended(self, record: records.GraceEnded) -> None:
        talk = self._talk(record.conversation, "active")
        self._drop(talk, record.at)
        self._join(talk, record.at)

    # --- agents ----------------------------------------------------------------------------------------------------

    def _agent_updated(self, record: records.AgentUpdated) -> None:
        agent, at = record.agent, record.at
        seat = self.seats.get(agent.id)
        if seat is None:
            self.seats[agent.id] = Seat(agent, agent.presence)
            return
        seat.agent = agent
        for identifier in seat.holds:
            talk = self.talks[identifier]
            if not talk.rests:
                seat.holds[identifier] = self._units_on(talk, seat)
        self._be(seat, agent.presence, at)
        self._revoke(seat, at)
        self._wake_rested(seat)

    def _agent_removed(self, record: records.AgentRemoved) -> None:
        seat = self.seats[record.agent]
        self._revoke(seat, record.at)
        for identifier in list(seat.holds):
            talk = self._talk(identifier, "active")
            self._drop(talk, record.at)
            self._join(talk, record.at)
        del self.seats[record.agent]

    def _presence_changed(self, record: records.PresenceChanged) -> None:
        seat = self.seats[record.agent]
        seat.paused_until, seat.missed = None, 0
        self._be(seat, record.presence, record.at)

    def _be(self, seat: Seat, presence: str | Mapping[str, str], at: float) -> None:
        before, was_offline = seat.presence, seat.is_offline
        seat.presence = presence
        if presence == before:
            return
        if was_offline and not seat.is_offline:
            seat.back_at = at
            for identifier in seat.holds:
                self.talks[identifier].grace_until = None
        if presence != "available":
            self._revoke(seat, at)
        if not seat.is_offline:
            return
        for identifier in list(seat.holds):
            talk = self._talk(identifier, "active")
            grace = self.settings.grace(talk.conversation.channel)
            if grace > 0:
                talk.grace_until = at + grace
            else:
                self._drop(talk, at)
                self._join(talk, at)

    def _revoke(self, seat: Seat, at: float) -> None:
        for offer in list(seat.offers):
            talk = self._talk(self.offers[offer][0], "offered")
            self._end_offer(talk, "revoked")
            self._stand(talk, at)

    def _wrap_up_started(self, record: records.WrapUpStarted) -> None:
        seat = self.seats[record.agent]
        seat.wrap_up_until = math.inf if record.ends_at is None else max(record.ends_at, record.at)
        self._revoke(seat, record.at)

    def _wrap_up_ended(self, record: records.WrapUpEnded) -> None:
        seat, at = self.seats[record.agent], record.at
        if not record.only_due or (seat.wrap_up_until is not None and seat.wrap_up_until <= at):
            seat.wrap_up_until = None
        seat.wrap_ups = [entry for entry in seat.wrap_ups if record.only_due and entry[0] > at]
        self._wake_rested(seat)

    # --- offers ----------------------------------------------------------------------------------------------------

    def _answered(self, offer: str, ending: str) -> tuple[Talk, Seat]:
        if offer in self.ended_offers:
            raise Breach(f"{offer!r} ended twice, the second time {ending}")
        if offer not in self.offers:
            raise Breach(f"{offer!r} was {ending}, but never made")
        talk = self._talk(self.offers[offer][0], "offered")
        return talk, self._end_offer(talk, ending)

    def _offer_accepted(self, record: records.OfferAccepted) -> None:
        talk, seat = self._answered(record.offer, "accepted")
        seat.missed = 0
        self._take(talk.conversation.id, talk, seat, record.at)

    def _offer_declined(self, record: records.OfferDeclined) -> None:
        talk, seat = self._answered(record.offer, "declined")
        seat.missed = 0
        self._bar(talk, seat, record.at)

    def _offer_expired(self, record: records.OfferExpired) -> None:
        talk, seat = self._answered(record.offer, "expired")
        seat.missed += 1
        rules = self.rules
        if rules is not None and rules.pause_after_missed is not None and seat.missed >= rules.pause_after_missed:
            seat.missed, seat.paused_until = 0, record.at + rules.pause_time
            self._revoke(seat, record.at)
        self._bar(talk, seat, record.at)

    def _bar(self, talk: Talk, seat: Seat, at: float) -> None:
        rules = self.rules
        if rules is not None and rules.repeat_after > 0:
            times = talk.declined.get(seat.agent.id, (at, 0))[1]
            until = at + rules.repeat_after * min(2**times, _LONGEST)
            talk.declined[seat.agent.id] = (until, times + 1)
        self._stand(talk, at)

    # --- settings --------------------------------------------------------------------------------------------------

    def _policy_changed(self, record: records.PolicyChanged) -> None:
        """Another policy decides; `CheckedRouter` says which."""

    def _estimates_changed(self, record: records.EstimatesChanged) -> None:
        """Estimates change who is best, not who may."""

    # --- decisions -------------------------------------------------------------------------------------------------

    def _dispatched(self, record: records.Dispatched) -> None:
        self.revoked.clear()
        for placement in record.placements:
            self._place(placement, record.at)
        for held in record.held:
            self._talk(held.conversation, "waiting")

    def _place(self, placement: records.Placement, at: float) -> None:
        talk = self._talk(placement.conversation, "waiting")
        seat = self.seats.get(placement.agent)
        if seat is None:
            raise Breach(f"{placement.conversation!r} was given to {placement.agent!r}, whom nobody knows")
        refusal = self.refusal(talk, seat, at)
        if refusal is not None:
            raise Breach(f"{placement.conversation!r} was given to {placement.agent!r}, who {refusal}, at {at}")
        if round(placement.units * 1000) != seat.cost(talk.conversation.channel):
            raise Breach(f"{placement.conversation!r} takes {placement.units} units of {placement.agent!r}")
        talk.placed, talk.units = True, None
        seat.given.append((at, placement.conversation))
        if (placement.offer is None) != (self.rules is None):
            raise Breach(f"{placement.conversation!r} was offered, or assigned, against the rules")
        if placement.offer is None:
            self._take(placement.conversation, talk, seat, at)
            return
        assert self.rules is not None
        if placement.offer in self.offers or placement.offer in self.ended_offers:
            raise Breach(f"{placement.offer!r} was made twice")
        if placement.expires_at != at + self.rules.answer_time:
            raise Breach(f"{placement.offer!r} stands until {placement.expires_at}, made at {at}")
        self.offers[placement.offer] = (placement.conversation, placement.agent, placement.expires_at)
        talk.status, talk.since, talk.offer = "offered", at, placement.offer
        seat.offers[placement.offer] = self._units_on(talk, seat)
        self._make_room(talk, seat)

    def refusal(self, talk: Talk, seat: Seat, at: float) -> str | None:
        """Return why an agent may not be given a conversation now; None when it may."""
        return (
            self._absence(talk, seat, at)
            or self._lack_of_room(talk, seat, at)
            or self._lack_of_right(talk, seat.agent, at)
        )

    def _absence(self, talk: Talk, seat: Seat, at: float) -> str | None:
        channel, agent = talk.conversation.channel, seat.agent
        here = seat.presence if isinstance(seat.presence, str) else seat.presence.get(channel, "offline")
        if here != "available":
            return f"is {here}"
        if agent.shifts:
            left = max((s.ends_at - at for s in agent.shifts if s.starts_at <= at < s.ends_at), default=-1.0)
            if left < 0:
                return "is off shift"
            if left <= self.settings.margin(channel):
                return "is near the end of the shift"
        if seat.paused_until is not None and seat.paused_until > at:
            return "is paused"
        if seat.wrap_up_until is not None and seat.wrap_up_until > at:
            return "wraps up"
        return None

    def _lack_of_room(self, talk: Talk, seat: Seat, at: float) -> str | None:
        conversation, capacity = talk.conversation, seat.agent.capacity
        restful = self.settings.interruptible
        used = seat.used
        if restful and conversation.channel in restful:
            used += sum(self._units_on(self.talks[c], seat) for c in seat.holds if self.talks[c].rests)
        elif restful:
            used -= sum(units for c, units in seat.holds.items() if self._restful(c))
        if capacity.units == 0 or used + seat.cost(conversation.channel) > seat.units:
            return f"has {used} of {seat.units} thousandths in use"
        if capacity.caps:
            counts = self.counts_of(seat)
            for name in (conversation.channel, *conversation.labels):
                if name in capacity.caps and counts.get(name, 0) >= capacity.caps[name]:
                    return f"is at the cap of {name!r}"
        return self._limit(seat, at)

    def _limit(self, seat: Seat, at: float) -> str | None:
        limits = []
        if self.settings.rate_limit is not None:
            limits.append((self.settings.rate_limit.count, self.settings.rate_limit.time))
        ramp = self.settings.ramp_in
        if ramp is not None and seat.back_at is not None and at < seat.back_at + ramp.time:
            limits.append((ramp.count, ramp.every))
        for count, time in limits:
            if sum(instant + time > at for instant, _ in seat.given) >= count:
                return f"was given {count} within {time} seconds"
        return None

    def counts_of(self, seat: Seat) -> dict[str, int]:
        """Return what an agent has by channel and label, offers and the host's own work included."""
        counts: dict[str, int] = {}
        load = seat.agent.load
        for name, number in load.items() if isinstance(load, Mapping) else ():
            counts[name.removeprefix("label:")] = counts.get(name.removeprefix("label:"), 0) + number
        for identifier in (*seat.holds, *(self.offers[offer][0] for offer in seat.offers)):
            conversation = self.talks[identifier].conversation
            for name in (conversation.channel, *conversation.labels):
                counts[name] = counts.get(name, 0) + 1
        return counts

    def _lack_of_right(self, talk: Talk, agent: Agent, at: float) -> str | None:
        conversation, waited = talk.conversation, at - talk.arrived_at
        if agent.id in conversation.excludes or agent.id in talk.excluded:
            return "is excluded"
        if talk.declined.get(agent.id, (-math.inf, 0))[0] > at:
            return "declined it"
        if agent.channels is not None and conversation.channel not in agent.channels:
            return "does not serve its channel"
        if talk.human and agent.kind != "human":
            return "is no human"
        if _meets(conversation.requires, agent, waited) is False:
            return "does not meet what it asks for"
        queue = self.queues.get(talk.queue or "")
        if queue is not None and _meets(queue.requires, agent, waited) is False:
            return "does not meet what its queue asks for"
        if talk.queue is None:
            return None
        if queue is None or not (queue.primary or queue.secondary):
            serves = agent.queues is None or talk.queue in agent.queues
        else:
            serves = agent.id in queue.primary or (agent.id in queue.secondary and waited >= queue.secondary_after)
        return None if serves else "does not serve its queue"

    # --- what must be so between the calls -------------------------------------------------------------------------

    def allows(self, event: Event) -> bool:  # noqa: C901, PLR0911, PLR0912 - one line per kind
        """Whether a call fits the state as the books have it."""
        match event:
            case records.ConversationEnqueued():
                return event.conversation.id not in self.talks and self._has_queue(event.conversation.queue)
            case records.ConversationUpdated():
                return event.conversation.id in self.open and self._has_queue(event.conversation.queue)
            case records.ConversationAbandoned():
                return event.conversation in self.open
            case records.ConversationPaused():
                return self._stands(event.conversation, "waiting", "offered", "active")
            case records.ConversationResumed():
                return self._stands(event.conversation, "paused", "scheduled")
            case records.ConversationTransferred():
                return self._stands(event.conversation, "active")
            case records.ConversationEscalated():
                known = event.to == "human" or self._has_queue(event.to)
                return known and self._stands(event.conversation, "waiting", "offered", "active", "paused")
            case records.ConversationReopened():
                return event.conversation in self.ended
            case records.ConversationCompleted():
                about = event.outcome is None or event.outcome.conversation == event.conversation
                return about and self._stands(event.conversation, "active", "paused")
            case records.OfferAccepted() | records.OfferDeclined():
                return event.offer in self.offers
            case records.AssignedExternally():
                return event.conversation in self.open and event.agent in self.seats
            case records.ClaimLost():
                placed = event.conversation in self.open and self.open[event.conversation].placed
                return placed and self._stands(event.conversation, "active", "offered")
            case records.AgentRemoved() | records.PresenceChanged() | records.WrapUpStarted() | records.WrapUpEnded():
                return event.agent in self.seats
        return True

    def _has_queue(self, queue: str | None) -> bool:
        return queue is None or not self.queues or queue in self.queues

    def _stands(self, identifier: str, *statuses: str) -> bool:
        return identifier in self.open and self.open[identifier].status in statuses

    def compare(self, router: Router) -> None:
        """Raise when what the router says of itself differs from the books."""
        for identifier in (*self.open, *(self.touched - self.open.keys())):
            talk = self.talks.get(identifier)
            if talk is None:
                continue
            said = (router.status(identifier), router.agent_of(identifier))
            if said != (talk.status, talk.agent):
                raise Breach(f"{identifier!r} is {talk.status} at {talk.agent!r}, the router says {said}")
        for identifier in self.touched & self.open.keys():
            if router.context(identifier).arrived_at != self.open[identifier].arrived_at:
                raise Breach(f"the waiting time of {identifier!r} was reset")
        self.touched.clear()
        for identifier, seat in self.seats.items():
            if router.load(identifier) * 1000 != seat.used:
                raise Breach(
                    f"{identifier!r} has {seat.used} thousandths in use, the router says {router.load(identifier)}"
                )
        if router.offers.keys() != self.offers.keys():
            raise Breach(f"open offers are {sorted(self.offers)}, the router says {sorted(router.offers)}")
        wakeup, due_at = router.next_wakeup, self.next_due()[0]
        if due_at < (math.inf if wakeup is None else wakeup) - _ROUNDING:
            raise Breach(f"{self.next_due()} is due, but the router wants to be woken at {wakeup}")

    def compare_snapshot(self, data: Mapping[str, Any]) -> None:
        """Raise when a snapshot's parts contradict each other, or when somebody is missing."""
        cases = {entry["conversation"]["id"]: entry for entry in data["conversations"]}
        if len(cases) + self.forgotten != self.entered:
            raise Breach(f"{self.entered} entered, {self.forgotten} are forgotten, {len(cases)} are left")
        holders: dict[str, list[str]] = {}
        for seat in data["agents"]:
            for identifier, _ in seat.get("running", ()):
                holders.setdefault(identifier, []).append(seat["agent"]["id"])
        for identifier, entry in cases.items():
            wanted = [entry.get("agent")] if entry["status"] == "active" else []
            if holders.get(identifier, []) != wanted:
                raise Breach(f"{identifier!r} is {entry['status']}, held by {holders.get(identifier)}")
        offered = {identifier for identifier, entry in cases.items() if entry["status"] == "offered"}
        if sorted(offered) != sorted(entry["conversation"] for entry in data["offers"]):
            raise Breach(f"offered are {sorted(offered)}, not those with an open offer")

    def waiting(self) -> list[tuple[str, Talk]]:
        """Return all that wait."""
        return [(identifier, talk) for identifier, talk in self.open.items() if talk.status == "waiting"]

    def may_wait_for_somebody(self, talk: Talk) -> bool:
        """Whether it may wait for a busy agent who knows it, which a single decision does not show."""
        for agent in {*talk.pulled, *talk.conversation.affinity}:
            seat = self.seats.get(agent)
            if seat is not None and seat.used + seat.cost(talk.conversation.channel) > seat.units:
                return True
        return False

    @property
    def serves_whenever_it_can(self) -> bool:
        """Whether nothing but room and right may keep a conversation waiting."""
        policy = self.policy
        return policy.option <= 0 and policy.price <= 0 and not self.settings.reserves

    def nothing_is_left(self, now: float) -> None:
        """Raise when somebody who waits could be served now.

        Only for policies that never hold a conversation back (`serves_whenever_it_can`), after a dispatch.
        """
        if not self.serves_whenever_it_can or now < self.changed_at + self.settings.batch_time:
            return
        for identifier, talk in self.waiting():
            for agent, seat in self.seats.items():
                if self.refusal(talk, seat, now) is None and self._is_wanted(talk, agent):
                    raise Breach(f"{identifier!r} waits at {now}, although {agent!r} could take it")

    def _is_wanted(self, talk: Talk, agent: str) -> bool:
        liked = talk.conversation.affinity.get(agent, 0.0) >= 0
        return liked and not self.may_wait_for_somebody(talk)

    def nothing_is_left_for_route(self, now: float, review_time: float = 0.0) -> None:
        """Raise when `route`, asked about all that wait and all agents, finds a pair: the definition.

        Not where reserves or interruptions are set, which `route` does not know.
        """
        settings = self.settings
        if settings.reserves or settings.interruptible or now < self.changed_at + settings.batch_time:
            return
        waiting = [self._as_it_waits(talk, now) for _, talk in self.waiting() if not self.may_wait_for_somebody(talk)]
        agents = [self._as_it_stands(seat, now) for seat in self.seats.values()]
        at = now - review_time if self.policy.option > 0 else now
        plan = route(waiting, agents, policy=self.policy, now=at, queues=self.queues.values())
        if plan.assignments:
            raise Breach(f"a decision about everybody at {now} would still give {plan.pairs()}")

    def _as_it_waits(self, talk: Talk, now: float) -> Conversation:
        barred = {agent for agent, (until, _) in talk.declined.items() if until > now}
        excludes = sorted({*talk.conversation.excludes, *talk.excluded, *barred})
        parts = [talk.conversation.requires, *([Attribute("kind", "human")] if talk.human else [])]
        requires = AllOf(tuple(parts)) if talk.human else talk.conversation.requires
        return evolve(
            talk.conversation, excludes=excludes, requires=requires, queue=talk.queue, arrived_at=talk.arrived_at
        )

    def _as_it_stands(self, seat: Seat, now: float) -> Agent:
        agent, capacity = seat.agent, seat.agent.capacity
        channels = sorted({talk.conversation.channel for talk in self.open.values()})
        presence: dict[str, str] = {}
        probe = Talk(Conversation("probe"), "waiting", now, now)
        for channel in channels:
            probe.conversation = evolve(probe.conversation, channel=channel)
            kept = self._absence(probe, seat, now) or self._lack_of_room(probe, seat, now)
            presence[channel] = "available" if kept is None else "offline"
        counts = self.counts_of(seat)
        left = Capacity(
            max(seat.units - seat.used, 0) / 1000,
            costs=capacity.costs,
            caps={name: max(cap - counts.get(name, 0), 0) for name, cap in capacity.caps.items()},
        )
        return evolve(agent, presence=presence, capacity=left, load=0.0, shifts=())


def _meets(condition: Condition, agent: Agent, waited: float) -> bool | None:
    """Whether an agent meets a condition after a wait; None where the condition is dropped by then."""
    if isinstance(condition, Requirement):
        level = condition.at_least
        for step in condition.relax:
            if waited >= step.time:
                if step.drop:
                    return None
                level = level if step.at_least is None else step.at_least
        return agent.skills.get(condition.skill, -1.0) >= level
    if condition.relax and waited >= condition.relax[0].time:
        return None
    if isinstance(condition, Attribute):
        return condition.is_met_by(agent.kind if condition.name == "kind" else agent.attributes.get(condition.name))
    met = [_meets(part, agent, waited) for part in condition.parts]
    if isinstance(condition, AllOf):
        return False not in met
    if isinstance(condition, AnyOf):
        return None if None in met else True in met
    assert isinstance(condition, NoneOf)
    return True not in met


_NAMES: Mapping[type, str] = {kind: name for name, kind in records.EVENTS.items()}
_TIME = (records.OfferExpired, records.GraceEnded, records.ConversationOverflowed)


class CheckedRouter:
    """A router with an oracle at its side: every call is carried out and judged.

    Parameters
    ----------
    agents, **given
        As for `Router`.

    Attributes
    ----------
    router : Router
    oracle : Oracle
    records : list of Event
        The whole journal.
    refused, repeated : int
        Calls that did not fit, and events that were heard before.
    """

    def __init__(self, agents: Iterable[Agent] = (), **given: Any) -> None:
        rules = given.get("offers")
        if rules is not None and not isinstance(rules, OfferRules):
            rules = OfferRules(rules)
        self.given = {**given, "offers": rules}
        self.router = Router(agents, **self.given)
        self.oracle = Oracle(
            settings=given.get("settings"), offers=rules, queues=given.get("queues", ()), policy=given.get("policy")
        )
        self.records: list[Event] = []
        self.refused = self.repeated = self.dispatches = 0
        self.clock = -math.inf
        self._hear()

    @property
    def events(self) -> int:
        """Calls and records so far."""
        return len(self.records) + self.refused + self.repeated

    def _hear(self) -> tuple[Event, ...]:
        new = self.router.take_journal()
        self.records.extend(new)
        for record in new:
            self.oracle.read(record)
        return new

    def handle(self, event: Event, *, exactly: bool = False) -> bool:
        """Let the router hear an event; return whether it was carried out.

        Parameters
        ----------
        event : Event
        exactly : bool
            Whether a call that changes nothing is also compared by snapshot, which takes a millisecond.
        """
        if event.event_id is not None and event.event_id in self.oracle.heard:
            self._changes_nothing(lambda: self._call(event), exactly=exactly)
            self.repeated += 1
            return False
        at = max(event.at, self.clock)
        if exactly and not self.oracle.allows(event) and self.oracle.next_due()[0] > at:
            self._changes_nothing(lambda: self._call(event), exactly=True)
        carried_out = self._call(event)
        self.clock = at
        new = self.router.take_journal()
        self.records.extend(new)
        for record in new[: len(new) - carried_out]:
            self.oracle.read(record)
        if self.oracle.allows(event) != carried_out:
            raise Breach(f"{event} was {'carried out' if carried_out else 'refused'}, which does not fit the state")
        if carried_out:
            self._read_own(event, new, at)
        else:
            self.refused += 1
        self.oracle.compare(self.router)
        return carried_out

    def _read_own(self, event: Event, new: tuple[Event, ...], at: float) -> None:
        if not new or new[-1] != evolve(event, at=at):  # type: ignore[misc]  # every event is attrs
            raise Breach(f"{event} was recorded as {new[-1:]}")
        self.oracle.read(new[-1])

    def _call(self, event: Event) -> bool:
        try:
            self.router.handle(event)
        except (RouterStateError, UnknownNameError):
            return False
        return True

    def _changes_nothing(self, call: Callable[[], object], *, exactly: bool) -> None:
        before = self.router.snapshot() if exactly else None
        wakeup = self.router.next_wakeup
        call()
        if self.router.take_journal() or self.router.next_wakeup != wakeup:
            raise Breach("a call that must change nothing left a record")
        after = self.router.snapshot() if exactly else None
        if before != after:
            raise Breach("a call that must change nothing changed the state")

    def set_policy(self, policy: Policy, now: float) -> None:
        """Let another policy decide from now on."""
        self.router.set_policy(policy, now)
        self.clock = max(now, self.clock)
        self.oracle.policy = policy
        self._hear()
        self.oracle.compare(self.router)

    def reconcile(self, host: HostState, now: float) -> None:
        """Compare with a host, and check that a second look finds nothing."""
        self.router.reconcile(host, now)
        self.clock = max(now, self.clock)
        self._hear()
        left = [drift for drift in self.router.reconcile(host, now) if drift.repair]
        self._hear()
        if left:
            raise Breach(f"put right once, and still different: {left[0]}")
        self.oracle.compare(self.router)

    def dispatch(self, now: float, *, route_too: bool = False) -> Plan:
        """Let the router decide; `route_too` also asks `route` about everybody, which takes milliseconds."""
        oracle = self.oracle
        plan = self.router.dispatch(now)
        self.dispatches += 1
        self.clock = at = max(now, self.clock)
        new = self.router.take_journal()
        self.records.extend(new)
        placed: dict[str, str] = {}
        revoked: set[str] | None = None
        for record in new:
            if isinstance(record, records.Dispatched):
                revoked = set(oracle.revoked) if revoked is None else revoked
                placed |= {placement.conversation: placement.agent for placement in record.placements}
            oracle.read(record)
        oracle.nothing_is_due_by(at, "a dispatch")
        if plan.pairs() != placed:
            raise Breach(f"the plan says {plan.pairs()}, the records {placed}")
        if {offer.id for offer in plan.revoked} != (revoked or set()):
            raise Breach(f"{sorted(revoked or ())} were revoked, the plan says {[o.id for o in plan.revoked]}")
        if {offer.id for offer in plan.offers} - oracle.offers.keys():
            raise Breach("the plan has offers that are not open")
        wakeup = self.router.next_wakeup
        if wakeup is not None and wakeup <= at:
            raise Breach(f"after a dispatch at {at} the router wants to be woken at {wakeup}")
        oracle.compare(self.router)
        oracle.nothing_is_left(at)
        if route_too:
            oracle.nothing_is_left_for_route(at, 2 * oracle.settings.review_time)
        return plan

    def replayed(self) -> Router:
        """Return a router made from the journal, after checking that it equals this one byte for byte."""
        other = Router.replay(self.records, **self.given)
        mine, theirs = self.bytes_of(self.router), self.bytes_of(other)
        if mine != theirs:
            raise Breach(f"a replay of the journal differs: {_difference(mine, theirs)}")
        return other

    def restored(self) -> Router:
        """Return a router made from a snapshot that went through JSON, after checking that it equals this one."""
        mine = self.bytes_of(self.router)
        other = Router.restore(json.loads(mine))
        if self.bytes_of(other) != mine:
            raise Breach(f"a restored router differs: {_difference(mine, self.bytes_of(other))}")
        self.oracle.compare_snapshot(json.loads(mine))
        return other

    def restart(self) -> None:
        """Go on with a router restored from a snapshot."""
        other = self.restored()
        other._core.clock = self.router._core.clock  # noqa: SLF001 - a snapshot knows the last record only
        self.router = other

    @staticmethod
    def bytes_of(router: Router) -> str:
        """Return a router's snapshot as text."""
        return json.dumps(router.snapshot(), allow_nan=False)


def _difference(mine: str, theirs: str) -> str:
    place = next((n for n, (a, b) in enumerate(zip(mine, theirs, strict=False)) if a != b), min(len(mine), len(theirs)))
    return f"...{mine[max(place - 80, 0) : place + 60]}... / ...{theirs[max(place - 80, 0) : place + 60]}..."
