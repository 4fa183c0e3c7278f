"""The charts of a report: load and staff over the day, waits, who was busy, who served what, fairness, differences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from routematch.metrics.measured import student_t
from routematch.metrics.pooling import Pooled
from routematch.report import Chart, Mark, Series

__all__ = ["all_charts"]

Policies = Mapping[str, Pooled]
Floats = NDArray[np.float64]

_MOST_SERIES = 6
_MOST_ROWS = 40
_TARGET = 0.8


def all_charts(policies: Policies) -> Iterator[Chart]:
    """Give every chart for which anything is known; pictures of one policy are of the last."""
    name, last = list(policies.items())[-1]
    of = f", {name}" if len(policies) > 1 else ""
    yield _load_and_staff(last, of)
    yield _level_by_time(policies)
    yield _waits_by_type(last, of)
    yield from _occupancy_map(last, of)
    yield from _who_serves_what(last, of)
    yield from _fairness(policies)
    if len(policies) > 1:
        yield from _differences_by_type(policies)


def _load_and_staff(pooled: Pooled, of: str) -> Chart:
    axes = ("time_of_day",)
    shown = {"offered_load": "load offered", "busy_agents": "agents at work", "staffed_agents": "agents there"}
    labels, seen = _times(pooled)
    series = [Series(name, pooled.mean(axes, metric)[seen]) for metric, name in shown.items()]
    return Chart(
        f"Load and staff by time of day{of}",
        "line",
        labels,
        tuple(each for each in series if not np.isnan(each.values).all()),
        x_label="time of day",
        y_label="agents",
        unit="agents",
        note="Load offered is arrivals times handle time: the agents it would keep busy.",
    )


def _level_by_time(policies: Policies) -> Chart:
    first = next(iter(policies.values()))
    labels, seen = _times(first)
    series = []
    for name, pooled in list(policies.items())[:_MOST_SERIES]:
        mean, half_width, count = student_t(pooled.values(("time_of_day",), "service_level"))
        reach = np.where(count > 1, half_width, np.nan)[seen]
        some = not np.isnan(reach).all()
        middle = mean[seen]
        ends = (np.clip(middle - reach, 0, 1), np.clip(middle + reach, 0, 1)) if some else ((), ())
        series.append(Series(name, middle, *ends))
    within = first.digests[0].settings.within
    return Chart(
        f"Answered within {within:g} s by time of day",
        "line",
        labels,
        tuple(series),
        x_label="time of day",
        y_label="service level",
        unit="share",
        marks=(Mark(_TARGET, "80 %"),),
        note="By time of arrival." + (" Bands are intervals over days." if any(each.low for each in series) else ""),
    )


def _times(pooled: Pooled) -> tuple[tuple[str, ...], slice]:
    """Return the times of day from the first to the last at which anything happens, and where they stand."""
    axes = ("time_of_day",)
    names = pooled.names(axes)[0]
    happens = np.zeros(len(names), bool)
    for metric in ("arrivals", "staffed_agents"):
        happens |= np.nan_to_num(pooled.mean(axes, metric)) > 0
    seen = np.flatnonzero(happens)
    part = slice(int(seen[0]), int(seen[-1]) + 1) if len(seen) else slice(0, 0)
    return names[part], part


def _waits_by_type(pooled: Pooled, of: str) -> Chart:
    settings = pooled.digests[0].settings
    axes = ("conversation_type",)
    names = pooled.names(axes)[0] if pooled.has(axes) else ()
    counts = pooled.mean(axes, "arrivals") if names else np.zeros(0)
    largest = [names[i] for i in np.argsort(-np.nan_to_num(counts), kind="stable")[:_MOST_SERIES]]
    limits = pooled.digests[0].limits
    series = []
    for name in largest:
        curves = [digest.answered_within[name] for digest in pooled.digests if name in digest.answered_within]
        series.append(Series(name, student_t(np.array(curves))[0]))
    return Chart(
        f"Answered within a time, by type{of}",
        "line",
        tuple(f"{limit:g} s" for limit in limits),
        tuple(series),
        positions=limits,
        x_label="seconds since arrival",
        y_label="share answered",
        unit="share",
        marks=(Mark(_TARGET, "80 %"), Mark(settings.within, f"{settings.within:g} s", axis="x")),
        note="The service level for every limit; where lines cross, a type is better or worse depending on the limit."
        if len(series) > 1
        else "",
    )


def _occupancy_map(pooled: Pooled, of: str) -> Iterator[Chart]:
    for axis in ("agent_group", "agent"):
        axes = (axis, "time_of_day")
        if pooled.has(axes):
            labels, seen = _times(pooled)
            rows, _ = pooled.names(axes)
            cells = pooled.mean(axes, "occupancy")[:, seen]
            shown = [i for i in range(len(rows)) if not np.isnan(cells[i]).all()][:_MOST_ROWS]
            who = axis.replace("_", " ")
            yield Chart(
                f"Occupancy by {who} and time of day{of}",
                "heat",
                labels,
                tuple(Series(rows[i], cells[i]) for i in shown),
                x_label="time of day",
                unit="share",
            )
            return


def _who_serves_what(pooled: Pooled, of: str) -> Iterator[Chart]:
    for axis in ("agent_group", "agent"):
        axes = (axis, "conversation_type")
        if pooled.has(axes):
            rows, types = pooled.names(axes)
            counts = np.nan_to_num(pooled.mean(axes, "arrivals"))
            total = counts.sum(axis=1, keepdims=True)
            shares = np.divide(counts, total, out=np.full_like(counts, np.nan), where=total > 0)
            shown = np.flatnonzero(total[:, 0] > 0)[:_MOST_ROWS]
            largest = np.sort(np.argsort(-counts.sum(axis=0), kind="stable")[:12])
            yield Chart(
                f"Who serves what{of}",
                "heat",
                tuple(types[j] for j in largest),
                tuple(Series(rows[i], shares[i, largest]) for i in shown),
                x_label="type",
                unit="share",
                note=f"Of the conversations of each {axis.replace('_', ' ')}, which part is of which type.",
            )
            return


def _fairness(policies: Policies) -> Iterator[Chart]:
    axes = ("agent",)
    series = []
    for name, pooled in list(policies.items())[:_MOST_SERIES]:
        if pooled.has(axes):
            each = pooled.mean(axes, "occupancy")
            series.append(Series(name, np.sort(each[~np.isnan(each)])))
    size = max((len(each.values) for each in series), default=0)
    equal = tuple(each for each in series if len(each.values) == size)
    if size > 1:
        yield Chart(
            "How evenly agents are busy",
            "line",
            tuple(str(i + 1) for i in range(size)),
            equal,
            positions=tuple(range(1, size + 1)),
            x_label="agents, the least busy first",
            y_label="occupancy",
            unit="share",
            note="A flat line is fair.",
        )


def _differences_by_type(policies: Policies) -> Iterator[Chart]:
    axes = ("conversation_type",)
    (first, base), *others = policies.items()
    if not base.has(axes) or any(len(pooled.digests) != len(base.digests) for _, pooled in others):
        return
    names = base.names(axes)
    counts = np.nan_to_num(base.mean(axes, "arrivals"))
    rows = np.argsort(-counts, kind="stable")[:12]
    for metric, title, unit in (("service_level", "Service level", "share"), ("value", "Value", "sum")):
        series = []
        for name, pooled in others[:_MOST_SERIES]:
            change = pooled.values(axes, metric, names) - base.values(axes, metric, names)
            mean, half_width, _ = student_t(change)
            some = len(base.digests) > 1
            ends = ((mean - half_width)[rows], (mean + half_width)[rows]) if some else ((), ())
            series.append(Series(name, mean[rows], *ends))
        yield Chart(
            f"{title} against {first}, by type",
            "dots",
            tuple(names[0][i] for i in rows),
            tuple(series),
            x_label=f"{title.lower()}, difference to {first}",
            unit=unit,
            note="To the right of the line: more than the first policy, on the same days.",
        )
