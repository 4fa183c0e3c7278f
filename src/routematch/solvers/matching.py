"""The answer of a solver: who serves what, at which prices, and how far it can be from the best.

>>> from routematch.solvers import AssignmentProblem, solve
>>> matching = solve(AssignmentProblem(value=[[0.875, 0.5], [0.75, 0.125]], capacity=[1, 1]))
>>> matching.agent_of.tolist(), matching.value, matching.is_optimal
([1, 0], 1.25, True)
>>> matching.agent_price.tolist()
[0.375, 0.0]
"""

from __future__ import annotations

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

__all__ = ["Matching"]


@frozen(eq=False)
class Matching:
    """Who serves which row, with the proof of how good that is.

    Attributes
    ----------
    agent_of : ndarray of intp, shape (C,)
        Agent that serves each row, -1 where it is held.
    value : float
        Value of the served rows, minus the unit costs used, plus the hold of the held rows.
    bound : float
        No matching is worth more than this. With `priority`: none that serves as well by class.
    is_optimal : bool
        Whether it was proven, in whole numbers, that no matching is better.
    conversation_price : ndarray of float64, shape (C,)
        What each row contributes: its hold, plus what would be lost on top if it were taken away. Never below `hold`.
    agent_price : ndarray of float64, shape (A,)
        What one more unit of each agent would gain, net of the cost of that unit; never negative. Where `unit_cost`
        ends at the agent's capacity, that unit is taken to cost as much as the last one given.
    method : str
        Name of the engine that found the matching.
    steps : int
        Work done, in cells scanned, where the engine counts it; else 0.

    Notes
    -----
    With `priority` the two prices are the change of value only. One more unit may serve a higher class at a lower
    value, so both may then be negative. Without a proof (`is_optimal` false) the prices are feasible, but not the
    smallest.
    """

    agent_of: NDArray[np.intp]
    value: float
    bound: float
    is_optimal: bool
    conversation_price: NDArray[np.float64] = field(repr=False)
    agent_price: NDArray[np.float64] = field(repr=False)
    method: str
    steps: int = 0

    @property
    def gap(self) -> float:
        """How much better a matching could be at most; 0 when proven best."""
        return self.bound - self.value
