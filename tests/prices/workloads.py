"""Small systems with exact optimum, and the workload that a price is made from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from routematch.prices import Kind, Team, Workload

#: arrival rates, agents, service rates, abandonment rates, value, cost of abandonment, cost of waiting, waiting places
SMALL = {
    "X": (
        [1.9, 1.6],
        [2, 2],
        [[1, 0.8], [0.9, 1.1]],
        [0.3, 0.2],
        [[0.9, 0.6], [0.5, 0.8]],
        [0.8, 1],
        [0.1, 0.1],
        [11, 11],
    ),
    "N": ([1.8, 1.0], [2, 2], [[1, 0.9], [0, 1]], [0.3, 0.3], [[0.8, 0.7], [0, 1]], [0.4, 1.4], [0.1, 0.15], [12, 10]),
    "expert": (
        [2.4, 0.7],
        [3, 1],
        [[1, 1], [1, 1.1]],
        [0.3, 0.25],
        [[0.7, 0.9], [0.1, 0.9]],
        [0.5, 0.7],
        [0.05, 0.1],
        [12, 8],
    ),
    "inverted V": ([2.5], [2, 2], [[1.3, 0.8]], [0.3], [[0.55, 0.9]], [0.5], [0.1], [30]),
    "M": (
        [1.3, 1.3],
        [2, 2],
        [[1.1, 1], [0.9, 1]],
        [0.2, 0.4],
        [[1, 0.3], [0.4, 0.9]],
        [0.6, 0.9],
        [0.1, 0.1],
        [10, 10],
    ),
    "scarce": (
        [2.6, 0.6],
        [3, 1],
        [[1, 0.9], [0, 1]],
        [0.35, 0.3],
        [[0.6, 0.8], [0, 2]],
        [0.4, 1],
        [0.05, 0.2],
        [12, 8],
    ),
    "slow cross": (
        [1.7, 1.6],
        [2, 2],
        [[1.1, 0.6], [0.5, 1]],
        [0.3, 0.35],
        [[0, 0], [0, 0]],
        [1, 1],
        [0.8, 0.9],
        [12, 11],
    ),
}


def workload(
    arrival_rates: Sequence[float],
    slots: Sequence[int],
    service_rates: Sequence[Sequence[float]],
    abandonment_rates: Sequence[float],
    value: Sequence[Sequence[float]],
    lost: Sequence[float],
    holding: Sequence[float],
) -> Workload:
    """Return rates by type and pool, the pools as given."""
    rates = np.array(service_rates, float)
    with np.errstate(divide="ignore"):
        handle_time = np.where(rates > 0, 1.0 / rates, np.inf)
    kinds = tuple(
        Kind(f"type-{i}", "chat", (f"skill-{i}",), abandonment_rate=a, abandonment_cost=c, holding_cost=h)
        for i, (a, c, h) in enumerate(zip(abandonment_rates, lost, holding, strict=True))
    )
    pools = tuple(Team(f"pool-{j}", tuple(f"agent-{j}-{k}" for k in range(n)), n) for j, n in enumerate(slots))
    worth = np.where(rates > 0, np.array(value, float), 0.0)
    return Workload(kinds, pools, np.array(arrival_rates, float), worth, handle_time)
