"""Read what an event brings: values, agents, hold, costs and caps, in whole steps, or a refusal in words.

Every event passes through here, so what is right is recognised by a few looks at whole arrays, and faults are sought
only where something is wrong.

>>> in_steps(np.array([0.5, 2.0]), 0.5)
(array([1., 4.]), 1.0)
>>> ascending_agents([3, 2], 5)
Traceback (most recent call last):
routematch.errors.InvalidInputError: agents must be ascending and unique
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from routematch.errors import InvalidInputError, shorten
from routematch.solvers.arguments import LARGEST_INTEGER, as_float, is_whole_number, real_numbers, whole_numbers
from routematch.solvers.network import EXACT

__all__ = [
    "ascending_agents",
    "caps_of_groups",
    "costs_in_steps",
    "group_number",
    "hold_in_steps",
    "in_steps",
    "priority_number",
]

Ints = NDArray[np.int64]


def in_steps(values: NDArray[np.float64], resolution: float) -> tuple[NDArray[np.float64], float]:
    """Return values in whole steps, as new floats, and the least; what is far below zero may be inexact or infinite."""
    if not len(values):
        return np.zeros(0), 0.0
    largest = EXACT * resolution / 4
    if not values[values.argmax()] < largest:  # argmax finds a NaN, too
        raise InvalidInputError("value must be finite or -inf, and exact in steps of the resolution")
    lowest = int(values.argmin())
    if values[lowest] > -largest:
        steps = np.divide(values, resolution)
    else:
        with np.errstate(over="ignore"):
            steps = np.divide(values, resolution)
    np.rint(steps, out=steps)
    return steps, float(steps[lowest])


def hold_in_steps(hold: object, resolution: float) -> int:
    """Return a hold in whole steps."""
    amount = as_float(hold)
    if not abs(amount) < EXACT * resolution / 4:
        raise InvalidInputError(f"hold must be finite and exact in steps of the resolution, got {shorten(hold)}")
    return round(amount / resolution)


def ascending_agents(given: ArrayLike, count: int) -> Ints:
    """Return numbers of agents below `count`, which must ascend."""
    chosen = whole_numbers(given, "agents")
    if np.count_nonzero(chosen[1:] <= chosen[:-1]):
        raise InvalidInputError("agents must be ascending and unique")
    if len(chosen) and (chosen[0] < 0 or chosen[-1] >= count):
        raise InvalidInputError(f"agents must be at least 0 and below {count}")
    return chosen


def costs_in_steps(given: ArrayLike, resolution: float) -> list[int]:
    """Return the costs of an agent's units in whole steps."""
    costs = real_numbers(given, "unit_cost")
    if not (np.abs(costs) < EXACT * resolution / 4).all():
        raise InvalidInputError("unit_cost must be finite, and exact in steps of the resolution")
    if (costs[1:] < costs[:-1]).any():
        raise InvalidInputError("unit_cost must not fall")
    return [round(cost / resolution) for cost in costs.tolist()]


def priority_number(given: object) -> int:
    """Return a priority class."""
    if not is_whole_number(given) or not -LARGEST_INTEGER <= given <= LARGEST_INTEGER:
        raise InvalidInputError(f"priority must be a whole number below 2^63, got {shorten(given)}")
    return int(given)


def group_number(given: object, groups: int) -> int:
    """Return the group of a row; -1 is none."""
    if not is_whole_number(given) or not -1 <= given < groups:
        raise InvalidInputError(f"group must be at least -1 and below {groups}, got {shorten(given)}")
    return int(given)


def caps_of_groups(given: ArrayLike | None, groups: int) -> list[int]:
    """Return how many rows of each group an agent takes."""
    caps: list[int] = [] if given is None else whole_numbers(given, "group_capacity").tolist()
    if len(caps) != groups or min(caps, default=0) < 0:
        raise InvalidInputError(f"group_capacity must be {groups} whole numbers of at least 0")
    return caps
