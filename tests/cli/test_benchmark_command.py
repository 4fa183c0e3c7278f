"""`routematch benchmark` and `routematch tune` show, write, verify, and refuse in sentences."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from routematch.cli import main
from routematch.policies import loads
from routematch.simulation import Scenario


def test_results_are_shown_written_and_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A results file passes; one that was touched does not."""
    file = tmp_path / "out.json"
    asked = ["benchmark", "--policy", "c_mu", "--suite", "S5@1", "--replications", "2"]
    assert main([*asked, "--format", "csv", "--output", str(file)]) == 0
    assert "S5@1,exact" in capsys.readouterr().out
    assert main(["benchmark", "--verify", str(file)]) == 0
    assert "every number is the same" in capsys.readouterr().out
    data = json.loads(file.read_text())
    data["cases"][0]["values"]["c_mu"][0] += 0.01
    file.write_text(json.dumps(data))
    assert main(["benchmark", "--verify", str(file)]) == 1
    assert "c_mu reaches" in capsys.readouterr().out


def test_unknown_policies_cases_and_formats_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage ends with status 2 and says what is known."""
    for wrong in (["--policy", "nothing"], ["--suite", "S99"], ["--format", "word"]):
        assert main(["benchmark", *wrong]) == 2
        assert "known" in capsys.readouterr().err


def test_tuning_writes_a_policy_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file can be read as a policy, and holds the evidence."""
    office = Scenario.from_rates(arrival=0.03, service=0.01, patience=0.01, agents=[4], horizon=4_000.0)
    (tmp_path / "office.toml").write_text(office.dumps())
    numbers = ["--candidates", "2", "--replications", "2", "--evaluations", "2"]
    ranges = ["--weight", "aging_rate=0:0.01", "--constraint", "abandonment=0.9"]
    output = tmp_path / "tuned.toml"
    assert main(["tune", str(tmp_path / "office.toml"), *numbers, *ranges, "--output", str(output)]) == 0
    assert "incumbent" in capsys.readouterr().out
    assert loads(output.read_text()).verdict["tuned"]["trials"] == 3


def test_ranges_that_cannot_be_read_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A range without its ends says how it is written."""
    office = Scenario.from_rates(arrival=0.03, service=0.01, patience=0.01, agents=[4], horizon=4_000.0)
    (tmp_path / "office.toml").write_text(office.dumps())
    assert main(["tune", str(tmp_path / "office.toml"), "--weight", "aging_rate=much"]) == 2
    assert "PATH=LOW:HIGH" in capsys.readouterr().err
