"""What makes a conversation urgent by itself: how long it waits, its priority, its due time. These lower `hold`."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.model.checks import check_number
from routematch.model.instants import as_duration
from routematch.state import Behaviour, Linear, Problem, RequestClass, Static

__all__ = ["Due", "Priority", "Waiting"]


@frozen
class Waiting:
    """Aging: `Settings.aging_rate` for every second of waiting, so that nobody starves."""

    name: ClassVar[str] = "waiting"
    axes: ClassVar[tuple[str, ...]] = ("conversation",)
    looks_at: ClassVar[tuple[str, ...]] = ()
    scaled_by_value: ClassVar[bool] = False

    def value(self, problem: Problem, request: RequestClass) -> NDArray[np.float64]:  # noqa: ARG002 - the contract
        """Return the age of each conversation in policy units, shape (C,)."""
        return problem.settings.aging_rate * problem.backlog.waited

    def behaviour(self, problem: Problem) -> Behaviour:
        """Return linear in time."""
        return Linear(problem.settings.aging_rate)


@frozen
class Priority:
    """One point counts as `Settings.seconds_per_priority` seconds of waiting."""

    name: ClassVar[str] = "priority"
    axes: ClassVar[tuple[str, ...]] = ("conversation",)
    looks_at: ClassVar[tuple[str, ...]] = ()
    scaled_by_value: ClassVar[bool] = False

    def value(self, problem: Problem, request: RequestClass) -> NDArray[np.float64]:  # noqa: ARG002 - the contract
        """Return the priority of each conversation in policy units, shape (C,)."""
        settings = problem.settings
        return settings.aging_rate * settings.seconds_per_priority * problem.backlog.priority

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static."""
        return Static()


@frozen
class Due:
    """From `lead_time` before the due time on, every second counts `factor` seconds of waiting more.

    Attributes
    ----------
    lead_time : float
        Seconds (also a `timedelta`); at least 0.
    factor : float
        At least 0. With the default aging of one unit per hour, a conversation at its due time counts
        ``factor * lead_time / 3600`` units more: 1 by default.
    """

    name: ClassVar[str] = "due"
    axes: ClassVar[tuple[str, ...]] = ("conversation",)
    looks_at: ClassVar[tuple[str, ...]] = ()
    scaled_by_value: ClassVar[bool] = False
    lead_time: float = field(default=900.0, converter=as_duration, kw_only=True)
    factor: float = field(default=4.0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check the parameters."""
        faults = Faults()
        for name in ("lead_time", "factor"):
            object.__setattr__(self, name, check_number(faults, name, getattr(self, name), at_least=0))
        faults.raise_if_any()

    def value(self, problem: Problem, request: RequestClass) -> NDArray[np.float64]:  # noqa: ARG002 - the contract
        """Return the urgency of each due time in policy units, shape (C,)."""
        late = np.maximum(problem.now - (problem.backlog.due_at - self.lead_time), 0.0)
        return problem.settings.aging_rate * self.factor * late

    def behaviour(self, problem: Problem) -> Behaviour:
        """Return linear in time, each entry at its own pace; static where nothing is due."""
        rate = problem.settings.aging_rate * self.factor
        return Linear(rate, spread=rate) if np.isfinite(problem.backlog.due_at).any() else Static()
