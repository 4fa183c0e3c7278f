"""One price per agent-second for each pool, whatever its occupancy: the dual of the fluid program.

Simple, and weak alone: it knows no queue, so it holds nobody, and where load is below capacity it is zero. It is here
to compare with. (Levi and Radovanovic, 2010, Provably near-optimal LP-based policies.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np
from attrs import asdict, field, frozen

from routematch.prices.price import Quote, TimeWorth
from routematch.prices.recognition import Recognition
from routematch.prices.workload import Kind, Team, Workload
from routematch.state import Problem, RequestClass
from routematch.theory import fluid_bound

__all__ = ["FluidPrice", "fluid_price"]


def _as_numbers(value: Iterable[float]) -> tuple[float, ...]:
    return tuple(float(entry) for entry in value)


def _as_rows(value: Iterable[Iterable[float]]) -> tuple[tuple[float, ...], ...]:
    return tuple(_as_numbers(row) for row in value)


def _as_kinds(value: Iterable[Any]) -> tuple[Kind, ...]:
    return tuple(Kind(**entry) if isinstance(entry, Mapping) else entry for entry in value)


def _as_pools(value: Iterable[Any]) -> tuple[Team, ...]:
    return tuple(Team(**entry) if isinstance(entry, Mapping) else entry for entry in value)


@frozen
class FluidPrice:
    """Prices of agent-seconds by pool, made by `fluid_price`; plain data.

    Attributes
    ----------
    kinds : tuple of Kind, length I
    pools : tuple of Team, length J
    prices : tuple of float, length J
        Policy units per second.
    handle_time : tuple of tuple of float, shape I x J
        Mean seconds; 0 where the pool may not take the type.
    """

    name: ClassVar[str] = "fluid_price"
    kinds: tuple[Kind, ...] = field(converter=_as_kinds)
    pools: tuple[Team, ...] = field(converter=_as_pools)
    prices: tuple[float, ...] = field(converter=_as_numbers)
    handle_time: tuple[tuple[float, ...], ...] = field(converter=_as_rows)
    _recognition: Recognition = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Prepare the look-up of types and agents."""
        recognition = Recognition([kind.key for kind in self.kinds], [pool.agents for pool in self.pools])
        object.__setattr__(self, "_recognition", recognition)

    def to_data(self) -> dict[str, Any]:
        """Return the price as plain data, its name first."""
        data = asdict(self, filter=lambda entry, _: not entry.name.startswith("_"))
        return {"name": self.name, **data}

    def time_worth(self, problem: Problem, request: RequestClass, agent: str) -> TimeWorth | None:  # noqa: ARG002
        """Return the pool's price per second."""
        pool = self._recognition.pool(agent)
        return None if pool < 0 else TimeWorth(self.prices[pool])

    def quote(self, problem: Problem) -> Quote:
        """Return what each agent's time costs; nobody is held for it."""
        kind_of, _ = self._recognition.kinds(problem)
        pool_of, _ = self._recognition.pools(problem)
        cost, loss = np.zeros((len(kind_of), len(problem.roster))), np.zeros(len(kind_of))
        known, priced = np.flatnonzero(kind_of >= 0), np.flatnonzero(pool_of >= 0)
        costs = np.array(self.handle_time).reshape(len(self.kinds), len(self.pools)) * np.array(self.prices)
        cost[np.ix_(known, priced)] = costs[np.ix_(kind_of[known], pool_of[priced])]
        loss[known] = np.array([self.kinds[number].abandonment_cost for number in kind_of[known]])
        return Quote(cost, np.zeros(len(kind_of)), loss)


def fluid_price(workload: Workload) -> FluidPrice:
    """Make the static price of a workload.

    Parameters
    ----------
    workload : Workload

    Returns
    -------
    FluidPrice
    """
    handle_time = np.where(np.isfinite(workload.handle_time), workload.handle_time, 0.0)
    if not workload.pools or not workload.kinds:
        return FluidPrice(workload.kinds, workload.pools, (0.0,) * len(workload.pools), handle_time.tolist())
    bound = fluid_bound(
        workload.system,
        workload.value.tolist(),
        abandonment_cost=workload.abandonment_costs.tolist(),
        holding_cost=workload.holding_costs.tolist(),
    )
    return FluidPrice(workload.kinds, workload.pools, bound.agent_price.tolist(), handle_time.tolist())
