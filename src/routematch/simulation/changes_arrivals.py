"""The same arrivals, more or fewer of them: the shape of the day stays, the volume changes.

>>> from routematch.distributions import PoissonArrivals
>>> scaled(PoissonArrivals(0.2), 1.5).arrival_rate
0.30000000000000004
"""

from __future__ import annotations

import numpy as np
from attrs import evolve

from routematch.distributions import (
    ArrivalProcess,
    BatchArrivals,
    DoublyStochasticArrivals,
    PoissonArrivals,
    RecordedArrivals,
    VaryingArrivals,
)
from routematch.errors import InvalidInputError

__all__ = ["scaled"]

#: Steps of this size, taken around a circle, leave no stretch without a mark for long.
_GOLDEN = (5**0.5 - 1) / 2


def scaled(process: ArrivalProcess, factor: float) -> ArrivalProcess:
    """Return an arrival process with `factor` times as many arrivals.

    Parameters
    ----------
    process : ArrivalProcess
        One of the library's own.
    factor : float
        Above 0.

    Returns
    -------
    ArrivalProcess
        Rates are multiplied; recorded arrivals are thinned out evenly, or repeated half way to the next one.

    Raises
    ------
    InvalidInputError
        For a process of somebody else's.
    """
    if isinstance(process, PoissonArrivals):
        return evolve(process, arrival_rate=process.arrival_rate * factor)
    if isinstance(process, VaryingArrivals):
        return evolve(process, rates=tuple(rate * factor for rate in process.rates))
    if isinstance(process, DoublyStochasticArrivals):
        steady = scaled(process.arrivals, factor)
        assert isinstance(steady, PoissonArrivals | VaryingArrivals)
        return evolve(process, arrivals=steady)
    if isinstance(process, BatchArrivals):
        return evolve(process, arrivals=scaled(process.arrivals, factor))
    if isinstance(process, RecordedArrivals):
        return evolve(process, recorded_at=_repeated(np.sort(process.recorded_at), factor))
    message = f"cannot change the volume of {type(process).__name__}: change it and put it into the scenario"
    raise InvalidInputError(message)


def _repeated(recorded: np.ndarray[tuple[int, ...], np.dtype[np.float64]], factor: float) -> tuple[float, ...]:
    """Return each instant as often as the factor says, spread up to the next one."""
    marks = (np.arange(recorded.size) + 1) * _GOLDEN % 1.0
    times = np.floor(factor).astype(int) + (marks < factor % 1.0)
    following = np.append(recorded[1:], recorded[-1:])
    copies = zip(recorded.tolist(), following.tolist(), times.tolist(), strict=True)
    return tuple(at + (after - at) * copy / count for at, after, count in copies for copy in range(count))
