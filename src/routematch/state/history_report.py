"""What was done to a messy log: each kind of dirt with its count, what was done about it, and the first places.

>>> report = HistoryReport(
...     source="calls.csv",
...     rows=1000,
...     kept=997,
...     notes=(Note("dropped", "given twice", 3, ("line 17", "line 240", "line 241")),),
... )
>>> print(report)
calls.csv: 1,000 rows read, 997 conversations kept
  dropped       3  given twice (line 17, line 240, line 241)
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping

import numpy as np
from attrs import evolve, field, frozen
from numpy.typing import NDArray

from routematch.model.frozen import FrozenMap

__all__ = ["ACTIONS", "HistoryReport", "Note", "Notes"]

#: What can become of a row, in the order of the report.
ACTIONS = ("dropped", "repaired", "unknown", "assumed", "seen")
_LISTED = 3
_WIDTH = 100


@frozen
class Note:
    """One kind of dirt.

    Attributes
    ----------
    action : str
        ``"dropped"`` (the row is left out), ``"repaired"`` (an entry was corrected), ``"unknown"`` (an entry is taken
        as unknown), ``"assumed"`` (something the log does not say) or ``"seen"`` (left as it is).
    what : str
        What was found and what was done, as a phrase.
    count : int
        Rows concerned; 0 where it is about the log as a whole.
    examples : tuple of str
        The first places.
    """

    action: str
    what: str
    count: int = 0
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return one line."""
        shown = f"{self.count:,}" if self.count else ""
        places = (
            f" ({', '.join(self.examples)}{', ...' if self.count > len(self.examples) else ''})"
            if self.examples
            else ""
        )
        return f"{self.action:8} {shown:>6}  {self.what}{places}"


def _as_map(columns: Mapping[str, str]) -> FrozenMap[str, str]:
    return FrozenMap(columns)


@frozen
class HistoryReport:
    """What was read from a log, and what was dropped, repaired and assumed on the way.

    Attributes
    ----------
    source : str
        What was read: a file, or "table".
    rows, kept : int
        Rows read, and rows of the result.
    columns : mapping from str to str
        Which column was taken for what.
    unused : tuple of str
        Columns that were not looked at.
    notes : tuple of Note
        In the order of `ACTIONS`, frequent ones first.
    """

    source: str
    rows: int
    kept: int
    columns: Mapping[str, str] = field(factory=dict, converter=_as_map)
    unused: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    what: str = "conversations"

    def count(self, action: str) -> int:
        """Return how many rows met an action; a row that was repaired twice counts twice."""
        return sum(note.count for note in self.notes if note.action == action)

    def with_notes(self, *notes: Note) -> HistoryReport:
        """Return the report with more notes."""
        return evolve(self, notes=_ordered((*self.notes, *notes)))

    def __str__(self) -> str:
        """Return the report as text, a line for each kind."""
        return self.text()

    def text(self, *, columns: bool = True) -> str:
        """Return the report as text, with or without what the columns were taken for."""
        lines = [f"{self.source}: {self.rows:,} rows read, {self.kept:,} {self.what} kept"]
        if columns and self.columns:
            lines += _wrapped("columns", [f"{name} = {column}" for name, column in self.columns.items()])
        if columns and self.unused:
            lines += _wrapped("not used", self.unused)
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])


def _wrapped(head: str, entries: Iterable[str]) -> list[str]:
    text = f"{head}: {', '.join(entries)}"
    return textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False)


def _ordered(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    return tuple(sorted(notes, key=lambda note: (ACTIONS.index(note.action), -note.count)))


class Notes:
    """Gather notes while a log is cleaned; places are named by the line each row came from.

    Parameters
    ----------
    lines : ndarray of int, shape (N,)
        Number of each row, for the reader.
    word : str
        What the numbers count: "line" or "row".
    """

    __slots__ = ("_lines", "_notes", "_word")

    def __init__(self, lines: NDArray[np.int64], word: str) -> None:
        self._lines, self._word = lines, word
        self._notes: list[Note] = []

    def rows(self, action: str, what: str, where: NDArray[np.bool_]) -> None:
        """Note the rows of a mask; nothing where it is empty."""
        found = np.flatnonzero(where)
        if found.size:
            places = tuple(f"{self._word} {self._lines[i]}" for i in found[:_LISTED])
            self._notes.append(Note(action, what, int(found.size), places))

    def whole(self, action: str, what: str) -> None:
        """Note something about the log as a whole."""
        self._notes.append(Note(action, what))

    def all(self) -> tuple[Note, ...]:
        """Return the notes in the order of a report."""
        return _ordered(tuple(self._notes))
