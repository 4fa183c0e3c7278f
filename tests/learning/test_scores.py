"""Predictions of later conversations, scored beside guesses that need no learning."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from routematch.errors import InvalidInputError
from routematch.learning import Success, fit, score
from routematch.model import Outcome

BLUEBIRDS = Path(__file__).parents[2] / "benchmarks" / "data" / "bluebirds.csv.gz"


@pytest.fixture(scope="module")
def answers():
    """Real answers, by image in a seeded order; the species is the type, the worker the agent."""
    with gzip.open(BLUEBIRDS, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    images = sorted({row["task"] for row in rows})
    place = dict(zip(np.random.default_rng(0).permutation(images).tolist(), range(len(images)), strict=True))
    rows.sort(key=lambda row: place[row["task"]])
    return [
        Outcome(row["task"], row["worker"], resolved=row["answer"] == row["truth"], skills=(row["truth"],))
        for row in rows
    ]


@pytest.mark.parametrize("later", [0.3, 0.8])
def test_learned_skill_beats_plain_means_on_real_answers(answers, later):
    """Who is right about what is told better than by one mean, by type or by worker, from much and from little."""
    found = score(answers, later=later)

    assert found.has_signal
    assert found.is_better
    assert np.mean([abs(step.predicted - step.happened) for step in found.calibration]) < 0.08


def test_nothing_is_found_in_shuffled_answers(answers):
    """With the workers shuffled no signal is found, and what is predicted is the mean of the skill."""
    order = np.random.default_rng(1).permutation(len(answers)).tolist()
    mixed = [
        Outcome(a.conversation, answers[j].agent, resolved=a.resolved, skills=a.skills)
        for a, j in zip(answers, order, strict=True)
    ]
    found = score(mixed)

    assert not fit(mixed, learners=[Success()]).success
    assert not found.has_signal
    assert not found.is_better
    assert found.log_loss["learned"] == pytest.approx(found.log_loss["mean of the skill"], abs=0.002)


def test_scores_are_those_of_the_definition():
    """Log-loss and Brier score of one mean for all are what their formulas give."""
    history = [Outcome("c", "ana", resolved=i % 4 > 0, ended_at=float(i)) for i in range(40)]
    found = score(history, later=0.5)
    chance = 15.5 / 21

    assert found.count == 20
    assert found.brier["one mean for all"] == pytest.approx(0.75 * (1 - chance) ** 2 + 0.25 * chance**2)
    assert found.log_loss["one mean for all"] == pytest.approx(-0.75 * np.log(chance) - 0.25 * np.log(1 - chance))


def test_the_later_part_is_later():
    """Conversations are split by time, not by the order in which they are given."""
    early = [Outcome("c", "ana", resolved=True, ended_at=float(i)) for i in range(50)]
    late = [Outcome("c", "ana", resolved=False, ended_at=1000.0 + i) for i in range(50)]

    mixed = [outcome for pair in zip(late, early, strict=True) for outcome in pair]

    found = score(mixed, later=0.5)

    assert found.log_loss["one mean for all"] > 4


def test_a_history_without_verdicts_is_refused():
    """Where nobody says what was resolved there is nothing to score."""
    with pytest.raises(InvalidInputError, match="resolved"):
        score([Outcome("c", "ana", handle_time=60.0)] * 10)
