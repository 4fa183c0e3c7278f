"""A scenario's parts from a table of half-hours: counts and averages instead of single conversations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routematch.distributions import Exponential, LogNormal
from routematch.errors import InvalidInputError
from routematch.model import Agent, Shift
from routematch.simulation.agent_groups import AgentGroup
from routematch.simulation.conversation_types import ConversationType
from routematch.simulation.history.arrivals import fit_arrivals
from routematch.simulation.history.learned import LearnedHistory, TypeFit
from routematch.simulation.history.presence import levels_to_shifts
from routematch.simulation.history.types import Types, types_of
from routematch.simulation.history.week import LocalTime
from routematch.state import History, IntervalCounts, Note

__all__ = ["learn_from_intervals"]

_USUAL_HANDLE_TIME, _USUAL_CV = 300.0, 1.0
_TARGET_OCCUPANCY = 0.85

Floats = NDArray[np.float64]


def learn_from_intervals(history: History, table: IntervalCounts) -> LearnedHistory:
    """Learn the parts of a scenario.

    Parameters
    ----------
    history : History
        Where the table comes from.
    table : IntervalCounts

    Returns
    -------
    LearnedHistory
        Shapes of laws are assumed, as the report says: a table of averages does not show them.

    Raises
    ------
    InvalidInputError
        When the table holds no interval.
    """
    if not len(table):
        raise InvalidInputError("the table holds no interval")
    zone = history.zone or "UTC"
    local = LocalTime.of(table.window, zone)
    types = types_of(table.conversation_type, np.maximum(table.offered, 1e-9))
    notes = [Note("assumed", f"handle times are log-normal with a spread of {_USUAL_CV:g} times their mean")]
    if np.isnan(table.average_handle_time).all():
        notes.append(Note("assumed", f"handle times of {_USUAL_HANDLE_TIME:g} s: the table names none"))
    fits, kinds = {}, []
    for t, name in enumerate(types.names):
        fit, kind = _learn_type(table, types.codes == t, name, local)
        fits[name] = fit
        kinds.append(kind)
    groups = _groups(table, types, tuple(kinds), notes)
    start_at, end_at = table.window
    report = history.report.with_notes(*notes)
    return LearnedHistory(tuple(kinds), groups, start_at, end_at - start_at, zone, fits, report)


def _learn_type(
    table: IntervalCounts, own: NDArray[np.bool_], name: str, local: LocalTime
) -> tuple[TypeFit, ConversationType]:
    middles, counts = _spread(table, own)
    arrivals = fit_arrivals(middles, table.window, local, counts)
    handled = np.where(np.isnan(table.answered), table.offered, table.answered)[own]
    mean = _weighted(table.average_handle_time[own], handled) or _USUAL_HANDLE_TIME
    wrap_up = _weighted(table.average_wrap_up_time[own], handled)
    if wrap_up is not None and not 0 < wrap_up < mean:
        wrap_up = None
    kind = ConversationType(
        name,
        name,
        arrivals=arrivals.process,
        handle_time=LogNormal(mean - (wrap_up or 0.0), cv=_USUAL_CV),
        wrap_up=None if wrap_up is None else Exponential(wrap_up),
        patience=_patience(table, own),
        channel="phone",
    )
    return TypeFit(arrivals, None, None, None), kind


def _spread(table: IntervalCounts, own: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return the instants at which counts are entered: evenly, a quarter of an hour apart."""
    parts = max(int(table.length // 900.0), 1)
    steps = (np.arange(parts) + 0.5) * table.length / parts
    instants = (table.start_at[own][:, None] + steps).ravel()
    return instants, np.repeat(table.offered[own] / parts, parts)


def _weighted(values: Floats, weights: Floats) -> float | None:
    known = np.isfinite(values) & np.isfinite(weights) & (weights > 0)
    return float(np.average(values[known], weights=weights[known])) if known.any() else None


def _patience(table: IntervalCounts, own: NDArray[np.bool_]) -> Exponential | None:
    """Return exponential patience: those who gave up over all waiting, the lost taken to wait as long as the others."""
    known = own & np.isfinite(table.abandoned) & np.isfinite(table.average_speed_of_answer)
    gave_up = float(table.abandoned[known].sum())
    waited = float((table.offered * table.average_speed_of_answer)[known].sum())
    return Exponential(waited / gave_up) if gave_up > 0 and waited > 0 else None


def _groups(
    table: IntervalCounts, types: Types, kinds: tuple[ConversationType, ...], notes: list[Note]
) -> tuple[AgentGroup, ...]:
    """Return agents for each type where staff is told by type, else one group for all."""
    if np.isfinite(table.staffed).any():
        told = {name: _staff(table, types.codes == t) for t, name in enumerate(types.names)}
        if len(told) > 1:
            notes.append(Note("assumed", "agents serve the type in whose rows they are counted, and no other"))
        return tuple(_group(name, levels, table, [name]) for name, levels in told.items() if levels.any())
    notes.append(Note("assumed", f"the table names no staff: enough for an occupancy of {_TARGET_OCCUPANCY:.0%}"))
    starts = np.unique(table.start_at)
    means = np.array([kind.handle_time.mean + (kind.wrap_up.mean if kind.wrap_up else 0.0) for kind in kinds])
    work = np.bincount(np.searchsorted(starts, table.start_at), table.offered * means[types.codes])
    levels = np.ceil(work / table.length / _TARGET_OCCUPANCY - 1e-9).astype(np.intp)
    return (_group("agents", levels, table, list(types.names)),)


def _staff(table: IntervalCounts, own: NDArray[np.bool_]) -> NDArray[np.intp]:
    starts = np.unique(table.start_at)
    staff = np.bincount(
        np.searchsorted(starts, table.start_at[own]), np.nan_to_num(table.staffed[own]), minlength=starts.size
    )
    return np.round(staff).astype(np.intp)


def _group(name: str, levels: NDArray[np.intp], table: IntervalCounts, skills: list[str]) -> AgentGroup:
    shifts = levels_to_shifts(np.unique(table.start_at), levels, table.length)
    digits = len(str(len(shifts)))
    people = tuple(
        Agent(
            f"{name}-{number:0{digits}d}", dict.fromkeys(skills, 1.0), shifts=tuple(Shift(*stretch) for stretch in own)
        )
        for number, own in enumerate(shifts, 1)
    )
    return AgentGroup(name, agents=people)
