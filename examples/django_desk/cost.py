"""Measure what routing a domain once costs, and where the time goes.

``python examples/django_desk/cost.py`` starts a private server that writes durably, fills a domain with 300 agents and
200 waiting conversations, and routes it again and again from the same start. With
``--write`` the table goes to cost.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django

from private_postgres import find_programs, private_postgres

PARTS = {
    "take": "find the mark, take the lock",
    "load": "read the rows, make agents and conversations",
    "decide": "`route`",
    "claim": "conditional updates",
    "remember": "memory, journal, next mark",
    "commit": "to disk",
    "event": "one change of presence and its mark, for scale",
}
RUN = tuple(PARTS)[:-1]


def fill(agents: int, waiting: int, free: int) -> int:
    """Make a domain in which a conversation has about one agent in twenty to choose from; return its id."""
    from desk import events
    from desk.models import Agent, Conversation

    chance = random.Random(0)
    domain = events.open_domain(f"{agents} agents, {free} free")
    skills = [f"skill-{number}" for number in range(60)]
    Agent.objects.bulk_create(
        Agent(
            domain=domain,
            name=f"agent {number}",
            skills={skill: round(chance.uniform(0.3, 1), 2) for skill in chance.sample(skills, chance.randint(2, 5))},
            capacity=3,
            load=2 if number < free else 3,
            presence="available",
        )
        for number in range(agents)
    )
    Conversation.objects.bulk_create(
        Conversation(domain=domain, requires={chance.choice(skills): chance.choice([0.0, 0.3, 0.5, 0.7])})
        for _ in range(waiting)
    )
    return int(domain.pk)


def reset(domain_id: int, free: int) -> None:
    """Put everything back to where it began, with one mark that is due."""
    from django.db import connection

    from desk.models import Agent, Conversation, Entry, Mark

    Entry.objects.all().delete()
    Mark.objects.all().delete()
    Conversation.objects.filter(domain=domain_id).update(status="waiting", holder=None)
    first = Agent.objects.filter(domain=domain_id).order_by("pk").values_list("pk", flat=True)[:free]
    Agent.objects.filter(pk__in=list(first)).update(load=2)
    Mark.objects.create(domain_id=domain_id)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


class Watch:
    """How long each part of a run took, in milliseconds."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {part: [] for part in PARTS}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time a part."""
        started = time.perf_counter()
        yield
        self.times[name].append(1000 * (time.perf_counter() - started))

    def cell(self, *parts: str) -> str:
        """Return the fastest and the median of what these parts took together."""
        sums = [sum(each) for each in zip(*(self.times[part] for part in parts), strict=True)]
        return f"{min(sums):.1f} ({statistics.median(sums):.1f})"


def route_once(watch: Watch) -> int:
    """Do what `route_next` does, part by part; return how many were claimed."""
    from django.db import transaction

    from desk import marks, routing

    whole = transaction.atomic()
    whole.__enter__()
    with watch.part("take"):
        domain_id = marks.take_due_domain()
        assert domain_id is not None
    with watch.part("load"):
        snapshot = routing.load(domain_id)
    with watch.part("decide"):
        plan = routing.decide(snapshot)
    with watch.part("claim"):
        won = routing.claim(plan)
    with watch.part("remember"):
        routing.remember(snapshot, plan, won)
        marks.mark_due(domain_id, routing.next_time(snapshot.now, plan, lost=0))
    with watch.part("commit"):
        whole.__exit__(None, None, None)
    return len(won)


def measure(agents: int, waiting: int, free: int, rounds: int) -> tuple[int, Watch]:
    """Route the same domain again and again; the first two rounds do not count."""
    from desk import events
    from desk.models import Agent

    domain_id, watch, won = fill(agents, waiting, free), Watch(), 0
    somebody = Agent.objects.filter(domain=domain_id).latest("pk").pk
    for number in range(rounds + 2):
        if number == 2:
            watch = Watch()
        reset(domain_id, free)
        won = route_once(watch)
        with watch.part("event"):
            events.set_presence(somebody, "available")
    return won, watch


def table(agents: int, waiting: int, rounds: int) -> str:
    """Return the table: all agents have room, or few have."""
    cases = [(free, *measure(agents, waiting, free, rounds)) for free in (agents, max(agents // 30, 1))]
    where = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    rows = [(f"{part}: {what}", [watch.cell(part) for _, _, watch in cases]) for part, what in PARTS.items()]
    whole = ("**whole run**", [watch.cell(*RUN) for _, _, watch in cases])
    title = (
        f"{agents} agents, {waiting} waiting; fastest (and median) of {rounds} runs, in ms. {where}, "
        f"Django {django.__version__}; load of the machine meanwhile {os.getloadavg()[0]:.0f}."
    )
    lines = [
        title,
        "",
        "| | " + " | ".join(f"{free} agents have room: {won} claimed" for free, won, _ in cases) + " |",
        "|---|" + "---:|" * len(cases),
        *(f"| {name} | {' | '.join(cells)} |" for name, cells in (*rows[:-1], whole, rows[-1])),
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=300)
    parser.add_argument("--waiting", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--write", action="store_true", help="write cost.md beside this file")
    options = parser.parse_args()
    programs = find_programs()
    if programs is None:
        sys.exit("PostgreSQL's programs initdb and postgres were not found; on Debian: apt-get install postgresql")
    with private_postgres(programs, durable=True) as environment:
        os.environ.update(environment, DJANGO_SETTINGS_MODULE="settings")
        django.setup()
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        text = table(options.agents, options.waiting, options.rounds)
        connection.close()
    print(text)
    if options.write:
        title = "# What a run costs\n\n`python examples/django_desk/cost.py --write` made this table.\n\n"
        Path(__file__).with_name("cost.md").write_text(f"{title}{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
