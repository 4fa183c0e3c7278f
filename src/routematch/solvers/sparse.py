"""Solve a sparse problem by scipy's sparse assignment, every row having a private column in which it is held.

scipy's solver is LAPJVsp of Jonker and Volgenant (1987), "A shortest augmenting path algorithm for dense and sparse
linear assignment problems". It wants a full matching of the rows, drops explicit zeros and minimises: so each row gets
a hold column, and every entry becomes the distance from the largest worth, plus one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routematch.solvers.dense import unit_columns, unit_pairs
from routematch.solvers.network import Network

__all__ = ["solve_sparse"]

Ints = NDArray[np.int64]


def solve_sparse(network: Network) -> Ints:
    """Return the pair that serves each row, -1 where it is held. Takes no group caps.

    Time grows with rows times (units + rows), whatever the number of pairs, plus the pairs.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    first, units = unit_columns(network)
    pairs, column, net = unit_pairs(network, first, units)
    useful = net > 0
    pairs, column, net = pairs[useful], column[useful], net[useful]
    row_of = network.row_of(pairs)
    rows, compact = np.unique(row_of, return_inverse=True)
    columns, packed = np.unique(column, return_inverse=True)
    count = np.bincount(compact, minlength=len(rows))
    ends = np.cumsum(count + 1)
    hold_entry = ends - 1
    indices = np.empty(len(pairs) + len(rows), np.int32)
    data = np.empty(len(indices))
    source = np.full(len(indices), -1, np.int64)
    is_pair = np.ones(len(indices), np.bool_)
    is_pair[hold_entry] = False
    indices[is_pair], indices[hold_entry] = packed, len(columns) + np.arange(len(rows))
    largest = net.max(initial=0)
    data[is_pair], data[hold_entry] = largest - net + 1, largest + 1
    source[is_pair] = pairs
    pointers = np.concatenate([[0], ends])
    graph = csr_array((data, indices, pointers), shape=(len(rows), len(columns) + len(rows)))
    _, chosen = min_weight_full_bipartite_matching(graph)
    entry_row = np.repeat(np.arange(len(rows)), count + 1)
    taken = chosen[entry_row] == indices
    pair = np.full(network.rows, -1, np.int64)
    pair[rows] = source[taken]
    return pair
