"""Exact matching of rows with agents of limited capacity, with proof and prices: arrays in, arrays out.

Knows nothing of conversations or skills and is useful alone. A row is served by one agent or held; capacity,
eligibility, holding, unit costs, group caps and priority are all part of one optimisation.

>>> problem = AssignmentProblem(value=[[0.9, 0.4], [0.8, 0.1], [0.3, 0.2]], capacity=[1, 1])
>>> matching = solve(problem)
>>> matching.agent_of.tolist(), matching.is_optimal
([1, 0, -1], True)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routematch.solvers.engines import Method, solve
from routematch.solvers.live import LiveMatching
from routematch.solvers.matching import Matching
from routematch.solvers.oracle import brute_force, random_problem
from routematch.solvers.problem import DEFAULT_RESOLUTION, AssignmentProblem, SparseRows
from routematch.solvers.sensitivity import Sensitivity

if TYPE_CHECKING:
    from routematch.solvers.mixed import MixedProblem, solve_mixed

__all__ = [
    "DEFAULT_RESOLUTION",
    "AssignmentProblem",
    "LiveMatching",
    "Matching",
    "Method",
    "MixedProblem",
    "Sensitivity",
    "SparseRows",
    "brute_force",
    "random_problem",
    "solve",
    "solve_mixed",
]


def __getattr__(name: str) -> object:
    """Load the integer program on first use: it imports scipy."""
    if name in {"MixedProblem", "solve_mixed"}:
        from routematch.solvers import mixed

        return getattr(mixed, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
