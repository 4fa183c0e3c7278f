"""What the numbers mean: the ten points of the design, each held by hand-made cases."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from attrs import evolve

import routematch as rm
from routematch import policies
from routematch.policies import best_match

STEP = 2.0**-20
HOUR = 3600.0


def chats(number: int, **fields: object) -> list[rm.Conversation]:
    """Return equal conversations."""
    return [rm.Conversation(f"c{n}", **fields) for n in range(number)]  # type: ignore[arg-type]  # any fields


# --- 1 solver units ---------------------------------------------------------------------------------------------------


def test_1_a_pair_may_be_used_when_it_is_worth_nothing() -> None:
    """At worth exactly 0 serving wins; one step below it does not."""
    for value, served in ((0.5, True), (0.5 - 2 * STEP, False)):
        policy = evolve(best_match(), option=0.5, max_hold_time=1.0, spread="none")
        plan = rm.route(chats(1, requires={"french": 0.0}), [rm.Agent("ana", {"french": value})], policy=policy)
        assert bool(plan.assignments) is served
        assert plan.worth == 0.0


def test_1_values_are_rounded_once_to_the_resolution() -> None:
    """Worth is a whole number of steps of the policy's resolution, whatever the size of the problem."""
    policy = evolve(best_match(), resolution=0.25, spread="none")
    plan = rm.route(chats(1, requires="french"), [rm.Agent("ana", {"french": 0.6})], policy=policy)
    assert plan.worth == 0.5
    many = rm.route(chats(9, requires="french"), [rm.Agent("ana", {"french": 0.3}, capacity=9)])
    assert (many.worth / STEP).is_integer()


def test_1_worth_bound_and_gap_belong_together() -> None:
    """Gap is bound less worth; worth is the sum of the assignments' worths less spreading charges."""
    plan = rm.route(chats(3), [rm.Agent("ana", capacity=3)])
    charges = (1 + 2 + 3) * STEP
    assert plan.gap == plan.bound - plan.worth == 0.0
    assert plan.worth == pytest.approx(sum(a.worth for a in plan.assignments.values()) - charges)


# --- 2 default --------------------------------------------------------------------------------------------------------


def test_2_no_policy_means_best_match() -> None:
    """The default is `best_match`, with aging of one unit per hour and ties to the longest idle, then id."""
    plan = rm.route(chats(1), [rm.Agent("ana")])
    assert (plan.policy, plan.fingerprint) == ("best_match", best_match().fingerprint)
    agents = [rm.Agent("ana", idle_since=50), rm.Agent("bo", idle_since=10), rm.Agent("cy", idle_since=10)]
    assert rm.route(chats(1), agents).pairs() == {"c0": "bo"}
    waited = rm.route(chats(1, arrived_at=0.0), [rm.Agent("ana")], now=HOUR)
    assert waited.assignments["c0"].worth == pytest.approx(2.0, abs=4 * STEP)


def test_2_nobody_eligible_waits_while_capacity_is_free() -> None:
    """By default even a worthless pair, at negative priority, is better than waiting."""
    waiting = chats(1, requires={"french": 0.0}, priority=-1000)
    assert rm.route(waiting, [rm.Agent("ana", {"french": 0.0})]).pairs() == {"c0": "ana"}


def test_2_holding_needs_an_end() -> None:
    """A policy with an option above 0 must say for how long at most."""
    with pytest.raises(rm.InvalidInputError, match="max_hold_time"):
        evolve(best_match(), option=0.1)
    policy = evolve(best_match(), option=99.0, max_hold_time=60.0)
    assert rm.route(chats(1, arrived_at=0.0), [rm.Agent("ana")], policy=policy, now=59.0).held
    assert rm.route(chats(1, arrived_at=0.0), [rm.Agent("ana")], policy=policy, now=60.0).pairs()


# --- 3 expected achievement -------------------------------------------------------------------------------------------


def value_of(requires: object, skills: dict[str, float], **fields: object) -> float:
    """Return the value of a single pair."""
    plan = rm.route(chats(1, requires=requires, **fields), [rm.Agent("ana", skills)])
    return plan.assignments["c0"].value


def test_3_the_weakest_link_counts() -> None:
    """Without history: the lowest declared proficiency among the required skills, 1 if none is required."""
    assert value_of({"a": 0.1, "b": 0.1}, {"a": 0.9, "b": 0.4, "c": 0.1}) == pytest.approx(0.4)
    assert value_of({}, {"a": 0.2}) == 1.0
    assert value_of({"a": 0.0}, {"a": 0.5}, value=3) == pytest.approx(1.5)


def test_3_any_of_counts_its_best_met_branch_and_none_of_nothing() -> None:
    """An unmet branch counts nothing, however well it would do."""
    assert value_of(rm.any_of({"a": 0.5}, {"b": 0.1}), {"a": 0.4, "b": 0.3}) == pytest.approx(0.3)
    assert value_of(rm.any_of({"a": 0.1}, {"b": 0.1}), {"a": 0.4, "b": 0.3}) == pytest.approx(0.4)
    assert value_of(rm.none_of({"a": 0.5}), {"a": 0.4}) == 1.0


def test_3_history_takes_the_place_of_declared_skill_in_value_only() -> None:
    """Learned success changes who is better, never who is eligible."""
    estimates = rm.Estimates(success={"ana": {"french": 0.1}, "bo": {"french": 1.0}, "cy": {"french": 1.0}})
    agents = [rm.Agent("ana", {"french": 0.9}), rm.Agent("bo", {"french": 0.5}), rm.Agent("cy", {"german": 0.5})]
    plan = rm.route(chats(1, requires={"french": 0.5}), agents, estimates=estimates)
    assert plan.pairs() == {"c0": "bo"}
    assert plan.assignments["c0"].value == 1.0
    strict = rm.route(chats(1, requires={"french": 0.6}), agents, estimates=estimates)
    assert strict.pairs() == {"c0": "ana"}
    assert strict.assignments["c0"].value == pytest.approx(0.1)


def test_3_declared_skill_decides_which_branch_is_met() -> None:
    """Of the branches that are met by declared skill, the best learned one counts."""
    estimates = rm.Estimates(success={"ana": {"a": 0.1, "b": 0.3, "z": 1.0}})
    agents = [rm.Agent("ana", {"a": 0.9, "b": 0.6, "z": 0.2})]
    either = chats(1, requires=rm.any_of({"a": 0.5}, {"b": 0.5}, {"z": 0.5}))
    assert rm.route(either, agents, estimates=estimates).assignments["c0"].value == pytest.approx(0.3)


def test_3_handle_time_without_history_is_one_constant() -> None:
    """The price takes the policy's constant for everybody; with history what was learned."""
    policy = evolve(best_match(), price=0.001)
    plan = rm.route(chats(1), [rm.Agent("ana")], policy=policy)
    assert plan.assignments["c0"].value == pytest.approx(1.0 - 0.3)
    estimates = rm.Estimates(handle_time={"ana": {"chat": 500.0}})
    plan = rm.route(chats(1), [rm.Agent("ana"), rm.Agent("bo")], policy=policy, estimates=estimates)
    assert plan.pairs() == {"c0": "bo"}


# --- 4 requirements ---------------------------------------------------------------------------------------------------


def test_4_an_unlisted_skill_never_meets_a_requirement() -> None:
    """Not even `at_least=0`."""
    assert rm.route(chats(1, requires={"a": 0.0}), [rm.Agent("ana")]).held
    assert rm.route(chats(1, requires={"a": 0.0}), [rm.Agent("ana", {"a": 0.0})]).assignments


def test_4_relaxed_counts_in_value_and_dropped_does_not() -> None:
    """A lowered requirement still counts in value; a dropped one does not; both run from `arrived_at`."""
    requires = rm.Requirement("a", 0.9, relax=(rm.After(10, at_least=0.2), rm.After(20, drop=True)))
    for now, value in ((9.999, None), (10.0, 0.4), (19.999, 0.4), (20.0, 1.0)):
        plan = rm.route(chats(1, requires=requires, arrived_at=0.0), [rm.Agent("ana", {"a": 0.4})], now=now)
        assert (plan.assignments["c0"].value if plan.assignments else None) == (value and pytest.approx(value))


def test_4_relaxation_applies_at_the_very_instant() -> None:
    """A step applies when `now - arrived_at >= after`, also where the sum would be off by a rounding step."""
    requires = rm.Requirement("a", 0.9, relax=rm.After(0.7, at_least=0.2))
    waiting, agents = chats(1, requires=requires, arrived_at=0.1), [rm.Agent("ana", {"a": 0.4})]
    held = rm.route(waiting, agents, now=0.1).held["c0"]
    assert held.review_at is not None
    assert held.review_at - 0.1 >= 0.7
    assert rm.route(waiting, agents, now=held.review_at).pairs() == {"c0": "ana"}


# --- 5 priority -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("waited", "first"), [(59.0, "urgent"), (61.0, "patient")])
def test_5_one_point_of_priority_is_sixty_seconds(waited: float, first: str) -> None:
    """A point outweighs 59 s of waiting and not 61."""
    waiting = [
        rm.Conversation("patient", arrived_at=1000.0 - waited),
        rm.Conversation("urgent", priority=1, arrived_at=1000.0),
    ]
    assert list(rm.route(waiting, [rm.Agent("ana")], now=1000.0).assignments) == [first]


def test_5_priority_is_soft_but_strict_on_request() -> None:
    """By default value may outweigh a point; with `strict_priority` most of the highest class come first."""
    waiting = [rm.Conversation("low", value=3, arrived_at=0.0), rm.Conversation("high", priority=1, arrived_at=0.0)]
    assert list(rm.route(waiting, [rm.Agent("ana")], now=0.0).assignments) == ["low"]
    strict = evolve(best_match(), strict_priority=True)
    assert list(rm.route(waiting, [rm.Agent("ana")], now=0.0, policy=strict).assignments) == ["high"]


def test_5_strict_classes_count_first_and_force_nothing() -> None:
    """Two of the highest class beat one of great value, and a pair below hold is never forced."""
    strict = evolve(best_match(), strict_priority=True)
    agents = [rm.Agent("ana", {"a": 0.1, "b": 1.0}), rm.Agent("bo", {"a": 1.0})]
    waiting = [rm.Conversation("x", "a", priority=2), rm.Conversation("y", "b", priority=2, value=9)]
    assert rm.route(waiting, agents, policy=strict).pairs() == {"x": "bo", "y": "ana"}
    unworthy = evolve(strict, option=0.5, max_hold_time=60.0)
    plan = rm.route([rm.Conversation("x", "a", priority=0)], agents[:1], policy=unworthy)
    assert plan.held["x"].reason == "waiting_is_worth_more"


# --- 6 capacity -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", sorted(set(policies.PRESETS) - {"random"}))
def test_6_equal_work_spreads(preset: str) -> None:
    """Five equal chats on three equal agents with three slots each end 2/2/1, in one solve, by every preset."""
    agents = [rm.Agent(f"agent-{n}", capacity=3) for n in range(3)]
    plan = rm.route(chats(5), agents, policy=policies.PRESETS[preset]())
    counted = sorted(list(plan.pairs().values()).count(agent.id) for agent in agents)
    assert counted == [1, 2, 2]
    assert plan.is_optimal


def test_6_load_counts_when_work_spreads() -> None:
    """Who has one running already gets one less."""
    agents = [rm.Agent("ana", capacity=3, load=2), rm.Agent("bo", capacity=3)]
    assert sorted(rm.route(chats(2), agents).pairs().values()) == ["bo", "bo"]


def test_6_spreading_alone_holds_nobody() -> None:
    """Hold is lowered by the largest charge, so that the last unit is used too at worth 0."""
    policy = evolve(best_match(), option=1.0, max_hold_time=1.0)
    assert len(rm.route(chats(6), [rm.Agent("ana", capacity=6)], policy=policy).assignments) == 6


def test_6_units_costs_and_caps_are_constraints_of_the_matching() -> None:
    """Thousandths of units, a cost per channel, caps per channel or label: none is exceeded, all are used."""
    capacity = rm.Capacity(1.0, costs={"chat": 0.333, "voice": 1.0}, caps={"vip": 1})
    assert len(rm.route(chats(5), [rm.Agent("ana", capacity=capacity)]).assignments) == 3
    assert len(rm.route(chats(5, labels=["vip"]), [rm.Agent("ana", capacity=capacity)]).assignments) == 1
    running = rm.Agent("ana", capacity=capacity, load={"label:vip": 1})
    assert not rm.route(chats(1, labels=["vip"]), [running]).assignments
    free = rm.Agent("ana", capacity=rm.Capacity(1, costs={"email": 0}))
    assert len(rm.route(chats(9, channel="email"), [free]).assignments) == 9


# --- 7 canonical answers ----------------------------------------------------------------------------------------------


def test_7_ties_serve_who_came_first_by_the_first_agent() -> None:
    """Among equal plans: the earliest conversations, then row by row the first agent in tie order."""
    waiting = [rm.Conversation(name, arrived_at=0.0) for name in ("b", "a", "c")]
    agents = [rm.Agent("zoe", idle_since=1.0), rm.Agent("ana", idle_since=2.0)]
    assert rm.route(waiting, agents, now=5.0).pairs() == {"a": "zoe", "b": "ana"}


def test_7_agent_price_is_what_one_more_unit_gains() -> None:
    """The returned prices are the agent-minimal duals."""
    agents = [rm.Agent("ana", {"a": 1.0}), rm.Agent("bo", {"a": 0.4})]
    policy = evolve(best_match(), spread="none")
    waiting = [rm.Conversation("x", "a", value=3), rm.Conversation("y", "a"), rm.Conversation("z", "a")]
    plan = rm.route(waiting, agents, policy=policy)
    prices = plan.trace.agent_price.tolist()
    for position, agent in enumerate(agents):
        roomier = [evolve(a, capacity=2) if a is agent else a for a in agents]
        more = rm.route(waiting, roomier, policy=policy)
        assert prices[position] == pytest.approx(more.worth - plan.worth, abs=STEP)


# --- 8 time at the border ---------------------------------------------------------------------------------------------


def test_8_datetimes_and_seconds_are_the_same() -> None:
    """Every instant takes an aware datetime, every duration a timedelta."""
    noon = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    requires = rm.Requirement("a", 0.9, relax=rm.After(timedelta(minutes=1), drop=True))
    waiting = chats(1, requires=requires, arrived_at=noon, due_at=noon)
    by_datetime = rm.route(waiting, [rm.Agent("ana", idle_since=noon)], now=noon + timedelta(minutes=1))
    by_seconds = rm.route(waiting, [rm.Agent("ana", idle_since=noon)], now=noon.timestamp() + 60)
    assert by_datetime.to_dict() == by_seconds.to_dict()
    assert by_datetime.pairs() == {"c0": "ana"}


def test_8_naive_datetimes_are_refused() -> None:
    """A guess at the zone would be wrong by hours."""
    with pytest.raises(rm.InvalidInputError, match=r"aware datetime.* @ now"):
        rm.route([], [], now=datetime(2026, 3, 1))  # noqa: DTZ001 - that is the point


def test_8_now_is_the_latest_instant_of_the_input() -> None:
    """`now=None`: the latest `arrived_at` or `idle_since`, 0.0 where there is none; due times may lie ahead."""
    assert rm.route([], []).now == 0.0
    assert rm.route(chats(1, arrived_at=7.0, due_at=99.0), [rm.Agent("ana", idle_since=5.0)]).now == 7.0
    assert rm.route(chats(1, arrived_at=7.0), [rm.Agent("ana", idle_since=50.0)]).now == 50.0


def test_8_what_lies_after_now_is_clamped_and_told() -> None:
    """An arrival or idle instant after `now` counts as now, and is listed in the warnings."""
    agents = [rm.Agent("ana", idle_since=99.0), rm.Agent("bo", idle_since=60.0)]
    plan = rm.route([rm.Conversation("c", arrived_at=80.0)], agents, now=50.0)
    assert plan.pairs() == {"c": "ana"}
    assert [warning.split(":")[0] for warning in plan.warnings] == ["conversation c", "agent ana", "agent bo"]
    assert plan.assignments["c"].worth == rm.route([rm.Conversation("c")], agents, now=50.0).assignments["c"].worth


# --- 9 chance and memory: test_memory.py; 10 raise or isolate: test_invariance.py too ---------------------------------


def test_10_the_callers_objects_are_checked_first_and_together() -> None:
    """All faults of conversations, agents, queues and arguments' lists come in one message, each with its place."""
    with pytest.raises(rm.InvalidInputError) as caught:
        rm.route(
            [rm.Conversation("c"), rm.Conversation("c"), rm.Conversation("d", queue="bilinng")],
            [rm.Agent("ana"), rm.Agent("ana"), "bo"],  # type: ignore[list-item]  # that is the point
            queues=[rm.Queue("billing")],
        )
    places = [fault.place for fault in caught.value.faults]
    assert places == ["agents[1].id", "agents[2]", "conversations[1].id", "conversations[2].queue"]
    with pytest.raises(rm.errors.DuplicateIdError, match=r"queues\[1\].id"):
        rm.route([], [], queues=[rm.Queue("billing"), rm.Queue("billing")])
