"""Asks metrics about a ledger: for everything, or by type, agent, channel, queue and time of day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.errors import ContractError, Faults
from routematch.metrics.breakdown import Breakdown
from routematch.metrics.family import METRICS
from routematch.metrics.metric import Metric, is_metric
from routematch.metrics.time_grid import HALF_HOUR
from routematch.report import Column, Table
from routematch.state import Ledger

__all__ = ["Grouped", "MetricLike", "as_metrics", "by", "measure", "measures"]

MetricLike = Metric | str


@frozen(eq=False)
class Grouped:
    """Numbers of several metrics for each group.

    Attributes
    ----------
    axes : tuple of str
    names : tuple of tuple of str
        Of each axis.
    metrics : tuple of Metric
    values : ndarray of float64, shape (M, ...), the groups of each axis behind the metrics
        NaN where the ledger says nothing.
    """

    axes: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    metrics: tuple[Metric, ...]
    values: NDArray[np.float64]

    def __getitem__(self, metric: str) -> NDArray[np.float64]:
        """Return the numbers of one metric by name, in the shape of the axes."""
        for place, each in enumerate(self.metrics):
            if each.name == metric:
                row: NDArray[np.float64] = self.values[place]
                return row
        raise KeyError(metric)

    def table(self, title: str = "") -> Table:
        """Return a table: one row for each group about which anything is known, one column for each metric."""
        flat = self.values.reshape(len(self.metrics), -1)
        keys = [()] if not self.axes else list(np.ndindex(*(len(names) for names in self.names)))
        heads = [Column(axis.replace("_", " ")) for axis in self.axes]
        heads += [column_of(metric) for metric in self.metrics]
        rows = tuple(
            (*(names[i] for names, i in zip(self.names, key, strict=True)), *flat[:, place].tolist())
            for place, key in enumerate(keys)
            if not np.isnan(np.where(flat[:, place] == 0, np.nan, flat[:, place])).all()
        )
        return Table(title or " and ".join(head.head for head in heads[: len(self.axes)]), tuple(heads), rows)


def column_of(metric: Metric) -> Column:
    """Return the head of a metric's column: its title and the usual abbreviation."""
    return Column(head_of(metric), unit=metric.unit, better=metric.better)


def head_of(metric: Metric) -> str:
    """Return the title of a metric and its usual abbreviation."""
    return f"{metric.title} ({metric.abbreviation})" if metric.abbreviation else metric.title


def measure(ledger: Ledger, metric: MetricLike) -> float:
    """Return one number about a whole ledger; NaN where it says nothing.

    >>> measure(Ledger.of(arrived_at=[0.0, 10.0], answered_at=[5.0, 50.0]), "service_level")
    0.5
    """
    return float(as_metrics([metric])[0].measure(Breakdown.of(ledger))[0])


def measures(ledger: Ledger, metrics: Iterable[MetricLike] | None = None) -> dict[str, float]:
    """Return numbers about a whole ledger by name; all metrics where none are named."""
    groups = Breakdown.of(ledger)
    return {metric.name: float(metric.measure(groups)[0]) for metric in as_metrics(metrics)}


def by(
    ledger: Ledger,
    axis: str | Sequence[str],
    metrics: Iterable[MetricLike] | None = None,
    *,
    width: float = HALF_HOUR,
    zone: str = "UTC",
) -> Grouped:
    """Return numbers for each group.

    Parameters
    ----------
    ledger : Ledger
    axis : str, or sequence of str
        Of `AXES`: ``"conversation_type"``, ``"agent_group"``, ``("agent_group", "time_of_day")``.
    metrics : iterable of Metric or str, optional
        All where left out.
    width, zone : float and str
        Of the pieces of time, for ``"time_of_day"`` and ``"time"``.

    Returns
    -------
    Grouped

    Raises
    ------
    InvalidInputError
        For unknown axes, metrics and zones.
    ContractError
        When a metric returns another shape.
    """
    groups = Breakdown.of(ledger, (axis,) if isinstance(axis, str) else axis, width=width, zone=zone)
    chosen = as_metrics(metrics)
    values = [_checked(metric, groups) for metric in chosen]
    stacked = np.array(values, np.float64).reshape(len(chosen), *groups.shape)
    return Grouped(groups.axes, groups.names, chosen, stacked)


def _checked(metric: Metric, groups: Breakdown) -> NDArray[np.float64]:
    values = np.asarray(metric.measure(groups))
    if values.shape != (groups.size,):
        message = f"the metric {metric.name} promised one number for each of {groups.size} groups, gave {values.shape}"
        raise ContractError(message)
    return values.astype(np.float64)


def as_metrics(given: Iterable[MetricLike] | None) -> tuple[Metric, ...]:
    """Return metrics; names are looked up, None means all.

    Raises
    ------
    InvalidInputError
        For what is neither a metric nor the name of one.
    """
    if given is None:
        return tuple(METRICS.values())
    faults = Faults()
    found: list[Metric] = []
    for place, each in enumerate([given] if isinstance(given, str) else given):
        if isinstance(each, str) and each in METRICS:
            found.append(METRICS[each])
        elif isinstance(each, str):
            faults.unknown(each, known=METRICS, place=f"metrics[{place}]", what="metric")
        elif is_metric(each):
            found.append(each)
        else:
            faults.add("must be a metric, or the name of one", place=f"metrics[{place}]", given=each)
    faults.raise_if_any()
    return tuple(found)
