"""A burst is decided from the heads of its lines: as good as with everybody, and with a reason for everybody."""

from __future__ import annotations

import random

import pytest

import routematch as rm
from routematch.router import Router, dispatching


@pytest.mark.parametrize("seed", range(8))
def test_burst_is_decided_as_if_everybody_were_looked_at(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Heads alone give the pairs that all together give, and nobody is left without a reason."""

    def played(limit: int) -> tuple[dict[str, str], dict[str, rm.Held]]:
        monkeypatch.setattr(dispatching, "_BURST", limit)
        rng = random.Random(seed)
        agents = [
            rm.Agent(
                f"a{i}", {s: rng.choice((0.4, 0.7, 0.9)) for s in rng.sample("xyz", 2)}, capacity=rng.randint(1, 3)
            )
            for i in range(5)
        ]
        router = Router(agents)
        for number in range(60):
            asks = rng.choice(({"x": 0.3}, {"y": 0.5}, {"z": 0.8}, {}))
            excludes = ("a1",) if rng.random() < 0.1 else ()
            router.enqueue(
                rm.Conversation(f"c{number}", asks, priority=rng.choice((0, 0, 2)), excludes=excludes),
                float(number % 7),
            )
        plan = router.dispatch(10.0)
        assert set(plan.held) | set(plan.assignments) == {f"c{number}" for number in range(60)}
        assert set(router.held) == set(plan.held)
        return plan.pairs(), dict(plan.held)

    few, all_together = played(10), played(10_000)
    assert few[0] == all_together[0]
    assert {c: held.reason for c, held in few[1].items()} == {c: held.reason for c, held in all_together[1].items()}
