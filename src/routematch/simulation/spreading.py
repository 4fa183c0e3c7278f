"""The same work many times over, here or in a pool of processes: what a broken pool leaves undone is done by the next.

>>> spread_out(abs, [3, -4])
[3, 4]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

__all__ = ["spread_out"]

#: How often a broken pool is replaced by a new one.
_NEW_POOLS = 3

Task = TypeVar("Task")
Made = TypeVar("Made")


def spread_out(
    one: Callable[[Task], Made],
    tasks: Sequence[Task],
    executor: Executor | Callable[[], Executor] | None = None,
    *,
    done: Callable[[], None] | None = None,
) -> list[Made]:
    """Do every task.

    Parameters
    ----------
    one : callable
        Does one task.
    tasks : sequence
    executor : Executor, or callable that makes one, optional
        None: here, one after the other. What is left when a pool of processes breaks is done in a new one if it can be
        made, at last here. An executor that was passed in is not shut down.
    done : callable, optional
        Called after each task.

    Returns
    -------
    list
        In the order of the tasks.
    """
    tell = done if done is not None else _nothing
    made: dict[int, Made] = {}
    pools = 0 if executor is None else 1 + _NEW_POOLS if callable(executor) else 1
    for _ in range(pools):
        missing = [place for place in range(len(tasks)) if place not in made]
        if not missing:
            break
        pool = executor() if callable(executor) else executor
        assert pool is not None
        futures: dict[int, Future[Made]] = {}
        try:
            _submit(pool, one, tasks, missing, futures)
            for place, future in futures.items():
                try:
                    made[place] = future.result()
                except BrokenProcessPool:
                    continue
                tell()
        finally:
            for future in futures.values():
                future.cancel()
            if callable(executor):
                pool.shutdown()
    for place, task in enumerate(tasks):
        if place not in made:
            made[place] = one(task)
            tell()
    return [made[place] for place in range(len(tasks))]


def _nothing() -> None:
    """Tell nobody."""


def _submit(
    pool: Executor,
    one: Callable[[Task], Made],
    tasks: Sequence[Task],
    missing: Sequence[int],
    futures: dict[int, Future[Made]],
) -> None:
    for place in missing:
        try:
            futures[place] = pool.submit(one, tasks[place])
        except BrokenProcessPool:
            return
