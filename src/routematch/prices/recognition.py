"""Which type a waiting conversation is and which pool an agent stands in, in the columns of a decision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from routematch.model import Condition
from routematch.prices.workload import kind_key
from routematch.state import THOUSANDTHS, Problem, RequestClass

__all__ = ["Recognition"]

_MOST_KNOWN = 10_000


class Recognition:
    """Looks types and agents up, and remembers them: the same roster comes again with every decision.

    Parameters
    ----------
    kinds : sequence of (channel, skills)
    pools : sequence of tuple of str
        Agents of each pool.
    """

    def __init__(self, kinds: Sequence[tuple[str, tuple[str, ...]]], pools: Sequence[tuple[str, ...]]) -> None:
        self._kinds = {key: number for number, key in enumerate(kinds)}
        self._count, self._pools = len(kinds), len(pools)
        self._pool_of_agent = {agent: number for number, agents in enumerate(pools) for agent in agents}
        self._known: dict[tuple[str, Condition], int] = {}
        self._roster: tuple[tuple[str, ...], NDArray[np.intp]] | None = None

    def kinds(self, problem: Problem) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Return the type of each request class (-1 unknown), shape (K,), and how many wait by type, shape (I,)."""
        backlog = problem.backlog
        kind_of = np.array([self.kind(request) for request in backlog.classes], np.intp).reshape(-1)
        of_conversation = kind_of[backlog.class_of] if len(kind_of) else kind_of
        return kind_of, np.bincount(of_conversation[of_conversation >= 0], minlength=self._count)

    def pool(self, agent: str) -> int:
        """Return the pool of an agent, -1 where it stands in none."""
        return self._pool_of_agent.get(agent, -1)

    def kind(self, request: RequestClass) -> int:
        """Return the type of a request, -1 where it is unknown."""
        key = request.channel, request.requires
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            found = self._known[key] = self._kinds.get(kind_key(request), -1)
        return found

    def pools(self, problem: Problem) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Return the pool of each agent (-1 none), shape (A,), and the free slots of each pool, shape (J,)."""
        roster = problem.roster
        if self._roster is None or self._roster[0] is not roster.ids:
            own = [self._pool_of_agent.get(agent, -1) for agent in roster.ids]
            self._roster = roster.ids, np.array(own, np.intp).reshape(-1)
        pool_of = self._roster[1]
        free = roster.free // THOUSANDTHS
        present = np.array([presence == "available" for presence in roster.presences], bool)
        there = (pool_of >= 0) & (present[roster.presence_of] if len(present) else False)
        idle = np.bincount(pool_of[there], weights=free[there], minlength=self._pools)
        return pool_of, idle.astype(np.int64)
