"""Outcomes and estimates: what learning reads and writes."""

from datetime import UTC, datetime, timedelta

import pytest

from routematch.errors import InvalidInputError
from routematch.model import Agent, Conversation, Estimate, Estimates, Outcome


def test_all_faults_of_an_outcome_are_reported_at_once():
    """Whatever is wrong in any field comes in one error."""
    with pytest.raises(InvalidInputError) as caught:
        Outcome(
            "",
            7,
            resolved=1,
            handle_time=-1,
            satisfaction=2,
            value=float("nan"),
            reopened="no",
            ended_at=datetime(2026, 1, 1),  # noqa: DTZ001
        )

    assert {fault.place for fault in caught.value.faults} == {
        "conversation",
        "agent",
        "resolved",
        "handle_time",
        "satisfaction",
        "value",
        "reopened",
        "ended_at",
    }


def test_objects_stand_for_their_ids():
    """An outcome can be stated with the nouns themselves, a timedelta and a datetime."""
    stated = Outcome(
        Conversation("chat-1"),
        Agent("ana"),
        handle_time=timedelta(minutes=4),
        ended_at=datetime(2026, 1, 1, tzinfo=UTC),
    )

    assert stated == Outcome("chat-1", "ana", handle_time=240.0, ended_at=1767225600.0)


def test_numbers_are_estimates_without_evidence():
    """A plain number is the mean; the long form says how much stands behind it."""
    assert Estimates(success={"ana": {"billing": 1}}).success["ana"]["billing"] == Estimate(1.0, 0.0)


def test_all_faults_of_estimates_are_reported_at_once():
    """Every wrong entry of both tables is told with agent and skill."""
    with pytest.raises(InvalidInputError) as caught:
        Estimates(
            success={"ana": {"billing": 1.5, "french": "x", "": 0.5}, "bo": 3},
            handle_time={"ana": {"chat": -1}, "": {}},
        )

    assert [fault.place for fault in caught.value.faults] == [
        "success.ana.billing.mean",
        "success.ana.french",
        "success.ana.",
        "success.bo",
        "handle_time.ana.chat",
        "handle_time.",
    ]


@pytest.mark.parametrize(("mean", "count"), [(-1, 0), (0, -1), (float("nan"), 0), (0, "x")])
def test_an_estimate_is_a_mean_and_a_count(mean, count):
    """Neither is negative, both are finite."""
    with pytest.raises(InvalidInputError):
        Estimate(mean, count)
