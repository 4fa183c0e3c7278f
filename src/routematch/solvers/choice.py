"""Which engine suits a problem: by its size, and by how many rows compete for how many units.

The numbers are measured by ``benchmarks/matching.py``; a wrong choice costs time, never the answer.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from routematch.solvers.classes import are_of_few_kinds
from routematch.solvers.dense import unit_columns
from routematch.solvers.network import Network
from routematch.solvers.sparse import RUSH

__all__ = ["Choice", "choose"]

#: Up to this many entries (rows times units) a dense matrix is the fastest.
DENSE_ENTRIES = 20_000

#: From this load (rows with a pair, per unit) on, chains grow long where few pairs are usable.
SCARCE = 0.65

#: A matrix is full when this share of it is usable; then the dense engine takes over up to so many entries.
FULL, MOST_DENSE_ENTRIES = 0.25, 30_000_000

#: Kinds are looked for where an agent's units are not beyond all need: so many for each row, at most.
MOST_UNITS = 20

#: Time that placing a row by chains takes where units are scarce, in nanoseconds.
CHAIN = 250_000

#: Time of one step of the chains, of one cell of scipy's sparse solver, and of one entry of a matrix, in nanoseconds.
STEP, CELL, ENTRY = 350, 5, 100


class Choice(NamedTuple):
    """An engine; for the chains also the steps after which another engine would be faster, and which one."""

    method: str
    limit: int | None = None
    otherwise: str = "sparse"


def choose(network: Network, *, has_kinds: bool = True) -> Choice:
    """Choose the engine for a problem with at least one usable pair and one unit.

    Parameters
    ----------
    network : Network
    has_kinds : bool
        False where rows and agents were found not to fall into few kinds.
    """
    if not network.is_exact_in_floats:
        return Choice("chains")
    units = unit_columns(network)[1][: network.agents]
    total = int(units.sum())
    rows = int(np.count_nonzero(network.degree))
    entries = int(units[network.agent_of].sum())
    searching = total if rows > RUSH * total else rows
    sparse_time = CELL * searching * (rows + total) + ENTRY * entries
    if network.has_groups:
        return Choice("chains", sparse_time // ((2 if rows <= SCARCE * total else 7) * STEP) + 10_000)
    if rows * total <= DENSE_ENTRIES:
        return Choice("hungarian")
    if has_kinds and total <= MOST_UNITS * rows and are_of_few_kinds(network):
        return Choice("classes", sparse_time // STEP)
    if FULL * rows * total < entries and rows * total <= MOST_DENSE_ENTRIES:
        is_scarce = rows > SCARCE * total
        return Choice("hungarian") if is_scarce else Choice("chains", ENTRY * rows * total // STEP, "hungarian")
    if rows <= SCARCE * total:
        return Choice("chains", sparse_time // (2 * STEP) + 10_000)
    # Even there chains may be short, as where few pairs are usable: a seventh of the time is spent on finding out.
    return Choice("chains", sparse_time // (STEP if sparse_time > CHAIN * rows else 7 * STEP))
