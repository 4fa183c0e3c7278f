"""How many conversations come, by time of the week, and how sure that is.

Weeks differ more than those of a Poisson process; intervals of the mean are as wide as the weeks seen say, at least as
wide as for a Poisson process (quasi-likelihood: McCullagh and Nelder, 1989, Generalized linear models, section 6.2).
"""

from __future__ import annotations

from typing import ClassVar
from zoneinfo import ZoneInfo

import numpy as np
from attrs import evolve, field, frozen

from routematch.errors import Faults
from routematch.learning.experience import DAY, Codes, Experience, Floats
from routematch.model import Estimates
from routematch.model.checks import check_number
from routematch.model.evidence import EVERYTHING
from routematch.model.frozen import FrozenMap
from routematch.model.learned import WEEK, ArrivalEstimate

__all__ = ["Arrivals"]

#: POSIX time began on a Thursday.
_FIRST_MONDAY = 4 * DAY
_QUARTER = 900.0


@frozen
class Arrivals:
    """Rates that are constant on equal steps of the week.

    Attributes
    ----------
    step_time : float
        Seconds of a step; a whole number of quarters of an hour that divides a day.
    zone : str
        IANA name of the zone whose clock decides.
    """

    name: ClassVar[str] = "arrivals"
    step_time: float = field(default=3600.0, kw_only=True)
    zone: str = field(default="UTC", kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check the parameters."""
        faults = Faults()
        step = check_number(faults, "step_time", self.step_time, at_least=_QUARTER, at_most=DAY)
        if step and (step % _QUARTER or DAY % step):
            faults.add("must be quarters of an hour that divide a day", place="step_time", given=self.step_time)
        try:
            ZoneInfo(self.zone)
        except Exception:  # noqa: BLE001 - unknown names, odd paths, missing data: all the same to the caller
            faults.add("must be the name of a time zone, as in Europe/Berlin", place="zone", given=self.zone)
        faults.raise_if_any()

    def learn(self, history: Experience, known: Estimates) -> Estimates:
        """Return `known` with the arrivals of a ledger, in place of what was known of them."""
        waits = history.waits
        if waits is None or not len(waits.arrived_at) or waits.window[1] <= waits.window[0]:
            return known
        quarters, seen = self._quarters(*waits.window)
        arrived = np.minimum(((waits.arrived_at - quarters[0]) // _QUARTER).astype(np.intp), len(quarters) - 1)
        steps = self._step_of(quarters)
        found = {EVERYTHING: self._estimate(np.bincount(arrived, minlength=len(quarters)), seen, steps)}
        for code, kind in enumerate(waits.kinds):
            if kind != EVERYTHING and (waits.kind == code).any():
                counts = np.bincount(arrived[waits.kind == code], minlength=len(quarters))
                found[kind] = self._estimate(counts, seen, steps)
        return evolve(known, arrivals=FrozenMap({**known.arrivals, **found}))

    def _quarters(self, start: float, end: float) -> tuple[Floats, Floats]:
        """Return the quarters of an hour of the window, and how much of each lies inside."""
        quarters = np.arange(np.floor(start / _QUARTER), np.ceil(end / _QUARTER)) * _QUARTER
        seen: Floats = np.minimum(quarters + _QUARTER, end) - np.maximum(quarters, start)
        return quarters.astype(np.float64), seen

    def _step_of(self, quarters: Floats) -> Codes:
        """Return the step of the week of each quarter, by the local clock; offsets are looked up once an hour."""
        from datetime import UTC, datetime

        zone = ZoneInfo(self.zone)
        hours, place = np.unique(quarters // 3600, return_inverse=True)
        shifts = [datetime.fromtimestamp(h * 3600, UTC).astimezone(zone).utcoffset() for h in hours.tolist()]
        offset = np.array([0.0 if shift is None else shift.total_seconds() for shift in shifts])[place]
        steps: Codes = (((quarters + offset - _FIRST_MONDAY) % WEEK) // self.step_time).astype(np.intp)
        return steps

    def _estimate(self, counts: Codes, seen: Floats, steps: Codes) -> ArrivalEstimate:
        from scipy.special import gammaincinv

        size = int(WEEK / self.step_time)
        number, exposure = np.bincount(steps, counts, minlength=size), np.bincount(steps, seen, minlength=size)
        rates = number / np.maximum(exposure, 1e-9)
        dispersion = max(_dispersion(counts, seen, steps, rates), 1.0)
        worth = number / dispersion  # as many independent arrivals
        with np.errstate(divide="ignore"):
            low = dispersion * gammaincinv(np.maximum(worth, 1e-9), 0.05) / np.maximum(exposure, 1e-9)
            high = dispersion * gammaincinv(worth + 1.0, 0.95) / np.maximum(exposure, 1e-9)
        never = exposure <= 0
        rates[never], low[never] = 0.0, 0.0
        high[never] = rates.max()
        return ArrivalEstimate(
            starts=tuple((np.arange(size) * self.step_time).tolist()),
            rates=tuple(rates.tolist()),
            low=tuple(low.tolist()),
            high=tuple(high.tolist()),
            dispersion=float(dispersion),
            weeks=float(seen.sum() / WEEK),
            zone=self.zone,
        )


def _dispersion(counts: Codes, seen: Floats, steps: Codes, rates: Floats) -> float:
    """Return variance over mean of the counts of single steps (one run of quarters each), around the rates."""
    run = np.concatenate([[0], np.cumsum(np.diff(steps) != 0)])
    number, exposure = np.bincount(run, counts), np.bincount(run, seen)
    step = steps[np.concatenate([[0], np.flatnonzero(np.diff(steps) != 0) + 1])]
    expected = rates[step] * exposure
    busy = expected > 0
    freedom = int(busy.sum()) - len(np.unique(step[busy]))
    if freedom < 10:
        return 1.0
    return float(((number[busy] - expected[busy]) ** 2 / expected[busy]).sum() / freedom)
