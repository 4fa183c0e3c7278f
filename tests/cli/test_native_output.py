"""What compiled code prints cannot spoil the answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NOISY = """
import ctypes

class Noisy:
    def decide(self, view, generator):
        ctypes.CDLL(None).printf(b"a line from compiled code\\n")
        return {}
"""


@pytest.mark.skipif(os.name != "posix", reason="the C library is found otherwise there")
def test_lines_of_compiled_code_go_to_standard_error(tmp_path: Path):
    """Standard output holds the plan alone, even where a C library printed and kept it in its buffer."""
    (tmp_path / "noisy.py").write_text(NOISY, encoding="utf-8")
    (tmp_path / "input.json").write_text(
        '{"agents": [{"id": "ana"}], "conversations": [{"id": "chat"}]}', encoding="utf-8"
    )
    command = [sys.executable, "-m", "routematch", "route", "input.json", "--json", "--policy", "noisy:Noisy"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)

    assert json.loads(done.stdout)["held"][0]["conversation"] == "chat"
    assert "a line from compiled code" in done.stderr
