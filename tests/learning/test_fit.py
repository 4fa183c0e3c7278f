"""What is learned from outcomes and ledgers: what counts as what, and that it does not matter how it comes in."""

from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import routematch as rm
from routematch.errors import InvalidInputError, SchemaVersionError
from routematch.learning import HandleTime, Success, dumps, fingerprint, fit, loads
from routematch.learning.experience import DAY, Experience
from routematch.model import Estimates, Outcome
from routematch.state import Ledger

BILLING = ("billing",)


def record(agent, successes, failures, *, skills=BILLING, at=None, time=None):
    """Make the outcomes of one agent."""
    return [
        Outcome(f"{agent}-{i}", agent, resolved=i < successes, skills=skills, ended_at=at, handle_time=time)
        for i in range(successes + failures)
    ]


def two_agents():
    """One agent is clearly better than the other."""
    return record("ana", 90, 10) + record("bo", 40, 60)


def same_numbers(first, second):
    """Whether two estimates agree up to the last digits of floats."""
    assert first.evidence.keys() == second.evidence.keys()
    for name, evidence in first.evidence.items():
        other = second.evidence[name]
        assert evidence.has_signal == other.has_signal
        assert evidence.cells.keys() == other.cells.keys()
        for agent, row in evidence.cells.items():
            assert row.keys() == other.cells[agent].keys()
            for skill, cell in row.items():
                assert (cell.as_of is None) == (other.cells[agent][skill].as_of is None)
                for part in ("prior_mean", "prior_strength", "count", "total", "squares"):
                    assert getattr(cell, part) == pytest.approx(
                        getattr(other.cells[agent][skill], part), rel=1e-6, abs=1e-9
                    )
    return True


# --- the same, however it comes in ------------------------------------------------------------------------------------


def outcomes(timed):
    """Build short histories, all with instants or all without."""
    return st.lists(
        st.builds(
            Outcome,
            st.just("c"),
            st.sampled_from(["ana", "bo", "kim"]),
            resolved=st.none() | st.booleans(),
            reopened=st.booleans(),
            handle_time=st.none() | st.floats(0.0, 2000.0),
            satisfaction=st.none() | st.floats(0.0, 1.0),
            skills=st.sampled_from([(), BILLING, ("spanish",), ("billing", "spanish")]),
            ended_at=st.floats(0.0, 400 * DAY) if timed else st.none(),
        ),
        max_size=25,
    )


@settings(deadline=None, max_examples=25, phases=[Phase.explicit, Phase.generate])
@given(st.booleans().flatmap(lambda timed: st.tuples(outcomes(timed), outcomes(timed))))
def test_outcomes_one_by_one_are_the_same_as_all_at_once(parts):
    """Updates and one fit over the same outcomes end with the same cells, beliefs and verdicts."""
    earlier, later = parts
    known = evolve(fit(earlier), hang_up_time={"billing": 20.0, "spanish": 5.0})
    streamed = known
    for outcome in later:
        streamed = streamed.update(outcome)

    assert same_numbers(fit((), start=streamed), fit(later, start=known))


@settings(deadline=None, max_examples=15, phases=[Phase.explicit, Phase.generate])
@given(st.booleans().flatmap(outcomes), st.randoms(use_true_random=False))
def test_order_of_outcomes_does_not_matter(history, random):
    """An outcome that comes late weighs what it would have weighed in time."""
    mixed = random.sample(history, len(history))

    assert same_numbers(fit(history), fit(mixed))


def test_updates_shift_means_without_fitting_again():
    """One more success raises the mean of that pair and touches no other."""
    known = fit(two_agents())

    later = known.update(Outcome("x", "bo", resolved=True, skills=BILLING))

    assert later.success["bo"]["billing"].mean > known.success["bo"]["billing"].mean
    assert later.success["ana"] is known.success["ana"]
    assert later.success["bo"]["billing"].count == known.success["bo"]["billing"].count + 1


def test_earlier_estimates_stay_as_they_were():
    """Going back is keeping the earlier value: an update changes neither it nor its fingerprint."""
    known = fit(two_agents())
    before = fingerprint(known)

    later = known.update(Outcome("x", "bo", resolved=True, skills=BILLING))

    assert fingerprint(known) == before != fingerprint(later)


def test_estimates_survive_the_way_to_text():
    """Estimates with evidence are the same after writing and reading, and go on learning alike."""
    known = fit(
        [evolve(o, ended_at=1e9 + i, customer="kim", handle_time=100.0 + i) for i, o in enumerate(two_agents())]
    )
    read = loads(dumps(known))
    outcome = Outcome("x", "bo", resolved=True, skills=BILLING, ended_at=2e9)

    assert read == known
    assert read.update(outcome) == known.update(outcome)


def test_other_versions_of_the_text_are_refused():
    """Text of another version is refused by name, not misread."""
    with pytest.raises(SchemaVersionError, match="estimates/2"):
        loads('{"schema": "routematch/estimates/2"}')


def test_progress_is_told_from_nothing_to_all():
    """The callback hears of every learner, and at last that all are done."""
    heard = []

    fit(two_agents(), on_progress=lambda done, total: heard.append((done, total)))

    assert heard == [(done, 7) for done in range(8)]


def test_wrong_entries_are_named():
    """What is no outcome is refused with its place; a path is not opened."""
    with pytest.raises(InvalidInputError, match=r"history\[1\]"):
        fit([Outcome("c", "ana"), "c"])
    with pytest.raises(InvalidInputError, match="open_history"):
        fit("calls.csv")


def test_nothing_is_learned_from_nothing():
    """An empty history gives empty estimates, and they say so."""
    assert fit([]) == Estimates()
    assert fit([]).report() == "Nothing is known."


# --- what counts as what ----------------------------------------------------------------------------------------------


def test_who_comes_back_was_not_helped():
    """A reopened conversation is a failure, whatever it was marked as."""
    known = fit([evolve(o, reopened=o.agent == "bo") for o in record("ana", 50, 50) + record("bo", 100, 0)])

    assert known.success["bo"]["billing"].mean < 0.2


def ledger(**columns):
    """Make a ledger of completed conversations, changed by columns."""
    size = len(columns["agent"])
    given = {
        "arrived_at": np.arange(size) * 100.0,
        "answered_at": np.arange(size) * 100.0 + 10,
        "ended_at": np.arange(size) * 100.0 + 70,
        "handle_time": np.full(size, 60.0),
        "conversation_type": ["billing"] * size,
        **columns,
    }
    return Ledger.of(**given)


def test_abandoned_conversations_count_where_an_agent_had_them():
    """Giving up in an agent's hands is a failure of the agent; giving up in the queue concerns nobody."""
    seen = Experience.of(
        ledger(
            agent=["ana", "ana", None],
            resolved=[1.0, np.nan, np.nan],
            answered_at=[10.0, 110.0, np.nan],
            ending=["completed", "abandoned", "abandoned"],
        )
    )

    assert seen.success.tolist() == [1.0, 0.0]
    assert seen.waits.gave_up.tolist() == [False, False, True]


def test_repeats_overrule_the_agents_own_word():
    """A conversation that was followed by another in time was not resolved; one long after says nothing."""
    seen = Experience.of(
        ledger(
            agent=["ana"] * 3,
            resolved=[1.0, 1.0, 1.0],
            repeats=[-1, 0, 1],
            arrived_at=[0.0, 200.0, 900.0],
            answered_at=[10.0, 210.0, 910.0],
            ended_at=[70.0, 270.0, 970.0],
        ),
        repeat_time=300.0,
    )

    assert seen.success.tolist() == [0.0, 1.0, 1.0]


def test_without_a_verdict_not_coming_back_is_one_once_time_is_over():
    """Where only repeats are logged, who stays away was helped; of the last days nobody can say so yet."""
    seen = Experience.of(
        ledger(
            agent=["ana"] * 4,
            repeats=[-1, 0, -1, -1],
            arrived_at=[0.0, 100.0, 200.0, 900.0],
            answered_at=[10.0, 110.0, 210.0, 910.0],
            ended_at=[70.0, 170.0, 270.0, 970.0],
        ),
        repeat_time=300.0,
    )

    np.testing.assert_array_equal(seen.success, [0.0, 1.0, 1.0, np.nan])


def test_transferred_work_tells_nothing_about_one_agents_speed():
    """Seconds of several agents are not the last one's."""
    seen = Experience.of(ledger(agent=["ana", "ana"], transfers=[0, 1]))

    np.testing.assert_array_equal(seen.seconds, [60.0, np.nan])


def test_conversations_still_open_do_not_make_the_others_look_short():
    """Just before a log ends only short conversations are over; the true mean is found all the same."""
    generator = np.random.default_rng(5)
    arrived = np.sort(generator.uniform(0, 20_000, 4000))
    lasts = generator.lognormal(6, 0.8, 4000)
    over = arrived + lasts < 20_000
    log = Ledger.of(
        arrived_at=arrived,
        answered_at=arrived,
        ended_at=np.where(over, arrived + lasts, np.nan),
        handle_time=np.where(over, lasts, np.nan),
        agent=["ana"] * 4000,
        window=(0.0, 20_000.0),
    )
    kept = Experience.of(log).seconds
    late = arrived > 18_000

    assert lasts[late & over].mean() < 0.8 * lasts.mean()  # the trap
    assert np.isnan(kept[np.searchsorted(arrived, 18_001) :]).mean() > 0.5
    assert np.nanmean(kept) == pytest.approx(lasts.mean(), rel=0.08)


def test_types_may_ask_for_several_skills():
    """A conversation of a type counts for every skill the type asks for; one without a word for none."""
    seen = Experience.of(
        ledger(agent=["ana", "ana"], conversation_type=["spanish_billing", None]),
        skills={"spanish_billing": ("spanish", "billing")},
    )

    assert [seen.skills[code] for code in seen.skill] == ["spanish", "billing", "*"]


@pytest.mark.parametrize("library", ["columns", "pandas", "polars", "pyarrow"])
def test_tables_of_every_library_teach_the_same(library):
    """The same log as columns, pandas, polars or Arrow gives the same estimates."""
    size = 200
    columns = {
        "arrived_at": [1_700_000_000 + 600 * i for i in range(size)],
        "answered_at": [1_700_000_020 + 600 * i for i in range(size)],
        "ended_at": [1_700_000_320 + 600 * i for i in range(size)],
        "agent": ["ana" if i % 2 else "bo" for i in range(size)],
        "queue": ["billing"] * size,
        "resolved": [int(i % 2 or i % 5 == 0) for i in range(size)],
    }
    if library == "columns":
        table = columns
    else:
        module = pytest.importorskip(library)
        pytest.importorskip("narwhals")
        table = module.table(columns) if library == "pyarrow" else module.DataFrame(columns)

    known = fit(table)

    assert known.success["ana"]["billing"].mean > 0.65 > known.success["bo"]["billing"].mean
    assert dumps(known) == dumps(fit(columns))


# --- agents who differ, agents who do not -----------------------------------------------------------------------------


def test_thin_records_are_pulled_towards_the_usual():
    """Three of three is less than ninety of a hundred."""
    history = [o for i in range(12) for o in record(f"agent-{i}", 50 + 4 * i, 50 - 4 * i)]

    row = fit(history + record("lucky", 3, 0)).success

    assert row["agent-5"]["billing"].mean < row["lucky"]["billing"].mean < row["agent-11"]["billing"].mean


def test_newcomers_are_taken_as_usual_not_as_declared():
    """An agent of whom history knows nothing does not pass the best one by declaring much."""
    known = fit(two_agents())
    agents = [rm.Agent("ana", {"billing": 0.6}), rm.Agent("new", {"billing": 1.0})]
    chat = rm.Conversation("chat-1", {"billing": 0.1})

    assert rm.route([chat], agents).pairs() == {"chat-1": "new"}
    assert rm.route([chat], agents, estimates=known).pairs() == {"chat-1": "ana"}
    assert known.success["*"]["billing"].mean == pytest.approx(0.65, abs=0.02)


def test_a_new_skill_begins_with_what_the_agents_other_skills_show():
    """Who is good at everything is expected to be good at what is new to them."""
    history = []
    for i in range(16):
        for skill in ("a", "b", "c"):
            if (i, skill) not in {(0, "c"), (15, "c")}:
                history += record(f"agent-{i}", 20 + 5 * i, 80 - 5 * i, skills=(skill,))

    row = fit(history).success

    assert row["agent-15"]["c"].mean > row["*"]["c"].mean + 0.2
    assert row["agent-0"]["c"].mean < row["*"]["c"].mean - 0.2
    assert row["agent-0"]["c"].count == 0


def test_a_skill_never_seen_is_learned_from_the_first_outcome():
    """An update with a new skill begins with what is usual elsewhere."""
    known = fit(two_agents()).update(Outcome("x", "ana", resolved=False, skills=("french",)))

    assert 0.3 < known.success["ana"]["french"].mean < known.success["*"]["billing"].mean


def test_without_signal_routing_is_as_if_nothing_were_known():
    """Outcomes that have nothing to do with agents change no decision, and the report says so."""
    generator = np.random.default_rng(1)
    history = [
        Outcome("c", f"agent-{i % 10}", resolved=bool(generator.random() < 0.7), skills=BILLING, handle_time=t)
        for i, t in enumerate(generator.lognormal(5, 0.5, 600))
    ]
    known = fit(history)
    agents = [rm.Agent(f"agent-{i}", {"billing": 0.5 + i / 25}) for i in range(12)]
    waiting = [rm.Conversation(f"chat-{i}", {"billing": i / 12}) for i in range(8)]

    assert not known.success
    assert not known.handle_time
    assert "cannot be told apart" in known.report()
    assert rm.route(waiting, agents, estimates=known).pairs() == rm.route(waiting, agents).pairs()


def test_false_alarms_are_as_rare_as_stated():
    """Of 120 histories without signal, at most 5 are taken for one; by chance more in 1 of 600 such tests."""
    generator = np.random.default_rng(2)
    alarms = 0
    for _ in range(120):
        agent = generator.integers(0, 30, 800)
        resolved = generator.random(800) < 0.8
        history = [Outcome("c", f"{a}", resolved=bool(r), skills=BILLING) for a, r in zip(agent, resolved, strict=True)]
        alarms += bool(fit(history, learners=[Success()]).success)

    assert alarms <= 5


def test_drift_is_followed():
    """What an agent did long ago fades: after four half-lives the new record decides."""
    others = [o for i in range(8) for o in record(f"agent-{i}", 40 + 7 * i, 60 - 7 * i, at=400 * DAY)]
    history = others + record("ana", 90, 10, at=40 * DAY) + record("ana", 10, 40, at=400 * DAY)

    follows = fit(history, learners=[Success(half_life=90 * DAY)]).success["ana"]["billing"].mean
    remembers = fit(history, learners=[Success(half_life=None)]).success["ana"]["billing"].mean

    assert follows < 0.45 < remembers - 0.1


# --- the agent who hangs up -------------------------------------------------------------------------------------------


def desk(*, repeats=False, verdicts=True):
    """Make a desk of honest agents and one who hangs up on three of five within seconds."""
    generator = np.random.default_rng(3)
    history = []
    for agent in range(12):
        speed = np.exp(generator.normal(0, 0.2))
        for _ in range(150):
            cut = agent == 0 and generator.random() < 0.6
            helped = not cut and generator.random() < 0.75
            history.append(
                Outcome(
                    "c",
                    "hangs-up" if agent == 0 else f"agent-{agent}",
                    resolved=(True if repeats else bool(helped)) if verdicts else None,
                    reopened=repeats and not helped,
                    handle_time=generator.uniform(2, 8) if cut else float(speed * generator.lognormal(5.5, 0.6)),
                    skills=BILLING,
                )
            )
    return history


@pytest.mark.parametrize("how", [{}, {"repeats": True}, {"verdicts": False}])
def test_hanging_up_is_no_speed(how):
    """Seconds of a call that was cut short never make an agent look fast, whoever says how it went."""
    known = fit(desk(**how))
    usual = known.handle_time["*"]["billing"].mean

    assert 2 < known.hang_up_time["billing"] < 60
    assert known.handle_time["hangs-up"]["billing"].mean > 0.75 * usual
    if how != {"verdicts": False}:
        assert known.success["hangs-up"]["billing"].mean < 0.45


@pytest.mark.parametrize("price", [0.0, 0.0005, 0.002])
def test_hanging_up_is_not_rewarded(price):
    """At no price of time is the agent who hangs up preferred to an honest one of usual speed."""
    known = fit(desk())
    usual = known.handle_time["*"]["billing"].mean
    honest = min(
        (row["billing"].mean, agent)
        for agent, row in known.handle_time.items()
        if agent not in {"*", "hangs-up"} and row["billing"].mean >= usual * 0.9
    )[1]
    agents = [rm.Agent("hangs-up", {"billing": 1.0}), rm.Agent(honest, {"billing": 1.0})]
    policy = rm.policies.best_match().with_parameters({"price": price})

    plan = rm.route([rm.Conversation("chat", {"billing": 0.1})], agents, policy=policy, estimates=known)

    assert plan.pairs().get("chat", honest) == honest


def test_one_agent_cannot_make_hanging_up_usual():
    """Thousands of calls cut short by one agent move the limit hardly at all."""
    history = desk()
    more = [Outcome("c", "hangs-up", resolved=False, handle_time=3.0, skills=BILLING)] * 3000

    before, after = fit(history).hang_up_time["billing"], fit(history + more).hang_up_time["billing"]

    assert after == pytest.approx(before, rel=0.35)


def test_agents_who_are_all_alike_are_not_cut_short():
    """Where all need nearly the same time, a second less than usual is no hanging up."""
    history = [Outcome("c", f"{i % 5}", handle_time=60.0 + i % 5, skills=BILLING) for i in range(200)]

    known = fit(history)

    assert known.hang_up_time["billing"] < 20
    assert set(known.handle_time) == {"*", "0", "1", "2", "3", "4"}


def test_help_in_a_second_is_a_success_and_no_sign_of_speed():
    """What is marked as resolved in a second counts as resolved; nobody becomes fast by it."""
    known = evolve(fit(desk()), hang_up_time={"billing": 30.0})
    in_a_second = Outcome("x", "agent-3", resolved=True, handle_time=1.0, skills=BILLING)
    of_unknown_length = Outcome("x", "agent-3", resolved=True, skills=BILLING)

    assert known.update(in_a_second) == known.update(of_unknown_length)


# --- the report -------------------------------------------------------------------------------------------------------


def test_the_report_names_what_was_learned_and_who_was_too_thin():
    """Skills with their usual level, agents who stand out, and those too thin to judge are in the report."""
    history = [o for i in range(8) for o in record(f"agent-{i}", 40 + 7 * i, 60 - 7 * i)] + record("thin", 1, 0)

    report = fit(history).report()

    assert "agents differ" in report
    assert "agent-0 at billing" in report
    assert "too thin to judge at anything: thin" in report


def test_the_report_tells_mean_seconds():
    """Handle times in the report are the means that decisions use, not those of logarithms."""
    known = fit(desk())

    row = next(line for line in known.report().partition("Handle time")[2].splitlines() if line.startswith("  billing"))

    assert float(row.split()[1]) == pytest.approx(known.handle_time["*"]["billing"].mean, rel=0.05)


def test_the_first_outcome_decides_nothing():
    """From nothing, outcomes gather as evidence; they enter decisions when a fit finds that agents differ."""
    known = Estimates()
    for outcome in two_agents():
        known = known.update(outcome)

    assert not known.success
    assert fit((), start=known).success["ana"]["billing"].mean > 0.8


def test_means_stated_by_hand_can_be_updated():
    """Numbers without evidence are beliefs that outcomes move, slowly where a count was stated."""
    stated = Estimates(success={"ana": {"billing": rm.Estimate(0.8, 200), "spanish": 0.8}})
    failed = Outcome("x", "ana", resolved=False, skills=("billing", "spanish"))

    row = stated.update(failed).success["ana"]

    assert row["spanish"].mean < row["billing"].mean < 0.8


def test_handle_time_alone_can_be_learned():
    """Learners are chosen: others leave their part empty."""
    known = fit(desk(), learners=[HandleTime()])

    assert known.handle_time
    assert not known.success
