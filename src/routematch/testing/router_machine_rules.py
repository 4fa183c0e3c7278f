"""The random machine for Hypothesis: slower than days from a seed, but what it finds comes shrunk to a few calls.

Run it as a test: ``TestRouter = RouterRules.TestCase``.
"""

from __future__ import annotations

from random import Random

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from routematch.testing.router_machine import VERBS, Action, Day, random_scene

__all__ = ["RouterRules"]

_PAUSES = st.sampled_from((0.0, 0.25, 1.0, 5.0, 20.0, 60.0, 400.0))
_SEEDS = st.integers(0, 2**16)


class RouterRules(RuleBasedStateMachine):
    """Plays calls at a random desk; the oracle judges each."""

    def __init__(self) -> None:
        super().__init__()
        self.day: Day | None = None

    @initialize(seed=_SEEDS)
    def opens(self, seed: int) -> None:
        """Open a desk."""
        random = Random(seed)  # noqa: S311 - seeded chance is wanted
        scene = random_scene(random)
        self.day = Day(scene, random, scene.desk())

    def _do(self, kind: str, pause: float) -> None:
        assert self.day is not None
        self.day.carry_out(Action(kind, self.day.now + pause))

    @rule(verb=st.sampled_from(sorted(VERBS)), seed=_SEEDS, pause=_PAUSES)
    def happens(self, verb: str, seed: int, pause: float) -> None:
        """Let something happen."""
        day = self.day
        assert day is not None
        day.random = Random(seed)  # noqa: S311 - as above
        at = day.now + pause
        day.carry_out(Action("handle", at, VERBS[verb](day, at)))

    @rule(pause=_PAUSES)
    def decides(self, pause: float) -> None:
        """Ask for a decision."""
        self._do("dispatch", pause)

    @rule(pause=_PAUSES)
    def decides_and_looks(self, pause: float) -> None:
        """Ask for a decision, and whether `route` would still find something."""
        self._do("look", pause)

    @rule()
    def restarts(self) -> None:
        """Go on from a snapshot."""
        self._do("restart", 0.0)

    def teardown(self) -> None:
        """Replay the journal at the end."""
        if self.day is not None:
            self.day.end()
