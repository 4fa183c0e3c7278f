"""Prices of a best matching: what one more unit of an agent, or one conversation less, would change.

Among all optimal dual prices these are the smallest for the agents. The price of a cell is then the longest path to
it in the residual network, found by label correction from below (Bellman, 1958; Ford, 1956). If a path keeps growing,
the matching was not optimal, so the search is also a check of the engine that found it.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.solvers.network import Network, blocks, ragged

__all__ = ["Duals", "dual_total", "smallest_prices"]

Ints = NDArray[np.int64]

#: Pairs of each row that are followed after a sweep, about; and how many pairs are looked at to say what is near.
NEAR, SAMPLE = 12, 4_000


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
    A sweep over the pairs of the served rows finds which of them offer more than a price, and which come near; prices
    are then raised along these few until they rest, before the next sweep. Few sweeps are enough.
    """
    served = np.flatnonzero(pair >= 0)
    price = network.last_cost(network.load(pair))[network.owner]
    held, _ = ragged(network.start[:-1][pair < 0], network.degree[pair < 0])
    np.maximum.at(price, network.cell_of[held], network.worth[held])
    links = _Links(network, pair) if network.has_groups else None
    if links is not None:
        links.settle(price)
    offers = _Offers(network, pair, served)
    for _ in range(len(network.owner) + 2):
        found = offers.sweep(price)
        if found is None:
            return None
        if not len(found):
            return _finished(network, pair, price) if _leaves_no_bargain(network, pair, price) else None
        if not offers.follow(price, found, links):
            return None
    return None


class _Offers:
    """What the served rows would pay elsewhere, with all their pairs one after the other."""

    def __init__(self, network: Network, pair: Ints, served: Ints) -> None:
        self.degree = network.degree[served]
        self.own, self.own_worth = network.cell_of[pair[served]], network.worth[pair[served]]
        self.cell, self.worth = network.cell_of, network.worth
        if int(self.degree.sum()) < len(self.worth):
            pairs, _ = ragged(network.start[served], self.degree)
            self.cell, self.worth = self.cell[pairs], self.worth[pairs]
        self.start = np.concatenate([[0], np.cumsum(self.degree)])

    def sweep(self, price: Ints) -> Ints | None:
        """Return the pairs that offer more than a price, together with those that come near; none at the end.

        None instead when a row pays more for its own place than it is worth.
        """
        gain = self.own_worth - price[self.own]
        if gain.min(initial=0) < 0:
            return None
        near = self._near(price, gain)
        found, any_higher = [np.zeros(0, np.int64)], False
        for rows, pairs in blocks(self.start):
            cells, offered = self.cell[pairs], self.worth[pairs] - np.repeat(gain[rows], self.degree[rows])
            slack = price[cells] - offered
            close = np.flatnonzero(slack < near)
            higher = close[slack[close] < 0]
            if len(higher):
                any_higher = True
                np.maximum.at(price, cells[higher], offered[higher])
            if not near:
                close = higher[offered[higher] == price[cells[higher]]]
            found.append(close + pairs.start)
        return np.concatenate(found) if any_higher else found[0]

    def _near(self, price: Ints, gain: Ints) -> int:
        """Return a distance from tight within which each row has about `NEAR` pairs."""
        sample = np.arange(0, len(self.worth), len(self.worth) // SAMPLE + 1)
        if not len(sample):
            return 0
        rows = np.searchsorted(self.start, sample, side="right") - 1
        slack = price[self.cell[sample]] + gain[rows] - self.worth[sample]
        wanted = min(NEAR * len(sample) * len(self.degree) // len(self.worth), len(sample) - 1)
        return max(int(np.partition(slack, wanted)[wanted]), 0)

    def follow(self, price: Ints, entries: Ints, links: _Links | None) -> bool:
        """Raise prices along the given pairs until none offers more; say whether they came to rest.

        The best offers found so far are followed to the end before the others are looked at again.
        """
        rows = np.searchsorted(self.start, entries, side="right") - 1
        target, source, extra = self.cell[entries], self.own[rows], self.worth[entries] - self.own_worth[rows]
        best = np.zeros(0, np.int64)
        if links is not None:
            links.settle(price)
        for _ in range(len(price) + 2):
            higher = _raise(price, target, source, extra)
            if not len(higher):
                return True
            best = np.union1d(best, higher[price[source[higher]] + extra[higher] >= price[target[higher]]])
            if links is not None:
                links.settle(price)
            if not _rest(price, target[best], source[best], extra[best], links):
                return False
        return False


def _raise(price: Ints, target: NDArray[np.integer], source: NDArray[np.integer], extra: Ints) -> Ints:
    """Raise prices to the best offers; return which offers were higher."""
    offered = price[source] + extra
    higher = np.flatnonzero(offered > price[target])
    np.maximum.at(price, target[higher], offered[higher])
    return higher


def _rest(
    price: Ints, target: NDArray[np.integer], source: NDArray[np.integer], extra: Ints, links: _Links | None
) -> bool:
    """Follow a few offers to the end; say whether prices came to rest."""
    for _ in range(len(price) + 2):
        if not len(_raise(price, target, source, extra)):
            return True
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
