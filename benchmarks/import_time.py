"""Measure what `import routematch` costs next to `import numpy`.

Both are imported in fresh processes, in turn, and the processor time each process used is compared with that of an
empty one. Run it with ``python benchmarks/import_time.py``; the aim is a ratio of at most 1.5.
"""

from __future__ import annotations

import resource  # Unix only; counts finer than os.times
import statistics
import subprocess
import sys

ROUNDS = 31
STATEMENTS = {"nothing": "pass", "numpy": "import numpy", "routematch": "import routematch"}


def processor_time(statement: str) -> float:
    """Return the processor time, in seconds, that a fresh interpreter spends on one statement and itself."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure in turns, so that a busy machine slows all alike, and print medians and their ratio."""
    times: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for statement in STATEMENTS.values():
        processor_time(statement)  # writes the bytecode files
    for _ in range(ROUNDS):
        for name, statement in STATEMENTS.items():
            times[name].append(processor_time(statement))
    medians = {name: statistics.median(measured) for name, measured in times.items()}
    for name, median in medians.items():
        print(f"{name:>12} {1000 * median:8.1f} ms of processor time (median of {ROUNDS})")
    start = medians["nothing"]
    whole = medians["routematch"] / medians["numpy"]
    alone = (medians["routematch"] - start) / (medians["numpy"] - start)
    print(f"routematch / numpy: {whole:.2f} for whole processes, {alone:.2f} for the import by itself")


if __name__ == "__main__":
    main()
