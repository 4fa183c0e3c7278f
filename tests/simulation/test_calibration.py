from __future__ import annotations

import math

import numpy as np
import pytest
from attrs import evolve

from routematch.distributions import Exponential, PoissonArrivals, VaryingArrivals
from routematch.errors import InvalidInputError
from routematch.model import Shift
from routematch.policies import longest_idle
from routematch.simulation import AgentGroup, ConversationType, Scenario, simulate
from routematch.state import read_history

HOUR = 3600.0


@pytest.fixture(scope="module")
def office():
    """Return two types and two groups at work from eight to sixteen o'clock, for ten days."""
    shifts = tuple(Shift(day * 24 * HOUR + 8 * HOUR, day * 24 * HOUR + 16 * HOUR) for day in range(10))
    open_hours = VaryingArrivals((0, 8 * HOUR, 16 * HOUR), (0, 30 / HOUR, 0), period=24 * HOUR)
    return Scenario(
        (
            ConversationType(
                "loans", "loans", arrivals=open_hours, handle_time=Exponential(240), patience=Exponential(120)
            ),
            ConversationType(
                "cards", "cards", arrivals=open_hours, handle_time=Exponential(180), patience=Exponential(300)
            ),
        ),
        (
            AgentGroup("experts", {"loans": 1.0}, size=2, shifts=shifts),
            AgentGroup("all", {"loans": 1.0, "cards": 1.0}, size=3, shifts=shifts),
        ),
        10 * 24 * HOUR,
    )


@pytest.fixture(scope="module")
def observed(office):
    """Return one run of it, as a log would show it."""
    return simulate(office, longest_idle(), seed=11).ledgers[0]


def test_a_scenario_is_like_its_own_runs(office, observed):
    """What a scenario did once is no misfit of it: at most one number, as 5 % may be by chance for each metric."""
    found = office.calibrate(observed, longest_idle(), replications=8)

    assert len(found.misfits) <= 1
    assert sum(part.observed.size for part in found.compared) > 500


def test_a_log_teaches_a_scenario_that_is_like_it(observed):
    """Learned from the log alone, the scenario repeats service level, waits, abandonment and occupancy."""
    learned = Scenario.from_history(evolve(observed, intervals=None))

    found = learned.calibrate(observed, longest_idle(), replications=8)

    types, groups = found.compared[0], found.compared[3]
    shares = [m for m, name in enumerate(types.metrics) if name in {"service_level", "abandonment"}]
    assert np.abs(types.observed - types.simulated)[shares].max() < 0.04
    assert np.abs(groups.observed - groups.simulated).max() < 0.03
    assert not types.misfit.any()


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("handle_time", {"mean_handle_time", "service_level"}),
        ("patience", {"abandonment"}),
        ("arrivals", {"arrivals"}),
    ],
)
def test_what_is_wrong_is_named(office, observed, changed: str, expected: set[str]):
    """Handle times, patience or arrivals of one type that are off by half are named, with that type."""
    wrong = {
        "handle_time": Exponential(360), "patience": Exponential(30), "arrivals": PoissonArrivals(15 * 8 / 24 / HOUR),
    }  # fmt: skip
    loans, cards = office.conversation_types
    other = evolve(office, conversation_types=(evolve(loans, **{changed: wrong[changed]}), cards))

    found = other.calibrate(observed, longest_idle(), replications=8)

    named = {misfit.metric for misfit in found.misfits if misfit.where == "loans"}
    assert expected <= named
    assert any(line.startswith("loans: ") for line in map(str, found.misfits))


def test_the_tables_repeat_the_numbers(office, observed):
    """A report shows observed beside simulated, and marks a misfit in its row."""
    loans, cards = office.conversation_types
    other = evolve(office, conversation_types=(evolve(loans, handle_time=Exponential(480)), cards))

    found = other.calibrate(observed, longest_idle(), replications=4)

    table = found.tables()[0]
    rows = {(row[0], row[1]): row[2:] for row in table.rows}
    counted = int((observed.conversation_type.codes == observed.conversation_type.code("loans")).sum())
    assert rows["loans", "conversations"][0] == counted
    assert [rows[name, "mean handle time"][2] for name in ("loans", "cards")] == ["misfit", ""]
    day = found.tables()[1]
    assert sum(row[1] for row in day.rows) == len(observed)
    assert all(not math.isnan(chart.series[0].values[20]) for chart in found.charts())
    assert "misfits in" in str(found)


def test_half_hour_tables_are_compared_too(office):
    """A table of counts and averages is compared by what it tells."""
    each = {"offered": 15, "abandoned": 14, "asa": 10, "sl": "90%"}
    starts = [f"1970-01-{day:02}T{8 + i // 2:02}:{30 * (i % 2):02}:00Z" for day in range(1, 11) for i in range(16)]
    rows = [{"interval_start": at, "skill": kind, **each} for at in starts for kind in ("loans", "cards")]

    found = office.calibrate(read_history(rows), longest_idle(), replications=3)

    types = found.compared[0]
    arrivals, abandonment = types.metrics.index("arrivals"), types.metrics.index("abandonment")
    assert types.observed[arrivals].tolist() == [2400.0, 2400.0]
    assert types.observed[abandonment] == pytest.approx([14 / 15] * 2)
    assert types.misfit[abandonment].all()
    assert not types.misfit[arrivals].any()


def test_the_spread_needs_two_replications(office, observed):
    """One replication tells nothing of how replications differ."""
    with pytest.raises(InvalidInputError, match="at least 2"):
        office.calibrate(observed, replications=1)


def test_groups_without_agents_do_not_shift_the_others(office, observed):
    """Numbers of groups are matched by name: an empty group before them changes nothing."""
    other = evolve(office, agent_groups=(AgentGroup("nobody", {"loans": 1.0}, size=0), *office.agent_groups))

    found = other.calibrate(observed, longest_idle(), replications=3)

    (groups,) = (part for part in found.compared if part.axes == ("agent_group",))
    assert groups.names == (("experts", "all"),)
    assert np.abs(groups.observed - groups.simulated).max() < 0.03
