"""Runs what `routematch simulate` was asked for: options to arguments, a pool of processes, a bar, and the answer."""

from __future__ import annotations

import contextlib
import json
import math
import os
import pickle
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path

from attrs import frozen

from routematch.cli.choosing import chosen_policy
from routematch.cli.failing import what_raised
from routematch.cli.harmless import harmless
from routematch.cli.history import columns_from
from routematch.cli.output import native_output_aside, write_out
from routematch.cli.reading import located, read_data
from routematch.cli.reporting import report_data, show_report, show_table
from routematch.errors import ContractError, Faults, MissingExtraError, RoutematchError
from routematch.metrics import LedgerReport, until
from routematch.metrics.intervals import Until
from routematch.policies import Policy
from routematch.routing.code import CodePolicy
from routematch.simulation import Calibration, Scenario, simulate_report
from routematch.simulation.reporting import settings_of

__all__ = ["Wanted", "run_simulation"]

#: Of a calibration; more would tell nothing that a misfit of these does not.
_CALIBRATED = 10
#: Facts under the tables of a terminal.
_SHOWN_FACTS = ("scenario", "policy", "seed")
_LINE = re.compile(r'File "([^"]+)", line (\d+)')


@frozen(kw_only=True)
class Wanted:
    """The options, as typed.

    Attributes
    ----------
    policies : tuple of str
    replications : int
    precision : tuple of str
        As ``service_level=0.01``.
    report, observed : str or None
        Files.
    columns : tuple of str
        What columns of `observed` are, as ``arrived_at=q_start``.
    seed, workers : int or None
    within : float
    cost_per_hour : float or None
    as_json : bool
    """

    policies: tuple[str, ...]
    replications: int
    precision: tuple[str, ...]
    report: str | None
    observed: str | None
    columns: tuple[str, ...]
    seed: int | None
    workers: int | None
    within: float
    cost_per_hour: float | None
    as_json: bool


def run_simulation(file: str, wanted: Wanted) -> None:
    """Read, simulate, write the report, and show its first page or all of it as JSON."""
    _check(wanted)
    limit = _limit(wanted)
    scenario = Scenario.from_data(read_data(file))
    policies = [_policy(option) for option in wanted.policies]
    executor = _pool(wanted, policies)
    with _faults_of_code(policies), native_output_aside(), contextlib.redirect_stdout(sys.stderr):
        calibration = _calibration(scenario, policies[0], wanted)
        with _bar() as progress:
            made = simulate_report(
                scenario,
                policies,
                seed=wanted.seed,
                replications=wanted.replications,
                executor=executor,
                until=limit,
                within=wanted.within,
                cost_per_hour=wanted.cost_per_hour,
                calibration=calibration,
                progress=progress,
            )
    if wanted.report is not None:
        from routematch.report import write

        write(made, wanted.report)
    _show(made, calibration, wanted)


# --- before ----------------------------------------------------------------------------------------------------------


def _check(wanted: Wanted) -> None:
    """Check what can be checked before anything is run; all faults at once."""
    faults = Faults()
    for name, value, least in (
        ("--replications", wanted.replications, 1),
        ("--workers", wanted.workers, 1),
        ("--seed", wanted.seed, 0),
    ):
        if value is not None and value < least:
            faults.add(f"must be a whole number of at least {least}", place=name, given=value)
    if not 0 < wanted.within < math.inf:
        faults.add("must be above 0", place="--within", given=wanted.within)
    if wanted.cost_per_hour is not None and not 0 <= wanted.cost_per_hour < math.inf:
        faults.add("must be at least 0", place="--cost-per-hour", given=wanted.cost_per_hour)
    for option in wanted.precision:
        if _half_width(option) is None:
            message = "must be written as MEASURE=HALF_WIDTH, such as service_level=0.01"
            faults.add(message, place="--precision", given=option)
    if wanted.report is not None and not _has_folder(wanted.report):
        faults.add("must be a file in a folder that exists", place="--report", given=wanted.report)
    faults.raise_if_any()
    if wanted.report is not None and not (find_spec("jinja2") and find_spec("matplotlib")):
        raise MissingExtraError("report", "a report")


def _has_folder(path: str) -> bool:
    try:
        return bool(path) and Path(path).parent.is_dir() and not Path(path).is_dir()
    except (OSError, ValueError):
        return False


def _half_width(option: str) -> tuple[str, float] | None:
    name, _, text = option.partition("=")
    try:
        width = float(text)
    except ValueError:
        return None
    return (name.strip(), width) if name.strip() and 0 < width < math.inf else None


def _limit(wanted: Wanted) -> Until | None:
    pairs = [_half_width(option) for option in wanted.precision]
    precision = dict(pair for pair in pairs if pair is not None)
    if not precision:
        return None
    with located("--precision"):
        rule = until(precision)
        settings = settings_of(Scenario((), (), 1.0))
        known = [metric.name for metric in settings.totals()]
        faults = Faults()
        for name in precision:
            if name not in known:
                faults.unknown(name, known=known, what="measure")
        faults.raise_if_any()
    return rule


def _policy(option: str) -> Policy | CodePolicy:
    chosen = chosen_policy(option, None)
    assert chosen is not None
    return chosen


def _calibration(scenario: Scenario, policy: Policy | CodePolicy, wanted: Wanted) -> Calibration | None:
    if wanted.observed is None:
        return None
    columns = columns_from(wanted.columns)
    with located(f"--observed {wanted.observed}"):
        return scenario.calibrate(
            Path(wanted.observed), policy, replications=_CALIBRATED, seed=wanted.seed, columns=columns
        )


# --- the run ---------------------------------------------------------------------------------------------------------


def _pool(wanted: Wanted, policies: Sequence[Policy | CodePolicy]) -> Callable[[], Executor] | None:
    """Return what makes a pool of processes; None where one process is enough, or where code cannot go to others."""
    workers = _processors() if wanted.workers is None else wanted.workers
    if not wanted.precision:
        workers = min(workers, wanted.replications * len(policies))
    if workers == 1:
        return None
    try:
        pickle.dumps(policies)
    except Exception as error:  # noqa: BLE001 - whatever somebody's class does when it is packed
        sys.stderr.write(f"routematch: in one process, since a policy cannot go to others: {what_raised(error)}\n")
        return None
    return lambda: ProcessPoolExecutor(workers, initializer=_settle_in)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _settle_in() -> None:
    """Let a worker end without a word when interrupted, and keep what it prints out of the answer."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with contextlib.suppress(OSError):
        os.dup2(2, 1)


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[int, int], None] | None]:
    """Show on a terminal how far it is; elsewhere nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("simulating"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # No thread draws it: processes are forked while it is shown.
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True) as drawn:
        task = drawn.add_task("simulating", total=None)

        def tell(done: int, wanted: int) -> None:
            drawn.update(task, completed=done, total=wanted, refresh=True)

        yield tell


@contextlib.contextmanager
def _faults_of_code(policies: Sequence[Policy | CodePolicy]) -> Iterator[None]:
    """Say of whatever somebody's code raises that it was their code."""
    code = [type(policy).__name__ for policy in policies if not isinstance(policy, Policy)]
    try:
        yield
    except (KeyboardInterrupt, RoutematchError, MemoryError):
        raise
    except BaseException as error:
        if not code:
            raise
        message = f"the policy {' or '.join(code)} raised {_what_raised(error)}"
    else:
        return
    raise ContractError(message)


def _what_raised(error: BaseException) -> str:
    """Return what was raised and where, also where that was in another process."""
    lines = _LINE.findall(str(error.__cause__)) if type(error.__cause__).__name__ == "_RemoteTraceback" else []
    if not lines:
        return what_raised(error)
    file, line = lines[-1]
    return what_raised(error.with_traceback(None)) + harmless(f" ({Path(file).name}, line {line})")


# --- after -----------------------------------------------------------------------------------------------------------


def _show(made: LedgerReport, calibration: Calibration | None, wanted: Wanted) -> None:
    if wanted.as_json:
        write_out(json.dumps(report_data(made), indent=2, allow_nan=False) + "\n")
        return
    show_report(made)
    for table in made.tables():
        if table.title.startswith("Differences to "):
            show_table(table)
    facts = made.facts()
    lines = [f"{name}: {facts[name]}" for name in _SHOWN_FACTS]
    if calibration is not None:
        lines = [f"observed: {sentence}" for sentence in calibration.findings()] + lines
    if wanted.report is not None:
        lines.append(f"written to {wanted.report}")
    write_out("".join(f"{harmless(line)}\n" for line in lines))
