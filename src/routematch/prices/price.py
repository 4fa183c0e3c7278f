"""The contract of a price: what an agent's time is worth elsewhere, and what a conversation may get by waiting.

A policy without a price serves whoever is there with whoever is best now. A price sees beyond the moment: it charges a
pair for the time of an agent whom others will need, and says what waiting for a better agent is worth.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeGuard, runtime_checkable

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.state import Problem, RequestClass

__all__ = ["Price", "Quote", "TimeWorth", "is_price"]


@frozen
class TimeWorth:
    """What one agent's time is worth elsewhere at one decision.

    Attributes
    ----------
    per_second : float
        Policy units.
    kept_for : str or None
        The type of conversation that the agent is wanted for most; None where that is the one decided on, or unknown.
    """

    per_second: float
    kept_for: str | None = None


@frozen(eq=False)
class Quote:
    """What a price says at one decision, by request class (K) and agent (A).

    Attributes
    ----------
    cost : ndarray of float64, shape (K, A)
        What the agent's time costs if it takes such a conversation, in policy units; 0 where nothing is known.
    option : ndarray of float64, shape (K,)
        What such a conversation may still get by waiting, in policy units; at least 0.
    loss : ndarray of float64, shape (K,)
        What it would cost if the customer gave up, in policy units; at least 0. It lowers hold.
    """

    cost: NDArray[np.float64]
    option: NDArray[np.float64]
    loss: NDArray[np.float64]


@runtime_checkable
class Price(Protocol):
    """What agents' time is worth, as plain data that a policy file can hold.

    Attributes
    ----------
    name : str
        How policy files, explanations and the command line call it.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    def quote(self, problem: Problem) -> Quote:
        """Return what each agent's time costs now, and what waiting is worth; pure, constant between events."""
        ...

    def time_worth(self, problem: Problem, request: RequestClass, agent: str) -> TimeWorth | None:
        """Return what an agent's time is worth elsewhere, to explain; None where nothing is known of the agent."""
        ...

    def to_data(self) -> dict[str, Any]:
        """Return the price as plain data, its name first."""
        ...


def is_price(part: object) -> TypeGuard[Price]:
    """Whether an object has all that a price needs; a class that was not called is none."""
    return not isinstance(part, type) and all(
        hasattr(part, member) for member in ("name", "quote", "time_worth", "to_data")
    )
