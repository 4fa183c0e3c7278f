"""Who is there when a run starts: a run may begin in the middle of a day, from what a live router knows."""

from __future__ import annotations

from attrs import field, frozen

from routematch.errors import Faults
from routematch.model.checks import check_name, check_number
from routematch.model.instants import Duration, as_duration

__all__ = ["Present"]


def _as_time(value: Duration) -> float:
    return as_duration(value)  # type: ignore[return-value]  # None is refused by the check


@frozen
class Present:
    """A conversation that is there at the start: waiting, or with an agent.

    Attributes
    ----------
    conversation_type : str
        Name of its type.
    waited : float
        Seconds it has waited (also a `timedelta`); in all, where it has an agent.
    agent : str or None
        Id of the agent who has it.
    elapsed : float
        Seconds the agent has had it (also a `timedelta`).
    """

    conversation_type: str
    waited: float = field(default=0.0, converter=_as_time, kw_only=True)
    agent: str | None = field(default=None, kw_only=True)
    elapsed: float = field(default=0.0, converter=_as_time, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        check_name(faults, "conversation_type", self.conversation_type)
        if self.agent is not None:
            check_name(faults, "agent", self.agent)
        for name in ("waited", "elapsed"):
            object.__setattr__(self, name, check_number(faults, name, getattr(self, name), at_least=0))
        if self.agent is None and self.elapsed:
            faults.add("must be 0 without an agent", place="elapsed", given=self.elapsed)
        faults.raise_if_any()
