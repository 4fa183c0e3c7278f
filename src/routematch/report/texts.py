"""Tables as text: plain, Markdown, and CSV with the bare numbers."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

from routematch.model import Interval
from routematch.report.cells import shown_rows
from routematch.report.table import Cell, Table

__all__ = ["csv_text", "markdown", "text"]


def text(table: Table) -> str:
    """Return a table as aligned plain text, title above and note below.

    >>> from routematch.report import Column
    >>> print(text(Table("Waits", (Column("type"), Column("wait", "seconds")), (("billing", 12.5), ("sales", None)))))
    Waits
    type       wait
    -------  ------
    billing  12.5 s
    sales         -
    """
    heads = [column.head for column in table.columns]
    rows = shown_rows(table)
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    right = _right(table)
    lines = [table.title] if table.title else []
    lines += [_line(row, widths, right) for row in (heads, ["-" * width for width in widths], *rows)]
    return "\n".join([*lines, *([table.note] if table.note else [])])


def markdown(table: Table) -> str:
    """Return a table in Markdown: title as a heading, numbers to the right, note below."""
    rows = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in shown_rows(table)]
    heads = [column.head.replace("|", "\\|") for column in table.columns]
    rule = ["---:" if is_right else "---" for is_right in _right(table)]
    lines = [f"| {' | '.join(row)} |" for row in (heads, rule, *rows)]
    above = [f"### {table.title}", ""] if table.title else []
    below = ["", table.note] if table.note else []
    return "\n".join([*above, *lines, *below])


def csv_text(table: Table) -> str:
    """Return a table as CSV with unrounded numbers; an interval fills three columns, nothing stands for unknown."""
    wide = [any(isinstance(row[i], Interval) for row in table.rows) for i in range(len(table.columns))]
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    heads: list[str] = []
    for column, is_wide in zip(table.columns, wide, strict=True):
        heads += [column.head, f"{column.head}, low", f"{column.head}, high"] if is_wide else [column.head]
    writer.writerow(heads)
    for row in table.rows:
        cells: list[object] = []
        for cell, is_wide in zip(row, wide, strict=True):
            cells += _bare(cell, is_wide=is_wide)
        writer.writerow(cells)
    return written.getvalue()


def _bare(cell: Cell, *, is_wide: bool) -> list[object]:
    numbers = [cell.mean, cell.low, cell.high] if isinstance(cell, Interval) else [cell]
    known: list[object] = [None if isinstance(n, float) and math.isnan(n) else n for n in numbers]
    return known + [None] * (2 if is_wide and len(known) == 1 else 0)


def _right(table: Table) -> list[bool]:
    """Tell which columns hold numbers."""
    return [table.is_numeric(place) for place in range(len(table.columns))]


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = [
        cell.rjust(width) if is_right else cell.ljust(width)
        for cell, width, is_right in zip(row, widths, right, strict=True)
    ]
    return "  ".join(cells).rstrip()
