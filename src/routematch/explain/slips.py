"""Slips in an input: names that lead nowhere, near spellings, levels nobody has, times and capacities out of order."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping

import numpy as np

from routematch.errors import shorten
from routematch.explain.findings import WHO, Findings, S
from routematch.model import Agent, Condition, NoneOf, Queue, Requirement
from routematch.model.agents import LABEL_PREFIX
from routematch.state import Problem, Roster

__all__ = ["check_capacity", "check_channels", "check_due", "check_names", "check_skills"]

#: Skills as similar as this, but not the same, are taken for a slip of spelling.
_SIMILAR = 0.85
#: The same for names of channels and labels, which are short: two letters of five exchanged.
_SIMILAR_CHANNELS = 0.8
_MOST_COMPARED = 300
_LONGEST_COMPARED = 100


def _wanted(condition: Condition) -> Iterable[Requirement]:
    """Yield every skill that is asked for, as it stands at the start; what `NoneOf` forbids is not asked for."""
    if isinstance(condition, Requirement):
        yield condition
    elif not isinstance(condition, NoneOf):
        for part in getattr(condition, "parts", ()):
            yield from _wanted(part)


def check_skills(problem: Problem, findings: Findings) -> None:
    """Find skills nobody holds, levels nobody reaches, and skills held under a spelling that nobody asks for."""
    asked: dict[str, list[tuple[str, Requirement]]] = {}
    wished: set[str] = set()
    for conversation in problem.backlog.conversations:
        queue = problem.queues.get(conversation.queue) if conversation.queue is not None else None
        for condition in (conversation.requires, *((queue.requires,) if queue is not None else ())):
            for wanted in _wanted(condition):
                asked.setdefault(wanted.skill, []).append((conversation.id, wanted))
        wished.update(wish.skill for preference in conversation.prefers for wish in _wanted(preference.condition))
    held = problem.roster.skills
    for skill, asking in asked.items():
        if skill in held:
            _check_levels(problem.roster, findings, skill, asking)
        else:
            near = _nearest(skill, held)
            hint = f"; did you mean {shorten(near)}?" if near is not None else ""
            message = f"nobody holds {shorten(skill)}, which {WHO} ask{S} for{hint}"
            for conversation_id in dict.fromkeys(conversation_id for conversation_id, _ in asking):
                findings.of_conversation("skill_nobody_holds", conversation_id, ".requires", message)
    _check_unasked(problem.roster, findings, {*asked, *wished})


def _check_levels(roster: Roster, findings: Findings, skill: str, asking: list[tuple[str, Requirement]]) -> None:
    best = float(np.nanmax(roster.proficiency(skill)))
    for conversation_id, wanted in dict.fromkeys(asking):
        if wanted.at_least > best:
            message = f"{WHO} ask{S} for {wanted}, but nobody has more than {best:g}"
            findings.of_conversation("level_above_everybody", conversation_id, ".requires", message)


def _check_unasked(roster: Roster, findings: Findings, asked: set[str]) -> None:
    known = asked & roster.skills
    for skill in sorted(roster.skills - asked)[:_MOST_COMPARED]:
        near = _nearest(skill, known)
        if near is not None:
            message = f"{shorten(skill)} is held by {WHO} but never asked for; is it {shorten(near)}?"
            for agent in roster.agents:
                if skill in agent.skills:
                    findings.of_agent("near_miss", agent.id, ".skills", message)


def _nearest(name: str, known: Iterable[str], *, similar: float = _SIMILAR) -> str | None:
    """Return the known name that `name` is probably a slip of; names that differ in digits alone are different."""
    if len(name) >= _LONGEST_COMPARED:
        return None
    folded = {_folded(other): other for other in sorted(known, reverse=True)}
    if _folded(name) in folded:
        return folded[_folded(name)]
    near = difflib.get_close_matches(_folded(name), folded, n=1, cutoff=similar)
    if not near or _without_digits(near[0]) == _without_digits(_folded(name)):
        return None
    return folded[near[0]]


def _folded(name: str) -> str:
    return "".join(character for character in name.casefold() if character not in " -_.")


def _without_digits(name: str) -> str:
    return "".join(character for character in name if not character.isdigit())


def check_names(problem: Problem, findings: Findings, queues: list[Queue]) -> None:
    """Find agents who are named but not there."""
    known = problem.roster.index
    for identifier, conversation in zip(problem.backlog.ids, problem.backlog.conversations, strict=True):
        for where, names in (("affinity", conversation.affinity), ("excludes", conversation.excludes)):
            for name in names:
                if name not in known:
                    message = f"there is no agent {shorten(name)}, whom {where} of {WHO} names{_suggested(name, known)}"
                    findings.of_conversation("unknown_agent", identifier, f".{where}", message)
    for position, queue in enumerate(queues):
        for where, members in (("primary", queue.primary), ("secondary", queue.secondary)):
            for name in members:
                if name not in known:
                    message = f"there is no agent {shorten(name)}, whom {where} of the queue {queue.id} names"
                    findings.add("unknown_agent", f"queues[{position}].{where}", message + _suggested(name, known))


def _suggested(name: str, known: Mapping[str, int]) -> str:
    near = _nearest(name, known) if len(known) <= _MOST_COMPARED else None
    return f"; did you mean {shorten(near)}?" if near is not None else ""


def check_channels(problem: Problem, findings: Findings) -> None:
    """Find channels and labels in what agents serve and carry that nothing has, but for the spelling."""
    waiting = problem.backlog.conversations
    asked = {conversation.channel for conversation in waiting}
    labels = {label for conversation in waiting for label in conversation.labels}
    served = {channel for agent in problem.roster.agents for channel in agent.channels or ()}
    nearest: dict[tuple[str, str], str | None] = {}
    for agent in problem.roster.agents:
        for where, name in _named_by(agent):
            known = asked | labels if where == ".channels" else asked | labels | served
            if name in known:
                continue
            if (where, name) not in nearest and len(nearest) < _MOST_COMPARED:
                nearest[where, name] = _nearest(name, known, similar=_SIMILAR_CHANNELS)
            near = nearest.get((where, name))
            if near is not None:
                message = (
                    f"{shorten(name)} is named by {where[1:]} of {WHO}, but nothing has it; is it {shorten(near)}?"
                )
                findings.of_agent("near_miss_channel", agent.id, where, message)


def _named_by(agent: Agent) -> Iterable[tuple[str, str]]:
    """Yield each channel or label that an agent names, with the field."""
    load = agent.load if isinstance(agent.load, Mapping) else ()
    presence = agent.presence if isinstance(agent.presence, Mapping) else ()
    yield from ((".channels", channel) for channel in agent.channels or ())
    yield from ((".capacity.costs", channel) for channel in agent.capacity.costs)
    yield from ((".capacity.caps", name) for name in agent.capacity.caps)
    yield from ((".load", name.removeprefix(LABEL_PREFIX)) for name in load)
    yield from ((".presence", channel) for channel in presence)


def check_due(problem: Problem, findings: Findings) -> None:
    """Find conversations that were due before they came."""
    backlog = problem.backlog
    for row in np.flatnonzero(backlog.due_at < math.inf).tolist():
        conversation = backlog.conversations[row]
        early = (-math.inf if conversation.arrived_at is None else conversation.arrived_at) - backlog.due_at[row]
        if early > 0:
            message = f"due_at lies {early:g} s before arrived_at: {WHO}"
            findings.of_conversation("due_before_arrival", conversation.id, ".due_at", message)


def check_capacity(problem: Problem, findings: Findings) -> None:
    """Find agents who can take nothing, or nothing of a channel that is there."""
    roster = problem.roster
    for agent in np.flatnonzero(roster.units == 0).tolist():
        findings.of_agent("zero_capacity", roster.ids[agent], ".capacity", f"no capacity at all: {WHO}")
    for who in roster.agents:
        for channel, cost in who.capacity.costs.items():
            served = who.channels is None or channel in who.channels
            if served and cost > who.capacity.units > 0:
                message = f"one {channel} costs {cost:g} units, more than the {who.capacity.units:g} of {WHO}"
                findings.of_agent("cost_above_capacity", who.id, ".capacity", message)
