"""What one decision leaves for the next: rotation, last assignments, the decision's number. Plain data."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from routematch.errors import Faults
from routematch.model.checks import check_number, in_place
from routematch.policies import Policy
from routematch.routing.ties import ROTATION, UNASSIGNED
from routematch.state import Trace
from routematch.terms import FairShare, GroupShare
from routematch.terms.shares import GIVEN, given_after

__all__ = ["DECISIONS", "advanced", "check_memory", "generator_of", "half_time_of_shares"]

#: Key of `memory` that counts decisions.
DECISIONS = "decisions"

#: Deepest nesting in memory, and most entries altogether; the numbers of a whole roster fit many times.
_MAX_DEPTH = 64
_MAX_ENTRIES = 1_000_000
_MOST_BITS = 1023
_LARGEST = sys.float_info.max


def check_memory(memory: object) -> Mapping[str, Any]:
    """Return memory as a mapping.

    Unknown keys are kept and unknown agents in it are ignored, so that a changed roster never breaks a rotation.

    Raises
    ------
    InvalidInputError
        When it is no mapping, a known key holds something of another kind, or it is nested too deep.
    """
    faults = Faults()
    if memory is None:
        return {}
    try:
        memory = dict(memory) if isinstance(memory, Mapping) else memory
    except Exception:  # noqa: BLE001 - a caller's own mapping may raise anything
        faults.add("must be a mapping that can be read", place="memory")
        faults.raise_if_any()
    if not isinstance(memory, dict):
        faults.add("must be a mapping, as returned in Plan.memory", place="memory", given=memory)
        faults.raise_if_any()
        return {}
    count = memory.get(DECISIONS, 0)
    if isinstance(count, bool) or not isinstance(count, int) or count < 0 or count.bit_length() > _MOST_BITS:
        faults.add("must be a whole number of at least 0", place=f"memory.{DECISIONS}", given=count)
    if not isinstance(memory.get(ROTATION), str | None):
        faults.add("must be an agent's id", place=f"memory.{ROTATION}", given=memory[ROTATION])
    if UNASSIGNED in memory:
        memory[UNASSIGNED] = _instants(faults, f"memory.{UNASSIGNED}", memory[UNASSIGNED])
    for key, entry in memory.items():
        _check_size(faults, in_place("memory", key), entry)
    faults.raise_if_any()
    return memory


def _instants(faults: Faults, place: str, given: object) -> dict[object, float]:
    """Return when each agent was last assigned something, as finite numbers."""
    if not isinstance(given, Mapping):
        faults.add("must be a mapping from agents to instants", place=place, given=given)
        return {}
    limits = {"at_least": -_LARGEST, "at_most": _LARGEST}
    return {agent: check_number(faults, in_place(place, agent), at, **limits) for agent, at in given.items()}


def _check_size(faults: Faults, place: str, entry: object) -> None:
    """Refuse what is nested too deep, what holds itself, and what is too large; the rest is somebody else's."""
    stack, left = [iter((entry,))], _MAX_ENTRIES
    while stack:  # iterators, not recursion: it may hold itself
        for value in stack[-1]:
            left -= 1
            if isinstance(value, Mapping | list | tuple):
                inside = _inside(value)
                if inside is None:
                    faults.add("must be a mapping that can be read", place=place)
                    return
                stack.append(inside)
                break
        else:
            stack.pop()
        if len(stack) > _MAX_DEPTH + 1 or left < 0:
            limit = f"have at most {_MAX_ENTRIES:,} entries" if left < 0 else f"be nested at most {_MAX_DEPTH} deep"
            faults.add(f"must {limit}", place=place)
            return


def _inside(value: Mapping[Any, object] | list[object] | tuple[object, ...]) -> Iterator[object] | None:
    try:
        return iter(tuple(value.values()) if isinstance(value, Mapping) else value)
    except Exception:  # noqa: BLE001 - a caller's own mapping may raise anything
        return None


def generator_of(seed: int, memory: Mapping[str, Any]) -> np.random.Generator:
    """Return the generator of one decision, keyed by the seed and the decision's number."""
    return np.random.default_rng([seed, int(memory.get(DECISIONS, 0))])


def advanced(memory: Mapping[str, Any], trace: Trace, *, committed: Iterable[str] | None = None) -> dict[str, Any]:
    """Return memory as it is when assignments of the trace are committed.

    Parameters
    ----------
    memory : mapping
        As it was before.
    trace : Trace
    committed : iterable of str, optional
        Conversations whose assignment was committed; None means all.

    Returns
    -------
    dict
        Plain data. Only policies that order by rotation or by last assignment leave traces of it.
    """
    after = {**memory, DECISIONS: int(memory.get(DECISIONS, 0)) + 1}
    ties = trace.policy.ties if isinstance(trace.policy, Policy) else ()
    roster = trace.problem.roster
    rows = range(len(trace.agent_of)) if committed is None else [trace.problem.backlog.index[c] for c in committed]
    served = [int(trace.agent_of[row]) for row in rows if trace.agent_of[row] >= 0]
    if "rotation" in ties and served:
        furthest = max(served, key=lambda agent: int(trace.candidates.column_of[agent]))
        after[ROTATION] = roster.ids[furthest]
    if "unassigned" in ties:
        known = memory.get(UNASSIGNED, {})
        now = {roster.ids[agent]: trace.problem.now for agent in served}
        after[UNASSIGNED] = dict(sorted({**known, **now}.items()))
    half_time = half_time_of_shares(trace.policy)
    if half_time is not None and served:
        given: dict[str, tuple[float, float]] = dict.fromkeys(roster.ids, (0.0, 0.0))
        for row in rows:
            agent = int(trace.agent_of[row])
            if agent >= 0:
                work, value = given[roster.ids[agent]]
                units = roster.agents[agent].capacity.cost(trace.problem.backlog.conversations[row].channel)
                given[roster.ids[agent]] = (work + units, value + max(trace.value_of(row, agent), 0.0))
        after[GIVEN] = given_after(memory.get(GIVEN), given, trace.problem.now, half_time)
    return after


def half_time_of_shares(policy: object) -> float | None:
    """Return the half-time of a policy's shares, the longest where there are several; None where it has none."""
    terms = [entry.term for entry in policy.terms] if isinstance(policy, Policy) else []
    return max((term.half_time for term in terms if isinstance(term, FairShare | GroupShare)), default=None)
