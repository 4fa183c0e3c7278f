"""From options of the command line to changes, and what they would bring."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from routematch.cli.harmless import harmless
from routematch.cli.output import native_output_aside, write_out
from routematch.cli.reading import located, read_data
from routematch.errors import Faults
from routematch.experiments.what_if import what_if
from routematch.experiments.what_if_changes import Change, Concurrency, MoreAgents, Training, Volume
from routematch.policies import Policy
from routematch.report import text, write
from routematch.routing.code import CodePolicy
from routematch.simulation import Scenario

__all__ = ["asked", "read_scenario", "show_what_if"]


def asked(
    train: Sequence[str], concurrency: Sequence[str], agents: Sequence[str], volume: Sequence[str], hours: float
) -> list[Change]:
    """Read all changes.

    Raises
    ------
    InvalidInputError
        Listing every option that cannot be read; when there is none.
    """
    faults = Faults()
    readers: list[tuple[str, Sequence[str], str, Callable[[str], Change]]] = [
        ("--train", train, "WHO:SKILL or WHO:SKILL:LEVEL, such as 10:spanish:0.7", lambda told: _training(told, hours)),
        ("--concurrency", concurrency, "CHANNEL=NUMBER, such as chat=4", _concurrency),
        ("--agents", agents, "GROUP=CHANGE, such as desk=+5", _agents),
        ("--volume", volume, "FACTOR or TYPE=FACTOR, such as 1.1", _volume),
    ]
    found: list[Change] = []
    for option, given, form, reader in readers:
        for told in given:
            try:
                found.append(reader(told))
            except ValueError:
                faults.add(f"must be written as {form}", place=option, given=told)
    if not faults and not found:
        faults.add("nothing to try: give --train, --concurrency, --agents or --volume")
    faults.raise_if_any()
    return found


def _training(told: str, hours: float) -> Training:
    who, skill, *level = (part.strip() for part in told.split(":"))
    if not who or not skill or len(level) > 1:
        raise ValueError
    agents = int(who) if who.lstrip("+-").isdigit() else tuple(name.strip() for name in who.split(","))
    return Training(agents, skill, float(level[0]) if level else 0.7, hours=hours)


def _concurrency(told: str) -> Concurrency:
    channel, number = _halves(told)
    return Concurrency(channel, int(number))


def _agents(told: str) -> MoreAgents:
    group, change = _halves(told)
    return MoreAgents(group, int(change))


def _volume(told: str) -> Volume:
    if "=" not in told:
        return Volume(float(told))
    kind, factor = _halves(told)
    return Volume(float(factor), (kind,))


def _halves(told: str) -> tuple[str, str]:
    name, _, value = told.rpartition("=")
    if not name.strip():
        raise ValueError
    return name.strip(), value.strip()


def read_scenario(file: str) -> Scenario:
    """Read a scenario file; - is standard input."""
    return Scenario.from_data(read_data(file))


def show_what_if(
    file: str,
    changes: list[Change],
    *,
    policy: Policy | CodePolicy | None,
    replications: int,
    seed: int | None,
    within: float,
    output: str | None,
    as_json: bool,
) -> None:
    """Run all options, write the page, and show the table."""
    scenario = read_scenario(file)
    with native_output_aside():
        answer = what_if(scenario, changes, policy, seed=seed, replications=replications, within=within)
    if output is not None:
        with located(f"--report {output}"):
            write(answer, output)
    if as_json:
        write_out(json.dumps(answer.to_data(), indent=2) + "\n")
        return
    shown = [*(text(table) for table in answer.tables()), "\n".join(answer.findings())]
    if output is not None:
        shown.append(f"written to {output}")
    write_out("\n".join("\n".join(map(harmless, part.split("\n"))) + "\n" for part in shown))
