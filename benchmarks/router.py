# ruff: noqa: E501 - tables are wide
"""Measure the live router: time per event, memory per conversation, growth over a long run, restart.

Every time is processor time of one event with its dispatch, verb and record included, next to two yardsticks in the
same process: numpy's ``argmin`` over as many floats as there are agents, and the loop most products run, which looks at
every agent in plain Python. Run it with ``OMP_NUM_THREADS=1 python benchmarks/router.py``; with ``--write`` the tables go
to ``benchmarks/results/router.md``.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import random
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import routematch as rm

RESULTS = Path(__file__).parent / "results" / "router.md"
AGENTS = (1_000, 5_000, 15_000)
WAITING = (10_000, 100_000, 500_000)
SKILLS = [f"skill-{number}" for number in range(60)]


def crew(agents: int, rng: random.Random) -> list[rm.Agent]:
    """Return agents of 100 profiles with 2 to 5 of 60 skills, one conversation each at a time."""
    profiles = [
        {skill: round(rng.uniform(0.3, 1), 2) for skill in rng.sample(SKILLS, rng.randint(2, 5))} for _ in range(100)
    ]
    return [rm.Agent(f"agent-{number:05d}", rng.choice(profiles)) for number in range(agents)]


class Desk:
    """A router that is fed events and timed."""

    def __init__(self, agents: int, seed: int = 0) -> None:
        self.rng = random.Random(seed)
        self.crew = crew(agents, self.rng)
        self.router = rm.Router(self.crew)
        self.now, self.count = 0.0, 0
        self.active: list[str] = []

    def conversation(self) -> rm.Conversation:
        """Return a new conversation that asks for one skill."""
        self.count += 1
        return rm.Conversation(f"chat-{self.count:07d}", {self.rng.choice(SKILLS): self.rng.choice((0.3, 0.4, 0.5))})

    def arrive(self) -> float:
        """Let a conversation come; return the seconds it took."""
        conversation = self.conversation()
        return self.timed(lambda: self.router.enqueue(conversation, self.now))

    def complete(self) -> float:
        """Let an agent finish; return the seconds it took."""
        place = self.rng.randrange(len(self.active))
        self.active[place], self.active[-1] = self.active[-1], self.active[place]
        done = self.active.pop()
        return self.timed(lambda: self.router.complete(done, self.now))

    def flap(self) -> float:
        """Let an agent go away and come back; return the seconds the second took."""
        agent = self.rng.choice(self.crew).id
        self.router.set_presence(agent, "away", self.now)
        self.router.dispatch(self.now)
        return self.timed(lambda: self.router.set_presence(agent, "available", self.now))

    def timed(self, event: Callable[[], object]) -> float:
        """Return the processor time of an event and its dispatch."""
        self.now += 0.01
        start = time.process_time()
        event()
        plan = self.router.dispatch(self.now)
        spent = time.process_time() - start
        self.active += plan.assignments
        return spent

    def fill(self, active: int, waiting: int = 0) -> None:
        """Let conversations come until so many are served and, where agents are full, so many wait."""
        for _ in range(20 * active):
            if len(self.active) >= active:
                break
            self.arrive()
        for _ in range(waiting):
            self.router.enqueue(self.conversation(), self.now)
            if self.count % 1000 == 0:
                self.router.take_journal()
        self.router.dispatch(self.now)
        self.router.take_journal()


def yardsticks(agents: int, rng: random.Random) -> tuple[float, float]:
    """Return the seconds of numpy's argmin, and of a plain loop over as many agents."""
    row = np.array([rng.random() for _ in range(agents)])
    start = time.process_time()
    for _ in range(2000):
        row.argmin()
    argmin = (time.process_time() - start) / 2000
    people = [({"skill": rng.random()}, rng.random(), rng.random() < 0.5) for _ in range(agents)]
    rounds = max(200_000 // agents, 3)
    start = time.process_time()
    for _ in range(rounds):
        best, chosen = -1.0, -1
        for number, (skills, idle, is_free) in enumerate(people):
            if is_free and skills.get("skill", 0.0) >= 0.3 and idle > best:
                best, chosen = idle, number
        assert chosen >= 0
    return argmin, (time.process_time() - start) / rounds


def quantiles(spent: list[float]) -> tuple[float, float]:
    """Return median and 99th percentile."""
    return float(np.percentile(spent, 50)), float(np.percentile(spent, 99))


def measured(agents: int, waiting: int, events: int) -> list[str]:
    """Return the rows of one desk: with room to spare, or with so many waiting."""
    desk = Desk(agents)
    desk.fill(int(0.7 * agents) if not waiting else 2 * agents, 0)
    if waiting:
        desk.fill(len(desk.active), max(waiting - len(desk.router.held), 0))
    argmin, loop = yardsticks(agents, desk.rng)
    rows = []
    kinds = {"arrival": desk.arrive, "completion": desk.complete, "presence": desk.flap}
    spent: dict[str, list[float]] = {kind: [] for kind in kinds}
    gc.collect()
    gc.freeze()
    for number in range(events):
        for kind, event in kinds.items():
            if kind != "presence" or number % 5 == 0:
                spent[kind].append(event())
    total = sum(map(sum, spent.values()))
    count = sum(map(len, spent.values()))
    state = f"{waiting:,} waiting" if waiting else "70 % busy"
    for kind, seconds in spent.items():
        median, late = quantiles(seconds)
        rows.append(
            f"| {agents:,} | {state} | {kind} | {1e6 * median:,.0f} us | {1e6 * late:,.0f} us | {median / argmin:,.0f} x"
            f" / {late / argmin:,.0f} x | {median / loop:.2f} x / {late / loop:.2f} x | {count / total:,.0f} |"
        )
    return rows


def in_process(work: Callable[..., object], *arguments: object) -> object:
    """Return what some work gives in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def peak() -> float:
    """Return the highest resident memory so far, in kB."""
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def memory(waiting: int) -> float:
    """Return kB of resident memory per waiting conversation."""
    desk = Desk(1_000)
    desk.fill(200, 100)
    gc.collect()
    before = peak()
    for number in range(waiting):
        desk.router.enqueue(desk.conversation(), desk.now)
        if number % 500 == 0:
            desk.router.take_journal()
    desk.router.take_journal()
    return (peak() - before) / waiting


def growth(events: int) -> tuple[float, float]:
    """Return the peak of resident memory, in MB, after a tenth of a long run and at its end."""
    desk = Desk(200)
    desk.fill(150)
    early = 0.0
    for number in range(events // 2):
        desk.arrive()
        if desk.active:
            desk.complete()
        if number % 200 == 0:
            desk.router.take_journal()
        if number == events // 20:
            early = peak()
    return early / 1024, peak() / 1024


def restart(conversations: int, tail: int) -> tuple[float, float, float, float]:
    """Return seconds of snapshot, of JSON, and of restoring with a tail of the journal; and its size in MB."""
    desk = Desk(5_000)
    desk.fill(2_000, conversations - 2_000)
    start = time.process_time()
    data = desk.router.snapshot()
    taken = time.process_time()
    text = json.dumps(data)
    written = time.process_time()
    for _ in range(tail // 2):
        desk.arrive()
        if desk.active:
            desk.complete()
    records = desk.router.take_journal()
    begun = time.process_time()
    again = rm.Router.restore(json.loads(text), journal=records)
    ready = time.process_time() - begun
    assert again.snapshot() == desk.router.snapshot()
    return taken - start, written - taken, ready, len(text) / 2**20


def main() -> None:
    """Measure everything and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=400, help="arrivals and completions of each case")
    parser.add_argument("--long", type=int, default=60_000, help="events of the long run")
    parser.add_argument("--quick", action="store_true", help="small sizes only")
    parser.add_argument("--write", action="store_true", help=f"store the tables in {RESULTS.name}")
    given = parser.parse_args()
    agents, waiting = (AGENTS[:1], WAITING[:1]) if given.quick else (AGENTS, WAITING)
    lines = [
        "# The live router",
        "",
        "Made by `OMP_NUM_THREADS=1 python benchmarks/router.py --write`: processor time on one core of an event with its",
        "dispatch. Trust ratios, not microseconds. The loop looks at every agent once, for one skill, in plain Python.",
        "",
        "| agents | state | event | median | 99th | against argmin | against the loop | events/s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for case in (*((size, 0) for size in agents), *((2_000, size) for size in waiting)):
        rows = in_process(measured, *case, given.events)
        print("\n".join(rows), flush=True)  # type: ignore[arg-type]  # lines
        lines += rows  # type: ignore[arg-type]  # as above
    held = 20_000 if given.quick else 100_000
    kilobytes = in_process(memory, held)
    early, late = in_process(growth, given.long)  # type: ignore[misc]
    snapshot, dumped, ready, size = in_process(restart, held, 2_000)  # type: ignore[misc]
    lines += [
        "",
        f"- Memory: {kilobytes:.2f} kB per waiting conversation, at {held:,}.",
        f"- Long run: {given.long:,} events at 200 agents; the peak of memory was {early:.0f} MB after a tenth of them and",
        f"  {late:.0f} MB at the end (journals taken as they grow; 10,000 ended conversations are kept by default).",
        f"- Restart with {held:,} open conversations: snapshot {snapshot:.1f} s, JSON {dumped:.1f} s ({size:.0f} MB), reading and",
        f"  restoring with the journal of 2,000 further events {ready:.1f} s.",
        "",
    ]
    text = "\n".join(lines)
    print(text)
    if given.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
