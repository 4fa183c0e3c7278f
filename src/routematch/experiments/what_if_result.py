"""The answer to a what-if: one table, one picture, a few sentences."""

from __future__ import annotations

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.experiments.what_if_changes import Change, Concurrency, Training
from routematch.metrics.comparison import Difference, compare
from routematch.metrics.measured import Measured, over_replications
from routematch.report import Cell, Chart, Column, Mark, Series, Table
from routematch.simulation.scenario import Scenario

__all__ = ["Option", "WhatIf", "signed"]

Floats = NDArray[np.float64]


@frozen(eq=False)
class Option:
    """One row of the answer.

    Attributes
    ----------
    label : str
    scenario : Scenario
    values : dict from measure to ndarray of float64, shape (R,)
        ``service_level``, ``abandonment``, ``mean_wait``, and ``value`` for a month; the same place is the same day.
    cost : float
        Of agents on shift in a month.
    once : ndarray of float64, shape (R,)
        What trainings cost once, as a share for each month.
    """

    label: str
    scenario: Scenario = field(repr=False)
    values: dict[str, Floats] = field(repr=False)
    cost: float
    once: Floats = field(repr=False)

    @property
    def gain(self) -> Floats:
        """Value less cost in a month, shape (R,)."""
        return self.values["value"] - self.cost - self.once


@frozen(eq=False)
class WhatIf:
    """What changes would bring. Made by `what_if`; `report.write` takes it.

    Attributes
    ----------
    scenario : Scenario
        As it is.
    policy : str
    options : tuple of Option
        As it is first; all together last, where there is more than one change.
    changes : tuple of Change
        With those who are trained by name.
    seed : int
    within : float
        Seconds of the service level.
    months : float
    confidence : float
    """

    scenario: Scenario
    policy: str
    options: tuple[Option, ...]
    changes: tuple[Change, ...]
    seed: int
    within: float
    months: float
    confidence: float

    @property
    def title(self) -> str:
        """What was asked about."""
        return f"What if: {self.scenario.name}"

    @property
    def replications(self) -> int:
        """How many days each option was tried on."""
        return len(self.options[0].once)

    def measure(self, label: str, measure: str) -> Measured:
        """Return a measure of one option: those of `Option.values`, ``gain`` or ``once``."""
        return over_replications(self._values(self._option(label), measure), confidence=self.confidence)

    def differences(self, measure: str) -> dict[str, Difference]:
        """Return how far each option is from the place as it is; intervals cover all options together."""
        values = {option.label: self._values(option, measure) for option in self.options}
        return {each.name: each for each in compare(values, confidence=self.confidence)}

    def _option(self, label: str) -> Option:
        return next(option for option in self.options if option.label == label)

    @staticmethod
    def _values(option: Option, measure: str) -> Floats:
        if measure == "cost":
            return np.full(len(option.once), option.cost)
        found: Floats = getattr(option, measure) if measure in {"gain", "once"} else option.values[measure]
        return found

    @property
    def has_costs(self) -> bool:
        """Whether anything costs something."""
        return any(option.cost or option.once.any() for option in self.options)

    def table(self) -> Table:
        """Return the one table: an option a row, differences with intervals."""
        changed = {name: self.differences(name) for name in ("service_level", "abandonment", "value", "gain")}
        rows: list[tuple[Cell, ...]] = []
        for option in self.options:
            row: list[Cell] = [option.label]
            for name in ("service_level", "abandonment"):
                row += [float(np.nanmean(option.values[name])), self._change(changed[name], option)]
            row += [self._change(changed["value"], option)]
            if self.has_costs:
                base = self.options[0]
                extra = option.cost - base.cost + float(option.once.mean())
                row += [None if option is base else extra, self._change(changed["gain"], option)]
            gain = changed["gain"].get(option.label)
            row.append("" if gain is None else "yes" if gain.is_significant else "no")
            rows.append(tuple(row))
        money = [Column("Cost a month", "money", is_difference=True), Column("Gain a month", "sum", is_difference=True)]
        columns = (
            Column("What changes"),
            Column(f"Service level, {self.within:g} s", "share"),
            Column("Change", "share", is_difference=True),
            Column("Give up", "share"),
            Column("Change", "share", is_difference=True),
            Column("Value a month", "sum", is_difference=True),
            *(money if self.has_costs else []),
            Column("Sure"),
        )
        note = (
            f"All options on the same {self.replications} runs of {self.scenario.horizon / 86_400:.3g} days, routed by "
            f"{self.policy}. Value, cost and gain are changes against the first row, with "
            f"{self.confidence:.0%} intervals for all rows together."
        )
        if any(option.once.any() for option in self.options):
            note += f" What training costs once is spread over {self.months:g} months."
        return Table(self.title, columns, tuple(rows), note=note, page="first")

    @staticmethod
    def _change(found: dict[str, Difference], option: Option) -> Measured | None:
        return found[option.label].change if option.label in found else None

    def tables(self) -> tuple[Table, ...]:
        """Return what a report shows: the answer, then who is trained."""
        rows = [
            (change.label, ", ".join(change.agents), change.hours * len(change.agents))
            for change in self.changes
            if isinstance(change, Training) and not isinstance(change.agents, int)
        ]
        columns = (Column("Training"), Column("Who"), Column("Hours away", "count"))
        return (self.table(), *([Table("Who is trained", columns, tuple(rows))] if rows else []))

    def charts(self) -> tuple[Chart, ...]:
        """Return the one picture: gain a month by option, around nothing gained."""
        changes = self.differences("gain")
        found = [changes[option.label].change for option in self.options[1:]]
        series = Series("", [f.mean for f in found], [f.low for f in found], [f.high for f in found])
        what = "Gain a month, value less cost" if self.has_costs else "Value gained a month"
        labels = tuple(option.label for option in self.options[1:])
        note = "Right of the line is better than as it is. Where a bar crosses the line, these days cannot tell."
        return (Chart(what, "dots", labels, (series,), unit="sum", marks=(Mark(0.0, "as it is", "x"),), note=note),)

    def findings(self) -> tuple[str, ...]:
        """Return the answer in sentences."""
        gains, levels = self.differences("gain"), self.differences("service_level")
        found = []
        for option in self.options[1:]:
            gain, level = gains[option.label], levels[option.label].change
            says = (
                f"{signed(gain.change.mean)} a month ({signed(gain.change.low)} to {signed(gain.change.high)})"
                if gain.is_significant
                else "cannot be told from nothing gained on these days"
            )
            found.append(f"{_capital(option.label)}: {says}; service level {100 * level.mean:+.1f} points.")
        found += [
            f"Nobody has yet had {change.at_once} at once on {change.channel}: low, middle and high are assumptions, "
            "from nothing more done than at the highest level known to no slowing down beyond it."
            for change in self.changes
            if isinstance(change, Concurrency) and len(change.variants(self.scenario)) > 1
        ]
        return tuple(found)

    def facts(self) -> dict[str, str]:
        """Return what it was made with."""
        return {"policy": self.policy, "seed": str(self.seed), "runs": str(self.replications)}

    def to_data(self) -> dict[str, object]:
        """Return the answer as plain data."""
        names = ("service_level", "abandonment", "mean_wait", "value", "gain")
        changes = {name: self.differences(name) for name in names}
        options = []
        for option in self.options:
            data: dict[str, object] = {"label": option.label, "cost": option.cost, "once": float(option.once.mean())}
            for name in names:
                data[name] = float(np.nanmean(self._values(option, name)))
                if option.label in changes[name]:
                    change = changes[name][option.label].change
                    data[f"{name}_change"] = [change.mean, change.low, change.high]
            options.append(data)
        trained = {
            c.label: list(c.agents) for c in self.changes if isinstance(c, Training) and isinstance(c.agents, tuple)
        }
        return {"schema": "routematch/what-if/1", "seed": self.seed, "options": options, "trained": trained}


def signed(amount: float) -> str:
    """Write an amount with its sign."""
    return f"{amount:+,.0f}" if abs(amount) >= 100 else f"{amount:+.3g}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
