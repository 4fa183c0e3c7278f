"""The contract of a term: how *well* an agent would serve a conversation, or how urgent a conversation is.

Every term returns policy units. What it varies with (`axes`) decides how often it is asked:

==========================  ==========================================  =========================================
axes                        what `value(problem, request)` gives        for example
==========================  ==========================================  =========================================
``("request", "profile")``  float64, shape (P,), for one request class  preference
``("request", "agent")``    float64, shape (A,), for one request class  expected achievement with history
``("agent",)``              float64, shape (A,), `request` is `NO_REQUEST`      idle time, load
``("pair",)``               `SparsePairs` with amounts                  affinity
``("conversation",)``       float64, shape (C,), `request` is `NO_REQUEST`      waiting, priority, due: lower `hold`
==========================  ==========================================  =========================================

A NaN makes the pairs it feeds ineligible, an exception only those entries that still raise when asked alone.
`routematch.testing.check_term` holds a member to its declarations.
"""

from __future__ import annotations

from typing import Protocol, TypeGuard, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from routematch.state import Behaviour, Problem, RequestClass, SparsePairs

__all__ = ["TERM_AXES", "Term", "is_term"]

#: The axes a term may declare.
TERM_AXES = (("request", "profile"), ("request", "agent"), ("agent",), ("pair",), ("conversation",))


@runtime_checkable
class Term(Protocol):
    """A contribution to worth.

    Attributes
    ----------
    name : str
        How policy files, explanations and the command line call it.
    axes : tuple of str
        One of `TERM_AXES`.
    looks_at : tuple of str
        Fields of `RequestClass` the answer depends on; rows are shared between classes that agree in them.
    scaled_by_value : bool
        Whether `Conversation.value` multiplies it.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def axes(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def looks_at(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def scaled_by_value(self) -> bool: ...  # noqa: D102

    def value(self, problem: Problem, request: RequestClass) -> NDArray[np.float64] | SparsePairs:
        """Return the contribution in policy units, in the shape of the axes."""
        ...

    def behaviour(self, problem: Problem) -> Behaviour:
        """Return how the value can change by time alone, for unchanged request classes."""
        ...


def is_term(part: object) -> TypeGuard[Term]:
    """Whether an object has all that a term needs; a class that was not called is none.

    Asking for each member, and not by `isinstance`, also finds what ``__getattr__`` gives, on every version of Python.
    """
    members = ("name", "axes", "looks_at", "scaled_by_value", "value", "behaviour")
    return not isinstance(part, type) and all(hasattr(part, member) for member in members)
