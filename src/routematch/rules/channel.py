"""Only agents who serve the conversation's channel."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.state import Behaviour, Problem, RequestClass, Static

__all__ = ["Channel"]


@frozen
class Channel:
    """Agents name the channels they serve; ``channels=None`` serves all."""

    name: ClassVar[str] = "channel"
    axes: ClassVar[tuple[str, ...]] = ("request", "profile")
    looks_at: ClassVar[tuple[str, ...]] = ("channel",)

    def allowed(self, problem: Problem, request: RequestClass) -> NDArray[np.bool_]:
        """Return which profiles serve the channel, shape (P,)."""
        served = (profile.channels for profile in problem.roster.profiles)
        return np.array([channels is None or request.channel in channels for channels in served], bool)

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static."""
        return Static()

    def sentence(self, problem: Problem, row: int, agent: int) -> str:  # noqa: ARG002 - the contract
        """Return the channel that is not served."""
        return f"does not serve the channel {problem.backlog.conversations[row].channel}"
