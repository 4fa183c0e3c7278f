"""Walk through the time of a scenario and find hours that cannot go well: nobody there who may serve, or too much work.

Work is too much where, for some types together, expected arrivals times mean handle time exceed all the agents on shift
who may serve any of them: the condition of Hall (1935), On representatives of subsets, for flows. With customers who
give up such an hour is survived, but not in the way that anybody meant.

>>> from routematch.simulation import AgentGroup, ConversationType, Scenario, WeeklyHours
>>> from routematch.distributions import Exponential, PoissonArrivals
>>> office = Scenario(
...     ConversationType("billing", "billing", arrivals=PoissonArrivals(0.01), handle_time=Exponential(240)),
...     AgentGroup("all", {"billing": 0.8}, size=4, shifts=WeeklyHours("weekdays", "09:00", "17:00")),
...     horizon=7 * 86400,
... )
>>> for finding in check_scenario(office):
...     print(finding.severity, finding.message)
problem nobody on shift may serve billing in 128 hours, in which 4608 are expected: Thu 1 Jan 00:00-09:00, ...
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from routematch.explain import Finding, check_input
from routematch.rules import Channel, QueueMembership
from routematch.simulation.hours import intervals_of, minus
from routematch.simulation.scenario import Scenario
from routematch.state import THOUSANDTHS, Problem

__all__ = ["check_scenario", "share_covered", "share_on_shift", "who_fits"]

_STEP = 1800.0
#: Longest walk: a year and a day.
_LONGEST = 366 * 86_400.0
#: Fewer than this many conversations expected in all such hours are not worth a word.
_FEWEST = 0.5
#: Up to this many distinct sets of agents all unions are looked at, beyond it pairs and the whole.
_MOST_SETS = 10
_LISTED = 3

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@frozen(eq=False)
class _Walk:
    """A scenario step by step.

    Attributes
    ----------
    starts : ndarray of float64, shape (K,)
        Of the steps, in seconds of the run.
    expected : ndarray of float64, shape (T, K)
        Arrivals.
    work : ndarray of float64, shape (T, K)
        Agents kept busy by them on average.
    may : ndarray of bool, shape (T, P)
        Which kinds of agents may serve a type, at the last stage of its relaxation.
    there : ndarray of float64, shape (P, K)
        Conversations that agents of each kind can have at once, those on shift.
    """

    starts: Floats
    expected: Floats
    work: Floats
    may: Mask
    there: Floats


def check_scenario(scenario: Scenario) -> tuple[Finding, ...]:
    """Find hours when a requirement can be met by nobody on shift, and load above 1 by set of skills.

    Parameters
    ----------
    scenario : Scenario
        Its first year is walked through in half-hours.

    Returns
    -------
    tuple of Finding
        First what `check_input` finds about its types and agents, then hours without anybody (problems), then too much
        work (hints).
    """
    found = list(_static(scenario))
    never = {name for finding in found if finding.severity == "problem" for name in finding.ids}
    walk = _walked(scenario)
    for t, kind in enumerate(scenario.conversation_types):
        if kind.name not in never:
            found += _nobody(scenario, walk, t)
    found += _overloads(scenario, walk)
    return tuple(sorted(found, key=lambda finding: finding.severity != "problem"))


def _static(scenario: Scenario) -> Iterator[Finding]:
    start = scenario.start_at
    given = [kind.conversation(kind.name, arrived_at=start) for kind in scenario.conversation_types]
    for finding in check_input(given, scenario.roster(), queues=scenario.queues, now=start):
        yield evolve(finding, place=finding.place.replace("conversations[", "conversation_types[", 1))


def _walked(scenario: Scenario) -> _Walk:
    length = min(scenario.horizon, _LONGEST)
    edges = np.append(np.arange(0.0, length, _STEP), length)
    kinds = scenario.conversation_types
    expected = np.zeros((len(kinds), edges.size - 1))
    for t, kind in enumerate(kinds):
        if kind.arrivals is not None:
            counted = np.array([kind.arrivals.mean_count(0.0, edge) for edge in edges.tolist()])
            expected[t] = np.diff(counted)
    opened = _open_share(scenario, edges)
    expected *= opened
    busy = np.array([kind.handle_time.mean + (kind.wrap_up.mean if kind.wrap_up else 0.0) for kind in kinds])
    may, there = _agents(scenario, edges)
    return _Walk(edges[:-1], expected, expected * busy[:, None] / np.diff(edges), may, there)


def _open_share(scenario: Scenario, edges: Floats) -> Floats:
    if not scenario.opening_hours:
        return np.ones(edges.size - 1)
    span = scenario.start_at, float(edges[-1]), scenario.zone
    return share_covered(intervals_of(scenario.opening_hours, *span), edges)


def share_covered(stretches: list[tuple[float, float]], edges: Floats) -> Floats:
    """Return which share of each step the stretches cover."""
    if not stretches:
        return np.zeros(edges.size - 1)
    begin, end = np.array(stretches).T
    summed = np.array([np.clip(edge - begin, 0.0, end - begin).sum() for edge in edges.tolist()])
    covered: Floats = np.diff(summed) / np.diff(edges)
    return covered


def _agents(scenario: Scenario, edges: Floats) -> tuple[Mask, Floats]:
    """Return kinds of agents: which types they may serve, and what those on shift can have at once, step by step."""
    kinds = scenario.conversation_types
    given = [kind.conversation(kind.name, arrived_at=scenario.start_at) for kind in kinds]
    problem = Problem.of(given, list(scenario.roster()), now=scenario.start_at, queues=list(scenario.queues))
    may = np.array([who_fits(problem, problem.backlog.ids.index(kind.name)) for kind in kinds])
    columns: dict[bytes, int] = {}
    there: list[Floats] = []
    covered: dict[object, Floats] = {}
    for group in scenario.agent_groups:
        for agent in group.roster():
            hours = agent.shifts or group.shifts
            key = (hours, group.breaks)
            if key not in covered:
                covered[key] = share_on_shift(scenario, hours, group.breaks, edges)
            place = problem.roster.index[agent.id]
            units = float(problem.roster.units[place]) / THOUSANDTHS * group.speed * (1.0 - group.absence_probability)
            column = columns.setdefault(may[:, place].tobytes(), len(columns))
            if column == len(there):
                there.append(np.zeros(edges.size - 1))
            there[column] += units * covered[key]
    sets = [np.frombuffer(mask, dtype=np.bool_) for mask in columns]
    shape = (len(kinds), 0)
    return (np.array(sets).T if sets else np.zeros(shape, bool)), np.array(there).reshape(len(sets), edges.size - 1)


def share_on_shift(scenario: Scenario, hours: Sequence[object], breaks: Sequence[object], edges: Floats) -> Floats:
    """Return which share of each step these hours without these breaks cover, shape (K,); no hours mean always."""
    span = scenario.start_at, float(edges[-1]), scenario.zone
    whole = [(0.0, float(edges[-1]))]
    worked = intervals_of(hours, *span) if hours else whole  # type: ignore[arg-type]  # hours, by the scenario's checks
    return share_covered(minus(worked, intervals_of(breaks, *span)), edges)  # type: ignore[arg-type]  # as above


def who_fits(problem: Problem, row: int) -> Mask:
    """Return who may serve a conversation once it has waited as long as matters, shape (A,)."""
    backlog, roster = problem.backlog, problem.roster
    request = backlog.classes[backlog.class_of[row]]
    last = max([0.0, *backlog.steps_of(row)])
    relaxed = backlog.requirement_at(row, last)
    late = evolve(request, secondary=True) if relaxed is None else evolve(request, requires=relaxed, secondary=True)
    fits = problem.declared(late).met[roster.profile_of] if relaxed is not None else np.ones(len(roster), bool)
    fits &= Channel().allowed(problem, late)[roster.profile_of]
    fits &= QueueMembership().allowed(problem, late)
    excluded = backlog.conversations[row].excludes
    fits[[roster.index[name] for name in excluded if name in roster.index]] = False
    return fits


def _nobody(scenario: Scenario, walk: _Walk, t: int) -> Iterator[Finding]:
    kind = scenario.conversation_types[t]
    empty = (walk.there[walk.may[t]].sum(axis=0) < 1e-9) & (walk.expected[t] > 0)
    expected = float(walk.expected[t, empty].sum())
    if expected >= _FEWEST:
        message = (
            f"nobody on shift may serve {kind.name} in {_hours(int(empty.sum()))}, "
            f"in which {expected:.0f} are expected: {_when(scenario, walk, empty)}"
        )
        yield Finding("problem", "nobody_on_shift", f"conversation_types[{t}]", message, (kind.name,))


def _overloads(scenario: Scenario, walk: _Walk) -> Iterator[Finding]:
    """Report each set of agents under its worst load, where some type has anybody at all."""
    loads = {union: _load(walk, union) for union in _unions(walk.may)}
    if not loads:
        return
    stacked = np.array(list(loads.values()))
    worst = stacked.argmax(axis=0)
    for place, union in enumerate(loads):
        above = (worst == place) & (stacked[place] > 1.0)
        if not above.any():
            continue
        types = [t for t in range(len(walk.may)) if walk.may[t].any() and not (walk.may[t] & ~np.array(union)).any()]
        names = tuple(scenario.conversation_types[t].name for t in types)
        message = (
            f"load above 1, up to {stacked[place, above].max():.2f}, for {', '.join(names)} in "
            f"{_hours(int(above.sum()))}: {_when(scenario, walk, above)}"
        )
        yield Finding("hint", "load_above_1", f"conversation_types[{types[0]}]", message, names)


def _unions(may: Mask) -> list[tuple[bool, ...]]:
    """Return unions of the sets of agents that types have, single ones first."""
    sets = list(dict.fromkeys(tuple(row.tolist()) for row in may if row.any()))
    sizes = range(1, len(sets) + 1) if len(sets) <= _MOST_SETS else (1, 2, len(sets))
    found: dict[tuple[bool, ...], None] = {}
    for size in sizes:
        for chosen in combinations(sets, size):
            found[tuple(np.logical_or.reduce(chosen).tolist())] = None
    return list(found)


def _load(walk: _Walk, union: tuple[bool, ...]) -> Floats:
    """Return work over agents, for the types that only these agents may serve; 0 where none of them is on shift."""
    agents = np.array(union)
    types = walk.may.any(axis=1) & ~(walk.may & ~agents).any(axis=1)
    work, there = walk.work[types].sum(axis=0), walk.there[agents].sum(axis=0)
    load: Floats = np.divide(work, there, out=np.zeros(work.size), where=there > 1e-9)
    return load


def _hours(steps: int) -> str:
    hours = steps * _STEP / 3600.0
    return f"{hours:g} hour{'' if hours == 1 else 's'}"


def _when(scenario: Scenario, walk: _Walk, where: Mask) -> str:
    """Name the first stretches by the local clock."""
    rows = np.flatnonzero(where)
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    zone = ZoneInfo(scenario.zone)
    shown = [_stretch(scenario, walk, run, zone) for run in runs[:_LISTED]]
    return ", ".join([*shown, *(["..."] if len(runs) > _LISTED else [])])


def _stretch(scenario: Scenario, walk: _Walk, run: NDArray[np.intp], zone: ZoneInfo) -> str:
    first = datetime.fromtimestamp(scenario.start_at + float(walk.starts[run[0]]), UTC).astimezone(zone)
    last = datetime.fromtimestamp(scenario.start_at + float(walk.starts[run[-1]]), UTC) + timedelta(seconds=_STEP)
    end = last.astimezone(zone)
    until = (
        f"{end:%H:%M}"
        if end.date() == first.date() or end - first <= timedelta(days=1)
        else f"{end:%a} {end.day} {end:%b %H:%M}"
    )
    return f"{first:%a} {first.day} {first:%b %H:%M}-{until}"
