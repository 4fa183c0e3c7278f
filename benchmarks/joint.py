"""Measure what deciding jointly is worth: one exact matching against taking conversations one by one.

The rivals are what most products run: conversations in order of arrival, each given to the best agent left by one sort
key. All are held to the same rules and measured in the same unit, the worth of `best_match`, as a share of the joint
optimum; also how many are served, against those the joint plan serves. Backlogs and rosters are random: 60 agents of
20 profiles with 2 to 5 of 24 skills, capacity 1 to 3; conversations ask for one or two skills, popular ones more often.
Run it with ``python benchmarks/joint.py``; with ``--write`` the table is stored in ``benchmarks/results/joint.md``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

import routematch as rm
from routematch.routing import View

NOW = 1000.0
AGENTS = 60
SKILLS = 24
RESULTS = Path(__file__).parent / "results" / "joint.md"


class OneByOne:
    """Give each conversation, in order of arrival, the agent with the largest key among those with room."""

    def __init__(self, key: Callable[[View, str, str], float]) -> None:
        self.key = key

    def on_arrival(self, view: View, conversation_id: str) -> str | None:
        """Return the best agent left; the first in tie order (longest idle) wins ties."""
        fits = [agent for agent in view.eligible(conversation_id) if view.room(agent, conversation_id)]
        return max(fits, key=lambda agent: self.key(view, conversation_id, agent), default=None)


RIVALS = {
    "one by one, best agent left": OneByOne(lambda view, conversation, agent: view.value(conversation, agent)),
    "one by one, longest idle": OneByOne(lambda view, _, agent: -view.agent(agent).idle_since),
    "one by one, most spare units": OneByOne(lambda view, _, agent: view.free_units(agent)),
    "one by one, least versatile": OneByOne(lambda view, _, agent: -len(view.agent(agent).skills)),
    "one by one, nearest level": OneByOne(lambda view, conversation, agent: -view.value(conversation, agent)),
}


def instance(load: float, seed: int) -> tuple[list[rm.Conversation], list[rm.Agent]]:
    """Return a backlog and a roster; `load` is conversations per slot."""
    generator = np.random.default_rng([seed, round(100 * load)])
    popularity = 1.0 / np.arange(1, SKILLS + 1)
    popularity /= popularity.sum()
    profiles = [
        {
            f"skill-{s}": round(float(generator.uniform(0.3, 1.0)), 2)
            for s in generator.choice(SKILLS, size, replace=False)
        }
        for size in generator.integers(2, 6, 20)
    ]
    agents = [
        rm.Agent(
            f"agent-{number:02d}",
            profiles[int(generator.integers(20))],
            capacity=int(generator.integers(1, 4)),
            idle_since=float(generator.uniform(0, NOW)),
        )
        for number in range(AGENTS)
    ]
    slots = sum(int(agent.capacity.units) for agent in agents)
    waiting = []
    for number in range(round(load * slots)):
        asked = generator.choice(SKILLS, int(generator.integers(1, 3)), replace=False, p=popularity)
        levels = {f"skill-{s}": float(generator.choice([0.2, 0.4, 0.6])) for s in asked}
        waiting.append(rm.Conversation(f"chat-{number:03d}", levels, arrived_at=float(generator.uniform(0, NOW))))
    return waiting, agents


def measure(load: float, rounds: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return, for each way to decide, shares of what the joint plan is worth and serves."""
    worth: dict[str, list[float]] = {}
    served: dict[str, list[float]] = {}
    for seed in range(rounds):
        waiting, agents = instance(load, seed)
        joint = rm.route(waiting, agents, now=NOW)
        plans = {"joint, exact": joint}
        plans |= {name: rm.route(waiting, agents, now=NOW, policy=rival) for name, rival in RIVALS.items()}
        for name, plan in plans.items():
            worth.setdefault(name, []).append(plan.worth / joint.worth)
            served.setdefault(name, []).append(len(plan.pairs()) / len(joint.pairs()))
    return worth, served


def main() -> None:
    """Measure all loads and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--write", action="store_true", help=f"store the table in {RESULTS.name}")
    arguments = parser.parse_args()
    loads = (0.25, 0.5, 1.0, 1.5)
    results = {load: measure(load, arguments.rounds) for load in loads}
    lines = ["# What deciding jointly is worth", "", "Made by `python benchmarks/joint.py --write`: means over", ""]
    lines[2] += f" {arguments.rounds} random backlogs of each load (conversations per slot); in brackets the worst one."
    head = "".join(f" load {load:g} |" for load in loads)
    for title, which in (
        ("Worth, as a share of the joint optimum", 0),
        ("Conversations served, as a share of those the joint plan serves", 1),
    ):
        lines += [f"## {title}", "", f"| |{head}", "|---|" + "---|" * len(loads)]
        for name in results[loads[0]][which]:
            cells = (np.array(results[load][which][name]) for load in loads)
            lines.append(f"| {name} |" + "".join(f" {100 * c.mean():.1f} % ({100 * c.min():.1f}) |" for c in cells))
        lines.append("")
    text = "\n".join(lines)
    print(text)
    if arguments.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
