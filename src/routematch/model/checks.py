"""What makes a field of a noun valid: ids, names, numbers, instants.

A converter (``as_...``) brings shorthand to the stored form and leaves alone what it cannot convert; its parameter
says what users may pass. A check (``check_...``) adds its faults to a `Faults` and returns the value in its stored
form, so that one construction reports everything that is wrong with an object.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from numbers import Complex, Integral, Number, Real
from types import UnionType
from typing import Any

from routematch.errors import Faults, shorten
from routematch.model.frozen import FrozenMap

__all__ = [
    "MAX_DATA_DEPTH",
    "MAX_ENTRIES",
    "MAX_NAME_LENGTH",
    "Scalar",
    "as_amounts",
    "as_attributes",
    "as_counts",
    "as_map",
    "as_names",
    "as_optional_names",
    "as_tuple",
    "check_amounts",
    "check_attributes",
    "check_choice",
    "check_count",
    "check_instant",
    "check_name",
    "check_names",
    "check_number",
    "check_scalar",
    "check_size",
    "check_version",
    "in_place",
    "is_a",
    "is_number",
]

#: Longest id or name, in characters; a longer one is a mistake (a message in place of an id), not a name.
MAX_NAME_LENGTH = 1_000
#: Most entries in one mapping or tuple of a noun, and in its attributes altogether.
MAX_ENTRIES = 10_000
#: Deepest nesting inside `attributes`.
MAX_DATA_DEPTH = 8

Scalar = str | bool | int | float

_LARGEST = 1e15
_MOST_BITS = 1023


def is_a(value: object, kind: type | UnionType | tuple[type, ...]) -> bool:
    """Tell whether what a user gave is really of the type declared for it.

    Plain `isinstance`, from which a type checker draws no conclusions: the annotation of a field says what can be read
    from it, and it is the check at construction that makes this true.
    """
    return isinstance(value, kind)


def is_number(value: object) -> bool:
    """Tell whether a value is a real number: also of numpy, a `Fraction` or a `Decimal`; a boolean is none."""
    kind = type(value)
    if kind is float or kind is int:
        return True
    if isinstance(value, bool) or not isinstance(value, Number):
        return False
    return isinstance(value, Real) or not isinstance(value, Complex)  # Decimal is a Number and nothing more


def in_place(place: str, name: object) -> str:
    """Return the place of an entry of a mapping: ``skills.billing``; long names are cut."""
    shown = name if isinstance(name, str) and len(name) <= 60 else shorten(name)
    return f"{place}.{shown}" if place else shown


# --- converters -------------------------------------------------------------------------------------------------------


def as_map(value: object) -> Any:  # noqa: ANN401 - what is no mapping passes through, for the check to refuse
    """Freeze a mapping; anything else, and a mapping that cannot be read, is left for the checks to refuse."""
    if type(value) is FrozenMap or not isinstance(value, Mapping):
        return value
    try:
        return FrozenMap(value)
    except Exception:  # noqa: BLE001 - a user's own mapping may raise anything
        return value


def as_amounts(value: Mapping[str, float]) -> Mapping[str, float]:
    """Freeze a mapping from names to numbers."""
    frozen: Mapping[str, float] = as_map(value)
    return frozen


def as_counts(value: Mapping[str, int]) -> Mapping[str, int]:
    """Freeze a mapping from names to whole numbers."""
    frozen: Mapping[str, int] = as_map(value)
    return frozen


def as_attributes(value: Mapping[str, object]) -> Mapping[str, object]:
    """Freeze a mapping from names to plain data."""
    frozen: Mapping[str, object] = as_map(value)
    return frozen


def as_tuple(value: object) -> Any:  # noqa: ANN401 - as as_map
    """Make an iterable a tuple, a set in sorted order; anything else is left for the checks to refuse.

    Of an endless iterable only one entry more than allowed is read.
    """
    if isinstance(value, tuple | str | bytes | bytearray | Mapping) or value is None:
        return value
    if type(value) is list:
        return tuple(value)
    try:
        if isinstance(value, set | frozenset):
            return tuple(sorted(value, key=_by_type_and_text))
        return tuple(islice(value, MAX_ENTRIES + 1))  # type: ignore[call-overload]  # TypeError where not iterable
    except Exception:  # noqa: BLE001 - a user's own iterable may raise anything
        return value


def _by_type_and_text(value: object) -> tuple[str, str]:
    return type(value).__name__, str(value)


def as_names(value: Iterable[str]) -> tuple[str, ...]:
    """Make an iterable of names a tuple."""
    names: tuple[str, ...] = value if type(value) is tuple else as_tuple(value)
    return names


def as_optional_names(value: Iterable[str] | None) -> tuple[str, ...] | None:
    """Make an iterable of names a tuple; None stays None."""
    names: tuple[str, ...] | None = None if value is None else as_tuple(value)
    return names


# --- checks -----------------------------------------------------------------------------------------------------------


def check_size(faults: Faults, place: str, value: tuple[object, ...] | Mapping[object, object]) -> bool:
    """Refuse a tuple or mapping with too many entries; return whether it is small enough."""
    if len(value) <= MAX_ENTRIES:
        return True
    faults.add(f"must have at most {MAX_ENTRIES} entries, got {len(value)}", place=place)
    return False


def check_name(faults: Faults, place: str, value: object) -> None:
    """Refuse anything but a non-empty string of sane length that can be written as UTF-8."""
    if not isinstance(value, str):
        faults.add("must be a string", place=place, given=value)
    elif not value:
        faults.add("must not be empty", place=place)
    elif len(value) > MAX_NAME_LENGTH:
        faults.add(f"must be at most {MAX_NAME_LENGTH} characters, got {len(value)}", place=place)
    elif not value.isascii():
        _check_encodable(faults, place, value)


def _check_encodable(faults: Faults, place: str, value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        faults.add("must be text that can be encoded (it holds a lone surrogate)", place=place)


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
    elif not is_number(given):
        faults.add("must be a number", place=place, given=given)
        return 0.0
    else:
        try:
            value = float(given)  # type: ignore[arg-type]  # a number of any kind
        except Exception:  # noqa: BLE001 - too large, a signalling NaN, or a number type that raises
            faults.add("must be a number that fits a float", place=place, given=given)
            return 0.0
    if math.isnan(value) or math.isinf(value):
        faults.add("must be finite", place=place, given=given)
    elif above is not None and value <= above:
        faults.add(f"must be above {above:g}", place=place, given=given)
    elif not at_least <= value <= at_most:
        faults.add(f"must be {_limits(value, at_least, at_most)}", place=place, given=given)
    else:
        return value
    return 0.0


def _limits(value: float, at_least: float, at_most: float) -> str:
    if at_most == _LARGEST or at_least == -_LARGEST:
        return f"at least {at_least:g}" if value < at_least else f"at most {at_most:g}"
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
    if not check_size(faults, place, value):
        return ()
    for position, name in enumerate(value):
        check_name(faults, f"{place}[{position}]", name)
    names = tuple(name for name in value if isinstance(name, str))
    if distinct and len(set(names)) < len(names):
        faults.add("must not name anything twice", place=place, given=value)
    return names


def check_amounts(
    faults: Faults, place: str, value: object, *, at_least: float = -_LARGEST, at_most: float = _LARGEST
) -> FrozenMap[str, float]:
    """Return a frozen mapping from names to finite numbers within the limits."""
    if not isinstance(value, FrozenMap):
        faults.add("must be a mapping from names to numbers", place=place, given=value)
        return FrozenMap()
    if not check_size(faults, place, value):
        return FrozenMap()
    is_stored_form = True
    for name, amount in value.items():
        if type(amount) is not float or not at_least <= amount <= at_most:
            is_stored_form = False
        if type(name) is not str or not 0 < len(name) <= MAX_NAME_LENGTH or not name.isascii():
            check_name(faults, in_place(place, name), name)
    if is_stored_form:
        return value
    return FrozenMap(
        {
            name: check_number(faults, in_place(place, name), amount, at_least=at_least, at_most=at_most)
            for name, amount in value.items()
        }
    )


def check_scalar(faults: Faults, place: str, value: object) -> Scalar:
    """Return text, a boolean, a whole number or a finite float; a fault and False otherwise."""
    if isinstance(value, str):
        if not value.isascii():
            _check_encodable(faults, place, value)
        return value
    if isinstance(value, bool):
        return value
    if isinstance(value, Integral):
        whole = int(value)
        if whole.bit_length() > _MOST_BITS:
            faults.add("must be a number that fits a float", place=place, given=whole)
        return whole
    if is_number(value):
        return check_number(faults, place, value)
    faults.add("must be text, a number or a boolean", place=place, given=value)
    return False


def check_version(faults: Faults, value: object) -> str | int | None:
    """Return the host's version of a record; a fault where it is neither text nor a whole number."""
    if is_a(value, bool) or not isinstance(value, str | Integral):
        faults.add("must be text, a whole number or None", place="version", given=value)
        return None
    checked = check_scalar(faults, "version", value)
    return checked if isinstance(checked, str | int) else None


def check_attributes(faults: Faults, place: str, value: object) -> FrozenMap[str, object]:
    """Return open-ended data frozen: strings, numbers, booleans, None, and sequences or mappings of these."""
    if not isinstance(value, FrozenMap):
        faults.add("must be a mapping from names to plain values", place=place, given=value)
        return FrozenMap()
    if not value:
        return value
    return _Plain(faults, place).mapping(place, value, 0)


class _Plain:
    """Freezes nested plain data, counting entries: a list may hold itself, and many times."""

    __slots__ = ("faults", "left", "root")

    def __init__(self, faults: Faults, root: str) -> None:
        self.faults = faults
        self.root = root
        self.left = MAX_ENTRIES

    def mapping(self, place: str, value: Mapping[Any, object], depth: int) -> FrozenMap[str, object]:
        """Freeze a mapping and everything in it."""
        if not self._fits(len(value)):
            return FrozenMap()
        for name in value:
            check_name(self.faults, in_place(place, name), name)
        return FrozenMap({name: self.entry(in_place(place, name), entry, depth) for name, entry in value.items()})

    def entry(self, place: str, value: object, depth: int) -> object:
        """Freeze one value."""
        if isinstance(value, Mapping | list | tuple | set | frozenset):
            if depth < MAX_DATA_DEPTH:
                return self._collection(place, value, depth + 1)
            self.faults.add(f"must not be nested deeper than {MAX_DATA_DEPTH} levels", place=place)
        elif isinstance(value, str | bool) or is_number(value):
            return check_scalar(self.faults, place, value)
        elif value is not None:
            message = "must be plain data (text, numbers, booleans, sequences, mappings)"
            self.faults.add(message, place=place, given=value)
        return None

    def _collection(self, place: str, value: object, depth: int) -> object:
        readable = as_map(value) if isinstance(value, Mapping) else as_tuple(value)
        if isinstance(readable, FrozenMap):
            return self.mapping(place, readable, depth)
        if not isinstance(readable, tuple):
            self.faults.add("must be a mapping or a sequence that can be read", place=place, given=value)
        elif self._fits(len(readable)):
            return tuple(self.entry(f"{place}[{i}]", entry, depth) for i, entry in enumerate(readable))
        return None

    def _fits(self, entries: int) -> bool:
        before, self.left = self.left, self.left - entries
        if self.left < 0 <= before:
            self.faults.add(f"must have at most {MAX_ENTRIES} entries altogether", place=self.root)
        return self.left >= 0
