"""How a cell reads: numbers in their unit, with as many digits as people compare."""

from __future__ import annotations

import math

from routematch.model import Interval
from routematch.report.table import Cell, Table

__all__ = ["UNKNOWN", "shown", "shown_rows"]

#: What stands for a number that is not known.
UNKNOWN = "-"


def shown(cell: Cell, unit: str, *, is_difference: bool = False) -> str:
    """Return a cell as text; differences of shares are in percentage points (pp).

    >>> shown(0.8123, "share"), shown(Interval(34.21, 30.0, 38.4), "seconds"), shown(None, "count")
    ('81.2 %', '34.2 s (30.0 to 38.4)', '-')
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Interval):
        mean = shown(cell.mean, unit, is_difference=is_difference)
        if mean == UNKNOWN or math.isnan(cell.low) or math.isnan(cell.high):
            return mean
        decimals = _decimals(max(abs(cell.low), abs(cell.high), abs(cell.mean)), unit)
        low, high = (_number(end, unit, decimals, is_difference=is_difference) for end in (cell.low, cell.high))
        return f"{mean} ({low} to {high})"
    if cell is None or math.isnan(cell):
        return UNKNOWN
    mark = " pp" if unit == "share" and is_difference else {"share": " %", "seconds": " s"}.get(unit, "")
    return _number(cell, unit, _decimals(abs(cell), unit), is_difference=is_difference) + mark


def shown_rows(table: Table) -> list[list[str]]:
    """Return all cells of a table as text."""
    return [
        [
            shown(cell, table.unit_at(i, j), is_difference=column.is_difference)
            for j, (cell, column) in enumerate(zip(row, table.columns, strict=True))
        ]
        for i, row in enumerate(table.rows)
    ]


def _decimals(size: float, unit: str) -> int:
    if unit == "share":
        return 1
    if unit == "index":
        return 3
    if unit == "count" and (size >= 100 or size == round(size)):
        return 0
    if size >= 1000:
        return 0
    if size >= 10:
        return 1
    return 2


def _number(value: float, unit: str, decimals: int, *, is_difference: bool) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    scaled = 100 * value if unit == "share" else value
    text = f"{scaled:+,.{decimals}f}" if is_difference else f"{scaled:,.{decimals}f}"
    return text.lstrip("+-") if not float(text.replace(",", "")) else text
