"""Measure what learning is worth: on real answers, on answers without signal, and against known truth.

Run it with ``OMP_NUM_THREADS=1 python benchmarks/learning.py``; with ``--write`` the tables go to
``benchmarks/results/learning.md``. A worker of the bluebird answers plays the agent, the true species the type of
conversation, and a right answer a resolved one.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from routematch.learning import HandleTime, Success, dumps, fit, interval, score, thompson
from routematch.model import Estimates, Outcome

DATA = Path(__file__).parent / "data" / "bluebirds.csv.gz"
RESULTS = Path(__file__).parent / "results" / "learning.md"
SPLITS, SHUFFLES, WORLDS = 20, 200, 20


def bluebirds() -> list[Outcome]:
    """Read the answers."""
    with gzip.open(DATA, "rt", encoding="utf-8", newline="") as file:
        return [
            Outcome(
                row["task"], row["worker"], resolved=row["answer"] == row["truth"], skills=(f"species-{row['truth']}",)
            )
            for row in csv.DictReader(file)
        ]


def splits(answers: list[Outcome], share: float, seed: int) -> tuple[list[Outcome], list[Outcome]]:
    """Split by image: what was learned on some images is tried on others."""
    images = sorted({answer.conversation for answer in answers})
    chosen = set(np.random.default_rng(seed).permutation(images)[: round(share * len(images))].tolist())
    return [a for a in answers if a.conversation in chosen], [a for a in answers if a.conversation not in chosen]


def predictions(answers: list[Outcome], share: float) -> list[str]:
    """Score predictions of answers on images that were not seen, as rows of a table."""
    rows: dict[str, list[tuple[float, float]]] = {}
    better = 0
    for seed in range(SPLITS):
        earlier, later = splits(answers, share, seed)
        found = score([*earlier, *later], later=len(later) / len(answers))
        better += found.is_better
        for name in found.log_loss:
            rows.setdefault(name, []).append((found.log_loss[name], found.brier[name]))
    lines = [
        f"| {name} | {np.mean([r[0] for r in each]):.4f} | {np.mean([r[1] for r in each]):.4f} |"
        for name, each in rows.items()
    ]
    return [*lines, "", f"Learned beats all three beyond chance, by both scores, in {better} of {SPLITS} splits."]


def choices(answers: list[Outcome], share: float) -> str:
    """Let what was learned choose the best of six workers for each unseen image, and count right answers."""
    ways: dict[str, list[bool]] = {"learned": [], "mean of the agent": [], "any of the six": []}
    for seed in range(SPLITS):
        earlier, later = splits(answers, share, seed)
        known = fit(earlier, learners=[Success()])
        by_agent = _means(earlier)
        right = {(a.conversation, a.agent): bool(a.resolved) for a in later}
        kinds = {a.conversation: a.skills[0] for a in later}
        workers = sorted({a.agent for a in later})
        generator = np.random.default_rng([seed, 1])
        for image in sorted(kinds):
            six = generator.choice(workers, 6, replace=False).tolist()
            best = max(six, key=lambda worker: known.success[worker][kinds[image]].mean)
            plain = max(six, key=lambda worker: by_agent[worker])
            ways["learned"].append(right[image, best])
            ways["mean of the agent"].append(right[image, plain])
            ways["any of the six"].append(right[image, six[0]])
    return ", ".join(f"{name} {np.mean(hits):.1%}" for name, hits in ways.items())


def _means(answers: list[Outcome]) -> dict[str, float]:
    """Return the share of right answers of each worker."""
    own: dict[str, list[bool]] = {}
    for answer in answers:
        own.setdefault(answer.agent, []).append(bool(answer.resolved))
    return {worker: float(np.mean(right)) for worker, right in own.items()}


def shuffled(answers: list[Outcome]) -> int:
    """Count shuffles of the workers in which a difference between them was found."""
    found = 0
    for seed in range(SHUFFLES):
        order = np.random.default_rng(seed).permutation(len(answers)).tolist()
        mixed = [
            Outcome(a.conversation, answers[j].agent, resolved=a.resolved, skills=a.skills)
            for a, j in zip(answers, order, strict=True)
        ]
        found += bool(fit(mixed, learners=[Success()]).success)
    return found


# --- known truth ------------------------------------------------------------------------------------------------------


def world(seed: int, agents: int, skills: int, *, kind: str) -> tuple[list[Outcome], NDArray[np.float64]]:
    """Make a history of agents with 0, 3, 10, 30 or 100 conversations at each skill, and the truth behind it."""
    generator = np.random.default_rng(seed)
    count = generator.choice([0, 3, 10, 30, 100], (agents, skills))
    level = generator.normal(0.8, 0.5, skills) + generator.normal(0, 0.5, (agents, 1))
    level = level + generator.normal(0, 0.4, (agents, skills))
    if kind == "Beta(14, 6), no agent better as such":
        truth = generator.beta(14, 6, (agents, skills))
    elif kind == "logit: skill + agent + both":
        truth = 1 / (1 + np.exp(-level))
    else:
        truth = np.exp(5 + 0.3 * level + 0.6**2 / 2)
    return list(_outcomes(generator, count, truth, timed=kind.startswith("log-normal"))), truth


def _outcomes(
    generator: np.random.Generator, count: NDArray[np.int64], truth: NDArray[np.float64], *, timed: bool
) -> Iterator[Outcome]:
    for (agent, skill), number in np.ndenumerate(count):
        name, mean = {"skills": (f"skill-{skill}",)}, truth[agent, skill]
        for _ in range(number):
            if timed:
                seconds = float(mean * np.exp(generator.normal(-(0.6**2) / 2, 0.6)))
                yield Outcome("c", f"agent-{agent}", handle_time=seconds, **name)
            else:
                yield Outcome("c", f"agent-{agent}", resolved=bool(generator.random() < mean), **name)


def coverage(kind: str, agents: int, skills: int) -> tuple[float, int]:
    """Return how many 90 % intervals hold the truth, and how many there are."""
    learner = HandleTime() if kind.startswith("log-normal") else Success()
    hits = total = 0
    for seed in range(WORLDS):
        outcomes, truth = world(seed, agents, skills, kind=kind)
        known = fit(outcomes, learners=[learner])
        for (agent, skill), mean in np.ndenumerate(truth):
            found = interval(known, f"agent-{agent}", f"skill-{skill}", table=learner.name)
            hits += bool(found.low <= mean <= found.high)
            total += 1
    return hits / total, total


def hang_up() -> list[str]:
    """Return what is learned of an agent who hangs up on 60 % within seconds, beside honest ones."""
    generator = np.random.default_rng(0)
    outcomes = []
    speed_of = np.exp(generator.normal(0, 0.2, 20))
    for agent in range(20):
        for number in range(300):
            cut = agent == 0 and generator.random() < 0.6
            seconds = generator.uniform(2, 8) if cut else float(speed_of[agent] * generator.lognormal(5.5, 0.6))
            resolved = not cut and bool(generator.random() < 0.75)
            name = "hangs up" if agent == 0 else f"honest-{agent}"
            outcomes.append(Outcome(f"{number}", name, resolved=resolved, handle_time=seconds, skills=("billing",)))
    known = fit(outcomes)
    naive = np.mean([o.handle_time for o in outcomes if o.agent == "hangs up"])
    usual = np.mean([o.handle_time for o in outcomes if o.agent != "hangs up"])
    success = {agent: row["billing"].mean for agent, row in known.success.items() if agent != "*"}
    times = known.handle_time
    place = sorted(success, key=lambda agent: -success[agent]).index("hangs up") + 1
    worked = np.mean([o.handle_time for o in outcomes if o.agent == "hangs up" and o.resolved])
    learned = f"{times['hangs up']['billing'].mean:.0f} s ({worked:.0f} s where work was done)"
    return [
        f"Plain means say {naive:.0f} s for the agent who hangs up and {usual:.0f} s for the others. Learned",
        f"handle time: {learned}. Learned success: {success['hangs up']:.2f}, place {place} of {len(success)}.",
    ]


# --- learning while routing -------------------------------------------------------------------------------------------


def while_routing(way: str, seed: int, number: int = 12_000) -> tuple[list[float], float]:
    """Route conversations to one of six idle agents by what was learned so far, beginning with nothing.

    Returns what is lost per conversation against always knowing the best, in quarters, and the share of 90 % intervals
    that hold the truth in the end, though the log was made by what was learned.
    """
    generator, chance = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    truth = generator.beta(14, 6, (40, 8))
    known, lost = Estimates(), []
    for i in range(number):
        skill, idle = int(generator.integers(8)), generator.choice(40, 6, replace=False).tolist()
        names, asked = [f"{agent}" for agent in idle], f"skill-{skill}"
        shown = known
        if way.startswith("Thompson"):
            shown = thompson(known, chance, most_loss=float(way.split()[1]), agents=names, skills=[asked])
        rows = [shown.success.get(name, shown.success.get("*", {})).get(asked) for name in names]
        means = [row.mean if row is not None else 0.0 for row in rows]
        best = int(np.argmax(means)) if way != "any of the six" else 0
        success = truth[idle[best], skill]
        lost.append(float(truth[idle, skill].max() - success))
        outcome = Outcome(f"{i}", names[best], resolved=bool(generator.random() < success), skills=(asked,))
        known = known.update(outcome)
        if i % 500 == 499:
            known = fit((), start=known, learners=[Success()])
    held = [
        found.low <= truth[pair] <= found.high
        for pair in np.ndindex(truth.shape)
        if (found := interval(known, f"{pair[0]}", f"skill-{pair[1]}"))
    ]
    return [float(np.mean(part)) for part in np.array_split(lost, 4)], float(np.mean(held))


def routing_rows() -> list[str]:
    """Compare ways to choose while learning, as rows of a table."""
    rows = []
    for way in ("any of the six", "the best so far", "Thompson 0.05", "Thompson 0.2", "Thompson 1.0"):
        runs = [while_routing(way, seed) for seed in range(4)]
        quarters = np.mean([run[0] for run in runs], axis=0)
        shown = " | ".join(f"{quarter:.3f}" for quarter in quarters)
        rows.append(f"| {way} | {shown} | {np.mean([run[1] for run in runs]):.1%} |")
    return rows


# --- speed ------------------------------------------------------------------------------------------------------------


def speed() -> list[str]:
    """Measure fitting, and one update at the beginning and late in a long history."""
    rows = []
    for number in (1_000, 10_000, 100_000):
        generator = np.random.default_rng(number)
        outcomes = [
            Outcome(
                "c",
                f"agent-{generator.integers(200)}",
                resolved=bool(generator.random() < 0.7),
                handle_time=float(generator.lognormal(5, 0.6)),
                skills=(f"skill-{generator.integers(20)}",),
                ended_at=float(i),
            )
            for i in range(number)
        ]
        began = time.process_time()
        known = fit(outcomes)
        fitted = time.process_time() - began
        began = time.process_time()
        for outcome in outcomes[:1000]:
            known = known.update(outcome)
        rows.append(f"| {number:,} | {fitted:.2f} s | {(time.process_time() - began) * 1e3:.1f} us | {_size(known)} |")
    return rows


def _size(known: Estimates) -> str:
    return f"{len(dumps(known)) / 2**20:.1f} MiB"


def main() -> None:
    """Measure everything and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"store the tables in {RESULTS.name}")
    arguments = parser.parse_args()
    answers = bluebirds()
    lines = ["# What learning is worth", "", "Made by `OMP_NUM_THREADS=1 python benchmarks/learning.py --write`.", ""]
    lines += ["## Bluebirds: 39 workers, two species, 4,212 answers; skill depends on the species", ""]
    for share in (0.2, 0.7):
        lines += [
            f"Learned on {share:.0%} of the images, tried on the others; means over {SPLITS} splits (less is better).",
            "",
        ]
        lines += ["| prediction | log-loss | Brier |", "|---|---|---|", *predictions(answers, share), ""]
        lines += [
            f"Right answers when one of six random workers is chosen for each unseen image: {choices(answers, share)}.",
            "",
        ]
    lines += [
        f"Workers shuffled over the answers: a difference was found in {shuffled(answers)} of {SHUFFLES} shuffles.",
        "",
    ]
    lines += [
        "## Known truth: how many 90 % intervals hold it",
        "",
        "| truth | agents x skills | held | intervals |",
        "|---|---|---|---|",
    ]
    for kind in ("logit: skill + agent + both", "Beta(14, 6), no agent better as such", "log-normal handle times"):
        for agents, skills in ((60, 6), (60, 1), (15, 6)):
            held, total = coverage(kind, agents, skills)
            lines.append(f"| {kind} | {agents} x {skills} | {held:.1%} | {total:,} |")
    lines += [
        "",
        f"{WORLDS} worlds each, 0 to 100 conversations for each pair.",
        "",
        "## An agent who hangs up",
        "",
        *hang_up(),
        "",
    ]
    lines += [
        "## Learning while routing: what is lost per conversation",
        "",
        "| choice | first quarter | second | third | last | 90 % intervals that hold |",
        "|---|---|---|---|---|---|",
        *routing_rows(),
        "",
        "40 agents, 8 skills, success Beta(14, 6), one of six idle agents, 12,000 conversations each, 4 worlds.",
        "The number after Thompson is the most that one conversation may be expected to lose.",
        "",
        "## Work",
        "",
        "| outcomes | fit, all learners | one update | as text |",
        "|---|---|---|---|",
        *speed(),
        "",
    ]
    lines += ["200 agents, 20 skills; processor time on one core. Trust ratios, not milliseconds.", ""]
    text = "\n".join(lines)
    print(text)
    if arguments.write:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
