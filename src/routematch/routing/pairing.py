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
from routematch.routing.demand import Demand, Graph, channels_of, matrix_of
from routematch.routing.mixed_costs import solve_mixed_costs
from routematch.routing.weighing import Weighed
from routematch.solvers import AssignmentProblem, Matching, solve
from routematch.state import THOUSANDTHS, Candidates, Problem

__all__ = ["Paired", "pair"]

Ints = NDArray[np.int64]


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
    demand = Demand(problem, policy, candidates)
    size, resolution = len(weighed.hold), policy.resolution
    value = _usable(weighed, resolution)
    graphs = [_graph_of_tier(problem, policy, candidates, weighed, value, tier) for tier in range(len(policy.tiers))]
    hold = np.rint(weighed.hold / resolution) * resolution - demand.largest_charge(graphs)
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


def _usable(weighed: Weighed, resolution: float) -> NDArray[np.float64]:
    """Return the values without pairs below hold: hold is lowered for spreading, which must not let them in."""
    least = np.repeat(np.rint(weighed.hold / resolution), np.diff(weighed.starts))
    return np.where(np.rint(weighed.value / resolution) >= least, weighed.value, -np.inf)


def _graph_of_tier(
    problem: Problem,
    policy: Policy,
    candidates: Candidates,
    weighed: Weighed,
    value: NDArray[np.float64],
    tier: int,
) -> Graph:
    """Return the pairs of one availability tier; with a single tier these are all pairs."""
    data = value
    row_of = np.repeat(np.arange(len(weighed.hold)), np.diff(weighed.starts))
    eligible = data > -np.inf
    if len(policy.tiers) > 1 and len(data):
        channels, channel_of = channels_of(problem)
        tiers = np.array([_tier_of(problem, policy, channel)[candidates.order] for channel in channels])
        eligible &= tiers[channel_of[row_of], weighed.columns] == tier
        data = np.where(eligible, data, -np.inf)
    return Graph(weighed.starts, weighed.columns, data, row_of[eligible], weighed.columns[eligible])


def _tier_of(problem: Problem, policy: Policy, channel: str) -> Ints:
    """Return the tier of each agent on a channel, by roster position; -1 where the presence is in none."""
    presence = problem.roster.presence(channel)
    tiers = np.full(len(presence), -1, np.int64)
    for number in reversed(range(len(policy.tiers))):
        tiers[np.isin(presence, policy.tiers[number])] = number
    return tiers


def _only(graph: Graph, rows: NDArray[np.bool_]) -> Graph:
    """Return the graph with only some rows open."""
    row_of = np.repeat(np.arange(len(rows)), np.diff(graph.starts))
    keep = rows[graph.row]
    return Graph(
        graph.starts, graph.columns, np.where(rows[row_of], graph.data, -np.inf), graph.row[keep], graph.column[keep]
    )


def _solve(
    demand: Demand, graph: Graph, hold: NDArray[np.float64], limit: int | None
) -> tuple[Matching, AssignmentProblem | None]:
    """Solve one tier; return also the matching problem it was, None where costs are mixed."""
    degree = graph.count(demand.agents)
    slots = demand.slots(graph, degree)
    binding = _binding_caps(demand, graph, degree, demand.most(graph) if slots is None else slots)
    carried = np.concatenate([np.zeros(0, np.intp), *(demand.carries[name] for name in binding)])
    if slots is None or (np.bincount(carried, minlength=1) > 1).any():
        return solve_mixed_costs(demand, graph, hold, limit), None
    problem = _assignment(demand, graph, hold, slots, binding)
    return solve(problem, budget=limit), problem


def _binding_caps(demand: Demand, graph: Graph, degree: Ints, slots: Ints) -> dict[str, Ints]:
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
    demand: Demand, graph: Graph, hold: NDArray[np.float64], slots: Ints, binding: dict[str, Ints]
) -> AssignmentProblem:
    row_group = group_capacity = None
    if binding:
        row_group = np.full(len(hold), -1, np.int64)
        for number, name in enumerate(binding):
            row_group[demand.carries[name]] = number
        group_capacity = np.array([np.where(room >= 0, room, slots) for room in binding.values()]).T
    return AssignmentProblem(
        matrix_of(graph, demand.agents),
        slots,
        hold,
        priority=demand.priority,
        unit_cost=demand.charges(int(slots.max(initial=1))) if demand.agents else None,
        row_group=row_group,
        group_capacity=group_capacity,
        resolution=demand.policy.resolution,
    )
