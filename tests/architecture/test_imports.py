"""Who may import whom, and what importing may do."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter import cli as import_linter

import routematch

ROOT = Path(__file__).parents[2]
PACKAGE = Path(routematch.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))

#: Never loaded by `import routematch`: too heavy for a web worker that may not need them.
HEAVY = ("scipy", "networkx", "hypothesis", "matplotlib", "typer", "rich", "pandas", "pyarrow", "numba")


def in_fresh_process(code: str) -> object:
    """Run code in a new interpreter that turns warnings into errors, and read back the JSON it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, encoding="utf-8", check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def shown(path: Path) -> str:
    """Name a source file as the ladder does."""
    return str(path.relative_to(PACKAGE))


def test_import_contracts_hold(capsys, monkeypatch):
    """The ladder and the other import contracts hold; the message names the import that breaks them."""
    monkeypatch.chdir(ROOT)

    status = import_linter.lint_imports(config_filename=str(ROOT / ".importlinter"), no_cache=True)

    assert status == import_linter.EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_import_stays_light():
    """`import routematch` loads neither a heavy package nor an optional one."""
    code = "import json, sys, routematch; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"

    assert not set(in_fresh_process(code)) & set(HEAVY)


@pytest.mark.skipif(not (PACKAGE / "model").exists(), reason="the nouns are not built yet")
def test_nouns_do_without_numpy():
    """`routematch.model` can be imported where numpy cannot."""
    code = "import json, sys; sys.modules['numpy'] = None; import routematch.model; print(json.dumps('imported'))"

    assert in_fresh_process(code) == "imported"


STATE = """
import json, logging, random, sys, warnings
import numpy as np

def state():
    return {
        "warning filters": repr(warnings.filters),
        "handlers of the root logger": repr(logging.getLogger().handlers),
        "level of the root logger": logging.getLogger().level,
        "random": repr(random.getstate()),
        "numpy.random": repr(np.random.get_state()),
        "numpy error state": repr(np.geterr()),
        "numpy print options": repr(np.get_printoptions()),
        "excepthook": repr(sys.excepthook),
        "recursion limit": sys.getrecursionlimit(),
    }

before = state()
import routematch
for name in routematch.__all__:
    getattr(routematch, name)
after = state()
print(json.dumps([what for what in before if before[what] != after[what]]))
"""


def test_importing_changes_nothing():
    """Loading every public name leaves warnings, logging, chance and numpy settings as they were."""
    assert in_fresh_process(STATE) == []


def calls(tree: ast.AST) -> set[str]:
    """Name every function called in a syntax tree: ``eval``, ``pickle.loads``, ``yaml.load``."""
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("path", SOURCES, ids=shown)
def test_no_file_runs_its_input(path: Path):
    """Nothing that comes in is ever evaluated as code."""
    forbidden = {"eval", "exec", "compile", "pickle.load", "pickle.loads", "marshal.loads", "yaml.load", "os.system"}

    assert not calls(ast.parse(path.read_text(encoding="utf-8"))) & forbidden


@pytest.mark.parametrize("path", SOURCES, ids=shown)
def test_modules_import_from_rungs_not_from_the_top(path: Path):
    """No module imports the package's own face: that would hide which rung it depends on."""
    rungs = {entry.stem for entry in PACKAGE.iterdir()}
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    whole = [name for node in nodes if isinstance(node, ast.Import) for name in node.names if name.name == "routematch"]
    single = [
        name.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == "routematch"
        for name in node.names
        if name.name not in rungs
    ]

    assert not [*whole, *single]
