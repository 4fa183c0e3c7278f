"""Writing to standard output, so that a reader who goes away is noticed."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator

__all__ = ["native_output_aside", "write_out"]

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


@contextlib.contextmanager
def native_output_aside() -> Iterator[None]:
    """Send to standard error what compiled code prints to standard output, so that it cannot spoil the answer.

    HiGHS, which scipy brings along, sometimes prints a line that no option turns off. Python's own output is left
    alone; where standard output is no file of the system, nothing is done.
    """
    try:
        sys.stdout.flush()
        descriptor = sys.stdout.fileno()
        kept = os.dup(descriptor)
    except (OSError, ValueError, AttributeError):
        yield
        return
    try:
        os.dup2(sys.__stderr__.fileno() if sys.__stderr__ is not None else 2, descriptor)
        yield
    finally:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).fflush(None)  # C keeps what it printed until its buffer is full
        os.dup2(kept, descriptor)
        os.close(kept)
