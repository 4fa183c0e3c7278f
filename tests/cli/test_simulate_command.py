"""`routematch simulate`: the same numbers for any number of workers, one page, calm words for every mistake."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("typer")

from routematch.cli import main
from routematch.metrics import METRICS
from routematch.policies import dumps, longest_idle
from routematch.simulation import Scenario, simulate

OFFICE = Scenario.from_rates(
    [0.05, 0.03], 0.01, 0.01, [3, 3, 2], eligible=[[1, 0, 1], [0, 1, 1]], horizon=3600.0, seed=5
)

CODE = """
class First:
    def on_arrival(self, view, conversation):
        return next(iter(view.eligible(conversation)), None)

class Loud(First):
    def on_arrival(self, view, conversation):
        print("here I am")
        return super().on_arrival(view, conversation)

class Broken(First):
    def on_arrival(self, view, conversation):
        raise KeyError("my own slip")

class Wrong(First):
    def on_arrival(self, view, conversation):
        return "nobody"

class Unpackable(First):
    def __init__(self):
        self.kept = lambda: None
"""


class Answer:
    """What a command printed, and its exit status."""

    def __init__(self, *arguments: object):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            self.status = main(["simulate", *map(str, arguments)])
        self.out, self.err = out.getvalue(), err.getvalue()
        assert "Traceback" not in self.out + self.err


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a scenario and a module, in the same terminal each time."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "own_code", raising=False)
    (tmp_path / "office.toml").write_text(OFFICE.dumps(), encoding="utf-8")
    (tmp_path / "own_code.py").write_text(CODE, encoding="utf-8")
    return tmp_path


def summary(answer: Answer) -> dict[str, list[object]]:
    """Return the rows of the summary by measure."""
    assert answer.status == 0, answer.err
    (table,) = (each for each in json.loads(answer.out)["tables"] if each["title"] == "Summary")
    return {row[0]: row[1:] for row in table["rows"]}


def test_the_numbers_are_those_of_the_library():
    """The command measures what `simulate` gives, for each policy, and their paired difference."""
    rows = summary(Answer("office.toml", "--policy", "longest_idle", "--replications", 4, "--workers", 1, "--json"))
    here = simulate(OFFICE, longest_idle(), replications=4)

    assert rows["Abandonment"][0]["mean"] == pytest.approx(here.measure("abandonment").mean)
    assert rows["Occupancy"][0]["low"] == pytest.approx(here.measure("occupancy").low)
    assert METRICS["average_speed_of_answer"].abbreviation in next(head for head in rows if head.startswith("Average"))


def test_any_number_of_workers_gives_the_same_bytes():
    """One process and two print the same; so does a policy file in place of the preset's name."""
    Path("mine.toml").write_text(dumps(longest_idle()), encoding="utf-8")
    said = [
        Answer("office.toml", "--policy", policy, "--replications", 3, "--workers", workers, "--json")
        for policy, workers in (("longest_idle", 1), ("longest_idle", 2), ("mine.toml", 1))
    ]

    assert said[0].status == 0, said[0].err
    assert len({each.out for each in said}) == 1


def test_policies_are_compared_with_the_first():
    """Differences are paired, with p-values corrected by Holm; the text shows them under the first page."""
    options = ("--policy", "longest_idle", "--policy", "own_code:First", "--policy", "best_match")
    answer = Answer("office.toml", *options, "--replications", 4, "--workers", 1)

    assert answer.status == 0, answer.err
    assert "Differences to longest_idle" in answer.out
    assert "corrected by Holm" in answer.out
    assert "First, code" in answer.out
    assert "seed: 5" in answer.out
    rows = summary(Answer("office.toml", *options[:4], "--replications", 4, "--workers", 1, "--json"))
    assert rows["Conversations"][2] == {"mean": 0.0, "low": 0.0, "high": 0.0}


def test_a_short_run_says_so():
    """With three replications the summary warns."""
    answer = Answer("office.toml", "--replications", 3, "--workers", 1)

    assert "Very few replications" in answer.out


def test_it_goes_on_until_precise():
    """`--precision` replicates beyond `--replications`, until the interval is as narrow as wanted."""
    answer = Answer("office.toml", "--replications", 2, "--precision", "abandonment=0.04", "--workers", 1, "--json")
    interval = summary(answer)["Abandonment"][0]

    assert "best_match (2 replications)" not in answer.out
    assert (interval["high"] - interval["low"]) / 2 <= 0.04


def test_the_page_is_written_with_what_was_observed(folder):
    """`--report` writes the page; `--observed` compares with a log first, and the page repeats it."""
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    simulate(OFFICE, seed=9).ledgers[0].to_csv("log.csv")
    answer = Answer("office.toml", "--replications", 2, "--workers", 1, "--observed", "log.csv", "--report", "out.html")

    assert answer.status == 0, answer.err
    page = (folder / "out.html").read_text(encoding="utf-8")
    assert "Calibration: By conversation type" in page
    assert "<script" not in page
    assert "observed: " in answer.out
    assert answer.out.endswith("written to out.html\n")


def test_columns_of_the_observed_log_are_named_by_the_caller(folder):
    """`--column` tells what no word tells; without it the message says how to write that."""
    simulate(OFFICE, seed=9).ledgers[0].to_csv("log.csv")
    text = (folder / "log.csv").read_text(encoding="utf-8")
    (folder / "odd.csv").write_text(text.replace("arrived_at", "kam_an", 1), encoding="utf-8")
    asked = ("office.toml", "--replications", 2, "--workers", 1, "--observed", "odd.csv")
    refused = Answer(*asked, "--column", "arrived_at=nowhere")
    answer = Answer(*asked, "--column", "arrived_at=kam_an")

    assert refused.status == 2
    assert "unknown column 'nowhere'" in refused.err
    assert answer.status == 0, answer.err
    assert "observed: " in answer.out


@pytest.mark.parametrize("workers", [1, 2])
def test_what_code_prints_is_no_answer(workers, capfd):
    """Standard output holds the answer alone, wherever the code ran."""
    options = ["--policy", "own_code:Loud", "--replications", "2", "--workers", str(workers), "--json"]

    assert main(["simulate", "office.toml", *options]) == 0
    said = capfd.readouterr()
    assert json.loads(said.out)
    assert "here I am" in said.err


def test_code_that_cannot_be_packed_runs_in_one_process():
    """It says so, and gives the numbers of code that can."""
    said = [
        Answer("office.toml", "--policy", f"own_code:{name}", "--replications", 2, "--workers", 2, "--json")
        for name in ("Unpackable", "First")
    ]

    assert "in one process" in said[0].err
    assert summary(said[0]) == summary(said[1])


@pytest.mark.parametrize("workers", [1, 2])
def test_what_code_raises_is_its_own_fault(workers):
    """The message names the policy, what it raised and the line, wherever it ran."""
    answer = Answer("office.toml", "--policy", "own_code:Broken", "--replications", 2, "--workers", workers)

    assert answer.status == 2
    assert "the policy Broken raised KeyError: 'my own slip' (own_code.py, line 13)" in answer.err


def test_a_pair_that_cannot_be_is_a_broken_contract():
    """Code that names somebody who is not there is told so."""
    answer = Answer("office.toml", "--policy", "own_code:Wrong", "--replications", 2, "--workers", 2)

    assert answer.status == 2
    assert "named a pair that cannot be" in answer.err


@pytest.mark.parametrize(
    ("options", "messages"),
    [
        (("--replications", 0, "--workers", 0, "--seed", -1), ("--replications", "--workers", "--seed")),
        (("--precision", "service_level"), ("MEASURE=HALF_WIDTH",)),
        (("--precision", "servce_level=0.01"), ("did you mean 'service_level'",)),
        (("--precision", "service_level=-1"), ("MEASURE=HALF_WIDTH",)),
        (("--within", "nan", "--cost-per-hour", "-1"), ("@ --within", "@ --cost-per-hour")),
        (("--policy", "longest_idel"), ("did you mean 'longest_idle'",)),
        (("--policy", "own_code:Nobody"), ("cannot be loaded",)),
        (("--report", "nowhere/out.html"), ("folder that exists",)),
        (("--observed", "nothing.csv"), ("--observed nothing.csv", "cannot be read")),
    ],
)
def test_wrong_options_are_told_before_anything_runs(options, messages):
    """All at once, with their names, and exit status 2."""
    answer = Answer("office.toml", "--workers", 1, *options)

    assert (answer.status, answer.out) == (2, "")
    for message in messages:
        assert message in answer.err


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        (None, ("cannot be read",)),
        (b"", ("empty",)),
        (b"\xff\xfe\x00", ("UTF-8",)),
        (b"[1, 2]", ("a table of fields",)),
        (b"{}", ("conversation_types", "agent_groups", "horizon")),
        (b'{"conversation_types": [], "agent_groups": [], "horizon": -1, "zone": "Mars"}', ("horizon", "zone")),
        (OFFICE.dumps().replace("arrival_rate = 0.05", "arrival_rate = 1e12").encode(), ("more than",)),
    ],
)
def test_wrong_scenarios_are_told_calmly(content, messages):
    """Every fault with its place, and exit status 2."""
    if content is not None:
        Path("wrong.json" if content[:1] in {b"{", b"["} and b"law" not in content else "wrong.toml").write_bytes(
            content
        )
    name = next((path.name for path in Path().glob("wrong.*")), "wrong.toml")
    answer = Answer(name, "--workers", 1, "--replications", 1)

    assert (answer.status, answer.out) == (2, "")
    for message in messages:
        assert message in answer.err


def test_a_scenario_without_conversations_gives_an_answer():
    """Nobody comes: a short report, no error."""
    Path("still.json").write_text('{"conversation_types": [], "agent_groups": [], "horizon": 60}', encoding="utf-8")

    assert Answer("still.json", "--replications", 2, "--workers", 1).status == 0
