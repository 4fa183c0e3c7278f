"""One agent, handle times of any law: Pollaczek and Khinchine; with priorities, Cobham.

Sources: Pollaczek (1930), Khinchine (1932); Cobham (1954), Priority assignment in waiting line problems; for several
agents with one handle-time law, Kella and Yechiali (1985), Waiting times in the non-preemptive priority M/M/c queue.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import frozen

from routematch.distributions import Distribution
from routematch.distributions.checks import as_floats, check_number, check_numbers
from routematch.errors import Faults
from routematch.theory.rates import Rates, check_agents, refuse_unstable
from routematch.theory.waiting import delay_probability

__all__ = ["PriorityResult", "SingleAgentResult", "priorities", "single_agent", "single_agent_priorities"]


@frozen
class SingleAgentResult:
    """One agent who serves in order of arrival, in steady state.

    Attributes
    ----------
    arrival_rate : float
        Per second.
    service : Distribution
        Handle time.
    delay_probability : float
        Share of arrivals that wait.
    average_wait : float
        In seconds, over all arrivals.
    average_queue : float
        Mean number waiting.
    occupancy : float
        Share of time the agent is busy.
    """

    arrival_rate: float
    service: Distribution
    delay_probability: float
    average_wait: float
    average_queue: float
    occupancy: float


def single_agent(arrival_rate: float, service: Distribution) -> SingleAgentResult:
    """Solve M/G/1.

    Parameters
    ----------
    arrival_rate : float
        Poisson arrivals per second; above 0.
    service : Distribution
        Handle time, wrap-up included; finite variance.

    Returns
    -------
    SingleAgentResult

    Raises
    ------
    InvalidInputError
        Listing every parameter out of range; when the load is not below 1.

    Examples
    --------
    >>> from routematch.distributions import Deterministic
    >>> round(single_agent(0.002, Deterministic(400.0)).average_wait, 6)
    800.0
    """
    faults = Faults()
    rate = check_number(faults, "arrival_rate", arrival_rate, above=0)
    _check_service(faults, "service", service)
    faults.raise_if_any()
    load = rate * service.mean
    refuse_unstable(load, "shorten handle times or add agents")
    wait = _residual(rate, service) / (1.0 - load)
    return SingleAgentResult(rate, service, load, wait, rate * wait, load)


@frozen
class PriorityResult:
    """Classes by priority, most urgent first, none interrupted, in steady state.

    Attributes
    ----------
    delay_probability : float
        Share of arrivals that wait, the same in every class.
    average_waits : tuple of float
        Mean wait of each class in seconds.
    average_queues : tuple of float
        Mean number waiting of each class.
    average_wait : float
        Mean wait over all arrivals.
    occupancy : float
        Share of time an agent is busy.
    """

    delay_probability: float
    average_waits: tuple[float, ...]
    average_queues: tuple[float, ...]
    average_wait: float
    occupancy: float


def priorities(arrival_rates: Sequence[float], service_rate: float, agents: int) -> PriorityResult:
    """Solve M/M/n with non-preemptive priorities and the same exponential handle time in all classes.

    Parameters
    ----------
    arrival_rates : sequence of float
        Poisson arrivals per second of each class, most urgent first; each at least 0, one above 0.
    service_rate : float
        One over the mean handle time; above 0.
    agents : int
        From 1 to 1,000,000.

    Returns
    -------
    PriorityResult

    Raises
    ------
    InvalidInputError
        Listing every parameter out of range; when the load per agent of all classes is not below 1.

    Examples
    --------
    >>> result = priorities((0.02, 0.08), 1 / 180, agents=20)
    >>> [round(wait, 1) for wait in result.average_waits]
    [6.0, 60.5]
    """
    faults = Faults()
    rates = check_numbers(faults, "arrival_rates", as_floats(arrival_rates), at_least=0)
    service = check_number(faults, "service_rate", service_rate, above=0)
    number = check_agents(faults, agents)
    if not faults and not rates.sum() > 0:
        faults.add("must not all be 0", place="arrival_rates", given=arrival_rates)
    faults.raise_if_any()
    whole = Rates(float(rates.sum()), service, number)
    refuse_unstable(whole.load, "add agents")
    delayed = delay_probability(whole)
    waits = delayed / (number * service) / _room_above(tuple(rates / (number * service)))
    return _priority_result(delayed, tuple(rates.tolist()), waits, whole.load)


def single_agent_priorities(arrival_rates: Sequence[float], services: Sequence[Distribution]) -> PriorityResult:
    """Solve M/G/1 with non-preemptive priorities, each class with a handle time of its own.

    Parameters
    ----------
    arrival_rates : sequence of float
        Poisson arrivals per second of each class, most urgent first; each at least 0, one above 0.
    services : sequence of Distribution
        Handle time of each class; finite variances.

    Returns
    -------
    PriorityResult

    Raises
    ------
    InvalidInputError
        Listing every parameter out of range; when the load of all classes is not below 1.
    """
    faults = Faults()
    rates = check_numbers(faults, "arrival_rates", as_floats(arrival_rates), at_least=0)
    for i, service in enumerate(services):
        _check_service(faults, f"services[{i}]", service)
    if rates.size and len(services) != rates.size:
        faults.add(f"must have one entry for each of {rates.size} arrival rates", place="services")
    if not faults and not rates.sum() > 0:
        faults.add("must not all be 0", place="arrival_rates", given=arrival_rates)
    faults.raise_if_any()
    loads = tuple(float(rate) * service.mean for rate, service in zip(rates, services, strict=True))
    refuse_unstable(sum(loads), "shorten handle times or add agents")
    residual = sum(_residual(float(rate), service) for rate, service in zip(rates, services, strict=True))
    return _priority_result(sum(loads), tuple(rates.tolist()), residual / _room_above(loads), sum(loads))


def _priority_result(
    delayed: float, rates: tuple[float, ...], waits: np.ndarray[tuple[int, ...], np.dtype[np.float64]], load: float
) -> PriorityResult:
    queues = np.asarray(rates) * waits
    return PriorityResult(
        delayed, tuple(waits.tolist()), tuple(queues.tolist()), float(queues.sum()) / sum(rates), load
    )


def _room_above(loads: tuple[float, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the product of what classes above, and those and itself, leave free, for each class."""
    free = 1.0 - np.concatenate([[0.0], np.cumsum(loads)])
    product: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = free[:-1] * free[1:]
    return product


def _residual(rate: float, service: Distribution) -> float:
    """Return the mean work left of what is in service when somebody arrives."""
    return rate * (service.variance + service.mean**2) / 2.0


def _check_service(faults: Faults, place: str, service: object) -> None:
    if not isinstance(service, Distribution):
        faults.add("must be a law", place=place, given=service)
    elif not np.isfinite(service.variance):
        faults.add("must have a finite mean and variance", place=place, given=service)
    elif service.mean <= 0:
        faults.add("must have a mean above 0", place=place, given=service)
