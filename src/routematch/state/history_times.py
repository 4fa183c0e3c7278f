"""Instants and durations as logs write them: ISO, day and clock apart, POSIX in seconds or milliseconds, h:mm:ss.

What names a zone becomes POSIX seconds. What only says what the clock showed stays local until `to_posix` is told the
zone; the hour that a clock shows twice in autumn is told apart by the order of the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.state.history_table import Raw
from routematch.state.recognition import unit_of

__all__ = [
    "CLOCK",
    "LOCAL",
    "MISSING",
    "POSIX",
    "UNREADABLE",
    "Instants",
    "durations",
    "instants",
    "on_clock",
    "to_posix",
    "zone_of",
]

MISSING, POSIX, LOCAL, CLOCK, UNREADABLE = range(5)

#: What people write where nothing is.
_NOTHING = frozenset({"", "-", "--", "?", "na", "n/a", "nan", "nat", "null", "none", "nil", "unknown"})
_CLOCK = re.compile(
    r"(?P<sign>-?)(?P<h>\d{1,4}):(?P<m>\d{1,2})(?::(?P<s>\d{1,2}(?:[.,]\d+)?))?\s*(?P<half>[AaPp]\.?[Mm]\.?)?"
)
_DATE = re.compile(
    r"(?P<a>\d{1,4})(?P<between>[./-])(?P<b>\d{1,2})(?P=between)(?P<c>\d{1,4})"
    r"(?:[ T,]+(?P<clock>\d{1,2}:\d{1,2}(?::\d{1,2}(?:[.,]\d+)?)?\s*(?:[AaPp]\.?[Mm]\.?)?))?"
)
_SPELLED = (
    "%d %b %Y %H:%M:%S",
    "%d %b %Y %H:%M",
    "%b %d, %Y %I:%M %p",
    "%b %d, %Y %H:%M",
    "%d-%b-%Y %H:%M:%S",
    "%d %b %Y",
)
_EPOCH = date(1970, 1, 1).toordinal()
_DAY = 86400.0
#: A smaller number among other instants is none.
_SMALLEST_POSIX = 1e8
#: What is before 1900 or after 2200 is a slip.
_EARLIEST, _LATEST = -2_208_988_800.0, 7_258_118_400.0


@frozen(eq=False)
class Instants:
    """Entries of a column of instants.

    Attributes
    ----------
    values : ndarray of float64, shape (N,)
        Seconds: POSIX, of a local clock, or since midnight, as `forms` says; NaN where there is none.
    forms : ndarray of uint8, shape (N,)
        `MISSING`, `POSIX`, `LOCAL`, `CLOCK` or `UNREADABLE`.
    guessed_order : bool
        Days such as 03/04/2026 could be read both ways, and were read day first.
    """

    values: NDArray[np.float64]
    forms: NDArray[np.uint8]
    guessed_order: bool = False


Entry = tuple[float, int]
_NONE: Entry = (np.nan, MISSING)
_BAD: Entry = (np.nan, UNREADABLE)


def instants(raw: Raw, *, is_day: bool = False) -> Instants:
    """Read a column of instants, days or times of day."""
    if raw.kind in {"instant", "local"}:
        values = raw.values.astype(np.float64)
        values = np.where((values < _EARLIEST) | (values > _LATEST), np.nan, values)
        form = POSIX if raw.kind == "instant" else LOCAL
        return Instants(values, np.where(np.isnan(values), MISSING, form).astype(np.uint8))
    known, place = raw.encoded()
    if not is_day and _counts_from_zero(known):
        values = np.array([_number(text) if text else None for text in known], dtype=np.float64)[place]
        return Instants(values, np.where(np.isnan(values), MISSING, POSIX).astype(np.uint8))
    month_first, guessed = _order_of_days(known)
    read = [_instant(text, month_first=month_first, is_day=is_day) for text in known]
    entries = np.array(read, dtype=np.float64).reshape(-1, 2)
    strange = (entries[:, 1] != CLOCK) & ((entries[:, 0] < _EARLIEST) | (entries[:, 0] > _LATEST))
    entries[strange] = _BAD
    entries = entries[place]
    return Instants(entries[:, 0].copy(), entries[:, 1].astype(np.uint8), guessed)


def durations(raw: Raw) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Read a column of durations in seconds; also tell which entries could not be read.

    Plain numbers are seconds, or in the unit that the column's name ends in.
    """
    unit = unit_of(raw.name) or 1.0
    if raw.kind == "number":
        return raw.values.astype(np.float64) * unit, np.zeros(len(raw.values), dtype=bool)
    known, place = raw.encoded()
    values = np.array([_duration(text, unit) for text in known], dtype=np.float64)
    unreadable = np.array([text.lower() not in _NOTHING for text in known], dtype=bool) & np.isnan(values)
    return values[place], unreadable[place]


def on_clock(times: Instants, day: NDArray[np.float64] | None) -> Instants:
    """Put times of day on their days; without a day they are unreadable."""
    clock = times.forms == CLOCK
    if not clock.any():
        return times
    if day is None:
        return Instants(
            np.where(clock, np.nan, times.values), np.where(clock, UNREADABLE, times.forms).astype(np.uint8)
        )
    values = np.where(clock, day + times.values, times.values)
    forms = np.where(clock, np.where(np.isnan(values), MISSING, LOCAL), times.forms).astype(np.uint8)
    return Instants(values, forms, times.guessed_order)


def zone_of(zone: str | None) -> ZoneInfo | None:
    """Return a time zone by its name.

    Raises
    ------
    InvalidInputError
        When nobody knows it.
    """
    if zone is None:
        return None
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        faults = Faults()
        faults.add("must be the name of a time zone, such as Europe/Berlin", place="zone", given=zone)
        faults.raise_if_any()
    return None


def to_posix(
    local: NDArray[np.float64], zone: ZoneInfo | None, *, second_pass: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Turn what a clock showed into POSIX seconds.

    Parameters
    ----------
    local : ndarray of float64
        Seconds as if the clock showed UTC; NaN stays.
    zone : ZoneInfo, optional
        None is UTC.
    second_pass : ndarray of bool, optional
        Where an hour that is shown twice is the second one.

    Returns
    -------
    values : ndarray of float64
    twice, never : ndarray of bool
        Which readings a clock shows twice, and which it never shows (taken as if it had not been changed yet).
    """
    if zone is None:
        none = np.zeros(local.shape, dtype=bool)
        return local.copy(), none, none
    first, second = _offsets(local, zone, 0), _offsets(local, zone, 1)
    later = np.zeros(local.shape, dtype=bool) if second_pass is None else second_pass
    offset = np.where(later & (first > second), second, first)
    return local - offset, first > second, first < second


def _offsets(local: NDArray[np.float64], zone: ZoneInfo, fold: int) -> NDArray[np.float64]:
    """Return the zone's distance from UTC; it changes at full quarter hours only."""
    known = np.isfinite(local)
    quarters, places = np.unique(np.floor(local[known] / 900.0), return_inverse=True)
    shown = [datetime.fromtimestamp(q * 900.0, UTC).replace(tzinfo=zone, fold=fold) for q in quarters.tolist()]
    found = np.array([(at.utcoffset() or at - at).total_seconds() for at in shown], dtype=np.float64)
    offsets = np.full(local.shape, np.nan)
    offsets[known] = found[places]
    return offsets


# --- one entry --------------------------------------------------------------------------------------------------------


def _counts_from_zero(texts: Iterable[str]) -> bool:
    """Whether a column holds nothing but small numbers: seconds from a zero of its own, as simulations write them."""
    numbers = [_number(text) for text in texts if text]
    return bool(numbers) and all(number is not None and abs(number) < _SMALLEST_POSIX for number in numbers)


def _instant(text: str, *, month_first: bool, is_day: bool) -> Entry:
    if text.lower() in _NOTHING:
        return _NONE
    number = _number(text)
    if number is not None:
        return _from_number(number, len(text.strip()), is_day=is_day)
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        seconds = _clock_seconds(clock)
        return _BAD if seconds is None or is_day else (seconds, CLOCK)
    for read in (_iso, lambda written: _dated(written, month_first=month_first), _spelled):
        entry: Entry | None = read(text)
        if entry is not None:
            return entry
    return _BAD


def _from_number(number: float, digits: int, *, is_day: bool) -> Entry:
    """Read YYYYMMDD and YYMMDD where a day is meant, else POSIX seconds, milliseconds, microseconds by size."""
    if is_day:
        whole = int(number)
        year, rest = divmod(whole, 10_000)
        if digits <= 6:
            year += 1900 if year >= 70 else 2000
        return _day(year, *divmod(rest, 100)) if whole == number else _BAD
    for largest, unit in ((_SMALLEST_POSIX, None), (1e11, 1.0), (1e14, 1e-3), (1e17, 1e-6)):
        if abs(number) < largest:
            return _BAD if unit is None else (number * unit, POSIX)
    return _BAD


def _day(year: int, month: int, day: int) -> Entry:
    try:
        return (date(year, month, day).toordinal() - _EPOCH) * _DAY, LOCAL
    except ValueError:
        return _BAD


def _iso(text: str) -> Entry | None:
    try:
        read = datetime.fromisoformat(text.removesuffix(" UTC") + "+00:00" if text.endswith(" UTC") else text)
    except ValueError:
        return None
    return _seconds_since_zero(read)


def _seconds_since_zero(read: datetime) -> Entry:
    if read.utcoffset() is not None:
        return read.timestamp(), POSIX
    return read.replace(tzinfo=UTC).timestamp(), LOCAL


def _dated(text: str, *, month_first: bool) -> Entry | None:
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    a, b, c = int(found["a"]), int(found["b"]), int(found["c"])
    if len(found["a"]) == 4:
        year, month, day = a, b, c
    else:
        day, month = (b, a) if month_first else (a, b)
        year = c if c >= 100 else c + (1900 if c >= 70 else 2000)
    value, form = _day(year, month, day)
    if form == UNREADABLE or found["clock"] is None:
        return value, form
    clock = _CLOCK.fullmatch(found["clock"].strip())
    seconds = _clock_seconds(clock) if clock is not None else None
    return _BAD if seconds is None else (value + seconds, LOCAL)


def _spelled(text: str) -> Entry | None:
    for form in _SPELLED:
        try:
            return _seconds_since_zero(datetime.strptime(text, form))  # noqa: DTZ007 - local until the zone is known
        except ValueError:
            continue
    return None


def _clock_seconds(clock: re.Match[str]) -> float | None:
    """Return seconds since midnight; None for what no clock shows. 24:00 and later is the next day."""
    hours, minutes, seconds = int(clock["h"]), int(clock["m"]), float((clock["s"] or "0").replace(",", "."))
    if clock["half"]:
        hours = hours % 12 + (12 if clock["half"][0] in "pP" else 0)
    if clock["sign"] or minutes >= 60 or seconds >= 61 or hours >= 48:
        return None
    return hours * 3600.0 + minutes * 60.0 + seconds


def _order_of_days(texts: Iterable[str]) -> tuple[bool, bool]:
    """Tell from all entries whether the month stands first, and whether that had to be guessed."""
    pairs = {
        (int(found["a"]), int(found["b"])) for found in map(_DATE.fullmatch, texts) if found and len(found["a"]) < 4
    }
    if not pairs or any(a > 12 for a, _ in pairs):
        return False, False
    return (True, False) if any(b > 12 for _, b in pairs) else (False, True)


def _duration(text: str, unit: float) -> float:
    if text.lower() in _NOTHING:
        return np.nan
    number = _number(text)
    if number is not None:
        return number * unit
    clock = _CLOCK.fullmatch(text)
    if clock is None or clock["half"]:
        return _from_units(text)
    first, second, third = int(clock["h"]), int(clock["m"]), clock["s"]
    seconds = (
        first * 60.0 + second if third is None else first * 3600.0 + second * 60.0 + float(third.replace(",", "."))
    )
    return -seconds if clock["sign"] else seconds


_PARTS: tuple[tuple[str, float], ...] = (("d", 86400.0), ("h", 3600.0), ("m", 60.0), ("s", 1.0))
_WRITTEN = re.compile(
    r"(?:P(?:(?P<d1>\d+)D)?T?)?\s*(?:(?P<d>\d+)\s*d[a-z]*\s*)?(?:(?P<h>\d+(?:\.\d+)?)\s*h[a-z]*\s*)?"
    r"(?:(?P<m>\d+(?:\.\d+)?)\s*m[a-z]*\s*)?(?:(?P<s>\d+(?:\.\d+)?)\s*s[a-z]*)?",
    re.IGNORECASE,
)


def _from_units(text: str) -> float:
    """Read ``PT3M20S`` and ``3 min 20 s``; NaN for anything else."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None or not any(found[name] for name, _ in _PARTS):
        return np.nan
    return sum(float(found[name] or 0) * size for name, size in _PARTS) + float(found["d1"] or 0) * 86400.0


def _number(text: str) -> float | None:
    """Read a number, also 12,5 and 1,234,567."""
    written = text.replace(",", "") if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", text) else text.replace(",", ".")
    try:
        value = float(written)
    except ValueError:
        return None
    return value if np.isfinite(value) else None
