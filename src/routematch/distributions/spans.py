"""Checks of the stretches of time that arrival processes are asked about."""

from __future__ import annotations

from routematch.distributions.checks import check_number
from routematch.errors import Faults

__all__ = ["check_horizon", "check_span"]


def check_horizon(horizon: float) -> float:
    """Return the end of a run in seconds; above 0 and finite, or it is refused."""
    faults = Faults()
    checked = check_number(faults, "horizon", horizon, above=0)
    faults.raise_if_any()
    return checked


def check_span(start: float, end: float) -> tuple[float, float]:
    """Return a stretch of time cut to the times from 0 on; refused unless ``start <= end``."""
    faults = Faults()
    first, last = check_number(faults, "start", start), check_number(faults, "end", end)
    if not faults and last < first:
        faults.add(f"must not be before start ({first:g})", place="end", given=end)
    faults.raise_if_any()
    return max(first, 0.0), max(last, 0.0)
