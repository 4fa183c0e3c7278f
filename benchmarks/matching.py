"""Compare the matching engine with what else a Python user can pick, side by side in one run.

Every solver runs in a process of its own, on one core. Time is processor time from the common input (a value matrix in
compressed rows, capacities, holds) to the answer, conversion included, best of the repetitions; memory is the extra
peak above imports and input (read on Linux only). All totals must agree.

    python benchmarks/matching.py                     # some ten minutes
    python benchmarks/matching.py --suite quick       # small instances only
    python benchmarks/matching.py --suite tiny        # 50 x 50, from a full matrix of scores
    python benchmarks/matching.py --suite engines     # every engine on every family, hostile ones too
    python benchmarks/matching.py --write             # stores the table as benchmarks/results/matching-large.md
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import matching_instances as made
import numpy as np
from matching_instances import Instance
from scipy.sparse import csr_array

from routematch.solvers import AssignmentProblem, solve
from routematch.solvers.engines import solve_network
from routematch.solvers.network import build_network
from routematch.solvers.verify import find_tight, is_proven

SUITES: dict[str, list[Callable[[], Instance]]] = {
    "quick": [
        lambda: made.routing(50, 50),
        lambda: made.routing(1000, 1000),
        lambda: made.routing(1000, 150),
        lambda: made.uniform(300),
        lambda: made.geometric(300),
        lambda: made.rank_one(300),
        lambda: made.ties(1000, 1000),
        lambda: made.ladder(1000),
    ],
    "large": [
        lambda: made.routing(3000, 3000),
        lambda: made.routing(10_000, 10_000),
        lambda: made.routing(10_000, 10_000, pair_noise=500),
        lambda: made.routing(10_000, 5_000),
        lambda: made.routing(6_000, 2_000),
        lambda: made.routing(5_000, 1_700),
        lambda: made.routing(3_000, 3_000, pair_noise=300, capacity=(1, 1)),
        lambda: made.routing(10_000, 500),
        lambda: made.uniform(1000),
        lambda: made.geometric(1000),
        lambda: made.rank_one(1000),
        lambda: made.ties(3000, 3000),
        lambda: made.ladder(20_000),
    ],
    "tiny": [
        lambda: made.routing(50, 50),
        lambda: made.uniform(50),
        lambda: made.ties(50, 50, density=0.5),
    ],
    "engines": [
        lambda: made.routing(3000, 3000),
        lambda: made.routing(5_000, 2_500),
        lambda: made.routing(5_000, 1_700),
        lambda: made.routing(3_000, 3_000, pair_noise=300, capacity=(1, 1)),
        lambda: made.routing(5_000, 300),
        lambda: made.uniform(600),
        lambda: made.geometric(600),
        lambda: made.rank_one(600),
        lambda: made.ties(2000, 2000),
        lambda: made.kinds(3_000, 600),
        lambda: made.kinds(10_000, 2_000),
        lambda: made.kinds(10_000, 2_000, same_hold=True),
        lambda: made.capped(made.routing(3_000, 500), groups=500),
        lambda: made.capped(made.kinds(3_000, 500), groups=500),
        lambda: made.capped(made.uniform(300), groups=20),
        lambda: made.ladder(2_000),
        lambda: made.equal(2_000, 1_000),
        lambda: made.wide(1_000, 1_000),
        lambda: made.dominoes(2_000),
    ],
    "huge": [
        lambda: made.thin(500_000, 15_000),
        lambda: made.thin(500_000, 15_000, capacity=(20, 50)),
    ],
}

#: Pairs times capacity beyond which a solver is left out: it would take minutes or gigabytes.
LARGEST = {"networkx": 3_000, "lapx": 12_000_000, "ortools assignment": 6_000_000, "ortools flow": 30_000_000}


def problem_of(instance: Instance) -> AssignmentProblem:
    """Return the problem as a user would write it down."""
    return AssignmentProblem(
        instance.value,
        instance.capacity,
        instance.hold,
        row_group=instance.row_group,
        group_capacity=instance.group_capacity,
        resolution=1.0,
    )


def by_routematch(instance: Instance) -> tuple[float, str]:
    """Solve as a user would: problem, matching, proof, canonical choice."""
    matching = solve(problem_of(instance))
    return matching.value, matching.method if matching.is_optimal else "NOT PROVEN"


def without_canonical(instance: Instance) -> tuple[float, str]:
    """Problem, matching and proof, without the choice among equals."""
    network = build_network(problem_of(instance))
    found = solve_network(network)
    tight = find_tight(network, found.duals)
    proven = is_proven(network, found.pair, found.duals, tight)
    return float(network.value(found.pair)), found.method if proven else "NOT PROVEN"


def by_engine(method: str) -> Callable[[Instance], tuple[float, str]]:
    """Solve by a named engine."""

    def run(instance: Instance) -> tuple[float, str]:
        return solve(problem_of(instance), method=method).value, ""

    return run


def units_of(instance: Instance) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return row, unit and worth of every pair once per unit of its agent, and the first unit of each agent."""
    value = instance.value
    row = np.repeat(np.arange(value.shape[0]), np.diff(value.indptr))
    worth = value.data - instance.hold[row]
    first = np.concatenate([[0], np.cumsum(instance.capacity)])
    count = instance.capacity[value.indices]
    owner = np.repeat(np.arange(len(row)), count)
    unit = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count) + first[value.indices[owner]]
    useful = worth[owner] > 0
    return row[owner][useful], unit[useful], worth[owner][useful], first


def dense_units(instance: Instance) -> np.ndarray:
    """Return worth by row and unit; zero stands for holding."""
    row, unit, worth, first = units_of(instance)
    matrix = np.zeros((instance.value.shape[0], int(first[-1])))
    matrix[row, unit] = worth
    return matrix


def by_scipy_dense(instance: Instance) -> tuple[float, str]:
    """scipy.optimize.linear_sum_assignment on rows and units."""
    from scipy.optimize import linear_sum_assignment

    matrix = dense_units(instance)
    chosen = linear_sum_assignment(matrix, maximize=True)
    return float(matrix[chosen].sum() + instance.hold.sum()), ""


def by_scipy_sparse(instance: Instance) -> tuple[float, str]:
    """scipy.sparse.csgraph.min_weight_full_bipartite_matching on rows and units, with private hold columns."""
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    row, unit, worth, first = units_of(instance)
    rows, units, top = instance.value.shape[0], int(first[-1]), worth.max(initial=0.0)
    data = np.concatenate([top - worth + 1, np.full(rows, top + 1)])
    ends = np.concatenate([row, np.arange(rows)]), np.concatenate([unit, units + np.arange(rows)])
    graph = csr_array((data, ends), shape=(rows, units + rows))
    chosen = min_weight_full_bipartite_matching(graph)[1]
    key = np.sort(row * np.int64(units) + unit)
    order = np.argsort(row * np.int64(units) + unit)
    served = np.flatnonzero(chosen < units)
    total = worth[order[np.searchsorted(key, served * np.int64(units) + chosen[served])]].sum()
    return float(total + instance.hold.sum()), ""


def by_lapx(instance: Instance) -> tuple[float, str]:
    """lapx.lapjv on a square extension of rows and units."""
    import lap

    matrix = dense_units(instance)
    top = matrix.max(initial=0.0)
    _, chosen, _ = lap.lapjv(top - matrix, extend_cost=True)
    rows = np.flatnonzero(chosen >= 0)
    return float(matrix[rows, chosen[rows]].sum() + instance.hold.sum()), ""


def by_ortools_assignment(instance: Instance) -> tuple[float, str]:
    """Ortools SimpleLinearSumAssignment on the mirrored graph, which always has a perfect matching."""
    from ortools.graph.python import linear_sum_assignment

    row, unit, worth, first = units_of(instance)
    rows, units = instance.value.shape[0], int(first[-1])
    left = np.concatenate([row, np.arange(rows), rows + np.arange(units), rows + unit])
    right = np.concatenate([unit, units + np.arange(rows), np.arange(units), units + row])
    cost = np.concatenate([-worth, np.zeros(rows + units + len(row))]).astype(np.int64)
    solver = linear_sum_assignment.SimpleLinearSumAssignment()
    solver.add_arcs_with_cost(left.astype(np.int32), right.astype(np.int32), cost)
    if solver.solve() != solver.OPTIMAL:
        raise RuntimeError("not optimal")
    return float(-solver.optimal_cost() + instance.hold.sum()), ""


def by_ortools_flow(instance: Instance) -> tuple[float, str]:
    """Ortools SimpleMinCostFlow with native capacities."""
    from ortools.graph.python import min_cost_flow

    value = instance.value
    rows, agents = value.shape
    row = np.repeat(np.arange(rows), np.diff(value.indptr))
    worth = value.data - instance.hold[row]
    useful = worth > 0
    row, agent, worth = row[useful], value.indices[useful], worth[useful]
    sink = rows + agents
    tail = np.concatenate([row, rows + np.arange(agents), np.arange(rows)])
    head = np.concatenate([rows + agent, np.full(agents + rows, sink)])
    room = np.concatenate([np.ones(len(row)), instance.capacity, np.ones(rows)])
    cost = np.concatenate([-worth, np.zeros(agents + rows)])
    solver = min_cost_flow.SimpleMinCostFlow()
    solver.add_arcs_with_capacity_and_unit_cost(
        tail.astype(np.int32), head.astype(np.int32), room.astype(np.int64), cost.astype(np.int64)
    )
    supply = np.zeros(sink + 1, np.int64)
    supply[:rows], supply[sink] = 1, -rows
    solver.set_nodes_supplies(np.arange(sink + 1), supply)
    if solver.solve() != solver.OPTIMAL:
        raise RuntimeError("not optimal")
    return float(-solver.optimal_cost() + instance.hold.sum()), ""


def by_networkx(instance: Instance) -> tuple[float, str]:
    """networkx.max_weight_matching on rows and units."""
    import networkx as nx

    row, unit, worth, _ = units_of(instance)
    graph = nx.Graph()
    for one, other, weight in zip(row.tolist(), unit.tolist(), worth.tolist(), strict=True):
        graph.add_edge(("row", one), ("unit", other), weight=weight)
    found = nx.max_weight_matching(graph)
    return float(sum(graph.edges[edge]["weight"] for edge in found) + instance.hold.sum()), ""


def from_scores(instance: Instance) -> tuple[float, str]:
    """Solve a full matrix of scores as a user would."""
    matching = solve(AssignmentProblem(instance.value, instance.capacity, instance.hold, resolution=1.0))
    return matching.value, matching.method if matching.is_optimal else "NOT PROVEN"


def scipy_from_scores(instance: Instance) -> tuple[float, str]:
    """Give scipy every unit as a column, and what a pair is worth above holding."""
    from scipy.optimize import linear_sum_assignment

    worth = np.maximum(instance.value - instance.hold[:, None], 0.0).repeat(instance.capacity, axis=1)
    chosen = linear_sum_assignment(worth, maximize=True)
    return float(worth[chosen].sum() + instance.hold.sum()), ""


def scipy_alone(instance: Instance) -> tuple[float, str]:
    """Call scipy's solver on the matrix made for it before."""
    from scipy.optimize import linear_sum_assignment

    row, unit = linear_sum_assignment(instance.value, maximize=True)
    return float(instance.value[row, unit].sum() + instance.hold.sum()), ""


SOLVERS: dict[str, Callable[[Instance], tuple[float, str]]] = {
    "scipy dense": by_scipy_dense,
    "routematch": by_routematch,
    "without canonical": without_canonical,
    "engine chains": by_engine("chains"),
    "engine sparse": by_engine("sparse"),
    "engine hungarian": by_engine("hungarian"),
    "engine classes": by_engine("classes"),
    "scipy sparse": by_scipy_sparse,
    "lapx": by_lapx,
    "ortools assignment": by_ortools_assignment,
    "ortools flow": by_ortools_flow,
    "networkx": by_networkx,
}

#: Solvers that start from a full matrix of scores; the first from the matrix that scipy wants.
FROM_SCORES: dict[str, Callable[[Instance], tuple[float, str]]] = {
    "scipy dense": scipy_alone,
    "scipy from scores": scipy_from_scores,
    "routematch from scores": from_scores,
}

#: The engines among themselves.
ENGINES = {
    name: run
    for name, run in SOLVERS.items()
    if name in {"scipy dense", "routematch", "ortools flow"} or "engine" in name
}


def solvers_of(suite: str) -> dict[str, Callable[[Instance], tuple[float, str]]]:
    """Return the solvers that are compared in a suite."""
    return {"tiny": FROM_SCORES, "engines": ENGINES}.get(suite, SOLVERS)


def peak_memory() -> float:
    """Return the largest resident memory since it was last reset, in MiB."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


def prepared(instance: Instance, suite: str, solver: str) -> Instance:
    """Return the instance in the form that a solver of that suite starts from."""
    if suite != "tiny":
        return instance
    scores = instance.scores
    if solver == "scipy dense":
        scores = np.maximum(scores - instance.hold[:, None], 0.0).repeat(instance.capacity, axis=1)
    return instance._replace(value=scores)


def measure(instance: Instance, suite: str, solver: str, seconds: float) -> dict[str, object]:
    """Run one solver on one instance, some times."""
    run, most = solvers_of(suite)[solver], 1000 if suite == "tiny" else 20
    run(prepared(made.routing(20, 20), suite, solver))
    instance = prepared(instance, suite, solver)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = peak_memory()
    times: list[float] = []
    while not times or (sum(times) < seconds and len(times) < most):
        start = time.process_time()
        total, note = run(instance)
        times.append(time.process_time() - start)
        if len(times) == 1:
            memory = peak_memory() - before
    return {"seconds": min(times), "memory": memory, "total": total, "note": note}


def is_left_out(instance: Instance, solver: str, suite: str) -> bool:
    """Say whether a solver would take minutes or gigabytes."""
    if suite == "huge":
        return solver not in {"routematch", "ortools flow"}
    if instance.row_group is not None:
        return solver not in {"routematch", "without canonical", "engine chains", "engine sparse"}
    if solver in {"lapx", "engine hungarian"}:
        expanded = instance.value.shape[0] * int(instance.capacity.sum())
        return expanded > LARGEST["lapx"]
    expanded = int(instance.capacity[instance.value.indices].sum())
    return expanded > LARGEST.get(solver, 10**12)


def best_engine_ratio(seconds_of: dict[str, float]) -> str:
    """Say how long the chosen engine took, as a multiple of the best of the library's own engines."""
    own = [seconds for solver, seconds in seconds_of.items() if solver.startswith("engine")]
    if not own or "routematch" not in seconds_of:
        return ""
    return f"; chosen / best engine {seconds_of['routematch'] / min(own):.2f}"


def run_all(suite: str, seconds: float, limit: float, only: list[str]) -> str:
    """Measure every solver on every instance of a suite; return the table."""
    lines = ["| instance | solver | ms | scipy dense / solver | extra MiB | |", "|---|---|---|---|---|---|"]
    for number, make in enumerate(SUITES[suite]):
        instance = make()
        name = f"{instance.name}, {instance.value.nnz} pairs, load {instance.load:.2f}"
        totals: dict[str, float] = {}
        seconds_of: dict[str, float] = {}
        dense = float("nan")
        for solver in solvers_of(suite):
            if is_left_out(instance, solver, suite) or (only and solver not in only):
                continue
            command = [sys.executable, __file__, "--one", suite, str(number), solver, "--seconds", str(seconds)]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
            except subprocess.TimeoutExpired:
                lines.append(f"| {name} | {solver} | over {limit:.0f} s | | | |")
                print(lines[-1], flush=True)
                continue
            if done.returncode:
                reason = (done.stderr.strip().splitlines() or ["killed"])[-1][:60]
                lines.append(f"| {name} | {solver} | failed | | | {reason} |")
                print(lines[-1], flush=True)
                continue
            found = json.loads(done.stdout)
            totals[solver], seconds_of[solver] = found["total"], found["seconds"]
            dense = found["seconds"] if solver == "scipy dense" else dense
            digits = 3 if suite == "tiny" else 1
            ratio = f"{dense / found['seconds']:.{digits - digits // 2}f}" if dense > 0 else ""
            lines.append(
                f"| {name} | {solver} | {found['seconds'] * 1e3:.{digits}f} | {ratio} "
                f"| {found['memory']:.0f} | {found['note']} |"
            )
            print(lines[-1], flush=True)
        ratio = best_engine_ratio(seconds_of)
        agree = "all totals agree" if len(set(totals.values())) == 1 else f"TOTALS DIFFER: {totals}"
        lines.append(f"| {name} | | | | | {agree}{ratio} |")
        print(lines[-1], flush=True)
    return "\n".join(lines)


def main() -> None:
    """Run the suite asked for, or one solver on one instance of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", default="large", choices=sorted(SUITES))
    parser.add_argument("--one", nargs=3, metavar=("SUITE", "NUMBER", "SOLVER"))
    parser.add_argument("--seconds", type=float, default=1.0, help="repeat for about so long")
    parser.add_argument("--limit", type=float, default=120.0, help="give a solver up after so many seconds")
    parser.add_argument("--only", default="", help="solvers to run, separated by commas")
    parser.add_argument("--write", action="store_true", help="store the table in benchmarks/results")
    given = parser.parse_args()
    if given.one:
        suite, number, solver = given.one
        print(json.dumps(measure(SUITES[suite][int(number)](), suite, solver, given.seconds)))
    else:
        table = run_all(given.suite, given.seconds, given.limit, given.only.split(",") if given.only else [])
        if given.write:
            command = f"python benchmarks/matching.py --suite {given.suite} --seconds {given.seconds:g}"
            command += f' --only "{given.only}"' if given.only else ""
            place = Path(__file__).parent / "results" / f"matching-{given.suite}.md"
            place.write_text(f"# Matching, suite {given.suite}\n\nMade by `{command}`.\n\n{table}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
