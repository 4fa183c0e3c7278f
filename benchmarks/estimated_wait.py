"""Measure estimated waits on made-up days against the usual estimators: do intervals cover, how large is the error.

A day has twelve hours with arrival rates that vary, two bursts at random times in which arrivals rise two and a half
times for 15 to 30 minutes, staffing that changes every two hours, handle times of log-normal law, and customers who
give up. One estimator lives through several such days in a row, starting from nothing. Each conversation that must wait
is told an estimate when it enters the line. Run it with ``OMP_NUM_THREADS=1 python benchmarks/estimated_wait.py``; with
``--write`` the tables go to ``benchmarks/results/estimated-wait.md``.

The others, each at its best: LES, the wait of the last of the same class to enter service; HOL, how long the first in
line of the same class has waited (LES where nobody waits); QL, ``(ahead + 1) x handle time / servers`` with the same
`ahead`, `servers` and window for the mean handle time of the class as ours.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
import math
import random
import statistics
import time
import timeit
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from attrs import define, field, frozen

from routematch.router.estimated_wait import WaitEstimate, WaitEstimator
from routematch.router.wait_learning import FadingMean

RESULTS = Path(__file__).parent / "results" / "estimated-wait.md"
HOUR = 3600.0
PHASES = ("calm", "step", "burst")
OTHERS = ("LES", "HOL", "QL")
#: Those who still wait after so many seconds ask once more.
AGAIN = 60.0


@frozen
class Kind:
    """A class of requests: arrivals per hour at each full hour, and the laws of its handle time and patience."""

    hourly: tuple[float, ...]
    handle_time: float
    variability: float
    patience: float
    is_patience_regular: bool = False


@frozen
class Team:
    """Agents alike: the kinds they take, and how many there are from which instant on."""

    kinds: tuple[int, ...]
    staffing: tuple[tuple[float, int], ...]


@frozen
class Setting:
    """What all days of a case have in common."""

    kinds: tuple[Kind, ...]
    teams: tuple[Team, ...]
    drift: float = 0.0
    is_strict: bool = False
    bursts: int = 2
    surge: float = 2.5

    @property
    def horizon(self) -> float:
        """When the last arrivals come."""
        return HOUR * len(self.kinds[0].hourly)


@define(eq=False)
class Wait:
    """One conversation, what it was told, and what came true."""

    kind: int
    at: float
    phase: str
    handle_time: float
    ahead: float = 0.0
    told: WaitEstimate | None = None
    told_again: WaitEstimate | None = None
    others: dict[str, float] = field(factory=dict)
    waited: float | None = None
    state: str = "waiting"

    @property
    def is_served(self) -> bool:
        """Whether it was served in the end."""
        return self.state == "served"


@define(eq=False)
class Day:
    """One day, simulated: the longest wait first, among the kinds an agent takes (strict: the first kind first).

    Who gives up leaves a mark in line. When it comes to the front, its wait is known as it would have been.
    """

    setting: Setting
    estimator: WaitEstimator
    random: random.Random
    knows_staffing: bool = True
    weighs_shared: bool = True
    waits: list[Wait] = field(factory=list)
    events: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = field(factory=list)
    bursts: list[tuple[float, float]] = field(factory=list)
    lines: list[deque[Wait]] = field(factory=list)
    numbers: Iterator[int] = field(factory=itertools.count)
    handle_times: list[FadingMean] = field(factory=list)
    last: list[float] = field(factory=list)
    staffed: list[int] = field(factory=list)
    busy: list[int] = field(factory=list)
    teams_of: list[list[int]] = field(factory=list)

    def run(self) -> list[Wait]:
        """Return all conversations of the day, in order of arrival."""
        kinds, teams = self.setting.kinds, self.setting.teams
        self.lines = [deque() for _ in kinds]
        self.last, self.handle_times = [0.0] * len(kinds), [FadingMean(200) for _ in kinds]
        self.staffed, self.busy = [team.staffing[0][1] for team in teams], [0] * len(teams)
        self.teams_of = [[g for g, team in enumerate(teams) if k in team.kinds] for k in range(len(kinds))]
        self.plan_day()
        while self.events:
            now, _, handler, arguments = heapq.heappop(self.events)
            handler(now, *arguments)
        return self.waits

    def plan_day(self) -> None:
        """Draw the bursts and all arrivals, and note the changes of staffing."""
        horizon = self.setting.horizon
        starts = [self.random.uniform(HOUR, horizon - HOUR) for _ in range(self.setting.bursts)]
        self.bursts = sorted((start, start + self.random.uniform(900.0, 1800.0)) for start in starts)
        for number, kind in enumerate(self.setting.kinds):
            at, top = 0.0, max(kind.hourly) * self.setting.surge / HOUR
            while (at := at + self.random.expovariate(top)) < horizon:
                if self.random.random() * top < self.arrival_rate(kind, at):
                    self.schedule(at, self.arrive, number)
        for number, team in enumerate(self.setting.teams):
            for at, count in team.staffing[1:]:
                self.schedule(at, self.change_staff, number, count)

    def schedule(self, at: float, handler: Callable[..., None], *arguments: object) -> None:
        """Note what is to happen at an instant."""
        heapq.heappush(self.events, (at, next(self.numbers), handler, arguments))

    def arrival_rate(self, kind: Kind, at: float) -> float:
        """Return the arrivals per second at an instant."""
        hour, share = divmod(at / HOUR, 1.0)
        here, then = kind.hourly[int(hour)], kind.hourly[min(int(hour) + 1, len(kind.hourly) - 1)]
        surge = self.setting.surge if any(start <= at < end for start, end in self.bursts) else 1.0
        return (here + share * (then - here)) * surge / HOUR

    def phase(self, at: float) -> str:
        """Return ``burst`` in a burst and half an hour after it, ``step`` half an hour around a change of staffing."""
        if any(start <= at < end + 1800.0 for start, end in self.bursts):
            return "burst"
        steps = (step for team in self.setting.teams for step, _ in team.staffing[1:])
        return "step" if any(abs(at - step) < 1800.0 for step in steps) else "calm"

    def draw(self, mean: float, variability: float) -> float:
        """Draw from the log-normal law of this mean and squared coefficient of variation."""
        square = math.log1p(variability)
        return self.random.lognormvariate(math.log(mean) - square / 2.0, math.sqrt(square))

    def arrive(self, now: float, number: int) -> None:
        """Tell a new conversation its wait, and start it or let it wait."""
        kind = self.setting.kinds[number]
        drift = 1.0 + self.setting.drift * math.sin(2.0 * math.pi * now / self.setting.horizon)
        wait = Wait(number, now, self.phase(now), self.draw(kind.handle_time * drift, kind.variability))
        patience = (
            self.draw(kind.patience, 0.3) if kind.is_patience_regular else self.random.expovariate(1.0 / kind.patience)
        )
        self.waits.append(wait)
        wait.told = self.ask(wait, now)
        wait.others = self.guess(wait, now)
        idle = [team for team in self.teams_of[number] if self.busy[team] < self.staffed[team]]
        if idle:
            return self.start(now, wait, min(idle, key=lambda team: (len(self.setting.teams[team].kinds), team)))
        self.lines[number].append(wait)
        self.schedule(now + AGAIN, self.ask_again, wait)
        return self.schedule(now + patience, self.give_up, wait)

    def ask(self, wait: Wait, now: float) -> WaitEstimate:
        """Return what the estimator says, given what a router would know."""
        teams = self.teams_of[wait.kind]
        wait.ahead = self.ahead(wait)
        return self.estimator.estimate(
            str(wait.kind),
            ahead=wait.ahead,
            servers=sum(self.staffed[team] for team in teams),
            free=sum(max(self.staffed[team] - self.busy[team], 0) for team in teams),
            now=now,
            staffing=self.known_staffing(teams, now),
        )

    def ahead(self, wait: Wait) -> float:
        """Return how many are ahead, each by the share of its agents that also take this one."""
        total = 0.0
        for kind, line in enumerate(self.lines):
            before = self.setting.is_strict and kind < wait.kind
            after = self.setting.is_strict and kind > wait.kind
            if line and not after:
                count = sum(other.state == "waiting" and (before or other.at < wait.at) for other in line)
                total += count * self.shared(kind, wait.kind)
        return total

    def shared(self, kind: int, own: int) -> float:
        """Return which share of the agents for one kind also take the other."""
        if not self.weighs_shared:
            return float(any(team in self.teams_of[own] for team in self.teams_of[kind]))
        total = sum(self.staffed[team] for team in self.teams_of[kind])
        both = sum(self.staffed[team] for team in self.teams_of[kind] if team in self.teams_of[own])
        return both / total if total else 0.0

    def known_staffing(self, teams: Iterable[int], now: float) -> tuple[tuple[float, int], ...]:
        """Return how many eligible agents there will be from when on, if the estimator is told."""
        if not self.knows_staffing:
            return ()
        plans = [self.setting.teams[team].staffing for team in teams]
        instants = sorted({at for plan in plans for at, _ in plan if at > now})
        return tuple((at, sum([n for start, n in plan if start <= at][-1] for plan in plans)) for at in instants)

    def guess(self, wait: Wait, now: float) -> dict[str, float]:
        """Return what the other estimators say."""
        head = next((other for other in self.lines[wait.kind] if other.state == "waiting"), None)
        handle_time = self.handle_times[wait.kind].mean or self.setting.kinds[wait.kind].handle_time
        servers = sum(self.staffed[team] for team in self.teams_of[wait.kind])
        return {
            "LES": self.last[wait.kind],
            "HOL": now - head.at if head else self.last[wait.kind],
            "QL": (wait.ahead + 1.0) * handle_time / max(servers, 1),
        }

    def ask_again(self, now: float, wait: Wait) -> None:
        """Tell a conversation that still waits how long it will wait from now on."""
        if wait.state == "waiting":
            wait.told_again = self.ask(wait, now)

    def start(self, now: float, wait: Wait, team: int) -> None:
        """Let an agent take a conversation."""
        wait.waited, wait.state = now - wait.at, "served"
        self.last[wait.kind] = wait.waited
        self.busy[team] += 1
        assert wait.told is not None
        self.estimator.started(str(wait.kind), wait.waited, forecast=wait.told.forecast)
        self.schedule(now + wait.handle_time, self.finish, wait, team)

    def finish(self, now: float, wait: Wait, team: int) -> None:
        """Free the agent, who takes the next, or leaves where a smaller staff is planned."""
        self.estimator.finished(str(wait.kind), wait.handle_time)
        self.handle_times[wait.kind].add(wait.handle_time)
        self.busy[team] -= 1
        self.take_next(now, team)

    def change_staff(self, now: float, team: int, count: int) -> None:
        """Let agents come, or go after what they are at."""
        self.staffed[team] = count
        self.take_next(now, team)

    def give_up(self, now: float, wait: Wait) -> None:
        """Let a conversation leave, if it still waits."""
        if wait.state == "waiting":
            wait.state = "abandoned"
            self.estimator.abandoned(str(wait.kind), now - wait.at)

    def take_next(self, now: float, team: int) -> None:
        """Let free agents of a team take what comes first."""
        while self.busy[team] < self.staffed[team]:
            lines = [self.lines[kind] for kind in self.setting.teams[team].kinds if self.lines[kind]]
            if not lines:
                return
            line = lines[0] if self.setting.is_strict else min(lines, key=lambda line: line[0].at)
            wait = line.popleft()
            if wait.state == "abandoned":
                wait.waited = now - wait.at
            else:
                self.start(now, wait, team)


def every_two_hours(*counts: int) -> tuple[tuple[float, int], ...]:
    """Return the staffing of a team that changes every two hours."""
    return tuple((2.0 * HOUR * number, count) for number, count in enumerate(counts))


BUSY = (120, 180, 240, 260, 230, 200, 220, 250, 230, 190, 150, 100)
CASES = {
    "one skill, 12 to 22 agents": Setting(
        (Kind(BUSY, 300.0, 0.8, 600.0),), (Team((0,), every_two_hours(12, 20, 17, 22, 17, 12)),)
    ),
    "one skill, 2 to 5 agents": Setting(
        (Kind((20, 36, 45, 48, 42, 40, 44, 50, 44, 36, 30, 20), 300.0, 0.8, 900.0),),
        (Team((0,), every_two_hours(3, 4, 3, 5, 4, 2)),),
    ),
    "three skills, five teams": Setting(
        (
            Kind((60, 90, 110, 120, 110, 100, 110, 120, 100, 80, 60, 40), 200.0, 0.8, 600.0),
            Kind((40, 60, 80, 90, 80, 70, 80, 90, 80, 60, 50, 30), 360.0, 0.8, 600.0),
            Kind((10, 16, 20, 24, 20, 18, 20, 24, 20, 16, 12, 10), 500.0, 0.8, 900.0),
        ),
        (
            Team((0,), every_two_hours(3, 5, 4, 6, 5, 3)),
            Team((1,), every_two_hours(3, 5, 4, 5, 4, 3)),
            Team((0, 1), every_two_hours(4, 6, 6, 6, 5, 3)),
            Team((1, 2), every_two_hours(2, 4, 3, 4, 3, 2)),
            Team((2,), every_two_hours(1, 2, 1, 2, 2, 1)),
        ),
    ),
    "handle times drift by a quarter, patience is regular": Setting(
        (Kind(BUSY, 300.0, 1.5, 600.0, is_patience_regular=True),),
        (Team((0,), every_two_hours(13, 20, 18, 23, 18, 13)),),
        drift=0.25,
    ),
    "two classes, the first always goes before": Setting(
        (
            Kind((30, 45, 60, 65, 58, 50, 55, 62, 58, 48, 38, 25), 300.0, 0.8, 600.0),
            Kind((90, 135, 180, 195, 172, 150, 165, 188, 172, 142, 112, 75), 300.0, 0.8, 900.0),
        ),
        (Team((0, 1), every_two_hours(12, 20, 17, 22, 17, 12)),),
        is_strict=True,
    ),
}


def live(setting: Setting, seed: int, days: int, **known: bool) -> list[list[Wait]]:
    """Return the conversations of several days in a row that one estimator lives through."""
    estimator = WaitEstimator()
    return [Day(setting, estimator, random.Random(1000 * seed + day), **known).run() for day in range(days)]


def had_to_wait(wait: Wait) -> bool:
    """Return whether no agent was free when it came."""
    assert wait.told is not None
    return wait.told.method != "free"


def coverage(pairs: Iterable[tuple[WaitEstimate | None, float | None]]) -> str:
    """Return how many per cent of the waits lay in the interval they were told."""
    inside = [
        told.low <= waited <= told.high
        for told, waited in pairs
        if told is not None and told.low is not None and told.high is not None and waited is not None
    ]
    return f"{100.0 * statistics.fmean(inside):.1f}" if inside else "-"


def told_and_true(waits: Iterable[Wait]) -> list[tuple[WaitEstimate | None, float | None]]:
    """Return estimate and wait of each."""
    return [(wait.told, wait.waited) for wait in waits]


def errors(served: list[Wait], guess: Callable[[Wait], float]) -> tuple[float, float]:
    """Return root of the mean squared error and mean absolute error, in seconds."""
    apart = [guess(wait) - (wait.waited or 0.0) for wait in served]
    return math.sqrt(statistics.fmean(error * error for error in apart)), statistics.fmean(map(abs, apart))


def told_mean(wait: Wait) -> float:
    """Return the mean it was told."""
    assert wait.told is not None
    assert wait.told.mean is not None
    return wait.told.mean


def measure(name: str, setting: Setting, seeds: int, days: int, **known: bool) -> dict[str, str]:
    """Return one line of each table for a case."""
    runs = [live(setting, seed, days, **known) for seed in range(seeds)]
    by_seed = [[wait for day in run for wait in day if had_to_wait(wait)] for run in runs]
    waits = [wait for run in by_seed for wait in run]
    served = [wait for wait in waits if wait.is_served]
    kinds = [[wait for wait in served if wait.kind == kind] for kind in range(len(setting.kinds))]
    phases = [[wait for wait in served if wait.phase == phase] for phase in PHASES]
    first_day = [wait for run in runs for wait in run[0] if wait.is_served and had_to_wait(wait)]
    later = [(wait.told_again, (wait.waited or 0.0) - AGAIN) for wait in served if wait.told_again is not None]
    widths = [wait.told.high - wait.told.low for wait in served if wait.told]
    pairs = [told_and_true(part) for part in (served, *phases)]
    guesses = [told_mean, *(partial(guess_of, other) for other in OTHERS)]
    ratios = [errors(run, told_mean)[0] / errors(run, partial(guess_of, "LES"))[0] for run in map(only_served, by_seed)]
    given_up = 100.0 * (1.0 - len(served) / len(waits))
    mean_wait = statistics.fmean(wait.waited or 0.0 for wait in served)
    return {
        "coverage": row(name, *map(coverage, pairs), " / ".join(coverage(told_and_true(kind)) for kind in kinds)),
        "more": row(name, coverage(told_and_true(first_day)), coverage(later), coverage(told_and_true(waits))),
        "errors": row(
            name,
            *("{:.0f} / {:.0f}".format(*errors(served, guess)) for guess in guesses),
            f"{errors(served, told_mean)[0] / errors(served, guesses[1])[0]:.2f}",
            f"{min(ratios):.2f} to {max(ratios):.2f}",
        ),
        "days": row(name, len(waits), f"{given_up:.0f} %", f"{mean_wait:.0f}", f"{statistics.fmean(widths):.0f}"),
    }


def only_served(waits: list[Wait]) -> list[Wait]:
    """Return those who did not give up."""
    return [wait for wait in waits if wait.is_served]


def guess_of(other: str, wait: Wait) -> float:
    """Return what another estimator said."""
    return wait.others[other]


def row(*cells: object) -> str:
    """Return a line of a table."""
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def cost() -> str:
    """Return what an estimate and an event cost, next to a small call, and how large the state is."""
    estimator = WaitEstimator()
    live_day = Day(CASES["one skill, 12 to 22 agents"], estimator, random.Random(0))
    live_day.run()
    forecast = estimator.estimate("0", ahead=50, servers=20).forecast
    steps = [(3600.0 * hour, 10 + hour) for hour in range(6)]
    jobs: dict[str, Callable[[], object]] = {
        "estimate, nothing planned": lambda: estimator.estimate("0", ahead=50, servers=20),
        "estimate, six changes of staffing known": lambda: estimator.estimate(
            "0", ahead=50, servers=20, staffing=steps
        ),
        "started": lambda: estimator.started("0", 300.0, forecast=forecast),
        "finished": lambda: estimator.finished("0", 300.0),
        "abandoned": lambda: estimator.abandoned("0", 300.0),
    }
    spent = {name: shortest(job) for name, job in jobs.items()}
    baseline = shortest(lambda: statistics.fmean(steps[0]))
    lines = [f"| {name} | {1e6 * each:.1f} us | {each / baseline:.0f} |" for name, each in spent.items()]
    size = len(json.dumps(estimator.to_data()))
    head = ["| | processor time | times `statistics.fmean` of two numbers |", "|---|---|---|"]
    return "\n".join([*head, *lines, "", f"The state of one class and of all together is {size} bytes as JSON."])


def shortest(job: Callable[[], object]) -> float:
    """Return the processor time of one call in seconds, the shortest of seven rounds."""
    return min(timeit.repeat(job, timer=time.process_time, number=2000, repeat=7)) / 2000


def table(title: str, head: str, lines: list[str]) -> list[str]:
    """Return a table with its title."""
    return [f"## {title}", "", head, "|---" * (head.count("|") - 1) + "|", *lines, ""]


COVERAGE = "| days | all | calm | around a change of staffing | burst and half an hour after | by class |"
ERRORS = "| days | ours | LES | HOL | QL | ours / LES | by seed |"


def report(seeds: int, days: int) -> str:
    """Return all tables as one page."""
    known = [measure(name, setting, seeds, days) for name, setting in CASES.items()]
    unknown = [measure(name, setting, seeds, days, knows_staffing=False) for name, setting in CASES.items()]
    shared = "three skills, five teams"
    unweighted = measure(shared, CASES[shared], seeds, days, weighs_shared=False)
    lines = [
        "# Estimated wait",
        "",
        f"Made by `OMP_NUM_THREADS=1 python benchmarks/estimated_wait.py --seeds {seeds} --days {days} --write`:",
        f"{seeds} seeds, {days} days in a row each.",
        "Counted are conversations that had to wait and were served, but where it says otherwise; the estimate is",
        "the one told at arrival. Times are in seconds, coverage of the 80 % interval in per cent; wanted are",
        "75 to 85.",
        "",
        *table(
            "The days",
            "| days | had to wait | of them gave up | mean wait of the served | mean width of the interval |",
            [entry["days"] for entry in known],
        ),
        *table("Coverage, staffing known", COVERAGE, [entry["coverage"] for entry in known]),
        *table(
            "Coverage in other respects, staffing known",
            "| days | first day of each estimator | asked again after 60 s | also those who gave up, by the wait they"
            " would have had |",
            [entry["more"] for entry in known],
        ),
        *table(
            "Error, staffing known: root of the mean squared error / mean absolute error",
            ERRORS,
            [entry["errors"] for entry in known],
        ),
        *table("Coverage, staffing not told", COVERAGE, [entry["coverage"] for entry in unknown]),
        *table("Error, staffing not told", ERRORS, [entry["errors"] for entry in unknown]),
        *table("Everybody ahead counted in full, also those whom others may take", COVERAGE, [unweighted["coverage"]]),
        *table("Error then", ERRORS, [unweighted["errors"]]),
        "## Cost",
        "",
        cost(),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure all cases and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--write", action="store_true", help=f"store the tables in {RESULTS.name}")
    arguments = parser.parse_args()
    text = report(arguments.seeds, arguments.days)
    print(text)
    if arguments.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
