"""Staffing and advice on the command line."""

from __future__ import annotations

import json
from collections.abc import Sequence

from routematch.cli.harmless import harmless
from routematch.cli.output import native_output_aside, write_out
from routematch.cli.reading import located
from routematch.cli.what_if import read_scenario
from routematch.errors import Faults
from routematch.experiments.advise import advise
from routematch.experiments.staff import ServiceTarget, Staffing, staff
from routematch.policies import Policy
from routematch.report import Reportable, text, write
from routematch.routing.code import CodePolicy

__all__ = ["show_advice", "show_staffing", "targets_from"]


def targets_from(options: Sequence[str]) -> list[ServiceTarget]:
    """Read ``0.8:20`` or ``0.9:30:billing``; 80 % within 20 seconds where there is none.

    Raises
    ------
    InvalidInputError
        Listing every one that cannot be read.
    """
    faults, found = Faults(), []
    for told in options or ("0.8:20",):
        level, _, rest = told.partition(":")
        within, _, name = rest.partition(":")
        try:
            with located("--target"):
                found.append(ServiceTarget(float(level), float(within), name.strip() or None))
        except ValueError as error:
            known = getattr(error, "faults", None)
            if known is None:
                faults.add("must be written as LEVEL:SECONDS[:TYPE], such as 0.8:20", place="--target", given=told)
            else:
                faults.extend(known)
    faults.raise_if_any()
    return found


def show_staffing(
    file: str,
    targets: Sequence[str],
    *,
    policy: Policy | CodePolicy | None,
    replications: int,
    seed: int | None,
    step: float,
    output: str | None,
    as_json: bool,
) -> int:
    """Search, show, and return 0 where the targets are kept."""
    wanted, scenario = targets_from(targets), read_scenario(file)
    with native_output_aside():
        found = staff(scenario, wanted, policy, seed=seed, replications=replications, step=step)
    show(found, output, json.dumps(_data(found), indent=2) if as_json else None)
    return 0 if found.is_kept else 1


def show_advice(
    file: str,
    *,
    policy: Policy | CodePolicy | None,
    replications: int,
    seed: int | None,
    checks: int,
    output: str | None,
    as_json: bool,
) -> None:
    """Read prices, simulate what promises most, and show it."""
    scenario = read_scenario(file)
    with native_output_aside():
        found = advise(scenario, policy, seed=seed, replications=replications, checks=checks)
    show(found, output, json.dumps(found.to_data(), indent=2) if as_json else None)


def show(found: Reportable, output: str | None, data: str | None) -> None:
    """Write the page where one is wanted, then the tables and findings, or the data."""
    if output is not None:
        with located(f"--report {output}"):
            write(found, output)
    if data is not None:
        write_out(data + "\n")
        return
    shown = [text(table) for table in found.tables()]
    find = getattr(found, "findings", None)
    shown += ["\n".join(find())] if callable(find) else []
    shown += [f"written to {output}"] if output is not None else []
    write_out("\n".join("\n".join(map(harmless, part.split("\n"))) + "\n" for part in shown))


def _data(found: Staffing) -> dict[str, object]:
    return {
        "schema": "routematch/staffing/1",
        "groups": [group.name for group in found.scenario.agent_groups],
        "step": found.step,
        "plan": found.plan.tolist(),
        "hours": found.hours,
        "bound": found.bound,
        "kept": found.is_kept,
        "levels": [[level.mean, level.low, level.high] for level in found.levels],
    }
