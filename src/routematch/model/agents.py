"""Who can take conversations: people and bots, their skills, what they carry and where they are.

>>> ana = Agent("ana", {"billing": 0.9, "spanish": 0.8})
>>> ana.capacity.units, ana.kind, ana.presence
(1.0, 'human', 'available')
>>> Agent("bo", {"billing": 7}, capacity=-1, weight=0)
Traceback (most recent call last):
routematch.errors.InvalidInputError: 3 faults in the input:
  must be between 0 and 1, got 7 @ skills.billing
  must be a number of units of at least 0, or a Capacity, got -1 @ capacity
  must be above 0, got 0 @ weight
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

from routematch.errors import Faults
from routematch.model.capacity import MAX_UNITS, Capacity, as_capacity
from routematch.model.checks import (
    as_map,
    as_names,
    check_amounts,
    check_attributes,
    check_choice,
    check_count,
    check_instant,
    check_name,
    check_names,
    check_number,
)
from routematch.model.frozen import FrozenMap
from routematch.model.instants import Instant, as_instant

__all__ = ["KINDS", "LABEL_PREFIX", "PRESENCES", "Agent", "Shift"]

KINDS = ("human", "bot")
PRESENCES = ("available", "away", "offline")
#: In `Agent.load`, a key with this prefix counts running conversations towards the cap of a label.
LABEL_PREFIX = "label:"


@frozen(cache_hash=True)
class Shift:
    """A time in which an agent works.

    Attributes
    ----------
    starts_at, ends_at : float
        POSIX seconds (also aware datetimes); the end is not part of the shift and must come after the start.
    """

    starts_at: float = field(converter=as_instant)  # type: ignore[misc]
    ends_at: float = field(converter=as_instant)  # type: ignore[misc]

    def __attrs_post_init__(self) -> None:
        """Check both ends; all faults are raised together."""
        faults = Faults()
        for name in ("starts_at", "ends_at"):
            value = check_instant(faults, name, getattr(self, name))
            if getattr(self, name) is None:
                faults.add("must be given", place=name)
            object.__setattr__(self, name, value)
        if not faults and self.ends_at <= self.starts_at:
            faults.add("must come after starts_at", place="ends_at", given=self.ends_at)
        faults.raise_if_any()


def _as_shifts(value: object) -> object:
    if isinstance(value, Shift):
        return (value,)
    return tuple(value) if isinstance(value, Iterable) and not isinstance(value, str | Mapping) else value


@frozen(cache_hash=True)
class Agent:
    """A person or a bot who can take conversations.

    Attributes
    ----------
    id : str
    skills : mapping from skill to float
        Proficiency in [0, 1], 1 best. A skill that is not listed is not held.
    capacity : Capacity
        Also a plain number of units.
    kind : str
        ``"human"`` or ``"bot"``.
    presence : str or mapping from channel to str
        ``"available"``, ``"away"`` or ``"offline"``; per channel where a mapping is given, offline on channels it
        does not name.
    load : float or mapping from channel to int
        Units in use, or counts of running conversations by channel. A key ``"label:vip"`` counts those with the label
        ``vip`` towards its cap and uses no units.
    idle_since : float or None
        When the agent last finished something, in POSIX seconds (also an aware datetime). None: unknown, which
        ranks as idle since ever.
    channels, queues : tuple of str or None
        Served channels and queues, queues in order of preference; None means all.
    weight : float
        Share of a full-time agent's work this one should get; above 0.
    attributes : mapping
        Open-ended plain data, read by `Attribute` conditions and user-made terms.
    version : str, int or None
        The host's version of the record, handed back in `Assignment.expect`.
    shifts : tuple of Shift
        When the agent works; empty means always.
    """

    id: str
    skills: Mapping[str, float] = field(factory=FrozenMap, converter=as_map)  # type: ignore[misc]
    capacity: Capacity = field(default=1, converter=as_capacity, kw_only=True)  # type: ignore[misc]
    kind: str = field(default="human", kw_only=True)
    presence: str | Mapping[str, str] = field(
        default="available", converter=lambda value: value if isinstance(value, str) else as_map(value), kw_only=True
    )
    load: float | Mapping[str, int] = field(
        default=0.0, converter=lambda value: value if isinstance(value, float) else as_map(value), kw_only=True
    )
    idle_since: float | None = field(default=None, converter=as_instant, kw_only=True)
    channels: tuple[str, ...] | None = field(default=None, converter=as_names, kw_only=True)  # type: ignore[misc]
    queues: tuple[str, ...] | None = field(default=None, converter=as_names, kw_only=True)  # type: ignore[misc]
    weight: float = field(default=1.0, kw_only=True)
    attributes: Mapping[str, object] = field(factory=FrozenMap, converter=as_map, kw_only=True)  # type: ignore[misc]
    version: str | int | None = field(default=None, kw_only=True)
    shifts: tuple[Shift, ...] = field(default=(), converter=_as_shifts, kw_only=True)  # type: ignore[misc]

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        check_name(faults, "id", self.id)
        store = object.__setattr__
        store(self, "skills", check_amounts(faults, "skills", self.skills, at_least=0.0, at_most=1.0))
        if not isinstance(self.capacity, Capacity):
            faults.add("must be a number of units of at least 0, or a Capacity", place="capacity", given=self.capacity)
        check_choice(faults, "kind", self.kind, KINDS)
        _check_presence(faults, self.presence)
        store(self, "load", _checked_load(faults, self.load))
        if self.idle_since is not None:
            store(self, "idle_since", check_instant(faults, "idle_since", self.idle_since))
        for name in ("channels", "queues"):
            if getattr(self, name) is not None:
                check_names(faults, name, getattr(self, name))
        store(self, "weight", check_number(faults, "weight", self.weight, above=0))
        if self.attributes or not isinstance(self.attributes, FrozenMap):
            store(self, "attributes", check_attributes(faults, "attributes", self.attributes))
        _check_version(faults, self.version)
        if not isinstance(self.shifts, tuple) or not all(isinstance(shift, Shift) for shift in self.shifts):
            faults.add("must be a sequence of Shift(...)", place="shifts", given=self.shifts)
        faults.raise_if_any()


def _check_version(faults: Faults, value: object) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, str | int)):
        faults.add("must be text, a whole number or None", place="version", given=value)


def _check_presence(faults: Faults, presence: object) -> None:
    if isinstance(presence, FrozenMap):
        for channel, value in presence.items():
            check_name(faults, "presence", channel)
            check_choice(faults, f"presence.{channel}", value, PRESENCES)
    else:
        check_choice(faults, "presence", presence, PRESENCES)


def _checked_load(faults: Faults, load: object) -> float | FrozenMap[str, int]:
    if isinstance(load, FrozenMap):
        for channel in load:
            check_name(faults, "load", channel)
        return FrozenMap({channel: check_count(faults, f"load.{channel}", count) for channel, count in load.items()})
    return check_number(faults, "load", load, at_least=0, at_most=MAX_UNITS)
