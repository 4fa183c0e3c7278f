"""Tables, charts and cells as plain values, and what is made of them as text."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routematch.errors import InvalidInputError, UnknownNameError
from routematch.model import Interval
from routematch.report import Chart, Column, Mark, Series, Table, csv_text, markdown, shown, text

NAN = float("nan")

WAITS = Table(
    "Waits",
    (Column("type"), Column("mean | wait", "seconds"), Column("level", "share")),
    (("billing", 12.5, Interval(0.8, 0.78, 0.82)), ("sales", None, NAN), ("a|b", 3600.0, 1.0)),
    note="Of those who were answered.",
)


@pytest.mark.parametrize(
    ("cell", "unit", "expected"),
    [
        ("word", "share", "word"),
        (None, "seconds", "-"),
        (NAN, "share", "-"),
        (0.8123, "share", "81.2 %"),
        (1234.5, "seconds", "1,234 s"),
        (12.34, "seconds", "12.3 s"),
        (1.234, "seconds", "1.23 s"),
        (867.0, "count", "867"),
        (87.8, "count", "87.8"),
        (0.12345, "index", "0.123"),
        (float("inf"), "seconds", "∞ s"),
        (-0.001, "amount", "0.00"),
        (Interval(0.5, 0.4, 0.6), "share", "50.0 ± 10.0 %"),
        (Interval(5434.4, 5320.0, 5548.8), "sum", "5,434 ± 114"),
        (Interval(0.5, 0.49, 0.9), "amount", "0.50 (0.49 to 0.90)"),
        (Interval(0.5, NAN, NAN), "amount", "0.50"),
        (Interval(7.0, 7.0, 7.0), "count", "7 ± 0"),
        (Interval(1e-5, 0.0, 2e-5), "index", "0.00001 ± 0.00001"),
        (Interval(12000.0, 12000.0 - 3e-10, 12000.0 + 3e-10), "money", "12,000 ± 0"),
        (Interval(0.0, -1e-17, 1e-17), "share", "0.0 ± 0.0 %"),
    ],
)
def test_cells_read_in_their_unit(cell, unit, expected):
    """Digits fit the unit and the interval; what is not known is a dash."""
    assert shown(cell, unit) == expected


def test_differences_carry_their_sign_and_share_points():
    """Differences of shares are percentage points; nothing has no sign."""
    assert shown(0.059, "share", is_difference=True) == "+5.9 pp"
    assert shown(Interval(-4.0, -5.0, -3.0), "seconds", is_difference=True) == "-4.0 ± 1.0 s"
    assert shown(0.0, "sum", is_difference=True) == "0.00"
    assert shown(Interval(-0.5, -0.9, 0.1), "amount", is_difference=True) == "-0.50 (-0.90 to +0.10)"


@given(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from(["share", "seconds", "count", "sum", "index"]))
def test_any_number_can_be_shown(value, unit):
    """No number makes an error."""
    assert shown(value, unit)
    assert shown(Interval(value, value, value), unit, is_difference=True)


def test_plain_text_is_aligned():
    """Words to the left, numbers to the right, title above, note below."""
    assert text(WAITS).splitlines() == [
        "Waits",
        "type     mean | wait         level",
        "-------  -----------  ------------",
        "billing       12.5 s  80.0 ± 2.0 %",
        "sales              -             -",
        "a|b          3,600 s       100.0 %",
        "Of those who were answered.",
    ]


def test_markdown_escapes_bars():
    """A bar in a word does not end its cell."""
    lines = markdown(WAITS).splitlines()

    assert lines[0] == "### Waits"
    assert lines[2] == "| type | mean \\| wait | level |"
    assert lines[3] == "| --- | ---: | ---: |"
    assert lines[6] == "| a\\|b | 3,600 s | 100.0 % |"
    assert lines[-1] == WAITS.note


def test_csv_has_the_bare_numbers():
    """CSV keeps every digit, gives intervals three columns and leaves the unknown empty."""
    rows = list(csv.reader(io.StringIO(csv_text(WAITS))))

    assert rows[0] == ["type", "mean | wait", "level", "level, low", "level, high"]
    assert rows[1] == ["billing", "12.5", "0.8", "0.78", "0.82"]
    assert rows[2] == ["sales", "", "", "", ""]
    assert rows[3] == ["a|b", "3600.0", "1.0", "", ""]


def test_rows_may_have_their_own_units():
    """Measures down, policies across."""
    table = Table("", (Column("measure"), Column("a")), (("wait", 3.0), ("level", 0.5)), row_units=("seconds", "share"))

    assert [line.split()[1:] for line in text(table).splitlines()[2:]] == [["3.00", "s"], ["50.0", "%"]]
    assert text(Table("", (), ())) == "\n"


def test_broken_tables_are_refused():
    """Rows as long as heads, known units, known pages: all faults at once."""
    with pytest.raises(InvalidInputError) as caught:
        Table("x", (Column("a"), Column("b")), ((1.0,), (1.0, 2.0, 3.0)), page="second")
    assert len(caught.value.faults) == 3
    with pytest.raises(UnknownNameError, match="seconds"):
        Column("a", unit="second")
    with pytest.raises(InvalidInputError, match="row_units"):
        Table("x", (Column("a"),), ((1.0,),), row_units=("share", "share"))


def test_broken_charts_are_refused():
    """Series as long as labels, both ends of an interval, known kinds: all faults at once."""
    with pytest.raises(InvalidInputError) as caught:
        Chart("x", "pie", ("a", "b"), (Series("s", (1.0,)), Series("t", (1.0, 2.0), low=(0.0, 1.0))), positions=(1.0,))
    assert {fault.place for fault in caught.value.faults} == {"kind", "positions", "series[0].values", "series[1]"}


def test_a_chart_is_also_a_table():
    """The numbers of a chart: labels down, series across, empty labels left out."""
    chart = Chart(
        "Level",
        "line",
        ("09:00", "09:30", "10:00"),
        (Series("a", (0.5, NAN, 0.7), low=(0.4, NAN, NAN), high=(0.6, NAN, NAN)), Series("b", (0.1, NAN, NAN))),
        x_label="time of day",
        unit="share",
        marks=(Mark(0.8, "80 %"),),
    )

    assert chart.table().rows == (("09:00", Interval(0.5, 0.4, 0.6), 0.1), ("10:00", 0.7, None))
    assert [column.head for column in chart.table().columns] == ["time of day", "a", "b"]
    assert not chart.is_empty
    assert Chart("x", "bar", ("a",), (Series("s", (NAN,)),)).is_empty
