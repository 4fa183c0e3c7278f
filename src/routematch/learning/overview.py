"""What was learned as tables and charts, for `report.write` and for whoever draws them otherwise.

>>> from routematch.learning.fit import fit
>>> from routematch.model import Outcome
>>> good = [Outcome(f"a{i}", "ana", resolved=i % 10 > 0, skills=("billing",)) for i in range(60)]
>>> poor = [Outcome(f"b{i}", "bo", resolved=i % 10 > 5, skills=("billing",)) for i in range(60)]
>>> [table.title for table in Overview(fit(good + poor)).tables()]
['Success by skill and agent']
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from attrs import frozen

from routematch.learning.certainty import interval
from routematch.learning.scores import Scores
from routematch.model import Estimates
from routematch.model.evidence import EVERYTHING, Evidence
from routematch.model.learned import ArrivalEstimate, PatienceEstimate
from routematch.report import Chart, Column, Series, Table

__all__ = ["Overview"]

#: Rows of one table; pairs beyond it are counted in the note.
_MOST_ROWS = 500
_UNITS = {"probability": "share", "log_time": "seconds", "share": "share"}
_BETTER = {"probability": "higher", "log_time": "lower", "share": "higher"}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY = 86400.0


@frozen
class Overview:
    """Estimates, and how well they predicted, where that was scored.

    Attributes
    ----------
    estimates : Estimates
    scores : Scores or None
    """

    estimates: Estimates
    scores: Scores | None = None

    title: ClassVar[str] = "What was learned"

    def findings(self) -> tuple[str, ...]:
        """Return the sentences of `Estimates.report`, for the top of a page."""
        return tuple(line for line in self.estimates.report().splitlines() if line and not line.startswith(" "))

    def tables(self) -> tuple[Table, ...]:
        """Return one table for each kind of number by skill and agent, best first, and the scores."""
        found = [self._table(name, evidence) for name, evidence in self.estimates.evidence.items()]
        return (*found, *([] if self.scores is None else [_scores(self.scores)]))

    def charts(self) -> tuple[Chart, ...]:
        """Return calibration, patience and arrivals, where they are known."""
        return tuple(self._charts())

    def _table(self, name: str, evidence: Evidence) -> Table:
        rows, sign = [], -1.0 if _BETTER[evidence.scale] == "higher" else 1.0
        for agent, cells in evidence.cells.items():
            for skill, cell in cells.items():
                if cell.count > 0:
                    found = interval(self.estimates, agent, skill, table=name)
                    thin = "too thin to judge" if cell.count < cell.prior_strength else ""
                    rows.append((skill, sign * found.mean, agent, found, cell.count, thin))
        rows.sort(key=lambda row: row[:3])
        title = name.replace("_", " ").capitalize()
        unit, better = _UNITS[evidence.scale], _BETTER[evidence.scale]
        columns = ("Skill", "Agent", title, "Conversations", "")
        units = ("text", "text", unit, "count", "text")
        return Table(
            f"{title} by skill and agent",
            [Column(head, kind, better if head == title else "") for head, kind in zip(columns, units, strict=True)],
            [(skill, agent, found, count, thin) for skill, _, agent, found, count, thin in rows[:_MOST_ROWS]],
            note=_note(evidence, len(rows)),
        )

    def _charts(self) -> Iterator[Chart]:
        if self.scores is not None:
            yield _calibration(self.scores)
        for name, patience in sorted(self.estimates.patience.items()):
            yield _patience(name, patience)
        for name, arrivals in sorted(self.estimates.arrivals.items()):
            yield _arrivals(name, arrivals)


def _note(evidence: Evidence, pairs: int) -> str:
    words = "90 % intervals. Conversations count less the older they are."
    if not evidence.has_signal:
        words = f"Agents cannot be told apart; nothing of it enters a decision. {words}"
    return f"{words} {pairs - _MOST_ROWS} more pairs are left out." if pairs > _MOST_ROWS else words


def _scores(scores: Scores) -> Table:
    rows = [
        (name, scores.log_loss[name], scores.log_loss_gain.get(name), scores.brier[name], scores.brier_gain.get(name))
        for name in scores.log_loss
    ]
    columns = [
        Column("Prediction"),
        Column("Log-loss", "amount", "lower"),
        Column("What was learned gains", "amount", "higher", is_difference=True),
        Column("Brier score", "amount", "lower"),
        Column("What was learned gains", "amount", "higher", is_difference=True),
    ]
    note = f"{scores.count} later conversations, predicted from earlier ones; 90 % intervals."
    return Table("How well later conversations were predicted", columns, rows, note=note)


def _calibration(scores: Scores) -> Chart:
    steps = scores.calibration
    predicted = tuple(step.predicted for step in steps)
    return Chart(
        "Predicted and resolved, in tenths of the later conversations",
        "line",
        tuple(f"{share:.0%}" for share in predicted),
        [Series("resolved", [step.happened for step in steps]), Series("predicted", predicted)],
        positions=predicted if len(set(predicted)) == len(predicted) else (),
        x_label="predicted",
        y_label="resolved",
        unit="share",
    )


def _patience(name: str, patience: PatienceEstimate) -> Chart:
    return Chart(
        f"Still waiting when nobody answers, {_of(name)}",
        "line",
        tuple(f"{start:.0f} s" for start in patience.starts),
        [Series("still waiting", patience.surviving)],
        positions=patience.starts,
        x_label="waited",
        y_label="share of customers",
        unit="share",
        note=f"Kaplan and Meier; {patience.given_up:.0f} gave up, {patience.answered:.0f} were answered first.",
    )


def _arrivals(name: str, arrivals: ArrivalEstimate) -> Chart:
    per_day = sum(start < _DAY for start in arrivals.starts)
    hourly = [rate * 3600.0 for rate in arrivals.rates]
    days = [Series(day, hourly[i * per_day : (i + 1) * per_day]) for i, day in enumerate(_DAYS)]
    clock = tuple(f"{start // 3600:02.0f}:{start % 3600 // 60:02.0f}" for start in arrivals.starts[:per_day])
    return Chart(
        f"Arrivals an hour, {_of(name)}",
        "heat",
        clock,
        days,
        x_label=f"time of day, {arrivals.zone}",
        unit="per hour",
        note=f"From {arrivals.weeks:.1f} weeks.",
    )


def _of(name: str) -> str:
    return "all types" if name == EVERYTHING else name
