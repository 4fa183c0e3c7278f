"""Never an agent the conversation excludes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen

from routematch.state import Behaviour, Problem, RequestClass, SparsePairs, Static

__all__ = ["Exclusions"]


@frozen
class Exclusions:
    """`Conversation.excludes`, whatever other rules and terms say."""

    name: ClassVar[str] = "exclusions"
    axes: ClassVar[tuple[str, ...]] = ("pair",)
    looks_at: ClassVar[tuple[str, ...]] = ()

    def allowed(self, problem: Problem, request: RequestClass) -> SparsePairs:  # noqa: ARG002 - the contract
        """Return the refused pairs; names that are not in the roster are ignored."""
        index = problem.roster.index
        pairs = sorted(
            {
                (row, index[name])
                for row, conversation in enumerate(problem.backlog.conversations)
                for name in conversation.excludes
                if name in index
            }
        )
        rows, agents = np.array(pairs, np.intp).reshape(-1, 2).T
        return SparsePairs(rows, agents, np.ones(len(rows)))

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static."""
        return Static()

    def sentence(self, problem: Problem, row: int, agent: int) -> str:  # noqa: ARG002 - the contract
        """Return that the conversation excludes the agent."""
        return "is excluded by the conversation"
