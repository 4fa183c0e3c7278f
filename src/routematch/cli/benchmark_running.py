"""What `routematch benchmark` and `routematch tune` do with what they were given."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from routematch.cli.choosing import chosen_policy, data_policy
from routematch.cli.harmless import harmless
from routematch.cli.output import native_output_aside, write_out
from routematch.cli.reading import located, read_data
from routematch.cli.what_if import read_scenario
from routematch.errors import Faults, InvalidInputError
from routematch.experiments.baselines import BASELINES, Rates
from routematch.experiments.benchmarking import Benchmark, benchmark, latex, verify
from routematch.experiments.suite import MakePolicy, usual_makers
from routematch.experiments.tuning import tune
from routematch.policies import Policy, dumps
from routematch.report import Table, csv_text, markdown, text, write
from routematch.routing.code import CodePolicy

__all__ = ["show_benchmark", "show_tuned"]

FORMATS = {"text": text, "md": markdown, "csv": csv_text, "latex": latex}
#: Status of `benchmark --verify` where something differs.
DIFFERS = 1


def show_benchmark(
    names: Sequence[str],
    suite: str,
    *,
    form: str,
    output: str | None,
    report: str | None,
    check: str | None,
    replications: int | None,
) -> int:
    """Run, show and write, or verify; return the exit status."""
    makers = _makers(names)
    if check is not None:
        return _verify(check, makers)
    if form not in FORMATS:
        faults = Faults()
        faults.unknown(form, known=FORMATS, place="--format", what="format")
        faults.raise_if_any()
    with native_output_aside():
        found = benchmark(makers or usual_makers(), suite, replications=replications, on_progress=_show_progress)
    if output is not None:
        _write(output, json.dumps(found.to_data(), indent=1) + "\n")
    if report is not None:
        write(found, report)
    write_out(_shown(found, form))
    return 0


def show_tuned(  # noqa: PLR0913 - one for each option
    files: Sequence[str],
    policy: str,
    *,
    objective: str | None,
    weights: Sequence[str],
    constraints: Sequence[str],
    numbers: dict[str, int],
    sampler: str,
    output: str | None,
    journal: str | None,
) -> None:
    """Tune, show the front and write the policy file."""
    found = tune(
        data_policy(policy, label="--policy"),
        [read_scenario(file) for file in files],
        objective,
        weights=_weights(weights),
        constraints=dict(_limit(told) for told in constraints),
        candidates=numbers["candidates"],
        replications=numbers["replications"],
        evaluations=numbers["evaluations"],
        seed=numbers["seed"],
        sampler=sampler,
        journal=journal,
        on_progress=lambda done, total: _show_progress(done, total, "trials"),
    )
    if output is not None:
        _write(output, dumps(found.policy, format="json" if output.lower().endswith(".json") else "toml"))
    write_out(f"{text(found.table())}\n")


def _shown(found: Benchmark, form: str) -> str:
    tables: Sequence[Table] = found.tables() if form in {"text", "md"} else (found.detail(),)
    return "\n\n".join(FORMATS[form](table).rstrip("\n") for table in tables) + "\n"


def _makers(names: Sequence[str]) -> dict[str, MakePolicy]:
    """Return what makes each policy; what one is made of does not depend on the case, but for baselines."""
    makers: dict[str, MakePolicy] = {}
    for name in names:
        makers[name] = BASELINES[name] if name in BASELINES else _always(_loaded(name))
    return makers


def _loaded(name: str) -> Policy | CodePolicy:
    found = chosen_policy(name, None)
    assert found is not None  # of a name there is one, or an error
    return found


def _always(policy: Policy | CodePolicy) -> MakePolicy:
    def make(_: Rates) -> Policy | CodePolicy:
        return policy

    return make


def _verify(file: str, makers: dict[str, MakePolicy]) -> int:
    with located(file):
        data = read_data(file)
        with native_output_aside():
            unlike = verify(data, makers)
    for line in unlike:
        write_out(f"{harmless(line)}\n")
    if not unlike:
        write_out("every number is the same\n")
    return DIFFERS if unlike else 0


def _show_progress(done: int, total: int, label: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done}/{total} {label}   ")
        sys.stderr.flush()


def _weights(options: Sequence[str]) -> dict[str, tuple[float, float]] | list[str] | None:
    """Read ``path=low:high``; paths alone only where none has a range."""
    if not options:
        return None
    if not any("=" in told for told in options):
        return list(options)
    found = {}
    for told in options:
        path, _, ends = told.partition("=")
        try:
            low, high = (float(end) for end in ends.split(":"))
        except ValueError:
            faults = Faults()
            faults.add("must be written as PATH=LOW:HIGH, as terms.affinity.weight=0:4", place="--weight", given=told)
            faults.raise_if_any()
        found[path.strip()] = (low, high)
    return found


def _limit(told: str) -> tuple[str, float]:
    name, _, limit = told.partition("=")
    try:
        return name.strip(), float(limit)
    except ValueError:
        faults = Faults()
        faults.add("must be written as MEASURE=LIMIT, as abandonment=0.05", place="--constraint", given=told)
        faults.raise_if_any()
        raise


def _write(file: str, told: str) -> None:
    try:
        Path(file).write_text(told, encoding="utf-8")
    except (OSError, ValueError) as error:
        message = f"--output {file}: cannot be written: {error}"
        raise InvalidInputError(message) from None
