"""Instants and durations."""

import math
from datetime import UTC, datetime, timedelta, timezone, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routematch.errors import InvalidInputError
from routematch.model import Conversation
from routematch.model.instants import as_duration, as_instant, first_instant_after


class NoOffset(tzinfo):
    """A zone that knows no offset: such a datetime counts as naive."""

    def utcoffset(self, _):
        return None


class Broken(tzinfo):
    """A zone that raises."""

    def utcoffset(self, _):
        raise RuntimeError


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-14 * 60, 14 * 60))
def test_one_moment_is_one_instant_in_every_zone(moment, minutes):
    """The zone a datetime is stated in changes nothing."""
    try:
        elsewhere = moment.astimezone(timezone(timedelta(minutes=minutes)))
    except OverflowError:  # the first and the last day of the calendar
        return

    assert as_instant(moment) == as_instant(elsewhere)


@pytest.mark.parametrize("zone", [None, NoOffset(), Broken()], ids=["none", "no offset", "raises"])
def test_naive_datetimes_are_refused(zone):
    """A datetime that does not know its offset is refused by name, never guessed."""
    with pytest.raises(InvalidInputError, match="aware datetime") as caught:
        Conversation("c", arrived_at=datetime(2026, 1, 1, tzinfo=zone))

    assert [fault.place for fault in caught.value.faults] == ["arrived_at"]


def test_what_is_no_time_passes_through():
    """Converters leave what they cannot convert to the checks."""
    assert [as_instant(value) for value in (None, 3, "x")] == [None, 3, "x"]
    assert [as_duration(value) for value in (None, 3, "x", timedelta(hours=1))] == [None, 3, "x", 3600.0]


times = st.floats(-1e10, 1e10)
durations = st.floats(0, 1e9)


@given(times, durations)
def test_first_instant_after_is_the_first(start, duration):
    """At the instant returned the time has come, one rounding step earlier it has not."""
    instant = first_instant_after(start, duration)

    assert instant - start >= duration
    assert math.nextafter(instant, -math.inf) - start < duration


@given(st.floats(-1e15, -1.0), st.floats(0, 1))
def test_first_instant_after_is_found_where_floats_are_dense(start, rest):
    """Near zero, where stepping from float to float would take for ever, the answer is found too."""
    duration = rest - start
    instant = first_instant_after(start, duration)

    assert instant - start >= duration
    assert math.nextafter(instant, -math.inf) - start < duration


@pytest.mark.parametrize("duration", [math.inf, math.nan])
def test_what_never_comes_has_no_first_instant(duration):
    """An endless duration ends never; what is no number stays none."""
    assert not math.isfinite(first_instant_after(0.0, duration))
