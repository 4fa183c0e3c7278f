"""The report of ledgers: the numbers are those of the metrics, and nothing unknown is shown as known."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from routematch.errors import InvalidInputError
from routematch.metrics import (
    LedgerReport,
    Measured,
    ReportSettings,
    compare,
    digest,
    ledger_charts,
    ledger_report,
    ledger_tables,
    measure,
)
from routematch.model import Interval
from routematch.report import Chart, Column, Series, Table, text
from routematch.state import Category, Ledger
from routematch.testing.ledgers import by_chance, empty, small

SETTINGS = ReportSettings(within=30.0, cost_per_hour={"first": 20.0, "second": 40.0})


def named(report: LedgerReport, title: str) -> Table:
    """Return a table by its title."""
    return next(table for table in report.tables() if table.title == title)


def faster(ledger: Ledger, by: float) -> Ledger:
    """Return the same day with waits shortened to a share."""
    columns = ledger.columns()
    answered = ledger.arrived_at + by * (ledger.answered_at - ledger.arrived_at)
    kept = {name: columns[name] for name in ("arrived_at", "ended_at", "handle_time", "ending", "value", "transfers")}
    words = {name: getattr(ledger, name) for name in ("conversation_type", "channel", "agent", "agent_group")}
    return Ledger.of(**kept, **words, answered_at=answered, window=ledger.window, intervals=ledger.intervals)


@pytest.fixture(scope="module")
def two() -> LedgerReport:
    """Return the report of two policies on six days."""
    slow = [faster(by_chance(seed, size=200), 1.0) for seed in range(6)]
    fast = [faster(by_chance(seed, size=200), 0.5) for seed in range(6)]
    return ledger_report({"slow": slow, "fast": fast}, SETTINGS, title="Two", about={"seed": "7"})


def test_one_ledger_shows_its_own_numbers():
    """The summary holds what the metrics measure, by head with the usual abbreviation."""
    report = ledger_report(small(), SETTINGS)
    rows = {row[0]: row[1] for row in named(report, "Summary").rows}

    assert rows["Average speed of answer (ASA)"] == measure(small(), "average_speed_of_answer")
    assert rows["Conversations"].mean == 6
    assert rows["Staff cost"] == pytest.approx(90.0)
    assert "Service level, 30 s (SL)" in rows
    assert (
        "The run is too short for this interval: neighbouring parts of it go together (14 of"
        in named(report, "Summary").note
    )


def test_value_and_cost_by_channel_and_type():
    """Each channel and type that saw a conversation has value, cost and what is left, the most frequent first."""
    table = named(ledger_report(small(), SETTINGS), "Value and cost by channel and type")
    heads = [column.head for column in table.columns]
    rows = {row[:2]: dict(zip(heads, row, strict=True)) for row in table.rows}

    assert table.page == "first"
    assert set(rows) == {("chat", "billing"), ("phone", "billing"), ("phone", "sales"), ("chat", "sales")}
    assert rows["chat", "billing"]["Value"] == 1.0
    assert rows["chat", "billing"]["Value - cost"] == pytest.approx(1.0 - 20 * 600 / 3600)
    assert rows["phone", "sales"]["Value"] is None
    counts = [row[2] for row in table.rows]
    assert counts == sorted(counts, reverse=True)


def test_costs_are_left_out_where_not_known():
    """Without cost per hour no table speaks of money."""
    for table in ledger_tables(small()):
        assert not any(column.unit == "money" for column in table.columns)
        assert "money" not in table.row_units


def test_replications_get_intervals_and_differences(two):
    """Each policy has intervals over days; the difference is paired by day."""
    table = named(two, "Summary")
    heads = [column.head for column in table.columns]
    rows = {row[0]: row for row in table.rows}
    wait = rows["Average speed of answer (ASA)"]

    assert heads == ["measure", "slow", "fast", "fast - slow"]
    assert all(isinstance(cell, Interval) for cell in wait[1:])
    expected = compare(
        {
            name: [measure(faster(by_chance(seed, size=200), by), "average_speed_of_answer") for seed in range(6)]
            for name, by in (("slow", 1.0), ("fast", 0.5))
        }
    )[0]
    assert wait[3] == expected.change
    assert wait[3].mean == pytest.approx(-wait[1].mean / 2)
    assert "Student t over 6 replications" in table.note


def test_findings_are_three_sentences(two):
    """How it went, what differs, where it is tight; each a sentence."""
    for report in (two, ledger_report(small())):
        findings = report.findings()
        assert len(findings) == 3
        assert all(sentence.endswith(".") for sentence in findings)
    assert "Under fast" in two.findings()[0]
    assert "clearly better in" in two.findings()[1]
    assert "average speed of answer" in two.findings()[1]


def test_many_policies_keep_the_first_page_narrow():
    """With four policies only the change of value is shown by channel and type, so that the page fits its sheet."""
    days = [by_chance(seed) for seed in range(2)]
    for count, width in ((2, 3 + 3 + 2), (3, 3 + 6 + 2), (4, 3 + 3 + 2)):
        report = ledger_report({str(i): days for i in range(count)}, SETTINGS)
        assert len(named(report, "What changes by channel and type").columns) == width


def test_equal_policies_are_said_to_be_equal():
    """Where nothing stands out, the finding says so."""
    days = [by_chance(seed) for seed in range(5)]

    assert (
        ledger_report({"a": days, "b": days}).findings()[1] == "No difference between b and a stands out from chance."
    )


def test_other_numbers_of_days_are_not_compared():
    """Five days against four are no pairs; the report says so and goes on."""
    days = [by_chance(seed) for seed in range(5)]
    report = ledger_report({"a": days, "b": days[:4]})

    assert "not run on the same days" in report.findings()[1]
    assert len(named(report, "Summary").columns) == 3
    assert report.charts()


def test_there_is_a_picture_of_everything(two):
    """Load, service by time, waits by type, occupancy, who serves what, fairness and differences."""
    titles = [chart.title for chart in two.charts() if not chart.is_empty]

    for part in (
        "Load and staff by time of day, fast",
        "Answered within 30 s by time of day",
        "Answered within a time, by type, fast",
        "Occupancy by agent group and time of day, fast",
        "Who serves what, fast",
        "How evenly agents are busy",
        "Service level against slow, by type",
        "Value against slow, by type",
    ):
        assert part in titles


def test_the_curve_of_waits_is_the_service_level():
    """At the limit the curve by type is the service level by type."""
    chart = next(
        chart for chart in ledger_charts(small(), SETTINGS) if chart.title.startswith("Answered within a time")
    )
    place = chart.positions.index(30.0)

    assert {series.name: series.values[place] for series in chart.series} == pytest.approx(
        {"billing": 2 / 3, "sales": 0.0}
    )


def test_shares_of_who_serves_what_add_up():
    """The conversations of each group are shared out among types."""
    chart = next(chart for chart in ledger_charts(by_chance(2)) if chart.title.startswith("Who serves what"))

    for series in chart.series:
        assert sum(series.values) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "make",
    [
        empty,
        lambda: Ledger.of(arrived_at=[0.0]),
        lambda: Ledger.of(arrived_at=[0.0, 5.0], answered_at=[1.0, 6.0], agent=["a", "b"], window=(0.0, 1e6)),
        lambda: by_chance(4, start_at=1.75e9),
    ],
)
def test_whatever_happened_can_be_reported(make):
    """Nothing, next to nothing, and POSIX time all give tables, charts and facts without an error or warning."""
    report = ledger_report(make(), SETTINGS)

    for table in report.tables():
        assert text(table)
    assert report.charts()
    assert report.facts()["times of day"] == "UTC"
    report.findings()


def test_days_with_other_types_are_pooled_by_name():
    """Types are matched by name, not by place; a day without a type says nothing about it."""
    first = Ledger.of(arrived_at=[0.0, 1.0], answered_at=[1.0, 3.0], conversation_type=["a", "b"])
    second = Ledger.of(arrived_at=[0.0, 1.0], answered_at=[5.0, 2.0], conversation_type=["b", "c"])
    third = Ledger.of(arrived_at=[0.0], answered_at=[3.0], conversation_type=Category.of(["b"], names=["c"]))
    table = named(ledger_report([first, second, third]), "By type")
    place = [column.head for column in table.columns].index("Average speed of answer (ASA)")
    cells = {row[0]: row[place] for row in table.rows}

    assert (cells["a"], cells["c"]) == (1.0, 1.0)
    assert isinstance(cells["b"], Interval)
    assert cells["b"].mean == pytest.approx((2 + 5 + 3) / 3)


def test_digests_travel_between_processes():
    """A digest made in a worker gives the same report."""
    made = digest(by_chance(1), SETTINGS)
    travelled = pickle.loads(pickle.dumps(made))
    reports = [LedgerReport({"all": (each,)}) for each in (made, travelled)]

    assert [text(table) for table in reports[0].tables()] == [text(table) for table in reports[1].tables()]
    assert len(pickle.dumps(made)) < 200_000


def test_calibration_comes_along():
    """Tables and charts given as calibration stand among the others."""
    table = Table("Simulated against observed", (Column("x"),), (("y",),))
    chart = Chart("Misfits", "bar", ("a",), (Series("s", (1.0,)),))
    report = ledger_report(small(), calibration=(table, chart))

    assert report.tables()[-1] is table
    assert report.charts()[-1] is chart


def test_long_runs_keep_their_intervals():
    """A ledger of two weeks has intervals over days in its summary."""
    chance = np.random.default_rng(5)
    arrived = np.sort(chance.uniform(0, 14 * 86_400.0, 5000))
    ledger = Ledger.of(
        arrived_at=arrived, answered_at=arrived + chance.exponential(20, 5000), window=(0, 14 * 86_400.0)
    )
    rows = {row[0]: row[1] for row in named(ledger_report(ledger), "Summary").rows}

    found = rows["Average speed of answer (ASA)"]
    assert isinstance(found, Measured)
    assert found.method == "means of 14 days"
    assert not math.isnan(found.half_width)


def test_there_must_be_something_to_report():
    """No policy, a policy without a day, and wrong settings are refused."""
    for wrong in ({}, {"a": []}, []):
        with pytest.raises(InvalidInputError):
            ledger_report(wrong)
    for settings in ({"within": 0}, {"zone": "Mars"}, {"cost_per_hour": -1.0}, {"cost_per_hour": {"a": "x"}}):
        with pytest.raises(InvalidInputError):
            ReportSettings(**settings)
