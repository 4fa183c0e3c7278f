"""How many agents of each group in each half-hour: as a scenario, as a start for a search, and the least it can be."""

from __future__ import annotations

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from routematch.errors import InvalidInputError
from routematch.model import Shift
from routematch.simulation import AgentGroup, Scenario
from routematch.simulation.changes_load import Columns, columns_of

__all__ = ["arrivals_by_step", "columns_by_group", "fluid_hours", "square_root_plan", "staffed"]

Floats = NDArray[np.float64]
Plan = NDArray[np.int64]

_NEVER = 100.0


def staffed(scenario: Scenario, plan: Plan, step: float) -> Scenario:
    """Return a scenario with so many agents on duty.

    Parameters
    ----------
    scenario : Scenario
        Its shifts, breaks and sizes do not count; of agents by name all are like the first.
    plan : ndarray of int64, shape (S, G)
        Agents of each group in each step.
    step : float
        Seconds. Whoever works in the last step stays until everybody is served.

    Returns
    -------
    Scenario
    """
    groups = [_team(scenario, group, plan[:, g], step) for g, group in enumerate(scenario.agent_groups)]
    return evolve(scenario, agent_groups=groups)


def _team(scenario: Scenario, group: AgentGroup, counts: Plan, step: float) -> AgentGroup:
    most, digits = int(counts.max(initial=0)), len(str(int(counts.max(initial=0))))
    first = group.roster()[0] if group.roster() else evolve(group, size=1).roster()[0]
    plain = AgentGroup(
        group.name,
        cost_per_hour=group.cost_per_hour,
        speed=group.speed,
        overtime=group.overtime,
        slow_down=group.slow_down,
    )
    never = scenario.start_at + _NEVER * scenario.horizon
    names = [f"{group.name}-{number:0{digits}d}" for number in range(1, most + 1)]
    if most and (counts == most).all():  # always the same: nobody needs a shift, and the simulation is faster
        return evolve(plain, agents=[evolve(first, id=name, shifts=()) for name in names])
    agents = [
        evolve(first, id=name, shifts=_shifts(scenario, counts > place, step, never))
        for place, name in enumerate(names)
    ]
    nobody = evolve(first, id=f"{group.name}-1", shifts=[Shift(never, never + 1.0)])
    return evolve(plain, agents=agents or [nobody])


def _shifts(scenario: Scenario, works: NDArray[np.bool_], step: float, never: float) -> list[Shift]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], works.astype(int), [0]])))
    ends = [(int(first), int(stop)) for first, stop in edges.reshape(-1, 2)]
    return [
        Shift(scenario.start_at + first * step, never if stop == len(works) else scenario.start_at + stop * step)
        for first, stop in ends
    ]


def arrivals_by_step(scenario: Scenario, step: float) -> Floats:
    """Return mean arrivals, shape (S, T)."""
    steps = max(int(np.ceil(scenario.horizon / step - 1e-9)), 1)
    edges = np.minimum(np.arange(steps + 1) * step, scenario.horizon)
    rows = [
        np.diff([kind.arrivals.mean_count(0.0, edge) for edge in edges.tolist()]) if kind.arrivals else np.zeros(steps)
        for kind in scenario.conversation_types
    ]
    return np.array(rows).T


def columns_by_group(scenario: Scenario) -> tuple[Columns, ...]:
    """Return what an agent of each group makes of each type."""
    groups = [group if group.roster() else evolve(group, size=1) for group in scenario.agent_groups]
    whole = evolve(scenario, agent_groups=groups)
    return tuple(columns_of(whole, group.name, group.roster()[0]) for group in groups)


def square_root_plan(arriving: Floats, columns: tuple[Columns, ...], step: float, quality: float) -> Plan:
    """Return the fewest agents for the load and `quality` times its square root, by a small program for each step."""
    from scipy.optimize import linprog

    busy = np.array([column.busy_time for column in columns])
    quick = busy.min(axis=0)
    pairs = [(t, g) for g in range(len(columns)) for t in np.flatnonzero(np.isfinite(busy[g])).tolist()]
    plan = np.zeros((len(arriving), len(columns)), np.int64)
    for s, counts in enumerate(arriving):
        work = counts / step * np.where(np.isfinite(quick), quick, 0.0)
        flow = np.where(
            np.isfinite(quick), (work + quality * np.sqrt(work)) / np.where(np.isfinite(quick), quick, 1), 0
        )
        served = np.zeros((len(counts), len(pairs) + len(columns)))
        used = np.zeros((len(columns), len(pairs) + len(columns)))
        for place, (t, g) in enumerate(pairs):
            served[t, place] = 1.0
            used[g, place] = busy[g, t]
        used[:, len(pairs) :] = -np.eye(len(columns))
        cost = np.concatenate([np.zeros(len(pairs)), np.ones(len(columns))])
        found = linprog(
            cost, A_ub=used, b_ub=np.zeros(len(columns)), A_eq=served, b_eq=np.maximum(flow, 0), method="highs"
        )
        if not found.success:
            raise InvalidInputError("no group may serve what arrives")
        plan[s] = np.ceil(found.x[len(pairs) :] - 1e-9).astype(np.int64)
    return plan


def fluid_hours(arriving: Floats, columns: tuple[Columns, ...], shares: dict[int | None, float]) -> float:
    """Return agent-hours below which the shares cannot be served: the time spent in conversations alone.

    Parameters
    ----------
    arriving : ndarray of float64, shape (S, T)
    columns : tuple of Columns
    shares : mapping from type (None: all) to float
        That must be served at least.
    """
    from scipy.optimize import linprog

    total = arriving.sum(axis=0)
    busy = np.array([column.busy_time for column in columns]).min(axis=0)
    able = np.isfinite(busy)
    rows, least = [], []
    for kind, share in shares.items():
        of = np.ones(len(total)) if kind is None else np.eye(len(total))[kind]
        rows.append(-of)
        least.append(-share * float(of @ total))
    limits = [(0.0, float(count) if may else 0.0) for count, may in zip(total, able, strict=True)]
    found = linprog(np.where(able, busy, 0.0), A_ub=np.array(rows), b_ub=least, bounds=limits, method="highs")
    if not found.success:
        raise InvalidInputError("no group may serve what arrives")
    return float(found.fun) / 3600.0
