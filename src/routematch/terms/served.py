"""One for every pair: serving anybody counts, and ties decide the rest."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.state import Behaviour, Problem, RequestClass, Static

__all__ = ["Served"]


@frozen
class Served:
    """The same for all agents; the base of policies that go by order alone."""

    name: ClassVar[str] = "served"
    axes: ClassVar[tuple[str, ...]] = ("agent",)
    looks_at: ClassVar[tuple[str, ...]] = ()
    scaled_by_value: ClassVar[bool] = False

    def value(self, problem: Problem, request: RequestClass) -> NDArray[np.float64]:  # noqa: ARG002 - the contract
        """Return ones, shape (A,)."""
        return np.ones(len(problem.roster))

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static."""
        return Static()
