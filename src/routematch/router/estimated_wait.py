"""How long a conversation still has to wait, with an interval that is as wide as it must be, and its position.

The estimate comes from the line itself, not from how long others waited: how many are ahead for the same agents,
how fast these become free, who comes and goes by plan, and how readily people give up (`routematch.router.wait_clock`).
What the model leaves out is learned from the waits that come true: the pace of the line, and how far the truth lies
from what was foretold, so that an interval of 80 % holds about 80 % of the waits also on days unlike yesterday
(`routematch.router.wait_learning`). `docs/explanation/estimated-wait.md` tells the whole story, with measurements.

No clock, no chance, and no waiting conversation is held here: the caller says what the line looks like, keeps
`forecast` with the conversation, and hands it back when the conversation starts.

>>> waits = WaitEstimator()
>>> for handle_time in (240.0, 360.0) * 20:
...     waits.finished("billing", handle_time)
>>> estimate = waits.estimate("billing", ahead=9, servers=5)
>>> estimate.position, round(estimate.mean), round(estimate.low), round(estimate.high)
(10, 552, 410, 705)
>>> waits.started("billing", 480.0, forecast=estimate.forecast)
>>> waits.estimate("billing", ahead=9, servers=0).note
'nobody who may take it is at work, and no change of that is known'
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from statistics import NormalDist
from typing import Self

from attrs import evolve, frozen

from routematch.errors import CorruptRecordError, Faults, SchemaVersionError, shorten
from routematch.model.checks import check_count, check_number, is_a
from routematch.router.wait_clock import SCORES, Line, expected_wait, score_of, settled, wait_at, wait_curve
from routematch.router.wait_learning import ROUNDS, WaitMemory, length_of

__all__ = ["MAX_CLASSES", "WaitEstimate", "WaitEstimator"]

#: Classes remembered apart; later ones share what is known of all together.
MAX_CLASSES = 256

_SCHEMA = "routematch/waits/1"
#: Observations from which on a class speaks for itself.
_ENOUGH = 10
#: Relative variance left to what the model does not see, however much has been learned.
_MODEL_DOUBT = 0.02
#: The pace is 1 until waits of this many services of one agent speak against it.
_PACE_PRIOR = 20.0


@frozen
class WaitEstimate:
    """How long a conversation still has to wait.

    Attributes
    ----------
    mean : float or None
        Expected seconds from now until it starts, if nobody gives up; None when that cannot be said (see `note`).
    low, high : float or None
        Ends of the interval, in seconds; None where there is no end.
    level : float
        Share of the waits that such intervals hold.
    position : int
        Place in line; 1 is next.
    method : str
        ``"line"`` (from the line ahead), ``"free"`` (an agent is free) or ``"unknown"``.
    note : str
        What the reader should know: nothing learned yet, nobody at work; empty when all is well.
    forecast : tuple of float
        What to hand back to `WaitEstimator.started`; means nothing else.
    """

    mean: float | None
    low: float | None
    high: float | None
    level: float
    position: int
    method: str
    note: str = ""
    forecast: tuple[float, ...] = ()


class WaitEstimator:
    """Estimates waits and learns from those that come true.

    Parameters
    ----------
    handle_time : float
        Mean handle time to count on until one is known, in seconds. Must be positive.
    level : float
        Share of the waits that intervals shall hold; from 0.5 to 0.99.

    Raises
    ------
    InvalidInputError
        From every method, when a number is not finite or out of range; nothing is changed.

    Notes
    -----
    Each event costs a fixed number of steps. Memory is a fixed number of floats for each class, at most `MAX_CLASSES`
    of them. Waits teach the estimator only where `forecast` is handed back; of abandoned conversations it learns only
    patience, so intervals hold the stated share of the waits of those who are served.
    """

    __slots__ = ("_classes", "_everything", "_handle_time", "_level")

    def __init__(self, *, handle_time: float = 300.0, level: float = 0.8) -> None:
        faults = Faults()
        self._handle_time = check_number(faults, "handle_time", handle_time, above=0)
        self._level = check_number(faults, "level", level, at_least=0.5, at_most=0.99)
        faults.raise_if_any()
        self._everything = WaitMemory(self._level)
        self._classes: dict[str, WaitMemory] = {}

    # --- events -------------------------------------------------------------------------------------------------------

    def finished(self, class_key: str, handle_time: float) -> None:
        """Learn how long an agent was busy with a conversation of a class, wrap-up included, in seconds."""
        handle_time = _seconds("handle_time", handle_time)
        for memory in self._memories(class_key):
            memory.handle_time.add(handle_time)

    def abandoned(self, class_key: str, waited: float) -> None:
        """Learn that a conversation of a class left after so many seconds without being served."""
        waited = _seconds("waited", waited)
        for memory in self._memories(class_key):
            memory.patience.add(waited, abandoned=True)

    def started(self, class_key: str, waited: float, *, forecast: Sequence[float] = ()) -> None:
        """Learn that a conversation of a class started.

        Parameters
        ----------
        class_key : str
        waited : float
            Seconds since it entered the line.
        forecast : sequence of float
            Of the estimate made when it entered the line; empty when there was none.
        """
        waited = _seconds("waited", waited)
        forecast = check_forecast(forecast)
        memories = self._memories(class_key)
        for memory in memories:
            memory.patience.add(waited, abandoned=False)
        if len(forecast) == 1:
            for memory in memories:
                memory.at_once.add(waited)
        elif forecast:
            self._learn(memories, waited, forecast)

    # --- the question -------------------------------------------------------------------------------------------------

    def estimate(
        self,
        class_key: str,
        *,
        ahead: float,
        servers: float,
        free: float = 0,
        now: float = 0.0,
        staffing: Sequence[tuple[float, float]] = (),
        elapsed: Sequence[float] = (),
        position: int | None = None,
    ) -> WaitEstimate:
        """Estimate how long a conversation still has to wait. Nothing is changed.

        Parameters
        ----------
        class_key : str
            Its class of requests.
        ahead : float
            How many conversations go before it and will be taken by agents who are eligible for it. One that others
            may take as well counts by the share of its eligible capacity that is also eligible for this one.
        servers : float
            How many conversations the eligible agents at work hold together, busy or free. An agent who is at a last
            conversation before leaving does not count.
        free : float
            How many more they could take now.
        now : float
            Instant of the question; only `staffing` refers to it.
        staffing : sequence of (float, float)
            Known changes: an instant, and `servers` from then on. Past ones are ignored.
        elapsed : sequence of float
            How long each busy eligible agent has been at the present conversation, in seconds; empty when not known.
            Counts only where handle times are nearly all alike: squared coefficient of variation below 0.05.
        position : int, optional
            Place in line to report; by default 1 more than `ahead`, rounded down.

        Returns
        -------
        WaitEstimate
        """
        faults = Faults()
        ahead = check_number(faults, "ahead", ahead, at_least=0)
        servers = check_number(faults, "servers", servers, at_least=0)
        free = check_number(faults, "free", free, at_least=0)
        steps = _steps(faults, staffing, check_number(faults, "now", now))
        spent = tuple(check_number(faults, f"elapsed[{at}]", value, at_least=0) for at, value in enumerate(elapsed))
        place = int(ahead) + 1 if position is None else check_count(faults, "position", position)
        faults.raise_if_any()
        if free > ahead:
            return self._at_once(class_key, place)
        if servers == 0 and not any(then for _, then in steps):
            return self._unknown(place, None, "nobody who may take it is at work, and no change of that is known")
        seen = Line(ahead=ahead - free, servers=servers, handle_time=1.0, steps=steps, elapsed=spent)
        line = self._with_history(class_key, seen)
        curve = wait_curve(line)
        if math.isinf(curve[-1]):
            low = curve[1] if math.isfinite(curve[1]) else None
            return self._unknown(place, low, "by the known staffing nobody may be left when its turn comes")
        length = length_of((line.ahead + 1.0) / max(servers, 1.0))
        forecast = (expected_wait(line, pace=1.0), float(length), *curve)
        return self._in_line(class_key, place, forecast)

    # --- state --------------------------------------------------------------------------------------------------------

    def to_data(self) -> dict[str, object]:
        """Return the state as plain, JSON-able data; starts with its schema."""
        return {
            "schema": _SCHEMA,
            "handle_time": self._handle_time,
            "level": self._level,
            "everything": self._everything.to_data(),
            "classes": {key: memory.to_data() for key, memory in self._classes.items()},
        }

    @classmethod
    def from_data(cls, data: Mapping[str, object]) -> Self:
        """Return the estimator that `to_data` was asked of.

        Raises
        ------
        SchemaVersionError
            When it was written in another version.
        CorruptRecordError
            When it is not what `to_data` returns.
        """
        if not is_a(data, Mapping):
            raise CorruptRecordError(f"the state of an estimator of waits must be a mapping, got {shorten(data)}")
        if data.get("schema") != _SCHEMA:
            raise SchemaVersionError(f"this version reads {_SCHEMA!r}, got {shorten(data.get('schema'))}")
        classes = data.get("classes")
        if not isinstance(classes, Mapping) or len(classes) > MAX_CLASSES:
            raise CorruptRecordError(f"classes must be a mapping of at most {MAX_CLASSES}, got {shorten(classes)}")
        estimator = cls(handle_time=data.get("handle_time"), level=data.get("level"))  # type: ignore[arg-type]  # checked there
        estimator._everything.restore(data.get("everything"))
        for key, remembered in classes.items():
            estimator._memories(key)[-1].restore(remembered)
        return estimator

    # --- parts --------------------------------------------------------------------------------------------------------

    def _memories(self, class_key: str) -> tuple[WaitMemory, ...]:
        """Return what an event of a class is to be added to: everything, and the class while there is room for it."""
        own = self._classes.get(class_key)
        if own is None:
            if len(self._classes) >= MAX_CLASSES:
                return (self._everything,)
            own = self._classes[class_key] = WaitMemory(self._level)
        return (self._everything, own)

    def _learn(self, memories: tuple[WaitMemory, ...], waited: float, forecast: tuple[float, ...]) -> None:
        """Learn pace and scores from a wait that was foretold."""
        unpaced, length, score = forecast[0], int(forecast[1]), score_of(forecast[2:], waited)
        if not memories[-1].scores[length].count:
            memories[-1].scores[length].follow(self._everything.scores[length])
        for memory in memories:
            memory.scores[length].add(score)
            memory.pace.add(unpaced, waited)

    def _with_history(self, class_key: str, line: Line) -> Line:
        """Return a line with what is known from the past."""
        everything = self._everything
        own = self._classes.get(class_key, everything)
        handled = own.handle_time if own.handle_time.count >= _ENOUGH else everything.handle_time
        mean = max(handled.mean, 1e-3) if handled.count else self._handle_time
        trust = min(handled.count / _ENOUGH, 1.0)
        variability = trust * handled.variance / mean**2 + 1.0 - trust
        pace = own.pace if own.pace.count >= _ENOUGH else everything.pace
        prior = _PACE_PRIOR * mean / max(line.servers, 1.0)
        line = evolve(
            line,
            handle_time=mean,
            variability=variability,
            doubt=variability / (handled.count + 1) + _MODEL_DOUBT,
            pace=(pace.above + prior) / (pace.below + prior),
        )
        patience = own.patience if own.patience.count >= _ENOUGH else everything.patience
        return settled(line, patience.rate_ahead)

    def _at_once(self, class_key: str, position: int) -> WaitEstimate:
        own = self._classes.get(class_key, self._everything).at_once
        seen = own if own.count >= _ENOUGH else self._everything.at_once
        high = seen.mean + _quantile(self._level) * math.sqrt(seen.variance)
        return WaitEstimate(seen.mean, 0.0, high, self._level, position, "free", forecast=(0.0,))

    def _unknown(self, position: int, low: float | None, note: str) -> WaitEstimate:
        return WaitEstimate(None, low, None, self._level, position, "unknown", note)

    def _in_line(self, class_key: str, position: int, forecast: tuple[float, ...]) -> WaitEstimate:
        length = int(forecast[1])
        own = self._classes.get(class_key, self._everything)
        scores = own.scores[length] if own.scores[length].count >= _ENOUGH else self._everything.scores[length]
        low, middle, high = (wait_at(forecast[2:], score) for score in sorted((scores.low, scores.middle, scores.high)))
        # Exact where the cube root of the wait is normal; with 80 % it is Swanson's rule, 0.3, 0.4, 0.3.
        mean = middle + ((low + high) / 2.0 - middle) / _quantile(self._level) ** 2
        learnable = forecast if math.isfinite(forecast[0]) else ()
        mean = min(max(mean, low), high)
        return WaitEstimate(mean, low, high, self._level, position, "line", self._note(), learnable)

    def _note(self) -> str:
        if not self._everything.handle_time.count:
            return f"no handle time known yet: counts on {self._handle_time:g} seconds"
        if sum(scores.count for scores in self._everything.scores) < _ENOUGH:
            return "hardly any wait has come true yet: the interval is the model's alone"
        return ""


@cache
def _quantile(level: float) -> float:
    return NormalDist().inv_cdf((1.0 + level) / 2.0)


def _seconds(name: str, value: float) -> float:
    faults = Faults()
    seconds = check_number(faults, name, value, at_least=0)
    faults.raise_if_any()
    return seconds


def _steps(faults: Faults, staffing: Sequence[tuple[float, float]], now: float) -> tuple[tuple[float, float], ...]:
    """Return the changes of staffing that lie ahead, in seconds from now, in order of time."""
    steps = []
    for number, (at, servers) in enumerate(staffing):
        instant = check_number(faults, f"staffing[{number}][0]", at)
        then = check_number(faults, f"staffing[{number}][1]", servers, at_least=0)
        if instant > now:
            steps.append((instant - now, then))
    return tuple(sorted(steps))


def check_forecast(given: Sequence[float]) -> tuple[float, ...]:
    """Return a forecast as it was made, or refuse what is none."""
    faults = Faults()
    if len(given) not in {0, 1, 2 + len(SCORES)}:
        faults.add("must be the forecast of a WaitEstimate", place="forecast", given=given)
    numbers = tuple(check_number(faults, f"forecast[{at}]", value, at_least=0) for at, value in enumerate(given))
    if len(numbers) > 1 and numbers[1] not in range(len(ROUNDS) + 1):
        faults.add("must be the forecast of a WaitEstimate", place="forecast", given=given)
    faults.raise_if_any()
    return numbers
