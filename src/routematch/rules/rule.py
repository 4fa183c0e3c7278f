"""The contract of a rule: who *may* take a conversation.

A rule says what its answer varies with (`axes`), so that it is asked once per request class and profile where that
is enough, never once per pair:

==========================  =======================================  ===========================================
axes                        what `allowed(problem, request)` gives   for example
==========================  =======================================  ===========================================
``("request", "profile")``  bool, shape (P,), for one request class  skills at a level
``("request", "agent")``    bool, shape (A,), for one request class  room for one more on this channel
``("agent",)``              bool, shape (A,), `request` is `NO_REQUEST`      works at this time
``("pair",)``               `SparsePairs` that are **refused**       exclusions
==========================  =======================================  ===========================================

Any object with these members works; nothing is subclassed or registered by import. Members are pure, never write
into what they are given, and agree with their `behaviour` over time. `routematch.testing.check_rule` holds them to it.
"""

from __future__ import annotations

from typing import Protocol, TypeGuard, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from routematch.state import Behaviour, Problem, RequestClass, SparsePairs

__all__ = ["RULE_AXES", "Rule", "is_rule"]

#: The axes a rule may declare.
RULE_AXES = (("request", "profile"), ("request", "agent"), ("agent",), ("pair",))


@runtime_checkable
class Rule(Protocol):
    """A hard condition on pairs.

    Attributes
    ----------
    name : str
        How policy files, explanations and the command line call it.
    axes : tuple of str
        One of `RULE_AXES`.
    looks_at : tuple of str
        Fields of `RequestClass` the answer depends on; rows are shared between classes that agree in them.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def axes(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def looks_at(self) -> tuple[str, ...]: ...  # noqa: D102

    def allowed(self, problem: Problem, request: RequestClass) -> NDArray[np.bool_] | SparsePairs:
        """Return who may, in the shape of the axes."""
        ...

    def behaviour(self, problem: Problem) -> Behaviour:
        """Return how the answer can change by time alone, for unchanged request classes."""
        ...

    def sentence(self, problem: Problem, row: int, agent: int) -> str:
        """Return why this conversation may not go to this agent, as a clause without a full stop."""
        ...


def is_rule(part: object) -> TypeGuard[Rule]:
    """Whether an object has all that a rule needs; a class that was not called is none.

    Asking for each member, and not by `isinstance`, also finds what ``__getattr__`` gives, on every version of Python.
    """
    members = ("name", "axes", "looks_at", "allowed", "behaviour", "sentence")
    return not isinstance(part, type) and all(hasattr(part, member) for member in members)
