"""Ledgers for tests: one small enough for hand and head, and others by chance."""

from __future__ import annotations

from typing import Any

import numpy as np

from routematch.state import AgentIntervals, Category, Ledger

__all__ = ["by_chance", "empty", "small"]

NAN = float("nan")


def small(**changes: Any) -> Ledger:
    """Return six conversations and two agents in one hour, each number chosen so that answers are round.

    ==== ======= ====== ===== ======= ========= ====== ===== =====
    row  type    arrive wait  ending  handle    value  agent group
    ==== ======= ====== ===== ======= ========= ====== ===== =====
    0    billing    0     0   done      600       1.0   ana  first
    1    billing   60    20   done      300       0.5   bo   second
    2    sales    120    60   left        -         -    -      -
    3    sales    180   100   done      300       0.8   bo   second
    4    billing 1860     2   left        -         -    -      -
    5    sales   3500     -   open        -         -    -      -
    ==== ======= ====== ===== ======= ========= ====== ===== =====
    """
    names = ("ana", "bo", "cy")
    columns: dict[str, Any] = {
        "arrived_at": [0.0, 60.0, 120.0, 180.0, 1860.0, 3500.0],
        "answered_at": [0.0, 80.0, NAN, 280.0, NAN, NAN],
        "ended_at": [600.0, 380.0, 180.0, 580.0, 1862.0, NAN],
        "handle_time": [600.0, 300.0, NAN, 300.0, NAN, NAN],
        "wrap_up_time": [60.0, 0.0, NAN, 30.0, NAN, NAN],
        "conversation_type": ["billing", "billing", "sales", "sales", "billing", "sales"],
        "channel": ["chat", "phone", "phone", "chat", "chat", "chat"],
        "agent": Category.of(["ana", "bo", None, "bo", None, None], names=names),
        "agent_group": Category.of(["first", "second", None, "second", None, None]),
        "resolved": [1, 1, NAN, 0, NAN, NAN],
        "satisfaction": [5, NAN, NAN, 3, NAN, NAN],
        "value": [1.0, 0.5, NAN, 0.8, NAN, NAN],
        "transfers": [0, 2, 0, 1, 0, 0],
        "due_at": [10.0, 70.0, 150.0, NAN, NAN, 5000.0],
        "window": (0.0, 3600.0),
        "intervals": AgentIntervals.of(
            agent=[0, 0, 1, 1, 1, 1, 2],
            agent_group=[0, 0, 1, 1, 1, 1, 1],
            state=["busy", "free", "free", "busy", "wrap_up", "free", "away"],
            start_at=[0.0, 600.0, 0.0, 80.0, 580.0, 1000.0, 0.0],
            end_at=[600.0, 1800.0, 80.0, 580.0, 1000.0, 3600.0, 3600.0],
            capacity=[2.0] * 7,
        ),
    }
    return Ledger.of(**(columns | changes))


def by_chance(seed: int, *, size: int = 60, start_at: float = 0.0) -> Ledger:
    """Return a ledger in which everything happens: unknown numbers, all endings, repeats within type and channel."""
    chance = np.random.default_rng(seed)
    arrived = np.sort(chance.uniform(0, 7000, size)).round()
    answered = np.where(chance.random(size) < 0.7, arrived + chance.exponential(60, size).round(), NAN)
    ended = np.where(np.isnan(answered), arrived, answered) + chance.exponential(300, size).round()
    ended[chance.random(size) < 0.15] = NAN
    ending = np.where(np.isnan(answered), chance.choice([2, 3], size), chance.choice([1, 1, 1, 2], size))
    ending[np.isnan(ended)] = 0
    kind = chance.integers(0, 3, size)
    agent = np.where(np.isnan(answered), -1, chance.integers(0, 4, size)).astype(np.int32)
    repeats = np.full(size, -1)
    for row in np.flatnonzero(chance.random(size) < 0.2):
        earlier = np.flatnonzero(kind[:row] == kind[row])
        if len(earlier):
            repeats[row] = earlier[-1]
    kinds = Category(kind.astype(np.int32), ("billing", "sales", "other"))
    return Ledger.of(
        arrived_at=arrived + start_at,
        answered_at=answered + start_at,
        ended_at=ended + start_at,
        handle_time=np.where(np.isnan(answered), NAN, chance.exponential(300, size).round() + 1),
        wrap_up_time=np.where(np.isnan(answered), NAN, 1.0),
        ending=ending,
        conversation_type=kinds,
        channel=kinds,
        queue=kinds,
        customer=kinds,
        agent=Category(agent, ("ana", "bo", "cy", "di")),
        agent_group=Category(np.where(agent < 0, -1, agent // 2).astype(np.int32), ("first", "second")),
        resolved=np.where(np.isnan(answered), NAN, chance.integers(0, 2, size)),
        satisfaction=np.where(chance.random(size) < 0.5, NAN, chance.integers(1, 6, size)),
        value=np.where(np.isnan(answered), NAN, chance.random(size).round(3)),
        transfers=chance.integers(0, 3, size),
        repeats=repeats,
        due_at=np.where(chance.random(size) < 0.5, NAN, arrived + start_at + 30),
        window=(start_at, 9000.0 + start_at),
        intervals=_intervals(chance, start_at),
    )


def _intervals(chance: np.random.Generator, start_at: float) -> AgentIntervals:
    ends = np.sort(chance.uniform(0, 9000, (4, 10)).round(), axis=1)
    starts = np.column_stack([np.zeros(4), ends[:, :-1]])
    agent = np.repeat(np.arange(4), 10)
    return AgentIntervals.of(
        agent=agent,
        agent_group=agent // 2,
        state=chance.integers(0, 4, 40),
        start_at=starts.ravel() + start_at,
        end_at=ends.ravel() + start_at,
        load=chance.integers(0, 3, 40),
        capacity=np.full(40, 3.0),
    )


def empty() -> Ledger:
    """Return a ledger in which nothing happened."""
    return Ledger.of(arrived_at=[])
