"""From a log of past conversations to a scenario file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from routematch.cli.harmless import harmless
from routematch.cli.output import write_out
from routematch.cli.reading import located
from routematch.errors import Faults, InvalidInputError
from routematch.simulation import Scenario, learn_history

__all__ = ["columns_from", "write_scenario"]


def write_scenario(
    file: str, *, output: str | None, zone: str | None, columns: Sequence[str], name: str | None
) -> None:
    """Learn a scenario, write it as TOML or JSON by the suffix of `output`, and show what was dropped and assumed.

    Without `output` the scenario goes to standard output and the report to standard error.
    """
    learned = learn_history(Path(file), columns=columns_from(columns), zone=zone)
    scenario = Scenario.from_history(learned, name=name or Path(file).name.partition(".")[0] or "history")
    report = "\n".join(map(harmless, learned.summary().split("\n")))
    if output is None:
        sys.stderr.write(f"{report}\n")
        write_out(scenario.dumps())
        return
    with located(f"--output {output}"):
        _write(Path(output), scenario.dumps(format="json" if output.lower().endswith(".json") else "toml"))
    write_out(f"{report}\n\nwritten to {harmless(output)}\n")


def columns_from(options: Sequence[str]) -> dict[str, str]:
    """Read ``arrived_at=q_start``, once for each column.

    Raises
    ------
    InvalidInputError
        When one has no equals sign.
    """
    faults = Faults()
    found = {}
    for option in options:
        name, equals, head = option.partition("=")
        if not equals:
            faults.add("must be written as OUR_NAME=COLUMN, such as arrived_at=q_start", place="--column", given=option)
        found[name.strip()] = head.strip()
    faults.raise_if_any()
    return found


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"cannot be written: {error.strerror or error}"
    except ValueError as error:  # a path with a NUL character
        message = f"cannot be written: {error}"
    else:
        return
    raise InvalidInputError(message)
