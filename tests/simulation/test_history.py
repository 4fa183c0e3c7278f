from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from routematch.errors import InvalidInputError
from routematch.importers import open_history
from routematch.model import Agent
from routematch.simulation import Scenario
from routematch.simulation.history import learn_history
from routematch.state import Ledger

BANK = Path(__file__).parents[2] / "examples" / "bank_log" / "bank.py"


@pytest.fixture(scope="module")
def bank():
    """Return the bank of the example, known to the last number."""
    spec = importlib.util.spec_from_file_location("bank", BANK)
    module = importlib.util.module_from_spec(spec)
    sys.modules["bank"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["bank"]


@pytest.fixture(scope="module")
def happened(bank):
    """Return four weeks of calls as they happened."""
    return bank.calls()


@pytest.fixture(scope="module")
def history(bank, happened, tmp_path_factory):
    """Return the bank's dirty log, opened."""
    path = tmp_path_factory.mktemp("bank") / "calls.csv"
    bank.write_log(path, happened)
    return open_history(path, zone=bank.ZONE)


@pytest.fixture(scope="module")
def learned(history):
    """Return what the log teaches."""
    return learn_history(history)


def test_a_dirty_log_keeps_what_happened(history, happened):
    """Of the calls that happened at least 98 % come through, none twice; waits are right to the second."""
    truth = {str(call.id): call for call in happened}
    calls = history.calls

    assert len(calls) > 0.98 * len(happened)
    assert len(set(calls.ids)) == len(calls)
    true_waits = np.array([min(truth[i].answered_at, truth[i].ended_at) - truth[i].queued_at for i in calls.ids])
    assert np.mean(np.abs(calls.waited - true_waits) <= 1.01) > 0.995


def test_the_hour_shown_twice_is_put_right(history, happened, bank):
    """In the night in which the clocks go back, all arrivals are within two seconds of the truth."""
    truth = {str(call.id): bank.FIRST_DAY.timestamp() + call.queued_at for call in happened}
    errors = np.array([at - truth[i] for i, at in zip(history.calls.ids, history.calls.arrived_at, strict=True)])

    assert np.mean(np.abs(errors) < 20) > 0.998
    assert np.abs(errors).max() < 60  # where the menu's end could not be read


def test_arrivals_are_learned(learned, bank):
    """The rates of a working day lie within 4 standard errors of the truth for every type (false alarm below 1e-3)."""
    for name, kind in bank.KINDS.items():
        process = learned.fits[name].arrivals.process
        monday = np.array([process.mean_count(hour * 3600.0, (hour + 1) * 3600.0) for hour in range(8, 20)])
        true = np.array(kind.per_hour)
        error = np.sqrt(true * (1 + 0.12**2 * true) / 4)
        assert np.abs(monday.sum() - true.sum()) < 4 * np.sqrt((error**2).sum() + (0.12 * true.sum()) ** 2 / 4), name
        assert 0 <= learned.fits[name].arrivals.day_cv < 0.25


def test_handle_times_are_learned_by_group(learned, bank):
    """Means by type and group lie within 4 standard errors of the truth; the faster team is told apart."""
    kinds = {kind.name: kind for kind in learned.conversation_types}
    truth = {("PS", "PS and NW agents"): 190.0, ("PS", "PS and NE agents"): 190.0 * 0.85}
    for (name, group), mean in truth.items():
        fit = learned.fits[name].by_group[group]
        assert abs(fit.mean - mean) < 4 * fit.deviation / np.sqrt(fit.count)
    for name in ("NW", "IN"):
        fit = learned.fits[name].handle_time
        assert abs(fit.mean - bank.KINDS[name].handle_time) < 4 * fit.deviation / np.sqrt(fit.count)
        assert kinds[name].handle_time.name == "log_normal"


def test_patience_is_learned_although_answers_cut_it_short(learned, bank, history):
    """The share still patient after one and three minutes is within 0.05 of the truth; the naive mean is far off."""
    for name in ("PS", "IN"):
        hazards = bank.KINDS[name].patience
        law = learned.conversation_types[[kind.name for kind in learned.conversation_types].index(name)].patience
        for waited in (60.0, 180.0):
            summed = sum(
                rate * max(min(waited, until) - start, 0.0)
                for (start, rate), until in zip(hazards, [start for start, _ in hazards[1:]] + [np.inf], strict=True)
            )
            assert float(law.survival(waited)) == pytest.approx(np.exp(-summed), abs=0.05), (name, waited)
    calls = history.calls
    lost = (calls.ending == 2) & (calls.conversation_type.codes == calls.conversation_type.code("IN"))
    assert calls.waited[lost].mean() < 0.7 * law.mean


def test_teams_and_shifts_are_inferred(learned, bank):
    """Everybody lands in the right team; hours at work are within 3 % of the truth."""
    true_kinds = {agent.name: set(agent.kinds) for agent in bank.people()}
    true_hours = {agent.name: sum(end - start for start, end in agent.shifts) / 3600 for agent in bank.people()}
    roster = {agent.id: agent for group in learned.agent_groups for agent in group.agents}

    assert {name: set(agent.skills) for name, agent in roster.items()} == true_kinds
    hours = {
        name: sum(shift.ends_at - shift.starts_at for shift in agent.shifts) / 3600 for name, agent in roster.items()
    }
    assert sum(hours.values()) == pytest.approx(sum(true_hours.values()), rel=0.03)
    busy = [name for name, own in true_hours.items() if own == 160 and "IN" not in true_kinds[name]]
    assert [hours[name] for name in busy] == pytest.approx([160.0] * len(busy), rel=0.05)


def test_the_scenario_survives_its_file(learned):
    """A learned scenario is written as TOML and read back equal."""
    scenario = Scenario.from_history(learned, name="bank")

    assert Scenario.loads(scenario.dumps()) == scenario
    assert scenario.zone == "Europe/Berlin"
    assert scenario.horizon == 28 * 86_400 + 3600  # one hour more: the clocks go back


def test_what_was_assumed_is_said(learned):
    """The report names what the log does not show."""
    text = learned.summary()

    assert "shifts are inferred from first and last activity" in text
    assert "the log does not show it" in text
    assert "PS: " in text


def test_given_agents_replace_inferred_ones(history, bank):
    """Agents as given keep their skills; their shifts, where not given, are inferred; others are left out and named."""
    agents = [Agent("ADA", {"PS": 0.9}), Agent("NOBODY_SEEN", {"IN": 0.5})]

    found = learn_history(history, agents)

    roster = {agent.id: agent for group in found.agent_groups for agent in group.agents}
    assert set(roster) == {"ADA", "NOBODY_SEEN"}
    assert (roster["ADA"].skills["PS"], len(roster["ADA"].shifts) > 15) == (0.9, True)
    assert "agents of the log are not among those given: left out" in found.summary()


def test_wrap_up_is_learned_apart():
    """Handle times of a log hold the wrap-up; in a scenario the two add up again."""
    start = np.arange(200) * 600.0
    lengths = np.random.default_rng(3).gamma(4.0, 60.0, 200)
    wrap_up = np.random.default_rng(4).gamma(2.0, 15.0, 200)
    held = {
        "ended_at": start + lengths,
        "handle_time": lengths + wrap_up,
        "wrap_up_time": wrap_up,
        "agent": ["ann"] * 200,
    }

    (kind,) = learn_history(Ledger.of(arrived_at=start, answered_at=start, **held)).conversation_types

    assert kind.handle_time.mean == pytest.approx(lengths.mean())
    assert kind.wrap_up.mean == pytest.approx(wrap_up.mean())


def test_agents_without_names_become_as_many_as_were_busy_at_once():
    """A log without agents gives staff by half-hour: the most that were busy at once."""
    start = np.array([0.0, 10.0, 20.0, 4000.0])
    calls = Ledger.of(
        arrived_at=start, answered_at=start, ended_at=start + 600.0, handle_time=[600.0] * 4, window=(0.0, 7200.0)
    )

    (group,) = learn_history(calls).agent_groups

    at_work = [
        sum(any(s.starts_at <= at < s.ends_at for s in agent.shifts) for agent in group.agents)
        for at in (0, 1900, 3700)
    ]
    assert at_work == [3, 0, 1]


def test_rubbish_teaches_something_or_is_refused():
    """Logs of which many entries are rubbish give a scenario that can be written and read, or a clear refusal."""
    generator = np.random.default_rng(1)
    rubbish = [
        "",
        "0",
        "-5",
        "8:00:00",
        "NaN",
        "1e309",
        "HANG",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "é" * 300,
    ]
    learned = 0
    for trial in range(60):
        rows = [log_row(i) for i in range(int(generator.integers(1, 40)))]
        for row in rows:
            row.update(
                {name: str(generator.choice(rubbish)) for name in row if generator.random() < 0.1 + 0.2 * (trial % 4)}
            )
        try:
            scenario = Scenario.from_history(rows, zone="Europe/Berlin")
        except InvalidInputError:
            continue
        learned += 1
        assert Scenario.loads(scenario.dumps()) == scenario
    assert learned > 20


def log_row(i: int) -> dict[str, str]:
    """Return a sound row of a log."""
    at = f"2026-05-0{1 + i % 9}T{8 + i % 9:02}:{i % 60:02}"
    times = {"arrived_at": f"{at}:00Z", "answered_at": f"{at}:20Z", "ended_at": f"{at}:50Z"}
    return {"id": str(i), "agent": f"a{i % 5}", "type": f"t{i % 3}", **times}


def test_half_hour_tables_teach_too():
    """Counts, averages and staff become arrivals, handle times, patience and shifts."""
    starts = [
        f"2026-05-0{day}T{hour:02}:{half:02}:00Z" for day in range(4, 9) for hour in range(8, 18) for half in (0, 30)
    ]
    each = {"offered": 20, "answered": 18, "abandoned": 2, "aht": "4:00", "asa": 30, "staffed": 4}

    found = learn_history([{"interval_start": start, **each} for start in starts])

    (kind,) = found.conversation_types
    assert kind.arrivals.mean_count(0, found.horizon) == pytest.approx(2000)
    assert kind.handle_time.mean == 240.0
    assert kind.patience.mean == 300.0  # 20 who waited 30 s for every 2 who gave up
    assert len(found.agent_groups[0].agents) == 4
    assert len(found.agent_groups[0].agents[0].shifts) == 5


def test_unknown_handle_times_are_assumed_aloud():
    """Tickets that only say when they were resolved have no handle times; what is taken instead is said."""
    rows = [
        {"opened_at": f"2026-05-0{day}T10:00:00Z", "resolved_at": f"2026-05-0{day}T12:00:00Z", "assignee": "ann"}
        for day in range(4, 9)
    ]

    assert "conversations: no handle time is known, taken as 300 s on average" in learn_history(rows).summary()


def test_a_log_in_which_nobody_was_answered_is_refused():
    """Nothing can be learned about handling from a log without a single answer."""
    with pytest.raises(InvalidInputError, match="no answered conversation"):
        learn_history(Ledger.of(arrived_at=[0.0], ended_at=[5.0]))


def test_a_log_whose_answers_no_column_tells_says_what_to_name():
    """Where it is the columns that are not understood, the message lists those that were not used."""
    with pytest.raises(InvalidInputError, match=r"not used: 'angenommen'\. Say it: columns=\{'answered_at'"):
        learn_history([{"arrived_at": "2026-05-04T10:00:00Z", "angenommen": "2026-05-04T10:01:00Z"}])


def test_the_summary_says_how_many_an_agent_had_at_once():
    """Overlapping work of one agent is capacity; it is said, for it may as well be a fault of the log."""
    rows = [
        {"arrived_at": 1000.0 * day + start, "answered_at": 1000.0 * day + start, "ended_at": 1000.0 * day + 600.0,
         "agent": "ann"}
        for day in range(20)
        for start in (0.0, 100.0)
    ]  # fmt: skip

    assert "1 agents" not in learn_history(rows).summary()
    assert "up to 2 at once" in learn_history(rows).summary()
