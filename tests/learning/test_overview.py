"""What was learned, as tables and charts that any report can show."""

from __future__ import annotations

import numpy as np
import pytest

from routematch.learning import Overview, fit, score
from routematch.report import html, text
from routematch.state import Ledger


def log():
    """Make four weeks of two agents, one better, and some customers who give up."""
    generator = np.random.default_rng(0)
    arrived = np.sort(generator.uniform(0, 28 * 86400, 800))
    gave_up = generator.random(800) < 0.1
    agent = np.where(generator.random(800) < 0.5, "ana", "bo")
    return Ledger.of(
        arrived_at=arrived,
        answered_at=np.where(gave_up, np.nan, arrived + 30),
        ended_at=arrived + np.where(gave_up, 40, 300),
        ending=np.where(gave_up, "abandoned", "completed").tolist(),
        agent=[None if up else name for name, up in zip(agent, gave_up, strict=True)],
        conversation_type=["billing"] * 800,
        resolved=np.where(gave_up, np.nan, generator.random(800) < np.where(agent == "ana", 0.9, 0.5)),
    )


def test_better_agents_stand_first_with_their_intervals():
    """The table of success has a row for each pair, best first, with an interval and a count."""
    table = Overview(fit(log())).tables()[0]
    ana, bo = table.rows

    assert [ana[1], bo[1]] == ["ana", "bo"]
    assert ana[2].low < ana[2].mean < ana[2].high
    assert table.columns[2].unit == "share"
    assert "ana" in text(table)


def test_every_part_that_is_known_has_a_chart():
    """Calibration, patience and arrivals are drawn, arrivals as a day in every row."""
    found = Overview(fit(log()), score(log()))

    assert [chart.kind for chart in found.charts()] == ["line", "line", "line", "heat", "heat"]
    assert found.charts()[-1].series[0].name == "Monday"
    assert len(found.charts()[-1].labels) == 24
    assert found.tables()[-1].title == "How well later conversations were predicted"


def test_nothing_known_is_nothing_shown():
    """Empty estimates have no tables and no charts."""
    assert Overview(fit([])).tables() == Overview(fit([])).charts() == ()


def test_it_makes_a_page():
    """One page shows what was found, the tables and the charts."""
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")

    page = html(Overview(fit(log()), score(log())))

    assert "What was learned" in page
    assert "2 agents differ" in page
    assert "ana" in page
