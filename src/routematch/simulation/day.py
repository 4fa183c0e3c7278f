"""All that can be drawn before the first decision: who comes when, how long it takes, how patient, with what luck."""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.simulation.conversation_types import ConversationType
from routematch.simulation.hours import intervals_of
from routematch.simulation.scenario import Scenario
from routematch.simulation.streams import Streams

__all__ = ["Day"]

Floats = NDArray[np.float64]


@frozen(eq=False)
class Day:
    """The conversations of one replication in order of arrival, N in all.

    Attributes
    ----------
    kind : ndarray of int32, shape (N,)
        Number of the conversation type.
    number : ndarray of int64, shape (N,)
        Place among those of the type: what chance is keyed by.
    arrived : ndarray of float64, shape (N,)
        Seconds from the start of the run.
    deadline : ndarray of float64, shape (N,)
        Until when it waits; infinity for ever.
    talk : ndarray of float64, shape (L, N)
        Handle time at speed 1 by the type's laws; row 0 is the usual one.
    wrap_up : ndarray of float64, shape (N,)
        At speed 1.
    outcome : ndarray of float64, shape (N,)
        In [0, 1): resolved where below the agent's probability.
    refused : ndarray of bool, shape (N,)
        Came outside the opening hours.
    """

    kind: NDArray[np.int32]
    number: NDArray[np.int64]
    arrived: Floats
    deadline: Floats
    talk: Floats
    wrap_up: Floats
    outcome: Floats
    refused: NDArray[np.bool_]

    @classmethod
    def of(cls, scenario: Scenario, streams: Streams) -> Day:
        """Draw the day of one replication."""
        types = scenario.conversation_types
        drawn = [_draw(kind, scenario.horizon, streams) for kind in types]
        if len(drawn) == 1:
            return cls._of_one(scenario, *drawn[0])
        laws = max((len(columns[2]) for columns in drawn), default=1)
        arrived = np.concatenate([columns[0] for columns in drawn]) if drawn else np.zeros(0)
        order = np.argsort(arrived, kind="stable")
        sizes = [len(columns[0]) for columns in drawn]
        talk = np.zeros((laws, len(arrived)))
        for start, columns in zip(np.cumsum([0, *sizes]).tolist(), drawn, strict=False):
            talk[: len(columns[2]), start : start + len(columns[0])] = columns[2]
        arrived = arrived[order]
        return cls(
            kind=np.repeat(np.arange(len(types), dtype=np.int32), sizes)[order],
            number=np.concatenate([np.arange(size) for size in sizes] or [np.zeros(0, np.int64)])[order],
            arrived=arrived,
            deadline=_gathered(drawn, 1, order),
            talk=talk[:, order],
            wrap_up=_gathered(drawn, 3, order),
            outcome=_gathered(drawn, 4, order),
            refused=_closed(scenario, arrived),
        )

    @classmethod
    def _of_one(
        cls, scenario: Scenario, arrived: Floats, deadline: Floats, talk: Floats, wrap_up: Floats, outcome: Floats
    ) -> Day:
        """Return the day of a single type: its columns are in order already."""
        kind, number = np.zeros(len(arrived), np.int32), np.arange(len(arrived))
        return cls(kind, number, arrived, deadline, talk, wrap_up, outcome, _closed(scenario, arrived))


def _gathered(
    drawn: list[tuple[Floats, Floats, Floats, Floats, Floats]], column: int, order: NDArray[np.intp]
) -> Floats:
    gathered: Floats = np.concatenate([columns[column] for columns in drawn])[order] if drawn else np.zeros(0)
    return gathered


def _draw(kind: ConversationType, horizon: float, streams: Streams) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return arrivals, deadlines, handle times by law, wrap-ups and outcomes of one type."""
    if kind.arrivals is None:
        nothing = np.zeros(0)
        return nothing, nothing, np.zeros((1, 0)), nothing, nothing
    arrived = kind.arrivals.instants(streams.generator("arrivals", kind.name), horizon)
    size = len(arrived)
    handling = streams.generator("handle_time", kind.name)
    if kind.handle_time_by_group:
        lot = handling.random(size)
        talk = np.array([law.quantile(lot) for law in (kind.handle_time, *kind.handle_time_by_group.values())])
    else:
        talk = kind.handle_time.sample(handling, size)[None, :]
    wrap_up = np.zeros(size)
    if kind.wrap_up is not None:
        wrap_up = kind.wrap_up.sample(streams.generator("wrap_up", kind.name), size)
    outcome = streams.generator("outcome", kind.name).random(size)
    return arrived, arrived + _patience(kind, size, streams), talk, wrap_up, outcome


def _patience(kind: ConversationType, size: int, streams: Streams) -> Floats:
    """Return how long each conversation waits at most, shape (N,)."""
    patience = np.full(size, np.inf)
    if kind.patience is not None:
        patience = kind.patience.sample(streams.generator("patience", kind.name), size)
    if kind.callback is not None:
        accepts = streams.generator("callback", kind.name).random(size) < kind.callback.probability
        patience[accepts & (patience > kind.callback.after)] = np.inf
    if kind.proactive and kind.due_time is not None:
        patience = np.minimum(patience, kind.due_time)
    return patience


def _closed(scenario: Scenario, arrived: Floats) -> NDArray[np.bool_]:
    if not scenario.opening_hours:
        return np.zeros(len(arrived), bool)
    closed = np.ones(len(arrived), bool)
    for start, end in intervals_of(scenario.opening_hours, scenario.start_at, scenario.horizon, scenario.zone):
        closed[np.searchsorted(arrived, start) : np.searchsorted(arrived, end)] = False
    return closed
