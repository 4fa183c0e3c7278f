"""`routematch simulate`: days of a scenario under one or more policies, side by side."""

from __future__ import annotations

from typing import Annotated

from routematch.cli.failing import settle
from routematch.errors import MissingExtraError

try:
    import typer
except ImportError as error:
    raise MissingExtraError("cli", "the command line") from error

__all__ = ["simulate"]


def simulate(  # noqa: PLR0913 - options of a command
    file: Annotated[str, typer.Argument(help="Scenario file, TOML or JSON; - reads standard input.")],
    *,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            "--policy",
            metavar="POLICY",
            help="Name of a preset, a policy file, or module:name for code; repeatable, the first is compared with.",
        ),
    ] = None,
    replications: Annotated[
        int, typer.Option("--replications", metavar="NUMBER", help="Independent days, or whatever the horizon is.")
    ] = 20,
    precision: Annotated[
        list[str] | None,
        typer.Option(
            "--precision",
            metavar="MEASURE=HALF_WIDTH",
            help="Go on until the interval is this narrow, as service_level=0.01; repeatable.",
        ),
    ] = None,
    report: Annotated[
        str | None, typer.Option("--report", metavar="FILE", help="Write the whole report as one HTML page.")
    ] = None,
    observed: Annotated[
        str | None,
        typer.Option("--observed", metavar="LOG", help="Compare with this log first, and repeat that in the report."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column", metavar="NAME=COLUMN", help="What a column of that log is, as arrived_at=q_start; repeatable."
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="NUMBER", help="Of all chance; that of the scenario by default.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="NUMBER", help="Processes; one for each processor by default.")
    ] = None,
    within: Annotated[float, typer.Option("--within", metavar="SECONDS", help="Limit of the service level.")] = 20.0,
    cost_per_hour: Annotated[
        float | None,
        typer.Option("--cost-per-hour", metavar="AMOUNT", help="Of agents in groups that state none."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON instead of text.")] = False,
) -> None:
    """Simulate a scenario under one or more policies on the same days, and show what differs and how sure that is."""

    def work() -> int:
        from routematch.cli.simulate_running import Wanted, run_simulation

        wanted = Wanted(
            policies=tuple(policy or ("best_match",)),
            replications=replications,
            precision=tuple(precision or ()),
            report=report,
            observed=observed,
            columns=tuple(column or ()),
            seed=seed,
            workers=workers,
            within=within,
            cost_per_hour=cost_per_hour,
            as_json=as_json,
        )
        run_simulation(file, wanted)
        return 0

    raise typer.Exit(settle(work, source=file))
