"""The matching problem in which conversations take different amounts of an agent's capacity.

Every agent has a budget of whole units, every pair costs some of them, and counts of conversations that carry a name
(a channel or a label) may be capped per agent. A conversation may carry several names, so caps can overlap. Everything
is checked once, at construction, and every fault is reported together.

>>> problem = MixedProblem(value=[[0.9, 0.4], [0.8, 0.1]], cost=[[6, 6], [2, 2]], budget=[6, 5])
>>> problem.shape
(2, 2)
>>> MixedProblem(value=[[0.9, float("nan")]], cost=[[1, -1]], budget=[1, -1])
Traceback (most recent call last):
routematch.errors.InvalidInputError: 3 faults in the input:
  must be finite or -inf, got nan @ value[0, 1]
  must be at least 0, got -1 @ cost[0, 1]
  must be at least 0, got -1 @ budget[1]
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

import numpy as np
from attrs import field, frozen
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, issparse

from routematch.errors import Faults, InvalidInputError
from routematch.solvers.arguments import as_int64, read_array, step_size, too_large
from routematch.solvers.compressed import SparseRows, check_compressed_rows
from routematch.solvers.problem import DEFAULT_RESOLUTION

__all__ = ["MixedProblem"]

#: A pair costs fewer units than this, so that sums of units are exact in 64-bit integers.
LARGEST_UNITS = 2**31

#: The sum of all rows' largest amounts, in steps of the resolution, stays below this: exact in float64.
LARGEST_TOTAL = 2**52

_LISTED = 100

Scalar = TypeVar("Scalar", bound=np.generic)


@frozen(eq=False, init=False)
class MixedProblem:
    """Rows to be matched with agents whose budget they use up at different rates, or held.

    A pair may be used when its value is at least the hold of its row (after rounding both to `resolution`). The best
    matching maximises the value of the served rows, minus the unit costs used, plus the hold of the held rows.

    Parameters
    ----------
    value : array_like of float, shape (C, A), or sparse array
        Value of each pair. Minus infinity means ineligible. In the sparse form the stored entries are the eligible
        pairs, explicit zeros included.
    cost : array_like of int, shape (C, A) or (entries stored in value,)
        Units of the agent's budget that the pair takes; 0 is allowed. The one-dimensional form goes with a value in
        compressed sparse rows, entry by entry.
    budget : array_like of int, shape (A,)
        Free units of each agent.
    hold : float or array_like of float, shape (C,)
        What a row is worth when it is held.
    priority : array_like of int, shape (C,), optional
        Larger comes first, strictly: as many as possible of the highest class are served, then of the next, and among
        all such matchings the one of greatest value is taken. A pair below hold is never used.
    unit_cost : array_like of float, shape (A, K), optional
        Charge for the agent's first, second, ... further conversation, whatever units it takes; non-decreasing along a
        row. The last column repeats beyond K.
    membership : array_like of bool, shape (C, L), or sparse array, optional
        Which capped names a row carries; any number of them.
    cap : array_like of int, shape (A, L), optional
        How many rows with that name the agent may still take, -1 for no cap. Needed exactly when `membership` is given.
    resolution : float
        Everything is rounded once to whole multiples of it and is exact from there on.

    Attributes
    ----------
    value : csr_array of float64, shape (C, A)
        The eligible pairs, sorted by column in each row.
    cost : ndarray of int64, shape (entries,)
        Units of each entry of `value`.
    membership : csr_array of bool, shape (C, L)
    cap : ndarray of int64, shape (A, L)

    Raises
    ------
    InvalidInputError
        When anything is wrong; every fault is listed with its place.
    """

    value: csr_array = field(repr=False)
    cost: NDArray[np.int64] = field(repr=False)
    budget: NDArray[np.int64]
    hold: NDArray[np.float64]
    priority: NDArray[np.int64] | None
    unit_cost: NDArray[np.float64] | None = field(repr=False)
    membership: csr_array = field(repr=False)
    cap: NDArray[np.int64] = field(repr=False)
    resolution: float

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of the problem
        self,
        value: ArrayLike | SparseRows,
        cost: ArrayLike,
        budget: ArrayLike,
        hold: ArrayLike = 0.0,
        priority: ArrayLike | None = None,
        unit_cost: ArrayLike | None = None,
        membership: ArrayLike | SparseRows | None = None,
        cap: ArrayLike | None = None,
        resolution: float = DEFAULT_RESOLUTION,
    ) -> None:
        checks = _Checks()
        values, costs = checks.pairs(value, cost)
        rows, agents = values.shape
        names, caps = checks.caps(membership, cap, rows, agents)
        self.__attrs_init__(
            value=values,
            cost=costs,
            budget=checks.integers(budget, "budget", (agents,), at_least=0),
            hold=checks.hold(hold, rows),
            priority=None if priority is None else checks.integers(priority, "priority", (rows,)),
            unit_cost=None if unit_cost is None else checks.unit_cost(unit_cost, agents),
            membership=names,
            cap=caps,
            resolution=step_size(resolution, checks.faults),
        )
        if not checks.faults:
            checks.range(values, self.hold, self.unit_cost, self.resolution)
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

    def pairs(self, value: ArrayLike | SparseRows, cost: ArrayLike) -> tuple[csr_array, NDArray[np.int64]]:
        """Return the eligible pairs in compressed sparse rows and the units of each."""
        rows, columns, data, shape = self._entries(value)
        units = self._units(cost, rows, columns, shape, aligned=issparse(value))
        self._refuse(~(data < np.inf), data, "value[{}, {}]", "must be finite or -inf", rows, columns)
        self._refuse(units < 0, units, "cost[{}, {}]", "must be at least 0", rows, columns)
        self._refuse(units >= LARGEST_UNITS, units, "cost[{}, {}]", "must be below 2^31", rows, columns)
        eligible = data > -np.inf
        rows, columns, data, units = rows[eligible], columns[eligible], data[eligible], units[eligible]
        order = np.lexsort((columns, rows))
        rows, columns = rows[order], columns[order]
        twice = (np.diff(rows) == 0) & (np.diff(columns) == 0)
        self._refuse(twice, None, "value[{}, {}]", "is stored twice", rows, columns)
        start = np.zeros(shape[0] + 1, np.int64)
        np.cumsum(np.bincount(rows, minlength=shape[0]), out=start[1:])
        return csr_array((data[order], columns, start), shape=shape), _read_only(units[order])

    def _entries(
        self, value: ArrayLike | SparseRows
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], tuple[int, int]]:
        if issparse(value):
            stored = self._rows_of(cast(SparseRows, value), "value")
            rows = np.repeat(np.arange(stored.shape[0]), np.diff(stored.indptr))
            columns, data, shape = stored.indices[: len(rows)], stored.data[: len(rows)], stored.shape
        else:
            dense = self._array(value, "value")
            if dense.ndim != 2:
                self.faults.add("must be a matrix, one row per conversation", place="value", given=dense.shape)
                self.faults.raise_if_any()
            shape = dense.shape
            rows, columns = np.divmod(np.arange(dense.size), max(1, shape[1]))
            data = dense.ravel()
        if data.dtype.kind not in "biuf":
            self.faults.add("must be real numbers", place="value", given=str(data.dtype))
            self.faults.raise_if_any()
        return rows.astype(np.int64), columns.astype(np.int64), data.astype(np.float64), (int(shape[0]), int(shape[1]))

    def _units(
        self,
        cost: ArrayLike,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        shape: tuple[int, int],
        *,
        aligned: bool,
    ) -> NDArray[np.int64]:
        units = self._array(cost, "cost")
        fits = units.shape == shape or (aligned and units.shape == rows.shape)
        if not fits or (units.dtype.kind not in "iu" and units.size):
            allowed = f"{shape} or {rows.shape}" if aligned else f"{shape}"
            self.faults.add(f"must be whole numbers of shape {allowed}, not {units.dtype} {units.shape}", place="cost")
            return np.zeros(len(rows), np.int64)
        return as_int64(units[rows, columns] if units.ndim == 2 else units)

    def caps(
        self, membership: ArrayLike | SparseRows | None, cap: ArrayLike | None, rows: int, agents: int
    ) -> tuple[csr_array, NDArray[np.int64]]:
        """Return the names each row carries and the caps of each agent, empty ones where none are given."""
        nothing = csr_array((rows, 0), dtype=np.bool_), np.zeros((agents, 0), np.int64)
        if membership is None or cap is None:
            if (membership is None) != (cap is None):
                place = "cap" if cap is None else "membership"
                self.faults.add("membership and cap must be given together", place=place)
            return nothing
        names = (
            self._rows_of(cast(SparseRows, membership), "membership")
            if issparse(membership)
            else self._array(membership, "membership")
        )
        if names.ndim != 2 or names.shape[0] != rows or (names.dtype != np.bool_ and 0 not in names.shape):
            shown = f"{names.dtype} {names.shape}"
            self.faults.add(f"must be booleans of shape ({rows}, names), not {shown}", place="membership")
            return nothing
        carried = csr_array(names, dtype=np.bool_)
        carried.sum_duplicates()
        carried.eliminate_zeros()
        return carried, self.integers(cap, "cap", (agents, int(names.shape[1])), at_least=-1)

    def integers(
        self, given: ArrayLike, name: str, shape: tuple[int, ...], at_least: int | None = None
    ) -> NDArray[np.int64]:
        """Return whole numbers of that shape."""
        array = self._array(given, name)
        if array.shape != shape or (array.dtype.kind not in "iu" and array.size):
            self.faults.add(f"must be whole numbers of shape {shape}, not {array.dtype} {array.shape}", place=name)
            return np.zeros(shape, np.int64)
        self._refuse_at(too_large(array), array, name, "must be below 2^63")
        if at_least is not None:
            self._refuse_at(array < at_least, array, name, f"must be at least {at_least}")
        return _read_only(as_int64(array) if at_least is None else np.minimum(as_int64(array), LARGEST_TOTAL))

    def hold(self, given: ArrayLike, rows: int) -> NDArray[np.float64]:
        """Return one finite number per row."""
        array = self._array(given, "hold")
        if array.shape not in {(), (rows,)} or (array.dtype.kind not in "iuf" and array.size):
            self.faults.add(f"must be one number, or one for each of the {rows} rows", place="hold")
            return np.zeros(rows)
        held = np.broadcast_to(array.astype(np.float64), (rows,))
        self._refuse(~np.isfinite(held), held, "hold[{}]", "must be finite", np.arange(rows))
        return _read_only(held)

    def unit_cost(self, given: ArrayLike, agents: int) -> NDArray[np.float64]:
        """Return the charges, finite and non-decreasing along each agent."""
        array = self._array(given, "unit_cost")
        if array.ndim != 2 or len(array) != agents or (array.dtype.kind not in "iuf" and array.size):
            shown = f"{array.dtype} {array.shape}"
            self.faults.add(f"must be numbers, one row for each of the {agents} agents, not {shown}", place="unit_cost")
            return np.zeros((agents, 0))
        charges = array.astype(np.float64)
        for agent, count in np.argwhere(~np.isfinite(charges))[:_LISTED]:
            self.faults.add("must be finite", place=f"unit_cost[{agent}, {count}]", given=float(charges[agent, count]))
        for agent, count in np.argwhere(charges[:, 1:] < charges[:, :-1])[:_LISTED]:
            self.faults.add("must not be below the charge before", place=f"unit_cost[{agent}, {count + 1}]")
        return _read_only(charges)

    def range(
        self,
        value: csr_array,
        hold: NDArray[np.float64],
        unit_cost: NDArray[np.float64] | None,
        resolution: float,
    ) -> None:
        """Refuse numbers so large, measured in the resolution, that sums would no longer be exact."""
        with np.errstate(over="ignore"):
            largest = np.abs(value.data).max(initial=0.0) + np.abs(hold).max(initial=0.0)
            charge = 0.0 if unit_cost is None else np.abs(unit_cost).max(initial=0.0)
            total = (largest + charge) / resolution * max(1, value.shape[0])
        if total >= LARGEST_TOTAL:
            self.faults.add(
                "values, holds and unit costs are too large to be summed exactly in steps of the resolution",
                place="resolution",
                given=resolution,
            )

    def _refuse_at(self, wrong: NDArray[np.bool_], given: NDArray[Any], name: str, message: str) -> None:
        for at in np.argwhere(wrong)[:_LISTED]:
            self.faults.add(message, place=f"{name}[{', '.join(map(str, at))}]", given=given[tuple(at)].item())

    def _refuse(
        self,
        wrong: NDArray[np.bool_],
        given: NDArray[np.generic] | None,
        place: str,
        message: str,
        *indices: NDArray[np.int64],
    ) -> None:
        for at in np.flatnonzero(wrong)[:_LISTED]:
            where = place.format(*(int(index[at]) for index in indices))
            if given is None:
                self.faults.add(message, place=where)
            else:
                self.faults.add(message, place=where, given=given[at].item())

    def _rows_of(self, given: SparseRows, name: str) -> csr_array:
        """Return a sparse array of any form in compressed sparse rows, when its parts fit together."""
        if len(given.shape) != 2:
            self.faults.add("must be a matrix, one row per conversation", place=name, given=given.shape)
            self.faults.raise_if_any()
        if getattr(given, "format", "") == "csr":
            check_compressed_rows(given, name, self.faults)
            used = slice(int(given.indptr[-1]))
            parts = given.data[used], given.indices[used].astype(np.int64), given.indptr.astype(np.int64)
            return csr_array(parts, shape=given.shape)
        try:
            if hasattr(given, "check_format"):
                given.check_format(full_check=True)
            return csr_array(given)
        except (IndexError, TypeError, ValueError) as error:
            self.faults.add(f"cannot be read as a sparse array ({error})", place=name)
            self.faults.raise_if_any()
            raise

    def _array(self, given: object, name: str) -> NDArray[Any]:
        try:
            return read_array(given, name)
        except InvalidInputError as error:
            self.faults.extend(error.faults)
            self.faults.raise_if_any()
            raise


def _read_only(array: NDArray[Scalar]) -> NDArray[Scalar]:
    view = array.view()
    view.flags.writeable = False
    return view
