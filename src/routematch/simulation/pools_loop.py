"""Few pools of agents who are alike: each is a heap of the instants at which they get free, as in `first_come`.

Where every conversation has an order of pools, and every pool an order of queues, it does not matter who of a pool is
free. An agent who gets free is no event as long as nobody waits who may have it; who gives up is passed over when met.
The agent longest idle takes the next, so the i-th served by a pool has the agent of the i-th instant at which one of it
got free.
"""

from __future__ import annotations

from collections import deque
from heapq import heapreplace
from itertools import count
from math import inf
from sys import float_info

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.routing.lanes import IndexLane
from routematch.simulation.first_come import in_turn

__all__ = ["Pools", "run_pools"]

Floats = NDArray[np.float64]

#: With more pools, counting agents is no gain.
_MOST = 16


@frozen
class Pools:
    """Agents who are alike, and who goes to whom first.

    Attributes
    ----------
    agents : tuple of tuple of int
        Of each pool, in order.
    ranks : tuple of tuple of int
        By request: pools in the order in which they are asked.
    takes : tuple of tuple of int
        By pool: requests in the order in which they are taken.
    """

    agents: tuple[tuple[int, ...], ...]
    ranks: tuple[tuple[int, ...], ...]
    takes: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, lane: IndexLane) -> Pools | None:
        """Return the pools of a lane; None where order among pools or queues depends on time, or agents do several."""
        orders = lane.orders()
        if orders is None:
            return None
        ranks, takes = orders
        members: dict[tuple[object, ...], list[int]] = {}
        for agent, own in enumerate(takes):
            standing = tuple(place for rank in ranks for place, who in enumerate([*rank, {agent}]) if agent in who)
            members.setdefault((own, standing), []).append(agent)
        pools = [tuple(pool) for pool in members.values()]
        number = {frozenset(pool): place for place, pool in enumerate(pools)}
        if len(pools) > _MOST or any(who not in number for rank in ranks for who in rank):
            return None
        by_request = tuple(tuple(number[who] for who in rank) for rank in ranks)
        return cls(tuple(pools), by_request, tuple(takes[pool[0]] for pool in pools))


def run_pools(
    pools: Pools, arrived: Floats, deadline: Floats, asked: NDArray[np.int64], busy: Floats
) -> tuple[Floats, NDArray[np.int32]] | None:
    """Run a day.

    Parameters
    ----------
    pools : Pools
    arrived, deadline, busy : ndarray of float64, shape (N,)
        Arrivals in order, until when each waits, and how long it keeps an agent.
    asked : ndarray of int64, shape (N,)
        Request numbers.

    Returns
    -------
    started : ndarray of float64, shape (N,)
        NaN where it never was.
    holder : ndarray of int32, shape (N,)
        Number of the agent, -1 for nobody.

    None where two agents get free at the same instant, so that the order among them matters.
    """
    begun, served = _run(pools, arrived.tolist(), deadline.tolist(), asked.tolist(), busy.tolist())
    starts, started = np.fromiter(begun, np.float64, len(begun)), np.full(len(arrived), np.nan)
    holder = np.full(len(arrived), -1, np.int32)
    freed = []
    for agents, conversations in zip(pools.agents, served, strict=True):
        rows = np.fromiter(conversations, np.intp, len(conversations))
        started[rows] = begins = starts[rows]
        freed_at = begins + busy[rows]
        order = np.argsort(freed_at)
        freed.append(freed_at[order])
        holder[rows] = np.array(agents, np.int32)[in_turn(order, len(agents))]
    instants = np.sort(np.concatenate(freed), kind="stable")
    return None if (instants[1:] == instants[:-1]).any() else (started, holder)


def _run(  # noqa: C901, PLR0912 - one recipe, run for every conversation
    pools: Pools, arrived: list[float], deadline: list[float], asked: list[int], busy: list[float]
) -> tuple[list[float], list[list[int]]]:
    """Return when each conversation started, right for those served, and by pool which were served, in order."""
    queues: list[deque[int]] = [deque() for _ in range(len(pools.ranks) + 1)]
    own = [tuple(queues[request] for request in takes) for takes in pools.takes]
    free_at = [[0.0] * len(agents) for agents in pools.agents]
    served: list[list[int]] = [[] for _ in free_at]
    asks = [[(free_at[pool], pool, served[pool].append) for pool in rank] for rank in [*pools.ranks, ()]]
    started, replace = arrived.copy(), heapreplace
    # The next instant at which somebody gets free whom somebody waits for.
    soonest, who = inf, 0
    # At the very end, somebody comes whom nobody may take, so that everything else comes to its end before.
    coming = zip(count(), [*arrived, float_info.max], [*asked, len(pools.ranks)], [*busy, 0.0], strict=False)
    for conversation, at, request, takes in coming:
        while soonest <= at:
            for queue in own[who]:
                while queue:
                    head = queue.popleft()
                    if deadline[head] >= soonest:
                        break
                else:
                    continue
                started[head] = soonest
                served[who].append(head)
                replace(free_at[who], soonest + busy[head])
                break
            soonest = inf
            for pool, instants in enumerate(free_at):
                if instants[0] < soonest and any(own[pool]):
                    soonest, who = instants[0], pool
        for instants, _, serve in asks[request]:
            if instants[0] <= at:
                serve(conversation)
                replace(instants, at + takes)
                break
        else:
            queues[request].append(conversation)
            for instants, pool, _ in asks[request]:
                if instants[0] < soonest:
                    soonest, who = instants[0], pool
    return started, served
