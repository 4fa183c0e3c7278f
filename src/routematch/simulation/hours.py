"""Hours of the week in local time, and what they are in seconds of a run: shifts, breaks, opening hours.

>>> office = WeeklyHours(("monday", "friday"), "09:00", "17:00")
>>> office.intervals(0.0, 7 * 86400.0, "UTC")[0]  # 1970-01-01 was a Thursday
(118800.0, 147600.0)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from datetime import time as clock
from zoneinfo import ZoneInfo

from attrs import field, frozen

from routematch.errors import Faults
from routematch.model import Shift
from routematch.model.checks import as_names, check_choice, is_a

__all__ = ["DAYS", "Hours", "WeeklyHours", "as_hours", "check_hours", "check_zone", "intervals_of", "minus"]

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _as_days(value: str | Iterable[str]) -> tuple[str, ...]:
    if value == "every day":
        return DAYS
    if value == "weekdays":
        return DAYS[:5]
    return (value,) if isinstance(value, str) else as_names(value)


def _as_clock(value: str | clock) -> str:
    return value.isoformat("minutes" if not value.second else "seconds") if isinstance(value, clock) else value


@frozen
class WeeklyHours:
    """The same hours every week, by the wall clock.

    Attributes
    ----------
    days : tuple of str
        From `DAYS`; also one day, ``"weekdays"`` or ``"every day"``.
    starts, ends : str
        As ``"09:00"`` or ``"09:00:30"``; an end at or before the start is on the next day.
    """

    days: tuple[str, ...] = field(converter=_as_days)
    starts: str = field(converter=_as_clock)
    ends: str = field(converter=_as_clock)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        if not is_a(self.days, tuple) or not self.days:
            faults.add("must name at least one day", place="days", given=self.days)
        else:
            for position, day in enumerate(self.days):
                check_choice(faults, f"days[{position}]", day, DAYS)
        for name in ("starts", "ends"):
            if _clock(getattr(self, name)) is None:
                faults.add("must be a time of day, as '09:00'", place=name, given=getattr(self, name))
        faults.raise_if_any()

    def intervals(self, start_at: float, horizon: float, zone: str) -> list[tuple[float, float]]:
        """Return the hours within a run, in seconds from its start.

        Parameters
        ----------
        start_at : float
            POSIX seconds.
        horizon : float
            Length of the run in seconds.
        zone : str
            IANA name of the zone whose wall clock counts; days of 23 and 25 hours come out right.

        Returns
        -------
        list of (start, end)
            In order, cut to the run.
        """
        where, starts, ends = ZoneInfo(zone), _clock(self.starts), _clock(self.ends)
        assert starts is not None
        assert ends is not None
        day = datetime.fromtimestamp(start_at, where).date() - timedelta(days=1)
        last = datetime.fromtimestamp(start_at + horizon, where).date()
        found = []
        while day <= last:
            if DAYS[day.weekday()] in self.days:
                until = day if ends > starts else day + timedelta(days=1)
                first = datetime.combine(day, starts, where).timestamp() - start_at
                stop = datetime.combine(until, ends, where).timestamp() - start_at
                if max(first, 0.0) < min(stop, horizon):
                    found.append((max(first, 0.0), min(stop, horizon)))
            day += timedelta(days=1)
        return found


Hours = WeeklyHours | Shift


def _clock(value: object) -> clock | None:
    try:
        made = clock.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return made if made is not None and made.tzinfo is None else None


def as_hours(value: Hours | Iterable[Hours]) -> tuple[Hours, ...]:
    """Make one stretch, or several, a tuple."""
    if isinstance(value, WeeklyHours | Shift):
        return (value,)
    return tuple(value) if isinstance(value, list) else value  # type: ignore[return-value]  # refused by the check


def check_hours(faults: Faults, place: str, value: object) -> None:
    """Refuse what is no sequence of weekly hours or shifts."""
    if not isinstance(value, tuple) or not all(isinstance(entry, WeeklyHours | Shift) for entry in value):
        faults.add("must be a sequence of WeeklyHours(...) or Shift(...)", place=place, given=value)


def check_zone(faults: Faults, place: str, value: object) -> None:
    """Refuse what is no IANA zone."""
    try:
        known = isinstance(value, str) and ZoneInfo(value) is not None
    except Exception:  # noqa: BLE001 - zoneinfo raises several kinds
        known = False
    if not known:
        faults.add("must be the IANA name of a zone, as 'Europe/Berlin'", place=place, given=value)


def intervals_of(hours: Iterable[Hours], start_at: float, horizon: float, zone: str) -> list[tuple[float, float]]:
    """Return several stretches within a run, in seconds from its start: in order, merged where they touch.

    Parameters
    ----------
    hours : iterable of WeeklyHours or Shift
    start_at, horizon, zone
        As in `WeeklyHours.intervals`.

    Returns
    -------
    list of (start, end)
    """
    found: list[tuple[float, float]] = []
    for entry in hours:
        if isinstance(entry, WeeklyHours):
            found += entry.intervals(start_at, horizon, zone)
        else:
            first, stop = max(entry.starts_at - start_at, 0.0), min(entry.ends_at - start_at, horizon)
            found += [(first, stop)] if first < stop else []
    merged: list[tuple[float, float]] = []
    for first, stop in sorted(found):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], stop))
        else:
            merged.append((first, stop))
    return merged


def minus(given: list[tuple[float, float]], taken: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return stretches without others; both in order and without overlaps."""
    left = []
    for first, stop in given:
        at = first
        for start, end in taken:
            if end <= at or start >= stop:
                continue
            if start > at:
                left.append((at, start))
            at = end
        if at < stop:
            left.append((at, stop))
    return left
