"""A journal as a ledger: what metrics and reports read, as they read a simulation.

>>> import routematch as rm
>>> router = rm.Router([rm.Agent("ana")])
>>> _ = router.enqueue(rm.Conversation("a"), 0.0)
>>> plan = router.dispatch(5.0)
>>> router.complete("a", 65.0)
>>> ledger = ledger_of(router.journal)
>>> ledger.waited, ledger.handle_time
(array([5.]), array([60.]))
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from attrs import evolve

from routematch.model import Conversation, Requirement
from routematch.model.events import AgentRemoved, AgentUpdated, Event, PresenceChanged
from routematch.model.requirements import walk
from routematch.router.cases import Case
from routematch.router.desk import Desk
from routematch.router.journals import Journal, read_journal
from routematch.router.reducer import apply
from routematch.router.settings import RouterSettings
from routematch.state import AgentIntervals, Category, Ledger
from routematch.state.problem import check_queues

__all__ = ["ledger_of", "read_ledger"]

_ENDINGS = {"completed": "completed", "abandoned": "abandoned", "refused": "refused"}
#: As good as any number of conversations.
_ALL = 10**12


def read_ledger(path: str | Path, *, torn_tail: bool = False) -> Ledger:
    """Read a journal file as a ledger; arguments and errors are those of `read_journal`."""
    return ledger_of(read_journal(path, torn_tail=torn_tail))


def ledger_of(journal: Journal | Iterable[Event]) -> Ledger:
    """Return what happened to every conversation of a whole journal.

    Parameters
    ----------
    journal : Journal, or iterable of Event
        From the start on. With records alone the router's settings are taken to be the usual ones, which matters for
        wrap-up times.

    Returns
    -------
    Ledger
        `conversation_type` is the attribute ``"type"``, or the queue, or the skills asked for; `agent_group` the
        agent's attribute ``"group"``. Agents are busy from their first running conversation to the last.
    """
    if not isinstance(journal, Journal):
        journal = Journal(records=tuple(journal))
    settings: RouterSettings = evolve(journal.settings, keep_ended=_ALL, keep_event_ids=0)
    desk = Desk(settings, journal.offers, check_queues(journal.queues))
    watch = _Watch(desk)
    for event in journal.records:
        apply(desk, event)
        watch.after(event)
    return _ledger(desk, watch, _first_instant(journal.records))


def _first_instant(records: Iterable[Event]) -> float:
    """Return when the journal begins: agents given to a new router stand at 0, whatever time it is."""
    given = (event.at for event in records if not (isinstance(event, AgentUpdated) and event.at == 0.0))
    return min(given, default=0.0)


class _Watch:
    """Notes what agents did when, while a journal is replayed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._since: dict[str, tuple[float, str, float]] = {}
        self.rows: list[tuple[str, str, float, float, float, float]] = []
        self.groups: dict[str, str | None] = {}

    def after(self, event: Event) -> None:
        """Note who does something else after an event."""
        desk = self._desk
        changed = dict.fromkeys(desk.touched)
        if isinstance(event, AgentUpdated | PresenceChanged | AgentRemoved):
            changed[event.agent.id if isinstance(event, AgentUpdated) else event.agent] = None
        for agent in changed:
            self._note(agent, event.at)
        desk.touched.clear()

    def _note(self, agent: str, at: float) -> None:
        seat = self._desk.seats.get(agent)
        state, load = "gone", 0.0
        if seat is not None:
            group = seat.agent.attributes.get("group")
            self.groups[agent] = group if isinstance(group, str) else None
            load = seat.used / 1000
            if seat.running or seat.offers:
                state = "busy"
            elif seat.wrap_ups or (seat.wrap_up_until or -math.inf) > at:
                state = "wrap_up"
            elif not seat.is_offline():
                state = "free" if seat.presence != "away" else "away"
        before = self._since.get(agent)
        if before is not None and before[1:] == (state, load):
            return
        self._close(agent, at)
        self._since[agent] = (at, state, load)

    def _close(self, agent: str, at: float) -> None:
        start, state, load = self._since.pop(agent, (at, "gone", 0.0))
        if state != "gone" and at > start:
            seat = self._desk.seats.get(agent)
            capacity = math.nan if seat is None else seat.units / 1000
            self.rows.append((agent, state, start, at, load, capacity))

    def intervals(self, agents: Category, groups: Category) -> AgentIntervals | None:
        """Return all intervals up to the last instant."""
        for agent in list(self._since):
            self._close(agent, self._desk.now or 0.0)
        if not self.rows:
            return None
        agent_code = {name: code for code, name in enumerate(agents.names)}
        group_code: dict[str | None, int] = {name: code for code, name in enumerate(groups.names)}
        names, states, starts, ends, loads, capacities = zip(*self.rows, strict=True)
        return AgentIntervals.of(
            agent=[agent_code[name] for name in names],
            agent_group=[group_code.get(self.groups.get(name), -1) for name in names],
            state=states,
            start_at=starts,
            end_at=ends,
            load=loads,
            capacity=capacities,
        )


def _ledger(desk: Desk, watch: _Watch, start_at: float) -> Ledger:
    cases = [case for case in desk.cases.values() if case.status != "scheduled"]
    last = [_last_agent(case) for case in cases]
    agents = Category.of(last, names=sorted(watch.groups))
    groups = Category.of(
        [watch.groups.get(agent or "") for agent in last], names=sorted({g for g in watch.groups.values() if g})
    )
    nan = math.nan
    start = min([start_at, *(case.arrived_at for case in cases)])
    outcomes = [case.outcomes[-1] if case.outcomes else None for case in cases]
    return Ledger.of(
        arrived_at=[case.arrived_at for case in cases],
        answered_at=[nan if case.answered_at is None else case.answered_at for case in cases],
        ended_at=[nan if case.ended_at is None else case.ended_at for case in cases],
        handle_time=[case.handle_time + case.wrap_up_time if case.answered_at is not None else nan for case in cases],
        wrap_up_time=[case.wrap_up_time if case.answered_at is not None else nan for case in cases],
        ending=[_ENDINGS.get(case.status, "open") for case in cases],
        conversation_type=[_type_of(case.conversation) for case in cases],
        channel=[case.conversation.channel for case in cases],
        queue=[case.queue for case in cases],
        customer=[case.conversation.customer for case in cases],
        agent=agents,
        agent_group=groups,
        resolved=[nan if o is None or o.resolved is None else float(o.resolved) for o in outcomes],
        satisfaction=[nan if o is None or o.satisfaction is None else o.satisfaction for o in outcomes],
        value=[nan if o is None or o.value is None else o.value for o in outcomes],
        transfers=[case.transfers for case in cases],
        due_at=[nan if case.conversation.due_at is None else case.conversation.due_at for case in cases],
        priority=[round(case.conversation.priority) for case in cases],
        ids=[case.id for case in cases],
        window=(start, max(start, desk.now or 0.0)),
        intervals=watch.intervals(agents, groups),
    )


def _last_agent(case: Case) -> str | None:
    held = ("completed", "abandoned", "transferred", "escalated", "paused", "lost", "moved", None)
    return next((a.agent for a in reversed(case.attempts or ()) if a.ending in held), None)


def _type_of(conversation: Conversation) -> str:
    given = conversation.attributes.get("type")
    if isinstance(given, str):
        return given
    if conversation.queue is not None:
        return conversation.queue
    skills = sorted({part.skill for part in walk(conversation.requires) if isinstance(part, Requirement)})
    return "+".join(skills) or conversation.channel
