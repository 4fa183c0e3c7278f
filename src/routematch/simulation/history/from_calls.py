"""A scenario's parts from a log of single conversations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.distributions import Distribution, Empirical, Exponential
from routematch.errors import InvalidInputError, shorten
from routematch.model import Agent, Shift
from routematch.simulation.agent_groups import AgentGroup
from routematch.simulation.conversation_types import ConversationType
from routematch.simulation.history.arrivals import fit_arrivals
from routematch.simulation.history.laws import LawFit, fit_law
from routematch.simulation.history.learned import LearnedHistory, TypeFit
from routematch.simulation.history.patience import fit_patience
from routematch.simulation.history.presence import Presence, infer_presence, levels_to_shifts, usual_load
from routematch.simulation.history.teams import Team, find_teams
from routematch.simulation.history.types import Types, types_of
from routematch.simulation.history.week import LocalTime
from routematch.state import ENDINGS, History, Ledger, Note

__all__ = ["learn_from_calls"]

_ABANDONED = ENDINGS.index("abandoned")
_REFUSED = ENDINGS.index("refused")
#: A group's handle times are told apart from those of all with this many of them, when they clearly differ.
_ENOUGH, _CLEAR, _WORTHWHILE = 50, 3.0, 0.05
_SLOT = 1800.0
_YEAR, _MOST_YEARS = 31_556_952.0, 20

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@frozen(eq=False)
class _Log:
    """A ledger with what is derived from it once."""

    calls: Ledger
    types: Types
    begun: Floats
    over: Floats
    teams: tuple[Team, ...]
    team_of: NDArray[np.intp]


def learn_from_calls(history: History, calls: Ledger, agents: Sequence[Agent] | None) -> LearnedHistory:
    """Learn the parts of a scenario.

    Parameters
    ----------
    history : History
        Where the ledger comes from.
    calls : Ledger
    agents : sequence of Agent, optional
        Who they are, where that is known: their skills name conversation types. Left out: inferred.

    Returns
    -------
    LearnedHistory

    Raises
    ------
    InvalidInputError
        When the log holds nothing that was handled, or runs over more than 20 years.
    """
    served = np.isfinite(calls.answered_at)
    if not served.any():
        raise InvalidInputError(_nobody_answered(history))
    years = (calls.window[1] - calls.window[0]) / _YEAR
    if years > _MOST_YEARS:
        message = (
            f"the log runs over {years:.0f} years, at most {_MOST_YEARS} are learned from; are all its dates right?"
        )
        raise InvalidInputError(message)
    zone = history.zone or "UTC"
    local = LocalTime.of(calls.window, zone)
    log = _prepared(calls)
    notes = list(_notes(log, served))
    fits, kinds = {}, []
    for t, name in enumerate(log.types.names):
        fit, kind = _learn_type(log, t, name, local)
        fits[name] = fit
        kinds.append(kind)
        if fit.handle_time is None:
            mean = f"{kind.handle_time.mean:.0f} s on average"
            notes.append(Note("assumed", f"{name}: no handle time is known, taken as {mean}"))
        if fit.arrivals.closed_days:
            notes.append(Note("assumed", f"{name}: {len(fit.arrivals.closed_days)} days closed, left out of the rates"))
    groups = _groups(log) if agents is None else _given_groups(log, agents, notes)
    return LearnedHistory(
        tuple(kinds),
        groups,
        calls.window[0],
        calls.window[1] - calls.window[0],
        zone,
        fits,
        history.report.with_notes(*notes),
    )


def _nobody_answered(history: History) -> str:
    message = "the log holds no answered conversation, so nothing can be learned about handling them"
    if "answered_at" in history.report.columns:
        return message
    unused = ", ".join(shorten(head) for head in history.report.unused[:20]) or "none"
    return (
        f"{message}. No column tells when they were answered; not used: {unused}. "
        "Say it: columns={'answered_at': '...'}, or --column answered_at=..."
    )


def _prepared(calls: Ledger) -> _Log:
    types = types_of(calls.conversation_type)
    worked = np.where(np.isnan(calls.handle_time), 0.0, calls.answered_at + calls.handle_time)
    over = np.fmax(calls.ended_at, worked)
    agents, named = len(calls.agent.names), (calls.agent.codes >= 0) & np.isfinite(calls.answered_at)
    handled = np.zeros((agents, len(types.names)), dtype=np.int64)
    np.add.at(handled, (calls.agent.codes[named], types.codes[named]), 1)
    teams = find_teams(handled, types.names, _group_words(calls)) if named.any() else ()
    team_of = np.full(agents + 1, -1, dtype=np.intp)
    for place, team in enumerate(teams):
        team_of[list(team.agents)] = place
    return _Log(calls, types, calls.answered_at, over, teams, team_of)


def _group_words(calls: Ledger) -> list[str | None] | None:
    """Return each agent's most frequent group in the log; None where it names none."""
    known = (calls.agent.codes >= 0) & (calls.agent_group.codes >= 0)
    if not known.any():
        return None
    counts = np.zeros((len(calls.agent.names), len(calls.agent_group.names)), dtype=np.int64)
    np.add.at(counts, (calls.agent.codes[known], calls.agent_group.codes[known]), 1)
    return [calls.agent_group.names[int(own.argmax())] if own.any() else None for own in counts]


def _notes(log: _Log, served: Mask) -> list[Note]:
    unnamed = int((served & (log.calls.agent.codes < 0)).sum())
    notes = []
    if log.types.joined:
        notes.append(Note("assumed", f"{log.types.joined} rare types are one, called other"))
    if unnamed == int(served.sum()):
        notes.append(Note("assumed", "no agent is named: as many at work as were busy at once in each half-hour"))
    elif unnamed > 0.05 * served.sum():
        notes.append(
            Note("assumed", f"{unnamed / served.sum():.0%} were answered by nobody named: too few may seem at work")
        )
    if log.calls.intervals is None and unnamed < served.sum():
        notes.append(Note("assumed", "shifts are inferred from first and last activity"))
    return notes


# --- types ------------------------------------------------------------------------------------------------------------


def _learn_type(log: _Log, t: int, name: str, local: LocalTime) -> tuple[TypeFit, ConversationType]:
    calls, own = log.calls, log.types.codes == t
    served = own & np.isfinite(calls.answered_at)
    arrivals = fit_arrivals(calls.arrived_at[own], calls.window, local)
    wrap_up, knows_wrap_up = calls.wrap_up_time, np.isfinite(calls.wrap_up_time).any()
    talk = calls.handle_time - (np.nan_to_num(wrap_up) if knows_wrap_up else 0.0)
    handled = fit_law(talk[served])
    waiting = own & (calls.ending != _REFUSED)
    patience = fit_patience(calls.waited[waiting], calls.ending[waiting] == _ABANDONED)
    wrapped = _wrap_up(wrap_up[served]) if knows_wrap_up else None
    by_group = _by_group(log, served, talk, handled)
    fit = TypeFit(arrivals, handled, fit_law(wrap_up[served]) if wrapped is not None else None, patience, by_group)
    kind = ConversationType(
        name,
        name,
        arrivals=arrivals.process,
        handle_time=_usual(talk[np.isfinite(calls.answered_at)]) if handled is None else handled.law,
        handle_time_by_group={group: found.law for group, found in by_group.items()},
        wrap_up=wrapped,
        patience=None if patience is None else patience.law,
        channel=_commonest(calls.channel.codes[own], calls.channel.names) or "phone",
        priority=float(np.median(calls.priority[own])),
        due_time=_due_time(calls, own),
        resolve_probability=_share(calls.resolved[served]),
    )
    return fit, kind


def _usual(talk: Floats) -> Distribution:
    """Return a law for a type that nobody ever handled: the mean of all others."""
    known = talk[np.isfinite(talk) & (talk > 0)]
    return Exponential(float(known.mean()) if known.size else 300.0)


def _wrap_up(lengths: Floats) -> Distribution | None:
    known = lengths[np.isfinite(lengths)]
    if not known.size or not known.any():
        return None
    if (known == 0).mean() <= 0.05:
        fitted = fit_law(known)
        return None if fitted is None else fitted.law
    quantiles = np.quantile(known, (np.arange(100) + 0.5) / 100)
    return Empirical(tuple(np.round(quantiles * (known.mean() / max(quantiles.mean(), 1e-9)), 3).tolist()))


def _by_group(log: _Log, served: Mask, talk: Floats, whole: LawFit | None) -> dict[str, LawFit]:
    """Return laws of groups whose mean clearly differs from that of the type."""
    found: dict[str, LawFit] = {}
    if whole is None or len(log.teams) < 2:
        return found
    team = log.team_of[log.calls.agent.codes]
    for place, entry in enumerate(log.teams):
        own = fit_law(talk[served & (team == place)])
        if own is None or own.count < _ENOUGH or own.count == whole.count:
            continue
        error = np.hypot(own.deviation / own.count**0.5, whole.deviation / whole.count**0.5)
        apart = abs(own.mean - whole.mean)
        if apart > _CLEAR * error and apart > _WORTHWHILE * whole.mean:
            found[entry.name] = own
    return found


def _commonest(codes: NDArray[np.int32], names: tuple[str, ...]) -> str | None:
    known = codes[codes >= 0]
    return names[int(np.bincount(known).argmax())] if known.size else None


def _due_time(calls: Ledger, own: Mask) -> float | None:
    allowed = (calls.due_at - calls.arrived_at)[own & np.isfinite(calls.due_at)]
    allowed = allowed[allowed >= 0]
    return float(np.median(allowed)) if allowed.size else None


def _share(resolved: NDArray[np.float32]) -> float | None:
    known = resolved[np.isfinite(resolved)]
    return float(np.clip(known.mean(), 0.0, 1.0)) if known.size else None


# --- agents -----------------------------------------------------------------------------------------------------------


def _groups(log: _Log) -> tuple[AgentGroup, ...]:
    calls = log.calls
    if not log.teams:
        return (_unnamed_group(log),)
    presence = _presences(log)
    groups = []
    for team in log.teams:
        skills = {log.types.names[t]: 1.0 for t in team.types}
        members = np.isin(calls.agent.codes, team.agents)
        units = usual_load(np.where(members, calls.agent.codes, -1), log.begun, log.over)
        people = tuple(
            Agent(calls.agent.names[a][:200], skills, capacity=units, shifts=_shifts(presence[a]))
            for a in team.agents
            if a in presence
        )
        groups.append(AgentGroup(team.name, agents=people))
    return tuple(group for group in groups if group.agents)


def _presences(log: _Log) -> dict[int, Presence]:
    """Return who was at work when: as the ledger says where it has intervals of agents, else inferred."""
    calls = log.calls
    if calls.intervals is None:
        found = infer_presence(calls.agent.codes, calls.arrived_at, log.begun, log.over, calls.window)
    else:
        rows = calls.intervals
        at_work = rows.state != 3  # the code of "away" in `STATES`
        found = _recorded(rows.agent[at_work], rows.start_at[at_work], rows.end_at[at_work])
    return {entry.agent: entry for entry in found}


def _recorded(agent: NDArray[np.int32], starts: Floats, ends: Floats) -> tuple[Presence, ...]:
    order = np.lexsort((starts, agent))
    agent, starts, ends = agent[order], starts[order], ends[order]
    found: dict[int, list[tuple[float, float]]] = {}
    for code, start, end in zip(agent.tolist(), starts.tolist(), ends.tolist(), strict=True):
        own = found.setdefault(code, [])
        if own and start <= own[-1][1] + 1.0:
            own[-1] = (own[-1][0], max(own[-1][1], end))
        elif end > start:
            own.append((start, end))
    return tuple(Presence(code, tuple(stretches), 0.0) for code, stretches in found.items())


def _shifts(presence: Presence) -> tuple[Shift, ...]:
    return tuple(Shift(start, end) for start, end in presence.stretches)


def _unnamed_group(log: _Log) -> AgentGroup:
    """Return as many agents as were busy at once, half-hour by half-hour."""
    calls = log.calls
    served = np.isfinite(log.begun) & (log.over > log.begun)
    starts = np.arange(calls.window[0], calls.window[1], _SLOT)
    levels = _most_at_once(log.begun[served], log.over[served], starts)
    skills = dict.fromkeys(log.types.names, 1.0)
    shifts = levels_to_shifts(starts, levels, _SLOT)
    if not shifts:
        return AgentGroup("agents", skills, size=0)
    digits = len(str(len(shifts)))
    people = [
        Agent(f"agent-{number:0{digits}d}", skills, shifts=tuple(Shift(*stretch) for stretch in own))
        for number, own in enumerate(shifts, 1)
    ]
    return AgentGroup("agents", agents=tuple(people))


def _most_at_once(begun: Floats, over: Floats, starts: Floats) -> NDArray[np.intp]:
    """Return the largest number of conversations held at once in each half-hour."""
    if not begun.size:
        return np.zeros(starts.size, dtype=np.intp)
    instants = np.concatenate([begun, over])
    steps = np.concatenate([np.ones(begun.size), -np.ones(over.size)])
    order = np.lexsort((steps, instants))
    load = np.cumsum(steps[order]).astype(np.intp)
    before = np.searchsorted(instants[order], starts, side="right") - 1
    levels = np.where(before >= 0, load[np.maximum(before, 0)], 0)
    slot = np.searchsorted(starts, instants[order], side="right") - 1
    inside = (slot >= 0) & (slot < starts.size)
    np.maximum.at(levels, slot[inside], load[inside])
    return levels


def _given_groups(log: _Log, agents: Sequence[Agent], notes: list[Note]) -> tuple[AgentGroup, ...]:
    """Return the agents as given, by equal skills; shifts that nobody stated are inferred."""
    calls = log.calls
    presence = _presences(log) if log.teams else {}
    codes = {name: code for code, name in enumerate(calls.agent.names)}
    missing = [name for name in calls.agent.names if name not in {agent.id for agent in agents}]
    if missing:
        notes.append(Note("assumed", f"{len(missing)} agents of the log are not among those given: left out"))
    by_skills: dict[frozenset[str], list[Agent]] = {}
    for agent in agents:
        seen = presence.get(codes.get(agent.id, -1))
        shifts = agent.shifts or (() if seen is None else _shifts(seen))
        by_skills.setdefault(frozenset(agent.skills), []).append(_with_shifts(agent, shifts))
    return tuple(
        AgentGroup(_group_name(skills, place), agents=tuple(members))
        for place, (skills, members) in enumerate(by_skills.items(), 1)
    )


def _with_shifts(agent: Agent, shifts: tuple[Shift, ...]) -> Agent:
    from attrs import evolve

    return evolve(agent, shifts=shifts)


def _group_name(skills: frozenset[str], place: int) -> str:
    return " and ".join(sorted(skills)) if 0 < len(skills) <= 3 else f"group {place}"
