"""Waiting conversations as columns: one array per fact, equal requests found automatically.

>>> from routematch.model import Conversation
>>> backlog = Backlog.of([Conversation("b", "billing"), Conversation("a", "billing", arrived_at=50.0)], now=60.0)
>>> backlog.ids, len(backlog.classes), backlog.waited
(('a', 'b'), 1, array([10.,  0.]))
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.model import AllOf, Condition, Conversation, Preference, Queue
from routematch.model.instants import first_instant_after
from routematch.model.requirements import ANYONE
from routematch.state.columns import column
from routematch.state.entries import read_entries

__all__ = ["MAX_CONVERSATIONS", "NO_REQUEST", "Backlog", "RequestClass", "check_conversations"]

#: Most conversations in one call.
MAX_CONVERSATIONS = 1_000_000


@frozen(cache_hash=True)
class RequestClass:
    """What rules and terms look at in a conversation; many conversations may share one.

    Attributes
    ----------
    requires : Condition
        At its current stage, the queue's own requirements included.
    channel : str
    queue : str or None
    secondary : bool
        Whether secondary members of the queue may take it by now.
    labels : tuple of str
    prefers : tuple of Preference
    attributes : mapping
        Only where a rule or term of the policy looks at attributes, else empty.
    customer : str or None
        Only where a rule or term looks at it.
    """

    requires: Condition
    channel: str
    queue: str | None
    secondary: bool
    labels: tuple[str, ...]
    prefers: tuple[Preference, ...]
    attributes: Mapping[str, object] | None = None
    customer: str | None = None


#: Stands in where a rule or term does not look at a request.
NO_REQUEST = RequestClass(ANYONE, "", None, True, (), ())


@frozen(eq=False)
class Backlog:
    """All waiting conversations of one decision as columns, ordered by arrival, then id.

    Make one with `Backlog.of`. Arrays are read-only.

    Attributes
    ----------
    conversations : tuple of Conversation
        In order of arrival and id, as are all columns.
    ids : tuple of str
    index : dict from id to position
    classes : tuple of RequestClass
    class_of : ndarray of intp, shape (C,)
    arrived_at, waited : ndarray of float64, shape (C,)
        Arrival (never after now) in POSIX seconds, and seconds since.
    value, priority : ndarray of float64, shape (C,)
        The queue's priority is part of `priority`.
    due_at : ndarray of float64, shape (C,)
        Infinity where nothing is due.
    stage : ndarray of intp, shape (C,)
        Relaxation steps that have passed.
    next_step_at : ndarray of float64, shape (C,)
        When the next one comes, infinity where none does; opening of secondary membership counts as a step.
    clamped : tuple of str
        Conversations whose arrival lay after now.
    """

    conversations: tuple[Conversation, ...]
    ids: tuple[str, ...]
    index: dict[str, int]
    classes: tuple[RequestClass, ...]
    class_of: NDArray[np.intp]
    arrived_at: NDArray[np.float64]
    waited: NDArray[np.float64]
    value: NDArray[np.float64]
    priority: NDArray[np.float64]
    due_at: NDArray[np.float64]
    stage: NDArray[np.intp]
    next_step_at: NDArray[np.float64]
    clamped: tuple[str, ...] = ()
    _queues: Mapping[str, Queue] = field(factory=dict, repr=False)
    _looks_at: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def of(
        cls,
        conversations: Iterable[Conversation],
        *,
        now: float,
        queues: Mapping[str, Queue] | None = None,
        looks_at: frozenset[str] = frozenset(),
    ) -> Backlog:
        """Encode conversations as they stand at `now`.

        Parameters
        ----------
        conversations : iterable of Conversation
            In any order; empty is fine.
        now : float
            POSIX seconds.
        queues : mapping from id to Queue, optional
        looks_at : frozenset of str
            Further fields (``"attributes"``, ``"customer"``) that rules and terms read; they become part of the
            request class.

        Returns
        -------
        Backlog
        """
        queues = queues or {}
        given = list(conversations)
        arrivals = [now if c.arrived_at is None or c.arrived_at > now else c.arrived_at for c in given]
        order = sorted(range(len(given)), key=lambda position: (arrivals[position], given[position].id))
        encoder = _Encoder(queues, looks_at)
        rows = [encoder.row(given[position], now - arrivals[position], arrivals[position]) for position in order]
        class_of, stage, next_step_at, value, priority, due_at = zip(*rows, strict=True) if rows else ((),) * 6
        ordered = tuple(given[position] for position in order)
        ids = tuple(conversation.id for conversation in ordered)
        arrived_at = column([arrivals[position] for position in order], np.float64)
        return cls(
            conversations=ordered,
            ids=ids,
            index={identifier: position for position, identifier in enumerate(ids)},
            classes=tuple(RequestClass(*key) for key in encoder.classes),  # type: ignore[arg-type]
            class_of=column(class_of, np.intp),
            arrived_at=arrived_at,
            waited=column((now - arrived_at).tolist(), np.float64),
            value=column(value, np.float64),
            priority=column(priority, np.float64),
            due_at=column(due_at, np.float64),
            stage=column(stage, np.intp),
            next_step_at=column(next_step_at, np.float64),
            clamped=tuple(c.id for c in ordered if c.arrived_at is not None and c.arrived_at > now),
            queues=queues,
            looks_at=looks_at,
        )

    def __len__(self) -> int:
        """Return the number of conversations, C."""
        return len(self.ids)

    def take(self, positions: Iterable[int], *, now: float) -> Backlog:
        """Return the backlog of only these conversations, as they stand at `now`."""
        chosen = [self.conversations[position] for position in positions]
        return Backlog.of(chosen, now=now, queues=self._queues, looks_at=self._looks_at)

    def requirement_at(self, row: int, waited: float) -> Condition | None:
        """Return what a conversation asks for after `waited` seconds, the queue's requirements included."""
        conversation = self.conversations[row]
        queue = self._queues.get(conversation.queue) if conversation.queue is not None else None
        return _staged(conversation.requires, queue, waited)

    def steps_of(self, row: int) -> tuple[float, ...]:
        """Return the waiting times at which something about a conversation's requirements changes, rising."""
        conversation = self.conversations[row]
        queue = self._queues.get(conversation.queue) if conversation.queue is not None else None
        return _steps(conversation.requires, queue)


class _Encoder:
    """Numbers request classes while rows are made."""

    def __init__(self, queues: Mapping[str, Queue], looks_at: frozenset[str]) -> None:
        self.classes: dict[tuple[object, ...], int] = {}
        self._queues = queues
        self._attributes = "attributes" in looks_at
        self._customer = "customer" in looks_at
        self._staged: dict[tuple[Condition, str | None, int], Condition] = {}

    def row(self, conversation: Conversation, waited: float, arrived_at: float) -> tuple[float, ...]:
        queue = self._queues.get(conversation.queue) if conversation.queue is not None else None
        requires, stage, next_step_at, secondary = conversation.requires, 0, math.inf, True
        if queue is not None or requires.steps:
            steps = _steps(requires, queue)
            stage = bisect_right(steps, waited)
            if stage < len(steps):
                next_step_at = first_instant_after(arrived_at, steps[stage])
            key = (requires, conversation.queue, stage)
            staged = self._staged.get(key)
            if staged is None:
                staged = self._staged[key] = _staged(requires, queue, waited)
            requires = staged
            secondary = queue is None or waited >= queue.secondary_after
        class_key = (
            requires,
            conversation.channel,
            conversation.queue,
            secondary,
            conversation.labels,
            conversation.prefers,
            conversation.attributes if self._attributes else None,
            conversation.customer if self._customer else None,
        )
        due_at = conversation.due_at
        return (
            self.classes.setdefault(class_key, len(self.classes)),
            stage,
            next_step_at,
            conversation.value,
            conversation.priority + (queue.priority if queue is not None else 0.0),
            math.inf if due_at is None else due_at,
        )


def _steps(requires: Condition, queue: Queue | None) -> tuple[float, ...]:
    if queue is None:
        return requires.steps
    times = {*requires.steps, *queue.requires.steps}
    if queue.secondary:
        times.add(queue.secondary_after)
    return tuple(sorted(time for time in times if time > 0 or time in requires.steps))


def _staged(requires: Condition, queue: Queue | None, waited: float) -> Condition:
    own = requires.at(waited) or ANYONE
    if queue is None or queue.requires == ANYONE:
        return own
    added = queue.requires.at(waited)
    return own if added is None else AllOf((own, added))


def check_conversations(conversations: Iterable[Conversation], queues: Mapping[str, Queue]) -> list[Conversation]:
    """Check what a caller handed over as conversations; all faults at once.

    Raises
    ------
    InvalidInputError
        When an entry is no `Conversation`, an id is given twice (`DuplicateIdError`), or a queue is named that is not
        among the declared ones (`UnknownNameError`).
    LimitExceededError
        When there are more than `MAX_CONVERSATIONS`.
    """
    given = read_entries(conversations, place="conversations", noun="Conversation(...)", most=MAX_CONVERSATIONS)
    faults = Faults()
    seen: dict[str, int] = {}
    for position, conversation in enumerate(given):
        place = f"conversations[{position}]"
        if not isinstance(conversation, Conversation):
            faults.add("must be a Conversation(...)", place=place, given=conversation)
            continue
        if conversation.id in seen:
            faults.duplicate(conversation.id, place=f"{place}.id", first=f"conversations[{seen[conversation.id]}].id")
        seen.setdefault(conversation.id, position)
        if queues and conversation.queue is not None and conversation.queue not in queues:
            faults.unknown(conversation.queue, known=queues, place=f"{place}.queue", what="queue")
    faults.raise_if_any()
    return given
