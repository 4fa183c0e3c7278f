"""Times of the local week: Monday's midnight is 0, and days of 23 and 25 hours come out right."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

__all__ = ["DAY", "WEEK", "LocalTime"]

DAY, WEEK = 86_400.0, 604_800.0
#: Zones change their distance from UTC at full quarter hours only.
_STEP = 900.0
#: POSIX time 0 was a Thursday.
_MONDAY = 4 * DAY

Floats = NDArray[np.float64]


@frozen(eq=False)
class LocalTime:
    """What the clocks of a zone show during a window.

    Attributes
    ----------
    start_at : float
        Beginning of the window in POSIX seconds, at a full quarter hour.
    offsets : ndarray of float64, shape (Q,)
        Seconds that the clock is ahead of UTC, for each quarter hour.
    """

    start_at: float
    offsets: Floats

    @classmethod
    def of(cls, window: tuple[float, float], zone: str) -> LocalTime:
        """Return the clocks of a zone during a window."""
        where = ZoneInfo(zone)
        first = np.floor(window[0] / _STEP) * _STEP
        quarters = np.arange(first, max(window[1], first + 1.0) + _STEP, _STEP)
        shown = (datetime.fromtimestamp(at, where).utcoffset() for at in quarters.tolist())
        return cls(float(first), np.array([0.0 if offset is None else offset.total_seconds() for offset in shown]))

    @property
    def changes(self) -> bool:
        """Whether the clocks are changed in the window."""
        return bool((self.offsets != self.offsets[0]).any())

    def clock(self, instants: Floats) -> Floats:
        """Return what the clock shows at POSIX instants, in seconds as if it showed UTC."""
        quarter = np.clip(((instants - self.start_at) // _STEP).astype(np.intp), 0, self.offsets.size - 1)
        shown: Floats = instants + self.offsets[quarter]
        return shown

    def time_of_week(self, instants: Floats) -> Floats:
        """Return seconds since Monday's midnight."""
        return np.mod(self.clock(instants) - _MONDAY, WEEK)

    def day(self, instants: Floats) -> NDArray[np.intp]:
        """Return the number of the local day, 0 that of the window's start."""
        first = np.floor(self.clock(np.array([self.start_at])) / DAY)
        return (np.floor(self.clock(instants) / DAY) - first).astype(np.intp)

    def quarters(self, window: tuple[float, float]) -> tuple[Floats, Floats]:
        """Return the starts of the quarter hours of a window, and how much of each lies inside."""
        starts = np.arange(self.start_at, window[1], _STEP)
        inside = np.minimum(starts + _STEP, window[1]) - np.maximum(starts, window[0])
        return starts[inside > 0], inside[inside > 0]
