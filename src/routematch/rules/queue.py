"""Only members of the conversation's queue: primary ones at once, secondary ones later."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.state import Behaviour, Problem, RequestClass, Static

__all__ = ["QueueMembership"]


@frozen
class QueueMembership:
    """Membership is what the queue says where it names members, else what the agents say."""

    name: ClassVar[str] = "queue"
    axes: ClassVar[tuple[str, ...]] = ("request", "agent")
    looks_at: ClassVar[tuple[str, ...]] = ("queue", "secondary")

    def allowed(self, problem: Problem, request: RequestClass) -> NDArray[np.bool_]:
        """Return who is a member by now, shape (A,)."""
        roster = problem.roster
        if request.queue is None:
            return np.ones(len(roster), bool)
        queue = problem.queues.get(request.queue)
        if queue is None or not queue.names_members:
            served = (profile.queues for profile in roster.profiles)
            by_profile = np.array([queues is None or request.queue in queues for queues in served], bool)
            return by_profile[roster.profile_of] if len(roster) else by_profile
        members = queue.primary + (queue.secondary if request.secondary else ())
        allowed = np.zeros(len(roster), bool)
        allowed[[roster.index[member] for member in members if member in roster.index]] = True
        return allowed

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static: the opening to secondary members changes the request class."""
        return Static()

    def sentence(self, problem: Problem, row: int, agent: int) -> str:
        """Return the queue that is not served, or that secondary members come later."""
        conversation = problem.backlog.conversations[row]
        queue = problem.queues.get(conversation.queue or "")
        if queue is not None and problem.roster.ids[agent] in queue.secondary:
            return f"helps out in the queue {conversation.queue} only after {queue.secondary_after:g} s"
        return f"does not serve the queue {conversation.queue}"
