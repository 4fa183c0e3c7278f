"""Only agents who meet what the conversation asks for: skills at a level, and attributes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.model import AllOf, Condition
from routematch.model.judging import judge
from routematch.state import Behaviour, Problem, RequestClass, Static

__all__ = ["Skills", "blocking_parts"]


@frozen
class Skills:
    """The whole condition of `Conversation.requires`, at its current relaxation stage.

    Relaxation over time changes the request class, not this rule's answer for a class, hence static.
    """

    name: ClassVar[str] = "skills"
    axes: ClassVar[tuple[str, ...]] = ("request", "profile")
    looks_at: ClassVar[tuple[str, ...]] = ("requires",)

    def allowed(self, problem: Problem, request: RequestClass) -> NDArray[np.bool_]:
        """Return which profiles meet the condition, shape (P,)."""
        return problem.declared(request).met

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static."""
        return Static()

    def sentence(self, problem: Problem, row: int, agent: int) -> str:
        """Return which parts are not met."""
        request = problem.backlog.classes[problem.backlog.class_of[row]]
        missing = blocking_parts(request.requires, problem, agent)
        return f"does not meet {' and '.join(str(part) for part in missing)}"


def blocking_parts(condition: Condition, problem: Problem, agent: int) -> list[Condition]:
    """Return the parts of a condition that an agent fails; the outermost `AllOf` is looked into."""
    who = problem.roster.agents[agent]
    if isinstance(condition, AllOf):
        return [inner for part in condition.parts for inner in blocking_parts(part, problem, agent)]
    return [] if judge(condition, who)[0] else [condition]
