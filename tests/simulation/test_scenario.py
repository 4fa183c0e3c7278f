"""Scenarios: what they refuse, how they are written, what calendars make of them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from routematch.distributions import (
    Deterministic,
    DoublyStochasticArrivals,
    Exponential,
    Gamma,
    PoissonArrivals,
    RecordedArrivals,
)
from routematch.errors import DuplicateIdError, InvalidInputError, UnknownNameError
from routematch.model import Agent, Queue, Shift
from routematch.policies import longest_idle
from routematch.simulation import (
    AgentGroup,
    Callback,
    ConversationType,
    Present,
    Repeat,
    Scenario,
    Transfer,
    WeeklyHours,
    simulate,
)
from routematch.simulation.hours import intervals_of, minus
from routematch.simulation.replication import replicate

sys.path.insert(0, str(Path(__file__).parent))
from random_scenarios import random_scenario

KIND = ConversationType("k", arrivals=PoissonArrivals(0.1), handle_time=Exponential(30.0))


@pytest.mark.parametrize("form", ["toml", "json"])
@pytest.mark.parametrize("seed", range(8))
def test_what_is_written_is_read_back_equal(seed, form):
    """A scenario survives a file in either form."""
    scenario = random_scenario(seed, is_rich=True)

    assert Scenario.loads(scenario.dumps(format=form), format=form) == scenario


def test_laws_and_processes_are_read_from_their_data():
    """A file names laws; so may anybody who writes a type by hand."""
    kind = ConversationType(
        "k", arrivals={"process": "poisson", "arrival_rate": 0.1}, handle_time={"law": "exponential", "mean": 30}
    )

    assert kind == KIND


def test_every_fault_is_told_with_its_place():
    """Faults of all parts of a file come together."""
    data = {
        "horizon": -1,
        "waiting_room": 1.5,
        "zone": "Mars",
        "conversation_types": [{"name": "", "handle_time": {"law": "never"}, "patience": {"law": "expo"}, "value": -1}],
        "agent_groups": [
            {"name": "g", "speed": 0, "slow_down": [2], "shifts": [{"days": "noday", "starts": "9", "ends": "25:00"}]}
        ],
    }
    with pytest.raises(InvalidInputError) as caught:
        Scenario.from_data(data)

    places = {fault.place for fault in caught.value.faults}
    assert {"conversation_types[0].name", "conversation_types[0].patience.law", "conversation_types[0].value"} <= places
    assert {"conversation_types[0].handle_time", "agent_groups[0].speed", "agent_groups[0].slow_down[0]"} <= places
    assert "agent_groups[0].shifts[0].ends" in places


def test_faults_of_the_whole_are_told_too():
    """Numbers of the scenario itself."""
    with pytest.raises(InvalidInputError) as caught:
        Scenario([KIND], [AgentGroup("g")], -5, waiting_room=-1, zone="Mars", seed=True)

    assert {fault.place for fault in caught.value.faults} == {"horizon", "waiting_room", "zone", "seed"}


def test_names_must_be_there_and_only_once():
    """What is named elsewhere exists, what has a name has its own."""
    moved = ConversationType("m", handle_time=Exponential(1), transfers=Transfer("kk", 0.5), queue="sale")
    with pytest.raises(UnknownNameError, match="did you mean 'k'"):
        Scenario([KIND, moved], AgentGroup("g"), 10, queues=Queue("sales"))
    with pytest.raises(DuplicateIdError):
        Scenario([KIND, KIND], [AgentGroup("g"), AgentGroup("g")], 10)
    with pytest.raises(DuplicateIdError):
        Scenario(KIND, [AgentGroup("g"), AgentGroup("h", agents=[Agent("g-1")])], 10)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Repeat(1.5, Exponential(1)),
        lambda: Repeat(0.5, 3),
        lambda: Transfer("", 0.5),
        lambda: Callback(-1),
        lambda: ConversationType("k", handle_time=3),
        lambda: ConversationType("k", handle_time=Exponential(1), transfers=[Transfer("a", 0.6), Transfer("b", 0.6)]),
        lambda: AgentGroup("g", {"a": 1}, agents=[Agent("x")]),
        lambda: AgentGroup("g", size=1.5),
        lambda: WeeklyHours((), "09:00", "10:00"),
        lambda: Scenario.from_rates([0.1, 0.2], [[1, 2, 3]], None, [1, 1]),
        lambda: Scenario.from_rates([0.1], 0.0, None, 1),
        lambda: Scenario.from_rates([-0.1], 1.0, None, 1),
    ],
)
def test_nonsense_is_refused(wrong):
    """Each noun checks itself."""
    with pytest.raises(InvalidInputError):
        wrong()


def test_rates_become_types_groups_and_values():
    """A matrix of rates is a scenario: handle times by group, proficiencies that give the values back."""
    scenario = Scenario.from_rates(
        [0.5, 0.2], [[0.1, 0.2], [0.1, 0.1]], [0.02, 0], [3, 2], [[1, 0.5], [0, 4]], [[1, 1], [0, 1]]
    )

    first, second = scenario.conversation_types
    assert first.handle_time_by_group["group-2"].mean == 5.0
    assert second.patience is None
    assert second.value == 4.0
    assert [group.size for group in scenario.agent_groups] == [3, 2]
    assert scenario.agent_groups[1].skills == {"type-1": 0.5, "type-2": 1.0}
    assert scenario.horizon * 0.7 == pytest.approx(10_000)


def test_weekly_hours_follow_the_wall_clock_through_the_change_of_time():
    """In Berlin the day of the change in March has 23 hours: the shift of the night is an hour shorter."""
    start = datetime(2026, 3, 27, tzinfo=UTC).timestamp()
    nights = WeeklyHours(("friday", "saturday"), "22:00", "06:00").intervals(start, 4 * 86400.0, "Europe/Berlin")

    assert [(end - begin) / 3600 for begin, end in nights] == [8.0, 7.0]


def test_stretches_are_merged_and_breaks_taken_out():
    """Shifts that touch are one; a break splits it."""
    shifts = intervals_of([Shift(0, 100), Shift(100, 200), Shift(300, 400)], 0.0, 350.0, "UTC")

    assert shifts == [(0.0, 200.0), (300.0, 350.0)]
    assert minus(shifts, [(50.0, 60.0), (190.0, 310.0)]) == [(0.0, 50.0), (60.0, 190.0), (310.0, 350.0)]


def test_who_comes_outside_the_opening_hours_is_refused():
    """Opening hours are of the scenario's zone."""
    scenario = Scenario(
        KIND, AgentGroup("g", size=9), 86400.0, opening_hours=WeeklyHours("every day", "09:00", "17:00")
    )
    ledger = simulate(scenario).ledgers[0]
    hour = ledger.arrived_at // 3600

    assert ((ledger.ending == 3) == ((hour < 9) | (hour >= 17))).all()


def test_agents_work_in_their_shifts_and_finish_what_they_have():
    """Nobody is answered outside shifts; with overtime, talks that began before the end are finished."""
    kind = ConversationType(
        "k", arrivals=PoissonArrivals(0.05), handle_time=Deterministic(1000.0), patience=Exponential(600.0)
    )
    group = AgentGroup(
        "g",
        size=5,
        shifts=WeeklyHours("every day", "09:00", "12:00"),
        breaks=WeeklyHours("every day", "10:00", "10:15"),
    )
    ledger = simulate(Scenario(kind, group, 86400.0)).ledgers[0]
    answered = ledger.answered_at[~np.isnan(ledger.answered_at)] / 3600

    assert answered.min() >= 9
    assert answered.max() < 12
    assert not ((answered >= 10) & (answered < 10.25)).any()
    assert np.nanmax(ledger.ended_at[~np.isnan(ledger.answered_at)]) / 3600 > 12


def test_handed_back_conversations_are_finished_by_others():
    """At the end of a shift the rest of a conversation goes to somebody who is there; the work is the same in all."""
    kind = ConversationType("k", arrivals=PoissonArrivals(0.01), handle_time=Deterministic(600.0))
    early = AgentGroup("early", size=3, shifts=WeeklyHours("every day", "00:00", "01:00"), overtime="hand_back")
    late = AgentGroup("late", size=9, shifts=WeeklyHours("every day", "00:50", "03:00"))
    ledger = simulate(Scenario(kind, [early, late], 7200.0)).ledgers[0]

    assert ledger.handle_time == pytest.approx(600.0)
    moved = (ledger.answered_at < 3600) & (ledger.ended_at > 3600)
    assert moved.any()
    assert (ledger.agent_group.words()[moved] == "late").all()


def test_unresolved_conversations_come_back():
    """With resolution at one half, and everybody coming back at once, each customer comes twice on average."""
    kind = ConversationType(
        "k",
        arrivals=PoissonArrivals(0.2),
        handle_time=Exponential(5.0),
        resolve_probability=0.5,
        repeat=Repeat(1.0, Deterministic(10.0), most=50),
    )
    ledger = simulate(Scenario(kind, AgentGroup("g", size=20), 20_000.0)).ledgers[0]
    first = (ledger.repeats < 0).sum()

    assert len(ledger) / first == pytest.approx(2.0, abs=0.1)  # about 4,000 customers: six standard errors
    follows = ledger.repeats >= 0
    before = ledger.repeats[follows]
    assert ledger.arrived_at[follows] == pytest.approx(ledger.ended_at[before] + 10.0)
    assert (ledger.resolved[before] == 0).all()


def test_repeats_may_be_drawn_to_the_same_agent():
    """With a strong pull and agents enough, the next conversation goes to the agent of the last one."""
    kind = ConversationType(
        "k",
        arrivals=PoissonArrivals(0.02),
        handle_time=Deterministic(5.0),
        resolve_probability=0.3,
        repeat=Repeat(1.0, Deterministic(50.0), same_agent=1.0),
    )
    ledger = simulate(Scenario(kind, AgentGroup("g", size=30), 5000.0)).ledgers[0]
    follows = np.flatnonzero(ledger.repeats >= 0)

    same = ledger.agent.codes[follows] == ledger.agent.codes[ledger.repeats[follows]]
    assert same.mean() > 0.9


def test_transfers_pass_conversations_on():
    """A third of the calls goes to the second line: one transfer each, and work of both agents."""
    first = ConversationType(
        "first",
        {"basic": 0},
        arrivals=PoissonArrivals(0.1),
        handle_time=Deterministic(10.0),
        transfers=Transfer("second", 1 / 3),
    )
    second = ConversationType("second", {"expert": 0}, handle_time=Deterministic(40.0))
    groups = [AgentGroup("front", {"basic": 1}, 9), AgentGroup("back", {"expert": 1}, 9)]
    ledger = simulate(Scenario([first, second], groups, 20_000.0)).ledgers[0]
    moved = ledger.transfers == 1

    assert moved.mean() == pytest.approx(1 / 3, abs=0.06)  # about 2,000 calls: six standard errors
    assert set(ledger.agent_group.words()[moved]) == {"back"}
    assert ledger.handle_time[moved] == pytest.approx(50.0)
    assert set(ledger.conversation_type.words()) == {"first"}


def test_bots_come_first_and_humans_get_what_they_cannot_do():
    """What a bot resolves stays with it, the rest goes on to humans, whose chance of success counts."""
    kind = ConversationType(
        "k",
        arrivals=PoissonArrivals(0.1),
        handle_time=Deterministic(10.0),
        bot_first=True,
        resolve_probability=1.0,
        resolve_probability_by_group={"bot": 0.4},
    )
    groups = [AgentGroup("bot", kind="bot", capacity=50), AgentGroup("human", size=9)]
    ledger = simulate(Scenario(kind, groups, 20_000.0)).ledgers[0]
    by_bot = ledger.agent_group.words() == "bot"

    assert by_bot.mean() == pytest.approx(0.4, abs=0.07)
    assert (ledger.resolved == 1).all()
    assert ((ledger.transfers == 1) == ~by_bot).all()


def test_who_is_offered_a_callback_gives_up_no_more():
    """After the offer is accepted nobody abandons; before, they do as always."""
    kind = ConversationType(
        "k",
        arrivals=PoissonArrivals(0.1),
        handle_time=Deterministic(60.0),
        patience=Exponential(60.0),
        callback=Callback(30.0),
    )
    ledger = simulate(Scenario(kind, AgentGroup("g", size=4), 5000.0)).ledgers[0]
    gave_up = ledger.ending == 2

    assert gave_up.any()
    assert (ledger.waited[gave_up] <= 30.0).all()


def test_days_differ_as_a_whole_where_a_factor_says_so():
    """Doubly random arrivals: counts of days vary more than Poisson ones."""
    kind = ConversationType(
        "k",
        arrivals=DoublyStochasticArrivals(PoissonArrivals(0.01), Gamma(1.0, 0.5), day=10_000.0),
        handle_time=Exponential(1.0),
    )
    found = simulate(Scenario(kind, AgentGroup("g", size=9), 10_000.0), replications=40, intervals=False)
    counts = np.array([len(ledger) for ledger in found.ledgers])

    assert counts.var() > 3 * counts.mean()


def test_a_run_may_start_from_who_is_there():
    """Who waits at the start is served first, agents finish what they have, and neither is measured."""
    kind = ConversationType("k", arrivals=RecordedArrivals((1.0,)), handle_time=Deterministic(100.0))
    present = [
        Present("k", waited=30.0),
        Present("k", waited=50.0),
        Present("k", waited=5.0, agent="g-1", elapsed=40.0),
    ]
    scenario = Scenario(kind, AgentGroup("g", size=2), 300.0, initial=present)
    whole = replicate(scenario, longest_idle(), 0, 0)

    assert whole.arrived_at.tolist() == [-50.0, -45.0, -30.0, 1.0]
    assert whole.answered_at.tolist() == [0.0, -40.0, 60.0, 100.0]
    assert whole.ended_at.tolist() == [100.0, 60.0, 160.0, 200.0]
    measured = simulate(scenario, longest_idle()).ledgers[0]
    assert measured.waited.tolist() == [99.0]
    assert Scenario.loads(scenario.dumps()) == scenario


def test_patience_goes_on_from_where_it_is():
    """Who has waited longer than others give up waits on: patience is drawn given what has passed."""
    kind = ConversationType("k", handle_time=Exponential(1.0), patience=Deterministic(60.0))
    scenario = Scenario(kind, AgentGroup("g", size=0), 300.0, initial=[Present("k", waited=w) for w in (20.0, 59.0)])

    assert replicate(scenario, longest_idle(), 0, 0).ended_at.tolist() == [1.0, 40.0]


def test_who_is_there_must_be_known():
    """Types and agents of the start are those of the scenario."""
    with pytest.raises(UnknownNameError):
        Scenario(KIND, AgentGroup("g"), 10, initial=[Present("kk"), Present("k", agent="g-2")])
    with pytest.raises(InvalidInputError, match="without an agent"):
        Present("k", elapsed=3.0)


SILENT = ConversationType("silent", handle_time=Exponential(10.0))
AT_ONCE = ConversationType("k", arrivals=PoissonArrivals(1.0), handle_time=Deterministic(0.0))


@pytest.mark.parametrize(
    ("types", "groups"),
    [
        ([KIND], []),
        ([KIND], [AgentGroup("g", size=0)]),
        ([KIND], [AgentGroup("g", capacity=0)]),
        ([KIND], [AgentGroup("g", absence_probability=1.0)]),
        ([], [AgentGroup("g")]),
        ([], []),
        ([SILENT], [AgentGroup("g")]),
        ([AT_ONCE], [AgentGroup("g", size=2)]),
    ],
)
@pytest.mark.parametrize("policy", [None, longest_idle()])
def test_empty_scenarios_run(types, groups, policy):
    """Nobody comes, nobody works, nothing takes any time: answers, not errors."""
    found = simulate(Scenario(types, groups, 100.0), policy, replications=2)

    assert len(found.conversations["id"]) == sum(map(len, found.ledgers))
    assert found.summary().rows
    assert found.by("conversation_type", ["abandonment"]).values.shape == (1, len(types))
