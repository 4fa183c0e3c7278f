"""The one stateful class: events in, plans and offers out, nothing ever double-booked.

A router holds what waits and who works, hears what happens, and decides when asked. It has no clock, no threads and no
input or output of its own: `now` comes in with every call, and `next_wakeup` says when to call again.

>>> import routematch as rm
>>> router = Router([rm.Agent("ana", {"billing": 0.9}), rm.Agent("bo", {"billing": 0.6})])
>>> router.enqueue(rm.Conversation("chat-1", {"billing": 0.5}), 0.0).status
'waiting'
>>> router.dispatch(0.0).pairs()
{'chat-1': 'ana'}
>>> router.complete("chat-1", 60.0)
>>> router.status("chat-1")
'completed'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import evolve

from routematch.codec import from_data
from routematch.errors import CorruptRecordError, Faults, InvalidInputError, RoutematchError, RouterStateError
from routematch.explain import Explanation
from routematch.model import Admission, Agent, Assignment, Context, Conversation, Estimates, Held, Offer, Outcome, Queue
from routematch.model.checks import is_a
from routematch.model.events import (
    EVENTS,
    AgentRemoved,
    AgentUpdated,
    AssignedExternally,
    ClaimLost,
    ConversationAbandoned,
    ConversationCompleted,
    ConversationEnqueued,
    ConversationEscalated,
    ConversationOverflowed,
    ConversationPaused,
    ConversationReopened,
    ConversationResumed,
    ConversationTransferred,
    ConversationUpdated,
    Dispatched,
    EstimatesChanged,
    Event,
    GraceEnded,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    PolicyChanged,
    PresenceChanged,
    WrapUpEnded,
    WrapUpStarted,
)
from routematch.model.frozen import FrozenMap
from routematch.model.instants import Instant, as_instant
from routematch.policies import Policy, best_match, policy_from_data
from routematch.router.agent_events import seat_of
from routematch.router.conversation_events import case_of
from routematch.router.core import Core
from routematch.router.desk import Desk, check_overflow
from routematch.router.estimated_wait import WaitEstimate
from routematch.router.questions import Candidate, Suggestion, candidates_for, explained, suggestion_for
from routematch.router.reconciling import Drift, HostState, as_host_state, drifts
from routematch.router.reducer import check
from routematch.router.settings import OfferRules, RouterSettings
from routematch.router.snapshots import check_snapshot
from routematch.routing.code import CodePolicy, is_code
from routematch.routing.plan import Plan
from routematch.state import Roster
from routematch.state.problem import check_queues

__all__ = ["Router"]


class Router:
    """Holds what waits and who works, and decides who gets what.

    Parameters
    ----------
    agents : iterable of Agent
        Those who are there at the start; more may come.
    policy : Policy or code, optional
        None means `policies.best_match()`.
    offers : OfferRules, float, True or mapping, optional
        None: conversations are assigned at once. Otherwise they are offered: a number is the seconds an offer stands,
        True the usual rules, a mapping the fields of `OfferRules`.
    estimates : Estimates, optional
    queues : iterable of Queue
        Where some are declared, conversations may name only these.
    seed : int, optional
        None means 0.
    settings : RouterSettings, optional
        Wrap-up, grace, reserves and the like.

    Raises
    ------
    InvalidInputError
        Listing every fault.
    """

    def __init__(
        self,
        agents: Iterable[Agent] = (),
        *,
        policy: Policy | CodePolicy | None = None,
        offers: OfferRules | float | Mapping[str, Any] | None = None,
        estimates: Estimates | None = None,
        queues: Iterable[Queue] = (),
        seed: int | None = None,
        settings: RouterSettings | None = None,
    ) -> None:
        rules = _as_offer_rules(offers)
        _check_arguments(policy, estimates, seed, settings)
        declared = check_queues(queues)
        check_overflow(declared)
        desk = Desk(settings or RouterSettings(), rules, declared)
        self._core = Core(desk, best_match() if policy is None else policy, estimates, seed or 0)
        self._core.past = (self._core.snapshot(), ())
        for agent in Roster.of(agents).agents:
            self._core.record(AgentUpdated(agent, 0.0))

    # --- what happens ------------------------------------------------------------------------------------------------

    def handle(self, event: Event) -> Admission | Assignment | None:
        """Hear an event; the verbs below are shorthand for it.

        Parameters
        ----------
        event : one of `routematch.model.events.EVENTS`
            What the router records itself (`Dispatched`, `OfferExpired`, ...) is refused.

        Returns
        -------
        Admission, Assignment or None
            What became of an enqueued or reopened conversation; what an accepted offer gave. An event whose
            `event_id` was heard before changes nothing and returns None; one that was refused was not heard.

        Raises
        ------
        RouterStateError
            When it does not fit the state; nothing changed but time.
        InvalidInputError
            When it is no event of the host.
        """
        if type(event) not in _FROM_HOST:
            faults = Faults()
            faults.add("must be an event of the host", place="event", given=event)
            faults.raise_if_any()
        core, desk = self._core, self._core.desk
        if event.event_id is not None and event.event_id in desk.seen:
            return None
        at = core.not_before(event.at)
        core.pass_until(at)
        core.clock = at
        check(desk, event)
        offer = desk.offers.get(event.offer) if isinstance(event, OfferAccepted) else None
        core.record(event if event.at == at else evolve(event, at=at))  # type: ignore[misc]  # every event is attrs
        if isinstance(event, ConversationEnqueued):
            return self._admission(event.conversation.id)
        if isinstance(event, ConversationReopened):
            return self._admission(event.conversation)
        if offer is not None:
            return Assignment(offer.conversation, offer.agent, offer.worth, offer.worth, units=offer.units)
        return None

    def enqueue(
        self,
        conversation: Conversation,
        now: Instant,
        *,
        earliest_at: Instant | None = None,
        event_id: str | None = None,
    ) -> Admission | None:
        """Let a conversation wait, at once or from `earliest_at` on (a promised callback, outreach)."""
        event = ConversationEnqueued(conversation, now, earliest_at=earliest_at, event_id=event_id)  # type: ignore[arg-type]
        return self.handle(event)  # type: ignore[return-value]  # an admission

    def update_conversation(
        self, conversation: Conversation, now: Instant, *, units: float | None = None, event_id: str | None = None
    ) -> None:
        """Take over what the host says of a conversation now; `units` is what it costs its agent (idle: less)."""
        self.handle(ConversationUpdated(conversation, now, units=units, event_id=event_id))  # type: ignore[arg-type]

    def abandon(self, conversation_id: str, now: Instant, *, event_id: str | None = None) -> None:
        """End a conversation without an outcome."""
        self.handle(ConversationAbandoned(conversation_id, now, event_id=event_id))  # type: ignore[arg-type]

    def pause(
        self, conversation_id: str, now: Instant, *, resume_at: Instant | None = None, event_id: str | None = None
    ) -> None:
        """Snooze a conversation: its units are free, its agent is remembered."""
        event = ConversationPaused(conversation_id, now, resume_at=resume_at, event_id=event_id)  # type: ignore[arg-type]
        self.handle(event)

    def resume(self, conversation_id: str, now: Instant, *, event_id: str | None = None) -> None:
        """Let a paused conversation wait again, for its agent as long as that is worth it."""
        self.handle(ConversationResumed(conversation_id, now, event_id=event_id))  # type: ignore[arg-type]

    def transfer(
        self, conversation_id: str, now: Instant, *, exclude_agent: bool = False, event_id: str | None = None
    ) -> None:
        """Give a conversation back to the pool, with its original waiting time."""
        event = ConversationTransferred(conversation_id, now, exclude_agent=exclude_agent, event_id=event_id)  # type: ignore[arg-type]
        self.handle(event)

    def escalate(
        self, conversation_id: str, now: Instant, *, to: str | None = None, event_id: str | None = None
    ) -> None:
        """Send a conversation to a queue, to ``"human"``, or (None) away from who had it; its history goes along."""
        self.handle(ConversationEscalated(conversation_id, now, to=to, event_id=event_id))  # type: ignore[arg-type]

    def reopen(self, conversation_id: str, now: Instant, *, event_id: str | None = None) -> Admission | None:
        """Let an ended conversation wait again."""
        return self.handle(ConversationReopened(conversation_id, now, event_id=event_id))  # type: ignore[arg-type,return-value]

    def complete(
        self, conversation_id: str, now: Instant, *, outcome: Outcome | None = None, event_id: str | None = None
    ) -> None:
        """End a conversation that an agent holds."""
        self.handle(ConversationCompleted(conversation_id, now, outcome=outcome, event_id=event_id))  # type: ignore[arg-type]

    def update_agent(self, agent: Agent, now: Instant, *, event_id: str | None = None) -> None:
        """Add an agent, or take over what the host says of one now.

        `Agent.load` is work that the router does not know of; what it gave the agent itself is counted besides.
        """
        self.handle(AgentUpdated(agent, now, event_id=event_id))  # type: ignore[arg-type]

    def remove_agent(self, agent_id: str, now: Instant, *, event_id: str | None = None) -> None:
        """Forget an agent; what it had waits again."""
        self.handle(AgentRemoved(agent_id, now, event_id=event_id))  # type: ignore[arg-type]

    def set_presence(
        self, agent_id: str, presence: str | Mapping[str, str], now: Instant, *, event_id: str | None = None
    ) -> None:
        """Let an agent sign in, go away or go offline; a mapping says so by channel."""
        self.handle(PresenceChanged(agent_id, presence, now, event_id=event_id))  # type: ignore[arg-type]

    def start_wrap_up(
        self, agent_id: str, now: Instant, *, ends_at: Instant | None = None, event_id: str | None = None
    ) -> None:
        """Keep an agent from new work until `ends_at`, or until told otherwise."""
        self.handle(WrapUpStarted(agent_id, now, ends_at=ends_at, event_id=event_id))  # type: ignore[arg-type]

    def end_wrap_up(self, agent_id: str, now: Instant, *, event_id: str | None = None) -> None:
        """Let an agent take new work again."""
        self.handle(WrapUpEnded(agent_id, now, event_id=event_id))  # type: ignore[arg-type]

    def accept(self, offer_id: str, now: Instant, *, event_id: str | None = None) -> Assignment | None:
        """Hear that an agent took what it was offered."""
        return self.handle(OfferAccepted(offer_id, now, event_id=event_id))  # type: ignore[arg-type,return-value]

    def decline(self, offer_id: str, now: Instant, *, reason: str | None = None, event_id: str | None = None) -> None:
        """Hear that an agent refused what it was offered; it is left alone with it for a while."""
        self.handle(OfferDeclined(offer_id, now, reason=reason, event_id=event_id))  # type: ignore[arg-type]

    def assign_externally(
        self, conversation_id: str, agent_id: str, now: Instant, *, event_id: str | None = None
    ) -> None:
        """Hear that a conversation was given to an agent by hand; that always wins."""
        self.handle(AssignedExternally(conversation_id, agent_id, now, event_id=event_id))  # type: ignore[arg-type]

    def claim_lost(self, conversation_id: str, now: Instant, *, event_id: str | None = None) -> None:
        """Hear that the host could not claim what was placed: it waits again, and the agent keeps its turn."""
        self.handle(ClaimLost(conversation_id, now, event_id=event_id))  # type: ignore[arg-type]

    def set_policy(self, policy: Policy | CodePolicy, now: Instant, *, event_id: str | None = None) -> None:
        """Let another policy decide from now on."""
        _check_arguments(policy, None, None, None)
        event = _policy_event(policy, as_instant(now), event_id)  # type: ignore[arg-type]
        if event_id is None or event_id not in self._core.desk.seen:
            self._core.use(policy)
            self.handle(event)

    def set_estimates(self, estimates: Estimates, now: Instant, *, event_id: str | None = None) -> None:
        """Let other estimates count from now on."""
        event = EstimatesChanged(estimates, now, event_id=event_id)  # type: ignore[arg-type]
        if event_id is None or event_id not in self._core.desk.seen:
            self._core.decider.estimates = estimates
            self.handle(event)

    # --- what is decided ---------------------------------------------------------------------------------------------

    def dispatch(self, now: Instant) -> Plan:
        """Decide about all that changed, and carry it out: assign, or offer.

        Parameters
        ----------
        now : float or datetime

        Returns
        -------
        Plan
            What was placed, and who of those that were looked at goes on waiting; with `offers` made and `revoked`.
        """
        return self._core.dispatch(self._core.instant(now))

    @property
    def next_wakeup(self) -> float | None:
        """When to call `dispatch` again if nothing happens, in POSIX seconds; None: not at all."""
        return self._core.next_wakeup

    # --- what is known -----------------------------------------------------------------------------------------------

    @property
    def now(self) -> float | None:
        """The latest instant heard of, in POSIX seconds."""
        return self._core.clock

    @property
    def journal(self) -> tuple[Event, ...]:
        """All records since the start, or since `take_journal`."""
        return tuple(self._core.journal)

    def take_journal(self) -> tuple[Event, ...]:
        """Return the records so far and forget them: for a host that stores them."""
        core = self._core
        taken, core.journal, core.past = tuple(core.journal), [], None
        return taken

    def status(self, conversation_id: str) -> str:
        """Return where a conversation stands, from `router.STATUSES`.

        Raises
        ------
        RouterStateError
            When the router does not know it.
        """
        return case_of(self._core.desk, conversation_id).status

    def agent_of(self, conversation_id: str) -> str | None:
        """Return who holds a conversation, or has it paused."""
        return case_of(self._core.desk, conversation_id).agent

    @property
    def held(self) -> Mapping[str, Held]:
        """Everybody who waits, in order of arrival, with the reason of the last decision about it."""
        waiting = sorted(self._core.desk.lines, key=lambda case: (case.arrived_at, case.id))
        return FrozenMap(
            {c.id: Held(c.id, c.reason, c.review_at, c.blocked_by) for c in waiting if c.reason is not None}
        )

    @property
    def offers(self) -> Mapping[str, Offer]:
        """Open offers by id."""
        return FrozenMap(self._core.desk.offers)

    def load(self, agent_id: str) -> float:
        """Return an agent's units in use, wrap-up and open offers included."""
        return seat_of(self._core.desk, agent_id).used / 1000

    def context(self, conversation_id: str) -> Context:
        """Return what is known of a conversation, so that nothing is asked twice."""
        return self._core.context(conversation_id)

    # --- what people ask ---------------------------------------------------------------------------------------------

    def next_for(self, agent_id: str, now: Instant) -> Suggestion:
        """Return what an agent should take next, with the reason; nothing is assigned by asking.

        The host gives it with `assign_externally` when the agent takes it.

        Raises
        ------
        RouterStateError
            When the agent is not known.
        """
        at = self._asked(now)
        return suggestion_for(
            self._core.desk, self._core.decider, self._core.live.at(at), seat_of(self._core.desk, agent_id), at
        )

    def candidates(self, conversation_id: str, now: Instant) -> tuple[Candidate, ...]:
        """Return all agents for a conversation: those who could take it by worth, then the others with the reason.

        Raises
        ------
        RouterStateError
            When the conversation is not known.
        """
        at = self._asked(now)
        return candidates_for(self._core.decider, self._core.live.at(at), case_of(self._core.desk, conversation_id), at)

    def explain(self, conversation_id: str, now: Instant | None = None) -> Explanation:
        """Explain why a conversation waits, or why its agent got it.

        A past decision is read from its plan while that is remembered, and otherwise decided again on the state that
        the journal had brought about by then: the same numbers.

        Raises
        ------
        RouterStateError
            When the conversation is not known, was never decided about, or the records of its decision were taken by
            `take_journal`: then restore a router from an earlier snapshot and these records, and ask that.
        """
        core = self._core
        case = case_of(core.desk, conversation_id)
        if case.status == "waiting":
            at = self._asked(now)
            return explained(core.desk, core.decider, core.live.at(at), case, at)
        if case.decision is None:
            message = f"conversation {conversation_id!r} is {case.status}, and no decision gave it to anybody"
            raise RouterStateError(message)
        return core.plan_of(case.decision).explain(conversation_id)

    def estimated_wait(self, conversation_id: str, now: Instant | None = None) -> WaitEstimate:
        """Return how long a waiting conversation still has to wait, with an interval and its position.

        Raises
        ------
        RouterStateError
            When it does not wait.
        """
        case = case_of(self._core.desk, conversation_id, "waiting", "offered")
        at = self._asked(now)
        self._core.live.refresh(at)
        return self._core.decider.board.estimate(case, self._core.live, at)

    def reconcile(self, host: HostState | Mapping[str, Any], now: Instant | None = None) -> tuple[Drift, ...]:
        """Compare with what the host holds, put right what can be, the host's way, and return all differences.

        Parameters
        ----------
        host : HostState, or mapping
            Also as plain data: ``{"conversations": {id: {"status": ..., "agent": ...}}, "agents": {id: presence}}``.
        now : float or datetime, optional
            None: the latest instant heard of.
        """
        state = as_host_state(host)
        at = self._asked(now)
        found = []
        for drift in drifts(self._core.desk, state, at):
            for event in drift.repair:
                self.handle(event)
            found.append(drift)
        return tuple(found)

    def _asked(self, now: Instant | None) -> float:
        """Let time pass until an instant at which somebody asks; None: the latest one heard of."""
        core = self._core
        at = core.instant(now if now is not None else core.clock or 0.0)
        core.pass_until(at)
        core.clock = at
        return at

    # --- memory in the open ------------------------------------------------------------------------------------------

    def setup(self) -> dict[str, Any]:
        """Return how the router was set up, as plain data: the head of a journal."""
        return self._core.setup()

    def snapshot(self) -> dict[str, Any]:
        """Return everything that decides as plain, JSON-able data; starts with its schema."""
        return self._core.snapshot()

    @classmethod
    def restore(
        cls,
        snapshot: Mapping[str, Any],
        *,
        journal: Iterable[Event] = (),
        policy: Policy | CodePolicy | None = None,
    ) -> Router:
        """Make a router from a snapshot, and bring it up to date with the records that came after.

        Parameters
        ----------
        snapshot : mapping
            What `snapshot` returned, also after a round through JSON.
        journal : iterable of Event
            Records after the snapshot; applied as they are, nothing is decided again.
        policy : Policy or code, optional
            Needed where code decided; otherwise the snapshot's own policy goes on.

        Raises
        ------
        SchemaVersionError, CorruptRecordError
            When the snapshot is of another version or kind, or does not hold together.
        InvalidInputError
            When code decided and none is given.
        """
        core = Core.of_snapshot(snapshot, _policy_of(snapshot, policy))
        records = _as_records(journal)
        _replay(core, records)
        core.journal.clear()
        core.past = (snapshot, records)
        return cls._of(core)

    @classmethod
    def replay(
        cls,
        journal: Iterable[Event],
        *,
        policy: Policy | CodePolicy | None = None,
        offers: OfferRules | float | None = None,
        estimates: Estimates | None = None,
        queues: Iterable[Queue] = (),
        seed: int | None = None,
        settings: RouterSettings | None = None,
    ) -> Router:
        """Make a router from a whole journal; the other arguments are those of the router that wrote it.

        The result equals that router: ``replayed.snapshot() == router.snapshot()``.
        """
        router = cls(policy=policy, offers=offers, estimates=estimates, queues=queues, seed=seed, settings=settings)
        _replay(router._core, _as_records(journal))
        return router

    @classmethod
    def _of(cls, core: Core) -> Router:
        router = cls()
        router._core = core
        return router

    # --- inside ------------------------------------------------------------------------------------------------------

    def _admission(self, conversation_id: str) -> Admission:
        case = self._core.desk.cases[conversation_id]
        said, _, reason = (case.admitted or "").partition(": ")
        return Admission(said or case.status, case.queue, reason or None)


def _policy_of(snapshot: Mapping[str, Any], policy: Policy | CodePolicy | None) -> Policy | CodePolicy:
    """Return the policy that goes on after a snapshot."""
    check_snapshot(snapshot)
    if policy is not None:
        _check_arguments(policy, None, None, None)
        return policy
    data = snapshot.get("policy")
    if isinstance(data, Mapping) and "code" not in data:
        try:
            return policy_from_data(data)
        except InvalidInputError as error:
            message = f"the policy of the snapshot cannot be used: {error}"
            raise CorruptRecordError(message) from error
    if isinstance(data, Mapping):
        faults = Faults()
        faults.add(f"must be given: code decided ({data['code']})", place="policy")
        faults.raise_if_any()
    message = "the snapshot cannot be used: it has no policy"
    raise CorruptRecordError(message)


def _as_records(journal: Iterable[Event]) -> tuple[Event, ...]:
    if is_a(journal, Mapping) or not is_a(journal, Iterable):
        faults = Faults()
        faults.add("must be a sequence of records", place="journal", given=journal)
        faults.raise_if_any()
    return tuple(journal)


def _replay(core: Core, records: tuple[Event, ...]) -> None:
    """Apply records of a journal; what it leaves behind when one is damaged is of no use to anybody."""
    for number, event in enumerate(records):
        try:
            core.replay(event)
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, AssertionError) as error:
            if isinstance(error, RoutematchError):
                raise
            message = f"record {number} of the journal cannot be used: {type(error).__name__}: {error}"
            raise CorruptRecordError(message) from error


_FROM_HOST = frozenset(EVENTS.values()) - {Dispatched, OfferExpired, GraceEnded, ConversationOverflowed}


def _as_offer_rules(offers: object) -> OfferRules | None:
    if offers is None or is_a(offers, OfferRules):
        return offers  # type: ignore[return-value]  # narrowed
    if offers is True:
        return OfferRules()
    if is_a(offers, Mapping):
        return from_data(offers, OfferRules)
    try:
        return OfferRules(offers)  # type: ignore[arg-type]  # checked there
    except InvalidInputError as error:
        raise InvalidInputError(fault._replace(place="offers") for fault in error.faults) from None


def _check_arguments(policy: object, estimates: object, seed: object, settings: object) -> None:
    faults = Faults()
    if policy is not None and not is_a(policy, Policy) and not is_code(policy):
        faults.add("must be a Policy, or code with decide, on_arrival or on_free", place="policy", given=policy)
    if estimates is not None and not is_a(estimates, Estimates):
        faults.add("must be Estimates", place="estimates", given=estimates)
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or seed < 0):
        faults.add("must be a whole number of at least 0", place="seed", given=seed)
    if settings is not None and not is_a(settings, RouterSettings):
        faults.add("must be RouterSettings(...)", place="settings", given=settings)
    faults.raise_if_any()


def _policy_event(policy: Policy | CodePolicy, at: float, event_id: str | None) -> PolicyChanged:
    if isinstance(policy, Policy):
        data, fingerprint = policy.to_data(), policy.fingerprint
        return PolicyChanged(policy.name, at, fingerprint=fingerprint, policy=data, event_id=event_id)
    return PolicyChanged(type(policy).__name__, at, event_id=event_id)
