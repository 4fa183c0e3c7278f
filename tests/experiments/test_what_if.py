"""What changes bring: new scenarios with all faults checked, the same days for all, honest intervals."""

from __future__ import annotations

import json

import numpy as np
import pytest

from routematch.distributions import (
    BatchArrivals,
    DoublyStochasticArrivals,
    Exponential,
    Gamma,
    PoissonArrivals,
    RecordedArrivals,
    VaryingArrivals,
)
from routematch.errors import InvalidInputError
from routematch.experiments import Concurrency, MoreAgents, Training, Volume, what_if
from routematch.experiments.what_if_absence import staff_cost_per_month, time_off
from routematch.model import Agent, Capacity
from routematch.simulation import AgentGroup, ConversationType, Scenario, WeeklyHours, simulate
from routematch.simulation.changes import slots
from routematch.simulation.changes_arrivals import scaled
from routematch.simulation.changes_load import Rush


def desk(**changes: object) -> Scenario:
    """Return a desk short of Spanish: the clerks have time, the three who speak it have not."""
    law = {"handle_time": Exponential(240.0), "patience": Exponential(120.0)}
    types = [
        ConversationType("bill", "billing", arrivals=PoissonArrivals(0.03), **law),
        ConversationType("hola", "spanish", arrivals=PoissonArrivals(0.02), **law),
    ]
    groups = [
        AgentGroup("clerks", {"billing": 0.9}, size=12, cost_per_hour=30.0),
        AgentGroup("spanish", {"spanish": 0.9}, size=3, cost_per_hour=35.0),
        AgentGroup(
            "temps", {"billing": 0.5}, size=2, cost_per_hour=20.0, shifts=WeeklyHours("every day", "10:00", "11:00")
        ),
    ]
    return Scenario(types, groups, horizon=6 * 3600.0, start_at=9 * 3600.0, name="desk", **changes)


def test_training_keeps_names_and_raises_levels_only():
    """Those trained keep their ids; who is better already stays so; nobody else changes."""
    before = desk()
    after = before.with_training(["clerks-03", "spanish-1"], skill="spanish", proficiency=0.7)

    skills = {agent.id: dict(agent.skills) for agent in after.roster()}
    assert [agent.id for agent in after.roster()] == [agent.id for agent in before.roster()]
    assert skills["clerks-03"] == {"billing": 0.9, "spanish": 0.7}
    assert skills["spanish-1"] == {"spanish": 0.9}
    assert sum("spanish" in each for each in skills.values()) == 4
    assert after.agent_groups[2] is before.agent_groups[2]


def test_by_price_those_are_trained_who_have_time():
    """The clerks on duty all day are worth more in Spanish than temps who are there for an hour."""
    after = desk().with_training(2, skill="spanish", proficiency=0.7)

    assert {agent.id for agent in after.roster() if "spanish" in agent.skills} >= {"clerks-01", "clerks-02"}


def test_more_at_once_takes_the_same_share_of_other_channels():
    """One chat of four is a quarter of an agent; a call that took all of an agent still does."""
    voice = ConversationType("call", "billing", handle_time=Exponential(60.0), channel="voice")
    chat = ConversationType("chat", "billing", handle_time=Exponential(60.0), arrivals=PoissonArrivals(0.1))
    place = Scenario([voice, chat], AgentGroup("desk", {"billing": 1.0}, size=2), 3600.0)

    wider = place.with_concurrency("chat", 4).agent_groups[0]

    assert (slots(wider.roster()[0], "chat"), slots(wider.roster()[0], "voice")) == (4, 1)
    agent = Agent("ana", {"billing": 1.0}, capacity=Capacity(6, costs={"voice": 6, "chat": 2}, caps={"chat": 2}))
    mixed = Scenario([voice, chat], AgentGroup("one", agents=(agent,)), 3600.0).with_concurrency("chat", 5)
    changed = mixed.roster()[0]
    assert (slots(changed, "chat"), slots(changed, "voice")) == (5, 1)


@pytest.mark.parametrize("change", [5, -3])
def test_groups_grow_and_shrink(change):
    """Numbered groups change their size; of agents by name the last go, and new ones are copies."""
    numbered = desk().with_agents("clerks", change)
    by_name = desk().with_training(1, skill="spanish", proficiency=0.7).with_agents("clerks", change)

    for scenario in (numbered, by_name):
        assert len(scenario.agent_groups[0].roster()) == 12 + change
    assert len({agent.id for agent in by_name.roster()}) == 17 + change


@pytest.mark.parametrize(
    "process",
    [
        PoissonArrivals(0.1),
        VaryingArrivals((0.0, 1800.0), (0.1, 0.3)),
        DoublyStochasticArrivals(PoissonArrivals(0.1), Gamma(1.0, cv=0.2)),
        BatchArrivals(PoissonArrivals(0.05), (1, 3), (0.5, 0.5)),
        RecordedArrivals(tuple(np.linspace(0.0, 3599.0, 1000))),
    ],
)
@pytest.mark.parametrize("factor", [0.4, 1.1, 2.5])
def test_volume_scales_every_process(process, factor):
    """The mean count of every process of the library changes by the factor."""
    assert scaled(process, factor).mean_count(0.0, 3600.0) == pytest.approx(
        factor * process.mean_count(0.0, 3600.0), rel=0.01
    )


@pytest.mark.parametrize(
    ("call", "faults"),
    [
        (lambda s: s.with_training(99, skill="", proficiency=3, group="nobody"), 3),
        (lambda s: s.with_training(99, skill="spanish", proficiency=0.5), 1),
        (lambda s: s.with_training(["clerks-01", "x", "y"], skill="spanish", proficiency=0.5), 2),
        (lambda s: s.with_concurrency("fax", 0, group="nobody"), 3),
        (lambda s: s.with_agents("nobody", 0), 2),
        (lambda s: s.with_agents("clerks", -13), 1),
        (lambda s: s.with_volume(0, types=["bill", "x"]), 2),
    ],
)
def test_all_faults_at_once(call, faults):
    """A change that cannot be says everything that is wrong with it."""
    with pytest.raises(InvalidInputError) as caught:
        call(desk())

    assert len(caught.value.faults) == faults


def test_who_is_away_works_later_and_loses_as_much():
    """Agents away for two hours come two hours later; the hours that fit into the run are told."""
    away = time_off(desk(), ["clerks-01", "temps-1"], 2.0)

    assert away.hours == 4.0
    assert away.taken == pytest.approx(3.0)  # the temp is there for one hour only
    assert len(away.scenario.roster()) == len(desk().roster())
    lost = sum(Rush.of(desk()).on_duty.sum(axis=1)) - sum(Rush.of(away.scenario).on_duty.sum(axis=1))
    assert lost * 0.5 == pytest.approx(3.0)


def test_cost_counts_hours_on_shift():
    """Twelve at 30, three at 35 all day, two at 20 for one of six hours."""
    month = 365.25 / 12 * 24
    assert staff_cost_per_month(desk()) == pytest.approx((12 * 30 + 3 * 35 + 2 * 20 / 6) * month)


@pytest.fixture(scope="module")
def answer():
    """Return the answer to one of each."""
    changes = [Training(2, "spanish"), Concurrency("chat", 2), MoreAgents("temps", -1), Volume(1.2, ("bill",))]
    return what_if(desk(), changes, seed=3, replications=6)


def test_the_rows_are_baseline_each_change_and_all(answer):
    """One row for each change, three where a concurrency was never seen, and all together at the end."""
    assert [option.label for option in answer.options] == [
        "as it is",
        "train 2 in spanish",
        "low: 2 at once on chat",
        "middle: 2 at once on chat",
        "high: 2 at once on chat",
        "1 fewer in temps",
        "20 % more conversations of bill",
        "all together",
    ]


def test_assumptions_are_in_order_and_known_levels_need_none(answer):
    """High gives at least as much as low; where the pace is known there is one row."""
    low, middle, high = (answer.measure(f"{a}: 2 at once on chat", "value").mean for a in ("low", "middle", "high"))
    assert low < middle < high
    known = desk().with_concurrency("chat", 2, slow_down=(1.0, 0.8))
    assert len(Concurrency("chat", 2).variants(known)) == 1
    paces = Concurrency("chat", 4).variants(known)["low: 4 at once on chat"].agent_groups[0].slow_down
    assert [n * pace for n, pace in enumerate(paces, 1)] == pytest.approx([1.0, 1.6, 1.6, 1.6])


def test_options_share_their_days(answer):
    """The baseline is what `simulate` gives; training two clerks in Spanish helps surely with few days."""
    plain = simulate(desk(), seed=3, replications=6).values("abandonment")
    assert answer.options[0].values["abandonment"].tolist() == plain.tolist()
    found = answer.differences("value")["train 2 in spanish"]
    assert found.is_significant
    mine, theirs = (answer.options[place].values["value"] for place in (0, 1))
    assert np.var(theirs - mine) < 0.5 * (np.var(mine) + np.var(theirs))


def test_lost_hours_count():
    """What is lost while the only Spanish speakers sit in a course makes the gain smaller, and never the value."""
    busy = Training(("spanish-1", "spanish-2"), "billing", hours=4.0)
    with_hours, without = (
        what_if(desk(), each, seed=1, replications=4) for each in (busy, Training(busy.agents, "billing", hours=0.0))
    )
    label = busy.label

    assert with_hours.measure(label, "once").mean > 0
    assert without.measure(label, "once").mean == 0
    assert with_hours.measure(label, "gain").mean < without.measure(label, "gain").mean
    assert with_hours.measure(label, "value").mean == without.measure(label, "value").mean


def test_named_people_are_taken_as_they_are_and_others_are_told(answer):
    """Who was chosen is in the answer, by name; those named are trained."""
    chosen = answer.changes[0].agents
    assert len(chosen) == 2
    assert all(name.startswith("clerks") for name in chosen)
    assert "clerks" in answer.tables()[1].rows[0][1]


def test_the_answer_is_plain_data(answer):
    """JSON holds every option with its differences."""
    data = json.loads(json.dumps(answer.to_data()))
    assert len(data["options"]) == 8
    low, high = data["options"][1]["gain_change"][1:]
    assert low < high


def test_faults_of_changes_come_together():
    """Everything wrong with all changes is told at once, with its place."""
    with pytest.raises(InvalidInputError) as caught:
        what_if(desk(), [Training(99, "spanish"), MoreAgents("clerk", 1)], replications=2)

    assert [fault.place for fault in caught.value.faults] == ["changes[0].agents", "changes[1].group"]
    with pytest.raises(InvalidInputError, match="at least one change"):
        what_if(desk(), [], replications=1)


def test_the_command_answers_and_writes_a_page(tmp_path, capsys):
    """The table is printed, the page written; options that cannot be read are all told."""
    pytest.importorskip("typer")
    pytest.importorskip("jinja2")
    from routematch.cli import main

    file, page = tmp_path / "may.toml", tmp_path / "answer.html"
    file.write_text(desk().dumps(), encoding="utf-8")

    status = main(
        [
            "what-if",
            str(file),
            "--train",
            "1:spanish",
            "--agents",
            "clerks=+1",
            "--replications",
            "2",
            "--report",
            str(page),
        ]
    )
    assert status == 0
    shown = capsys.readouterr().out
    assert "train 1 in spanish" in shown
    assert "all together" in shown
    assert "What if: desk" in page.read_text(encoding="utf-8")
    assert main(["what-if", str(file), "--train", "x", "--volume", "x"]) == 2
    assert "2 faults" in capsys.readouterr().err
