"""People give up waiting: Erlang A, and any law of patience (M/M/n+G).

The wait x offered to somebody with endless patience has, given that all agents are busy, a density proportional to
``exp(lambda * H(x) - n * mu * x)``, where ``H(x)`` is the mean of patience cut at x; measures are ratios of integrals.
The exponent is concave, so its peak is found first and everything is measured relative to it: nothing overflows, also
with thousands of agents or far beyond capacity. Relative accuracy is about 1e-15 times the mean queue.

Sources: Palm (1957); Baccelli and Hebuterne (1981), On queues with impatient customers; Zeltyn and Mandelbaum (2005),
Call centers with impatient customers: many-server asymptotics of the M/M/n+G queue.
"""

from __future__ import annotations

import math

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.distributions import Distribution, Exponential, Never
from routematch.distributions.checks import check_number
from routematch.distributions.quadrature import integrate
from routematch.errors import Faults, InvalidInputError
from routematch.theory.blocking import log_blocking
from routematch.theory.rates import Rates, check_rates, check_share, check_threshold
from routematch.theory.rising import smallest_reaching

__all__ = ["PatienceResult", "erlang_a", "general_patience"]

#: Integrands below exp(-this) of their peak are left out.
_NEGLIGIBLE = 46.0


@frozen
class PatienceResult:
    """A queue whose customers give up, in steady state.

    Attributes
    ----------
    arrival_rate, service_rate : float
        Per second; service rate of one agent.
    agents : int
    patience : Distribution
    delay_probability : float
        Share of arrivals that find all agents busy.
    abandonment_probability : float
        Share of arrivals that give up.
    average_wait : float
        Mean wait of all arrivals, those who give up included, in seconds.
    average_offered_wait : float
        Mean wait of somebody with endless patience, in seconds.
    average_queue : float
        Mean number waiting.
    occupancy : float
        Share of time an agent is busy.
    """

    arrival_rate: float
    service_rate: float
    agents: int
    patience: Distribution
    delay_probability: float
    abandonment_probability: float
    average_wait: float
    average_offered_wait: float
    average_queue: float
    occupancy: float
    _offered: _OfferedWait = field(repr=False, eq=False)

    @property
    def average_busy(self) -> float:
        """Mean number of busy agents."""
        return self.occupancy * self.agents

    @property
    def average_wait_if_delayed(self) -> float:
        """Mean wait of those who find all agents busy, in seconds."""
        return self.average_wait / self.delay_probability if self.delay_probability else 0.0

    def wait_exceeds(self, threshold: float) -> float:
        """Return the share of arrivals that wait more than `threshold` seconds, whatever becomes of them."""
        time = check_threshold(threshold)
        return self.delay_probability * float(self.patience.survival(time)) * self._offered.beyond(time)[0]

    def service_level(self, threshold: float) -> float:
        """Return the share of all arrivals that are answered within `threshold` seconds."""
        late = self.delay_probability * self._offered.beyond(check_threshold(threshold))[1]
        return max(1.0 - self.abandonment_probability - late, 0.0)

    def wait_quantile(self, probability: float) -> float:
        """Return the smallest wait in seconds that a share of `probability` of all arrivals does not exceed."""
        wanted = check_share(probability)
        scale = 1.0 / (self.agents * self.service_rate)
        return smallest_reaching(lambda time: 1.0 - self.wait_exceeds(time), wanted, scale)


def erlang_a(arrival_rate: float, service_rate: float, abandonment_rate: float, agents: int) -> PatienceResult:
    """Solve M/M/n+M: exponential patience; any load.

    Parameters
    ----------
    arrival_rate : float
        Poisson arrivals per second; above 0.
    service_rate : float
        One over the mean of exponential handle times; above 0.
    abandonment_rate : float
        One over the mean patience; at least 0. At 0 nobody gives up, and the load per agent must be below 1.
    agents : int
        From 1 to 1,000,000.

    Returns
    -------
    PatienceResult

    Raises
    ------
    InvalidInputError
        Listing every parameter out of range; when nobody gives up and the queue grows without end.

    Examples
    --------
    >>> hour = erlang_a(360 / 3600, 1 / 180, 1 / 120, agents=18)
    >>> round(hour.abandonment_probability, 4), round(hour.average_wait, 2), round(hour.service_level(20), 3)
    (0.1029, 12.35, 0.696)
    """
    faults = Faults()
    rates = check_rates(faults, arrival_rate, service_rate, agents)
    rate = check_number(faults, "abandonment_rate", abandonment_rate, at_least=0, at_most=1e12)
    faults.raise_if_any()
    return _solve(rates, Exponential(1.0 / rate) if rate > 1e-15 else Never())


def general_patience(arrival_rate: float, service_rate: float, patience: Distribution, agents: int) -> PatienceResult:
    """Solve M/M/n+G: patience of any law; any load, if enough people give up at last.

    Parameters
    ----------
    arrival_rate : float
        Poisson arrivals per second; above 0.
    service_rate : float
        One over the mean of exponential handle times; above 0.
    patience : Distribution
        How long people wait before they give up; a share may wait for ever.
    agents : int
        From 1 to 1,000,000.

    Returns
    -------
    PatienceResult

    Raises
    ------
    InvalidInputError
        Listing every parameter out of range; when those who never give up are too many for the agents.

    Examples
    --------
    >>> from routematch.distributions import Deterministic
    >>> hour = general_patience(0.1, 1 / 180, Deterministic(120.0), agents=18)
    >>> round(hour.abandonment_probability, 4)
    0.0555
    """
    faults = Faults()
    rates = check_rates(faults, arrival_rate, service_rate, agents)
    if not isinstance(patience, Distribution):
        faults.add("must be a law", place="patience", given=patience)
    faults.raise_if_any()
    return _solve(rates, patience)


def _solve(rates: Rates, patience: Distribution) -> PatienceResult:
    offered = _OfferedWait.of(rates, patience)
    # Odds of waiting: lambda * J * B(n - 1), in logarithms.
    log_odds = math.log(rates.arrival_rate) + offered.log_area + log_blocking(rates.offered_load, rates.agents - 1)
    delayed = 1.0 / (1.0 + math.exp(-log_odds)) if log_odds > -700 else math.exp(log_odds)
    given_up, wait, offered_wait, served = offered.means
    lost = delayed * given_up
    # Those who are not delayed are served; in deep overload this keeps the digits that 1 - lost would lose.
    not_delayed = 1.0 / (1.0 + math.exp(log_odds)) if log_odds < 700 else 0.0
    return PatienceResult(
        rates.arrival_rate,
        rates.service_rate,
        rates.agents,
        patience,
        delayed,
        lost,
        delayed * wait,
        delayed * offered_wait,
        rates.arrival_rate * delayed * wait,
        min(rates.load * (not_delayed + delayed * served), 1.0),
        offered,
    )


@frozen(eq=False)
class _OfferedWait:
    """The law of the wait offered to those who find all agents busy: its density is ``exp(exponent)``, scaled."""

    rates: Rates
    patience: Distribution
    peak: float
    start: float
    end: float
    log_area: float
    #: Means over the offered wait: share that gives up, wait until served or given up, offered wait, share served.
    means: tuple[float, float, float, float]

    @classmethod
    def of(cls, rates: Rates, patience: Distribution) -> _OfferedWait:
        """Find the peak, the range that counts and the integrals."""
        for_ever = float(patience.survival(1e300))
        if rates.arrival_rate * for_ever >= rates.agents * rates.service_rate:
            load = rates.load * for_ever
            raise InvalidInputError(
                "must have a load per agent below 1 of those who never give up, "
                f"got {load:.6g}: the queue grows for ever; add agents"
            )
        overload = (rates.load - 1.0) / rates.load
        peak = float(patience.quantile(overload)) if overload > 0 else 0.0
        bare = cls(rates, patience, peak, 0.0, 0.0, 0.0, (0.0, 0.0, 0.0, 0.0))
        start, end = bare._range()
        ranged = cls(rates, patience, peak, start, end, 0.0, (0.0, 0.0, 0.0, 0.0))
        area, given_up, wait, offered_wait, served = ranged._integrals(start).tolist()
        means = (given_up / area, wait / area, offered_wait / area, served / area)
        at_peak = float(ranged._exponent(np.array([peak]), relative=False)[0])
        return cls(rates, patience, peak, start, end, math.log(area) + at_peak, means)

    def beyond(self, time: float) -> tuple[float, float]:
        """Return the share offered more than `time`, and the share that is offered more and still served."""
        if time <= self.start:
            return 1.0, self.means[3]
        if time >= self.end:
            return 0.0, 0.0
        area, _, _, _, served = self._integrals(time).tolist()
        whole = math.exp(self.log_area - float(self._exponent(np.array([self.peak]), relative=False)[0]))
        return min(area / whole, 1.0), min(served / whole, 1.0)

    def _exponent(self, time: NDArray[np.float64], *, relative: bool = True) -> NDArray[np.float64]:
        """Return ``lambda * H(x) - n * mu * x``, less its value at the peak where `relative`."""
        drain = self.rates.agents * self.rates.service_rate
        exponent: NDArray[np.float64] = self.rates.arrival_rate * self.patience.restricted_mean(time) - drain * time
        return exponent - self._exponent(np.array([self.peak]), relative=False) if relative else exponent

    def _range(self) -> tuple[float, float]:
        """Return the times between which the density counts."""

        def depth(time: float) -> float:
            return -float(self._exponent(np.array([time]))[0])

        reach = smallest_reaching(
            lambda ahead: depth(self.peak + ahead), _NEGLIGIBLE, 1.0 / (self.rates.agents * self.rates.service_rate)
        )
        back = smallest_reaching(lambda behind: depth(max(self.peak - behind, 0.0)), _NEGLIGIBLE, max(reach, 1e-12))
        return max(self.peak - back, 0.0), self.peak + reach

    def _integrals(self, start: float) -> NDArray[np.float64]:
        """Integrate the density, and the density times each measure, from `start` on."""

        def values(time: NDArray[np.float64]) -> NDArray[np.float64]:
            density = np.exp(self._exponent(time))
            survival = self.patience.survival(time)
            measures = (1.0, self.patience.cdf(time), self.patience.restricted_mean(time), time, survival)
            return np.array([density * measure for measure in measures])

        rough = self.patience.quantile(np.linspace(0.02, 0.98, 25))
        edges = np.concatenate([np.linspace(start, self.end, 25), self.patience.kinks, rough, [self.peak]])
        edges = np.unique(edges[(edges >= start) & (edges <= self.end)])
        size = self.rates.arrival_rate * float(self.patience.restricted_mean(self.end))
        return integrate(values, edges, tolerance=max(1e-13, 1e-15 * size))
