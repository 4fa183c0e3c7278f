"""The help desk example: what it learns is what was known by then, and it prints the same bytes every time."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "incidents"
TWO_DAYS = Path(__file__).with_name("incidents_two_days.out")
SPLIT = date(2016, 4, 4)


@pytest.fixture
def example(monkeypatch):
    """Give the modules of the example by name, and forget them afterwards."""
    monkeypatch.syspath_prepend(EXAMPLE)
    names = ("history", "skill_matrix", "replay", "run")
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module
    for name in names:
        sys.modules.pop(name, None)


def incident(example, number: int, **changes):
    """Make a plain incident, resolved on the first of March by resolver 7 of group 25."""
    at = datetime(2016, 3, 1, 10, tzinfo=UTC)
    plain = example("history").Incident(
        id=f"INC{number}",
        handed_over_at=at,
        resolved_at=at + timedelta(hours=1),
        category="26",
        kind="26/174",
        site="143",
        first_group="group 25",
        resolving_group="group 25",
        resolver="7",
        moves=0,
    )
    return plain._replace(**changes)


def test_two_days_print_what_is_stored():
    """Two days print the stored bytes, whatever the hash seed and without any warning.

    To renew: ``python examples/incidents/run.py --days 2 > tests/examples/incidents_two_days.out``.
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLE / "run.py", "--days", "2"],
        env={**os.environ, "PYTHONHASHSEED": "3", "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == TWO_DAYS.read_text(encoding="utf-8")


def test_what_happens_later_changes_no_skill(example):
    """Shuffled groups and resolvers after the split leave the skill matrix and the people as they were."""
    history, replay = example("history"), example("replay")
    incidents = history.read()
    scrambled = [
        one._replace(resolving_group="group 70", resolver="7", first_group="group 1", moves=9)
        if one.resolved_at.date() >= SPLIT
        else one
        for one in incidents
    ]
    truly, otherwise = replay.learn(incidents, SPLIT), replay.learn(scrambled, SPLIT)

    waiting = [one for one in incidents if one.handed_over_at.date() == SPLIT]
    assert truly.people.group == otherwise.people.group
    assert truly.people.busy_day == otherwise.people.busy_day
    for resolver in truly.people.group:
        assert truly.matrix.skills(resolver, waiting) == otherwise.matrix.skills(resolver, waiting)


def test_an_incident_asks_for_nothing_that_came_of_it(example):
    """The conversation made of an incident is the same whatever its outcome."""
    replay = example("replay")
    plain = incident(example, 1)
    changed = plain._replace(
        first_group="group 9",
        resolving_group="group 8",
        resolver="6",
        moves=5,
        resolved_at=plain.resolved_at + timedelta(days=3),
    )
    assert replay.conversations([plain]) == replay.conversations([changed])


def test_nobody_is_at_work_because_of_the_future(example):
    """A resolution counts as presence only once it has happened."""
    one = incident(example, 1)
    people = example("history").People([one], [one])
    assert people.at_work(one.resolved_at) == []
    assert people.at_work(one.resolved_at + timedelta(minutes=1)) == ["7"]
    assert people.at_work(one.resolved_at + timedelta(days=8)) == []


def test_the_desk_can_not_be_chosen(example):
    """The people of the service desk, which has just given the incidents away, are no agents."""
    replay, history = example("replay"), example("history")
    incidents = [
        incident(example, n, resolver=str(n % 2), resolving_group=("group 70", "group 25")[n % 2]) for n in range(8)
    ]
    desk = replay.learn(incidents, SPLIT)
    now = incidents[0].resolved_at + timedelta(hours=1)
    assert desk.people.group == {"0": history.SERVICE_DESK, "1": "group 25"}
    assert [agent.id for agent in replay.agents(desk, incidents, now, {"1": []})] == ["1"]


def test_shares_add_up_and_shrink(example):
    """Shares of the groups add up to one; more incidents draw a share nearer to the plain rate of its cell."""
    matrix_module, history = example("skill_matrix"), example("history")
    past = [incident(example, n, resolving_group="group 25" if n % 4 else "33") for n in range(40)]
    elsewhere = [incident(example, 100 + n, site="9", resolving_group="group 33") for n in range(2)]
    matrix = matrix_module.SkillMatrix(past + elsewhere, history.People(past + elsewhere, []))

    often, seldom = matrix.shares(past[0]), matrix.shares(elsewhere[0])
    assert sum(often.values()) == pytest.approx(1, abs=0.002)
    assert often["group 25"] == pytest.approx(0.75, abs=0.05)
    assert 0.05 < seldom["group 25"] < 0.5, (
        "two incidents, none of them of group 25, are no proof that it never takes any"
    )


def test_thin_evidence_is_no_skill(example):
    """One incident of a category in person is not enough to list a skill."""
    matrix_module, history = example("skill_matrix"), example("history")
    past = [incident(example, 1), incident(example, 2, resolver="8"), incident(example, 3, resolver="8")]
    matrix = matrix_module.SkillMatrix(past, history.People(past, past))
    assert matrix.skills("7", past[:1]) == {}
    assert list(matrix.skills("8", past[:1])) == ["26/174 at site 143"]


def test_spared_and_caused_moves_are_counted_against_what_happened(example):
    """A right choice where the desk was wrong spares the real moves; a wrong one where it was right causes one."""
    run, replay = example("run"), example("replay")
    desk_wrong = incident(example, 1, first_group="group 33", moves=3)
    desk_right = incident(example, 2)
    routed = [replay.Routed(one) for one in (desk_wrong, desk_right)]
    assert run.moves(["group 25", "group 25"], routed) == (3, 0)
    assert run.moves(["group 33", "group 33"], routed) == (0, 1)
    assert run.moves([None, None], routed) == (0, 0), "who is never routed stays as it was"


def test_interval_holds_the_mean_and_tightens_with_days(example):
    """The interval lies around the mean and is narrower with more days."""
    interval = example("run").interval
    values = np.random.default_rng(5).integers(2, size=800).astype(float)
    few, many = ([SPLIT + timedelta(days=n % days) for n in range(800)] for days in (4, 40))
    low, high = interval(values, many)
    assert low < values.mean() < high
    alike = np.repeat(np.random.default_rng(6).integers(2, size=4).astype(float), 200)
    low_alike, high_alike = interval(alike, sorted(few))
    assert high_alike - low_alike > 2 * (high - low), "days of equal incidents are four observations, not 800"


def test_the_data_are_small_and_complete(example):
    """The shipped table is below 700 kB, in order of hand-over, with nothing resolved before it was handed over."""
    incidents = example("history").read()
    assert (EXAMPLE / "incidents.csv.gz").stat().st_size < 700_000
    assert len(incidents) == len({one.id for one in incidents}) == 13_901
    assert [one.handed_over_at for one in incidents] == sorted(one.handed_over_at for one in incidents)
    assert all(one.handed_over_at < one.resolved_at for one in incidents)
    assert all(one.first_group != "group 70" for one in incidents)
