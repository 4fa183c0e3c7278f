"""What happened to conversations, in columns: the same for a simulation, a router's journal and a call log.

A ledger has one row for each conversation, in order of arrival, and may have a second table of what agents did when.
Metrics and reports read ledgers and know nothing of where they come from.

>>> ledger = Ledger.of(
...     arrived_at=[0.0, 10.0, 20.0],
...     answered_at=[5.0, float("nan"), 30.0],
...     ended_at=[65.0, 40.0, float("nan")],
...     channel=["chat", "phone", "chat"],
... )
>>> ledger.waited, [ENDINGS[code] for code in ledger.ending]
(array([ 5., 30., 10.]), ['completed', 'abandoned', 'open'])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import evolve, field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.state import ledger_files
from routematch.state.agent_intervals import STATES, AgentIntervals
from routematch.state.category import Category, Words
from routematch.state.columns import column
from routematch.state.ledger_columns import (
    CATEGORIES,
    NONE_BEFORE,
    NUMBERS,
    Numbers,
    category,
    codes,
    fault_rows,
    numbers,
)

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

__all__ = ["CATEGORIES", "ENDINGS", "NONE_BEFORE", "NUMBERS", "STATES", "AgentIntervals", "Category", "Ledger"]

#: Words behind the codes of `Ledger.ending`.
ENDINGS = ("open", "completed", "abandoned", "refused")
OPEN, COMPLETED, ABANDONED, REFUSED = range(4)


@frozen(eq=False)
class Ledger:
    """Conversations as columns, in order of arrival, then as given. Make one with `Ledger.of`. Arrays are read-only.

    Attributes
    ----------
    conversation_type, channel, queue, customer, agent, agent_group : Category
        `agent` is the last one who held it; no word where nobody ever did.
    arrived_at : ndarray of float64, shape (N,)
        POSIX seconds, or seconds from any other zero.
    answered_at : ndarray of float64, shape (N,)
        When an agent first took it; NaN never.
    ended_at : ndarray of float64, shape (N,)
        When it was completed, abandoned or refused; NaN still open.
    handle_time, wrap_up_time : ndarray of float64, shape (N,)
        Seconds that agents spent on it, all legs, and the part of them that was wrap-up; NaN none or unknown.
    ending : ndarray of uint8, shape (N,)
        Codes into `ENDINGS`.
    resolved, satisfaction : ndarray of float32, shape (N,)
        `resolved` 0 or 1 (or a probability); NaN unknown.
    value : ndarray of float64, shape (N,)
        What it achieved, in policy units; NaN unknown.
    transfers : ndarray of uint16, shape (N,)
    repeats : ndarray of int64, shape (N,)
        Row of the earlier conversation that this one follows, -1 none.
    due_at : ndarray of float64, shape (N,)
        NaN where nothing is due.
    priority : ndarray of int32, shape (N,)
    window : tuple of float
        Start and end of the time that was observed.
    ids : tuple of str, or None
        None: the row number is the id.
    intervals : AgentIntervals or None
    waited : ndarray of float64, shape (N,)
        Seconds until answered, else ended, else until the end of the window.
    """

    conversation_type: Category
    channel: Category
    queue: Category
    customer: Category
    agent: Category
    agent_group: Category
    arrived_at: NDArray[np.float64]
    answered_at: NDArray[np.float64]
    ended_at: NDArray[np.float64]
    handle_time: NDArray[np.float64]
    wrap_up_time: NDArray[np.float64]
    ending: NDArray[np.uint8]
    resolved: NDArray[np.float32]
    satisfaction: NDArray[np.float32]
    value: NDArray[np.float64]
    transfers: NDArray[np.uint16]
    repeats: NDArray[np.int64]
    due_at: NDArray[np.float64]
    priority: NDArray[np.int32]
    window: tuple[float, float]
    ids: tuple[str, ...] | None = None
    intervals: AgentIntervals | None = None
    waited: NDArray[np.float64] = field(init=False, repr=False)

    @waited.default
    def _waited(self) -> NDArray[np.float64]:
        until = np.where(np.isnan(self.answered_at), self.ended_at, self.answered_at)
        until[np.isnan(until)] = self.window[1]
        waited = np.maximum(until - self.arrived_at, 0.0)
        waited.flags.writeable = False
        return waited

    @classmethod
    def of(  # noqa: PLR0913 - one argument for each column
        cls,
        *,
        arrived_at: Numbers,
        answered_at: Numbers | None = None,
        ended_at: Numbers | None = None,
        handle_time: Numbers | None = None,
        wrap_up_time: Numbers | None = None,
        ending: Sequence[str] | NDArray[np.integer] | None = None,
        conversation_type: Words | None = None,
        channel: Words | None = None,
        queue: Words | None = None,
        customer: Words | None = None,
        agent: Words | None = None,
        agent_group: Words | None = None,
        resolved: Numbers | None = None,
        satisfaction: Numbers | None = None,
        value: Numbers | None = None,
        transfers: Numbers | None = None,
        repeats: Numbers | None = None,
        due_at: Numbers | None = None,
        priority: Numbers | None = None,
        ids: Sequence[str] | None = None,
        window: tuple[float, float] | None = None,
        intervals: AgentIntervals | None = None,
    ) -> Ledger:
        """Check columns, sort them by arrival, and put them together.

        Parameters
        ----------
        arrived_at : sequence of float
            Decides the number of rows; zero rows are fine.
        answered_at, ended_at, handle_time, wrap_up_time, resolved, satisfaction, value, due_at : sequence, optional
            Unknown (NaN) where left out.
        ending : sequence of str, or array of codes, optional
            Where left out: open without `ended_at`, else completed where answered, else abandoned.
        conversation_type, channel, queue, customer, agent, agent_group : Category, or sequence of str or None, optional
        transfers, priority : sequence of int, optional
            0 where left out.
        repeats : sequence of int, optional
            Rows as given (sorting renumbers them).
        ids : sequence of str, optional
        window : (start_at, end_at), optional
            Where left out: from the first to the last instant in the columns.
        intervals : AgentIntervals, optional

        Returns
        -------
        Ledger

        Raises
        ------
        InvalidInputError
            Listing every fault: wrong lengths, negative spans, unknown codes, rows that repeat a later one.
        """
        faults = Faults()
        arrived = numbers(faults, "arrived_at", arrived_at, None, np.float64)
        size = len(arrived)
        columns = (conversation_type, channel, queue, customer, agent, agent_group)
        words = {name: category(faults, name, given, size) for name, given in zip(CATEGORIES, columns, strict=True)}
        answered = numbers(faults, "answered_at", answered_at, size, np.float64)
        ended = numbers(faults, "ended_at", ended_at, size, np.float64)
        endings = _endings(faults, ending, answered, ended)
        made = cls(
            **words,
            arrived_at=arrived,
            answered_at=answered,
            ended_at=ended,
            handle_time=numbers(faults, "handle_time", handle_time, size, np.float64),
            wrap_up_time=numbers(faults, "wrap_up_time", wrap_up_time, size, np.float64),
            ending=endings,
            resolved=numbers(faults, "resolved", resolved, size, np.float32),
            satisfaction=numbers(faults, "satisfaction", satisfaction, size, np.float32),
            value=numbers(faults, "value", value, size, np.float64),
            transfers=numbers(faults, "transfers", transfers, size, np.uint16, default=0),
            repeats=numbers(faults, "repeats", repeats, size, np.int64, default=NONE_BEFORE),
            due_at=numbers(faults, "due_at", due_at, size, np.float64),
            priority=numbers(faults, "priority", priority, size, np.int32, default=0),
            window=_observed(arrived, answered, ended, intervals)
            if window is None
            else (float(window[0]), float(window[1])),
            ids=None if ids is None else tuple(map(str, ids)),
            intervals=intervals,
        )
        made._check(faults)
        faults.raise_if_any()
        return made._in_order_of_arrival()

    def __len__(self) -> int:
        """Return the number of conversations."""
        return len(self.arrived_at)

    def select(self, mask: NDArray[np.bool_]) -> Ledger:
        """Return the rows where a mask is true; names, window and agent intervals stay.

        A conversation whose earlier one is left out repeats none.

        Parameters
        ----------
        mask : ndarray of bool, shape (N,)

        Returns
        -------
        Ledger

        Raises
        ------
        InvalidInputError
            When the mask has another shape or dtype.
        """
        chosen = np.asarray(mask)
        if chosen.dtype != np.bool_ or chosen.shape != (len(self),):
            faults = Faults()
            faults.add(f"must be {len(self)} booleans, is {chosen.dtype} of shape {chosen.shape}", place="mask")
            faults.raise_if_any()
        return self._take(np.flatnonzero(chosen))

    def columns(self) -> dict[str, NDArray[np.generic]]:
        """Return all columns by name, words in place of codes, `waited` last.

        Returns
        -------
        dict from str to ndarray, shape (N,)
            The id comes first; `object` arrays hold words, None where there is none.
        """
        identifiers = np.arange(len(self)) if self.ids is None else np.array(self.ids, np.object_)
        table: dict[str, NDArray[np.generic]] = {"id": identifiers}
        for name in CATEGORIES:
            table[name] = getattr(self, name).words()
        for name in NUMBERS:
            table[name] = getattr(self, name)
        table["ending"] = np.array(ENDINGS, np.object_)[self.ending]
        table["waited"] = self.waited
        return table

    def to_csv(self, path: str | Path) -> None:
        """Write the conversations as CSV, UTF-8, one head line; nothing stands for none and unknown."""
        ledger_files.write_csv(self.columns(), Path(path))

    def to_parquet(self, path: str | Path) -> None:
        """Write the conversations as Parquet (extra ``arrow``); the window goes into the metadata."""
        ledger_files.write_parquet(self.columns(), self._categories, self.window, Path(path))

    def to_arrow(self) -> pa.Table:
        """Return the conversations as a table of pyarrow (extra ``arrow``), words as dictionaries."""
        return ledger_files.arrow_table(self.columns(), self._categories, self.window)

    def to_pandas(self) -> pd.DataFrame:
        """Return the conversations as a frame of pandas, words as categories; pandas must be installed."""
        return ledger_files.pandas_frame(self.columns(), self._categories)

    def to_polars(self) -> pl.DataFrame:
        """Return the conversations as a frame of polars; polars must be installed."""
        return ledger_files.polars_frame(self.columns())

    @classmethod
    def from_columns(
        cls,
        table: Mapping[str, Sequence[object] | NDArray[np.generic]],
        *,
        window: tuple[float, float] | None = None,
    ) -> Ledger:
        """Return the ledger whose `columns` these are, also as text: what `to_csv` and `to_arrow` write.

        Where no window is given it spans all instants, and ends no earlier than the waits of those who still wait.

        Raises
        ------
        InvalidInputError
            Listing unknown columns and everything that `of` lists.
        """
        return cls.of(**ledger_files.read_columns(table, window))

    @property
    def _categories(self) -> dict[str, Category]:
        return {name: getattr(self, name) for name in CATEGORIES}

    # --- checks ---------------------------------------------------------------------------------------------------

    def _check(self, faults: Faults) -> None:
        if self.ids is not None:
            _check_ids(faults, self.ids, len(self))
        if not np.isfinite(self.window).all() or self.window[0] > self.window[1]:
            faults.add("must be a start and an end not before it", place="window", given=self.window)
        fault_rows(faults, "arrived_at", ~np.isfinite(self.arrived_at), "must be a finite instant")
        fault_rows(faults, "arrived_at", self.arrived_at > self.window[1], "must not be after the window")
        begun = np.fmax(self.arrived_at, self.answered_at)
        fault_rows(faults, "answered_at", self.answered_at < self.arrived_at, "must not be before arrived_at")
        fault_rows(faults, "ended_at", self.ended_at < begun, "must not be before arrived_at and answered_at")
        fault_rows(faults, "handle_time", self.handle_time < 0, "must be at least 0")
        fault_rows(faults, "wrap_up_time", self.wrap_up_time < 0, "must be at least 0")
        too_long = self.wrap_up_time > self.handle_time * (1 + 1e-9)
        fault_rows(faults, "wrap_up_time", too_long, "must not be longer than handle_time")
        wrong = (self.ending == OPEN) != np.isnan(self.ended_at)
        fault_rows(faults, "ending", wrong, "must be open exactly where ended_at is unknown")
        fault_rows(faults, "resolved", (self.resolved < 0) | (self.resolved > 1), "must be between 0 and 1")
        self._check_repeats(faults)
        if self.intervals is not None:
            self._check_intervals(faults, self.intervals)

    def _check_repeats(self, faults: Faults) -> None:
        strange = (self.repeats < NONE_BEFORE) | (self.repeats >= len(self))
        fault_rows(faults, "repeats", strange, "must be -1 or a row")
        if len(self) and not strange.any():
            follows = self.repeats > NONE_BEFORE
            later = follows & (self.arrived_at[self.repeats] > self.arrived_at)
            later |= self.repeats == np.arange(len(self))
            fault_rows(faults, "repeats", later, "must be a row that arrived before")

    def _check_intervals(self, faults: Faults, intervals: AgentIntervals) -> None:
        for name, held in (("agent", self.agent), ("agent_group", self.agent_group)):
            unknown = getattr(intervals, name) >= len(held.names)
            fault_rows(faults, f"intervals.{name}", unknown, f"must be the code of one of {len(held.names)} names")

    # --- rows -----------------------------------------------------------------------------------------------------

    def _in_order_of_arrival(self) -> Ledger:
        if (self.arrived_at[1:] >= self.arrived_at[:-1]).all():
            return self
        return self._take(np.argsort(self.arrived_at, kind="stable"))

    def _take(self, rows: NDArray[np.intp]) -> Ledger:
        """Return some rows in another order, `repeats` renumbered."""
        place = np.full(len(self) + 1, NONE_BEFORE)
        place[rows] = np.arange(len(rows))
        changes: dict[str, Any] = {name: _taken(getattr(self, name), rows) for name in NUMBERS}
        changes |= {name: getattr(self, name).take(rows) for name in CATEGORIES}
        changes["repeats"] = column(place[changes["repeats"]], np.int64)
        if self.ids is not None:
            changes["ids"] = tuple(map(self.ids.__getitem__, rows.tolist()))
        return evolve(self, **changes)


def _taken(array: NDArray[np.generic], rows: NDArray[np.intp]) -> NDArray[np.generic]:
    if array.strides == (0,) and len(array):
        return np.broadcast_to(array[0], (len(rows),))
    taken = array[rows]
    taken.flags.writeable = False
    return taken


def _endings(
    faults: Faults,
    given: Sequence[str] | NDArray[np.integer] | None,
    answered_at: NDArray[np.float64],
    ended_at: NDArray[np.float64],
) -> NDArray[np.uint8]:
    """Return the endings given; what follows from the instants where there are none, or none that can be read."""
    before = len(faults)
    if given is not None:
        read = codes(faults, "ending", given, len(ended_at), dtype=np.uint8, names=ENDINGS)
        if len(faults) == before:
            return read
    ended = np.where(np.isnan(answered_at), ABANDONED, COMPLETED)
    return column(np.where(np.isnan(ended_at), OPEN, ended), np.uint8)


def _observed(
    arrived_at: NDArray[np.float64],
    answered_at: NDArray[np.float64],
    ended_at: NDArray[np.float64],
    intervals: AgentIntervals | None,
) -> tuple[float, float]:
    """Return the first and the last instant there is, (0, 0) where there is none."""
    spans = [] if intervals is None else [intervals.start_at, intervals.end_at]
    instants = np.concatenate([arrived_at, answered_at, ended_at, *spans])
    instants = instants[np.isfinite(instants)]
    return (float(instants.min()), float(instants.max())) if len(instants) else (0.0, 0.0)


def _check_ids(faults: Faults, ids: tuple[str, ...], size: int) -> None:
    if len(ids) != size:
        faults.add(f"must have {size} rows, has {len(ids)}", place="ids")
    if len(set(ids)) == len(ids):
        return
    seen: dict[str, int] = {}
    for row, identifier in enumerate(ids):
        first = seen.setdefault(identifier, row)
        if first != row:
            faults.duplicate(identifier, place=f"ids[{row}]", first=f"ids[{first}]")
