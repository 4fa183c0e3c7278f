"""The price of an agent's time by how busy the pool is right now, and what waiting for a busy pool is worth.

The fluid program says which pool should get how much of which type. Each pool then is a queue of its own, whose
relative values tell what one conversation more costs those who come later: little while many are idle, much when the
last one is taken. That price is capped where others could take what would overflow. A conversation may wait for a full
pool when what that pool would earn, less what the queue there costs and what waiting costs, is more than anybody idle
earns now. (Krishnan, 1990, separable routing of telephone calls; the worth of waiting is a heuristic of our own.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np
from attrs import asdict, define, field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.model.checks import as_names, check_number
from routematch.prices.increments import PoolFlow, losses, queue_increments, waiting_gain
from routematch.prices.price import Quote, TimeWorth
from routematch.prices.recognition import Recognition
from routematch.prices.workload import Kind, Workload
from routematch.state import Problem, RequestClass
from routematch.theory import fluid_bound

__all__ = ["Pool", "StatePrice", "state_price"]

Floats = NDArray[np.float64]

#: Rounds of the fixed point of the overflow cap; each halves what is left.
_ROUNDS = 40
#: A blocking probability of a pool that nothing flows into.
_NEVER_FULL = 1e-12
#: Conversations per second below which nothing flows.
_NOTHING = 1e-12


def _as_numbers(value: Iterable[float]) -> tuple[float, ...]:
    return tuple(float(entry) for entry in value)


def _as_rows(value: Iterable[Iterable[float]]) -> tuple[tuple[float, ...], ...]:
    return tuple(_as_numbers(row) for row in value)


@frozen
class Pool:
    """What the price knows about one pool.

    Attributes
    ----------
    name : str
    agents : tuple of str
    slots : int
    service_rate, abandonment_rate : float
        Means over what flows into it, per second.
    waiting_cost : float
        Of one conversation that waits for it, per second: what it costs itself and what is lost when it gives up.
    idle_prices : tuple of float
        What one conversation more costs later ones with 0, 1, ... slots busy, up to all but one.
    queue_prices : tuple of float
        The same when all are busy and 0, 1, ... wait for the pool; the last entry holds beyond.
    """

    name: str
    agents: tuple[str, ...] = field(converter=as_names)
    slots: int
    service_rate: float
    abandonment_rate: float
    waiting_cost: float
    idle_prices: tuple[float, ...] = field(converter=_as_numbers)
    queue_prices: tuple[float, ...] = field(converter=_as_numbers)


def _as_kinds(value: Iterable[Any]) -> tuple[Kind, ...]:
    return tuple(Kind(**entry) if isinstance(entry, Mapping) else entry for entry in value)


def _as_pools(value: Iterable[Any]) -> tuple[Pool, ...]:
    return tuple(Pool(**entry) if isinstance(entry, Mapping) else entry for entry in value)


@frozen
class StatePrice:
    """A table of prices by pool and occupancy, made by `state_price`; plain data.

    Attributes
    ----------
    kinds : tuple of Kind, length I
    pools : tuple of Pool, length J
    value : tuple of tuple of float, shape I x J
        Of a pair, with what is saved by not losing the customer; 0 where the pool may not take the type.
    handle_time : tuple of tuple of float, shape I x J
        Mean seconds; 0 where the pool may not take the type.
    share : tuple of tuple of float, shape I x J
        Of the type's conversations that should go to the pool.
    eta : float
        Weight of the price of agents' time.
    kappa : float
        Weight of the cost of waiting for a full pool; below 1 waiting looks better than it is, which is dangerous.
    """

    name: ClassVar[str] = "state_price"
    kinds: tuple[Kind, ...] = field(converter=_as_kinds)
    pools: tuple[Pool, ...] = field(converter=_as_pools)
    value: tuple[tuple[float, ...], ...] = field(converter=_as_rows)
    handle_time: tuple[tuple[float, ...], ...] = field(converter=_as_rows)
    share: tuple[tuple[float, ...], ...] = field(converter=_as_rows)
    eta: float = 1.0
    kappa: float = 1.0
    _table: _Table = field(init=False, repr=False, eq=False)
    _recognition: Recognition = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Check that all tables have the same shape; all faults are raised together."""
        faults = Faults()
        for name in ("eta", "kappa"):
            object.__setattr__(self, name, check_number(faults, name, getattr(self, name), at_least=0))
        for name in ("value", "handle_time", "share"):
            rows = getattr(self, name)
            if len(rows) != len(self.kinds) or any(len(row) != len(self.pools) for row in rows):
                faults.add(f"must have {len(self.kinds)} rows of {len(self.pools)} numbers", place=name)
            elif not np.isfinite(np.array(rows)).all():
                faults.add("must be finite numbers", place=name)
        for number, pool in enumerate(self.pools):
            prices = (*pool.idle_prices, *pool.queue_prices)
            if len(pool.idle_prices) != pool.slots or not pool.queue_prices or not np.isfinite(prices).all():
                faults.add(f"must have {pool.slots} finite idle_prices, and queue_prices", place=f"pools[{number}]")
        faults.raise_if_any()
        object.__setattr__(self, "_table", _Table.of(self))
        recognition = Recognition([kind.key for kind in self.kinds], [pool.agents for pool in self.pools])
        object.__setattr__(self, "_recognition", recognition)

    def to_data(self) -> dict[str, Any]:
        """Return the price as plain data, its name first."""
        wanted = {"kinds", "pools", "value", "handle_time", "share", "eta", "kappa"}
        data = asdict(self, filter=lambda entry, _: not entry.name.startswith("_"))
        return {"name": self.name} | {key: entry for key, entry in data.items() if key in wanted}

    def agent_costs(self, idle: NDArray[np.int64]) -> Floats:
        """Return what a conversation costs later ones, by type and pool, shape (I, J).

        Parameters
        ----------
        idle : ndarray of int64, shape (J,)
            Slots of each pool that are free now.
        """
        table = self._table
        busy = np.clip(table.slots - idle, 0, table.slots - 1)
        per_second = table.idle_prices[table.numbers, busy] * table.service_rate
        costs: Floats = self.eta * table.handle_time * per_second
        return costs

    def worth_of_waiting(self, waiting: NDArray[np.int64], idle: NDArray[np.int64], kinds: NDArray[np.intp]) -> Floats:
        """Return what waiting for a full pool is worth to some types, the lost customer saved included; at least 0.

        Parameters
        ----------
        waiting : ndarray of int64, shape (I,)
            How many wait of each type, those who are asked about included.
        idle : ndarray of int64, shape (J,)
        kinds : ndarray of intp, shape (K,)

        Returns
        -------
        ndarray of float64, shape (K,)
        """
        table = self._table
        full = np.flatnonzero((idle <= 0) & table.is_used)
        if not len(full) or not len(kinds):
            return np.zeros(len(kinds))
        block = np.ix_(kinds, full)
        ahead = np.maximum((waiting @ table.share[:, full])[None, :] - table.share[block], 0.0)
        place = np.minimum(ahead.astype(np.intp), table.queue_prices.shape[1] - 2)
        part = np.minimum(ahead - place, 1.0)
        later = table.queue_prices[full, place] * (1.0 - part) + table.queue_prices[full, place + 1] * part
        drain = table.slots[full] * table.service_rate[full] + table.abandonment_rate[full] * ahead / 2.0
        own = table.holding_cost[kinds, None] + table.leaving[kinds, None] * table.value[block]
        costs = later * table.service_rate[full] * table.handle_time[block]
        costs += (own - table.waiting_cost[full]) * (ahead + 1.0) / drain
        worth = np.where(table.handle_time[block] > 0, table.value[block] - self.kappa * costs, 0.0)
        best: Floats = np.maximum(worth.max(axis=1), 0.0)
        return best

    def time_worth(self, problem: Problem, request: RequestClass, agent: str) -> TimeWorth | None:
        """Return what the pool's next conversation costs, by second, and which other type it is wanted for most."""
        pool = self._recognition.pool(agent)
        if pool < 0:
            return None
        table = self._table
        _, idle = self._recognition.pools(problem)
        busy = int(np.clip(table.slots[pool] - idle[pool], 0, table.slots[pool] - 1))
        wanted = table.share[:, pool] * table.value[:, pool]
        kind = int(wanted.argmax())
        is_wanted = wanted[kind] > 0 and kind != self._recognition.kind(request)
        per_second = self.eta * float(table.idle_prices[pool, busy] * table.service_rate[pool])
        return TimeWorth(per_second, self.kinds[kind].name if is_wanted else None)

    def quote(self, problem: Problem) -> Quote:
        """Return what each agent's time costs now, and what waiting is worth, from who is idle and who waits."""
        kind_of, waiting = self._recognition.kinds(problem)
        pool_of, idle = self._recognition.pools(problem)
        cost = np.zeros((len(kind_of), len(problem.roster)))
        known, priced = np.flatnonzero(kind_of >= 0), np.flatnonzero(pool_of >= 0)
        costs = self.agent_costs(idle)
        cost[np.ix_(known, priced)] = costs[np.ix_(kind_of[known], pool_of[priced])]
        option, loss = np.zeros(len(kind_of)), np.zeros(len(kind_of))
        option[known] = self.worth_of_waiting(waiting, idle, kind_of[known])
        loss[known] = self._table.abandonment_cost[kind_of[known]]
        return Quote(cost, option, loss)


@define(eq=False)
class _Table:
    """The columns of a price, made once."""

    slots: NDArray[np.int64]
    numbers: NDArray[np.intp]
    is_used: NDArray[np.bool_]
    service_rate: Floats
    abandonment_rate: Floats
    waiting_cost: Floats
    idle_prices: Floats
    queue_prices: Floats
    value: Floats
    handle_time: Floats
    share: Floats
    leaving: Floats
    holding_cost: Floats
    abandonment_cost: Floats

    @classmethod
    def of(cls, price: StatePrice) -> _Table:
        pools, kinds = price.pools, price.kinds
        shape = (len(kinds), len(pools))
        handle_time = np.array(price.handle_time, float).reshape(shape)
        return cls(
            slots=np.array([pool.slots for pool in pools], np.int64),
            numbers=np.arange(len(pools)),
            is_used=np.asarray((handle_time > 0).any(axis=0), bool),
            service_rate=np.array([pool.service_rate for pool in pools]),
            abandonment_rate=np.array([pool.abandonment_rate for pool in pools]),
            waiting_cost=np.array([pool.waiting_cost for pool in pools]),
            idle_prices=_padded([pool.idle_prices for pool in pools], 1),
            queue_prices=_padded([pool.queue_prices for pool in pools], 2),
            value=np.array(price.value, float).reshape(shape),
            handle_time=handle_time,
            share=np.array(price.share, float).reshape(shape),
            leaving=np.array([kind.abandonment_rate for kind in kinds]),
            holding_cost=np.array([kind.holding_cost for kind in kinds]),
            abandonment_cost=np.array([kind.abandonment_cost for kind in kinds]),
        )


def _padded(rows: list[tuple[float, ...]], least: int) -> Floats:
    """Return rows of different lengths as one table; the last entry of each holds beyond."""
    width = max([least, *map(len, rows)])
    return np.array([[*row, *[row[-1]] * (width - len(row))] for row in rows]).reshape(len(rows), width)


def state_price(workload: Workload, *, eta: float = 1.0, kappa: float = 1.0) -> StatePrice:
    """Make the price of a workload.

    Parameters
    ----------
    workload : Workload
    eta, kappa : float
        As in `StatePrice`.

    Returns
    -------
    StatePrice

    Examples
    --------
    >>> import numpy as np
    >>> work = Workload.of(
    ...     [Kind("billing", "chat", ("billing",), abandonment_rate=1 / 120)],
    ...     ["ana", "bo"],
    ...     arrival_rates=[0.01],
    ...     value=np.array([[0.9, 0.9]]),
    ...     handle_time=np.array([[180.0, 180.0]]),
    ... )
    >>> [round(price, 3) for price in state_price(work).pools[0].idle_prices]
    [0.236, 0.367]
    """
    value = np.where(np.isfinite(workload.handle_time), workload.value + workload.abandonment_costs[:, None], 0.0)
    flow, agent_price = _flow(workload)
    share = flow / np.maximum(workload.arrival_rates, _NOTHING)[:, None]
    flows = [_pool_flow(workload, value, flow[:, j], j) for j in range(len(workload.pools))]
    blocking = [
        losses(each.rate / each.service_rate, each.slots)
        if each.rate > _NOTHING
        else np.array([1.0] + [_NEVER_FULL] * each.slots)
        for each in flows
    ]
    gains = _capped_gains(workload, value, flow, flows, blocking, agent_price)
    pools = tuple(
        _pool(workload, j, each, gain, blocked)
        for j, (each, gain, blocked) in enumerate(zip(flows, gains, blocking, strict=True))
    )
    handle_time = np.where(np.isfinite(workload.handle_time), workload.handle_time, 0.0)
    tables = value.tolist(), handle_time.tolist(), share.tolist()
    return StatePrice(workload.kinds, pools, tables[0], tables[1], tables[2], eta=eta, kappa=kappa)


def _flow(workload: Workload) -> tuple[Floats, Floats]:
    """Return conversations per second by type and pool, everybody sent somewhere, and the price of an agent-second."""
    if not workload.pools or not workload.kinds:
        return np.zeros(workload.value.shape), np.zeros(len(workload.pools))
    bound = fluid_bound(
        workload.system,
        workload.value.tolist(),
        abandonment_cost=workload.abandonment_costs.tolist(),
        holding_cost=workload.holding_costs.tolist(),
    )
    served = bound.flow.sum(axis=1, keepdims=True)
    scale = np.where(served > _NOTHING, workload.arrival_rates[:, None] / np.maximum(served, _NOTHING), 0.0)
    return np.maximum(bound.flow, 0.0) * scale, bound.agent_price


def _pool_flow(workload: Workload, value: Floats, flow: Floats, j: int) -> PoolFlow:
    """Average over what flows into a pool; over what it may take where nothing does."""
    rate, slots = float(flow.sum()), int(workload.slots[j])
    may = np.isfinite(workload.handle_time[:, j])
    weight = np.where(may, flow if rate > _NOTHING else 1.0, 0.0)
    weight = weight / max(float(weight.sum()), _NOTHING)
    service_rate = 1.0 / float(weight[may] @ workload.handle_time[may, j])
    lost = workload.abandonment_rates @ weight * (weight @ value[:, j])
    cost = float(lost + weight @ workload.holding_costs)
    if rate <= _NOTHING:
        return PoolFlow(0.0, slots, service_rate, 0.0, 0.0)
    return PoolFlow(rate, slots, service_rate, float(weight @ workload.abandonment_rates), cost)


def _capped_gains(
    workload: Workload,
    value: Floats,
    flow: Floats,
    flows: list[PoolFlow],
    blocking: list[Floats],
    agent_price: Floats,
) -> Floats:
    """Return the cost per second of each pool's congestion: waiting there, or going elsewhere if that costs less."""
    used = np.array([each.rate > _NOTHING for each in flows], bool)
    full = np.array([blocked[-1] for blocked in blocking])
    pace = np.array([each.service_rate for each in flows])
    waiting = np.array([waiting_gain(each) if each.rate > _NOTHING else 0.0 for each in flows])
    # A pool's mean price over its idle states is this times its gain.
    usual = np.array([_mean_inverse(each, blocked) for each, blocked in zip(flows, blocking, strict=True)])
    may = np.isfinite(workload.handle_time)
    relative_time = np.where(may, workload.handle_time, 0.0) * pace
    price = np.where(used, agent_price / np.maximum(pace, _NOTHING), 0.0)
    gains = waiting
    for _ in range(_ROUNDS):
        elsewhere = np.where(may, (1.0 - full) * (value - price * relative_time), 0.0)
        lost = np.maximum(value - np.maximum(_best_other(elsewhere), 0.0), 0.0)
        gains = np.where(used, np.minimum(waiting, full * (flow * lost).sum(axis=0)), 0.0)
        price = 0.5 * price + 0.5 * usual * gains
    return gains


def _mean_inverse(flow: PoolFlow, blocking: Floats) -> float:
    """Return the mean, over the states with somebody idle, of one over the flow times the blocking of so many slots."""
    if flow.rate <= _NOTHING:
        return 0.0
    load = flow.rate / flow.service_rate
    log_law = np.cumsum([0.0, *np.log(load / np.arange(1, flow.slots))])
    law = np.exp(log_law - log_law.max())
    return float(law @ (1.0 / blocking[: flow.slots]) / law.sum() / flow.rate)


def _best_other(elsewhere: Floats) -> Floats:
    """Return the best entry of each row among the other columns, shape (I, J); 0 where there is no other."""
    if elsewhere.shape[1] < 2:
        return np.zeros(elsewhere.shape)
    ranked = np.partition(elsewhere, -2, axis=1)
    best, second = ranked[:, -1:], ranked[:, -2:-1]
    others: Floats = np.where(elsewhere == best, second, best)
    return others


def _pool(workload: Workload, j: int, flow: PoolFlow, gain: float, blocking: Floats) -> Pool:
    """Return a pool's prices by occupancy."""
    team = workload.pools[j]
    shape = (team.name, team.agents, team.slots, flow.service_rate, flow.abandonment_rate, flow.cost)
    if flow.rate <= _NOTHING:
        return Pool(*shape, (0.0,) * team.slots, (0.0,))
    idle_prices = (gain / flow.rate / blocking[: team.slots]).tolist()
    own_gain = waiting_gain(flow)
    places = 2 * team.slots + 20
    last_idle = own_gain / flow.rate / float(blocking[team.slots - 1])
    return Pool(*shape, idle_prices, queue_increments(flow, own_gain, last_idle, places))
