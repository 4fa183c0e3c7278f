"""Files and standard input as plain data and as an `InputFile`; whatever is wrong with them is a fault with a place."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from routematch.codec import MAX_BYTES, Data, InputFile, from_data, loads
from routematch.errors import Fault, Faults, InvalidInputError, LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["STANDARD_INPUT", "instant_from", "located", "read_data", "read_input", "read_memory"]

STANDARD_INPUT = "-"
_SUFFIXES = {".json": "json", ".toml": "toml"}


def read_input(source: str) -> InputFile:
    """Return the input file at a path, or from standard input.

    Raises
    ------
    InvalidInputError
        Listing every fault.
    LimitExceededError
        When it is too large or nested too deep.
    SchemaVersionError
        When it is written in another version of the form.
    """
    return from_data(read_data(source), InputFile)


def read_memory(source: str) -> Mapping[str, Any]:
    """Return what an earlier plan left behind: its ``memory``, or the plan as it was written with ``--json``."""
    with located(f"--memory {source}"):
        data = read_data(source)
        if isinstance(data, dict) and str(data.get("schema")).startswith("routematch/plan/"):
            data = data.get("memory")
        if not isinstance(data, dict):
            faults = Faults()
            faults.add("must be a mapping: the memory of a plan, or a whole plan", given=data)
            faults.raise_if_any()
    return cast("Mapping[str, Any]", data)


def read_data(source: str) -> Data:
    """Return plain data; JSON or TOML by suffix, by content where the suffix tells nothing."""
    content = _content(source)
    return loads(content, format=_SUFFIXES.get(Path(source).suffix.lower()) or _format_of(content))


def _format_of(content: bytes) -> str:
    """Tell JSON from TOML by the first character: a TOML document never begins with a brace."""
    return "json" if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"{", b""} else "toml"


def _content(source: str) -> bytes:
    """Return all bytes of a file, up to the largest size that is read."""
    if source == STANDARD_INPUT and sys.stdin is None:
        raise InvalidInputError("cannot be read: it is closed")
    try:
        if source == STANDARD_INPUT:
            return _limited(sys.stdin.buffer)
        with Path(source).open("rb") as opened:
            return _limited(opened)
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
    except ValueError as error:  # a path with a NUL character
        message = f"cannot be read: {error}"
    raise InvalidInputError(message)


def _limited(opened: BinaryIO) -> bytes:
    content = opened.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        message = f"the text is longer than {MAX_BYTES:,} bytes, the most that is read"
        raise LimitExceededError(message)
    return content


@contextmanager
def located(label: str) -> Iterator[None]:
    """Say of every fault raised inside that it belongs to this option."""
    try:
        yield
    except InvalidInputError as error:
        joined = (f"{label}: {fault.place}" if fault.place else label for fault in error.faults)
        moved = [Fault(fault.message, place, fault.kind) for fault, place in zip(error.faults, joined, strict=True)]
        raise type(error)(moved) from None


def instant_from(text: str) -> float | datetime:
    """Return POSIX seconds, or a date and time with its zone, as typed.

    Raises
    ------
    InvalidInputError
        When it is neither.
    """
    try:
        return float(text)
    except ValueError:
        pass
    faults = Faults()
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        message = "must be POSIX seconds, or a date and time with its zone, such as 2026-01-31T09:30+01:00"
        faults.add(message, place="--now", given=text)
        faults.raise_if_any()
    assert instant is not None
    return instant
