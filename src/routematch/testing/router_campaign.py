"""Plays random days at routers until so many calls and records were judged.

``python -m routematch.testing.router_campaign --events 10000000 --seed 1`` prints what was played as it goes. A
breach ends it with the number of its day, which ``--day`` plays again and shrinks.
"""

# ruff: noqa: T201 - a command prints
from __future__ import annotations

import argparse
import sys

from routematch.testing.router_machine import Tally, as_text, play_many, shrunken

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign; return 0 when nothing was found.

    Parameters
    ----------
    arguments : list of str, optional
        None: those of the command line.
    """
    parser = argparse.ArgumentParser(prog="python -m routematch.testing.router_campaign", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="calls and records to judge")
    parser.add_argument("--seed", type=int, default=1, help="days of different seeds are different")
    parser.add_argument("--day", type=int, help="shrink one day instead, by its number")
    given = parser.parse_args(arguments)
    if given.day is not None:
        scene, actions, error = shrunken(given.day)
        print(as_text(scene, actions) if error is not None else f"day {given.day} goes well")
        print("" if error is None else f"{type(error).__name__}: {error}")
        return int(error is not None)
    try:
        tally = play_many(given.seed, given.events, said=lambda so_far: print(_line(so_far), flush=True))
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is the finding
        print(f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ()), sep="\n")
        return 1
    print(_line(tally))
    for kind, count in sorted(tally.kinds.items(), key=lambda entry: -entry[1]):
        print(f"  {kind:28}{count:>12,}")
    return 0


def _line(tally: Tally) -> str:
    return (
        f"{tally.events:,} events in {tally.days:,} days, {tally.seconds:,.0f} s of processor time: "
        f"{tally.dispatches:,} decisions asked for, {tally.route_checks:,} compared with route, "
        f"{tally.refused:,} calls refused, {tally.repeated:,} repeated, twins {tally.twins}"
    )


if __name__ == "__main__":
    sys.exit(main())
