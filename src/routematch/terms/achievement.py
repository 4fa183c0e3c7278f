"""What the agent is expected to achieve: learned success where history says something, declared skill otherwise."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.state import Behaviour, Problem, RequestClass, Static

__all__ = ["Achievement"]


@frozen
class Achievement:
    """The weakest link among the required skills, in [0, 1]; 1 where none is required.

    `Conversation.value` multiplies it, so that its unit is "expected resolved conversations" by default.
    """

    name: ClassVar[str] = "achievement"
    axes: ClassVar[tuple[str, ...]] = ("request", "agent")
    looks_at: ClassVar[tuple[str, ...]] = ("requires",)
    scaled_by_value: ClassVar[bool] = True

    def value(self, problem: Problem, request: RequestClass) -> NDArray[np.float64]:
        """Return the expected achievement of each agent, shape (A,); NaN-free for all who meet the request."""
        learned = problem.success(request) if problem.estimates.success else None
        if learned is not None:
            return learned
        return problem.declared(request).achievement[problem.roster.profile_of]

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static."""
        return Static()
