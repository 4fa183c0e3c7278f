"""Which domains have to be routed, and who routes them: marks, and a lock for each domain."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models.functions import Now

from desk.models import Mark

#: First half of the keys of our advisory locks; another use of such locks takes another number.
LOCKS = 20_117


def mark_dirty(domain_id: int) -> None:
    """Have the domain routed once this transaction is committed; a burst of marks makes one run."""
    transaction.on_commit(lambda: Mark.objects.create(domain_id=domain_id))


def mark_due(domain_id: int, at: datetime) -> None:
    """Have the domain routed at this time, and not before unless something happens."""
    Mark.objects.create(domain_id=domain_id, at=at)


def take_due_domain() -> int | None:
    """Take the domain that has been due for longest and that nobody else is routing, until this transaction ends."""
    busy: list[int] = []
    due = Mark.objects.select_for_update(skip_locked=True).filter(at__lte=Now()).order_by("at", "pk")
    while mark := due.exclude(domain__in=busy).first():
        if lock(mark.domain_id):
            _clear(mark.domain_id)
            return int(mark.domain_id)
        busy.append(mark.domain_id)
    return None


def lock(domain_id: int) -> bool:
    """Try to become the only one who routes the domain; the end of the transaction, however it ends, frees it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCKS, domain_id])
        return bool(cursor.fetchone()[0])


def postpone(domain_id: int, pause: timedelta) -> None:
    """Let a domain that failed wait, so that it does not keep the others from their turn."""
    Mark.objects.filter(domain=domain_id).update(at=Now() + pause)


def _clear(domain_id: int) -> None:
    """Delete the marks seen by now. What is marked from here on was not yet read, so it is left for another run."""
    marks = Mark.objects.select_for_update(skip_locked=True).filter(domain=domain_id)
    Mark.objects.filter(pk__in=list(marks.values_list("pk", flat=True))).delete()
