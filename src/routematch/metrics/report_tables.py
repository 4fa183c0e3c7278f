"""The tables of a report: the summary, what each channel and type brought, and the details behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from routematch.metrics.comparison import Difference, compare
from routematch.metrics.measured import Measured
from routematch.metrics.measuring import column_of, head_of
from routematch.metrics.metric import Metric
from routematch.metrics.pooling import Pooled, as_cells
from routematch.report import Cell, Column, Table

__all__ = ["NET", "all_tables", "differences", "net_of"]

Policies = Mapping[str, Pooled]

#: Measures of the first page, where they are known.
_SUMMARY = (
    "arrivals",
    "value",
    "staff_cost",
    "handling_cost",
    "service_level",
    "average_speed_of_answer",
    "wait_p90",
    "abandonment",
    "first_contact_resolution",
    "satisfaction",
    "mean_handle_time",
    "occupancy",
    "occupancy_fairness",
    "good_share_fairness",
    "wait_gini",
)
#: Measures in which policies are compared.
COMPARED = (
    "value",
    "handling_cost",
    "service_level",
    "average_speed_of_answer",
    "wait_p90",
    "abandonment",
    "first_contact_resolution",
    "satisfaction",
    "occupancy_fairness",
)
#: Measures whose change is shown by channel and type; for many policies the first alone.
_CHANGES = (("value", "value"), ("handling_cost", "cost"), ("service_level", "service level"))
_MOST_IN_FULL = 2
NET = "Value - cost"
_MOST_FIRST_ROWS = 16
_MOST_AGENTS = 100
_MOST_NAMED = 4

_TITLES = {
    "conversation_type": "By type",
    "channel": "By channel",
    "queue": "By queue",
    "agent_group": "By agent group",
    "time_of_day": "By time of day",
    "agent": "By agent",
}


def all_tables(policies: Policies) -> Iterator[Table]:
    """Give every table, those of the first page first."""
    yield _summary(policies)
    axes = _value_axes(policies)
    if axes:
        yield _value_and_cost(policies, axes)
    if len(policies) > 1:
        yield _comparison(policies)
    yield _everything(policies)
    for axis, title in _TITLES.items():
        for name, pooled in policies.items():
            if pooled.has((axis,)):
                yield _details(pooled, axis, f"{title}: {name}" if len(policies) > 1 else title)


# --- the first page ---------------------------------------------------------------------------------------------------


def _summary(policies: Policies) -> Table:
    first = next(iter(policies.values()))
    metrics = {metric.name: metric for metric in first.metrics(())}
    shown = [name for name in _SUMMARY if any(not np.isnan(p.values((), name)).all() for p in policies.values())]
    changes = differences(policies, shown) if len(policies) == 2 else {}
    columns = [Column("measure"), *(Column(name) for name in policies)]
    columns += [Column(f"{list(policies)[1]} - {next(iter(policies))}", is_difference=True)] if changes else []
    rows: list[list[Cell]] = []
    for name in shown:
        cells: list[Cell] = [head_of(metrics[name]), *(pooled.total_cell(name) for pooled in policies.values())]
        rows.append([*cells, *([changes[name][0].change] if changes else [])])
    return Table(
        "Summary",
        tuple(columns),
        tuple(map(tuple, rows)),
        note=_method(policies, shown),
        page="first",
        row_units=tuple(metrics[name].unit for name in shown),
    )


def _method(policies: Policies, names: Sequence[str]) -> str:
    """Say how the intervals of the summary were made, and what speaks against them."""
    with_interval: dict[str, Measured] = {}
    notes: dict[str, list[str]] = {}
    for name in names:
        for pooled in policies.values():
            total = pooled.total(name)
            if isinstance(pooled.total_cell(name), Measured) and not np.isnan(total.half_width):
                with_interval[total.method] = total
            if total.note and name not in notes.setdefault(total.note, []):
                notes[total.note].append(name)
    said = ["No intervals."]
    if with_interval:
        confidence = next(iter(with_interval.values())).confidence
        said = [f"After ±: half of the {100 * confidence:g} % interval, by {' or '.join(sorted(with_interval))}."]
    for note, whose in notes.items():
        named = ", ".join(each.replace("_", " ") for each in whose)
        measures = named if len(whose) <= _MOST_NAMED else f"{len(whose)} of {len(names)} measures"
        said.append(f"{note[0].upper()}{note[1:]} ({measures}).")
    return " ".join(said)


def _value_axes(policies: Policies) -> tuple[str, ...]:
    """Return the finest of channel and type that was measured; one channel alone says nothing."""
    has_channels = any(
        pooled.has(("channel",)) and len(pooled.names(("channel",))[0]) > 1 for pooled in policies.values()
    )
    both = ("channel", "conversation_type")
    for axes in (*([both] if has_channels else []), ("conversation_type",), ("channel",)):
        if any(pooled.has(axes) for pooled in policies.values()):
            return axes
    return ()


def net_of(pooled: Pooled, axes: tuple[str, ...], names: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    """Return value minus cost of handling, shape (R, *groups)."""
    return pooled.values(axes, "value", names) - pooled.values(axes, "handling_cost", names)


def _value_and_cost(policies: Policies, axes: tuple[str, ...]) -> Table:
    """Return value, cost and what is left, for each channel and type; for several policies how these change."""
    names = next(iter(policies.values())).names(axes)
    heads = [Column({"conversation_type": "type"}.get(axis, axis)) for axis in axes]
    parts = _change_columns(policies, axes, names) if len(policies) > 1 else _value_columns(policies, axes, names)
    parts = [(column, cells) for column, cells in parts if any(cell is not None for cell in cells.ravel())]
    counts = sum(np.nan_to_num(pooled.mean(axes, "arrivals", names)) for pooled in policies.values())
    keys = sorted(np.ndindex(*(len(each) for each in names)), key=lambda key: -float(np.asarray(counts)[key]))
    keys = [key for key in keys if np.asarray(counts)[key] > 0]
    rows = [
        (*(each[i] for each, i in zip(names, key, strict=True)), *(cells[key] for _, cells in parts))
        for key in keys[:_MOST_FIRST_ROWS]
    ]
    more = len(keys) - len(rows)
    notes = ["Cost is that of the time agents spent on conversations; idle time is not shared out."]
    notes = notes if any(column.unit == "money" for column, _ in parts) else []
    if len(policies) > 1:
        notes.append(f"Differences are to {next(iter(policies))}, on the same days.")
    if more:
        notes.append(f"{more} further rows with fewer conversations are in the tables below.")
    about = "What changes" if len(policies) > 1 else "Value and cost" if notes else "Value"
    title = f"{about} by {' and '.join(column.head for column in heads)}"
    return Table(title, (*heads, *(column for column, _ in parts)), tuple(rows), note=" ".join(notes), page="first")


Part = tuple[Column, NDArray[np.object_]]


def _value_columns(policies: Policies, axes: tuple[str, ...], names: Sequence[Sequence[str]]) -> list[Part]:
    pooled = next(iter(policies.values()))
    parts: list[Part] = []
    for metric in pooled.metrics(axes):
        if metric.name in {"wait_p90", "mean_handle_time"}:
            continue
        parts.append((column_of(metric), _plain(pooled.mean(axes, metric.name, names))))
        if metric.name == "handling_cost":
            mean = pooled.mean(axes, "value", names) - pooled.mean(axes, "handling_cost", names)
            parts.append((Column(NET, unit="money"), _plain(mean)))
    return parts


def _change_columns(policies: Policies, axes: tuple[str, ...], names: Sequence[Sequence[str]]) -> list[Part]:
    (first, base), *others = policies.items()
    metrics = {metric.name: metric for metric in base.metrics(axes)}
    parts: list[Part] = [(column_of(metrics["arrivals"]), _plain(base.mean(axes, "arrivals", names)))]
    parts.append((Column(f"Value, {first}", unit="sum"), _plain(base.mean(axes, "value", names))))
    parts.append((Column(f"Cost, {first}", unit="money"), _plain(base.mean(axes, "handling_cost", names))))
    for name, pooled in others:
        for measure, head in _CHANGES if len(others) <= _MOST_IN_FULL else _CHANGES[:1]:
            change = _change(base.values(axes, measure, names), pooled.values(axes, measure, names))
            cells = as_cells(change, base.digests[0].settings.confidence)
            whose = f", {name}" if len(others) > 1 else ""
            parts.append((Column(f"change in {head}{whose}", unit=metrics[measure].unit, is_difference=True), cells))
    return parts


def _plain(mean: NDArray[np.float64]) -> NDArray[np.object_]:
    cells = mean.astype(np.object_)
    cells[np.isnan(mean)] = None
    return cells


def _change(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return second minus first, day by day; of the means where the days are not equally many."""
    if len(first) == len(second):
        return second - first
    from routematch.metrics.measured import student_t

    return (student_t(second)[0] - student_t(first)[0])[None]


# --- later pages ------------------------------------------------------------------------------------------------------


def differences(policies: Policies, metrics: Sequence[str] = COMPARED) -> dict[str, tuple[Difference, ...]]:
    """Compare every policy with the first in measures of the whole, where the same days were run.

    Returns
    -------
    dict from metric to tuple of Difference
        Nothing for a metric that is not known, or where the replications are not equally many.
    """
    found: dict[str, tuple[Difference, ...]] = {}
    confidence = next(iter(policies.values())).digests[0].settings.confidence
    for metric in metrics:
        values = {name: pooled.values((), metric) for name, pooled in policies.items()}
        if len({each.shape for each in values.values()}) == 1 and len(values) > 1:
            found[metric] = compare(values, confidence=confidence)
    return found


def _comparison(policies: Policies) -> Table:
    metrics = {metric.name: metric for metric in next(iter(policies.values())).metrics(())}
    rows: list[tuple[Cell, ...]] = []
    units: list[str] = []
    for name, found in differences(policies).items():
        for each in found:
            if not np.isnan(each.change.mean):
                verdict = "yes" if each.is_significant else "no"
                rows.append((head_of(metrics[name]), each.name, each.change, _chance(each.p_corrected), verdict))
                units.append(metrics[name].unit)
    return Table(
        f"Differences to {next(iter(policies))}",
        (
            Column("measure"),
            Column("policy"),
            Column("difference", is_difference=True),
            Column("p, corrected"),
            Column("clear"),
        ),
        tuple(rows),
        note="Paired by day, Student's t; for the number of policies p corrected by Holm, intervals by Bonferroni.",
        row_units=tuple(units),
    )


def _chance(p: float) -> str:
    if np.isnan(p):
        return "-"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _details(pooled: Pooled, axis: str, title: str) -> Table:
    names = pooled.names((axis,))[0]
    metrics = [metric for metric in pooled.metrics((axis,)) if not np.isnan(pooled.values((axis,), metric.name)).all()]
    cells = [pooled.cells((axis,), metric.name) for metric in metrics]
    some = [i for i in range(len(names)) if any(_says(column[i]) for column in cells)]
    rows = tuple((names[i], *(column[i] for column in cells)) for i in some[:_MOST_AGENTS])
    left_out = len(some) - len(rows)
    note = f"The first {len(rows)} of {len(some)}." if left_out else ""
    return Table(title, (Column(axis.replace("_", " ")), *(column_of(metric) for metric in metrics)), rows, note=note)


def _says(cell: object) -> bool:
    return cell is not None and cell != 0.0


def _everything(policies: Policies) -> Table:
    metrics: tuple[Metric, ...] = next(iter(policies.values())).metrics(())
    known = [m for m in metrics if any(not np.isnan(pooled.values((), m.name)).all() for pooled in policies.values())]
    return Table(
        "All measures, and what they count",
        (Column("measure"), *(Column(name) for name in policies), Column("what is counted")),
        tuple((head_of(m), *(pooled.total_cell(m.name) for pooled in policies.values()), m.meaning) for m in known),
        row_units=tuple(m.unit for m in known),
    )
