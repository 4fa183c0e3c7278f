from __future__ import annotations

import numpy as np
import pytest

from routematch.errors import InvalidInputError
from routematch.state import read_history
from routematch.state.history_table import Raw
from routematch.state.history_times import (
    CLOCK,
    LOCAL,
    MISSING,
    POSIX,
    UNREADABLE,
    durations,
    instants,
    to_posix,
    zone_of,
)

NOON = 1_777_888_800.0  # 2026-05-04 10:00 UTC


def text(*values: str, name: str = "x") -> Raw:
    """Return a column of words."""
    return Raw(name, "text", np.array(values, dtype=object))


@pytest.mark.parametrize(
    ("written", "value", "form"),
    [
        ("2026-05-04T12:00:00+02:00", NOON, POSIX),
        ("2026-05-04T10:00:00Z", NOON, POSIX),
        ("2026-05-04 10:00:00 UTC", NOON, POSIX),
        ("1777888800", NOON, POSIX),
        ("1777888800000", NOON, POSIX),
        ("2026-05-04 10:00:00", NOON, LOCAL),
        ("20260504T100000", NOON, LOCAL),
        ("2026/05/04 10:00", NOON, LOCAL),
        ("04.05.2026 10:00:00", NOON, LOCAL),
        ("4 May 2026 10:00", NOON, LOCAL),
        ("May 04, 2026 10:00 AM", NOON, LOCAL),
        ("10:00:30", 36_030.0, CLOCK),
        ("9:30 pm", 77_400.0, CLOCK),
        ("", np.nan, MISSING),
        ("N/A", np.nan, MISSING),
        ("soon", np.nan, UNREADABLE),
        ("10:61", np.nan, UNREADABLE),
        ("2026-02-30 10:00", np.nan, UNREADABLE),
    ],
)
def test_instants_are_read_in_many_forms(written: str, value: float, form: int):
    """ISO with and without zone, POSIX in seconds and milliseconds, dates with points and slashes, times of day."""
    read = instants(text(written))

    assert read.forms[0] == form
    assert read.values[0] == value or (np.isnan(value) and np.isnan(read.values[0]))


def test_small_numbers_are_seconds_only_among_themselves():
    """A column of small numbers counts from a zero of its own; a small number among dates is none."""
    alone, among = instants(text("0", "17.5", "")), instants(text("2026-05-04", "17"))

    assert alone.forms.tolist() == [POSIX, POSIX, MISSING]
    assert alone.values[:2].tolist() == [0.0, 17.5]
    assert among.forms.tolist() == [LOCAL, UNREADABLE]


@pytest.mark.parametrize("written", ["260504", "20260504", "2026-05-04", "04/05/2026", "990101"])
def test_days_are_read_in_many_forms(written: str):
    """Days come as YYMMDD, YYYYMMDD and as written dates."""
    expected = 915_148_800.0 if written == "990101" else NOON - 36_000.0

    assert instants(text(written), is_day=True).values[0] == expected


def test_the_order_of_day_and_month_is_told_by_the_whole_column():
    """One entry above 12 settles it for all; where none does, day first is a guess that is marked."""
    american = instants(text("05/04/2026 10:00", "05/13/2026 10:00"))
    unclear = instants(text("04/05/2026 10:00"))

    assert (american.values[0], american.guessed_order) == (NOON, False)
    assert (unclear.values[0], unclear.guessed_order) == (NOON, True)


@pytest.mark.parametrize(
    ("written", "name", "seconds"),
    [
        ("0:03:20", "x", 200.0),
        ("3:20", "x", 200.0),
        ("200", "x", 200.0),
        ("200.5", "x", 200.5),
        ("3,5", "wait_min", 210.0),
        ("200000", "talk_ms", 200.0),
        ("PT3M20S", "x", 200.0),
        ("3 min 20 s", "x", 200.0),
        ("-0:00:07", "x", -7.0),
        ("1,200", "x", 1200.0),
        ("26:00:00", "x", 93_600.0),
    ],
)
def test_durations_are_read_in_many_forms(written: str, name: str, seconds: float):
    """Seconds, h:mm:ss, ISO 8601 and words; plain numbers in the unit that the column names."""
    assert durations(text(written, name=name))[0][0] == pytest.approx(seconds)


def test_unreadable_durations_are_marked_and_empty_ones_are_not():
    """Nothing is nothing; what is there and says nothing is reported."""
    values, unreadable = durations(text("", "long", "-"))

    assert np.isnan(values).all()
    assert unreadable.tolist() == [False, True, False]


def test_clocks_are_put_into_their_zone_with_summer_time():
    """Ten o'clock in Berlin is nine UTC in winter and eight in summer."""
    local = np.array([1_768_471_200.0, NOON])  # 2026-01-15 and 2026-05-04, 10:00 as the clock shows it

    values, twice, never = to_posix(local, zone_of("Europe/Berlin"))

    assert (local - values).tolist() == [3600.0, 7200.0]
    assert not twice.any()
    assert not never.any()


def test_an_unknown_zone_is_refused():
    """A zone that nobody knows is named in the message."""
    with pytest.raises(InvalidInputError, match="Europe/Berlin, got 'Mars/Base'"):
        read_history({"arrival": ["2026-05-04 10:00"]}, zone="Mars/Base")


def test_the_hour_shown_twice_is_told_apart_by_the_order_of_rows():
    """On the night the clocks go back, rows after the step back are an hour later than the clock says."""
    arrivals = [f"2026-10-25 {clock}" for clock in ("01:50", "02:10", "02:50", "02:05", "02:55", "03:10")]
    ends = [f"2026-10-25 {clock}" for clock in ("01:55", "02:15", "02:01", "02:09", "02:58", "03:15")]

    calls = read_history({"arrival": arrivals, "ended_at": ends}, zone="Europe/Berlin").calls

    assert np.diff(calls.arrived_at).tolist() == [1200.0, 2400.0, 900.0, 3000.0, 900.0]
    assert calls.waited.tolist() == [300.0, 300.0, 660.0, 240.0, 180.0, 300.0]


def test_an_hour_that_no_clock_shows_is_taken_and_noted():
    """On the night the clocks go forward, 02:30 is taken as 03:30."""
    arrivals = ["2026-03-29 01:30", "2026-03-29 02:30"]
    history = read_history(
        {"arrival": arrivals, "wait": ["10", "10"], "outcome": ["lost", "lost"]}, zone="Europe/Berlin"
    )

    assert np.diff(history.calls.arrived_at).tolist() == [3600.0]
    assert "an hour that the clocks skipped: taken one hour later (row 2)" in str(history.report)
