"""Every metric keeps the contract; a line in `METRICS` is all it takes to be checked here."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from routematch.errors import ContractError, InvalidInputError, UnknownNameError
from routematch.metrics import AXES, METRICS, Breakdown, HandlingCost, Metric, ServiceLevel, StaffCost, by, measure
from routematch.metrics.metric import UNITS
from routematch.state import Ledger
from routematch.testing.ledgers import by_chance, empty, small

PRICED = [StaffCost(per_hour=30.0), HandlingCost(per_hour={"first": 20.0, "second": 40.0})]
MEMBERS = [*METRICS.values(), *PRICED, ServiceLevel(within=0.0), ServiceLevel(within=120.0)]
COUNTS = {"arrivals"}
#: Metrics that compare with the whole ledger, or with agents and types that a part of it does not have.
RELATIVE = {"good_share_fairness", "offered_load"}
ROWS = ("conversation_type", "channel", "agent_group", "agent")


def named(metric: Metric) -> str:
    """Name a case."""
    return f"{metric.name}-{getattr(metric, 'within', '')}"


@pytest.fixture(params=MEMBERS, ids=named)
def metric(request) -> Metric:
    """Give each metric in turn."""
    return request.param


def check(metric: Metric, ledger: Ledger, axes: tuple[str, ...]) -> np.ndarray:
    """Ask a metric, and hold its answer to the contract."""
    groups = Breakdown.of(ledger, axes)
    values = metric.measure(groups)
    assert values.shape == (groups.size,)
    assert values.dtype == np.float64
    assert not np.isinf(values).any()
    known = values[~np.isnan(values)]
    assert (known >= 0).all()
    if metric.unit in {"share", "index"}:
        assert (known <= 1 + 1e-12).all()
    np.testing.assert_array_equal(metric.measure(groups), values)
    return values


def test_it_says_what_it_is(metric):
    """Name, title, unit, direction and meaning are there, and its name finds it."""
    assert isinstance(metric, Metric)
    assert metric.unit in UNITS
    assert metric.better in {"higher", "lower", ""}
    assert metric.title
    assert metric.meaning
    assert not metric.meaning.endswith(".")
    assert metric.name in METRICS


VIEWS = [(), *((axis,) for axis in AXES), ("agent_group", "time_of_day"), ("time", "agent")]


def test_it_gives_one_number_for_each_group(metric):
    """Whatever the groups: right shape, in range, the same when asked twice, the ledger unchanged."""
    for ledger in (small(), by_chance(3)):
        before = {name: array.copy() for name, array in ledger.columns().items()}
        for axes in VIEWS:
            check(metric, ledger, axes)
        for name, array in ledger.columns().items():
            assert np.array_equal(before[name], array, equal_nan=array.dtype.kind == "f")


def test_nothing_gives_nan_and_no_error(metric):
    """An empty ledger is not known about; counts are 0."""
    for axes in VIEWS:
        values = check(metric, empty(), axes)
        assert (values == 0 if metric.name in COUNTS else np.isnan(values)).all()


def test_unknown_columns_give_nan_and_no_error(metric):
    """Arrivals alone make a ledger too."""
    check(metric, Ledger.of(arrived_at=[0.0, 1.0, 5.0], window=(0.0, 10.0)), ())


@pytest.mark.parametrize("axis", ROWS)
def test_a_group_is_like_a_ledger_of_its_own(metric, axis):
    """The number of a group is the number of the ledger of that group alone, unless it is about agents' time."""
    repeats_across = metric.name == "first_contact_resolution" and axis in {"agent", "agent_group"}
    crossed = metric.name == "type_wait_spread" and axis == "conversation_type"
    for seed in range(3):
        ledger = by_chance(seed)
        grouped = check(metric, ledger, (axis,))
        codes = getattr(ledger, axis).codes
        reads_agents = measure(ledger.select(codes == 99), metric) > 0  # intervals belong to no conversation
        if metric.name in RELATIVE or reads_agents or repeats_across or crossed:
            continue
        alone = [measure(ledger.select(codes == code), metric) for code in range(len(grouped))]
        np.testing.assert_allclose(grouped, alone, rtol=1e-12)


def test_another_zero_of_time_changes_nothing(metric):
    """Instants may count from any zero."""
    for seed in range(3):
        early, late = by_chance(seed), by_chance(seed, start_at=1.7e9)
        for axes in ((), ("conversation_type",), ("agent",)):
            np.testing.assert_allclose(check(metric, early, axes), check(metric, late, axes), rtol=1e-6)


def test_the_rows_of_another_order_change_nothing(metric):
    """Conversations may be given in any order."""
    ledger = small()
    rows = [5, 0, 3, 1, 4, 2]
    columns = {name: array[rows] for name, array in ledger.columns().items() if name not in {"id", "repeats", "waited"}}
    mixed = Ledger.of(
        **columns
        | {"agent": ledger.agent.take(np.array(rows)), "agent_group": ledger.agent_group.take(np.array(rows))},
        window=ledger.window,
        intervals=ledger.intervals,
    )

    np.testing.assert_allclose(check(metric, mixed, ()), check(metric, ledger, ()))


def test_crossed_groups_add_up():
    """Counts by type and half-hour sum to counts by type, and to the count of all."""
    ledger = by_chance(1)
    crossed = by(ledger, ("conversation_type", "time_of_day"), ["arrivals"])["arrivals"]

    np.testing.assert_array_equal(crossed.sum(axis=1), by(ledger, "conversation_type", ["arrivals"])["arrivals"])
    assert crossed.sum() == measure(ledger, "arrivals") == len(ledger)


def test_unknown_metrics_and_axes_are_named():
    """A usual abbreviation is translated."""
    with pytest.raises(UnknownNameError, match="average_speed_of_answer"):
        measure(small(), "asa")
    with pytest.raises(UnknownNameError, match="channel"):
        by(small(), "chanel")
    with pytest.raises(InvalidInputError, match="twice"):
        by(small(), ("agent", "agent"))
    with pytest.raises(InvalidInputError, match="not both"):
        by(small(), ("time", "time_of_day"))
    with pytest.raises(InvalidInputError, match="must be a metric"):
        measure(small(), ServiceLevel)
    for wrong in ({"within": -1}, {"definition": "of_al"}, {"short": "x"}):
        with pytest.raises(InvalidInputError):
            ServiceLevel(**wrong)


def test_a_metric_of_another_shape_is_refused():
    """A plugged-in metric gives one number for each group."""

    class Liar:
        name: ClassVar[str] = "liar"
        title = abbreviation = unit = better = meaning = "share"

        def measure(self, groups):
            return np.zeros(groups.size + 1)

    with pytest.raises(ContractError, match="liar"):
        by(small(), "channel", [Liar()])
