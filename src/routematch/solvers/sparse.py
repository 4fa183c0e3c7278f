"""Solve a sparse problem by scipy's sparse assignment, for problems in which units are scarce.

scipy's solver is LAPJVsp of Jonker and Volgenant (1987), "A shortest augmenting path algorithm for dense and sparse
linear assignment problems". It wants a full matching of its rows, drops explicit zeros and minimises: so every row gets
a private hold column, and every entry becomes the distance from the largest worth, plus one. It takes time for every
row times every column, so when rows outnumber units by far, units and rows change places.

A place in the cell of a group is a column for the rows of that group, and at the same time a row of its own, a
*passage*: whoever fills the place makes the passage take a unit of the agent; else it takes its own column. That a
passage is never left alone outweighs everything else (Orden, 1956, "The transhipment problem").
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routematch.solvers.dense import unit_columns
from routematch.solvers.network import Network, ragged

__all__ = ["RUSH", "solve_sparse"]

Ints = NDArray[np.int64]

#: Rows per unit from which on the units look for rows.
RUSH = 2.0


def solve_sparse(network: Network) -> Ints:
    """Return the pair that serves each row, -1 where it is held.

    Time grows with rows times (units + rows), or units times (units + rows) in a rush, plus pairs times capacity. Every
    place in the cell of a group counts as a row and as a unit.
    """
    first, units = unit_columns(network)
    usable = network.worth > (0 if network.unit_cost is None else network.floor()[network.agent_of])
    if units.min(initial=1) == 0:
        usable &= units[network.cell_of] > 0
    rows, tail, cells, worth = _in_rows(network, usable)
    if not len(rows):
        return np.full(network.rows, -1)
    if units.max() > 1:
        column, owner = ragged(first[cells], units[cells])
        tail, cells, worth = tail[owner], cells[owner], worth[owner]
    else:
        column = first[cells]
    net, size = worth - _unit_cost(network, cells, column, first), len(rows)
    if network.has_groups:
        passage, through, weight = _passages(network, first, units)
        tail = np.concatenate([tail, size + passage])
        column, net = np.concatenate([column, through]), np.concatenate([net, weight])
        size += int(first[-1] - first[network.agents])
    mate, column = _assign_shorter_side(tail, column, net, (size, int(first[-1])))
    real = mate < len(rows)
    served, entered = rows[mate[real]], np.searchsorted(first, column[real], side="right") - 1
    pair = np.full(network.rows, -1)
    pair[served] = network.pairs_of(served, network.owner[entered])
    return pair


def _in_rows(network: Network, usable: NDArray[np.bool_]) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the rows that have a usable pair, and for each such pair the place of its row there, cell and worth."""
    row_of = np.repeat(np.arange(network.rows), network.degree)[usable]
    has_pair = np.zeros(network.rows, np.bool_)
    has_pair[row_of] = True
    place = np.cumsum(has_pair) - 1
    return np.flatnonzero(has_pair), place[row_of], network.cell_of[usable].astype(np.int64), network.worth[usable]


def _unit_cost(network: Network, cells: Ints, column: Ints, first: Ints) -> Ints:
    """Return what the unit in each column costs; a place in the cell of a group costs nothing."""
    cost = np.zeros(len(column), np.int64)
    if network.unit_cost is not None:
        own = cells < network.agents
        cost[own] = network.unit_cost[cells[own], (column - first[cells])[own]]
    return cost


def _passages(network: Network, first: Ints, units: Ints) -> tuple[Ints, Ints, Ints]:
    """Return passage, column and weight of every way a passage may go: to its own column, or to a unit of its agent."""
    inner = np.arange(network.agents, len(network.owner))
    agents = np.repeat(network.owner[inner], units[inner])
    own = np.arange(len(agents))
    column, owner = ragged(first[agents], units[agents])
    cost = _unit_cost(network, agents[owner], column, first)
    outweighs = int(network.worth.max(initial=0)) + int(np.abs(cost).max(initial=0)) + 1
    passage = np.concatenate([own, owner])
    through = np.concatenate([first[network.agents] + own, column])
    weight = np.concatenate([np.full(len(own), outweighs), outweighs - cost])
    order = np.argsort(passage, kind="stable")
    return passage[order], through[order], weight[order]


def _assign_shorter_side(row: Ints, column: Ints, net: Ints, shape: tuple[int, int]) -> tuple[Ints, Ints]:
    """Match rows with columns, searching from the columns when rows outnumber them by far."""
    if shape[0] <= RUSH * shape[1]:
        return _assign(row, column, net, shape)
    order = np.argsort(column, kind="stable")
    unit, mate = _assign(column[order], row[order], net[order], (shape[1], shape[0]))
    return mate, unit


def _assign(row: Ints, column: Ints, net: Ints, shape: tuple[int, int]) -> tuple[Ints, Ints]:
    """Match rows with columns for the greatest total of `net`; rows ascending, a row may stay alone.

    Returns
    -------
    tuple of ndarray
        Rows and columns of the matched entries.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    useful = net > 0
    if not useful.all():
        row, column, net = row[useful], column[useful], net[useful]
    used = np.bincount(column, minlength=shape[1]) > 0
    packed = np.cumsum(used) - 1
    columns = int(packed[-1]) + 1
    ends = np.cumsum(np.bincount(row, minlength=shape[0]) + 1)
    entries = np.arange(len(row)) + row
    largest = int(net.max(initial=0))
    indices = np.empty(int(ends[-1]), np.int32)
    data = np.empty(len(indices))
    indices[entries], data[entries] = packed[column], (largest + 1) - net
    indices[ends - 1], data[ends - 1] = columns + np.arange(shape[0]), largest + 1
    graph = csr_array((data, indices, np.concatenate([[0], ends])), shape=(shape[0], columns + shape[0]))
    chosen = min_weight_full_bipartite_matching(graph)[1]
    matched = np.flatnonzero(chosen < columns)
    return matched, np.flatnonzero(used)[chosen[matched]]
