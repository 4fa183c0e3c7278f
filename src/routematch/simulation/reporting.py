"""From results of a simulation to the report of them: the same pages as for a call log, and what was run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import evolve

from routematch.codec import fingerprint
from routematch.errors import Faults
from routematch.metrics import Digest, LedgerReport, ReportSettings, digest
from routematch.report import Chart, Table

if TYPE_CHECKING:
    from routematch.simulation.calibration_result import Calibration
    from routematch.simulation.result import Result
    from routematch.simulation.scenario import Scenario

__all__ = ["distinct_names", "report_of_digests", "report_of_results", "settings_of"]

_HOUR = 3600.0
#: In a report of a simulation the calibration comes last, on no first page.
_LATER = "later"


def settings_of(
    scenario: Scenario, *, within: float = 20.0, cost_per_hour: float | None = None, confidence: float = 0.95
) -> ReportSettings:
    """Return what a report of this scenario measures: its zone, and the cost of its agent groups.

    Parameters
    ----------
    scenario : Scenario
    within : float
        Limit of the service level, in seconds.
    cost_per_hour : float, optional
        Of an agent of a group that states none. Where nobody states any, costs are left out.
    confidence : float

    Returns
    -------
    ReportSettings
    """
    ReportSettings(within=within, cost_per_hour=cost_per_hour, confidence=confidence)
    costs = {group.name: group.cost_per_hour or cost_per_hour for group in scenario.agent_groups}
    stated = {name: cost for name, cost in costs.items() if cost is not None}
    known = bool(cost_per_hour) or any(stated.values())
    return ReportSettings(
        within=within, cost_per_hour=stated if known else None, zone=scenario.zone, confidence=confidence
    )


def report_of_results(
    results: Sequence[Result],
    *,
    within: float = 20.0,
    cost_per_hour: float | None = None,
    confidence: float = 0.95,
    calibration: Calibration | None = None,
) -> LedgerReport:
    """Return the report of one result, or of several of the same days; the first is the one compared with.

    Parameters
    ----------
    results : sequence of Result
        At least one; of the same seed and as many replications.
    within, cost_per_hour, confidence
        As for `settings_of`.
    calibration : Calibration, optional
        Its tables and charts are repeated at the end.

    Returns
    -------
    LedgerReport
        Takes `report.write`.

    Raises
    ------
    InvalidInputError
        When there is none, or the days are not the same.
    """
    faults = Faults()
    if not results:
        faults.add("must have at least one result", place="results")
    for place, other in enumerate(results):
        first = (results[0].seed, len(results[0]))
        if (other.seed, len(other)) != first:
            message = f"must have the seed and the number of replications of the first, {first}"
            faults.add(message, place=f"results[{place}]", given=(other.seed, len(other)))
    faults.raise_if_any()
    digests: dict[str, tuple[Digest, ...]] = {}
    names = distinct_names(result.policy for result in results)
    for name, result in zip(names, results, strict=True):
        settings = settings_of(result.scenario, within=within, cost_per_hour=cost_per_hour, confidence=confidence)
        alone = len(result) == 1
        digests[name] = tuple(digest(ledger, settings, with_intervals=alone) for ledger in result.ledgers)
    return report_of_digests(
        results[0].scenario,
        digests,
        seed=results[0].seed,
        fingerprints={name: result.fingerprint for name, result in zip(names, results, strict=True)},
        calibration=calibration,
    )


def report_of_digests(
    scenario: Scenario,
    digests: Mapping[str, tuple[Digest, ...]],
    *,
    seed: int,
    fingerprints: Mapping[str, str],
    calibration: Calibration | None = None,
) -> LedgerReport:
    """Return the report of replications that were measured where they ran.

    Parameters
    ----------
    scenario : Scenario
    digests : mapping from policy to tuple of Digest
        One for each replication.
    seed : int
    fingerprints : mapping from policy to str
        Of policies as data; empty for code.
    calibration : Calibration, optional

    Returns
    -------
    LedgerReport
    """
    title = f"{scenario.name}: {', '.join(digests)}" if len(digests) == 1 else f"{scenario.name}: policies compared"
    return LedgerReport(
        dict(digests), title, _facts(scenario, seed, fingerprints), _repeated(calibration) if calibration else ()
    )


def distinct_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return names in which no two are equal: a further one of a name gets a number.

    >>> distinct_names(["best_match", "mine", "best_match"])
    ('best_match', 'mine', 'best_match (2)')
    """
    seen: dict[str, int] = {}
    for name in names:
        number = 1
        while (name if number == 1 else f"{name} ({number})") in seen:
            number += 1
        seen[name if number == 1 else f"{name} ({number})"] = number
    return tuple(seen)


def _facts(scenario: Scenario, seed: int, fingerprints: Mapping[str, str]) -> dict[str, str]:
    """Return what it was run with, so that it can be run again."""
    facts = {
        "scenario": f"{scenario.name}, {fingerprint(scenario.to_data())}",
        "policy": "; ".join(f"{name}, {known or 'code'}" for name, known in fingerprints.items()),
        "seed": str(seed),
        "horizon": f"{scenario.horizon / _HOUR:,.6g} h",
    }
    if scenario.warm_up:
        facts["warm-up"] = f"the first {scenario.warm_up / _HOUR:,.6g} h are left out of all measures"
    return facts


def _repeated(calibration: Calibration) -> tuple[Table | Chart, ...]:
    """Return what a calibration shows, to stand behind the report of a simulation."""
    tables = [evolve(table, title=f"Calibration: {table.title}", page=_LATER) for table in calibration.tables()]
    charts = [evolve(chart, title=f"Calibration: {chart.title}") for chart in calibration.charts()]
    return (*tables, *charts)
