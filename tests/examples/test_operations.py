"""The operations example: from a messy log to one table, the same bytes every time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "operations"


def run(*arguments: str) -> str:
    """Return what the example prints."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(EXAMPLE / "answer.py"), *arguments]
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8", env=environment).stdout


def test_a_manager_gets_one_table(tmp_path):
    """With two replications: the log is read, nothing misfits badly, and every option has its row and its sentence."""
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    page = tmp_path / "answer.html"

    shown = run("--replications", "2", "--report", str(page))

    assert "dropped      46  given twice" in shown
    table = shown.partition("3. What it would bring")[2]
    for label in ("as it is", "train 3 in spanish", "low: 2 at once on chat", "1 more in", "10 % more", "all together"):
        assert label in table
    assert page.read_text(encoding="utf-8").count("<svg") == 1


@pytest.mark.slow
def test_what_is_stored_is_what_it_prints():
    """The stored output is reproduced to the byte."""
    assert run() == (EXAMPLE / "answer.out").read_text(encoding="utf-8")
