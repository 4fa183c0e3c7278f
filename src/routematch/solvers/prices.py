"""Prices of a best matching: what one more unit of an agent, or one conversation less, would change.

Among all optimal dual prices these are the smallest for the agents. The price of a cell is then the longest path to
it in the residual network, found by label correction from below (Bellman, 1958; Ford, 1956). If a path keeps growing,
the matching was not optimal, so the search is also a check of the engine that found it.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.solvers.network import Network, ragged

__all__ = ["Duals", "dual_total", "smallest_prices"]

Ints = NDArray[np.int64]


@frozen(eq=False)
class Duals:
    """Dual prices in whole steps.

    Attributes
    ----------
    gain : ndarray of int64, shape (C,)
        What each row earns above being held, at least 0.
    price : ndarray of int64, shape (K,)
        What a row pays to enter each cell. The first A entries are the agents' own.
    """

    gain: Ints
    price: Ints


def smallest_prices(network: Network, pair: Ints) -> Duals | None:
    """Return the agent-minimal prices of a best matching; None when the matching is not the best.

    Parameters
    ----------
    network : Network
    pair : ndarray of int64, shape (C,)
        Number of the pair that serves each row, -1 where it is held.

    Notes
    -----
    A sweep over the pairs of the served rows finds the best offer for each cell; the offers found so far are then
    followed to the end before the next sweep (policy iteration: Howard, 1960), so that a few sweeps are enough.
    """
    served = np.flatnonzero(pair >= 0)
    served = served[np.argsort(network.cell_of[pair[served]], kind="stable")]
    first = np.searchsorted(network.cell_of[pair[served]], np.arange(len(network.owner) + 1))
    price = network.last_cost(network.load(pair))[network.owner]
    moved = np.flatnonzero(np.diff(first))
    held, _ = ragged(network.start[:-1][pair < 0], network.degree[pair < 0])
    np.maximum.at(price, network.cell_of[held], network.worth[held])
    links = _Links(network, pair) if network.has_groups else None
    if links is not None:
        links.settle(price)
    offers = _Offers(network, pair)
    for _ in range(len(network.owner) + 2):
        position, _ = ragged(first[moved], first[moved + 1] - first[moved])
        rows = served[position]
        gain = network.worth[pair[rows]] - price[network.cell_of[pair[rows]]]
        if gain.min(initial=0) < 0:
            return None
        entries, owner = ragged(network.start[rows], network.start[rows + 1] - network.start[rows])
        offered = network.worth[entries] - gain[owner]
        higher = np.flatnonzero(offered > price[network.cell_of[entries]])
        if not len(higher):
            return _finished(network, pair, price) if _leaves_no_bargain(network, pair, price) else None
        before = price.copy()
        np.maximum.at(price, network.cell_of[entries[higher]], offered[higher])
        best = higher[offered[higher] == price[network.cell_of[entries[higher]]]]
        if not offers.follow(price, entries[best], rows[owner[best]], links):
            return None
        moved = np.flatnonzero(price > before)
    return None


class _Offers:
    """The best offers found so far: a few pairs through which prices are passed on until they rest."""

    def __init__(self, network: Network, pair: Ints) -> None:
        self.network, self.pair = network, pair
        self.target = self.source = np.zeros(0, np.int64)
        self.extra = np.zeros(0, np.int64)

    def follow(self, price: Ints, entries: Ints, rows: Ints, links: _Links | None) -> bool:
        """Add offers and raise prices until no offer is higher; say whether they came to rest."""
        network, own = self.network, self.pair[rows]
        self.target = np.append(self.target, network.cell_of[entries])
        self.source = np.append(self.source, network.cell_of[own])
        self.extra = np.append(self.extra, network.worth[entries] - network.worth[own])
        if links is not None:
            links.settle(price)
        for _ in range(len(price) + 2):
            offered = price[self.source] + self.extra
            higher = offered > price[self.target]
            if not higher.any():
                return True
            np.maximum.at(price, self.target[higher], offered[higher])
            if links is not None:
                links.settle(price)
        return False


class _Links:
    """How prices pass between an agent and the cells of its groups."""

    def __init__(self, network: Network, pair: Ints) -> None:
        load = network.cell_load(pair)[network.agents :]
        self.agents = network.agents
        self.owner = network.owner[network.agents :]
        self.open = load < network.cell_capacity[network.agents :]
        self.used = load > 0

    def settle(self, price: Ints) -> None:
        """Raise an agent to the price of its open cells, and its used cells to the price of the agent."""
        cells = price[self.agents :]
        np.maximum.at(price, self.owner[self.open], cells[self.open])
        follow = self.used | self.open
        cells[follow] = np.maximum(cells[follow], price[self.owner[follow]])


def _leaves_no_bargain(network: Network, pair: Ints, price: Ints) -> bool:
    """Say whether no agent has a unit left that costs less than the price somebody would pay."""
    load = network.load(pair)
    return not ((load < network.capacity) & (price[: network.agents] > network.next_cost(load))).any()


def _finished(network: Network, pair: Ints, price: Ints) -> Duals:
    price[network.agents :] = np.maximum(price[network.agents :], price[network.owner[network.agents :]])
    gain = np.zeros(network.rows, np.int64)
    served = pair >= 0
    gain[served] = network.worth[pair[served]] - price[network.cell_of[pair[served]]]
    return Duals(gain, price)


def dual_total(network: Network, duals: Duals) -> int:
    """Return the dual objective: no matching is worth more when the prices are feasible."""
    own, cells = duals.price[: network.agents], duals.price[network.agents :]
    if network.unit_cost is None:
        earned = int((np.maximum(own, 0) * network.capacity).sum())
    else:
        units = np.arange(network.unit_cost.shape[1]) < network.capacity[:, None]
        earned = int((np.maximum(own[:, None] - network.unit_cost, 0) * units).sum())
    over = cells - own[network.owner[network.agents :]]
    return int(duals.gain.sum()) + earned + int((over * network.cell_capacity[network.agents :]).sum())
