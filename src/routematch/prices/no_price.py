"""Agents' time costs nothing: best match for the moment, which is what is done where rates are unknown."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from attrs import frozen

from routematch.prices.price import Quote
from routematch.state import Problem, RequestClass

__all__ = ["NoPrice"]


@frozen
class NoPrice:
    """Charges nothing and holds nobody."""

    name: ClassVar[str] = "none"

    def quote(self, problem: Problem) -> Quote:
        """Return zeros."""
        classes = len(problem.backlog.classes)
        return Quote(np.zeros((classes, len(problem.roster))), np.zeros(classes), np.zeros(classes))

    def time_worth(self, problem: Problem, request: RequestClass, agent: str) -> None:
        """Return None: nothing is known."""

    def to_data(self) -> dict[str, Any]:
        """Return the name alone."""
        return {"name": self.name}
