"""Write the reference: one page per rung of the ladder, and a page of the names at the top of the package.

The rungs and their order are read from the import contracts, so a new rung gets its page by standing on the ladder.
The pages are made anew by each build and are not kept under version control.
"""

from __future__ import annotations

import configparser
import importlib
import importlib.util
import inspect
import re
from pathlib import Path
from types import ModuleType

from sphinx.application import Sphinx

import routematch

DOCS = Path(__file__).parent
FOLDER = DOCS / "reference" / "generated"

PAGE = """\
# `routematch.{rung}`
{members}
```{{eval-rst}}
.. automodule:: routematch.{rung}
   :members:
```
"""

MEMBERS = """
| name in files | in code | what it is |
| --- | --- | --- |
{rows}
"""

NAMES = """\
# The names at the top

`import routematch as rm` gives these; each loads on first use.

| name | what it is |
| --- | --- |
{rows}
"""


def ladder() -> list[str]:
    """List the rungs that are built, from the top, as the import contracts state them."""
    contracts = configparser.ConfigParser()
    contracts.read(DOCS.parent / ".importlinter", encoding="utf-8")
    rungs = re.findall(r"\w+", contracts["importlinter:contract:ladder"]["layers"])
    return [rung for rung in rungs if importlib.util.find_spec(f"routematch.{rung}")]


def first_line(value: object) -> str:
    """Return the first line of a docstring, fit for a cell of a table."""
    return (inspect.getdoc(value) or "").partition("\n")[0].replace("|", "\\|")


def row(name: str, modules: list[ModuleType]) -> str:
    """Return the row of one public name, linked to the page of the rung that exports it."""
    value = getattr(routematch, name)
    home = next((module.__name__ for module in modules if name in getattr(module, "__all__", ())), None)
    if inspect.ismodule(value):
        target = f"{{py:mod}}`{name} <{value.__name__}>`"
    elif home and callable(value):
        target = f"{{py:obj}}`{name} <{home}.{name}>`"
    else:
        target = f"`{name}`"
    is_documented = callable(value) or inspect.ismodule(value)
    return f"| {target} | {first_line(value) if is_documented else f'the condition `{value}`'} |"


def members(rung: str, module: ModuleType) -> str:
    """Return the table of the members of a family, read from its registry, such as `TERMS` of `routematch.terms`."""
    names = (rung.upper(), "PRESETS", "LEARNERS")
    registry = next((getattr(module, name) for name in names if hasattr(module, name)), None)
    if not isinstance(registry, dict):
        return ""
    rows = [
        f"| `{name}` | {{py:obj}}`{made.__name__} <{module.__name__}.{made.__name__}>` | {first_line(member)} |"
        for name, member in registry.items()
        for made in [member if hasattr(member, "__name__") else type(member)]  # some families list members ready made
    ]
    return MEMBERS.format(rows="\n".join(rows))


def write(path: Path, text: str) -> None:
    """Write a page, but leave it alone when nothing changed, so that Sphinx need not read it again."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def write_pages(_app: Sphinx) -> None:
    """Write all pages of the reference that come from the code."""
    FOLDER.mkdir(exist_ok=True)
    rungs = ladder()
    for old in FOLDER.glob("*.md"):
        if old.stem not in {*rungs, "names", "rungs"}:
            old.unlink()
    modules = [importlib.import_module(f"routematch.{rung}") for rung in rungs]
    for rung, module in zip(rungs, modules, strict=True):
        write(FOLDER / f"{rung}.md", PAGE.format(rung=rung, members=members(rung, module)))
    names = getattr(routematch, "__all__", ())
    write(FOLDER / "names.md", NAMES.format(rows="\n".join(row(name, modules) for name in names)))
    listed = "\n".join(rungs)
    lines = "\n".join(f"- {{py:mod}}`{module.__name__}`: {first_line(module)}" for module in modules)
    write(FOLDER / "rungs.md", f"# The rungs\n\n{lines}\n\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n")


def setup(app: Sphinx) -> dict[str, bool]:
    """Let Sphinx call us before it looks for pages."""
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
