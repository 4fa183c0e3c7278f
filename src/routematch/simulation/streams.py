"""Chance that belongs to the conversation: streams by purpose, so that every policy faces the same day.

Whoever decides otherwise changes neither arrivals nor handle times, patience or outcomes: these come from streams of
their own, keyed by seed, replication, purpose and conversation type, and within a stream by the number of the
conversation. What happens later in its life (a transfer, a repeat contact) is drawn by hashing its key and number, so
that nothing depends on the order of events.
"""

from __future__ import annotations

from zlib import crc32

import numpy as np
from attrs import frozen
from numpy.random import Generator

__all__ = ["Streams", "luck"]

_MASK = (1 << 64) - 1


@frozen
class Streams:
    """The chance of one replication.

    Attributes
    ----------
    seed, replication : int
    """

    seed: int
    replication: int

    def generator(self, purpose: str, name: str) -> Generator:
        """Return the stream of one purpose and conversation type (or agent group), from its start."""
        key = (self.replication, crc32(purpose.encode()), crc32(name.encode()))
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    def key(self, purpose: str, name: str) -> int:
        """Return the key of `luck` for one purpose and conversation type."""
        mixed = _mix(self.seed & _MASK) ^ _mix(self.replication + 1)
        return _mix(mixed ^ (crc32(purpose.encode()) << 32 | crc32(name.encode())))


def luck(key: int, number: int, leg: int = 0) -> float:
    """Return a number in [0, 1) that depends on its arguments alone.

    Parameters
    ----------
    key : int
        From `Streams.key`.
    number : int
        Of the conversation.
    leg : int
        How often it has been passed on.

    Returns
    -------
    float
    """
    return (_mix(_mix(key + number) + leg) >> 11) * 2.0**-53


def _mix(state: int) -> int:
    """Return a well mixed 64 bit number; source: Steele, Lea, Flood (2014), Fast splittable pseudorandom numbers."""
    state = (state + 0x9E3779B97F4A7C15) & _MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)
