"""Solve a matching problem: pick an engine by size and shape, prove its answer, choose the canonical one.

Engines differ only in speed. Each of them hands over a matching; from there on all share one road: smallest prices,
proof in whole numbers, canonical choice among the best. If no prices prove a matching of scipy's, or one gives up, the
chains are asked. The engines of this package bring prices that bound every matching; where these do not meet the
value, the answer is handed out with that bound and not called optimal. So no wrong answer is ever called optimal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar, get_args

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.errors import Faults, InvalidInputError
from routematch.solvers.arguments import require_kind, whole_number
from routematch.solvers.canonical import make_canonical
from routematch.solvers.capped import solve_capped, without_caps
from routematch.solvers.chains import solve_chains
from routematch.solvers.choice import Choice, choose
from routematch.solvers.dense import solve_dense
from routematch.solvers.flow import solve_flow
from routematch.solvers.matching import Matching
from routematch.solvers.network import Network, build_network
from routematch.solvers.prices import Duals, dual_total, smallest_prices
from routematch.solvers.problem import AssignmentProblem
from routematch.solvers.small import SmallSolution, solve_small
from routematch.solvers.sparse import solve_sparse
from routematch.solvers.transport import solve_classes
from routematch.solvers.verify import find_tight, is_feasible, is_proven, total

__all__ = ["Method", "Solution", "finish", "solve", "solve_network"]

Ints = NDArray[np.int64]
Scalar = TypeVar("Scalar", bound=np.generic)

Method = Literal["auto", "hungarian", "sparse", "classes", "chains", "min_cost_flow"]


def solve(problem: AssignmentProblem, *, method: Method = "auto", budget: int | None = None) -> Matching:
    """Find the best matching, prove it, and return the canonical one among equals.

    Parameters
    ----------
    problem : AssignmentProblem
    method : {"auto", "hungarian", "sparse", "classes", "chains", "min_cost_flow"}
        Engine. All return the same matching and prices; ``"auto"`` picks by size, load and kinds. ``"hungarian"``
        (Kuhn, 1955) and ``"sparse"`` (Jonker and Volgenant, 1987) are scipy's; ``"classes"`` solves for kinds of rows
        and agents (Hitchcock, 1941), also with scipy; ``"min_cost_flow"`` (Busacker and Gowen, 1961) is the slow
        reference; ``"chains"`` is that search made lazy. ``"hungarian"`` and ``"classes"`` do not take binding group
        caps.
    budget : int, optional
        Steps (cells scanned) after which no further search begins. It is checked between searches, so the last one may
        go beyond it, and what is placed in bulk before the first search is not counted. When it runs out, the matching
        so far is returned with a true bound. The engines of scipy cannot stop early and ignore it; ``"auto"`` with a
        budget is ``"chains"``.

    Returns
    -------
    Matching

    Raises
    ------
    InvalidInputError
        When it is no problem, when the method is unknown or does not take the problem, or when `budget` is no whole
        number of at least 0.
    LimitExceededError
        When the problem is too large for exact sums at its resolution.

    Examples
    --------
    >>> problem = AssignmentProblem(value=[[2.0, 1.0], [2.0, -1.0]], capacity=[1, 1], hold=0.5)
    >>> solve(problem).agent_of.tolist()
    [1, 0]
    """
    require_kind(problem, AssignmentProblem, "problem")
    _check_method(method)
    budget = None if budget is None else whole_number(budget, "budget")
    small = solve_small(problem) if method == "hungarian" or (method == "auto" and budget is None) else None
    if small is not None and small.is_only:
        return _of_small(small, problem.resolution)
    network = build_network(problem)
    if small is not None:
        return finish(network, _solution_of_small(network, small))[0]
    if method in {"hungarian", "classes"} and network.has_groups:
        raise InvalidInputError(
            f"method {method!r} does not take group caps; use 'auto', 'sparse', 'chains' or 'min_cost_flow'"
        )
    return finish(network, solve_network(network, method, budget))[0]


@frozen(eq=False)
class Solution:
    """What an engine found: a matching by pairs, prices, and who found it.

    Attributes
    ----------
    pair : ndarray of int64, shape (C,)
    duals : Duals
    method : str
    steps : int
    """

    pair: Ints
    duals: Duals
    method: str
    steps: int = 0


def solve_network(network: Network, method: Method = "auto", budget: int | None = None) -> Solution:
    """Find a best matching with its agent-minimal prices; with a budget perhaps only a good one."""
    if not len(network.worth) or not network.capacity.any():
        return _nobody_served(network)
    if method in {"auto", "classes"}:
        return _by_choice(network, budget if method == "auto" else None, asks_for_kinds=method == "classes")
    if method in {"hungarian", "sparse"}:
        return _by_scipy(network, method) or _by_chains(network)
    result = solve_flow(network, budget) if method == "min_cost_flow" else solve_chains(network, budget)
    return Solution(result.pair, result.duals, method, result.steps)


def _by_choice(network: Network, budget: int | None, *, asks_for_kinds: bool = False) -> Solution:
    """Choose by size, load and kinds; give the chains only the steps after which another engine would be faster."""
    choice = Choice("classes") if asks_for_kinds else choose(network)
    if choice.method == "classes" and budget is None:
        found = _by_scipy(network, "classes")
        if found is not None:
            return found
        choice = choose(network, has_kinds=False)
    if choice.method == "hungarian" and budget is None:
        return _by_scipy(network, "hungarian") or _by_chains(network)
    result = solve_chains(network, choice.limit if budget is None else budget, gives_up=budget is None)
    if result.is_complete or budget is not None:
        return Solution(result.pair, result.duals, "chains", result.steps)
    return _by_scipy(network, choice.otherwise) or _by_chains(network)


def _by_scipy(network: Network, method: str) -> Solution | None:
    """Take scipy's matching and find its prices; None where there are none, so that it was wrong."""
    pair = _engine(method)(network)
    if pair is None or not is_feasible(network, pair):
        return None
    duals = smallest_prices(network, pair)
    return None if duals is None else Solution(pair, duals, method)


def _solve_sparse(network: Network) -> Ints | None:
    """Solve the problem as it is, or where there are caps, first without them."""
    if not network.has_groups:
        return solve_sparse(network)
    relaxed = solve_network(without_caps(network))
    return relaxed.pair if is_feasible(network, relaxed.pair) else solve_capped(network, relaxed.duals.price)


def _engine(method: str) -> Callable[[Network], Ints | None]:
    if method == "hungarian":
        return solve_dense
    return solve_classes if method == "classes" else _solve_sparse


def _by_chains(network: Network) -> Solution:
    """Ask the engine that takes every problem, however long."""
    result = solve_chains(network)
    return Solution(result.pair, result.duals, "chains", result.steps)


def _of_small(small: SmallSolution, resolution: float) -> Matching:
    value = (small.total + float(small.hold.sum())) * resolution
    return Matching(
        agent_of=_read_only(small.agent_of),
        value=value,
        bound=value,
        is_optimal=True,
        conversation_price=_read_only((small.hold + small.gain) * resolution),
        agent_price=_read_only(np.maximum(small.price - small.next_cost, 0.0) * resolution),
        method="hungarian",
    )


def _solution_of_small(network: Network, small: SmallSolution) -> Solution:
    served = np.flatnonzero(small.agent_of >= 0)
    pair = np.full(network.rows, -1)
    pair[served] = network.pairs_of(served, small.agent_of[served])
    return Solution(pair, Duals(small.gain.astype(np.int64), small.price.astype(np.int64)), "hungarian")


def _read_only(array: NDArray[Scalar]) -> NDArray[Scalar]:
    array.flags.writeable = False
    return array


def _check_method(method: object) -> None:
    if not isinstance(method, str) or method not in get_args(Method):
        faults = Faults()
        faults.unknown(method, known=get_args(Method), place="method", what="method")
        faults.raise_if_any()


def _nobody_served(network: Network) -> Solution:
    nobody = np.full(network.rows, -1)
    duals = smallest_prices(network, nobody)
    if duals is None:
        raise AssertionError("holding everybody is best where nobody can be served")
    return Solution(nobody, duals, "none")


def finish(network: Network, found: Solution) -> tuple[Matching, Ints]:
    """Check the proof, choose the canonical matching, and turn steps into values; return it also by pairs."""
    duals, pair = found.duals, found.pair
    tight = find_tight(network, duals)
    proven = is_proven(network, pair, duals, tight)
    missing = 0 if proven else dual_total(network, duals) - total(network, pair)
    if proven and tight is not None:
        # The proof must hold for the matching that is handed out, whatever the choice among equals did.
        chosen = make_canonical(network, pair, duals, tight)
        pair = chosen if is_proven(network, chosen, duals, tight) else pair
    served = pair >= 0
    agent_of = np.full(network.rows, -1, np.intp)
    agent_of[served] = network.agent_of[pair[served]]
    value = network.value(pair)
    extra = duals.price[: network.agents] - network.next_cost(network.capacity)
    agent_price = _value_part(network, np.maximum(extra, 0)).astype(np.float64) * network.resolution
    conversation_price = (network.hold + _value_part(network, duals.gain)).astype(np.float64) * network.resolution
    matching = Matching(
        agent_of=_read_only(agent_of),
        value=value * network.resolution,
        bound=(value + missing) * network.resolution,
        is_optimal=proven,
        conversation_price=_read_only(conversation_price),
        agent_price=_read_only(agent_price),
        method=found.method,
        steps=found.steps,
    )
    return matching, pair


def _value_part(network: Network, amount: Ints) -> Ints:
    """Take the class bonus out of a price; what is left is the change of value."""
    if not network.bonus_step:
        return amount
    return amount - np.rint(amount / network.bonus_step).astype(np.int64) * network.bonus_step
