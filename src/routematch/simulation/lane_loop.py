"""The event loop for the usual case: a lane decides, everybody is there, each conversation has one agent.

What a list already orders needs no event: arrivals are a sorted stream merged by one comparison, patience is a
deadline looked at when a conversation comes first, so only agents who get free are in the heap.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush, heapreplace
from math import inf, nan

from routematch.routing.lanes import Lane

__all__ = ["run_lane"]


def run_lane(
    lane: Lane,
    arrived: list[float],
    requests: list[int],
    busy: list[float],
    agents: int,
    duration: Callable[[int, int], float] | None = None,
) -> tuple[list[float], list[int]]:
    """Run a day through a lane.

    Parameters
    ----------
    lane : Lane
        Fresh; it shares `arrived`.
    arrived : list of float
        In order.
    requests : list of int
        Request number of each conversation.
    busy : list of float
        How long each keeps an agent.
    agents : int
        How many there are.
    duration : callable, optional
        How long a conversation keeps an agent, where that depends on the agent; in place of `busy`.

    Returns
    -------
    started : list of float
        NaN where it never was.
    holder : list of int
        Agent of each, -1 for nobody.
    """
    arrive, free, enter = lane.arrive, lane.free, lane.enter
    started, holder = [nan] * len(arrived), [-1] * len(arrived)
    heap: list[tuple[float, int]] = []
    for agent in range(agents):
        enter(agent, 0.0, 0)
    for conversation, at in enumerate([*arrived, inf]):
        while heap and heap[0][0] <= at:
            now, agent = heap[0]
            following = free(agent, now)
            if following >= 0:
                started[following] = now
                holder[following] = agent
                takes = busy[following] if duration is None else duration(following, agent)
                heapreplace(heap, (now + takes, agent))
            else:
                heappop(heap)
        if at < inf:
            agent = arrive(conversation, requests[conversation], at)
            if agent >= 0:
                started[conversation] = at
                holder[conversation] = agent
                takes = busy[conversation] if duration is None else duration(conversation, agent)
                heappush(heap, (at + takes, agent))
    return started, holder
