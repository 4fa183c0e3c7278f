"""Instants at which something is to be done, soonest first; those that no longer hold are skipped when they come up."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

from routematch.router.seats import FOREVER

__all__ = ["Timers"]

Key = tuple[str, str]

#: Entries beyond twice those that held at the last sweep, before the next one.
_SLACK = 1_000


class Timers:
    """A heap of (instant, key) without removal: whoever asks says which entries still hold."""

    def __init__(self, holds: Callable[[float, Key], bool]) -> None:
        self._heap: list[tuple[float, Key]] = []
        self._known: set[tuple[float, Key]] = set()
        self._holds = holds
        self._sweep_at = _SLACK

    def __len__(self) -> int:
        """Return the number of entries, those that no longer hold included."""
        return len(self._heap)

    def add(self, at: float | None, kind: str, identifier: str) -> None:
        """Note that something is to be done at an instant; None and `FOREVER`: never."""
        entry = (at, (kind, identifier))
        if at is not None and at < FOREVER and entry not in self._known:
            self._known.add(entry)  # type: ignore[arg-type]  # at is a number
            heapq.heappush(self._heap, entry)  # type: ignore[misc]  # as above
            if len(self._heap) > self._sweep_at:
                self.sweep()

    def next(self) -> tuple[float, Key] | None:
        """Return the soonest entry that holds."""
        while self._heap and not self._holds(*self._heap[0]):
            self._pop()
        return self._heap[0] if self._heap else None

    def due(self, now: float) -> Iterator[tuple[float, Key]]:
        """Take out what is due by now, soonest first."""
        while (entry := self.next()) is not None and entry[0] <= now:
            self._pop()
            yield entry

    def _pop(self) -> None:
        self._known.discard(heapq.heappop(self._heap))

    def sweep(self) -> None:
        """Forget what no longer holds, so that the heap stays as large as the state."""
        self._heap = [entry for entry in self._heap if self._holds(*entry)]
        self._known = set(self._heap)
        heapq.heapify(self._heap)
        self._sweep_at = 2 * len(self._heap) + _SLACK
