"""Who waits, by request, in order of arrival; those who have left are passed over when they are met."""

from __future__ import annotations

from collections import deque

__all__ = ["Queues"]


class Queues:
    """One queue of conversation numbers for each request.

    Attributes
    ----------
    arrived, deadline : list of float
        By conversation number; the caller's.
    queues : list of deque of int
    """

    __slots__ = ("arrived", "deadline", "queues")

    def __init__(self, arrived: list[float], deadline: list[float]) -> None:
        self.arrived, self.deadline = arrived, deadline
        self.queues: list[deque[int]] = []

    def put(self, request: int, conversation: int) -> None:
        """Put a conversation in its place by arrival, usually the end."""
        queue, arrived = self.queues[request], self.arrived
        at = (arrived[conversation], conversation)
        place = len(queue)
        while place and (arrived[queue[place - 1]], queue[place - 1]) > at:
            place -= 1
        queue.insert(place, conversation)

    def take_out(self, request: int, conversation: int) -> None:
        """Take a conversation out of its queue, where it is there."""
        try:
            self.queues[request].remove(conversation)
        except ValueError:
            return

    def head(self, request: int, now: float) -> int:
        """Return the longest waiting conversation of a request, -1 where nobody waits."""
        return self.front(self.queues[request], now)

    def front(self, queue: deque[int], now: float) -> int:
        """Return the longest waiting conversation of a queue, -1 where nobody waits."""
        deadline = self.deadline
        while queue:
            if deadline[queue[0]] >= now:
                return queue[0]
            queue.popleft()
        return -1
