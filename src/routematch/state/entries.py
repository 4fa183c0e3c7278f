"""Reading what a caller hands over as a sequence: any iterable, once, and never without an end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TypeVar

from routematch.errors import Faults, LimitExceededError

__all__ = ["read_entries"]

Entry = TypeVar("Entry")


def read_entries(given: Iterable[Entry], *, place: str, noun: str, most: int) -> list[Entry]:
    """Read a sequence of nouns into a list.

    Parameters
    ----------
    given : iterable
        Not text and not a mapping.
    place : str
        Name of the argument.
    noun : str
        What its entries must be, for the message.
    most : int
        Most entries; of an endless iterable one more is read.

    Returns
    -------
    list

    Raises
    ------
    InvalidInputError
        When it cannot be read.
    LimitExceededError
        When there are more than `most`.
    """
    faults = Faults()
    read: list[Entry] = []
    if isinstance(given, str | bytes | bytearray | Mapping):
        faults.add(f"must be a sequence of {noun}", place=place, given=given)
    else:
        try:
            read = list(islice(given, most + 1))
        except Exception:  # noqa: BLE001 - a caller's own iterable may raise anything
            faults.add(f"must be a sequence of {noun}", place=place, given=given)
    faults.raise_if_any()
    if len(read) > most:
        message = f"at most {most} {place} in one call"
        raise LimitExceededError(message)
    return read
