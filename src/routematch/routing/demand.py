"""What conversations cost and what agents have left: the capacity side of a matching, in tie order."""

from __future__ import annotations

from copy import copy

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.policies import Policy
from routematch.solvers import SparseRows
from routematch.state import Candidates, Problem

__all__ = ["MOST_CHARGES", "Demand", "Graph", "channels_of", "matrix_of"]

Ints = NDArray[np.int64]

#: Largest table of spreading charges, in entries; beyond it (a bot of thousands of slots) nothing is charged.
MOST_CHARGES = 4_000_000
#: More thousandths of a unit than anybody has.
_DEAR = 2**40


@frozen(eq=False)
class Graph:
    """The pairs that are open in one tier: compressed rows over conversations, columns in tie order.

    `row` and `column` name the pairs that are eligible; `data` holds minus infinity for all others.
    """

    starts: Ints
    columns: NDArray[np.int32]
    data: NDArray[np.float64]
    row: NDArray[np.intp]
    column: NDArray[np.int32]

    def count(self, agents: int, rows: NDArray[np.intp] | None = None) -> Ints:
        """Return how many eligible pairs each column has, of all rows or of some, shape (A,)."""
        if rows is None:
            return np.bincount(self.column, minlength=agents)
        first, last = np.searchsorted(self.row, rows), np.searchsorted(self.row, rows, side="right")
        spans = [self.column[start:stop] for start, stop in zip(first.tolist(), last.tolist(), strict=True)]
        return np.bincount(np.concatenate(spans), minlength=agents) if spans else np.zeros(agents, np.int64)


class Demand:
    """What conversations cost and what agents have left, in tie order; shrinks as tiers are placed."""

    def __init__(self, problem: Problem, policy: Policy, candidates: Candidates) -> None:
        roster, order = problem.roster, candidates.order
        self.agents = len(roster)
        self.policy = policy
        self.free = roster.free[order]
        self.open = roster.count[order].copy() if policy.spread == "load" else np.zeros(self.agents)
        self.weight = roster.weight[order]
        self.channels, self.channel_of = channels_of(problem)
        self.cost = np.array([roster.cost(channel)[order] for channel in self.channels], np.int64).reshape(
            len(self.channels), self.agents
        )
        self.priority = np.unique(problem.backlog.priority, return_inverse=True)[1] if policy.strict_priority else None
        self.carries = _carriers(problem)
        self.room = {name: roster.room_under_cap(name)[order] for name in self.carries}

    def take(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> None:
        """Note who took what."""
        np.subtract.at(self.free, columns, self.cost[self.channel_of[rows], columns])
        np.add.at(self.open, columns, 1.0)
        for name, carriers in self.carries.items():
            limited = np.isin(rows, carriers) & (self.room[name][columns] >= 0)
            np.subtract.at(self.room[name], columns[limited], 1)

    def copy(self) -> Demand:
        """Return a copy that shrinks on its own."""
        other = copy(self)
        other.free, other.open = self.free.copy(), self.open.copy()
        other.room = {name: room.copy() for name, room in self.room.items()}
        return other

    def charge_of(self, columns: NDArray[np.intp]) -> float:
        """Return what these further conversations would be charged, in policy units."""
        given = np.bincount(columns, minlength=self.agents)
        charges = self.charges(int(given.max(initial=1)))
        return 0.0 if charges is None else float(charges[np.arange(charges.shape[1]) < given[:, None]].sum())

    def wanted(self, graph: Graph) -> Ints:
        """Return how many eligible pairs each column has on each channel, shape (channels, A)."""
        if len(self.channels) == 1:
            return graph.count(self.agents)[None, :]
        flat = self.channel_of[graph.row] * self.agents + graph.column
        return np.bincount(flat, minlength=self.cost.size).reshape(self.cost.shape)

    def slots(self, graph: Graph, degree: Ints) -> Ints | None:
        """Return how many conversations each agent can take, shape (A,); None where costs are mixed."""
        wanted = self.wanted(graph)
        cost = np.where(wanted > 0, self.cost, -1).max(axis=0, initial=-1)
        differs = ((wanted > 0) & (self.cost != cost)).any(axis=0)
        fits_all = (wanted * self.cost).sum(axis=0) <= self.free
        if (differs & ~fits_all).any():
            return None
        return np.where(fits_all | (cost <= 0), degree, np.minimum(self.free // np.maximum(cost, 1), degree))

    def charges(self, width: int) -> NDArray[np.float64] | None:
        """Return the cost of each agent's first, second, ... further conversation, shape (A, width)."""
        if self.policy.spread == "none" or self.agents * width > MOST_CHARGES:
            return None
        further = self.open[:, None] + np.arange(1, width + 1)
        return self.policy.resolution * np.rint(further / self.weight[:, None])

    def largest_charge(self, graphs: list[Graph]) -> float:
        """Return the most that an agent's last possible conversation is charged; hold is lowered by it."""
        if self.policy.spread == "none" or not self.agents:
            return 0.0
        slots = self._most(np.sum([self.wanted(graph) for graph in graphs], axis=0))
        charge = np.where(slots > 0, np.rint((self.open + slots) / self.weight), 0.0)
        return float(self.policy.resolution * charge.max(initial=0.0))

    def most(self, graph: Graph) -> Ints:
        """Return an upper limit on how many conversations each agent can take, shape (A,)."""
        return self._most(self.wanted(graph))

    def _most(self, wanted: Ints) -> Ints:
        # Channels that nobody wants of an agent say nothing about it: what cannot be routed must not touch the others.
        degree = wanted.sum(axis=0)
        cheapest = np.where(wanted > 0, self.cost, _DEAR).min(axis=0, initial=_DEAR)
        most: Ints = np.where(cheapest > 0, np.minimum(self.free // np.maximum(cheapest, 1), degree), degree)
        return most


def channels_of(problem: Problem) -> tuple[list[str], NDArray[np.intp]]:
    """Return the distinct channels of the backlog and the number of each conversation's, shape (C,)."""
    numbers: dict[str, int] = {}
    of_class = [numbers.setdefault(request.channel, len(numbers)) for request in problem.backlog.classes]
    return list(numbers), np.array(of_class, np.intp)[problem.backlog.class_of]


def _carriers(problem: Problem) -> dict[str, NDArray[np.intp]]:
    """Return, for each capped channel or label that waits, the conversations that carry it, ascending."""
    capped = problem.roster.capped_names
    of_class = [capped.intersection((request.channel, *request.labels)) for request in problem.backlog.classes]
    carriers: dict[str, list[int]] = {}
    for row, number in enumerate(problem.backlog.class_of.tolist()):
        for name in of_class[number]:
            carriers.setdefault(name, []).append(row)
    return {name: np.array(carriers[name], np.intp) for name in sorted(carriers)}


def matrix_of(graph: Graph, agents: int) -> SparseRows:
    """Return the values of a graph as a sparse matrix; scipy is loaded on first use."""
    from scipy.sparse import csr_array

    rows: SparseRows = csr_array((graph.data, graph.columns, graph.starts), shape=(len(graph.starts) - 1, agents))
    return rows
