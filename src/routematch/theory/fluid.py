"""What no policy can exceed: the fluid bound, a small linear program.

Chance is taken away: arrivals flow, agents are used to the full. Whoever is not served abandons, and abandoning takes
``holding_cost / abandonment_rate`` of waiting on average, because the abandonment rate times the mean queue is the rate
of abandoning. So the optimum is a true upper bound for every policy, idling ones included.

Sources: Gans, Koole, Mandelbaum (2003), Telephone call centers; Levi, Radovanovic (2010), Provably near-optimal
LP-based policies for revenue management in systems with reusable resources.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.errors import Faults, InvalidInputError
from routematch.theory.skill_system import SkillSystem, amounts, pair_amounts

__all__ = ["FluidBound", "fluid_bound"]


@frozen(eq=False)
class FluidBound:
    """The optimum of the fluid program.

    Attributes
    ----------
    value_rate : float
        No policy earns more per second.
    flow : ndarray of float64, shape (I, J)
        Conversations of each type served by each group per second, at the optimum.
    agent_price : ndarray of float64, shape (J,)
        What one second more of an agent of each group would add.
    type_price : ndarray of float64, shape (I,)
        What one arrival more of each type would add to the served value; 0 where the type is not served in full.
    """

    value_rate: float
    flow: NDArray[np.float64]
    agent_price: NDArray[np.float64]
    type_price: NDArray[np.float64]


def fluid_bound(
    system: SkillSystem,
    value: Sequence[Sequence[float]] | float = 1.0,
    *,
    abandonment_cost: Sequence[float] | float = 0.0,
    holding_cost: Sequence[float] | float = 0.0,
) -> FluidBound:
    """Bound the value per second of every policy from above.

    Parameters
    ----------
    system : SkillSystem
        Waiting room without limit.
    value : array_like of float, shape (I, J), or float
        Earned when a type is served by a group.
    abandonment_cost : sequence of float, length I, or float
        Paid when somebody gives up.
    holding_cost : sequence of float, length I, or float
        Paid per second of waiting; at least 0.

    Returns
    -------
    FluidBound

    Raises
    ------
    InvalidInputError
        Listing what is wrong; when types that never give up are too many for the agents.

    Examples
    --------
    >>> system = SkillSystem((0.3, 0.1), ((0.01, 0.0), (0.01, 0.01)), (20, 10), (0.01, 0.01))
    >>> bound = fluid_bound(system)
    >>> round(bound.value_rate, 6), bound.agent_price.round(6).tolist()
    (0.3, [0.01, 0.01])
    """
    from scipy.optimize import linprog

    types, groups, pairs = len(system.arrival_rates), len(system.agents), system.pairs
    faults = Faults()
    earned = pair_amounts(faults, "value", value, system)
    holding = amounts(faults, "holding_cost", holding_cost, types)
    lost = amounts(faults, "abandonment_cost", abandonment_cost, types)
    if (holding < 0).any():
        faults.add("must be at least 0", place="holding_cost", given=holding_cost)
    faults.raise_if_any()
    leaving, arriving = np.asarray(system.abandonment_rates), np.asarray(system.arrival_rates)
    patient = leaving == 0
    saved = np.where(patient, 0.0, lost + holding / np.where(patient, 1.0, leaving))
    if not pairs and not (patient & (arriving > 0)).any():
        nothing = np.zeros((types, groups))
        return FluidBound(-float(saved @ arriving), nothing, nothing.sum(axis=0), nothing.sum(axis=1))
    refusal = "must have agents enough for the types that never give up"
    if not pairs:
        raise InvalidInputError(refusal)
    type_of, group_of = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
    busy_time = (np.arange(groups)[:, None] == group_of) / np.asarray(system.service_rates)[type_of, group_of]
    served = (np.arange(types)[:, None] == type_of).astype(np.float64)
    solved = linprog(
        -(earned + saved[:, None])[type_of, group_of],
        A_ub=np.vstack([busy_time, served[~patient]]),
        b_ub=np.concatenate([system.agents, arriving[~patient]]),
        A_eq=served[patient] if patient.any() else None,
        b_eq=arriving[patient] if patient.any() else None,
        method="highs",
    )
    if not solved.success:
        raise InvalidInputError(refusal)
    flow, type_price = np.zeros((types, groups)), np.zeros(types)
    flow[type_of, group_of] = solved.x
    type_price[~patient] = -solved.ineqlin.marginals[groups:]
    if patient.any():
        type_price[patient] = -solved.eqlin.marginals
    value_rate = -float(solved.fun) - float(saved @ arriving)
    return FluidBound(value_rate, flow, -solved.ineqlin.marginals[:groups], type_price)
