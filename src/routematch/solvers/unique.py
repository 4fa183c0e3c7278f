"""Say quickly that a best matching is the only one, so that there is nothing to choose.

Another best matching would move rows along tight pairs in a circle, or between a place that may be left free and one
that may be taken (compare Mangasarian, 1979, "Uniqueness of solution in linear programming"). Prices are held up by
such pairs: at least one leads to every agent whose load is fixed. Where it is exactly one for each, and none leads
anywhere else, the pairs form trees that start where places are free, and nothing can go round.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routematch.solvers.network import Network
from routematch.solvers.prices import Duals

__all__ = ["is_plainly_unique", "load_range"]

Ints = NDArray[np.int64]


def is_plainly_unique(network: Network, pair: Ints, duals: Duals, tight: Ints) -> bool:
    """Say whether the tight pairs form such trees; False decides nothing.

    Parameters
    ----------
    network : Network
        Without group caps; with them the answer is always False.
    pair : ndarray of int64, shape (C,)
        A matching proven best by `duals`.
    duals : Duals
    tight : ndarray of int64
        The pairs whose gain and price are exactly their worth, ascending.

    Notes
    -----
    Takes time by tight pairs and by agents times the logarithm of agents.
    """
    if network.has_groups or (duals.gain[pair >= 0] == 0).any():
        return False
    least, most = load_range(network, duals)
    is_held_up = (least == most) & (duals.price > network.floor())
    row_of = network.row_of(tight)
    leading = tight != pair[row_of]
    target = network.agent_of[tight[leading]]
    if (np.bincount(target, minlength=network.agents) != is_held_up).any():
        return False
    nowhere = network.agents
    before = np.full(nowhere + 1, nowhere)
    before[target] = np.where(pair[row_of[leading]] >= 0, network.cells(pair)[row_of[leading]], nowhere)
    for _ in range(nowhere.bit_length()):
        before = before[before]
    return bool((before == nowhere).all())


def load_range(network: Network, duals: Duals) -> tuple[Ints, Ints]:
    """Return the least and the greatest load of each cell in any best matching."""
    capacity = network.cell_capacity
    over = duals.price > duals.price[network.owner]
    least, most = np.where(over, capacity, 0), capacity.copy()
    own = slice(network.agents)
    if network.unit_cost is None:
        least[own] = np.where(duals.price[own] > 0, capacity[own], 0)
    else:
        units = np.arange(network.unit_cost.shape[1]) < capacity[own, None]
        price = duals.price[own, None]
        least[own] = (units & (network.unit_cost < price)).sum(axis=1)
        most[own] = (units & (network.unit_cost <= price)).sum(axis=1)
    return least, most
