"""From a table of past conversations to a clean one, with a report of what was dropped, repaired and assumed.

>>> history = read_history(
...     {
...         "call_id": ["1", "2", "2"],
...         "queue_entry": ["2026-05-04T08:00:00+02:00", "2026-05-04T08:01:00+02:00", "2026-05-04T08:01:00+02:00"],
...         "answered_at": ["2026-05-04T08:00:20+02:00", "", ""],
...         "ended_at": ["2026-05-04T08:04:20+02:00", "2026-05-04T08:02:30+02:00", "2026-05-04T08:02:30+02:00"],
...     }
... )
>>> history.calls.waited, history.calls.handle_time
(array([20., 90.]), array([240.,  nan]))
>>> print(history.report)
table: 3 rows read, 2 conversations kept
  columns: id = call_id, queued_at = queue_entry, answered_at = answered_at, ended_at = ended_at
  dropped       1  given twice (row 3)
  assumed          no wrap-up: the log does not show it, agents may be busier than it says
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.state.history_calls import read_calls
from routematch.state.history_intervals import IntervalCounts, read_intervals
from routematch.state.history_report import HistoryReport, Notes
from routematch.state.history_table import raw_columns
from routematch.state.history_times import zone_of
from routematch.state.ledger import Ledger
from routematch.state.recognition import recognise

__all__ = ["History", "read_history"]


@frozen(eq=False)
class History:
    """What happened, made clean.

    Attributes
    ----------
    calls : Ledger or None
        One row for each conversation; None for a table of intervals.
    intervals : IntervalCounts or None
        One row for each interval of time and type; None for a log of conversations.
    report : HistoryReport
    zone : str or None
        The time zone its days are in; None is UTC.
    """

    calls: Ledger | None
    intervals: IntervalCounts | None
    report: HistoryReport
    zone: str | None = None


def read_history(
    table: object,
    *,
    columns: Mapping[str, str] | None = None,
    zone: str | None = None,
    kind: str | None = None,
    source: str = "table",
    lines: Sequence[int] | NDArray[np.integer] | None = None,
) -> History:
    """Read a table of conversations, or of half-hours.

    Parameters
    ----------
    table : object
        A mapping of columns, a sequence of rows, or a table of pandas, polars or Arrow (extra ``arrow``).
    columns : mapping from str to str, optional
        Our name -> the column's, where names do not say it.
    zone : str, optional
        IANA time zone of clocks that name none, such as ``"Europe/Berlin"``. Left out: UTC, and the report says so.
    kind : str, optional
        ``"calls"`` or ``"intervals"``; told by the columns where left out.
    source : str
        Where it comes from, for the report.
    lines : sequence of int, optional
        The line of each row in its file, for the report.

    Returns
    -------
    History

    Raises
    ------
    InvalidInputError
        When it is no table, or no column tells when conversations arrived. Dirty rows never raise.
    MissingExtraError
        When a foreign table is given and narwhals is not installed.
    """
    faults = Faults()
    if kind not in {None, "calls", "intervals"}:
        faults.add("must be 'calls' or 'intervals'", place="kind", given=kind)
    faults.raise_if_any()
    raw = raw_columns(table)
    found, where = recognise(raw, columns, kind=kind), zone_of(zone)
    size = len(next(iter(raw.values())).values)
    numbered = np.arange(1, size + 1) if lines is None else np.asarray(lines, dtype=np.int64)
    notes = Notes(numbered, "row" if lines is None else "line")
    chosen = {name: raw[head] for name, head in found.columns.items()}
    calls = read_calls(chosen, notes, size=size, zone=where) if found.kind == "calls" else None
    intervals = None if calls is not None else read_intervals(chosen, notes, size=size, zone=where)
    report = HistoryReport(
        source=source,
        rows=size,
        kept=len(_first(calls, intervals)),
        columns=found.columns,
        unused=found.unused,
        notes=notes.all(),
        what="conversations" if calls is not None else "intervals",
    )
    return History(calls, intervals, report, zone)


def _first(*tables: Ledger | IntervalCounts | None) -> Ledger | IntervalCounts:
    return next(table for table in tables if table is not None)
