"""Agents with similar columns stand in one pool."""

from __future__ import annotations

import numpy as np

from routematch.prices import Kind, Workload
from routematch.prices.pools import pools_of

NAN = np.nan


def test_equals_stay_together_whatever_the_size() -> None:
    """Agents exactly alike are one pool, also where pools of one are allowed."""
    same = np.full((2, 20), 0.5)
    assert [len(pool) for pool in pools_of(same, np.full((2, 20), 60.0), size=1)] == [20]


def test_pools_keep_their_size_where_possible() -> None:
    """A team whose members differ is halved while both halves are large enough."""
    value = np.random.default_rng(1).uniform(0.4, 1.0, (1, 40))
    for size in (1, 4, 8, 16):
        pools = pools_of(value, np.full((1, 40), 60.0), size=size)
        assert sum(map(len, pools)) == 40
        assert min(map(len, pools)) >= size
        assert max(map(len, pools)) < 4 * size


def test_who_can_do_other_things_stands_elsewhere() -> None:
    """Teams that share no type are never joined, however small."""
    value = np.array([[0.9, 0.9, NAN], [NAN, NAN, 0.8]])
    assert [pool.tolist() for pool in pools_of(value, np.where(np.isnan(value), NAN, 60.0))] == [[0, 1], [2]]


def test_few_join_the_most_similar() -> None:
    """One who can do one thing more stands with those who share the rest."""
    value = np.array([[0.9] * 9 + [NAN] * 9, [0.9] * 9 + [NAN] * 9, [NAN] * 8 + [0.7] * 10])
    pools = pools_of(value, np.where(np.isnan(value), NAN, 60.0))
    assert [pool.tolist() for pool in pools] == [list(range(9)), list(range(9, 18))]


def test_who_may_take_nothing_has_no_pool() -> None:
    """And types that look the same count as one."""
    kinds = [Kind("one", "chat", ("a",)), Kind("two", "chat", ("a",))]
    value = np.array([[0.9, NAN], [0.9, NAN]])
    work = Workload.of(kinds, ["ana", "bo"], arrival_rates=[0.1, 0.2], value=value, handle_time=np.full((2, 2), 60.0))
    assert [pool.agents for pool in work.pools] == [("ana",)]
    assert work.arrival_rates.tolist() == [0.30000000000000004]
