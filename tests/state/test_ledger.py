"""Ledgers: what is filled in, what is refused, how rows are ordered and chosen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routematch.errors import DuplicateIdError, InvalidInputError, UnknownNameError
from routematch.state import ENDINGS, STATES, AgentIntervals, Category, Ledger

NAN = float("nan")


def three(**changes) -> Ledger:
    """Return a ledger of three conversations: completed, abandoned, open."""
    columns = {
        "arrived_at": [0.0, 10.0, 20.0],
        "answered_at": [5.0, NAN, 30.0],
        "ended_at": [65.0, 40.0, NAN],
        "channel": ["chat", "phone", "chat"],
    }
    return Ledger.of(**(columns | changes))


def test_columns_left_out_are_unknown():
    """NaN, 0 and -1 stand in for what was not given, and take no memory."""
    ledger = Ledger.of(arrived_at=[1.0, 2.0])

    assert np.isnan(ledger.answered_at).all()
    assert np.isnan(ledger.resolved).all()
    assert ledger.transfers.tolist() == [0, 0]
    assert ledger.repeats.tolist() == [-1, -1]
    assert ledger.agent.codes.tolist() == [-1, -1]
    assert ledger.handle_time.strides == (0,)


def test_every_array_is_read_only():
    """No column can be changed in place."""
    ledger = three(priority=[1, 2, 3], intervals=AgentIntervals.of(agent=[], state=[], start_at=[], end_at=[]))

    arrays = [value for value in ledger.columns().values() if value.dtype != np.object_][1:]
    arrays += [ledger.channel.codes, ledger.agent.codes, ledger.ending]
    assert not any(array.flags.writeable for array in arrays)


def test_the_callers_array_stays_writeable():
    """A writeable array is copied, so that the caller may go on using it."""
    arrived = np.array([0.0, 1.0])
    ledger = Ledger.of(arrived_at=arrived)
    arrived[0] = 0.5

    assert ledger.arrived_at[0] == 0.0


def test_endings_follow_from_the_instants():
    """Without endings: open where not ended, completed where answered, else abandoned."""
    assert [ENDINGS[code] for code in three().ending] == ["completed", "abandoned", "open"]


def test_waiting_lasts_until_answered_ended_or_the_window_ends():
    """The wait ends with the answer, else the end, else the window."""
    ledger = Ledger.of(
        arrived_at=[0.0, 10.0, 20.0], answered_at=[5.0, NAN, NAN], ended_at=[65.0, 40.0, NAN], window=(0.0, 100.0)
    )

    assert ledger.waited.tolist() == [5.0, 30.0, 80.0]


def test_window_spans_all_instants():
    """Where no window is given, it is the span of everything seen, agent intervals included."""
    intervals = AgentIntervals.of(agent=[0], state=["free"], start_at=[-10.0], end_at=[200.0])

    assert three().window == (0.0, 65.0)
    assert three(agent=["ana", None, "ana"], intervals=intervals).window == (-10.0, 200.0)


def test_empty_ledger_is_fine():
    """Zero rows make a ledger."""
    ledger = Ledger.of(arrived_at=[])

    assert len(ledger) == 0
    assert ledger.window == (0.0, 0.0)
    assert len(ledger.select(np.zeros(0, bool))) == 0


def test_rows_are_sorted_by_arrival_then_as_given():
    """Sorting is stable and carries every column, ids and repeats along."""
    ledger = Ledger.of(
        arrived_at=[20.0, 10.0, 10.0],
        ids=["c", "a", "b"],
        agent=["x", "y", None],
        repeats=[2, -1, -1],
        value=[3.0, 1.0, 2.0],
    )

    assert ledger.ids == ("a", "b", "c")
    assert ledger.agent.words().tolist() == ["y", None, "x"]
    assert ledger.value.tolist() == [1.0, 2.0, 3.0]
    assert ledger.repeats.tolist() == [-1, -1, 1]


def test_selected_rows_keep_names_and_renumber_repeats():
    """Codes stay comparable; who repeats a row that is left out repeats none."""
    ledger = three(repeats=[-1, 0, 1])
    chosen = ledger.select(np.array([False, True, True]))

    assert chosen.channel.names == ("chat", "phone")
    assert chosen.channel.words().tolist() == ["phone", "chat"]
    assert chosen.repeats.tolist() == [-1, 0]
    assert chosen.window == ledger.window


def test_mask_of_another_shape_is_refused():
    """Row numbers are no mask."""
    with pytest.raises(InvalidInputError, match="3 booleans"):
        three().select(np.array([0, 1, 2]))


def test_all_faults_are_named_at_once():
    """Wrong lengths, negative spans and unknown codes come in one error, with places."""
    with pytest.raises(InvalidInputError) as caught:
        Ledger.of(
            arrived_at=[0.0, 10.0, 20.0],
            answered_at=[-5.0, NAN, 10.0],
            ended_at=[1.0, 5.0, 30.0],
            handle_time=[1.0, -1.0, NAN],
            wrap_up_time=[2.0, 0.0, NAN],
            channel=["chat"],
            resolved=[0, 2, 1],
            repeats=[-1, 5, -1],
            agent=Category(np.array([0, 7, -2], np.int32), ("ana",)),
        )

    places = {fault.place for fault in caught.value.faults}
    assert places == {
        "channel",
        "agent[1]",
        "answered_at[0]",
        "ended_at[1]",
        "handle_time[1]",
        "wrap_up_time[0]",
        "resolved[1]",
        "repeats[1]",
    }
    assert "in 1 further rows" in str(caught.value)


@pytest.mark.parametrize("name", ["answered_at", "transfers", "priority", "value"])
def test_columns_of_another_length_are_refused(name):
    """Each column has one entry for each row."""
    with pytest.raises(InvalidInputError, match="3 rows"):
        three(**{name: [30.0, 40.0]})


@pytest.mark.parametrize("given", [["a", "b", "c"], [[1.0], [2.0], [3.0]], 7.0])
def test_what_is_no_column_of_numbers_is_refused(given):
    """Words, tables and single numbers are no columns."""
    with pytest.raises(InvalidInputError, match="value"):
        three(value=given)


def test_whole_numbers_must_be_whole_and_fit():
    """Half a transfer, or a million, is refused instead of cut."""
    for wrong in ([0.5, 0, 0], [0, 1_000_000, 0], [0, -1, 0]):
        with pytest.raises(InvalidInputError, match="transfers"):
            three(transfers=wrong)


def test_an_ending_must_fit_the_end():
    """Open means without an end, and the other way round."""
    with pytest.raises(InvalidInputError, match="ending"):
        three(ending=["open", "abandoned", "open"])
    with pytest.raises(InvalidInputError, match="ending"):
        three(ending=["completed", "abandoned", "completed"])


def test_unknown_ending_is_named():
    """A word that is no ending gets a suggestion."""
    with pytest.raises(UnknownNameError, match="'abandoned'"):
        three(ending=["completed", "abandonned", "open"])


def test_conversations_repeat_earlier_ones():
    """A conversation follows neither itself nor a later one."""
    for wrong in ([0, -1, -1], [1, -1, -1]):
        with pytest.raises(InvalidInputError, match="arrived before"):
            three(repeats=wrong)


def test_arrivals_after_the_window_are_refused():
    """Nobody arrives after the observed time."""
    with pytest.raises(InvalidInputError, match="after the window"):
        three(window=(0.0, 15.0))


def test_nobody_ends_before_being_answered():
    """An end lies after the answer, not only after the arrival."""
    with pytest.raises(InvalidInputError, match="answered_at"):
        Ledger.of(arrived_at=[0.0], answered_at=[50.0], ended_at=[30.0])


def test_doubled_ids_are_refused():
    """Ids are unique; the error names both places."""
    with pytest.raises(DuplicateIdError, match="ids\\[0\\]"):
        three(ids=["a", "b", "a"])


def test_intervals_must_point_at_names():
    """An interval's agent is one of the agents of the ledger."""
    intervals = AgentIntervals.of(agent=[3], state=["free"], start_at=[0.0], end_at=[1.0])
    with pytest.raises(InvalidInputError, match=r"intervals\.agent"):
        three(agent=["ana", None, "bo"], intervals=intervals)


def test_intervals_of_one_agent_do_not_overlap():
    """An agent is in one state at a time; intervals may touch and come in any order."""
    touching = AgentIntervals.of(
        agent=[0, 1, 0], state=["busy", "free", "free"], start_at=[10.0, 0.0, 0.0], end_at=[20.0, 15.0, 10.0]
    )
    assert touching.load.tolist() == [1.0, 0.0, 0.0]
    with pytest.raises(InvalidInputError, match="end of the agent's last interval"):
        AgentIntervals.of(agent=[0, 0], state=["busy", "free"], start_at=[10.0, 0.0], end_at=[20.0, 11.0])


def test_intervals_name_all_faults():
    """Unknown states, negative spans and negative loads are found together."""
    with pytest.raises(InvalidInputError) as caught:
        AgentIntervals.of(agent=[0, -1], state=[0, 9], start_at=[0.0, 5.0], end_at=[1.0, 4.0], load=[1.0, -1.0])
    assert len(caught.value.faults) == 1  # codes are read before rows are compared
    with pytest.raises(InvalidInputError) as caught:
        AgentIntervals.of(agent=[0, -1], state=[0, 1], start_at=[0.0, 5.0], end_at=[1.0, 4.0], load=[1.0, -1.0])
    assert len(caught.value.faults) == 3


@given(st.lists(st.one_of(st.none(), st.sampled_from("abcde"))))
def test_words_survive_encoding(words):
    """A category gives back the words it was made of; codes follow first appearance."""
    made = Category.of(words)

    assert made.words().tolist() == words
    assert list(made.names) == list(dict.fromkeys(word for word in words if word is not None))


def test_given_names_come_first():
    """Names given keep their order and may stand in no row."""
    made = Category.of(["b", "c"], names=STATES[:2])

    assert made.names == ("free", "busy", "b", "c")
    assert made.codes.tolist() == [2, 3]
    assert made.code("busy") == 1
    with pytest.raises(UnknownNameError):
        made.code("bussy")
