"""Where conversations wait: a queue, who serves it first and who helps out later.

>>> billing = Queue("billing", primary=("ana",), secondary=("bo",), secondary_after=120)
>>> billing.secondary_after, billing.names_members
(120.0, True)
"""

from __future__ import annotations

from attrs import field, frozen

from routematch.errors import Faults
from routematch.model.calendars import Hours
from routematch.model.checks import as_names, check_count, check_name, check_names, check_number, in_place, is_a
from routematch.model.instants import Duration, as_duration
from routematch.model.requirements import ANYONE, Condition, check_condition, condition_or_error

__all__ = ["Queue"]


def _as_wait(value: Duration) -> float:
    return as_duration(value)  # type: ignore[return-value]  # None is refused by the check


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
    length_limit : int or None
        Most conversations that wait here at a time; None: any number. A router heeds it, and the fields below.
    wait_limit : float or None
        Seconds (also a `timedelta`) a conversation waits here at most before it overflows.
    overflow : str or None
        The queue that takes what is too much, or comes when this one is closed; None: such conversations are refused.
    hours : Hours or None
        When it is open; None: always. What came before closing time is still served.
    """

    id: str
    primary: tuple[str, ...] = field(default=(), converter=as_names, kw_only=True)
    secondary: tuple[str, ...] = field(default=(), converter=as_names, kw_only=True)
    secondary_after: float = field(default=0.0, converter=_as_wait, kw_only=True)
    requires: Condition = field(default=ANYONE, converter=condition_or_error, kw_only=True)
    priority: float = field(default=0.0, kw_only=True)
    length_limit: int | None = field(default=None, kw_only=True)
    wait_limit: float | None = field(default=None, converter=as_duration, kw_only=True)
    overflow: str | None = field(default=None, kw_only=True)
    hours: Hours | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        check_name(faults, "id", self.id)
        primary = check_names(faults, "primary", self.primary)
        secondary = check_names(faults, "secondary", self.secondary)
        for member in sorted(set(primary) & set(secondary)):
            faults.add("is both primary and secondary", place=in_place("secondary", member))
        after = check_number(faults, "secondary_after", self.secondary_after, at_least=0)
        object.__setattr__(self, "secondary_after", after)
        check_condition(faults, "requires", self.requires)
        object.__setattr__(self, "priority", check_number(faults, "priority", self.priority))
        if self.length_limit is not None:
            object.__setattr__(self, "length_limit", check_count(faults, "length_limit", self.length_limit))
        if self.wait_limit is not None:
            limit = check_number(faults, "wait_limit", self.wait_limit, at_least=0)
            object.__setattr__(self, "wait_limit", limit)
        if self.overflow is not None:
            check_name(faults, "overflow", self.overflow)
        if self.hours is not None and not is_a(self.hours, Hours):
            faults.add("must be Hours(...)", place="hours", given=self.hours)
        faults.raise_if_any()

    @property
    def names_members(self) -> bool:
        """Whether the queue itself says who serves it."""
        return bool(self.primary or self.secondary)
