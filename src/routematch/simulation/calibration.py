"""Is the scenario like the place it was learned from? Simulated against observed, by type, half-hour and agent group.

Each replication is a run as long as the log, so what was observed should look like one more of them. A misfit is a
number that does not: outside the range in which a further replication would lie with a chance of 95 % (over all numbers
of one kind together, Bonferroni), and different by an amount that matters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from routematch.errors import Faults, InvalidInputError
from routematch.metrics import METRICS, by
from routematch.metrics.time_grid import HALF_HOUR, TimeGrid
from routematch.policies import Policy
from routematch.routing.code import CodePolicy
from routematch.simulation.calibration_result import Calibration, Compared, Misfit, limits
from routematch.simulation.history.learned import as_history
from routematch.simulation.history.observed import in_terms_of, table_values
from routematch.simulation.result import Result
from routematch.simulation.scenario import Scenario
from routematch.simulation.simulating import simulate
from routematch.state import History, IntervalCounts

__all__ = ["calibrate"]

#: What is compared by which axes.
_OF_CALLS = ("arrivals", "service_level", "mean_wait", "abandonment", "mean_handle_time")
_OF_AGENTS = ("occupancy", "staffed_agents")
_OF_TABLES = ("arrivals", "service_level", "average_speed_of_answer", "abandonment")
_AXES: tuple[tuple[str, ...], ...] = (("conversation_type",), ("time_of_day",), ("conversation_type", "time_of_day"))

#: Smaller differences do not matter: in shares as they are, in all else relative; and seconds of waiting.
_SHARE, _RELATIVE, _SECONDS = 0.03, 0.1, 5.0
_CONFIDENCE = 0.95
#: Where fewer than this share of the most are there, occupancy may be that of a few who finish late.
_FEWEST_STAFFED = 0.15

Floats = NDArray[np.float64]


def calibrate(
    scenario: Scenario,
    calls: object,
    policy: Policy | CodePolicy | None = None,
    *,
    replications: int = 10,
    seed: int | None = None,
    columns: Mapping[str, str] | None = None,
    zone: str | None = None,
) -> Calibration:
    """Compare a scenario with what was observed.

    Parameters
    ----------
    scenario : Scenario
        As long as the log, as `Scenario.from_history` makes it.
    calls : path, table, Ledger, IntervalCounts or History
        What was observed.
    policy : Policy or code, optional
        How the place routes; None means `policies.best_match()`.
    replications : int
        At least 2.
    seed : int, optional
        None means that of the scenario.
    columns, zone
        As for `Scenario.from_history`; `zone` left out is that of the scenario.

    Returns
    -------
    Calibration

    Raises
    ------
    InvalidInputError
        When the log cannot be read, or there are fewer than 2 replications.
    """
    if isinstance(replications, bool) or not isinstance(replications, int) or replications < 2:
        faults = Faults()
        faults.add(
            "must be a whole number of at least 2: the spread is needed", place="replications", given=replications
        )
        faults.raise_if_any()
    history = as_history(calls, columns, zone or scenario.zone)
    result = simulate(scenario, policy, replications=replications, seed=seed)
    types = tuple(kind.name for kind in scenario.conversation_types)
    parts = _of_table(history.intervals, types, result) if history.calls is None else _of_calls(history, types, result)
    misfits = [misfit for part in parts for misfit in _misfits(part)]
    ordered = tuple(misfit for _, misfit in sorted(misfits, key=lambda entry: -entry[0]))
    notes = _notes(scenario, history)
    return Calibration(scenario, result.policy, replications, result.seed, tuple(parts), ordered, notes)


def _of_calls(history: History, types: tuple[str, ...], result: Result) -> list[Compared]:
    scenario = result.scenario
    group_of = {agent.id: group.name for group in scenario.agent_groups for agent in group.roster()}
    assert history.calls is not None
    observed = in_terms_of(history.calls, types, group_of)
    wanted = [
        *((axes, _OF_CALLS) for axes in _AXES),
        (("agent_group",), _OF_AGENTS),
        (("time_of_day",), _OF_AGENTS),
    ]
    found = []
    for axes, metrics in wanted:
        seen = by(observed, axes, metrics, zone=scenario.zone)
        runs = [by(ledger, axes, metrics, zone=scenario.zone) for ledger in result.ledgers]
        places = [_places(own, theirs) for own, theirs in zip(seen.names, runs[0].names, strict=True)]
        values = np.array([_taken(run.values, places) for run in runs])
        found.append(_compared(axes, seen.names, metrics, seen.values, values))
    return found


def _of_table(table: IntervalCounts | None, types: tuple[str, ...], result: Result) -> list[Compared]:
    if table is None or not len(table):
        raise InvalidInputError("there is nothing to compare with: the history is empty")
    zone = result.scenario.zone
    grid = TimeGrid.of_day((table.window[0], table.window[1]), width=HALF_HOUR, zone=zone)
    slots = grid.label_of(table.start_at).astype(np.intp)
    found = []
    for axes in _AXES:
        runs = [by(ledger, axes, _OF_TABLES, zone=zone) for ledger in result.ledgers]
        names = tuple(types if axis == "conversation_type" else grid.names for axis in axes)
        shape = tuple(map(len, names))
        by_type, by_time = types if "conversation_type" in axes else None, slots if "time_of_day" in axes else None
        seen = table_values(table, _OF_TABLES, by_type, by_time, shape)
        places = [_places(own, theirs) for own, theirs in zip(names, runs[0].names, strict=True)]
        found.append(_compared(axes, names, _OF_TABLES, seen, np.array([_taken(run.values, places) for run in runs])))
    return found


def _places(wanted: Sequence[str], given: Sequence[str]) -> NDArray[np.intp]:
    """Return where each wanted name stands among those given, -1 where it does not."""
    places = {name: place for place, name in enumerate(given)}
    return np.array([places.get(name, -1) for name in wanted], dtype=np.intp)


def _taken(values: Floats, places: list[NDArray[np.intp]]) -> Floats:
    """Return values with their groups in another order, NaN for groups that are not there."""
    for axis, place in enumerate(places, 1):
        missing = np.full((*values.shape[:axis], 1, *values.shape[axis + 1 :]), np.nan)
        values = np.take(np.concatenate([values, missing], axis=axis), place, axis=axis)
    return values


def _compared(
    axes: tuple[str, ...], names: tuple[tuple[str, ...], ...], metrics: tuple[str, ...], seen: Floats, runs: Floats
) -> Compared:
    """Put observed and simulated numbers side by side; a further replication is expected by Student's t."""
    from scipy.special import stdtrit

    known = np.isfinite(runs)
    count = known.sum(axis=0)
    mean = np.divide(np.where(known, runs, 0.0).sum(axis=0), count, out=np.full(seen.shape, np.nan), where=count > 0)
    squares = (np.where(known, runs - mean, 0.0) ** 2).sum(axis=0)
    spread = np.sqrt(squares / np.maximum(count - 1, 1)) * np.sqrt(1.0 + 1.0 / np.maximum(count, 1))
    spread[count < 2] = np.nan
    spread = np.fmax(spread, _by_chance(metrics, seen, mean))
    usable = np.isfinite(seen) & np.isfinite(spread)
    half = stdtrit(np.maximum(count - 1, 1), (1.0 + _CONFIDENCE) / 2.0) * spread
    together = usable.reshape(len(metrics), -1).sum(axis=1).reshape(-1, *([1] * (seen.ndim - 1)))
    stricter = 1.0 - (1.0 - _CONFIDENCE) / 2.0 / np.maximum(together, 1)
    limit = stdtrit(np.maximum(count - 1, 1), stricter) * spread
    apart = np.abs(seen - mean)
    matters = np.array([_matters(METRICS[name].unit, apart[m], mean[m]) for m, name in enumerate(metrics)])
    if "staffed_agents" in metrics:
        staffed = metrics.index("staffed_agents")
        matters[staffed] = False  # shifts that are learned from the log are no finding about it
        there = np.fmin(np.nan_to_num(seen[staffed]), np.nan_to_num(mean[staffed]))
        matters &= there >= _FEWEST_STAFFED * there.max(initial=0.0)
    misfit = usable & (apart > limit) & matters
    return Compared(axes, names, metrics, seen, mean, mean - half, mean + half, misfit)


def _by_chance(metrics: tuple[str, ...], seen: Floats, mean: Floats) -> Floats:
    """Return the binomial deviation of shares, at least: rare events may not have happened in any replication."""
    found = np.zeros(seen.shape)
    if "arrivals" in metrics:
        count = np.maximum(np.nan_to_num(mean[metrics.index("arrivals")]), 1.0)
        for m, name in enumerate(metrics):
            if METRICS[name].unit == "share":
                share = np.clip(np.nan_to_num((seen[m] + mean[m]) / 2.0), 0.0, 1.0)
                found[m] = np.sqrt(share * (1.0 - share) / count)
    return found


def _matters(unit: str, apart: Floats, mean: Floats) -> NDArray[np.bool_]:
    if unit == "share":
        return apart > _SHARE
    large: NDArray[np.bool_] = apart > _RELATIVE * np.abs(mean)
    return large & (apart > _SECONDS) if unit == "seconds" else large


def _misfits(part: Compared) -> list[tuple[float, Misfit]]:
    """Return misfits with how many half ranges they are off."""
    found = []
    for place in zip(*np.nonzero(part.misfit), strict=True):
        m, key = int(place[0]), place[1:]
        where = " at ".join(names[i] for names, i in zip(part.names, key, strict=True))
        low, high, seen, mean = (float(a[place]) for a in (part.low, part.high, part.observed, part.simulated))
        off = abs(seen - mean) / max((high - low) / 2.0, 1e-12)
        low, high = limits(METRICS[part.metrics[m]].unit, low, high)
        found.append((off, Misfit(where, part.metrics[m], seen, mean, low, high)))
    return found


def _notes(scenario: Scenario, history: History) -> tuple[str, ...]:
    window = history.calls.window if history.calls is not None else history.intervals.window  # type: ignore[union-attr]  # one of them
    length = window[1] - window[0]
    if abs(scenario.horizon - length) <= 0.01 * length:
        return ()
    days = (scenario.horizon / 86_400.0, length / 86_400.0)
    return (f"The scenario runs for {days[0]:.1f} days, the log for {days[1]:.1f}: counts cannot be compared.",)
