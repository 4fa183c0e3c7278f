"""Advice: prices find what was planted, simulation measures it, and where there is no rush nothing is promised."""

from __future__ import annotations

import json

import pytest
from attrs import evolve

from routematch.distributions import Exponential, PoissonArrivals
from routematch.errors import InvalidInputError
from routematch.experiments import Relaxation, advise
from routematch.model import After, Requirement
from routematch.simulation import AgentGroup, ConversationType, Scenario, WeeklyHours
from routematch.simulation.changes_load import Rush


def desk(*, spanish: int = 3) -> Scenario:
    """Return a desk where Spanish is short, two people speak some, and clerks have time."""
    law = {"handle_time": Exponential(240.0), "patience": Exponential(120.0), "value": 10.0}
    types = [
        ConversationType("bill", {"billing": 0.5}, arrivals=PoissonArrivals(0.03), **law),
        ConversationType("hola", {"spanish": 0.5}, arrivals=PoissonArrivals(0.02), **law),
    ]
    groups = [
        AgentGroup("clerks", {"billing": 0.9}, size=14),
        AgentGroup("natives", {"spanish": 0.9}, size=spanish),
        AgentGroup("some", {"billing": 0.8, "spanish": 0.4}, size=2),
    ]
    return Scenario(types, groups, 4 * 3600.0, name="desk")


@pytest.fixture(scope="module")
def advice():
    """Return advice for the desk."""
    return advise(desk(), replications=6, checks=1)


def test_the_bottleneck_is_the_skill_that_is_short(advice):
    """Spanish is worth something an hour, billing nothing."""
    assert advice.bottleneck == "spanish"
    assert advice.skills["billing"] == 0.0


def test_each_kind_is_checked_and_kept(advice):
    """The best training, agent and relaxation all help surely in simulation, and no more than promised."""
    changes = advice.checked.differences("value")
    best = {kind: next(hint for hint in advice.hints if hint.kind == kind) for kind in ("train", "agent", "relax")}

    assert best["train"].change.label.endswith(": spanish")
    assert best["agent"].change.group == "natives"
    assert best["relax"].change == Relaxation("hola", "spanish", 0.4)
    for hint in best.values():
        found = changes[hint.change.label]
        assert found.is_significant
        assert 0 < found.change.mean < hint.per_month


def test_without_a_rush_nothing_is_promised():
    """Where there are agents enough no skill is short and nothing is simulated."""
    advice = advise(desk(spanish=20), replications=2)

    assert advice.bottleneck is None
    assert advice.checked is None
    assert "no skill is short" in advice.findings()[0]


def test_prices_see_the_hours():
    """A lack in the evening alone makes an hour of the evening worth something, and none of the morning."""
    law = {"handle_time": Exponential(300.0), "arrivals": PoissonArrivals(0.02)}
    hours = {"mornings": ("08:00", "12:00", 12), "evenings": ("12:00", "16:00", 4)}
    groups = [
        AgentGroup(name, {"billing": 1.0}, size, shifts=WeeklyHours("every day", start, end))
        for name, (start, end, size) in hours.items()
    ]
    day = Scenario(ConversationType("bill", "billing", **law), groups, 8 * 3600.0, start_at=8 * 3600.0)

    worth = dict(zip(("mornings", "evenings"), Rush.of(day).worth_per_hour().tolist(), strict=True))
    assert worth["mornings"] == 0
    assert worth["evenings"] == pytest.approx(3600.0 / 300.0)


def test_a_relaxed_requirement_stays_in_order():
    """What was to be asked for later, and is more than is asked for now, goes; dropping stays."""
    steps = (After(30, at_least=0.45), After(60, at_least=0.2), After(90, drop=True))
    kind = evolve(desk().conversation_types[1], requires=Requirement("spanish", 0.5, relax=steps))
    scenario = evolve(desk(), conversation_types=[desk().conversation_types[0], kind])

    (variant,) = Relaxation("hola", "spanish", 0.4).variants(scenario).values()
    requires = variant.conversation_types[1].requires
    assert (requires.at_least, [step.time for step in requires.relax]) == (0.4, [60, 90])


def test_faults_at_once():
    """All faults of the arguments are told together."""
    with pytest.raises(InvalidInputError) as caught:
        advise(desk(), proficiency=2, replications=1, checks=-1)
    assert len(caught.value.faults) == 3


def test_the_command_says_it(tmp_path, capsys):
    """Text names the bottleneck; JSON holds every hint."""
    pytest.importorskip("typer")
    from routematch.cli import main

    file = tmp_path / "may.toml"
    file.write_text(desk().dumps(), encoding="utf-8")
    assert main(["advise", str(file), "--checks", "0"]) == 0
    assert "The bottleneck is spanish" in capsys.readouterr().out
    assert main(["advise", str(file), "--checks", "1", "--replications", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bottleneck"] == "spanish"
