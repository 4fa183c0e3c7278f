"""What a calibration found: observed numbers beside simulated ones, misfits in sentences, curves over the day."""

from __future__ import annotations

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from routematch.metrics import METRICS
from routematch.model import Interval
from routematch.report import Chart, Column, Series, Table, text
from routematch.simulation.scenario import Scenario

__all__ = ["Calibration", "Compared", "Misfit", "limits"]

_MOST_SHOWN = 12
_NOTE = (
    "The range is where one more replication would lie with a chance of 95 %. A misfit lies outside of what holds for "
    "all such numbers together, and is off by an amount that matters."
)

Floats = NDArray[np.float64]


@frozen(eq=False)
class Compared:
    """Numbers of several metrics for each group, observed and simulated.

    Attributes
    ----------
    axes : tuple of str
    names : tuple of tuple of str
        Of each axis.
    metrics : tuple of str
    observed, simulated : ndarray of float64, shape (M, *groups along each axis)
        NaN where nothing is known; simulated ones are means over replications.
    low, high : ndarray of float64, same shape
        Where a further replication would lie with a chance of 95 %.
    misfit : ndarray of bool, same shape
    """

    axes: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    metrics: tuple[str, ...]
    observed: Floats
    simulated: Floats
    low: Floats
    high: Floats
    misfit: NDArray[np.bool_]

    def table(self, title: str) -> Table:
        """Return a table: a row for each group and metric, with where a further replication would lie."""
        heads = [Column(axis.replace("_", " ")) for axis in self.axes]
        columns = (*heads, Column("measure"), Column("observed"), Column("simulated, expected range"), Column("misfit"))
        rows: list[tuple[str | float | Interval | None, ...]] = []
        units = []
        for key in np.ndindex(self.observed.shape[1:]):
            words = [names[i] for names, i in zip(self.names, key, strict=True)]
            for m, name in enumerate(self.metrics):
                place = (m, *key)
                if np.nan_to_num(self.observed[place]) or np.nan_to_num(self.simulated[place]):
                    low, high = limits(METRICS[name].unit, float(self.low[place]), float(self.high[place]))
                    expected = Interval(float(self.simulated[place]), low, high)
                    misfit = "misfit" if self.misfit[place] else ""
                    rows.append((*words, METRICS[name].title.lower(), _cell(self.observed[place]), expected, misfit))
                    units.append(METRICS[name].unit)
        page = "first" if self.axes == ("conversation_type",) else "later"
        return Table(title, columns, tuple(rows), note=_NOTE, page=page, row_units=tuple(units))

    def wide_table(self, title: str) -> Table:
        """Return a table: a row for each group, observed beside simulated for each metric; misfits are named."""
        heads = [Column(axis.replace("_", " ")) for axis in self.axes]
        for name in self.metrics:
            metric = METRICS[name]
            short = metric.abbreviation or metric.title
            heads += [Column(f"{short} observed", unit=metric.unit), Column(f"{short} simulated", unit=metric.unit)]
        rows = []
        for key in np.ndindex(self.observed.shape[1:]):
            cells: list[str | float | Interval | None] = [names[i] for names, i in zip(self.names, key, strict=True)]
            known = False
            for m in range(len(self.metrics)):
                place = (m, *key)
                known |= bool(np.nan_to_num(self.observed[place]) or np.nan_to_num(self.simulated[place]))
                cells += [_cell(self.observed[place]), _cell(self.simulated[place])]
            marks = [self.metrics[m] for m in range(len(self.metrics)) if self.misfit[(m, *key)]]
            if known:
                rows.append(
                    (*cells, ", ".join(METRICS[name].abbreviation or METRICS[name].title.lower() for name in marks))
                )
        return Table(title, (*heads, Column("misfit")), tuple(rows))


def limits(unit: str, low: float, high: float) -> tuple[float, float]:
    """Return the range within what is possible."""
    return (max(low, 0.0), min(high, 1.0) if unit == "share" else high)


def _cell(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


@frozen
class Misfit:
    """A number in which the simulation is not like what was observed.

    Attributes
    ----------
    where : str
        The group, in words; empty for everything.
    metric : str
    observed, simulated : float
    low, high : float
        Where a further replication would lie.
    """

    where: str
    metric: str
    observed: float
    simulated: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return a sentence."""
        title, unit = METRICS[self.metric].title, METRICS[self.metric].unit
        numbers = [_shown(value, unit) for value in (self.observed, self.simulated, self.low, self.high)]
        place = f"{self.where}: " if self.where else ""
        observed, simulated, low, high = numbers
        return f"{place}{title.lower()} {observed} observed, {simulated} simulated ({low} to {high} expected)"


def _shown(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value:.1%}"
    return f"{value:,.0f} s" if unit == "seconds" else f"{value:,.0f}"


@frozen(eq=False)
class Calibration:
    """How a scenario compares with what was observed.

    Attributes
    ----------
    scenario : Scenario
    policy : str
    replications, seed : int
    compared : tuple of Compared
        By type, by half-hour of the day, by both, and occupancy by agent group and by half-hour.
    misfits : tuple of Misfit
        The largest first, in deviations from what was expected.
    notes : tuple of str
        What could not be compared.
    """

    scenario: Scenario
    policy: str
    replications: int
    seed: int
    compared: tuple[Compared, ...]
    misfits: tuple[Misfit, ...]
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        """Of a report."""
        return f"{self.scenario.name}: simulated against observed"

    def findings(self) -> tuple[str, ...]:
        """Return what to know first, as sentences."""
        if not self.misfits:
            return ("Nothing observed is unlike the simulation.", *self.notes)
        first = f"{len(self.misfits)} numbers are unlike what was observed; the largest misfits are these."
        return (first, *map(str, self.misfits[:3]), *self.notes)

    def facts(self) -> dict[str, str]:
        """Return what it was made with."""
        return {
            "scenario": self.scenario.name,
            "policy": self.policy,
            "replications": str(self.replications),
            "seed": str(self.seed),
            "expected range": "where one more replication would lie with a chance of 95 % (Student t)",
        }

    def tables(self) -> tuple[Table, ...]:
        """Return what a report shows."""
        titles = {
            ("conversation_type",): "By conversation type",
            ("time_of_day",): "By half-hour of the day",
            ("conversation_type", "time_of_day"): "By type and half-hour",
            ("agent_group",): "By agent group",
        }
        found = [
            part.wide_table(titles[part.axes]) if "time_of_day" in part.axes else part.table(titles[part.axes])
            for part in self.compared
        ]
        rows = [(str(entry),) for entry in self.misfits]
        return (*found, Table("Misfits", (Column("misfit"),), tuple(rows)))

    def charts(self) -> tuple[Chart, ...]:
        """Return curves over the day, observed and simulated."""
        (day,) = (part for part in self.compared if part.axes == ("time_of_day",) and "arrivals" in part.metrics)
        return tuple(_curve(day, m) for m in range(len(day.metrics)))

    def __str__(self) -> str:
        """Return the tables by type and group, and the misfits, as text."""
        shown = [
            text(evolve(part.table(f"Observed, and simulated by {self.policy}"), note=""))
            for part in self.compared
            if part.axes in {("conversation_type",), ("agent_group",)}
        ]
        numbers, count = sum(part.observed.size for part in self.compared), len(self.misfits)
        lines = [f"{count} misfit{'' if count == 1 else 's'} in {numbers:,} numbers"]
        lines += [f"  {misfit}" for misfit in self.misfits[:_MOST_SHOWN]]
        lines += [f"  ... and {count - _MOST_SHOWN} more"] if count > _MOST_SHOWN else []
        return "\n\n".join([*shown, "\n".join([*lines, *self.notes])])


def _curve(day: Compared, m: int) -> Chart:
    metric = METRICS[day.metrics[m]]
    ends = [limits(metric.unit, *pair) for pair in zip(day.low[m].tolist(), day.high[m].tolist(), strict=True)]
    low, high = zip(*ends, strict=True)
    simulated = Series("simulated", day.simulated[m], low, high)
    series = (Series("observed", day.observed[m]), simulated)
    title = f"{metric.title} by time of day"
    return Chart(title, "line", day.names[0], series, x_label="time of day", unit=metric.unit)
