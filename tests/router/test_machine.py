"""Random days at random desks, every call and record judged by a second set of books."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, settings

from routematch.testing.router_campaign import main
from routematch.testing.router_machine import TWINS, VERBS, play, play_many
from routematch.testing.router_machine_rules import RouterRules


@pytest.mark.parametrize("seed", range(1, 11))
def test_nothing_is_found_in_fifty_thousand_events(seed: int) -> None:
    """Whoever plays, each call and record fits the books; 5,000 of them from each of ten seeds."""
    tally = play_many(seed, 5_000)
    assert tally.events >= 5_000


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(11, 19))
def test_nothing_is_found_in_eight_hundred_thousand_events(seed: int) -> None:
    """The same for 100,000 from each of eight more seeds."""
    assert play_many(seed, 100_000).events >= 100_000


def test_days_hold_everything_that_can_happen() -> None:
    """A few days bring every kind of record, every kind of call, and calls that do not fit."""
    tally = play_many(0, 6_000)
    missing = {"estimates_changed"}
    from routematch.model.events import EVENTS

    assert tally.kinds.keys() >= EVENTS.keys() - missing
    assert tally.refused > 100
    assert tally.repeated > 50
    assert set(tally.twins) <= set(TWINS)
    assert len(VERBS) == 18


def test_a_day_is_the_same_again() -> None:
    """A seed always plays the same day."""
    first, second = play(5, actions=60), play(5, actions=60)
    assert first.desk.records == second.desk.records
    assert first.desk.bytes_of(first.desk.router) == second.desk.bytes_of(second.desk.router)


_BYTES = """
import hashlib
from routematch.testing.router_machine import play
told = hashlib.sha256()
for seed in (3, 4, 8):
    desk = play(seed, actions=80).desk
    told.update(desk.bytes_of(desk.router).encode())
    told.update(repr(desk.records).encode())
print(told.hexdigest())
"""


def test_a_day_does_not_depend_on_hash_seeds() -> None:
    """Sets and dicts of strings in another order change no byte."""
    told = [
        subprocess.run(
            [sys.executable, "-c", _BYTES], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1] != ""


def test_campaign_tells_what_it_played(capsys: pytest.CaptureFixture[str]) -> None:
    """The command plays until enough was judged, and says how much that was."""
    assert main(["--events", "300", "--seed", "2"]) == 0
    assert "events in" in capsys.readouterr().out
    assert main(["--day", "2000000"]) == 0
    assert "goes well" in capsys.readouterr().out


TestRouter = RouterRules.TestCase
TestRouter.settings = settings(
    max_examples=25,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
