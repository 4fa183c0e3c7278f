"""Columns of a ledger as callers hand them over: converted, checked, and read-only.

A column that is left out is one number seen N times: it takes no memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.state.category import NO_WORD, Category, Words

__all__ = ["CATEGORIES", "NONE_BEFORE", "NUMBERS", "Numbers", "category", "codes", "constant", "fault_rows", "numbers"]

Entry = TypeVar("Entry", bound=np.generic)

#: Columns of words of a ledger, and its columns of numbers.
CATEGORIES = ("conversation_type", "channel", "queue", "customer", "agent", "agent_group")
NUMBERS = (
    "arrived_at",
    "answered_at",
    "ended_at",
    "handle_time",
    "wrap_up_time",
    "ending",
    "resolved",
    "satisfaction",
    "value",
    "transfers",
    "repeats",
    "due_at",
    "priority",
)

#: `Ledger.repeats` of a conversation that follows none.
NONE_BEFORE = -1

Numbers = Sequence[float] | Sequence[int] | NDArray[np.floating] | NDArray[np.integer] | NDArray[np.bool_]


def constant(value: float, size: int, dtype: type[Entry]) -> NDArray[Entry]:
    """Return a read-only column of one number."""
    return np.broadcast_to(np.asarray(value, dtype), (size,))


def fault_rows(faults: Faults, place: str, wrong: NDArray[np.bool_], message: str) -> None:
    """Add one fault for all rows that are wrong; it names the first and counts the rest."""
    count = int(np.count_nonzero(wrong))
    if count:
        more = f" (and in {count - 1:,} further rows)" if count > 1 else ""
        faults.add(f"{message}{more}", place=f"{place}[{int(np.argmax(wrong))}]")


def numbers(
    faults: Faults,
    place: str,
    given: Numbers | None,
    size: int | None,
    dtype: type[Entry],
    *,
    default: float = np.nan,
) -> NDArray[Entry]:
    """Return a column of numbers; `size` None takes the length that comes.

    An array that is read-only and of the right dtype is taken over, any other is copied.
    """
    if given is None:
        return constant(default, size or 0, dtype)
    try:
        raw = np.asarray(given)
        if raw.dtype.kind not in "fiub":
            raw = raw.astype(np.float64)
        array = raw if raw.dtype == dtype and not raw.flags.writeable else _converted(raw, dtype)
    except (TypeError, ValueError, OverflowError):
        faults.add("must be a sequence of numbers", place=place, given=given)
        return constant(default, size or 0, dtype)
    if array.ndim != 1 or (size is not None and len(array) != size):
        wanted = "one axis" if size is None else f"{size} rows"
        faults.add(f"must have {wanted}, has shape {array.shape}", place=place)
        return constant(default, size or 0, dtype)
    return array


def _converted(raw: NDArray[np.generic], dtype: type[Entry]) -> NDArray[Entry]:
    """Copy to another dtype; whole numbers must be whole and fit."""
    with np.errstate(invalid="ignore"):
        array = raw.astype(dtype)
    if np.issubdtype(dtype, np.integer) and not np.array_equal(array, raw):
        message = "not whole numbers of this size"
        raise ValueError(message)
    array.flags.writeable = False
    return array


def codes(
    faults: Faults,
    place: str,
    given: Sequence[int] | Sequence[str] | NDArray[np.integer] | None,
    size: int,
    *,
    dtype: type[Entry] = np.int32,  # type: ignore[assignment]  # a default for a type variable
    names: tuple[str, ...] | None = None,
) -> NDArray[Entry]:
    """Return a column of codes; words of `names` are encoded."""
    if names is None:
        return numbers(faults, place, given, size, dtype, default=NO_WORD)  # type: ignore[arg-type]  # words are refused
    if given is not None and len(given) and isinstance(given[0], str):
        read = Category.of(given, names=names)  # type: ignore[arg-type]  # told apart by the first
        for name in read.names[len(names) :]:
            faults.unknown(name, known=names, place=place)
        given = np.where(read.codes < len(names), read.codes, 0)
    array = numbers(faults, place, given, size, dtype, default=0)  # type: ignore[arg-type]  # as above
    fault_rows(faults, place, np.asarray(array >= len(names)), f"must be a code below {len(names)}")  # type: ignore[operator]
    return array


def category(faults: Faults, place: str, given: Words | None, size: int) -> Category:
    """Return a column of words."""
    if given is None:
        return Category.unknown(size)
    if isinstance(given, str | bytes):
        faults.add("must be a sequence of words", place=place, given=given)
        return Category.unknown(size)
    if not isinstance(given, Category):
        try:
            given = Category.of(given)
        except TypeError:
            faults.add("must be a sequence of words", place=place, given=given)
            return Category.unknown(size)
    read = given
    strange = [name for name in read.names if not isinstance(name, str)]
    if strange:
        faults.add("must be words", place=place, given=strange[0])
    if len(read) != size:
        faults.add(f"must have {size} rows, has {len(read)}", place=place)
        return Category.unknown(size, names=read.names)
    kept = numbers(faults, place, read.codes, size, np.int32)
    fault_rows(faults, place, (kept < NO_WORD) | (kept >= len(read.names)), "must be -1 or the code of a name")
    return Category(kept, read.names)
