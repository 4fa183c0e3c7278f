"""Measure the simulator beside Ciw and SimPy: conversations per second of processor time, with full records.

All engines run in turn in one process on one core; each case is repeated with other seeds and the median rate counts.
Ciw and this library keep a full record of each conversation, SimPy keeps the waits only. Run it with
``OMP_NUM_THREADS=1 python benchmarks/simulator.py``; with ``--write`` the tables go to
``benchmarks/results/simulator.md``. Needs ``ciw`` and ``simpy``.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from attrs import evolve
from simulator_models import CIW, MODELS, SIMPY, scenario_of

import routematch as rm
from routematch.distributions import Exponential, LogNormal, PoissonArrivals
from routematch.policies import Policy, Weighted
from routematch.simulation import Scenario
from routematch.simulation.replication import replicate
from routematch.terms import Achievement, Affinity, HandleTime, Preferences

RESULTS = Path(__file__).parent / "results" / "simulator.md"
OURS, THEIRS = 200_000, 12_000
_METHOD = """\
Made by `OMP_NUM_THREADS=1 python benchmarks/simulator.py --write`; processor time on one core, medians of {rounds} \
seeds, all engines in turn in one process. {ours:,} conversations for this library, {theirs:,} for the others. Set-up, \
drawing of all chance and the full record are in the time; SimPy keeps the waits alone. Trust ratios within a row, not \
rates."""
TARGETS = {"single": (50, None), "impatient": (50, None), "priorities": (40, None), "skills": (25, 12)}


class LongestIdle:
    """The policy of the ``skills`` model as a user would write it."""

    def on_arrival(self, view: Any, conversation: str) -> str | None:  # noqa: ANN401 - either view
        """Give a conversation to the eligible agent who is idle longest."""
        return next(iter(view.eligible(conversation)), None)

    def on_free(self, view: Any, agent: str) -> str | None:  # noqa: ANN401 - either view
        """Let an agent take who waits longest."""
        return next(iter(view.waiting_for(agent)), None)


def full_worth() -> Policy:
    """Return a policy with everything: four terms, a price, aging and priority."""
    terms = (Achievement(), Weighted(Preferences(), 0.5), Affinity(), Weighted(HandleTime(), 0.2))
    return Policy("full_worth", terms=terms, price=0.0001)


def graded(scenario: Scenario) -> Scenario:
    """Return the ``skills`` scenario with proficiencies, wishes, affinities and priorities that all differ."""
    chance = np.random.default_rng(7)
    groups = [
        evolve(group, skills={skill: round(float(chance.uniform(0.3, 1.0)), 3) for skill in group.skills})
        for group in scenario.agent_groups
    ]
    names = [group.name for group in groups]
    types = [
        evolve(
            kind,
            prefers={f"T{int(chance.integers(20)):02d}": 0.3},
            affinity={f"{names[int(chance.integers(len(names)))]}-1": 0.2},
            priority=float(chance.integers(0, 3)),
        )
        for kind in scenario.conversation_types
    ]
    return evolve(scenario, conversation_types=types, agent_groups=groups)


def large_day() -> Scenario:
    """Return a day of about a million conversations of 60 types for 4,000 agents."""
    chance = np.random.default_rng(11)
    weights = chance.uniform(0.5, 1.5, 60)
    rates = 1_000_000 / 86400.0 * weights / weights.sum()
    types = [
        rm.ConversationType(
            f"T{k:02d}",
            f"T{k:02d}",
            arrivals=PoissonArrivals(float(rate)),
            handle_time=LogNormal(330.0, 1.1),
            patience=Exponential(180.0),
        )
        for k, rate in enumerate(rates)
    ]
    groups = [
        rm.AgentGroup(
            f"a{number:04d}", {f"T{k:02d}": 1.0 for k in chance.choice(60, int(chance.integers(3, 9)), replace=False)}
        )
        for number in range(4000)
    ]
    return rm.Scenario(types, groups, 86400.0)


def seconds(run: Callable[[], object]) -> tuple[float, Any]:
    """Return the processor time of a call, and what it gave."""
    gc.collect()
    start = time.process_time()
    given = run()
    return time.process_time() - start, given


def rates(name: str, rounds: int) -> dict[str, float]:
    """Return conversations per second of each engine on one model, medians over rounds."""
    model = MODELS[name]
    found: dict[str, list[float]] = {"routematch": [], "Ciw": [], "SimPy": []}
    if name == "skills":
        found |= {"routematch, policy in code": [], "routematch, full worth": [], "routematch, with intervals": []}
    for seed in range(1, rounds + 1):
        scenario = scenario_of(model, OURS)
        several = graded(scenario) if name == "skills" else scenario
        cases: dict[str, Callable[[], int]] = {
            "routematch": lambda s=scenario, n=seed: len(replicate(s, model.policy(), n, 0, intervals=False)),
            "Ciw": lambda n=seed: CIW(model, THEIRS, n)[2],
            "SimPy": lambda n=seed: SIMPY(model, THEIRS, n)[2],
            "routematch, policy in code": lambda s=scenario, n=seed: len(
                replicate(s, LongestIdle(), n, 0, intervals=False)
            ),
            "routematch, full worth": lambda s=several, n=seed: len(replicate(s, full_worth(), n, 0, intervals=False)),
            "routematch, with intervals": lambda s=scenario, n=seed: len(replicate(s, model.policy(), n, 0)),
        }
        for engine in found:
            taken, count = seconds(cases[engine])
            found[engine].append(count / taken)
    return {engine: statistics.median(each) for engine, each in found.items()}


def bytes_of(ledger: rm.Ledger | Any) -> float:  # noqa: ANN401 - a ledger
    """Return the memory that a ledger's columns really take, per conversation."""
    arrays = [value for value in vars_of(ledger) if isinstance(value, np.ndarray)]
    return sum(array.nbytes for array in arrays if array.strides != (0,)) / max(len(ledger), 1)


def vars_of(ledger: Any) -> Iterator[object]:  # noqa: ANN401 - a ledger
    """Yield all columns of a ledger, codes of words included."""
    for field in type(ledger).__attrs_attrs__:
        value = getattr(ledger, field.name)
        yield getattr(value, "codes", value)


def report(rounds: int) -> str:
    """Return all tables as Markdown."""
    lines = [
        "# The simulator beside Ciw and SimPy",
        "",
        _METHOD.format(rounds=rounds, ours=OURS, theirs=THEIRS),
        "",
        "| model | routematch | Ciw | SimPy | against Ciw | wanted | against SimPy | wanted |",
        "|---|---|---|---|---|---|---|---|",
    ]
    extra: dict[str, float] = {}
    base: dict[str, float] = {}
    for name, (ciw, simpy) in TARGETS.items():
        found = rates(name, rounds)
        ours, first, second = found["routematch"], found["Ciw"], found["SimPy"]
        wanted = f"{simpy} x" if simpy else ""
        lines.append(
            f"| {name} | {ours:,.0f}/s | {first:,.0f}/s | {second:,.0f}/s "
            f"| {ours / first:.0f} x | {ciw} x | {ours / second:.0f} x | {wanted} |"
        )
        if name == "skills":
            extra, base = found, found
    lines += ["", "On `skills`:", "", "| | rate | against the built-in lane | against Ciw |", "|---|---|---|---|"]
    lines += [
        f"| {engine} | {extra[engine]:,.0f}/s | {extra[engine] / base['routematch']:.2f} "
        f"| {extra[engine] / base['Ciw']:.0f} x |"
        for engine in extra
        if engine.startswith("routematch")
    ]
    lines += ["", *_large()]
    return "\n".join(lines) + "\n"


def _large() -> list[str]:
    day = large_day()
    taken, ledger = seconds(lambda: replicate(day, MODELS["skills"].policy(), 1, 0, intervals=False))
    said = (
        f"A day of {len(ledger):,} conversations, 4,000 agents and 60 types (longest idle, oldest waiting): "
        f"{taken:.1f} s of processor time. Its table takes {bytes_of(ledger):.0f} bytes a conversation."
    )
    return [said]


def main() -> None:
    """Print the tables, or write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    text = report(given.rounds)
    print(text)
    if given.write:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
