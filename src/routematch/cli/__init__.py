"""The command line: route, explain and check an input file, list policies. Needs the extra ``cli``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from routematch.errors import MissingExtraError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; None means those of this process.

    Returns
    -------
    int
        Exit status: 0 fine, 1 `check`: something can never be served, `route`: a plugged-in part failed, 2 wrong input
        or usage, 130 interrupted, 141 the reader of the output went away.
    """
    try:
        from routematch.cli.app import run

        return run(arguments)
    except MissingExtraError as error:
        sys.stderr.write(f"routematch: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
