"""Writing to standard output, so that a reader who goes away is noticed."""

from __future__ import annotations

import sys

__all__ = ["write_out"]

#: Characters written at a time. Unbuffered streams drop the rest of a write that was cut short; the next one fails.
_PIECE = 16_384


def write_out(text: str) -> None:
    """Write text to standard output.

    Raises
    ------
    BrokenPipeError
        When nobody reads it any more.
    """
    for start in range(0, len(text), _PIECE):
        sys.stdout.write(text[start : start + _PIECE])
    sys.stdout.flush()
