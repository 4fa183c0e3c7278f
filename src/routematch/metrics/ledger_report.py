"""The report of ledgers: the same tables, charts and sentences for a journal, a call log and a simulation.

>>> from routematch.state import Ledger
>>> ledger = Ledger.of(arrived_at=[0.0, 10.0], answered_at=[5.0, 50.0], conversation_type=["billing", "sales"])
>>> [table.title for table in ledger_tables(ledger)][:2]
['Summary', 'Value by type']
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from attrs import field, frozen

from routematch.errors import Faults
from routematch.metrics.digest import Digest, ReportSettings, digest
from routematch.metrics.pooling import Pooled
from routematch.metrics.report_charts import all_charts
from routematch.metrics.report_findings import all_findings
from routematch.metrics.report_tables import all_tables
from routematch.report import Chart, Table
from routematch.state import Ledger

__all__ = ["LedgerReport", "ledger_charts", "ledger_report", "ledger_tables"]

#: Below this an instant counts from the start of a simulation, above it is POSIX time.
_POSIX = 1e8

Ledgers = Ledger | Iterable[Ledger] | Mapping[str, Ledger | Iterable[Ledger]]


@frozen(eq=False)
class LedgerReport:
    """What a report shows; `report.write` takes it. Make one with `ledger_report`, or of digests.

    Attributes
    ----------
    digests : mapping from str to tuple of Digest
        Of each policy (or whatever is compared), one of each replication; the first is the one compared with.
    title : str
    about : mapping from str to str
        What it was made of: scenario, seed, versions.
    calibration : tuple of Table and Chart
        Shown last.
    """

    digests: Mapping[str, tuple[Digest, ...]]
    title: str = "How it went"
    about: Mapping[str, str] = field(factory=dict)
    calibration: tuple[Table | Chart, ...] = ()

    def __attrs_post_init__(self) -> None:
        """Check that there is something to show."""
        faults = Faults()
        if not self.digests:
            faults.add("must have at least one policy", place="digests")
        for name, each in self.digests.items():
            if not each:
                faults.add("must have at least one replication", place=f"digests.{name}")
        faults.raise_if_any()

    @property
    def _pooled(self) -> dict[str, Pooled]:
        return {name: Pooled(tuple(each)) for name, each in self.digests.items()}

    def tables(self) -> tuple[Table, ...]:
        """Return the tables, those of the first page first."""
        return (*all_tables(self._pooled), *(part for part in self.calibration if isinstance(part, Table)))

    def charts(self) -> tuple[Chart, ...]:
        """Return the charts; those of one policy show the last."""
        return (*all_charts(self._pooled), *(part for part in self.calibration if isinstance(part, Chart)))

    def findings(self) -> tuple[str, ...]:
        """Return up to three findings, in sentences."""
        return tuple(all_findings(self._pooled))

    def facts(self) -> dict[str, str]:
        """Return what it was made of, by name."""
        first = next(iter(self.digests.values()))
        settings = first[0].settings
        runs = {name: len(each) for name, each in self.digests.items()}
        named = len(runs) > 1 or max(runs.values()) > 1
        told = (
            {"compared": ", ".join(f"{name} ({count} {_replications(count)})" for name, count in runs.items())}
            if named
            else {}
        )
        told["observed"] = _span(first[0].window)
        told["service level"] = f"answered within {settings.within:g} s, of all who came"
        told["times of day"] = settings.zone
        return told | dict(self.about)


def ledger_report(
    ledgers: Ledgers,
    settings: ReportSettings | None = None,
    *,
    title: str = "How it went",
    about: Mapping[str, str] | None = None,
    calibration: Sequence[Table | Chart] = (),
) -> LedgerReport:
    """Measure ledgers and put the report of them together.

    Parameters
    ----------
    ledgers : Ledger, or iterable of Ledger, or mapping from name to either
        One ledger; replications of one policy; or several policies by name, the first being compared with.
    settings : ReportSettings, optional
        Limit of the service level, cost per hour, time zone.
    title : str
    about : mapping from str to str, optional
    calibration : sequence of Table and Chart

    Returns
    -------
    LedgerReport

    Raises
    ------
    InvalidInputError
        Where there is no ledger.
    """
    named: Mapping[str, Ledger | Iterable[Ledger]]
    named = ledgers if isinstance(ledgers, Mapping) else {"all": ledgers}
    digests: dict[str, tuple[Digest, ...]] = {}
    for name, given in named.items():
        each = [given] if isinstance(given, Ledger) else list(given)
        digests[name] = tuple(digest(ledger, settings, with_intervals=len(each) == 1) for ledger in each)
    return LedgerReport(digests, title, dict(about or {}), tuple(calibration))


def ledger_tables(ledgers: Ledgers, settings: ReportSettings | None = None) -> tuple[Table, ...]:
    """Return the tables of the report of ledgers; arguments as `ledger_report`."""
    return ledger_report(ledgers, settings).tables()


def ledger_charts(ledgers: Ledgers, settings: ReportSettings | None = None) -> tuple[Chart, ...]:
    """Return the charts of the report of ledgers; arguments as `ledger_report`."""
    return ledger_report(ledgers, settings).charts()


def _span(window: tuple[float, float]) -> str:
    start, end = window
    if start > _POSIX:
        shown = [datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%d %H:%M") for instant in window]
        return f"{shown[0]} to {shown[1]} UTC"
    return f"{(end - start) / 3600:,.1f} h"


def _replications(count: int) -> str:
    return "replication" if count == 1 else "replications"
