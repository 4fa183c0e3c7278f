"""Groups against counting by hand: minute by minute, row by row, across changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routematch.errors import InvalidInputError, LimitExceededError
from routematch.metrics import Breakdown, by
from routematch.metrics.time_grid import TimeGrid
from routematch.state import AgentIntervals, Category, Ledger

NAN = float("nan")
#: Two hours before clocks go back in Europe and forward in New South Wales, both in 2026.
BACK = datetime(2026, 10, 24, 23, 0, tzinfo=UTC).timestamp()
FORWARD = datetime(2026, 10, 3, 14, 0, tzinfo=UTC).timestamp()
ZONES = ["UTC", "Europe/Madrid", "Australia/Sydney", "Asia/Kathmandu", "America/St_Johns"]
MINUTE = 60.0


def label(instant: float, zone: str, width: float) -> str:
    """Name the piece of the local day an instant lies in."""
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=instant)).astimezone(ZoneInfo(zone))
    start = int((local.hour * 60 + local.minute) // (width / MINUTE) * (width / MINUTE))
    return f"{start // 60:02d}:{start % 60:02d}"


spans = st.lists(st.tuples(st.integers(-90, 400), st.integers(0, 300)), max_size=6)


@settings(max_examples=60)
@given(spans, st.sampled_from(ZONES), st.sampled_from([BACK, FORWARD]), st.sampled_from([900.0, 1800.0, 3600.0]))
def test_time_is_counted_minute_by_minute(minutes, zone, start, width):
    """Cut at the edges of local pieces, time is what counting single minutes gives, over changes of the clock too."""
    window = (start, start + 300 * MINUTE)
    begin = np.array([start + MINUTE * first for first, _ in minutes])
    end = begin + MINUTE * np.array([length for _, length in minutes], float)
    grid = TimeGrid.of_day(window, width=width, zone=zone)
    _, labels, time = grid.cut(begin, end)
    found = np.bincount(labels, time, minlength=len(grid.names))

    counted = dict.fromkeys(grid.names, 0.0)
    for first, length in minutes:
        for minute in range(max(first, 0), min(first + length, 300)):
            counted[label(start + MINUTE * minute, zone, width)] += MINUTE
    np.testing.assert_allclose(found, list(counted.values()))


@given(st.lists(st.integers(0, 299), max_size=8), st.sampled_from(ZONES), st.sampled_from([BACK, FORWARD]))
def test_arrivals_belong_to_their_local_half_hour(minutes, zone, start):
    """Each arrival is counted once, in the half-hour its clock shows."""
    ledger = Ledger.of(arrived_at=[start + MINUTE * m for m in minutes], window=(start, start + 300 * MINUTE))
    table = by(ledger, "time_of_day", ["arrivals"], zone=zone)
    found = {name: count for name, count in zip(table.names[0], table["arrivals"], strict=True) if count}

    counted: dict[str, float] = {}
    for m in minutes:
        name = label(start + MINUTE * m, zone, 1800.0)
        counted[name] = counted.get(name, 0) + 1
    assert found == counted


rows = st.lists(
    st.tuples(st.integers(-1, 2), st.integers(-1, 1), st.one_of(st.none(), st.integers(0, 20))), min_size=0, max_size=30
)


@given(rows)
def test_means_totals_and_quantiles_are_those_of_each_group(given_rows):
    """Crossed groups agree with picking the rows of each group one by one."""
    kinds = Category(np.array([row[0] for row in given_rows], np.int32), ("a", "b", "c"))
    channels = Category(np.array([row[1] for row in given_rows], np.int32), ("x", "y"))
    values = np.array([NAN if row[2] is None else float(row[2]) for row in given_rows])
    ledger = Ledger.of(arrived_at=np.arange(float(len(given_rows))), conversation_type=kinds, channel=channels)
    groups = Breakdown.of(ledger, ("conversation_type", "channel"))
    answers = [groups.count(), groups.total(values), groups.mean(values), groups.quantile(values, 0.3)]
    count, total, mean, quantile = (answer.reshape(3, 2) for answer in answers)

    for kind in range(3):
        for channel in range(2):
            own = values[[row[:2] == (kind, channel) for row in given_rows]]
            known = own[~np.isnan(own)]
            assert count[kind, channel] == len(own)
            assert total[kind, channel] == known.sum()
            if len(known):
                assert mean[kind, channel] == pytest.approx(known.mean())
                assert quantile[kind, channel] == pytest.approx(np.quantile(known, 0.3))
            else:
                assert np.isnan([mean[kind, channel], quantile[kind, channel]]).all()


def test_an_arrival_in_the_last_instant_is_counted():
    """A window that ends on an edge still counts who arrives at its end."""
    ledger = Ledger.of(arrived_at=[0.0, 3600.0], window=(0.0, 3600.0))

    assert by(ledger, "time", ["arrivals"])["arrivals"].tolist() == [1, 0, 1]
    assert by(ledger, "time_of_day", ["arrivals"])["arrivals"].sum() == 2


def test_absurd_views_are_refused():
    """Half-hours of a thousand years, widths that do not divide a day and too many groups are refused before work."""
    ages = Ledger.of(arrived_at=[0.0], window=(0.0, 1000 * 365 * 86_400.0))
    with pytest.raises(InvalidInputError, match="pieces"):
        by(ages, "time_of_day")
    for width in (0.0, 7000.0, -1800.0, 1e9):
        with pytest.raises(InvalidInputError, match="width"):
            by(Ledger.of(arrived_at=[0.0]), "time_of_day", width=width)
    with pytest.raises(InvalidInputError, match="width"):
        by(Ledger.of(arrived_at=[0.0]), "time", width=0.0)
    names = tuple(map(str, range(5000)))
    crowd = Ledger.of(
        arrived_at=[0.0], agent=Category.of([None], names=names), customer=Category.of([None], names=names)
    )
    with pytest.raises(LimitExceededError, match="groups"):
        Breakdown.of(crowd, ("agent", "customer"))


def test_time_of_agents_by_agent_and_time():
    """An interval over midnight is shared out between the half-hours, for its agent alone."""
    ledger = Ledger.of(
        arrived_at=[80_000.0],
        agent=Category.of([None], names=("ana", "bo")),
        window=(80_000.0, 90_000.0),
        intervals=AgentIntervals.of(agent=[1], state=["busy"], start_at=[86_000.0], end_at=[86_700.0]),
    )
    busy = Breakdown.of(ledger, ("agent", "time_of_day")).agent_time(("busy",)).reshape(2, 48)

    assert busy[0].sum() == 0
    assert (busy[1, 47], busy[1, 0], busy[1].sum()) == (400.0, 300.0, 700.0)
