"""What serving a row adds for its priority class, with room for the rows a live matching is still to meet.

As in a fresh solve, classes weigh multiples of a step that no difference of values can outweigh. How large the step
must be depends on the number of rows and the span of their values, so it is chosen for more of both than there are now;
only when that room is used up does the matching have to begin anew with larger steps.

>>> classes = Classes.meeting([0, 5], span=100, rows=10)
>>> classes.covers([5], span=200, rows=20), classes.covers([5], span=201, rows=20), classes.covers([1], span=1, rows=1)
(True, False, False)
>>> classes.bonus(5) - classes.bonus(0) == classes.step > 2 * 200 * 20
True
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs
import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.errors import LimitExceededError
from routematch.solvers.network import LARGEST

__all__ = ["Classes", "Span"]

#: How many times the span and the rows of the moment are provided for.
ROOM = 2


@frozen
class Span:
    """The extremes of all worths and unit costs met so far, zero among them."""

    worth: int = 0
    least_cost: int = 0
    most_cost: int = 0

    @property
    def width(self) -> int:
        """How much more one row can be worth than another, costs included."""
        return self.worth - self.least_cost + self.most_cost

    def with_worths(self, worths: NDArray[np.int64]) -> Span:
        """Return the extremes with the worths of more pairs."""
        return attrs.evolve(self, worth=max(self.worth, int(worths.max(initial=0))))

    def with_costs(self, costs: Iterable[int]) -> Span:
        """Return the extremes with more unit costs."""
        known = [self.least_cost, self.most_cost, *costs]
        return attrs.evolve(self, least_cost=min(known), most_cost=max(known))


@frozen
class Classes:
    """Bonuses by priority, good for so many rows whose worths, unit costs included, differ by at most `span` steps."""

    weight: Mapping[int, int]
    step: int
    span: int
    rows: int

    @classmethod
    def meeting(cls, priorities: Iterable[int], span: int, rows: int) -> Classes:
        """Return bonuses for the given needs, with room to spare where the numbers allow it.

        Raises
        ------
        LimitExceededError
            When sums would leave the exact range.
        """
        weight = {priority: rank for rank, priority in enumerate(sorted(set(priorities)), start=1)}
        for room in (ROOM, 1):
            most_span, most_rows = int(room * max(span, 1)), int(room * max(rows, 1))
            step = 2 * most_span * (most_rows + 1) + 1
            if step * len(weight) * most_rows < LARGEST:
                return cls(weight, step, most_span, most_rows)
        raise LimitExceededError(
            f"{len(weight)} priority classes over {rows} rows and values of {span} steps leave the exact range of "
            f"2^62; use a coarser resolution or fewer classes"
        )

    def covers(self, priorities: Iterable[int], span: int, rows: int) -> bool:
        """Say whether the bonuses are good for these needs too."""
        return all(map(self.weight.__contains__, priorities)) and span <= self.span and rows <= self.rows

    def bonus(self, priority: int) -> int:
        """Return what serving a row of that priority adds."""
        return self.weight[priority] * self.step

    def value_part(self, amount: int) -> int:
        """Take the bonuses out of a price; what is left is the change of value."""
        return amount - (amount + self.step // 2) // self.step * self.step
