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
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from routematch.solvers.mixed_problem import MixedProblem
from routematch.solvers.matching import Matching
from routematch.solvers.mixed_highs import Relaxation, relax, solve_program
from routematch.solvers.mixed_program import Pairs, Program, build_program, is_allowed, quantised, usable_pairs
from routematch.solvers.mixed_search import Search
from routematch.solvers.mixed_start import fill

__all__ = ["MixedProblem", "solve_mixed"]

_NODES = 2_000


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
    if not program.exact.any():
        used = fill(problem, pairs, relaxation.fraction, np.zeros(len(pairs), np.bool_))
    search = Search(problem, pairs, program, relaxation, used, nodes)
    search.run()
    return relaxation, search.used, search.bound


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
            answer = solve_program(counting, np.ones(len(pairs), np.bool_), nodes=nodes)
            if answer.used is not None and is_allowed(problem, pairs, answer.used):
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
            needed=np.append(program.needed, True),
            limit_agent=np.append(program.limit_agent, -1),
        )
    return program, used, proven


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
    value, total = int(hold.sum()) + pairs.steps(used), int(hold.sum()) + bound
    step = problem.resolution
    budgeted = program.budget_of >= 0
    agent_price = np.zeros(problem.shape[1])
    agent_price[budgeted] = relaxation.price[program.budget_of[budgeted]] * step
    return Matching(
        agent_of=agent_of,
        value=value * step,
        bound=total * step,
        is_optimal=counted and value == total,
        conversation_price=(hold + relaxation.price[: problem.shape[0]]) * step,
        agent_price=agent_price,
        method="mixed/milp",
    )
