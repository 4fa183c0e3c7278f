"""A table as plain data: heads that know their unit, and rows of words, numbers and intervals."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen

from routematch.errors import Faults
from routematch.model import Interval

__all__ = ["UNITS", "Cell", "Column", "Table"]

#: What the numbers of a column are.
UNITS = ("text", "share", "seconds", "count", "per hour", "agents", "amount", "sum", "money", "index")

#: None and NaN: not known.
Cell = str | float | Interval | None


@frozen
class Column:
    """The head of a column.

    Attributes
    ----------
    head : str
        The term, with the usual abbreviation in parentheses.
    unit : str
        One of `UNITS`.
    better : str
        ``"higher"``, ``"lower"``, or empty where neither is.
    is_difference : bool
        Whether its numbers are differences, shown with their sign.
    """

    head: str
    unit: str = "text"
    better: str = ""
    is_difference: bool = False

    def __attrs_post_init__(self) -> None:
        """Check the unit."""
        if self.unit not in UNITS:
            faults = Faults()
            faults.unknown(self.unit, known=UNITS, place="unit", what="unit")
            faults.raise_if_any()


def _as_columns(columns: Iterable[Column]) -> tuple[Column, ...]:
    return tuple(columns)


def _as_rows(rows: Iterable[Iterable[Cell]]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(tuple(row) for row in rows)


def _as_words(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(words)


@frozen
class Table:
    """Rows under heads.

    Attributes
    ----------
    title : str
    columns : tuple of Column
    rows : tuple of tuple of Cell
        Each as long as `columns`. A cell of a text column may hold anything; `units` tells what its numbers are.
    note : str
        A sentence or two below: what is counted, how intervals were made.
    page : str
        ``"first"`` for the first page of a report, else ``"later"``.
    row_units : tuple of str
        Where not empty: the unit of each row, in place of that of the columns (measures down, policies across).
    """

    title: str
    columns: tuple[Column, ...] = field(converter=_as_columns)
    rows: tuple[tuple[Cell, ...], ...] = field(converter=_as_rows)
    note: str = ""
    page: str = "later"
    row_units: tuple[str, ...] = field(default=(), converter=_as_words)

    def __attrs_post_init__(self) -> None:
        """Check the lengths."""
        faults = Faults()
        for place, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                faults.add(f"must have {len(self.columns)} cells, has {len(row)}", place=f"rows[{place}]")
        if self.row_units and len(self.row_units) != len(self.rows):
            faults.add(f"must have {len(self.rows)} units, has {len(self.row_units)}", place="row_units")
        for place, unit in enumerate(self.row_units):
            if unit not in UNITS:
                faults.unknown(unit, known=UNITS, place=f"row_units[{place}]", what="unit")
        if self.page not in {"first", "later"}:
            faults.add("must be 'first' or 'later'", place="page", given=self.page)
        faults.raise_if_any()

    def unit_at(self, row: int, column: int) -> str:
        """Return the unit of a cell."""
        return self.row_units[row] if self.row_units else self.columns[column].unit

    def is_numeric(self, column: int) -> bool:
        """Whether a column holds numbers."""
        if not self.row_units:
            return self.columns[column].unit != "text"
        return any(not isinstance(row[column], str) for row in self.rows)
