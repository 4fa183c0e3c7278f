"""Exploration loses no more than was allowed, and says how likely each choice was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import routematch as rm
from routematch.errors import InvalidInputError
from routematch.learning import fit, propensities, thompson, upper_confidence
from routematch.model import Estimates, Outcome
from routematch.model.evidence import Cell, Evidence, SkillPrior

SIX = [f"agent-{i}" for i in range(6)]


def known(seed=0):
    """Make beliefs about six agents, some sure and some not; newcomers are possible."""
    generator = np.random.default_rng(seed)
    cells = {
        agent: {"billing": Cell(float(generator.uniform(0.5, 0.9)), float(generator.choice([3, 30, 300])))}
        for agent in SIX
    }
    prior = {"billing": SkillPrior(0.7, 10.0)}
    return Estimates(evidence={"success": Evidence("probability", cells=cells, skills=prior, has_signal=True)})


def mean(estimates, agent):
    """Return what is believed of an agent."""
    evidence = estimates.evidence["success"]
    return evidence.cell(agent, "billing").mean


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.floats(0.01, 1.0))
def test_no_choice_loses_more_than_was_allowed(seed, most_loss):
    """Whoever looks best in a draw, or at the upper end, is at most `most_loss` worse than the best."""
    estimates = known(seed)
    best = max(mean(estimates, agent) for agent in SIX)
    drawn = thompson(estimates, np.random.default_rng(seed), most_loss=most_loss)
    upper = upper_confidence(estimates, most_loss=most_loss)

    for agent in SIX:
        assert abs(drawn.success[agent]["billing"].mean - mean(estimates, agent)) <= most_loss / 2 + 1e-9
    for tried in (drawn, upper):
        chosen = max(SIX, key=lambda agent: tried.success[agent]["billing"].mean)
        assert mean(estimates, chosen) >= best - most_loss - 1e-9


def test_the_same_decision_draws_the_same():
    """Draws follow from seed and number of the decision, not from the order in which agents are named."""
    estimates = known()

    first = thompson(estimates, np.random.default_rng([7, 3]), agents=SIX)
    again = thompson(estimates, np.random.default_rng([7, 3]), agents=SIX[::-1])

    assert first == again != thompson(estimates, np.random.default_rng([7, 4]), agents=SIX)


def test_propensities_are_the_shares_of_draws():
    """Over 4,000 draws each agent is best about as often as stated; 0.04 is five standard errors."""
    estimates, generator = known(1), np.random.default_rng(0)
    shares = dict.fromkeys(SIX, 0.0)
    for _ in range(4000):
        row = thompson(estimates, generator, most_loss=0.3).success
        shares[max(SIX, key=lambda agent: row[agent]["billing"].mean)] += 1 / 4000

    stated = propensities(estimates, "billing", SIX, most_loss=0.3)

    assert stated.sum() == pytest.approx(1.0)
    assert stated == pytest.approx(list(shares.values()), abs=0.04)


def test_propensities_take_the_rest_of_the_worth_into_account():
    """Who brings more otherwise is chosen more often; beyond reach of the draws, always."""
    estimates = known(1)

    plain = propensities(estimates, "billing", SIX)
    helped = propensities(estimates, "billing", SIX, other=[0.02, 0, 0, 0, 0, 0])
    sure = propensities(estimates, "billing", SIX, other=[5.0, 0, 0, 0, 0, 0])

    assert helped[0] >= plain[0]
    assert sure == pytest.approx([1, 0, 0, 0, 0, 0])


def test_equal_beliefs_have_equal_propensities():
    """Two agents of whom the same is known are tried alike, newcomers too."""
    assert propensities(known(), "billing", ["x", "y"]) == pytest.approx([0.5, 0.5])


def test_the_thin_record_is_tried_and_the_clearly_worse_is_not():
    """A newcomer gets a share of conversations; an agent known to be much worse gets none."""
    cells = {
        "sure": {"billing": Cell(0.72, 500.0)},
        "thin": {"billing": Cell(0.70, 3.0)},
        "worse": {"billing": Cell(0.40, 500.0)},
    }
    estimates = Estimates(evidence={"success": Evidence("probability", cells=cells, has_signal=True)})

    stated = propensities(estimates, "billing", ["sure", "thin", "worse"], most_loss=0.1)

    assert stated[1] > 0.2
    assert stated[2] == 0.0


def test_decisions_take_drawn_estimates_like_any_others():
    """Over many decisions both of two near equals are chosen; the declared level still decides who may."""
    estimates = known(1)
    agents = [rm.Agent(agent, {"billing": 0.9}) for agent in SIX] + [rm.Agent("barred", {"billing": 0.1})]
    chat = rm.Conversation("chat", {"billing": 0.5})
    chosen = {
        rm.route([chat], agents, estimates=thompson(estimates, np.random.default_rng([0, n]), most_loss=0.3)).pairs()[
            "chat"
        ]
        for n in range(40)
    }

    assert len(chosen) > 1
    assert "barred" not in chosen


def test_without_signal_nothing_is_tried():
    """Where agents were not found to differ there is nothing to learn from trying: estimates stay as they are."""
    estimates = fit([Outcome("c", "ana", resolved=True, skills=("billing",))])

    assert thompson(estimates, np.random.default_rng(0)) is estimates
    with pytest.raises(InvalidInputError, match="skill"):
        propensities(estimates, "billing", ["ana"])


def test_drawn_estimates_learn_nothing():
    """Draws carry no evidence, so that nobody goes on learning from them by mistake."""
    assert not thompson(known(), np.random.default_rng(0)).evidence
