"""What failing costs: a bot that fails leaves a customer who must tell everything again.

With the weight as the cost of one failure, a conversation goes to a bot where what it may achieve outweighs the risk.

>>> from routematch.model import Agent, Conversation
>>> from routematch.state import Problem
>>> agents = [Agent("bot", {"billing": 0.6}, kind="bot"), Agent("ana", {"billing": 0.5})]
>>> problem = Problem.of([Conversation("a", {"billing": 0.3})], agents, now=0.0)
>>> Failure().value(problem, problem.backlog.classes[0])
array([ 0. , -0.4])
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.model.agents import KINDS
from routematch.model.checks import as_names, check_choice
from routematch.state import Behaviour, Problem, RequestClass, Static
from routematch.terms.achievement import Achievement

__all__ = ["Failure"]


@frozen
class Failure:
    """Minus the probability of failing, for agents of some kinds: 0 who never fails, -1 who always does.

    Attributes
    ----------
    kinds : tuple of str
        Whose failures count; bots alone by default.
    """

    name: ClassVar[str] = "failure"
    axes: ClassVar[tuple[str, ...]] = ("request", "agent")
    looks_at: ClassVar[tuple[str, ...]] = Achievement.looks_at
    scaled_by_value: ClassVar[bool] = True
    kinds: tuple[str, ...] = field(default=("bot",), converter=as_names)

    def __attrs_post_init__(self) -> None:
        """Check the kinds."""
        faults = Faults()
        for position, kind in enumerate(self.kinds):
            check_choice(faults, f"kinds[{position}]", kind, KINDS)
        faults.raise_if_any()

    def value(self, problem: Problem, request: RequestClass) -> NDArray[np.float64]:
        """Return minus the probability that each agent fails, as far as it counts, shape (A,), in [-1, 0]."""
        achieved = Achievement().value(problem, request)
        counts = np.array([kind in self.kinds for kind in problem.roster.attribute("kind")], bool)
        return np.where(counts, achieved - 1.0, 0.0)

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static."""
        return Static()
