"""How many were answered in time, in the five ways that are in use.

Reports of two centres cannot be compared unless both say who is counted. The definitions differ only in what happens
to those who hang up; their names say it.
"""

from __future__ import annotations

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.metrics.breakdown import Breakdown
from routematch.model.checks import check_number
from routematch.state.ledger import ABANDONED

__all__ = ["SERVICE_LEVELS", "ServiceLevel"]

#: The definitions by name: what stands above the line, and what below.
SERVICE_LEVELS = {
    "of_all": "answered in time, of all who came",
    "of_answered": "answered in time, of the answered",
    "late_abandons": "answered in time, of the answered and those who abandoned after the limit",
    "without_short_abandons": "answered in time, of all who came but those who abandoned at once",
    "early_abandons_good": "answered or abandoned in time, of all who came",
}


@frozen
class ServiceLevel:
    """Share of conversations answered within a time.

    Who still waits counts as late once the limit has passed, and not at all before.

    Attributes
    ----------
    within : float
        The limit, in seconds.
    definition : str
        One of `SERVICE_LEVELS`.
    short : float
        Seconds within which who abandons did so at once; for ``"without_short_abandons"`` only.
    """

    within: float = field(default=20.0, kw_only=True)
    definition: str = field(default="of_all", kw_only=True)
    short: float = field(default=5.0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check the parameters."""
        faults = Faults()
        for name in ("within", "short"):
            object.__setattr__(self, name, check_number(faults, name, getattr(self, name), at_least=0))
        if self.definition not in SERVICE_LEVELS:
            faults.unknown(self.definition, known=SERVICE_LEVELS, place="definition")
        faults.raise_if_any()

    @property
    def name(self) -> str:
        """``service_level``, with the definition where it is not the usual one."""
        return "service_level" if self.definition == "of_all" else f"service_level_{self.definition}"

    @property
    def title(self) -> str:
        """With the limit, and with the definition where it is not the usual one."""
        counted = self.definition.replace("_", " ")
        return f"Service level, {self.within:g} s" + ("" if self.definition == "of_all" else f", {counted}")

    abbreviation = "SL"
    unit = "share"
    better = "higher"

    @property
    def meaning(self) -> str:
        """Who is counted."""
        return SERVICE_LEVELS[self.definition]

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the share for each group; NaN where nobody counts."""
        ledger = groups.ledger
        answered = ~np.isnan(ledger.answered_at)
        abandoned = (ledger.ending == ABANDONED) & ~answered
        early = ledger.waited <= self.within
        waiting = np.isnan(ledger.ended_at) & ~answered
        decided = ~(waiting & early)
        hits = answered & early
        if self.definition == "of_answered":
            decided &= answered
        elif self.definition == "late_abandons":
            decided &= answered | ~early
        elif self.definition == "without_short_abandons":
            decided &= ~(abandoned & (ledger.waited <= self.short))
        elif self.definition == "early_abandons_good":
            hits |= abandoned & early
        return groups.share(hits, decided)
