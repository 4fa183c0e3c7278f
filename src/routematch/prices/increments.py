"""How much one more conversation in a pool costs those who come later: relative-value increments of an Erlang-A queue.

A pool is taken as a queue of its own (M/M/n+M), fed with the flows of the fluid program. The increment at n is the
difference of the relative values of n + 1 and n conversations, from the balance of costs in each state:
``cost(n) - gain + arrivals * increment(n) - departures(n) * increment(n - 1) = 0``.

Source: Krishnan (1990), Markov decision algorithms for dynamic routing (separable prices of telephone links); Bhulai
and Koole (2003), On the structure of value functions for threshold policies in queueing models.
"""

from __future__ import annotations

import math

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

__all__ = ["PoolFlow", "losses", "queue_increments", "waiting_gain"]

_MOST_PLACES = 20_000


@frozen
class PoolFlow:
    """What flows into one pool, averaged over its types.

    Attributes
    ----------
    rate : float
        Conversations per second.
    slots : int
    service_rate : float
        Of one slot.
    abandonment_rate : float
    cost : float
        Of one conversation that waits, per second: what it costs itself and what is lost when it gives up.
    """

    rate: float
    slots: int
    service_rate: float
    abandonment_rate: float
    cost: float


def losses(offered_load: float, slots: int) -> NDArray[np.float64]:
    """Return Erlang's B for 0, 1, ..., `slots` servers."""
    blocking = np.ones(slots + 1)
    for n in range(1, slots + 1):
        weighted = offered_load * blocking[n - 1]
        blocking[n] = max(weighted / (n + weighted), 1e-290)
    return blocking


def waiting_gain(flow: PoolFlow) -> float:
    """Return the mean cost per second of a pool that lets everybody wait."""
    places = _places(flow)
    n = np.arange(1, flow.slots + places + 1)
    leaving = np.minimum(n, flow.slots) * flow.service_rate + np.maximum(n - flow.slots, 0) * flow.abandonment_rate
    log_law = np.concatenate([[0.0], np.cumsum(math.log(flow.rate) - np.log(leaving))])
    law = np.exp(log_law - log_law.max())
    waiting = np.maximum(np.arange(flow.slots + places + 1) - flow.slots, 0)
    return float(flow.cost * (law @ waiting) / law.sum())


def _places(flow: PoolFlow) -> int:
    """Return a number of waiting places that are hardly ever all taken."""
    excess = max(flow.rate - flow.slots * flow.service_rate, 0.0) / flow.abandonment_rate
    wide = 10.0 * math.sqrt(flow.rate / flow.abandonment_rate)
    return int(min(excess + wide + 50.0, _MOST_PLACES))


def queue_increments(flow: PoolFlow, gain: float, last_idle: float, places: int) -> list[float]:
    """Return the increments when all are busy and 0, 1, ..., `places` wait.

    Parameters
    ----------
    flow : PoolFlow
    gain : float
        From `waiting_gain`.
    last_idle : float
        Increment when one slot is idle.
    places : int

    Returns
    -------
    list of float
        Forward below the mode of the queue, backward above it: the direction in which errors shrink.
    """
    rate, slots, leaving = flow.rate, flow.slots, flow.abandonment_rate
    busy = slots * flow.service_rate
    mode = max(int((rate - busy) / leaving), 0)
    most = max(_places(flow), places + 1)
    increments = [0.0] * (most + 1)
    increments[most] = flow.cost / leaving
    for waiting in range(most, mode, -1):
        departures = busy + waiting * leaving
        increments[waiting - 1] = (flow.cost * waiting - gain + rate * increments[waiting]) / departures
    before = last_idle
    for waiting in range(min(mode, places + 1)):
        before = increments[waiting] = (gain - flow.cost * waiting + (busy + waiting * leaving) * before) / rate
    return increments[: places + 1]
