"""Agents who are expected to finish sooner come first."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.model.checks import check_number
from routematch.state import Behaviour, Problem, RequestClass, Static

__all__ = ["HandleTime"]


@frozen
class HandleTime:
    """Falls evenly with expected handle time: 1 at no time at all, 0 from `longest` on.

    Attributes
    ----------
    longest : float
        Seconds; above 0.
    """

    name: ClassVar[str] = "handle_time"
    axes: ClassVar[tuple[str, ...]] = ("request", "agent")
    looks_at: ClassVar[tuple[str, ...]] = ("requires", "channel")
    scaled_by_value: ClassVar[bool] = False
    longest: float = field(default=3600.0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check the parameter."""
        faults = Faults()
        object.__setattr__(self, "longest", check_number(faults, "longest", self.longest, above=0))
        faults.raise_if_any()

    def value(self, problem: Problem, request: RequestClass) -> NDArray[np.float64]:
        """Return the value of each agent's speed at the request, shape (A,), in [0, 1]."""
        return np.clip(1.0 - problem.handle_time(request) / self.longest, 0.0, 1.0)

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static."""
        return Static()
