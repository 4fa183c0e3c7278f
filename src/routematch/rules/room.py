"""Only agents with room for at least this one: free units for the channel's cost, and no cap reached."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.state import THOUSANDTHS, Behaviour, Problem, RequestClass, Static

__all__ = ["Room"]


@frozen
class Room:
    """A first look at capacity; how many an agent gets in all is a constraint of the matching."""

    name: ClassVar[str] = "room"
    axes: ClassVar[tuple[str, ...]] = ("request", "agent")
    looks_at: ClassVar[tuple[str, ...]] = ("channel", "labels")

    def allowed(self, problem: Problem, request: RequestClass) -> NDArray[np.bool_]:
        """Return who could take one more of this channel and these labels, shape (A,)."""
        roster = problem.roster
        has_room = roster.free >= roster.cost(request.channel)
        has_room &= roster.units > 0
        for name in roster.capped_names.intersection((request.channel, *request.labels)):
            has_room &= roster.room_under_cap(name) != 0
        return has_room

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static: only events change loads."""
        return Static()

    def sentence(self, problem: Problem, row: int, agent: int) -> str:
        """Return the cap that is reached, or the units that are missing."""
        roster, conversation = problem.roster, problem.backlog.conversations[row]
        for name in sorted(roster.capped_names.intersection((conversation.channel, *conversation.labels))):
            if roster.room_under_cap(name)[agent] == 0:
                return f"has reached the cap of {roster.agents[agent].capacity.caps[name]} for {name}"
        free, cost = roster.free[agent] / THOUSANDTHS, roster.cost(conversation.channel)[agent] / THOUSANDTHS
        return f"is full: {free:g} of {roster.units[agent] / THOUSANDTHS:g} units free, {cost:g} needed"
