"""Which column of somebody's log is which of ours: by name, in the words of many systems, or as the caller says.

>>> found = recognise(["Call ID", "Queue Entry", "Answered At", "Agent Name", "colour"])
>>> dict(found.columns)
{'id': 'Call ID', 'queued_at': 'Queue Entry', 'answered_at': 'Answered At', 'agent': 'Agent Name'}
>>> found.kind, found.unused
('calls', ('colour',))
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

from attrs import field, frozen

from routematch.errors import Faults, shorten
from routematch.model.frozen import FrozenMap
from routematch.state.recognition_words import CALL_WORDS, INTERVAL_WORDS

__all__ = ["Recognised", "recognise", "unit_of"]

#: Units that a column's name may end in, in seconds.
_UNITS = {
    "ms": 1e-3, "msec": 1e-3, "milliseconds": 1e-3,
    "s": 1.0, "sec": 1.0, "secs": 1.0, "seconds": 1.0,
    "m": 60.0, "min": 60.0, "mins": 60.0, "minutes": 60.0,
    "h": 3600.0, "hrs": 3600.0, "hours": 3600.0,
}  # fmt: skip

_ARRIVALS = ("arrived_at", "queued_at", "menu_left_at", "menu_entered_at")
_TOLD_BY_MENU = ("queued_at", "menu_left_at", "menu_entered_at")


def _as_map(columns: Mapping[str, str]) -> FrozenMap[str, str]:
    return FrozenMap(columns)


@frozen
class Recognised:
    """What the columns of a table are.

    Attributes
    ----------
    kind : str
        ``"calls"``: one row for each conversation; ``"intervals"``: one for each interval of time.
    columns : mapping from str to str
        Our name -> the column's.
    unused : tuple of str
        Columns that are nothing of ours.
    """

    kind: str
    columns: Mapping[str, str] = field(converter=_as_map)
    unused: tuple[str, ...]


def recognise(names: Iterable[str], columns: Mapping[str, str] | None = None, *, kind: str | None = None) -> Recognised:
    """Tell what each column is.

    Parameters
    ----------
    names : iterable of str
        The heads of the columns.
    columns : mapping from str to str, optional
        What the caller knows: our name -> the column's. Goes before what the words say.
    kind : str, optional
        ``"calls"`` or ``"intervals"``; None tells it by the columns: a table of intervals counts offers.

    Returns
    -------
    Recognised

    Raises
    ------
    InvalidInputError
        When a mapping names what is not there, or no column tells when conversations arrived. Near names are suggested.
    """
    heads, wanted = [str(name) for name in names], dict(columns or {})
    chosen = _kind_of(heads, wanted) if kind is None else kind
    words = INTERVAL_WORDS if chosen == "intervals" else CALL_WORDS
    faults = Faults()
    for name, head in wanted.items():
        if name not in words:
            faults.unknown(name, known=words, place="columns")
        if head not in heads:
            faults.unknown(head, known=heads, place=f"columns[{name!r}]", what="column")
    faults.raise_if_any()
    found = {**_by_words(heads, words, taken=set(wanted.values())), **wanted}
    found = {name: found[name] for name in words if name in found}
    _check_enough(faults, chosen, found, heads)
    faults.raise_if_any()
    return Recognised(chosen, found, tuple(head for head in heads if head not in found.values()))


def unit_of(name: str) -> float | None:
    """Return the unit that a column's name ends in, in seconds; None where it names none.

    >>> unit_of("talk_ms"), unit_of("Wait (min)"), unit_of("wait")
    (0.001, 60.0, None)
    """
    parts = _plain(name).split("_")
    return _UNITS.get(parts[-1]) if len(parts) > 1 else None


def _plain(name: str) -> str:
    """Write a head as lower-case words joined by underscores: ``QueueEntry (s)`` is ``queue_entry_s``."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def _spellings(head: str) -> tuple[str, ...]:
    """Return the forms of a head that are looked up: as it is, and without unit or zone at its end."""
    plain = _plain(head)
    body, _, end = plain.rpartition("_")
    return (plain, body) if body and (end in _UNITS or end in {"utc", "gmt", "local"}) else (plain,)


def _by_words(heads: list[str], words: Mapping[str, tuple[str, ...]], taken: set[str]) -> dict[str, str]:
    """Return for each of our names the first head that one of its words spells."""
    spelled: dict[str, str] = {}
    for head in heads:
        if head not in taken:
            for spelling in _spellings(head):
                spelled.setdefault(spelling, head)
    found: dict[str, str] = {}
    for name, known in words.items():
        fitting = [spelled[word] for word in known if word in spelled and spelled[word] not in found.values()]
        if fitting:
            found[name] = fitting[0]
    return found


def _kind_of(heads: list[str], wanted: Mapping[str, str]) -> str:
    if "offered" in wanted:
        return "intervals"
    found = _by_words(heads, INTERVAL_WORDS, set())
    return "intervals" if {"start_at", "offered"} <= set(found) else "calls"


def _check_enough(faults: Faults, kind: str, found: Mapping[str, str], heads: list[str]) -> None:
    if kind == "intervals":
        for name, what in (("start_at", "when an interval starts"), ("offered", "how many were offered in it")):
            if name not in found and not (name == "start_at" and "day" in found):
                _add_missing(faults, name, what, INTERVAL_WORDS[name], heads)
    elif not any(name in found for name in _ARRIVALS) and not {"answered_at", "waited"} <= set(found):
        words = tuple(word for name in _ARRIVALS for word in CALL_WORDS[name])
        _add_missing(faults, "arrived_at", "when a conversation arrived", words, heads)


def _add_missing(faults: Faults, name: str, what: str, words: tuple[str, ...], heads: list[str]) -> None:
    plain = {_plain(head): head for head in heads}
    near = [plain[match] for word in words for match in difflib.get_close_matches(word, plain, n=1, cutoff=0.75)]
    example = near[0] if near else "..."
    meant = f"; did you mean {near[0]!r}?" if near else "."
    listed = ", ".join(shorten(head) for head in heads[:20]) + (", ..." if len(heads) > 20 else "")
    faults.add(
        f"no column tells {what}{meant} Columns are: {listed or 'none'}. "
        f"Say it: columns={{{name!r}: {example!r}}}, or --column {name}={example}"
    )
