"""Agents who carry less come first, measured against their capacity and their weight."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.state import THOUSANDTHS, Behaviour, Problem, RequestClass, Static

__all__ = ["FewestOpen", "Load", "Spare"]


@frozen
class Load:
    """1 for an idle agent, falling with utilisation (load / capacity) to 0; half a weight makes a load count twice."""

    name: ClassVar[str] = "load"
    axes: ClassVar[tuple[str, ...]] = ("agent",)
    looks_at: ClassVar[tuple[str, ...]] = ()
    scaled_by_value: ClassVar[bool] = False

    def value(self, problem: Problem, request: RequestClass) -> NDArray[np.float64]:  # noqa: ARG002 - the contract
        """Return the free share of each agent, shape (A,), in [0, 1]."""
        roster = problem.roster
        utilisation = roster.used / np.maximum(roster.units, 1)
        return np.clip(1.0 - utilisation / roster.weight, 0.0, 1.0)

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static: only events change loads."""
        return Static()


@frozen
class Spare:
    """Agents with more free units come first, whatever their size: ``free / (1 + free)``."""

    name: ClassVar[str] = "spare"
    axes: ClassVar[tuple[str, ...]] = ("agent",)
    looks_at: ClassVar[tuple[str, ...]] = ()
    scaled_by_value: ClassVar[bool] = False

    def value(self, problem: Problem, request: RequestClass) -> NDArray[np.float64]:  # noqa: ARG002 - the contract
        """Return the saturating free capacity of each agent, shape (A,), in [0, 1)."""
        free = problem.roster.free / THOUSANDTHS
        return free / (1.0 + free)

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static: only events change loads."""
        return Static()


@frozen
class FewestOpen:
    """Agents with fewer open conversations come first: ``1 / (1 + open / weight)``."""

    name: ClassVar[str] = "fewest_open"
    axes: ClassVar[tuple[str, ...]] = ("agent",)
    looks_at: ClassVar[tuple[str, ...]] = ()
    scaled_by_value: ClassVar[bool] = False

    def value(self, problem: Problem, request: RequestClass) -> NDArray[np.float64]:  # noqa: ARG002 - the contract
        """Return the value of each agent's short list, shape (A,), in (0, 1]."""
        return 1.0 / (1.0 + problem.roster.count / problem.roster.weight)

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static: only events change loads."""
        return Static()
