"""First come, first served by agents who are all alike: no events at all, only when the next agent is free.

Source: Kiefer and Wolfowitz (1955), On the theory of queues with many servers; the vector of workloads is kept as a
heap of the instants at which agents get free. Who gives up never touches it, which is exact for any law of patience.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapreplace
from itertools import chain
from math import nan

import numpy as np
from numpy.typing import NDArray

__all__ = ["first_come", "in_turn"]

Floats = NDArray[np.float64]

_BLOCK = 4096


def first_come(arrived: Floats, deadline: Floats, busy: Floats, agents: int) -> tuple[Floats, NDArray[np.int32]] | None:
    """Serve conversations in order of arrival, each by the agent longest idle.

    Parameters
    ----------
    arrived, deadline, busy : ndarray of float64, shape (N,)
        Arrivals in order, until when each waits, and how long it keeps an agent.
    agents : int
        At least 1; free from the start.

    Returns
    -------
    started : ndarray of float64, shape (N,)
        NaN where it never was.
    holder : ndarray of int32, shape (N,)
        Number of the agent, -1 for nobody.

    None where two agents get free at the same instant, so that the order among them matters.
    """
    free_at = [0.0] * agents
    if np.isposinf(deadline).all():
        begun = _starts_of_patient(_numbers(arrived), _numbers(busy), free_at)
    else:
        begun = _starts(_numbers(arrived), _numbers(deadline), _numbers(busy), free_at)
    started = np.fromiter(begun, np.float64, len(arrived))
    served = np.flatnonzero(~np.isnan(started))
    freed_at = started[served] + busy[served]
    order = np.argsort(freed_at)
    instants = freed_at[order]
    if (instants[1:] == instants[:-1]).any():
        return None
    holder = np.full(len(started), -1, np.int32)
    holder[served] = in_turn(order, agents)
    return started, holder


def in_turn(order: NDArray[np.intp], agents: int) -> NDArray[np.int32]:
    """Return who serves whom where the agent longest idle takes the next: by conversation, in order of service.

    The i-th served has the agent of the i-th instant at which somebody got free; at first all are free since before the
    start, in the order of their numbers.

    Parameters
    ----------
    order : ndarray of intp, shape (N,)
        Conversations, numbered in order of service, in the order in which they set their agents free.
    agents : int

    Returns
    -------
    ndarray of int32, shape (N,)
    """
    before = np.concatenate([np.arange(agents), order])[: len(order)]
    further = np.empty_like(before)
    while before.max(initial=0) >= agents:
        # From each conversation to the one before it, two, four, ... until the first of all; clipping cuts nothing off,
        # but lets numpy write straight into the other column.
        np.take(before, before, out=further, mode="clip")
        before, further = further, before
    return before.astype(np.int32)


def _numbers(column: Floats) -> Iterator[float]:
    """Iterate over a column in blocks: numbers made all at once would take fresh memory, and much time."""
    return chain.from_iterable(column[at : at + _BLOCK].tolist() for at in range(0, len(column), _BLOCK))


def _starts_of_patient(arrived: Iterator[float], busy: Iterator[float], free_at: list[float]) -> Iterator[float]:
    """Yield when each conversation gets an agent, if all wait for ever."""
    replace = heapreplace
    for at, takes in zip(arrived, busy, strict=True):
        start = free_at[0]
        if start < at:  # noqa: PLR1730 - a call of max would take a fifth of the loop
            start = at
        yield start
        replace(free_at, start + takes)


def _starts(
    arrived: Iterator[float], deadline: Iterator[float], busy: Iterator[float], free_at: list[float]
) -> Iterator[float]:
    """Yield when each conversation gets an agent, NaN where it gives up before."""
    replace, never = heapreplace, nan
    for at, until, takes in zip(arrived, deadline, busy, strict=True):
        start = free_at[0]
        if start <= at:
            start = at
        elif start > until:
            yield never
            continue
        yield start
        replace(free_at, start + takes)
