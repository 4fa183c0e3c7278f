"""A help desk that never was: two weeks in May, chats in English and Spanish, and the log that was kept of them.

Seeded: always the same conversations, and the same dirt.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from routematch.distributions import DoublyStochasticArrivals, Exponential, Gamma, LogNormal, VaryingArrivals
from routematch.policies import longest_idle
from routematch.simulation import AgentGroup, ConversationType, Scenario, WeeklyHours, simulate
from routematch.state.ledger import COMPLETED

__all__ = ["ZONE", "write_log"]

ZONE = "America/New_York"
FIRST_DAY = datetime(2026, 5, 4, tzinfo=ZoneInfo(ZONE))  # a Monday
DAYS = 14
HEAD = ("Conversation ID", "Channel", "Skill", "Created", "Answered", "Closed", "Agent", "Status")
#: Conversations an hour on a working day, from 8 to 18 o'clock.
SHAPE = np.array([30.0, 52, 64, 60, 50, 46, 52, 58, 46, 28])


def truth() -> Scenario:
    """Return the desk as it really is."""
    return Scenario(
        [kind("english", 1.0, 330.0), kind("spanish", 0.28, 390.0)],
        [
            team("early", {"english": 1.0}, 5, "08:00", "16:00"),
            team("late", {"english": 1.0}, 5, "10:00", "18:00"),
            team("spanish", {"spanish": 1.0}, 2, "08:00", "18:00"),
        ],
        DAYS * 86_400.0,
        start_at=FIRST_DAY,
        zone=ZONE,
    )


def kind(name: str, share: float, handle_time: float) -> ConversationType:
    """Return a type with a share of the usual volume; days are busier or quieter as a whole."""
    rates = np.zeros(7 * 24)
    for day in range(5):
        rates[day * 24 + 8 : day * 24 + 18] = share * SHAPE / 3600.0
    week = VaryingArrivals(tuple(3600.0 * hour for hour in range(7 * 24)), tuple(rates), period=7 * 86_400.0)
    return ConversationType(
        name,
        name,
        arrivals=DoublyStochasticArrivals(week, Gamma(1.0, cv=0.08)),
        handle_time=LogNormal(handle_time, cv=0.8),
        patience=Exponential(200.0),
    )


def team(name: str, skills: dict[str, float], size: int, starts: str, ends: str) -> AgentGroup:
    """Return agents with the same hours on working days."""
    return AgentGroup(name, skills, size=size, shifts=WeeklyHours("weekdays", starts, ends))


def write_log(path: Path) -> int:
    """Write the log as the desk keeps it, and return how many conversations really happened."""
    (ledger,) = simulate(truth(), longest_idle(), seed=2026).ledgers
    rows = []
    for number in range(len(ledger)):
        done = ledger.ending[number] == COMPLETED
        rows.append(
            [
                f"c-{number + 1:05}",
                "chat",
                ledger.conversation_type.names[ledger.conversation_type.codes[number]],
                shown(ledger.arrived_at[number]),
                shown(ledger.answered_at[number]) if done else "",
                shown(ledger.ended_at[number]),
                ledger.agent.names[ledger.agent.codes[number]] if done else "",
                "completed" if done else "abandoned",
            ]
        )
    with path.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([list(HEAD), *dirty(rows)])
    return len(rows)


def shown(at: float) -> str:
    """Write an instant as the desk's clock showed it, to the second."""
    return datetime.fromtimestamp(float(at), ZoneInfo(ZONE)).strftime("%m/%d/%Y %H:%M:%S")


def dirty(rows: list[list[str]]) -> Iterator[list[str]]:
    """Spoil about one row in fifty: given twice, empty, no date, closed before it began, never closed."""
    generator = np.random.default_rng(5)
    for row in rows:
        chance = generator.random()
        if chance < 0.004:
            yield [*row[:3], "n/a", *row[4:]]
        elif chance < 0.008:
            before = datetime.strptime(row[3], "%m/%d/%Y %H:%M:%S") - timedelta(hours=1)  # noqa: DTZ007 - as written
            yield [*row[:5], before.strftime("%m/%d/%Y %H:%M:%S"), *row[6:]]
        else:
            yield row
        if chance > 0.994:
            yield row
        elif chance > 0.99:
            yield [""] * len(row)
