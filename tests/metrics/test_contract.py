"""Every metric keeps the contract; a line in `METRICS` is all it takes to be checked here. Every liar is caught."""

from __future__ import annotations

import numpy as np
import pytest

from routematch.errors import ContractError, InvalidInputError, UnknownNameError
from routematch.metrics import METRICS, HandlingCost, Metric, ServiceLevel, StaffCost, by, measure
from routematch.metrics.measuring import as_metrics
from routematch.state import Ledger
from routematch.testing.ledgers import by_chance, small
from routematch.testing.metric_battery import check_metric

PRICED = [StaffCost(per_hour=30.0), HandlingCost(per_hour={"first": 20.0, "second": 40.0})]
MEMBERS = [*METRICS.values(), *PRICED, ServiceLevel(within=0.0), ServiceLevel(within=120.0)]

OF_AGENTS_TIME = {
    "staff_cost",
    "staffed_agents",
    "busy_agents",
    "occupancy",
    "utilisation",
    "occupancy_fairness",
    "occupancy_spread",
}
#: Metrics that compare with the whole ledger, or follow conversations into other groups.
RELATIVE = {"good_share_fairness", "offered_load", "first_contact_resolution", "type_wait_spread"}


def named(metric: Metric) -> str:
    """Name a case."""
    return f"{metric.name}-{getattr(metric, 'within', '')}"


@pytest.mark.parametrize("metric", MEMBERS, ids=named)
def test_every_metric_keeps_its_contract(metric):
    """Shape, range, purity, NaN for nothing, any zero of time, and parts like wholes."""
    check_metric(metric, is_local=metric.name not in OF_AGENTS_TIME | RELATIVE)
    assert metric.name in METRICS


class Liar:
    """A metric whose every part can be replaced: the number of conversations, where nothing else is asked for."""

    abbreviation = ""

    def __init__(self, answer=lambda groups: groups.count(), **words):
        self.name = words.get("name", "liar")
        self.title = words.get("title", "Liar")
        self.unit = words.get("unit", "count")
        self.better = words.get("better", "")
        self.meaning = words.get("meaning", "nothing")
        self._answer = answer

    def measure(self, groups):
        return self._answer(groups)


def restless():
    """Return an answer that is another one each time."""
    calls = []

    def answer(groups):
        calls.append(1)
        return groups.count() + len(calls)

    return answer


def meddling(groups):
    """Write into the ledger."""
    priority = groups.ledger.priority
    if priority.flags.owndata and len(priority):
        priority.flags.writeable = True
        priority[0] += 1
    arrived = groups.ledger.arrived_at
    if len(arrived):
        arrived.flags.writeable = True
        arrived[0] -= 1.0
    return groups.count()


def test_the_plain_liar_tells_the_truth():
    """Without a lie the stand-in passes, so that what is caught below is the lie."""
    check_metric(Liar())


@pytest.mark.parametrize(
    ("liar", "promise"),
    [
        (Liar(unit="minutes"), "a unit"),
        (Liar(better="up"), "better"),
        (Liar(meaning=""), "meaning"),
        (Liar(lambda groups: groups.count()[:0]), "shape"),
        (Liar(lambda groups: groups.count().astype(int)), "float64"),
        (Liar(lambda groups: list(groups.count())), "float64"),
        (Liar(restless()), "same answer"),
        (Liar(meddling), "change nothing"),
        (Liar(lambda groups: groups.count() / 0.0 if len(groups.ledger) else groups.count()), "finite"),
        (Liar(lambda groups: groups.count() - 3.0), "at least 0"),
        (Liar(lambda groups: groups.count(), unit="share"), r"in \[0, 1\]"),
        (Liar(lambda groups: groups.count(), unit="amount"), "NaN where nothing"),
        (Liar(lambda groups: groups.count() + groups.ledger.window[0]), "0 for counts|zero of time"),
        (Liar(lambda groups: groups.count() * len(groups.ledger)), "alone"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_every_liar_is_caught(liar, promise):
    """A metric that breaks one promise is told which."""
    with pytest.raises(ContractError, match=promise):
        check_metric(liar)


def test_what_is_no_metric_is_told():
    """A class that was not called, and anything without the members, is no metric."""
    for thing in (ServiceLevel, object(), "service_level"):
        with pytest.raises(ContractError, match="no metric"):
            check_metric(thing)


def test_the_rows_of_another_order_change_nothing():
    """Conversations may be given in any order."""
    ledger = small()
    rows = np.array([5, 0, 3, 1, 4, 2])
    columns = {name: array[rows] for name, array in ledger.columns().items() if name not in {"id", "repeats", "waited"}}
    columns |= {"agent": ledger.agent.take(rows), "agent_group": ledger.agent_group.take(rows)}
    mixed = Ledger.of(**columns, window=ledger.window, intervals=ledger.intervals)

    for metric in MEMBERS:
        np.testing.assert_allclose(measure(mixed, metric), measure(ledger, metric))


def test_crossed_groups_add_up():
    """Counts by type and half-hour sum to counts by type, and to the count of all."""
    ledger = by_chance(1)
    crossed = by(ledger, ("conversation_type", "time_of_day"), ["arrivals"])["arrivals"]

    np.testing.assert_array_equal(crossed.sum(axis=1), by(ledger, "conversation_type", ["arrivals"])["arrivals"])
    assert crossed.sum() == measure(ledger, "arrivals") == len(ledger)


def test_crossing_does_not_depend_on_the_order_of_axes():
    """By group and half-hour is by half-hour and group, turned."""
    ledger = by_chance(2)
    wanted = ["occupancy", "queue_length", "mean_wait", "staffed_agents"]
    first = by(ledger, ("agent_group", "time_of_day"), wanted).values
    second = by(ledger, ("time_of_day", "agent_group"), wanted).values

    np.testing.assert_array_equal(first, second.transpose(0, 2, 1))
    agents = by(ledger, ("agent", "agent_group"), ["busy_agents"]).values[0]
    np.testing.assert_array_equal(agents, by(ledger, ("agent_group", "agent"), ["busy_agents"]).values[0].T)
    assert np.count_nonzero(agents) == 4


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
    with pytest.raises(ContractError, match="liar"):
        by(small(), "channel", [Liar(lambda groups: np.zeros(groups.size + 1))])
    assert as_metrics("occupancy")[0].name == "occupancy"
