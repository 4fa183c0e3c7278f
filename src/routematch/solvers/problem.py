"""The matching problem as plain arrays: what each pairing is worth, and how much each agent can take.

A problem has C rows (conversations) and A columns (agents). A row goes to one agent or is held; an agent takes up to
its capacity. Everything is checked once, at construction, and every fault is reported together.

>>> problem = AssignmentProblem(value=[[0.9, 0.4], [0.8, 0.1]], capacity=[1, 1])
>>> problem.shape
(2, 2)
>>> AssignmentProblem(value=[[0.9, float("nan")]], capacity=[1, -1])
Traceback (most recent call last):
routematch.errors.InvalidInputError: 2 faults in the input:
  must be finite or -inf, got nan @ value[0, 1]
  must be at least 0, got -1 @ capacity[1]
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from attrs import field, frozen
from numpy.typing import ArrayLike, NDArray

from routematch.errors import Faults, InvalidInputError
from routematch.solvers.arguments import as_int64, read_array, step_size, too_large
from routematch.solvers.compressed import SparseRows, check_compressed_rows

__all__ = ["DEFAULT_RESOLUTION", "AssignmentProblem", "SparseRows"]

#: The step to which values are rounded once: small enough for any score, large enough for exact sums.
DEFAULT_RESOLUTION = 2.0**-20

Scalar = TypeVar("Scalar", bound=np.generic)


@frozen(eq=False, init=False)
class AssignmentProblem:
    """Rows to be matched with agents of limited capacity, or held.

    A pair may be used when its value is at least the hold of its row (after rounding both to `resolution`). The best
    matching maximises the value of the served rows, minus the unit costs used, plus the hold of the held rows.

    Parameters
    ----------
    value : array_like of float, shape (C, A), or SparseRows
        Value of each pair. Minus infinity means ineligible. In the sparse form the stored entries are the eligible
        pairs, explicit zeros included. Arrays are not copied: do not change them afterwards.
    capacity : array_like of int, shape (A,)
        How many rows each agent can take; 0 is allowed.
    hold : float or array_like of float, shape (C,)
        What a row is worth when it is held.
    priority : array_like of int, shape (C,), optional
        Larger comes first, strictly: as many as possible of the highest class are served, then of the next, and among
        all such matchings the one of greatest value is taken. A pair below hold is never used.
    eligible : array_like of bool, shape (C, A), optional
        False forbids a pair.
    unit_cost : array_like of float, shape (A, U), optional
        Cost of the agent's first, second, ... further unit, non-decreasing along a row; U is at least the largest
        capacity, or the number of rows where that is smaller. An entry beyond the agent's capacity is only used for
        `Matching.agent_price`.
    row_group : array_like of int, shape (C,), optional
        Group of each row, -1 for none. Groups are disjoint.
    group_capacity : array_like of int, shape (A, G), optional
        How many rows of each group each agent can take. Needed exactly when `row_group` is given.
    resolution : float
        Everything is rounded once to whole multiples of it and is exact from there on.

    Raises
    ------
    InvalidInputError
        When anything is wrong; every fault is listed with its place.
    """

    value: NDArray[np.float64] | SparseRows
    capacity: NDArray[np.int64]
    hold: NDArray[np.float64]
    priority: NDArray[np.int64] | None
    eligible: NDArray[np.bool_] | None = field(repr=False)
    unit_cost: NDArray[np.float64] | None = field(repr=False)
    row_group: NDArray[np.int64] | None = field(repr=False)
    group_capacity: NDArray[np.int64] | None = field(repr=False)
    resolution: float

    def __init__(  # noqa: PLR0913, PLR0917 - one argument per constraint a matching can have
        self,
        value: ArrayLike | SparseRows,
        capacity: ArrayLike,
        hold: ArrayLike = 0.0,
        priority: ArrayLike | None = None,
        eligible: ArrayLike | None = None,
        unit_cost: ArrayLike | None = None,
        row_group: ArrayLike | None = None,
        group_capacity: ArrayLike | None = None,
        resolution: float = DEFAULT_RESOLUTION,
    ) -> None:
        checks = _Checks()
        values = checks.value(value)
        capacities = checks.integers(capacity, "capacity", (None,), at_least=0)
        rows, agents = values.shape
        if len(capacities) != agents and not checks.faults:
            checks.faults.add(f"must have one entry per column of value ({agents})", place="capacity", given=capacities)
        widest = min(rows, int(capacities.max(initial=0)))
        groups = None if row_group is None else checks.integers(row_group, "row_group", (rows,), at_least=-1)
        caps = None if group_capacity is None else checks.integers(group_capacity, "group_capacity", (agents, None), 0)
        checks.groups(groups, caps)
        self.__attrs_init__(
            value=values,
            capacity=capacities,
            hold=checks.hold(hold, rows),
            priority=None if priority is None else checks.integers(priority, "priority", (rows,)),
            eligible=None if eligible is None else checks.eligible(eligible, (rows, agents)),
            unit_cost=None if unit_cost is None else checks.unit_cost(unit_cost, agents, widest),
            row_group=groups,
            group_capacity=caps,
            resolution=step_size(resolution, checks.faults),
        )
        checks.faults.raise_if_any()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and agents, ``(C, A)``."""
        rows, agents = self.value.shape
        return int(rows), int(agents)


class _Checks:
    """Turn arguments into arrays of known type and shape, gathering every fault."""

    def __init__(self) -> None:
        self.faults = Faults()

    def value(self, given: ArrayLike | SparseRows) -> NDArray[np.float64] | SparseRows:
        if not isinstance(given, np.ndarray) and isinstance(given, SparseRows):
            return self._sparse_value(given)
        if hasattr(given, "tocsr"):
            raise InvalidInputError("value must be dense or in compressed sparse rows (call .tocsr())")
        array = self._array(given, "value")
        if array.ndim != 2 or not _is_real(array):
            self.faults.add("must be a matrix of real numbers, one row per conversation", place="value")
            self.faults.raise_if_any()
        values = array.astype(np.float64, copy=False)
        self._refuse(values, "value", allow_minus_infinity=True)
        return _read_only(values)

    def _sparse_value(self, given: SparseRows) -> SparseRows:
        if getattr(given, "format", "csr") != "csr":
            raise InvalidInputError("value must be dense or in compressed sparse rows (call .tocsr())")
        check_compressed_rows(given, "value", self.faults)
        if not _is_real(given.data):
            raise InvalidInputError("value must hold real numbers")
        indptr, indices = given.indptr, given.indices[: given.indptr[-1]]
        ascending = np.ones(len(indices), np.bool_)
        np.greater(indices[1:], indices[:-1], out=ascending[1:])
        ascending[indptr[:-1][np.diff(indptr) > 0]] = True
        for entry in np.flatnonzero(~ascending)[:1] if not ascending.all() else ():
            self._entry(given, int(entry), "columns must be ascending and unique in each row (call .sum_duplicates())")
        data = given.data[: len(indices)].astype(np.float64, copy=False)
        if len(data) and not data.max() < np.inf:
            for entry in np.flatnonzero(~(data < np.inf))[:100]:
                self._entry(given, int(entry), f"must be finite or -inf, got {float(data[entry])}")
        return given

    def _entry(self, given: SparseRows, entry: int, message: str) -> None:
        row = int(np.searchsorted(given.indptr, entry, side="right")) - 1
        self.faults.add(message, place=f"value[{row}, {given.indices[entry]}]")

    def integers(
        self, given: ArrayLike, name: str, shape: tuple[int | None, ...], at_least: int | None = None
    ) -> NDArray[np.int64]:
        array = self._array(given, name)
        if array.size == 0 and array.ndim == 1 and array.dtype == np.float64:
            array = array.astype(np.int64)
        fits = array.ndim == len(shape) and all(
            want is None or want == have for want, have in zip(shape, array.shape, strict=True)
        )
        if not fits or array.dtype.kind not in "iu":
            shown = "x".join("any" if want is None else str(want) for want in shape)
            self.faults.add(f"must be whole numbers of shape {shown}, not {array.dtype} {array.shape}", place=name)
            return np.zeros(tuple(want or 0 for want in shape), np.int64)
        whole = as_int64(array)
        large = too_large(array) if array.dtype == np.uint64 else None
        if large is not None and large.any():
            for index in np.argwhere(large)[:100]:
                place = f"{name}[{', '.join(map(str, index))}]"
                self.faults.add("must be below 2^63", place=place, given=int(array[tuple(index)]))
            whole = np.where(large, 0, whole)
        if at_least is not None and whole.size and whole.min() < at_least:
            for index in np.argwhere(whole < at_least)[:100]:
                place = f"{name}[{', '.join(map(str, index))}]"
                self.faults.add(f"must be at least {at_least}", place=place, given=int(whole[tuple(index)]))
        return _read_only(whole)

    def hold(self, given: ArrayLike, rows: int) -> NDArray[np.float64]:
        array = self._array(given, "hold")
        if array.ndim > 1 or not _is_real(array) or (array.ndim == 1 and len(array) != rows):
            self.faults.add(f"must be one number, or one for each of the {rows} rows", place="hold")
            return np.zeros(rows)
        held = np.broadcast_to(array.astype(np.float64, copy=False), (rows,))
        self._refuse(held, "hold")
        return _read_only(held)

    def eligible(self, given: ArrayLike, shape: tuple[int, int]) -> NDArray[np.bool_]:
        array = self._array(given, "eligible")
        if array.shape != shape or array.dtype != np.bool_:
            self.faults.add(
                f"must be booleans of shape {shape}, not {array.dtype} of shape {array.shape}", place="eligible"
            )
            return np.ones(shape, np.bool_)
        return _read_only(array.astype(np.bool_, copy=False))

    def unit_cost(self, given: ArrayLike, agents: int, widest: int) -> NDArray[np.float64]:
        array = self._array(given, "unit_cost")
        if array.ndim != 2 or not _is_real(array) or len(array) != agents or array.shape[1] < widest:
            self.faults.add(
                f"must be numbers, one row per agent ({agents}) and one column per unit (at least {widest}), "
                f"not {array.dtype} of shape {array.shape}",
                place="unit_cost",
            )
            return np.zeros((agents, 0))
        costs = array.astype(np.float64, copy=False)
        self._refuse(costs, "unit_cost")
        for agent, unit in np.argwhere(costs[:, 1:] < costs[:, :-1])[:100]:
            self.faults.add("must not be below the cost of the unit before", place=f"unit_cost[{agent}, {unit + 1}]")
        return _read_only(costs)

    def groups(self, groups: NDArray[np.int64] | None, caps: NDArray[np.int64] | None) -> None:
        if (groups is None) != (caps is None):
            self.faults.add(
                "row_group and group_capacity must be given together",
                place="group_capacity" if caps is None else "row_group",
            )
        elif groups is not None and caps is not None:
            for row in np.flatnonzero(groups >= caps.shape[1])[:100]:
                self.faults.add(
                    f"must be below the number of groups ({caps.shape[1]})",
                    place=f"row_group[{row}]",
                    given=int(groups[row]),
                )

    def _array(self, given: ArrayLike, name: str) -> NDArray[np.generic]:
        try:
            return read_array(given, name)
        except InvalidInputError as error:
            self.faults.extend(error.faults)
            self.faults.raise_if_any()
            raise

    def _refuse(self, array: NDArray[np.float64], name: str, *, allow_minus_infinity: bool = False) -> None:
        if not array.size or (array.max() < np.inf and (allow_minus_infinity or array.min() > -np.inf)):
            return
        allowed = array < np.inf if allow_minus_infinity else np.isfinite(array)
        what = "must be finite or -inf" if allow_minus_infinity else "must be finite"
        for index in np.argwhere(~allowed)[:100]:
            self.faults.add(what, place=f"{name}[{', '.join(map(str, index))}]", given=float(array[tuple(index)]))


def _is_real(array: NDArray[np.generic]) -> bool:
    return array.dtype.kind in "iuf" or array.size == 0


def _read_only(array: NDArray[Scalar]) -> NDArray[Scalar]:
    view = array.view()
    view.flags.writeable = False
    return view
