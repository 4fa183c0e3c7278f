"""Checks of the rates and counts that every formula takes."""

from __future__ import annotations

from attrs import frozen

from routematch.distributions.checks import check_number, check_whole
from routematch.errors import Faults, InvalidInputError

__all__ = ["Rates", "check_agents", "check_rates", "check_share", "check_threshold", "refuse_unstable"]

_MOST_AGENTS = 10**6


@frozen
class Rates:
    """Checked rates of one queue."""

    arrival_rate: float
    service_rate: float
    agents: int

    @property
    def offered_load(self) -> float:
        """Mean number of busy agents if there were enough."""
        return self.arrival_rate / self.service_rate

    @property
    def load(self) -> float:
        """Offered load per agent."""
        return self.offered_load / self.agents


def check_rates(faults: Faults, arrival_rate: float, service_rate: float, agents: int, *, fewest: int = 1) -> Rates:
    """Return the three numbers every queue has; faults where they make no sense."""
    return Rates(
        check_number(faults, "arrival_rate", arrival_rate, above=0),
        check_number(faults, "service_rate", service_rate, above=0),
        check_agents(faults, agents, fewest=fewest),
    )


def check_agents(faults: Faults, agents: int, *, place: str = "agents", fewest: int = 1) -> int:
    """Return a number of agents; a fault where it is none."""
    return check_whole(faults, place, agents, at_least=fewest, at_most=_MOST_AGENTS)


def check_threshold(threshold: float) -> float:
    """Return a time of at least 0, or refuse it."""
    faults = Faults()
    checked = check_number(faults, "threshold", threshold, at_least=0)
    faults.raise_if_any()
    return checked


def check_share(probability: float) -> float:
    """Return a probability of at least 0 and below 1, or refuse it."""
    faults = Faults()
    checked = check_number(faults, "probability", probability, at_least=0, at_most=1)
    if checked == 1:
        faults.add("must be below 1", place="probability", given=probability)
    faults.raise_if_any()
    return checked


def refuse_unstable(load: float, remedy: str) -> None:
    """Refuse a queue that grows without end.

    Raises
    ------
    InvalidInputError
        When the load per agent is 1 or more.
    """
    if load >= 1:
        raise InvalidInputError(
            f"must have a load per agent below 1, got {load:.6g}: the queue grows for ever; {remedy}"
        )
