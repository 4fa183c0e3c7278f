"""Puts the digests of several replications side by side, though their groups may differ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.metrics.digest import Digest
from routematch.metrics.measured import Measured, over_replications, student_t
from routematch.metrics.metric import Metric
from routematch.model import Interval

__all__ = ["Pooled"]

Axes = tuple[str, ...]


@frozen(eq=False)
class Pooled:
    """All replications of one policy.

    Attributes
    ----------
    digests : tuple of Digest
        At least one.
    """

    digests: tuple[Digest, ...]

    def has(self, axes: Axes) -> bool:
        """Whether anything was measured by these axes."""
        return any(axes in digest.groups for digest in self.digests)

    def names(self, axes: Axes) -> tuple[tuple[str, ...], ...]:
        """Return all names along each axis, in order of appearance."""
        measured = [digest.groups[axes] for digest in self.digests if axes in digest.groups]
        return tuple(
            tuple(dict.fromkeys(name for grouped in measured for name in grouped.names[place]))
            for place in range(len(axes))
        )

    def metrics(self, axes: Axes) -> tuple[Metric, ...]:
        """Return the metrics measured by these axes."""
        return next((digest.groups[axes].metrics for digest in self.digests if axes in digest.groups), ())

    def values(self, axes: Axes, metric: str, names: Sequence[Sequence[str]] | None = None) -> NDArray[np.float64]:
        """Return one metric of all replications, shape (R, *groups), NaN for a group that a replication lacks."""
        wanted = self.names(axes) if names is None else names
        table = np.full((len(self.digests), *(len(each) for each in wanted)), np.nan)
        for row, digest in enumerate(self.digests):
            if axes not in digest.groups or metric not in [each.name for each in digest.groups[axes].metrics]:
                continue
            grouped = digest.groups[axes]
            if all(tuple(mine) == tuple(theirs) for mine, theirs in zip(grouped.names, wanted, strict=True)):
                table[row] = grouped[metric]
                continue
            found = [
                _places(mine, theirs) for mine, theirs in zip(grouped.names, wanted, strict=True)
            ]  # where the names wanted stand
            inside = np.ix_(*(np.flatnonzero(places >= 0) for places in found))
            table[row][inside] = grouped[metric][np.ix_(*(places[places >= 0] for places in found))]
        return table

    def mean(self, axes: Axes, metric: str, names: Sequence[Sequence[str]] | None = None) -> NDArray[np.float64]:
        """Return the mean of one metric over replications, shape (*groups)."""
        mean, _, _ = student_t(self.values(axes, metric, names))
        return mean

    def cells(self, axes: Axes, metric: str, names: Sequence[Sequence[str]] | None = None) -> NDArray[np.object_]:
        """Return one metric as cells of a table, shape (*groups): intervals over replications, or bare numbers."""
        values = self.values(axes, metric, names)
        return as_cells(values, self.digests[0].settings.confidence)

    def total(self, metric: str) -> Measured:
        """Return one metric of the whole, over replications, or over parts of the time where there is only one."""
        only = self.digests[0]
        if len(self.digests) == 1 and metric in only.intervals:
            return only.intervals[metric]
        return over_replications(self.values((), metric), confidence=only.settings.confidence)

    def total_cell(self, metric: str) -> Measured | float:
        """Return one metric of the whole for a table: without its interval where the run was too short for one."""
        total = self.total(metric)
        return total.mean if len(self.digests) == 1 and total.note else total


def as_cells(values: NDArray[np.float64], confidence: float) -> NDArray[np.object_]:
    """Return means over the first axis as cells: with intervals where there are two or more."""
    mean, half_width, count = student_t(values, confidence=confidence)
    cells = np.empty(mean.shape, np.object_)
    for place in np.ndindex(mean.shape):
        if count[place] == 0:
            cells[place] = None
        elif count[place] == 1:
            cells[place] = float(mean[place])
        else:
            reach = float(half_width[place])
            cells[place] = Interval(float(mean[place]), float(mean[place]) - reach, float(mean[place]) + reach)
    return cells


def _places(names: Sequence[str], wanted: Sequence[str]) -> NDArray[np.intp]:
    place = {name: i for i, name in enumerate(names)}
    return np.array([place.get(name, -1) for name in wanted], np.intp)
