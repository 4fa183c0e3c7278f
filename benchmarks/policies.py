"""Every baseline over the scenario suite: the leaderboard.

    python benchmarks/policies.py            # shows the table
    python benchmarks/policies.py --write    # writes results/leaderboard.md and results/leaderboard.json

Runs in one process. `--suite S4,S5` and `--policies c_mu,max_weight` run less.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from routematch.experiments.benchmarking import Benchmark, benchmark
from routematch.experiments.suite import cases, usual_makers
from routematch.report import Column, Table, markdown

RESULTS = Path(__file__).parent / "results"


def standings(found: Benchmark) -> Table:
    """Return for each policy in how many cases it leads, beats and loses to first come first served."""
    rows = []
    for name in found.policies:
        leads = beats = loses = 0
        shares = []
        for result in found.results:
            mine = result.values[name]
            best = max(float(values.mean()) for values in result.values.values())
            leads += float(mine.mean()) >= best - 1e-12
            if name != "first_come_first_served":
                change = mine - result.plain
                half = 2.0 * float(change.std(ddof=1)) / len(change) ** 0.5
                beats += float(change.mean()) > half
                loses += float(change.mean()) < -half
            shares.append((float(mine.mean()) - result.oracle.nobody) / (result.oracle.value - result.oracle.nobody))
        seconds = sum(result.seconds[name] for result in found.results)
        rows.append((name, leads, beats, loses, sum(shares) / len(shares), min(shares), seconds))
    rows.sort(key=lambda row: -row[4])
    columns = (
        Column("Policy"),
        Column("Best in", "count"),
        Column("Above first come", "count"),
        Column("Below first come", "count"),
        Column("Mean P", "share"),
        Column("Lowest P", "share"),
        Column("Run time", "seconds"),
    )
    note = (
        "P is the share of the way from nobody served to the oracle. Above and below: by more than two standard errors."
    )
    return Table(f"Standings over {len(found.results)} cases", columns, tuple(rows), note=note)


def where(found: Benchmark) -> Table:
    """Return for each case the best policy, the worst, and how best_match does against first come first served."""
    rows = []
    for result in found.results:
        order = sorted(result.values, key=lambda name, r=result: -float(r.values[name].mean()))
        match = result.share("best_match").share if "best_match" in result.values else None
        change = float((result.values.get("best_match", result.plain) - result.plain).mean())
        rows.append((result.label, result.name, result.oracle.rung, order[0], order[-1], match, change))
    columns = (
        Column("Case"),
        Column("Name"),
        Column("Oracle"),
        Column("Best"),
        Column("Worst"),
        Column("best_match: share", "share"),
        Column("best_match against first come", "amount", is_difference=True),
    )
    return Table("Who wins where, and where best_match loses", columns, tuple(rows))


def page(found: Benchmark, seconds: float) -> str:
    """Return the leaderboard as Markdown."""
    questions = [(case.label, case.question, case.replications, case.hash) for case in cases("all")]
    labels = {result.label for result in found.results}
    heads = (Column("Case"), Column("Question"), Column("Replications", "count"), Column("Hash"))
    asked = Table("The cases", heads, tuple(row for row in questions if row[0] in labels))
    about = ", ".join(f"{name} {told}" for name, told in found.about.items())
    parts = [
        "# Leaderboard: policies over the scenario suite",
        (
            "Made by `python benchmarks/policies.py --write`; all numbers are in `leaderboard.json`, which "
            "`routematch benchmark --verify benchmarks/results/leaderboard.json` runs again."
        ),
        (
            f"{about}. {seconds:.0f} s in one process on a machine that others used at the same time: trust ratios of "
            "times. A case with an `r` has log-normal handle times, early and late leavers, swelling arrivals."
        ),
        *(markdown(table) for table in (standings(found), where(found), asked, found.detail())),
    ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Run and show, or write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--suite", default="all")
    parser.add_argument("--policies", default="")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    names = [name for name in chosen.policies.split(",") if name]
    begun = time.perf_counter()
    found = benchmark(
        names or usual_makers(),
        chosen.suite,
        on_progress=lambda done, all_, label: print(f"{done}/{all_} {label}", file=sys.stderr, flush=True),
    )
    written = page(found, time.perf_counter() - begun)
    if not chosen.write:
        print(written)
        return
    (RESULTS / "leaderboard.json").write_text(json.dumps(found.to_data(), indent=1) + "\n", encoding="utf-8")
    (RESULTS / "leaderboard.md").write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
