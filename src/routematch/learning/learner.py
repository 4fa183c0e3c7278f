"""What a learner is: something that reads history and fills in one part of the estimates."""

from __future__ import annotations

from typing import ClassVar, Protocol

from routematch.learning.experience import Experience
from routematch.model import Estimates

__all__ = ["Learner"]


class Learner(Protocol):
    """One part of what can be learned.

    Attributes
    ----------
    name : str
        The field of `Estimates` that it fills.
    """

    name: ClassVar[str]

    def learn(self, history: Experience, known: Estimates) -> Estimates:
        """Return `known` with this part learned from a history, in addition to the evidence `known` holds.

        Pure; no chance. Where history says nothing about it, `known` is returned as it is.
        """
        ...
