"""A chart as plain data: what is drawn, never how. Any chart can also be read as a table."""

from __future__ import annotations

import math
from collections.abc import Iterable

from attrs import field, frozen

from routematch.errors import Faults
from routematch.model import Interval
from routematch.report.table import UNITS, Cell, Column, Table

__all__ = ["KINDS", "Chart", "Mark", "Series"]

#: ``line`` and ``step`` over positions or labels, ``bar`` side by side, ``dots`` with intervals around zero, and
#: ``heat``: one row of cells for each series.
KINDS = ("line", "step", "bar", "dots", "heat")


def _floats(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


@frozen
class Series:
    """One line, group of bars, or row of cells.

    Attributes
    ----------
    name : str
    values : tuple of float
        NaN leaves a gap.
    low, high : tuple of float
        Ends of intervals around the values; empty where there are none.
    """

    name: str
    values: tuple[float, ...] = field(converter=_floats)
    low: tuple[float, ...] = field(default=(), converter=_floats)
    high: tuple[float, ...] = field(default=(), converter=_floats)


@frozen
class Mark:
    """A line of reference.

    Attributes
    ----------
    at : float
    name : str
    axis : str
        ``"y"`` for a level line, ``"x"`` for an upright one.
    """

    at: float
    name: str
    axis: str = "y"


def _words(labels: Iterable[str]) -> tuple[str, ...]:
    return tuple(labels)


def _all_series(series: Iterable[Series]) -> tuple[Series, ...]:
    return tuple(series)


def _all_marks(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    return tuple(marks)


@frozen
class Chart:
    """What is drawn.

    Attributes
    ----------
    title : str
        What it shows, in words.
    kind : str
        One of `KINDS`.
    labels : tuple of str
        Along the x axis (for ``dots``: downwards).
    series : tuple of Series
        Each as long as `labels`.
    positions : tuple of float
        Where the labels stand, for lines over a quantity; empty: evenly.
    x_label, y_label : str
    unit : str
        Of the values; one of `UNITS`.
    marks : tuple of Mark
    note : str
        A sentence or two below.
    """

    title: str
    kind: str
    labels: tuple[str, ...] = field(converter=_words)
    series: tuple[Series, ...] = field(converter=_all_series)
    positions: tuple[float, ...] = field(default=(), converter=_floats)
    x_label: str = ""
    y_label: str = ""
    unit: str = "amount"
    marks: tuple[Mark, ...] = field(default=(), converter=_all_marks)
    note: str = ""

    def __attrs_post_init__(self) -> None:
        """Check the kind, the unit and the lengths."""
        faults = Faults()
        if self.kind not in KINDS:
            faults.unknown(self.kind, known=KINDS, place="kind", what="kind of chart")
        if self.unit not in UNITS:
            faults.unknown(self.unit, known=UNITS, place="unit", what="unit")
        if self.positions and len(self.positions) != len(self.labels):
            faults.add(f"must be {len(self.labels)} numbers, are {len(self.positions)}", place="positions")
        for place, series in enumerate(self.series):
            for name in ("values", "low", "high"):
                given = getattr(series, name)
                if (given or name == "values") and len(given) != len(self.labels):
                    faults.add(f"must be {len(self.labels)} numbers, are {len(given)}", place=f"series[{place}].{name}")
            if bool(series.low) != bool(series.high):
                faults.add("must have both ends of intervals, or none", place=f"series[{place}]")
        faults.raise_if_any()

    @property
    def is_empty(self) -> bool:
        """Whether nothing in it is known."""
        return all(math.isnan(value) for series in self.series for value in series.values)

    def table(self) -> Table:
        """Return the numbers: labels down, series across, rows without any left out."""
        apart = self.kind == "dots"
        head = "" if apart else self.x_label
        columns = (Column(head), *(Column(series.name, unit=self.unit, is_difference=apart) for series in self.series))
        rows = [(label, *(_cell(series, i) for series in self.series)) for i, label in enumerate(self.labels)]
        return Table(self.title, columns, tuple(row for row in rows if any(cell is not None for cell in row[1:])))


def _cell(series: Series, place: int) -> Cell:
    value = series.values[place]
    if math.isnan(value):
        return None
    if series.low and not math.isnan(series.low[place]):
        return Interval(value, series.low[place], series.high[place])
    return value
