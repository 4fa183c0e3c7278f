"""Solve a problem with many caps of groups by leaving out most pairs, and asking the prices for those that are missed.

Caps make many cells, and only few of them matter. So the problem is solved without caps first; if its matching keeps
them, that is the answer. If not, each row keeps the pairs that are best for it at those prices, and the problem with
caps is solved over these alone. Its prices show which other pairs would be better, these come in, and so on until there
are none (column generation: Ford and Fulkerson, 1958, "A suggested computation for maximal multi-commodity network
flows").
"""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from routematch.solvers.network import Network
from routematch.solvers.prices import Duals, smallest_prices
from routematch.solvers.sparse import solve_sparse

__all__ = ["solve_capped", "without_caps"]

Ints = NDArray[np.int64]

#: Pairs each row keeps at first, how many it takes in at a time, and how often that is done at most.
FIRST, FURTHER, ROUNDS = 12, 6, 20


def without_caps(network: Network) -> Network:
    """Return the problem in which every row enters its agent directly; pairs keep their numbers."""
    return attrs.evolve(
        network, cell_of=network.agent_of, owner=np.arange(network.agents), cell_capacity=network.capacity
    )


def solve_capped(network: Network, price: Ints) -> Ints | None:
    """Return the pair that serves each row, -1 where it is held; None when too many pairs turn out to be needed.

    Parameters
    ----------
    network : Network
    price : ndarray of int64, shape (A,)
        Prices of the agents in the problem without caps: the better they are, the fewer pairs are missed.
    """
    net = network.worth - price[network.agent_of]
    kept = _best_pairs(network, net, net >= 0, FIRST)
    for _ in range(ROUNDS):
        part, cells = _only(network, kept)
        pair = solve_sparse(part)
        duals = smallest_prices(part, pair)
        if duals is None:
            return None
        missed = _missed(network, duals, cells)
        if not missed.any():
            return np.append(kept, -1)[pair]
        net = network.worth - _spread_prices(network, duals, cells)[network.cell_of]
        kept = np.union1d(kept, _best_pairs(network, net, missed, FURTHER))
    return None


def _only(network: Network, kept: Ints) -> tuple[Network, Ints]:
    """Return the problem with those pairs alone, and the cells in it; cells whose cap cannot bind then are left out."""
    wanted = np.bincount(network.cell_of[kept], minlength=len(network.owner))
    binding = np.flatnonzero(wanted > network.cell_capacity)
    binding = binding[binding >= network.agents]
    number = network.owner.copy()
    number[binding] = network.agents + np.arange(len(binding))
    cells = np.concatenate([np.arange(network.agents), binding])
    part = attrs.evolve(
        network,
        start=np.searchsorted(kept, network.start),
        agent_of=network.agent_of[kept],
        cell_of=number[network.cell_of[kept]].astype(np.int32),
        worth=network.worth[kept],
        owner=network.owner[cells],
        cell_capacity=network.cell_capacity[cells],
    )
    return part, cells


def _spread_prices(network: Network, duals: Duals, cells: Ints) -> Ints:
    """Return a price for each cell of the whole problem; a cell that was left out costs what its agent costs."""
    price = duals.price[network.owner]
    price[cells] = duals.price
    return price


def _missed(network: Network, duals: Duals, cells: Ints) -> NDArray[np.bool_]:
    """Return which pairs are worth more than what their row gains without them."""
    net = network.worth - _spread_prices(network, duals, cells)[network.cell_of]
    return np.asarray(net > np.repeat(duals.gain, network.degree))


def _best_pairs(network: Network, net: Ints, wanted: NDArray[np.bool_], most: int) -> Ints:
    """Return so many of the best wanted pairs of each row, ascending; equal rows start at different agents."""
    count = np.concatenate([[0], np.cumsum(wanted)])[network.start]
    pairs = np.flatnonzero(wanted)
    found = [pairs[:0]]
    for row in np.flatnonzero(np.diff(count)).tolist():
        own = pairs[count[row] : count[row + 1]]
        if len(own) > most:
            own = np.roll(own, row)
            own = own[np.argpartition(net[own], len(own) - most)[-most:]]
        found.append(own)
    return np.sort(np.concatenate(found))
