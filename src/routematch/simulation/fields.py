"""Checks of fields that hold laws, arrival processes and probabilities; data becomes what it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from routematch.distributions import ArrivalProcess, Distribution, arrivals_from_data, law_from_data
from routematch.errors import Faults, InvalidInputError
from routematch.model.checks import as_map, check_name, check_number, in_place, is_a
from routematch.model.frozen import FrozenMap

__all__ = [
    "as_arrivals",
    "as_law",
    "as_laws",
    "check_arrivals",
    "check_law",
    "check_laws",
    "check_probabilities",
    "check_probability",
]


def as_law(value: Distribution | Mapping[str, object] | None) -> Any:  # noqa: ANN401 - what is none is left for the check
    """Make a law of its data."""
    return _made(value, law_from_data)


def as_arrivals(value: ArrivalProcess | Mapping[str, object] | None) -> Any:  # noqa: ANN401 - as above
    """Make an arrival process of its data."""
    return _made(value, arrivals_from_data)


def as_laws(value: Mapping[str, Distribution | Mapping[str, object]]) -> Any:  # noqa: ANN401 - as above
    """Make laws of the data in a mapping from names."""
    if not isinstance(value, Mapping):
        return value
    return as_map({name: as_law(entry) for name, entry in value.items()})


def _made(value: object, make: Callable[[object], object]) -> object:
    if not isinstance(value, Mapping):
        return value
    try:
        return make(value)
    except InvalidInputError:
        return value


def check_law(faults: Faults, place: str, value: object, *, finite: bool = False, optional: bool = False) -> None:
    """Refuse what is no law; with `finite`, also what may last for ever."""
    if value is None and optional:
        return
    if isinstance(value, Mapping):
        _refuse(faults, place, value, law_from_data)
    elif not isinstance(value, Distribution):
        faults.add("must be a law, as Exponential(300), or its data", place=place, given=value)
    elif finite and not value.mean < float("inf"):
        faults.add("must have a finite mean", place=place, given=value)


def check_arrivals(faults: Faults, place: str, value: object) -> None:
    """Refuse what is neither None nor an arrival process."""
    if isinstance(value, Mapping):
        _refuse(faults, place, value, arrivals_from_data)
    elif value is not None and not isinstance(value, ArrivalProcess):
        faults.add("must be an arrival process, as PoissonArrivals(0.02), or its data", place=place, given=value)


def _refuse(faults: Faults, place: str, value: object, make: Callable[[object], object]) -> None:
    try:
        make(value)
    except InvalidInputError as error:
        faults.extend(error.faults, below=place)


def check_laws(faults: Faults, place: str, value: object) -> None:
    """Refuse what is no mapping from names to laws with finite means."""
    if not is_a(value, FrozenMap):
        faults.add("must be a mapping from agent groups to laws", place=place, given=value)
        return
    for name, law in value.items():  # type: ignore[attr-defined]  # just checked
        check_name(faults, in_place(place, name), name)
        check_law(faults, in_place(place, name), law, finite=True)


def check_probability(faults: Faults, place: str, value: object) -> float:
    """Return a number from 0 to 1; a fault and 0 otherwise."""
    return check_number(faults, place, value, at_least=0, at_most=1)


def check_probabilities(faults: Faults, place: str, value: object) -> FrozenMap[str, float]:
    """Return a mapping from names to probabilities; faults and an empty one otherwise."""
    if not is_a(value, FrozenMap):
        faults.add("must be a mapping from agent groups to probabilities", place=place, given=value)
        return FrozenMap()
    entries: Mapping[str, object] = value  # type: ignore[assignment]  # just checked
    return FrozenMap({name: check_probability(faults, in_place(place, name), p) for name, p in entries.items()})
