"""Make every example in the README, the docs pages and the docstrings a test.

Python blocks and doctests run in order, and one page (or one module) is one story: names carry over. What a page says
is printed is compared with what was printed:

- a block under ``<!-- output -->`` is what the Python block before it prints;
- in a ``console`` block, the lines under ``$ routematch ...`` are what that command prints.

Three dots stand for anything, as in a doctest.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from sybil import Document, Example, Region, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.integration.pytest import SybilItem
from sybil.parsers.myst import CodeBlockParser, PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser
from sybil.parsers.rest import PythonCodeBlockParser as RestPythonCodeBlockParser

ROOT = Path(__file__).parent
OUTPUT_BLOCK = re.compile(r"^<!-- output -->\n+```\w*\n(?P<expected>.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (?P<command>routematch\b.*)\n(?P<expected>(?:(?!\$ ).*\n?)*)", re.MULTILINE)

#: What the examples of a page have printed since the last output block, kept under a name no example uses.
PRINTED = "printed by the last block"
#: How numpy printed before a page, kept likewise, and how it prints if nobody changes it, as far as pages do.
NUMPY_PRINTS = "how numpy printed before"
NUMPY_USUALLY = {"precision": 8, "suppress": False}


def difference(expected: str, printed: str) -> str | None:
    """Say how the text printed differs from the text shown, if it does."""
    expected, printed = ("".join(f"{line.rstrip()}\n" for line in text.splitlines()) for text in (expected, printed))
    if doctest.OutputChecker().check_output(expected, printed, doctest.ELLIPSIS):
        return None
    return f"The page shows:\n{expected}\nbut this was printed:\n{printed}"


def run_python(example: Example) -> None:
    """Run a Python block and remember what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        PythonEvaluator()(example)
    example.namespace[PRINTED] = printed.getvalue()


def compare_output(example: Example) -> str | None:
    """Compare an output block with what the block before it printed."""
    return difference(example.parsed, example.namespace.get(PRINTED, ""))


def output_blocks(document: Document) -> Iterable[Region]:
    """Find the blocks that show what the block before them prints."""
    for match in OUTPUT_BLOCK.finditer(document.text):
        yield Region(match.start(), match.end(), match["expected"], compare_output)


def run_console(example: Example) -> str | None:
    """Run each ``$ routematch ...`` of a console block in a shell at the root, and compare what it prints."""
    scripts = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }
    for match in COMMAND.finditer(example.parsed):
        done = subprocess.run(
            match["command"],
            shell=True,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        wrong = difference(match["expected"], done.stdout)
        if wrong:
            return f"$ {match['command']} ended with status {done.returncode}.\n{wrong}"
    return None


def python_blocks(language: str) -> PythonCodeBlockParser:
    """Parse fenced blocks of Python, or of doctests when they begin with a prompt."""
    parser = PythonCodeBlockParser(doctest_optionflags=doctest.ELLIPSIS)
    parser.codeblock_parser = CodeBlockParser(language, run_python)
    return parser


def keep_printing(namespace: dict[str, object]) -> None:
    """Note how numpy prints before a page, which may change it."""
    if "numpy" in sys.modules:
        namespace[NUMPY_PRINTS] = sys.modules["numpy"].get_printoptions()


def restore_printing(namespace: dict[str, object]) -> None:
    """Let numpy print as before the page."""
    kept = namespace.get(NUMPY_PRINTS)
    if "numpy" in sys.modules:
        sys.modules["numpy"].set_printoptions(**(kept if isinstance(kept, dict) else NUMPY_USUALLY))


pages = Sybil(
    setup=keep_printing,
    teardown=restore_printing,
    parsers=[
        python_blocks("python"),
        python_blocks("pycon"),
        output_blocks,
        CodeBlockParser("console", run_console),
        SkipParser(),
    ],
    patterns=["*.md"],
)

docstrings = Sybil(
    parsers=[DocTestParser(optionflags=doctest.ELLIPSIS), RestPythonCodeBlockParser()],
    patterns=["*.py"],
    path="src",
)

pytest_collect_file = (pages + docstrings).pytest()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the examples of a page back in order after the tests were shuffled; they come last."""
    examples = [item for item in items if isinstance(item, SybilItem)]
    tests = [item for item in items if not isinstance(item, SybilItem)]
    examples.sort(key=lambda item: (str(item.path), item.example.line, item.example.column))
    items[:] = [*tests, *examples]
