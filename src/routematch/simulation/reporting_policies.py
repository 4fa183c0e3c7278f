"""One report of several policies: each replication is measured where it runs, and nothing else of it is kept.

>>> from routematch.policies import best_match, longest_idle
>>> from routematch.simulation.scenario import Scenario
>>> office = Scenario.from_rates(arrival=0.08, service=0.01, patience=0.005, agents=9, horizon=3600.0)
>>> made = simulate_report(office, [longest_idle(), best_match()], replications=4)
>>> made.facts()["compared"]
'longest_idle (4 replications), best_match (4 replications)'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor

from attrs import frozen
from numpy import array, float64
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.metrics import Digest, LedgerReport, ReportSettings, digest
from routematch.metrics.intervals import Until
from routematch.policies import Policy
from routematch.routing.code import CodePolicy
from routematch.simulation.calibration_result import Calibration
from routematch.simulation.reporting import distinct_names, report_of_digests, settings_of
from routematch.simulation.scenario import Scenario
from routematch.simulation.simulating import check_arguments, name_of, run_replication
from routematch.simulation.spreading import spread_out

__all__ = ["simulate_report"]

Policies = Mapping[str, Policy | CodePolicy] | Iterable[Policy | CodePolicy]


def simulate_report(  # noqa: PLR0913 - all by name but the first two
    scenario: Scenario,
    policies: Policies,
    *,
    seed: int | None = None,
    replications: int = 1,
    executor: Executor | Callable[[], Executor] | None = None,
    until: Until | None = None,
    within: float = 20.0,
    cost_per_hour: float | None = None,
    confidence: float = 0.95,
    calibration: Calibration | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> LedgerReport:
    """Run policies through the same days and report them side by side.

    Ledgers are measured and let go where they were made, so that thousands of replications fit.

    Parameters
    ----------
    scenario : Scenario
    policies : mapping from name to Policy or code, or iterable of these
        The first is the one compared with.
    seed, replications, executor
        As for `simulate`.
    until : Until, optional
        Replicate further, beyond `replications`, until its measures are as precise as it wants under every policy.
    within, cost_per_hour, confidence
        As for `settings_of`.
    calibration : Calibration, optional
        Its tables and charts are repeated at the end.
    progress : callable, optional
        Called after each replication with how many are done, of how many that are known to be wanted.

    Returns
    -------
    LedgerReport
        Takes `report.write`.

    Raises
    ------
    InvalidInputError
        Listing the faults of the arguments.
    ContractError
        When a policy in code names pairs that cannot be.
    """
    named = _named(policies)
    for policy in named.values():
        check_arguments(scenario, policy, seed, replications, executor, until)
    settings = settings_of(scenario, within=within, cost_per_hour=cost_per_hour, confidence=confidence)
    if until is not None:
        _check_measures(until, settings)
    used = scenario.seed if seed is None else seed
    one = _Run(scenario, tuple(named.values()), used, settings, with_intervals=replications == 1 and until is None)
    made: list[list[Digest]] = [[] for _ in named]
    further = replications
    while further:
        first = len(made[0])
        tasks = [(place, number) for number in range(first, first + further) for place in range(len(named))]
        count = _Count(progress, first * len(named), (first + further) * len(named))
        for (place, _), found in zip(tasks, spread_out(one, tasks, executor, done=count.one_more), strict=True):
            made[place].append(found)
        further = 0 if until is None else max(_further(until, digests) for digests in made)
    return report_of_digests(
        scenario,
        {name: tuple(digests) for name, digests in zip(named, made, strict=True)},
        seed=used,
        fingerprints={name: policy.fingerprint if isinstance(policy, Policy) else "" for name, policy in named.items()},
        calibration=calibration,
    )


@frozen
class _Run:
    """Run one replication under one of several policies, and measure it; goes to other processes as it is."""

    scenario: Scenario
    policies: tuple[Policy | CodePolicy, ...]
    seed: int
    settings: ReportSettings
    with_intervals: bool

    def __call__(self, task: tuple[int, int]) -> Digest:
        policy, number = task
        ledger = run_replication(self.scenario, self.policies[policy], self.seed, number)
        return digest(ledger, self.settings, with_intervals=self.with_intervals)


class _Count:
    """How many replications are done, told to whoever wants to know."""

    def __init__(self, tell: Callable[[int, int], None] | None, done: int, wanted: int) -> None:
        self._tell, self._done, self._wanted = tell, done, wanted

    def one_more(self) -> None:
        self._done += 1
        if self._tell is not None:
            self._tell(self._done, self._wanted)


def _named(policies: Policies) -> dict[str, Policy | CodePolicy]:
    if isinstance(policies, Mapping):
        named = dict(policies)
    else:
        given = list(policies)
        named = dict(zip(distinct_names(name_of(policy) for policy in given), given, strict=True))
    if not named:
        faults = Faults()
        faults.add("must have at least one policy", place="policies")
        faults.raise_if_any()
    return named


def _check_measures(until: Until, settings: ReportSettings) -> None:
    faults = Faults()
    known = [metric.name for metric in settings.totals()]
    for name in until.precision:
        if name not in known:
            faults.unknown(name, known=known, place="until.precision", what="measure")
    faults.raise_if_any()


def _further(until: Until, digests: list[Digest]) -> int:
    return until.further({name: _values(digests, name) for name in until.precision})


def _values(digests: list[Digest], measure: str) -> NDArray[float64]:
    return array([float(each.groups[()][measure]) for each in digests], float64)
