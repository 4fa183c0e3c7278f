"""A table of half-hours: how many came, were answered and gave up in each interval of time, and how long they took."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.state.category import Category
from routematch.state.columns import column
from routematch.state.history_report import Notes
from routematch.state.history_table import Raw
from routematch.state.history_times import (
    CLOCK,
    LOCAL,
    MISSING,
    POSIX,
    UNREADABLE,
    Instants,
    durations,
    instants,
    on_clock,
    to_posix,
)
from routematch.state.history_words import named, numbers

__all__ = ["IntervalCounts", "read_intervals"]

_DAY = 86_400.0
_USUAL_LENGTH = 1800.0
_COUNTS = ("offered", "answered", "abandoned", "staffed")
_AVERAGES = ("average_handle_time", "average_wrap_up_time", "average_speed_of_answer")

Floats = NDArray[np.float64]


@frozen(eq=False)
class IntervalCounts:
    """Counts of conversations by interval of time and type, in order of time. Arrays are read-only, shape (N,).

    Attributes
    ----------
    start_at : ndarray of float64
        POSIX seconds.
    length : float
        Of every interval, in seconds.
    conversation_type : Category
    offered, answered, abandoned : ndarray of float64
        How many arrived, were answered, gave up; NaN unknown.
    average_handle_time, average_wrap_up_time, average_speed_of_answer : ndarray of float64
        In seconds; NaN unknown.
    service_level, occupancy : ndarray of float64
        Shares from 0 to 1; NaN unknown.
    staffed : ndarray of float64
        Agents at work on average; NaN unknown.
    """

    start_at: Floats
    length: float
    conversation_type: Category
    offered: Floats
    answered: Floats
    abandoned: Floats
    average_handle_time: Floats
    average_wrap_up_time: Floats
    average_speed_of_answer: Floats
    service_level: Floats
    occupancy: Floats
    staffed: Floats

    def __len__(self) -> int:
        """Return the number of intervals, each type counted apart."""
        return len(self.start_at)

    @property
    def window(self) -> tuple[float, float]:
        """Start of the first and end of the last interval."""
        return (float(self.start_at[0]), float(self.start_at[-1]) + self.length) if len(self) else (0.0, 0.0)


def read_intervals(columns: Mapping[str, Raw], notes: Notes, *, size: int, zone: ZoneInfo | None) -> IntervalCounts:
    """Clean a table of intervals; arguments as for `read_calls`."""
    start_at, kept = _starts(columns, notes, size, zone)
    count = {name: numbers(columns[name]) if name in columns else np.full(size, np.nan) for name in _COUNTS}
    negative = np.logical_or.reduce([values < 0 for values in count.values()]) & kept
    notes.rows("dropped", "a count below 0", negative)
    kept &= ~negative
    missing = np.isnan(count["offered"]) & kept
    notes.rows("dropped", "nothing tells how many were offered", missing)
    kept &= ~missing
    average = {name: _average(columns, name, size) for name in _AVERAGES}
    share = {name: _share(columns, name, size) for name in ("service_level", "occupancy")}
    types: list[str | None] = named(columns["conversation_type"]) if "conversation_type" in columns else [None] * size
    kept &= ~_drop_doubles(start_at, types, kept, notes)
    rows = np.flatnonzero(kept)
    rows = rows[np.argsort(start_at[rows], kind="stable")]
    taken = {name: column(values[rows], np.float64) for name, values in {**count, **average, **share}.items()}
    return IntervalCounts(
        start_at=column(start_at[rows], np.float64),
        length=_length(columns, start_at[rows], notes),
        conversation_type=Category.of(types[i] for i in rows.tolist()),
        **taken,
    )


def _starts(
    columns: Mapping[str, Raw], notes: Notes, size: int, zone: ZoneInfo | None
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the start of each interval, and which rows have one."""
    day = None
    if "day" in columns:
        days = instants(columns["day"], is_day=True)
        day = np.where(days.forms == LOCAL, np.floor(days.values / _DAY) * _DAY, np.nan)
    if "start_at" in columns:
        times = on_clock(_first_parts(columns["start_at"]), day)
    else:
        values = np.full(size, np.nan) if day is None else day
        times = Instants(values, np.where(np.isnan(values), UNREADABLE, LOCAL).astype(np.uint8))
    local = times.forms == LOCAL
    if zone is None and local.any():
        notes.whole("assumed", "times name no zone: taken as UTC; name it with zone")
    start_at = np.where(times.forms == POSIX, times.values, to_posix(np.where(local, times.values, np.nan), zone)[0])
    head = columns.get("start_at", columns.get("day"))
    again = (
        np.array([text == head.name for text in head.texts()], dtype=bool) if head is not None else np.zeros(size, bool)
    )
    notes.rows("dropped", "the head of the table again", again)
    empty = (times.forms == MISSING) & ~again
    notes.rows("dropped", "no start, such as a line of totals", empty)
    lost = np.isnan(start_at) & ~again & ~empty
    notes.rows("dropped", "its start cannot be read", lost)
    return start_at, np.isfinite(start_at)


def _first_parts(raw: Raw) -> Instants:
    """Read starts, also those written as a span: 08:00-08:30."""
    times = instants(raw)
    if raw.kind != "text" or not (times.forms == UNREADABLE).any():
        return times
    parts = np.array(
        [text.partition("-")[0].strip() if text.count(":") >= 2 else text for text in raw.texts()], dtype=object
    )
    spans = instants(Raw(raw.name, "text", parts))
    taken = (times.forms == UNREADABLE) & (spans.forms == CLOCK)
    return Instants(np.where(taken, spans.values, times.values), np.where(taken, CLOCK, times.forms).astype(np.uint8))


def _average(columns: Mapping[str, Raw], name: str, size: int) -> Floats:
    if name not in columns:
        return np.full(size, np.nan)
    values = durations(columns[name])[0]
    return np.where(values < 0, np.nan, values)


def _share(columns: Mapping[str, Raw], name: str, size: int) -> Floats:
    """Read shares, also written in percent."""
    if name not in columns:
        return np.full(size, np.nan)
    values = numbers(columns[name])
    scaled = values / 100.0 if np.nanmax(values, initial=0.0) > 1.0 + 1e-9 else values
    return np.where((scaled >= 0) & (scaled <= 1.0 + 1e-9), np.minimum(scaled, 1.0), np.nan)


def _drop_doubles(
    start_at: Floats, types: list[str | None], kept: NDArray[np.bool_], notes: Notes
) -> NDArray[np.bool_]:
    seen: set[tuple[float, str | None]] = set()
    found = np.zeros(start_at.size, dtype=bool)
    for i in np.flatnonzero(kept).tolist():
        key = (float(start_at[i]), types[i])
        found[i] = key in seen
        seen.add(key)
    notes.rows("dropped", "an interval given twice", found)
    return found


def _length(columns: Mapping[str, Raw], start_at: Floats, notes: Notes) -> float:
    """Return the length of the intervals: as said, else the commonest step between starts."""
    if "length" in columns:
        values = durations(columns["length"])[0]
        values = values[np.isfinite(values) & (values > 0)]
        if values.size:
            typical = float(np.median(values))
            return typical * 60.0 if typical in {5.0, 10.0, 15.0, 30.0} else typical
    steps = np.diff(np.unique(start_at))
    if not steps.size:
        notes.whole("assumed", "intervals of 30 minutes")
        return _USUAL_LENGTH
    sizes, counts = np.unique(np.round(steps), return_counts=True)
    return float(sizes[np.argmax(counts)])
