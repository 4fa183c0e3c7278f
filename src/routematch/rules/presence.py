"""Only agents who are present on the channel and on shift."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.state import Behaviour, Problem, RequestClass, Steps

__all__ = ["Presence"]


@frozen
class Presence:
    """Presence is an allow-list: only the presences named in the policy's tiers may take conversations."""

    name: ClassVar[str] = "presence"
    axes: ClassVar[tuple[str, ...]] = ("request", "agent")
    looks_at: ClassVar[tuple[str, ...]] = ("channel",)

    def allowed(self, problem: Problem, request: RequestClass) -> NDArray[np.bool_]:
        """Return who is present on the request's channel and working now, shape (A,)."""
        welcome = [presence for tier in problem.settings.tiers for presence in tier]
        present = np.isin(problem.roster.presence(request.channel), welcome)
        return present & problem.roster.on_shift(problem.now)

    def behaviour(self, problem: Problem) -> Behaviour:
        """Return the starts and ends of all shifts."""
        shifts = [shift for _, shifts in problem.roster.shifts for shift in shifts]
        return Steps([instant for shift in shifts for instant in (shift.starts_at, shift.ends_at)])

    def sentence(self, problem: Problem, row: int, agent: int) -> str:
        """Return the presence, or that the agent is off shift."""
        channel = problem.backlog.conversations[row].channel
        presence = str(problem.roster.presence(channel)[agent])
        if presence not in {name for tier in problem.settings.tiers for name in tier}:
            return f"is {presence} on {channel}"
        return "is off shift"
