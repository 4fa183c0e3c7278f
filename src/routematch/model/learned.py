"""What history says about customers: how long they wait, when they come, what a known agent is worth to them.

>>> AffinityEstimate(0.08, half_time=30 * 86400, low=0.05, high=0.11, count=900).amount(30 * 86400)
0.04
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from attrs import field, frozen

from routematch.errors import Faults
from routematch.model.checks import as_tuple, check_number

__all__ = ["WEEK", "AffinityEstimate", "ArrivalEstimate", "PatienceEstimate"]

#: Seconds of a week.
WEEK = 604800.0


def _as_numbers(value: Iterable[float]) -> tuple[float, ...]:
    numbers: tuple[float, ...] = as_tuple(value)
    return numbers


def _check_steps(faults: Faults, given: object, names: tuple[str, ...]) -> None:
    """Check columns of equal length, the first of which rises from 0."""
    starts = getattr(given, names[0])
    for name in names:
        column = getattr(given, name)
        if not isinstance(column, tuple) or len(column) != len(starts) or not column:
            faults.add("must be as many numbers as there are starts, at least one", place=name, given=column)
            continue
        checked = tuple(check_number(faults, f"{name}[{i}]", entry, at_least=0) for i, entry in enumerate(column))
        object.__setattr__(given, name, checked)
    if not faults and (starts[0] != 0 or any(a >= b for a, b in pairwise(starts))):
        faults.add("must begin with 0 and rise", place=names[0], given=starts)


@frozen
class AffinityEstimate:
    """What it is worth to meet the same agent again.

    Attributes
    ----------
    gain : float
        Added chance of success right after the last conversation; 0 where none was found.
    half_time : float or None
        Seconds after which half of it is left; None: it does not fade.
    low, high : float
        90 % interval of `gain`.
    count : float
        Conversations of returning customers who met the same agent.
    """

    gain: float
    half_time: float | None = None
    low: float = 0.0
    high: float = 0.0
    count: float = 0.0

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        for name in ("gain", "low", "high"):
            check_number(faults, name, getattr(self, name), at_least=-1, at_most=1)
        if self.half_time is not None:
            check_number(faults, "half_time", self.half_time, above=0)
        check_number(faults, "count", self.count, at_least=0)
        faults.raise_if_any()

    def amount(self, elapsed: float) -> float:
        """Return the gain some seconds after the last conversation: what to write into `Conversation.affinity`."""
        return self.gain if self.half_time is None else float(self.gain * 2.0 ** -(max(elapsed, 0.0) / self.half_time))


@frozen
class PatienceEstimate:
    """How fast customers give up, by how long they have waited; those who were answered count while they waited.

    Attributes
    ----------
    starts : tuple of float
        Seconds of waiting at which the steps begin: 0 first, rising.
    hazards : tuple of float
        Share of those still waiting who give up, per second, on each step.
    low, high : tuple of float
        90 % intervals of the hazards.
    surviving : tuple of float
        Share whose patience lasts to the beginning of each step (Kaplan and Meier).
    given_up, answered : float
        Conversations behind it.
    """

    starts: tuple[float, ...] = field(converter=_as_numbers)
    hazards: tuple[float, ...] = field(converter=_as_numbers)
    low: tuple[float, ...] = field(converter=_as_numbers)
    high: tuple[float, ...] = field(converter=_as_numbers)
    surviving: tuple[float, ...] = field(converter=_as_numbers)
    given_up: float = 0.0
    answered: float = 0.0

    def __attrs_post_init__(self) -> None:
        """Check the steps; all faults are raised together."""
        faults = Faults()
        _check_steps(faults, self, ("starts", "hazards", "low", "high", "surviving"))
        check_number(faults, "given_up", self.given_up, at_least=0)
        check_number(faults, "answered", self.answered, at_least=0)
        faults.raise_if_any()


@frozen
class ArrivalEstimate:
    """How many arrive, by time of the week.

    Attributes
    ----------
    starts : tuple of float
        Seconds since Monday 0:00, local time of `zone`: 0 first, rising.
    rates, low, high : tuple of float
        Arrivals per second on each step, with 90 % intervals of the mean.
    dispersion : float
        Variance of counts over their mean; 1 for a Poisson process, above it when days differ.
    weeks : float
        How much was seen.
    zone : str
        IANA name.
    """

    starts: tuple[float, ...] = field(converter=_as_numbers)
    rates: tuple[float, ...] = field(converter=_as_numbers)
    low: tuple[float, ...] = field(converter=_as_numbers)
    high: tuple[float, ...] = field(converter=_as_numbers)
    dispersion: float = 1.0
    weeks: float = 0.0
    zone: str = "UTC"

    def __attrs_post_init__(self) -> None:
        """Check the steps; all faults are raised together."""
        faults = Faults()
        _check_steps(faults, self, ("starts", "rates", "low", "high"))
        check_number(faults, "dispersion", self.dispersion, at_least=0)
        check_number(faults, "weeks", self.weeks, at_least=0)
        if not isinstance(self.zone, str):
            faults.add("must be the name of a time zone", place="zone", given=self.zone)
        faults.raise_if_any()
