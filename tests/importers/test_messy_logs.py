from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from routematch.errors import InvalidInputError
from routematch.importers import open_history, read_csv
from routematch.state import History, read_history
from routematch.state.ledger import ENDINGS

HEAD = (
    "call_id,customer_id,type,date,vru_entry,vru_exit,vru_time,q_start,q_exit,q_time,outcome,"
    "ser_start,ser_exit,ser_time,server"
)
CLEAN = (
    "{id},c{id},PS,990104,8:{m:02}:00,8:{m:02}:10,10,8:{m:02}:10,8:{m:02}:30,20,AGENT,8:{m:02}:30,8:{m:02}:59,29,ANN"
)


def clean_rows(count: int = 20) -> list[str]:
    """Return rows without fault, one a minute from eight o'clock."""
    return [CLEAN.format(id=i, m=i) for i in range(1, count + 1)]


def changed(**changes: str) -> str:
    """Return a row at half past eight, id 90, with some of its entries changed."""
    fields = dict(zip(HEAD.split(","), CLEAN.format(id=90, m=30).split(","), strict=True))
    return ",".join({**fields, **changes}.values())


#: What the log writes where nobody answered.
NOBODY = {"ser_start": "0:00:00", "ser_exit": "0:00:00", "ser_time": "0", "server": "NO_SERVER"}
MIDNIGHT = changed(
    vru_entry="23:59:50", vru_exit="0:00:05", q_start="0:00:05", q_exit="0:00:30", q_time="25",
    ser_start="0:00:30", ser_exit="0:03:00", ser_time="150",
)  # fmt: skip
SIX_HOURS = changed(ser_exit="14:30:30", ser_time="21600")


def opened(tmp_path: Path, *rows: str, head: str = HEAD, zone: str | None = "UTC") -> History:
    """Write a log, open it."""
    path = tmp_path / "calls.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return open_history(path, zone=zone)


def row(history: History, identifier: str) -> dict[str, object]:
    """Return one conversation by its id."""
    table = history.calls.columns()
    place = history.calls.ids.index(identifier)
    return {name: column[place] for name, column in table.items()}


def test_a_clean_log_is_kept_whole(tmp_path):
    """Every row of a clean log is a conversation, with the waits and lengths it says."""
    history = opened(tmp_path, *clean_rows())

    assert len(history.calls) == history.report.kept == 20
    assert set(history.calls.waited.tolist()) == {20.0}
    assert set(history.calls.handle_time.tolist()) == {29.0}
    assert not history.report.count("dropped")
    assert history.calls.window == (915_408_000.0, 915_494_400.0)  # the whole day


@pytest.mark.parametrize(
    ("dirty", "action", "what"),
    [
        (HEAD, "dropped", "the head of the table again"),
        (CLEAN.format(id=3, m=3), "dropped", "given twice"),
        ("," * 14, "dropped", "an empty row"),
        (
            changed(vru_entry="soon", vru_exit="soon", q_start="soon", q_time=""),
            "dropped",
            "its arrival cannot be read",
        ),
        (changed(date="620104"), "dropped", "its date is far from all others"),
        (changed(date=""), "dropped", "nothing tells when it arrived"),
        (changed(q_time="x", ser_start="8:20:30"), "dropped", "answered before it arrived"),
        (changed(ser_exit="8:20:00", ser_time=""), "dropped", "ended before it was answered"),
        (changed(outcome="PHANTOM", **NOBODY), "dropped", "no conversation"),
        (changed(outcome="HANG", q_exit="13:30:30", q_time="18020", **NOBODY), "dropped", "waited absurdly long"),
        (changed(q_time="-20"), "repaired", "q_time is negative"),
        (changed(ser_start="8:30:05"), "repaired", "answered up to a minute"),
        (changed(ser_exit="8:29:00"), "repaired", "ended before it was answered"),
        (changed(outcome="HANG"), "repaired", "never answered"),
        (MIDNIGHT, "repaired", "ran past midnight"),
        (changed(server="NO_SERVER"), "unknown", "nobody named"),
        (changed(ser_exit="8:30:30", ser_time="0"), "unknown", "over at once"),
        (SIX_HOURS, "unknown", "absurdly long"),
        (changed(q_time="twenty"), "unknown", "q_time cannot be read"),
        (changed(outcome="HANG", q_exit="8:30:10", q_time="0", **NOBODY), "seen", "gone within a second"),
    ],
)
def test_dirt_is_repaired_or_dropped_and_named_with_its_line(tmp_path, dirty: str, action: str, what: str):
    """Each kind of dirt is treated by its rule, counted once, and its line is named; the clean rows stay."""
    history = opened(tmp_path, *clean_rows(), dirty)

    notes = [note for note in history.report.notes if what in note.what and note.action == action]
    assert [(note.count, note.examples) for note in notes] == [(1, ("line 22",))], str(history.report)
    assert len(history.calls) == 20 + (action != "dropped")


def test_calls_past_midnight_keep_their_lengths(tmp_path):
    """A call that runs past midnight waited 25 s and took 150 s, on the right day."""
    found = row(opened(tmp_path, *clean_rows(), MIDNIGHT), "90")

    assert (found["waited"], found["handle_time"]) == (25.0, 150.0)
    assert found["arrived_at"] == 915_494_405.0  # five seconds into the fifth of January


def test_who_never_queued_arrived_at_the_end_of_the_menu(tmp_path):
    """Midnight at both ends of the queue means that there was none: the call was answered at once."""
    dirty = changed(
        q_start="0:00:00", q_exit="0:00:00", q_time="0", ser_start="8:30:10", ser_exit="8:31:00", ser_time="50"
    )

    found = row(opened(tmp_path, *clean_rows(), dirty), "90")

    assert (found["waited"], found["handle_time"], found["ending"]) == (0.0, 50.0, "completed")


def test_abandoned_calls_wait_until_they_leave_the_queue(tmp_path):
    """A call that hangs up is over when it leaves the queue, and nobody held it."""
    dirty = changed(outcome="HANG", q_exit="8:31:40", q_time="90", **NOBODY)

    found = row(opened(tmp_path, *clean_rows(), dirty), "90")

    assert (found["waited"], found["ending"], found["agent"]) == (90.0, "abandoned", None)
    assert np.isnan(found["handle_time"])


def test_absurd_lengths_hold_their_agent_as_long_as_usual(tmp_path):
    """A call of six hours among calls of half a minute has no length, and ends when such calls end."""
    found = row(opened(tmp_path, *clean_rows(), SIX_HOURS), "90")

    assert found["ended_at"] - found["answered_at"] == 29.0
    assert np.isnan(found["handle_time"])


def test_legs_of_a_transfer_become_one_conversation():
    """Rows of one id that follow on each other are one conversation: one wait, the work of both, one transfer."""
    history = read_history(
        {
            "call_id": ["7", "7", "7", "8"],
            "arrival": ["2026-05-04 10:00:00", "2026-05-04 10:05:00", "2026-05-06 09:00:00", "2026-05-06 09:30:00"],
            "answered_at": ["2026-05-04 10:00:30", "2026-05-04 10:05:40", "2026-05-06 09:00:10", "2026-05-06 09:30:00"],
            "ended_at": ["2026-05-04 10:05:00", "2026-05-04 10:08:40", "2026-05-06 09:02:10", "2026-05-06 09:31:00"],
            "agent": ["ann", "bob", "ann", "ann"],
        },
        zone="UTC",
    )

    assert history.calls.ids == ("7", "7 (2)", "8")
    assert history.calls.transfers.tolist() == [1, 0, 0]
    assert history.calls.handle_time.tolist() == [450.0, 120.0, 60.0]
    assert history.calls.waited.tolist() == [30.0, 10.0, 0.0]


def test_a_wait_and_a_flag_are_enough():
    """Without instants of answer and end, arrival, wait, talk and a flag tell the same."""
    calls = read_history(
        {
            "Arrival": ["2026-05-04T10:00:00Z", "2026-05-04T10:01:00Z"],
            "Queue Time (s)": ["30", "75"],
            "Talk Time (s)": ["200", ""],
            "ACW (s)": ["40", ""],
            "Abandoned": ["0", "1"],
        }
    ).calls

    assert calls.waited.tolist() == [30.0, 75.0]
    assert [ENDINGS[code] for code in calls.ending] == ["completed", "abandoned"]
    assert (calls.handle_time[0], calls.wrap_up_time[0]) == (240.0, 40.0)


def test_waiting_begins_in_the_queue():
    """Where a log knows arrival and entry into the queue, the wait counts from the queue, and the report says so."""
    history = read_history(
        {
            "arrival": ["2026-05-04T10:00:00Z", "2026-05-04T10:01:00Z"],
            "queue_entry": ["2026-05-04T10:00:40Z", ""],
            "answered_at": ["2026-05-04T10:00:50Z", "2026-05-04T10:01:05Z"],
            "ended_at": ["2026-05-04T10:02:00Z", "2026-05-04T10:02:00Z"],
        }
    )

    assert history.calls.waited.tolist() == [10.0, 5.0]
    assert "waiting begins in the queue" in str(history.report)


def test_tickets_without_a_beginning_are_answered_when_they_end():
    """A log that only says when tickets came and were resolved, and by whom, has no handle times and no abandonment."""
    history = read_history(
        {
            "number": ["I1", "I2", "I3"],
            "opened_at": ["2026-05-04T10:00:00Z", "2026-05-04T11:00:00Z", "2026-05-04T12:00:00Z"],
            "resolved_at": ["2026-05-04T13:00:00Z", "2026-05-05T11:00:00Z", ""],
            "resolver": ["ann", "bob", ""],
        }
    )

    assert [ENDINGS[code] for code in history.calls.ending] == ["completed", "completed"]
    assert history.calls.waited.tolist() == [10_800.0, 86_400.0]
    assert np.isnan(history.calls.handle_time).all()
    assert "no column tells when agents began" in str(history.report)


def test_half_hour_tables_are_read_with_their_dirt():
    """Starts in spans, shares in percent, lines of totals and rows given twice."""
    history = read_history(
        {
            "Date": ["2026-05-04", "2026-05-04", "2026-05-04", "Total", "2026-05-04"],
            "Interval": ["08:00-08:30", "08:30-09:00", "08:30-09:00", "", "09:00-09:30"],
            "Offered": ["12", "20", "20", "52", ""],
            "Abandoned": ["1", "2", "2", "5", "0"],
            "AHT": ["4:00", "250", "250", "", ""],
            "SL %": ["80%", "75%", "75%", "", ""],
            "Agents Staffed": ["3", "4.5", "4.5", "", "4"],
        },
        zone="UTC",
    )

    table = history.intervals
    assert (len(table), table.length) == (2, 1800.0)
    assert table.offered.tolist() == [12.0, 20.0]
    assert table.average_handle_time.tolist() == [240.0, 250.0]
    assert table.service_level.tolist() == [0.8, 0.75]
    assert table.staffed.tolist() == [3.0, 4.5]
    assert history.report.count("dropped") == 3


@pytest.mark.parametrize("make", ["pandas", "polars", "pyarrow"])
def test_frames_and_csv_give_the_same_ledger(make: str):
    """A log comes to the same ledger from text and from a frame with dates of its own."""
    library = pytest.importorskip(make)
    pytest.importorskip("narwhals")
    from datetime import UTC, datetime, timedelta

    start = datetime(2026, 5, 4, 10, tzinfo=UTC)
    answered = [start + timedelta(seconds=30), None]
    columns = {
        "id": ["a", "b"],
        "arrived_at": [start, start + timedelta(minutes=1)],
        "answered_at": answered,
        "ended_at": [start + timedelta(minutes=4), start + timedelta(minutes=2)],
        "agent": ["ann", None],
        "priority": [1, 2],
    }
    table = library.table(columns) if make == "pyarrow" else library.DataFrame(columns)
    plain = {name: ["" if value is None else str(value) for value in values] for name, values in columns.items()}

    for found, expected in zip(
        read_history(table).calls.columns().values(), read_history(plain).calls.columns().values(), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_parquet_is_read_as_csv_is(tmp_path):
    """A ledger written as Parquet comes back through recognition."""
    pytest.importorskip("pyarrow")
    told = {
        "arrival": "2026-05-04T10:00:00Z",
        "answered_at": "2026-05-04T10:00:20Z",
        "ended_at": "2026-05-04T10:03:20Z",
    }
    calls = read_history([told]).calls
    path = tmp_path / "calls.parquet"
    calls.to_parquet(path)

    assert open_history(path).calls.waited.tolist() == [20.0]


@pytest.mark.parametrize(
    "content",
    [
        b"arrival;agent;wait\n2026-05-04T10:00:00Z;J\xfcrgen;5\n",
        "arrival\tagent\twait\n2026-05-04T10:00:00Z\tJürgen\t5\n".encode("utf-16"),
        "sep=|\narrival|agent|wait\n2026-05-04T10:00:00Z|Jürgen|5|6|7\n\n".encode(),
        gzip.compress('\ufeffarrival,agent,wait\n2026-05-04T10:00:00Z,"Jürgen",5'.encode()),
    ],
    ids=["semicolons in Windows-1252", "tabs in UTF-16", "a line that names the delimiter", "packed, with a mark"],
)
def test_delimiters_and_encodings_are_found(tmp_path, content: bytes):
    """Text is read as spreadsheets write it; rows may be ragged."""
    path = tmp_path / ("calls.csv.gz" if content[:2] == b"\x1f\x8b" else "calls.csv")
    path.write_bytes(content)

    columns, lines = read_csv(path)

    assert {name: column.tolist() for name, column in columns.items()} == {
        "arrival": ["2026-05-04T10:00:00Z"], "agent": ["Jürgen"], "wait": ["5"],
    }  # fmt: skip
    assert lines.tolist() == [3 if b"sep=" in content else 2]


def test_lines_are_those_of_the_file(tmp_path):
    """A field that runs over two lines, and blank lines, do not shift the numbers."""
    path = tmp_path / "calls.csv"
    path.write_text('arrival,note\n\n2026-05-04T10:00:00Z,"two\nlines"\n2026-05-04T10:01:00Z,x\n', encoding="utf-8")

    assert read_csv(path)[1].tolist() == [3, 5]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x1f\x8bnot packed"])
def test_files_that_are_none_are_refused(tmp_path, content: bytes):
    """A file without a head, or that cannot be unpacked, is a clear error."""
    path = tmp_path / ("calls.csv.gz" if content[:2] == b"\x1f\x8b" else "calls.csv")
    path.write_bytes(content)

    with pytest.raises(InvalidInputError):
        open_history(path)


def test_a_head_without_rows_is_an_empty_history(tmp_path):
    """No conversations are no error here."""
    assert len(opened(tmp_path).calls) == 0


def test_garbage_never_raises(tmp_path):
    """Whatever stands in the rows, reading gives a ledger and a report that add up."""
    generator = np.random.default_rng(5)
    pool = [
        "",
        "0",
        "-5",
        "8:00:00",
        "23:59:59",
        "990104",
        "999999",
        "x",
        "NaN",
        "1e309",
        "AGENT",
        "HANG",
        "990104 8:00",
        "١٢",
        "2026-05-04T10:00:00Z",
        "31/12/1999 10:00",
        "-1:00:00",
        "99999999999",
        "25:00:00",
        "HANG ",
        "é",
        "0:00:00",
    ]
    rows = [",".join(generator.choice(pool, 15)) for _ in range(400)]

    history = opened(tmp_path, *rows, zone="Europe/Berlin")

    assert history.report.rows == 400
    assert len(history.calls) <= 400
