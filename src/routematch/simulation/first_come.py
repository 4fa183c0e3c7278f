"""First come, first served by agents who are all alike: no events at all, only when the next agent is free.

Source: Kiefer and Wolfowitz (1955), On the theory of queues with many servers; the vector of workloads is kept as a
heap of the instants at which agents get free. Who gives up never touches it, which is exact for any law of patience.
"""

from __future__ import annotations

from heapq import heapreplace
from math import nan

import numpy as np
from numpy.typing import NDArray

__all__ = ["first_come"]

Floats = NDArray[np.float64]


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
    started = np.array(_starts(arrived, deadline, busy, [0.0] * agents))
    served = np.flatnonzero(~np.isnan(started))
    # Agents are taken in the order in which they got free, so the i-th served has the agent of the i-th instant; at
    # first they are free since before the start, in the order of their numbers.
    freed_at = np.concatenate([np.arange(-agents, 0.0), started[served] + busy[served]])
    order = np.argsort(freed_at)[: len(served)]
    if (np.diff(freed_at[order]) == 0).any():
        return None
    agent = np.concatenate([np.arange(agents), order]).astype(np.int32)
    while agent.max(initial=0) >= agents:
        agent = agent[agent]  # from each conversation to the one before it, two, four, ... until the first of all
    holder = np.full(len(started), -1, np.int32)
    holder[served] = agent[agents:]
    return started, holder


def _starts(arrived: Floats, deadline: Floats, busy: Floats, free_at: list[float]) -> list[float]:
    """Return when each conversation gets an agent, NaN where it gives up before."""
    begun: list[float] = []
    begin = begun.append
    if np.isinf(deadline).all():
        for at, takes in zip(arrived.tolist(), busy.tolist(), strict=True):
            start = free_at[0]
            if start < at:  # noqa: PLR1730 - a call of max would take a fifth of the loop
                start = at
            begin(start)
            heapreplace(free_at, start + takes)
        return begun
    for at, until, takes in zip(arrived.tolist(), deadline.tolist(), busy.tolist(), strict=True):
        start = free_at[0]
        if start <= at:
            start = at
        elif start > until:
            begin(nan)
            continue
        begin(start)
        heapreplace(free_at, start + takes)
    return begun
