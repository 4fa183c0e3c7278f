"""Where conversations wait: a queue, who serves it first and who helps out later.

>>> Queue("billing", primary=("ana",), secondary=("bo",), secondary_after=120)
Queue(id='billing', primary=('ana',), secondary=('bo',), secondary_after=120.0, requires=AllOf(parts=(), relax=()), priority=0.0)
"""

from __future__ import annotations

from attrs import field, frozen

from routematch.errors import Faults, InvalidInputError
from routematch.model.checks import as_names, check_name, check_names, check_number
from routematch.model.instants import as_duration
from routematch.model.requirements import (
    ANYONE,
    AllOf,
    AnyOf,
    Attribute,
    Condition,
    NoneOf,
    Requirement,
    condition_or_error,
)

__all__ = ["Queue"]


@frozen(cache_hash=True)
class Queue:
    """A queue and its members.

    Agents who name the queue in `Agent.queues` serve it, as do agents with ``queues=None``. Where the queue itself
    names members, only these serve it. Primary members may take a conversation at once, secondary members when it
    has waited `secondary_after` seconds.

    Attributes
    ----------
    id : str
    primary, secondary : tuple of str
        Ids of agents; both empty: membership is what the agents say, and all of them are primary.
    secondary_after : float
        Seconds (also a `timedelta`).
    requires : Condition
        What every conversation of the queue asks for in addition to its own requirements.
    priority : float
        Added to the priority of each of its conversations.
    """

    id: str
    primary: tuple[str, ...] = field(default=(), converter=as_names, kw_only=True)  # type: ignore[misc]
    secondary: tuple[str, ...] = field(default=(), converter=as_names, kw_only=True)  # type: ignore[misc]
    secondary_after: float = field(default=0.0, converter=as_duration, kw_only=True)  # type: ignore[misc]
    requires: Condition = field(default=ANYONE, converter=condition_or_error, kw_only=True)  # type: ignore[misc]
    priority: float = field(default=0.0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        check_name(faults, "id", self.id)
        primary = check_names(faults, "primary", self.primary)
        secondary = check_names(faults, "secondary", self.secondary)
        for member in sorted({m for m in primary if isinstance(m, str)} & {m for m in secondary if isinstance(m, str)}):
            faults.add("is both primary and secondary", place=f"secondary.{member}")
        after = check_number(faults, "secondary_after", self.secondary_after, at_least=0)
        object.__setattr__(self, "secondary_after", after)
        if isinstance(self.requires, InvalidInputError):
            faults.extend(self.requires.faults, below="requires")
        elif not isinstance(self.requires, Requirement | Attribute | AllOf | AnyOf | NoneOf):
            faults.add("must be a condition, or a mapping from skills to levels", place="requires", given=self.requires)
        object.__setattr__(self, "priority", check_number(faults, "priority", self.priority))
        faults.raise_if_any()

    @property
    def names_members(self) -> bool:
        """Whether the queue itself says who serves it."""
        return bool(self.primary or self.secondary)
