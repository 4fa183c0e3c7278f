"""Pools: agents who can do the same, about equally well, priced together.

A price for one agent alone is too pessimistic: it takes the work of colleagues who could step in for lost. So agents
who may take the same types stand in one pool, split by how well and how fast they do it while pools stay large enough,
and joined with the most similar others where they are too few.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["pools_of"]

#: Least share of types in common (Jaccard, 1901) with which agents of different skills may share a pool.
_ALIKE = 0.5


def pools_of(value: NDArray[np.float64], handle_time: NDArray[np.float64], *, size: int = 8) -> list[NDArray[np.intp]]:
    """Put agents with similar columns together.

    Parameters
    ----------
    value, handle_time : ndarray of float64, shape (I, A)
        By type and agent; NaN where the agent may not take the type.
    size : int
        Fewest agents of a pool where that is possible; agents exactly alike always stay together.

    Returns
    -------
    list of ndarray of intp
        Positions of agents, ascending, each in one pool; those who may take nothing in none. O(A^2 I) at worst.
    """
    may = ~np.isnan(value)
    able = np.flatnonzero(may.any(axis=0))
    if not len(able):
        return []
    patterns: dict[bytes, list[int]] = {}
    for agent in able.tolist():
        patterns.setdefault(may[:, agent].tobytes(), []).append(agent)
    groups = _joined([np.array(agents, np.intp) for agents in patterns.values()], may, size)
    columns = _columns(value, handle_time)
    pools = [pool for group in groups for pool in _split(group, columns, size)]
    return sorted((np.sort(pool) for pool in pools), key=lambda pool: int(pool[0]))


def _joined(groups: list[NDArray[np.intp]], may: NDArray[np.bool_], size: int) -> list[NDArray[np.intp]]:
    """Join groups that are too small with the most similar ones, the smallest first."""
    members = dict(enumerate(groups))
    pattern = np.array([may[:, group[0]] for group in groups], float).reshape(len(groups), -1)
    sizes = np.array([len(group) for group in groups], float)
    open_ = np.ones(len(groups), bool)
    alone = np.zeros(len(groups), bool)
    while True:
        small = np.flatnonzero(open_ & ~alone & (sizes < size))
        if not len(small):
            return [members[number] for number in np.flatnonzero(open_).tolist()]
        one = int(small[sizes[small].argmin()])
        common = pattern @ pattern[one]
        alike = np.where(open_, common / (pattern.sum(axis=1) + pattern[one].sum() - common), -1.0)
        alike[one] = -1.0
        other = int(alike.argmax())
        if alike[other] < _ALIKE:
            alone[one] = True
            continue
        members[other] = np.concatenate([members[other], members[one]])
        pattern[other] = np.maximum(pattern[other], pattern[one])
        sizes[other] += sizes[one]
        open_[one], alone[other] = False, False


def _columns(value: NDArray[np.float64], handle_time: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values and logarithms of handle times on one scale, shape (A, 2 I)."""
    scale = float(np.nanmean(np.abs(value))) if (~np.isnan(value)).any() else 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.concatenate([value / (scale or 1.0), np.log(handle_time)]).T


def _split(group: NDArray[np.intp], columns: NDArray[np.float64], size: int) -> list[NDArray[np.intp]]:
    """Halve a group where its agents differ most, again and again, while both halves are large enough."""
    if len(group) < 2 * size:
        return [group]
    own = columns[group]
    known = ~np.isnan(own)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, own, 0.0)
    mean = filled.sum(axis=0) / count
    spread = (np.where(known, own - mean, 0.0) ** 2).sum(axis=0)
    widest = int(spread.argmax())
    if spread[widest] <= 1e-12 * len(group):
        return [group]
    keys = np.where(known[:, widest], own[:, widest], mean[widest])
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    cuts = np.flatnonzero(np.diff(ranked) > 1e-9) + 1
    cuts = cuts[(cuts >= size) & (cuts <= len(group) - size)]
    if not len(cuts):
        return [group]
    cut = int(cuts[np.abs(cuts - len(group) / 2).argmin()])
    return [*_split(group[order[:cut]], columns, size), *_split(group[order[cut:]], columns, size)]
