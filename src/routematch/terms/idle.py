"""Agents who have been idle longer come first."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.model.checks import check_number
from routematch.state import Behaviour, Linear, Problem, RequestClass

__all__ = ["Idle"]


@frozen
class Idle:
    """Rises evenly with idle time up to 1; unknown idle time counts as idle since ever.

    Attributes
    ----------
    full_time : float
        Idle time at which 1 is reached, in seconds; above 0.
    """

    name: ClassVar[str] = "idle"
    axes: ClassVar[tuple[str, ...]] = ("agent",)
    looks_at: ClassVar[tuple[str, ...]] = ()
    scaled_by_value: ClassVar[bool] = False
    full_time: float = field(default=3600.0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check the parameter."""
        faults = Faults()
        object.__setattr__(self, "full_time", check_number(faults, "full_time", self.full_time, above=0))
        faults.raise_if_any()

    def value(self, problem: Problem, request: RequestClass) -> NDArray[np.float64]:  # noqa: ARG002 - the contract
        """Return the share of `full_time` each agent has been idle, shape (A,), in [0, 1]."""
        return np.clip((problem.now - problem.roster.idle_since) / self.full_time, 0.0, 1.0)

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return linear in time; agents who have reached 1 stay there."""
        return Linear(1.0 / self.full_time, spread=1.0 / self.full_time)
