"""Who can take conversations: people and bots, their skills, what they carry and where they are.

>>> ana = Agent("ana", {"billing": 0.9, "spanish": 0.8})
>>> ana.capacity.units, ana.kind, ana.presence
(1.0, 'human', 'available')
>>> Agent("bo", {"billing": 7}, capacity=-1, weight=0)
Traceback (most recent call last):
routematch.errors.InvalidInputError: 3 faults in the input:
  must be between 0 and 1, got 7 @ skills.billing
  must be a number of units from 0 to 1,000,000, or a Capacity, got -1 @ capacity
  must be between 0.01 and 100, got 0 @ weight
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

from routematch.errors import Faults
from routematch.model.capacity import MAX_UNITS, Capacity, as_capacity
from routematch.model.checks import (
    as_amounts,
    as_attributes,
    as_map,
    as_optional_names,
    as_tuple,
    check_amounts,
    check_attributes,
    check_choice,
    check_count,
    check_instant,
    check_name,
    check_names,
    check_number,
    check_size,
    check_version,
    in_place,
    is_a,
)
from routematch.model.frozen import FrozenMap
from routematch.model.instants import Instant, as_instant

__all__ = ["KINDS", "LABEL_PREFIX", "MAX_WEIGHT", "MIN_WEIGHT", "PRESENCES", "Agent", "Shift"]

KINDS = ("human", "bot")
PRESENCES = ("available", "away", "offline")
#: In `Agent.load`, a key with this prefix counts running conversations towards the cap of a label.
LABEL_PREFIX = "label:"
#: Bounds of `Agent.weight`: beyond them, charges for unequal loads would outweigh what a conversation is worth.
MIN_WEIGHT, MAX_WEIGHT = 0.01, 100.0


def _as_end(value: Instant) -> float:
    return as_instant(value)  # type: ignore[return-value]  # None is refused by the check


@frozen(cache_hash=True)
class Shift:
    """A time in which an agent works.

    Attributes
    ----------
    starts_at, ends_at : float
        POSIX seconds (also aware datetimes); the end is not part of the shift and must come after the start.
    """

    starts_at: float = field(converter=_as_end)
    ends_at: float = field(converter=_as_end)

    def __attrs_post_init__(self) -> None:
        """Check both ends; all faults are raised together."""
        faults = Faults()
        for name in ("starts_at", "ends_at"):
            instant = check_instant(faults, name, getattr(self, name))
            if getattr(self, name) is None:
                faults.add("must be given", place=name)
            object.__setattr__(self, name, instant)
        if not faults and self.ends_at <= self.starts_at:
            faults.add("must come after starts_at", place="ends_at", given=self.ends_at)
        faults.raise_if_any()


def _as_shifts(value: Shift | Iterable[Shift]) -> tuple[Shift, ...]:
    shifts: tuple[Shift, ...] = (value,) if isinstance(value, Shift) else as_tuple(value)
    return shifts


def _as_presence(value: str | Mapping[str, str]) -> str | Mapping[str, str]:
    presence: str | Mapping[str, str] = value if isinstance(value, str) else as_map(value)
    return presence


def _as_load(value: float | Mapping[str, int]) -> float | Mapping[str, int]:
    load: float | Mapping[str, int] = value if isinstance(value, float) else as_map(value)
    return load


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
        Share of a full-time agent's work this one should get, from 0.01 to 100.
    attributes : mapping
        Open-ended plain data, read by `Attribute` conditions and user-made terms.
    version : str, int or None
        The host's version of the record, handed back in `Assignment.expect`.
    shifts : tuple of Shift
        When the agent works; empty means always.
    """

    id: str
    skills: Mapping[str, float] = field(factory=FrozenMap, converter=as_amounts)
    capacity: Capacity = field(default=Capacity(1), converter=as_capacity, kw_only=True)
    kind: str = field(default="human", kw_only=True)
    presence: str | Mapping[str, str] = field(default="available", converter=_as_presence, kw_only=True)
    load: float | Mapping[str, int] = field(default=0.0, converter=_as_load, kw_only=True)
    idle_since: float | None = field(default=None, converter=as_instant, kw_only=True)
    channels: tuple[str, ...] | None = field(default=None, converter=as_optional_names, kw_only=True)
    queues: tuple[str, ...] | None = field(default=None, converter=as_optional_names, kw_only=True)
    weight: float = field(default=1.0, kw_only=True)
    attributes: Mapping[str, object] = field(factory=FrozenMap, converter=as_attributes, kw_only=True)
    version: str | int | None = field(default=None, kw_only=True)
    shifts: tuple[Shift, ...] = field(default=(), converter=_as_shifts, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        check_name(faults, "id", self.id)
        store = object.__setattr__
        store(self, "skills", check_amounts(faults, "skills", self.skills, at_least=0.0, at_most=1.0))
        if not is_a(self.capacity, Capacity):
            faults.add(f"must be a number of units {_UNITS}, or a Capacity", place="capacity", given=self.capacity)
        check_choice(faults, "kind", self.kind, KINDS)
        _check_presence(faults, self.presence)
        store(self, "load", _checked_load(faults, self.load))
        if self.idle_since is not None:
            store(self, "idle_since", check_instant(faults, "idle_since", self.idle_since))
        for name in ("channels", "queues"):
            if getattr(self, name) is not None:
                check_names(faults, name, getattr(self, name))
        store(self, "weight", check_number(faults, "weight", self.weight, at_least=MIN_WEIGHT, at_most=MAX_WEIGHT))
        if not is_a(self.attributes, FrozenMap) or self.attributes:
            store(self, "attributes", check_attributes(faults, "attributes", self.attributes))
        if self.version is not None:
            store(self, "version", check_version(faults, self.version))
        if not is_a(self.shifts, tuple) or self.shifts:
            _check_shifts(faults, self.shifts)
        faults.raise_if_any()


_UNITS = f"from 0 to {MAX_UNITS:,.0f}"


def _check_shifts(faults: Faults, shifts: object) -> None:
    if not isinstance(shifts, tuple) or not all(isinstance(shift, Shift) for shift in shifts):
        faults.add("must be a sequence of Shift(...)", place="shifts", given=shifts)
    else:
        check_size(faults, "shifts", shifts)


def _check_presence(faults: Faults, presence: object) -> None:
    if not isinstance(presence, FrozenMap):
        check_choice(faults, "presence", presence, PRESENCES)
    elif check_size(faults, "presence", presence):
        for channel, value in presence.items():
            check_name(faults, in_place("presence", channel), channel)
            check_choice(faults, in_place("presence", channel), value, PRESENCES)


def _checked_load(faults: Faults, load: object) -> float | FrozenMap[str, int]:
    if not isinstance(load, FrozenMap):
        return check_number(faults, "load", load, at_least=0, at_most=MAX_UNITS)
    if not check_size(faults, "load", load):
        return 0.0
    for channel in load:
        check_name(faults, in_place("load", channel), channel)
    return FrozenMap(
        {channel: check_count(faults, in_place("load", channel), count) for channel, count in load.items()}
    )
