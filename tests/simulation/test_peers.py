"""The same models in Ciw and SimPy: the means of independent replications agree.

Two-sample comparison of means at five standard errors: by chance one comparison in 100,000 fails. Left out where a
peer is not installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from routematch.simulation.replication import replicate
from routematch.state.ledger import ABANDONED

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from simulator_models import CIW, MODELS, SIMPY, scenario_of

OURS, THEIRS = 12, 8
FAR = 5.0


def numbers_of_ours(name: str) -> np.ndarray:
    """Return mean wait of those served and share that gives up, by replication."""
    model = MODELS[name]
    found = []
    for number in range(OURS):
        ledger = replicate(scenario_of(model, 4000), model.policy(), 11, number, intervals=False)
        served = ~np.isnan(ledger.answered_at)
        found.append((ledger.waited[served].mean(), (ledger.ending == ABANDONED).mean()))
    return np.array(found)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("peer", ["ciw", "simpy"])
def test_a_peer_finds_the_same(peer, name):
    """Waits and abandonment are those that Ciw and SimPy find."""
    pytest.importorskip(peer)
    run = {"ciw": CIW, "simpy": SIMPY}[peer]
    theirs = []
    for seed in range(THEIRS):
        waits, left, count = run(MODELS[name], 1200, 900 + seed)
        theirs.append((np.mean(waits), left / count))
    ours, others = numbers_of_ours(name), np.array(theirs)

    error = np.sqrt(ours.var(axis=0, ddof=1) / OURS + others.var(axis=0, ddof=1) / THEIRS)
    assert (np.abs(ours.mean(axis=0) - others.mean(axis=0)) <= FAR * error + 1e-12).all(), (
        ours.mean(0),
        others.mean(0),
        error,
    )
