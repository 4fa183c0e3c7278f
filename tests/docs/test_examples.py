"""The scripts in `examples/` print what the file beside them says they print.

A script that runs for long, or is a small program of several files, has tests of its own in `tests/examples/` instead.
"""

from __future__ import annotations

import difflib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(path for path in ROOT.glob("examples/**/*.py") if "__main__" in path.read_text(encoding="utf-8"))


def run(script: Path) -> str:
    """Return what a script prints, in a terminal of 100 columns without colours."""
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONHASHSEED": "random", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def shown(path: Path) -> str:
    """Name a script by its place in the repository."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("script", [script for script in SCRIPTS if script.with_suffix(".out").exists()], ids=shown)
def test_example_prints_what_is_stored(script: Path):
    """`examples/x.py` prints exactly what `examples/x.out` holds.

    To renew it: ``COLUMNS=100 NO_COLOR=1 python examples/x.py > examples/x.out``, then read the difference.
    """
    stored = script.with_suffix(".out").read_text(encoding="utf-8").splitlines()
    printed = run(script).splitlines()

    changes = list(difflib.unified_diff(stored, printed, "stored", "printed", lineterm="", n=1))
    assert not changes, "\n".join(changes)


@pytest.mark.parametrize("script", SCRIPTS, ids=shown)
def test_every_example_is_run(script: Path):
    """A script has its output stored beside it, or a file of tests that bears its name or the name of its folder."""
    tests = [ROOT / "tests" / "examples" / f"test_{name}.py" for name in (script.stem, script.parent.name)]

    assert script.with_suffix(".out").exists() or any(path.exists() for path in tests)
