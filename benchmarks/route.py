"""Measure `route()` from objects to plan, next to scipy on the ready matrix and to a plain greedy loop.

All three run in the same process, in turn, on one core; times are medians of processor time over the rounds. Memory is
the extra peak of a process of its own that does nothing else, above what it held before. Run it with
``OMP_NUM_THREADS=1 python benchmarks/route.py``; with ``--write`` the table goes to ``benchmarks/results/route.md``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

import routematch as rm
from routematch.policies import best_match
from routematch.routing.admission import admit
from routematch.routing.calls import FaultLog
from routematch.routing.pairing import pair
from routematch.routing.ties import tie_order
from routematch.routing.weighing import weigh
from routematch.state import Problem, Roster

NOW = 1000.0
CASES = ((100, 1000), (1000, 5000), (1000, 300))
RESULTS = Path(__file__).parent / "results" / "route.md"


def instance(conversations: int, agents: int, seed: int = 0) -> tuple[list[rm.Conversation], list[rm.Agent]]:
    """Return a backlog and a roster in which a conversation has about 5 % of the agents to choose from.

    100 profiles with 2 to 5 of 60 skills, capacity 1 to 3; one skill asked for at one of four levels; one agent in
    the roster knows the customer.
    """
    generator = np.random.default_rng(seed)
    profiles = [
        {
            f"skill-{s}": round(float(generator.uniform(0.3, 1)), 2)
            for s in generator.choice(60, generator.integers(2, 6), replace=False)
        }
        for _ in range(100)
    ]
    roster = [
        rm.Agent(
            f"agent-{number:05d}",
            profiles[int(generator.integers(100))],
            capacity=int(generator.integers(1, 4)),
            idle_since=float(generator.uniform(0, NOW)),
        )
        for number in range(agents)
    ]
    backlog = [
        rm.Conversation(
            f"chat-{number:05d}",
            {f"skill-{int(generator.integers(60))}": float(generator.choice([0.3, 0.4, 0.5, 0.6]))},
            arrived_at=float(generator.uniform(NOW - 300, NOW)),
            affinity={f"agent-{int(generator.integers(agents)):05d}": 0.2},
        )
        for number in range(conversations)
    ]
    return backlog, roster


def greedy(backlog: list[rm.Conversation], roster: list[rm.Agent]) -> dict[str, str]:
    """Give each conversation, in order of arrival, the best agent who has room: what most products do."""
    room = {agent.id: int(agent.capacity.units) for agent in roster}
    pairs = {}
    for conversation in sorted(backlog, key=lambda entry: (entry.arrived_at, entry.id)):
        asked = [(part.skill, part.at_least) for part in conversation.requires.parts]
        best, chosen = -1.0, None
        for agent in roster:
            if not room[agent.id] or any(agent.skills.get(skill, -1.0) < level for skill, level in asked):
                continue
            value = min(agent.skills[skill] for skill, _ in asked) + conversation.affinity.get(agent.id, 0.0)
            if value > best:
                best, chosen = value, agent.id
        if chosen is not None:
            room[chosen] -= 1
            pairs[conversation.id] = chosen
    return pairs


def ready_matrix(plan: rm.Plan) -> NDArray[np.float64]:
    """Return what scipy needs: worth of each conversation at each slot of each agent, 0 where it may not be used."""
    trace = plan.trace
    slots = np.repeat(np.arange(len(trace.problem.roster)), trace.problem.roster.units // 1000)
    worth = np.zeros((len(trace.problem.backlog), len(trace.problem.roster)))
    for row in range(len(worth)):
        agents, value = trace.candidates_of(row)
        worth[row, agents] = np.maximum(value - trace.hold[row], 0.0)
    return worth[:, slots]


def worth_of(plan: rm.Plan, pairs: dict[str, str]) -> float:
    """Return the total worth of some pairs by the numbers of a plan, without spreading charges."""
    trace = plan.trace
    backlog, roster = trace.problem.backlog, trace.problem.roster
    rows = {name: backlog.index[name] for name in pairs}
    return sum(trace.value_of(rows[c], roster.index[a]) - float(trace.hold[rows[c]]) for c, a in pairs.items())


def timed(job: Callable[[], object]) -> float:
    """Return the processor time of a job in milliseconds."""
    start = time.process_time()
    job()
    return 1000 * (time.process_time() - start)


def extra_peak(job: Callable[[], object]) -> float:
    """Return by how many MiB a process of its own grows at its peak while it does the job."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def work() -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        job()
        sender.send((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)

    process = context.Process(target=work)
    process.start()
    peak = receiver.recv()
    process.join()
    return float(peak)


def stages(backlog: list[rm.Conversation], roster: list[rm.Agent]) -> dict[str, float]:
    """Return the time of each stage of one decision, in milliseconds."""
    policy, log, clock = best_match(), FaultLog(), [time.process_time()]

    def lap(answer: object) -> object:
        clock.append(time.process_time())
        return answer

    encoded = lap(Roster.of(roster))
    problem = lap(Problem.of(backlog, encoded, now=NOW, settings=policy.settings, looks_at=policy.looks_at))
    candidates = lap(admit(problem, policy.rules, tie_order(problem, policy.ties, np.random.default_rng(0)), log))
    weighed = lap(weigh(problem, policy, candidates, log))
    lap(pair(problem, policy, candidates, weighed))
    names = ("encode agents", "encode conversations", "rules", "terms", "solve and prove")
    return {name: 1000 * (clock[at + 1] - clock[at]) for at, name in enumerate(names)}


def measure(conversations: int, agents: int, rounds: int) -> list[str]:
    """Return the lines of one case."""
    backlog, roster = instance(conversations, agents)
    encoded = Roster.of(roster)
    plan = rm.route(backlog, encoded, now=NOW)
    matrix = ready_matrix(plan)
    jobs: dict[str, Callable[[], object]] = {
        "route(), roster given as objects": lambda: rm.route(backlog, roster, now=NOW),
        "route(), roster encoded before": lambda: rm.route(backlog, encoded, now=NOW),
        "scipy linear_sum_assignment, matrix ready": lambda: linear_sum_assignment(matrix, maximize=True),
        "greedy loop over objects": lambda: greedy(backlog, roster),
    }
    times = {name: statistics.median(timed(job) for _ in range(rounds)) for name, job in jobs.items()}
    laps = [stages(backlog, roster) for _ in range(rounds)]
    median = {name: statistics.median(lap[name] for lap in laps) for name in laps[0]}
    rows, columns = linear_sum_assignment(matrix, maximize=True)
    pairs = greedy(backlog, roster)
    eligible = np.isfinite(plan.trace.value).sum() / (conversations * agents)
    scipy_time = times["scipy linear_sum_assignment, matrix ready"]
    peaks = {
        "route(), roster given as objects": extra_peak(lambda: rm.route(backlog, roster, now=NOW)),
        "route(), roster encoded before": extra_peak(lambda: rm.route(backlog, encoded, now=NOW)),
        "scipy linear_sum_assignment, matrix ready": extra_peak(
            lambda: linear_sum_assignment(matrix.copy(), maximize=True)
        ),
        "greedy loop over objects": extra_peak(lambda: greedy(backlog, roster)),
    }
    worths = {
        "route(), roster given as objects": worth_of(plan, plan.pairs()),
        "route(), roster encoded before": worth_of(plan, plan.pairs()),
        "scipy linear_sum_assignment, matrix ready": float(matrix[rows, columns].sum()),
        "greedy loop over objects": worth_of(plan, pairs),
    }
    lines = [f"## {conversations} waiting x {agents} agents, {100 * eligible:.1f} % of the pairs eligible", ""]
    lines += ["| | time | against scipy | extra memory | total worth |", "|---|---|---|---|---|"]
    for name, spent in times.items():
        lines.append(
            f"| {name} | {spent:.1f} ms | {spent / scipy_time:.2f} x | {peaks[name]:.1f} MiB | {worths[name]:.4f} |"
        )
    lines += ["", "| stage | time | share of the solve |", "|---|---|---|"]
    lines += [
        f"| {name} | {spent:.2f} ms | {spent / median['solve and prove']:.2f} |" for name, spent in median.items()
    ]
    ready = median["encode conversations"] + median["rules"] + median["terms"]
    lines += ["", _remarks(plan, median, matrix.nbytes, ready / median["solve and prove"]), ""]
    return lines


def _remarks(plan: rm.Plan, median: dict[str, float], slot_bytes: int, ready: float) -> str:
    """Return what the tables leave unsaid, as one paragraph."""
    conversations, agents = len(plan.trace.problem.backlog), len(plan.trace.problem.roster)
    remarks = [
        f"Encoding: {1000 * median['encode agents'] / agents:.1f} us per agent and",
        f"{1000 * median['encode conversations'] / conversations:.1f} us per conversation. With an unchanged roster,",
        f"encoding plus worth take {ready:.2f} times the solve. One dense matrix of values would take",
        f"{conversations * agents * 8 / 2**20:.1f} MiB (one for each term), the slot matrix given to scipy takes",
        f"{slot_bytes / 2**20:.1f} MiB; its memory above is a copy of that.",
        f"Engine: {plan.trace.method}; proven optimal: {plan.is_optimal}; {len(plan.held)} held.",
    ]
    return " ".join(remarks)


def main() -> None:
    """Measure all cases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--write", action="store_true", help=f"store the table in {RESULTS.name}")
    arguments = parser.parse_args()
    lines = [
        "# From objects to plan",
        "",
        "Made by `OMP_NUM_THREADS=1 python benchmarks/route.py --write`; medians of",
        "",
    ]
    lines[2] += (
        f" {arguments.rounds} rounds of processor time on one core. Trust ratios within a table, not milliseconds."
    )
    for conversations, agents in CASES:
        lines += measure(conversations, agents, arguments.rounds)
    text = "\n".join(lines)
    print(text)
    if arguments.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
