"""The quick lane decides what `decide` decides, and parts leave nothing for a decision about all."""

from __future__ import annotations

import random

import pytest
from attrs import evolve

import routematch as rm
from routematch.policies import best_match, longest_idle
from routematch.router import Router

POLICIES = {
    "best_match": best_match(),
    "longest_idle": longest_idle(),
    "no spread": evolve(best_match(), name="no spread", spread="none"),
    "slow aging": evolve(best_match(), name="slow aging", aging_rate=1 / 36_000),
}


def agents(rng: random.Random) -> list[rm.Agent]:
    """Return a few agents who differ."""
    return [
        rm.Agent(
            f"a{number}",
            {skill: rng.choice((0.3, 0.5, 0.5, 0.8, 1.0)) for skill in rng.sample("xyz", rng.randint(1, 3))},
            capacity=rng.choice((1, 1, 2, 3)),
            weight=rng.choice((0.5, 1.0, 1.0)),
            channels=rng.choice((None, None, ("chat",))),
            idle_since=float(rng.randint(0, 3)),
        )
        for number in range(rng.randint(1, 6))
    ]


def conversation(rng: random.Random, number: int, now: float) -> rm.Conversation:
    """Return a conversation of some kind."""
    relaxing = rm.Requirement("x", 0.8, relax=(rm.After(5, at_least=0.4), rm.After(12, drop=True)))
    return rm.Conversation(
        f"c{number}",
        rng.choice(({"x": 0.4}, {"y": 0.4}, {"x": 0.3, "y": 0.3}, {}, relaxing, {"nobody": 0.1})),
        channel=rng.choice(("chat", "chat", "email")),
        priority=rng.choice((0, 0, 0, 1, -1)),
        value=rng.choice((1.0, 1.0, 2.0)),
        arrived_at=rng.choice((None, None, now - 3.0)),
        due_at=rng.choice((None, None, None, now + 600.0)),
        affinity={"a0": 0.2} if rng.random() < 0.05 else {},
        excludes=("a1",) if rng.random() < 0.05 else (),
    )


def events(rng: random.Random, router: Router, number: int, now: float) -> list[tuple[str, object]]:
    """Name what happens next, by what the first router has."""
    active = sorted(c for c in (f"c{n}" for n in range(number)) if router.status(c) == "active")
    kind = rng.choice(("enqueue", "enqueue", "complete", "complete", "presence", "transfer"))
    if kind == "complete" and active:
        return [("complete", rng.choice(active))]
    if kind == "transfer" and active and rng.random() < 0.3:
        return [("transfer", rng.choice(active))]
    if kind == "presence":
        return [("set_presence", (f"a{rng.randint(0, 5)}", rng.choice(("available", "available", "away"))))]
    return [("enqueue", conversation(rng, number, now))]


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("name", POLICIES)
def test_lane_places_as_decide_does(name: str, seed: int) -> None:
    """Event by event, a router with its lane and one without place the same pairs at the same value."""
    rng = random.Random(seed)
    crew = agents(rng)
    quick, plain = Router(crew, policy=POLICIES[name]), Router(crew, policy=POLICIES[name])
    plain._core.decider.without_lane()
    now, number = 10.0, 0
    for _ in range(60):
        now += rng.choice((0.0, 0.5, 3.0))
        for verb, subject in events(rng, quick, number, now):
            for router in (quick, plain):
                if verb == "enqueue":
                    router.enqueue(subject, now)
                elif verb == "set_presence":
                    agent, presence = subject
                    if agent in {a.id for a in crew}:
                        router.set_presence(agent, presence, now)
                else:
                    getattr(router, verb)(subject, now)
            number += verb == "enqueue"
        first, second = quick.dispatch(now), plain.dispatch(now)
        assert first.pairs() == second.pairs()
        for conversation_id, assignment in first.assignments.items():
            other = second.assignments[conversation_id]
            assert assignment.value == pytest.approx(other.value, abs=1e-5)
            assert assignment.worth == pytest.approx(other.worth, abs=1e-4)
            assert (assignment.units, assignment.stage) == (other.units, other.stage)
        newcomer = f"c{number - 1}"
        if verb == "enqueue" and newcomer in first.held:
            assert first.held[newcomer].reason == second.held[newcomer].reason
            assert first.held[newcomer].blocked_by == second.held[newcomer].blocked_by


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", POLICIES)
def test_nothing_is_left_for_a_decision_about_everybody(name: str, seed: int) -> None:
    """After each dispatch, `route` over all that wait and all agents finds no pair that it would make."""
    rng = random.Random(1000 + seed)
    crew = agents(rng)
    router = Router(crew, policy=POLICIES[name])
    now, number = 10.0, 0
    for _ in range(40):
        now += rng.choice((0.0, 0.5, 3.0))
        for verb, subject in events(rng, router, number, now):
            if verb == "enqueue":
                router.enqueue(subject, now)
                number += 1
            elif verb == "set_presence":
                agent, presence = subject
                if agent in {a.id for a in crew}:
                    router.set_presence(agent, presence, now)
            else:
                getattr(router, verb)(subject, now)
        router.dispatch(now)
        core = router._core
        waiting = [case.seen(now) for case in core.desk.lines]
        left = rm.route(waiting, core.live.at(now), policy=POLICIES[name], now=now)
        assert left.pairs() == {}
