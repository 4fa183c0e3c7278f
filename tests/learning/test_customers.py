"""Patience, arrivals and affinity: what customers do, found again where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from routematch.distributions import PiecewiseHazard, VaryingArrivals, Weibull
from routematch.learning import Arrivals, Patience, fit
from routematch.learning.experience import DAY
from routematch.model import Outcome
from routematch.model.learned import WEEK
from routematch.state import Ledger

MONDAY = 4 * DAY + 2000 * WEEK


def waiting(seed, size, mean_patience, mean_answer):
    """Make waits that end when patience does or when an agent answers, whichever comes first."""
    generator = np.random.default_rng(seed)
    patience, answer = generator.exponential(mean_patience, size), generator.exponential(mean_answer, size)
    arrived = np.sort(generator.uniform(0, 1e6, size))
    gave_up = patience < answer
    return Ledger.of(
        arrived_at=arrived,
        answered_at=np.where(gave_up, np.nan, arrived + answer),
        ended_at=arrived + np.where(gave_up, patience, answer + 60),
        ending=np.where(gave_up, "abandoned", "completed").tolist(),
        agent=[None if up else "ana" for up in gave_up],
        window=(0.0, 1.1e6),
    )


def test_patience_is_found_though_most_are_answered_first():
    """The hazard of exponential patience is found on every step; means over those who gave up are far too short.

    Eight 90 % intervals all hold the truth with a chance of 0.43 if independent; within 20 % of it, all but surely.
    """
    log = waiting(0, 20_000, mean_patience=300.0, mean_answer=60.0)
    found = fit(log, learners=[Patience()]).patience["*"]
    gave_up = np.isnan(log.answered_at)

    assert log.waited[gave_up].mean() < 0.25 * 300.0  # the trap: survivors of the other clock
    assert found.hazards == pytest.approx([1 / 300.0] * len(found.hazards), rel=0.2)
    assert sum(low <= 1 / 300 <= high for low, high in zip(found.low, found.high, strict=True)) >= 5


def test_survival_and_hazards_agree():
    """The share still waiting at each step is that of the law with these hazards."""
    found = fit(waiting(1, 8000, 200.0, 100.0), learners=[Patience()]).patience["*"]
    law = PiecewiseHazard(found.starts, found.hazards)

    assert found.surviving == pytest.approx(law.survival(np.array(found.starts)).tolist(), abs=0.01)


def test_the_report_says_how_long_they_wait_and_when_they_come():
    """Patience stands in the report as shares who give up, arrivals as the busiest hour."""
    report = fit(waiting(1, 8000, 200.0, 100.0), learners=[Patience(), Arrivals()]).report()

    assert "26% within 1 min" in report
    assert "Arrivals, all types: most at" in report
    assert "00 UTC, " in report


def test_types_with_few_who_gave_up_are_judged_with_all():
    """A type has a patience of its own from thirty who gave up on."""
    log = waiting(2, 400, 100.0, 100.0)
    kinds = ["rare" if i < 20 else "usual" for i in range(400)]
    named = Ledger.of(
        arrived_at=log.arrived_at, answered_at=log.answered_at, ended_at=log.ended_at, conversation_type=kinds
    )

    assert set(fit(named, learners=[Patience()]).patience) == {"*", "usual"}


def arrivals(seed, weeks, *, busy=0.0):
    """Make arrivals by a known weekly pattern, on Mondays at nine most; days may be busier or quieter as a whole."""
    generator = np.random.default_rng(seed)
    rates = np.full(168, 10.0)
    rates[9] = 60.0
    days = generator.gamma(1 / busy, busy, weeks * 7) if busy else np.ones(weeks * 7)
    law = VaryingArrivals(tuple(np.arange(168) * 3600.0), tuple(rates * days.max() / 3600), period=WEEK)
    instants = law.instants(generator, weeks * WEEK)
    kept = instants[generator.random(len(instants)) < (days / days.max())[(instants // DAY).astype(int)]]
    log = Ledger.of(arrived_at=MONDAY + kept, window=(MONDAY, MONDAY + weeks * WEEK))
    return fit(log, learners=[Arrivals()]).arrivals["*"], rates / 3600


def test_rates_by_time_of_week_are_found():
    """Of 672 intervals, 87 to 96 % hold the true rate; the share scatters by 0.6 points: outside by chance, never."""
    held = []
    for seed in range(4):
        found, rates = arrivals(seed, 8)
        held.append(np.mean((np.array(found.low) <= rates) & (rates <= np.array(found.high))))

    assert found.rates.index(max(found.rates)) == 9
    assert found.weeks == 8
    assert 0.87 <= np.mean(held) <= 0.96


def test_days_that_differ_make_rates_less_sure():
    """Busy and quiet days show as dispersion, and the intervals grow with it."""
    calm, _ = arrivals(5, 8)
    varied, _ = arrivals(5, 8, busy=0.3)

    assert varied.dispersion > 1.5 > calm.dispersion
    assert varied.high[0] - varied.low[0] > calm.high[0] - calm.low[0]


def test_hours_are_those_of_the_local_clock():
    """Eight o'clock in Berlin is eight o'clock in summer and in winter."""
    january, july = 1_768_201_200.0, 1_783_922_400.0  # Mondays, 8:00 in Berlin
    log = Ledger.of(arrived_at=[january, july], window=(january - DAY, july + DAY))
    found = fit(log, learners=[Arrivals(zone="Europe/Berlin")]).arrivals["*"]

    assert [hour for hour, rate in enumerate(found.rates) if rate > 0] == [8]


def returning(seed, gain, half_time, *, loyal_to_best=False):
    """Make customers who come back five times, to the same agent half the time."""
    generator = np.random.default_rng(seed)
    skill = np.linspace(0.4, 0.8, 10)
    outcomes = []
    for customer in range(2500):
        at, last = float(generator.uniform(0, 30 * DAY)), None
        for _ in range(5):
            agent = int(generator.integers(10))
            if last is not None and (last >= 5 if loyal_to_best else generator.random() < 0.5):
                agent = last
            elapsed = float(generator.exponential(20 * DAY))
            bonus = gain * 2 ** -(elapsed / half_time) if agent == last else 0.0
            at, last = at + elapsed, agent
            outcomes.append(
                Outcome(
                    "c",
                    f"{agent}",
                    resolved=bool(generator.random() < skill[agent] + bonus),
                    ended_at=at,
                    customer=f"{customer}",
                    skills=("a",),
                )
            )
    return fit(outcomes).affinity


def test_affinity_is_found_and_fades():
    """A gain of 0.15 that halves every 10 days is found, with its half-time within a factor of three."""
    found = returning(0, 0.15, 10 * DAY)

    assert found.low <= 0.15 <= found.high
    assert found.gain == pytest.approx(0.15, abs=0.05)
    assert 10 / 3 <= found.half_time / DAY <= 30
    assert found.amount(found.half_time) == pytest.approx(found.gain / 2)


def test_good_agents_do_not_pass_for_affinity():
    """Where customers only return to good agents and knowing each other is worth nothing, nothing is found."""
    found = returning(1, 0.0, 10 * DAY, loyal_to_best=True)

    assert found.gain == 0.0
    assert found.amount(0.0) == 0.0
    assert "not found to help" in fit([]).replaced(affinity=found).report()


def test_patience_law_is_recovered_for_impatience_that_grows():
    """Where the longer they wait the faster they give up, hazards rise from step to step."""
    generator = np.random.default_rng(4)
    patience = Weibull(100.0, 2.0).sample(generator, 5000)
    answer = generator.exponential(200.0, 5000)
    log = Ledger.of(
        arrived_at=np.zeros(5000),
        answered_at=np.where(patience < answer, np.nan, answer),
        ended_at=np.minimum(patience, answer),
        window=(0.0, 1e4),
    )
    hazards = fit(log, learners=[Patience(steps=5)]).patience["*"].hazards

    assert list(hazards) == sorted(hazards)
