"""How many left before they were served, and how many were not let in."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.metrics.breakdown import Breakdown
from routematch.metrics.waits import waited_out
from routematch.state.ledger import ABANDONED, REFUSED

__all__ = ["Abandonment", "Refusal"]


@frozen
class Abandonment:
    """Share of conversations that were abandoned, of those whose wait is over."""

    name: ClassVar[str] = "abandonment"
    title: ClassVar[str] = "Abandonment"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "share"
    better: ClassVar[str] = "lower"
    meaning: ClassVar[str] = "abandoned, of the answered and the abandoned"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the share for each group; NaN where no wait is over."""
        return groups.share(groups.ledger.ending == ABANDONED, waited_out(groups.ledger))


@frozen
class Refusal:
    """Share of conversations that were not let in."""

    name: ClassVar[str] = "refusal"
    title: ClassVar[str] = "Refused"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "share"
    better: ClassVar[str] = "lower"
    meaning: ClassVar[str] = "refused, of all who came"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the share for each group; NaN where nobody came."""
        return groups.share(groups.ledger.ending == REFUSED, np.ones(len(groups.ledger), bool))
