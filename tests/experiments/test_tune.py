"""Tuning finds better weights where there are any, and keeps the incumbent where there are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from routematch.errors import InvalidInputError, MissingExtraError
from routematch.experiments import NetValue
from routematch.experiments.tuning import Tuned, tune
from routematch.metrics.measured import over_replications
from routematch.policies import Policy, Weighted, dumps, loads
from routematch.simulation import Scenario, simulate
from routematch.terms import Achievement, LeastVersatile, Waiting

EXPERT = Scenario.from_rates(
    arrival=[0.034, 0.0095],
    service=0.01,
    patience=0.01,
    agents=[3, 1],
    value=[[1, 1], [0, 3]],
    eligible=[[1, 1], [0, 1]],
    horizon=20_000.0,
)
#: Who waits longest first, any agent: both weights that would help are at zero.
PLAIN = Policy(
    "plain",
    terms=(Weighted(Achievement(), 0.0), Weighted(LeastVersatile(), 0.0)),
    urgency=(Weighted(Waiting()),),
)
RANGES = {"terms.achievement.weight": (0.0, 3.0), "terms.least_versatile.weight": (0.0, 3.0)}


@pytest.fixture(scope="module")
def found() -> Tuned:
    """Tune a policy that can be bettered."""
    return tune(PLAIN, EXPERT, weights=RANGES, candidates=9, replications=4, evaluations=16, seed=1)


def test_better_weights_are_found_and_told(found: Tuned) -> None:
    """The gain on fresh days is sure, and stands in the policy file."""
    assert found.is_better
    assert found.gain.low > 0
    told = loads(dumps(found.policy))
    assert told == found.policy
    assert told.verdict["tuned"]["is_better"] is True
    assert told.verdict["tuned"]["incumbent"] == PLAIN.fingerprint


def test_the_winner_is_no_worse_on_days_nobody_has_seen(found: Tuned) -> None:
    """On yet other days the winner is not below the incumbent beyond the error."""
    aim = NetValue.of(EXPERT)
    new, old = (simulate(EXPERT, p, seed=77, replications=16).values(aim) for p in (found.policy, PLAIN))
    assert over_replications(new - old).high > 0


def test_an_incumbent_that_is_not_beaten_stays() -> None:
    """Where a weight changes nothing, chance must not replace the incumbent."""
    single = Scenario.from_rates(arrival=0.03, service=0.01, patience=0.01, agents=[4], horizon=10_000.0)
    ranges = {"terms.achievement.weight": (0.0, 3.0)}
    found = tune(PLAIN, single, weights=ranges, candidates=4, replications=2, evaluations=4, seed=1)
    assert not found.is_better
    assert found.policy == Policy(PLAIN.name, PLAIN.terms, urgency=PLAIN.urgency, verdict=found.policy.verdict)
    assert found.policy.fingerprint == PLAIN.fingerprint


def test_luck_in_the_search_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """With scores of pure chance the best of many seldom is surely better on fresh days; mostly the incumbent stays."""
    from routematch.experiments import tuning

    generator = np.random.default_rng(5)

    def chance(self: object, policy: Policy, replications: int, seed: int) -> tuple[np.ndarray, dict[str, float]]:
        scores = generator.normal(size=replications)
        return scores, {"net_value": float(scores.mean()), "mean_wait": 0.0, "occupancy_fairness": 1.0}

    monkeypatch.setattr(tuning._Bench, "run", chance)
    runs = [
        tune(PLAIN, EXPERT, weights=RANGES, candidates=20, replications=4, evaluations=10, seed=seed)
        for seed in range(60)
    ]
    assert sum(run.search_gain > 0 for run in runs) > 50
    assert min(run.search_gain for run in runs) >= 0
    assert sum(run.is_better for run in runs) <= 6


def test_constraints_are_kept() -> None:
    """No winner breaks a constraint on fresh days; one that nothing can keep leaves the incumbent."""
    found = tune(
        PLAIN, EXPERT, weights=RANGES, constraints={"abandonment": 0.0}, candidates=3, replications=2, evaluations=2
    )
    assert not found.is_better
    assert found.front == ()


def test_the_front_has_no_member_that_another_beats(found: Tuned) -> None:
    """Whoever is on the front is best in something; the best score is on it."""
    assert found.front[0].score == max(trial.score for trial in found.trials)
    for one in found.front:
        assert not any(
            other.score > one.score
            and other.measures["mean_wait"] < one.measures["mean_wait"]
            and other.measures["occupancy_fairness"] > one.measures["occupancy_fairness"]
            for other in found.trials
        )
    assert len(found.table().rows) == len(found.front)
    assert len(found.charts()[0].labels) == len(found.trials)


def test_an_interrupted_search_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Trials in the journal are not simulated again, and the outcome is the same."""
    arguments = {"weights": RANGES, "replications": 2, "evaluations": 2, "candidates": 4, "seed": 3}
    journal = tmp_path / "trials.jsonl"
    seen: list[int] = []

    def interrupt(done: int, _: int) -> None:
        seen.append(done)
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(PLAIN, EXPERT, journal=journal, on_progress=interrupt, **arguments)  # type: ignore[arg-type]
    assert len(journal.read_text().splitlines()) == 3
    journal.write_text(journal.read_text() + '{"key": "cut sho')
    resumed = tune(PLAIN, EXPERT, journal=journal, **arguments)  # type: ignore[arg-type]
    whole = tune(PLAIN, EXPERT, **arguments)  # type: ignore[arg-type]
    assert resumed.trials == whole.trials
    assert resumed.policy == whole.policy


def test_faults_come_together() -> None:
    """Unknown paths and ranges, too few days and unknown samplers are told."""
    with pytest.raises(InvalidInputError):
        tune(PLAIN, EXPERT, weights=["terms.nothing.weight"])
    with pytest.raises(InvalidInputError) as raised:
        tune(PLAIN, EXPERT, weights=RANGES, candidates=0, sampler="else")
    assert len(raised.value.faults) == 2


def test_optuna_proposes_too() -> None:
    """The optional sampler tells what to install, or finds trials within the ranges."""
    try:
        import optuna  # noqa: F401
    except ImportError:
        with pytest.raises(MissingExtraError):
            tune(PLAIN, EXPERT, weights=RANGES, candidates=2, replications=2, evaluations=2, sampler="optuna")
        return
    found = tune(PLAIN, EXPERT, weights=RANGES, candidates=2, replications=2, evaluations=2, sampler="optuna")
    assert len(found.trials) == 3
