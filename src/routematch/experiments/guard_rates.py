"""From a scenario to prices: its mean rates over the horizon, its groups' handle times, and what the policy values."""

from __future__ import annotations

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from routematch.policies import Policy
from routematch.prices import Workload, state_price
from routematch.routing.pricing import workload_of
from routematch.simulation import Scenario
from routematch.simulation.agent_groups import AgentGroup
from routematch.simulation.conversation_types import ConversationType
from routematch.state import Roster

__all__ = ["priced_for", "scenario_workload"]


def priced_for(policy: Policy, scenario: Scenario, *, pool_size: int = 8) -> Policy:
    """Return a policy with the state prices of a scenario's rates.

    Parameters
    ----------
    policy : Policy
        As `policies.best_value()`.
    scenario : Scenario
    pool_size : int
        Fewest agents priced together, where possible.

    Returns
    -------
    Policy
        Without prices where nothing arrives or nobody works.

    Examples
    --------
    >>> from routematch.policies import best_value
    >>> office = Scenario.from_rates([0.02, 0.01], 0.005, 0.005, [4, 4], [[1.0, 0.6], [0.5, 0.9]])
    >>> policy = priced_for(best_value(), office, pool_size=4)
    >>> [pool.slots for pool in policy.prices.pools]
    [4, 4]
    """
    work = scenario_workload(policy, scenario, pool_size=pool_size)
    return evolve(policy, prices=state_price(work) if work.kinds and work.pools else None)


def scenario_workload(policy: Policy, scenario: Scenario, *, pool_size: int = 8) -> Workload:
    """Return a scenario's rates by type and pool, everybody on shift.

    Parameters
    ----------
    policy : Policy
        Says who may and how well.
    scenario : Scenario
    pool_size : int

    Returns
    -------
    Workload
    """
    roster, kinds = Roster.of(scenario.roster()), scenario.conversation_types
    mean_rates = {
        kind.name: kind.arrivals.mean_count(0.0, scenario.horizon) / scenario.horizon for kind in kinds if kind.arrivals
    }
    return workload_of(
        policy,
        {kind.name: kind.conversation("any") for kind in kinds},
        roster,
        arrival_rates=mean_rates,
        patience={kind.name: kind.patience.mean for kind in kinds if kind.patience and np.isfinite(kind.patience.mean)},
        abandonment_cost={kind.name: kind.abandonment_cost for kind in kinds},
        handle_time=_handle_times(scenario, roster),
        queues=scenario.queues,
        pool_size=pool_size,
    )


def _handle_times(scenario: Scenario, roster: Roster) -> NDArray[np.float64]:
    """Return mean seconds that a conversation keeps an agent, by type and agent in order of id."""
    times = np.empty((len(scenario.conversation_types), len(roster)))
    for group in scenario.agent_groups:
        positions = [roster.index[agent.id] for agent in group.roster()]
        for row, kind in enumerate(scenario.conversation_types):
            times[row, positions] = _mean_time(kind, group)
    return times


def _mean_time(kind: ConversationType, group: AgentGroup) -> float:
    talk = kind.handle_time_by_group.get(group.name, kind.handle_time).mean
    wrap_up = kind.wrap_up.mean if kind.wrap_up is not None else 0.0
    return float((talk + wrap_up) / group.speed)
