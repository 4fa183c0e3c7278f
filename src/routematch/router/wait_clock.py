"""How long until it is this conversation's turn: a clock that counts departures from the front of a line.

A conversation with `ahead` others before it starts at departure number ``ahead + 1``. Agents take from the line at the
rate at which they become free, ``pace x servers / handle_time``, and each who waits may leave unserved; summed, that is
the estimator QLm of Ibrahim and Whitt (2009), after Whitt (1999):

    mean wait = sum over i = 0 .. ahead of 1 / (servers / handle_time + i x abandonment_rate)

Here the sum is an integral along a clock whose speed changes with the staffing, and agents who come take one each at
once, in the spirit of the fluid models of Ibrahim and Whitt (2011). Many agents together let conversations go almost at
random: what the clock must show is a gamma variable, and its quantiles, by the cube root of Wilson and Hilferty (1931),
give the quantiles of the wait. Regular handle times make it narrower, doubtful ones wider.

References: W. Whitt, "Predicting queueing delays", Management Science 45 (1999). R. Ibrahim and W. Whitt, "Real-time
delay estimation in overloaded multiserver queues with abandonments", Management Science 55 (2009). R. Ibrahim and W.
Whitt, "Wait-time predictors for customer service systems with time-varying demand and capacity", Operations Research 59
(2011). E. B. Wilson and M. M. Hilferty, "The distribution of chi-square", PNAS 17 (1931).

>>> [round(wait) for wait in wait_curve(Line(ahead=9, servers=5, handle_time=300.0))]
[229, 378, 580, 844, 1179]
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from attrs import evolve, frozen

__all__ = ["SCORES", "Line", "expected_wait", "score_of", "settled", "wait_at", "wait_curve"]

#: Standard normal scores at which a curve of waits is kept.
SCORES = (-2.5, -1.25, 0.0, 1.25, 2.5)

#: Scores beyond this are cut, so that one freak wait teaches no more than a very long one.
WIDEST = 4.0


@frozen(kw_only=True)
class Line:
    """What is known about the line before one conversation.

    Attributes
    ----------
    ahead : float
        Conversations that go before and that the same agents can take; at least 0.
    servers : float
        Conversations that the eligible agents hold together when all are busy; at least 0.
    handle_time : float
        Mean seconds of one conversation, wrap-up included; above 0.
    variability : float
        Variance of the handle time over its squared mean: 0 regular, 1 memoryless.
    doubt : float
        Relative variance of the speed of the clock, as far as it is not known.
    abandonment_rate : float
        Rate at which one conversation that waits leaves unserved, per second.
    pace : float
        How many times faster the line moves than `servers` and `handle_time` say; above 0.
    steps : tuple of (float, float)
        Known changes of staffing: seconds from now, and `servers` from then on; in order of time.
    elapsed : tuple of float
        Seconds each busy agent has been at the present conversation; empty when not known.
    """

    ahead: float
    servers: float
    handle_time: float
    variability: float = 1.0
    doubt: float = 0.0
    abandonment_rate: float = 0.0
    pace: float = 1.0
    steps: tuple[tuple[float, float], ...] = ()
    elapsed: tuple[float, ...] = ()


def expected_wait(line: Line, *, pace: float | None = None) -> float:
    """Return when the clock shows what it must on average, in seconds; infinite when it never does.

    Another `pace` takes the place of the line's own.
    """
    return _time_until(line, _departures(line), 1.0, line.pace if pace is None else pace, line.abandonment_rate)


def settled(line: Line, rate_ahead: Callable[[float], float]) -> Line:
    """Return a line with the rate at which those ahead give up: it depends on the wait, and the wait on it."""
    if line.ahead <= 0.0:
        return line
    amount, rate = _departures(line), line.abandonment_rate
    wait = _time_until(line, amount, 1.0, line.pace, rate)
    for _ in range(3):
        if not math.isfinite(wait):
            break
        rate = rate_ahead(wait)
        wait = (wait + _time_until(line, amount, 1.0, line.pace, rate)) / 2.0
    return evolve(line, abandonment_rate=rate)


def wait_curve(line: Line) -> tuple[float, ...]:
    """Return the wait at each of `SCORES`, in seconds; infinite where the line does not get so far.

    Constant work but for the known changes of staffing and the sorting of `elapsed`.
    """
    center, shape, rate = _departures(line), _shape(line), line.abandonment_rate
    return tuple(_time_until(line, center, _gamma_quantile(shape, score), line.pace, rate) for score in SCORES)


def wait_at(curve: Sequence[float], score: float) -> float:
    """Return the wait at a score; between and beyond the points of the curve its cube root is linear."""
    score = min(max(score, -WIDEST), WIDEST)
    left = _piece(SCORES, score)
    low, high = math.cbrt(curve[left]), math.cbrt(curve[left + 1])
    share = (score - SCORES[left]) / (SCORES[left + 1] - SCORES[left])
    return float(max(low + share * (high - low), 0.0) ** 3)


def score_of(curve: Sequence[float], wait: float) -> float:
    """Return the score at which a wait lies on a curve, cut at 4 on both sides; the inverse of `wait_at`."""
    left = _piece(curve, wait)
    low, high = math.cbrt(curve[left]), math.cbrt(curve[left + 1])
    if high - low < 1e-9 * (1.0 + high):  # many waits end together, when agents come
        near = math.isclose(wait, curve[left], rel_tol=1e-6, abs_tol=1e-6)
        return SCORES[left] if near else math.copysign(WIDEST, wait - curve[left])
    share = (math.cbrt(wait) - low) / (high - low)
    score = SCORES[left] + share * (SCORES[left + 1] - SCORES[left])
    return min(max(score, -WIDEST), WIDEST)


def _piece(points: Sequence[float], value: float) -> int:
    """Return the number of the piece between two points in which a value lies, the outer ones without end."""
    return next((left for left in range(len(points) - 2) if value <= points[left + 1]), len(points) - 2)


def _departures(line: Line) -> float:
    """Return what the clock must show on average.

    Memoryless agents must be waited for from the start at each departure, regular ones become free in turn. In between
    it is what one agent, met at any time, still needs on average: half of ``1 + variability`` handle times.
    """
    memory = 1.0 - min(line.variability, 1.0)
    servers = int(line.servers)
    if memory == 0.0 or servers < 1:
        return line.ahead + 1.0
    rounds, place = divmod(math.ceil(line.ahead), servers)
    in_turn = (rounds + (place + 1.0) / (servers + 1.0)) * servers
    usual = memory * in_turn + (1.0 - memory) * (line.ahead + 1.0)
    foresight = _foresight(line)
    if foresight == 0.0:
        return usual
    least = math.sqrt(line.variability)
    left = sorted(max(1.0 - spent / line.handle_time, least) for spent in line.elapsed)[:servers]
    phase = left[place] if place < len(left) else 1.0
    return foresight * (rounds + phase) * servers + (1.0 - foresight) * usual


def _foresight(line: Line) -> float:
    """Return how much the time spent tells of the time left: 1 where handle times are regular, soon 0.

    From a variability of 0.05 on it is not used: an agent who is overdue would be expected with too much certainty, and
    of log-normal handle times, the usual kind, what is long already even lasts longer than most.
    """
    return max(1.0 - 20.0 * line.variability, 0.0) if line.elapsed else 0.0


def _shape(line: Line) -> float:
    """Return the shape of the gamma law of what the clock must show: the larger, the surer.

    Over a short time the departures of many agents are random however regular each of them is, unless it is known how
    long they have been at work; over many rounds they are as variable as handle times.
    """
    need = line.ahead + 1.0
    rounds = need / max(line.servers, 1.0)
    dispersion = line.variability + (1.0 - _foresight(line) - line.variability) / (1.0 + 2.0 * rounds)
    return 1.0 / max(dispersion / need + line.doubt, 1e-12)


def _gamma_quantile(shape: float, score: float) -> float:
    """Return the quantile of a gamma variable of mean 1 at a normal score (Wilson and Hilferty 1931)."""
    ninth = 1.0 / (9.0 * shape)
    return float(max(1.0 - ninth + score * math.sqrt(ninth), 0.0) ** 3)


def _time_until(line: Line, center: float, stretch: float, pace: float, abandonment_rate: float) -> float:
    """Return when the clock shows `stretch` times the amount that it must on average.

    Agents who come move it on by one each, of the average amount; those who go only slow it.
    """
    left, time, servers = center * stretch, 0.0, line.servers
    if left <= 0.0:
        return 0.0
    leaving = abandonment_rate * line.ahead / left
    for at, then in line.steps:
        rate = pace * servers / line.handle_time
        needed = _span(left, rate, leaving)
        if time + needed <= at:
            return time + needed
        left = _left_after(left, rate, leaving, at - time) - stretch * max(then - servers, 0.0)
        time, servers = at, then
        if left <= 0.0:
            return time
    return time + _span(left, pace * servers / line.handle_time, leaving)


def _span(left: float, rate: float, leaving: float) -> float:
    """Return how long a clock needs for `left` that runs at ``rate + leaving x left``."""
    if left <= 0.0:
        return 0.0
    if rate <= 0.0:
        return math.inf
    ratio = leaving * left / rate
    return left / rate * (math.log1p(ratio) / ratio if ratio > 1e-9 else 1.0)


def _left_after(left: float, rate: float, leaving: float, span: float) -> float:
    """Return what such a clock has left after a span."""
    if leaving * span <= 1e-9:
        return left - (rate + leaving * left) * span
    return (left + rate / leaving) * math.exp(-leaving * span) - rate / leaving
