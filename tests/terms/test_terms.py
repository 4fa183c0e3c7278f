"""How well: each term by itself, in its units and with the order it promises."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import routematch as rm
from routematch.state import NO_REQUEST, Problem, Settings
from routematch.terms import (
    TERMS,
    Achievement,
    Affinity,
    Due,
    FewestOpen,
    HandleTime,
    Idle,
    LeastVersatile,
    Load,
    Nearness,
    Preferences,
    Priority,
    Scarcity,
    Served,
    Spare,
    Waiting,
)


def valued(term: Any, conversation: rm.Conversation, agents: list[rm.Agent], **more: Any) -> dict[str, float]:
    """Return the value of each agent for one conversation."""
    problem = Problem.of([conversation], agents, **{"now": 0.0, **more})
    answer = term.value(problem, problem.backlog.classes[0])
    if term.axes == ("pair",):
        return {problem.roster.ids[a]: x for a, x in zip(answer.agents.tolist(), answer.amounts.tolist(), strict=True)}
    row = answer[problem.roster.profile_of] if term.axes == ("request", "profile") else answer
    return dict(zip(problem.roster.ids, row.tolist(), strict=True))


def urgency(term: Any, *conversations: rm.Conversation, now: float, **more: Any) -> dict[str, float]:
    """Return the urgency of each conversation."""
    problem = Problem.of(conversations, [], now=now, **more)
    return dict(zip(problem.backlog.ids, term.value(problem, NO_REQUEST).tolist(), strict=True))


CHAT = rm.Conversation("c")


def test_only_what_is_achieved_or_failed_is_multiplied_by_value() -> None:
    """`Conversation.value` is about what is achieved, not about wishes, order or time."""
    assert [name for name, term in TERMS.items() if term.scaled_by_value] == ["achievement", "failure"]
    assert all(term.name == name for name, term in TERMS.items())


def test_achievement_is_the_weakest_link() -> None:
    """Learned where history knows agent and skill, declared otherwise; 1 where nothing is asked."""
    agents = [rm.Agent("ana", {"a": 0.9, "b": 0.5}), rm.Agent("bo", {"a": 0.6, "b": 0.7})]
    both = rm.Conversation("c", {"a": 0.1, "b": 0.1})
    assert valued(Achievement(), both, agents) == {"ana": 0.5, "bo": 0.6}
    assert valued(Achievement(), CHAT, agents) == {"ana": 1.0, "bo": 1.0}
    learned = rm.Estimates(success={"ana": {"b": 1.0, "z": 0.0}, "gone": {"a": 0.0}})
    assert valued(Achievement(), both, agents, estimates=learned) == {"ana": 0.9, "bo": 0.6}


def test_preference_adds_up_fulfilled_wishes() -> None:
    """A skill counts weight times proficiency for those who meet it, anything else its weight."""
    wishes = [rm.Preference("wine", 2.0), rm.Preference(rm.human_only, 0.5), rm.Preference({"tea": 0.5}, -1.0)]
    agents = [rm.Agent("ana", {"wine": 0.25, "tea": 0.6}), rm.Agent("bo", {"wine": 1.0, "tea": 0.4}, kind="bot")]
    conversation = rm.Conversation("c", prefers=wishes)
    assert valued(Preferences(), conversation, agents) == {"ana": 0.5 + 0.5 - 1.0, "bo": 2.0}


def test_affinity_is_sparse_and_ignores_strangers() -> None:
    """Only named pairs are there."""
    loved = rm.Conversation("c", affinity={"ana": 0.5, "bo": -1.0, "gone": 9.0})
    agents = [rm.Agent(name) for name in ("ana", "bo", "cy")]
    assert valued(Affinity(), loved, agents) == {"ana": 0.5, "bo": -1.0}


def test_served_is_one_for_all() -> None:
    """Ties decide the rest."""
    assert valued(Served(), CHAT, [rm.Agent("ana"), rm.Agent("bo", {"a": 1})]) == {"ana": 1.0, "bo": 1.0}


@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=5), st.integers(1, 5000))
def test_longer_idle_never_scores_lower(instants: list[int], full_time: int) -> None:
    """Rises with idle time up to 1; unknown idle time is as good as any."""
    agents = [rm.Agent(f"a{n}", idle_since=float(at)) for n, at in enumerate(instants)]
    values = valued(Idle(full_time=full_time), CHAT, [*agents, rm.Agent("ever")], now=10_000.0)
    by_idle = [values[agent.id] for agent in sorted(agents, key=lambda agent: -(agent.idle_since or 0))]
    assert by_idle == sorted(by_idle)
    assert values["ever"] == 1.0
    assert all(0 <= value <= 1 for value in values.values())


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=2, max_size=6))
def test_more_load_never_scores_higher(loads: list[tuple[int, int]]) -> None:
    """Load falls with utilisation, spare with units in use, fewest open with what is open."""
    agents = [rm.Agent(f"a{n}", capacity=units, load=float(load)) for n, (units, load) in enumerate(loads)]
    for term in (Load(), Spare(), FewestOpen()):
        busier = valued(term, CHAT, [evolve(agent, load=agent.load + 1) for agent in agents])  # type: ignore[operator]  # a number here
        usual = valued(term, CHAT, agents)
        assert all(busier[name] <= value for name, value in usual.items())
        assert all(0 <= value <= 1 for value in usual.values())


def test_load_terms_by_hand() -> None:
    """2 of 4 units: half is free; half a weight counts it twice; three open are worth a quarter."""
    half = rm.Agent("ana", capacity=4, load=2)
    assert valued(Load(), CHAT, [half]) == {"ana": 0.5}
    assert valued(Load(), CHAT, [evolve(half, weight=0.5)]) == {"ana": 0.0}
    assert valued(Load(), CHAT, [rm.Agent("ana", capacity=0)]) == {"ana": 1.0}
    assert valued(Spare(), CHAT, [half]) == {"ana": pytest.approx(2 / 3)}
    assert valued(FewestOpen(), CHAT, [rm.Agent("ana", capacity=9, load={"chat": 2, "email": 1, "label:vip": 1})]) == {
        "ana": 0.25
    }


def test_handle_time_falls_evenly() -> None:
    """A skill's entry goes before the channel's, that before everything else's, that before the constant."""
    agents = [rm.Agent(name, {"a": 0.5, "b": 0.5}) for name in ("ana", "bo", "cy", "di", "ed")]
    learned = rm.Estimates(
        handle_time={
            "ana": {"a": 300.0, "b": 600.0, "chat": 5.0},
            "bo": {"chat": 900.0, "*": 1.0},
            "cy": {"*": 1200.0},
            "di": {"*": 99_999.0},
        }
    )
    values = valued(HandleTime(longest=1200.0), rm.Conversation("c", {"a": 0.1, "b": 0.1}), agents, estimates=learned)
    assert values == {"ana": 0.5, "bo": 0.25, "cy": 0.0, "di": 0.0, "ed": 0.75}


def test_scarcity_spares_the_only_french_speaker() -> None:
    """Worth nothing to an English chat, everything to a French one; only who is present counts."""
    agents = [
        rm.Agent("ana", {"english": 1, "french": 1}),
        rm.Agent("bo", {"english": 1}),
        rm.Agent("cy", {"english": 1}),
    ]
    assert valued(Scarcity(), rm.Conversation("c", "english"), agents) == {"ana": 0.0, "bo": 1.0, "cy": 1.0}
    assert valued(Scarcity(), rm.Conversation("c", "french"), agents)["ana"] == pytest.approx(1 - 1 / 3)
    helped = [*agents, rm.Agent("di", {"french": 1})]
    assert valued(Scarcity(), rm.Conversation("c", "english"), helped)["ana"] == 0.5
    away = [*agents, rm.Agent("di", {"french": 1}, presence="away")]
    assert valued(Scarcity(), rm.Conversation("c", "english"), away)["ana"] == 0.0


def test_nearness_is_one_less_the_mean_excess() -> None:
    """Parts that ask for no skill count nothing; an `AnyOf` counts its nearest met branch."""
    ana = [rm.Agent("ana", {"a": 0.9, "b": 0.5})]
    assert valued(Nearness(), rm.Conversation("c", {"a": 0.5, "b": 0.5}), ana) == {"ana": pytest.approx(0.8)}
    assert valued(Nearness(), CHAT, ana) == {"ana": 1.0}
    asked = rm.all_of({"a": 0.5}, rm.human_only, rm.none_of("z"), rm.all_of())
    assert valued(Nearness(), rm.Conversation("c", asked), ana) == {"ana": pytest.approx(0.6)}
    either = rm.any_of({"a": 0.2}, {"b": 0.25}, {"z": 0.0})
    assert valued(Nearness(), rm.Conversation("c", either), ana) == {"ana": pytest.approx(0.75)}
    queue = [rm.Queue("q", requires={"a": 0.5})]
    assert valued(Nearness(), rm.Conversation("c", queue="q"), ana, queues=queue) == {"ana": pytest.approx(0.6)}


def test_least_versatile_is_one_over_the_number_of_skills() -> None:
    """One skill or none is worth 1."""
    agents = [rm.Agent("ana"), rm.Agent("bo", {"a": 1}), rm.Agent("cy", {"a": 1, "b": 0.1})]
    assert valued(LeastVersatile(), CHAT, agents) == {"ana": 1.0, "bo": 1.0, "cy": 0.5}


def test_waiting_and_priority_are_seconds_at_the_rate_of_aging() -> None:
    """A point is `seconds_per_priority` seconds; the queue's points are added."""
    settings = Settings(aging_rate=0.5, seconds_per_priority=10.0)
    waiting = [
        rm.Conversation("new", arrived_at=100.0, priority=-1),
        rm.Conversation("old", arrived_at=0.0, priority=2, queue="q"),
    ]
    queues = [rm.Queue("q", priority=1)]
    assert urgency(Waiting(), *waiting, now=100.0, settings=settings, queues=queues) == {"old": 50.0, "new": 0.0}
    assert urgency(Priority(), *waiting, now=100.0, settings=settings, queues=queues) == {"old": 15.0, "new": -5.0}


@pytest.mark.parametrize(
    ("now", "expected"), [(0.0, 0.0), (100.0, 0.0), (150.0, 100.0), (200.0, 200.0), (300.0, 400.0)]
)
def test_due_counts_from_the_lead_time_on(now: float, expected: float) -> None:
    """From `lead_time` before it is due, every second counts `factor` seconds more, and goes on when it is late."""
    waiting = [rm.Conversation("due", due_at=200.0, arrived_at=0.0), rm.Conversation("never", arrived_at=0.0)]
    seen = urgency(Due(lead_time=100.0, factor=2.0), *waiting, now=now, settings=Settings(aging_rate=1.0))
    assert seen == {"due": expected, "never": 0.0}


@pytest.mark.parametrize(
    ("make", "place"),
    [
        (lambda: Idle(full_time=0), "full_time"),
        (lambda: Idle(full_time=float("nan")), "full_time"),
        (lambda: HandleTime(longest=-1), "longest"),
        (lambda: Due(lead_time=-1), "lead_time"),
        (lambda: Due(factor="much"), "factor"),  # type: ignore[arg-type]  # that is the point
    ],
)
def test_bad_parameters_are_refused_by_their_name(make: Any, place: str) -> None:
    """Parameters are checked when the term is made."""
    with pytest.raises(rm.InvalidInputError, match=place):
        make()
