from __future__ import annotations

import numpy as np
import pytest

from routematch.errors import InvalidInputError, UnknownNameError
from routematch.state import recognise
from routematch.state.recognition import unit_of

BANK = (
    "vru+line call_id customer_id priority type date vru_entry vru_exit vru_time q_start q_exit q_time outcome "
    "ser_start ser_exit ser_time server"
)


def test_a_bank_log_is_recognised_column_by_column():
    """The published layout of a bank's call log needs no mapping."""
    found = recognise(BANK.split())

    assert found.kind == "calls"
    assert dict(found.columns) == {
        "id": "call_id",
        "day": "date",
        "menu_entered_at": "vru_entry",
        "menu_left_at": "vru_exit",
        "menu_time": "vru_time",
        "queued_at": "q_start",
        "queue_left_at": "q_exit",
        "waited": "q_time",
        "answered_at": "ser_start",
        "ended_at": "ser_exit",
        "talk_time": "ser_time",
        "conversation_type": "type",
        "customer": "customer_id",
        "agent": "server",
        "outcome": "outcome",
        "priority": "priority",
    }
    assert found.unused == ("vru+line",)


@pytest.mark.parametrize(
    ("heads", "expected"),
    [
        (
            (
                "Contact Id,InitiationTimestamp,EnqueueTimestamp,ConnectedToAgentTimestamp,DisconnectTimestamp,"
                "AfterContactWorkDuration,Agent Username,Queue,Channel"
            ),
            {
                "id": "Contact Id",
                "arrived_at": "InitiationTimestamp",
                "queued_at": "EnqueueTimestamp",
                "answered_at": "ConnectedToAgentTimestamp",
                "ended_at": "DisconnectTimestamp",
                "wrap_up_time": "AfterContactWorkDuration",
                "agent": "Agent Username",
                "queue": "Queue",
                "channel": "Channel",
            },
        ),
        (
            "ticket_id;created_at;assigned_at;solved_at;assignee;group;priority;csat",
            {
                "id": "ticket_id",
                "arrived_at": "created_at",
                "answered_at": "assigned_at",
                "ended_at": "solved_at",
                "agent": "assignee",
                "agent_group": "group",
                "priority": "priority",
                "satisfaction": "csat",
            },
        ),
        (
            "Call ID,Arrival,Queue Time (s),Talk Time (s),ACW (s),Skill,Agent,Abandoned",
            {
                "id": "Call ID",
                "arrived_at": "Arrival",
                "waited": "Queue Time (s)",
                "talk_time": "Talk Time (s)",
                "wrap_up_time": "ACW (s)",
                "conversation_type": "Skill",
                "agent": "Agent",
                "outcome": "Abandoned",
            },
        ),
    ],
)
def test_other_systems_words_are_known(heads: str, expected: dict[str, str]):
    """Exports of common systems are recognised by their own words."""
    assert dict(recognise(heads.replace(";", ",").split(",")).columns) == expected


def test_half_hour_tables_are_told_from_call_logs():
    """A table that counts what was offered has one row for each interval."""
    found = recognise(
        ["Interval Start", "Skill", "Offered", "Answered", "Abandoned", "AHT", "SL%", "ASA", "Agents Staffed"]
    )

    assert found.kind == "intervals"
    assert set(found.columns) == {
        "start_at",
        "conversation_type",
        "offered",
        "answered",
        "abandoned",
        "average_handle_time",
        "service_level",
        "average_speed_of_answer",
        "staffed",
    }


def test_the_caller_goes_before_the_words():
    """A mapping decides, also against what the names say, and frees the column it took."""
    found = recognise(["start", "arrival", "agent"], {"arrived_at": "start"})

    assert found.columns["arrived_at"] == "start"
    assert found.unused == ("arrival",)


def test_missing_arrival_is_a_clear_error_with_a_suggestion():
    """Where nothing tells when conversations arrived, the message names the columns, a near one, and what to write."""
    with pytest.raises(InvalidInputError) as caught:
        recognise(["who", "arival_tme", "colour"])

    assert "no column tells when a conversation arrived; did you mean 'arival_tme'?" in str(caught.value)
    assert "columns={'arrived_at': 'arival_tme'}, or --column arrived_at=arival_tme" in str(caught.value)


def test_mappings_to_nowhere_are_refused_with_near_names():
    """Both sides of a mapping are checked, all faults at once."""
    with pytest.raises(UnknownNameError) as caught:
        recognise(["arrival"], {"arived_at": "arrival", "agent": "agnt"})

    assert "did you mean 'arrived_at'?" in str(caught.value)
    assert "unknown column 'agnt'" in str(caught.value)


@pytest.mark.parametrize(
    ("head", "unit"),
    [("talk_ms", 1e-3), ("Wait (min)", 60.0), ("handle_time_hours", 3600.0), ("wait", None), ("s", None)],
)
def test_a_name_may_end_in_its_unit(head: str, unit: float | None):
    """Durations are read in the unit that their column names."""
    assert unit_of(head) == unit


def test_every_word_belongs_to_one_name():
    """No word of call logs stands for two of our names, but those that tables of both kinds share."""
    from routematch.state.recognition_words import CALL_WORDS, INTERVAL_WORDS

    for words in (CALL_WORDS, INTERVAL_WORDS):
        listed = [word for known in words.values() for word in known]
        assert len(listed) == len(set(listed)), sorted({word for word in listed if listed.count(word) > 1})
        assert np.all([word == word.lower() for word in listed])
