"""Waiting conversations in lines of equals: whoever is freed looks at the heads, never at everybody.

Two conversations stand in one line when every rule and every term of the usual kind sees the same in them, so that only
age tells them apart. Whoever is older then comes first for every agent but those whom a conversation itself names.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Hashable, Iterable, Iterator
from typing import Any

from attrs import define, field

from routematch.router.cases import Case

__all__ = ["Lines"]

#: Entries of those that left which a line keeps at least before it is made anew.
_SLACK = 64
#: Kinds of conversations of which something is known while none of them waits.
_KINDS_KEPT = 2_000


@define(eq=False)
class Ticket:
    """A case's place in a line, good until the case leaves; coming back takes a new one."""

    case: Case
    line: Line
    named: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether the case still stands here."""
        return self.case.line is self


Entry = tuple[float, str, int, Ticket]


@define(eq=False)
class Line:
    """Tickets in order of arrival and id; those that are no longer good are skipped until the line is made anew.

    Attributes
    ----------
    known : dict
        What others remember of a line: the same for all who stand in it.
    """

    key: Hashable
    entries: list[Entry] = field(factory=list)
    head: int = 0
    alive: int = 0
    issued: int = 0
    known: dict[str, Any] = field(factory=dict)

    @property
    def first(self) -> Ticket:
        """The ticket of the oldest; a line is never empty."""
        return self.entries[self.head][3]

    def add(self, ticket: Ticket) -> None:
        """Put a ticket in its place."""
        self.issued += 1
        entry = (ticket.case.arrived_at, ticket.case.id, self.issued, ticket)
        if self.entries and entry < self.entries[-1]:
            insort(self.entries, entry, lo=self.head)
        else:
            self.entries.append(entry)
        self.alive += 1

    def left(self) -> None:
        """Note that one ticket is no longer good."""
        self.alive -= 1
        while self.head < len(self.entries) and not self.entries[self.head][3].is_good:
            self.head += 1
        if len(self.entries) - self.alive > max(_SLACK, self.alive):
            self.entries = [entry for entry in self.entries if entry[3].is_good]
            self.head = 0

    def __iter__(self) -> Iterator[Case]:
        """Go through the cases, the oldest first."""
        for position in range(self.head, len(self.entries)):
            ticket = self.entries[position][3]
            if ticket.is_good:
                yield ticket.case


class Lines:
    """All that wait, by line, and by the agents they name."""

    def __init__(self) -> None:
        self._lines: dict[Hashable, Line] = {}
        self._known: dict[Hashable, dict[str, Any]] = {}
        self._named: dict[str, dict[str, Case]] = {}
        self._count = 0

    def __len__(self) -> int:
        """Return how many wait."""
        return self._count

    def __iter__(self) -> Iterator[Case]:
        """Go through all that wait, line by line."""
        for line in self._lines.values():
            yield from line

    def naming(self, agent: str) -> bool:
        """Whether somebody who waits names an agent."""
        return agent in self._named

    def named(self, agent: str) -> tuple[Case, ...]:
        """Return those who wait and name an agent."""
        return tuple(self._named.get(agent, {}).values())

    def all(self) -> tuple[Line, ...]:
        """Return every line; none is empty."""
        return tuple(self._lines.values())

    def add(self, case: Case, key: Hashable, named: Iterable[str]) -> None:
        """Put a case in the line of its key; `named` are the agents it treats unlike others."""
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = Line(key, known=self._known.pop(key, {}))
        ticket = case.line = Ticket(case, line, tuple(named))
        line.add(ticket)
        for agent in ticket.named:
            self._named.setdefault(agent, {})[case.id] = case
        self._count += 1

    def remove(self, case: Case) -> None:
        """Take a case out of its line."""
        ticket = case.line
        assert isinstance(ticket, Ticket)
        case.line = None
        ticket.line.left()
        if not ticket.line.alive:
            self._close(ticket.line)
        for agent in ticket.named:
            naming = self._named.get(agent, {})
            naming.pop(case.id, None)
            if not naming:
                self._named.pop(agent, None)
        self._count -= 1

    def _close(self, line: Line) -> None:
        """Forget a line that is empty, but not what is known of the next one of its kind."""
        if self._lines.pop(line.key, None) is not None:
            self._known[line.key] = line.known
            if len(self._known) > _KINDS_KEPT:
                del self._known[next(iter(self._known))]

    def heads(self, count: int, agents: Iterable[str]) -> list[Case]:
        """Return all that could be among the best `count` for some agents.

        These are the oldest `count` of each line that name nobody, whoever of the line is older still, and those who
        name one of the agents.
        """
        found: dict[str, Case] = {}
        for line in self._lines.values():
            plain = 0
            for case in line:
                found[case.id] = case
                plain += not case.line.named  # type: ignore[attr-defined]  # it stands in a line
                if plain >= count:
                    break
        for agent in agents:
            found.update(self._named.get(agent, {}))
        return list(found.values())
