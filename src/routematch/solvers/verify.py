"""The proof that a matching is best: feasible, prices feasible, and both totals equal, in whole numbers.

By weak duality no matching is worth more than any feasible prices say; a matching that reaches the bound is therefore
optimal, whatever engine found it and however. All numbers are whole steps, so nothing is left to rounding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routematch.solvers.network import Network
from routematch.solvers.prices import Duals, dual_total

__all__ = ["are_feasible_prices", "is_feasible", "is_proven", "total"]

Ints = NDArray[np.int64]


def is_proven(network: Network, pair: Ints, duals: Duals | None) -> bool:
    """Say whether the prices prove that the matching is best."""
    return (
        duals is not None
        and is_feasible(network, pair)
        and are_feasible_prices(network, duals)
        and total(network, pair) == dual_total(network, duals)
    )


def is_feasible(network: Network, pair: Ints) -> bool:
    """Say whether every served row has a pair of its own and no agent or cell holds more than it can take."""
    served = np.flatnonzero(pair >= 0)
    if len(served) and (pair[served].max() >= len(network.worth) or (network.row_of[pair[served]] != served).any()):
        return False
    return bool((network.cell_load(pair) <= network.cell_capacity).all())


def are_feasible_prices(network: Network, duals: Duals) -> bool:
    """Say whether no row gains less, and no cell costs less, than any pair or agent allows."""
    if duals.gain.min(initial=0) < 0 or (duals.price < duals.price[network.owner]).any():
        return False
    return bool((duals.gain[network.row_of] + duals.price[network.cell_of] >= network.worth).all())


def total(network: Network, pair: Ints) -> int:
    """Return the worth of all pairs in use (class bonus included) minus the unit costs used."""
    return int(network.worth[pair[pair >= 0]].sum()) - network.cost_used(network.load(pair))
