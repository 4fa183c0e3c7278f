"""Types of work and groups of agents, all memoryless: what exact chains, optimum and fluid bound are about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.distributions.checks import as_floats, check_numbers, check_whole
from routematch.errors import Faults

__all__ = ["SkillSystem", "amounts", "pair_amounts"]


def _as_rows(value: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], ...]:
    rows = value.tolist() if isinstance(value, np.ndarray) else value
    return tuple(as_floats(row) for row in rows) if isinstance(rows, Sequence) else rows


def _as_whole(value: Sequence[int]) -> tuple[int, ...]:
    return as_floats(value)  # type: ignore[return-value]  # numbers pass through unchanged


@frozen
class SkillSystem:
    """Poisson arrivals of I types, J groups of equal agents, exponential handle times and patience.

    Attributes
    ----------
    arrival_rates : tuple of float, length I
        Per second; at least 0.
    service_rates : tuple of tuple of float, shape I x J
        Of one agent of a group on a type, per second; 0 where the group cannot serve the type.
    agents : tuple of int, length J
        Agents of each group; at least 1.
    abandonment_rates : tuple of float, length I
        One over the mean patience; 0 where nobody gives up. Default: 0 for all.
    """

    arrival_rates: tuple[float, ...] = field(converter=as_floats)
    service_rates: tuple[tuple[float, ...], ...] = field(converter=_as_rows)
    agents: tuple[int, ...] = field(converter=_as_whole)
    abandonment_rates: tuple[float, ...] = field(converter=as_floats, default=())

    def __attrs_post_init__(self) -> None:
        """Check the rates and that everything has one entry for each type or group."""
        faults = Faults()
        check_numbers(faults, "arrival_rates", self.arrival_rates, at_least=0)
        types = len(self.arrival_rates) if isinstance(self.arrival_rates, tuple) else 0
        if not isinstance(self.agents, tuple) or not self.agents:
            faults.add("must be at least one whole number", place="agents", given=self.agents)
            faults.raise_if_any()
        for j, number in enumerate(self.agents):
            check_whole(faults, f"agents[{j}]", number, at_least=1)
        if self.abandonment_rates == ():
            object.__setattr__(self, "abandonment_rates", (0.0,) * types)
        if check_numbers(faults, "abandonment_rates", self.abandonment_rates, at_least=0).size not in {0, types}:
            faults.add(f"must have one entry for each of {types} types", place="abandonment_rates")
        if not isinstance(self.service_rates, tuple) or len(self.service_rates) != types:
            faults.add(f"must have one row for each of {types} types", place="service_rates")
            faults.raise_if_any()
        for i, row in enumerate(self.service_rates):
            if check_numbers(faults, f"service_rates[{i}]", row, at_least=0).size not in {0, len(self.agents)}:
                faults.add(f"must have one entry for each of {len(self.agents)} groups", place=f"service_rates[{i}]")
        faults.raise_if_any()

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Type and group of every pair that can serve."""
        rates = np.asarray(self.service_rates)
        return [(int(i), int(j)) for i, j in zip(*np.nonzero(rates), strict=True)]

    @property
    def paces(self) -> list[tuple[int, float]]:
        """Group and rate of every way to be busy: agents of a group who work at one rate count as one."""
        return list(dict.fromkeys((j, self.service_rates[i][j]) for i, j in self.pairs))

    @property
    def pace_of_pair(self) -> list[int]:
        """Position in `paces` of each of `pairs`."""
        position = {pace: k for k, pace in enumerate(self.paces)}
        return [position[j, self.service_rates[i][j]] for i, j in self.pairs]


def amounts(faults: Faults, place: str, given: Sequence[float] | float, count: int) -> NDArray[np.float64]:
    """Return one amount for each type; one number stands for all."""
    spread = (float(given),) * count if isinstance(given, int | float) else as_floats(given)
    checked = check_numbers(faults, place, spread)
    if checked.size not in {0, count}:
        faults.add(f"must have one entry for each of {count} types", place=place, given=given)
    return checked


def pair_amounts(
    faults: Faults, place: str, given: Sequence[Sequence[float]] | float, system: SkillSystem
) -> NDArray[np.float64]:
    """Return one amount for each type and group, shape (I, J); one number stands for all."""
    shape = (len(system.arrival_rates), len(system.agents))
    if isinstance(given, int | float):
        return np.full(shape, float(given))
    try:
        array = np.array(given, dtype=np.float64)
    except (ValueError, TypeError):
        array = np.empty(0)
    if array.shape != shape or not np.isfinite(array).all():
        faults.add(f"must be finite numbers of shape {shape}", place=place, given=given)
        return np.zeros(shape)
    return array
