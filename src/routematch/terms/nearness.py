"""Do not waste the over-qualified: agents just good enough come first."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.model import AllOf, AnyOf, Condition, Requirement
from routematch.state import Behaviour, Problem, RequestClass, Roster, Static

__all__ = ["Nearness"]


@frozen
class Nearness:
    """1 less the mean excess of proficiency over the level asked for.

    An `AnyOf` counts its nearest met branch; attributes and `NoneOf` count nothing.
    """

    name: ClassVar[str] = "nearness"
    axes: ClassVar[tuple[str, ...]] = ("request", "profile")
    looks_at: ClassVar[tuple[str, ...]] = ("requires",)
    scaled_by_value: ClassVar[bool] = False

    def value(self, problem: Problem, request: RequestClass) -> NDArray[np.float64]:
        """Return the nearness of each profile, shape (P,), in [0, 1] for all who meet the request."""
        return 1.0 - np.clip(np.nan_to_num(_excess(request.requires, problem.roster)), 0.0, 1.0)

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static."""
        return Static()


def _excess(condition: Condition, roster: Roster) -> NDArray[np.float64]:
    """Return by how much each profile exceeds what is asked, shape (P,)."""
    if isinstance(condition, Requirement):
        return roster.proficiency(condition.skill) - condition.at_least
    if isinstance(condition, AllOf):
        parts = [_excess(part, roster) for part in condition.parts if isinstance(part, Requirement | AllOf | AnyOf)]
        mean: NDArray[np.float64] = np.mean(parts, axis=0) if parts else np.zeros(len(roster.profiles))
        return mean
    if isinstance(condition, AnyOf) and condition.parts:
        branches = [np.where(roster.declared(part).met, _excess(part, roster), np.inf) for part in condition.parts]
        nearest: NDArray[np.float64] = np.min(branches, axis=0)
        return nearest
    return np.zeros(len(roster.profiles))
