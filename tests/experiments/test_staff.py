"""Fewest agents: as theory says for one skill, as trying everything says for small cases, kept on fresh days."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from routematch.distributions import Exponential, PoissonArrivals, VaryingArrivals
from routematch.errors import InvalidInputError
from routematch.experiments.staff import ServiceTarget, _Judge, staff
from routematch.experiments.staff_plan import staffed
from routematch.policies import best_match
from routematch.simulation import AgentGroup, ConversationType, Scenario
from routematch.simulation.changes_load import Rush
from routematch.theory import agents_needed


def two_skills(horizon: float = 7200.0) -> Scenario:
    """Return two types, a group for one of them and a group for both."""
    law = {"handle_time": Exponential(200.0), "patience": Exponential(200.0)}
    types = [
        ConversationType("bill", "billing", arrivals=PoissonArrivals(0.015), **law),
        ConversationType("hola", "spanish", arrivals=PoissonArrivals(0.01), **law),
    ]
    groups = [AgentGroup("clerks", {"billing": 1.0}), AgentGroup("both", {"billing": 0.9, "spanish": 1.0})]
    return Scenario(types, groups, horizon)


@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_one_skill_needs_as_many_as_erlang_a_says(rate):
    """With a single skill and a steady day the search ends within one agent of the exact number."""
    desk = Scenario.from_rates(arrival=rate, service=0.005, patience=0.005, agents=1, horizon=36_000.0)

    found = staff(desk, ServiceTarget(0.8, 20.0), step=36_000.0, replications=20)

    exact = agents_needed(rate, 0.005, abandonment_rate=0.005, service_level=0.8, threshold=20)
    assert abs(int(found.plan[0, 0]) - exact) <= 1
    assert found.is_kept


def test_small_cases_as_well_as_trying_everything():
    """With two groups and one step no plan of fewer hours keeps the targets on the days of the search."""
    targets = (ServiceTarget(0.8, 20.0, "bill"), ServiceTarget(0.7, 20.0, "hola"))
    found = staff(two_skills(), targets, step=7200.0, replications=10)
    judge = _Judge(two_skills(), targets, best_match(), 10, 7200.0, 0.95, None)

    total = int(found.plan.sum())
    fewer = [pair for pair in itertools.product(range(total), repeat=2) if sum(pair) < total and sum(pair) >= total - 2]
    assert not any(judge(np.array([pair]), 0) for pair in fewer)


def test_numbers_follow_the_day_and_the_bound_is_below():
    """More are there when more come; hours lie between the fluid bound and the start."""
    law = {"handle_time": Exponential(200.0), "patience": Exponential(200.0)}
    calls = ConversationType("bill", "billing", arrivals=VaryingArrivals((0.0, 3600.0), (0.02, 0.08)), **law)
    day = Scenario(calls, AgentGroup("clerks", {"billing": 1.0}), 7200.0)

    found = staff(day, ServiceTarget(0.8, 20.0), step=3600.0, replications=8)

    assert found.plan[1, 0] > found.plan[0, 0] + 5
    assert found.bound < found.hours <= found.start_hours + 1.0
    assert 0 < found.gap < 1
    assert found.tables()[0].rows[1][1] == found.plan[1, 0]


def test_a_plan_becomes_shifts():
    """Those on duty in each step are as many as planned."""
    plan = np.array([[1, 0], [3, 2], [2, 2]])
    rush = Rush.of(staffed(two_skills(5400.0), plan, 1800.0))
    groups = [profile.group for profile in rush.profiles]
    assert rush.on_duty[:, groups.index("clerks")].tolist() == [1, 3, 2]
    assert rush.on_duty[:, groups.index("both")].tolist() == [0, 2, 2]


def test_faults_at_once():
    """Wrong targets and numbers are told together; so is that nobody can keep them."""
    with pytest.raises(InvalidInputError) as caught:
        staff(two_skills(), [ServiceTarget(0.8, 20.0, "bil")], replications=1, step=0.0)
    assert len(caught.value.faults) == 3
    nobody = Scenario(two_skills().conversation_types, AgentGroup("clerks", {"billing": 1.0}), 3600.0)
    with pytest.raises(InvalidInputError, match="no number of agents"):
        staff(nobody, ServiceTarget(0.99, 1.0), replications=2)


def test_the_command_shows_the_plan(tmp_path, capsys):
    """The plan is printed, or written as data; wrong targets are told."""
    pytest.importorskip("typer")
    from routematch.cli import main

    file = tmp_path / "day.toml"
    file.write_text(two_skills(3600.0).dumps(), encoding="utf-8")
    assert main(["staff", str(file), "--target", "0.7:20", "--step", "3600", "--replications", "4", "--json"]) in {0, 1}
    data = json.loads(capsys.readouterr().out)
    assert data["groups"] == ["clerks", "both"]
    assert data["hours"] >= data["bound"]
    assert main(["staff", str(file), "--target", "x", "--target", "2:20"]) == 2
    assert "2 faults" in capsys.readouterr().err
