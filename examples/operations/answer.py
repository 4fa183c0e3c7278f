"""From a messy log to an answer about training, two chats at once and hiring.

python examples/operations/answer.py                        reads, learns, checks, tries, and prints one table
python examples/operations/answer.py --report answer.html   also writes the page for the manager (extra "report")
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from attrs import evolve

from helpdesk import ZONE, write_log
from routematch import report
from routematch.experiments import Concurrency, MoreAgents, Training, Volume, WhatIf, what_if
from routematch.experiments.what_if_changes import Change
from routematch.importers import open_history
from routematch.policies import longest_idle
from routematch.simulation import Scenario, learn_history

POLICY = longest_idle()  # how the desk routes
COST_PER_HOUR = 32.0  # of an agent; no log tells it
VALUE = 14.0  # of a conversation that was handled
LOSS = 6.0  # of a customer who gave up


def main() -> None:
    """Tell the story."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--report", metavar="FILE", help="write the answer as one HTML page")
    parser.add_argument("--replications", type=int, default=8)
    given = parser.parse_args()
    scenario = calibrated(given.replications)
    answer = ask(scenario, given.replications)
    print("\n3. What it would bring")
    for table in answer.tables():
        print(report.text(table))
    print("\n".join(answer.findings()))
    if given.report:
        print(f"\nwritten to {report.write(answer, given.report)}")


def calibrated(replications: int) -> Scenario:
    """Read the log, learn from it, and compare what was learned with it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "may.csv"
        happened = write_log(path)
        history = open_history(path, zone=ZONE)
    print(f"1. The log of {happened:,} conversations")
    print(history.report.text(columns=False))
    scenario = Scenario.from_history(learn_history(history), name="help desk, May")
    calibration = scenario.calibrate(history, POLICY, replications=max(replications // 2, 2))
    print("\n2. Simulated, against the log")
    print(calibration)
    groups = [evolve(group, cost_per_hour=COST_PER_HOUR) for group in scenario.agent_groups]
    kinds = [evolve(kind, value=VALUE, abandonment_cost=LOSS) for kind in scenario.conversation_types]
    return evolve(scenario, agent_groups=groups, conversation_types=kinds)


def ask(scenario: Scenario, replications: int) -> WhatIf:
    """Ask what the operations engineer was asked."""
    team = next(group.name for group in scenario.agent_groups if group.agents[0].skills.get("spanish"))
    changes: list[Change] = [
        Training(3, "spanish", 0.9, hours=16.0),
        Concurrency("chat", 2),
        MoreAgents(team, 1),
        Volume(1.1),
    ]
    return what_if(scenario, changes, POLICY, replications=replications, within=30.0)


if __name__ == "__main__":
    main()
