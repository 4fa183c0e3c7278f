"""Run the command line as ``python -m routematch``."""

import sys

from routematch.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
