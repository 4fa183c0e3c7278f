"""What may be written to a file: text, finite numbers, booleans, None, lists and mappings, not too deep.

>>> check_plain({"a": [1, float("nan")]})
Traceback (most recent call last):
routematch.errors.InvalidInputError: must be a finite number, got nan @ a[1]
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sized
from datetime import date, time
from typing import NamedTuple, NoReturn, Union

from routematch.errors import Faults, LimitExceededError, shorten

__all__ = ["MAX_DEPTH", "MAX_ENTRIES", "MOST_FAULTS", "Data", "Repeated", "Unreadable", "check_plain"]

#: Deepest nesting of lists and mappings in a file.
MAX_DEPTH = 64
#: Most entries of one list or mapping in a file; agents and conversations are far fewer.
MAX_ENTRIES = 1_000_000
#: Most lists and mappings in a file altogether.
_MAX_COLLECTIONS = 5_000_000
#: Where so many faults were found, the rest is not looked for.
MOST_FAULTS = 5_000
_LARGEST = 2**1023

#: Plain data: what JSON and TOML can hold.
Data = Union[None, bool, int, float, str, list["Data"], dict[str, "Data"]]  # noqa: UP007 - names itself


class Unreadable(NamedTuple):
    """A token that was read but stands for nothing usable; found again by `check_plain`, which knows its place."""

    message: str
    token: str


class Repeated(dict[str, object]):
    """A mapping whose text gave a key more than once."""

    __slots__ = ("keys_given_twice",)

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        seen: set[str] = set()
        self.keys_given_twice = sorted({key for key, _ in pairs if key in seen or seen.add(key)})  # type: ignore[func-returns-value]  # add returns None


class _Trail(NamedTuple):
    """Where a value sits: a linked list, so that walking costs nothing for what is in order."""

    above: _Trail | None
    step: object

    def __str__(self) -> str:
        steps: list[str] = []
        here: _Trail | None = self
        while here is not None:
            steps.append(f"[{here.step}]" if isinstance(here.step, int) else f".{_short(here.step)}")
            here = here.above
        return "".join(reversed(steps)).removeprefix(".")


def _short(key: object) -> str:
    return key if isinstance(key, str) and len(key) <= 60 else shorten(key)


def check_plain(data: object, *, dates: bool = False, limited: bool = False) -> None:
    """Refuse what is no plain data; all faults are raised together.

    Parameters
    ----------
    data : object
        What was read, or is to be written.
    dates : bool
        Whether dates and times are let through, as TOML has them.
    limited : bool
        Whether more than `MAX_ENTRIES` in one list or mapping are refused, as in everything that is read.

    Raises
    ------
    InvalidInputError
        For numbers that are not finite, text that cannot be encoded, keys given twice and anything that is no data.
    LimitExceededError
        When it is nested deeper than `MAX_DEPTH`, or has too many entries.
    """
    faults = Faults()
    stack: list[tuple[object, _Trail | None, int]] = [(data, None, 1)]
    left = _MAX_COLLECTIONS
    while stack and len(faults) < MOST_FAULTS:
        value, trail, depth = stack.pop()
        if not isinstance(value, dict | list) and not (isinstance(value, tuple) and not isinstance(value, Unreadable)):
            _check_leaf(faults, value, trail, dates=dates)
            continue
        if depth > MAX_DEPTH:
            message = f"the data is nested deeper than {MAX_DEPTH} levels, at {str(trail)[:60]}"
            raise LimitExceededError(message)
        left -= 1
        if limited and (len(value) > MAX_ENTRIES or left < 0):
            _refuse_size(value, trail)
        below = [(entry, _Trail(trail, step), depth + 1) for step, entry in _entries(faults, value, trail)]
        stack.extend(reversed(below))
    if stack and faults:
        faults.add("and more: the rest was not looked at")
    faults.raise_if_any()


def _refuse_size(value: Sized, trail: _Trail | None) -> NoReturn:
    if len(value) > MAX_ENTRIES:
        message = f"{str(trail or 'the data')[:60]} has {len(value):,} entries; at most {MAX_ENTRIES:,} are read"
    else:
        message = f"the data has more than {_MAX_COLLECTIONS:,} lists and mappings"
    raise LimitExceededError(message)


def _entries(
    faults: Faults, value: Mapping[object, object] | list[object] | tuple[object, ...], trail: _Trail | None
) -> Iterator[tuple[object, object]]:
    """Yield what must be looked at inside a collection: most values are harmless."""
    if isinstance(value, Repeated):
        for repeated in value.keys_given_twice:
            faults.add(f"key {shorten(repeated)} is given twice", place=str(trail or ""))
    if isinstance(value, Mapping):
        for key in value:
            _check_key(faults, key, trail)
    entries: Iterable[tuple[object, object]] = value.items() if isinstance(value, Mapping) else enumerate(value)
    for step, entry in entries:
        if isinstance(entry, str):
            harmless = entry.isascii()
        elif isinstance(entry, int | float):
            harmless = -_LARGEST < entry < _LARGEST
        else:
            harmless = entry is None
        if not harmless:
            yield step, entry


def _check_key(faults: Faults, key: object, trail: _Trail | None) -> None:
    if not isinstance(key, str):
        faults.add("must be text, as every key", place=str(_Trail(trail, key)), given=key)
    elif not key.isascii():
        _check_text(faults, key, _Trail(trail, key))


def _check_leaf(faults: Faults, value: object, trail: _Trail | None, *, dates: bool) -> None:
    place = str(trail or "")
    if isinstance(value, Unreadable):
        faults.add(f"{value.message}, got {value.token[:60]}", place=place)
    elif isinstance(value, int | float):
        if isinstance(value, int) and not -_LARGEST < value < _LARGEST:
            faults.add("must be a number that fits a float", place=place, given=value)
        elif not math.isfinite(value):
            faults.add("must be a finite number", place=place, given=value)
    elif isinstance(value, str):
        _check_text(faults, value, trail)
    elif value is not None and not (dates and isinstance(value, date | time)):
        faults.add("must be plain data (text, numbers, booleans, lists, mappings)", place=place, given=value)


def _check_text(faults: Faults, value: str, trail: _Trail | None) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        faults.add("must be text that can be encoded (it holds a lone surrogate)", place=ascii(str(trail or ""))[1:-1])
