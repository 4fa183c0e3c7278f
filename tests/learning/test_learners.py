"""What every learner must hold to: pure, indifferent to order, at home in its own part, quiet where nothing is said."""

from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve, fields

from routematch.learning import LEARNERS, Experience, dumps, loads
from routematch.model import Estimates
from routematch.state import Ledger

NAMES = [field.name for field in fields(Estimates)]


def log(seed=0, size=1500):
    """Make a log from which every learner can learn something."""
    generator = np.random.default_rng(seed)
    agent = generator.integers(0, 8, size)
    arrived = np.sort(generator.uniform(0, 28 * 86400, size))
    gave_up = generator.random(size) < 0.1
    took = arrived + generator.exponential(30, size)
    seconds = np.exp(5 + 0.1 * agent + generator.normal(0, 0.5, size))
    return Ledger.of(
        arrived_at=arrived,
        answered_at=np.where(gave_up, np.nan, took),
        ended_at=np.where(gave_up, took, took + seconds),
        ending=np.where(gave_up, "abandoned", "completed").tolist(),
        handle_time=np.where(gave_up, np.nan, seconds),
        agent=[None if up else f"agent-{a}" for a, up in zip(agent, gave_up, strict=True)],
        customer=[f"customer-{c}" for c in generator.integers(0, 300, size)],
        conversation_type=generator.choice(["billing", "spanish"], size).tolist(),
        resolved=np.where(gave_up, np.nan, generator.random(size) < 0.4 + 0.06 * agent),
        satisfaction=np.where(
            generator.random(size) < 0.3, np.clip(generator.normal(0.5 + 0.05 * agent, 0.1), 0, 1), np.nan
        ),
    )


@pytest.mark.parametrize("name", LEARNERS)
def test_it_fills_the_part_it_is_named_after(name):
    """A learner changes the field of its name, and of the others at most the evidence."""
    learned = LEARNERS[name]().learn(Experience.of(log()), Estimates())
    changed = {part for part in NAMES if getattr(learned, part) != getattr(Estimates(), part)}

    assert name in changed <= {name, "evidence"}


@pytest.mark.parametrize("name", LEARNERS)
def test_the_same_history_teaches_the_same(name):
    """Learning uses no chance and leaves history and what was known as they were."""
    seen, known = Experience.of(log()), Estimates()

    assert LEARNERS[name]().learn(seen, known) == LEARNERS[name]().learn(Experience.of(log()), Estimates())
    assert known == Estimates()


@pytest.mark.parametrize("name", LEARNERS)
def test_names_do_not_matter(name):
    """Other names of agents lead to the same numbers under these names."""
    given = log()
    renamed = evolve(given, agent=evolve(given.agent, names=tuple(f"x-{n}" for n in given.agent.names)))

    before = dumps(LEARNERS[name]().learn(Experience.of(given), Estimates()))
    after = dumps(LEARNERS[name]().learn(Experience.of(renamed), Estimates()))

    assert after.replace("x-agent", "agent") == before


@pytest.mark.parametrize("name", LEARNERS)
def test_what_was_learned_survives_the_way_to_text(name):
    """What a learner fills in can be written and read."""
    learned = LEARNERS[name]().learn(Experience.of(log()), Estimates())

    assert loads(dumps(learned)) == learned


@pytest.mark.parametrize("name", LEARNERS)
def test_an_empty_history_changes_nothing(name):
    """Without conversations, what was known stays."""
    known = LEARNERS[name]().learn(Experience.of(log()), Estimates())

    assert LEARNERS[name]().learn(Experience.of([]), Estimates()) == Estimates()
    again = LEARNERS[name]().learn(Experience.of([]), known)
    assert getattr(again, name) == getattr(known, name)
