"""Nobody can wait: who finds all agents busy is lost (Erlang B).

Source: A. K. Erlang (1917); recursion and its stability: Jagerman (1974).
"""

from __future__ import annotations

import math

from attrs import frozen

from routematch.errors import Faults
from routematch.theory.rates import check_rates

__all__ = ["LossResult", "blocking", "erlang_b", "log_blocking"]


@frozen
class LossResult:
    """A system without waiting room, in steady state.

    Attributes
    ----------
    arrival_rate, service_rate : float
        Per second; service rate of one agent.
    agents : int
    blocking_probability : float
        Share of arrivals lost.
    occupancy : float
        Share of time an agent is busy.
    """

    arrival_rate: float
    service_rate: float
    agents: int
    blocking_probability: float
    occupancy: float

    @property
    def offered_load(self) -> float:
        """Mean number of busy agents if there were enough."""
        return self.arrival_rate / self.service_rate

    @property
    def average_busy(self) -> float:
        """Mean number of busy agents."""
        return self.offered_load * (1.0 - self.blocking_probability)


def erlang_b(arrival_rate: float, service_rate: float, agents: int) -> LossResult:
    """Solve M/M/n/n; by insensitivity also M/G/n/n with the same mean handle time.

    Parameters
    ----------
    arrival_rate : float
        Poisson arrivals per second; above 0.
    service_rate : float
        One over the mean handle time; above 0.
    agents : int
        From 0 to 1,000,000.

    Returns
    -------
    LossResult

    Raises
    ------
    InvalidInputError
        Listing every parameter out of range.

    Examples
    --------
    >>> round(erlang_b(0.1, 1 / 180, agents=20).blocking_probability, 6)
    0.109213
    """
    faults = Faults()
    rates = check_rates(faults, arrival_rate, service_rate, agents, fewest=0)
    faults.raise_if_any()
    lost = blocking(rates.offered_load, rates.agents)
    busy = _carried(rates.offered_load, rates.agents)
    return LossResult(
        rates.arrival_rate, rates.service_rate, rates.agents, lost, busy / rates.agents if rates.agents else 0.0
    )


def _carried(offered_load: float, agents: int) -> float:
    """Return the mean number of busy agents; ``1 - B`` is written without cancellation, for overload."""
    if agents == 0:
        return 0.0
    return offered_load * agents / (agents + offered_load * blocking(offered_load, agents - 1))


def blocking(offered_load: float, agents: int) -> float:
    """Return Erlang's B by its recursion: every step adds positive terms, so no digit is lost."""
    probability = 1.0
    for k in range(1, agents + 1):
        weighted = offered_load * probability
        probability = weighted / (k + weighted)
        if probability == 0.0:
            break
    return probability


def log_blocking(offered_load: float, agents: int) -> float:
    """Return the logarithm of Erlang's B, also where B itself is below the smallest float."""
    probability = blocking(offered_load, agents)
    if probability > 1e-250:
        return math.log(probability)
    # All of the Poisson law lies below `agents` here, so B is its density there.
    return agents * math.log(offered_load) - offered_load - math.lgamma(agents + 1)
