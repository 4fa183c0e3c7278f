"""The commands: each reads, calls the library, and shows or writes what it gives."""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

from routematch.cli.benchmark_command import benchmark, tune
from routematch.cli.choosing import chosen_policy, data_policy, is_code
from routematch.cli.failing import settle, what_raised
from routematch.cli.output import native_output_aside, write_out
from routematch.cli.reading import instant_from, read_data, read_input, read_memory
from routematch.cli.simulate_command import simulate
from routematch.codec import InputFile, from_data
from routematch.errors import ContractError, Faults, MissingExtraError, RoutematchError
from routematch.explain import Finding, check_input, explain_conversation
from routematch.policies import PRESETS, Policy, dumps
from routematch.routing import Plan
from routematch.routing import route as route_input

try:
    import typer
except ImportError as error:
    raise MissingExtraError("cli", "the command line") from error

__all__ = ["app", "run"]

#: Exit status of `route` where the plan has faults.
PART_FAILED = 1
#: How the schema of a scenario file begins.
_SCENARIOS = "routematch/scenario/"

app = typer.Typer(
    name="routematch",
    help="Pair waiting conversations with the best available agents: jointly, exactly, explained.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

File = Annotated[str, typer.Argument(help="Input file, JSON or TOML; - reads standard input.")]
PolicyName = Annotated[
    str | None,
    typer.Option("--policy", metavar="POLICY", help="Name of a preset, a policy file, or module:name for code."),
]
Now = Annotated[
    str | None, typer.Option("--now", metavar="INSTANT", help="POSIX seconds, or a date and time with its zone.")
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="NUMBER", help="Chance of random ties; 0 by default.")]
Memory = Annotated[
    str | None,
    typer.Option("--memory", metavar="FILE", help="Memory of an earlier plan, or that plan as JSON."),
]
Limit = Annotated[int | None, typer.Option("--limit", metavar="STEPS", help="Budget in solver steps.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON instead of text.")]


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    _prepare_streams()
    try:
        app(args=None if arguments is None else list(arguments), prog_name="routematch")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    return 0


def _prepare_streams() -> None:
    """Show as escapes what the output cannot encode; let closed streams swallow what is written."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - as long as the process
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _version(wanted: bool) -> None:  # noqa: FBT001 - the form of a callback
    if wanted:
        with contextlib.suppress(PackageNotFoundError):
            typer.echo(f"routematch {version('routematch')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    _: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Take the options that stand before any command."""


@app.command()
def route(
    file: File,
    *,
    as_json: AsJson = False,
    policy: PolicyName = None,
    now: Now = None,
    seed: Seed = None,
    memory: Memory = None,
    limit: Limit = None,
) -> None:
    """Show who gets what and why, and who goes on waiting and why.

    Exit status 1 when a plugged-in rule or term failed, so that the plan leaves out what it was asked about.
    """

    def work() -> int:
        plan = _plan(file, policy=policy, now=now, seed=seed, memory=memory, limit=limit)
        if as_json:
            _write(plan.to_dict())
            return PART_FAILED if plan.faults else 0
        from routematch.cli.showing import show_plan

        ids = plan.trace.problem.backlog.ids
        show_plan(plan, [explain_conversation(plan.trace, i, held=plan.held.get(i), refusals=1) for i in ids])
        return PART_FAILED if plan.faults else 0

    raise typer.Exit(settle(work, source=file))


@app.command()
def explain(
    file: File,
    conversation: Annotated[str, typer.Argument(help="Its id.")],
    *,
    as_json: AsJson = False,
    policy: PolicyName = None,
    now: Now = None,
    seed: Seed = None,
    memory: Memory = None,
    limit: Limit = None,
) -> None:
    """Show why one conversation got its agent, or why it waits."""

    def work() -> int:
        plan = _plan(file, policy=policy, now=now, seed=seed, memory=memory, limit=limit)
        explanation = plan.explain(conversation)
        if as_json:
            _write(explanation.to_dict())
            return 0
        from routematch.cli.showing import show_explanation

        show_explanation(explanation)
        return 0

    raise typer.Exit(settle(work, source=file))


@app.command()
def check(file: File, *, as_json: AsJson = False, policy: PolicyName = None, now: Now = None) -> None:
    """Find what can never work: skills nobody holds, levels nobody reaches, relaxations that add nobody.

    In a scenario file also hours in which nobody on shift may serve a type, and too much work for those who may.
    Exit status 1 when a conversation can never be served, whoever is present and however long it waits.
    """

    def work() -> int:
        findings = _findings(file, policy=policy, now=now)
        problems = sum(finding.severity == "problem" for finding in findings)
        if as_json:
            _write(
                {
                    "schema": "routematch/findings/1",
                    "problems": problems,
                    "hints": len(findings) - problems,
                    "findings": [finding.to_dict() for finding in findings],
                }
            )
        else:
            from routematch.cli.showing import show_findings

            show_findings(findings)
        return 1 if problems else 0

    raise typer.Exit(settle(work, source=file))


@app.command()
def report(
    file: Annotated[
        str, typer.Argument(help="A router's journal (.jsonl), a ledger, or a call log: CSV, Parquet or Arrow.")
    ],
    *,
    output: Annotated[
        str | None, typer.Option("--output", metavar="FILE", help="Write the whole report as one HTML page.")
    ] = None,
    within: Annotated[float, typer.Option("--within", metavar="SECONDS", help="Limit of the service level.")] = 20.0,
    cost_per_hour: Annotated[
        float | None, typer.Option("--cost-per-hour", metavar="AMOUNT", help="Of an agent; costs are left out without.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", metavar="NAME", help="IANA time zone of times of day; UTC by default.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column", metavar="NAME=COLUMN", help="What a column of a log is, as arrived_at=q_start; repeatable."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show how it went: service level, waits, occupancy, value; with --output everything, with pictures."""

    def work() -> int:
        from routematch.cli.history import columns_from
        from routematch.cli.reporting import report_data, report_of, show_report

        columns = columns_from(column or ())
        made = report_of(file, within=within, cost_per_hour=cost_per_hour, zone=zone, columns=columns)
        if output is not None:
            from routematch.report import write

            write(made, output)
        if as_json:
            _write(report_data(made))
        else:
            show_report(made)
        return 0

    raise typer.Exit(settle(work, source=file))


@app.command()
def policies(
    names: Annotated[list[str] | None, typer.Argument(help="A preset or a policy file.")] = None,
    *,
    compare: Annotated[bool, typer.Option("--compare", help="Show what differs between two policies.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the presets, print one policy as a file, or compare two."""

    def work() -> int:
        wanted = names or []
        if len(wanted) != 2 if compare else len(wanted) > 1:
            faults = Faults()
            message = "--compare takes two policies" if compare else "one policy at a time; --compare takes two"
            faults.add(message, given=wanted)
            faults.raise_if_any()
        if not wanted:
            _list_presets(as_json=as_json)
        elif compare:
            _compare(data_policy(wanted[0]), data_policy(wanted[1]), as_json=as_json)
        else:
            _print_policy(data_policy(wanted[0]), as_json=as_json)
        return 0

    raise typer.Exit(settle(work, source=""))


def _findings(file: str, *, policy: str | None, now: str | None) -> tuple[Finding, ...]:
    """Check an input file or a scenario file, told apart by what is in it."""
    data = read_data(file)
    if isinstance(data, dict) and ("conversation_types" in data or str(data.get("schema")).startswith(_SCENARIOS)):
        from routematch.simulation import Scenario, check_scenario

        return check_scenario(Scenario.from_data(data))
    given = from_data(data, InputFile)
    return check_input(
        given.conversations,
        given.agents,
        queues=given.queues,
        policy=chosen_policy(policy, given.policy),
        now=given.now if now is None else instant_from(now),
    )


@app.command()
def scenario(
    file: Annotated[
        str, typer.Argument(help="Log of past conversations, or table of half-hours: CSV, Parquet, Arrow.")
    ],
    *,
    output: Annotated[
        str | None, typer.Option("--output", metavar="FILE", help="Scenario file to write, TOML or JSON.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", metavar="ZONE", help="Time zone of the log's clocks, as Europe/Berlin.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="NAME=COLUMN", help="What a column is, as arrived_at=q_start; repeatable."),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Name of the scenario.")] = None,
) -> None:
    """Learn a scenario from a log of past conversations, and show what was dropped and assumed."""

    def work() -> int:
        from routematch.cli.history import write_scenario

        write_scenario(file, output=output, zone=zone, columns=column or (), name=name)
        return 0

    raise typer.Exit(settle(work, source=file))


app.command()(simulate)
app.command()(benchmark)
app.command()(tune)


@app.command("what-if")
def what_if(  # noqa: PLR0913 - one for each option
    file: Annotated[str, typer.Argument(help="Scenario file, as `routematch scenario` writes it.")],
    *,
    train: Annotated[
        list[str] | None,
        typer.Option("--train", metavar="WHO:SKILL[:LEVEL]", help="10:spanish:0.7, or ana,bo:spanish; repeatable."),
    ] = None,
    concurrency: Annotated[
        list[str] | None,
        typer.Option("--concurrency", metavar="CHANNEL=NUMBER", help="At once, as chat=4; repeatable."),
    ] = None,
    agents: Annotated[
        list[str] | None, typer.Option("--agents", metavar="GROUP=CHANGE", help="As desk=+5 or desk=-2; repeatable.")
    ] = None,
    volume: Annotated[
        list[str] | None,
        typer.Option("--volume", metavar="[TYPE=]FACTOR", help="1.1 for a tenth more, also of a type; repeatable."),
    ] = None,
    policy: PolicyName = None,
    replications: Annotated[int, typer.Option("--replications", metavar="NUMBER", help="Runs of each option.")] = 20,
    seed: Seed = None,
    within: Annotated[float, typer.Option("--within", metavar="SECONDS", help="Limit of the service level.")] = 20.0,
    training_hours: Annotated[
        float, typer.Option("--training-hours", metavar="HOURS", help="That each trained agent is away.")
    ] = 16.0,
    output: Annotated[
        str | None, typer.Option("--report", metavar="FILE", help="Write the answer as one HTML page.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what training, more conversations at once, more people or more volume would bring, on the same days."""

    def work() -> int:
        from routematch.cli.what_if import asked, show_what_if

        changes = asked(train or (), concurrency or (), agents or (), volume or (), training_hours)
        show_what_if(
            file, changes, policy=chosen_policy(policy, None), replications=replications, seed=seed, within=within,
            output=output, as_json=as_json,
        )  # fmt: skip
        return 0

    raise typer.Exit(settle(work, source=file))


@app.command()
def advise(
    file: Annotated[str, typer.Argument(help="Scenario file, as `routematch scenario` writes it.")],
    *,
    checks: Annotated[
        int, typer.Option("--checks", metavar="NUMBER", help="Pieces of advice of each kind to simulate.")
    ] = 2,
    policy: PolicyName = None,
    replications: Annotated[int, typer.Option("--replications", metavar="NUMBER", help="Runs of each.")] = 20,
    seed: Seed = None,
    output: Annotated[str | None, typer.Option("--report", metavar="FILE", help="Write it as one HTML page.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say which skill is short, whom to train in what, where one more agent pays, and which requirement costs most."""

    def work() -> int:
        from routematch.cli.planning import show_advice

        show_advice(
            file,
            policy=chosen_policy(policy, None),
            replications=replications,
            seed=seed,
            checks=checks,
            output=output,
            as_json=as_json,
        )
        return 0

    raise typer.Exit(settle(work, source=file))


@app.command()
def staff(
    file: Annotated[str, typer.Argument(help="Scenario file; a day of it is best.")],
    *,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", metavar="LEVEL:SECONDS[:TYPE]", help="As 0.8:20, or 0.9:30:billing; repeatable."),
    ] = None,
    step: Annotated[float, typer.Option("--step", metavar="SECONDS", help="Numbers on duty change so often.")] = 1800.0,
    policy: PolicyName = None,
    replications: Annotated[int, typer.Option("--replications", metavar="NUMBER", help="Runs of each plan.")] = 20,
    seed: Seed = None,
    output: Annotated[str | None, typer.Option("--report", metavar="FILE", help="Write it as one HTML page.")] = None,
    as_json: AsJson = False,
) -> None:
    """Search the fewest agents in each half-hour that keep service levels; exit status 1 when they are not kept."""

    def work() -> int:
        from routematch.cli.planning import show_staffing

        return show_staffing(
            file,
            target or (),
            policy=chosen_policy(policy, None),
            replications=replications,
            seed=seed,
            step=step,
            output=output,
            as_json=as_json,
        )

    raise typer.Exit(settle(work, source=file))


def _plan(
    file: str, *, policy: str | None, now: str | None, seed: int | None, memory: str | None, limit: int | None
) -> Plan:
    """Read an input file and route it; what the command line says goes before what the file says."""
    given: InputFile = read_input(file)
    chosen = chosen_policy(policy, given.policy)
    arguments: dict[str, Any] = {
        "policy": chosen,
        "now": given.now if now is None else instant_from(now),
        "estimates": given.estimates,
        "memory": given.memory if memory is None else read_memory(memory),
        "seed": seed,
        "queues": given.queues,
        "limit": limit,
    }
    if not is_code(policy):
        with native_output_aside():
            return route_input(given.conversations, given.agents, **arguments)
    try:
        with native_output_aside(), contextlib.redirect_stdout(sys.stderr):
            return route_input(given.conversations, given.agents, **arguments)
    except (KeyboardInterrupt, RoutematchError):
        raise
    except BaseException as error:  # noqa: BLE001 - whatever somebody's policy raises is their fault to read
        message = f"the policy {policy} raised {what_raised(error)}"
    raise ContractError(message)


def _list_presets(*, as_json: bool) -> None:
    if as_json:
        lines = ((name, make, _line(make)) for name, make in PRESETS.items())
        _write([{"name": name, "fingerprint": make().fingerprint, "summary": line} for name, make, line in lines])
        return
    from routematch.cli.showing import show_presets

    show_presets({name: _line(make) for name, make in PRESETS.items()})


def _line(make: object) -> str:
    """Return the first sentence of a preset's docstring, without its verb."""
    return (inspect.getdoc(make) or "").partition("\n")[0].removeprefix("Return ").rstrip(".")


def _print_policy(policy: Policy, *, as_json: bool) -> None:
    if as_json:
        _write({**policy.to_data(), "fingerprint": policy.fingerprint})
        return
    write_out(f"# {policy.fingerprint}\n{dumps(policy)}")


def _compare(first: Policy, second: Policy, *, as_json: bool) -> None:
    if not as_json:
        from routematch.cli.showing import show_differences

        show_differences(first, second)
        return
    differences = {path: {"first": mine, "second": theirs} for path, (mine, theirs) in first.compare(second).items()}
    _write({"first": first.fingerprint, "second": second.fingerprint, "differences": differences})


def _write(data: object) -> None:
    """Write JSON: the same bytes for the same data, in ASCII, so that no terminal and no locale can be upset."""
    write_out(json.dumps(data, indent=2, allow_nan=False) + "\n")
