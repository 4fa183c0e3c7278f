"""Several conversations of one agent at once, each the slower the more of them run."""

from __future__ import annotations

from math import inf

__all__ = ["Pace"]

#: A conversation and its leg.
Key = tuple[int, int]


class Pace:
    """The work in hand of one agent whose pace depends on how many conversations run.

    Parameters
    ----------
    slow_down : tuple of float
        Pace of each conversation when 1, 2, ... run; the last entry holds beyond.
    speed : float

    Attributes
    ----------
    version : int
        Rises with every change: what was foreseen before is void.
    """

    def __init__(self, slow_down: tuple[float, ...], speed: float) -> None:
        self._slow_down, self._speed = slow_down, speed
        self._left: dict[Key, list[float]] = {}
        self._begun: dict[Key, float] = {}
        self._at = 0.0
        self.version = 0

    def begin(self, key: Key, talk: float, wrap_up: float, now: float) -> None:
        """Take on a conversation with so much work."""
        self._advance(now)
        self.version += 1
        self._left[key], self._begun[key] = [talk, wrap_up], now

    def end_talk(self, key: Key, now: float) -> bool:
        """Note that a talk is over; return whether wrap-up follows."""
        self._advance(now)
        self.version += 1
        self._left[key][0] = 0.0
        return self._left[key][1] > 0

    def end(self, key: Key, now: float) -> tuple[float, float]:
        """Take a conversation off; return how long it was there, and how much talk was left, at speed 1."""
        self._advance(now)
        self.version += 1
        return now - self._begun.pop(key), self._left.pop(key)[0]

    def next(self) -> tuple[float, Key | None, bool]:
        """Return when the next talk or wrap-up ends, of which conversation, and whether it is a talk."""
        pace = self._pace()
        found = [(self._at + (talk or wrap_up) / pace, key, talk > 0) for key, (talk, wrap_up) in self._left.items()]
        return min(found) if found else (inf, None, False)

    def _pace(self) -> float:
        running = len(self._left)
        return self._speed * self._slow_down[min(max(running, 1), len(self._slow_down)) - 1]

    def _advance(self, now: float) -> None:
        done = (now - self._at) * self._pace()
        for left in self._left.values():
            phase = 0 if left[0] > 0 else 1
            left[phase] = max(left[phase] - done, 1e-12 if phase == 0 else 0.0)
        self._at = now
