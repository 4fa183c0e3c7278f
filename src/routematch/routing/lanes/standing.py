"""Who has room, in order: the longest idle first, equals by number."""

from __future__ import annotations

__all__ = ["Standing"]

_UNKNOWN = float("-inf")


class Standing:
    """Agents with room as a dictionary in the order in which they became idle.

    Attributes
    ----------
    order : dict from agent to None
        Longest idle first; those idle since the same instant by number.
    room : list of int
        Conversations each could still take; 0 while away.
    running : list of int
        Conversations each has.
    since : list of float
        When each last finished something or came in.
    last : float
        When somebody was last put at the end.
    """

    __slots__ = ("last", "order", "room", "running", "since", "slots")

    def __init__(self, slots: list[int]) -> None:
        self.slots = slots
        self.order: dict[int, None] = {}
        self.room = [0] * len(slots)
        self.running = [0] * len(slots)
        self.since = [_UNKNOWN] * len(slots)
        self.last = _UNKNOWN

    def put_last(self, agent: int, now: float) -> list[int]:
        """Put an agent at the end of the order, idle since now; return all who were moved there, in their order."""
        order, since = self.order, self.since
        order.pop(agent, None)
        order[agent] = None
        since[agent] = now
        moved = [agent]
        if now == self.last:
            moved += self._sort_equals(agent, now)
        self.last = now
        return moved

    def _sort_equals(self, agent: int, now: float) -> list[int]:
        """Bring those idle since the same instant into the order of their numbers."""
        later = []
        for other in reversed(self.order):
            if self.since[other] != now:
                break
            if other > agent:
                later.append(other)
        later.sort()
        for other in later:
            del self.order[other]
            self.order[other] = None
        return later
