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
        excess = _excess(request.requires, problem.roster)
        if excess is None:
            return np.ones(len(problem.roster.profiles))
        return 1.0 - np.clip(np.nan_to_num(excess), 0.0, 1.0)

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static."""
        return Static()


def _excess(condition: Condition, roster: Roster) -> NDArray[np.float64] | None:
    """Return by how much each profile exceeds what is asked, shape (P,); None where nothing counts."""
    if isinstance(condition, Requirement):
        return roster.proficiency(condition.skill) - condition.at_least
    if isinstance(condition, AllOf):
        parts = [excess for part in condition.parts if (excess := _excess(part, roster)) is not None]
        mean: NDArray[np.float64] = np.mean(parts, axis=0) if parts else np.zeros(0)
        return mean if parts else None
    if isinstance(condition, AnyOf) and condition.parts:
        nearest: NDArray[np.float64] = np.min([_branch(part, roster) for part in condition.parts], axis=0)
        return nearest
    return None


def _branch(part: Condition, roster: Roster) -> NDArray[np.float64]:
    """Return the excess over one branch of an `AnyOf`; infinite where it is not met."""
    excess = _excess(part, roster)
    return np.where(roster.declared(part).met, 0.0 if excess is None else excess, np.inf)
