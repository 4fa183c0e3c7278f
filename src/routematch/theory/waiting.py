"""Everybody waits until served (Erlang C), or until the waiting room is full (M/M/n/K).

Sources: A. K. Erlang (1917); Gross, Shortle, Thompson, Harris (2008), Fundamentals of Queueing Theory, sections 2.3 to
2.5.
"""

from __future__ import annotations

import math

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.distributions.checks import check_whole
from routematch.errors import Faults
from routematch.theory.blocking import blocking, log_blocking
from routematch.theory.rates import Rates, check_rates, check_share, check_threshold, refuse_unstable
from routematch.theory.rising import smallest_reaching

__all__ = ["RoomResult", "WaitResult", "erlang_c", "limited_room"]


@frozen
class WaitResult:
    """A queue in which everybody waits until served, in steady state.

    Attributes
    ----------
    arrival_rate, service_rate : float
        Per second; service rate of one agent.
    agents : int
    delay_probability : float
        Share of arrivals that wait.
    average_wait : float
        Mean wait of all arrivals, in seconds (average speed of answer).
    average_queue : float
        Mean number waiting.
    occupancy : float
        Share of time an agent is busy.
    """

    arrival_rate: float
    service_rate: float
    agents: int
    delay_probability: float
    average_wait: float
    average_queue: float
    occupancy: float

    @property
    def average_wait_if_delayed(self) -> float:
        """Mean wait of those who wait, in seconds."""
        return 1.0 / self._spare_rate

    @property
    def average_busy(self) -> float:
        """Mean number of busy agents."""
        return self.arrival_rate / self.service_rate

    def wait_exceeds(self, threshold: float) -> float:
        """Return the probability of waiting more than `threshold` seconds."""
        return self.delay_probability * math.exp(-self._spare_rate * check_threshold(threshold))

    def service_level(self, threshold: float) -> float:
        """Return the share of arrivals answered within `threshold` seconds."""
        return 1.0 - self.wait_exceeds(threshold)

    def wait_quantile(self, probability: float) -> float:
        """Return the smallest wait in seconds that a share of `probability` does not exceed."""
        rest = 1.0 - check_share(probability)
        return max(math.log(self.delay_probability / rest), 0.0) / self._spare_rate if self.delay_probability else 0.0

    @property
    def _spare_rate(self) -> float:
        return self.agents * self.service_rate - self.arrival_rate


def erlang_c(arrival_rate: float, service_rate: float, agents: int) -> WaitResult:
    """Solve M/M/n: first come, first served, everybody waits as long as it takes.

    Parameters
    ----------
    arrival_rate : float
        Poisson arrivals per second; above 0.
    service_rate : float
        One over the mean of exponential handle times; above 0.
    agents : int
        From 1 to 1,000,000.

    Returns
    -------
    WaitResult

    Raises
    ------
    InvalidInputError
        Listing every parameter out of range; when the load per agent is not below 1.

    Examples
    --------
    >>> hour = erlang_c(360 / 3600, 1 / 180, agents=21)
    >>> round(hour.delay_probability, 4), round(hour.average_wait, 1), round(hour.service_level(20), 3)
    (0.3959, 23.8, 0.716)
    """
    faults = Faults()
    rates = check_rates(faults, arrival_rate, service_rate, agents)
    faults.raise_if_any()
    refuse_unstable(rates.load, "add agents, or use erlang_a with patience")
    delayed = delay_probability(rates)
    wait = delayed / (rates.agents * rates.service_rate - rates.arrival_rate)
    return WaitResult(
        rates.arrival_rate,
        rates.service_rate,
        rates.agents,
        delayed,
        wait,
        rates.arrival_rate * wait,
        rates.load,
    )


def delay_probability(rates: Rates) -> float:
    """Return Erlang's C from Erlang's B; the load must be below 1."""
    lost = blocking(rates.offered_load, rates.agents)
    spare = (rates.agents * rates.service_rate - rates.arrival_rate) / (rates.agents * rates.service_rate)
    return lost / (spare + rates.load * lost)


@frozen
class RoomResult:
    """A queue with limited waiting room, in steady state. Waits are those of arrivals that are let in.

    Attributes
    ----------
    arrival_rate, service_rate : float
        Per second; service rate of one agent.
    agents, waiting_places : int
    blocking_probability : float
        Share of arrivals that find the room full and are lost.
    delay_probability : float
        Share of all arrivals that are let in and wait.
    average_wait : float
        Mean wait of those let in, in seconds.
    average_queue : float
        Mean number waiting.
    occupancy : float
        Share of time an agent is busy.
    """

    arrival_rate: float
    service_rate: float
    agents: int
    waiting_places: int
    blocking_probability: float
    delay_probability: float
    average_wait: float
    average_queue: float
    occupancy: float
    _busy_states: NDArray[np.float64] = field(repr=False, eq=False)

    def wait_exceeds(self, threshold: float) -> float:
        """Return the probability that somebody let in waits more than `threshold` seconds."""
        return self._late(check_threshold(threshold)) / (1.0 - self.blocking_probability)

    def service_level(self, threshold: float) -> float:
        """Return the share of all arrivals, lost ones too, answered within `threshold` seconds."""
        return 1.0 - self.blocking_probability - self._late(check_threshold(threshold))

    def wait_quantile(self, probability: float) -> float:
        """Return the smallest wait in seconds that a share of `probability` of those let in does not exceed."""
        wanted = check_share(probability)
        scale = 1.0 / (self.agents * self.service_rate)
        return smallest_reaching(lambda t: 1.0 - self.wait_exceeds(t), wanted, scale)

    def _late(self, threshold: float) -> float:
        """Return the share of arrivals that are let in and wait longer: j ahead means j + 1 completions."""
        from scipy.special import gammaincc

        ahead = self._busy_states[:-1]
        completions = np.arange(1, ahead.size + 1)
        return float(ahead @ gammaincc(completions, self.agents * self.service_rate * threshold))


def limited_room(arrival_rate: float, service_rate: float, agents: int, waiting_places: int) -> RoomResult:
    """Solve M/M/n/K, with K = agents + waiting places; any load.

    Parameters
    ----------
    arrival_rate : float
        Poisson arrivals per second; above 0.
    service_rate : float
        One over the mean of exponential handle times; above 0.
    agents : int
        From 1 to 1,000,000.
    waiting_places : int
        From 0 (Erlang B) to 10,000,000.

    Returns
    -------
    RoomResult

    Raises
    ------
    InvalidInputError
        Listing every parameter out of range.

    Examples
    --------
    >>> hall = limited_room(0.2, 1 / 180, agents=30, waiting_places=10)
    >>> round(hall.blocking_probability, 4), round(hall.average_wait, 1)
    (0.175, 37.0)
    """
    faults = Faults()
    rates = check_rates(faults, arrival_rate, service_rate, agents)
    places = check_whole(faults, "waiting_places", waiting_places)
    faults.raise_if_any()
    # Weights of the states with all agents busy, and of all states with somebody idle, relative to the largest.
    logs = np.arange(places + 1) * math.log(rates.load)
    log_idle = _log_idle_weight(rates)
    top = max(float(logs.max()), log_idle)
    weights, idle = np.exp(logs - top), math.exp(log_idle - top)
    busy_states = weights / (weights.sum() + idle)
    lost = float(busy_states[-1])
    queue = float(busy_states @ np.arange(places + 1))
    let_in = float((idle + weights[:-1].sum()) / (idle + weights.sum()))
    return RoomResult(
        rates.arrival_rate,
        rates.service_rate,
        rates.agents,
        places,
        lost,
        float(busy_states[:-1].sum()),
        queue / (rates.arrival_rate * let_in),
        queue,
        rates.load * let_in,
        busy_states,
    )


def _log_idle_weight(rates: Rates) -> float:
    """Return the log of the weight of all states with an idle agent, relative to the state with all just busy."""
    # The ratio is n / (a B(n - 1)): one step of the recursion of B.
    return math.log(rates.agents / rates.offered_load) - log_blocking(rates.offered_load, rates.agents - 1)
