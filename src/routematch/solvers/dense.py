"""Solve a small problem as a dense assignment of rows to units, by scipy's Hungarian method.

Each agent becomes one column per unit it can use, each pair the worth of that unit (worth minus unit cost), and every
other entry zero, which stands for holding; so no padding is needed. The method is the shortest augmenting path variant
of Crouse (2016), "On implementing 2D rectangular assignment algorithms", of the method of Kuhn (1955).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routematch.solvers.network import Network, ragged

__all__ = ["solve_dense", "unit_columns"]

Ints = NDArray[np.int64]


def unit_columns(network: Network) -> tuple[Ints, Ints]:
    """Return the first unit column of each cell (one entry more than cells), and how many each has.

    An agent never uses more units than it has usable pairs; the cell of a group never more than its agent.
    """
    units = np.minimum(network.capacity, np.bincount(network.agent_of, minlength=network.agents))
    if network.has_groups:
        inner = np.minimum(network.cell_capacity, np.bincount(network.cell_of, minlength=len(network.owner)))
        units = np.concatenate([units, np.minimum(inner, units[network.owner])[network.agents :]])
    return np.concatenate([[0], np.cumsum(units)]), units


def solve_dense(network: Network) -> Ints:
    """Return the pair that serves each row, -1 where it is held. Takes no group caps.

    Time grows with the cube of the smaller side, memory with rows times units.
    """
    from scipy.optimize import linear_sum_assignment

    first, units = unit_columns(network)
    rows = np.flatnonzero(network.degree)
    matrix = _matrix(network, rows, first, units)
    row, unit = linear_sum_assignment(matrix, maximize=True)
    is_used = matrix[row, unit] > 0
    served, unit = rows[row[is_used]], unit[is_used]
    pair = np.full(network.rows, -1)
    pair[served] = network.pairs_of(served, np.searchsorted(first, unit, side="right") - 1)
    return pair


def _matrix(network: Network, rows: Ints, first: Ints, units: Ints) -> NDArray[np.float64]:
    """Return what each row is worth in each unit; 0 where it is held."""
    if network.unit_cost is None and len(network.worth) == len(rows) * network.agents and (units == 1).all():
        return network.worth.astype(np.float64).reshape(len(rows), network.agents)
    place = np.zeros(network.rows, np.int64)
    place[rows] = np.arange(len(rows))
    pairs, column, net = _unit_pairs(network, first, units)
    useful = net > 0
    matrix = np.zeros((len(rows), int(first[-1])))
    matrix[place[network.row_of(pairs[useful])], column[useful]] = net[useful]
    return matrix


def _unit_pairs(network: Network, first: Ints, units: Ints) -> tuple[Ints, Ints, Ints]:
    """Return every pair once per unit of its agent: number of the pair, column of the unit, worth minus unit cost."""
    column, pairs = ragged(first[network.agent_of], units[network.agent_of])
    net = network.worth[pairs]
    if network.unit_cost is not None:
        agents = network.agent_of[pairs]
        net = net - network.unit_cost[agents, column - first[agents]]
    return pairs, column, net
