"""Every promise of the second set of books is shown to catch a router that breaks it."""

# ruff: noqa: D103 - a bug is described by its name

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from attrs import evolve

from routematch import policies
from routematch.model import After, Agent, Capacity, Conversation, Requirement
from routematch.model import events as records
from routematch.router import (
    OfferRules,
    RateLimit,
    RouterSettings,
    agent_events,
    core,
    offer_events,
    reducer,
    snapshots,
)
from routematch.router import conversation_events as conversations
from routematch.router.cases import Case
from routematch.router.columns import LiveRoster
from routematch.router.core import Core
from routematch.router.desk import Desk
from routematch.router.dispatching import Decider
from routematch.router.lane import Lane
from routematch.router.lines import Lines
from routematch.router.seats import Seat
from routematch.router.timers import Timers
from routematch.testing.router_machine import Action, Day, Scene, random_scene
from routematch.testing.router_oracle import Breach, CheckedRouter

Plant = Callable[[pytest.MonkeyPatch], None]
PLANTS: dict[str, tuple[str, Plant]] = {}


def plant(kind: str) -> Callable[[Plant], Plant]:
    """Register a bug, and the desk where it shows soonest."""

    def keep(function: Plant) -> Plant:
        PLANTS[function.__name__] = (kind, function)
        return function

    return keep


def scene(kind: str, number: int) -> Scene:
    """Return a desk at which a kind of bug can show."""
    if kind == "any":
        return random_scene(Random(number))
    agents = [
        Agent("a0", {"billing": 0.9, "french": 0.9, "sales": 0.9}, capacity=Capacity(2)),
        Agent("a1", {"billing": 0.6, "french": 0.5}, capacity=Capacity(3, caps={"chat": 1} if kind == "caps" else {})),
        Agent("a2", {"sales": 0.6, "french": 0.8}, kind="bot"),
    ]
    given: dict[str, Any] = {"policy": policies.best_match(), "seed": 0}
    settings: dict[str, Any] = {"grace_time": 10.0, "wrap_up_time": 5.0}
    if kind == "offers":
        given["offers"] = OfferRules(10.0, repeat_after=30.0, pause_after_missed=2, pause_time=30.0)
    elif kind == "limits":
        settings["rate_limit"] = RateLimit(1, 60.0)
    elif kind == "interruptible":
        settings["interruptible"] = ("email",)
    return Scene(kind, tuple(agents), {**given, "settings": RouterSettings(**settings)}, dispatches=0.25)


def what_is_found(kind: str, *, days: int = 25, actions: int = 120) -> str | None:
    """Play days until something is found; return what."""
    for number in range(days):
        chosen = scene(kind, number)
        day = Day(chosen, Random(number), chosen.desk())
        try:
            if kind == "twin":
                day.bring_twin("without lane")
            for _ in range(actions):
                day.step()
            day.end()
        except Exception as error:  # noqa: BLE001 - a crash is a finding too
            return f"{type(error).__name__}: {error}"
    return None


def step_of(patch: pytest.MonkeyPatch, kind: type, step: Callable[..., None] | None = None, fits: Any = None) -> None:
    old_fits, old_step = reducer._STEPS[kind]
    patch.setitem(reducer._STEPS, kind, (fits or old_fits, step or old_step))


# --- the bugs --------------------------------------------------------------------------------------------------------


@plant("offers")
def presence_change_revokes_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(agent_events, "_revoke", lambda desk, seat, at: None)


@plant("offers")
def offers_hold_no_capacity(patch: pytest.MonkeyPatch) -> None:
    used = Seat.used.fget
    patch.setattr(Seat, "used", property(lambda seat: used(seat) - sum(seat.offers.values())))


@plant("offers")
def offers_expire_late(patch: pytest.MonkeyPatch) -> None:
    due = Timers.due
    patch.setattr(Timers, "due", lambda timers, now: due(timers, now - 1.0))


@plant("offers")
def offers_expire_early(patch: pytest.MonkeyPatch) -> None:
    due = Timers.due
    patch.setattr(Timers, "due", lambda timers, now: due(timers, now + 1.0))


@plant("offers")
def declines_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(offer_events, "_bar", lambda desk, offer, at: desk.stand(desk.cases[offer.conversation], at))


@plant("offers")
def declines_are_never_forgiven(patch: pytest.MonkeyPatch) -> None:
    made = Case._made

    def never(case: Case, now: float) -> Any:
        return made(case, -1.0 if case.declined else now)

    patch.setattr(Case, "_made", never)


@plant("offers")
def an_accepted_offer_stays_open(patch: pytest.MonkeyPatch) -> None:
    step = reducer._STEPS[records.OfferAccepted][1]

    def accept(desk: Desk, event: Any) -> None:
        offer = desk.offers[event.offer]
        step(desk, event)
        desk.offers[event.offer] = offer

    step_of(patch, records.OfferAccepted, accept)


@plant("offers")
def missed_offers_pause_nobody(patch: pytest.MonkeyPatch) -> None:
    kept_until = Seat.kept_until

    def unpaused(seat: Seat, now: float, settings: RouterSettings) -> float | None:
        seat.paused_until = None
        return kept_until(seat, now, settings)

    patch.setattr(Seat, "kept_until", unpaused)


@plant("any")
def conversations_are_placed_twice(patch: pytest.MonkeyPatch) -> None:
    placed = Decider._placed

    def twice(decider: Decider, plan: Any, now: float) -> Any:
        placements, dropped = placed(decider, plan, now)
        others = [agent for agent in decider._desk.seats if placements and agent != placements[0].agent]
        return (*placements, *(evolve(placements[0], agent=agent) for agent in others[:1])), dropped

    patch.setattr(Decider, "_placed", twice)


@plant("plain")
def grace_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(agent_events, "_start_grace", lambda desk, seat, at: None)


@plant("plain")
def waiting_time_is_reset(patch: pytest.MonkeyPatch) -> None:
    def transfer(desk: Desk, event: Any) -> None:
        case = desk.cases[event.conversation]
        case.conversation = evolve(case.conversation, arrived_at=event.at)
        conversations.transfer(desk, event)

    step_of(patch, records.ConversationTransferred, transfer)


@plant("plain")
def freed_agents_are_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Desk, "mark_seat", lambda desk, seat, at: desk.touched.setdefault(seat.id))


@plant("limits")
def ends_of_limits_wake_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Desk, "watch_seat", lambda desk, seat, now: desk.touched.setdefault(seat.id))


@plant("limits")
def rate_limits_are_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Seat, "allowance", lambda seat, now, settings: (None, None))


@plant("plain")
def duplicates_are_carried_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Desk, "remember_event", lambda desk, event_id: None)


@plant("plain")
def removal_loses_conversations(patch: pytest.MonkeyPatch) -> None:
    def remove(desk: Desk, event: Any) -> None:
        for identifier in list(desk.seats[event.agent].running):
            case = desk.cases.pop(identifier)
            desk.take_back(case, event.at, "lost", wraps_up=False)
        agent_events.remove(desk, event)

    step_of(patch, records.AgentRemoved, remove)


@plant("plain")
def ended_conversations_can_be_completed(patch: pytest.MonkeyPatch) -> None:
    step_of(patch, records.ConversationCompleted, fits=lambda desk, event: None)


@plant("plain")
def refused_calls_leave_a_trace(patch: pytest.MonkeyPatch) -> None:
    fits = reducer._STEPS[records.ConversationCompleted][0]

    def check(desk: Desk, event: Any) -> None:
        desk.decisions += 1
        fits(desk, event)

    step_of(patch, records.ConversationCompleted, fits=check)


@plant("caps")
def caps_do_not_count_what_runs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LiveRoster, "_agent", lambda roster, seat: seat.agent)


@plant("plain")
def wrap_up_is_skipped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Desk, "_wrap_up", lambda desk, seat, case, ends_at, kept: None)


@plant("plain")
def wrap_up_by_hand_is_not_seen(patch: pytest.MonkeyPatch) -> None:
    def start(desk: Desk, event: Any) -> None:
        touched = dict(desk.touched)
        agent_events.start_wrap_up(desk, event)
        desk.touched = touched

    step_of(patch, records.WrapUpStarted, start)


@plant("interruptible")
def interrupted_work_rests_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Desk, "resume_rested", lambda desk, seat: None)


@plant("plain")
def exclusions_of_transfers_are_ignored(patch: pytest.MonkeyPatch) -> None:
    made = Case._made

    def without(case: Case, now: float) -> Any:
        case.excluded = ()
        return made(case, now)

    patch.setattr(Case, "_made", without)


@plant("plain")
def escalation_reaches_bots(patch: pytest.MonkeyPatch) -> None:
    made = Case._made

    def without(case: Case, now: float) -> Any:
        case.human = False
        return made(case, now)

    patch.setattr(Case, "_made", without)


@plant("offers")
def snapshots_forget_how_many_offers_were_made(patch: pytest.MonkeyPatch) -> None:
    taken = snapshots.snapshot_of
    patch.setattr(core, "snapshot_of", lambda desk: {**taken(desk), "offers_made": 0})


@plant("plain")
def replay_loses_what_time_brought(patch: pytest.MonkeyPatch) -> None:
    replay = Core.replay

    def skipping(self: Core, event: Any) -> None:
        if not isinstance(event, records.WrapUpEnded):
            replay(self, event)

    patch.setattr(Core, "replay", skipping)


@plant("plain")
def hand_made_assignments_lose(patch: pytest.MonkeyPatch) -> None:
    def assign(desk: Desk, event: Any) -> None:
        if desk.cases[event.conversation].status != "active":
            conversations.assign(desk, event)

    step_of(patch, records.AssignedExternally, assign)


@plant("plain")
def a_lost_claim_keeps_the_conversation(patch: pytest.MonkeyPatch) -> None:
    step_of(patch, records.ClaimLost, lambda desk, event: None)


@plant("twin")
def the_lane_takes_the_worst(patch: pytest.MonkeyPatch) -> None:
    quick = Lane.arrival

    def worst(lane: Lane, case: Case, problem_of: Any, now: float) -> Any:
        found = quick(lane, case, problem_of, now)
        if found is None or found.position < 0:
            return found
        row = lane._row(case, problem_of, now)
        able = lane._live.able(case.conversation.channel, now) & (row > -(2**59))
        return found._replace(position=max(position for position, fits in enumerate(able) if fits))

    patch.setattr(Lane, "arrival", worst)


@plant("plain")
def the_clock_of_refused_calls_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Core, "not_before", lambda self, at: at)


@plant("plain")
def lines_show_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Lines, "heads", lambda lines, count, agents: [])


@plant("plain")
def wakeups_lie_in_the_past(patch: pytest.MonkeyPatch) -> None:
    wanted = Core.next_wakeup.fget
    patch.setattr(Core, "next_wakeup", property(lambda self: None if wanted(self) is None else wanted(self) - 1e4))


@plant("plain")
def wakeups_come_too_late(patch: pytest.MonkeyPatch) -> None:
    wanted = Core.next_wakeup.fget
    patch.setattr(Core, "next_wakeup", property(lambda self: None if wanted(self) is None else wanted(self) + 5.0))


@pytest.mark.parametrize("name", PLANTS)
def test_planted_bug_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A router with the bug is caught within a few days."""
    kind, bug = PLANTS[name]
    bug(monkeypatch)
    assert what_is_found(kind) is not None


@pytest.mark.parametrize("kind", ["plain", "offers", "limits", "caps", "interruptible", "twin"])
def test_nothing_is_found_without_a_bug(kind: str) -> None:
    """The same days pass where nothing is planted."""
    assert what_is_found(kind, days=2) is None


def test_relaxation_that_wakes_nobody_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A conversation that time alone could serve, and that nobody looks at, is found at the next dispatch."""
    add = Timers.add
    monkeypatch.setattr(
        Timers, "add", lambda timers, at, kind, name: None if kind == "case" else add(timers, at, kind, name)
    )
    desk = CheckedRouter([Agent("a", {"billing": 0.5})])
    relaxing = Requirement("billing", 0.8, relax=(After(60, at_least=0.4),))
    desk.handle(records.ConversationEnqueued(Conversation("c", relaxing), 0.0))
    desk.dispatch(0.0)
    with pytest.raises(Breach, match="could take it"):
        desk.dispatch(60.0)


def test_days_can_be_shrunk_to_the_calls_that_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found at a seed comes back as a handful of calls."""
    from routematch.testing.router_machine import shrunken

    wrap_up_by_hand_is_not_seen(monkeypatch)
    caps_do_not_count_what_runs(monkeypatch)
    offers_hold_no_capacity(monkeypatch)
    for seed in range(20):
        _, actions, error = shrunken(seed, actions=80, seconds=5.0)
        if error is not None:
            assert 0 < len(actions) < 80
            assert all(isinstance(action, Action) for action in actions)
            return
    pytest.fail("nothing was found")
