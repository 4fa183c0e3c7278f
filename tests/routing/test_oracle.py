"""`route` against the exhaustive oracle: the same worth and the same pairs, on thousands of small cases."""

from __future__ import annotations

from random import Random

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import routematch as rm
from routematch.policies import PRESETS, Policy, best_match
from routematch.routing import Plan
from routematch.testing import strategies
from routematch.testing.cases import RandomCase, random_case
from routematch.testing.oracle import Case, best_plan, breaches

STEP = 2.0**-20


def random_policy(random: Random) -> Policy:
    """Return a preset, sometimes with an option to wait, a price, tiers or strict priority."""
    policy = random.choice([best_match, *PRESETS.values()])()
    if random.random() < 0.3:
        policy = evolve(policy, option=random.choice((0.3, 0.7, 1.0)), max_hold_time=900.0)
    if random.random() < 0.2:
        policy = evolve(policy, price=random.choice((0.0005, 0.002)))
    if random.random() < 0.2:
        policy = evolve(policy, strict_priority=True)
    if random.random() < 0.2:
        policy = evolve(policy, tiers=(("available",), ("away",)))
    if random.random() < 0.2:
        policy = evolve(policy, spread=random.choice(("load", "plan", "none")))
    return policy


def agrees_exactly(plan: Plan, case: RandomCase, policy: Policy | None, seed: int | None = None) -> None:
    """Assert worth, pairs and proof."""
    best = best_plan(**case, policy=policy, seed=seed)
    assert plan.pairs() == best.pairs
    assert plan.worth == pytest.approx(best.worth, abs=STEP / 4)
    assert plan.is_optimal
    assert plan.bound == plan.worth


def is_bounded(plan: Plan, case: RandomCase, policy: Policy) -> None:
    """Assert that worth, best and bound stand in that order, and that a proof means the best."""
    best = best_plan(**case, policy=policy)
    assert breaches(Case.of(**case, policy=policy), plan.pairs()) == []
    assert plan.worth <= best.worth + STEP / 4
    assert plan.bound >= best.worth - STEP / 4
    if plan.is_optimal:
        assert plan.worth == pytest.approx(best.worth, abs=STEP / 4)
        assert plan.gap == pytest.approx(0.0, abs=STEP / 4)


@pytest.mark.parametrize("seed", range(10))
def test_default_policy_finds_the_canonical_best_plan(seed: int) -> None:
    """Equal costs and disjoint caps: `route` is the best plan by the oracle, in worth and in every pair."""
    random = Random(seed)
    for _ in range(80):
        case = random_case(random)
        agrees_exactly(rm.route(**case), case, None)


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_every_preset_finds_the_canonical_best_plan(preset: str) -> None:
    """The same holds for every preset, its ties and its spreading included."""
    random = Random(preset)
    for number in range(40):
        case, policy = random_case(random), PRESETS[preset]()
        agrees_exactly(rm.route(**case, policy=policy, seed=number), case, policy, number)


@pytest.mark.parametrize("seed", range(10))
def test_changed_policies_find_the_canonical_best_plan(seed: int) -> None:
    """Options, prices, tiers, strict priority and spreading are what the design says."""
    random = Random(f"policies {seed}")
    for _ in range(50):
        case, policy = random_case(random), random_policy(random)
        plan = rm.route(**case, policy=policy)
        agrees_exactly(plan, case, policy)


@pytest.mark.parametrize("seed", range(5))
def test_mixed_costs_never_beat_the_best_plan_nor_the_bound(seed: int) -> None:
    """With mixed costs and overlapping caps: worth <= best <= bound, and a claimed proof is true."""
    random = Random(f"mixed {seed}")
    for _ in range(50):
        case = random_case(random, mixed_costs=True, overlapping_caps=True)
        policy = evolve(random_policy(random), strict_priority=False, tiers=(("available",),))
        is_bounded(rm.route(**case, policy=policy), case, policy)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_many_more_cases_agree(seed: int) -> None:
    """Sixteen thousand further cases, larger ones among them."""
    random = Random(f"more {seed}")
    for _ in range(300):
        case, policy = random_case(random, conversations=7, agents=4), random_policy(random)
        agrees_exactly(rm.route(**case, policy=policy), case, policy)
    for _ in range(100):
        case = random_case(random, conversations=6, mixed_costs=True, overlapping_caps=random.random() < 0.5)
        policy = evolve(random_policy(random), strict_priority=False, tiers=(("available",),))
        is_bounded(rm.route(**case, policy=policy), case, policy)


@given(
    conversations=strategies.backlogs(max_size=4),
    agents=strategies.rosters(max_size=4, mixed_costs=False, label_caps=False),
    queues=st.just([]) | st.lists(strategies.queues(identifier="support"), max_size=1),
    estimates=st.none() | strategies.estimates(),
    preset=st.sampled_from(sorted(PRESETS)),
)
def test_drawn_cases_find_the_canonical_best_plan(
    conversations: list[rm.Conversation],
    agents: list[rm.Agent],
    queues: list[rm.Queue],
    estimates: rm.Estimates | None,
    preset: str,
) -> None:
    """Nouns of every feature, drawn by hypothesis, agree with the oracle too."""
    if queues:
        conversations = [evolve(c, queue="support" if c.queue else None) for c in conversations]
    case = RandomCase(conversations=conversations, agents=agents, now=50_000.0, estimates=estimates, queues=queues)
    policy = PRESETS[preset]()
    agrees_exactly(rm.route(**case, policy=policy), case, policy)


@given(
    conversations=strategies.backlogs(max_size=4),
    agents=strategies.rosters(max_size=3),
    queues=st.just([]) | strategies.queue_lists(),
)
def test_drawn_mixed_cases_are_bounded(
    conversations: list[rm.Conversation], agents: list[rm.Agent], queues: list[rm.Queue]
) -> None:
    """With any capacities that can be drawn, worth <= best <= bound."""
    known = {queue.id for queue in queues}
    conversations = [evolve(c, queue=c.queue if not known or c.queue in known else None) for c in conversations]
    case = RandomCase(conversations=conversations, agents=agents, now=50_000.0, estimates=None, queues=queues)
    is_bounded(rm.route(**case), case, best_match())
