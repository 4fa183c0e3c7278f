"""Points in time and lengths of time: POSIX seconds inside, datetimes welcome at the border.

>>> from datetime import datetime, timedelta, timezone
>>> as_instant(datetime(2026, 1, 1, tzinfo=timezone.utc))
1767225600.0
>>> as_duration(timedelta(minutes=2))
120.0
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

__all__ = ["Duration", "Instant", "as_duration", "as_instant", "first_instant_after"]

Instant = float | datetime
Duration = float | timedelta


def as_instant(value: Instant | None) -> float | None:
    """Return POSIX seconds; an aware `datetime` is converted, anything that is not an instant is left for the checks.

    A naive `datetime` is left as it is, and the check of its field refuses it: guessing a zone would be wrong
    by hours.
    """
    if isinstance(value, datetime):
        return _posix(value)
    return value


def _posix(value: datetime) -> float:
    try:
        if value.utcoffset() is not None:
            return value.timestamp()
    except Exception:  # noqa: BLE001, S110 - a zone of the user's own may raise anything
        pass
    return value  # type: ignore[return-value]  # a naive one, refused where the field is checked


def as_duration(value: Duration | None) -> float | None:
    """Return seconds; a `timedelta` is converted, anything else is left for the checks."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value


def first_instant_after(start: float, duration: float) -> float:
    """Return the earliest float `t` with ``t - start >= duration``.

    The plain sum can miss by one rounding step either way; a caller who comes back at the returned instant must
    find that the time has really come.

    >>> t = first_instant_after(0.1, 0.7)
    >>> t - 0.1 >= 0.7
    True
    """
    instant = start + duration
    if instant - start >= duration and not math.nextafter(instant, -math.inf) - start >= duration:
        return instant
    if not math.isfinite(instant):
        return instant
    # Sum and difference err by half a rounding step each. Near zero floats are so dense that stepping through them
    # would take for ever, hence the bisection.
    reach = 2.0 * max(math.ulp(start), math.ulp(duration), math.ulp(instant))
    early, late = instant - reach, instant + reach
    while early < (middle := early + (late - early) / 2.0) < late:
        if middle - start >= duration:
            late = middle
        else:
            early = middle
    return late
