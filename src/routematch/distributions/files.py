"""Laws and arrival processes as plain data, as scenario files write them.

>>> from routematch.distributions import law_from_data, to_data
>>> law = law_from_data({"law": "log_normal", "mean": 300, "cv": 1.2})
>>> to_data(law)
{'law': 'log_normal', 'mean': 300, 'cv': 1.2}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import attrs

from routematch.distributions.arrival_process import ArrivalProcess
from routematch.distributions.distribution import Distribution
from routematch.distributions.registry import ARRIVAL_PROCESSES, DISTRIBUTIONS
from routematch.errors import Faults, InvalidInputError

__all__ = ["arrivals_from_data", "law_from_data", "to_data"]

T = TypeVar("T")
_DEEPEST = 16


def to_data(value: Distribution | ArrivalProcess) -> dict[str, object]:
    """Return a law or arrival process as plain data; parameters at their defaults are left out.

    Parameters
    ----------
    value : Distribution or ArrivalProcess

    Returns
    -------
    dict
        ``{"law": name, ...}`` or ``{"process": name, ...}``.

    Raises
    ------
    InvalidInputError
        When it is no member of the family, or holds something that is none.
    """
    kind = "law" if isinstance(value, Distribution) else "process"
    family: Mapping[str, type[object]] = DISTRIBUTIONS if kind == "law" else ARRIVAL_PROCESSES
    if family.get(getattr(value, "name", "")) is not type(value):
        raise InvalidInputError(f"must be a law or arrival process of this library, got {type(value).__name__}")
    cls: type[attrs.AttrsInstance] = type(value)  # type: ignore[assignment]  # every member is an attrs class
    fields = [field for field in attrs.fields(cls) if field.init]
    given = {field.name: getattr(value, field.name) for field in fields}
    kept = {field.name: given[field.name] for field in fields if given[field.name] != field.default}
    return {kind: value.name, **{name: _entry_to_data(entry) for name, entry in kept.items()}}


def _entry_to_data(entry: object) -> object:
    if isinstance(entry, Distribution | ArrivalProcess):
        return to_data(entry)
    if isinstance(entry, tuple):
        return [_entry_to_data(part) for part in entry]
    return entry


def law_from_data(data: object) -> Distribution:
    """Make a law from plain data.

    Parameters
    ----------
    data : object
        A mapping with the name of the law under ``law`` and its parameters beside it; laws inside a mixture are
        written the same way.

    Returns
    -------
    Distribution

    Raises
    ------
    InvalidInputError
        Listing every fault with its place; `UnknownNameError` when all are unknown names.
    """
    return _read(data, Distribution)  # type: ignore[type-abstract]  # only compared with


def arrivals_from_data(data: object) -> ArrivalProcess:
    """Make an arrival process from plain data.

    Parameters
    ----------
    data : object
        A mapping with the name of the process under ``process`` and its parameters beside it.

    Returns
    -------
    ArrivalProcess

    Raises
    ------
    InvalidInputError
        Listing every fault with its place; `UnknownNameError` when all are unknown names.
    """
    return _read(data, ArrivalProcess)  # type: ignore[type-abstract]  # only compared with


def _read(data: object, wanted: type[T]) -> T:
    faults = Faults()
    value = _object_from_data(faults, "", data, 0)
    if not faults and not isinstance(value, wanted):
        faults.add("must be a mapping with 'law'" if wanted is Distribution else "must be a mapping with 'process'")
    faults.raise_if_any()
    return value  # type: ignore[return-value]  # just checked


def _object_from_data(faults: Faults, place: str, data: object, depth: int) -> object:
    """Make what a mapping names; None and faults where it cannot be made."""
    if not isinstance(data, Mapping) or ("law" in data) == ("process" in data):
        faults.add("must be a mapping with either 'law' or 'process'", place=place, given=data)
        return None
    if depth > _DEEPEST:
        faults.add(f"must not be nested deeper than {_DEEPEST} levels", place=place)
        return None
    kind = "law" if "law" in data else "process"
    family: Mapping[str, type[object]] = DISTRIBUTIONS if kind == "law" else ARRIVAL_PROCESSES
    cls = family.get(data[kind]) if isinstance(data[kind], str) else None
    if cls is None:
        what = "law" if kind == "law" else "arrival process"
        faults.unknown(data[kind], known=family, place=_below(place, kind), what=what)
        return None
    return _make(faults, place, cls, {key: entry for key, entry in data.items() if key != kind}, depth)


def _make(faults: Faults, place: str, cls: type[object], entries: Mapping[str, object], depth: int) -> object:
    fields = {field.name: field for field in attrs.fields(cls) if field.init}  # type: ignore[arg-type]  # attrs classes
    found = len(faults)
    for name in entries:
        if name not in fields:
            faults.unknown(name, known=fields, place=place, what="parameter")
    for name, field in fields.items():
        if field.default is attrs.NOTHING and name not in entries:
            faults.add(f"must have {name!r}", place=place)
    given = {name: _entry(faults, _below(place, name), entry, depth) for name, entry in entries.items()}
    if len(faults) > found:
        return None
    try:
        return cls(**given)
    except InvalidInputError as error:
        faults.extend(error.faults, below=place)
        return None


def _entry(faults: Faults, place: str, entry: object, depth: int) -> object:
    if isinstance(entry, Mapping):
        return _object_from_data(faults, place, entry, depth + 1)
    if isinstance(entry, Sequence) and not isinstance(entry, str | bytes):
        return tuple(
            _object_from_data(faults, f"{place}[{i}]", part, depth + 1) if isinstance(part, Mapping) else part
            for i, part in enumerate(entry)
        )
    return entry


def _below(place: str, name: object) -> str:
    return f"{place}.{name}" if place else str(name)
