"""The pull towards agents who know the customer or the case."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen

from routematch.state import Behaviour, Problem, RequestClass, SparsePairs, Static

__all__ = ["Affinity"]


@frozen
class Affinity:
    """`Conversation.affinity`, in policy units; names that are not in the roster are ignored."""

    name: ClassVar[str] = "affinity"
    axes: ClassVar[tuple[str, ...]] = ("pair",)
    looks_at: ClassVar[tuple[str, ...]] = ()
    scaled_by_value: ClassVar[bool] = False

    def value(self, problem: Problem, request: RequestClass) -> SparsePairs:  # noqa: ARG002 - the contract
        """Return the known pairs and their amounts."""
        index = problem.roster.index
        known = [
            (row, index[name], amount)
            for row, conversation in enumerate(problem.backlog.conversations)
            for name, amount in conversation.affinity.items()
            if name in index
        ]
        rows, agents, amounts = zip(*known, strict=True) if known else ((), (), ())
        return SparsePairs(np.array(rows, np.intp), np.array(agents, np.intp), np.array(amounts, np.float64))

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static."""
        return Static()
