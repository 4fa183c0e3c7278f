"""Past conversations in the columns that learning needs, whether they come as outcomes, as a ledger or as a table.

>>> from routematch.model import Outcome
>>> seen = Experience.of([Outcome("1", "ana", resolved=True, skills=("billing",)), Outcome("2", "bo", reopened=True)])
>>> seen.agents, seen.skills, seen.success
(('ana', 'bo'), ('billing', '*'), array([1., 0.]))

What counts as what is settled here, once. Who came back was not helped. Nobody's speed is told by work that several
agents did. A conversation that was answered and then abandoned was not resolved; one that nobody answered says
something about patience and nothing about agents. Where a log says who came back and not what was resolved, a
conversation that was not followed by another in time counts as resolved, and the last days, of which that cannot be
said yet, count for nothing. Conversations that were still going on when the log ended were longer than others; where
there are such, everything answered so late is left out, lest only the short ones count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from attrs import evolve, field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.model import Outcome
from routematch.model.evidence import EVERYTHING
from routematch.state import ENDINGS, History, Ledger, read_history

__all__ = ["DAY", "Experience", "Waits"]

DAY = 86400.0
_COMPLETED, _ABANDONED = ENDINGS.index("completed"), ENDINGS.index("abandoned")
#: Of the conversations that ended, the share that was over after the time that is cut off at the end of a log.
_NEARLY_ALL = 0.99
#: The most of a log that is cut off at its end.
_MOST_CUT = 0.1

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


@frozen(eq=False)
class Waits:
    """How long customers waited, and when they came; only a ledger tells.

    Attributes
    ----------
    kind : ndarray of intp, shape (N,)
        Position in `kinds`.
    kinds : tuple of str
    arrived_at, waited : ndarray of float64, shape (N,)
    gave_up : ndarray of bool, shape (N,)
        Whether patience ended the wait; otherwise it would have lasted longer, nobody knows how long.
    window : tuple of float
        Start and end of the time that was observed.
    """

    kind: Codes
    kinds: tuple[str, ...]
    arrived_at: Floats
    waited: Floats
    gave_up: NDArray[np.bool_]
    window: tuple[float, float]


@frozen(eq=False)
class Experience:
    """One row for each conversation that an agent took, in order of its end.

    Attributes
    ----------
    agents, skills : tuple of str
        Names; the order is that of appearance.
    agent : ndarray of intp, shape (N,)
    row, skill : ndarray of intp, shape (P,)
        Pairs of a conversation and one of its skills.
    at : ndarray of float64, shape (N,)
        When it ended; NaN unknown.
    success, seconds, satisfaction : ndarray of float64, shape (N,)
        NaN unknown.
    customer : ndarray of intp, shape (N,)
        -1 unknown.
    waits : Waits or None
    """

    agents: tuple[str, ...]
    skills: tuple[str, ...]
    agent: Codes
    row: Codes
    skill: Codes
    at: Floats
    success: Floats
    seconds: Floats
    satisfaction: Floats
    customer: Codes
    waits: Waits | None = field(default=None)

    @classmethod
    def of(
        cls,
        history: Ledger | History | Iterable[Outcome] | object,
        *,
        skills: Mapping[str, Sequence[str]] | None = None,
        repeat_time: float = 7 * DAY,
    ) -> Experience:
        """Bring what happened into columns.

        Parameters
        ----------
        history : Ledger, History, iterable of Outcome, or a table
            A table is read by `state.read_history`.
        skills : mapping from conversation type to skills, optional
            What conversations of a type ask for, in a ledger; a type that is not named is a skill itself. Without
            types the queue is taken, then the channel.
        repeat_time : float
            Seconds within which a conversation that repeats another says that the other did not help.

        Raises
        ------
        InvalidInputError
            When it holds something else, or counts of half-hours only.
        """
        given = _read(history)
        if isinstance(given, Ledger):
            return _of_ledger(given, skills or {}, repeat_time)
        return _of_outcomes(given)

    def __len__(self) -> int:
        """Return the number of conversations."""
        return len(self.agent)

    def split(self, later: float) -> tuple[Experience, Experience]:
        """Return the earlier part and the `later` share; conversations without an instant stay in their order."""
        order = np.argsort(np.nan_to_num(self.at, nan=-np.inf), kind="stable")
        cut = round(len(order) * (1.0 - later))
        mask = np.zeros(len(order), bool)
        mask[order[:cut]] = True
        return self.select(mask), self.select(~mask)

    def select(self, mask: NDArray[np.bool_]) -> Experience:
        """Return the conversations where a mask is true; names stay, waits are left behind."""
        place = np.cumsum(mask) - 1
        pairs = mask[self.row]
        columns = {name: getattr(self, name)[mask] for name in _COLUMNS}
        return evolve(self, **columns, row=place[self.row[pairs]], skill=self.skill[pairs], waits=None)


_COLUMNS = ("agent", "at", "success", "seconds", "satisfaction", "customer")


def _read(history: object) -> Ledger | list[object]:
    """Return a ledger or a list of outcomes; tables are read."""
    faults = Faults()
    if isinstance(history, str | bytes | Path):
        faults.add(
            "must be the history itself; read a file with importers.open_history", place="history", given=history
        )
        faults.raise_if_any()
    if isinstance(history, Iterator | set | frozenset):
        history = list(history)
    if isinstance(history, list | tuple) and (not history or isinstance(history[0], Outcome)):
        return list(history)
    if isinstance(history, Ledger):
        return history
    read = history if isinstance(history, History) else read_history(history)
    if read.calls is None:
        faults.add("must hold single conversations, not counts of half-hours", place="history")
        faults.raise_if_any()
        return []
    return read.calls


def _of_outcomes(entries: list[object]) -> Experience:
    faults = Faults()
    given = [entry for entry in entries if isinstance(entry, Outcome)]
    for position, entry in enumerate(entries):
        if not isinstance(entry, Outcome):
            faults.add("must be an Outcome(...)", place=f"history[{position}]", given=entry)
    faults.raise_if_any()
    agents, customers, skills = _Names(), _Names(), _Names()
    pairs = [(row, skills.code(name)) for row, o in enumerate(given) for name in o.skills or (EVERYTHING,)]
    row, skill = np.array(pairs, np.intp).reshape(-1, 2).T
    known = [
        None if not o.reopened and o.resolved is None else float(bool(o.resolved) and not o.reopened) for o in given
    ]
    return Experience(
        agent=np.array([agents.code(o.agent) for o in given], np.intp),
        agents=tuple(agents),
        skills=tuple(skills),
        row=row,
        skill=skill,
        at=_column(o.ended_at for o in given),
        success=_column(known),
        seconds=_column(o.handle_time or None for o in given),
        satisfaction=_column(o.satisfaction for o in given),
        customer=np.array([-1 if o.customer is None else customers.code(o.customer) for o in given], np.intp),
    )


class _Names(dict[str, int]):
    """Names in order of appearance, with their positions."""

    def code(self, name: str) -> int:
        return self.setdefault(name, len(self))


def _column(values: Iterable[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _of_ledger(ledger: Ledger, skills_of: Mapping[str, Sequence[str]], repeat_time: float) -> Experience:
    kind, kinds = _kinds(ledger)
    rows = np.flatnonzero((ledger.agent.codes >= 0) & ~np.isnan(ledger.answered_at))
    rows = rows[np.argsort(ledger.ended_at[rows], kind="stable")]
    late = _too_late_to_tell(ledger)[rows]
    seconds = np.where(
        (ledger.transfers[rows] > 0) | late | (ledger.handle_time[rows] <= 0), np.nan, ledger.handle_time[rows]
    )
    names = [tuple(skills_of.get(name, (name,))) for name in kinds]
    skills = _Names()
    codes = [[skills.code(name) for name in asked] for asked in names]
    sizes = np.array([len(asked) for asked in codes], np.intp)[kind[rows]]
    flat = [code for k in kind[rows].tolist() for code in codes[k]]
    return Experience(
        agent=ledger.agent.codes[rows].astype(np.intp),
        agents=ledger.agent.names,
        skills=tuple(skills),
        row=np.repeat(np.arange(len(rows)), sizes),
        skill=np.array(flat, np.intp),
        at=ledger.ended_at[rows],
        success=np.where(late, np.nan, _resolved(ledger, repeat_time)[rows]),
        seconds=seconds,
        satisfaction=ledger.satisfaction[rows].astype(np.float64),
        customer=ledger.customer.codes[rows].astype(np.intp),
        waits=Waits(
            kind,
            kinds,
            ledger.arrived_at,
            ledger.waited,
            (ledger.ending == _ABANDONED) & np.isnan(ledger.answered_at),
            ledger.window,
        ),
    )


def _kinds(ledger: Ledger) -> tuple[Codes, tuple[str, ...]]:
    """Return what the conversations are about: types, else queues, else channels, else one kind for all."""
    for category in (ledger.conversation_type, ledger.queue, ledger.channel):
        if (category.codes >= 0).any():
            nameless = len(category.names)
            return np.where(category.codes < 0, nameless, category.codes).astype(np.intp), (*category.names, EVERYTHING)
    return np.zeros(len(ledger), np.intp), (EVERYTHING,)


def _resolved(ledger: Ledger, repeat_time: float) -> Floats:
    """Return whether each conversation was resolved, shape (N,), NaN unknown."""
    resolved = ledger.resolved.astype(np.float64)
    resolved[np.isnan(resolved) & (ledger.ending == _ABANDONED)] = 0.0
    later = np.flatnonzero(ledger.repeats >= 0)
    if not len(later):
        return resolved
    earlier = ledger.repeats[later]
    came_back = np.zeros(len(ledger), bool)
    came_back[earlier[ledger.arrived_at[later] - ledger.ended_at[earlier] <= repeat_time]] = True
    settled = (ledger.ending == _COMPLETED) & (ledger.ended_at + repeat_time <= ledger.window[1])
    resolved[np.isnan(resolved) & settled] = 1.0
    resolved[came_back] = 0.0
    return resolved


def _too_late_to_tell(ledger: Ledger) -> NDArray[np.bool_]:
    """Find what was answered so late that only the shorter ones were over when the log ended."""
    started = ~np.isnan(ledger.answered_at)
    ended = started & ~np.isnan(ledger.ended_at)
    if not (started & ~ended).any() or not ended.any():
        return np.zeros(len(ledger), bool)
    usual = float(np.quantile(ledger.ended_at[ended] - ledger.answered_at[ended], _NEARLY_ALL))
    start, end = ledger.window
    return started & (ledger.answered_at > end - min(usual, _MOST_CUT * (end - start)))
