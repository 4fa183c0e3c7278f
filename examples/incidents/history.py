"""Read the history of the help desk and tell who seemed to be at work.

One row is one incident that the service desk (group 70) did not keep: it was handed over to a group of specialists, who
resolved it or passed it on. See README.md for where the rows come from and what was left out.
"""

from __future__ import annotations

import csv
import gzip
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from pathlib import Path
from typing import NamedTuple

__all__ = ["FILE", "SERVICE_DESK", "WORKING_HOURS", "Incident", "People", "full_hours", "read", "working_days"]

FILE = Path(__file__).with_name("incidents.csv.gz")
SERVICE_DESK = "group 70"
#: The first and the last full hour at which the backlog of a working day is routed.
WORKING_HOURS = (8, 18)


class Incident(NamedTuple):
    """One incident: what was known when it was opened, and what became of it."""

    id: str
    handed_over_at: datetime
    resolved_at: datetime
    category: str
    kind: str  # category/subcategory
    site: str
    first_group: str  # the specialists whom the help desk's own dispatchers chose first
    resolving_group: str
    resolver: str
    moves: int  # re-assignments after that first choice


def read(path: Path = FILE) -> list[Incident]:
    """Read all incidents, in the order in which they were handed over."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return [_incident(row) for row in csv.DictReader(file)]


def _incident(row: dict[str, str]) -> Incident:
    return Incident(
        id=row["number"],
        handed_over_at=_instant(row["handed_over_at"]),
        resolved_at=_instant(row["resolved_at"]),
        category=row["category"] or "?",
        kind=f"{row['category'] or '?'}/{row['subcategory'] or '?'}",
        site=row["location"] or "?",
        first_group=f"group {row['first_group']}",
        resolving_group=f"group {row['resolving_group']}",
        resolver=f"resolver {row['resolver']}",
        moves=int(row["moves"]),
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)  # the data names no time zone; any one zone will do


def working_days(first: date, last: date) -> list[date]:
    """List Monday to Friday from `first` to `last`, both included."""
    days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5]


class People:
    """What the history shows about each resolver: group, experience, a busy day, when at work.

    Parameters
    ----------
    history : iterable of Incident
        What is known so far; tells group, experience and busy day.
    incidents : iterable of Incident
        All incidents. Only the instants of their resolution are used, and only once they have passed.
    """

    def __init__(self, history: Iterable[Incident], incidents: Iterable[Incident]) -> None:
        groups: dict[str, Counter[str]] = defaultdict(Counter)
        days: dict[str, Counter[date]] = defaultdict(Counter)
        self.experience: dict[str, Counter[str]] = defaultdict(Counter)
        for incident in history:
            groups[incident.resolver][incident.resolving_group] += 1
            days[incident.resolver][incident.resolved_at.date()] += 1
            self.experience[incident.resolver][incident.category] += 1
        self.group = {resolver: counts.most_common(1)[0][0] for resolver, counts in sorted(groups.items())}
        self.busy_day = {resolver: _nearly_highest(list(counts.values())) for resolver, counts in days.items()}
        self._resolved_at: dict[str, list[datetime]] = defaultdict(list)
        for incident in sorted(incidents, key=lambda incident: incident.resolved_at):
            self._resolved_at[incident.resolver].append(incident.resolved_at)

    def at_work(self, now: datetime, days: int = 7, hours: int = 3) -> list[str]:
        """List who probably works at `now`: resolved something in these days, at this time of day, give or take."""
        return [resolver for resolver in self.group if self._was_seen(resolver, now, days, hours)]

    def last_resolved_at(self, resolver: str, now: datetime) -> datetime:
        """Return the instant of the last resolution before `now`; there must be one."""
        instants = self._resolved_at[resolver]
        return instants[bisect_left(instants, now) - 1]

    def _was_seen(self, resolver: str, now: datetime, days: int, hours: int) -> bool:
        instants, hour = self._resolved_at[resolver], _hour(now)
        recent = instants[bisect_left(instants, now - timedelta(days=days)) : bisect_left(instants, now)]
        return any(abs(_hour(instant) - hour) <= hours for instant in recent)


def _hour(instant: datetime) -> float:
    return instant.hour + instant.minute / 60


def _nearly_highest(counts: list[int]) -> int:
    """Return the 90th percentile, rounded up."""
    return sorted(counts)[ceil(0.9 * len(counts)) - 1]


def full_hours(day: date) -> list[datetime]:
    """List the instants of a working day at which the backlog is routed."""
    first, last = WORKING_HOURS
    return [datetime.combine(day, time(hour), tzinfo=UTC) for hour in range(first, last + 1)]
