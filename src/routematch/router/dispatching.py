"""Which conversations and agents must be looked at again after what changed, and what is decided for them.

Between two decisions no conversation that waits has a pair with a free agent that is worth having: otherwise it would
have been used. So only pairs with a changed conversation or a changed agent can be. A decision over these alone is as
good as one over everybody, and the same: it is made by the same `routing.decide`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from attrs import define, evolve, field, frozen

from routematch.errors import RouterStateError
from routematch.model import Assignment, Conversation, Estimates, Expectation, Held, Offer
from routematch.model.events import Dispatched, HeldRecord, Placement
from routematch.model.frozen import FrozenMap
from routematch.policies import Policy
from routematch.router.cases import Case
from routematch.router.columns import LiveRoster, part
from routematch.router.desk import Desk
from routematch.router.lane import Lane, Quick
from routematch.router.seats import Seat
from routematch.router.waits import WaitBoard
from routematch.routing.code import CodePolicy, decide_by_code, measure_of
from routematch.routing.decide import decide
from routematch.routing.memory import DECISIONS, generator_of, half_time_of_shares
from routematch.routing.plan import Plan
from routematch.routing.review import next_steps, review_instants
from routematch.routing.stateless import plan_of
from routematch.routing.ties import ROTATION, UNASSIGNED
from routematch.rules import Rule
from routematch.state import THOUSANDTHS, Backlog, Problem, Roster
from routematch.terms import Due, Priority, Term, Waiting
from routematch.terms.shares import GIVEN

__all__ = ["Decider", "Step"]

#: More heads than anybody needs.
_ALL = 10**9
#: Waits that are estimated in one step: a sample of a burst teaches as much as all of it.
_MOST_FORECASTS = 20
#: New conversations beyond which only the heads of their lines are looked at.
_BURST = 1_000
#: Terms whose answer for one agent depends on who else is there.
_LOOK_AROUND = frozenset({"scarcity", "fair_share", "group_share"})


@frozen(eq=False)
class Step:
    """One decision, as a plan for the user and as a record for the desk."""

    plan: Plan
    record: Dispatched
    dropped: tuple[str, ...] = ()


@define(eq=False)
class _Question:
    """Who is looked at in one step."""

    rows: list[Case]
    roster: Roster
    fresh: set[str] = field(factory=set)
    behind: tuple[Case, ...] = ()


class Decider:
    """Asks the policy about what changed."""

    def __init__(
        self, desk: Desk, policy: Policy | CodePolicy, estimates: Estimates | None, seed: int, roster: LiveRoster
    ) -> None:
        self._desk, self._seed, self._live = desk, seed, roster
        self._estimates = estimates or Estimates()
        self.board = WaitBoard(desk)
        self.remake: Callable[[int], Plan] = _not_at_hand
        self.policy = policy

    @property
    def estimates(self) -> Estimates:
        """What history says."""
        return self._estimates

    @estimates.setter
    def estimates(self, estimates: Estimates) -> None:
        self._estimates = estimates
        self._lane = self._made_lane(self._policy)

    @property
    def policy(self) -> Policy | CodePolicy:
        """What decides."""
        return self._policy

    @policy.setter
    def policy(self, policy: Policy | CodePolicy) -> None:
        self._policy = policy
        self._settings_of = policy if isinstance(policy, Policy) else measure_of(policy)
        self._is_local = _is_local(policy)
        self._desk.seconds_per_priority = self._settings_of.seconds_per_priority
        self._lane = self._made_lane(policy)

    def without_lane(self) -> None:
        """Ask `decide` about everything, for the sake of its trace."""
        self._lane = None

    def _made_lane(self, policy: Policy | CodePolicy) -> Lane | None:
        settings = self._desk.settings
        if not isinstance(policy, Policy) or not self._is_local or settings.reserves or settings.interruptible:
            return None
        empty = self.problem([], self._live.base, 0.0)
        return Lane(self._desk, self._live, policy) if Lane.fits(policy, empty) else None

    def steps(self, now: float, apply: Callable[[Dispatched], None]) -> list[Step]:
        """Decide about all that changed, step by step; each record is applied before the next step.

        Urgent work goes before a reserve, and what interrupts before what can be interrupted. What a rate limit cut
        off is decided again without the agents at their limit.
        """
        desk = self._desk
        self._live.refresh(now)
        made = self._quick_steps(now, apply)
        if made is not None:
            return made
        made = []
        fresh, freed = list(desk.dirty_cases), [s for s in map(desk.seats.get, desk.dirty_seats) if s is not None]
        for stage in self._stages():
            wanted, again = fresh, True
            while again:
                question = self._question(stage, wanted, freed, now)
                if question is None:
                    break
                step = self._decided(question, now)
                apply(step.record)
                made.append(step)
                again, wanted = bool(step.dropped), list(step.dropped)
        return made

    # --- the quick way ---------------------------------------------------------------------------------------------

    def _quick_steps(self, now: float, apply: Callable[[Dispatched], None]) -> list[Step] | None:
        """Return the steps for one arrival, or for one freed agent; None where `decide` must be asked."""
        desk, lane = self._desk, self._lane
        if lane is None or len(desk.dirty_cases) > 1 or any(map(desk.lines.naming, desk.dirty_seats)):
            return None
        seats = [
            seat for seat in map(desk.seats.get, desk.dirty_seats) if seat is not None and self._may_take(seat, now)
        ]
        if desk.dirty_cases:
            case = desk.cases[next(iter(desk.dirty_cases))]
            quick = None if seats or case.status != "waiting" else lane.arrival(case, self.problem, now)
            return None if quick is None else [self._carried_out(quick, now, apply)]
        if len(seats) != 1:
            return None if seats else []
        made: list[Step] = []
        while len(desk.lines) and self._may_take(seats[0], now):
            quick = lane.freed(seats[0], self.problem, now)
            if quick is None:
                return made or None
            if quick.position < 0:
                break
            made.append(self._carried_out(quick, now, apply))
            self._live.refresh(now)
        return made

    def _may_take(self, seat: Seat, now: float) -> bool:
        free = int(self._live.free[self._live.index[seat.id]])
        return free >= seat.least_cost and seat.kept_until(now, self._desk.settings) is None

    def _carried_out(self, quick: Quick, now: float, apply: Callable[[Dispatched], None]) -> Step:
        """Return a quick decision as a step, and apply it."""
        case, number = quick.case, self._desk.decisions
        assert isinstance(self._policy, Policy)
        assignments: dict[str, Assignment] = {}
        held: dict[str, Held] = {}
        placements: tuple[Placement, ...] = ()
        records: tuple[HeldRecord, ...] = ()
        if quick.position < 0:
            waits = self._waiting_on(case, now)
            held = {case.id: Held(case.id, waits.reason, waits.review_at, waits.blocked_by)}
            records = (waits,)
        else:
            assignment = self._assigned(quick)
            assignments = {case.id: assignment}
            placements = (self._placement(assignment, now, 1, None),)
        record = Dispatched(
            at=now, number=number, fingerprint=self._policy.fingerprint, placements=placements, held=records
        )
        plan = Plan(
            now=now,
            assignments=FrozenMap(assignments),
            held=FrozenMap(held),
            worth=quick.worth,
            bound=quick.worth,
            is_optimal=True,
            memory={DECISIONS: number + 1},
            warnings=(),
            faults=(),
            policy=self._policy.name,
            fingerprint=self._policy.fingerprint,
            trace=lambda: self.remake(number).trace,
            offers=tuple(_offer_of(placement, now) for placement in placements if placement.offer is not None),
        )
        apply(record)
        return Step(plan, record)

    def _assigned(self, quick: Quick) -> Assignment:
        live, view = self._live, quick.case.view
        assert view is not None
        seat = self._desk.seats[live.ids[quick.position]]
        free = float(live.free[quick.position]) / THOUSANDTHS
        return Assignment(
            conversation=view.id,
            agent=seat.id,
            worth=quick.worth,
            value=quick.value,
            expect=Expectation(view.version, seat.agent.version, free),
            stage=quick.case.stage,
            units=seat.cost(view.channel) / THOUSANDTHS,
        )

    def _waiting_on(self, case: Case, now: float) -> HeldRecord:
        """Say why nobody can take a conversation whom somebody could."""
        view = case.seen(now)
        is_there = self._lane is not None and self._lane.somebody_present(case, self.problem, now)
        review_at = min(self._desk.next_step(view, now), self._live.next_edge(now))
        return HeldRecord(
            case.id,
            "at_capacity" if is_there else "nobody_present",
            None if math.isinf(review_at) else review_at,
            "room" if is_there else "presence",
            self._forecast(case, now),
        )

    def _forecast(self, case: Case, now: float) -> tuple[float, ...]:
        return () if case.forecast else self.board.estimate(case, self._live, now).forecast

    # --- by and by -------------------------------------------------------------------------------------------------

    def _stages(self) -> list[_Stage]:
        settings = self._desk.settings
        if settings.reserves or settings.interruptible:
            return [_Stage(kind) for kind in ("interrupting", "urgent", "other")]
        return [_Stage("all")]

    # --- who is looked at ------------------------------------------------------------------------------------------

    def _question(self, stage: _Stage, fresh: Iterable[str], freed: list[Seat], now: float) -> _Question | None:
        desk = self._desk
        new = {i for i in fresh if (case := desk.cases.get(i)) is not None and case.status == "waiting"}
        new.update(case.id for seat in freed for case in desk.lines.named(seat.id))  # who may have waited for it
        roster = self._live.at(now)
        if stage.kind != "all":
            roster, everybody = self._staged(stage, roster, now), True
        else:
            everybody = not self._is_local
        able = [seat for seat in freed if seat.id in roster.index and _has_room(roster, seat)]
        if not new and not able:
            return None
        if everybody:
            rows = list(desk.lines) if not self._is_local else self._heads(list(desk.seats.values()), roster, new)
        elif len(new) > _BURST:
            rows = self._heads(list(desk.seats.values()), roster, ())
        elif not able:
            rows = [desk.cases[i] for i in sorted(new)]
        else:
            rows = self._heads(able, roster, new)
            if not new:
                roster = part(roster, np.array(sorted(roster.index[seat.id] for seat in able), np.intp))
        rows = [case for case in rows if stage.takes(case, desk)]
        if not rows:
            return None
        return _Question(rows, roster, new, self._behind(rows, new) if len(new) > _BURST and self._is_local else ())

    def _behind(self, rows: list[Case], new: Iterable[str]) -> tuple[Case, ...]:
        """Return what is new but stands behind as many of its line as could be served at most."""
        looked_at = {case.id for case in rows}
        return tuple(self._desk.cases[i] for i in sorted(new) if i not in looked_at)

    def _heads(self, seats: list[Seat], roster: Roster, new: Iterable[str]) -> list[Case]:
        """Return all that could be among the best for some agents, and what is new."""
        free = 0
        for seat in seats:
            position = roster.index[seat.id]
            left = int(roster.units[position] - roster.used[position])
            free += _ALL if seat.least_cost == 0 else max(left // seat.least_cost, 0)
        found = {case.id: case for case in self._desk.lines.heads(min(max(free, 1), _ALL), [seat.id for seat in seats])}
        for identifier in new:
            found.setdefault(identifier, self._desk.cases[identifier])
        return list(found.values())

    def _staged(self, stage: _Stage, roster: Roster, now: float) -> Roster:
        """Return the roster as one stage sees it: with rest for what interrupts, without the reserve for the others."""
        desk, settings = self._desk, self._desk.settings
        used, presence_of = roster.used.copy(), roster.presence_of.copy()
        if settings.interruptible:
            for seat in desk.seats.values():
                interrupts = stage.kind == "interrupting"
                used[roster.index[seat.id]] += -_can_rest(desk, seat) if interrupts else _rests(desk, seat)
        presences = roster.presences
        if stage.kind == "other":
            kept = _kept(desk, roster, now)
            if kept:
                presences = (*presences, "kept")
                presence_of[kept] = len(presences) - 1
        return evolve(roster, used=used, presence_of=presence_of, presences=presences)

    # --- what is decided -------------------------------------------------------------------------------------------

    def problem(self, conversations: list[Conversation], roster: Roster, now: float, **known: Any) -> Problem:
        """Return a decision to be taken, in columns."""
        desk, settings_of = self._desk, self._settings_of
        backlog = Backlog.of(conversations, now=now, queues=desk.queues, looks_at=settings_of.looks_at)
        return Problem(
            now=now,
            backlog=backlog,
            roster=roster,
            settings=settings_of.settings,
            estimates=self.estimates,
            memory=self._memory(),
            queues=desk.queues,
            **known,
        )

    def ask(self, cases: list[Case], roster: Roster, now: float) -> Plan:
        """Return what the policy would say about some conversations and agents; nothing is carried out."""
        question = _Question(cases, roster)
        views = [case.seen(now) for case in cases]
        return self.plan(self.problem(views, roster, now, prospects=self._prospects(question, now)))

    def plan(self, problem: Problem) -> Plan:
        """Return what the policy says to a problem."""
        generator = generator_of(self._seed, problem.memory)
        if isinstance(self._policy, Policy):
            trace = decide(problem, self._policy, generator)
            return plan_of(trace, problem.memory, review_instants(trace))
        trace, wake_at = decide_by_code(problem, self._policy, generator)
        return plan_of(trace, problem.memory, np.minimum(next_steps(trace), np.inf if wake_at is None else wake_at))

    def _memory(self) -> dict[str, Any]:
        desk = self._desk
        memory: dict[str, Any] = {DECISIONS: desk.decisions}
        ties = self._policy.ties if isinstance(self._policy, Policy) else ()
        if desk.rotation is not None:
            memory[ROTATION] = desk.rotation
        if "unassigned" in ties:
            given = {seat.id: seat.assigned_at for seat in desk.seats.values() if seat.assigned_at is not None}
            memory[UNASSIGNED] = dict(sorted(given.items()))
        if desk.given:
            memory[GIVEN] = desk.given
        return memory

    def _decided(self, question: _Question, now: float) -> Step:
        views = [case.seen(now) for case in question.rows]
        prospects = self._prospects(question, now)
        plan = self.plan(self.problem(views, question.roster, now, prospects=prospects))
        placements, dropped = self._placed(plan, now)
        for identifier in dropped:
            plan = _without(plan, identifier)
        if question.behind:
            plan = evolve(plan, held=FrozenMap({**plan.held, **_behind_others(plan, question)}))
        held = self._held(plan, question, now)
        record = Dispatched(
            at=now,
            number=self._desk.decisions,
            fingerprint=plan.fingerprint,
            placements=placements,
            held=held,
            share_half_time=half_time_of_shares(self._policy),
            turns=_turns(plan) if plan.memory.get(ROTATION) != self._desk.rotation else (),
        )
        offers = tuple(_offer_of(placement, now) for placement in placements if placement.offer is not None)
        return Step(evolve(plan, offers=offers), record, dropped)

    def _placed(self, plan: Plan, now: float) -> tuple[tuple[Placement, ...], tuple[str, ...]]:
        """Return the pairs of a plan as placements, and the conversations that rate limits cut off."""
        dropped = self._over_limit(plan, now)
        placements: list[Placement] = []
        chance = self._chance(plan)
        for assignment in plan.assignments.values():
            if assignment.conversation in dropped:
                continue
            placements.append(self._placement(assignment, now, len(placements) + 1, chance))
        return tuple(placements), dropped

    def _placement(self, assignment: Assignment, now: float, place: int, chance: float | None) -> Placement:
        desk, rules = self._desk, self._desk.offer_rules
        return Placement(
            assignment.conversation,
            assignment.agent,
            assignment.worth,
            assignment.value,
            assignment.units,
            assignment.stage,
            offer=None if rules is None else f"offer-{desk.offers_made + place}",
            expires_at=None if rules is None else _later(now, rules.answer_time),
            propensity=chance,
        )

    def _over_limit(self, plan: Plan, now: float) -> tuple[str, ...]:
        desk = self._desk
        if desk.settings.rate_limit is None and desk.settings.ramp_in is None:
            return ()
        given: dict[str, list[str]] = {}
        for assignment in plan.assignments.values():
            given.setdefault(assignment.agent, []).append(assignment.conversation)
        dropped: list[str] = []
        for agent, conversations in given.items():
            room, _ = desk.seats[agent].allowance(now, desk.settings)
            if room is not None and len(conversations) > room:
                by_worth = sorted(conversations, key=lambda c: -plan.assignments[c].worth)
                dropped.extend(by_worth[room:])
        return tuple(dropped)

    def _chance(self, plan: Plan) -> float | None:
        """Return the probability of the only pair of a plan where chance chose among equals; None otherwise."""
        if not isinstance(self._policy, Policy) or "random" not in self._policy.ties or len(plan.assignments) != 1:
            return None
        trace = plan.trace
        if len(trace.agent_of) != 1:
            return None
        _, values = trace.candidates_of(0)
        steps = np.rint(values / self._policy.resolution)
        return 1.0 / float((steps == steps.max()).sum())

    def _held(self, plan: Plan, question: _Question, now: float) -> tuple[HeldRecord, ...]:
        """Return what is new about those that wait on."""
        records: list[HeldRecord] = []
        for held in plan.held.values():
            case = self._desk.cases[held.conversation]
            review_at = held.review_at
            if review_at is not None:
                review_at = max(review_at, _later(now, self._desk.settings.review_time))
            if case.review_at is not None and case.review_at > now and held.conversation not in question.fresh:
                review_at = min(case.review_at, math.inf if review_at is None else review_at)
            if held.conversation in question.fresh or case.reason is None:
                forecast = self._forecast(case, now) if len(records) < _MOST_FORECASTS else ()
                records.append(HeldRecord(held.conversation, held.reason, review_at, held.blocked_by, forecast))
            elif review_at != case.review_at:
                records.append(HeldRecord(held.conversation, case.reason, review_at, case.blocked_by))
        return tuple(records)

    # --- waiting for somebody --------------------------------------------------------------------------------------

    def _prospects(self, question: _Question, now: float) -> Mapping[str, float]:
        """Return what conversations may get by waiting for an agent who knows them and is busy."""
        found = {}
        for case in question.rows:
            if case.affinity or case.conversation.affinity:
                prospect = self._prospect(case, now)
                if prospect is not None:
                    found[case.id] = prospect
        return found

    def _prospect(self, case: Case, now: float) -> float | None:
        view, roster = case.seen(now), self._live.at(now)
        busy = []
        for agent in view.affinity:
            seat = self._desk.seats.get(agent)
            if seat is None or seat.is_offline() or seat.paused_until is not None:
                continue
            if seat.cost(view.channel) <= seat.units and seat.used + seat.cost(view.channel) > seat.units:
                busy.append(seat)
        if not busy or not isinstance(self._policy, Policy):
            return None
        busy.sort(key=lambda seat: roster.index[seat.id])
        positions = np.array([roster.index[seat.id] for seat in busy], np.intp)
        free = part(roster, positions)
        free = evolve(free, used=np.zeros_like(free.used))
        trace = decide(self.problem([view], free, now), self._policy, generator_of(0, {}))
        agents, values = trace.candidates_of(0)
        rate = self._policy.aging_rate
        best = -math.inf
        for agent, value in zip(agents.tolist(), values.tolist(), strict=True):
            seat = busy[agent]
            kept = max(len(seat.running) + len(seat.wrap_ups) + len(seat.offers), 1)
            best = max(best, value - rate * self._desk.settings.expected_handle_time / kept)
        return best if best > 0 else None


def _not_at_hand(number: int) -> Plan:
    message = f"decision {number} cannot be made again here"
    raise RouterStateError(message)


def _later(now: float, time: float) -> float:
    """Return an instant after now, however short the time, so that nobody who comes back then comes back for ever."""
    return max(now + time, math.nextafter(now, math.inf))


@frozen
class _Stage:
    """Whom one step of a dispatch looks at.

    Attributes
    ----------
    kind : str
        ``"interrupting"`` (what may take the units of work that can rest), ``"urgent"`` (what reserves are kept for),
        ``"other"``, or ``"all"`` together.
    """

    kind: str

    def takes(self, case: Case, desk: Desk) -> bool:
        return self.kind in {"all", _kind_of(case, desk)}


def _kind_of(case: Case, desk: Desk) -> str:
    restful = desk.settings.interruptible
    if restful and case.conversation.channel not in restful:
        return "interrupting"
    return "urgent" if _is_urgent(case, desk) else "other"


def _is_urgent(case: Case, desk: Desk) -> bool:
    conversation, settings = case.conversation, desk.settings
    queue = desk.queues.get(case.queue) if case.queue is not None else None
    priority = conversation.priority + (queue.priority if queue is not None else 0.0)
    return any(
        priority >= reserve.priority or conversation.channel in reserve.channels for reserve in settings.reserves
    )


def _can_rest(desk: Desk, seat: Seat) -> int:
    """Return the thousandths in use that can be interrupted."""
    restful = desk.settings.interruptible
    return sum(units for c, units in seat.running.items() if desk.cases[c].conversation.channel in restful)


def _rests(desk: Desk, seat: Seat) -> int:
    """Return the thousandths that what is interrupted will use again."""
    running = (desk.cases[identifier] for identifier in seat.running)
    return sum(desk.units_on(case, seat) for case in running if case.interrupted)


def _kept(desk: Desk, roster: Roster, now: float) -> list[int]:
    """Return the positions of the agents that reserves keep: of the idle ones those that were idle the shortest."""
    kept: set[int] = set()
    idle = [seat for seat in desk.seats.values() if not seat.used and seat.kept_until(now, desk.settings) is None]
    idle = [seat for seat in idle if not seat.is_offline() and seat.presence != "away"]
    idle.sort(key=lambda seat: (-math.inf if seat.idle_since is None else seat.idle_since, seat.id))
    for reserve in desk.settings.reserves:
        group = [seat for seat in idle if not reserve.group or seat.id in reserve.group]
        kept.update(roster.index[seat.id] for seat in group[len(group) - min(reserve.agents, len(group)) :])
    return sorted(kept)


def _has_room(roster: Roster, seat: Seat) -> bool:
    position = roster.index[seat.id]
    return bool(roster.used[position] + seat.least_cost <= roster.units[position])


def _is_local(policy: Policy | CodePolicy) -> bool:
    """Whether nothing but the pair itself counts, so that a part of the desk can be decided by itself."""
    if not isinstance(policy, Policy) or policy.prices is not None:
        return False
    members: list[Rule | Term] = [*policy.rules, *(entry.term for entry in (*policy.terms, *policy.urgency))]
    if any(not type(member).__module__.startswith(("routematch.terms.", "routematch.rules.")) for member in members):
        return False
    if any(member.name in _LOOK_AROUND for member in members):
        return False
    return all(isinstance(entry.term, Waiting | Priority | Due) and entry.weight >= 0 for entry in policy.urgency)


def _behind_others(plan: Plan, question: _Question) -> dict[str, Held]:
    """Say why those wait who stand behind others of their line: for the reason that these wait."""
    reasons: dict[int, Held] = {}
    for case in question.rows:
        held = plan.held.get(case.id)
        if held is not None and case.line is not None:
            reasons[id(case.line.line)] = held  # type: ignore[attr-defined]  # it stands in a line
    found = {}
    for case in question.behind:
        like = reasons.get(id(case.line.line))  # type: ignore[attr-defined]  # as above
        reason, blocked_by = ("needed_elsewhere", None) if like is None else (like.reason, like.blocked_by)
        found[case.id] = Held(case.id, reason, None, blocked_by)
    return found


def _turns(plan: Plan) -> tuple[str, ...]:
    """Return the agents of a plan in the order of their turns."""
    trace = plan.trace
    index, column_of = trace.problem.roster.index, trace.candidates.column_of
    agents = dict.fromkeys(assignment.agent for assignment in plan.assignments.values())
    return tuple(sorted(agents, key=lambda agent: int(column_of[index[agent]])))


def _without(plan: Plan, identifier: str) -> Plan:
    """Return a plan in which a conversation waits for a rate limit."""
    assignments = FrozenMap({c: a for c, a in plan.assignments.items() if c != identifier})
    lost = plan.assignments[identifier].worth
    held = FrozenMap({**plan.held, identifier: Held(identifier, "at_capacity", None, None)})
    return evolve(plan, assignments=assignments, held=held, worth=plan.worth - lost)


def _offer_of(placement: Placement, now: float) -> Offer:
    assert placement.offer is not None
    assert placement.expires_at is not None
    return Offer(
        placement.offer,
        placement.conversation,
        placement.agent,
        now,
        placement.expires_at,
        placement.units,
        placement.worth,
    )
