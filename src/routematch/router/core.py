"""What moves a router: records are applied and kept, time is carried out, decisions are made and can be made again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from routematch.codec import from_data, to_data
from routematch.errors import CorruptRecordError, Faults, InvalidInputError, RouterStateError
from routematch.model import Context, Estimates, Offer
from routematch.model.checks import check_count, check_instant
from routematch.model.events import (
    EVENTS,
    ConversationOverflowed,
    ConversationResumed,
    Dispatched,
    EstimatesChanged,
    Event,
    GraceEnded,
    OfferExpired,
    PolicyChanged,
    WrapUpEnded,
)
from routematch.model.frozen import FrozenMap
from routematch.model.instants import Instant, as_instant
from routematch.policies import Policy, policy_from_data
from routematch.router.columns import LiveRoster
from routematch.router.conversation_events import case_of
from routematch.router.desk import Desk, looks_at
from routematch.router.dispatching import Decider, Step
from routematch.router.reducer import apply, check
from routematch.router.snapshots import desk_of, snapshot_of
from routematch.routing.code import CodePolicy
from routematch.routing.memory import DECISIONS
from routematch.routing.plan import Plan

__all__ = ["Core"]

#: Plans that are remembered for explanations; each holds the columns of its decision.
_PLANS_KEPT = 32
_RECORDS = frozenset(EVENTS.values())


class Core:
    """A desk with its journal, its clock and its decider.

    Attributes
    ----------
    desk : Desk
    journal : list of Event
        Records since the start, or since they were taken.
    clock : float or None
        The latest instant heard of.
    past : (snapshot, records) or None
        What decisions that are no longer remembered are made again from; None when the records were taken.
    """

    def __init__(self, desk: Desk, policy: Policy | CodePolicy, estimates: Estimates | None, seed: int) -> None:
        self.desk, self.seed = desk, seed
        self.journal: list[Event] = []
        self.clock = desk.now
        self.past: tuple[Mapping[str, Any], tuple[Event, ...]] | None = None
        self.live = LiveRoster(desk)
        self.decider = Decider(desk, policy, estimates, seed, self.live)
        self.decider.remake = self.decided_again
        self._plans: dict[int, Plan] = {}
        self.use(policy)

    def use(self, policy: Policy | CodePolicy) -> None:
        """Let a policy decide from now on."""
        self.decider.policy = policy
        self.desk.looks_at = looks_at(policy)

    # --- records and time --------------------------------------------------------------------------------------------

    def record(self, event: Event) -> None:
        """Apply a record and keep it."""
        apply(self.desk, event)
        self.journal.append(event)

    def replay(self, event: Event) -> None:
        """Apply a record of a journal: what time brought and what was decided is in it already."""
        if type(event) not in _RECORDS:
            faults = Faults()
            faults.add("must be a record of a journal", place="journal", given=event)
            faults.raise_if_any()
        check(self.desk, event)
        if isinstance(event, PolicyChanged) and event.policy:
            self.use(policy_from_data(event.policy))
        elif isinstance(event, EstimatesChanged):
            self.decider.estimates = event.estimates
        self.record(event)
        self.clock = self.desk.now

    def instant(self, now: Instant) -> float:
        """Return an instant as seconds, never before the latest one heard of.

        Raises
        ------
        InvalidInputError
            When it is none.
        """
        faults = Faults()
        at = check_instant(faults, "now", as_instant(now))
        if at is None:
            faults.add("must be given", place="now")
        faults.raise_if_any()
        assert at is not None
        return self.not_before(at)

    def not_before(self, at: float) -> float:
        """Return an instant, or the latest one heard of where it lies before that."""
        return at if self.clock is None else max(at, self.clock)

    def pass_until(self, at: float) -> None:
        """Carry out what time brought until now, each at its own instant."""
        desk = self.desk
        for due_at, (kind, identifier) in desk.timers.due(at):
            instant = due_at if desk.now is None else max(due_at, desk.now)
            if kind == "offer":
                self.record(OfferExpired(identifier, instant))
            elif kind == "wrap_up":
                self.record(WrapUpEnded(identifier, instant, only_due=True))
            elif kind == "grace":
                self.record(GraceEnded(identifier, instant))
            elif kind == "overflow":
                queue = desk.cases[identifier].queue
                overflow = desk.queues[queue].overflow if queue is not None else None
                self.record(ConversationOverflowed(identifier, instant, overflow))
            else:
                self.record(ConversationResumed(identifier, instant))

    # --- decisions ---------------------------------------------------------------------------------------------------

    def dispatch(self, at: float) -> Plan:
        """Decide about all that changed, and carry it out."""
        desk = self.desk
        self.pass_until(at)
        self.clock = at
        gathers = self.gathers_until()
        if gathers is not None and gathers > at:
            return self._nothing(at)
        desk.wake(at)
        revoked = tuple(desk.revoked)
        if not (desk.dirty_cases or desk.dirty_seats or revoked):
            return self._nothing(at)
        steps = self.decider.steps(at, self.record)
        self._remember(steps)
        if not steps:
            self.record(Dispatched(at=at))
            return evolve(self._nothing(at), revoked=revoked)
        return self._joined(steps, revoked)

    def gathers_until(self) -> float | None:
        """Return until when changes are gathered before they are decided together; None when nothing changed."""
        desk = self.desk
        if desk.dirty_since is None or not (desk.dirty_cases or desk.dirty_seats):
            return None
        return desk.dirty_since + desk.settings.batch_time

    @property
    def next_wakeup(self) -> float | None:
        """When to call again if nothing happens."""
        gathers = self.gathers_until()
        timer, wakeup = self.desk.timers.next(), self.desk.wakeups.next()
        soonest = [] if timer is None else [timer[0]]
        if gathers is not None:  # what time alone changes is looked at together with what is gathered
            soonest.append(gathers)
        elif wakeup is not None:
            soonest.append(wakeup[0])
        return min(soonest, default=None)

    def _remember(self, steps: list[Step]) -> None:
        """Keep the last plans, which explanations are read from."""
        for step in steps:
            if step.plan.assignments and step.record.number is not None:
                self._plans[step.record.number] = step.plan
        while len(self._plans) > _PLANS_KEPT:
            del self._plans[next(iter(self._plans))]

    def _joined(self, steps: list[Step], revoked: tuple[Offer, ...]) -> Plan:
        """Return several steps as one plan; offers get their context."""
        plans = [step.plan for step in steps]
        offers = tuple(evolve(o, context=self.context(o.conversation)) for plan in plans for o in plan.offers)
        if len(plans) == 1:
            return evolve(plans[0], offers=offers, revoked=revoked) if offers or revoked else plans[0]
        assignments = {c: a for plan in plans for c, a in plan.assignments.items()}
        held = {c: h for plan in plans for c, h in plan.held.items() if c not in assignments}
        return evolve(
            plans[-1],
            assignments=FrozenMap(assignments),
            held=FrozenMap(held),
            worth=sum(plan.worth for plan in plans),
            bound=sum(plan.bound for plan in plans),
            is_optimal=all(plan.is_optimal for plan in plans),
            warnings=tuple(dict.fromkeys(w for plan in plans for w in plan.warnings)),
            faults=tuple(fault for plan in plans for fault in plan.faults),
            offers=offers,
            revoked=revoked,
            parts=tuple(plans),
        )

    def _nothing(self, at: float) -> Plan:
        """Return the plan of an instant at which nothing had to be decided."""
        decider, policy = self.decider, self.decider.policy
        return Plan(
            now=at,
            assignments=FrozenMap(),
            held=FrozenMap(),
            worth=0.0,
            bound=0.0,
            is_optimal=True,
            memory={DECISIONS: self.desk.decisions},
            warnings=(),
            faults=(),
            policy=policy.name if isinstance(policy, Policy) else type(policy).__name__,
            fingerprint=policy.fingerprint if isinstance(policy, Policy) else "",
            trace=lambda: decider.plan(decider.problem([], self.live.at(at), at)).trace,
        )

    def plan_of(self, number: int) -> Plan:
        """Return a past decision: as it was made, or made again."""
        plan = self._plans.get(number)
        return self.decided_again(number) if plan is None else plan

    def decided_again(self, number: int) -> Plan:
        """Return a past plan, made again on the state before it.

        Raises
        ------
        RouterStateError
            When the records are not at hand.
        """
        start, earlier = self.past if self.past is not None else ({}, ())
        records = (*earlier, *self.journal)
        wanted = (isinstance(event, Dispatched) and event.number == number for event in records)
        place = next((place for place, is_it in enumerate(wanted) if is_it), None)
        if self.past is None or place is None:
            message = f"the records of decision {number} are not at hand: they were taken"
            raise RouterStateError(message)
        policy = self.decider.policy
        core = Core.of_snapshot(start, policy_from_data(start["policy"]) if isinstance(policy, Policy) else policy)
        for event in records[:place]:
            core.replay(event)
        at = records[place].at
        core.desk.wake(at)
        core.decider.without_lane()
        return next(step.plan for step in core.decider.steps(at, core.record) if step.record.number == number)

    def context(self, conversation_id: str) -> Context:
        """Return what is known of a conversation, so that nothing is asked twice."""
        case = case_of(self.desk, conversation_id)
        attempts = tuple(case.attempts or ())
        channels = dict.fromkeys((*(attempt.channel for attempt in attempts), case.conversation.channel))
        known = self.desk.customers.get(case.conversation.customer or "", {})
        return Context(
            conversation=case.conversation,
            arrived_at=case.arrived_at,
            attempts=attempts,
            channels=tuple(channels),
            outcomes=case.outcomes,
            transfers=case.transfers,
            escalations=case.escalations,
            known_agents=tuple(reversed(known)),
        )

    # --- as data -----------------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """Return everything that decides as plain data."""
        return snapshot_of(self.desk) | {
            "seed": self.seed,
            "policy": policy_data(self.decider.policy),
            "estimates": to_data(self.decider.estimates),
        }

    @classmethod
    def of_snapshot(cls, snapshot: Mapping[str, Any], policy: Policy | CodePolicy) -> Core:
        """Return the core that a snapshot was taken of.

        Raises
        ------
        SchemaVersionError, CorruptRecordError
            When it is of another version or kind, or does not hold together.
        """
        desk = desk_of(snapshot, looks_at(policy))
        try:
            estimates, faults = from_data(snapshot["estimates"], Estimates), Faults()
            seed = check_count(faults, "seed", snapshot["seed"])
            faults.raise_if_any()
        except (KeyError, InvalidInputError) as error:
            message = f"the snapshot cannot be used: {error}"
            raise CorruptRecordError(message) from error
        return cls(desk, policy, estimates, seed)

    def setup(self) -> dict[str, Any]:
        """Return how the router was set up, as plain data."""
        desk = self.desk
        return {
            "settings": to_data(desk.settings),
            "offers": None if desk.offer_rules is None else to_data(desk.offer_rules),
            "queues": [to_data(queue) for _, queue in sorted(desk.queues.items())],
            "seed": self.seed,
            "policy": policy_data(self.decider.policy),
            "estimates": to_data(self.decider.estimates),
        }


def policy_data(policy: Policy | CodePolicy) -> dict[str, Any]:
    """Return a policy as plain data; code by its name."""
    return policy.to_data() if isinstance(policy, Policy) else {"code": type(policy).__name__}
