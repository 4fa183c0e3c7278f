"""What goes wrong, said in one calm message: no traceback, and an exit status that scripts can read."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from routematch.cli.harmless import harmless
from routematch.errors import LISTED_FAULTS, InvalidInputError, MissingExtraError, RoutematchError

__all__ = ["BROKEN_PIPE", "INTERRUPTED", "WRONG_INPUT", "settle"]

WRONG_INPUT = 2
INTERRUPTED = 130
BROKEN_PIPE = 141


def settle(work: Callable[[], int], *, source: str) -> int:
    """Run a command and return its exit status; errors of the library become a message on standard error.

    Parameters
    ----------
    work : callable
        Returns the exit status.
    source : str
        The file it is about, for messages.
    """
    try:
        status = work()
    except BrokenPipeError:
        _abandon_output()
        return BROKEN_PIPE
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    except InvalidInputError as error:
        _say(_faults(error, source))
        return WRONG_INPUT
    except MissingExtraError as error:
        _say(str(error))
        return WRONG_INPUT
    except RoutematchError as error:
        _say(_about(source, harmless(str(error))))
        return WRONG_INPUT
    except OSError as error:
        _say(f"cannot write: {error.strerror or error}")
        _abandon_output()
        return WRONG_INPUT
    except MemoryError:
        _say(_about(source, "there is not enough memory for it"))
        return WRONG_INPUT
    return status


def _faults(error: InvalidInputError, source: str) -> str:
    """Return the message; what is wrong with an option is not blamed on the file."""
    faults = [harmless(str(fault)) for fault in error.faults]
    if all(fault.place.startswith("--") for fault in error.faults):
        source = ""
    if len(faults) == 1:
        return _about(source, faults[0])
    listed = [f"  {fault}" for fault in faults[:LISTED_FAULTS]]
    if len(faults) > LISTED_FAULTS:
        listed.append(f"  ... and {len(faults) - LISTED_FAULTS} more")
    return "\n".join([_about(source, f"{len(faults)} faults in the input:"), *listed])


def _about(source: str, message: str) -> str:
    shown = "standard input" if source == "-" else harmless(source)
    return f"{shown}: {message}" if source else message


def _say(message: str) -> None:
    sys.stderr.write(f"routematch: {message}\n")


def _abandon_output() -> None:
    """Point standard output nowhere, so that nothing is raised again when the process ends."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return
