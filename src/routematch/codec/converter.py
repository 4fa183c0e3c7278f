"""The house converter: frozen attrs classes to plain data and back, by one rule for all of them.

Written: the fields in their order, those at their defaults left out. Read: unknown and missing fields, and everything
that the class itself refuses, are reported together, each with its place. The nouns' own shorthand is read too, since
the class widens it.

Instants are the fields whose names end in ``_at``, and `now` and `idle_since`: ISO 8601 text with an offset, TOML
datetimes or POSIX seconds; written as seconds, which loses nothing.

A class that needs a form of its own has hooks in its own rung, brought in by `register`.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import attrs
from cattrs import Converter

from routematch.codec.conditions import CONDITIONS, condition_from_data, condition_to_data
from routematch.codec.plain import MOST_FAULTS, Data
from routematch.errors import Faults, InvalidInputError
from routematch.model import Capacity, Condition, Estimate, Preference, Requirement
from routematch.model.checks import is_a, is_number

__all__ = ["Registration", "from_data", "make_converter", "register", "to_data"]

T = TypeVar("T")

#: Teaches a converter the classes of one rung.
Registration = Callable[[Converter], None]

_Hook = Callable[[Any, Any], Any]
_FACTORY: type = attrs.Factory  # type: ignore[assignment]  # a class, though typed as a function


def to_data(value: object) -> Data:
    """Return an object as plain data.

    Parameters
    ----------
    value : object
        An instance of an attrs class (a noun, a policy, a decision), or lists and mappings of these.

    Returns
    -------
    Data
        Fields in the order of the class; those at their defaults are left out.

    Raises
    ------
    InvalidInputError
        When it holds itself.
    """
    try:
        return cast("Data", _house.unstructure(value))
    except RecursionError:
        raise InvalidInputError("is nested too deep to be written, or holds itself") from None


def from_data(data: object, cls: type[T]) -> T:
    """Make an object from plain data.

    Parameters
    ----------
    data : object
        What `to_data` returns, or what a person wrote by hand, with shorthand.
    cls : type
        The class wanted; also ``tuple[Agent, ...]`` and the like.

    Returns
    -------
    instance of `cls`

    Raises
    ------
    InvalidInputError
        Listing every fault with its place; `DuplicateIdError` or `UnknownNameError` when all are of that kind.
    """
    if not is_a(cls, type) and get_origin(cls) is None:
        faults = Faults()
        faults.add("must be a class, or a type such as tuple[Agent, ...]", place="cls", given=cls)
        faults.raise_if_any()
    try:
        return _house.structure(data, cls)
    except RecursionError:
        raise InvalidInputError("is nested too deep to be read, or holds itself") from None


def register(registration: Registration) -> None:
    """Teach the house converter the classes of a rung; doing so again changes nothing."""
    registration(_house)


def make_converter(*registrations: Registration) -> Converter:
    """Return a new converter that knows every attrs class, conditions, and what the registrations teach it.

    >>> from routematch.model import Agent
    >>> make_converter().structure({"id": "ana", "capacity": 2}, Agent).capacity
    Capacity(units=2.0, costs={}, caps={})
    """
    converter = Converter(detailed_validation=False)
    _register_writing(converter)
    _register_reading(converter)
    for registration in registrations:
        registration(converter)
    return converter


# --- writing ----------------------------------------------------------------------------------------------------------


def _register_writing(converter: Converter) -> None:
    def entries(value: Mapping[str, object]) -> dict[str, Any]:
        return {key: converter.unstructure(entry) for key, entry in value.items()}

    def sequence(value: tuple[object, ...]) -> list[Any]:
        return [converter.unstructure(entry) for entry in value]

    converter.register_unstructure_hook_func(lambda kind: _is_kind(kind, Mapping), entries)
    converter.register_unstructure_hook_func(lambda kind: _is_kind(kind, tuple | list), sequence)
    converter.register_unstructure_hook_factory(attrs.has, lambda cls: _writer(converter, cls))
    for cls in CONDITIONS:
        converter.register_unstructure_hook(cls, lambda condition: condition_to_data(condition, converter))
    converter.register_unstructure_hook(Capacity, _capacity_writer(_writer(converter, Capacity)))
    converter.register_unstructure_hook(
        Estimate, lambda estimate: {"mean": estimate.mean, "count": estimate.count} if estimate.count else estimate.mean
    )


def _is_kind(kind: object, wanted: type | types.UnionType) -> bool:
    return isinstance(kind, type) and issubclass(kind, wanted)


def _writer(converter: Converter, cls: type[attrs.AttrsInstance]) -> Callable[[object], dict[str, Any]]:
    """Make the function that writes a class: its fields in order, without those at their defaults."""
    fields = [(field.name, _default(field)) for field in attrs.fields(cls) if field.init]

    def write(value: object) -> dict[str, Any]:
        given = ((name, getattr(value, name), default) for name, default in fields)
        return {
            name: _preferences_to_data(entry) or converter.unstructure(entry)
            for name, entry, default in given
            if entry != default
        }

    return write


def _default(field: attrs.Attribute[Any]) -> object:
    """Return the default of a field; a fresh object, equal to nothing, where it has none."""
    default: Any = field.default
    if isinstance(default, _FACTORY):
        return default.factory()  # type: ignore[attr-defined]  # a Factory
    return object() if default is attrs.NOTHING else default


def _capacity_writer(write: Callable[[object], dict[str, Any]]) -> Callable[[Capacity], object]:
    return lambda capacity: write(capacity) if capacity.costs or capacity.caps else capacity.units


def _preferences_to_data(value: object) -> dict[str, float] | None:
    """Write preferences for plain skills as ``{skill: weight}``; None where something is not of that form."""
    if not isinstance(value, tuple) or not value or type(value[0]) is not Preference:
        return None
    plain = {wish.condition.skill: wish.weight for wish in value if _is_plain_skill(wish.condition)}
    return plain if len(plain) == len(value) else None


def _is_plain_skill(condition: Condition) -> bool:
    return isinstance(condition, Requirement) and condition.at_least == 0.0 and not condition.relax


# --- reading ----------------------------------------------------------------------------------------------------------


def _register_reading(converter: Converter) -> None:
    """Register the hooks; of two that fit, the later one is taken."""
    converter.register_structure_hook_factory(_is_optional, lambda kind: _optional_reader(converter, kind))
    converter.register_structure_hook_factory(
        lambda kind: _is_kind(get_origin(kind), Mapping) and _mentions_class(kind),
        lambda kind: _mapping_reader(converter, get_args(kind)[1]),
    )
    converter.register_structure_hook_factory(
        lambda kind: _is_kind(get_origin(kind), tuple) and _mentions_class(kind),
        lambda kind: _sequence_reader(converter, get_args(kind)[0]),
    )
    converter.register_structure_hook_factory(attrs.has, lambda cls: _class_reader(converter, cls))
    for condition in CONDITIONS:
        converter.register_structure_hook(condition, lambda data, wanted: condition_from_data(data, wanted, converter))
    converter.register_structure_hook_func(
        lambda kind: kind == Condition, lambda data, _: condition_from_data(data, None, converter)
    )
    for number_like in (Capacity, Estimate):
        converter.register_structure_hook(number_like, _number_or(_class_reader(converter, number_like)))
    preferences = tuple[Preference, ...]
    read_list = _sequence_reader(converter, Preference)
    converter.register_structure_hook_func(
        lambda kind: kind == preferences,
        lambda data, kind: data if isinstance(data, Mapping) else read_list(data, kind),
    )


def _mentions_class(kind: object) -> bool:
    return attrs.has(kind) or any(_mentions_class(part) for part in get_args(kind))  # type: ignore[arg-type]  # any object


def _is_optional(kind: object) -> bool:
    parts = get_args(kind)
    return get_origin(kind) in {Union, types.UnionType} and len(parts) == 2 and type(None) in parts


def _optional_reader(converter: Converter, kind: object) -> _Hook:
    inner = next(part for part in get_args(kind) if part is not type(None))
    return lambda data, _: None if data is None else converter.structure(data, inner)


def _number_or(read: _Hook) -> _Hook:
    """Take a plain number for the first field of the class."""

    def read_either(data: object, cls: Any) -> object:  # noqa: ANN401 - a class
        if isinstance(data, Mapping | cls):
            return read(data, cls)
        if not is_number(data):
            message = f"must be a number, or a mapping with the fields of {cls.__name__}"
            raise InvalidInputError(_one_fault(message, given=data))
        try:
            return cls(data)
        except InvalidInputError as error:
            raise InvalidInputError(fault._replace(place="") for fault in error.faults) from None

    return read_either


def _sequence_reader(converter: Converter, inner: Any) -> _Hook:  # noqa: ANN401 - a type, or a union of types
    def read(data: object, _: object) -> tuple[object, ...]:
        if not isinstance(data, list | tuple):
            raise InvalidInputError(_one_fault("must be a list", given=data))
        return tuple(_read_each(converter, ((f"[{i}]", entry) for i, entry in enumerate(data)), inner))

    return read


def _mapping_reader(converter: Converter, inner: Any) -> _Hook:  # noqa: ANN401 - as above
    def read(data: object, _: object) -> dict[object, object]:
        if not isinstance(data, Mapping):
            raise InvalidInputError(_one_fault("must be a mapping", given=data))
        named = ((key if isinstance(key, str) else repr(key), entry) for key, entry in data.items())
        return dict(zip(data, _read_each(converter, named, inner), strict=True))

    return read


def _read_each(converter: Converter, entries: Any, inner: Any) -> list[object]:  # noqa: ANN401 - as above
    faults, made = Faults(), []
    read = converter.get_structure_hook(inner)
    for place, entry in entries:
        try:
            made.append(read(entry, inner))
        except InvalidInputError as error:
            faults.extend(error.faults, below=place)
            if len(faults) >= MOST_FAULTS:
                faults.add("and more: the entries after this one were not looked at", place=place, kind=_kind(error))
                break
    faults.raise_if_any()
    return made


def _kind(error: InvalidInputError) -> str:
    return error.faults[-1].kind


def _one_fault(message: str, *, given: object) -> Faults:
    faults = Faults()
    faults.add(message, given=given)
    return faults


def _class_reader(converter: Converter, cls: type[attrs.AttrsInstance]) -> _Hook:
    """Make the function that reads a class, reporting all that is wrong with its data together."""
    kinds = get_type_hints(cls)
    fields = [field for field in attrs.fields(cls) if field.init]
    readers = {field.name: _field_reader(converter, field.name, kinds[field.name]) for field in fields}
    required = [field.name for field in fields if field.default is attrs.NOTHING]
    checks_itself = hasattr(cls, "__attrs_post_init__")

    def read(data: object, _: object) -> object:
        if isinstance(data, cls):
            return data
        if not isinstance(data, Mapping):
            raise InvalidInputError(_one_fault(f"must be a mapping with the fields of {cls.__name__}", given=data))
        faults = Faults()
        _check_names(faults, data, readers, required)
        values = _read_fields(faults, data, readers)
        if not checks_itself:
            _check_types(faults, values, kinds)
        return _made(cls, values, faults, [name for name in required if name not in values])

    return read


def _check_names(faults: Faults, data: Mapping[str, object], known: Mapping[str, _Hook], required: list[str]) -> None:
    for name in data:
        if name not in known:
            faults.unknown(name, known=known, what="field")
    for name in required:
        if name not in data:
            faults.add("is missing", place=name)


def _read_fields(faults: Faults, data: Mapping[str, object], readers: Mapping[str, _Hook]) -> dict[str, object]:
    values = {}
    for name, entry in data.items():
        reader = readers.get(name)
        if reader is not None:
            try:
                values[name] = reader(entry, None)
            except InvalidInputError as error:
                faults.extend(error.faults, below=name)
    return values


def _made(cls: type, values: dict[str, Any], faults: Faults, lacking: list[str]) -> object:
    """Make the instance, or raise its own faults too, but for those of the required fields that it lacks."""
    try:
        made = cls(**values, **dict.fromkeys(lacking))
    except InvalidInputError as error:
        faults.extend(fault for fault in error.faults if fault.place.partition(".")[0] not in lacking)
    faults.raise_if_any()
    return made


def _check_types(faults: Faults, values: dict[str, object], kinds: Mapping[str, object]) -> None:
    """Check the plain fields of a class that has no checks of its own."""
    for name, value in values.items():
        allowed = get_args(kinds[name]) or (kinds[name],)
        if not set(allowed) <= _PLAIN_TYPES or type(value) in allowed or (type(value) is int and float in allowed):
            continue
        names = " or ".join("None" if kind is type(None) else kind.__name__ for kind in allowed)
        faults.add(f"must be {names}", place=name, given=value)


_PLAIN_TYPES = {str, int, float, bool, type(None)}


def _field_reader(converter: Converter, name: str, kind: Any) -> _Hook:  # noqa: ANN401 - a type, or a union of types
    if name.endswith("_at") or name in {"idle_since", "now"}:
        return _read_instant
    if not _mentions_class(kind):  # cattrs would make text of numbers; the class itself refuses what it cannot take
        return lambda data, _: data
    return lambda data, _: converter.structure(data, kind)


def _read_instant(data: object, _: object) -> object:
    """Read ISO 8601 text or a datetime of TOML; numbers are left to the checks of the class."""
    if isinstance(data, str):
        try:
            data = datetime.fromisoformat(data)
        except ValueError:
            message = "must be an instant: ISO 8601 text as 2026-01-31T09:30:00+01:00, or POSIX seconds"
            raise InvalidInputError(_one_fault(message, given=data)) from None
    if isinstance(data, datetime) and data.utcoffset() is None:
        message = "must state its offset from UTC, as in 2026-01-31T09:30:00Z or ...+01:00"
        raise InvalidInputError(_one_fault(message, given=data.isoformat()))
    if isinstance(data, date | time) and not isinstance(data, datetime):
        raise InvalidInputError(_one_fault("must be an instant with date, time and offset", given=data.isoformat()))
    return data.timestamp() if isinstance(data, datetime) else data


_house = make_converter()
