"""Solve a problem of few kinds as a transportation problem between classes of rows and classes of agents.

How many rows of each class go to each class of agents is a flow with few nodes (Hitchcock, 1941, "The distribution of
a product from several sources to numerous localities"). Of a class the rows with the greatest lift are served first,
and of agents that are alike the cheapest units are used first, so both sides are steps that only get worse: a linear
program, whose corners are whole (Dantzig, 1951, "Application of the simplex method to a transportation problem").
scipy's HiGHS finds a corner; then the flow is spread over rows and agents again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routematch.solvers.classes import Classes, find_classes
from routematch.solvers.network import Network, ragged

__all__ = ["solve_classes"]

Ints = NDArray[np.int64]

#: Pairs of classes beyond which other engines are faster than a linear program.
MOST_PAIRS = 50_000

#: Simplex steps per constraint after which the linear program is given up; it needs about one.
STEPS = 50


def solve_classes(network: Network) -> Ints | None:
    """Return the pair that serves each row, -1 where it is held; None when there are too many classes.

    Takes no group caps. Time for the linear program depends on the classes alone, the rest on the pairs.
    """
    classes = find_classes(network)
    if len(classes.tail) > MOST_PAIRS:
        return None
    units = _Units(network, classes)
    flow = _best_flow(classes, units)
    return None if flow is None or not _fits(classes, units, flow) else _spread(network, classes, units, flow)


class _Units:
    """The units that agents of each class have, the cheapest first: agent, cost and class of each."""

    def __init__(self, network: Network, classes: Classes) -> None:
        agents = np.flatnonzero(classes.agent_class >= 0)
        number, owner = ragged(np.zeros(len(agents), np.int64), network.capacity[agents])
        self.agent = agents[owner]
        self.cost = np.zeros(len(owner), np.int64)
        if network.unit_cost is not None:
            self.cost = network.unit_cost[self.agent, number]
        self.kind = classes.agent_class[self.agent]
        order = np.lexsort((self.agent, self.cost, self.kind))
        self.agent, self.cost, self.kind = self.agent[order], self.cost[order], self.kind[order]


def _best_flow(classes: Classes, units: _Units) -> Ints | None:
    """Return how many rows flow through each pair of classes."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    row_class, lift, supply = _steps(classes.row_class, -classes.lift)
    agent_class, cost, room = _steps(units.kind, units.cost)
    pairs, supplies, rooms = len(classes.tail), len(supply), len(room)
    kinds = int(classes.row_class.max()) + 1
    nodes = kinds + int(classes.agent_class.max()) + 1
    node = np.concatenate([classes.tail, kinds + classes.head, row_class, kinds + agent_class])
    variable = np.concatenate([np.tile(np.arange(pairs), 2), pairs + np.arange(supplies + rooms)])
    sign = np.concatenate([np.ones(2 * pairs), np.full(supplies + rooms, -1.0)])
    found = linprog(
        np.concatenate([-classes.worth, lift, cost]).astype(np.float64),
        A_eq=coo_array((sign, (node, variable)), shape=(nodes, pairs + supplies + rooms)).tocsc(),
        b_eq=np.zeros(nodes),
        bounds=np.stack([np.zeros(len(variable) - pairs), np.concatenate([np.full(pairs, np.inf), supply, room])], 1),
        method="highs-ds",
        options={"maxiter": STEPS * (nodes + 100)},
    )
    return None if found.x is None or found.status else np.rint(found.x[:pairs]).astype(np.int64)


def _steps(kind: Ints, cost: Ints) -> tuple[Ints, Ints, Ints]:
    """Return kind, cost and number of the things that have both in common."""
    order = np.lexsort((cost, kind))
    kind, cost = kind[order], cost[order]
    first = np.ones(len(kind), np.bool_)
    first[1:] = (kind[1:] != kind[:-1]) | (cost[1:] != cost[:-1])
    begin = np.flatnonzero(first)
    return kind[begin], cost[begin], np.diff(begin, append=len(kind))


def _fits(classes: Classes, units: _Units, flow: Ints) -> bool:
    """Say whether a flow, whole numbers again, asks no class for more than it has."""
    rows, places = np.bincount(classes.row_class), np.bincount(units.kind, minlength=int(classes.head.max()) + 1)
    sent = np.bincount(classes.tail, flow, minlength=len(rows))
    taken = np.bincount(classes.head, flow, minlength=len(places))
    return bool(flow.min() >= 0 and (sent <= rows).all() and (taken <= places).all())


def _spread(network: Network, classes: Classes, units: _Units, flow: Ints) -> Ints:
    """Give rows of each class, the greatest lift first, and the cheapest units of agents to the flow."""
    by_lift = np.lexsort((classes.rows, -classes.lift, classes.row_class))
    served = _leading(classes.row_class[by_lift], np.bincount(classes.tail, flow).astype(np.int64))
    position = np.sort(by_lift[served])
    position = position[np.argsort(classes.row_class[position], kind="stable")]
    order = np.lexsort((classes.head, classes.tail))
    kind = np.repeat(classes.head[order], flow[order])
    used = _leading(units.kind, np.bincount(classes.head, flow).astype(np.int64))
    agents = units.agent[used][np.lexsort((units.agent[used], units.kind[used]))]
    rows = classes.rows[position[np.argsort(kind, kind="stable")]]
    pair = np.full(network.rows, -1)
    pair[rows] = network.pairs_of(rows, agents)
    return pair


def _leading(kind: Ints, count: Ints) -> Ints:
    """Return the places of the first so many of each kind; kinds are sorted."""
    rank = np.arange(len(kind)) - np.searchsorted(kind, kind)
    return np.flatnonzero(rank < count[kind])
