"""Estimates in words: what was learned, how sure it is, who was too thin to judge."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from routematch.model.evidence import EVERYTHING, Cell, Evidence
from routematch.model.learned import PatienceEstimate

if TYPE_CHECKING:
    from routematch.model.estimates import Estimates

__all__ = ["report_of"]

#: Rows of one table in the report; the rest is counted.
_MOST_ROWS = 12
_TITLES = {"success": "Success", "handle_time": "Handle time", "satisfaction": "Satisfaction"}
_DAY = 86400.0


def report_of(estimates: Estimates) -> str:
    """Return the report as text, lines of at most 120 characters where names are short."""
    lines: list[str] = []
    for name, evidence in estimates.evidence.items():
        lines += [*_table(_TITLES.get(name, name), evidence), ""]
    lines += _customers(estimates)
    return "\n".join(lines).rstrip() or "Nothing is known."


def _table(title: str, evidence: Evidence) -> Iterator[str]:
    agents = len(evidence.cells)
    if not evidence.has_signal:
        yield f"{title}: the {agents} agents cannot be told apart; nothing of it enters a decision."
        yield f"  Equal agents would differ as much in {evidence.chance:.0%} of such histories."
    else:
        chance = max(evidence.chance, 1e-4)
        yield f"{title}: {agents} agents differ (by chance alone in fewer than {chance:.1g} of such histories)."
    yield f"  {'skill':<24}{'usual':>8}{'range of agents':>20}{'judged':>8}{'too thin':>10}{'worth':>8}"
    skills = sorted(skill for skill in evidence.skills if skill != EVERYTHING)
    for skill in skills[:_MOST_ROWS]:
        yield "  " + _skill_row(evidence, skill)
    if len(skills) > _MOST_ROWS:
        yield f"  ... and {len(skills) - _MOST_ROWS} more skills"
    yield "  range: where nine of ten agents lie; worth: own conversations that weigh as much as what others show"
    if evidence.has_signal:
        yield from _extremes(evidence)
    yield from _thin(evidence)


def _skill_row(evidence: Evidence, skill: str) -> str:
    prior = evidence.skills[skill]
    anybody = Cell(prior.mean, prior.strength)
    spread = 1.645 * evidence.deviation_of(anybody, skill)
    counts = [row[skill].count for row in evidence.cells.values() if skill in row]
    judged = sum(count >= prior.strength for count in counts)
    low, high = (_shown(evidence, prior.mean + sign * spread, skill) for sign in (-1, 1))
    usual = _shown(evidence, prior.mean, skill)
    return (
        f"{skill[:22]:<24}{usual:>8}{f'{low} to {high}':>20}{judged:>8}{len(counts) - judged:>10}{prior.strength:>8.0f}"
    )


def _shown(evidence: Evidence, value: float, skill: str) -> str:
    """Return a mean in the units of the table; that of seconds lies above the mean of their logarithms."""
    if evidence.scale == "log_time":
        return f"{math.exp(min(value + evidence.skills[skill].noise / 2.0, 34.0)):.0f} s"
    return f"{min(max(value, 0.0), 1.0):.2f}"


def _extremes(evidence: Evidence) -> Iterator[str]:
    """Name the agents who stand out most, with what is sure about them."""
    found = []
    for agent, row in evidence.cells.items():
        for skill, cell in row.items():
            prior = evidence.skills.get(skill)
            sure = evidence.deviation_of(cell, skill)
            if prior is not None and cell.count > 0 and sure > 0:
                found.append(((cell.mean - prior.mean) / sure, agent, skill, cell, sure))
    found.sort(key=lambda entry: (-abs(entry[0]), entry[1], entry[2]))
    for distance, agent, skill, cell, sure in found[:5]:
        if abs(distance) < 1.645:
            break
        low, high = (_shown(evidence, cell.mean + sign * 1.645 * sure, skill) for sign in (-1, 1))
        yield f"  {agent} at {skill}: {_shown(evidence, cell.mean, skill)} ({low} to {high}), from {cell.count:.0f}"


def _thin(evidence: Evidence) -> Iterator[str]:
    """Name agents none of whose records weighs as much as what others show."""
    thin = sorted(
        agent for agent, row in evidence.cells.items() if all(cell.count < cell.prior_strength for cell in row.values())
    )
    if thin:
        named = ", ".join(thin[:_MOST_ROWS]) + (f" and {len(thin) - _MOST_ROWS} more" if len(thin) > _MOST_ROWS else "")
        yield f"  too thin to judge at anything: {named}"


def _customers(estimates: Estimates) -> Iterator[str]:
    if estimates.hang_up_time:
        times = ", ".join(
            f"{skill} {time:.0f} s" for skill, time in sorted(estimates.hang_up_time.items())[:_MOST_ROWS]
        )
        yield f"Cut short, so no sign of speed, is what ended sooner than: {times}."
    for name, patience in sorted(estimates.patience.items())[:_MOST_ROWS]:
        known = f"from {patience.given_up:.0f} who gave up and {patience.answered:.0f} who were answered"
        shares = ", ".join(f"{_gone(patience, 60.0 * minutes):.0%} within {minutes} min" for minutes in (1, 3, 10))
        yield f"Patience, {_of(name)}: when nobody answers, {shares} give up; {known}."
    for name, arrivals in sorted(estimates.arrivals.items())[:_MOST_ROWS]:
        peak = max(arrivals.rates)
        at = arrivals.rates.index(peak)
        span = f"{arrivals.low[at] * 3600:.1f} to {arrivals.high[at] * 3600:.1f}"
        yield (
            f"Arrivals, {_of(name)}: most at {_clock(arrivals.starts[at])} {arrivals.zone}, {peak * 3600:.1f} an hour"
            f" ({span});"
            f" {arrivals.weeks:.1f} weeks, counts vary {arrivals.dispersion:.1f} times as much as by chance."
        )
    if estimates.affinity is not None:
        yield _affinity(estimates)


def _gone(patience: PatienceEstimate, waited: float) -> float:
    """Return the share that gives up within some seconds."""
    ends = (*patience.starts[1:], math.inf)
    steps = zip(patience.starts, ends, patience.hazards, strict=True)
    return -math.expm1(-sum(hazard * max(min(waited, end) - start, 0.0) for start, end, hazard in steps))


def _affinity(estimates: Estimates) -> str:
    known = estimates.affinity
    assert known is not None
    span = f"({known.low:+.3f} to {known.high:+.3f}), from {known.count:.0f} conversations"
    if known.gain == 0:
        return f"Affinity: meeting the same agent again was not found to help {span}."
    half = "without end" if known.half_time is None else f"halved every {known.half_time / _DAY:.0f} days"
    return f"Affinity: meeting the same agent again adds {known.gain:+.3f} to success {span}, {half}."


def _of(name: str) -> str:
    return "all types" if name == EVERYTHING else name


def _clock(second: float) -> str:
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    return f"{days[int(second // _DAY) % 7]} {int(second % _DAY // 3600):02d}:{int(second % 3600 // 60):02d}"
