"""What came of conversations: resolved at first contact, satisfied customers, value, promises kept."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.metrics.breakdown import Breakdown, ratio
from routematch.state.ledger import COMPLETED, NONE_BEFORE

__all__ = ["DueKept", "FirstContactResolution", "Resolution", "Satisfaction", "Value", "ValuePerConversation"]


@frozen
class Resolution:
    """Share of completed conversations that were resolved, where that is known."""

    name: ClassVar[str] = "resolution"
    title: ClassVar[str] = "Resolved"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "share"
    better: ClassVar[str] = "higher"
    meaning: ClassVar[str] = "resolved, of the completed whose outcome is known"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the share for each group; NaN where no outcome is known."""
        return groups.mean(groups.ledger.resolved, groups.ledger.ending == COMPLETED)


@frozen
class FirstContactResolution:
    """Share of completed first conversations that were resolved and not followed by another one.

    First are those that repeat none. One that is followed is not resolved, whatever was noted. One whose outcome is
    not known counts as resolved when nothing follows, provided that the ledger records repeats at all. Repeats after
    the end of the window are not seen, so the share is too high for the last days.
    """

    name: ClassVar[str] = "first_contact_resolution"
    title: ClassVar[str] = "First-contact resolution"
    abbreviation: ClassVar[str] = "FCR"
    unit: ClassVar[str] = "share"
    better: ClassVar[str] = "higher"
    meaning: ClassVar[str] = "resolved and not followed by another, of completed first conversations"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the share for each group; NaN where no outcome is known."""
        ledger = groups.ledger
        repeats = ledger.repeats > NONE_BEFORE
        followed = np.zeros(len(ledger), bool)
        followed[ledger.repeats[repeats]] = True
        resolved = ledger.resolved.astype(np.float64)
        if repeats.any():
            resolved[np.isnan(resolved)] = 1.0
        resolved[followed] = 0.0
        return groups.mean(resolved, (ledger.ending == COMPLETED) & ~repeats)


@frozen
class Satisfaction:
    """Mean satisfaction, where it is known."""

    name: ClassVar[str] = "satisfaction"
    title: ClassVar[str] = "Satisfaction"
    abbreviation: ClassVar[str] = "CSAT"
    unit: ClassVar[str] = "amount"
    better: ClassVar[str] = "higher"
    meaning: ClassVar[str] = "mean of the answers there are"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the mean for each group; NaN where nobody answered."""
        return groups.mean(groups.ledger.satisfaction)


@frozen
class Value:
    """Sum of what conversations achieved, in policy units."""

    name: ClassVar[str] = "value"
    title: ClassVar[str] = "Value"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "sum"
    better: ClassVar[str] = "higher"
    meaning: ClassVar[str] = "sum of what was achieved, in policy units"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the sum for each group; NaN where no value is known."""
        known = ~np.isnan(groups.ledger.value)
        return np.where(groups.count(known) > 0, groups.total(groups.ledger.value, known), np.nan)


@frozen
class ValuePerConversation:
    """Mean of what conversations achieved, in policy units."""

    name: ClassVar[str] = "value_per_conversation"
    title: ClassVar[str] = "Value per conversation"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "amount"
    better: ClassVar[str] = "higher"
    meaning: ClassVar[str] = "mean of what was achieved, where it is known"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the mean for each group; NaN where no value is known."""
        return groups.mean(groups.ledger.value)


@frozen
class DueKept:
    """Share of conversations that were answered by the time they were due, of those due within the window."""

    name: ClassVar[str] = "due_kept"
    title: ClassVar[str] = "Due times kept"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "share"
    better: ClassVar[str] = "higher"
    meaning: ClassVar[str] = "answered by the due time, of those due in the window"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the share for each group; NaN where nothing was due."""
        ledger = groups.ledger
        kept = ledger.answered_at <= ledger.due_at
        due = kept | (ledger.due_at <= ledger.window[1])
        return ratio(groups.count(kept & due), groups.count(due))
