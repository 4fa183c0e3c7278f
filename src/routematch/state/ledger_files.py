"""Ledgers as tables of others: CSV, Parquet, Arrow, pandas and polars, and back from their columns."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from routematch.errors import Faults, MissingExtraError
from routematch.state.category import Category
from routematch.state.ledger_columns import CATEGORIES, NONE_BEFORE, NUMBERS

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

__all__ = ["arrow_table", "pandas_frame", "polars_frame", "read_columns", "write_csv", "write_parquet"]

Columns = Mapping[str, NDArray[np.generic]]
Categories = Mapping[str, Category]
Window = tuple[float, float]

_WHOLE = {"transfers": 0, "repeats": NONE_BEFORE, "priority": 0}
_DERIVED = ("waited",)
_INSTANTS = ("arrived_at", "answered_at", "ended_at")
#: Arrival plus wait misses the end of the wait by less than this.
_ROUNDING = 1e-5


def write_csv(columns: Columns, path: Path) -> None:
    """Write conversations as CSV."""
    with path.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*(_as_text(array) for array in columns.values()), strict=True))


def _as_text(array: NDArray[np.generic]) -> list[object]:
    """Return entries for CSV: numbers in the shortest form that reads back the same, nothing for NaN."""
    if array.dtype.kind != "f":
        return list(array.tolist())
    shown = array.astype(str).astype(object)  # the shortest form of its own precision
    shown[np.isnan(array)] = None
    return list(shown)


def arrow_table(columns: Columns, categories: Categories, window: Window) -> pa.Table:
    """Return conversations as an Arrow table."""
    try:
        import pyarrow as pa
    except ImportError as error:
        raise MissingExtraError("arrow", "a table of Arrow") from error
    arrays = {}
    for name, array in columns.items():
        if name in categories:
            held = categories[name]
            codes = pa.array(held.codes, mask=held.codes < 0)
            arrays[name] = pa.DictionaryArray.from_arrays(codes, pa.array(held.names, pa.string()))
        else:
            arrays[name] = pa.array(array, from_pandas=True)
    about = json.dumps({"schema": "routematch/ledger/1", "window": window})
    return pa.table(arrays).replace_schema_metadata({"routematch": about})


def write_parquet(columns: Columns, categories: Categories, window: Window, path: Path) -> None:
    """Write conversations as Parquet."""
    table = arrow_table(columns, categories, window)
    from pyarrow import parquet

    parquet.write_table(table, path)


def pandas_frame(columns: Columns, categories: Categories) -> pd.DataFrame:
    """Return conversations as a frame of pandas."""
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtraError("pandas", "a frame of pandas") from error
    frame: dict[str, Any] = dict(columns)
    for name, held in categories.items():
        frame[name] = pd.Categorical.from_codes(held.codes, categories=list(held.names))
    return pd.DataFrame(frame)


def polars_frame(columns: Columns) -> pl.DataFrame:
    """Return conversations as a frame of polars; unknown numbers are null."""
    try:
        import polars as pl
    except ImportError as error:
        raise MissingExtraError("polars", "a frame of polars") from error
    frame: dict[str, Any] = {
        name: pl.Series(name, array.tolist(), pl.String) if array.dtype == np.object_ else pl.Series(name, array)
        for name, array in columns.items()
    }
    return pl.DataFrame(frame).fill_nan(None)


def read_columns(table: Mapping[str, Sequence[object] | NDArray[np.generic]], window: Window | None) -> dict[str, Any]:
    """Return the arguments for `Ledger.of` in columns as `Ledger.columns` gives them, also as text."""
    known = ["id", *CATEGORIES, *NUMBERS, *_DERIVED]
    faults = Faults()
    arguments: dict[str, Any] = {}
    for name, values in table.items():
        if name not in known:
            faults.unknown(name, known=known, what="column")
        elif name == "id":
            arguments["ids"] = [str(value) for value in values]
        elif name in CATEGORIES or name == "ending":
            arguments[name] = [None if _is_nothing(value) else str(value) for value in values]
        else:
            arguments[name] = _numbers(faults, name, values)
    if "arrived_at" not in table:
        faults.add("the column arrived_at is needed")
    faults.raise_if_any()
    if arguments.get("ids") == [str(row) for row in range(len(arguments["arrived_at"]))]:
        del arguments["ids"]
    waited = arguments.pop("waited", None)
    return arguments | {"window": _window(arguments, waited) if window is None else window}


def _window(arguments: Mapping[str, Any], waited: NDArray[np.float64] | None) -> Window | None:
    """Return a window that lasts until those who still wait have waited; None where no instant is left out."""
    instants = np.concatenate([arguments[name] for name in _INSTANTS if name in arguments])
    instants = instants[np.isfinite(instants)]
    if waited is None or len(waited) != len(arguments["arrived_at"]) or not len(instants):
        return None
    last = float(np.nanmax(arguments["arrived_at"] + waited, initial=-np.inf))
    return (float(instants.min()), last) if last > instants.max() + _ROUNDING else None


def _is_nothing(value: object) -> bool:
    return value is None or value == "" or value != value  # noqa: PLR0124 - NaN


def _numbers(faults: Faults, name: str, values: Sequence[object] | NDArray[np.generic]) -> NDArray[np.float64]:
    nothing = _WHOLE.get(name, np.nan)
    try:
        return np.array([nothing if _is_nothing(value) else value for value in values], np.float64)
    except (TypeError, ValueError):
        faults.add("must be numbers", place=name)
        return np.zeros(0)
