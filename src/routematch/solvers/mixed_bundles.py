"""Whole bundles of conversations per agent: the formulation of mixed costs whose relaxation is nearly exact.

A bundle is a set of conversations that one agent can take together; budget, caps and charges are then inside the
bundle, and what remains is to pick at most one bundle per agent so that no conversation is picked twice. There are far
too many bundles in general. But the compact relaxation says how much each pair falls short of the bound, shortfalls of
a bundle add up, and bundles that cannot beat a known matching need not be written down. What is left is usually a small
set packing problem. (Savelsbergh, 1997, "A branch-and-price algorithm for the generalized assignment problem";
Baldacci, Christofides and Mingozzi, 2008, for enumerating all columns within a gap.)
"""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray
from scipy.sparse import csr_array

from routematch.solvers.mixed_problem import MixedProblem
from routematch.solvers.mixed_program import IntArray, Pairs

__all__ = ["Bundles", "enumerate_bundles"]


@frozen(eq=False)
class Bundles:
    """Sets of pairs, each feasible for its agent.

    Attributes
    ----------
    agent, weight : ndarray of int64, shape (B,)
        Weight is the worth of the pairs minus the charges, in steps.
    members : csr_array of int64, shape (B, P)
        One in every pair of the bundle.
    """

    agent: IntArray
    weight: IntArray
    members: csr_array

    def __len__(self) -> int:
        """Return the number of bundles."""
        return len(self.agent)

    def select(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> Bundles:
        """Return the bundles to be kept."""
        return Bundles(self.agent[keep], self.weight[keep], self.members[keep])

    def pairs_of(self, chosen: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the pairs in any of these bundles, ascending."""
        return np.unique(self.members[chosen].indices).astype(np.intp)


def enumerate_bundles(
    problem: MixedProblem, pairs: Pairs, shortfall: IntArray, allowance: IntArray, *, limit: int
) -> Bundles | None:
    """Write down every bundle whose shortfalls sum to at most the agent's allowance.

    Parameters
    ----------
    problem : MixedProblem
    pairs : Pairs
    shortfall : ndarray of int64, shape (P,)
        How far the bound falls when the pair is used; at least 0.
    allowance : ndarray of int64, shape (A,)
        How much the shortfalls of each agent's bundles may sum to.
    limit : int
        Give up beyond this many bundles.

    Returns
    -------
    Bundles or None
        None when there are more than `limit`.
    """
    chosen = np.flatnonzero(shortfall <= allowance[pairs.agent])
    chosen = chosen[np.lexsort((shortfall[chosen], pairs.agent[chosen]))]
    agent, short = pairs.agent[chosen], shortfall[chosen]
    units, room = pairs.units[chosen], problem.budget
    carried = problem.membership[pairs.row[chosen]].toarray().astype(np.int32)
    cap = np.where(problem.cap < 0, np.iinfo(np.int32).max, problem.cap)
    offset = np.cumsum(allowance + 1) - allowance - 1
    key = offset[agent] + short
    sets = np.arange(len(chosen))[:, None]
    spent, missing, names = units, short, carried
    levels, count = [], 0
    while len(sets):
        count += len(sets)
        levels.append(sets)
        last = sets[:, -1]
        end = np.searchsorted(key, (offset + allowance)[agent[last]] - missing, side="right")
        width = np.maximum(end - last - 1, 0)
        total = int(width.sum())
        if count > limit or total > 8 * limit:
            return None
        parent = np.repeat(np.arange(len(sets)), width)
        item = np.arange(total) - np.repeat(np.cumsum(width) - width, width) + last[parent] + 1
        fits = spent[parent] + units[item] <= room[agent[item]]
        parent, item = parent[fits], item[fits]
        carrying = names[parent] + carried[item]
        fits = (carrying <= cap[agent[item]]).all(axis=1)
        parent, item, names = parent[fits], item[fits], carrying[fits]
        spent, missing = spent[parent] + units[item], missing[parent] + short[item]
        sets = np.concatenate([sets[parent], item[:, None]], axis=1)
    return _assemble(pairs, [chosen[level] for level in levels])


def _assemble(pairs: Pairs, levels: list[IntArray]) -> Bundles:
    size = np.concatenate(
        [np.full(len(level), level.shape[1], np.int64) for level in levels] or [np.zeros(0, np.int64)]
    )
    member = np.concatenate([level.ravel() for level in levels] or [np.zeros(0, np.int64)])
    start = np.concatenate([np.zeros(1, np.int64), np.cumsum(size)])
    members = csr_array((np.ones(len(member), np.int64), member, start), shape=(len(size), len(pairs)))
    agent = pairs.agent[member[start[:-1]]] if len(size) else np.zeros(0, np.int64)
    return Bundles(agent, members @ pairs.worth - pairs.charges(agent, size), members)
