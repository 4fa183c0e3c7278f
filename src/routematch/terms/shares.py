"""Who got less than its share so far comes first: shares of work, of good conversations, and between groups.

What was given so far is memory: plain data that a plan returns and the next call takes, or a router keeps. Agents it
does not know count as having had exactly their share, so that nobody new is flooded, and nobody who left matters.

>>> from routematch.model import Agent, Conversation
>>> from routematch.state import NO_REQUEST, Problem
>>> agents = [Agent("ana"), Agent("bo"), Agent("new")]
>>> problem = Problem.of([], agents, now=0.0, memory={"given": {"work": {"ana": 3.0, "bo": 1.0}, "at": 0.0}})
>>> FairShare().value(problem, NO_REQUEST)
array([-0.5,  0.5,  0. ])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.model.checks import as_amounts, check_amounts, check_choice, check_name, check_number
from routematch.model.frozen import EMPTY
from routematch.model.instants import as_duration
from routematch.state import Behaviour, Problem, RequestClass, Static

__all__ = ["GIVEN", "KINDS_OF_SHARE", "FairShare", "GroupShare", "given_after"]

#: Key of memory: ``{"work": {agent: amount}, "value": {agent: amount}, "at": instant}``.
GIVEN = "given"
#: What a share is of: units of capacity, or the value of conversations.
KINDS_OF_SHARE = ("work", "value")
_DAY = 86_400.0


@frozen
class FairShare:
    """How far an agent is behind the mean, by weight: 1 who got nothing, -1 who got twice the mean or more.

    Attributes
    ----------
    of : str
        From `KINDS_OF_SHARE`: ``"work"``, or ``"value"`` for a fair share of good conversations.
    half_time : float
        Seconds (also a `timedelta`) after which what was given counts half.
    """

    name: ClassVar[str] = "fair_share"
    axes: ClassVar[tuple[str, ...]] = ("agent",)
    looks_at: ClassVar[tuple[str, ...]] = ()
    scaled_by_value: ClassVar[bool] = False
    of: str = "work"
    half_time: float = field(default=_DAY, converter=as_duration, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check the parameters."""
        faults = Faults()
        check_choice(faults, "of", self.of, KINDS_OF_SHARE)
        object.__setattr__(self, "half_time", check_number(faults, "half_time", self.half_time, above=0))
        faults.raise_if_any()

    def value(self, problem: Problem, request: RequestClass) -> NDArray[np.float64]:  # noqa: ARG002 - the contract
        """Return how far behind its share each agent is, shape (A,), in [-1, 1]."""
        had = _had(problem, self.of) / problem.roster.weight
        known = np.isfinite(had)
        mean = had[known].mean() if known.any() else 0.0
        if mean <= 0:
            return np.zeros(len(had))
        behind: NDArray[np.float64] = np.clip(1.0 - np.where(known, had, mean) / mean, -1.0, 1.0)
        return behind

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static: all shares fade alike, so only what is given changes them."""
        return Static()


@frozen
class GroupShare:
    """How far a group of agents is behind the share it is to have of all work, such as 70 % for one of two sites.

    Attributes
    ----------
    attribute : str
        The agents' attribute that names their group.
    shares : mapping from group to float
        Wanted shares; they are taken in relation to each other. Groups not named have none to catch up with.
    half_time : float
        Seconds (also a `timedelta`) after which what was given counts half.
    """

    name: ClassVar[str] = "group_share"
    axes: ClassVar[tuple[str, ...]] = ("agent",)
    looks_at: ClassVar[tuple[str, ...]] = ()
    scaled_by_value: ClassVar[bool] = False
    attribute: str = "site"
    shares: Mapping[str, float] = field(default=EMPTY, converter=as_amounts, kw_only=True)
    half_time: float = field(default=_DAY, converter=as_duration, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check the parameters."""
        faults = Faults()
        check_name(faults, "attribute", self.attribute)
        object.__setattr__(self, "shares", check_amounts(faults, "shares", self.shares, at_least=0))
        object.__setattr__(self, "half_time", check_number(faults, "half_time", self.half_time, above=0))
        faults.raise_if_any()

    def value(self, problem: Problem, request: RequestClass) -> NDArray[np.float64]:  # noqa: ARG002 - the contract
        """Return wanted less actual share of each agent's group, shape (A,), in [-1, 1]."""
        group_of = problem.roster.attribute(self.attribute)
        had = np.nan_to_num(_had(problem, "work"))
        total, wanted = float(had.sum()), sum(self.shares.values())
        behind = np.zeros(len(had))
        if total <= 0 or wanted <= 0:
            return behind
        for group, share in self.shares.items():
            members = np.array([name == group for name in group_of], bool)
            behind[members] = share / wanted - float(had[members].sum()) / total
        return behind

    def behaviour(self, problem: Problem) -> Behaviour:  # noqa: ARG002 - the contract
        """Return static: all shares fade alike, so only what is given changes them."""
        return Static()


def _had(problem: Problem, kind: str) -> NDArray[np.float64]:
    """Return what each agent was given so far, shape (A,); NaN where memory does not know it."""
    amounts = _mapping(_mapping(problem.memory.get(GIVEN)).get(kind))
    return np.array([_number(amounts.get(identifier)) for identifier in problem.roster.ids], np.float64)


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else np.nan


def given_after(
    before: object, given: Mapping[str, tuple[float, float]], now: float, half_time: float
) -> dict[str, Any]:
    """Return what agents were given, after some more was, as memory keeps it.

    Parameters
    ----------
    before : mapping or None
        What memory held.
    given : mapping from agent id to (work, value)
    now : float
        POSIX seconds.
    half_time : float
        Seconds after which what was given earlier counts half.

    Returns
    -------
    dict
        Plain data. An agent who is new to it begins with the mean of those who are known.
    """
    kept = _mapping(before)
    at = _number(kept.get("at"))
    fading = 0.5 ** (max(now - at, 0.0) / half_time) if np.isfinite(at) else 1.0
    after: dict[str, Any] = {"at": now}
    for place, kind in enumerate(KINDS_OF_SHARE):
        amounts = {agent: _number(amount) * fading for agent, amount in _mapping(kept.get(kind)).items()}
        mean = sum(amounts.values()) / len(amounts) if amounts else 0.0
        for agent, entry in given.items():
            amounts[agent] = amounts.get(agent, mean) + entry[place]
        after[kind] = dict(sorted(amounts.items()))
    return after
