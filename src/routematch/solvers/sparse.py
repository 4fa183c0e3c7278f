"""Solve a sparse problem by scipy's sparse assignment, for problems in which units are scarce.

scipy's solver is LAPJVsp of Jonker and Volgenant (1987), "A shortest augmenting path algorithm for dense and sparse
linear assignment problems". It wants a full matching of its rows, drops explicit zeros and minimises: so every row gets
a private hold column, and every entry becomes the distance from the largest worth, plus one. It takes time for every
row times every column, so when rows outnumber units by far, units and rows change places.
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
    """Return the pair that serves each row, -1 where it is held. Takes no group caps.

    Time grows with rows times (units + rows), or units times (units + rows) in a rush, plus pairs times capacity.
    """
    first, units = unit_columns(network)
    pairs = np.flatnonzero((network.worth > network.floor()[network.agent_of]) & (units[network.agent_of] > 0))
    row_of, agents = network.row_of(pairs), network.agent_of[pairs]
    rows, compact = np.unique(row_of, return_inverse=True)
    if not len(rows):
        return np.full(network.rows, -1)
    expand = units[agents]
    column, owner = ragged(first[agents], expand)
    net = network.worth[pairs][owner]
    if network.unit_cost is not None:
        net -= network.unit_cost[agents[owner], column - first[agents[owner]]]
    tail = compact[owner]
    if len(rows) > RUSH * first[-1]:
        order = np.argsort(column, kind="stable")
        unit, mate = _assign(column[order], tail[order], net[order], (int(first[-1]), len(rows)))
    else:
        mate, unit = _assign(tail, column, net, (len(rows), int(first[-1])))
    served = rows[mate]
    pair = np.full(network.rows, -1)
    pair[served] = network.pairs_of(served, np.searchsorted(first, unit, side="right") - 1)
    return pair


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
