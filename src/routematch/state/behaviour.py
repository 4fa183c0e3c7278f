"""How the output of a rule or a term can change while nothing happens but time.

`review_at` and `next_wakeup` follow from these declarations: they are lower bounds, never later than the instant at
which an answer really changes.

>>> Steps((130.0, 90.0)).next_change(100.0)
130.0
>>> Static().next_change(100.0)
inf
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from attrs import field, frozen

__all__ = ["Behaviour", "Free", "Linear", "Monotone", "Static", "Steps", "first_change"]


@frozen
class Static:
    """Time alone changes nothing."""

    def next_change(self, now: float) -> float:  # noqa: ARG002 - as its siblings
        """Return infinity: it never jumps."""
        return math.inf


@frozen
class Linear:
    """Drifts with time without jumps; every entry's slope lies between ``rate - spread`` and ``rate``, now and later.

    Attributes
    ----------
    rate : float
        Largest slope of any entry, in policy units per second.
    spread : float
        By how much slopes can differ between entries; 0 when all drift alike, which changes no order.
    """

    rate: float
    spread: float = 0.0

    def next_change(self, now: float) -> float:  # noqa: ARG002 - as its siblings
        """Return infinity: it never jumps."""
        return math.inf


def _as_tuple(instants: Iterable[float]) -> tuple[float, ...]:
    return tuple(instants)


@frozen
class Steps:
    """Constant between known instants.

    Attributes
    ----------
    instants : tuple of float
        POSIX seconds at which it may jump, in any order.
    """

    instants: tuple[float, ...] = field(converter=_as_tuple)

    def next_change(self, now: float) -> float:
        """Return the first instant after `now`; infinity when there is none."""
        return min((instant for instant in self.instants if instant > now), default=math.inf)


@frozen
class Monotone:
    """Only ever rises, or only ever falls, at an unknown pace."""

    def next_change(self, now: float) -> float:
        """Return `now`: any instant may bring a change."""
        return now


@frozen
class Free:
    """May change in any way at any time."""

    def next_change(self, now: float) -> float:
        """Return `now`: any instant may bring a change."""
        return now


Behaviour = Static | Linear | Steps | Monotone | Free


def first_change(behaviours: Iterable[Behaviour], now: float) -> float:
    """Return the first instant at which any of them may jump."""
    return min((behaviour.next_change(now) for behaviour in behaviours), default=math.inf)
