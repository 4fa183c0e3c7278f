"""Measure single events of a live matching: a row comes, goes or changes, an agent's capacity changes.

Times are processor time of each event, in microseconds, beside a fresh solve of the same problem and beside
``(value - price).argmax()``, the least a greedy rule would do with a row of the same stored length: called once after
each event under the same clock, on the row that just changed. A hot loop of such calls is faster; it is stated too. At
the end the live matching is compared with a fresh solve. With ``--write`` the table is stored in
``benchmarks/results``.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import attrs
import numpy as np
from scipy.sparse import csr_array

from routematch.solvers import AssignmentProblem, LiveMatching, solve

Row = tuple[np.ndarray, np.ndarray]

#: What the columns of the table mean.
LEGEND = """Times are processor time on one core. *median* and *99th %* are those of single events. *greedy* is the
median of single calls of `(value - price).argmax()` over a row of the same stored length, made between the events;
*loop* is one such call in a hot loop. The ratios are those of median and 99th percentile to *greedy*. *% of fresh* is
the 99th percentile beside a fresh solve of the last problem. "Equal, proven" means that the value at the end is that of
the fresh solve, and that the prices kept prove it."""


@attrs.frozen
class Case:
    """Rows, agents and pairs per row at the start; whether rows have classes and groups with caps."""

    rows: int
    agents: int
    pairs: int
    constrained: bool = False

    def __str__(self) -> str:
        """Return the name for the table."""
        pairs = "all" if self.pairs == self.agents else f"{self.pairs}"
        return f"{self.rows} x {self.agents}, {pairs} pairs a row" + (", classes and caps" if self.constrained else "")


CASES = [
    Case(80, 100, 100),
    Case(800, 1_000, 50),
    Case(1_200, 1_000, 50),
    Case(1_200, 1_000, 50, constrained=True),
    Case(200, 10_000, 500),
    Case(4_000, 10_000, 500),
    Case(1_000, 10_000, 10_000),
    Case(5_500, 5_000, 250),
    Case(10_500, 10_000, 500),
]


class Story:
    """A live matching with rows drawn at random, and how long its events took."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.draw = np.random.default_rng(1)
        given = [self.values() for _ in range(case.rows)]
        start = np.arange(case.rows + 1) * case.pairs
        columns = (np.concatenate([row[1] for row in given]), np.concatenate([row[0] for row in given]), start)
        extra = {}
        if case.constrained:
            extra["priority"] = self.draw.integers(0, 3, case.rows)
            extra["row_group"] = self.draw.integers(-1, 2, case.rows)
            extra["group_capacity"] = self.draw.integers(0, 2, (case.agents, 2))
        matrix = csr_array(columns, shape=(case.rows, case.agents))
        problem = AssignmentProblem(matrix, np.ones(case.agents, int), resolution=1.0, **extra)
        self.live = LiveMatching(problem)
        self.took: dict[str, list[float]] = {}
        self.greedy: list[float] = []

    def values(self) -> Row:
        """Draw agents and values of a row."""
        case, draw = self.case, self.draw
        return np.sort(draw.choice(case.agents, case.pairs, replace=False)), draw.integers(1, 10**6, case.pairs) * 1.0

    def membership(self) -> dict[str, int]:
        """Draw class and group of a row, where there are such."""
        if not self.case.constrained:
            return {}
        return {"priority": int(self.draw.integers(0, 3)), "group": int(self.draw.integers(-1, 2))}

    def note(self, kind: str, event: Callable[..., object], *given: object, **named: object) -> None:
        """Let an event happen and note its time."""
        self.took.setdefault(kind, []).append(microseconds(event, *given, **named))

    def compare(self, value: np.ndarray) -> None:
        """Note the time of a greedy choice over a row of that length."""
        price = self.draw.random(len(value))
        self.greedy.append(microseconds(greedy_choice, value, price))

    def tell(self, events: int) -> None:
        """Let so many rows come, go and change, and as many capacities change."""
        live, case, draw = self.live, self.case, self.draw
        for _ in range(events):
            chosen, value = self.values()
            agents = None if case.pairs == case.agents else chosen
            self.note("row comes", live.add_row, value, agents=agents, **self.membership())
            self.compare(value)
            self.note("row goes", live.remove_row, int(draw.choice(live.rows)))
            chosen, value = self.values()
            agents = None if case.pairs == case.agents else chosen
            row = int(draw.choice(live.rows))
            self.note("row changes", live.change_row, row, value, agents=agents, **self.membership())
            self.compare(value)
            self.note("capacity changes", live.set_capacity, int(draw.integers(case.agents)), int(draw.integers(0, 3)))


def greedy_choice(value: np.ndarray, price: np.ndarray) -> int:
    """Return the agent that offers the most, whoever it serves already."""
    return int((value - price).argmax())


def microseconds(action: Callable[..., object], *given: object, **named: object) -> float:
    """Return the processor time of one call."""
    start = time.process_time_ns()
    action(*given, **named)
    return (time.process_time_ns() - start) / 1e3


def run(case: Case, events: int) -> Iterator[str]:
    """Let random events happen to a live matching and return the lines of the table."""
    story = Story(case)
    gc.collect()
    gc.disable()
    story.tell(events)
    gc.enable()
    problem = story.live.problem()
    start = time.process_time()
    fresh = solve(problem)
    took = (time.process_time() - start) * 1e6
    agree = fresh.is_optimal and fresh.value == story.live.value and story.live.is_proven()
    one, other = story.draw.random(case.pairs), story.draw.random(case.pairs)
    loop = min(microseconds(lambda: [greedy_choice(one, other) for _ in range(1000)]) for _ in range(5)) / 1000
    greedy = float(np.median(story.greedy))
    for kind, times in story.took.items():
        middle, high = np.percentile(times, [50, 99])
        yield (
            f"| {case} | {kind} | {middle:.0f} | {high:.0f} | {greedy:.1f} ({loop:.1f}) "
            f"| {middle / greedy:.0f} / {high / greedy:.0f} | {took / 1e3:.1f} | {100 * high / took:.2f} "
            f"| {'equal, proven' if agree else 'WRONG'} |"
        )


def main() -> None:
    """Run all cases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300, help="how often each of the four events happens")
    parser.add_argument("--write", action="store_true", help="store the table in benchmarks/results")
    given = parser.parse_args()
    lines = [
        "| rows x agents | event | median us | 99th % us | greedy (loop) us | ratios | fresh solve ms | % of fresh | |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines))
    for case in CASES:
        for line in run(case, given.events):
            print(line, flush=True)
            lines.append(line)
    if given.write:
        versions = f"Python {platform.python_version()}, numpy {np.__version__}"
        made = f"Made by `python benchmarks/live_matching.py --events {given.events}` with {versions}."
        place = Path(__file__).parent / "results" / "live-matching.md"
        place.write_text(f"# Live matching\n\n{made}\n\n{LEGEND}\n\n" + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
