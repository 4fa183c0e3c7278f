"""Comparisons are paired, ranked and corrected; baselines are what their names say."""

from __future__ import annotations

import numpy as np
import pytest

from routematch.errors import InvalidInputError
from routematch.experiments import BASELINES, NetValue, baseline_policies, compare
from routematch.experiments.baselines import SLOW, Rates, c_mu, priority_lists
from routematch.policies import best_match, longest_idle
from routematch.simulation import Scenario, simulate
from routematch.theory import SkillSystem, erlang_a, exact_chain, static_priority

EXPERT = Scenario.from_rates(
    arrival=[0.03, 0.009],
    service=0.01,
    patience=0.01,
    agents=[3, 1],
    value=[[1, 1], [0, 3]],
    eligible=[[1, 1], [0, 1]],
    horizon=40_000.0,
)


def test_the_order_of_policies_does_not_change_their_numbers() -> None:
    """Every policy faces the same days, whatever ran before it."""
    policies = {name: policy for name, policy in baseline_policies(EXPERT).items() if name not in SLOW}
    forth = compare(EXPERT, policies, seed=1, replications=2, metrics=[])
    back = compare(EXPERT, dict(reversed(list(policies.items()))), seed=1, replications=2, metrics=[])
    for name in policies:
        assert np.array_equal(forth.values[name]["net_value"], back.values[name]["net_value"]), name


def test_a_policy_against_itself_makes_no_difference() -> None:
    """Pairs of equal policies differ by nothing at all, and nobody leads alone."""
    found = compare(EXPERT, {"one": best_match(), "two": best_match()}, seed=1, replications=3)
    assert found.differences()["two"].change.mean == 0
    assert set(found.leaders) == {"one", "two"}


def test_the_better_policy_is_ranked_first_and_told_apart() -> None:
    """Who leaves the expert free for hard conversations wins, and surely so."""
    policies = baseline_policies(EXPERT)
    chosen = {name: policies[name] for name in ("random", "priority_lists")}
    found = compare(EXPERT, chosen, seed=1, replications=20)
    assert found.ranking == ("priority_lists", "random")
    assert found.leaders == ("priority_lists",)
    assert found.differences()["priority_lists"].p_corrected < 0.05
    assert found.table().rows[0][0] == "1*"


def test_common_days_cut_the_variance() -> None:
    """Pairing by day needs fewer days than independent ones would."""
    found = compare(EXPERT, [longest_idle(), best_match()], seed=2, replications=20)
    assert found.variance_cut("best_match") > 1.5


def test_faults_of_a_comparison_come_together() -> None:
    """Two of one name and too few replications are told at once."""
    with pytest.raises(InvalidInputError) as raised:
        compare(EXPERT, [best_match(), best_match()], replications=1)
    assert len(raised.value.faults) == 2


def test_net_value_is_what_erlang_says() -> None:
    """With one type, net value is the share served less the cost of the lost."""
    plain = Scenario.from_rates(arrival=0.05, service=0.01, patience=0.005, agents=5, horizon=200_000.0)
    lost = erlang_a(0.05, 0.01, 0.005, 5).abandonment_probability
    found = simulate(plain, seed=3, replications=20).measure(NetValue.of(plain, margin=2000.0))
    assert abs(found.mean - (1 - lost)) < 3 * found.half_width / 2.09


def test_priority_lists_are_the_chain_of_fixed_lists() -> None:
    """Dedicated agents first, longest waiting first where a list says nothing: the exact chain agrees."""
    rates = Rates.of(EXPERT)
    assert priority_lists(rates).score.argmax(axis=1).tolist() == [0, 1]
    system = SkillSystem((0.03, 0.009), ((0.01, 0.01), (0.0, 0.01)), (3, 1), (0.01, 0.01))
    chain = exact_chain(system, static_priority([[0, 1], [1]], [[0], [1, 0]]), waiting_places=(25, 25))
    worth = chain.value_rate([[1, 1], [0, 3]]) / 0.039
    rule = c_mu(rates)  # free agents take the dearer type; arrivals, all equally fast, must take the dedicated first
    listed = type(rule)("listed", rates, priority_lists(rates).score, index=rule.index)
    found = simulate(EXPERT, listed, seed=5, replications=40).measure(NetValue.of(EXPERT, margin=1000.0))
    assert abs(found.mean - worth) < 3 * found.half_width / 2.02


@pytest.mark.parametrize("name", sorted(BASELINES))
def test_every_baseline_serves_and_repeats_itself(name: str) -> None:
    """Twice the same seed gives the same numbers, also of rules that keep counts."""
    short = Scenario.from_rates(
        arrival=[0.03, 0.009], service=0.01, patience=0.01, agents=[3, 1], value=[[1, 1], [0, 3]],
        eligible=[[1, 1], [0, 1]], horizon=1200.0,
    )  # fmt: skip
    policy = baseline_policies(short, slow=True)[name]
    once, again = (simulate(short, policy, seed=1, replications=2) for _ in range(2))
    for one, other in zip(once.ledgers, again.ledgers, strict=True):
        assert np.array_equal(one.answered_at, other.answered_at, equal_nan=True)
        assert np.isfinite(one.answered_at).mean() > 0.3


def test_nobody_overflows_early() -> None:
    """Where overflow waits, easy conversations reach the expert only after that time."""
    policy = baseline_policies(EXPERT, slow=True)["timed_overflow"]
    short = Scenario.from_rates(
        arrival=[0.03, 0.009], service=0.01, patience=0.01, agents=[3, 1], value=[[1, 1], [0, 3]],
        eligible=[[1, 1], [0, 1]], horizon=3000.0,
    )  # fmt: skip
    ledger = simulate(short, policy, seed=1).ledgers[0]
    easy = (ledger.conversation_type.codes == 0) & (ledger.agent_group.codes == 1)
    assert easy.any()
    assert ledger.waited[easy].min() >= 30.0 - 1e-6
    assert ledger.waited[easy].min() < 31.0
