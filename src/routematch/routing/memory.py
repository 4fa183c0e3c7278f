"""What one decision leaves for the next: rotation, last assignments, the decision's number. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
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
    if not isinstance(memory, Mapping):
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


def advanced(memory: Mapping[str, Any], trace: Trace) -> dict[str, Any]:
    """Return memory as it is when every assignment of the trace is committed.

    Parameters
    ----------
    memory : mapping
        As it was before.
    trace : Trace

    Returns
    -------
    dict
        Plain data. Only policies that order by rotation or by last assignment leave traces of it.
    """
    after = {**memory, DECISIONS: int(memory.get(DECISIONS, 0)) + 1}
    ties = trace.policy.ties if isinstance(trace.policy, Policy) else ()
    roster = trace.problem.roster
    served = [int(agent) for agent in trace.agent_of if agent >= 0]
    if "rotation" in ties and served:
        furthest = max(served, key=lambda agent: int(trace.candidates.column_of[agent]))
        after[ROTATION] = roster.ids[furthest]
    if "unassigned" in ties:
        known = memory.get(UNASSIGNED, {})
        now = {roster.ids[agent]: trace.problem.now for agent in served}
        after[UNASSIGNED] = dict(sorted({**known, **now}.items()))
    return after
