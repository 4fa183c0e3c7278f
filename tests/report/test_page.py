"""The HTML page: one file, no script, escaped, readable without colours, with numbers under each picture."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from typing import ClassVar

import pytest

from routematch.errors import ContractError, MissingExtraError
from routematch.report import Chart, Column, Mark, Reportable, Series, Table, html, write
from routematch.report.chart import KINDS

jinja2 = pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")

NAN = float("nan")
EVIL = "<script>alert('x')</script> & \"quotes\" $x$"


def chart(kind: str, *, name: str = "first") -> Chart:
    """Return a chart with everything a kind can have."""
    ends = {} if kind == "heat" else {"low": (0.1, NAN, 0.3), "high": (0.3, NAN, 0.6)}
    series = (Series(name, (0.2, NAN, 0.5), **ends), Series("second", (0.4, 0.5, 0.6)))
    return Chart(
        f"A {kind}",
        kind,
        ("one", "two", "three"),
        series,
        x_label="x",
        y_label="y",
        unit="share",
        marks=(Mark(0.8, "80 %"), Mark(1.0, "here", axis="x")),
    )


class Result:
    """Something a report can be written of."""

    title = "A result"
    kinds: ClassVar = ("line",)

    def tables(self):
        return (
            Table("First", (Column("type"), Column("n", "count")), (("billing", 3.0),), page="first", note="A note."),
            Table("Later", (Column("type"),), (("sales",),)),
            Table("Empty", (Column("type"),), ()),
        )

    def charts(self):
        return (*(chart(kind) for kind in self.kinds), Chart("Nothing", "line", ("a",), (Series("s", (NAN,)),)))

    def findings(self):
        return ("One thing.", "Another.")

    def facts(self):
        return {"seed": "7"}


class Tags(HTMLParser):
    """Collects tags, and checks that they are closed in order."""

    VOID: ClassVar = {"meta", "br", "link", "img", "hr"}

    def __init__(self, page: str):
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict]] = []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page() -> str:
    """Return the page of a result."""
    return html(Result())


def test_the_page_is_one_well_formed_file(page):
    """Every tag is closed; nothing is loaded from anywhere; there is no script."""
    tags = Tags(page)

    assert page.startswith("<!DOCTYPE html>")
    names = {tag for tag, _ in tags.seen}
    assert not names & {"script", "link", "img", "iframe", "object"}
    assert not [
        value for _, attrs in tags.seen for name, value in attrs.items() if name in {"src", "onload", "onclick"}
    ]
    loaded = [attrs.get("xlink:href", attrs.get("href", "#")) for _, attrs in tags.seen]
    assert all(each.startswith("#") for each in loaded)
    assert "@import" not in page
    assert "url(http" not in page


def test_the_page_holds_what_it_was_given(page):
    """Title, findings, tables by place, charts, facts and versions are all there; what is empty is not."""
    assert "<title>A result</title>" in page
    order = [page.index(part) for part in ("One thing.", ">First<", "A note.", "A line", ">Later<", "seed", "versions")]
    assert order == sorted(order)
    assert "Empty" not in page
    assert "Nothing" not in page
    assert isinstance(Result(), Reportable)


def test_pictures_have_words_and_numbers(page):
    """Each picture says in words what it is, and its numbers stand under it."""
    figure = page[page.index("<figure>") : page.index("</figure>")]

    assert 'role="img" aria-label="A line"' in figure
    assert "<details" in figure
    assert "20.0 ± 10.0 %" in figure


def test_pictures_take_their_colours_from_the_page(page):
    """No placeholder is left, so that pictures read in the dark too; fonts are those of the page."""
    assert not re.search(r"#0[14]0[25]0[36]|#0a0b0", page)
    assert "var(--series-1)" in page
    assert "DejaVu" not in page


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_drawn(kind):
    """Each kind draws gaps, intervals and marks, and many or few labels."""
    result = Result()
    result.kinds = (kind,)
    Tags(html(result))

    many = tuple(f"{i // 2:02d}:{i % 2 * 3}0" for i in range(48))
    wide = Chart("Wide", kind, many, (Series("s", range(48)),), unit="agents")
    long = Chart(
        "Long", kind, ("a very long name of a type indeed", "b" * 80), (Series("s", (1.0, 0.0)),), unit="seconds"
    )
    none = Chart("None", kind, (), ())
    result.charts = lambda: (wide, long, none)
    Tags(html(result))


def test_hostile_names_are_harmless():
    """Names of types cannot smuggle in tags, formulas or scripts."""
    result = Result()
    result.title = EVIL
    result.tables = lambda: (Table(EVIL, (Column(EVIL),), ((EVIL,),), note=EVIL, page="first"),)
    hostile = Chart(
        EVIL, "bar", (EVIL, "b"), (Series(EVIL, (1.0, 2.0)),), x_label=EVIL, marks=(Mark(1.0, EVIL),), note=EVIL
    )
    heat = Chart(EVIL, "heat", (EVIL, "$\\frac$"), (Series("$_$", (1.0, 2.0)),))
    result.charts = lambda: (hostile, heat)
    result.findings = lambda: (EVIL,)
    result.facts = lambda: {EVIL: EVIL}

    made = html(result)
    assert "script" not in {tag for tag, _ in Tags(made).seen}
    assert "<script" not in made


def test_the_same_result_gives_the_same_bytes():
    """Nothing in the page depends on when it was written."""
    assert html(Result()) == html(Result())


def test_writing_gives_the_path(tmp_path):
    """`write` takes a path and a title and returns where the page is."""
    path = write(Result(), str(tmp_path / "page.html"), title="Another title")

    assert "<title>Another title</title>" in path.read_text(encoding="utf-8")


def test_a_result_needs_only_tables_and_charts():
    """Findings, facts and title are welcome, not needed; anything else is refused by name."""

    class Bare:
        def tables(self):
            return ()

        def charts(self):
            return ()

    assert "<title>Report</title>" in html(Bare())
    with pytest.raises(ContractError, match="int"):
        html(7)


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_missing_packages_name_the_extra(package, monkeypatch):
    """Without jinja2 or matplotlib the error says what to install."""
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(MissingExtraError, match=r"routematch\[report\]"):
        html(Result())
