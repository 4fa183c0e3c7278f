"""Every error routematch can raise, in one tree.

::

    RoutematchError
    ├── InvalidInputError (ValueError)   every fault of the input at once, each with its place
    │   ├── DuplicateIdError             only ids given twice
    │   └── UnknownNameError             only unknown names; suggests near spellings
    ├── RouterStateError (RuntimeError)  a call that does not fit the state; nothing changed
    ├── ContractError (TypeError)        a plugged-in part broke its promise
    ├── LimitExceededError               input larger than a stated limit, refused before any work
    ├── MissingExtraError (ImportError)  says which pip command installs the extra
    └── StorageError (OSError)
        ├── SchemaVersionError           written by another version of the format
        └── CorruptRecordError           a record that cannot be read

"Nobody fits" is an answer, never an error. Faults are gathered with `Faults` at the edge, so that one
message names all of them:

>>> faults = Faults()
>>> faults.add("must be at least 0", place="agents[3].capacity", given=-1)
>>> faults.add("must be between 0 and 1", place="agents[4].skills.billing", given=7)
>>> faults.raise_if_any()
Traceback (most recent call last):
routematch.errors.InvalidInputError: 2 faults in the input:
  must be at least 0, got -1 @ agents[3].capacity
  must be between 0 and 1, got 7 @ agents[4].skills.billing
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

__all__ = [
    "ContractError",
    "CorruptRecordError",
    "DuplicateIdError",
    "Fault",
    "Faults",
    "InvalidInputError",
    "LimitExceededError",
    "MissingExtraError",
    "RoutematchError",
    "RouterStateError",
    "SchemaVersionError",
    "StorageError",
    "UnknownNameError",
    "shorten",
]

#: Faults beyond this many are counted, not listed, so that a broken file of a million rows stays readable.
LISTED_FAULTS = 50

_NOTHING = object()

#: Words of other vendors and usual abbreviations, and what this library calls the same thing.
OTHER_WORDS = {
    "acw": "wrap_up",
    "after": "time",
    "aht": "average_handle_time",
    "asa": "average_speed_of_answer",
    "contact": "conversation",
    "contacts": "conversations",
    "created_at": "arrived_at",
    "csat": "satisfaction",
    "deadline": "due_at",
    "ewt": "estimated_wait",
    "fcr": "first_contact_resolution",
    "interaction": "conversation",
    "job": "conversation",
    "jobs": "conversations",
    "level": "proficiency",
    "levels": "skills",
    "max_load": "capacity",
    "min_level": "at_least",
    "operator": "agent",
    "operators": "agents",
    "preferred_agents": "affinity",
    "proficiencies": "skills",
    "required_skills": "requires",
    "requirements": "requires",
    "reservation": "offer",
    "status": "presence",
    "task": "conversation",
    "tasks": "conversations",
    "ticket": "conversation",
    "tickets": "conversations",
    "user": "agent",
    "users": "agents",
    "waiting_since": "arrived_at",
    "worker": "agent",
    "workers": "agents",
}


def shorten(value: object, *, limit: int = 60) -> str:
    """Show a value in an error message: its `repr`, cut in the middle when it is long.

    Parameters
    ----------
    value : object
        Anything. Long strings and bytes are cut before `repr` is taken, so the cost does not grow with them.
    limit : int
        Characters kept.

    Returns
    -------
    str
    """
    try:
        shown = _shown(value, limit)
    except Exception:  # noqa: BLE001 - a caller's broken __repr__ must not hide the fault
        return f"<{type(value).__name__}>"
    return shown if len(shown) <= limit else f"{shown[: limit // 2]}...{shown[-limit // 4 :]}"


def _shown(value: object, limit: int) -> str:
    if isinstance(value, str | bytes | bytearray) and len(value) > limit:
        return f"{value[: limit // 2]!r}... ({len(value)} long)"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**40:
        return f"an integer of {value.bit_length()} bits"
    if isinstance(value, list | tuple | dict | set | frozenset):
        if len(value) > limit:
            return f"a {type(value).__name__} of {len(value)} entries"
        return _NESTED.repr(value)
    return repr(value)


#: Shows a collection at a cost that does not grow with what is inside it.
_NESTED = reprlib.Repr()
_NESTED.maxlevel = 2
_NESTED.maxlist = _NESTED.maxtuple = _NESTED.maxdict = _NESTED.maxset = _NESTED.maxfrozenset = 10
_NESTED.maxstring = _NESTED.maxother = _NESTED.maxlong = 60


class Fault(NamedTuple):
    """One thing that is wrong with the input.

    Attributes
    ----------
    message : str
        What is wrong and what is allowed, with what was given.
    place : str
        Where, as a path: ``agents[3].capacity``. Empty for the value as a whole.
    kind : str
        ``"invalid"``, ``"duplicate"`` or ``"unknown"``.
    """

    message: str
    place: str = ""
    kind: str = "invalid"

    def __str__(self) -> str:
        """Return ``message @ place``."""
        return f"{self.message} @ {self.place}" if self.place else self.message

    def below(self, prefix: str) -> Fault:
        """Return this fault with its place moved below `prefix`."""
        if not self.place:
            return self._replace(place=prefix)
        joint = "" if self.place.startswith("[") or not prefix else "."
        return self._replace(place=f"{prefix}{joint}{self.place}")


class RoutematchError(Exception):
    """The root of every error of this library."""


class InvalidInputError(RoutematchError, ValueError):
    """The input is wrong; every fault is listed, each with its place.

    Parameters
    ----------
    faults : iterable of Fault, or str
        What is wrong. A plain string stands for one fault without a place.

    Attributes
    ----------
    faults : tuple of Fault
    """

    def __init__(self, faults: Iterable[Fault] | str) -> None:
        self.faults: tuple[Fault, ...] = (Fault(faults),) if isinstance(faults, str) else tuple(faults)
        super().__init__(self._message())

    def __reduce__(self) -> tuple[type[InvalidInputError], tuple[tuple[Fault, ...]]]:
        """Pickle by the faults, so that the error crosses process borders whole."""
        return type(self), (self.faults,)

    def _message(self) -> str:
        if len(self.faults) == 1:
            return str(self.faults[0])
        listed = [f"  {fault}" for fault in self.faults[:LISTED_FAULTS]]
        if len(self.faults) > LISTED_FAULTS:
            listed.append(f"  ... and {len(self.faults) - LISTED_FAULTS} more")
        return "\n".join([f"{len(self.faults)} faults in the input:", *listed])


class DuplicateIdError(InvalidInputError):
    """The only faults are ids that were given twice."""


class UnknownNameError(InvalidInputError):
    """The only faults are names that nobody knows; near spellings are suggested."""


class RouterStateError(RoutematchError, RuntimeError):
    """A call that does not fit the router's state; nothing was changed."""


class ContractError(RoutematchError, TypeError):
    """A plugged-in rule, term or policy broke its promise; the message names the part and the promise."""


class LimitExceededError(RoutematchError):
    """The input is larger than a stated limit; it was refused before any work was done."""


class MissingExtraError(RoutematchError, ImportError):
    """An optional dependency is not installed; the message says which pip command installs it.

    Parameters
    ----------
    extra : str
        The extra of this package, as in ``pip install "routematch[cli]"``.
    purpose : str
        What it is needed for, as a noun phrase.
    """

    def __init__(self, extra: str, purpose: str = "this") -> None:
        self.extra = extra
        self.purpose = purpose
        super().__init__(f'{purpose} needs an optional part: pip install "routematch[{extra}]"')

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        """Pickle by the arguments."""
        return type(self), (self.extra, self.purpose)


class StorageError(RoutematchError, OSError):
    """Stored data could not be read or written."""


class SchemaVersionError(StorageError):
    """The data was written in another version of its format."""


class CorruptRecordError(StorageError):
    """A stored record cannot be read; the message names the line and the reason."""


class Faults:
    """Gather every fault of an input, then raise them together.

    >>> faults = Faults()
    >>> faults.unknown("skilz", known=["skills", "capacity"], place="agents[0]")
    >>> faults.raise_if_any()
    Traceback (most recent call last):
    routematch.errors.UnknownNameError: unknown name 'skilz'; did you mean 'skills'? @ agents[0]
    """

    __slots__ = ("_faults",)

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def __bool__(self) -> bool:
        """Whether anything is wrong so far."""
        return bool(self._faults)

    def __len__(self) -> int:
        """Return how many faults were gathered."""
        return len(self._faults)

    def __iter__(self) -> Iterator[Fault]:
        """Iterate over the faults in the order found."""
        return iter(self._faults)

    def add(self, message: str, *, place: str = "", given: object = _NOTHING, kind: str = "invalid") -> None:
        """Add one fault; `given`, when passed, is shown shortened after the message."""
        if given is not _NOTHING:
            message = f"{message}, got {shorten(given)}"
        self._faults.append(Fault(message, place, kind))

    def duplicate(self, identifier: object, *, place: str, first: str) -> None:
        """Add a fault for an id seen before at `first`."""
        self.add(f"id {shorten(identifier)} was already given at {first}", place=place, kind="duplicate")

    def unknown(self, name: object, *, known: Iterable[str], place: str = "", what: str = "name") -> None:
        """Add a fault for a name nobody knows, with near spellings and translations of other vendors' words."""
        message = f"unknown {what} {shorten(name)}"
        if len(self._faults) < LISTED_FAULTS:
            message += _suggestion(name, sorted(known))
        self.add(message, place=place, kind="unknown")

    def extend(self, faults: Iterable[Fault], *, below: str = "") -> None:
        """Take over faults found elsewhere, their places moved below a prefix."""
        self._faults.extend(fault.below(below) if below else fault for fault in faults)

    def raise_if_any(self) -> None:
        """Raise the fitting error when anything is wrong.

        Raises
        ------
        DuplicateIdError
            When every fault is an id given twice.
        UnknownNameError
            When every fault is an unknown name.
        InvalidInputError
            Otherwise.
        """
        if not self._faults:
            return
        kinds = {fault.kind for fault in self._faults}
        if kinds == {"duplicate"}:
            raise DuplicateIdError(self._faults)
        if kinds == {"unknown"}:
            raise UnknownNameError(self._faults)
        raise InvalidInputError(self._faults)


def _suggestion(name: object, known: list[str]) -> str:
    if isinstance(name, str) and len(name) < 100:
        if OTHER_WORDS.get(name.lower()) in known:
            return f"; here it is called {OTHER_WORDS[name.lower()]!r}"
        near = difflib.get_close_matches(name, known, n=1)
        if near:
            return f"; did you mean {near[0]!r}?"
    if not known:
        return ""
    return f"; known: {', '.join(known[:12])}{', ...' if len(known) > 12 else ''}"
