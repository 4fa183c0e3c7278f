"""Draws a chart as SVG with matplotlib, in colours that the page decides.

Every colour drawn is a placeholder that becomes a CSS variable, so that one picture reads on white, on black and on
paper. Lines differ by dash and marker too, not by colour alone.
"""

from __future__ import annotations

import io
import math
import re
from typing import TYPE_CHECKING, Any

from routematch.errors import MissingExtraError
from routematch.report.cells import shown
from routematch.report.chart import Chart, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["svg"]

#: Placeholders, and the variables of the page that take their place.
_INK = "#010203"
_GRID = "#040506"
_SERIES = tuple(f"#0a0b{i:02x}" for i in range(1, 7))
_VARIABLES = {_INK: "var(--ink)", _GRID: "var(--grid)"} | {
    color: f"var(--series-{i})" for i, color in enumerate(_SERIES, start=1)
}
_DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 2)),
    (0, (1.5, 1.5)),
    (0, (6, 2, 1.5, 2)),
    (0, (3, 1)),
    (0, (8, 2, 1, 2, 1, 2)),
)
_MARKERS = ("o", "s", "^", "D", "v", "P")
_WIDTH = 5.2
_MOST_MARKED = 16
_MOST_TICKS = 9
_MOST_NAMED = 12
_MOST_WRITTEN = 8
_SETTINGS = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10.0,
    "text.color": _INK,
    "text.parse_math": False,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "xtick.major.size": 3.0,
    "ytick.major.size": 0.0,
    "grid.color": _GRID,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "lines.linewidth": 1.8,
}


def svg(chart: Chart) -> str:
    """Return a chart as an SVG element to stand inside an HTML page.

    The page gives the variables ``--ink``, ``--grid`` and ``--series-1`` to ``--series-6``.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("report", "a chart") from error
    with rc_context(_SETTINGS | {"svg.hashsalt": chart.title}):
        figure = Figure(figsize=(_WIDTH, _height(chart)), layout="constrained")
        axes = figure.add_subplot()
        _DRAWERS[chart.kind](figure, axes, chart)
        _label(axes, chart)
        written = io.StringIO()
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _as_element(written.getvalue(), chart)


def _height(chart: Chart) -> float:
    if chart.kind == "heat":
        return 1.5 + 0.26 * max(len(chart.series), 3)
    if chart.kind == "dots":
        return 1.1 + 0.3 * max(len(chart.labels) * len(chart.series), 3)
    return 3.1 + 0.2 * math.ceil(len(chart.series) / 3)


def _as_element(document: str, chart: Chart) -> str:
    """Strip what only files need, put variables in place of colours, and say in words what is shown."""
    element = document[document.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    element = re.sub(r'<g id="[^"]*"', "<g", element)  # the same in every picture
    element = re.sub(r'(<svg\b[^>]*?) width="[^"]*"', r"\1", element, count=1)
    element = re.sub(r'(<svg\b[^>]*?) height="[^"]*"', r"\1", element, count=1)
    element = re.sub("|".join(_VARIABLES), lambda found: _VARIABLES[found.group()], element)
    element = re.sub(r"font: (\S+) [^;\"]*", r"font: \1 var(--font)", element)
    element = re.sub(r"font-family: [^;\"]*", "font-family: var(--font)", element)
    return element.replace("<svg", f'<svg role="img" aria-label="{_escaped(chart.title)}"', 1).strip()


def _escaped(words: str) -> str:
    return words.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")


def _label(axes: Axes, chart: Chart) -> None:
    if chart.kind not in {"dots", "heat"}:
        axes.set_xlabel(chart.x_label)
        axes.set_ylabel(chart.y_label)
        axes.grid(axis="y")


def _positions(chart: Chart) -> list[float]:
    return list(chart.positions) or [float(i) for i in range(len(chart.labels))]


def _ticks(chart: Chart) -> tuple[list[float], list[str]]:
    """Return some of the labels and where they stand, so that they do not run into each other."""
    longest = max((len(label) for label in chart.labels), default=1)
    most = max(2, min(_MOST_TICKS, 56 // (longest + 1)))
    step = max(1, math.ceil(len(chart.labels) / most))
    if step > 2 and len(chart.labels) % 24 == 0:
        step = next(each for each in (4, 6, 8, 12, 24, 48, len(chart.labels)) if each >= step)
    places = _positions(chart)[::step]
    return places, [_short(label, 16) for label in chart.labels[::step]]


def _lines(figure: Figure, axes: Axes, chart: Chart, *, stepped: bool = False) -> None:  # noqa: ARG001 - one form
    places = _positions(chart)
    marked = len(places) <= _MOST_MARKED
    for i, series in enumerate(chart.series):
        look = {"color": _color(i), "linestyle": _DASHES[i % len(_DASHES)], "label": _short(series.name)}
        if stepped:
            axes.step([*places, places[-1] + 1] if places else [], _closed(series), where="post", **look)
        else:
            axes.plot(places, series.values, marker=_MARKERS[i % 6] if marked else None, markersize=4, **look)
        if series.low:
            axes.fill_between(places, series.low, series.high, color=_color(i), alpha=0.15, linewidth=0)
    if chart.positions:
        axes.set_xlim(min(places, default=0.0), max(places, default=1.0))
        axes.xaxis.set_major_locator(_few(whole=all(place == round(place) for place in places)))
    else:
        axes.set_xticks(*_ticks(chart))
    _scale(axes, chart)
    _legend(axes, chart)


def _closed(series: Series) -> list[float]:
    return [*series.values, series.values[-1]] if series.values else []


def _steps(figure: Figure, axes: Axes, chart: Chart) -> None:
    _lines(figure, axes, chart, stepped=True)


def _bars(figure: Figure, axes: Axes, chart: Chart) -> None:  # noqa: ARG001 - one form for all kinds
    width = 0.8 / max(len(chart.series), 1)
    for i, series in enumerate(chart.series):
        places = [place - 0.4 + width * (i + 0.5) for place in range(len(chart.labels))]
        axes.bar(places, series.values, width=0.92 * width, color=_color(i), label=_short(series.name))
        if series.low:
            axes.errorbar(
                places, series.values, yerr=_reach(series), fmt="none", ecolor=_INK, elinewidth=1.2, capsize=2.5
            )
    axes.set_xticks(range(len(chart.labels)), [_short(label) for label in chart.labels])
    _turn_where_long(axes, chart)
    _scale(axes, chart)
    _legend(axes, chart)


def _turn_where_long(axes: Axes, chart: Chart) -> None:
    """Turn the labels below where side by side they would run into each other."""
    if sum(min(len(label), 22) + 2 for label in chart.labels) > 50:
        axes.tick_params(axis="x", labelrotation=35)
        for tick in axes.get_xticklabels():
            tick.set_horizontalalignment("right")
            tick.set_rotation_mode("anchor")


def _dots(figure: Figure, axes: Axes, chart: Chart) -> None:  # noqa: ARG001 - as _bars
    count = len(chart.series)
    axes.axvline(0.0, color=_INK, linewidth=1.0)
    for i, series in enumerate(chart.series):
        places = [place + 0.6 * ((i + 0.5) / count - 0.5) for place in range(len(chart.labels))]
        reach = _reach(series) if series.low else None
        axes.errorbar(
            series.values,
            places,
            xerr=reach,
            fmt=_MARKERS[i % 6],
            color=_color(i),
            markersize=5,
            elinewidth=1.5,
            capsize=3,
            label=_short(series.name),
        )
    axes.set_yticks(range(len(chart.labels)), [_short(label) for label in chart.labels])
    axes.set_ylim(len(chart.labels) - 0.5, -0.5)
    axes.xaxis.set_major_formatter(_formatter(chart.unit, is_difference=True))
    axes.xaxis.set_major_locator(_few())
    axes.set_xlabel(chart.x_label or chart.y_label)
    axes.grid(axis="x")
    _legend(axes, chart)


def _heat(figure: Figure, axes: Axes, chart: Chart) -> None:
    import numpy as np

    cells = np.ma.masked_invalid([list(series.values) for series in chart.series] or [[math.nan]])
    top = {"vmin": 0.0, "vmax": 1.0} if chart.unit == "share" else {"vmin": 0.0}
    drawn = axes.pcolormesh(cells, cmap="cividis", edgecolors="face", linewidth=0.4, **top)
    axes.set_yticks([i + 0.5 for i in range(len(chart.series))], [_short(series.name) for series in chart.series])
    axes.set_ylim(len(chart.series), 0)
    if len(chart.labels) <= _MOST_NAMED:
        axes.set_xticks([i + 0.5 for i in range(len(chart.labels))], [_short(label) for label in chart.labels])
        _turn_where_long(axes, chart)
        if len(chart.labels) <= _MOST_WRITTEN:
            _write_in_cells(axes, chart)
    else:
        axes.set_xticks(*_ticks(chart))
    axes.set_xlabel(chart.x_label)
    for spine in axes.spines.values():
        spine.set_visible(False)
    scale = figure.colorbar(drawn, ax=axes, format=_formatter(chart.unit), aspect=30, pad=0.02)
    scale.outline.set_visible(False)
    scale.ax.yaxis.set_major_locator(_few())


_DRAWERS = {"line": _lines, "step": _steps, "bar": _bars, "dots": _dots, "heat": _heat}


def _write_in_cells(axes: Axes, chart: Chart) -> None:
    """Write numbers into cells that are large enough, dark on light colours and light on dark ones."""
    largest = max((value for series in chart.series for value in series.values if value > 0), default=1.0)
    top = 1.0 if chart.unit == "share" else largest
    for i, series in enumerate(chart.series):
        for j, value in enumerate(series.values):
            if not math.isnan(value):
                said = f"{100 * value:.0f} %" if chart.unit == "share" else shown(value, chart.unit)
                color = "#000000" if value > top / 2 else "#ffffff"
                axes.text(j + 0.5, i + 0.5, said, ha="center", va="center", fontsize=8.5, color=color)


def _reach(series: Series) -> list[list[float]]:
    ends = zip(series.values, series.low, series.high, strict=True)
    pairs = [(max(value - low, 0.0), max(high - value, 0.0)) for value, low, high in ends]
    return [[below for below, _ in pairs], [above for _, above in pairs]]


def _scale(axes: Axes, chart: Chart) -> None:
    for mark in chart.marks:
        line = axes.axhline if mark.axis == "y" else axes.axvline
        line(mark.at, color=_INK, linewidth=1.0, linestyle=(0, (2, 2)), label="_")
        if mark.axis == "y":
            _annotate(axes, mark.name, (1.0, mark.at), (3, 0), axes.get_yaxis_transform())
        else:
            _annotate(axes, mark.name, (mark.at, 0.0), (3, 6), axes.get_xaxis_transform())
    axes.yaxis.set_major_formatter(_formatter(chart.unit))
    axes.yaxis.set_major_locator(_few())
    known = [value for series in chart.series for value in (*series.values, *series.low) if not math.isnan(value)]
    if known and min(known) >= 0:
        axes.set_ylim(bottom=0.0)
    if chart.unit == "share" and known and max(known) > 0.6:
        axes.set_ylim(top=1.02)


def _annotate(axes: Axes, name: str, place: tuple[float, float], apart: tuple[int, int], transform: object) -> None:
    axes.annotate(name, place, apart, transform, "offset points", va="center", fontsize=9, annotation_clip=False)


def _few(*, whole: bool = False) -> Any:  # noqa: ANN401 - a class of an optional package
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(5, integer=whole)


def _formatter(unit: str, *, is_difference: bool = False) -> Any:  # noqa: ANN401 - as _few
    from matplotlib.ticker import FuncFormatter

    def tick(value: float, place: int | None) -> str:  # noqa: ARG001 - the form of matplotlib
        if unit == "share":
            mark = "pp" if is_difference else "%"
            return f"{100 * value:+g} {mark}" if is_difference and value else f"{100 * value:g} {mark}"
        return shown(round(value, 9), "count" if value == round(value) else unit, is_difference=is_difference)

    return FuncFormatter(tick)


def _legend(axes: Axes, chart: Chart) -> None:
    if len(chart.series) > 1:
        columns = min(len(chart.series), max(1, 56 // (max(len(_short(series.name)) for series in chart.series) + 8)))
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, borderaxespad=0.2, handlelength=2.2)


def _color(place: int) -> str:
    return _SERIES[place % len(_SERIES)]


def _short(label: str, most: int = 22) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}…"
