"""Workers and people as processes of their own, forked from one that has imported everything.

``django_desk_storm.py CONVERSATIONS WORKERS PEOPLE [without-lock | without-condition]`` prints a line of JSON with the
process ids, and ends when its standard input is closed. The first worker stops in the middle of a run, says so in a
line, and waits there for ever: with the lock, and with claims that are not committed.
"""

from __future__ import annotations

import io
import json
import os
import random
import signal
import sys
from collections.abc import Callable

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

import routematch as rm  # noqa: E402
from desk import events, routing  # noqa: E402 - Django first
from desk.models import Agent, Conversation, Domain  # noqa: E402

FLIPS = 30  # changes of presence by one person; then everybody is at work, so that all can be served


def fork(work: Callable[[], None]) -> int:
    """Run `work` in a process of its own; return its id."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return pid


def name_connection(name: str) -> None:
    """Tell the audit who is writing."""
    connection.settings_dict.setdefault("OPTIONS", {})["application_name"] = name


def work() -> None:
    """Be a worker, as the command is."""
    name_connection("worker")
    call_command("route_domains", poll=0.05, stdout=io.StringIO())


def hang_in_a_run() -> None:
    """Be a worker that never comes back from its second run that won something."""
    remember, won_before = routing.remember, []

    def remember_and_hang(snapshot: routing.Snapshot, plan: rm.Plan, won: list[rm.Assignment]) -> None:
        remember(snapshot, plan, won)
        if won and won_before:
            backend = connection.connection.info.backend_pid
            say({"hangs": os.getpid(), "backend": backend, "won": [int(one.conversation) for one in won]})
            while True:
                signal.pause()
        won_before.extend(won)

    routing.remember = remember_and_hang
    work()


def say(what: dict[str, object]) -> None:
    """Write a line at once."""
    os.write(1, json.dumps(what).encode() + b"\n")


def be_people(seed: int, arrivals: int) -> None:
    """Let conversations arrive, end what is open, hand some over by hand, come and go, until all is done."""
    name_connection("people")
    chance = random.Random(seed)
    domains = list(Domain.objects.order_by("pk"))
    agents = list(Agent.objects.values_list("pk", flat=True).order_by("pk"))
    flips, at_work = FLIPS, False
    while arrivals or not at_work or Conversation.objects.exclude(status="done").exists():
        for _ in range(min(arrivals, chance.randint(0, 12))):
            events.arrive(chance.choice(domains), {chance.choice("abc"): 0.4}, priority=chance.randint(0, 3))
            arrivals -= 1
        for pk in chosen(chance, Conversation.objects.filter(status="open"), 6):
            events.complete(pk)
        for pk in chosen(chance, Conversation.objects.filter(status__in=["waiting", "open"]), 3):
            own = Agent.objects.filter(domain__conversation=pk).values_list("pk", flat=True).order_by("pk")
            events.assign_by_hand(pk, chance.choice(list(own)))
        for _ in range(min(flips, chance.randint(0, 3))):
            events.set_presence(chance.choice(agents), chance.choice(["available", "available", "away", "offline"]))
            flips -= 1
        if not flips and not at_work:
            at_work = True
            for pk in agents:
                events.set_presence(pk, "available")


def chosen(chance: random.Random, rows, most: int) -> list[int]:
    """Choose some of the rows."""
    pks = list(rows.values_list("pk", flat=True).order_by("pk"))
    return chance.sample(pks, min(len(pks), chance.randint(0, most)))


def without_lock() -> None:
    """Plant a bug: everybody gets the lock."""
    from desk import marks

    marks.lock = lambda domain_id: True


def without_condition() -> None:
    """Plant a bug: a conversation is taken whatever has become of it."""
    routing.TAKE = (
        "UPDATE desk_conversation SET status = 'open', holder_id = %(agent)s WHERE id = %(conversation)s RETURNING id"
    )


BUGS = {"without-lock": without_lock, "without-condition": without_condition}


def main() -> None:
    """Fork everybody and wait to be stopped."""
    conversations, workers, people = map(int, sys.argv[1:4])
    for bug in sys.argv[4:]:
        BUGS[bug]()
    rm.route([rm.Conversation("c", "a")], [rm.Agent("a", {"a": 1})])  # imports the solver once for all
    workers = [fork(hang_in_a_run if number == 0 else work) for number in range(workers)]
    people = [fork(lambda seed=seed: be_people(seed, conversations // people)) for seed in range(people)]
    say({"workers": workers, "people": people})
    sys.stdin.read()
    for pid in workers + people:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
