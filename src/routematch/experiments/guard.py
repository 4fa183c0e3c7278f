"""The guard of a price: it stays only where it is surely no worse than best match and longest idle, on the same days.

A price is made from rates that may be wrong and by a heuristic that may err. So it is run against the same policy
without prices and against longest idle, on paired days; where the lower bound of either gain is not above half a point,
the better of the two is taken instead. A point is one hundredth of the way from nobody served to the fluid bound.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import numpy as np
from attrs import evolve, frozen
from numpy.typing import ArrayLike

from routematch.errors import Faults
from routematch.experiments.guard_rates import scenario_workload
from routematch.experiments.net_value import NetValue
from routematch.metrics.comparison import difference
from routematch.policies import Policy, longest_idle
from routematch.simulation import Scenario, simulate
from routematch.theory import fluid_bound

__all__ = ["FLOOR", "Judgement", "guard", "judge"]

#: The lower bound of a gain that a price must be above, in points.
FLOOR = -0.5


@frozen
class Judgement:
    """What paired runs say about a price.

    Attributes
    ----------
    keep : bool
    chosen : str
        ``"prices"``, ``"without_prices"`` or ``"longest_idle"``.
    over_myopic, over_longest_idle : tuple of float
        Gain of the price, in points: mean, lower and upper 95 % bound.
    """

    keep: bool
    chosen: str
    over_myopic: tuple[float, float, float]
    over_longest_idle: tuple[float, float, float]


def judge(priced: ArrayLike, myopic: ArrayLike, longest: ArrayLike, *, floor: float = FLOOR) -> Judgement:
    """Judge a price by what it and its rivals reached on the same days.

    Parameters
    ----------
    priced, myopic, longest : array_like of float, shape (R,)
        Points of each day, in the same order.
    floor : float
        In points.

    Returns
    -------
    Judgement

    Examples
    --------
    >>> judge([90.0, 91.0, 92.0], [88.0, 89.5, 90.0], [85.0, 86.0, 86.5]).chosen
    'prices'
    """
    gains = [difference(other, priced).change for other in (myopic, longest)]
    keep = all(gain.low > floor for gain in gains)
    rival = "without_prices" if np.mean(np.asarray(myopic)) >= np.mean(np.asarray(longest)) else "longest_idle"
    shown = [(gain.mean, gain.low, gain.high) for gain in gains]
    return Judgement(keep, "prices" if keep else rival, shown[0], shown[1])


def guard(
    policy: Policy,
    scenario: Scenario,
    *,
    replications: int = 20,
    seed: int | None = None,
    floor: float = FLOOR,
    executor: Executor | Callable[[], Executor] | None = None,
) -> Policy:
    """Keep a policy's prices only if they are surely no loss; the verdict is stored in the policy that is returned.

    Parameters
    ----------
    policy : Policy
        With prices; one without is returned as it is.
    scenario : Scenario
        Where it will be used; better not the days from which prices were made.
    replications : int
        Paired days; at least 2.
    seed : int, optional
        None means that of the scenario.
    floor : float
        In points: what the lower 95 % bounds of both gains must be above.
    executor : Executor, or callable that makes one, optional
        As for `simulate`.

    Returns
    -------
    Policy
        The policy itself, the same without prices, or `policies.longest_idle()`; `Policy.verdict` says why.

    Raises
    ------
    InvalidInputError
        Listing every fault of the arguments.
    """
    faults = Faults()
    if not isinstance(policy, Policy):
        faults.add("must be a Policy", place="policy", given=policy)
    if isinstance(replications, bool) or not isinstance(replications, int) or replications < 2:
        faults.add("must be a whole number of at least 2", place="replications", given=replications)
    faults.raise_if_any()
    if policy.prices is None:
        return policy
    rivals = {"prices": policy, "without_prices": evolve(policy, prices=None), "longest_idle": longest_idle()}
    metric, scale = NetValue.of(scenario), _points_per_unit(policy, scenario)
    reached = {
        name: scale * simulate(scenario, rival, seed=seed, replications=replications, executor=executor).values(metric)
        for name, rival in rivals.items()
    }
    said = judge(reached["prices"], reached["without_prices"], reached["longest_idle"], floor=floor)
    verdict: dict[str, Any] = {
        "kept": said.keep,
        "chosen": said.chosen,
        "gain_over_myopic": list(said.over_myopic),
        "gain_over_longest_idle": list(said.over_longest_idle),
        "floor": floor,
        "scenario": scenario.name,
        "seed": scenario.seed if seed is None else seed,
        "replications": replications,
        "judged": policy.fingerprint,
    }
    return evolve(rivals[said.chosen], verdict=verdict)


def _points_per_unit(policy: Policy, scenario: Scenario) -> float:
    """Return points per policy unit and conversation: one hundredth of the way from nobody served to the bound."""
    work = scenario_workload(policy, scenario, pool_size=1)
    bound = fluid_bound(work.system, work.value.tolist(), abandonment_cost=work.abandonment_costs.tolist())
    span = bound.value_rate - work.nobody_served
    return 100.0 * float(work.arrival_rates.sum()) / span if span > 0 else 100.0
