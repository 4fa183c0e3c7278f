"""The order of equals among agents: the idle longest, the least loaded, whose turn it is; the id comes last."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routematch.state import Problem

__all__ = ["ROTATION", "tie_order"]

#: Keys of `memory`.
ROTATION = "rotation"
UNASSIGNED = "assigned_at"


def tie_order(problem: Problem, ties: tuple[str, ...], generator: np.random.Generator) -> NDArray[np.intp]:
    """Return roster positions in the order in which equals are preferred.

    Parameters
    ----------
    problem : Problem
    ties : tuple of str
        From `policies.TIES`, the first counts most.
    generator : numpy.random.Generator
        Used by ``"random"`` only.

    Returns
    -------
    ndarray of intp, shape (A,)
    """
    keys = [_key(problem, tie, generator) for tie in ties]
    positions = np.arange(len(problem.roster))
    return np.lexsort((positions, *reversed(keys))).astype(np.intp)


def _key(problem: Problem, tie: str, generator: np.random.Generator) -> NDArray[np.float64]:
    roster = problem.roster
    if tie == "idle":
        return np.minimum(roster.idle_since, problem.now)
    if tie == "load":
        return roster.used / np.maximum(roster.units, 1) / roster.weight
    if tie == "random":
        return generator.permutation(len(roster)).astype(np.float64)
    if tie == "unassigned":
        assigned = problem.memory.get(UNASSIGNED, {})
        known = assigned if isinstance(assigned, dict) else {}
        return np.array([float(known.get(identifier, -np.inf)) for identifier in roster.ids])
    last = problem.memory.get(ROTATION)
    return np.array([isinstance(last, str) and identifier <= last for identifier in roster.ids], np.float64)
