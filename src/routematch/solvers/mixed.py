"""Match conversations that take different amounts of capacity, with a bound that proves the answer where it can.

A voice call may take all of an agent, a chat a third, an e-mail a sixth, and counts per channel or label may be capped.
Then the joint problem is a generalised assignment problem (Martello and Toth, 1990, "Knapsack Problems", chapter 7) and
no longer an assignment problem. It is solved in four steps: leave out what cannot matter; bound by the linear
relaxation over pairs, then over whole bundles of conversations per agent; find a good matching; write down every bundle
that could still be part of a better one, and let an integer program decide.

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

from routematch.solvers.arguments import require_kind, whole_number
from routematch.solvers.matching import Matching
from routematch.solvers.mixed_highs import Relaxation, relax, solve_program
from routematch.solvers.mixed_problem import MixedProblem
from routematch.solvers.mixed_program import (
    IntArray,
    Pairs,
    Program,
    build_program,
    is_allowed,
    quantised,
    usable_pairs,
)
from routematch.solvers.mixed_search import Search
from routematch.solvers.mixed_start import fill, serve_ties

__all__ = ["DEFAULT_BUDGET", "MixedProblem", "solve_mixed"]

#: Columns of the largest integer program solved when nothing else is asked for.
DEFAULT_BUDGET = 8_000

_NODES = 2_000


def solve_mixed(problem: MixedProblem, *, budget: int | None = None) -> Matching:
    """Match rows with agents whose budget they use up at different rates.

    Parameters
    ----------
    problem : MixedProblem
        What may be matched, at which value and cost.
    budget : int, optional
        The largest integer program that may be solved, in columns (pairs or bundles). It bounds the work and keeps it
        repeatable, which a time limit would not. None means 8,000; with 0 none is solved, and the matching comes from
        the relaxations and from exchanges alone.

    Returns
    -------
    Matching
        `is_optimal` is true only when the bound meets the value in whole steps of the resolution. The bound is exact
        where it comes from prices; where it comes from the integer program it is HiGHS's own, rounded down to a step.
        Prices are those of the linear relaxation over pairs: `agent_price` per unit of budget (caps and charges have
        prices of their own, which are not given), `conversation_price` with the hold included. `method` says so:
        ``"mixed/proven"``, ``"mixed/bounded"``, or ``"mixed/empty"`` where no pair is usable.

    Raises
    ------
    InvalidInputError
        When it is no problem, or `budget` is no whole number of at least 0.

    Notes
    -----
    The same input gives the same answer. Between equal totals a row that can be served beside the others without loss
    is served, rows and columns in order; beyond that the choice among optimal matchings is the solver's.

    With `priority` the classes are counted first, from the highest, one integer program each; `bound` is then for
    matchings that serve as many of each class as this one, and `is_optimal` also says that the counts are proven.
    """
    require_kind(problem, MixedProblem, "problem")
    size = DEFAULT_BUDGET if budget is None else whole_number(budget, "budget")
    pairs = usable_pairs(problem)
    program = build_program(problem, pairs)
    used, is_counted = np.zeros(0, np.intp), True
    if problem.priority is None:
        relaxation = relax(program, pairs.row)
        used = fill(problem, pairs, relaxation.fraction)
    else:
        program, used, is_counted = _count_classes(problem, problem.priority, pairs, program, size)
        relaxation = relax(program, pairs.row)
    search = Search(problem, pairs, program, relaxation, used, size)
    search.run()
    used = search.used if problem.priority is not None else serve_ties(problem, pairs, search.used)
    return _matching(problem, pairs, program, relaxation, used, search.bound, is_counted=is_counted)


def _count_classes(
    problem: MixedProblem, priority: IntArray, pairs: Pairs, program: Program, budget: int
) -> tuple[Program, NDArray[np.intp], bool]:
    """Settle, from the highest class down, how many of each are served.

    Returns
    -------
    tuple
        The program with these counts as limits, a matching that meets them, and whether they are proven.
    """
    level = priority[pairs.row]
    used, is_proven = fill(problem, pairs, level.astype(np.float64), at_any_charge=True), True
    for highest in np.unique(level)[::-1]:
        inside = np.zeros(len(program.weight), np.int64)
        inside[: len(pairs)] = level == highest
        counting = attrs.evolve(program, weight=inside)
        bound, count = relax(counting, pairs.row).bound, int(inside[used].sum())
        if count < bound and len(pairs) <= budget:
            answer = solve_program(counting, np.ones(len(pairs), np.bool_), nodes=_NODES)
            if answer.used is not None and _meets(problem, pairs, program, answer.used):
                used, count = max((used, count), (answer.used, int(inside[answer.used].sum())), key=lambda one: one[1])
                bound = bound if answer.bound is None else min(bound, answer.bound)
        is_proven &= count >= bound
        program = _counted(program, inside, count)
    return program, used, is_proven


def _meets(problem: MixedProblem, pairs: Pairs, program: Program, used: NDArray[np.intp]) -> bool:
    taken = np.zeros(len(program.weight), np.int64)
    taken[used] = 1
    counts = (program.matrix[program.exact] @ taken)[: program.exact.sum()]
    return is_allowed(problem, pairs, used) and bool((counts == program.limit[program.exact]).all())


def _counted(program: Program, inside: IntArray, count: int) -> Program:
    return attrs.evolve(
        program,
        matrix=csr_array(vstack([program.matrix, csr_array(inside[None, :])])),
        limit=np.append(program.limit, count),
        exact=np.append(program.exact, True),
        needed=np.append(program.needed, True),
        limit_agent=np.append(program.limit_agent, -1),
    )


def _matching(
    problem: MixedProblem,
    pairs: Pairs,
    program: Program,
    relaxation: Relaxation,
    used: NDArray[np.intp],
    bound: int,
    *,
    is_counted: bool,
) -> Matching:
    hold = quantised(problem.hold, problem.resolution)
    agent_of = np.full(problem.shape[0], -1, np.intp)
    agent_of[pairs.row[used]] = pairs.agent[used]
    held, worth, step = int(hold.sum()), pairs.steps(used), problem.resolution
    is_optimal = is_counted and worth >= bound
    budgeted = program.budget_of >= 0
    agent_price = np.zeros(problem.shape[1])
    agent_price[budgeted] = relaxation.price[program.budget_of[budgeted]] / program.factor[budgeted] * step
    return Matching(
        agent_of=agent_of,
        value=(held + worth) * step,
        bound=(held + max(bound, worth)) * step,
        is_optimal=is_optimal,
        conversation_price=(hold + relaxation.price[: problem.shape[0]]) * step,
        agent_price=agent_price,
        method="mixed/empty" if not len(pairs) else "mixed/proven" if is_optimal else "mixed/bounded",
    )
