"""Small random scenarios in which much can go wrong: ties in time, relaxation, capacities, weights, exclusions."""

from __future__ import annotations

import random

from routematch.distributions import (
    BatchArrivals,
    Deterministic,
    Exponential,
    PoissonArrivals,
    RecordedArrivals,
    Uniform,
)
from routematch.model import After, Queue, Requirement
from routematch.simulation import AgentGroup, ConversationType, Present, Repeat, Scenario, Transfer, WeeklyHours

SKILLS = ("a", "b", "c")


def random_scenario(seed: int, *, is_rich: bool = False) -> Scenario:
    """Return a scenario of a few minutes; on a lattice of whole seconds in two cases of five."""
    chance = random.Random(seed)
    lattice = chance.random() < 0.4
    groups = [random_group(chance, f"g{number}", is_rich=is_rich) for number in range(chance.randint(1, 3))]
    count = chance.randint(1, 3)
    types = [random_type(chance, number, count, lattice=lattice, is_rich=is_rich) for number in range(count)]
    queues = ()
    if chance.random() < 0.3:
        members = [agent.id for group in groups for agent in group.roster()]
        split = chance.randint(1, len(members))
        after = chance.choice([0.0, 15.0])
        queues = (Queue("q", primary=members[:split], secondary=members[split:], secondary_after=after, priority=1),)
    room = chance.choice([None, None, 2]) if is_rich else None
    initial = random_start(chance, types, groups) if is_rich and chance.random() < 0.4 else ()
    return Scenario(types, groups, 240.0, queues=queues, waiting_room=room, initial=initial)


def random_start(chance: random.Random, types: list[ConversationType], groups: list[AgentGroup]) -> list[Present]:
    """Return some who wait at the start, and some who have an agent."""
    agents = [agent.id for group in groups for agent in group.roster()]
    held = [
        Present(chance.choice(types).name, agent=agent, elapsed=float(chance.randint(0, 20)))
        for agent in agents
        if chance.random() < 0.5
    ]
    return [*held, *(Present(chance.choice(types).name, waited=float(chance.randint(0, 30))) for _ in range(3))]


def random_group(chance: random.Random, name: str, *, is_rich: bool) -> AgentGroup:
    """Return up to three agents alike."""
    rich = {}
    if is_rich:
        rich = {
            "shifts": chance.choice([(), WeeklyHours("every day", "00:00:30", "00:02:10")]),
            "breaks": chance.choice([(), WeeklyHours("every day", "00:01", "00:01:20")]),
            "overtime": chance.choice(["finish", "hand_back"]),
            "slow_down": chance.choice([(), (1.0, 0.7, 0.5)]),
            "absence_probability": chance.choice([0.0, 0.3]),
            "kind": chance.choice(["human", "human", "bot"]),
        }
    return AgentGroup(
        name,
        {skill: chance.choice([0.2, 0.5, 0.9]) for skill in chance.sample(SKILLS, chance.randint(1, 3))},
        chance.randint(1, 3),
        capacity=chance.choice([1, 1, 2, 3]),
        weight=chance.choice([1, 1, 1, 0.5]),
        speed=chance.choice([1, 1, 1.5]),
        **rich,
    )


def random_type(chance: random.Random, number: int, count: int, *, lattice: bool, is_rich: bool) -> ConversationType:
    """Return a type of conversation; laws are lengths of whole seconds on a lattice."""

    def law(mean: float) -> Deterministic | Exponential | Uniform:
        if lattice:
            return Deterministic(float(round(mean)))
        return chance.choice([Exponential(mean), Uniform(0, 2 * mean)])

    asked = {skill: chance.choice([0, 0.3, 0.5]) for skill in chance.sample(SKILLS, chance.randint(0, 2))}
    requires = [Requirement(skill, level) for skill, level in asked.items()]
    if requires and chance.random() < 0.3:
        relax = (After(20, at_least=0.1), After(45, drop=True))
        requires[0] = Requirement(requires[0].skill, requires[0].at_least or 0.5, relax=relax)
    arrivals = PoissonArrivals(chance.uniform(0.02, 0.1))
    if lattice:
        arrivals = RecordedArrivals(tuple(sorted(float(chance.randint(0, 220)) for _ in range(20))))
    elif chance.random() < 0.2:
        arrivals = BatchArrivals(PoissonArrivals(0.03), (1, 3), (1, 1))
    rich = {}
    if is_rich:
        rich = {
            "transfers": chance.choice([(), Transfer(f"t{chance.randrange(count)}", 0.3)]),
            "repeat": chance.choice([None, Repeat(0.5, law(30.0), same_agent=chance.choice([0.0, 0.4]))]),
            "bot_first": chance.random() < 0.2,
        }
    return ConversationType(
        f"t{number}",
        requires,
        arrivals=arrivals,
        handle_time=law(chance.uniform(20, 60)),
        patience=chance.choice([None, law(60)]),
        wrap_up=chance.choice([None, law(10)]),
        priority=chance.choice([0, 0, 1, 2]),
        value=chance.choice([1, 1, 2, 0.5]),
        due_time=chance.choice([None, None, 30.0]),
        prefers=chance.choice([{}, {"a": 0.2}]),
        affinity=chance.choice([{}, {"g0-1": 0.1}]),
        excludes=chance.choice([(), (), ("g1-1",)]),
        handle_time_by_group=chance.choice([{}, {"g0": law(40)}]),
        queue=chance.choice([None, "q"]) if chance.random() < 0.5 else None,
        **rich,
    )
