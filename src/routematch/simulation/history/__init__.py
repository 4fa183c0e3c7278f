"""From a log to the parts of a scenario: plain fits by counting, each with what it rests on.

`learn_history` is the one entry. Arrivals by time of the week, laws of handle times, patience with waits cut short, who
was at work when, and groups of agents alike each live in a file of their own, so that a better learner can take over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from routematch.model import Agent
from routematch.simulation.history.arrivals import ArrivalFit, fit_arrivals
from routematch.simulation.history.from_calls import learn_from_calls
from routematch.simulation.history.from_intervals import learn_from_intervals
from routematch.simulation.history.laws import LawFit, fit_law
from routematch.simulation.history.learned import LearnedHistory, TypeFit, as_history
from routematch.simulation.history.patience import PatienceFit, fit_patience, kaplan_meier
from routematch.simulation.history.presence import Presence, infer_presence
from routematch.simulation.history.teams import Team, find_teams
from routematch.simulation.history.week import LocalTime

__all__ = [
    "ArrivalFit",
    "LawFit",
    "LearnedHistory",
    "LocalTime",
    "PatienceFit",
    "Presence",
    "Team",
    "TypeFit",
    "as_history",
    "find_teams",
    "fit_arrivals",
    "fit_law",
    "fit_patience",
    "infer_presence",
    "kaplan_meier",
    "learn_history",
]


def learn_history(
    calls: object,
    agents: Sequence[Agent] | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    zone: str | None = None,
) -> LearnedHistory:
    """Learn a contact centre from what happened in it.

    Parameters
    ----------
    calls : path, table, Ledger, IntervalCounts or History
        A log with one row for each conversation, or a table of half-hours.
    agents : sequence of Agent, optional
        Who worked, their skills named after conversation types; those without shifts get inferred ones. Left out:
        agents, groups and skills are inferred from who handled what.
    columns : mapping from str to str, optional
        Our name -> the column's, where the names do not say it.
    zone : str, optional
        IANA time zone of the log's clocks, and of the week its patterns are in; UTC where left out.

    Returns
    -------
    LearnedHistory

    Raises
    ------
    InvalidInputError
        When it cannot be read, has no column of arrivals, or nothing in it was handled.
    """
    history = as_history(calls, columns, zone)
    if history.calls is not None:
        return learn_from_calls(history, history.calls, agents)
    assert history.intervals is not None
    return learn_from_intervals(history, history.intervals)
