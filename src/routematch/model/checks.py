"""What makes a field of a noun valid: ids, names, numbers, instants.

Every check adds its faults to a `Faults` and returns the value in its stored form, so that one construction reports
everything that is wrong with an object.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from numbers import Real

from routematch.errors import Faults
from routematch.model.frozen import FrozenMap

__all__ = [
    "MAX_ENTRIES",
    "MAX_NAME_LENGTH",
    "as_map",
    "as_names",
    "check_amounts",
    "check_attributes",
    "check_choice",
    "check_count",
    "check_instant",
    "check_name",
    "check_names",
    "check_number",
]

#: Longest id or name, in characters; a longer one is a mistake (a message in place of an id), not a name.
MAX_NAME_LENGTH = 1_000
#: Most entries in one mapping or tuple of a noun.
MAX_ENTRIES = 10_000

_LARGEST = 1e15


def as_map(value: object) -> object:
    """Freeze a mapping; anything else is left for the checks to refuse."""
    if type(value) is FrozenMap:
        return value
    return FrozenMap(value) if isinstance(value, Mapping) else value


def as_names(value: object) -> object:
    """Freeze an iterable of names to a tuple; a lone string or a non-iterable is left for the checks to refuse."""
    if isinstance(value, tuple) or value is None or isinstance(value, str | bytes | Mapping):
        return value
    if isinstance(value, set | frozenset):
        return tuple(sorted(value, key=str))
    return tuple(value) if isinstance(value, Iterable) else value


def check_name(faults: Faults, place: str, value: object) -> None:
    """Refuse anything but a non-empty string of sane length that can be written as UTF-8."""
    if type(value) is str and 0 < len(value) <= MAX_NAME_LENGTH:
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            faults.add("must be text that can be encoded (it holds a lone surrogate)", place=place)
        return
    if not isinstance(value, str):
        faults.add("must be a string", place=place, given=value)
    elif not value:
        faults.add("must not be empty", place=place)
    elif len(value) > MAX_NAME_LENGTH:
        faults.add(f"must be at most {MAX_NAME_LENGTH} characters, got {len(value)}", place=place)


def check_number(
    faults: Faults,
    place: str,
    given: object,
    *,
    at_least: float = -_LARGEST,
    at_most: float = _LARGEST,
    above: float | None = None,
) -> float:
    """Return a finite float within the limits; a fault and 0.0 otherwise."""
    if type(given) is float:
        value = given
    elif isinstance(given, bool) or not isinstance(given, Real):
        faults.add("must be a number", place=place, given=given)
        return 0.0
    else:
        try:
            value = float(given)
        except (OverflowError, ValueError):
            faults.add("must be a number that fits a float", place=place, given=given)
            return 0.0
    if math.isnan(value) or math.isinf(value):
        faults.add("must be finite", place=place, given=given)
    elif above is not None and value <= above:
        faults.add(f"must be above {above:g}", place=place, given=given)
    elif not at_least <= value <= at_most:
        faults.add(f"must be {_limits(at_least, at_most)}", place=place, given=given)
    else:
        return value
    return 0.0


def _limits(at_least: float, at_most: float) -> str:
    if at_most == _LARGEST:
        return f"at least {at_least:g}"
    if at_least == -_LARGEST:
        return f"at most {at_most:g}"
    return f"between {at_least:g} and {at_most:g}"


def check_count(faults: Faults, place: str, value: object) -> int:
    """Return a whole number of at least 0; a fault and 0 otherwise."""
    number = check_number(faults, place, value, at_least=0)
    if number != int(number):
        faults.add("must be a whole number", place=place, given=value)
    return int(number)


def check_instant(faults: Faults, place: str, value: object) -> float | None:
    """Return POSIX seconds or None; a naive datetime is refused by name."""
    if value is None:
        return None
    if isinstance(value, datetime):
        faults.add("must be an aware datetime (give it a tzinfo) or POSIX seconds", place=place, given=value)
        return None
    return check_number(faults, place, value)


def check_choice(faults: Faults, place: str, value: object, choices: tuple[str, ...]) -> None:
    """Refuse a value that is not one of the choices."""
    if isinstance(value, str) and value in choices:
        return
    if isinstance(value, str):
        faults.unknown(value, known=choices, place=place)
    else:
        faults.add(f"must be one of {', '.join(map(repr, choices))}", place=place, given=value)


def check_names(faults: Faults, place: str, value: object, *, distinct: bool = True) -> tuple[str, ...]:
    """Return a tuple of names; faults for a lone string, a non-string entry or, when asked, a repeated one."""
    if not isinstance(value, tuple):
        faults.add("must be a sequence of names", place=place, given=value)
        return ()
    if len(value) > MAX_ENTRIES:
        faults.add(f"must have at most {MAX_ENTRIES} entries, got {len(value)}", place=place)
        return ()
    for position, name in enumerate(value):
        check_name(faults, f"{place}[{position}]", name)
    if distinct and value and all(isinstance(name, str) for name in value) and len(set(value)) < len(value):
        faults.add("must not name anything twice", place=place, given=value)
    return value


def check_amounts(
    faults: Faults, place: str, value: object, *, at_least: float = -_LARGEST, at_most: float = _LARGEST
) -> FrozenMap[str, float]:
    """Return a frozen mapping from names to finite numbers within the limits."""
    if not isinstance(value, FrozenMap):
        faults.add("must be a mapping from names to numbers", place=place, given=value)
        return FrozenMap()
    if len(value) > MAX_ENTRIES:
        faults.add(f"must have at most {MAX_ENTRIES} entries, got {len(value)}", place=place)
        return FrozenMap()
    is_stored_form = True
    for name, amount in value.items():
        if type(amount) is not float or not at_least <= amount <= at_most:
            is_stored_form = False
        if type(name) is not str or not 0 < len(name) <= MAX_NAME_LENGTH or not name.isascii():
            check_name(faults, f"{place}.{_shown(name)}", name)
    if is_stored_form:
        return value
    return FrozenMap(
        {
            name: check_number(faults, f"{place}.{_shown(name)}", amount, at_least=at_least, at_most=at_most)
            for name, amount in value.items()
        }
    )


def _shown(name: object) -> str:
    text = name if isinstance(name, str) else repr(name)
    return text if len(text) <= 60 else f"{text[:57]}..."


def check_attributes(faults: Faults, place: str, value: object) -> FrozenMap[str, object]:
    """Return open-ended data frozen: strings, numbers, booleans, None, and sequences or mappings of these."""
    if not isinstance(value, FrozenMap):
        faults.add("must be a mapping from names to plain values", place=place, given=value)
        return FrozenMap()
    if not value:
        return value
    if len(value) > MAX_ENTRIES:
        faults.add(f"must have at most {MAX_ENTRIES} entries, got {len(value)}", place=place)
        return FrozenMap()
    for name in value:
        check_name(faults, f"{place}.{_shown(name)}", name)
    return FrozenMap({name: _plain(faults, f"{place}.{_shown(name)}", entry, 0) for name, entry in value.items()})


def _plain(faults: Faults, place: str, value: object, depth: int) -> object:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value
    if isinstance(value, Real):
        return check_number(faults, place, value)
    if depth >= 8:
        faults.add("must not be nested deeper than 8 levels", place=place)
        return None
    if isinstance(value, Mapping):
        return FrozenMap(
            {str(name): _plain(faults, f"{place}.{_shown(name)}", entry, depth + 1) for name, entry in value.items()}
        )
    if isinstance(value, list | tuple | set | frozenset):
        entries = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return tuple(_plain(faults, f"{place}[{position}]", entry, depth + 1) for position, entry in enumerate(entries))
    faults.add("must be plain data (text, numbers, booleans, sequences, mappings)", place=place, given=value)
    return None
