from __future__ import annotations

import pytest

from routematch.distributions import Exponential, PoissonArrivals
from routematch.simulation import AgentGroup, ConversationType, Scenario, WeeklyHours, check_scenario

DAY = 86_400.0
NIGHT = (
    "nobody on shift may serve loans in 12 hours, in which 120 are expected: "
    "Mon 5 Jan 00:00-08:00, Mon 5 Jan 20:00-00:00"
)


def kind(name: str, per_hour: float, *, asks: str | None = None, minutes: float = 6.0, **fields) -> ConversationType:
    """Return a type that comes all day."""
    law = Exponential(60 * minutes)
    return ConversationType(name, asks or name, arrivals=PoissonArrivals(per_hour / 3600), handle_time=law, **fields)


def day(*kinds: ConversationType, groups: tuple[AgentGroup, ...], **fields) -> Scenario:
    """Return a Monday in Berlin's winter."""
    return Scenario(kinds, groups, DAY, start_at=1_767_567_600.0, zone="Europe/Berlin", **fields)


def found(scenario: Scenario) -> list[tuple[str, str, str]]:
    """Return what is found in short."""
    return [(finding.severity, finding.code, finding.message) for finding in check_scenario(scenario)]


def test_a_scenario_with_room_has_no_findings():
    """Enough agents who may serve everything, all day."""
    assert found(day(kind("loans", 10), groups=(AgentGroup("all", {"loans": 1.0}, size=3),))) == []


def test_hours_without_anybody_on_shift_are_named_by_the_local_clock():
    """Two stretches outside of the shift, with what is expected in them."""
    staff = AgentGroup("all", {"loans": 1.0}, size=3, shifts=WeeklyHours("every day", "08:00", "20:00"))

    assert found(day(kind("loans", 10), groups=(staff,))) == [
        (
            "problem",
            "nobody_on_shift",
            NIGHT,
        )
    ]


def test_breaks_and_opening_hours_count():
    """A common break leaves nobody; who comes when it is closed is not waited for."""
    hours = WeeklyHours("every day", "08:00", "16:00")
    staff = AgentGroup("all", {"loans": 1.0}, size=3, shifts=hours, breaks=WeeklyHours("every day", "12:00", "12:30"))

    ((severity, code, message),) = found(day(kind("loans", 10), groups=(staff,), opening_hours=hours))

    assert (severity, code) == ("problem", "nobody_on_shift")
    assert message.endswith("in 0.5 hours, in which 5 are expected: Mon 5 Jan 12:00-12:30")


def test_too_much_work_for_one_set_of_skills_is_named_with_its_load():
    """Five agents' work for four agents who may do it is a load of 1.25, whoever else is there."""
    scenario = day(
        kind("loans", 50), kind("cards", 5),
        groups=(AgentGroup("lenders", {"loans": 1.0}, size=4), AgentGroup("tellers", {"cards": 1.0}, size=9)),
    )  # fmt: skip

    assert found(scenario) == [
        ("hint", "load_above_1", "load above 1, up to 1.25, for loans in 24 hours: Mon 5 Jan 00:00-00:00")
    ]


def test_too_much_work_for_types_together_is_found():
    """Each type alone fits, both together do not: they share their agents."""
    both = AgentGroup("all", {"loans": 1.0, "cards": 1.0}, size=4)

    ((_, code, message),) = found(day(kind("loans", 30), kind("cards", 30), groups=(both,)))

    assert (code, message[:45]) == ("load_above_1", "load above 1, up to 1.50, for loans, cards in"[:45])


def test_overflow_that_others_can_take_is_no_overload():
    """More work than the specialists can do is fine where generalists have time."""
    groups = (AgentGroup("lenders", {"loans": 1.0}, size=4), AgentGroup("all", {"loans": 1.0, "cards": 1.0}, size=3))

    assert found(day(kind("loans", 55), kind("cards", 10), groups=groups)) == []


def test_a_requirement_that_relaxes_counts_at_its_last_stage():
    """Who may serve after a while is on shift enough."""
    from routematch import After, Requirement

    hard = ConversationType(
        "loans", (Requirement("loans", 0.9, relax=(After(60, at_least=0.3),)),),
        arrivals=PoissonArrivals(0.001), handle_time=Exponential(60),
    )  # fmt: skip

    codes = [code for _, code, _ in found(day(hard, groups=(AgentGroup("all", {"loans": 0.5}, size=2),)))]

    assert "nobody_on_shift" not in codes


@pytest.mark.parametrize("skill", ["lones", "cards"])
def test_what_nobody_ever_meets_is_said_once(skill: str):
    """A skill that nobody holds is a problem of the input, not of each hour."""
    scenario = day(kind("loans", 10), groups=(AgentGroup("all", {skill: 1.0}, size=3),))

    assert [code for severity, code, _ in found(scenario) if severity == "problem"] == ["requirement_never_met"]


def test_sets_of_agents_that_overlap_are_added_up():
    """1.7 agents' work each for two pairs of agents that share one: 0.85 alone, but 3.4 for three agents together."""
    groups = (
        AgentGroup("lenders", {"loans": 1.0}),
        AgentGroup("all", {"loans": 1.0, "cards": 1.0}),
        AgentGroup("tellers", {"cards": 1.0}),
    )

    ((_, code, message),) = found(day(kind("loans", 17), kind("cards", 17), groups=groups))

    assert code == "load_above_1"
    assert message.startswith("load above 1, up to 1.13, for loans, cards in 24 hours")
