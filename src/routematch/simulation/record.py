"""What a run leaves behind: a ledger of all conversations, and what agents did when."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from routematch.simulation.course import Course
from routematch.simulation.day import Day
from routematch.simulation.scenario import Scenario
from routematch.simulation.staff import Staff
from routematch.state import THOUSANDTHS, Category, Ledger
from routematch.state.ledger import ABANDONED, COMPLETED, OPEN, REFUSED, STATES, AgentIntervals

__all__ = ["ledger_of_course", "ledger_of_day", "sweep"]

Floats = NDArray[np.float64]
Entry = TypeVar("Entry", bound=np.generic)


def ledger_of_day(
    scenario: Scenario,
    staff: Staff,
    day: Day,
    started: Floats,
    holder: NDArray[np.int32],
    *,
    intervals: bool,
) -> Ledger:
    """Return the ledger of a run in which every conversation had one agent at most."""
    served = holder >= 0
    speed = staff.speed[holder]
    law = staff.law_of[day.kind, holder] if staff.law_of.any() else None
    talk = (day.talk[0] if law is None else day.talk[law, np.arange(len(holder))]) / speed
    wrap_up = day.wrap_up / speed
    has_wrap_up = bool(wrap_up.any())
    busy = (day.talk[0] if law is None else day.talk[law, np.arange(len(holder))]) + day.wrap_up
    talked_at = started + talk
    ended_at = np.where(served, talked_at, np.where(np.isinf(day.deadline), np.nan, day.deadline))
    resolved = np.where(served, day.outcome < staff.success[day.kind, holder], np.nan)
    ending = np.where(served, COMPLETED, np.where(np.isinf(day.deadline), OPEN, ABANDONED)).astype(np.uint8)
    stretches = None
    if intervals:
        free_at = started + busy / speed
        stretches = sweep(
            scenario, staff, day.kind[served], holder[served], started[served], talked_at[served], free_at[served]
        )
    return _ledger(
        scenario,
        staff,
        day.kind,
        holder,
        resolved,
        ending,
        stretches,
        arrived_at=day.arrived,
        answered_at=started,
        ended_at=ended_at,
        handle_time=np.where(served, busy / speed, np.nan),
        wrap_up_time=np.where(served, wrap_up, np.nan) if has_wrap_up else None,
    )


def ledger_of_course(scenario: Scenario, staff: Staff, course: Course, intervals: AgentIntervals | None) -> Ledger:
    """Return the ledger of a full run."""
    kind, holder = np.array(course.first_kind, np.int32), np.array(course.holder, np.int32)
    started, ended, deadline = np.array(course.started), np.array(course.ended), np.array(course.deadline)
    refused = np.array(course.refused, bool)
    gave_up = np.isnan(ended) & np.isfinite(deadline) & ~refused & (np.array(course.state) != _HELD)
    ended[gave_up] = deadline[gave_up]
    ending = np.full(len(kind), COMPLETED, np.uint8)
    ending[gave_up], ending[refused], ending[np.isnan(ended)] = ABANDONED, REFUSED, OPEN
    served = ~np.isnan(started)
    handled = np.where(served, np.maximum(np.array(course.handled), 0.0), np.nan)
    wrapped = np.clip(np.array(course.wrapped), 0.0, handled)
    order = np.argsort(np.array(course.arrived), kind="stable")
    place = np.full(len(kind) + 1, -1)
    place[order] = np.arange(len(kind))
    return _ledger(
        scenario,
        staff,
        kind[order],
        holder[order],
        np.array(course.resolved)[order],
        ending[order],
        intervals,
        arrived_at=np.array(course.arrived)[order],
        answered_at=started[order],
        ended_at=ended[order],
        handle_time=handled[order],
        wrap_up_time=wrapped[order] if wrapped[served].any() else None,
        transfers=np.array(course.transfers, np.uint16)[order] if any(course.transfers) else None,
        repeats=place[np.array(course.follows)[order]] if max(course.follows, default=-1) >= 0 else None,
    )


_HELD = 2


def _ledger(  # noqa: PLR0913 - one argument for each kind of column
    scenario: Scenario,
    staff: Staff,
    kind: NDArray[np.int32],
    holder: NDArray[np.int32],
    resolved: Floats,
    ending: NDArray[np.uint8],
    intervals: AgentIntervals | None,
    *,
    transfers: NDArray[np.uint16] | None = None,
    repeats: NDArray[np.int64] | None = None,
    **times: Floats | None,
) -> Ledger:
    """Put a ledger together; what is the same for all conversations of a type is filled in."""
    types = scenario.conversation_types
    start_at = scenario.start_at
    arrived = times["arrived_at"]
    assert arrived is not None
    priority = _by_type(kind, [kind_.priority for kind_ in types])
    due = _by_type(kind, [np.nan if kind_.due_time is None else kind_.due_time for kind_ in types])
    gain = np.array([kind_.value for kind_ in types])
    cost = np.array([kind_.abandonment_cost for kind_ in types])
    value = np.where(resolved == 1, gain[kind], 0.0) if len(types) else np.zeros(0)
    value -= np.where(ending == ABANDONED, cost[kind], 0.0) if cost.any() else 0.0
    group_of = np.append(staff.group_of, np.int32(-1))
    instants = {
        name: _frozen(column + start_at if name.endswith("_at") and start_at else column)
        for name, column in times.items()
        if column is not None
    }
    return Ledger.of(
        conversation_type=Category(_frozen(kind), tuple(kind_.name for kind_ in types)),
        channel=_words(kind, [kind_.channel for kind_ in types]),
        queue=_words(kind, [kind_.queue for kind_ in types]),
        agent=Category(_frozen(holder), staff.roster.ids),
        agent_group=Category(_frozen(group_of[holder]), tuple(group.name for group in staff.groups)),
        ending=_frozen(ending),
        resolved=_frozen(resolved.astype(np.float32)),
        value=_frozen(value),
        transfers=transfers,
        repeats=repeats,
        due_at=None if due is None else arrived + start_at + due,
        priority=None if priority is None else np.rint(priority).astype(np.int32),
        window=(start_at, start_at + scenario.horizon),
        intervals=intervals,
        **instants,  # type: ignore[arg-type]  # times by name
    )


def _frozen(column: NDArray[Entry]) -> NDArray[Entry]:
    column.flags.writeable = False
    return column


def _by_type(kind: NDArray[np.int32], entries: list[float]) -> Floats | None:
    """Return a column that the type decides; None where it is nothing for all of them."""
    if all(entry == 0 or entry != entry for entry in entries):  # noqa: PLR0124 - NaN
        return None
    return np.array(entries, np.float64)[kind]


def _words(kind: NDArray[np.int32], words: list[str | None]) -> Category:
    """Return a column of words that the type decides; of one word only, it takes no memory."""
    names = tuple(dict.fromkeys(word for word in words if word is not None))
    codes = np.array([-1 if word is None else names.index(word) for word in words], np.int32)
    if len(set(codes.tolist())) == 1:
        return Category(np.broadcast_to(codes[0], kind.shape), names)
    return Category(_frozen(codes[kind]) if len(codes) else kind, names)


def sweep(
    scenario: Scenario,
    staff: Staff,
    kind: NDArray[np.int32],
    holder: NDArray[np.int32],
    started: Floats,
    talked_at: Floats,
    free_at: Floats,
) -> AgentIntervals:
    """Return what agents did when, from what each conversation took of them; all were there all the time.

    Starts, ends of talks and ends of wrap-ups are sorted by agent and time; between two of them nothing changes.
    """
    agents, count = len(staff.roster), len(holder)
    by_channel = {name: staff.roster.cost(name) for name in {k.channel for k in scenario.conversation_types}}
    costs = np.array([by_channel[k.channel] for k in scenario.conversation_types])
    costs = costs.reshape(len(scenario.conversation_types), agents)
    load = costs[kind, holder] / THOUSANDTHS
    everybody = np.arange(agents, dtype=np.int32)
    nothing, talks = np.zeros(agents), np.ones(count)
    end = max(scenario.horizon, float(free_at.max(initial=0.0)))
    who = np.concatenate([everybody, holder, holder, holder, everybody])
    at = np.concatenate([nothing, started, talked_at, free_at, np.full(agents, end)])
    talking = np.concatenate([nothing, talks, -talks, np.zeros(count), nothing])
    carrying = np.concatenate([nothing, load, np.zeros(count), -load, nothing])
    order = np.lexsort((at, who))
    who, at = who[order], at[order]
    # Running sums over all agents: each agent's own add up to nothing, so the next one starts at nothing again.
    talks_now, load_now = np.cumsum(talking[order])[:-1], np.cumsum(carrying[order])[:-1]
    lasting = (who[1:] == who[:-1]) & (at[1:] > at[:-1])
    load_now = np.where(load_now > 1e-6, load_now, 0.0)
    state = np.where(talks_now > 0.5, STATES.index("busy"), np.where(load_now > 0, STATES.index("wrap_up"), 0))
    units = staff.roster.units / THOUSANDTHS
    who = who[:-1][lasting]
    return AgentIntervals.of(
        agent=who,
        agent_group=staff.group_of[who],
        state=state[lasting].astype(np.uint8),
        start_at=scenario.start_at + at[:-1][lasting],
        end_at=scenario.start_at + at[1:][lasting],
        load=load_now[lasting],
        capacity=units[who],
    )
