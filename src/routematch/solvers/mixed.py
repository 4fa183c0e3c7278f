"""Match conversations that take different amounts of capacity, with a bound that proves the answer where it can.

A voice call may take all of an agent, a chat a third, an e-mail a sixth, and counts per channel or label may be capped.
Then the joint problem is a generalised assignment problem (Martello and Toth, 1990, "Knapsack Problems", chapter 7) and
no longer an assignment problem. It is solved in four steps: leave out what cannot matter; bound by the linear
relaxation; find a good matching; solve the integer program over the pairs that could still improve it.

>>> problem = MixedProblem(value=[[1.0], [0.4], [0.4], [0.4]], cost=[[6], [2], [2], [2]], budget=[6])
>>> matching = solve_mixed(problem)
>>> matching.agent_of.tolist()  # three chats beat one call
[-1, 0, 0, 0]
>>> matching.is_optimal
True
"""

from __future__ import annotations

import attrs
import numpy as np
from attrs import frozen
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from routematch.solvers.mixed_problem import MixedProblem
from routematch.solvers.mixed_program import (
    Pairs,
    Program,
    Relaxation,
    build_program,
    quantised,
    relax,
    solve_program,
    usable_pairs,
)
from routematch.solvers.mixed_start import fill

__all__ = ["MixedProblem", "solve_mixed"]

_NODES = 2_000


@frozen(eq=False)
class Matching:
    """Stand-in until the shared class is there."""

    agent_of: NDArray[np.intp]
    value: float
    bound: float
    gap: float
    is_optimal: bool
    conversation_price: NDArray[np.float64]
    agent_price: NDArray[np.float64]
    method: str


def solve_mixed(problem: MixedProblem, *, budget: int | None = None) -> Matching:
    """Match rows with agents whose budget they use up at different rates.

    Parameters
    ----------
    problem : MixedProblem
    budget : int, optional
        Branching nodes the integer program may use. None is the default of this library.

    Returns
    -------
    Matching
    """
    nodes = _NODES if budget is None else budget
    pairs = usable_pairs(problem)
    program = build_program(problem, pairs)
    used, counted = np.zeros(0, np.intp), True
    if problem.priority is not None:
        program, used, counted = _serve_classes(problem, pairs, program, nodes)
    relaxation, used, bound = _best(problem, pairs, program, used, nodes)
    return _matching(problem, pairs, program, relaxation, used, bound, counted)


def _best(
    problem: MixedProblem, pairs: Pairs, program: Program, used: NDArray[np.intp], nodes: int
) -> tuple[Relaxation, NDArray[np.intp], int]:
    relaxation = relax(program)
    value = _steps(pairs, used)
    if not program.exact.any():
        start = fill(problem, pairs, relaxation.fraction, relaxation.reach > value)
        if _steps(pairs, start) > value:
            used, value = start, _steps(pairs, start)
    if relaxation.bound <= value:
        return relaxation, used, value
    answer = solve_program(program, keep=relaxation.reach > value, nodes=nodes)
    bound = relaxation.bound if answer.bound is None else min(relaxation.bound, max(answer.bound, value))
    if answer.used is not None and _is_feasible(problem, pairs, answer.used) and _steps(pairs, answer.used) > value:
        used = answer.used
    return relaxation, used, max(bound, _steps(pairs, used))


def _serve_classes(
    problem: MixedProblem, pairs: Pairs, program: Program, nodes: int
) -> tuple[Program, NDArray[np.intp], bool]:
    """Fix, from the highest class down, how many of each are served."""
    priority = problem.priority
    assert priority is not None
    used, proven = np.zeros(0, np.intp), True
    for level in np.unique(priority[pairs.row])[::-1]:
        inside = np.zeros(len(program.weight), np.int64)
        inside[: len(pairs)] = priority[pairs.row] == level
        counting = attrs.evolve(program, weight=inside)
        bound = relax(counting).bound
        count = int(inside[used].sum())
        if count < bound:
            answer = solve_program(counting, keep=np.ones(len(pairs), np.bool_), nodes=nodes)
            if answer.used is not None and _is_feasible(problem, pairs, answer.used):
                kept = all(
                    (priority[pairs.row[answer.used]] == above).sum() == (priority[pairs.row[used]] == above).sum()
                    for above in np.unique(priority[priority > level])
                )
                if kept and int(inside[answer.used].sum()) >= count:
                    used, count = answer.used, int(inside[answer.used].sum())
            bound = min(bound, bound if answer.bound is None else answer.bound)
        proven &= count >= bound
        program = attrs.evolve(
            program,
            matrix=csr_array(vstack([program.matrix, csr_array(inside[None, :])])),
            limit=np.append(program.limit, count),
            exact=np.append(program.exact, True),
        )
    return program, used, proven


def _steps(pairs: Pairs, used: NDArray[np.intp]) -> int:
    """Return what these pairs are worth, minus the charges, in steps above holding everybody."""
    count = np.bincount(pairs.agent[used], minlength=len(pairs.charge))
    steps = pairs.charge.shape[1]
    climbed = np.concatenate([np.zeros((len(count), 1), np.int64), np.cumsum(pairs.charge, axis=1)], axis=1)
    low = np.minimum(count, steps)
    charged = climbed[np.arange(len(count)), low] + (count - low) * pairs.charge[:, -1]
    return int(pairs.worth[used].sum() - charged.sum())


def _is_feasible(problem: MixedProblem, pairs: Pairs, used: NDArray[np.intp]) -> bool:
    """Check every constraint on whole numbers."""
    row, agent = pairs.row[used], pairs.agent[used]
    spent = np.zeros(len(problem.budget), np.int64)
    np.add.at(spent, agent, pairs.units[used])
    taken = np.zeros_like(problem.cap)
    at, name = problem.membership[row].nonzero()
    np.add.at(taken, (agent[at], name), 1)
    within = ((problem.cap < 0) | (taken <= problem.cap)).all()
    return bool(len(np.unique(row)) == len(row) and (spent <= problem.budget).all() and within)


def _matching(
    problem: MixedProblem,
    pairs: Pairs,
    program: Program,
    relaxation: Relaxation,
    used: NDArray[np.intp],
    bound: int,
    counted: bool,
) -> Matching:
    hold = quantised(problem.hold, problem.resolution)
    agent_of = np.full(problem.shape[0], -1, np.intp)
    agent_of[pairs.row[used]] = pairs.agent[used]
    value, total = int(hold.sum()) + _steps(pairs, used), int(hold.sum()) + bound
    step = problem.resolution
    budgeted = program.budget_of >= 0
    agent_price = np.zeros(problem.shape[1])
    agent_price[budgeted] = relaxation.price[program.budget_of[budgeted]] * step
    return Matching(
        agent_of=agent_of,
        value=value * step,
        bound=total * step,
        gap=(total - value) * step,
        is_optimal=counted and value == total,
        conversation_price=(hold + relaxation.price[program.row_price]) * step,
        agent_price=agent_price,
        method="mixed/milp",
    )
