"""Many processes give the same numbers as one, also when a worker is killed."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path

import numpy as np
import pytest

from routematch.experiments import baseline_policies, compare
from routematch.experiments.baselines import IndexRule, Rates, c_mu
from routematch.simulation import Scenario, simulate

SMALL = Scenario.from_rates(
    arrival=[0.03, 0.009],
    service=0.01,
    patience=0.01,
    agents=[3, 1],
    value=[[1, 1], [0, 3]],
    eligible=[[1, 1], [0, 1]],
    horizon=5_000.0,
)


def test_all_quick_baselines_run_alike_in_another_process() -> None:
    """Rules travel to other processes, those that keep counts too, and give the same numbers."""
    policies = baseline_policies(SMALL)
    here = compare(SMALL, policies, seed=1, replications=2, metrics=[])
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = compare(SMALL, policies, seed=1, replications=2, metrics=[], executor=pool)
    for name in policies:
        assert np.array_equal(here.values[name]["net_value"], there.values[name]["net_value"]), name


class KillsItsWorkerOnce:
    """A rule that ends the process it runs in, unless a file says that it has done so."""

    def __init__(self, rule: IndexRule, mark: Path) -> None:
        self.rule, self.mark, self.home = rule, mark, os.getpid()

    def on_arrival(self, view: object, conversation_id: str) -> str | None:
        """End the worker the first time, then decide as the rule."""
        if os.getpid() != self.home and not self.mark.exists():
            self.mark.write_text("killed")
            os.kill(os.getpid(), signal.SIGKILL)
        return self.rule.on_arrival(view, conversation_id)  # type: ignore[arg-type]  # a view of the lane

    def on_free(self, view: object, agent_id: str) -> str | None:
        """Decide as the rule."""
        return self.rule.on_free(view, agent_id)  # type: ignore[arg-type]  # a view of the lane


@pytest.mark.skipif("fork" not in get_all_start_methods(), reason="the rule of this test cannot be found by other ways")
def test_a_killed_worker_changes_no_number(tmp_path: Path) -> None:
    """What the broken pool left undone runs in a new one."""
    rule = c_mu(Rates.of(SMALL))
    deadly = KillsItsWorkerOnce(rule, tmp_path / "mark")
    pools = partial(ProcessPoolExecutor, 1, mp_context=get_context("fork"))
    survived = simulate(SMALL, deadly, seed=1, replications=2, executor=pools)
    assert (tmp_path / "mark").exists()
    plain = simulate(SMALL, rule, seed=1, replications=2)
    for one, other in zip(survived.ledgers, plain.ledgers, strict=True):
        assert np.array_equal(one.answered_at, other.answered_at, equal_nan=True)
