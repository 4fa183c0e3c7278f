"""Textbook models from matrices of rates."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from routematch.distributions import Exponential, PoissonArrivals
from routematch.errors import Faults
from routematch.simulation.agent_groups import AgentGroup
from routematch.simulation.conversation_types import ConversationType

__all__ = ["model_from_rates"]

_USUAL_ARRIVALS = 10_000


def model_from_rates(
    arrival: ArrayLike,
    service: ArrayLike,
    patience: ArrayLike | None,
    agents: ArrayLike,
    value: ArrayLike,
    eligible: ArrayLike | None,
) -> tuple[list[ConversationType], list[AgentGroup], float]:
    """Return types, groups and the time that the usual number of arrivals takes; see `Scenario.from_rates`."""
    faults = Faults()
    sizes = np.atleast_1d(_numbers(faults, "agents", agents)).ravel()
    arrivals = np.atleast_1d(_numbers(faults, "arrival", arrival)).ravel()
    types, groups = len(arrivals), len(sizes)
    rates = _matrix(faults, "service", service, types, groups)
    values = _matrix(faults, "value", value, types, groups)
    leaving = _matrix(faults, "patience", 0.0 if patience is None else patience, types, 1)[:, 0]
    may = np.ones((types, groups), bool) if eligible is None else np.asarray(eligible, bool)
    if may.shape != (types, groups):
        faults.add(f"must have shape ({types}, {groups})", place="eligible", given=may.shape)
        may = np.ones((types, groups), bool)
    if (rates[may] <= 0).any():
        faults.add("must be above 0 where eligible", place="service")
    if not arrivals.sum() > 0:
        faults.add("must be above 0 in all", place="arrival")
    faults.raise_if_any()
    names = _names("type", types)
    group_names = _names("group", groups)
    kinds = [_type(names[k], arrivals[k], rates[k], leaving[k], values[k], may[k], group_names) for k in range(types)]
    best = [kind.value for kind in kinds]
    pools = [
        AgentGroup(
            group_names[g],
            {names[k]: float(values[k, g] / best[k]) if best[k] else 1.0 for k in range(types) if may[k, g]},
            int(sizes[g]),
        )
        for g in range(groups)
    ]
    return kinds, pools, _USUAL_ARRIVALS / float(arrivals.sum())


def _type(
    name: str,
    arrival: float,
    rates: NDArray[np.float64],
    leaving: float,
    values: NDArray[np.float64],
    may: NDArray[np.bool_],
    groups: list[str],
) -> ConversationType:
    own = rates[may]
    usual = float(own[0]) if len(own) else 1.0
    differing = {groups[g]: Exponential(1.0 / float(rates[g])) for g in np.flatnonzero(may) if rates[g] != usual}
    return ConversationType(
        name,
        name,
        arrivals=PoissonArrivals(float(arrival)),
        handle_time=Exponential(1.0 / usual),
        handle_time_by_group=differing,
        patience=Exponential(1.0 / float(leaving)) if leaving > 0 else None,
        value=float(values[may].max(initial=0.0)),
    )


def _names(word: str, count: int) -> list[str]:
    digits = len(str(count))
    return [f"{word}-{number:0{digits}d}" for number in range(1, count + 1)]


def _numbers(faults: Faults, place: str, given: ArrayLike) -> NDArray[np.float64]:
    try:
        numbers = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        numbers = np.array([np.nan])
    if not (np.isfinite(numbers).all() and (numbers >= 0).all()):
        faults.add("must be finite numbers of at least 0", place=place, given=given)
        return np.zeros(numbers.shape)
    return numbers


def _matrix(faults: Faults, place: str, given: ArrayLike, types: int, groups: int) -> NDArray[np.float64]:
    """Return numbers by type and group; those by type alone are the same for all groups."""
    numbers = _numbers(faults, place, given)
    if numbers.ndim == 1 and numbers.shape[0] == types:
        numbers = numbers[:, None]
    try:
        return np.broadcast_to(numbers, (types, groups))
    except ValueError:
        faults.add(f"must be a number, or have shape ({types},) or ({types}, {groups})", place=place)
        return np.ones((types, groups))
