"""What the estimator of waits remembers about one class of requests: a few numbers that fade, a few steps per event.

Quantiles are tracked: each rises by ``step x its level`` when an observation lies above it and falls by ``step x (1 -
level)`` otherwise. In the long run exactly that share of the observations lies below, however they drift. It is the
update of Gibbs and Candes' adaptive conformal inference, applied to the quantile itself (Angelopoulos, Candes and
Tibshirani 2023).

References: I. Gibbs and E. Candes, "Adaptive conformal inference under distribution shift", NeurIPS 34 (2021).
A. N. Angelopoulos, E. J. Candes and R. J. Tibshirani, "Conformal PID control for time series prediction", NeurIPS 36
(2023).

>>> handle_time = FadingMean(window=200)
>>> handle_time.add(100.0)
>>> handle_time.add(300.0)
>>> handle_time.mean, handle_time.variance
(200.0, 10000.0)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from statistics import NormalDist

from routematch.errors import CorruptRecordError, shorten

__all__ = ["FadingHazard", "FadingMean", "FadingRatio", "TrackedQuantiles", "WaitMemory", "length_of"]

#: Ages of a wait, in seconds, between which the readiness to leave is taken as constant.
_AGES = (0.0, 15.0, 30.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 3840.0, 7680.0, math.inf)
_SPANS = tuple(pairwise(_AGES))
#: From this weight on all weights are divided by it.
_HEAVIEST = 1e9

#: Errors differ with the length of the line: up to 0.3 of a round of all agents, up to one round, more.
ROUNDS = (0.3, 1.0)

_HANDLE_TIMES, _WAITS, _PACE, _AT_ONCE = 200, 1500, 1000, 50
#: Step of a tracked quantile, in scores: early on ``_FIRST_STEP / sqrt(count + 10)``, then the last one for good.
_FIRST_STEP, _LAST_STEP = 0.3, 0.025


class FadingMean:
    """Mean and variance of what came lately.

    Parameters
    ----------
    window : int
        How many of the latest observations count, about.

    Attributes
    ----------
    count : int
        Observations so far, at most `window`.
    mean, variance : float
    """

    __slots__ = ("count", "mean", "variance", "window")

    def __init__(self, window: int) -> None:
        self.window = window
        self.count = 0
        self.mean = 0.0
        self.variance = 0.0

    def add(self, value: float) -> None:
        """Take one observation."""
        self.count = min(self.count + 1, self.window)
        step = 1.0 / self.count
        apart = value - self.mean
        self.mean += step * apart
        self.variance = (1.0 - step) * (self.variance + step * apart * apart)

    def to_data(self) -> list[float]:
        """Return the state as plain numbers."""
        return [self.count, self.mean, self.variance]

    def restore(self, data: object) -> None:
        """Take over a state."""
        count, self.mean, self.variance = _numbers(data, 3)
        self.count = int(count)


class FadingRatio:
    """The ratio of two sums that fade together.

    Parameters
    ----------
    window : int
        How many of the latest observations count, about.

    Attributes
    ----------
    count : int
        Observations so far, at most `window`.
    above, below : float
        The two sums.
    """

    __slots__ = ("above", "below", "count", "window")

    def __init__(self, window: int) -> None:
        self.window = window
        self.count = 0
        self.above = 0.0
        self.below = 0.0

    def add(self, above: float, below: float) -> None:
        """Take one observation of both."""
        self.count = min(self.count + 1, self.window)
        keep = 1.0 - 1.0 / self.window
        self.above = keep * self.above + above
        self.below = keep * self.below + below

    def to_data(self) -> list[float]:
        """Return the state as plain numbers."""
        return [self.count, self.above, self.below]

    def restore(self, data: object) -> None:
        """Take over a state."""
        count, self.above, self.below = _numbers(data, 3)
        self.count = int(count)


class FadingHazard:
    """The rate at which conversations that wait are abandoned, by how long they have waited.

    Parameters
    ----------
    window : int
        How many of the latest waits count, about.
    """

    __slots__ = ("count", "exposure", "left", "weight", "window")

    def __init__(self, window: int) -> None:
        self.window = window
        self.count = 0
        self.weight = 1.0
        self.left = [0.0] * len(_SPANS)
        self.exposure = [0.0] * len(_SPANS)

    def add(self, waited: float, *, abandoned: bool) -> None:
        """Take one wait, of a conversation that was served or left; a few steps for each age it reached."""
        self.count = min(self.count + 1, self.window)
        self.weight *= 1.0 + 1.0 / self.window  # later waits count more: the same as fading, without touching all ages
        if self.weight > _HEAVIEST:
            self._lighten()
        for place, (start, end) in enumerate(_SPANS):
            if waited < end:
                self.exposure[place] += self.weight * (waited - start)
                self.left[place] += self.weight * abandoned
                return
            self.exposure[place] += self.weight * (end - start)

    def rate_ahead(self, wait: float) -> float:
        """Return the mean rate at which those ahead will leave while somebody waits for `wait` seconds.

        Those ahead have ages from 0 to `wait` now and grow older until they are served, so that in a line that moves
        evenly the readiness to leave at an age counts in proportion to the age.
        """
        exposure, left = sum(self.exposure), sum(self.left)
        if exposure <= 0.0 or left <= 0.0 or not 0.0 < wait < math.inf:
            return left / exposure if exposure > 0.0 else 0.0
        total, one, typical = 0.0, self.weight, self.weight * exposure / left
        for (start, end), gone, spent in zip(_SPANS, self.left, self.exposure, strict=True):
            if start >= wait:
                break
            total += (gone + one) / (spent + typical) * (min(end, wait) ** 2 - start**2)
        return total / wait**2

    def _lighten(self) -> None:
        self.left = [value / self.weight for value in self.left]
        self.exposure = [value / self.weight for value in self.exposure]
        self.weight = 1.0

    def to_data(self) -> list[float]:
        """Return the state as plain numbers."""
        return [self.count, self.weight, *self.left, *self.exposure]

    def restore(self, data: object) -> None:
        """Take over a state."""
        ages = len(_SPANS)
        count, self.weight, *sums = _numbers(data, 2 * ages + 2)
        self.count, self.left, self.exposure = int(count), sums[:ages], sums[ages:]


class TrackedQuantiles:
    """A low, the middle and a high quantile of scores, tracked.

    Parameters
    ----------
    level : float
        Share of the scores that shall lie between `low` and `high`.

    Attributes
    ----------
    count : int
        Scores so far.
    low, middle, high : float
    """

    __slots__ = ("count", "high", "level", "low", "middle")

    def __init__(self, level: float) -> None:
        self.level = level
        self.count = 0
        self.high = NormalDist().inv_cdf((1.0 + level) / 2.0)
        self.low = -self.high
        self.middle = 0.0

    def add(self, score: float) -> None:
        """Take one score."""
        tail = (1.0 - self.level) / 2.0
        self.count += 1
        step = max(_FIRST_STEP / math.sqrt(self.count + 10.0), _LAST_STEP)
        self.low += step * (tail - (score < self.low))
        self.middle += step * (0.5 - (score < self.middle))
        self.high += step * (1.0 - tail - (score < self.high))

    def follow(self, other: TrackedQuantiles) -> None:
        """Start from where another one is."""
        self.low, self.middle, self.high = other.low, other.middle, other.high

    def to_data(self) -> list[float]:
        """Return the state as plain numbers."""
        return [self.count, self.low, self.middle, self.high]

    def restore(self, data: object) -> None:
        """Take over a state."""
        count, self.low, self.middle, self.high = _numbers(data, 4)
        self.count = int(count)


Remembered = FadingMean | FadingRatio | FadingHazard | TrackedQuantiles


class WaitMemory:
    """Everything remembered about one class of requests, or about all together.

    Attributes
    ----------
    handle_time : FadingMean
        Of finished conversations.
    patience : FadingHazard
        Of all waits that ended.
    pace : FadingRatio
        Waits by the clock alone, to waits as they were.
    scores : tuple of TrackedQuantiles
        Where waits lay on the curves that were foretold, by length of the line.
    at_once : FadingMean
        Waits of those for whom an agent was free.
    """

    __slots__ = ("at_once", "handle_time", "pace", "patience", "scores")

    def __init__(self, level: float) -> None:
        self.handle_time = FadingMean(_HANDLE_TIMES)
        self.patience = FadingHazard(_WAITS)
        self.pace = FadingRatio(_PACE)
        self.scores = tuple(TrackedQuantiles(level) for _ in range(len(ROUNDS) + 1))
        self.at_once = FadingMean(_AT_ONCE)

    def to_data(self) -> dict[str, list[list[float]]]:
        """Return the state as plain data."""
        return {name: [part.to_data() for part in parts] for name, parts in self._parts()}

    def restore(self, data: object) -> None:
        """Take over a state.

        Raises
        ------
        CorruptRecordError
            When it is not what `to_data` returns.
        """
        if not isinstance(data, Mapping):
            raise CorruptRecordError(f"what is remembered of waits must be a mapping, got {shorten(data)}")
        for name, parts in self._parts():
            lists = data.get(name)
            if not isinstance(lists, list) or len(lists) != len(parts):
                raise CorruptRecordError(f"{name} must be a list of {len(parts)}, got {shorten(lists)}")
            for part, numbers in zip(parts, lists, strict=True):
                part.restore(numbers)

    def _parts(self) -> list[tuple[str, tuple[Remembered, ...]]]:
        return [
            ("handle_time", (self.handle_time,)),
            ("patience", (self.patience,)),
            ("pace", (self.pace,)),
            ("scores", self.scores),
            ("at_once", (self.at_once,)),
        ]


def length_of(rounds: float) -> int:
    """Return whether a line is short (0), middling (1) or long (2), by the rounds of all agents it takes."""
    return sum(rounds > limit for limit in ROUNDS)


def _numbers(data: object, length: int) -> list[float]:
    """Return a list of finite numbers of a given length.

    Raises
    ------
    CorruptRecordError
        When it is anything else.
    """
    if (
        not isinstance(data, list | tuple)
        or len(data) != length
        or any(isinstance(value, bool) or not isinstance(value, int | float) for value in data)
        or not all(math.isfinite(value) for value in data)
    ):
        raise CorruptRecordError(f"what is remembered of waits must be {length} finite numbers, got {shorten(data)}")
    return [float(value) for value in data]
