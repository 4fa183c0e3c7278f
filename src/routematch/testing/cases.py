"""Small random inputs of `route` from a seed: a thousand times faster than drawing them, for tests by the thousand.

Ids and amounts are few and round, so that conversations and agents do fit each other, equals are frequent and sums are
exact.

>>> from random import Random
>>> case = random_case(Random(1))
>>> sorted(case)
['agents', 'conversations', 'estimates', 'now', 'queues']
>>> random_case(Random(1)) == case
True
"""

from __future__ import annotations

from random import Random
from typing import TypedDict

from routematch.model import (
    After,
    Agent,
    AllOf,
    AnyOf,
    Attribute,
    Capacity,
    Condition,
    Conversation,
    Estimates,
    NoneOf,
    Preference,
    Queue,
    Requirement,
    Shift,
    human_only,
)

__all__ = ["RandomCase", "random_case"]

_SKILLS = ("billing", "french", "sales")
_CHANNELS = ("chat", "email", "voice")
_LABELS = ("new", "vip")
_QUEUES = ("complaints", "support")


class RandomCase(TypedDict):
    """Arguments of `route`."""

    conversations: list[Conversation]
    agents: list[Agent]
    now: float
    estimates: Estimates | None
    queues: list[Queue]


def random_case(
    random: Random,
    *,
    conversations: int = 5,
    agents: int = 4,
    mixed_costs: bool = False,
    overlapping_caps: bool = False,
    plain: bool = False,
) -> RandomCase:
    """Make one random decision.

    Parameters
    ----------
    random : random.Random
        Seeded by the caller.
    conversations, agents : int
        Most of each.
    mixed_costs : bool
        Whether channels may cost an agent differently.
    overlapping_caps : bool
        Whether a conversation may be counted by several caps; otherwise only channels are capped, which are disjoint.
    plain : bool
        Whether to leave out queues, estimates, groups, shifts and presence.

    Returns
    -------
    RandomCase
    """
    make = _Maker(random, plain)
    names = [f"agent-{number}" for number in range(make.number(agents))]
    roster = [make.agent(name, mixed_costs, overlapping_caps) for name in names]
    waiting = [make.conversation(f"conversation-{n}", names) for n in range(make.number(conversations))]
    random.shuffle(roster)
    random.shuffle(waiting)
    return {
        "conversations": waiting,
        "agents": roster,
        "now": 1000.0 + random.randint(0, 40) * 30,
        "estimates": make.estimates(names) if not plain and random.random() < 0.2 else None,
        "queues": [] if plain or random.random() < 0.4 else [make.queue(name, names) for name in _QUEUES],
    }


class _Maker:
    def __init__(self, random: Random, plain: bool) -> None:  # noqa: FBT001 - private
        self.random, self.plain = random, plain

    def sometimes(self, share: float) -> bool:
        return self.random.random() < share

    def number(self, most: int) -> int:
        return self.random.randint(0, most) if self.sometimes(0.1) else self.random.randint((most + 1) // 2, most)

    def level(self) -> float:
        return self.random.choice((0.0, 0.25, 0.5, 0.5, 0.75, 1.0, 0.35, 0.9))

    def some(self, names: tuple[str, ...] | list[str], share: float = 0.5) -> list[str]:
        return [name for name in names if self.sometimes(share)]

    def agent(self, name: str, mixed_costs: bool, overlapping_caps: bool) -> Agent:  # noqa: FBT001 - private
        random = self.random
        capped = [*_CHANNELS, *(_LABELS if overlapping_caps else ())]
        cost = 1.0 if self.sometimes(0.7) else random.choice((0.5, 2.0, 0.0))
        costs = {c: random.choice((0.0, 0.5, 1.0, 1.5, 3.0)) for c in self.some(_CHANNELS)} if mixed_costs else {}
        uniform = dict.fromkeys(_CHANNELS, cost) if cost != 1.0 else {}
        capacity = Capacity(
            random.choice((0, 1, 1, 1, 2, 2, 2, 2, 3, 4)),
            costs=costs or uniform,
            caps={c: random.randint(0, 2) for c in self.some(capped, 0.3)} if self.sometimes(0.4) else {},
        )
        load: float | dict[str, int] = 0.0
        if self.sometimes(0.3):
            running = dict.fromkeys(self.some(["chat", "label:vip"]), 1)
            load = random.choice((0.5, 1.0)) if self.sometimes(0.5) else running
        skills = {skill: self.level() for skill in self.some(_SKILLS, 0.7)}
        idle_since = None if self.sometimes(0.3) else 100.0 * random.randint(0, 25)
        if self.plain:
            return Agent(name, skills, capacity=capacity, load=load, idle_since=idle_since)
        return Agent(
            name,
            skills,
            capacity=capacity,
            load=load,
            idle_since=idle_since,
            kind="bot" if self.sometimes(0.2) else "human",
            presence=self._presence(),
            channels=self.some(_CHANNELS, 0.8) if self.sometimes(0.3) else None,
            queues=self.some(_QUEUES, 0.7) if self.sometimes(0.3) else None,
            weight=random.choice((1.0, 1.0, 1.0, 0.5, 2.0)),
            attributes={"floor": random.randint(0, 4)} if self.sometimes(0.5) else {},
            shifts=self._shifts() if self.sometimes(0.2) else (),
        )

    def _presence(self) -> str | dict[str, str]:
        if self.sometimes(0.85):
            return "available"
        somewhere = ("available", "away", "offline")
        if self.sometimes(0.5):
            return self.random.choice(somewhere)
        return {c: self.random.choice(somewhere) for c in self.some(_CHANNELS, 0.8)}

    def _shifts(self) -> list[Shift]:
        start = self.random.randint(0, 30) * 100.0
        return [Shift(start, start + 600), Shift(start + 900, start + 2000)]

    def _steps(self, level: float | None) -> tuple[After, ...]:
        if not self.sometimes(0.3):
            return ()
        steps, time = [], self.random.choice((30.0, 300.0, 900.0))
        if level is not None and self.sometimes(0.6):
            steps.append(After(time, at_least=level / 2))
            time += 300.0
        if not steps or self.sometimes(0.4):
            steps.append(After(time, drop=True))
        return tuple(steps)

    def _part(self, depth: int) -> Condition:
        if self.plain or self.sometimes(0.75):
            level = self.level() / 2
            return Requirement(self.random.choice(_SKILLS), level, self._steps(level))
        if depth == 0 or self.sometimes(0.3):
            if self.sometimes(0.4):
                return human_only
            return Attribute("floor", at_least=self.random.randint(0, 3), relax=self._steps(None))
        group = self.random.choice((AllOf, AnyOf, NoneOf, AnyOf))
        return group(tuple(self._part(depth - 1) for _ in range(self.random.randint(1, 2))), relax=self._steps(None))

    def _requires(self) -> Condition:
        return AllOf(tuple(self._part(2) for _ in range(self.random.choice((0, 1, 1, 1, 2)))))

    def conversation(self, name: str, agents: list[str]) -> Conversation:
        random = self.random
        wishes = [Preference(self._part(0), random.choice((-0.5, 0.25, 1.0))) for _ in range(self.sometimes(0.3))]
        return Conversation(
            name,
            self._requires(),
            channel=random.choice(_CHANNELS),
            queue=None if self.plain or self.sometimes(0.5) else random.choice(_QUEUES),
            priority=random.choice((0, 0, 0, 1, 5, -2)),
            arrived_at=None if self.sometimes(0.2) else 60.0 * random.randint(0, 40),
            due_at=60.0 * random.randint(0, 60) if self.sometimes(0.2) else None,
            value=random.choice((1.0, 1.0, 1.0, 0.5, 3.0)),
            prefers=wishes,
            affinity={agent: random.choice((-1.5, 0.5, 1.0)) for agent in self.some(agents, 0.15)},
            excludes=self.some(agents, 0.08),
            labels=self.some(_LABELS, 0.3),
        )

    def queue(self, name: str, agents: list[str]) -> Queue:
        random = self.random
        named = self.sometimes(0.4)
        primary = self.some(agents) if named else []
        return Queue(
            name,
            primary=primary,
            secondary=[agent for agent in self.some(agents) if agent not in primary] if named else (),
            secondary_after=random.choice((0.0, 300.0, 1200.0)),
            requires=self._requires() if self.sometimes(0.3) else (),
            priority=random.choice((0, 0, 2)),
        )

    def estimates(self, agents: list[str]) -> Estimates:
        return Estimates(
            success={agent: {s: self.level() for s in self.some(_SKILLS)} for agent in self.some(agents)},
            handle_time={
                agent: {s: 60.0 * self.random.randint(1, 20) for s in self.some([*_SKILLS, "chat", "*"], 0.3)}
                for agent in self.some(agents)
            },
        )
