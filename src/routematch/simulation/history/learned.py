"""What a log teaches: the parts of a scenario, what each of them rests on, and what was assumed."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen

from routematch.importers import open_history
from routematch.model.frozen import FrozenMap
from routematch.simulation.agent_groups import AgentGroup
from routematch.simulation.conversation_types import ConversationType
from routematch.simulation.history.arrivals import ArrivalFit
from routematch.simulation.history.laws import LawFit
from routematch.simulation.history.patience import PatienceFit
from routematch.state import History, HistoryReport, IntervalCounts, Ledger, read_history

__all__ = ["LearnedHistory", "TypeFit", "as_history"]


@frozen(eq=False)
class TypeFit:
    """What was learned about one conversation type.

    Attributes
    ----------
    arrivals : ArrivalFit
    handle_time : LawFit or None
        Without wrap-up; None where nothing was ever handled, or only means are known.
    wrap_up : LawFit or None
    patience : PatienceFit or None
        None where nobody gave up.
    by_group : mapping from agent group to LawFit
        Where a group's handle times clearly differ.
    """

    arrivals: ArrivalFit
    handle_time: LawFit | None
    wrap_up: LawFit | None
    patience: PatienceFit | None
    by_group: Mapping[str, LawFit] = field(factory=FrozenMap)


@frozen(eq=False)
class LearnedHistory:
    """The parts of a scenario.

    Attributes
    ----------
    conversation_types : tuple of ConversationType
    agent_groups : tuple of AgentGroup
        Their shifts are those of the log's own days.
    start_at, horizon : float
        The observed window: POSIX seconds, and seconds.
    zone : str
    fits : mapping from conversation type to TypeFit
    report : HistoryReport
        Of the log, with what was assumed on the way.
    """

    conversation_types: tuple[ConversationType, ...]
    agent_groups: tuple[AgentGroup, ...]
    start_at: float
    horizon: float
    zone: str
    fits: Mapping[str, TypeFit]
    report: HistoryReport

    def summary(self) -> str:
        """Return the report and a line for each type and group, as text."""
        lines = [str(self.report), "", "learned:"]
        learned = [_type_line(kind, self.fits[kind.name]) for kind in self.conversation_types]
        learned += [_group_line(group) for group in self.agent_groups]
        for line in learned:
            lines += textwrap.wrap(line, 100, initial_indent="  ", subsequent_indent="    ", break_long_words=False)
        return "\n".join(lines)


def _type_line(kind: ConversationType, fit: TypeFit) -> str:
    parts = [f"{fit.arrivals.count:,} arrivals by slots of {fit.arrivals.slot / 60:.0f} min"]
    if fit.arrivals.day_cv:
        parts.append(f"days vary by {fit.arrivals.day_cv:.0%}")
    law = f"{kind.handle_time.name.replace('_', '-')}" if hasattr(kind.handle_time, "name") else "law"
    error = (
        "" if fit.handle_time is None else f" +- {1.96 * fit.handle_time.deviation / fit.handle_time.count**0.5:.0f}"
    )
    parts.append(f"handle time {kind.handle_time.mean:.0f}{error} s ({law})")
    if kind.wrap_up is not None:
        parts.append(f"wrap-up {kind.wrap_up.mean:.0f} s")
    if fit.by_group:
        parts.append(f"{len(fit.by_group)} groups differ")
    if fit.patience is None:
        parts.append("nobody gave up" if kind.patience is None else f"mean patience {kind.patience.mean:.0f} s")
    else:
        cut = f"{fit.patience.gave_up:,} did, {fit.patience.answered:,} were answered first"
        parts.append(f"half would give up within {_median(kind)} ({cut})")
    return f"{kind.name}: {', '.join(parts)}"


def _median(kind: ConversationType) -> str:
    assert kind.patience is not None
    median = float(kind.patience.quantile(0.5))
    return f"{median:.0f} s" if median < 1e6 else "no time that was seen"


def _group_line(group: AgentGroup) -> str:
    roster = group.roster()
    skills = sorted({skill for agent in roster for skill in agent.skills})
    hours = sum(shift.ends_at - shift.starts_at for agent in roster for shift in agent.shifts) / 3600.0
    most = max((agent.capacity.units for agent in roster), default=1)
    at_once = f", up to {most:g} at once" if most > 1 else ""
    people = f"{len(roster)} {'agent' if len(roster) == 1 else 'agents'}"
    return f"{group.name}: {people}, {', '.join(skills)}{at_once}; {hours:,.0f} hours at work"


def as_history(calls: object, columns: Mapping[str, str] | None, zone: str | None) -> History:
    """Read whatever a caller calls a history: a path, a table, a ledger, interval counts, a `History`."""
    if isinstance(calls, History):
        return calls
    if isinstance(calls, str | Path):
        return open_history(calls, columns=columns, zone=zone)
    if isinstance(calls, Ledger | IntervalCounts):
        is_ledger = isinstance(calls, Ledger)
        report = HistoryReport("ledger" if is_ledger else "intervals", len(calls), len(calls))
        return History(calls if is_ledger else None, None if is_ledger else calls, report, zone)  # type: ignore[arg-type]  # told apart above
    return read_history(calls, columns=columns, zone=zone)
