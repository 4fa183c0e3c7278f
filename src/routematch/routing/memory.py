"""What one decision leaves for the next: rotation, last assignments, the decision's number. Plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from routematch.errors import Faults
from routematch.policies import Policy
from routematch.routing.ties import ROTATION, UNASSIGNED
from routematch.state import Trace

__all__ = ["DECISIONS", "advanced", "check_memory", "generator_of"]

#: Key of `memory` that counts decisions.
DECISIONS = "decisions"


def check_memory(memory: object) -> Mapping[str, Any]:
    """Return memory as a mapping.

    Unknown keys are kept and unknown agents in it are ignored, so that a changed roster never breaks a rotation.

    Raises
    ------
    InvalidInputError
        When it is no mapping, or a known key holds something of another kind.
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
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        faults.add("must be a whole number of at least 0", place=f"memory.{DECISIONS}", given=count)
    if not isinstance(memory.get(ROTATION), str | None):
        faults.add("must be an agent's id", place=f"memory.{ROTATION}", given=memory[ROTATION])
    assigned = memory.get(UNASSIGNED, {})
    if not isinstance(assigned, Mapping) or not all(isinstance(at, int | float) for at in assigned.values()):
        faults.add("must be a mapping from agents to instants", place=f"memory.{UNASSIGNED}", given=assigned)
    faults.raise_if_any()
    return memory


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
    return after
