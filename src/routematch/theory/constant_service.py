"""Handle times that never vary, several agents: M/D/n.

With constant handle times the agents are taken in turn, so an agent sees every n-th arrival, and the wait is that of a
single agent with Erlang gaps. Spitzer's identity gives it as a sum of positive terms over the sums of gaps, and each
term is an incomplete gamma function. Far terms, which matter near full load, are integrated by Euler and Maclaurin.

Sources: Erlang (1909); Crommelin (1932), Delay probability formulae when the holding times are constant; Spitzer
(1956), A combinatorial lemma; Temme (1979), The asymptotic expansion of the incomplete gamma functions; Franx (2001), A
simple solution for the M/D/c waiting time distribution.
"""

from __future__ import annotations

import math

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.distributions.checks import check_number
from routematch.distributions.quadrature import integrate
from routematch.errors import Faults, LimitExceededError
from routematch.theory.rates import Rates, check_rates, check_threshold, refuse_unstable

__all__ = ["ConstantServiceResult", "constant_service"]

#: Terms added one by one.
_SUMMED = 2000
#: Shape from which Temme's expansion replaces the library's function, which stops short in far tails.
_LARGE = 1e5
_MOST_WORK = 10**8
_MOST_STATES = 20_000


@frozen
class ConstantServiceResult:
    """Agents with constant handle times, in steady state.

    Attributes
    ----------
    arrival_rate : float
        Per second.
    service_time : float
        In seconds.
    agents : int
    delay_probability : float
        Share of arrivals that wait.
    average_wait : float
        In seconds, over all arrivals.
    average_queue : float
        Mean number waiting.
    occupancy : float
        Share of time an agent is busy.
    """

    arrival_rate: float
    service_time: float
    agents: int
    delay_probability: float
    average_wait: float
    average_queue: float
    occupancy: float

    def wait_exceeds(self, threshold: float) -> float:
        """Return the probability of waiting more than `threshold` seconds, by the formula of Franx.

        Costs the square of the states that matter; `LimitExceededError` where that is too many, very near full load.
        """
        time = check_threshold(threshold)
        rounds = math.floor(time / self.service_time) + 1
        arriving = self.arrival_rate * (rounds * self.service_time - time)
        rates = Rates(self.arrival_rate, 1.0 / self.service_time, self.agents)
        at_most = np.cumsum(_queue_law(rates, rounds * self.agents))
        return max(1.0 - float(at_most[::-1] @ _poisson(np.arange(at_most.size), arriving)), 0.0)

    def service_level(self, threshold: float) -> float:
        """Return the share of arrivals answered within `threshold` seconds; cost and limit as `wait_exceeds`."""
        return 1.0 - self.wait_exceeds(threshold)


def constant_service(arrival_rate: float, service_time: float, agents: int) -> ConstantServiceResult:
    """Solve M/D/n, first come, first served.

    Parameters
    ----------
    arrival_rate : float
        Poisson arrivals per second; above 0.
    service_time : float
        Handle time in seconds; above 0.
    agents : int
        From 1 to 1,000,000.

    Returns
    -------
    ConstantServiceResult

    Raises
    ------
    InvalidInputError
        Listing every parameter out of range; when the load per agent is not below 1.

    Examples
    --------
    >>> round(constant_service(0.1, 180.0, agents=20).average_wait, 2)
    25.97
    """
    faults = Faults()
    time = check_number(faults, "service_time", service_time, above=0)
    rates = check_rates(faults, arrival_rate, 1.0 if faults else 1.0 / time, agents)
    faults.raise_if_any()
    refuse_unstable(rates.load, "add agents")
    positive, excess, _ = _spitzer(rates)
    wait = excess / rates.arrival_rate
    return ConstantServiceResult(
        rates.arrival_rate, time, rates.agents, -math.expm1(-positive), wait, excess, rates.load
    )


def _spitzer(rates: Rates) -> tuple[float, float, float]:
    """Return the sums over i of P(S_i > 0) / i, E[S_i^+] / i and P(Poisson(i a) > i n) / i.

    S_i is i service times less i n gaps, measured in gaps; a is the offered load.
    """
    total = _terms(np.arange(1.0, _SUMMED + 1), rates).sum(axis=1)
    start = _SUMMED + 0.5
    reach = 45.0 / (rates.agents * _log_gap(rates))
    if reach > start:
        edges = np.geomspace(start, start + reach, 60)
        slope = _terms(np.array([start + 0.5, start - 0.5]), rates) @ np.array([1.0, -1.0])
        total = total + integrate(lambda i: _terms(i, rates), edges, tolerance=1e-12) + slope / 24.0
    return float(total[0]), float(total[1]), float(total[2])


def _terms(i: NDArray[np.float64], rates: Rates) -> NDArray[np.float64]:
    """Return the terms of the sums, by the gamma law of shape ``i * agents`` below its mean."""
    from scipy.special import erfcx, gammainc, gammaln

    shape, below = i * rates.agents, _below(rates)
    small = np.minimum(shape, _LARGE)
    exponent = shape * _log_gap(rates)
    fade, root = np.exp(-exponent), np.sqrt(2.0 * np.pi * shape)
    # The Poisson density at its mean, and the probability over `fade` by Temme's expansion.
    exact = np.exp(small * np.log(small) - small - gammaln(small + 1.0))
    density = np.where(shape > 1e3, (1.0 - 1.0 / (12.0 * shape) + 1.0 / (288.0 * shape**2)) / root, exact)
    eta = -math.sqrt(2.0 * _log_gap(rates))
    first = -1 / 3 + eta / 12 - 2 * eta**2 / 135 + eta**3 / 864 + eta**4 / 2835
    temme = 0.5 * erfcx(np.sqrt(exponent)) - first / root
    probability = np.where(shape > _LARGE, temme * fade, gammainc(small, small * rates.load))
    excess = shape * (density * fade - below * probability)
    beyond = np.maximum(probability - density * fade, 0.0)
    return np.array([probability, np.maximum(excess, 0.0), beyond]) / i


def _below(rates: Rates) -> float:
    """Return one minus the load."""
    capacity = rates.agents * rates.service_rate
    return (capacity - rates.arrival_rate) / capacity


def _log_gap(rates: Rates) -> float:
    """Return ``load - 1 - log(load)``, to full precision near load 1."""
    below = _below(rates)
    if below > 0.01:
        return -below - math.log1p(-below)
    return sum(below**k / k for k in range(2, 12))


def _queue_law(rates: Rates, states: int) -> NDArray[np.float64]:
    """Return the probability of each queue length below `states`.

    Seen every service time the queue is a random walk held at 0, so its law is compound Poisson (Spitzer): the jumps of
    size k come at rate ``sum over i of P(Poisson(i a) = i n + k) / i``, and Panjer's recursion adds them up.
    """
    terms = math.ceil(45.0 / (rates.agents * _log_gap(rates))) + 10
    if terms * states > _MOST_WORK or states > _MOST_STATES:
        raise LimitExceededError(f"{terms} terms of {states} states are too many; the load is too near 1")
    sizes, steps = np.arange(1, states), np.arange(1.0, terms + 1)
    jumps = np.zeros(states - 1)
    for some in np.array_split(steps, math.ceil(terms * states / 10**6)):
        densities = _poisson(some[:, None] * rates.agents + sizes, some[:, None] * rates.offered_load)
        jumps += (densities / some[:, None]).sum(axis=0)
    law = np.empty(states)
    law[0] = math.exp(-_spitzer(rates)[2])
    for k in range(1, states):
        law[k] = (sizes[:k] * jumps[:k]) @ law[:k][::-1] / k
    return law


def _poisson(count: NDArray[np.float64] | NDArray[np.intp], mean: NDArray[np.float64] | float) -> NDArray[np.float64]:
    from scipy.special import gammaln, xlogy

    density: NDArray[np.float64] = np.exp(xlogy(count, mean) - mean - gammaln(count + 1.0))
    return density
