"""Arrivals whose rate changes with the time of day."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import field, frozen
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from routematch.distributions.checks import as_floats, check_number, check_numbers, times
from routematch.distributions.inversion import cumulative_rate, points_by_inversion
from routematch.distributions.spans import check_horizon, check_span
from routematch.errors import Faults, LimitExceededError

__all__ = ["VaryingArrivals"]

_MOST_PIECES = 10**7


@frozen
class VaryingArrivals:
    """The Poisson process with a piecewise constant rate.

    Attributes
    ----------
    starts : tuple of float
        Where the pieces begin, in seconds: 0 first, rising.
    rates : tuple of float
        Arrivals per second on each piece; at least 0.
    period : float or None
        After this many seconds the pattern begins again; above the last start. None: the last rate holds for ever.

    Examples
    --------
    Two arrivals a minute from eight to eighteen o'clock, every day:

    >>> day = VaryingArrivals(starts=(0, 8 * 3600, 18 * 3600), rates=(0, 2 / 60, 0), period=86400)
    >>> round(day.mean_count(0, 7 * 86400))
    8400
    """

    name: ClassVar[str] = "varying"
    starts: tuple[float, ...] = field(converter=as_floats)
    rates: tuple[float, ...] = field(converter=as_floats)
    period: float | None = field(default=None, kw_only=True)
    _starts: NDArray[np.float64] = field(init=False, repr=False, eq=False)
    _rates: NDArray[np.float64] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Check the pieces."""
        faults = Faults()
        starts = check_numbers(faults, "starts", self.starts, at_least=0)
        rates = check_numbers(faults, "rates", self.rates, at_least=0)
        if starts.size and (starts[0] != 0 or (np.diff(starts) <= 0).any()):
            faults.add("must begin with 0 and rise from entry to entry", place="starts", given=self.starts)
        if starts.size and rates.size and starts.size != rates.size:
            faults.add(f"must have one entry for each of {starts.size} starts", place="rates", given=self.rates)
        if self.period is not None:
            last = float(starts[-1]) if starts.size else 0.0
            object.__setattr__(self, "period", check_number(faults, "period", self.period, above=last))
        faults.raise_if_any()
        object.__setattr__(self, "_starts", starts)
        object.__setattr__(self, "_rates", rates)

    def instants(self, generator: Generator, horizon: float) -> NDArray[np.float64]:
        """Return the arrivals in [0, horizon), by inversion."""
        return points_by_inversion(generator, *self.pieces(check_horizon(horizon)))

    def rate(self, time: ArrayLike) -> NDArray[np.float64]:
        """Return the rate of the piece that holds each time."""
        points = times(time)
        within = points if self.period is None else np.mod(points, self.period)
        i = np.maximum(np.searchsorted(self._starts, within, side="right") - 1, 0)
        return np.where(points >= 0, self._rates[i], 0.0)

    def mean_count(self, start: float, end: float) -> float:
        """Return the integral of the rate."""
        first, last = check_span(start, end)
        return self._mean_until(last) - self._mean_until(first)

    def pieces(self, horizon: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the edges of the pieces in [0, horizon] and the rate on each."""
        starts, rates = self._starts, self._rates
        if self.period is not None:
            rounds = int(np.ceil(horizon / self.period))
            if rounds * starts.size > _MOST_PIECES:
                raise LimitExceededError(f"{rounds} periods of {starts.size} pieces are more than {_MOST_PIECES}")
            starts = (np.arange(rounds)[:, None] * self.period + starts).ravel()
            rates = np.tile(rates, rounds)
        inside = starts < horizon
        return np.append(starts[inside], horizon), rates[inside]

    def _mean_until(self, end: float) -> float:
        if self.period is None:
            return float(cumulative_rate(*self.pieces(end))[-1]) if end > 0 else 0.0
        rounds, rest = divmod(end, self.period)
        inside = np.clip(rest - self._starts, 0.0, np.diff(np.append(self._starts, self.period)))
        whole = np.diff(np.append(self._starts, self.period))
        return float(self._rates @ (rounds * whole + inside))
