"""Read single arguments: a number, an array, a problem of the right kind, or a refusal in words.

Everything is decided by type before a value is used, so that nothing is cut to a whole number or parsed from text.

>>> whole_number(3, "budget")
3
>>> whole_number(1.5, "budget")
Traceback (most recent call last):
routematch.errors.InvalidInputError: must be a whole number of at least 0, got 1.5 @ budget
"""

from __future__ import annotations

import math
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from routematch.errors import Fault, Faults, InvalidInputError, shorten

__all__ = [
    "LARGEST_INTEGER",
    "LARGEST_STEP",
    "as_float",
    "as_int64",
    "is_whole_number",
    "read_array",
    "real_numbers",
    "require_kind",
    "step_size",
    "too_large",
    "whole_number",
    "whole_numbers",
]

#: The largest whole number an array of this library holds.
LARGEST_INTEGER = 2**63 - 1

#: The largest resolution: any exact sum of steps is then a finite float.
LARGEST_STEP = 2.0**960


def is_whole_number(given: object) -> TypeGuard[int]:
    """Say whether this is an integer of Python or numpy; a bool is none."""
    return isinstance(given, int | np.integer) and not isinstance(given, bool)


def as_float(given: object) -> float:
    """Return an integer or a float of Python or numpy as a float; NaN for anything else, or what is too large."""
    if not isinstance(given, float | np.floating) and not is_whole_number(given):
        return math.nan
    try:
        return float(given)
    except OverflowError:
        return math.nan


def whole_number(given: object, name: str, *, at_most: int | None = None) -> int:
    """Return a whole number of at least 0, of any size where no limit is given."""
    if not is_whole_number(given) or given < 0 or (at_most is not None and given > at_most):
        allowed = "of at least 0" if at_most is None else f"from 0 to {at_most}"
        raise _refusal(f"must be a whole number {allowed}, got {shorten(given)}", name)
    return int(given)


def require_kind(given: object, kind: type, name: str) -> None:
    """Refuse what is not an instance of that class."""
    if not isinstance(given, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise _refusal(f"must be {article} {kind.__name__}, not {type(given).__name__}", name)


def read_array(given: object, name: str) -> NDArray[np.generic]:
    """Return what was given as an array of whatever type."""
    try:
        return np.asarray(given)
    except Exception as error:  # the caller's __array__ may raise anything
        raise _refusal(f"cannot be read as an array ({error})", name) from error


def real_numbers(given: object, name: str) -> NDArray[np.float64]:
    """Return an array of numbers in one dimension, finite or not."""
    array = read_array(given, name)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iuf"):
        raise _refusal(f"must be numbers in one dimension, not {array.dtype} of shape {array.shape}", name)
    return array.astype(np.float64, copy=False)


def whole_numbers(given: object, name: str) -> NDArray[np.int64]:
    """Return an array of whole numbers in one dimension."""
    array = read_array(given, name)
    kind = array.dtype.kind
    if array.ndim != 1 or (array.size and kind not in "iu") or (kind == "u" and too_large(array).any()):
        raise _refusal(f"must be whole numbers in one dimension, not {array.dtype} of shape {array.shape}", name)
    return array.astype(np.int64, copy=False)


def too_large(array: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Return where whole numbers exceed `LARGEST_INTEGER` and would turn negative; only unsigned ones can."""
    if array.dtype != np.uint64 or not array.size or array.max() <= LARGEST_INTEGER:
        return np.zeros(array.shape, np.bool_)
    return np.asarray(array > np.uint64(LARGEST_INTEGER))


def as_int64(array: NDArray[np.generic]) -> NDArray[np.int64]:
    """Return whole numbers of any width as int64; what is too large becomes the largest."""
    if array.dtype == np.uint64:
        array = np.minimum(array, np.uint64(LARGEST_INTEGER))
    return array.astype(np.int64, copy=False)


def step_size(given: object, faults: Faults) -> float:
    """Return the resolution of a problem; 1 with a fault when it is not positive, or too large."""
    step = as_float(given)
    if not 0.0 < step <= LARGEST_STEP:
        faults.add("must be a positive finite number, at most 2^960", place="resolution", given=given)
        return 1.0
    return step


def _refusal(message: str, name: str) -> InvalidInputError:
    return InvalidInputError([Fault(message, name)])
