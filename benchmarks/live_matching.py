"""Measure single events of a live matching: a row comes, goes or changes, an agent's capacity changes.

Times are processor time of each event, in microseconds, beside a fresh solve of the same problem and beside
``(row - price).argmax()`` over a row of the length stored, the least a greedy rule would do. At the end the live
matching is compared with a fresh solve. With ``--write`` the table is stored in ``benchmarks/results``.
"""

from __future__ import annotations

import argparse
import gc
import os
import time
from collections.abc import Callable
from pathlib import Path

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import numpy as np
from scipy.sparse import csr_array

from routematch.solvers import AssignmentProblem, LiveMatching, solve

#: Rows, agents, pairs per row.
CASES = [
    (80, 100, 100),
    (800, 1_000, 50),
    (1_200, 1_000, 50),
    (200, 10_000, 500),
    (4_000, 10_000, 500),
    (5_500, 5_000, 250),
]


def microseconds(action: Callable[..., object], *arguments: object, **named: object) -> float:
    """Return the processor time of one call."""
    start = time.process_time()
    action(*arguments, **named)
    return (time.process_time() - start) * 1e6


def run(rows: int, agents: int, pairs: int, events: int) -> list[str]:
    """Let random events happen to a live matching and return the lines of the table."""
    draw = np.random.default_rng(1)

    def values() -> tuple[np.ndarray, np.ndarray]:
        return np.sort(draw.choice(agents, pairs, replace=False)), draw.integers(1, 10**6, pairs).astype(float)

    given = [values() for _ in range(rows)]
    start = np.arange(rows + 1) * pairs
    matrix = csr_array(
        (np.concatenate([row[1] for row in given]), np.concatenate([row[0] for row in given]), start),
        shape=(rows, agents),
    )
    live = LiveMatching(AssignmentProblem(matrix, np.ones(agents, int), resolution=1.0))
    took: dict[str, list[float]] = {"row comes": [], "row goes": [], "row changes": [], "capacity changes": []}
    gc.collect()
    gc.disable()
    for _ in range(events):
        chosen, value = values()
        took["row comes"].append(microseconds(live.add_row, value, agents=chosen))
        row = int(draw.choice(live.rows))
        took["row goes"].append(microseconds(live.remove_row, row))
        row = int(draw.choice(live.rows))
        chosen, value = values()
        took["row changes"].append(microseconds(live.change_row, row, value, agents=chosen))
        agent, units = int(draw.integers(agents)), int(draw.integers(0, 3))
        took["capacity changes"].append(microseconds(live.set_capacity, agent, units))
    gc.enable()
    problem = live.problem()
    fresh = microseconds(solve, problem)
    agree = solve(problem).value == live.value and live.is_proven()
    one, other = draw.random(pairs), draw.random(pairs)
    greedy = min(microseconds(lambda: [(one - other).argmax() for _ in range(1000)]) for _ in range(5)) / 1000
    name, verdict = f"{rows} x {agents}, {pairs} pairs a row", "equal, proven" if agree else "WRONG"
    lines = []
    for kind, times in took.items():
        middle, high = np.percentile(times, [50, 99])
        lines.append(
            f"| {name} | {kind} | {middle:.0f} | {high:.0f} | {middle / greedy:.0f} / {high / greedy:.0f} "
            f"| {fresh / 1e3:.1f} | {fresh / middle:.0f} / {fresh / high:.0f} | {verdict} |"
        )
    return lines


def main() -> None:
    """Run all cases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    lines = [
        "| rows x agents | event | median us | 99th % us | / greedy argmax | fresh solve ms | fresh / event | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for case in CASES:
        lines += run(*case, given.events)
    table = "\n".join(lines)
    print(table)
    if given.write:
        head = f"# Live matching\n\nMade by `python benchmarks/live_matching.py --events {given.events}`.\n\n"
        place = Path(__file__).parent / "results" / "live-matching.md"
        place.write_text(f"{head}{table}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
