"""`routematch benchmark` and `routematch tune`: policies over the scenario suite, and better weights for one."""

from __future__ import annotations

from typing import Annotated

from routematch.cli.failing import settle
from routematch.errors import MissingExtraError

try:
    import typer
except ImportError as error:
    raise MissingExtraError("cli", "the command line") from error

__all__ = ["benchmark", "tune"]


def benchmark(
    *,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            "--policy",
            metavar="POLICY",
            help="Name of a baseline or preset, a policy file, or module:name for code; repeatable.",
        ),
    ] = None,
    suite: Annotated[
        str, typer.Option("--suite", metavar="CASES", help="all, small, markov, realistic, or as S4,S5r@1.")
    ] = "small",
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="text, md, csv or latex.")] = "text",
    output: Annotated[
        str | None, typer.Option("--output", metavar="FILE", help="Results file to write, JSON, for others to verify.")
    ] = None,
    report: Annotated[
        str | None, typer.Option("--report", metavar="FILE", help="Write tables and dot plots as one HTML page.")
    ] = None,
    check: Annotated[
        str | None, typer.Option("--verify", metavar="FILE", help="Run a results file again and tell what differs.")
    ] = None,
    replications: Annotated[
        int | None, typer.Option("--replications", metavar="NUMBER", help="In place of the prescribed number.")
    ] = None,
) -> None:
    """Run policies over the scenario suite, with prescribed seeds, as shares of the way to the optimum or a bound.

    Without --policy all baselines run. Exit status 1 when --verify finds a difference.
    """

    def work() -> int:
        from routematch.cli.benchmark_running import show_benchmark

        return show_benchmark(
            policy or (), suite, form=form, output=output, report=report, check=check, replications=replications
        )

    raise typer.Exit(settle(work, source=check or ""))


def tune(  # noqa: PLR0913 - options of a command
    files: Annotated[list[str], typer.Argument(help="Scenario files; the objective is averaged over them.")],
    *,
    policy: Annotated[
        str, typer.Option("--policy", metavar="POLICY", help="Name of a preset, or a policy file: the incumbent.")
    ] = "best_match",
    weight: Annotated[
        list[str] | None,
        typer.Option(
            "--weight",
            metavar="PATH[=LOW:HIGH]",
            help="What may change, as terms.affinity.weight=0:4; repeatable; all weights without.",
        ),
    ] = None,
    objective: Annotated[
        str | None, typer.Option("--objective", metavar="MEASURE", help="As service_level; net value without.")
    ] = None,
    constraint: Annotated[
        list[str] | None,
        typer.Option("--constraint", metavar="MEASURE=LIMIT", help="As abandonment=0.05; repeatable."),
    ] = None,
    candidates: Annotated[int, typer.Option("--candidates", metavar="NUMBER", help="Beside the incumbent.")] = 40,
    replications: Annotated[int, typer.Option("--replications", metavar="NUMBER", help="Days of the search.")] = 8,
    evaluations: Annotated[int, typer.Option("--evaluations", metavar="NUMBER", help="Fresh days at the end.")] = 20,
    seed: Annotated[int, typer.Option("--seed", metavar="NUMBER", help="Of all chance.")] = 0,
    sampler: Annotated[str, typer.Option("--sampler", metavar="NAME", help="local, or optuna (extra tune).")] = "local",
    output: Annotated[
        str | None, typer.Option("--output", metavar="FILE", help="Policy file to write, with its evidence.")
    ] = None,
    journal: Annotated[
        str | None, typer.Option("--journal", metavar="FILE", help="Note trials here, to go on after an interruption.")
    ] = None,
) -> None:
    """Look for better weights by simulation; the incumbent stays unless it is surely beaten on fresh days."""

    def work() -> int:
        from routematch.cli.benchmark_running import show_tuned

        show_tuned(
            files,
            policy,
            objective=objective,
            weights=weight or (),
            constraints=constraint or (),
            numbers={
                "candidates": candidates,
                "replications": replications,
                "evaluations": evaluations,
                "seed": seed,
            },
            sampler=sampler,
            output=output,
            journal=journal,
        )
        return 0

    raise typer.Exit(settle(work, source=", ".join(files)))
