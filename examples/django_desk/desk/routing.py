"""Route one domain: read its rows, decide for all of them together, claim the answer.

All of it is one transaction. While `route` thinks, no row is locked; if the process dies, nothing has happened.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from attrs import frozen
from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now

import routematch as rm
from desk.marks import mark_due, postpone, take_due_domain
from desk.models import Agent, Conversation, Domain, Entry, RoutingMemory
from routematch import policies

SWEEP_TIME = timedelta(minutes=1)  # a process can die between its commit and its mark: look anyway, this often
PAUSE_TIME = timedelta(seconds=1)  # at least this long between two runs that nothing but time asks for

#: Give the conversation to the agent, if it still waits and is what was decided about.
TAKE = """
    UPDATE desk_conversation SET status = 'open', holder_id = %(agent)s, version = version + 1
    WHERE id = %(conversation)s AND status = 'waiting' AND version = %(conversation_version)s
    RETURNING id
"""

#: Use the agent's units, if skills and presence are as was decided about, and there is still room.
FILL = """
    UPDATE desk_agent SET load = load + %(units)s
    WHERE id = %(agent)s AND version = %(agent_version)s AND load + %(units)s <= capacity
    RETURNING id
"""

logger = logging.getLogger(__name__)
Row = TypeVar("Row")
Noun = TypeVar("Noun")


@frozen
class Snapshot:
    """A domain at one moment."""

    domain: Domain
    now: datetime
    conversations: list[rm.Conversation]
    agents: list[rm.Agent]
    memory: dict[str, object]


@frozen
class Run:
    """What came of routing a domain once."""

    domain: int
    won: int
    lost: int
    again_at: datetime


def route_next() -> Run | None:
    """Route the domain that is due; return None when none is."""
    domain_id = None
    try:
        with transaction.atomic():
            domain_id = take_due_domain()
            return None if domain_id is None else route_domain(domain_id)
    except OperationalError:  # a lost connection, or a deadlock of somebody else's making: the mark is still due
        raise
    except Exception:
        if domain_id is not None:
            postpone(domain_id, SWEEP_TIME)
        raise


def route_domain(domain_id: int) -> Run:
    """Decide and claim, in the transaction that holds the lock of the domain."""
    snapshot = load(domain_id)
    plan = decide(snapshot)
    won = claim(plan)
    remember(snapshot, plan, won)
    lost = len(plan.assignments) - len(won)
    again_at = next_time(snapshot.now, plan, lost)
    mark_due(domain_id, again_at)
    return Run(domain_id, len(won), lost, again_at)


def load(domain_id: int) -> Snapshot:
    """Read a domain in three queries, by the clock of the database."""
    memory = RoutingMemory.objects.select_related("domain").annotate(now=Now()).get(domain=domain_id)
    people = Agent.objects.filter(domain=domain_id, presence=Agent.Presence.AVAILABLE)
    waiting = Conversation.objects.filter(domain=domain_id, status=Conversation.Status.WAITING)
    relax_after = memory.domain.relax_after
    return Snapshot(
        domain=memory.domain,
        now=memory.now,
        conversations=list(readable(waiting, lambda row: as_conversation(row, relax_after))),
        agents=list(readable(people, as_agent)),
        memory=memory.data,
    )


def as_agent(row: Agent) -> rm.Agent:
    """Make an agent of a row."""
    return rm.Agent(
        str(row.pk),
        row.skills,
        capacity=row.capacity,
        load=row.load,
        idle_since=row.idle_since,
        version=row.version,
    )


def as_conversation(row: Conversation, relax_after: float | None) -> rm.Conversation:
    """Make a conversation of a row."""
    requires = [
        rm.Requirement(skill, level, relax=() if relax_after is None else rm.After(relax_after, at_least=level / 2))
        for skill, level in row.requires.items()
    ]
    return rm.Conversation(str(row.pk), requires, priority=row.priority, arrived_at=row.arrived_at, version=row.version)


def readable(rows: Iterable[Row], make: Callable[[Row], Noun]) -> Iterator[Noun]:
    """Leave out what cannot be read, and say so: one bad row must not stop the others."""
    for row in rows:
        try:
            yield make(row)
        except rm.InvalidInputError:
            logger.exception("left out: %r", row)


def decide(snapshot: Snapshot) -> rm.Plan:
    """Match all that waits with all that is free."""
    policy = policies.PRESETS[snapshot.domain.policy]()
    return rm.route(snapshot.conversations, snapshot.agents, policy=policy, now=snapshot.now, memory=snapshot.memory)


def claim(plan: rm.Plan) -> list[rm.Assignment]:
    """Write what still holds; return it.

    Conversations first, then agents, each by id, as everybody here does: so no two transactions wait for each other.
    """
    taken = write(TAKE, sorted(plan.assignments.values(), key=lambda one: int(one.conversation)))
    won = write(FILL, sorted(taken, key=lambda one: int(one.agent)))
    lost = {one.conversation for one in taken} - {one.conversation for one in won}
    Conversation.objects.filter(pk__in=lost).update(status=Conversation.Status.WAITING, holder=None)
    return won


def write(statement: str, assignments: list[rm.Assignment]) -> list[rm.Assignment]:
    """Run a conditional update for each assignment, in this order; return those whose row was as expected."""
    if not assignments:
        return []
    values = [
        {
            "conversation": int(one.conversation),
            "conversation_version": one.expect.conversation_version,
            "agent": int(one.agent),
            "agent_version": one.expect.agent_version,
            "units": int(one.units),
        }
        for one in assignments
    ]
    written = []
    with connection.connection.cursor() as cursor:  # psycopg's own: it sends all of them in one trip
        cursor.executemany(statement, values, returning=True)
        for one in assignments:
            if cursor.fetchone() is not None:
                written.append(one)
            cursor.nextset()
    return written


def remember(snapshot: Snapshot, plan: rm.Plan, won: list[rm.Assignment]) -> None:
    """Let memory advance by what was won, and write the journal."""
    claimed = {one.conversation for one in won}
    if claimed:
        RoutingMemory.objects.filter(domain=snapshot.domain).update(data=plan.memory_after(claimed))
    Entry.objects.bulk_create(
        Entry(
            conversation_id=one.conversation,
            agent_id=one.agent,
            what=Entry.What.CLAIMED if one.conversation in claimed else Entry.What.LOST,
            worth=one.worth,
            policy=plan.fingerprint,
        )
        for one in plan.assignments.values()
    )


def next_time(now: datetime, plan: rm.Plan, lost: int) -> datetime:
    """Return when to look again: when time alone can change the answer, soon after a lost claim, at last to be sure."""
    latest, soonest = now + SWEEP_TIME, now + PAUSE_TIME
    if lost:
        return now
    if plan.next_review_at is None:
        return latest
    return min(max(datetime.fromtimestamp(plan.next_review_at, UTC), soonest), latest)
