"""Tables of any maker as plain columns: mappings of columns, rows of mappings, pandas, polars, Arrow.

Only columns of numbers, of instants and of words come out; what the words mean is for others to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.errors import Faults, InvalidInputError, MissingExtraError, shorten

__all__ = ["Raw", "raw_columns"]


@frozen(eq=False)
class Raw:
    """One column as it came.

    Attributes
    ----------
    name : str
    kind : str
        ``"text"``; ``"number"``; ``"instant"`` (POSIX seconds); ``"local"`` (seconds as if the clock showed UTC).
    values : ndarray, shape (N,)
        Strings (empty where nothing is) of kind text, else float64 (NaN where nothing is).
    """

    name: str
    kind: str
    values: NDArray[np.object_] | NDArray[np.float64]

    def texts(self) -> list[str]:
        """Return the entries as text, whole numbers without a point, nothing as an empty string."""
        if self.kind == "text":
            return list(self.values.tolist())
        return ["" if value != value else f"{value:.15g}" for value in self.values.tolist()]  # noqa: PLR0124 - NaN

    def encoded(self) -> tuple[list[str], NDArray[np.intp]]:
        """Return the distinct entries as text, and which of them each row has: so that each is read once."""
        texts = self.texts()
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        return list(places), np.fromiter(map(places.__getitem__, texts), np.intp, len(texts))


def raw_columns(table: object) -> dict[str, Raw]:
    """Return the columns of a table by name, in its order.

    Parameters
    ----------
    table : object
        A mapping from name to column, an iterable of mappings (one for each row), or a table of pandas, polars,
        Arrow or anything else that narwhals reads (extra ``arrow``).

    Returns
    -------
    dict of Raw

    Raises
    ------
    InvalidInputError
        When it is no table, or its columns differ in length.
    MissingExtraError
        When a foreign table is given and narwhals is not installed.
    """
    if isinstance(table, Mapping):
        columns = {str(name): _from_values(str(name), _listed(name, values)) for name, values in table.items()}
    elif isinstance(table, Sequence) and not isinstance(table, str | bytes):
        columns = _from_rows(table)
    else:
        columns = _from_foreign(table)
    lengths = {name: len(raw.values) for name, raw in columns.items()}
    if len(set(lengths.values())) > 1:
        faults = Faults()
        longest = max(lengths.values())
        for name, length in lengths.items():
            if length != longest:
                faults.add(f"must have {longest} entries like the other columns", place=name, given=length)
        faults.raise_if_any()
    return columns


def _listed(name: object, values: object) -> Sequence[object] | NDArray[np.generic]:
    if isinstance(values, np.ndarray) and values.ndim == 1:
        return values
    if isinstance(values, Iterable) and not isinstance(values, str | bytes | Mapping):
        return list(values)
    faults = Faults()
    faults.add("must be a column: one entry for each row", place=str(name), given=values)
    faults.raise_if_any()
    return []


def _from_rows(rows: Sequence[object]) -> dict[str, Raw]:
    names: dict[str, None] = {}
    read: list[Mapping[str, object]] = []
    for position, row in enumerate(rows):
        if not isinstance(row, Mapping):
            faults = Faults()
            faults.add("must be a mapping from column to entry", place=f"[{position}]", given=row)
            faults.raise_if_any()
            return {}
        names.update(dict.fromkeys(map(str, row)))
        read.append(row)
    return {name: _from_values(name, [row.get(name) for row in read]) for name in names}


def _from_foreign(table: object) -> dict[str, Raw]:
    try:
        import narwhals.stable.v1 as nw
    except ImportError:
        raise MissingExtraError("arrow", "reading tables of pandas, polars and Arrow") from None
    try:
        frame = nw.from_native(table, eager_only=True)
    except TypeError:
        message = (
            f"must be a table: a mapping of columns, rows, or a table of pandas, polars or Arrow, got {shorten(table)}"
        )
        raise InvalidInputError(message) from None
    return {name: _from_series(name, frame[name], nw) for name in frame.columns}


def _from_series(name: str, series: object, nw: object) -> Raw:
    """Bring one column of narwhals over; instants by their zone, all else by what its entries are."""
    dtype = series.dtype  # type: ignore[attr-defined]  # narwhals is optional, so its types are not named here
    if dtype == nw.Datetime:  # type: ignore[attr-defined]
        zoned = getattr(dtype, "time_zone", None) is not None
        seconds = _floats(series.dt.timestamp("us").to_list()) / 1e6  # type: ignore[attr-defined]
        if not zoned:
            return Raw(name, "local", seconds)
        return Raw(name, "instant", seconds)
    return _from_values(name, series.to_list())  # type: ignore[attr-defined]


def _from_values(name: str, values: Sequence[object] | NDArray[np.generic]) -> Raw:
    if isinstance(values, np.ndarray):
        if values.dtype.kind in "iufb":
            return Raw(name, "number", values.astype(np.float64))
        if values.dtype.kind == "M":
            return Raw(name, "local", _seconds_of(values, "datetime64[us]"))
        if values.dtype.kind == "m":
            return Raw(name, "number", _seconds_of(values, "timedelta64[us]"))
        values = list(values.tolist())
    kinds = set(map(type, values)) - {type(None)}
    for wanted, make in _MAKERS:
        if kinds and all(issubclass(kind, wanted) for kind in kinds):
            return make(name, values)
    if kinds == {str}:
        stripped = ["" if value is None else value.strip() for value in values]  # type: ignore[attr-defined]  # strings
        return Raw(name, "text", np.array(stripped, dtype=object))
    return Raw(name, "text", np.array(["" if value is None else str(value).strip() for value in values], dtype=object))


def _seconds_of(values: NDArray[np.generic], unit: str) -> NDArray[np.float64]:
    whole = values.astype(unit)
    seconds: NDArray[np.float64] = np.where(np.isnat(whole), np.nan, whole.astype(np.int64) / 1e6)
    return seconds


def _floats(values: Iterable[object]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)  # type: ignore[arg-type]


def _numbers(name: str, values: Sequence[object]) -> Raw:
    return Raw(name, "number", _floats(values))


def _instants(name: str, values: Sequence[object]) -> Raw:
    """Aware instants are POSIX; where one of them names no zone, all are taken as the clock showed them."""
    given = [value for value in values if isinstance(value, datetime)]
    if all(value.utcoffset() is not None for value in given):
        return Raw(
            name, "instant", _floats(value.timestamp() if isinstance(value, datetime) else None for value in values)
        )
    zero = datetime(1970, 1, 1)  # noqa: DTZ001 - the clock's own zero
    local = (
        (value.replace(tzinfo=None) - zero).total_seconds() if isinstance(value, datetime) else None for value in values
    )
    return Raw(name, "local", _floats(local))


def _days(name: str, values: Sequence[object]) -> Raw:
    zero = date(1970, 1, 1)
    return Raw(
        name, "local", _floats((value - zero).days * 86400.0 if isinstance(value, date) else None for value in values)
    )


def _durations(name: str, values: Sequence[object]) -> Raw:
    return Raw(
        name, "number", _floats(value.total_seconds() if isinstance(value, timedelta) else None for value in values)
    )


_MAKERS: tuple[tuple[type | tuple[type, ...], Callable[[str, Sequence[object]], Raw]], ...] = (
    ((int, float, np.integer, np.floating), _numbers),
    (datetime, _instants),
    (date, _days),
    (timedelta, _durations),
)
