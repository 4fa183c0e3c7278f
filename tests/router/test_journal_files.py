"""Journal files and instants: what is wrong with them is said plainly, and once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

import routematch as rm
from routematch.errors import CorruptRecordError, InvalidInputError
from routematch.router import append_journal, read_journal, write_journal


def test_records_without_a_head_are_told_how_to_begin(tmp_path: Path):
    """Appending to a file that nobody began is the commonest slip; the message names the function that begins one."""
    router = rm.Router([rm.Agent("ana")])
    router.enqueue(rm.Conversation("chat-1"), now=0)
    records = router.take_journal()
    append_journal(tmp_path / "journal.jsonl", records)

    with pytest.raises(CorruptRecordError, match="`write_journal` begins a journal"):
        read_journal(tmp_path / "journal.jsonl")


def test_a_journal_begun_with_nothing_and_added_to_is_whole(tmp_path: Path):
    """A head alone, then records as they come: the file replays to the router."""
    router = rm.Router([rm.Agent("ana")], offers=20)
    write_journal(tmp_path / "journal.jsonl", router, ())
    router.enqueue(rm.Conversation("chat-1"), now=0)
    router.dispatch(now=0)
    append_journal(tmp_path / "journal.jsonl", router.take_journal())

    assert read_journal(tmp_path / "journal.jsonl").replay().snapshot() == router.snapshot()


def test_an_instant_without_a_zone_is_one_fault():
    """What was given wrongly is not said to be missing as well."""
    with pytest.raises(InvalidInputError) as caught:
        rm.Router([]).enqueue(rm.Conversation("chat-1"), now=datetime(2026, 5, 4, 8))  # noqa: DTZ001 - the slip

    assert len(caught.value.faults) == 1
    assert "aware datetime" in str(caught.value)
