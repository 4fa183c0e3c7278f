"""Agents who can do little else come first, so that the versatile stay free."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.state import Behaviour, Problem, RequestClass, Static

__all__ = ["LeastVersatile"]


@frozen
class LeastVersatile:
    """One over the number of skills an agent holds; 1 for agents with one skill or none."""

    name: ClassVar[str] = "least_versatile"
    axes: ClassVar[tuple[str, ...]] = ("agent",)
    looks_at: ClassVar[tuple[str, ...]] = ()
    scaled_by_value: ClassVar[bool] = False

    def value(self, problem: Problem, request: RequestClass) -> NDArray[np.float64]:  # noqa: ARG002 - the contract
        """Return one over the number of skills, shape (A,), in (0, 1]."""
        skills = np.array([max(len(profile.skills), 1) for profile in problem.roster.profiles], np.float64)
        return 1.0 / skills[problem.roster.profile_of] if len(skills) else np.zeros(0)

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static."""
        return Static()
