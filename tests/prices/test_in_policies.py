"""Prices at work: in route, Router and simulate, in files and in explanations."""

from __future__ import annotations

import pytest
from attrs import evolve

import routematch as rm
from routematch import policies
from routematch.errors import InvalidInputError
from routematch.experiments.guard import guard, judge
from routematch.experiments.guard_rates import priced_for
from routematch.model import Estimates
from routematch.policies import Policy, best_value, dumps, loads
from routematch.prices import NoPrice
from routematch.routing.pricing import priced
from routematch.simulation import Scenario, simulate

TYPES = {"billing": rm.Conversation("any", "billing"), "spanish": rm.Conversation("any", "spanish")}
BILLING = rm.Conversation("chat-1", "billing", arrived_at=100.0)


def desk(*, idle: tuple[str, ...] = ()) -> list[rm.Agent]:
    """Return four who speak Spanish and ten who do not; busy but those named."""
    names = [f"ana-{k}" for k in range(4)] + [f"bo-{k}" for k in range(10)]
    able = {"billing": 0.95, "spanish": 0.9}
    return [
        rm.Agent(name, able if name.startswith("ana") else {"billing": 0.8}, load=0 if name in idle else 1)
        for name in names
    ]


def spanish_is_scarce(eta: float = 1.0) -> Policy:
    """Return the policy with prices for a desk where Spanish speakers are wanted."""
    rates, patience = {"billing": 0.03, "spanish": 0.01}, {"billing": 300.0, "spanish": 200.0}
    policy = priced(best_value(), TYPES, desk(), arrival_rates=rates, patience=patience, pool_size=4)
    return policy.with_parameters({"prices.eta": eta})


def test_the_scarce_are_kept_free() -> None:
    """Best match gives billing to whoever is best at it; with prices somebody else takes it."""
    agents = desk(idle=("ana-0", "bo-0"))
    assert rm.route([BILLING], agents, policy=policies.best_match()).pairs() == {"chat-1": "ana-0"}
    assert rm.route([BILLING], agents, policy=spanish_is_scarce()).pairs() == {"chat-1": "bo-0"}


def test_waiting_is_told_with_the_price_of_the_agent() -> None:
    """In plain words: for what the agent is kept, what a minute is worth, what waiting loses."""
    plan = rm.route([BILLING], desk(idle=("ana-0",)), policy=spanish_is_scarce(eta=2.0), now=100.0)
    assert plan.held["chat-1"].reason == "waiting_is_worth_more"
    said = plan.explain("chat-1")
    assert said.price is not None
    assert said.price.kept_for == "spanish"
    assert said.price.minute == pytest.approx(said.price.charge / 5.0, rel=1e-9)  # five minutes without history
    assert "ana-0 is kept for spanish: ana-0's next minute is worth" in str(said)
    assert "loses" in str(said)


def test_a_served_conversation_tells_its_charge() -> None:
    """The charge is part of the value."""
    said = rm.route([BILLING], desk(idle=("bo-0",)), policy=spanish_is_scarce()).explain("chat-1")
    assert said.price is not None
    assert said.price.charge == pytest.approx(-said.terms["state_price"])
    assert said.value == pytest.approx(0.8 - said.price.charge)


def test_nobody_is_held_for_longer_than_the_policy_says() -> None:
    """After `max_hold_time` anybody who may takes the conversation, whatever the price; the plan says when."""
    policy, agents = spanish_is_scarce(eta=3.0), desk(idle=("ana-0",))
    held = rm.route([BILLING], agents, policy=policy, now=100.0).held["chat-1"]
    assert held.review_at is not None
    assert held.review_at <= 700.0
    assert rm.route([BILLING], agents, policy=policy, now=700.0).pairs() == {"chat-1": "ana-0"}


def test_without_rates_it_decides_as_best_match() -> None:
    """No rates, no price; a price of nothing changes nothing."""
    assert priced(best_value(), TYPES, desk(), estimates=Estimates()) == best_value()
    agents = desk(idle=("ana-0", "ana-2", "bo-3"))
    waiting = [BILLING, rm.Conversation("chat-2", "spanish", arrived_at=90.0), rm.Conversation("chat-3", "billing")]
    wanted = rm.route(waiting, agents).pairs()
    for policy in (best_value(), best_value(NoPrice())):
        assert rm.route(waiting, agents, policy=policy).pairs() == wanted


def test_a_policy_file_holds_the_table() -> None:
    """Read back it is equal and has the same fingerprint; another table has another; weights can be tuned."""
    policy = spanish_is_scarce()
    again = loads(dumps(policy))
    assert again == policy
    assert again.fingerprint == policy.fingerprint != best_value().fingerprint
    assert spanish_is_scarce(eta=0.7).fingerprint != policy.fingerprint
    assert policy.parameters()["prices.kappa"] == 1.0


def test_faults_of_a_file_are_told() -> None:
    """Unknown prices, unknown parameters, no prices at all, and holds without end."""
    text = 'name = "x"\nterms = []\nmax_hold_time = 60.0\n'
    for prices, said in (('"state_prise"', "state_price"), ('{name = "none", eta = 1}', "eta"), ("3", "name")):
        with pytest.raises(InvalidInputError, match=said):
            loads(f"{text}prices = {prices}")
    with pytest.raises(InvalidInputError, match="max_hold_time"):
        evolve(best_value(NoPrice()), max_hold_time=None)
    with pytest.raises(InvalidInputError, match="prices"):
        best_value(3)  # type: ignore[arg-type]  # what is tested


def test_a_router_decides_as_route_does() -> None:
    """Also about one conversation alone: everybody counts for the price."""
    router = rm.Router(desk(idle=("ana-0", "bo-0")), policy=spanish_is_scarce())
    router.enqueue(BILLING, 100.0)
    assert router.dispatch(100.0).pairs() == {"chat-1": "bo-0"}


def expert(horizon: float) -> Scenario:
    """Return a scenario where a small group alone is good at what is rare."""
    values = [[0.7, 0.9], [0.1, 0.9]]
    return Scenario.from_rates(
        [0.096, 0.028], [[0.01, 0.01], [0.01, 0.011]], [0.003, 0.0025], [12, 4], values, horizon=horizon
    )


def test_simulation_reads_prices_from_the_scenario() -> None:
    """Priced for its rates, the policy leaves the experts to whom they are for."""
    scenario = expert(400.0)
    policy = priced_for(best_value(), scenario, pool_size=4)
    easy = []
    for each in (best_value(), policy):
        ledger = simulate(scenario, each, seed=2).ledgers[0]
        easy.append(int(((ledger.conversation_type.codes == 0) & (ledger.agent.codes >= 12)).sum()))
    assert easy[1] < easy[0]


@pytest.mark.slow
def test_the_guard_keeps_what_gains_and_stores_its_verdict() -> None:
    """Paired days; the verdict says against what and by how much, and leaves the fingerprint alone."""
    scenario = expert(1500.0)
    policy = priced_for(best_value(), scenario, pool_size=4)
    kept = guard(policy, scenario, replications=5, seed=3)
    assert kept.prices == policy.prices
    assert kept.verdict["kept"]
    assert kept.fingerprint == policy.fingerprint
    mad = policy.with_parameters({"prices.eta": 30.0})
    dropped = guard(mad, scenario, replications=3, seed=3)
    assert dropped.prices is None
    assert dropped.verdict["chosen"] == "without_prices"


def test_a_price_that_may_be_a_loss_is_dropped_for_the_better_rival() -> None:
    """Both lower bounds must be above the floor; a wide interval is no proof."""
    days = [90.0, 91.0, 92.0, 90.5]
    assert judge(days, [day - 1 for day in days], [day - 2 for day in days]).chosen == "prices"
    assert judge(days, [day + 1 for day in days], [day - 2 for day in days]).chosen == "without_prices"
    assert judge(days, [day - 1 for day in days], [day + 2 for day in days]).chosen == "longest_idle"
    assert judge(days, [80.0, 100.0, 85.0, 95.0], [70.0] * 4).chosen == "without_prices"


def test_a_policy_without_prices_needs_no_guard() -> None:
    """It comes back as it is."""
    assert guard(best_value(), expert(10.0)) == best_value()
