"""What agents cost: for the time they were there, or for the time they spent on conversations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.metrics.breakdown import Breakdown
from routematch.model.checks import as_map, check_number, is_number
from routematch.state import STATES, Category

__all__ = ["HandlingCost", "StaffCost"]

_HOUR = 3600.0

CostPerHour = float | Mapping[str, float] | None


def _as_cost(value: CostPerHour) -> CostPerHour:
    cost: CostPerHour = as_map(value)
    return cost


def _check_cost(value: CostPerHour) -> None:
    faults = Faults()
    if isinstance(value, Mapping):
        for group, cost in value.items():
            check_number(faults, f"per_hour.{group}", cost, at_least=0)
    elif value is not None:
        check_number(faults, "per_hour", value, at_least=0)
    faults.raise_if_any()


def _rates(per_hour: CostPerHour, groups: Category, codes: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return cost per second for each code of an agent group; NaN where none is stated."""
    if is_number(per_hour):
        return np.full(len(codes), float(per_hour) / _HOUR)  # type: ignore[arg-type]  # a number
    table = per_hour if isinstance(per_hour, Mapping) else {}
    stated = np.array([*(table.get(name, np.nan) for name in groups.names), np.nan], np.float64)
    return stated[codes] / _HOUR


@frozen
class StaffCost:
    """Cost of agents for all the time they were signed in, away included.

    Attributes
    ----------
    per_hour : float, or mapping from agent group to float, or None
        None: not known.
    """

    per_hour: CostPerHour = field(default=None, converter=_as_cost, kw_only=True)
    name: ClassVar[str] = "staff_cost"
    title: ClassVar[str] = "Staff cost"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "money"
    better: ClassVar[str] = "lower"
    meaning: ClassVar[str] = "cost of all time agents were signed in"

    def __attrs_post_init__(self) -> None:
        """Check the parameter."""
        _check_cost(self.per_hour)

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the cost for each group; NaN where a cost is not known, or groups are of conversations."""
        intervals = groups.ledger.intervals
        if intervals is None or self.per_hour is None:
            return np.full(groups.size, np.nan)
        return groups.agent_time(STATES, _rates(self.per_hour, groups.ledger.agent_group, intervals.agent_group))


@frozen
class HandlingCost:
    """Cost of the time agents spent on conversations; idle time is not shared out.

    Attributes
    ----------
    per_hour : float, or mapping from agent group to float, or None
        Of the group of the last agent; None: not known.
    """

    per_hour: CostPerHour = field(default=None, converter=_as_cost, kw_only=True)
    name: ClassVar[str] = "handling_cost"
    title: ClassVar[str] = "Cost of handling"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "money"
    better: ClassVar[str] = "lower"
    meaning: ClassVar[str] = "cost of the time agents spent on conversations, without idle time"

    def __attrs_post_init__(self) -> None:
        """Check the parameter."""
        _check_cost(self.per_hour)

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the cost for each group; NaN where none is known."""
        ledger = groups.ledger
        cost = ledger.handle_time * _rates(self.per_hour, ledger.agent_group, ledger.agent_group.codes)
        known = ~np.isnan(cost)
        return np.where(groups.count(known) > 0, groups.total(cost, known), np.nan)
