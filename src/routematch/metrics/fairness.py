"""How evenly work and waiting fall: among agents, and among customers.

Jain's index of n amounts is ``(sum x)**2 / (n * sum x**2)``: 1 when all are equal, 1/n when one has everything (Jain,
Chiu and Hawe, A quantitative measure of fairness and discrimination for resource allocation, DEC TR-301, 1984). The
Gini coefficient is half the mean difference of two amounts divided by their mean: 0 when all are equal (Gini,
Variabilità e mutabilità, 1912).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.metrics.breakdown import Breakdown, ratio
from routematch.metrics.occupancy import PRESENT, WORKING
from routematch.metrics.waits import waited_out

__all__ = [
    "GoodShareFairness",
    "OccupancyFairness",
    "OccupancySpread",
    "TypeWaitSpread",
    "WaitGini",
    "good_shares",
    "jain",
    "occupancies",
]


def jain(amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Jain's index of the amounts that are known along the last axis; NaN where none is above 0.

    >>> jain(np.array([[1.0, 1.0, np.nan], [1.0, 0.0, 0.0]]))
    array([1.        , 0.33333333])
    """
    known = ~np.isnan(amounts)
    filled = np.where(known, amounts, 0.0)
    return ratio(filled.sum(axis=-1) ** 2, known.sum(axis=-1) * (filled**2).sum(axis=-1))


def spread(amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return largest minus smallest of the amounts that are known along the last axis; NaN for fewer than two."""
    known = ~np.isnan(amounts)
    largest = np.where(known, amounts, -np.inf).max(axis=-1, initial=-np.inf)
    smallest = np.where(known, amounts, np.inf).min(axis=-1, initial=np.inf)
    return np.where(known.sum(axis=-1) > 1, largest - smallest, np.nan)


def occupancies(groups: Breakdown) -> NDArray[np.float64]:
    """Return the occupancy of each agent in each group, shape (G, A); NaN where an agent was not there."""
    agents = len(groups.ledger.agent.names)
    if "agent" in groups.axes:
        return np.full((groups.size, agents), np.nan)
    each = groups.crossed("agent")
    return ratio(each.agent_time(WORKING), each.agent_time(PRESENT)).reshape(groups.size, agents)


def good_shares(groups: Breakdown) -> NDArray[np.float64]:
    """Return which part of an agent's conversations was good, shape (G, A); NaN where an agent had none.

    Good are conversations of at least the median value of all whose value is known.
    """
    ledger = groups.ledger
    agents = len(ledger.agent.names)
    known = ~np.isnan(ledger.value) & ~np.isnan(ledger.answered_at)
    if "agent" in groups.axes or not known.any():
        return np.full((groups.size, agents), np.nan)
    good = ledger.value >= np.median(ledger.value[known])
    return groups.crossed("agent").share(good, known).reshape(groups.size, agents)


@frozen
class OccupancyFairness:
    """Jain's index of the agents' occupancies."""

    name: ClassVar[str] = "occupancy_fairness"
    title: ClassVar[str] = "Fairness of occupancy"
    abbreviation: ClassVar[str] = "Jain"
    unit: ClassVar[str] = "index"
    better: ClassVar[str] = "higher"
    meaning: ClassVar[str] = "Jain's index of the agents' occupancies, 1 when all are equal"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the index for each group; NaN as occupancy."""
        return jain(occupancies(groups))


@frozen
class OccupancySpread:
    """Difference between the busiest and the least busy agent."""

    name: ClassVar[str] = "occupancy_spread"
    title: ClassVar[str] = "Spread of occupancy"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "share"
    better: ClassVar[str] = "lower"
    meaning: ClassVar[str] = "occupancy of the busiest agent minus that of the least busy"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the difference for each group; NaN for fewer than two agents."""
        return spread(occupancies(groups))


@frozen
class GoodShareFairness:
    """Jain's index of the agents' shares of good conversations, those of at least median value."""

    name: ClassVar[str] = "good_share_fairness"
    title: ClassVar[str] = "Fairness of good conversations"
    abbreviation: ClassVar[str] = "Jain"
    unit: ClassVar[str] = "index"
    better: ClassVar[str] = "higher"
    meaning: ClassVar[str] = "Jain's index of the agents' shares of conversations of at least median value"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the index for each group; NaN where no value is known."""
        return jain(good_shares(groups))


@frozen
class WaitGini:
    """Gini coefficient of the waits of those who were answered or abandoned."""

    name: ClassVar[str] = "wait_gini"
    title: ClassVar[str] = "Inequality of waits"
    abbreviation: ClassVar[str] = "Gini"
    unit: ClassVar[str] = "index"
    better: ClassVar[str] = "lower"
    meaning: ClassVar[str] = "Gini coefficient of the waits, 0 when all are equal"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the coefficient for each group; NaN where nobody waited."""
        return groups.gini(groups.ledger.waited, waited_out(groups.ledger))


@frozen
class TypeWaitSpread:
    """Difference of the mean waits between the type that waits longest and the one that waits least."""

    name: ClassVar[str] = "type_wait_spread"
    title: ClassVar[str] = "Spread of waits among types"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "seconds"
    better: ClassVar[str] = "lower"
    meaning: ClassVar[str] = "mean wait of the type that waits longest minus that of the type that waits least"

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the difference for each group; NaN for fewer than two types."""
        ledger = groups.ledger
        types = len(ledger.conversation_type.names)
        if "conversation_type" in groups.axes:
            return np.full(groups.size, np.nan)
        means = groups.crossed("conversation_type").mean(ledger.waited, waited_out(ledger))
        return spread(means.reshape(groups.size, types))
