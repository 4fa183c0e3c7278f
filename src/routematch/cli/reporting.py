"""What happened, from a file: a router's journal, a ledger, or any call log; and its report as text for people."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from routematch.cli.harmless import harmless
from routematch.cli.reading import located
from routematch.cli.showing import page
from routematch.errors import InvalidInputError, MissingExtraError
from routematch.importers import open_history
from routematch.metrics import LedgerReport, ReportSettings, ledger_report
from routematch.report import Table
from routematch.report.cells import shown_rows
from routematch.router import read_ledger
from routematch.state import HistoryReport, Ledger
from routematch.state.ledger import CATEGORIES, NUMBERS

try:
    from rich.padding import Padding
    from rich.table import Table as RichTable
    from rich.text import Text
except ImportError as error:
    raise MissingExtraError("cli", "the command line") from error

__all__ = ["open_ledger", "report_data", "report_of", "show_report", "show_table"]

_JOURNALS = (".jsonl", ".ndjson")
_LEDGER_COLUMNS = frozenset({"id", *CATEGORIES, *NUMBERS, "waited"})
#: Below this many columns of a terminal, tables become lists.
_NARROW = 72


def open_ledger(
    source: str, *, zone: str | None = None, columns: Mapping[str, str] | None = None
) -> tuple[Ledger, HistoryReport | None]:
    """Return what a file tells: a journal (``.jsonl``), a ledger written by `Ledger.to_csv`, or a call log.

    Returns
    -------
    Ledger
    HistoryReport or None
        What was dropped and assumed, where it is somebody else's log.

    Raises
    ------
    InvalidInputError
        When it cannot be read, or holds half-hours in place of conversations.
    """
    path = Path(source)
    if path.suffix.lower() in (".json", ".toml"):
        raise InvalidInputError("it is no journal (.jsonl) and no table; a scenario is for `routematch simulate`")
    if path.suffix.lower() in _JOURNALS:
        return read_ledger(path), None
    read = {".csv": _own_csv, ".parquet": _own_parquet}.get("" if columns else path.suffix.lower())
    written = None if read is None else read(path)
    if written is not None:
        return written, None
    history = open_history(path, columns=columns, zone=zone)
    if history.calls is None:
        raise InvalidInputError("it has numbers by half-hour; a report needs a row for each conversation")
    return history.calls, history.report


def _own_csv(path: Path) -> Ledger | None:
    """Return the ledger in a file that `Ledger.to_csv` wrote; None for any other table."""
    try:
        with path.open(encoding="utf-8", newline="") as opened:
            rows = csv.reader(opened)
            heads = next(rows, [])
            if not {"id", "arrived_at", "ending", "repeats"} <= set(heads) <= _LEDGER_COLUMNS:
                return None
            columns = list(zip(*rows, strict=False)) or [()] * len(heads)
    except (OSError, UnicodeDecodeError, csv.Error):
        return None
    return Ledger.from_columns(dict(zip(heads, columns, strict=False)))


def _own_parquet(path: Path) -> Ledger | None:
    """Return the ledger in a file that `Ledger.to_parquet` wrote; None for any other table."""
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise MissingExtraError("arrow", f"reading {path.name}") from error
    try:
        table = parquet.read_table(path, partitioning=None)
    except (OSError, ArrowException):
        return None
    about = json.loads((table.schema.metadata or {}).get(b"routematch", b"{}"))
    if about.get("schema") != "routematch/ledger/1":
        return None
    start, end = about["window"]
    return Ledger.from_columns(table.to_pydict(), window=(start, end))


def report_of(
    source: str,
    *,
    within: float,
    cost_per_hour: float | None,
    zone: str | None,
    columns: Mapping[str, str] | None = None,
) -> LedgerReport:
    """Return the report of a file."""
    ledger, history = open_ledger(source, zone=zone, columns=columns)
    with located("--within, --cost-per-hour, --zone"):
        settings = ReportSettings(within=within, cost_per_hour=cost_per_hour, zone=zone or "UTC")
    about = {"file": Path(source).name}
    if history is not None:
        about["rows"] = f"{history.kept:,} of {history.rows:,} kept"
        notes = "; ".join(str(note) for note in history.notes)
        about |= {"reading": " ".join(notes.split())} if notes else {}
    return ledger_report(ledger, settings, title=f"What happened: {Path(source).name}", about=about)


def report_data(report: LedgerReport) -> dict[str, Any]:
    """Return a report as plain data: sentences, tables with unrounded numbers, and facts."""
    return {
        "schema": "routematch/report/1",
        "title": report.title,
        "findings": list(report.findings()),
        "tables": [_table_data(table) for table in report.tables()],
        "facts": report.facts(),
    }


def _table_data(table: Table) -> dict[str, Any]:
    units = table.row_units or [column.unit for column in table.columns]
    return {
        "title": table.title,
        "columns": [column.head for column in table.columns],
        "units": list(units),
        "rows": [[_cell_data(cell) for cell in row] for row in table.rows],
        "note": table.note,
    }


def _cell_data(cell: object) -> object:
    if cell is None or isinstance(cell, str):
        return cell
    ends = [getattr(cell, name, None) for name in ("mean", "low", "high")]
    if ends[0] is None:
        return cell if cell == cell else None  # noqa: PLR0124 - NaN
    known = [None if end != end else end for end in ends]  # noqa: PLR0124 - NaN
    return dict(zip(("mean", "low", "high"), known, strict=True))


def show_report(report: LedgerReport) -> None:
    """Print the first page of a report, and whom the rest of the world calls by which abbreviation."""
    with page() as out:
        for place, sentence in enumerate(report.findings(), start=1):
            out.print(Text(f"{place}. {harmless(sentence)}"), overflow="fold")
        out.print()
        for table in itertools.takewhile(lambda each: each.page == "first", report.tables()):
            _print_table(out, table)


def show_table(table: Table) -> None:
    """Print one table."""
    with page() as out:
        _print_table(out, table)


def _print_table(out: Any, table: Table) -> None:  # noqa: ANN401 - a console of an optional package
    if table.title:
        out.print(Text(harmless(table.title), "bold"))
    heads = [harmless(column.head) for column in table.columns]
    rows = [[harmless(cell) for cell in row] for row in shown_rows(table)]
    right = [table.is_numeric(place) for place in range(len(heads))]
    needed = [_least_width(head, [row[place] for row in rows], right[place]) for place, head in enumerate(heads)]
    gap = 2 if sum(needed) + 2 * len(needed) <= out.width else 1
    if out.width < _NARROW or sum(needed) + gap * len(needed) > out.width:
        _print_list(out, heads, rows)
    else:
        printed = RichTable(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="dim")
        spare = out.width - sum(needed) - gap * len(needed)
        for place, head in enumerate(heads):
            more = min(max(len(text) for text in (head, *(row[place] for row in rows))) - needed[place], spare)
            spare -= more
            printed.add_column(
                head, justify="right" if right[place] else "left", overflow="fold", width=needed[place] + more
            )
        for row in rows:
            printed.add_row(*(Text(cell) for cell in row))
        out.print(printed)
    if table.note:
        out.print(Text(harmless(table.note), "dim"), overflow="fold")
    out.print()


def _least_width(head: str, cells: Sequence[str], is_numeric: bool) -> int:  # noqa: FBT001 - of two
    """Return how many columns a column needs: words stay whole, and numbers with their intervals."""
    words = head.split() + [word for cell in cells for word in ([cell] if is_numeric else cell.split())]
    return max(map(len, words), default=1)


def _print_list(out: Any, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:  # noqa: ANN401 - as above
    for row in rows:
        out.print(Text(row[0], "bold"), overflow="fold")
        for head, cell in zip(heads[1:], row[1:], strict=True):
            out.print(Padding(Text.assemble((f"{head}: ", "dim"), cell), (0, 0, 0, 2)), overflow="fold")
