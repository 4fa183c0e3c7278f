"""Writes one self-contained HTML page: no script, no second file, readable on paper, on a phone, and in the dark.

Whatever has ``tables()`` and ``charts()`` can be written. The first page holds the findings and the tables that say
they belong there; charts follow, each with its numbers; then the other tables, and what it was made with.
"""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Protocol, runtime_checkable

from routematch.errors import ContractError, MissingExtraError
from routematch.report.cells import shown_rows
from routematch.report.chart import Chart
from routematch.report.drawing import svg
from routematch.report.table import Table

__all__ = ["Reportable", "html", "write"]

#: Tables of more rows are folded on a screen.
_FOLDED_FROM = 13


@runtime_checkable
class Reportable(Protocol):
    """What a report can be written of.

    It may also have ``title`` (text), ``findings()`` (sentences for the top of the first page) and ``facts()`` (a
    mapping from names to text: seeds, versions, what was run).
    """

    def tables(self) -> Sequence[Table]:
        """Return the tables, in order."""
        ...

    def charts(self) -> Sequence[Chart]:
        """Return the charts, in order."""
        ...


def write(result: Reportable, path: str | Path, *, title: str | None = None) -> Path:
    """Write the report of a result as one HTML page.

    Parameters
    ----------
    result : Reportable
        Anything with `tables()` and `charts()`.
    path : str or Path
    title : str, optional
        The title of the result, or "Report", where left out.

    Returns
    -------
    Path

    Raises
    ------
    ContractError
        When the result is of another kind.
    MissingExtraError
        Without jinja2 and matplotlib.
    """
    target = Path(path)
    target.write_text(html(result, title=title), encoding="utf-8")
    return target


def html(result: Reportable, *, title: str | None = None) -> str:
    """Return the report of a result as one HTML page; arguments and errors as `write`."""
    try:
        import jinja2
    except ImportError as error:
        raise MissingExtraError("report", "a report") from error
    if not (callable(getattr(result, "tables", None)) and callable(getattr(result, "charts", None))):
        message = f"a report is written of what has tables() and charts(); {type(result).__name__} has not"
        raise ContractError(message)
    tables = [table for table in result.tables() if table.rows]
    charts = [chart for chart in result.charts() if not chart.is_empty]
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    template = environment.from_string((resources.files(__package__) / "page.html.jinja").read_text("utf-8"))
    rendered: str = template.render(
        title=title or getattr(result, "title", None) or "Report",
        findings=_sentences(result),
        first=[_shown(table) for table in tables if table.page == "first"],
        later=[_shown(table) for table in tables if table.page != "first"],
        charts=[(chart, svg(chart), _shown(chart.table())) for chart in charts],
        facts=_facts(result),
    )
    return rendered


def _sentences(result: object) -> list[str]:
    find = getattr(result, "findings", None)
    return [str(sentence) for sentence in find()] if callable(find) else []


def _facts(result: object) -> dict[str, str]:
    """Return what the result says of itself, then the versions it was written with."""
    tell = getattr(result, "facts", None)
    told: Mapping[str, object] = tell() if callable(tell) else {}
    versions = ", ".join(f"{name} {_version(name)}" for name in ("routematch", "numpy", "scipy", "matplotlib"))
    return {
        **{name: str(fact) for name, fact in told.items()},
        "versions": f"{versions}, Python {platform.python_version()}",
    }


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


def _shown(table: Table) -> dict[str, object]:
    """Return a table as the template reads it: text in every cell, and where it stands."""
    numeric = [table.is_numeric(place) for place in range(len(table.columns))]
    return {
        "title": table.title,
        "note": table.note,
        "heads": list(zip([column.head for column in table.columns], numeric, strict=True)),
        "rows": [list(zip(row, numeric, strict=True)) for row in shown_rows(table)],
        "folded": len(table.rows) >= _FOLDED_FROM,
    }
