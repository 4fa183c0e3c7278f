"""What goes wrong, said in one calm message: no traceback, and an exit status that scripts can read."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from routematch.cli.harmless import harmless
from routematch.errors import LISTED_FAULTS, InvalidInputError, MissingExtraError, RoutematchError, shorten

__all__ = ["BROKEN_PIPE", "INTERRUPTED", "WRONG_INPUT", "settle", "what_raised"]

WRONG_INPUT = 2
INTERRUPTED = 130
BROKEN_PIPE = 141

_LONGEST_MESSAGE = 500
_HERE = str(Path(__file__).parent)


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
        return _settled(work, source)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BaseException as error:  # noqa: BLE001 - plugged-in code may raise anything, also while its message is made
        _say(f"stopped by an unexpected error: {what_raised(error)}")
        return WRONG_INPUT


def what_raised(error: BaseException) -> str:
    """Return type, message and line of what somebody's code raised, in one line."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "importlib" not in frame.filename and not frame.filename.startswith(_HERE)]
    where = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - a broken __str__ must not hide what was raised
        message = "its message cannot be shown"
    if len(message) > _LONGEST_MESSAGE:
        message = shorten(message, limit=_LONGEST_MESSAGE)
    return harmless(f"{type(error).__name__}: {message}{where}")


def _settled(work: Callable[[], int], source: str) -> int:
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
