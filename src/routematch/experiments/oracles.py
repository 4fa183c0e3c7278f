"""What a policy is measured against: the true optimum where it can be computed, else a bound that none exceeds.

Every oracle says which rung of the ladder it stands on: ``exact`` (relative value iteration over all rules without
interruption), ``closed form`` (all rules that never idle do alike), ``pooled`` (everybody could do everything), or
``fluid`` (chance taken away). Pooled and fluid are bounds: a share below 100 % need not mean that more can be had.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from attrs import frozen

from routematch.experiments.baselines import Rates
from routematch.theory import SkillSystem, erlang_a, fluid_bound, limited_room, optimal_control

__all__ = ["Oracle", "exact_oracle", "fluid_oracle", "pooled_oracle", "returns_oracle"]


@frozen
class Oracle:
    """The best there is, or a bound of it.

    Attributes
    ----------
    rung : str
    value : float
        For each first conversation, in policy units.
    nobody : float
        The same when nobody is served.
    """

    rung: str
    value: float
    nobody: float


def nobody_served(rates: Rates) -> float:
    """Return the net value for each conversation when nobody is served: all give up, after their whole patience."""
    patience = np.divide(1.0, rates.abandonment, out=np.zeros_like(rates.abandonment), where=rates.abandonment > 0)
    return -float(rates.arrival @ (rates.loss + rates.holding * patience)) / float(rates.arrival.sum())


def exact_oracle(rates: Rates, *, waiting_places: int = 20) -> Oracle:
    """Return the optimum of a small memoryless system; waiting beyond `waiting_places` of a type is lost."""
    best = optimal_control(
        rates.system,
        rates.value.tolist(),
        waiting_places=(waiting_places,) * len(rates.arrival),
        abandonment_cost=rates.loss.tolist(),
        holding_cost=rates.holding.tolist(),
        tolerance=1e-5,
    )
    return Oracle("exact", best.value_rate / float(rates.arrival.sum()), nobody_served(rates))


def fluid_oracle(rates: Rates, *, pace: float | tuple[float, ...] = 1.0) -> Oracle:
    """Return the fluid bound; it holds for all laws where waiting itself costs nothing.

    Parameters
    ----------
    rates : Rates
    pace : float or tuple of float, length G
        How many conversations' worth of work an agent of a group does at once, at best.
    """
    paces = np.broadcast_to(np.asarray(pace, np.float64), len(rates.agents))
    system = SkillSystem(
        rates.arrival.tolist(), (rates.service * paces).tolist(), rates.agents, rates.abandonment.tolist()
    )
    bound = fluid_bound(
        system, rates.value.tolist(), abandonment_cost=rates.loss.tolist(), holding_cost=rates.holding.tolist()
    )
    return Oracle("fluid", bound.value_rate / float(rates.arrival.sum()), nobody_served(rates))


def pooled_oracle(rates: Rates, *, rung: str = "pooled", waiting_places: int | None = None) -> Oracle:
    """Return what everybody serving everything would reach, all rates and values being equal."""
    agents, arrival = sum(rates.agents), float(rates.arrival.sum())
    service, value = float(rates.service.max()), float(rates.value.max())
    if waiting_places is None:
        lost = erlang_a(arrival, service, float(rates.abandonment.max()), agents).abandonment_probability
    else:
        lost = limited_room(arrival, service, agents, waiting_places).blocking_probability
    loss = float(rates.loss.max())
    return Oracle(rung, value * (1 - lost) - loss * lost, nobody_served(rates))


def returns_oracle(rates: Rates, success: tuple[float, ...], *, returning: float) -> Oracle:
    """Return the fluid bound of one type whose unresolved conversations come again with chance `returning`."""
    from scipy.optimize import linprog

    first, chance = float(rates.arrival[0]), np.asarray(success)
    more = returning * (1 - chance)  # further contacts for each one served
    solved = linprog(
        -(chance + float(rates.loss[0]) * (1 - more)),
        A_ub=[(1 - more).tolist()],
        b_ub=[first],
        bounds=[(0.0, n * rate) for n, rate in zip(rates.agents, rates.service[0].tolist(), strict=True)],
        method="highs",
    )
    value = -float(solved.fun) - float(rates.loss[0]) * first
    return Oracle("fluid", value / first, -float(rates.loss[0]))


MakeOracle = Callable[[Rates], Oracle]
