"""The contract of a metric: one number about what happened, for everything or for each group.

A metric is plain data: its parameters. It gets a `Breakdown` and returns one number for each group, NaN where the
ledger says nothing about a group (an empty one, or a column that is not known); counts of nothing are 0. It never
raises on a checked ledger and changes nothing.
"""

from __future__ import annotations

from typing import Protocol, TypeGuard, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from routematch.metrics.breakdown import Breakdown

__all__ = ["UNITS", "Metric", "is_metric"]

#: What the numbers of a metric are. A share is in [0, 1], an index of fairness too; counts, sums and money add up over
#: parts of the time.
UNITS = ("share", "seconds", "count", "per hour", "agents", "amount", "sum", "money", "index")


@runtime_checkable
class Metric(Protocol):
    """A number about what happened.

    Attributes
    ----------
    name : str
        How tables, tuning and the command line call it.
    title : str
        What people read.
    abbreviation : str
        The usual one, or empty.
    unit : str
        One of `UNITS`.
    better : str
        ``"higher"``, ``"lower"``, or empty where neither is.
    meaning : str
        What is counted, as a noun phrase.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def title(self) -> str: ...  # noqa: D102

    @property
    def abbreviation(self) -> str: ...  # noqa: D102

    @property
    def unit(self) -> str: ...  # noqa: D102

    @property
    def better(self) -> str: ...  # noqa: D102

    @property
    def meaning(self) -> str: ...  # noqa: D102

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return one number for each group, shape (G,); NaN where the ledger says nothing."""
        ...


def is_metric(part: object) -> TypeGuard[Metric]:
    """Whether an object has all that a metric needs; a class that was not called is none."""
    members = ("name", "title", "abbreviation", "unit", "better", "meaning", "measure")
    return not isinstance(part, type) and all(hasattr(part, member) for member in members)
