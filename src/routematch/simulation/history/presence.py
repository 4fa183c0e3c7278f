"""Who was at work when, inferred from what they did: from the first to the last activity, long gaps left out.

Nobody's shift begins with the first call and ends with the last one. A first call that waited was there when the shift
began; before one that did not, the agent was idle, on average as long as the mean age of a gap. The end of a shift
falls into a gap or into a call, as often as the agent is idle or busy: so on average it comes the mean age of a gap
after the last call ended, or the mean rest of a call before it does.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

__all__ = ["Presence", "infer_presence", "levels_to_shifts", "usual_load"]

#: A gap is time off when it is this many times the agent's mean gap, and at least so many seconds.
_GAPS, _SHORTEST_BREAK = 8.0, 3600.0
#: Longest time added at either end, in seconds.
_LONGEST_EDGE = 1800.0
#: Share of busy time that may lie above the usual load: logs overlap by mistake.
_ABOVE = 0.05

Floats = NDArray[np.float64]


@frozen
class Presence:
    """When one agent was at work.

    Attributes
    ----------
    agent : int
        Code of the agent.
    stretches : tuple of (start, end)
        POSIX seconds, whole minutes, in order.
    busy_time : float
        Seconds with at least one conversation.
    """

    agent: int
    stretches: tuple[tuple[float, float], ...]
    busy_time: float


def infer_presence(
    agent: NDArray[np.int32], arrived: Floats, begun: Floats, over: Floats, window: tuple[float, float]
) -> tuple[Presence, ...]:
    """Infer when agents were at work.

    Parameters
    ----------
    agent : ndarray of int32, shape (N,)
        Code of who had each conversation; negative codes are left out.
    arrived, begun, over : ndarray of float64, shape (N,)
        When it arrived, when work on it began, and was over with wrap-up.
    window : (start, end)
        Stretches are cut to it.

    Returns
    -------
    tuple of Presence
        By agent; only those who did something.
    """
    used = (agent >= 0) & np.isfinite(begun) & np.isfinite(over)
    order = np.lexsort((begun[used], agent[used]))
    codes, starts, ends = agent[used][order], begun[used][order], over[used][order]
    waited = starts - arrived[used][order] > 1.0
    edges = np.flatnonzero(np.diff(codes)) + 1
    parts = np.split(np.arange(codes.size), edges)
    return tuple(_of_one(int(codes[own[0]]), waited[own], starts[own], ends[own], window) for own in parts if own.size)


def _of_one(
    code: int, waited: NDArray[np.bool_], starts: Floats, ends: Floats, window: tuple[float, float]
) -> Presence:
    until = np.maximum.accumulate(ends)
    gaps = np.maximum(starts[1:] - until[:-1], 0.0)
    limit = _longest_gap(gaps)
    away = gaps > limit
    before, after = _edges(gaps[~away], ends - starts)
    is_first = np.concatenate([[True], away])
    firsts = starts[is_first] - np.where(waited[is_first], 0.0, before)
    lasts = until[np.concatenate([away, [True]])] + after
    stretches = []
    for first, last in zip(np.round(firsts / 60.0).tolist(), np.round(lasts / 60.0).tolist(), strict=True):
        start = max(first * 60.0, window[0])
        stretches.append((start, max(last * 60.0, start + 60.0)))
    busy = float((until - np.maximum(starts, np.concatenate([[-np.inf], until[:-1]]))).clip(0.0).sum())
    return Presence(code, tuple(stretches), busy)


def _longest_gap(gaps: Floats) -> float:
    """Return the longest gap that is no time off, found in rounds: the limit depends on the mean below it."""
    limit = 4.0 * _SHORTEST_BREAK
    for _ in range(4):
        kept = gaps[gaps <= limit]
        limit = max(_SHORTEST_BREAK, _GAPS * float(kept.mean())) if kept.size else _SHORTEST_BREAK
    return limit


def _edges(gaps: Floats, lengths: Floats) -> tuple[float, float]:
    """Return how long before a first call that did not wait a shift begins, and how long after the last one it ends."""
    idle, busy = float(gaps.sum()), float(lengths.sum())
    if not idle > 0:
        return 0.0, 0.0
    age, rest = float((gaps**2).sum()) / (2.0 * idle), float((lengths**2).sum()) / (2.0 * max(busy, 1e-9))
    share = idle / (idle + busy)
    after = float(np.clip(share * age - (1.0 - share) * rest, -rest, _LONGEST_EDGE))
    return min(age, _LONGEST_EDGE), after


def usual_load(agent: NDArray[np.int32], begun: Floats, over: Floats) -> int:
    """Return how many conversations agents have at once: the load that 95 % of their busy time does not exceed."""
    used = (agent >= 0) & np.isfinite(begun) & (over > begun)
    codes = np.concatenate([agent[used], agent[used]])
    instants = np.concatenate([begun[used], over[used]])
    steps = np.concatenate([np.ones(int(used.sum())), -np.ones(int(used.sum()))])
    order = np.lexsort((steps, instants, codes))
    load = np.cumsum(steps[order])[:-1]
    lengths = np.diff(instants[order]) * (np.diff(codes[order]) == 0)
    time_at = np.bincount(np.maximum(load, 0).astype(np.intp), lengths) if load.size else np.zeros(2)
    busy = time_at[1:]
    if not busy.sum() > 0:
        return 1
    above = 1.0 - np.cumsum(busy) / busy.sum()
    return int(np.argmax(above <= _ABOVE)) + 1


def levels_to_shifts(starts: Floats, levels: NDArray[np.intp], length: float) -> list[tuple[tuple[float, float], ...]]:
    """Return shifts that add up to a number of agents for each interval of time.

    Agent k works while at least k are needed, so levels that rise and fall once a day make one shift a day for each.

    Parameters
    ----------
    starts : ndarray of float64, shape (N,)
        Starts of the intervals, rising.
    levels : ndarray of int, shape (N,)
        Agents in each.
    length : float
        Of each interval in seconds.

    Returns
    -------
    list of tuple of (start, end)
        One entry for each agent.
    """
    shifts = []
    for k in range(1, int(levels.max(initial=0)) + 1):
        here = starts[levels >= k]
        breaks = np.flatnonzero(np.diff(here) > 1.5 * length) + 1
        shifts.append(tuple((float(part[0]), float(part[-1]) + length) for part in np.split(here, breaks)))
    return shifts
