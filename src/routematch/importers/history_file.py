"""A log of past conversations from a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from routematch.errors import InvalidInputError, MissingExtraError
from routematch.importers.csv_file import read_csv
from routematch.state import History, read_history

__all__ = ["open_history"]

_PARQUET = frozenset({".parquet", ".pq"})
_ARROW = frozenset({".arrow", ".feather", ".ipc"})


def open_history(
    path: str | Path, *, columns: Mapping[str, str] | None = None, zone: str | None = None, kind: str | None = None
) -> History:
    """Open a log: CSV and other delimited text (also packed), Parquet, or Arrow (extra ``arrow``).

    Parameters
    ----------
    path : str or Path
    columns, zone, kind
        As for `routematch.state.read_history`.

    Returns
    -------
    History

    Raises
    ------
    InvalidInputError
        When it cannot be read, or no column tells when conversations arrived. Dirty rows never raise.
    MissingExtraError
        When Parquet or Arrow is given and pyarrow is not installed.
    """
    place = Path(path)
    if place.suffix.lower() in _PARQUET | _ARROW:
        return read_history(_arrow_table(place), columns=columns, zone=zone, kind=kind, source=place.name)
    table, lines = read_csv(place)
    return read_history(table, columns=columns, zone=zone, kind=kind, source=place.name, lines=lines)


def _arrow_table(path: Path) -> object:
    try:
        import pyarrow as pa
        from pyarrow import feather, parquet
    except ImportError:
        raise MissingExtraError("arrow", f"reading {path.name}") from None
    try:
        # A single file: what its folder is called says nothing about its columns.
        return (
            parquet.read_table(path, partitioning=None) if path.suffix.lower() in _PARQUET else feather.read_table(path)
        )
    except (OSError, pa.ArrowException) as error:
        message = f"cannot be read: {error}"
    raise InvalidInputError(message)
