"""Prices as policies of counts: what `theory.exact_chain` solves, to be compared with `theory.optimal_control`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from routematch.prices.state_price import StatePrice
from routematch.prices.workload import Workload
from routematch.theory import CountPolicy, CountState
from routematch.theory.exact import Choices

__all__ = ["myopic_counts", "state_price_counts"]

_LEAST = 1e-12


def state_price_counts(price: StatePrice) -> CountPolicy:
    """Return the price as a policy of counts: pair after pair, the best whose worth is above what waiting is worth.

    Parameters
    ----------
    price : StatePrice
        Types and pools in the order of the chain's types and groups.

    Returns
    -------
    callable
        A `theory.CountPolicy`.
    """
    value, may = np.array(price.value), np.array(price.handle_time) > 0
    everybody = np.arange(len(price.kinds))

    def worth(waiting: tuple[int, ...], idle: tuple[int, ...]) -> NDArray[np.float64]:
        free = np.array(idle)
        holds = price.worth_of_waiting(np.array(waiting), free, everybody)
        return np.where(may, value - price.agent_costs(free) - holds[:, None], -np.inf)

    return _best_pairs(worth)


def myopic_counts(workload: Workload) -> CountPolicy:
    """Return best match for the moment as a policy of counts: always serve, the pair that earns most now.

    Parameters
    ----------
    workload : Workload

    Returns
    -------
    callable
        A `theory.CountPolicy`.
    """
    may = np.isfinite(workload.handle_time)
    table = np.where(may, workload.value + workload.abandonment_costs[:, None], -np.inf)
    return _best_pairs(lambda _waiting, _idle: table)


def _best_pairs(
    worth: Callable[[tuple[int, ...], tuple[int, ...]], NDArray[np.float64]],
) -> CountPolicy:
    known: dict[tuple[tuple[int, ...], tuple[int, ...]], Choices] = {}

    def decide(state: CountState) -> Choices:
        key = state.waiting, state.idle
        if key not in known:
            known[key] = _best(worth(*key), *key)
        return known[key]

    return decide


def _best(table: NDArray[np.float64], waiting: tuple[int, ...], idle: tuple[int, ...]) -> Choices:
    open_pairs = (np.array(waiting) > 0)[:, None] & (np.array(idle) > 0)[None, :]
    scores = np.where(open_pairs, table, -np.inf)
    i, j = np.unravel_index(int(scores.argmax()), scores.shape)
    return ((1.0, int(i), int(j)),) if scores[i, j] > _LEAST else ()
