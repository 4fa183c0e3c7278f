"""Enough agents for everybody, arrivals that follow the time of day: how many are busy when.

With endless agents the number busy at time t is Poisson, and its mean is what the arrival rate was one handle time ago,
spread by the law of handle times. It is the load that staffing by the square-root rule needs when rates move (the
modified offered load).

Sources: Eick, Massey, Whitt (1993), The physics of the M_t/G/infinity queue; Jennings, Mandelbaum, Massey, Whitt
(1996), Server staffing to meet time-varying demand.
"""

from __future__ import annotations

import math

import numpy as np
from attrs import frozen
from numpy.typing import ArrayLike, NDArray

from routematch.distributions import Distribution, PoissonArrivals, VaryingArrivals
from routematch.distributions.checks import times as check_times
from routematch.errors import Faults

__all__ = ["InfiniteAgentsResult", "infinite_agents"]


@frozen(eq=False)
class InfiniteAgentsResult:
    """How many are busy, and how fast they finish, at given times.

    Attributes
    ----------
    times : ndarray of float64, shape (T,)
        Seconds from the start of the arrivals.
    average_busy : ndarray of float64, shape (T,)
        Mean (and variance) of the Poisson number of busy agents.
    departure_rate : ndarray of float64, shape (T,)
        Completions per second.
    """

    times: NDArray[np.float64]
    average_busy: NDArray[np.float64]
    departure_rate: NDArray[np.float64]


def infinite_agents(
    arrivals: PoissonArrivals | VaryingArrivals, service: Distribution, times: ArrayLike
) -> InfiniteAgentsResult:
    """Solve M(t)/G/infinity from an empty start; exact for piecewise constant rates.

    Parameters
    ----------
    arrivals : PoissonArrivals or VaryingArrivals
        Poisson arrivals from time 0 on. For a periodic pattern, ask about a later period: the start is forgotten
        after the longest handle time.
    service : Distribution
        Handle time; any law, a share may never end.
    times : array_like of float, shape (T,)
        When to look, in seconds.

    Returns
    -------
    InfiniteAgentsResult

    Raises
    ------
    InvalidInputError
        Listing every parameter out of range.

    Notes
    -----
    Costs the number of times multiplied by the number of pieces up to the last of them.

    Examples
    --------
    >>> from routematch.distributions import Exponential
    >>> hour = infinite_agents(PoissonArrivals(0.1), Exponential(180.0), [0.0, 180.0, 36000.0])
    >>> hour.average_busy.round(3).tolist()
    [0.0, 11.378, 18.0]
    """
    faults = Faults()
    if not isinstance(arrivals, PoissonArrivals | VaryingArrivals):
        faults.add("must be Poisson or varying arrivals", place="arrivals", given=arrivals)
    if not isinstance(service, Distribution):
        faults.add("must be a law", place="service", given=service)
    moments = np.atleast_1d(check_times(times))
    if moments.ndim != 1 or not np.isfinite(moments).all():
        faults.add("must be finite times in one row", place="times", given=times)
    faults.raise_if_any()
    busy, departures = np.zeros(moments.size), np.zeros(moments.size)
    last = float(moments.max(initial=0.0))
    if last > 0:
        edges, rates = arrivals.pieces(math.nextafter(last, math.inf))
        for start, end, rate in zip(edges[:-1], edges[1:], rates, strict=True):
            # Who came in this piece and is still busy, or just finishes, at each moment.
            old, young = np.maximum(moments - start, 0.0), np.maximum(moments - end, 0.0)
            busy += rate * (service.restricted_mean(old) - service.restricted_mean(young))
            began = moments >= start
            departures += rate * began * (service.cdf(old) - np.where(moments >= end, service.cdf(young), 0.0))
    return InfiniteAgentsResult(moments, busy, departures)
