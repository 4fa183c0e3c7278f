"""Each metric against numbers worked out by hand, and against identities that hold for any ledger."""

from __future__ import annotations

import numpy as np
import pytest

from routematch.metrics import Breakdown, HandlingCost, ServiceLevel, StaffCost, WaitPercentile, by, measure, measures
from routematch.metrics.fairness import jain
from routematch.state import AgentIntervals, Category, Ledger
from routematch.testing.ledgers import NAN, by_chance, small

BY_HAND = {
    "arrivals": 6,
    "average_speed_of_answer": (0 + 20 + 100) / 3,
    "mean_wait": (0 + 20 + 60 + 100 + 2) / 5,
    "wait_p50": 20,
    "wait_p90": 60 + 0.6 * 40,
    "longest_wait": 100,
    "abandonment": 2 / 5,
    "refusal": 0,
    "due_kept": 1 / 3,
    "resolution": 2 / 3,
    "first_contact_resolution": 2 / 3,
    "satisfaction": 4,
    "value": 2.3,
    "value_per_conversation": 2.3 / 3,
    "mean_handle_time": 400,
    "mean_wrap_up_time": 30,
    "transfers": 1,
    "throughput": 3,
    "queue_length": (0 + 20 + 60 + 100 + 2 + 100) / 3600,
    "offered_load": (1200 + 3 * 400) / 3600,
    "staffed_agents": (1800 + 3600) / 3600,
    "busy_agents": (600 + 500 + 420) / 3600,
    "occupancy": 1520 / 5400,
    "utilisation": 1520 / 10800,
    "occupancy_spread": 600 / 1800 - 920 / 3600,
    "type_wait_spread": 80 - 22 / 3,
    "wait_gini": (-4 * 0 - 2 * 2 + 0 * 20 + 2 * 60 + 4 * 100) / (5 * 182),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_small_ledger_by_hand(name):
    """Every metric gives what pencil and paper give."""
    assert measure(small(), name) == pytest.approx(BY_HAND[name], rel=1e-12)


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("of_all", 2 / 6),  # the open one has waited 100 s: late
        ("of_answered", 2 / 3),
        ("late_abandons", 2 / 5),  # the abandon after 2 s does not count
        ("without_short_abandons", 2 / 5),
        ("early_abandons_good", 3 / 6),
    ],
)
def test_service_levels_by_hand(definition, expected):
    """The five definitions differ in who counts."""
    assert measure(small(), ServiceLevel(definition=definition)) == pytest.approx(expected)


def test_only_short_abandons_are_left_out():
    """Who abandons after 60 s came in earnest, however long the limit is; after 2 s not."""
    level = ServiceLevel(within=99.0, definition="without_short_abandons")

    assert measure(small(), level) == pytest.approx(2 / 5)
    assert measure(
        small(), ServiceLevel(within=99.0, definition="without_short_abandons", short=60.0)
    ) == pytest.approx(2 / 4)


def test_who_still_waits_counts_once_the_limit_has_passed():
    """Before the limit an open conversation may still be answered in time: it is not counted."""
    assert measure(small(), ServiceLevel(within=99.0)) == pytest.approx(2 / 6)
    assert measure(small(), ServiceLevel(within=100.0)) == pytest.approx(3 / 5)


def test_a_longer_limit_answers_more_in_time():
    """Service level rises with the limit when nobody is still waiting."""
    ledger = by_chance(0)
    done = ledger.select(~np.isnan(ledger.ended_at))
    levels = [measure(done, ServiceLevel(within=within)) for within in (0, 5, 20, 60, 300, 1e9)]

    assert levels == sorted(levels)
    assert levels[-1] == pytest.approx((~np.isnan(done.answered_at)).mean())


def test_groups_by_hand():
    """Type, channel, group and agent each split the rows."""
    ledger = small()

    assert by(ledger, "conversation_type", ["mean_wait"])["mean_wait"].tolist() == pytest.approx([22 / 3, 80])
    assert by(ledger, "agent_group", ["mean_handle_time"])["mean_handle_time"].tolist() == [600, 300]
    occupancy = by(ledger, "agent", ["occupancy"])["occupancy"]
    assert occupancy[:2].tolist() == pytest.approx([600 / 1800, 920 / 3600])
    assert np.isnan(occupancy[2])  # away all the time
    assert np.isnan(by(ledger, "channel", ["occupancy"])["occupancy"]).all()


def test_half_hours_by_hand():
    """Time is cut at the edges of half-hours; conversations belong to the one they arrived in."""
    table = by(
        small(), "time_of_day", ["arrivals", "occupancy", "staffed_agents", "queue_length", "average_speed_of_answer"]
    )

    assert table.names[0][:3] == ("00:00", "00:30", "01:00")
    assert table["arrivals"][:3].tolist() == [4, 2, 0]
    assert table["occupancy"][:2].tolist() == pytest.approx([1520 / 3600, 0.0])
    assert table["staffed_agents"][:2].tolist() == [2, 1]
    assert table["queue_length"][:2].tolist() == pytest.approx([180 / 1800, 102 / 1800])
    assert np.isnan(table["queue_length"][2:]).all()
    assert table["average_speed_of_answer"][0] == pytest.approx(40)


def test_half_hours_are_those_of_the_zone():
    """Noon UTC on a winter day is 13:00 in Madrid and in the half-hour of 17:30 in Kathmandu; in summer 14:00."""
    winter = Ledger.of(arrived_at=[1_768_046_400.0], window=(1_768_040_000.0, 1_768_050_000.0))
    summer = Ledger.of(arrived_at=[1_783_684_800.0], window=(1_783_680_000.0, 1_783_690_000.0))

    for ledger, zone, expected in (
        (winter, "Europe/Madrid", "13:00"),
        (summer, "Europe/Madrid", "14:00"),
        (winter, "Asia/Kathmandu", "17:30"),
    ):
        table = by(ledger, "time_of_day", ["arrivals"], zone=zone)
        assert table.names[0][int(np.argmax(table["arrivals"]))] == expected


def test_waits_before_the_window_do_not_count():
    """A backlog from before counts only from the start of the window on, in pieces of time too."""
    ledger = Ledger.of(arrived_at=[-5000.0], answered_at=[1000.0], window=(100.0, 1900.0))

    assert measure(ledger, "queue_length") == pytest.approx(900 / 1800)
    assert by(ledger, "time", ["queue_length"])["queue_length"].tolist() == pytest.approx([900 / 1700, 0.0])


def test_pieces_of_time_share_out_the_window():
    """Observed seconds of all pieces sum to the window, and busy time to busy time."""
    ledger = by_chance(5, start_at=1_700_000_123.0)
    whole = Breakdown.of(ledger)
    for axis in ("time_of_day", "time"):
        pieces = Breakdown.of(ledger, (axis,), zone="America/New_York")
        assert pieces.seconds.sum() == pytest.approx(whole.seconds[0])
        assert pieces.agent_time(("busy",)).sum() == pytest.approx(whole.agent_time(("busy",))[0])
        waiting = pieces.time_between(ledger.arrived_at, ledger.answered_at).sum()
        assert waiting == pytest.approx(whole.time_between(ledger.arrived_at, ledger.answered_at)[0])
        assert pieces.count().sum() == len(ledger)


@pytest.mark.parametrize("seed", range(5))
def test_littles_law(seed):
    """When all that wait come and go within the window: queue length = arrival rate x mean wait, exactly."""
    ledger = by_chance(seed)
    ledger = ledger.select(ledger.ending == 1)  # every wait ends within the window
    start, end = ledger.window
    rate = len(ledger) / (end - start)

    assert measure(ledger, "queue_length") == pytest.approx(rate * measure(ledger, "mean_wait"), rel=1e-12)


def test_occupancy_is_offered_load_over_staff_when_all_work_is_seen():
    """Busy seconds are handle seconds when each agent serves one at a time and nothing is left over."""
    handle = np.array([100.0, 200.0, 50.0])
    starts = np.array([0.0, 100.0, 500.0])
    ledger = Ledger.of(
        arrived_at=starts,
        answered_at=starts,
        ended_at=starts + handle,
        handle_time=handle,
        agent=["ana"] * 3,
        window=(0.0, 1000.0),
        intervals=AgentIntervals.of(
            agent=[0] * 5,
            state=["busy", "busy", "free", "busy", "free"],
            start_at=[0.0, 100.0, 300.0, 500.0, 550.0],
            end_at=[100.0, 300.0, 500.0, 550.0, 1000.0],
        ),
    )
    found = measures(ledger, ["occupancy", "offered_load", "staffed_agents"])

    assert found["occupancy"] == pytest.approx(found["offered_load"] / found["staffed_agents"])


def test_percentiles_are_those_of_numpy():
    """Grouped percentiles agree with numpy's, group by group."""
    chance = np.random.default_rng(2)
    waits = chance.exponential(10, 500)
    kinds = chance.integers(0, 7, 500).astype(np.int32)
    arrived = np.arange(500.0)
    ledger = Ledger.of(
        arrived_at=arrived, answered_at=arrived + waits, conversation_type=Category(kinds, tuple("abcdefgh"))
    )
    for probability in (0.0, 0.25, 0.5, 0.9, 1.0):
        found = by(ledger, "conversation_type", [WaitPercentile(probability=probability)]).values[0]
        expected = [np.quantile(ledger.waited[kinds == kind], probability) for kind in range(7)]
        np.testing.assert_allclose(found[:7], expected)
        assert np.isnan(found[7])


def test_first_contacts_that_are_followed_are_not_resolved():
    """A repeat undoes a noted success; where repeats are recorded, silence is success."""
    columns = {"arrived_at": [0.0, 1.0, 2.0, 3.0], "answered_at": [0.0, 1.0, 2.0, 3.0], "ended_at": [9.0] * 4}

    noted = Ledger.of(**columns, resolved=[1, 0, NAN, NAN])
    assert measure(noted, "first_contact_resolution") == pytest.approx(1 / 2)
    followed = Ledger.of(**columns, resolved=[1, 0, NAN, NAN], repeats=[-1, -1, -1, 0])
    assert measure(followed, "first_contact_resolution") == pytest.approx(1 / 3)


def test_costs_by_hand():
    """Staff cost counts signed-in time, handling cost handle time, each at the rate of the group."""
    rates = {"first": 20.0, "second": 40.0}

    assert measure(small(), StaffCost(per_hour=rates)) == pytest.approx(20 * 0.5 + 40 * 2.0)
    assert measure(small(), HandlingCost(per_hour=rates)) == pytest.approx(20 * 600 / 3600 + 40 * 600 / 3600)
    assert measure(small(), StaffCost(per_hour=36.0)) == pytest.approx(36 * 2.5)
    assert np.isnan(measure(small(), StaffCost(per_hour={"first": 20.0})))
    by_type = by(small(), "conversation_type", [HandlingCost(per_hour=36.0)]).values[0]
    assert by_type.tolist() == pytest.approx([9.0, 3.0])


def test_jains_index_by_hand():
    """1 when equal, 1/n when one has all, unknown left out."""
    found = jain(np.array([[2.0, 2.0, 2.0], [5.0, 0.0, 0.0], [3.0, NAN, 3.0], [1.0, 2.0, 3.0], [NAN] * 3, [0.0] * 3]))

    assert found[:4].tolist() == pytest.approx([1, 1 / 3, 1, 36 / 42])
    assert np.isnan(found[4:]).all()


def test_gini_is_half_the_relative_mean_difference():
    """The sorted formula agrees with the definition over all pairs."""
    waits = np.random.default_rng(4).exponential(5, 40)
    ledger = Ledger.of(arrived_at=np.zeros(40), answered_at=waits)
    expected = np.abs(waits[:, None] - waits).mean() / (2 * waits.mean())

    assert measure(ledger, "wait_gini") == pytest.approx(expected)


def test_good_conversations_shared_evenly_are_fair():
    """Fairness of good conversations is 1 when all agents have the same share, 1/n when one has all."""
    columns = {"arrived_at": [0.0] * 4, "answered_at": [0.0] * 4, "agent": ["ana", "ana", "bo", "bo"]}

    assert measure(Ledger.of(**columns, value=[1.0, 0.0, 1.0, 0.0]), "good_share_fairness") == pytest.approx(1)
    assert measure(Ledger.of(**columns, value=[1.0, 1.0, 0.0, 0.0]), "good_share_fairness") == pytest.approx(1 / 2)


def test_a_table_holds_what_is_known():
    """Groups about which nothing is known are left out; heads carry the usual abbreviation."""
    table = by(small(), "time_of_day", ["average_speed_of_answer", "arrivals"]).table()

    assert [column.head for column in table.columns] == [
        "time of day",
        "Average speed of answer (ASA)",
        "Conversations",
    ]
    assert [row[0] for row in table.rows] == ["00:00", "00:30"]
