"""From a messy call log to a scenario that can be trusted, and to a decision.

python examples/bank_log/log_to_scenario.py                  reads, learns, compares, checks, tries something else
python examples/bank_log/log_to_scenario.py --report x.html  also writes the comparison as a page (extra "report")
"""

import argparse
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from bank import HEAD, KINDS, ZONE, Call, calls, people, write_log
from routematch import report
from routematch.distributions import LogNormal
from routematch.importers import open_history
from routematch.metrics import by
from routematch.policies import longest_idle
from routematch.simulation import (
    AgentGroup,
    Calibration,
    ConversationType,
    LearnedHistory,
    Result,
    Scenario,
    WeeklyHours,
    check_scenario,
    learn_history,
    simulate,
)
from routematch.simulation.history import LocalTime, fit_arrivals
from routematch.state import History

INCIDENTS = Path(__file__).parents[1] / "incidents" / "incidents.csv.gz"
REPLICATIONS = 5
STUDENT_T = 2.78  # two-sided 95 %, four degrees of freedom
POLICY = longest_idle()  # how the bank routes: who waits longest, to whoever is idle longest


def main() -> None:
    """Tell the story."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--report", metavar="FILE", help="write the comparison as one HTML page")
    wanted = parser.parse_args().report
    happened = calls()
    history = tell_log(happened)
    learned = learn_history(history)
    tell_learned(learned, history)
    scenario = Scenario.from_history(learned, name="bank, October")
    calibration = tell_calibration(scenario, history)
    tell_evenings(scenario)
    tell_incidents()
    if wanted:
        print(f"\nwritten to {report.write(calibration, wanted)}")


def tell_log(happened: list[Call]) -> History:
    """Write the log as the bank keeps it, and read it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calls.csv"
        write_log(path, happened)
        history = open_history(path, zone=ZONE)
    kept = len(history.calls or ())
    print(f"1. The log: {len(happened):,} calls happened, {history.report.rows:,} rows were kept of them.")
    print(f"   Columns: {', '.join(HEAD[:8])}, ...")
    print(indented(history.report.text(columns=False)))
    print(f"   {kept / len(happened):.1%} of the calls come through.")
    return history


def tell_learned(learned: LearnedHistory, history: History) -> None:
    """Compare what was learned with the truth, which only an invented bank can tell."""
    print("\n2. What the log teaches, and the truth")
    print("   type   calls   handle time   truth   patient after 1 min   truth   mean wait of those who gave up")
    for kind in learned.conversation_types:
        fit, true = learned.fits[kind.name], KINDS[kind.name]
        assert fit.handle_time is not None
        assert kind.patience is not None
        error = 1.96 * fit.handle_time.deviation / fit.handle_time.count**0.5
        share = float(kind.patience.survival(60.0))
        print(
            f"   {kind.name:4} {fit.arrivals.count:7,}   {kind.handle_time.mean:4.0f} +- {error:2.0f} s   "
            f"{true_handle_time(kind.name, learned):4.0f} s   {share:19.1%}   {true_patience(true.patience):5.1%}   "
            f"{naive_patience(history, kind.name):29.0f} s"
        )
    agents = [agent for group in learned.agent_groups for agent in group.agents]
    hours = sum(shift.ends_at - shift.starts_at for agent in agents for shift in agent.shifts) / 3600
    true_hours = sum(end - start for agent in people() for start, end in agent.shifts) / 3600
    for group in learned.agent_groups:
        names = ", ".join(agent.id for agent in group.agents)
        print(f"   team found, {' and '.join(group.agents[0].skills)}: {names}")
    print(f"   hours at work, from first to last call: {hours:,.0f}; in truth {true_hours:,.0f}")


def true_handle_time(name: str, learned: LearnedHistory) -> float:
    """Return the mean over those who answered: the markets team needs 0.85 of the usual time."""
    usual, fit = KINDS[name].handle_time, learned.fits[name]
    share = {"NE": 1.0}.get(name, 0.0)
    if "PS and NE agents" in fit.by_group and fit.handle_time is not None:
        share = fit.by_group["PS and NE agents"].count / fit.handle_time.count
    return float(usual * (1.0 - 0.15 * share))


def true_patience(hazards: tuple[tuple[float, float], ...], waited: float = 60.0) -> float:
    """Return the share that is still patient."""
    ends = [start for start, _ in hazards[1:]] + [np.inf]
    spent = (rate * max(min(waited, end) - start, 0.0) for (start, rate), end in zip(hazards, ends, strict=True))
    return float(np.exp(-sum(spent)))


def naive_patience(history: History, name: str) -> float:
    """Return the mean wait of those who gave up: what patience is often taken for."""
    assert history.calls is not None
    table = history.calls
    lost = np.isnan(table.answered_at) & (table.conversation_type.codes == table.conversation_type.code(name))
    return float(table.waited[lost].mean())


def tell_calibration(scenario: Scenario, history: History) -> Calibration:
    """Simulate the same four weeks and compare."""
    print(f"\n3. The same four weeks simulated {REPLICATIONS} times, against the log")
    calibration = scenario.calibrate(history, POLICY, replications=REPLICATIONS)
    print(indented(str(calibration)))
    return calibration


def tell_evenings(scenario: Scenario) -> None:
    """Walk through the weeks, find the gap, and try to close it."""
    print("\n4. What the check finds")
    for finding in check_scenario(scenario):
        print(f"   {finding.severity}: {finding.message}")
    evenings = AgentGroup("evenings", {"IN": 1.0}, size=1, shifts=WeeklyHours("weekdays", "20:00", "00:00"))
    other = evolve(scenario, agent_groups=(*scenario.agent_groups, evenings), name="with evenings")
    print("\n5. One agent for the internet line from 20:00 to midnight on working days: twenty hours a week")
    before, after = (simulate(each, POLICY, replications=REPLICATIONS) for each in (scenario, other))
    print("   of the internet line   before    after   change on the same days, 95 % interval")
    for name, form in (("service_level", ".1%"), ("abandonment", ".1%"), ("mean_wait", ".0f")):
        first, second = (of_internet_line(result, name) for result in (before, after))
        change = second - first
        half = STUDENT_T * change.std(ddof=1) / len(change) ** 0.5
        print(
            f"   {name:20} {first.mean():8{form}} {second.mean():8{form}}   {change.mean():+{form}} (+- {half:{form}})"
        )


def of_internet_line(result: Result, metric: str) -> NDArray[np.float64]:
    """Return a metric of the type IN for each replication."""
    groups = [by(ledger, "conversation_type", [metric]) for ledger in result.ledgers]
    return np.array([group[metric][group.names[0].index("IN")] for group in groups])


def tell_incidents() -> None:
    """Take a real help desk's arrivals, and only those: elapsed time is no handle time."""
    history = open_history(INCIDENTS, columns={"arrived_at": "handed_over_at"}, zone="UTC")
    assert history.calls is not None
    monday = datetime(2016, 3, 7, tzinfo=UTC).timestamp()
    window = monday, monday + 70 * 86_400.0
    inside = (history.calls.arrived_at >= window[0]) & (history.calls.arrived_at < window[1])
    arrivals = fit_arrivals(history.calls.arrived_at[inside], window, LocalTime.of(window, "UTC"))
    per_day = ", ".join(f"{count:.0f}" for count in arrivals.rates.reshape(7, -1).mean(axis=1) * 86_400)
    print(f"\n6. A real help desk's incidents: {arrivals.count:,} in ten weeks; what they teach is when they come")
    print(f"   from Monday to Sunday {per_day} a day; days vary by {arrivals.day_cv:.0%} beyond chance")
    work = LogNormal(1500.0, cv=1.0)  # assumed: the log shows elapsed time only
    incident = ConversationType("incident", "incident", arrivals=arrivals.process, handle_time=work, channel="email")
    office = WeeklyHours("weekdays", "08:00", "18:00")
    print("   people at work from 8 to 18 o'clock, 25 minutes of work each (assumed): occupancy and mean wait")
    for size in (12, 14, 16):
        desk = Scenario(
            incident, AgentGroup("desk", {"incident": 1.0}, size=size, shifts=office), 70 * 86_400.0, start_at=monday
        )
        result = simulate(desk, replications=2)
        occupancy, wait = result.values("occupancy").mean(), result.values("mean_wait").mean()
        print(f"   {size}: {occupancy:.0%}, {wait / 3600:.1f} h")


def indented(text: str) -> str:
    """Set text in by three blanks."""
    return "\n".join(f"   {line}".rstrip() for line in text.splitlines())


if __name__ == "__main__":
    main()
