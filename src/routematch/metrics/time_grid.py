"""Cuts observed time into equal pieces: the half-hours of a local day, or piece after piece of the whole window."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.errors import Faults

__all__ = ["DAY", "HALF_HOUR", "TimeGrid", "as_zone"]

DAY = 86_400.0
HALF_HOUR = 1_800.0
#: Most pieces of one window: half-hours of more than fifty years.
_MOST_PIECES = 1_000_000
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)


@frozen(eq=False)
class TimeGrid:
    """Equal pieces of a window, each with a label.

    Attributes
    ----------
    start_at : float
        Where the first piece begins, not after the window.
    width : float
        Seconds in a piece.
    window : tuple of float
    labels : ndarray of int32, shape (K,)
        Group of each piece.
    names : tuple of str, shape (G,)
    """

    start_at: float
    width: float
    window: tuple[float, float]
    labels: NDArray[np.int32]
    names: tuple[str, ...]

    @classmethod
    def of_day(cls, window: tuple[float, float], *, width: float = HALF_HOUR, zone: str = "UTC") -> TimeGrid:
        """Label each piece by its local time of day; all times of day are named, seen or not.

        Parameters
        ----------
        window : tuple of float
        width : float
            A divisor of a day, in seconds.
        zone : str
            IANA name.

        Raises
        ------
        InvalidInputError
            For a width that does not divide a day, a zone nobody knows, or a window of too many pieces.
        """
        faults = Faults()
        if not (0 < width <= DAY) or abs(DAY / width - round(DAY / width)) > 1e-9:
            faults.add("must divide a day of 86400 seconds", place="width", given=width)
        faults.raise_if_any()
        local = as_zone(zone)
        start = _aligned(window[0], width, local)
        count = _pieces(window, start, width)
        labels = np.array([int(_time_of_day(start + i * width, local) // width) for i in range(count)], np.int32)
        names = tuple(_clock(i * width) for i in range(round(DAY / width)))
        return cls(start, width, window, labels, names)

    @classmethod
    def of_window(cls, window: tuple[float, float], *, width: float = HALF_HOUR, zone: str = "UTC") -> TimeGrid:
        """Label each piece by itself: one group after the other, named by local date and time."""
        if not width > 0:
            faults = Faults()
            faults.add("must be above 0", place="width", given=width)
            faults.raise_if_any()
        local = as_zone(zone)
        start = _aligned(window[0], width, local)
        count = _pieces(window, start, width)
        names = tuple(_date_and_time(start + i * width, local) for i in range(count))
        return cls(start, width, window, np.arange(count, dtype=np.int32), names)

    def label_of(self, instants: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return the group of each instant, -1 outside the pieces."""
        piece = np.floor((instants - self.start_at) / self.width)
        inside = (piece >= 0) & (piece < len(self.labels))
        found = np.full(len(instants), -1, np.int32)
        found[inside] = self.labels[piece[inside].astype(np.intp)]
        return found

    def seconds(self) -> NDArray[np.float64]:
        """Return how long the window stays in each group, shape (G,)."""
        _, labels, time = self.cut(np.array([self.window[0]]), np.array([self.window[1]]))
        return np.bincount(labels, time, minlength=len(self.names)).astype(np.float64)

    def cut(
        self, start_at: NDArray[np.float64], end_at: NDArray[np.float64]
    ) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.float64]]:
        """Cut spans at the edges of pieces; what lies outside the window is left out.

        Returns
        -------
        rows : ndarray of intp
            Which span each cutting is of.
        labels : ndarray of int32
        time : ndarray of float64
            Seconds.
        """
        begin = np.maximum(start_at, self.window[0])
        end = np.minimum(end_at, self.window[1])
        rows = np.flatnonzero(end > begin)
        begin, end = begin[rows], end[rows]
        last = max(len(self.labels) - 1, 0)
        first_piece = np.clip(((begin - self.start_at) // self.width).astype(np.intp), 0, last)
        last_piece = np.clip(((end - self.start_at) // self.width).astype(np.intp), 0, last)
        count = last_piece - first_piece + 1
        which = np.repeat(np.arange(len(rows)), count)
        piece = first_piece[which] + np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        edge = self.start_at + piece * self.width
        time = np.minimum(end[which], edge + self.width) - np.maximum(begin[which], edge)
        return rows[which], self.labels[piece], np.maximum(time, 0.0)


def as_zone(name: str) -> tzinfo:
    """Return a time zone.

    Raises
    ------
    InvalidInputError
        When nobody knows it.
    """
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        faults = Faults()
        faults.add("must be the IANA name of a time zone, such as Europe/Madrid", place="zone", given=name)
        faults.raise_if_any()
        raise


def _local(instant: float, zone: tzinfo) -> datetime:
    return (_ZERO + timedelta(seconds=instant)).astimezone(zone)


def _time_of_day(instant: float, zone: tzinfo) -> float:
    local = _local(instant, zone)
    return local.hour * 3600.0 + local.minute * 60.0 + local.second + local.microsecond / 1e6


def _aligned(instant: float, width: float, zone: tzinfo) -> float:
    """Return the last edge, in whole widths of local time, not after an instant."""
    offset = _local(instant, zone).utcoffset() or timedelta()
    shift = offset.total_seconds()
    return math.floor((instant + shift) / width) * width - shift


def _pieces(window: tuple[float, float], start: float, width: float) -> int:
    count = max(math.ceil((window[1] - start) / width), 1)
    # An arrival in the last instant of a window that ends on an edge belongs to the piece that begins there.
    count += start + count * width <= window[1]
    if count > _MOST_PIECES:
        faults = Faults()
        faults.add(f"the window has {count:,} pieces of {width:g} s, at most {_MOST_PIECES:,} are counted")
        faults.raise_if_any()
    return count


def _clock(seconds: float) -> str:
    whole = round(seconds)
    shown = f"{whole // 3600:02d}:{whole // 60 % 60:02d}"
    return f"{shown}:{whole % 60:02d}" if whole % 60 else shown


def _date_and_time(instant: float, zone: tzinfo) -> str:
    return _local(instant, zone).strftime("%Y-%m-%d %H:%M")
