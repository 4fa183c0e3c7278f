"""A bank's telephone service that never was: four weeks of calls as they happened, and the log that was kept of them.

The bank is known to the last number, so that what is learned from its log can be compared with the truth. The log has
the columns of a published call log of a bank, and the dirt that such logs have. Seeded: always the same calls.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count, pairwise
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

__all__ = ["FIRST_DAY", "HEAD", "KINDS", "ZONE", "Call", "Kind", "calls", "log_rows", "write_log"]

ZONE = "Europe/Berlin"
FIRST_DAY = datetime(2026, 10, 5, tzinfo=ZoneInfo(ZONE))  # a Monday; on 25 October the clocks go back
DAYS = 28
SEED = 20261005
DAY_SPREAD = 0.12  # days are busier or quieter as a whole


class Kind(NamedTuple):
    """What is true of one type of calls."""

    per_hour: tuple[float, ...]  # arrivals on a working day from 8 to 20 o'clock
    at_night: float  # arrivals per hour at all other times
    handle_time: float
    spread: float  # of the logarithm
    patience: tuple[tuple[float, float], ...]  # rate of giving up per second, from this many seconds of waiting on


KINDS = {
    "PS": Kind(
        (36, 56, 62, 58, 46, 44, 50, 54, 50, 36, 24, 14), 0.0, 190.0, 0.9, ((0, 0.004), (10, 0.0012), (60, 0.0025))
    ),
    "NW": Kind((5, 8, 11, 11, 9, 8, 9, 11, 11, 8, 5, 3), 0.0, 260.0, 0.8, ((0, 0.006), (10, 0.003), (60, 0.005))),
    "NE": Kind((10, 16, 14, 12, 10, 9, 11, 14, 16, 8, 5, 3), 0.0, 150.0, 1.0, ((0, 0.002), (10, 0.0006), (60, 0.001))),
    "IN": Kind(
        (9, 12, 14, 14, 14, 14, 16, 16, 18, 18, 16, 14), 4.0, 380.0, 0.7, ((0, 0.003), (10, 0.001), (60, 0.001))
    ),
}

#: Team -> types it serves, share of the usual handle time, and starts of shifts of eight hours on working days.
TEAMS = {
    "counter": (("PS", "NW"), 1.0, (8, 8, 9, 12, 12)),
    "markets": (("NE", "PS"), 0.85, (8, 9, 12)),
    "internet": (("IN",), 1.0, (8, 10, 12, 12)),
}
NAMES = [
    "ADA",
    "BEN",
    "CLEO",
    "DAN",
    "EVA",
    "FINN",
    "GRETA",
    "HUGO",
    "IDA",
    "JAN",
    "KIM",
    "LEA",
    "MAX",
    "NORA",
    "OLE",
    "PIA",
    "QUIN",
    "RIA",
    "SAM",
    "TARA",
    "UWE",
    "VERA",
    "WIM",
    "XENIA",
    "YAN",
    "ZOE",
    "ANTON",
    "BERTA",
]


class Call(NamedTuple):
    """One call as it happened; instants in seconds from the first midnight."""

    id: int
    customer: int
    kind: str
    menu_at: float
    queued_at: float
    answered_at: float  # infinite where nobody did
    ended_at: float
    agent: str


class Caller(NamedTuple):
    """Somebody who calls, and what they bring along."""

    id: int
    customer: int
    kind: str
    menu_at: float
    queued_at: float
    patience: float
    length: float  # of the conversation with an agent of usual pace


class Agent(NamedTuple):
    """Somebody at the telephone: what they serve, how fast, and from when to when, day by day."""

    name: str
    kinds: tuple[str, ...]
    pace: float
    shifts: tuple[tuple[float, float], ...]


def moment(day: int, hour: int) -> float:
    """Return when a day's clock shows a full hour, in seconds from the first midnight."""
    shown = (FIRST_DAY + timedelta(days=day)).replace(hour=hour % 24) + timedelta(days=hour // 24)
    return shown.timestamp() - FIRST_DAY.timestamp()


def people() -> list[Agent]:
    """List the agents with their shifts."""
    names = iter(NAMES)
    agents = []
    for kinds, pace, starts in TEAMS.values():
        for start in starts:
            shifts = tuple((moment(day, start), moment(day, start + 8)) for day in range(DAYS) if day % 7 < 5)
            agents.append(Agent(next(names), kinds, pace, shifts))
    for turn in range(4):  # nights and weekends: two at a time, the four taking turns
        shifts = tuple(
            (moment(day, start), moment(day, start + 8))
            for day in range(DAYS)
            for start in (0, 8, 16)
            if (day + start // 8) % 2 == turn % 2 and (start == 0 or day % 7 >= 5)
        )
        agents.append(Agent(next(names), ("IN",), 1.0, shifts))
    return agents


def arrivals(kind: Kind, generator: np.random.Generator, factors: NDArray[np.float64]) -> Iterator[float]:
    """Draw arrivals hour by hour; a day is busier or quieter as a whole."""
    for hour in range(round(moment(DAYS, 0) / 3600)):
        shown = instant(hour * 3600.0)
        busy = shown.weekday() < 5 and 8 <= shown.hour < 20
        rate = kind.per_hour[shown.hour - 8] if busy else kind.at_night
        day = (shown.date() - FIRST_DAY.date()).days
        yield from hour * 3600.0 + 3600.0 * generator.random(generator.poisson(rate * factors[day]))


def calls(seed: int = SEED) -> list[Call]:
    """Let four weeks pass, and return all calls in the order in which they joined the queue."""
    generator = np.random.default_rng(seed)
    factors = generator.gamma(1 / DAY_SPREAD**2, DAY_SPREAD**2, DAYS)
    coming = sorted((at, name) for name, kind in KINDS.items() for at in arrivals(kind, generator, factors))
    callers = [caller(number, at, name, generator) for number, (at, name) in enumerate(coming, 1)]
    return sorted(Service(callers, people()).run(), key=lambda call: call.queued_at)


def caller(number: int, at: float, name: str, generator: np.random.Generator) -> Caller:
    """Draw what somebody brings along: time in the menu, patience, and how long the matter takes."""
    kind = KINDS[name]
    length = kind.handle_time * np.exp(kind.spread * generator.normal() - kind.spread**2 / 2)
    customer = int(generator.integers(1000, 9000))
    return Caller(number, customer, name, at, at + 5.0 + 10.0 * generator.random(), patience(kind, generator), length)


def patience(kind: Kind, generator: np.random.Generator) -> float:
    """Draw how long a caller waits before hanging up."""
    left = generator.exponential()
    for (start, rate), (until, _) in pairwise([*kind.patience, (np.inf, 0.0)]):
        if left <= rate * (until - start):
            return float(start + left / rate)
        left -= rate * (until - start)
    raise AssertionError


class Service:
    """Agents and queues: who waits longest goes first, to whoever was idle longest and serves the type."""

    def __init__(self, callers: list[Caller], agents: list[Agent]) -> None:
        self.callers, self.agents = callers, agents
        self.queues: dict[str, deque[Caller]] = {name: deque() for name in KINDS}
        self.idle: dict[int, None] = {}  # longest idle first
        self.at_work: set[int] = set()
        self.done: list[Call] = []
        self.number = count()
        self.events: list[tuple[float, int, str, int]] = []

    def run(self) -> list[Call]:
        """Let everything happen."""
        for who, agent in enumerate(self.agents):
            for start, end in agent.shifts:
                self.plan(start, "begins", who)
                self.plan(end, "leaves", who)
        for place, coming in enumerate(self.callers):
            self.plan(coming.queued_at, "queues", place)
        while self.events:
            now, _, what, whom = heappop(self.events)
            {"begins": self.begin, "leaves": self.leave, "queues": self.queue, "is free": self.look}[what](whom, now)
        for waiting in self.queues.values():
            for lost in waiting:
                self.lose(lost)
        return self.done

    def plan(self, at: float, what: str, whom: int) -> None:
        """Remember what will happen."""
        heappush(self.events, (at, next(self.number), what, whom))

    def begin(self, who: int, now: float) -> None:
        """Let an agent begin to work."""
        self.at_work.add(who)
        self.look(who, now)

    def leave(self, who: int, _: float) -> None:
        """Let an agent go home, after the call at hand."""
        self.at_work.discard(who)
        self.idle.pop(who, None)

    def queue(self, place: int, now: float) -> None:
        """Give a call to an idle agent, or let it wait."""
        coming = self.callers[place]
        free = next((who for who in self.idle if coming.kind in self.agents[who].kinds), None)
        if free is None:
            self.queues[coming.kind].append(coming)
        else:
            self.take(coming, free, now)

    def look(self, who: int, now: float) -> None:
        """Give an agent the call that waits longest; who hung up meanwhile is gone."""
        if who not in self.at_work:
            return
        for name in self.agents[who].kinds:
            waiting = self.queues[name]
            while waiting and waiting[0].queued_at + waiting[0].patience < now:
                self.lose(waiting.popleft())
        heads = [self.queues[name][0] for name in self.agents[who].kinds if self.queues[name]]
        if heads:
            first = min(heads, key=lambda coming: coming.queued_at)
            self.take(self.queues[first.kind].popleft(), who, now)
        else:
            self.idle[who] = None

    def take(self, coming: Caller, who: int, now: float) -> None:
        """Let an agent answer."""
        self.idle.pop(who, None)
        agent, ended = self.agents[who], now + max(coming.length * self.agents[who].pace, 2.0)
        self.done.append(Call(*coming[:5], now, ended, agent.name))
        self.plan(ended, "is free", who)

    def lose(self, coming: Caller) -> None:
        """Let a caller hang up."""
        self.done.append(Call(*coming[:5], np.inf, coming.queued_at + coming.patience, ""))


Row = dict[str, str]

# --- the log ----------------------------------------------------------------------------------------------------------

HEAD = [
    "vru+line",
    "call_id",
    "customer_id",
    "priority",
    "type",
    "date",
    "vru_entry",
    "vru_exit",
    "vru_time",
    "q_start",
    "q_exit",
    "q_time",
    "outcome",
    "ser_start",
    "ser_exit",
    "ser_time",
    "server",
]


NOBODY = {"ser_start": "0:00:00", "ser_exit": "0:00:00", "ser_time": "0", "server": "NO_SERVER"}
#: What goes wrong in the system that keeps the log, how often, and what it does to a row.
DIRT: tuple[tuple[float, Callable[[Row], Row]], ...] = (
    (0.004, lambda row: {**row, "server": "NO_SERVER"}),
    (0.003, lambda row: {**row, "q_time": str(-int(row["q_time"]) - 3600)}),
    (0.002, lambda row: {**row, "ser_exit": row["ser_start"], "ser_time": "0"}),
    (0.003, lambda row: {**row, "vru_entry": "##:##:##", "vru_exit": "##:##:##", "q_start": "##:##:##"}),
    (0.002, lambda row: {**row, "ser_time": "43200"}),
    (0.002, lambda row: {**row, "outcome": "HANG" if row["outcome"] == "AGENT" else "AGENT"}),
    (0.006, lambda row: {**row, **NOBODY, "outcome": "PHANTOM"}),
)


def log_rows(happened: list[Call], seed: int = 1) -> Iterator[list[str]]:
    """Write calls as the bank's system would, in order, with its dirt: about one row in forty has some."""
    generator = np.random.default_rng(seed)
    for call in happened:
        row = clean_row(call)
        chance = generator.random()
        for share, spoil in DIRT:
            if 0 <= chance < share:
                row = spoil(row)
            chance -= share
        yield list(row.values())
        again = generator.random()
        if again < 0.004:
            yield list(row.values())
        elif again < 0.0043:
            yield HEAD
        elif again < 0.0046:
            yield [""] * len(HEAD)


def clean_row(call: Call) -> Row:
    """Write a call: a day, and times of day."""
    answered = np.isfinite(call.answered_at)
    left = call.answered_at if answered else call.ended_at
    queued = left - call.queued_at >= 1.0
    return {
        "vru+line": f"AA{call.id % 60 + 1:02}{call.id % 16 + 1:02}",
        "call_id": str(call.id),
        "customer_id": str(call.customer),
        "priority": "1" if call.customer % 5 == 0 else "0",
        "type": call.kind,
        "date": instant(call.menu_at).strftime("%y%m%d"),
        "vru_entry": clock(call.menu_at),
        "vru_exit": clock(call.queued_at),
        "vru_time": str(round(call.queued_at) - round(call.menu_at)),
        "q_start": clock(call.queued_at) if queued else "0:00:00",
        "q_exit": clock(left) if queued else "0:00:00",
        "q_time": str(round(left) - round(call.queued_at)) if queued else "0",
        "outcome": "AGENT" if answered else "HANG",
        "ser_start": clock(call.answered_at) if answered else "0:00:00",
        "ser_exit": clock(call.ended_at) if answered else "0:00:00",
        "ser_time": str(round(call.ended_at) - round(call.answered_at)) if answered else "0",
        "server": call.agent or "NO_SERVER",
    }


def instant(seconds: float) -> datetime:
    """Return what the clock of the bank shows."""
    return datetime.fromtimestamp(FIRST_DAY.timestamp() + round(seconds), ZoneInfo(ZONE))


def clock(seconds: float) -> str:
    """Return the time of day, hours without a leading zero."""
    return instant(seconds).strftime("%H:%M:%S").removeprefix("0")


def write_log(path: Path, happened: list[Call]) -> None:
    """Write the log as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEAD, *log_rows(happened)])
