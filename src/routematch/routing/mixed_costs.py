"""Where conversations cost an agent different units, or two caps count the same one: an integer program, or rounds.

Up to `MOST_PAIRS` the integer program is asked. Beyond, where even its relaxation takes too long, and with a budget of
0, exact matchings are made in rounds: in each, an agent gets no more than would fit if all were the dearest. The bound
is then that of the matching in which every conversation costs its agent as little as the cheapest.
"""

from __future__ import annotations

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from routematch.routing.demand import Demand, Graph, matrix_of
from routematch.solvers import AssignmentProblem, Matching, solve

__all__ = ["MOST_PAIRS", "solve_mixed_costs"]

Ints = NDArray[np.int64]

#: Largest integer program, in eligible pairs.
MOST_PAIRS = 120_000
#: Most capped names in it.
MOST_NAMES = 2_000
#: An agent's further conversations beyond these are charged alike.
_CHARGED = 64


def solve_mixed_costs(demand: Demand, graph: Graph, hold: NDArray[np.float64], limit: int | None) -> Matching:
    """Match conversations of different costs with what agents have left.

    Parameters
    ----------
    demand : Demand
    graph : Graph
    hold : ndarray of float64, shape (C,)
    limit : int or None
        Budget; 0 asks for rounds alone.

    Returns
    -------
    Matching
        ``is_optimal`` only where the bound is met.
    """
    # Here a cap that covers all an agent could take is a cap like any other: there are no slots that it could lower.
    wanted = {name: graph.count(demand.agents, demand.carries[name]) for name in demand.room}
    binding = [name for name, room in demand.room.items() if ((room >= 0) & (room < wanted[name])).any()]
    if limit == 0 or len(graph.row) > MOST_PAIRS or len(binding) > MOST_NAMES:
        return _in_rounds(demand, graph, hold)
    return _by_program(demand, graph, hold, binding, limit)


def _by_program(
    demand: Demand, graph: Graph, hold: NDArray[np.float64], binding: list[str], limit: int | None
) -> Matching:
    from scipy.sparse import coo_array

    from routematch.solvers import MixedProblem, solve_mixed

    row_of = np.repeat(np.arange(len(hold)), np.diff(graph.starts))
    membership = cap = None
    if binding:
        carriers = [demand.carries[name] for name in binding]
        rows, names = np.concatenate(carriers), np.repeat(np.arange(len(binding)), [len(own) for own in carriers])
        membership = coo_array((np.ones(len(rows), bool), (rows, names)), shape=(len(hold), len(binding))).tocsr()
        cap = np.array([demand.room[name] for name in binding]).T
    problem = MixedProblem(
        matrix_of(graph, demand.agents),
        demand.cost[demand.channel_of[row_of], graph.columns],
        demand.free,
        hold,
        priority=demand.priority,
        unit_cost=demand.charges(min(max(int(demand.most(graph).max(initial=1)), 1), _CHARGED)),
        membership=membership,
        cap=cap,
        resolution=demand.policy.resolution,
    )
    return solve_mixed(problem, budget=limit)


def _in_rounds(demand: Demand, graph: Graph, hold: NDArray[np.float64]) -> Matching:
    """Give what surely fits, again and again, until nothing does."""
    relaxed = _matched(demand, graph, hold, demand.most(graph))
    left = demand.copy()
    agent_of = np.full(len(hold), -1, np.intp)
    charged = 0.0
    while True:
        open_graph = _what_fits(left, graph, agent_of < 0)
        slots = _what_surely_fits(left, open_graph)
        if not slots.any():
            break
        round_ = _matched(left, open_graph, hold, slots)
        served = np.flatnonzero(round_.agent_of >= 0)
        if not len(served):
            break
        charged += left.charge_of(round_.agent_of[served])
        agent_of[served] = round_.agent_of[served]
        left.take(served, agent_of[served])
    step = demand.policy.resolution
    value = (_steps_of(graph, agent_of, hold, step) - round(charged / step)) * step
    return evolve(
        relaxed,
        agent_of=agent_of,
        value=value,
        bound=max(relaxed.bound, value),
        is_optimal=relaxed.is_optimal and value >= relaxed.bound,
        method="mixed/rounds",
    )


def _matched(demand: Demand, graph: Graph, hold: NDArray[np.float64], slots: Ints) -> Matching:
    problem = AssignmentProblem(
        matrix_of(graph, demand.agents),
        slots,
        hold,
        priority=demand.priority,
        unit_cost=demand.charges(int(slots.max(initial=1))),
        resolution=demand.policy.resolution,
    )
    return solve(problem)


def _what_fits(left: Demand, graph: Graph, waiting: NDArray[np.bool_]) -> Graph:
    """Return the pairs that still fit by themselves."""
    row_of = np.repeat(np.arange(len(waiting)), np.diff(graph.starts))
    fits = (graph.data > -np.inf) & waiting[row_of]
    fits &= left.cost[left.channel_of[row_of], graph.columns] <= left.free[graph.columns]
    for name, carriers in left.carries.items():
        full = left.room[name] == 0
        if full.any():
            carries = np.zeros(len(waiting), bool)
            carries[carriers] = True
            fits &= ~(carries[row_of] & full[graph.columns])
    data = np.where(fits, graph.data, -np.inf)
    return Graph(graph.starts, graph.columns, data, row_of[fits], graph.columns[fits])


def _what_surely_fits(left: Demand, graph: Graph) -> Ints:
    """Return how many of its open pairs an agent could take whichever they are, at least one where one fits."""
    degree = graph.count(left.agents)
    wanted = left.wanted(graph)
    dearest = np.where(wanted > 0, left.cost, 0).max(axis=0, initial=0)
    slots = np.where(dearest > 0, np.minimum(left.free // np.maximum(dearest, 1), degree), degree)
    for name, carriers in left.carries.items():
        room = left.room[name]
        limits = (room >= 0) & (graph.count(left.agents, carriers) > 0)
        slots[limits] = np.minimum(slots[limits], room[limits])
    return np.maximum(slots, (degree > 0).astype(np.int64))


def _steps_of(graph: Graph, agent_of: NDArray[np.intp], hold: NDArray[np.float64], step: float) -> int:
    """Return value over served plus hold over held, in whole steps, without charges."""
    row_of = np.repeat(np.arange(len(hold)), np.diff(graph.starts))
    used = graph.columns == agent_of[row_of]
    return int(np.rint(graph.data[used] / step).sum() + np.rint(hold[agent_of < 0] / step).sum())
