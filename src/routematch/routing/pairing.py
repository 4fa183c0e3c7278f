"""From values and free capacity to a proven matching.

Where all conversations an agent could take cost it the same, and none is counted by two caps that can bind, capacity
is a count and the matching an assignment problem, solved exactly. Otherwise costs are mixed, and an integer program
with its own bound takes over.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.policies import Policy
from routematch.routing.weighing import Weighed
from routematch.solvers import AssignmentProblem, Matching, SparseRows, solve
from routematch.state import THOUSANDTHS, Candidates, Problem

__all__ = ["Paired", "pair"]

Ints = NDArray[np.int64]
#: More thousandths of a unit than anybody has.
_DEAR = 2**40


@frozen(eq=False)
class Paired:
    """Who got what, by roster position, with bound and prices.

    Attributes
    ----------
    agent_of, tier_of : ndarray of intp, shape (C,)
        -1 where held.
    hold : ndarray of float64, shape (C,)
        As the solver saw it: lowered by the largest spreading charge.
    conversation_price, agent_price : ndarray of float64, shape (C,) and (A,)
    worth, bound : float
    is_optimal : bool
    method : str
    solved : (AssignmentProblem, Matching) or None
        As in `Trace`.
    """

    agent_of: NDArray[np.intp]
    tier_of: NDArray[np.intp]
    hold: NDArray[np.float64]
    conversation_price: NDArray[np.float64]
    agent_price: NDArray[np.float64]
    worth: float
    bound: float
    is_optimal: bool
    method: str
    solved: tuple[AssignmentProblem, Matching] | None


@frozen(eq=False)
class _Graph:
    """The pairs that are open in one tier: compressed rows over conversations, columns in tie order.

    `row` and `column` name the pairs that are eligible; `data` holds minus infinity for all others.
    """

    starts: Ints
    columns: NDArray[np.int32]
    data: NDArray[np.float64]
    row: NDArray[np.intp]
    column: NDArray[np.int32]

    def count(self, agents: int, rows: NDArray[np.bool_] | None = None) -> Ints:
        """Return how many eligible pairs each column has, of all rows or of some, shape (A,)."""
        chosen = self.column if rows is None else self.column[rows[self.row]]
        return np.bincount(chosen, minlength=agents)


def pair(
    problem: Problem, policy: Policy, candidates: Candidates, weighed: Weighed, *, limit: int | None = None
) -> Paired:
    """Match conversations with free capacity, tier by tier.

    With one tier (the usual case) this is one joint matching. A later tier is offered only what the earlier ones left.

    Parameters
    ----------
    problem : Problem
    policy : Policy
    candidates : Candidates
    weighed : Weighed
    limit : int, optional
        Budget in solver steps.

    Returns
    -------
    Paired
    """
    demand = _Demand(problem, policy, candidates)
    size, resolution = len(weighed.hold), policy.resolution
    graphs = [_graph_of_tier(problem, policy, candidates, weighed, tier) for tier in range(len(policy.tiers))]
    hold = weighed.hold - demand.largest_charge(graphs)
    offset = float(np.rint(hold / resolution).sum()) * resolution
    agent_of, tier_of = np.full(size, -1, np.intp), np.full(size, -1, np.intp)
    conversation_price, agent_price = hold.copy(), np.zeros(len(problem.roster))
    worth = bound = 0.0
    is_optimal, methods = True, []
    for tier, graph in enumerate(graphs):
        waiting = agent_of < 0
        if tier and not waiting.any():
            break
        matching, asked = _solve(demand, _only(graph, waiting) if tier else graph, hold, limit)
        worth += matching.value - offset
        bound += matching.bound - offset
        is_optimal &= matching.is_optimal
        methods.append(matching.method)
        served = np.flatnonzero(matching.agent_of >= 0)
        agent_of[served] = candidates.order[matching.agent_of[served]]
        tier_of[served] = tier
        conversation_price[waiting] = matching.conversation_price[waiting]
        price = matching.agent_price if asked is not None else matching.agent_price * THOUSANDTHS
        agent_price[candidates.order] = np.maximum(agent_price[candidates.order], price)
        demand.take(served, matching.agent_of[served])
    return Paired(
        agent_of,
        tier_of,
        hold,
        conversation_price,
        agent_price,
        worth,
        bound,
        is_optimal,
        "+".join(dict.fromkeys(methods)),
        (asked, matching) if len(graphs) == 1 and asked is not None else None,
    )


def _graph_of_tier(problem: Problem, policy: Policy, candidates: Candidates, weighed: Weighed, tier: int) -> _Graph:
    """Return the pairs of one availability tier; with a single tier these are all pairs."""
    data = weighed.value
    row_of = np.repeat(np.arange(len(weighed.hold)), np.diff(weighed.starts))
    eligible = data > -np.inf
    if len(policy.tiers) > 1 and len(data):
        channels, channel_of = _channels(problem)
        tiers = np.array([_tier_of(problem, policy, channel)[candidates.order] for channel in channels])
        eligible &= tiers[channel_of[row_of], weighed.columns] == tier
        data = np.where(eligible, data, -np.inf)
    return _Graph(weighed.starts, weighed.columns, data, row_of[eligible], weighed.columns[eligible])


def _tier_of(problem: Problem, policy: Policy, channel: str) -> Ints:
    """Return the tier of each agent on a channel, by roster position; -1 where the presence is in none."""
    presence = problem.roster.presence(channel)
    tiers = np.full(len(presence), -1, np.int64)
    for number in reversed(range(len(policy.tiers))):
        tiers[np.isin(presence, policy.tiers[number])] = number
    return tiers


def _only(graph: _Graph, rows: NDArray[np.bool_]) -> _Graph:
    """Return the graph with only some rows open."""
    row_of = np.repeat(np.arange(len(rows)), np.diff(graph.starts))
    keep = rows[graph.row]
    return _Graph(
        graph.starts, graph.columns, np.where(rows[row_of], graph.data, -np.inf), graph.row[keep], graph.column[keep]
    )


def _channels(problem: Problem) -> tuple[list[str], NDArray[np.intp]]:
    """Return the distinct channels of the backlog and the number of each conversation's, shape (C,)."""
    numbers: dict[str, int] = {}
    of_class = [numbers.setdefault(request.channel, len(numbers)) for request in problem.backlog.classes]
    return list(numbers), np.array(of_class, np.intp)[problem.backlog.class_of]


class _Demand:
    """What conversations cost and what agents have left, in tie order; shrinks as tiers are placed."""

    def __init__(self, problem: Problem, policy: Policy, candidates: Candidates) -> None:
        roster, order = problem.roster, candidates.order
        self.agents = len(roster)
        self.policy = policy
        self.free = roster.free[order]
        self.open = roster.count[order].copy() if policy.spread == "load" else np.zeros(self.agents)
        self.weight = roster.weight[order]
        self.channels, self.channel_of = _channels(problem)
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
        for name, carries in self.carries.items():
            limited = carries[rows] & (self.room[name][columns] >= 0)
            np.subtract.at(self.room[name], columns[limited], 1)

    def wanted(self, graph: _Graph) -> Ints:
        """Return how many eligible pairs each column has on each channel, shape (channels, A)."""
        if len(self.channels) == 1:
            return graph.count(self.agents)[None, :]
        flat = self.channel_of[graph.row] * self.agents + graph.column
        return np.bincount(flat, minlength=self.cost.size).reshape(self.cost.shape)

    def slots(self, graph: _Graph, degree: Ints) -> Ints | None:
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
        if self.policy.spread == "none":
            return None
        further = self.open[:, None] + np.arange(1, width + 1)
        return self.policy.resolution * np.rint(further / self.weight[:, None])

    def largest_charge(self, graphs: list[_Graph]) -> float:
        """Return the most that an agent's last possible conversation is charged; hold is lowered by it."""
        if self.policy.spread == "none" or not self.agents:
            return 0.0
        slots = self._most(np.sum([self.wanted(graph) for graph in graphs], axis=0))
        charge = np.where(slots > 0, np.rint((self.open + slots) / self.weight), 0.0)
        return float(self.policy.resolution * charge.max(initial=0.0))

    def most(self, graph: _Graph) -> Ints:
        """Return an upper limit on how many conversations each agent can take, shape (A,)."""
        return self._most(self.wanted(graph))

    def _most(self, wanted: Ints) -> Ints:
        # Channels that nobody wants of an agent say nothing about it: what cannot be routed must not touch the others.
        degree = wanted.sum(axis=0)
        cheapest = np.where(wanted > 0, self.cost, _DEAR).min(axis=0, initial=_DEAR)
        most: Ints = np.where(cheapest > 0, np.minimum(self.free // np.maximum(cheapest, 1), degree), degree)
        return most


def _carriers(problem: Problem) -> dict[str, NDArray[np.bool_]]:
    """Return, for each capped channel or label that waits, which conversations carry it."""
    carriers = {}
    for name in sorted(problem.roster.capped_names):
        of_class = [name == request.channel or name in request.labels for request in problem.backlog.classes]
        if any(of_class):
            carriers[name] = np.array(of_class)[problem.backlog.class_of]
    return carriers


def _solve(
    demand: _Demand, graph: _Graph, hold: NDArray[np.float64], limit: int | None
) -> tuple[Matching, AssignmentProblem | None]:
    """Solve one tier; return also the matching problem it was, None where costs are mixed."""
    degree = graph.count(demand.agents)
    slots = demand.slots(graph, degree)
    binding = _binding_caps(demand, graph, degree, demand.most(graph) if slots is None else slots)
    overlap = sum((demand.carries[name].astype(int) for name in binding), start=np.zeros(len(hold), int))
    if slots is None or (overlap > 1).any():
        return _solve_mixed(demand, graph, hold, limit), None
    problem = _assignment(demand, graph, hold, slots, binding)
    return solve(problem, budget=limit), problem


def _binding_caps(demand: _Demand, graph: _Graph, degree: Ints, slots: Ints) -> dict[str, Ints]:
    """Return the caps that can bind beyond `slots`, by name, -1 where one cannot.

    A cap that counts everything an agent could take is no cap but a smaller number of slots: it lowers `slots`.
    """
    binding = {}
    for name, room in demand.room.items():
        wanted = graph.count(demand.agents, demand.carries[name])
        covers = (room >= 0) & (wanted == degree)
        slots[covers] = np.minimum(slots[covers], room[covers])
        binds = (room >= 0) & ~covers & (room < np.minimum(slots, wanted))
        if binds.any():
            binding[name] = np.where(binds, room, -1)
    return binding


def _assignment(
    demand: _Demand, graph: _Graph, hold: NDArray[np.float64], slots: Ints, binding: dict[str, Ints]
) -> AssignmentProblem:
    row_group = group_capacity = None
    if binding:
        row_group = np.full(len(hold), -1, np.int64)
        for number, name in enumerate(binding):
            row_group[demand.carries[name]] = number
        group_capacity = np.array([np.where(room >= 0, room, slots) for room in binding.values()]).T
    return AssignmentProblem(
        _matrix(graph, demand.agents),
        slots,
        hold,
        priority=demand.priority,
        unit_cost=demand.charges(int(slots.max(initial=1))) if demand.agents else None,
        row_group=row_group,
        group_capacity=group_capacity,
        resolution=demand.policy.resolution,
    )


def _solve_mixed(demand: _Demand, graph: _Graph, hold: NDArray[np.float64], limit: int | None) -> Matching:
    # Here a cap that covers all an agent could take is a cap like any other: there are no slots that it could lower.
    wanted = {name: graph.count(demand.agents, demand.carries[name]) for name in demand.room}
    binding = [name for name, room in demand.room.items() if ((room >= 0) & (room < wanted[name])).any()]
    from routematch.solvers import MixedProblem, solve_mixed  # loads scipy

    row_of = np.repeat(np.arange(len(hold)), np.diff(graph.starts))
    problem = MixedProblem(
        _matrix(graph, demand.agents),
        demand.cost[demand.channel_of[row_of], graph.columns],
        demand.free,
        hold,
        priority=demand.priority,
        unit_cost=demand.charges(max(int(demand.most(graph).max(initial=1)), 1)),
        membership=np.array([demand.carries[name] for name in binding]).T if binding else None,
        cap=np.array([demand.room[name] for name in binding]).T if binding else None,
        resolution=demand.policy.resolution,
    )
    return solve_mixed(problem, budget=limit)


def _matrix(graph: _Graph, agents: int) -> SparseRows:
    from scipy.sparse import csr_array

    rows: SparseRows = csr_array((graph.data, graph.columns, graph.starts), shape=(len(graph.starts) - 1, agents))
    return rows
