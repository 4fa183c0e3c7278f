"""The proof that a matching is best: feasible, prices feasible, and both totals equal, in whole numbers.

By weak duality no matching is worth more than any feasible prices say; a matching that reaches the bound is therefore
optimal, whatever engine found it and however. All numbers are whole steps, so nothing is left to rounding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routematch.solvers.network import Network
from routematch.solvers.prices import Duals, dual_total

__all__ = ["are_feasible_prices", "find_tight", "is_feasible", "is_proven", "total"]

Ints = NDArray[np.int64]


def is_proven(network: Network, pair: Ints, duals: Duals, tight: Ints | None) -> bool:
    """Say whether the prices prove that the matching is best; `tight` is what `find_tight` found."""
    return (
        tight is not None
        and are_feasible_prices(network, duals)
        and is_feasible(network, pair)
        and total(network, pair) == dual_total(network, duals)
    )


def find_tight(network: Network, duals: Duals) -> Ints | None:
    """Check gain and price of every pair against its worth.

    Returns
    -------
    ndarray of int64, or None
        The pairs that a best matching may use: their gain and price are exactly their worth. None when some pair is
        worth more than its gain and price, so that the prices bound nothing.
    """
    tight = [np.zeros(0, np.int64)]
    for rows, pairs in network.blocks():
        slack = duals.price[network.cell_of[pairs]]
        slack += np.repeat(duals.gain[rows], network.start[rows.start + 1 : rows.stop + 1] - network.start[rows])
        slack -= network.worth[pairs]
        if slack.min(initial=0) < 0:
            return None
        tight.append(np.flatnonzero(slack == 0) + pairs.start)
    return np.concatenate(tight)


def is_feasible(network: Network, pair: Ints) -> bool:
    """Say whether every served row has a pair of its own and no agent or cell holds more than it can take."""
    served = np.flatnonzero(pair >= 0)
    number = pair[served]
    if ((number < network.start[served]) | (number >= network.start[served + 1])).any():
        return False
    return bool((network.cell_load(pair) <= network.cell_capacity).all())


def are_feasible_prices(network: Network, duals: Duals) -> bool:
    """Say whether no gain is negative and no cell costs less than its agent."""
    return bool(duals.gain.min(initial=0) >= 0 and (duals.price >= duals.price[network.owner]).all())


def total(network: Network, pair: Ints) -> int:
    """Return the worth of all pairs in use (class bonus included) minus the unit costs used."""
    return int(network.worth[pair[pair >= 0]].sum()) - network.cost_used(network.load(pair))
