"""What holds for whole runs of a router: order, wake-ups, starvation, poison, priorities."""

from __future__ import annotations

import itertools
import json
from random import Random
from typing import Any

import numpy as np
import pytest
from attrs import evolve, frozen

import routematch as rm
from routematch.errors import RouterStateError
from routematch.model import events as records
from routematch.policies import best_match, first_come_first_served, longest_idle
from routematch.router import OfferRules, RateLimit, Router, RouterSettings
from routematch.state import SparsePairs, Static
from routematch.testing.router_machine import VERBS, Day, Scene, random_scene

PEOPLE = [
    rm.Agent("a", {"x": 0.9, "y": 0.4}, capacity=2),
    rm.Agent("b", {"x": 0.5}, capacity=1, shifts=[rm.Shift(0.0, 400.0), rm.Shift(500.0, 5000.0)]),
    rm.Agent("c", {"y": 0.8, "z": 0.8}, capacity=2),
]


# --- order -----------------------------------------------------------------------------------------------------------


def in_any_order(snapshot: dict[str, Any]) -> str:
    """Return a snapshot without what only tells in which order equals were told."""
    data = json.loads(json.dumps(snapshot))
    data["events"], data["ended"] = sorted(data["events"]), sorted(data["ended"])
    data["customers"] = sorted(data["customers"])
    for agent in data["agents"]:
        for name in ("running", "offers"):
            agent[name] = sorted(agent.get(name, []))
    for offer in data["offers"]:  # the quick lane and `decide` round differently, in the sixth digit
        offer["worth"] = round(offer["worth"], 4)
    return json.dumps(data, sort_keys=True)


def independent_events(at: float) -> list[Any]:
    """Return events of which each is about somebody else."""
    return [
        records.ConversationCompleted("c0", at, event_id="e0"),
        records.ConversationPaused("c1", at, event_id="e1"),
        records.ConversationEnqueued(rm.Conversation("new", {"x": 0.3}), at, event_id="e2"),
        records.PresenceChanged("c", "away", at, event_id="e3"),
        records.ConversationAbandoned("c5", at, event_id="e4"),
    ]


@pytest.mark.parametrize("offers", [None, 20.0])
@pytest.mark.parametrize("policy", [best_match(), longest_idle()], ids=lambda policy: policy.name)
def test_independent_events_may_come_in_any_order(policy: rm.Policy, offers: float | None) -> None:
    """Events of the same instant about different conversations and agents lead to the same end, with duplicates too."""

    def played(order: tuple[int, ...]) -> tuple[dict[str, str], str]:
        router = Router(PEOPLE, policy=policy, offers=offers, settings=RouterSettings(wrap_up_time=5.0))
        for number in range(6):
            router.enqueue(rm.Conversation(f"c{number}", {"xyz"[number % 3]: 0.3}), float(number))
        for offer in router.dispatch(6.0).offers:
            router.accept(offer.id, 7.0)
        events = independent_events(8.0)
        for place in (*order, *order[:2]):
            router.handle(events[place])
        plan = router.dispatch(9.0)
        return plan.pairs(), in_any_order(router.snapshot())

    ends = {str(played(order)) for order in itertools.islice(itertools.permutations(range(5)), 0, None, 3)}
    assert len(ends) == 1


@pytest.mark.parametrize("times", range(2, 5))
def test_any_number_of_deliveries_is_one(times: int) -> None:
    """A whole day of events delivered again and again, late ones too, is the day."""
    once, often = Router(PEOPLE, offers=20), Router(PEOPLE, offers=20)
    random, sent = Random(times), []
    for number in range(120):
        at = 2.0 * number
        event = evolve(_random_event(random, number, at), event_id=f"e{number}")
        if _fits(once, event):  # what was refused may be sent again, and fit then
            sent.append(event)
        for _ in range(times):
            _fits(often, event)
        _fits(often, random.choice(sent or [event]))
        once.dispatch(at)
        often.dispatch(at)
    assert json.dumps(often.snapshot()) == json.dumps(once.snapshot())


def _random_event(random: Random, number: int, at: float) -> Any:
    known = f"c{random.randint(0, number)}"
    return random.choice(
        (
            records.ConversationEnqueued(rm.Conversation(f"c{number}", {random.choice("xyz"): 0.3}), at),
            records.ConversationEnqueued(rm.Conversation(f"c{number}", {random.choice("xyz"): 0.3}), at),
            records.OfferAccepted(f"offer-{random.randint(1, 40)}", at),
            records.ConversationCompleted(known, at),
            records.PresenceChanged(random.choice("abc"), random.choice(("away", "available")), at),
        )
    )


def _fits(router: Router, event: Any) -> bool:
    try:
        router.handle(event)
    except RouterStateError:
        return False
    return True


# --- wake-ups --------------------------------------------------------------------------------------------------------


def asleep_scene(seed: int) -> Scene:
    """Return a random desk at which nothing is gathered and nobody is waited for."""
    random = Random(seed)
    scene = random_scene(random)
    settings = evolve(scene.given["settings"], batch_time=0.0, continuity=0.0, return_value=0.0)
    return Scene(scene.name, scene.agents, {**scene.given, "settings": settings})


@pytest.mark.parametrize("seed", range(24))
def test_sleeping_until_the_next_wakeup_misses_nothing(seed: int) -> None:
    """A router called at its wake-ups alone places what one called every quarter of a second places, as soon."""
    scene = asleep_scene(seed)
    if scene.name in {"random", "patient", "round_robin"}:  # whose answer depends on how often it was asked
        scene = Scene(scene.name, scene.agents, {**scene.given, "policy": best_match()})
    sleeper, day = scene.desk(), Day(scene, Random(seed), scene.desk())
    busy = day.desk
    now = day.now
    for _ in range(12):
        for _ in range(day.random.randint(1, 4)):
            verb = day.random.choice([verb for verb in VERBS if verb not in {"enqueue", "update"}] + ["enqueue"] * 20)
            event = VERBS[verb](day, now)
            if getattr(getattr(event, "conversation", None), "affinity", None):
                continue
            sleeper.handle(event)
            busy.handle(event)
        until = now + day.random.choice((1.0, 10.0, 70.0))
        sleeper.dispatch(now)
        wakeup = sleeper.router.next_wakeup
        while wakeup is not None and wakeup <= until:
            sleeper.dispatch(wakeup)
            wakeup = sleeper.router.next_wakeup
        while now <= until:
            busy.dispatch(now)
            now += 0.25
        now = day.now = until
        mine, theirs = _stands(sleeper.oracle), _stands(busy.oracle)
        assert mine == theirs


def _stands(oracle: Any) -> dict[str, tuple[str, str | None]]:
    offered = {offer: agent for offer, (_, agent, _) in oracle.offers.items()}
    return {name: (talk.status, talk.agent or offered.get(talk.offer)) for name, talk in oracle.open.items()}


def test_wakeups_come_to_an_end() -> None:
    """Where nothing can change any more, nobody is woken for ever."""
    router = Router(PEOPLE, settings=RouterSettings(rate_limit=RateLimit(1, 30.0)))
    for number in range(9):
        router.enqueue(rm.Conversation(f"c{number}", {"xyz"[number % 3]: 0.3}), 0.0)
    calls, now = 0, 0.0
    router.dispatch(now)
    while (wakeup := router.next_wakeup) is not None:
        assert wakeup > now
        now, calls = wakeup, calls + 1
        router.dispatch(now)
        assert calls < 60
    assert router.held


# --- starvation ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [best_match(), longest_idle(), first_come_first_served()], ids=lambda p: p.name)
@pytest.mark.parametrize("points", [0.0, 3.0])
def test_nobody_starves(policy: rm.Policy, points: float) -> None:
    """With as much work as can be done, the least urgent waits no longer than priority, worth and queue add up to."""
    worse = evolve(policy, aging_rate=1 / 60)
    router = Router([rm.Agent("a", {"x": 1.0, "y": 0.1})], policy=worse, offers=OfferRules(5.0, repeat_after=0.0))
    router.enqueue(rm.Conversation("meek", {"y": 0.1}), 0.0)
    running, served_at = None, None
    for number in range(400):
        now = 10.0 * number
        if running is not None:
            router.complete(running, now)
        router.enqueue(rm.Conversation(f"loud{number}", {"x": 0.1}, priority=points, value=2.0), now)
        offer = router.dispatch(now).offers[0]
        router.accept(offer.id, now)
        running = offer.conversation
        if running == "meek":
            served_at = now
            break
        router.abandon(f"loud{number}", now) if router.status(f"loud{number}") == "waiting" else None
    bound = points * worse.seconds_per_priority + 2.0 / worse.aging_rate + 20.0
    assert served_at is not None
    assert served_at <= bound


def test_an_agents_declines_lock_nobody_out() -> None:
    """However often the only agent declines, the conversation is offered again within sixteen times the first pause."""
    router = Router([rm.Agent("a")], offers=OfferRules(5.0, repeat_after=10.0))
    router.enqueue(rm.Conversation("c"), 0.0)
    offers, now = 0, 0.0
    while now < 3000.0:
        for offer in router.dispatch(now).offers:
            offers += 1
            router.decline(offer.id, now)
        wakeup = router.next_wakeup
        assert wakeup is None or wakeup <= now + 160.0
        now = wakeup if wakeup is not None and wakeup > now else now + 1.0
    assert offers > 3000 / 160
    assert router.context("c").arrived_at == 0.0


# --- poison ----------------------------------------------------------------------------------------------------------


@frozen
class Poisoned:
    """A term that gives NaN, or raises, for one conversation."""

    kind: str
    name: str = "poisoned"
    axes: tuple[str, ...] = ("pair",)
    looks_at: tuple[str, ...] = ()
    scaled_by_value: bool = False

    def value(self, problem: Any, request: object) -> SparsePairs:
        row = problem.backlog.index.get("bad")
        if row is None:
            return SparsePairs(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0))
        if self.kind == "raises" and len(problem.backlog) == 1:
            raise ZeroDivisionError("poison")
        agents = np.arange(len(problem.roster), dtype=np.intp)
        return SparsePairs(np.full(len(agents), row, np.intp), agents, np.full(len(agents), np.nan))

    def behaviour(self, problem: object) -> Static:
        return Static()


@pytest.mark.parametrize("kind", ["nan", "raises"])
@pytest.mark.parametrize("offers", [None, 20.0])
def test_poison_hurts_nobody_else(kind: str, offers: float | None) -> None:
    """A conversation for which a plugged-in part fails waits on, with the reason; all others go as without it."""
    poisoned = evolve(best_match(), name="poisoned", terms=(*best_match().terms, rm.policies.Weighted(Poisoned(kind))))
    ill, well = Router(PEOPLE, policy=poisoned, offers=offers), Router(PEOPLE, offers=offers)
    random = Random(3)
    ill.enqueue(rm.Conversation("bad", {"x": 0.1}, priority=50), 0.0)
    for number in range(80):
        now = 1.0 + number
        known = f"c{random.randint(0, number)}"
        new = rm.Conversation(f"c{number}", {random.choice("xyz"): 0.3})
        done = random.random() < 0.6
        placed = []
        for router in (ill, well):
            router.enqueue(new, now)
            if done and router.status(known) == "active":
                router.complete(known, now)
            plan = router.dispatch(now)
            for offer in plan.offers:
                router.accept(offer.id, now)
            placed.append(plan.pairs())
        assert placed[0] == placed[1]
        assert ill.status("bad") == "waiting"
    assert ill.held["bad"].reason == "fault"


# --- priorities ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
def test_strict_classes_are_never_inverted(seed: int) -> None:
    """With strict priorities nobody of a lower class gets an agent whom somebody of a higher class waits for."""
    random = Random(seed)
    policy = evolve(best_match(), strict_priority=True)
    router = Router([rm.Agent("a"), rm.Agent("b")], policy=policy)
    active: list[str] = []
    priority: dict[str, float] = {}
    for number in range(80):
        now = float(number)
        name = f"c{number}"
        priority[name] = float(random.randint(0, 2))
        router.enqueue(rm.Conversation(name, priority=priority[name]), now)
        while active and random.random() < 0.45:
            router.complete(active.pop(random.randrange(len(active))), now)
        given = list(router.dispatch(now).pairs())
        active += given
        if given:
            assert min(priority[c] for c in given) >= max((priority[c] for c in router.held), default=0.0)
