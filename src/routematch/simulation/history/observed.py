"""What was observed, in the terms of a scenario: its types, its groups, and what its agents seemed to do when.

Simulated and observed days can then be measured by the very same metrics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from routematch.simulation.history.presence import infer_presence
from routematch.simulation.history.types import types_of
from routematch.simulation.hours import minus
from routematch.state import AgentIntervals, Category, IntervalCounts, Ledger

__all__ = ["in_terms_of", "table_values"]

Floats = NDArray[np.float64]
Stretches = list[tuple[float, float]]


def in_terms_of(calls: Ledger, types: Sequence[str], group_of: Mapping[str, str]) -> Ledger:
    """Return a log with a scenario's types and groups, and intervals of agents.

    Parameters
    ----------
    calls : Ledger
    types : sequence of str
        Of the scenario; conversations of others are left without a type.
    group_of : mapping from agent to str
        The scenario's group of each agent; others are left without a group.

    Returns
    -------
    Ledger
        Intervals are inferred from first and last activity where the log has none.
    """
    found = types_of(calls.conversation_type)
    kinds = Category.of((found.names[code] for code in found.codes.tolist()), names=tuple(types))
    known = Category(np.where(kinds.codes < len(types), kinds.codes, -1).astype(np.int32), tuple(types))
    groups = tuple(dict.fromkeys(group_of.values()))
    of_agent = np.array([groups.index(group_of[name]) if name in group_of else -1 for name in calls.agent.names] + [-1])
    told = Category(of_agent[calls.agent.codes].astype(np.int32), groups)
    intervals = _inferred(calls, of_agent) if calls.intervals is None else calls.intervals
    if calls.intervals is not None:
        intervals = evolve(intervals, agent_group=of_agent[calls.intervals.agent].astype(np.int32))
    return evolve(calls, conversation_type=known, agent_group=told, intervals=intervals)


def _inferred(calls: Ledger, of_agent: NDArray[np.intp]) -> AgentIntervals:
    worked = np.where(np.isnan(calls.handle_time), 0.0, calls.answered_at + calls.handle_time)
    over = np.fmax(calls.ended_at, worked)
    rows: list[tuple[int, str, float, float]] = []
    for presence in infer_presence(calls.agent.codes, calls.arrived_at, calls.answered_at, over, calls.window):
        own = (calls.agent.codes == presence.agent) & np.isfinite(calls.answered_at) & np.isfinite(over)
        busy = _merged(list(zip(calls.answered_at[own].tolist(), over[own].tolist(), strict=True)))
        rows += [(presence.agent, "busy", start, end) for start, end in busy]
        rows += [(presence.agent, "free", start, end) for start, end in minus(list(presence.stretches), busy)]
    agents, states, starts, ends = zip(*rows, strict=True) if rows else ((), (), (), ())
    return AgentIntervals.of(
        agent=agents,
        state=states,
        start_at=starts,
        end_at=ends,
        agent_group=of_agent[np.array(agents, dtype=np.intp)].astype(np.int32),
    )


def _merged(stretches: Stretches) -> Stretches:
    found: Stretches = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def table_values(
    table: IntervalCounts,
    metrics: Sequence[str],
    types: Sequence[str] | None,
    slots: NDArray[np.intp] | None,
    shape: tuple[int, ...],
) -> Floats:
    """Return metrics of a table of half-hours for each group, NaN where it does not tell.

    Parameters
    ----------
    table : IntervalCounts
    metrics : sequence of str
        Names of metrics.
    types : sequence of str, optional
        Where groups are by type: the types, in order.
    slots : ndarray of intp, shape (N,), optional
        Where groups are by time: the place of each row.
    shape : tuple of int
        Sizes of the groups' axes.

    Returns
    -------
    ndarray of float64, shape (M, *shape)
    """
    codes = np.zeros(len(table), dtype=np.intp)
    used = np.ones(len(table), dtype=bool)
    if types is not None:
        found = types_of(table.conversation_type, np.maximum(table.offered, 1e-9))
        place = {name: i for i, name in enumerate(types)}
        of_row = np.array([place.get(name, -1) for name in found.names], dtype=np.intp)[found.codes]
        used &= of_row >= 0
        codes = of_row
    if slots is not None:
        codes = codes * (shape[-1] if types is not None else 1) + slots
    answered = np.where(np.isnan(table.answered), table.offered - np.nan_to_num(table.abandoned), table.answered)
    pairs: dict[str, tuple[Floats, Floats]] = {
        "service_level": (table.service_level, table.offered),
        "average_speed_of_answer": (table.average_speed_of_answer, answered),
        "abandonment": (table.abandoned / np.maximum(table.offered, 1e-9), table.offered),
        "occupancy": (table.occupancy, np.nan_to_num(table.staffed)),
    }
    size = int(np.prod(shape))
    rows = []
    for name in metrics:
        if name == "arrivals":
            rows.append(np.bincount(codes[used], table.offered[used], minlength=size).astype(np.float64))
            continue
        value, weight = pairs[name]
        known = used & np.isfinite(value) & (weight > 0)
        total = np.bincount(codes[known], weight[known], minlength=size)
        summed = np.bincount(codes[known], (value * weight)[known], minlength=size)
        rows.append(np.divide(summed, total, out=np.full(size, np.nan), where=total > 0))
    return np.array(rows).reshape(len(metrics), *shape)
