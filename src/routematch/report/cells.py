"""How a cell reads: numbers in their unit, with as many digits as people compare."""

from __future__ import annotations

import math

from routematch.model import Interval
from routematch.report.table import Cell, Table

__all__ = ["UNKNOWN", "shown", "shown_rows"]

#: What stands for a number that is not known.
UNKNOWN = "-"
#: Half intervals this much smaller than their number, or than 1, are rounding.
_NOTHING = 1e-9


def shown(cell: Cell, unit: str, *, is_difference: bool = False) -> str:
    """Return a cell as text; differences of shares are in percentage points (pp).

    An interval with its number in the middle is shown by half its length, rounded to two digits, any other by its ends.

    >>> shown(0.8123, "share"), shown(Interval(34.21, 30.1, 38.32), "seconds"), shown(None, "count")
    ('81.2 %', '34.2 ± 4.1 s', '-')
    >>> shown(Interval(0.5, 0.49, 0.9), "amount")
    '0.50 (0.49 to 0.90)'
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Interval):
        return _shown_interval(cell, unit, is_difference=is_difference)
    if cell is None or math.isnan(cell):
        return UNKNOWN
    return _number(cell, unit, _decimals(abs(cell), unit), is_difference=is_difference) + _mark(unit, is_difference)


def _shown_interval(cell: Interval, unit: str, *, is_difference: bool) -> str:
    above, below = cell.high - cell.mean, cell.mean - cell.low
    if not math.isfinite(above) or not math.isfinite(below):
        return shown(cell.mean, unit, is_difference=is_difference)
    if abs(above - below) > 1e-6 * (above + below):
        decimals = _decimals(max(abs(cell.low), abs(cell.high)), unit)
        mean, low, high = (
            _number(n, unit, decimals, is_difference=is_difference) for n in (cell.mean, cell.low, cell.high)
        )
        return f"{mean}{_mark(unit, is_difference)} ({low} to {high})"
    above = above if above > _NOTHING * abs(cell.mean) else 0.0
    decimals = _fitting_decimals(above * (100 if unit == "share" else 1), _decimals(abs(cell.mean), unit))
    mean = _number(cell.mean, unit, decimals, is_difference=is_difference)
    return f"{mean} ± {_number(above, unit, decimals, is_difference=False)}{_mark(unit, is_difference)}"


def _fitting_decimals(half_width: float, usual: int) -> int:
    """Return the decimals that show two digits of half an interval, but hardly more than is usual."""
    if half_width <= _NOTHING:
        return usual
    first_digit = -math.floor(math.log10(half_width))
    return max(0, min(first_digit + 1, max(usual, first_digit)))


def shown_rows(table: Table) -> list[list[str]]:
    """Return all cells of a table as text."""
    return [
        [
            shown(cell, table.unit_at(i, j), is_difference=column.is_difference)
            for j, (cell, column) in enumerate(zip(row, table.columns, strict=True))
        ]
        for i, row in enumerate(table.rows)
    ]


def _mark(unit: str, is_difference: bool) -> str:  # noqa: FBT001 - within this file
    if unit == "share" and is_difference:
        return " pp"
    return {"share": " %", "seconds": " s"}.get(unit, "")


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
