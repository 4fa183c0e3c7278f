"""Pages say what is true: their blocks are run, their links lead somewhere, their commands are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(path for path in ROOT.glob("docs/**/*.md") if "_build" not in path.parts)])

#: Kinds of fenced blocks: the first are run by the conftest at the root, the others show what is no code of ours.
RUN = {"python", "pycon", "console"}
SHOWN = {"text", "toml", "json", "csv", "bash", "ini", "markdown"}

FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<kind>[^\n]*)\n.*?^(?P=ticks)$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")


def shown(path: Path) -> str:
    """Name a page by its place in the repository."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_block_says_what_it_is(page: Path):
    """A fenced block names a kind we know, so that none is left unrun by a slip of spelling."""
    kinds = [match["kind"].strip() for match in FENCE.finditer(page.read_text(encoding="utf-8"))]

    assert not [kind for kind in kinds if kind not in RUN | SHOWN and not kind.startswith("{")]


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_links_inside_the_repository_lead_somewhere(page: Path):
    """A relative link names a file or folder that exists."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    targets = [match["target"].partition("#")[0] for match in LINK.finditer(text)]
    inside = [target for target in targets if target and ":" not in target]

    assert not [target for target in inside if not (page.parent / target).exists()]


@pytest.mark.parametrize("name", ["main", "tests"])
def test_readme_states_the_command(name: str):
    """The README has the marked block that the checks read and run."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    assert re.search(rf"^<!-- command: {name} -->\n\n?```bash\n[^`]+\n```$", text, re.MULTILINE)


def test_contributing_names_the_check_command():
    """The guide names the one command, and that command is there to run."""
    assert ".ci/check" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert (ROOT / ".ci" / "check").stat().st_mode & 0o111


def test_citation_and_package_agree():
    """The version to cite is the version of the package."""
    version = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)

    assert version
    assert f"version: {version[1]}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
