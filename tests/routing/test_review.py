"""`review_at`: never later than the instant at which the answer changes, and not at once where nothing is near."""

from __future__ import annotations

from random import Random

import pytest
from attrs import evolve

import routematch as rm
from routematch.policies import PRESETS, best_match
from routematch.testing.cases import RandomCase, random_case

LATER = (0.001, 0.1, 1, 5, 20, 60, 120, 300, 450, 600, 900, 1200, 1800, 2400, 3600)


def waiting_case(random: Random, *, mixed_costs: bool = False) -> RandomCase:
    """Return a case in which everybody has arrived, so that nothing changes but time."""
    case = random_case(random, conversations=6, agents=3, mixed_costs=mixed_costs)
    now = case["now"]
    arrived = [now if c.arrived_at is None else min(c.arrived_at, now) for c in case["conversations"]]
    case["conversations"] = [evolve(c, arrived_at=at) for c, at in zip(case["conversations"], arrived, strict=True)]
    return case


def later_than_promised(case: RandomCase, policy: rm.Policy) -> list[str]:
    """Route again at many later instants; return who is served before the review that was promised."""
    plan = rm.route(**case, policy=policy)
    promised = {name: held.review_at for name, held in plan.held.items()}
    edges = {at - 1e-6 for at in promised.values() if at is not None}
    late = []
    for at in sorted({plan.now + after for after in LATER} | edges):
        if not promised or at <= plan.now:
            continue
        served = rm.route(**{**case, "now": at}, policy=policy).assignments
        late += [name for name, review in promised.items() if name in served and (review is None or review > at)]
    return late


@pytest.mark.parametrize("seed", range(6))
def test_nobody_is_served_before_the_review_that_was_promised(seed: int) -> None:
    """Routed again at a dense grid of later instants, a held conversation stays held until its `review_at`."""
    random = Random(f"review {seed}")
    for _ in range(14):
        case, policy = waiting_case(random, mixed_costs=seed == 5), random.choice(list(PRESETS.values()))()
        if random.random() < 0.5:
            policy = evolve(policy, option=random.choice((0.3, 0.7, 1.0)), max_hold_time=900.0)
        if random.random() < 0.2:
            policy = evolve(policy, strict_priority=True)
        if random.random() < 0.2:
            policy = evolve(policy, tiers=(("available",), ("away",)))
        assert later_than_promised(case, policy) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_nobody_is_served_before_the_review_in_many_more_cases(seed: int) -> None:
    """The same for a thousand further cases."""
    random = Random(f"more review {seed}")
    for _ in range(50):
        policy = random.choice(list(PRESETS.values()))()
        if random.random() < 0.6:
            policy = evolve(policy, option=random.choice((0.1, 0.3, 0.7, 1.0)), max_hold_time=900.0)
        policy = evolve(policy, strict_priority=random.random() < 0.2, price=random.choice((0.0, 0.0, 0.001)))
        assert later_than_promised(waiting_case(random), policy) == []


@pytest.mark.parametrize("due", ["nothing due", "some due"])
def test_reviews_do_not_spin(due: str) -> None:
    """With ordinary arrivals, fewer than one in twenty competing conversations asks to be looked at again at once."""
    at_once = held = 0
    for seed in range(40):
        random = Random(f"spin {seed}")
        case = random_case(random, conversations=12, agents=4)
        case["conversations"] = [
            evolve(c, arrived_at=case["now"] - 1000 * random.random(), due_at=c.due_at if due == "some due" else None)
            for c in case["conversations"]
        ]
        for answer in rm.route(**case).held.values():
            competes = answer.reason in {"needed_elsewhere", "waiting_is_worth_more"}
            held += competes
            at_once += competes and answer.review_at is not None and answer.review_at <= case["now"]
    assert held > 50
    assert at_once < held / 20


def test_review_is_the_next_relaxation() -> None:
    """A conversation that nobody can take is looked at again when its requirement loosens."""
    asked = rm.Requirement("french", 0.8, relax=(rm.After(60, at_least=0.4), rm.After(180, drop=True)))
    agents = [rm.Agent("ana", {"french": 0.5})]
    for now, review in ((100.0, 160.0), (159.5, 160.0)):
        plan = rm.route([rm.Conversation("c", asked, arrived_at=100.0)], agents, now=now)
        assert plan.held["c"].review_at == review
        assert plan.next_review_at == review
    assert rm.route([rm.Conversation("c", asked, arrived_at=100.0)], agents, now=160.0).pairs() == {"c": "ana"}


def test_review_is_the_start_of_a_shift() -> None:
    """A conversation whose only agent is off shift is looked at again when the shift starts."""
    agents = [rm.Agent("ana", shifts=rm.Shift(500, 900))]
    plan = rm.route([rm.Conversation("c", arrived_at=0.0)], agents, now=100.0)
    assert plan.held["c"].reason == "nobody_present"
    assert plan.held["c"].review_at == 500.0
    assert rm.route([rm.Conversation("c", arrived_at=0.0)], agents, now=500.0).pairs() == {"c": "ana"}
    assert rm.route([rm.Conversation("c", arrived_at=0.0)], agents, now=900.0).held["c"].review_at is None


def test_review_is_the_opening_to_secondary_members() -> None:
    """A conversation of a queue is looked at again when those who help out may take it."""
    queue = rm.Queue("billing", primary=["ana"], secondary=["bo"], secondary_after=120)
    waiting = [rm.Conversation("c", queue="billing", arrived_at=10.0)]
    plan = rm.route(waiting, [rm.Agent("bo")], queues=[queue], now=50.0)
    assert plan.held["c"].review_at == 130.0
    assert rm.route(waiting, [rm.Agent("bo")], queues=[queue], now=130.0).pairs() == {"c": "bo"}


def test_review_is_the_instant_at_which_waiting_is_worth_less() -> None:
    """With option 1 and value 0.5 an agent is good enough after half an hour of aging, to within a rounding step."""
    policy = evolve(best_match(), option=1.0, max_hold_time=3000.0)
    waiting, agents = [rm.Conversation("c", {"billing": 0.0}, arrived_at=0.0)], [rm.Agent("ana", {"billing": 0.5})]
    held = rm.route(waiting, agents, now=0.0, policy=policy).held["c"]
    assert held.reason == "waiting_is_worth_more"
    assert held.review_at == pytest.approx(1800.0, abs=0.05)
    assert held.review_at <= 1800.0
    assert rm.route(waiting, agents, now=1800.1, policy=policy).pairs() == {"c": "ana"}


def test_review_is_the_instant_at_which_moving_another_pays() -> None:
    """Serving both is worth 2 and gains twice as fast as serving the one at 5: three hours are left."""
    agents = [rm.Agent("ana", {"a": 1.0}), rm.Agent("bo")]
    waiting = [
        rm.Conversation("moves", affinity={"bo": -4.0}, arrived_at=0.0),
        rm.Conversation("waits", "a", arrived_at=14_400.0),
    ]
    plan = rm.route(waiting, agents, now=14_400.0)
    assert plan.pairs() == {"moves": "ana"}
    review = plan.held["waits"].review_at
    assert review == pytest.approx(14_400.0 + 10_800.0, abs=0.1)
    assert "waits" not in rm.route(waiting, agents, now=review - 0.1).assignments
    assert rm.route(waiting, agents, now=review + 0.1).pairs() == {"moves": "bo", "waits": "ana"}


def test_nothing_to_come_means_no_review() -> None:
    """Where time alone changes nothing, `review_at` is None."""
    plan = rm.route([rm.Conversation("c", "french"), rm.Conversation("d")], [rm.Agent("bo", capacity=0)], now=5.0)
    assert {held.review_at for held in plan.held.values()} == {None}
    assert plan.next_review_at is None


def test_nobody_starves() -> None:
    """However many important conversations keep coming, one without priority is served before two hours are over."""
    agents, now = [rm.Agent("ana")], 0.0
    patient = rm.Conversation("patient", arrived_at=0.0)
    for number in range(200):
        now = 60.0 * number
        urgent = [rm.Conversation(f"urgent-{number}-{k}", priority=100, arrived_at=now) for k in range(3)]
        if "patient" in rm.route([patient, *urgent], agents, now=now).assignments:
            break
    assert now == pytest.approx(100 * 60.0, abs=60.0)
