"""What is lost while agents sit in a course: they are away for their first hours on duty."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve, frozen

from routematch.model import Shift
from routematch.simulation.changes import named
from routematch.simulation.hours import intervals_of

if TYPE_CHECKING:
    from routematch.simulation import Scenario

__all__ = ["TimeOff", "month_factor", "staff_cost_per_month", "time_off"]

_HOUR = 3600.0
_MONTH = 365.25 / 12 * 86_400.0
#: Shifts of those who are always there end this many runs after the start.
_RUNS = 10.0


@frozen
class TimeOff:
    """A scenario without some agents for some hours.

    Attributes
    ----------
    scenario : Scenario
    hours : float
        Wanted, over all agents.
    taken : float
        That fit into the run.
    """

    scenario: Scenario
    hours: float
    taken: float


def time_off(scenario: Scenario, agents: Iterable[str], hours: float) -> TimeOff:
    """Take agents away for their first hours on duty.

    Parameters
    ----------
    scenario : Scenario
    agents : iterable of str
    hours : float
        Of each.

    Returns
    -------
    TimeOff
    """
    chosen, taken, groups = frozenset(agents), 0.0, []
    for team in scenario.agent_groups:
        if chosen.isdisjoint(agent.id for agent in team.roster()):
            groups.append(team)
            continue
        by_name, changed = named(team), []
        for agent in by_name.agents:
            if agent.id in chosen:
                own = agent.shifts or team.shifts
                span = scenario.start_at, scenario.horizon, scenario.zone
                worked = intervals_of(own, *span) if own else [(0.0, scenario.horizon * _RUNS)]
                left, away = _later(worked, hours * _HOUR, scenario.horizon)
                taken += away
                shifts = [Shift(scenario.start_at + first, scenario.start_at + stop) for first, stop in left]
                never = scenario.start_at + scenario.horizon * _RUNS
                changed.append(evolve(agent, shifts=shifts or [Shift(never, never + 1.0)]))
            else:
                changed.append(agent)
        groups.append(evolve(by_name, agents=changed))
    return TimeOff(evolve(scenario, agent_groups=groups), hours * len(chosen), taken / _HOUR)


def _later(worked: list[tuple[float, float]], away: float, horizon: float) -> tuple[list[tuple[float, float]], float]:
    """Return stretches without their first seconds, and how many seconds of the run went."""
    left, wanted = [], away
    for first, stop in worked:
        within = max(min(stop, horizon) - first, 0.0)
        cut = min(wanted, within)
        wanted -= cut
        if first + cut < stop and cut < within:
            left.append((first + cut, stop))
    return left, away - wanted


def month_factor(scenario: Scenario) -> float:
    """Return how many times the measured part of a run fits into a month."""
    return _MONTH / (scenario.horizon - scenario.warm_up)


def staff_cost_per_month(scenario: Scenario) -> float:
    """Return what agents on shift cost in a month on average, in policy units; breaks are paid."""
    total = 0.0
    span = scenario.start_at, scenario.horizon, scenario.zone
    for team in scenario.agent_groups:
        for agent in team.roster() if team.cost_per_hour else ():
            own = agent.shifts or team.shifts
            worked = np.diff(intervals_of(own, *span)).sum() if own else scenario.horizon
            total += team.cost_per_hour * float(worked) * (1.0 - team.absence_probability) / _HOUR
    return total * _MONTH / scenario.horizon
