from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("typer")

from routematch.cli import main
from routematch.simulation import Scenario

HEAD = "call_id,arrival,answered_at,ended_at,agent,skill"


def log(tmp_path: Path, *, head: str = HEAD) -> Path:
    """Write a log of two weeks: ten minutes apart from eight to noon, one agent."""
    rows = [
        f"{day}-{i},2026-05-{day:02} {8 + i // 6:02}:{i % 6}0:00,2026-05-{day:02} {8 + i // 6:02}:{i % 6}0:20,"
        f"2026-05-{day:02} {8 + i // 6:02}:{i % 6}5:{i:02},ann,loans"
        for day in range(4, 18)
        for i in range(24)
    ]
    path = tmp_path / "calls.csv"
    path.write_text("\n".join([head, *rows, rows[0]]), encoding="utf-8")
    return path


def test_a_log_becomes_a_scenario_file(tmp_path, capsys):
    """The file can be read back, and the report says what was dropped and assumed."""
    output = tmp_path / "may.toml"

    status = main(["scenario", str(log(tmp_path)), "--zone", "Europe/Berlin", "--output", str(output), "--name", "may"])

    shown = capsys.readouterr().out
    scenario = Scenario.loads(output.read_text(encoding="utf-8"))
    assert status == 0
    assert (scenario.name, scenario.zone) == ("may", "Europe/Berlin")
    assert [kind.name for kind in scenario.conversation_types] == ["loans"]
    assert "dropped       1  given twice (line 338)" in shown
    assert "loans: 336 arrivals" in shown
    assert f"written to {output}" in shown


def test_without_output_the_scenario_is_printed(tmp_path, capsys):
    """The scenario goes to standard output, the report beside it."""
    status = main(["scenario", str(log(tmp_path))])

    printed = capsys.readouterr()
    assert status == 0
    assert Scenario.loads(printed.out).name == "calls"
    assert "taken as UTC; name it with zone" in printed.err


def test_json_is_written_by_suffix(tmp_path):
    """A name that ends in .json gives JSON."""
    output = tmp_path / "may.json"

    assert main(["scenario", str(log(tmp_path)), "--output", str(output)]) == 0
    assert json.loads(output.read_text(encoding="utf-8"))["schema"] == "routematch/scenario/1"


def test_columns_can_be_named(tmp_path, capsys):
    """A column with a name of its own is mapped; without the mapping the message says how."""
    path = log(tmp_path, head="call_id,kam_an,answered_at,ended_at,agent,skill")

    assert main(["scenario", str(path)]) == 2
    assert "columns={'arrived_at': " in capsys.readouterr().err
    assert main(["scenario", str(path), "--column", "arrived_at=kam_an"]) == 0
    assert main(["scenario", str(path), "--column", "kam_an"]) == 2
    assert "OUR_NAME=COLUMN" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["scenario", "no.csv"], ["scenario", "{log}", "--zone", "Mars"], ["scenario", "{log}", "--output", "{dir}"]],
)
def test_what_cannot_be_read_or_written_is_a_calm_message(tmp_path, capsys, arguments: list[str]):
    """Exit status 2 and one line, no traceback."""
    given = [entry.format(log=log(tmp_path), dir=tmp_path) for entry in arguments]

    assert main(given) == 2
    assert capsys.readouterr().err.startswith("routematch: ")


def test_check_walks_through_a_scenario(tmp_path, capsys):
    """Hours in which nobody may serve are problems with exit status 1; a fine scenario has none."""
    output = tmp_path / "may.toml"
    main(["scenario", str(log(tmp_path)), "--output", str(output)])
    capsys.readouterr()

    assert main(["check", str(output)]) == 0
    assert "nothing to complain about" in capsys.readouterr().out
    output.write_text(output.read_text(encoding="utf-8").replace("loans = 1.0", "cards = 1.0"), encoding="utf-8")
    assert main(["check", str(output), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["problems"] == 1
    assert found["findings"][0]["place"] == "conversation_types[0].requires"
