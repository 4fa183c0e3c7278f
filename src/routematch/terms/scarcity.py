"""Do not spend the only French speaker on an English chat."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.model import Requirement
from routematch.model.requirements import walk
from routematch.state import Behaviour, Problem, RequestClass, Static

__all__ = ["Scarcity"]


@frozen
class Scarcity:
    """1 less the scarcity of the rarest skill that the agent holds and the request does not ask for.

    A skill that n present agents hold has scarcity 1/n, so an agent who alone speaks French is worth nothing to an
    English chat by this term, and everything to a French one.
    """

    name: ClassVar[str] = "scarcity"
    axes: ClassVar[tuple[str, ...]] = ("request", "profile")
    looks_at: ClassVar[tuple[str, ...]] = ("requires", "channel")
    scaled_by_value: ClassVar[bool] = False

    def value(self, problem: Problem, request: RequestClass) -> NDArray[np.float64]:
        """Return what is left after sparing the scarce, for each profile, shape (P,), in [0, 1]."""
        ranked = problem.once(("scarcity", request.channel), lambda: _rarest_first(problem, request.channel))
        asked = {part.skill for part in walk(request.requires) if isinstance(part, Requirement)}
        spent = [next((scarcity for skill, scarcity in row if skill not in asked), 0.0) for row in ranked]
        return 1.0 - np.array(spent, np.float64)

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static: presence changes only by events."""
        return Static()


def _rarest_first(problem: Problem, channel: str) -> list[list[tuple[str, float]]]:
    """Return each profile's skills with their scarcity, rarest first."""
    roster = problem.roster
    welcome = [presence for tier in problem.settings.tiers for presence in tier]
    present = np.isin(roster.presence(channel), welcome)
    holders = np.bincount(roster.profile_of[present], minlength=len(roster.profiles))
    count: dict[str, int] = {}
    for profile, number in zip(roster.profiles, holders.tolist(), strict=True):
        for skill in profile.skills:
            count[skill] = count.get(skill, 0) + number
    return [
        sorted(
            ((skill, 1.0 / max(count[skill], 1)) for skill in profile.skills), key=lambda entry: (-entry[1], entry[0])
        )
        for profile in roster.profiles
    ]
