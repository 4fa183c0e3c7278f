"""When something is open: weekly hours on a local clock, holidays, daylight saving.

>>> from datetime import UTC, datetime
>>> hours = Hours("Europe/Berlin", {"mon-fri": ("09:00-17:00",)}, holidays=("2026-12-25",))
>>> hours.is_open(datetime(2026, 11, 23, 8, 30, tzinfo=UTC).timestamp())
True
>>> hours.is_open(datetime(2026, 12, 25, 10, 0, tzinfo=UTC).timestamp())
False
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from attrs import field, frozen

from routematch.errors import Faults
from routematch.model.checks import as_map, as_names, as_tuple, in_place, is_a
from routematch.model.frozen import FrozenMap

__all__ = ["DAYS", "Hours"]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: How far ahead the next change is looked for.
_HORIZON_DAYS = 400
_SPAN = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
_LAST_YEAR = 9000


def _as_weekly(value: Mapping[str, object]) -> Mapping[str, tuple[str, ...]]:
    given = as_map(value)
    if not isinstance(given, FrozenMap):
        return given  # type: ignore[no-any-return]  # left for the check
    return FrozenMap({key: (spans,) if isinstance(spans, str) else as_tuple(spans) for key, spans in given.items()})


@frozen(cache_hash=True)
class Hours:
    """Weekly opening hours on a local clock.

    Attributes
    ----------
    zone : str
        An IANA name, such as ``"Europe/Berlin"``.
    weekly : mapping from days to spans
        Days as ``"mon"``, ``"mon-fri"`` or ``"mon,wed"``; spans as ``"09:00-17:00"`` (or several). An end of
        ``"24:00"`` is midnight; a span that ends before it begins ends on the next day. Days not named are closed.
    holidays : tuple of str
        Closed dates, as ``"2026-12-25"``.
    """

    zone: str = "UTC"
    weekly: Mapping[str, tuple[str, ...]] = field(factory=FrozenMap, converter=_as_weekly)
    holidays: tuple[str, ...] = field(default=(), converter=as_names, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        try:
            ZoneInfo(self.zone if is_a(self.zone, str) else "")
        except (KeyError, ValueError, OSError, TypeError):
            faults.add("must be an IANA time zone, such as Europe/Berlin", place="zone", given=self.zone)
        if not is_a(self.weekly, FrozenMap):
            faults.add("must be a mapping from days to spans such as 09:00-17:00", place="weekly", given=self.weekly)
        else:
            _check_weekly(faults, self.weekly)
        if not is_a(self.holidays, tuple):
            faults.add("must be a sequence of dates such as 2026-12-25", place="holidays", given=self.holidays)
            faults.raise_if_any()
        for position, holiday in enumerate(self.holidays):
            if _as_date(holiday) is None:
                faults.add("must be a date such as 2026-12-25", place=f"holidays[{position}]", given=holiday)
        faults.raise_if_any()

    def is_open(self, at: float) -> bool:
        """Whether it is open at an instant, in POSIX seconds."""
        return any(start <= at < end for start, end in self._around(at, days=1))

    def next_change(self, at: float) -> float | None:
        """Return when it opens or closes next, in POSIX seconds; None where it never does within 400 days."""
        changes = [edge for span in self._around(at, days=8) for edge in span if edge > at]
        if not changes:
            changes = [edge for span in self._around(at, days=_HORIZON_DAYS) for edge in span if edge > at]
        while changes:  # two spans that touch are no change
            edge = min(changes)
            if self.is_open(edge) != self.is_open(at):
                return edge
            changes = [later for later in changes if later > edge]
        return None

    def next_opening(self, at: float) -> float | None:
        """Return `at` when it is open, else when it opens next; None where it never does within 400 days."""
        return at if self.is_open(at) else self.next_change(at)

    def intervals(self, start: float, end: float) -> tuple[tuple[float, float], ...]:
        """Return the open intervals between two instants, merged and cut to them."""
        days = int((end - start) // 86_400) + 2
        merged: list[tuple[float, float]] = []
        for first, last in sorted(self._around(start, days=days)):
            opens, closes = max(first, start), min(last, end)
            if opens >= closes:
                continue
            if merged and opens <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(closes, merged[-1][1]))
            else:
                merged.append((opens, closes))
        return tuple(merged)

    def _around(self, at: float, *, days: int) -> Iterator[tuple[float, float]]:
        try:
            today = datetime.fromtimestamp(at, ZoneInfo(self.zone)).date()
        except (OverflowError, ValueError, OSError):
            return
        if not 2 <= today.year < _LAST_YEAR:
            return
        spans, closed = _parsed(self.weekly), {_as_date(holiday) for holiday in self.holidays}
        for offset in range(-1, days + 1):
            day = today + timedelta(days=offset)
            if day not in closed:
                for start, end in spans.get(day.weekday(), ()):
                    yield _instant(day, start, self.zone), _instant(day, end, self.zone)


def _instant(day: date, minute: int, zone: str) -> float:
    """Return the instant of a local minute of a day; minutes past midnight belong to the next."""
    extra, rest = divmod(minute, 1440)
    local = datetime.combine(day + timedelta(days=extra), time(rest // 60, rest % 60), ZoneInfo(zone))
    return local.astimezone(UTC).timestamp()


@lru_cache(maxsize=4096)
def _parsed(weekly: FrozenMap[str, tuple[str, ...]]) -> dict[int, list[tuple[int, int]]]:
    """Return, by weekday, spans as minutes from midnight."""
    spans: dict[int, list[tuple[int, int]]] = {}
    for names, given in weekly.items():
        for day in _days(names) or ():
            for span in given:
                minutes = _minutes(span)
                if minutes is not None:
                    spans.setdefault(day, []).append(minutes)
    return spans


def _days(names: object) -> list[int] | None:
    if not isinstance(names, str):
        return None
    found: list[int] = []
    for part in names.lower().replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            return None
        start, stop = DAYS.index(first), DAYS.index(last if dash else first)
        found.extend((start + step) % 7 for step in range((stop - start) % 7 + 1))
    return found


def _minutes(span: object) -> tuple[int, int] | None:
    match = _SPAN.fullmatch(span) if isinstance(span, str) else None
    if match is None:
        return None
    hour, minute, last_hour, last_minute = (int(part) for part in match.groups())
    start, end = hour * 60 + minute, last_hour * 60 + last_minute
    if minute > 59 or last_minute > 59 or start >= 1440 or end > 1440 or start == end:
        return None
    return start, end if end > start else end + 1440


def _as_date(text: object) -> date | None:
    try:
        return date.fromisoformat(text)  # type: ignore[arg-type]  # what is no text raises
    except (TypeError, ValueError):
        return None


def _check_weekly(faults: Faults, weekly: Mapping[str, tuple[str, ...]]) -> None:
    for names, spans in weekly.items():
        if _days(names) is None:
            faults.add("must be days such as mon, mon-fri or mon,wed", place=in_place("weekly", names))
        if not isinstance(spans, tuple) or not spans:
            faults.add("must be a span such as 09:00-17:00, or several", place=in_place("weekly", names), given=spans)
            continue
        for position, span in enumerate(spans):
            if _minutes(span) is None:
                place = f"{in_place('weekly', names)}[{position}]"
                faults.add("must be a span such as 09:00-17:00", place=place, given=span)
