"""What a conversation was worth on average: expected value of the served, less the lost and less the waiting.

The expected value of a pair is taken, not its drawn outcome, so that chance which no policy can influence does not blur
comparisons.

>>> from routematch.simulation import Scenario, simulate
>>> office = Scenario.from_rates(arrival=0.02, service=0.01, patience=0.005, agents=3, value=2.0, horizon=36000.0)
>>> round(simulate(office, seed=1).measure(NetValue.of(office)).mean, 2) < 2.0
True
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.metrics.breakdown import Breakdown
from routematch.simulation.scenario import Scenario
from routematch.simulation.staff import Staff
from routematch.state.ledger import ABANDONED, NONE_BEFORE, REFUSED, Ledger

__all__ = ["NetValue"]


@frozen(eq=False)
class NetValue:
    """Net value for each first conversation, in policy units. Make one with `NetValue.of`.

    Attributes
    ----------
    pair_value : ndarray of float64, shape (T, A)
        Expected value of a conversation type served by an agent, in the scenario's order of types and order of ids.
    loss : ndarray of float64, shape (T,)
        Paid for who gives up or is refused.
    holding_cost : ndarray of float64, shape (T,)
        Paid per second of waiting.
    margin : float
        Conversations that arrive within this many seconds of either end of the window are left out.
    """

    name: ClassVar[str] = "net_value"
    title: ClassVar[str] = "Net value"
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = "amount"
    better: ClassVar[str] = "higher"
    meaning: ClassVar[str] = "expected value less losses and waiting, for each first conversation"
    pair_value: NDArray[np.float64] = field(repr=False)
    loss: NDArray[np.float64] = field(repr=False)
    holding_cost: NDArray[np.float64] = field(repr=False)
    margin: float = 0.0

    @classmethod
    def of(
        cls, scenario: Scenario, *, holding_cost: Mapping[str, float] | float = 0.0, margin: float = 0.0
    ) -> NetValue:
        """Return the net value in a scenario.

        Parameters
        ----------
        scenario : Scenario
        holding_cost : mapping from conversation type to float, or float
            Per second of waiting, in policy units.
        margin : float
            Seconds at both ends of the run that do not count.

        Returns
        -------
        NetValue
        """
        types = scenario.conversation_types
        gain = np.array([kind.value for kind in types])
        costs = [
            holding_cost.get(kind.name, 0.0) if isinstance(holding_cost, Mapping) else holding_cost for kind in types
        ]
        loss = np.array([kind.abandonment_cost for kind in types])
        return cls(gain[:, None] * Staff.of(scenario).success, loss, np.array(costs, np.float64), margin)

    def worth(self, ledger: Ledger) -> NDArray[np.float64]:
        """Return the net value of each conversation, shape (N,)."""
        kind, agent = ledger.conversation_type.codes, ledger.agent.codes
        lost = (ledger.ending == ABANDONED) | (ledger.ending == REFUSED)
        gained = np.where((agent >= 0) & ~lost, self.pair_value[kind, np.maximum(agent, 0)], 0.0)
        waited = np.where(np.isnan(ledger.waited), 0.0, ledger.waited)
        return gained - np.where(lost, self.loss[kind], 0.0) - self.holding_cost[kind] * waited

    def measure(self, groups: Breakdown) -> NDArray[np.float64]:
        """Return the mean for each group; NaN without first conversations."""
        ledger = groups.ledger
        start_at, end_at = ledger.window
        counted = (ledger.arrived_at >= start_at + self.margin) & (ledger.arrived_at < end_at - self.margin)
        first = groups.count(counted & (ledger.repeats == NONE_BEFORE))
        with np.errstate(invalid="ignore", divide="ignore"):
            share: NDArray[np.float64] = np.where(first > 0, groups.total(self.worth(ledger), counted) / first, np.nan)
        return share
