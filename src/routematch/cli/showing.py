"""Plans, explanations, findings and policies as text for people: tables where there is room, short lists where not."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from routematch.cli.harmless import harmless, harmless_parts
from routematch.cli.output import write_out
from routematch.errors import MissingExtraError
from routematch.explain import Explanation, Finding, TradeOff
from routematch.policies import Policy
from routematch.routing import Plan

try:
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text
except ImportError as error:
    raise MissingExtraError("cli", "the command line") from error

__all__ = ["show_differences", "show_explanation", "show_findings", "show_plan", "show_presets"]

#: Columns assumed where the output is no terminal and `COLUMNS` is not set.
_USUAL_WIDTH = 100
#: Below this, tables become lists.
_NARROW = 72
_MOST_TERMS = 3
_POSIX = 1e8
#: Reasons for which the agent who came closest says more than the requirements.
_STOPPED_LATE = ("at_capacity", "nobody_present")

Row = Sequence[Text | str]


@contextmanager
def page() -> Iterator[Console]:
    """Give a console to print to: colours only on a terminal, no markup, no blanks at the ends of lines."""
    terminal = sys.stdout.isatty()
    width = None if terminal or os.environ.get("COLUMNS") else _USUAL_WIDTH
    printed = io.StringIO()
    yield Console(file=printed, force_terminal=terminal, width=width, markup=False, emoji=False, highlight=False)
    write_out(re.sub(r" +$", "", printed.getvalue(), flags=re.MULTILINE))


def show_plan(plan: Plan, explanations: Sequence[Explanation]) -> None:
    """Print a plan: who gets what and why, who waits and why, and how good that is at best.

    Parameters
    ----------
    plan : Plan
    explanations : sequence of Explanation
        One for each conversation, in order of arrival.
    """
    shown = harmless_parts(tuple(explanations))
    assigned = [_assigned_row(entry) for entry in shown if entry.agent is not None]
    waiting = [_waiting_row(entry, plan) for entry in shown if entry.agent is None]
    with page() as out:
        if assigned:
            _print_rows(out, ("conversation", "agent", "worth", "made of", "why this agent"), assigned, numbers={2})
        if waiting:
            _print_rows(out, ("waiting", "reason", "what stands in the way", "look again"), waiting)
        _print_footer(out, plan, len(assigned), len(waiting))


def _assigned_row(entry: Explanation) -> Row:
    return (
        Text(entry.conversation, "bold"),
        Text(entry.agent or "", "cyan"),
        _number(entry.worth or 0.0),
        _made_of(entry),
        Text(_why(entry), "dim"),
    )


def _made_of(entry: Explanation) -> str:
    """Return the parts of worth that matter most, the largest first."""
    parts = {**entry.terms, **entry.urgency}
    largest = sorted((name for name in parts if parts[name]), key=lambda name: -abs(parts[name]))
    shown = [f"{name} {_number(parts[name])}" for name in largest[:_MOST_TERMS]]
    return " + ".join([*shown, *(["..."] if len(largest) > _MOST_TERMS else [])]).replace("+ -", "- ")


def _why(entry: Explanation) -> str:
    if entry.better:
        trade = entry.better[0]
        return f"{trade.agent} would be {_number(trade.gain)} better, but {_obstacle(trade)}"
    other = entry.runner_up
    if other is None:
        return "nobody else may take it"
    if abs(other.gap) < 1e-9:
        return f"equal to {other.agent}; then by {', '.join((*entry.ties, 'id'))}"
    return f"next {other.agent}, {_number(other.gap)} less"


def _obstacle(trade: TradeOff) -> str:
    return f"{trade.needed_by} needs {trade.agent} more" if trade.obstacle == "needed_more" else trade.sentence


def _waiting_row(entry: Explanation, plan: Plan) -> Row:
    sentence = plan.held[_raw_id(entry, plan)].sentence
    return (
        Text(entry.conversation, "bold"),
        Text(sentence, "yellow"),
        _in_the_way(entry),
        _again(entry.review_at, plan.now),
    )


def _raw_id(entry: Explanation, plan: Plan) -> str:
    """Return the id as the plan has it; only hostile ones differ from what is shown."""
    if entry.conversation in plan.held:
        return entry.conversation
    return next(identifier for identifier in plan.held if harmless(identifier) == entry.conversation)


def _in_the_way(entry: Explanation) -> str:
    if entry.better:
        return _obstacle(entry.better[0])
    said = [f"{refusal.agent} {refusal.sentence}" for refusal in entry.refused[:1] if entry.reason in _STOPPED_LATE]
    if entry.blocking and not said:
        part = entry.blocking[0]
        said.append(
            f"nobody meets {part.part}" if not part.met_by else f"{part.part}: {part.would_add} more without it"
        )
    coming = next((step for step in entry.relaxations if step.would_add), None)
    if coming is not None:
        said.append(f"{coming.would_add} more after {coming.after:g} s of waiting")
    return "; ".join(said)


def _again(instant: float | None, now: float) -> str:
    if instant is None:
        return "when something happens"
    return f"in {_duration(instant - now)}" if instant > now else "at any time"


def _duration(seconds: float) -> str:
    """Return a length of time in two units at most, never longer than it is."""
    if seconds < 120:
        return f"{max(seconds, 0.0):.3g} s"
    for name, size, smaller_name, smaller in (("min", 60, "s", 1), ("h", 3600, "min", 60), ("d", 86400, "h", 3600)):
        if seconds < 60 * size or name == "d":
            whole, rest = divmod(int(seconds), size)
            return f"{whole} {name} {rest // smaller} {smaller_name}" if rest // smaller else f"{whole} {name}"
    raise AssertionError


def _print_footer(out: Console, plan: Plan, assigned: int, waiting: int) -> None:
    if plan.is_optimal:
        verdict = Text("proven best" if not plan.faults else "proven best of what did not fail", "green")
    else:
        verdict = Text(f"at most {_number(plan.gap)} below the best", "yellow")
    counts = f"{assigned} assigned, {waiting} waiting"
    worth = f"worth {_number(plan.worth)}, bound {_number(plan.bound)}, "
    out.print(Text.assemble(f"{counts}; {worth}", verdict))
    out.print(Text(f"policy {' '.join(filter(None, (harmless(plan.policy), plan.fingerprint)))}", "dim"))
    out.print(Text(f"now {_instant(plan.now)}", "dim"))
    for warning in plan.warnings:
        _print_line(out, "warning: ", harmless(warning), "yellow")
    for fault in plan.faults:
        touched = [*fault.conversations, *fault.agents]
        who = f" ({', '.join(touched[:6])}{', ...' if len(touched) > 6 else ''})" if touched else ""
        _print_line(out, "fault: ", harmless(f"{fault.member}: {fault.message}{who}"), "red")


def _instant(instant: float) -> str:
    if abs(instant) < _POSIX:
        return f"{instant:g}"
    try:
        return f"{datetime.fromtimestamp(instant, UTC).isoformat(timespec='seconds')}"
    except (OverflowError, ValueError, OSError):
        return f"{instant:g}"


def show_explanation(explanation: Explanation, *, refusals: int = 20) -> None:
    """Print an explanation; details are indented under the answer."""
    first, *details = harmless_parts(explanation).text(refusals=refusals).splitlines()
    with page() as out:
        out.print(Text(first, "bold"))
        for line in details:
            out.print(Padding(Text(line.strip()), (0, 0, 0, 2)))


def show_findings(findings: Iterable[Finding]) -> None:
    """Print what a check found, problems first."""
    entries = harmless_parts(tuple(findings))
    colours = {"problem": "red", "hint": "yellow"}
    rows = [(Text(f.severity, colours[f.severity]), f.message, Text(f.place, "dim")) for f in entries]
    problems = sum(entry.severity == "problem" for entry in entries)
    with page() as out:
        if rows:
            _print_rows(out, ("", "finding", "where"), rows)
            out.print(f"{_count(problems, 'problem')}, {_count(len(entries) - problems, 'hint')}")
        else:
            out.print(Text("nothing to complain about", "green"))


def show_presets(presets: Mapping[str, str]) -> None:
    """Print presets by name, each with a line."""
    with page() as out:
        rows = [(Text(name, "bold"), line) for name, line in presets.items()]
        _print_rows(out, ("policy", "who is chosen"), rows)


def show_differences(first: Policy, second: Policy) -> None:
    """Print what differs between two policies, by path."""
    rows = [
        (Text(harmless(path), "bold"), _plain(mine), _plain(theirs))
        for path, (mine, theirs) in first.compare(second).items()
    ]
    with page() as out:
        if rows:
            _print_rows(out, ("", harmless(first.name), harmless(second.name)), rows)
        out.print(f"{_count(len(rows), 'difference')}: {first.fingerprint} and {second.fingerprint}")


def _plain(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return harmless(f"{value:.6g}" if isinstance(value, float) else str(value))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _number(amount: float) -> str:
    shown = f"{amount:.3f}"
    return "0.000" if shown == "-0.000" else shown


# --- tables and lists -------------------------------------------------------------------------------------------------


def _print_rows(out: Console, headings: Sequence[str], rows: Sequence[Row], *, numbers: Iterable[int] = ()) -> None:
    if out.width < _NARROW:
        _print_list(out, headings, rows)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    out.print(table)
    out.print()


def _print_list(out: Console, headings: Sequence[str], rows: Sequence[Row]) -> None:
    """Print a block for each row: its first cell, the others indented under it."""
    for row in rows:
        first, *others = (cell if isinstance(cell, Text) else Text(cell) for cell in row)
        out.print(first, overflow="fold")
        for heading, cell in zip(headings[1:], others, strict=True):
            if cell.plain:
                out.print(Padding(Text.assemble((f"{heading}: ", "dim"), cell), (0, 0, 0, 2)), overflow="fold")
    out.print()


def _print_line(out: Console, label: str, message: str, colour: str) -> None:
    out.print(Text.assemble((label, colour), message), overflow="fold")
