"""Where the work is more than the hands: the prices of agents and types, hour by hour, by small linear programs.

Each half-hour is a fluid program of its own (see `theory.fluid_bound`) with the agents on duty then. Work flows evenly
in it and real work does not, so its load is raised by its square root: the room that chance needs (Borst, Mandelbaum,
Reiman, 2004, Dimensioning large call centers). Its dual prices say what one second more of an agent would bring, and so
who is worth training in what. They rank; simulation then measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from routematch.model import Agent
from routematch.simulation.weekly_check import share_on_shift, who_fits
from routematch.state import Problem

if TYPE_CHECKING:
    from routematch.simulation.scenario import Scenario

__all__ = ["Columns", "Profile", "Rush", "columns_of", "training_gain", "training_order"]

Floats = NDArray[np.float64]

_STEP = 1800.0
#: Longest time looked at: four weeks tell as much as a year.
_LONGEST = 28 * 86_400.0
_WEEK = 336


@frozen
class Profile:
    """Agents of one group who are alike.

    Attributes
    ----------
    group : str
    agents : tuple of str
        Ids.
    like : Agent
        The first of them.
    """

    group: str
    agents: tuple[str, ...]
    like: Agent


@frozen(eq=False)
class Columns:
    """What a kind of agent makes of each type.

    Attributes
    ----------
    value : ndarray of float64, shape (T,)
        Expected value of a conversation served, and what is saved because nobody gives up; 0 where not eligible.
    busy_time : ndarray of float64, shape (T,)
        Seconds of an agent's time for one; infinity where not eligible.
    """

    value: Floats
    busy_time: Floats


@frozen(eq=False)
class Rush:
    """Prices by half-hour. Make one with `Rush.of`.

    Attributes
    ----------
    profiles : tuple of Profile, length P
    columns : tuple of Columns, length P
    seconds : ndarray of float64, shape (S,)
        How much of the run is like each half-hour.
    on_duty : ndarray of float64, shape (S, P)
        Agents.
    load : ndarray of float64, shape (S, T)
        Conversations per second, raised for chance.
    agent_price : ndarray of float64, shape (S, P)
        What one second more of an agent would bring.
    type_price : ndarray of float64, shape (S, T)
        What one conversation more would bring.
    """

    profiles: tuple[Profile, ...]
    columns: tuple[Columns, ...]
    seconds: Floats
    on_duty: Floats
    load: Floats
    agent_price: Floats
    type_price: Floats

    @classmethod
    def of(cls, scenario: Scenario) -> Rush:
        """Return the prices of a scenario; half-hours at the same time of the week count as one."""
        profiles = _profiles(scenario)
        columns = tuple(columns_of(scenario, profile.group, profile.like) for profile in profiles)
        edges = np.append(np.arange(0.0, min(scenario.horizon, _LONGEST), _STEP), min(scenario.horizon, _LONGEST))
        arriving, on_duty = _arriving(scenario, edges), _on_duty(scenario, profiles, edges)
        seconds, arriving, on_duty = _folded(scenario, edges, arriving, on_duty)
        busy = np.array([column.busy_time for column in columns]).reshape(len(columns), arriving.shape[1])
        quick = busy.min(axis=0, initial=np.inf)
        able = np.isfinite(quick)
        work = np.where(able, arriving * np.where(able, quick, 0.0), 0.0)
        load = np.where(able, (work + np.sqrt(work)) / np.where(able, quick, 1.0), 0.0)
        prices = [_solved(columns, there, rates) for there, rates in zip(on_duty, load, strict=True)]
        agent = np.array([price[0] for price in prices]).reshape(len(prices), len(profiles))
        kind = np.array([price[1] for price in prices]).reshape(len(prices), arriving.shape[1])
        return cls(profiles, columns, seconds, on_duty, load, agent, kind)

    def worth_per_hour(self) -> Floats:
        """Return what one hour more of each profile would bring on average over its own hours on duty, shape (P,)."""
        weights = self.on_duty * self.seconds[:, None]
        total = weights.sum(axis=0)
        return np.where(total > 0, (self.agent_price * weights).sum(axis=0) / np.maximum(total, 1e-300), 0.0) * 3600.0


def training_gain(rush: Rush, place: int, trained: Columns) -> float:
    """Return what training one agent of a profile would bring per hour on duty: the reduced cost of the new pairs.

    Parameters
    ----------
    rush : Rush
    place : int
        Of the profile.
    trained : Columns
        What it would make of each type.
    """
    with np.errstate(invalid="ignore"):
        margin = (trained.value - rush.type_price) / trained.busy_time
    best = np.nan_to_num(margin, nan=0.0, posinf=0.0).max(axis=1, initial=0.0)
    gain = np.maximum(best - rush.agent_price[:, place], 0.0)
    weights = rush.on_duty[:, place] * rush.seconds
    return float(gain @ weights / weights.sum()) * 3600.0 if weights.sum() > 0 else 0.0


def training_order(scenario: Scenario, able: Sequence[str], skill: str, proficiency: float) -> list[str]:
    """Return agents in the order in which training them promises most; equals turn by turn from the profiles.

    Parameters
    ----------
    scenario : Scenario
    able : sequence of str
        Ids of those who may be trained.
    skill : str
    proficiency : float

    Returns
    -------
    list of str
    """
    rush, wanted = Rush.of(scenario), set(able)
    ranked = []
    for place, profile in enumerate(rush.profiles):
        like = evolve(profile.like, skills={**profile.like.skills, skill: proficiency})
        gain = training_gain(rush, place, columns_of(scenario, profile.group, like))
        hours = rush.on_duty[:, place] @ rush.seconds / max(len(profile.agents), 1)
        ranked += [(-gain * hours, turn, place, name) for turn, name in enumerate(profile.agents) if name in wanted]
    return [name for *_, name in sorted(ranked)]


def columns_of(scenario: Scenario, group: str, like: Agent) -> Columns:
    """Return what an agent of a group makes of each type of a scenario."""
    kinds = scenario.conversation_types
    team = next(team for team in scenario.agent_groups if team.name == group)
    agent = evolve(like, load=0.0, idle_since=None, shifts=())
    given = [kind.conversation(kind.name, arrived_at=scenario.start_at) for kind in kinds]
    problem = Problem.of(given, [agent], now=scenario.start_at, queues=list(scenario.queues))
    value, busy = np.zeros(len(kinds)), np.full(len(kinds), np.inf)
    for t, kind in enumerate(kinds):
        row = problem.backlog.ids.index(kind.name)
        if not who_fits(problem, row)[0]:
            continue
        law = kind.handle_time_by_group.get(group, kind.handle_time)
        usual = kind.resolve_probability_by_group.get(group, kind.resolve_probability)
        success = usual if usual is not None else _achievement(problem, row)
        value[t] = kind.value * success + kind.abandonment_cost
        wrap_up = kind.wrap_up.mean if kind.wrap_up is not None else 0.0
        busy[t] = (law.mean + wrap_up) / team.speed / _at_once(agent, kind.channel, team.slow_down)
    return Columns(value, busy)


def _achievement(problem: Problem, row: int) -> float:
    request = problem.backlog.classes[problem.backlog.class_of[row]]
    return float(np.clip(np.nan_to_num(problem.roster.declared(request.requires).achievement[0]), 0.0, 1.0))


def _at_once(agent: Agent, channel: str, slow_down: Sequence[float]) -> float:
    """Return how many times the work of one conversation at a time gets done with as many as fit."""
    cost = agent.capacity.cost(channel)
    fits = agent.capacity.units / cost if cost > 0 else 1.0
    fits = max(int(min(fits + 1e-9, agent.capacity.caps.get(channel, fits + 1e-9), 1000.0)), 1)
    paces = [*slow_down, *([slow_down[-1]] * fits)] if slow_down else [1.0] * fits
    return max(number * pace for number, pace in enumerate(paces[:fits], start=1))


def _profiles(scenario: Scenario) -> tuple[Profile, ...]:
    found: dict[tuple[str, Agent], list[str]] = {}
    for team in scenario.agent_groups:
        for agent in team.roster():
            key = team.name, evolve(agent, id="any", load=0.0, idle_since=None, shifts=())
            found.setdefault(key, []).append(agent.id)
    return tuple(Profile(group, tuple(names), like) for (group, like), names in found.items())


def _arriving(scenario: Scenario, edges: Floats) -> Floats:
    """Return mean conversations in each step, shape (K, T)."""
    rows = []
    for kind in scenario.conversation_types:
        if kind.arrivals is None:
            rows.append(np.zeros(edges.size - 1))
        else:
            rows.append(np.diff([kind.arrivals.mean_count(0.0, edge) for edge in edges.tolist()]))
    table = np.array(rows).T
    if scenario.opening_hours:
        table = table * share_on_shift(scenario, scenario.opening_hours, (), edges)[:, None]
    return table


def _on_duty(scenario: Scenario, profiles: tuple[Profile, ...], edges: Floats) -> Floats:
    """Return mean agents on duty in each step, shape (K, P)."""
    teams = {team.name: team for team in scenario.agent_groups}
    own = {agent.id: agent.shifts for agent in scenario.roster()}
    known: dict[object, Floats] = {}
    table = np.zeros((edges.size - 1, len(profiles)))
    for place, profile in enumerate(profiles):
        team = teams[profile.group]
        for name in profile.agents:
            key = hours, breaks = own[name] or team.shifts, team.breaks
            if key not in known:
                known[key] = share_on_shift(scenario, hours, breaks, edges)
            table[:, place] += known[key] * (1.0 - team.absence_probability)
    return table


def _folded(scenario: Scenario, edges: Floats, arriving: Floats, on_duty: Floats) -> tuple[Floats, Floats, Floats]:
    """Join steps at the same time of the week; return their seconds, rates per second and mean agents on duty."""
    lengths, zone = np.diff(edges), ZoneInfo(scenario.zone)
    if len(lengths) <= _WEEK:
        return lengths, arriving / lengths[:, None], on_duty
    shown = [datetime.fromtimestamp(scenario.start_at + at, zone) for at in edges[:-1].tolist()]
    number = np.array([at.weekday() * 48 + at.hour * 2 + at.minute // 30 for at in shown])
    seconds: Floats = np.bincount(number, lengths, _WEEK).astype(np.float64)
    used = seconds > 0
    rates = np.array([np.bincount(number, column, _WEEK) for column in arriving.T]).T[used] / seconds[used, None]
    there = np.array([np.bincount(number, column * lengths, _WEEK) for column in on_duty.T]).T[used]
    return seconds[used], rates, there / seconds[used, None]


def _solved(columns: tuple[Columns, ...], there: Floats, rates: Floats) -> tuple[Floats, Floats]:
    """Return the dual prices of agents and types for one step."""
    from scipy.optimize import linprog

    pairs = [(t, p) for p, column in enumerate(columns) for t in np.flatnonzero(column.value > 0).tolist()]
    if not pairs or not rates.any():
        return np.zeros(len(there)), np.zeros(len(rates))
    type_of, profile_of = np.array(pairs).T
    busy = np.array([columns[p].busy_time[t] for t, p in pairs])
    value = np.array([columns[p].value[t] for t, p in pairs])
    used = (np.arange(len(there))[:, None] == profile_of) * busy
    served = (np.arange(len(rates))[:, None] == type_of).astype(float)
    solved = linprog(-value, A_ub=np.vstack([used, served]), b_ub=np.concatenate([there, rates]), method="highs")
    duals = -solved.ineqlin.marginals
    return duals[: len(there)], duals[len(there) :]
