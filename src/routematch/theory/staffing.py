"""How many agents are enough: by the square-root rule, and by search for the smallest number that meets a target.

Sources: Halfin and Whitt (1981), Heavy-traffic limits for queues with many exponential servers; Garnett, Mandelbaum,
Reiman (2002), Designing a call center with impatient customers; Borst, Mandelbaum, Reiman (2004), Dimensioning large
call centers.
"""

from __future__ import annotations

import math

from attrs import frozen

from routematch.distributions.checks import check_number
from routematch.errors import Faults
from routematch.theory.patience import erlang_a
from routematch.theory.rates import check_rates
from routematch.theory.rising import smallest_whole
from routematch.theory.waiting import erlang_c

__all__ = ["SquareRootStaffing", "agents_needed", "square_root_staffing"]

_MOST_AGENTS = 10**6


@frozen
class SquareRootStaffing:
    """Staffing by ``offered_load + quality * sqrt(offered_load)``.

    Attributes
    ----------
    agents : int
        Rounded up, at least 1.
    offered_load : float
        Mean number of busy agents if there were enough.
    quality : float
        Spare agents in units of the square root of the load; below 0 where impatience permits overload.
    """

    agents: int
    offered_load: float
    quality: float


def square_root_staffing(
    arrival_rate: float, service_rate: float, *, delay_probability: float, abandonment_rate: float = 0.0
) -> SquareRootStaffing:
    """Staff for a wanted share of arrivals that wait, by the limit law for many agents.

    Parameters
    ----------
    arrival_rate : float
        Poisson arrivals per second; above 0.
    service_rate : float
        One over the mean handle time; above 0.
    delay_probability : float
        Share of arrivals that wait, strictly between 0 and 1.
    abandonment_rate : float
        One over the mean patience; at 0, the default, nobody gives up (Halfin and Whitt), otherwise Garnett's function.

    Returns
    -------
    SquareRootStaffing
        An approximation, good to about one agent from a load of some ten agents on; `agents_needed` is exact.

    Raises
    ------
    InvalidInputError
        Listing every parameter out of range.

    Examples
    --------
    >>> square_root_staffing(2.0, 1 / 300, delay_probability=0.2).agents
    627
    """
    faults = Faults()
    rates = check_rates(faults, arrival_rate, service_rate, 1)
    delayed = check_number(faults, "delay_probability", delay_probability, above=0, at_most=1)
    if delayed >= 1:
        faults.add("must be below 1", place="delay_probability", given=delay_probability)
    leaving = check_number(faults, "abandonment_rate", abandonment_rate, at_least=0)
    faults.raise_if_any()
    quality = _quality(delayed, leaving / rates.service_rate)
    load = rates.offered_load
    return SquareRootStaffing(max(math.ceil(load + quality * math.sqrt(load) - 1e-9), 1), load, quality)


def _quality(delayed: float, impatience: float) -> float:
    """Return the spare capacity at which the limit law gives the delay probability, by bisection."""
    low, high = (-1e6, 40.0) if impatience > 0 else (0.0, 40.0)
    for _ in range(200):
        middle = (low + high) / 2.0
        low, high = (middle, high) if _limit_delay(middle, impatience) > delayed else (low, middle)
    return high


def _limit_delay(quality: float, impatience: float) -> float:
    """Return the limit of the delay probability: Halfin and Whitt, or Garnett with impatience theta / mu."""
    if impatience == 0:
        return 1.0 / (1.0 + quality / _normal_hazard(-quality)) if quality > 0 else 1.0
    root = math.sqrt(impatience)
    return 1.0 / (1.0 + root * _normal_hazard(quality / root) / _normal_hazard(-quality))


def _normal_hazard(value: float) -> float:
    """Return the density of the normal law over its upper tail; never 0, so that it may divide."""
    from scipy.special import erfcx

    return max(math.sqrt(2.0 / math.pi) / float(erfcx(value / math.sqrt(2.0))), 5e-324)


def agents_needed(  # noqa: PLR0913 - one for each target
    arrival_rate: float,
    service_rate: float,
    *,
    abandonment_rate: float | None = None,
    service_level: float | None = None,
    threshold: float | None = None,
    delay_probability: float | None = None,
    average_wait: float | None = None,
    abandonment_probability: float | None = None,
    occupancy: float | None = None,
) -> int:
    """Find the smallest number of agents that meets all targets, exactly.

    Parameters
    ----------
    arrival_rate : float
        Poisson arrivals per second; above 0.
    service_rate : float
        One over the mean handle time; above 0.
    abandonment_rate : float or None
        One over the mean patience, above 0: Erlang A. None, the default: nobody gives up, Erlang C.
    service_level, threshold : float or None
        At least this share of arrivals, above 0 and below 1, is answered within this many seconds.
    delay_probability : float or None
        At most this share of arrivals waits.
    average_wait : float or None
        At most this mean wait, in seconds.
    abandonment_probability : float or None
        At most this share of arrivals gives up; needs `abandonment_rate`.
    occupancy : float or None
        Agents are busy at most this share of time.

    Returns
    -------
    int

    Raises
    ------
    InvalidInputError
        Listing every parameter out of range; when there is no target, or a million agents do not meet it.

    Examples
    --------
    >>> agents_needed(360 / 3600, 1 / 180, service_level=0.8, threshold=20)
    22
    >>> agents_needed(360 / 3600, 1 / 180, abandonment_rate=1 / 120, service_level=0.8, threshold=20)
    20
    """
    faults = Faults()
    rates = check_rates(faults, arrival_rate, service_rate, 1)
    leaving = None if abandonment_rate is None else check_number(faults, "abandonment_rate", abandonment_rate, above=0)
    highest = {
        "delay_probability": delay_probability,
        "average_wait": average_wait,
        "abandonment_probability": abandonment_probability,
        "occupancy": occupancy,
    }
    _check_targets(faults, highest, service_level, threshold, leaving)
    faults.raise_if_any()

    def meets(agents: int) -> bool:
        if leaving is None and rates.offered_load >= agents:
            return False
        result = (
            erlang_c(arrival_rate, service_rate, agents)
            if leaving is None
            else erlang_a(arrival_rate, service_rate, leaving, agents)
        )
        within = all(getattr(result, name) <= target for name, target in highest.items() if target is not None)
        return within and (
            service_level is None or threshold is None or result.service_level(threshold) >= service_level
        )

    return smallest_whole(meets, 1, _MOST_AGENTS)


def _check_targets(
    faults: Faults,
    highest: dict[str, float | None],
    service_level: float | None,
    threshold: float | None,
    abandonment_rate: float | None,
) -> None:
    for name, target in highest.items():
        if target is not None:
            at_most = 1e15 if name == "average_wait" else 1.0
            check_number(faults, name, target, above=0, at_most=at_most)
    if highest["abandonment_probability"] is not None and abandonment_rate is None:
        faults.add("needs abandonment_rate", place="abandonment_probability")
    if (service_level is None) != (threshold is None):
        faults.add("must come together: service_level and threshold")
    if service_level is not None and not check_number(faults, "service_level", service_level, above=0) < 1:
        faults.add("must be below 1", place="service_level", given=service_level)
    if threshold is not None:
        check_number(faults, "threshold", threshold, at_least=0)
    if service_level is None and all(target is None for target in highest.values()):
        faults.add("must have at least one target")
