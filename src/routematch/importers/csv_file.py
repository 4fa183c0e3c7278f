"""Delimited text as columns of words, whatever the delimiter and however ragged the rows; only the standard library."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from routematch.errors import InvalidInputError

__all__ = ["read_csv"]


class Reader(Protocol):
    """What `csv.reader` gives: rows, and the line read last."""

    @property
    def line_num(self) -> int: ...

    def __iter__(self) -> Iterator[list[str]]: ...

    def __next__(self) -> list[str]: ...


_DELIMITERS = ",;\t|"
_UNPACKED: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
}


def read_csv(path: str | Path) -> tuple[dict[str, NDArray[np.object_]], NDArray[np.int64]]:
    """Read delimited text.

    Parameters
    ----------
    path : str or Path
        UTF-8, UTF-16 with its mark, or else taken as Windows-1252; plain, or packed as ``.gz``, ``.bz2``, ``.xz``. The
        delimiter is the one of comma, semicolon, tab and bar that stands most often in the first line.

    Returns
    -------
    columns : dict from str to ndarray of str
        By head; empty where a row is too short. What a row has too much is left out.
    lines : ndarray of int64
        The line of the file on which each row begins, the head being line 1.

    Raises
    ------
    InvalidInputError
        When it cannot be read or has no head.
    """
    text = _decoded(_content(Path(path)))
    # Some spreadsheets name the delimiter on a line of its own.
    told = text[4:5] if text[:4].lower() == "sep=" else ""
    skipped = 1 if told else 0
    body = text.partition("\n")[2] if told else text
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=told or _delimiter(body), skipinitialspace=True)
    try:
        return _columns(reader, skipped)
    except csv.Error as error:
        message = f"cannot be read as CSV: {error} @ line {reader.line_num + skipped}"
    raise InvalidInputError(message)


def _columns(reader: Reader, skipped: int) -> tuple[dict[str, NDArray[np.object_]], NDArray[np.int64]]:
    heads = _distinct([head.strip() for head in next(reader, [])])
    if not any(heads):
        raise InvalidInputError("must begin with a line of column names")
    width = len(heads)
    rows: list[list[str]] = []
    lines: list[int] = []
    began = reader.line_num + 1
    for row in reader:
        if row:
            rows.append(row[:width] if len(row) >= width else row + [""] * (width - len(row)))
            lines.append(began + skipped)
        began = reader.line_num + 1
    table = np.array(rows, dtype=object).reshape(len(rows), width)
    return {head: table[:, place] for place, head in enumerate(heads)}, np.array(lines, dtype=np.int64)


def _distinct(heads: list[str]) -> list[str]:
    """Return heads of which none hides another: those that stand twice are numbered, missing ones named."""
    seen: dict[str, int] = {}
    found = []
    for place, head in enumerate(heads):
        name = head or (f"column {place + 1}" if any(heads) else "")
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def _content(path: Path) -> bytes:
    unpack = _UNPACKED.get(path.suffix.lower())
    try:
        content = path.read_bytes()
        return content if unpack is None else unpack(content)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        message = f"cannot be read: {getattr(error, 'strerror', None) or error}"
    except ValueError as error:  # a path with a NUL character
        message = f"cannot be read: {error}"
    raise InvalidInputError(message)


def _decoded(content: bytes) -> str:
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return content.decode("utf-16", errors="replace").replace("\x00", "")
    try:
        return content.decode("utf-8-sig").replace("\x00", "")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace").replace("\x00", "")


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(_DELIMITERS, key=first.count)
