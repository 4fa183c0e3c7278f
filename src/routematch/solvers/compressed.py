"""Check a matrix in compressed sparse rows before anything reads it.

Whoever builds such a matrix by hand can get its pointers wrong, and compiled code then reads beyond its arrays. The
checks are whole-array comparisons: one look at every pointer and every index.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.solvers.arguments import is_whole_number

__all__ = ["SparseRows", "check_compressed_rows"]

_LISTED = 100


@runtime_checkable
class SparseRows(Protocol):
    """A matrix in compressed sparse rows, such as `scipy.sparse.csr_array`."""

    shape: tuple[int, int]
    indptr: NDArray[np.integer]
    indices: NDArray[np.integer]
    data: NDArray[np.generic]


def check_compressed_rows(given: SparseRows, name: str, faults: Faults) -> None:
    """Refuse pointers and indices that do not describe rows of a matrix of that shape; takes time by entries.

    Raises
    ------
    InvalidInputError
        At the first part that is wrong, with the faults found so far: what follows could not be read.
    """
    _check_parts(given, name, faults)
    faults.raise_if_any()
    rows, columns = given.shape
    indptr, stored = given.indptr, min(len(given.indices), len(given.data))
    if len(indptr) != rows + 1:
        faults.add(f"must have one entry per row and one more ({rows + 1}), got {len(indptr)}", place=f"{name}.indptr")
    elif indptr[0] != 0:
        faults.add("must start at 0", place=f"{name}.indptr", given=int(indptr[0]))
    elif (indptr[1:] < indptr[:-1]).any():
        row = int(np.argmax(indptr[1:] < indptr[:-1]))
        faults.add(f"must not decrease, but does after row {row}", place=f"{name}.indptr")
    elif indptr[-1] > stored:
        faults.add(f"must not end beyond the {stored} entries stored", place=f"{name}.indptr", given=int(indptr[-1]))
    faults.raise_if_any()
    used = given.indices[: indptr[-1]]
    if len(used) and (used.min() < 0 or used.max() >= columns):
        for entry in np.flatnonzero((used < 0) | (used >= columns))[:_LISTED]:
            place = f"{name}.indices[{entry}]"
            faults.add(f"must be at least 0 and below {columns}", place=place, given=int(used[entry]))
    faults.raise_if_any()


def _check_parts(given: SparseRows, name: str, faults: Faults) -> None:
    """Check shape, and that each part is a plain array of fitting numbers."""
    shape: object = given.shape
    if (
        not isinstance(shape, tuple)
        or len(shape) != 2
        or not all(is_whole_number(side) and side >= 0 for side in shape)
    ):
        faults.add("must have two dimensions", place=f"{name}.shape", given=shape)
    for part in ("indptr", "indices", "data"):
        array: object = getattr(given, part)
        if not isinstance(array, np.ndarray) or array.ndim != 1:
            faults.add("must be an array of one dimension", place=f"{name}.{part}", given=array)
        elif part != "data" and not (array.dtype.kind in "iu" and np.can_cast(array.dtype, np.int64)):
            faults.add(f"must be whole numbers that fit int64, not {array.dtype}", place=f"{name}.{part}")
