"""What a simulation found: one ledger for each replication, and numbers with intervals that say how they were made.

>>> from routematch.simulation import Scenario, simulate
>>> office = Scenario.from_rates(arrival=0.08, service=0.01, patience=0.005, agents=9, horizon=3600.0, seed=3)
>>> print(simulate(office, replications=8).measure("abandonment"))
0.0555 (0.0363 to 0.0746; Student t over 8 replications)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.metrics import METRICS, Grouped, LedgerReport, Metric, StaffCost, by, measures
from routematch.metrics.comparison import Difference, PairedConversations, difference, holm, paired
from routematch.metrics.cost import HandlingCost
from routematch.metrics.intervals import Measured, over_batches, over_replications
from routematch.metrics.measuring import MetricLike, as_metrics, head_of
from routematch.report import Chart, Column, Table
from routematch.simulation.reporting import report_of_results
from routematch.simulation.scenario import Scenario
from routematch.state import Ledger

if TYPE_CHECKING:
    from routematch.simulation.calibration_result import Calibration

__all__ = ["Comparison", "Result"]


@frozen(eq=False)
class Result:
    """What happened in the replications of one scenario under one policy.

    Attributes
    ----------
    scenario : Scenario
    policy : str
        Its name.
    fingerprint : str
        Of the policy as data; empty for code.
    seed : int
    ledgers : tuple of Ledger
        One for each replication, without the warm-up.
    """

    scenario: Scenario
    policy: str
    fingerprint: str
    seed: int
    ledgers: tuple[Ledger, ...]

    def __len__(self) -> int:
        """Return the number of replications."""
        return len(self.ledgers)

    @property
    def conversations(self) -> dict[str, NDArray[np.generic]]:
        """All conversations in columns, `replication` first; ids are rows of their replication."""
        tables = [ledger.columns() for ledger in self.ledgers]
        numbers = [np.full(len(ledger), number) for number, ledger in enumerate(self.ledgers)]
        columns: dict[str, NDArray[np.generic]] = {"replication": np.concatenate(numbers)}
        return columns | {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}

    def metric(self, metric: MetricLike) -> Metric:
        """Return a metric by name, with the cost per hour of the scenario's agent groups where it asks for one."""
        found = as_metrics([metric])[0]
        rates = {group.name: group.cost_per_hour for group in self.scenario.agent_groups if group.cost_per_hour}
        if isinstance(found, StaffCost | HandlingCost) and found.per_hour is None and rates:
            return evolve(found, per_hour=rates)
        return found

    def values(self, metric: MetricLike) -> NDArray[np.float64]:
        """Return one number for each replication, shape (R,); NaN where one says nothing."""
        chosen = self.metric(metric)
        return np.array([measures(ledger, [chosen])[chosen.name] for ledger in self.ledgers])

    def measure(self, metric: MetricLike, *, confidence: float = 0.95) -> Measured:
        """Return a number with its interval.

        Parameters
        ----------
        metric : Metric or str
            ``"service_level"``, ``"mean_wait"``, ``"abandonment"``, ``"occupancy"``, ...
        confidence : float

        Returns
        -------
        Measured
            By Student's t over replications; from a single replication by batches of time. Its note says when there
            was too little to go by.
        """
        chosen = self.metric(metric)
        if len(self.ledgers) == 1:
            return over_batches(self.ledgers[0], [chosen], confidence=confidence)[chosen.name]
        return over_replications(self.values(chosen), confidence=confidence)

    def by(self, axis: str | Sequence[str], metrics: Iterable[MetricLike] | None = None) -> Grouped:
        """Return numbers for each group, averaged over replications.

        Parameters
        ----------
        axis : str, or sequence of str
            ``"conversation_type"``, ``"agent_group"``, ``"channel"``, ``"queue"``, ``"agent"``, ``"time_of_day"``.
        metrics : iterable of Metric or str, optional
            All where left out.

        Returns
        -------
        Grouped
        """
        chosen = [self.metric(metric) for metric in (METRICS if metrics is None else as_metrics(metrics))]
        parts = [by(ledger, axis, chosen, zone=self.scenario.zone) for ledger in self.ledgers]
        stacked = np.array([part.values for part in parts])
        known = ~np.isnan(stacked)
        total = np.where(known, stacked, 0.0).sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return evolve(parts[0], values=total / known.sum(axis=0))

    def summary(self, metrics: Iterable[MetricLike] | None = None, *, confidence: float = 0.95) -> Table:
        """Return a table of all that is known, one row for each metric, with intervals.

        Parameters
        ----------
        metrics : iterable of Metric or str, optional
            All where left out.
        confidence : float

        Returns
        -------
        Table
        """
        rows, units = [], []
        for chosen in [self.metric(metric) for metric in (METRICS if metrics is None else as_metrics(metrics))]:
            measured = self.measure(chosen, confidence=confidence)
            if not np.isnan(measured.mean):
                rows.append((head_of(chosen), measured, measured.note))
                units.append(chosen.unit)
        columns = (Column("Measure"), Column(self.policy), Column("Note"))
        note = f"{len(self)} replications, {confidence:.0%} intervals, seed {self.seed}."
        return Table(f"{self.scenario.name}: {self.policy}", columns, tuple(rows), note=note, row_units=tuple(units))

    def report(
        self,
        *,
        within: float = 20.0,
        cost_per_hour: float | None = None,
        confidence: float = 0.95,
        calibration: Calibration | None = None,
    ) -> LedgerReport:
        """Return the report of it, for `report.write`; `tables`, `charts`, `findings` and `facts` are of its defaults.

        Parameters
        ----------
        within : float
            Limit of the service level, in seconds.
        cost_per_hour : float, optional
            Of agents of groups that state none.
        confidence : float
        calibration : Calibration, optional
            Its tables and charts are repeated at the end.

        Returns
        -------
        LedgerReport
        """
        return report_of_results(
            [self], within=within, cost_per_hour=cost_per_hour, confidence=confidence, calibration=calibration
        )

    @cached_property
    def _report(self) -> LedgerReport:
        return self.report()

    @property
    def title(self) -> str:
        """Of a report."""
        return self._report.title

    def tables(self) -> tuple[Table, ...]:
        """Return the tables of a report, those of the first page first."""
        return self._report.tables()

    def charts(self) -> tuple[Chart, ...]:
        """Return the charts of a report."""
        return self._report.charts()

    def findings(self) -> tuple[str, ...]:
        """Return up to three findings, in sentences."""
        return self._report.findings()

    def facts(self) -> dict[str, str]:
        """Return what it was made with: scenario, policy, seed."""
        return self._report.facts()

    def compare(
        self, other: Result, metrics: Iterable[MetricLike] | None = None, *, confidence: float = 0.95
    ) -> Comparison:
        """Compare with another result on the same days: the differences that the other makes.

        Parameters
        ----------
        other : Result
            Of the same scenario, seed and number of replications under another policy.
        metrics : iterable of Metric or str, optional
            All where left out.
        confidence : float
            Of all differences together, corrected by Holm's method.

        Returns
        -------
        Comparison

        Raises
        ------
        InvalidInputError
            When the days are not the same.
        """
        faults = Faults()
        if other.seed != self.seed:
            faults.add(
                f"must have the same seed ({self.seed}), so that days are the same", place="other", given=other.seed
            )
        if len(other) != len(self):
            faults.add(f"must have as many replications ({len(self)})", place="other", given=len(other))
        faults.raise_if_any()
        chosen = [self.metric(metric) for metric in (METRICS if metrics is None else as_metrics(metrics))]
        found = [
            difference(self.values(metric), other.values(metric), confidence=confidence, name=metric.name)
            for metric in chosen
        ]
        corrected = holm([each.p for each in found])
        pairs = zip(found, corrected, strict=True)
        differences = {each.name: evolve(each, p_corrected=p) for each, p in pairs}
        return Comparison(self, other, tuple(chosen), differences)


@frozen(eq=False)
class Comparison:
    """Two results of the same days, side by side.

    Attributes
    ----------
    first, second : Result
    metrics : tuple of Metric
    differences : dict from metric name to Difference
        Second minus first.
    """

    first: Result
    second: Result
    metrics: tuple[Metric, ...]
    differences: dict[str, Difference]

    def __getitem__(self, metric: str) -> Difference:
        """Return the difference in one metric."""
        return self.differences[metric]

    def conversations(self, column: str = "waited", *, replication: int = 0) -> PairedConversations:
        """Return the same conversations under both, one by one."""
        return paired(self.first.ledgers[replication], self.second.ledgers[replication], column)

    def table(self) -> Table:
        """Return a table, one row for each metric of which something is known."""
        rows, units = [], []
        for metric in self.metrics:
            found = self.differences[metric.name]
            if not np.isnan(found.change.mean):
                sure = "yes" if found.is_significant else "no"
                rows.append(
                    (head_of(metric), self.first.measure(metric), self.second.measure(metric), found.change, sure)
                )
                units.append(metric.unit)
        names = (self.first.policy, self.second.policy)
        columns = (
            Column("Measure"),
            *(Column(name) for name in names),
            Column("Difference", is_difference=True),
            Column("Sure after correction"),
        )
        note = "Differences are paired by day; p-values corrected by Holm's method."
        return Table(f"{names[1]} against {names[0]}", columns, tuple(rows), note=note, row_units=tuple(units))

    @cached_property
    def _report(self) -> LedgerReport:
        return report_of_results([self.first, self.second])

    @property
    def title(self) -> str:
        """Of a report."""
        return self._report.title

    def tables(self) -> tuple[Table, ...]:
        """Return the tables of a report of both, those of the first page first."""
        return self._report.tables()

    def charts(self) -> tuple[Chart, ...]:
        """Return the charts of a report of both."""
        return self._report.charts()

    def findings(self) -> tuple[str, ...]:
        """Return up to three findings, in sentences."""
        return self._report.findings()

    def facts(self) -> dict[str, str]:
        """Return what both were made with: scenario, policies, seed."""
        return self._report.facts()
