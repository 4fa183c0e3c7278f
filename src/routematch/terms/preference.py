"""What the customer would like: soft wishes over skills and attributes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.model import Requirement
from routematch.state import Behaviour, Problem, RequestClass, Static

__all__ = ["Preferences"]


@frozen
class Preferences:
    """The sum over `Conversation.prefers`.

    A wish for a skill adds its weight times the proficiency of those who meet it; any other wish adds its weight
    where it holds.
    """

    name: ClassVar[str] = "preference"
    axes: ClassVar[tuple[str, ...]] = ("request", "profile")
    looks_at: ClassVar[tuple[str, ...]] = ("prefers",)
    scaled_by_value: ClassVar[bool] = False

    def value(self, problem: Problem, request: RequestClass) -> NDArray[np.float64]:
        """Return the sum of fulfilled wishes for each profile, shape (P,)."""
        total = np.zeros(len(problem.roster.profiles))
        for wish in request.prefers:
            declared = problem.roster.declared(wish.condition)
            share = declared.achievement if isinstance(wish.condition, Requirement) else 1.0
            total += np.where(declared.met, wish.weight * share, 0.0)
        return total

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static."""
        return Static()
