"""What makes a parameter of a law or formula valid. A check adds its faults to a `Faults` and returns what it read.

This library stands alone, so it does not use the checks of the nouns.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from routematch.errors import Faults, InvalidInputError

__all__ = [
    "LARGEST",
    "as_floats",
    "check_number",
    "check_numbers",
    "check_weights",
    "check_whole",
    "probabilities",
    "product_or_zero",
    "times",
]

#: Largest parameter that is taken for a number and not for a mistake.
LARGEST = 1e15


def check_number(
    faults: Faults,
    place: str,
    given: object,
    *,
    above: float | None = None,
    at_least: float | None = None,
    at_most: float = LARGEST,
    infinite: bool = False,
) -> float:
    """Return a number within the limits; a fault and NaN otherwise. A boolean is no number."""
    if isinstance(given, bool) or not isinstance(given, Real):
        faults.add("must be a number", place=place, given=given)
        return math.nan
    try:
        value = float(given)
    except (OverflowError, ValueError, TypeError):
        value = math.nan
    if infinite and value == math.inf:
        return value
    if not math.isfinite(value):
        faults.add("must be finite", place=place, given=given)
    elif above is not None and value <= above:
        faults.add(f"must be above {above:g}", place=place, given=given)
    elif at_least is not None and value < at_least:
        faults.add(f"must be at least {at_least:g}", place=place, given=given)
    elif value > at_most:
        faults.add(f"must be at most {at_most:g}", place=place, given=given)
    else:
        return value
    return math.nan


def check_whole(faults: Faults, place: str, given: object, *, at_least: int = 0, at_most: int = 10**7) -> int:
    """Return a whole number within the limits; a fault and `at_least` otherwise."""
    if isinstance(given, bool) or not isinstance(given, Integral):
        faults.add("must be a whole number", place=place, given=given)
    elif not at_least <= int(given) <= at_most:
        faults.add(f"must be between {at_least} and {at_most}", place=place, given=given)
    else:
        return int(given)
    return at_least


def as_floats(value: Iterable[float]) -> tuple[float, ...]:
    """Make a sequence or array of numbers a tuple; what is none is left for the checks to refuse."""
    if isinstance(value, np.ndarray):
        return tuple(value.tolist()) if value.ndim == 1 else value  # type: ignore[return-value]  # refused by the check
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return tuple(value)
    return value  # type: ignore[return-value]  # refused by the check


def check_numbers(
    faults: Faults,
    place: str,
    given: object,
    *,
    above: float | None = None,
    at_least: float | None = None,
    fewest: int = 1,
) -> NDArray[np.float64]:
    """Return numbers as a read-only array; faults and an empty array where any of them is wrong."""
    if not isinstance(given, tuple):
        faults.add("must be a sequence of numbers", place=place, given=given)
        return np.empty(0)
    if len(given) < fewest:
        faults.add(f"must have at least {fewest} entries", place=place, given=given)
        return np.empty(0)
    quick = _plain_numbers(given, above=above, at_least=at_least)
    if quick is not None:
        return quick
    found = len(faults)
    values = [
        check_number(faults, f"{place}[{i}]", entry, above=above, at_least=at_least) for i, entry in enumerate(given)
    ]
    array = np.array(values if len(faults) == found else [], dtype=np.float64)
    array.flags.writeable = False
    return array


def _plain_numbers(
    given: tuple[object, ...], *, above: float | None, at_least: float | None
) -> NDArray[np.float64] | None:
    """Return plain floats and whole numbers that are all in order; None where each must be looked at."""
    if not {*map(type, given)} <= {float, int}:
        return None
    try:
        array = np.array(given, dtype=np.float64)
    except OverflowError:
        return None
    low = -np.inf if at_least is None else at_least
    if not (np.isfinite(array).all() and (array >= low).all() and (array <= LARGEST).all()):
        return None
    if above is not None and (array <= above).any():
        return None
    array.flags.writeable = False
    return array


def check_weights(faults: Faults, place: str, given: object, *, count: int, counted: str) -> NDArray[np.float64]:
    """Return weights scaled to sum 1, one for each of `count` things; faults and an empty array otherwise."""
    weights = check_numbers(faults, place, given, at_least=0)
    if weights.size == 0:
        return weights
    if weights.size != count:
        faults.add(f"must have one entry for each of {count} {counted}", place=place, given=given)
        return np.empty(0)
    if weights.sum() <= 0:
        faults.add("must not all be 0", place=place, given=given)
        return np.empty(0)
    scaled: NDArray[np.float64] = weights / weights.sum()
    return scaled


def times(value: ArrayLike) -> NDArray[np.float64]:
    """Return times as an array of floats; a NaN is refused."""
    array = np.asarray(value, dtype=np.float64)
    if np.isnan(array).any():
        raise InvalidInputError("must be a time, not NaN")
    return array


def probabilities(value: ArrayLike) -> NDArray[np.float64]:
    """Return probabilities as an array of floats; anything outside [0, 1] is refused."""
    array = np.asarray(value, dtype=np.float64)
    if not ((array >= 0) & (array <= 1)).all():
        raise InvalidInputError("must be a probability between 0 and 1")
    return array


def product_or_zero(limit: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``limit * share``, and 0 where `limit` is infinite: a tail that vanishes faster than its limit grows."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isposinf(limit), 0.0, limit * share)
