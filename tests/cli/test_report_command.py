"""`routematch report`: journals, ledgers and call logs give the same report; mistakes are said calmly."""

from __future__ import annotations

import contextlib
import io
import json

import pytest

import routematch as rm
from routematch.cli import main
from routematch.router import write_journal
from routematch.testing.ledgers import by_chance, small


class Answer:
    """What a command printed, and its exit status."""

    def __init__(self, *arguments: object):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            self.status = main(["report", *map(str, arguments)])
        self.out, self.err = out.getvalue(), err.getvalue()
        assert "Traceback" not in self.out + self.err


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch):
    """Give every test the same terminal."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")


def test_a_ledger_gives_its_summary(tmp_path):
    """The term and its usual abbreviation stand in the heads, the numbers are those of the metrics."""
    small().to_csv(tmp_path / "ledger.csv")
    answer = Answer(tmp_path / "ledger.csv", "--within", 30, "--cost-per-hour", 36)

    assert answer.status == 0
    lines = [" ".join(line.split()) for line in answer.out.splitlines()]
    assert "Average speed of answer (ASA) 40.0 s" in lines
    assert "First-contact resolution (FCR) 66.7 %" in lines
    assert "Cost of handling 12.0" in lines
    assert lines[0].startswith("1. 33.3 % of 6 conversations were answered within 30 s")


def test_parquet_gives_the_same_as_csv(tmp_path):
    """The same conversations in another form have the same numbers."""
    pytest.importorskip("pyarrow")
    ledger = by_chance(1)
    ledger.to_csv(tmp_path / "ledger.csv")
    ledger.to_parquet(tmp_path / "ledger.parquet")
    found = [json.loads(Answer(tmp_path / name, "--json").out) for name in ("ledger.csv", "ledger.parquet")]
    types = [next(table for table in each["tables"] if table["title"] == "By type") for each in found]

    assert types[0] == types[1]
    assert len(types[0]["rows"]) == 3
    assert found[1]["facts"]["observed"] == "2.5 h"


def test_any_call_log_can_be_reported(tmp_path):
    """A log with other heads is read by their usual meaning, and the report says what was read."""
    lines = ["Call ID,Start Time,Answer Time,End Time,Agent Name"]
    lines += [f"{i},2026-03-02 09:{i:02d}:00,2026-03-02 09:{i:02d}:10,2026-03-02 09:{i:02d}:50,ana" for i in range(20)]
    (tmp_path / "calls.csv").write_text("\n".join(lines), encoding="utf-8")
    answer = Answer(tmp_path / "calls.csv", "--json")

    assert answer.status == 0, answer.err
    made = json.loads(answer.out)
    assert "of 20 conversations were answered within 20 s" in made["findings"][0]
    assert made["facts"]["rows"] == "20 of 20 kept"


def test_a_journal_gives_the_report_of_a_ledger(tmp_path):
    """What a router wrote down is read as a ledger."""
    router = rm.Router([rm.Agent("ana")])
    router.enqueue(rm.Conversation("a"), 0.0)
    router.dispatch(5.0)
    router.complete("a", 65.0)
    write_journal(tmp_path / "journal.jsonl", router)
    answer = Answer(tmp_path / "journal.jsonl")

    assert answer.status == 0
    assert "Average speed of answer (ASA)" in answer.out
    assert "5.00 s" in answer.out


def test_a_journal_begins_with_its_first_event(tmp_path):
    """Agents whom a router was made with were not idle since 1970: occupancy is that of the time the journal covers."""
    router, now = rm.Router([rm.Agent("ana"), rm.Agent("bo")]), 1_790_000_000.0
    router.enqueue(rm.Conversation("a"), now)
    router.dispatch(now)
    router.complete("a", now + 100.0)
    write_journal(tmp_path / "journal.jsonl", router)
    made = json.loads(Answer(tmp_path / "journal.jsonl", "--json").out)
    rows = {row[0]: row[1] for row in made["tables"][0]["rows"]}
    occupancy = rows["Occupancy"]

    assert (occupancy["mean"] if isinstance(occupancy, dict) else occupancy) == pytest.approx(0.5)


def test_the_page_is_written(tmp_path):
    """`--output` writes the page; without a place to write, the message is calm."""
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    small().to_csv(tmp_path / "ledger.csv")

    assert Answer(tmp_path / "ledger.csv", "--output", tmp_path / "out.html").status == 0
    assert (tmp_path / "out.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    failed = Answer(tmp_path / "ledger.csv", "--output", tmp_path / "nowhere" / "out.html")
    assert failed.status == 2
    assert "cannot write" in failed.err


def test_a_narrow_terminal_gets_lists(tmp_path, monkeypatch):
    """Below 72 columns nothing is cut off."""
    monkeypatch.setenv("COLUMNS", "50")
    small().to_csv(tmp_path / "ledger.csv")
    answer = Answer(tmp_path / "ledger.csv")

    assert "  all: 40.0 s" in answer.out
    assert max(map(len, answer.out.splitlines())) <= 50


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (None, (), "cannot be read"),
        ("id,arrived_at,ending,repeats\na,x,open,-1\n", (), "must be numbers"),
        ("id,arrived_at,ending,repeats\na,0,open,-1\n", ("--within", "-1"), "must be above 0"),
        ("id,arrived_at,ending,repeats\na,0,open,-1\n", ("--zone", "Mars"), "Europe/Madrid"),
    ],
)
def test_mistakes_are_said_calmly(tmp_path, content, options, message):
    """Exit status 2 and one message, never a traceback."""
    if content is not None:
        (tmp_path / "ledger.csv").write_text(content, encoding="utf-8")
    answer = Answer(tmp_path / "ledger.csv", *options)

    assert answer.status == 2
    assert message in answer.err


def test_an_empty_ledger_is_a_short_report(tmp_path):
    """Heads alone are no mistake."""
    (tmp_path / "ledger.csv").write_text("id,arrived_at,ending,repeats\n", encoding="utf-8")

    assert Answer(tmp_path / "ledger.csv").status == 0


ODD_LOG = "Nr;Eingang;Angenommen;Ende\n1;2026-05-04 08:00:00;2026-05-04 08:00:10;2026-05-04 08:04:10\n"


def test_columns_that_no_word_tells_are_named_by_the_caller(tmp_path):
    """`--column` says what a column is; without it the message says how to write that."""
    path = tmp_path / "calls.csv"
    path.write_text(ODD_LOG, encoding="utf-8")
    named = ("arrived_at=Eingang", "answered_at=Angenommen", "ended_at=Ende")
    answer = Answer(path, *(part for name in named for part in ("--column", name)))
    refused = Answer(path)

    assert answer.status == 0
    assert "the mean wait was 10.0 s" in answer.out
    assert refused.status == 2
    assert "no column tells when a conversation arrived. Columns are: 'Nr', 'Eingang'" in refused.err
    assert "--column arrived_at=" in refused.err


def test_a_scenario_is_no_log(tmp_path):
    """A file that is no table is refused with the command that takes it."""
    path = tmp_path / "office.toml"
    path.write_text('schema = "routematch/scenario/1"\n', encoding="utf-8")
    answer = Answer(path)

    assert answer.status == 2
    assert "`routematch simulate`" in answer.err
