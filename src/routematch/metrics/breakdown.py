"""Puts the rows of a ledger, and the time of its agents, into groups: by type, by agent, by time of day, or crossed.

Metrics know nothing of types and agents: they ask a breakdown for counts, means and seconds, and get one number for
each group. That is why any metric can be looked at by anything.

>>> from routematch.state import Ledger
>>> ledger = Ledger.of(arrived_at=[0.0, 10.0, 20.0], answered_at=[5.0, 10.0, 50.0], channel=["chat", "phone", "chat"])
>>> groups = Breakdown.of(ledger, ("channel",))
>>> groups.names, groups.mean(ledger.waited)
((('chat', 'phone'),), array([17.5,  0. ]))
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.errors import Faults, LimitExceededError
from routematch.metrics.time_grid import HALF_HOUR, TimeGrid
from routematch.state import STATES, Ledger

__all__ = ["AXES", "Breakdown", "check_axes"]

#: What groups can be made by.
AXES = ("conversation_type", "channel", "queue", "customer", "agent", "agent_group", "time_of_day", "time")
_OF_AGENTS = ("agent", "agent_group")
_OF_TIME = ("time_of_day", "time")
#: Most groups of one breakdown.
_MOST_GROUPS = 20_000_000

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@frozen(eq=False)
class Breakdown:
    """A ledger in groups. Make one with `Breakdown.of`.

    Conversations belong to the group they arrived in, whatever happens to them later; time belongs to the group it
    passes in.

    Attributes
    ----------
    ledger : Ledger
    axes : tuple of str
        Of `AXES`; none makes one group of everything.
    names : tuple of tuple of str
        Of each axis.
    codes : ndarray of intp, shape (N,)
        Group of each conversation, -1 none.
    grid : TimeGrid or None
        Where one of the axes is time.
    """

    ledger: Ledger
    axes: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    codes: NDArray[np.intp]
    grid: TimeGrid | None = None

    @classmethod
    def of(
        cls,
        ledger: Ledger,
        axes: Sequence[str] = (),
        *,
        width: float = HALF_HOUR,
        zone: str = "UTC",
        grid: TimeGrid | None = None,
    ) -> Breakdown:
        """Group a ledger.

        Parameters
        ----------
        ledger : Ledger
        axes : sequence of str
            Of `AXES`, each once, at most one of time.
        width, zone : float and str
            Of the pieces of time.
        grid : TimeGrid, optional
            The pieces of time themselves, in place of `width` and `zone`.

        Returns
        -------
        Breakdown

        Raises
        ------
        InvalidInputError
            For axes that are unknown, doubled or two of time, and for a bad width or zone.
        LimitExceededError
            For more groups than can be held.
        """
        chosen = tuple(axes)
        check_axes(chosen)
        if not set(_OF_TIME) & set(chosen):
            grid = None
        elif grid is None:
            make = TimeGrid.of_day if "time_of_day" in chosen else TimeGrid.of_window
            grid = make(ledger.window, width=width, zone=zone)
        names = tuple(_names(ledger, axis, grid) for axis in chosen)
        parts = [_codes(ledger, axis, grid) for axis in chosen]
        return cls(ledger, chosen, names, _joined(parts, [len(each) for each in names], len(ledger)), grid)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of groups along each axis."""
        return tuple(len(names) for names in self.names)

    @property
    def size(self) -> int:
        """Number of groups G."""
        return math.prod(self.shape)

    @property
    def seconds(self) -> Floats:
        """Observed time of each group, shape (G,): the window, or the part of it that lies in a piece of time."""
        if self.grid is None:
            return np.full(self.size, self.ledger.window[1] - self.ledger.window[0])
        place = [axis in _OF_TIME for axis in self.axes].index(True)
        along = [1] * len(self.axes)
        along[place] = -1
        return np.broadcast_to(self.grid.seconds().reshape(along), self.shape).ravel()

    def crossed(self, axis: str) -> Breakdown:
        """Return each group divided further by agent, type, channel, queue, customer or agent group."""
        names = (*self.names, _names(self.ledger, axis, None))
        parts = [self.codes, _codes(self.ledger, axis, None)]
        codes = _joined(parts, [self.size, len(names[-1])], len(self.ledger))
        return Breakdown(self.ledger, (*self.axes, axis), names, codes, self.grid)

    # --- conversations --------------------------------------------------------------------------------------------

    def count(self, where: Mask | None = None) -> Floats:
        """Return how many conversations there are, shape (G,)."""
        return self.total(np.ones(len(self.ledger)), where)

    def total(self, values: NDArray[np.floating], where: Mask | None = None) -> Floats:
        """Return the sum of values that are known, shape (G,)."""
        chosen = (self.codes >= 0) & ~np.isnan(values)
        if where is not None:
            chosen &= where
        return np.bincount(self.codes[chosen], values[chosen], minlength=self.size).astype(np.float64)

    def mean(self, values: NDArray[np.floating], where: Mask | None = None) -> Floats:
        """Return the mean of values that are known, shape (G,); NaN where there is none."""
        known = ~np.isnan(values) if where is None else where & ~np.isnan(values)
        return ratio(self.total(values, known), self.count(known))

    def share(self, hits: Mask, among: Mask) -> Floats:
        """Return which part of some conversations are hits, shape (G,); NaN where there is none."""
        return ratio(self.count(hits & among), self.count(among))

    def quantile(self, values: Floats, probability: float, where: Mask | None = None) -> Floats:
        """Return a quantile of values that are known, interpolated linearly, shape (G,); NaN where there is none."""
        ordered, start, count = self._ordered(values, where)
        position = probability * (count - 1)
        low = np.floor(np.maximum(position, 0.0)).astype(np.intp)
        high = np.minimum(low + 1, np.maximum(count - 1, 0))
        found = np.full(self.size, np.nan)
        some = count > 0
        below, above = ordered[(start + low)[some]], ordered[(start + high)[some]]
        found[some] = below + (above - below) * (position - low)[some]
        return found

    def gini(self, values: Floats, where: Mask | None = None) -> Floats:
        """Return the Gini coefficient of values of at least 0, shape (G,); 0 all equal, NaN where all are 0 or none."""
        ordered, start, count = self._ordered(values, where)
        group = np.repeat(np.arange(self.size), count)
        rank = np.arange(len(ordered)) - start[group] + 1
        total = np.bincount(group, ordered, minlength=self.size)
        weighted = np.bincount(group, ordered * (2 * rank - count[group] - 1), minlength=self.size)
        return ratio(weighted.astype(np.float64), count * total)

    def _ordered(self, values: Floats, where: Mask | None) -> tuple[Floats, NDArray[np.intp], NDArray[np.intp]]:
        """Return known values in order of group and size, where each group starts, and how many it has."""
        chosen = (self.codes >= 0) & ~np.isnan(values)
        if where is not None:
            chosen &= where
        rows = np.flatnonzero(chosen)
        rows = rows[np.lexsort((values[rows], self.codes[rows]))]
        count = np.bincount(self.codes[rows], minlength=self.size)
        return values[rows], np.cumsum(count) - count, count

    # --- time -----------------------------------------------------------------------------------------------------

    def time_between(self, start_at: Floats, end_at: Floats) -> Floats:
        """Return the seconds of the window that conversations spend between two instants each, summed, shape (G,)."""
        if self.grid is None:
            begin, end = np.maximum(start_at, self.ledger.window[0]), np.minimum(end_at, self.ledger.window[1])
            return self.total(np.maximum(end - begin, 0.0))
        known = np.flatnonzero(~(np.isnan(start_at) | np.isnan(end_at)))
        rows, labels, time = self.grid.cut(start_at[known], end_at[known])
        rows = known[rows]
        codes = self._with_time([_codes(self.ledger, axis, None)[rows] for axis in self._plain_axes], labels)
        return self._summed(codes, time)

    def agent_time(self, states: Sequence[str], weight: NDArray[np.floating] | None = None) -> Floats:
        """Return the seconds of the window that agents spend in some states, weighted, summed, shape (G,).

        NaN throughout where the ledger has no agent intervals, or where groups are of conversations. A weight that is
        not known makes the sum unknown.
        """
        intervals = self.ledger.intervals
        if intervals is None or not set(self._plain_axes) <= set(_OF_AGENTS):
            return np.full(self.size, np.nan)
        chosen = np.isin(intervals.state, [STATES.index(state) for state in states])
        start, end = np.maximum(intervals.start_at, self.ledger.window[0]), intervals.end_at
        end = np.minimum(end, self.ledger.window[1])
        rows = np.flatnonzero(chosen & (end > start))
        time, labels = end[rows] - start[rows], np.zeros(len(rows), np.int32)
        if self.grid is not None:
            which, labels, time = self.grid.cut(start[rows], end[rows])
            rows = rows[which]
        if weight is not None:
            time = time * weight[rows]
        parts: list[NDArray[np.integer]] = [getattr(intervals, axis)[rows] for axis in self._plain_axes]
        return self._summed(self._with_time(parts, labels), time)

    @property
    def _plain_axes(self) -> list[str]:
        return [axis for axis in self.axes if axis not in _OF_TIME]

    def _with_time(self, plain: list[NDArray[np.integer]], labels: NDArray[np.int32]) -> NDArray[np.intp]:
        """Join codes of the plain axes, and the label of the piece of time where there is one."""
        left = iter(plain)
        parts = [labels if axis in _OF_TIME else next(left) for axis in self.axes]
        return _joined(parts, self.shape, len(labels))

    def _summed(self, codes: NDArray[np.intp], time: Floats) -> Floats:
        inside = codes >= 0
        return np.bincount(codes[inside], time[inside], minlength=self.size).astype(np.float64)


def ratio(numerator: Floats, denominator: NDArray[np.floating] | NDArray[np.integer]) -> Floats:
    """Divide, NaN where there is nothing to divide by."""
    result = np.full(np.shape(numerator), np.nan)
    np.divide(numerator, denominator, out=result, where=np.asarray(denominator) != 0)
    return result


def check_axes(axes: Sequence[str]) -> None:
    """Raise where axes are unknown, doubled, or two of time.

    Raises
    ------
    InvalidInputError
    """
    faults = Faults()
    for place, axis in enumerate(axes):
        if axis not in AXES:
            faults.unknown(axis, known=AXES, place=f"axes[{place}]", what="axis")
        elif axis in axes[:place]:
            faults.add("stands there twice", place=f"axes[{place}]", given=axis)
    if set(_OF_TIME) <= set(axes):
        faults.add("one of time_of_day and time, not both", place="axes")
    faults.raise_if_any()


def _names(ledger: Ledger, axis: str, grid: TimeGrid | None) -> tuple[str, ...]:
    if axis in _OF_TIME:
        assert grid is not None
        return grid.names
    names: tuple[str, ...] = getattr(ledger, axis).names
    return names


def _codes(ledger: Ledger, axis: str, grid: TimeGrid | None) -> NDArray[np.integer]:
    if axis in _OF_TIME:
        assert grid is not None
        return grid.label_of(ledger.arrived_at)
    codes: NDArray[np.int32] = getattr(ledger, axis).codes
    return codes


def _joined(parts: Sequence[NDArray[np.integer]], sizes: Sequence[int], rows: int) -> NDArray[np.intp]:
    """Return one code for a combination of codes, -1 where one of them is missing."""
    size = math.prod(sizes)
    if size > _MOST_GROUPS:
        message = f"{size:,} groups, at most {_MOST_GROUPS:,} are counted"
        raise LimitExceededError(message)
    joined = np.zeros(rows, np.intp)
    missing = np.zeros(rows, bool)
    for part, each in zip(parts, sizes, strict=True):
        joined = joined * each + part
        missing |= part < 0
    joined[missing] = -1
    return joined
