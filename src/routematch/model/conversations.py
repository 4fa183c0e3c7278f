"""What is waiting to be handled: chats, calls, e-mails, callbacks, and what each asks for.

>>> chat = Conversation("chat-17", {"billing": 0.5, "spanish": 0.5}, arrived_at=100.0)
>>> str(chat.requires), chat.channel
('billing >= 0.5 and spanish >= 0.5', 'chat')
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

from routematch.errors import Faults, InvalidInputError
from routematch.model.checks import (
    as_amounts,
    as_attributes,
    as_map,
    as_names,
    as_tuple,
    check_amounts,
    check_attributes,
    check_instant,
    check_name,
    check_names,
    check_number,
    check_size,
    check_version,
    in_place,
    is_a,
)
from routematch.model.frozen import EMPTY, FrozenMap
from routematch.model.instants import as_instant
from routematch.model.requirements import (
    ANYONE,
    MAX_PARTS,
    Condition,
    Requirement,
    check_condition,
    condition_or_error,
)

__all__ = ["Conversation", "Preference"]


@frozen(cache_hash=True)
class Preference:
    """Something nice to have: it adds to the value of a pair and never excludes one.

    Attributes
    ----------
    condition : Condition
        A single `Requirement` adds ``weight * proficiency`` for agents who meet it; any other condition adds `weight`
        when it holds. Also the shorthand of `requires`.
    weight : float
        In policy units; negative for what is rather avoided.
    """

    condition: Condition = field(converter=condition_or_error)
    weight: float = 1.0

    def __attrs_post_init__(self) -> None:
        """Check both fields; all faults are raised together."""
        faults = Faults()
        check_condition(faults, "condition", self.condition)
        object.__setattr__(self, "weight", check_number(faults, "weight", self.weight))
        faults.raise_if_any()


def _as_preferences(value: Preference | Mapping[str, float] | Iterable[Preference]) -> tuple[Preference, ...]:
    """Widen ``{"spanish": 0.3}`` to preferences; faults come back as an error object."""
    if isinstance(value, Preference):
        return (value,)
    readable = as_map(value)
    if isinstance(readable, FrozenMap) and len(readable) <= MAX_PARTS:
        try:
            return _preferences(readable)
        except InvalidInputError as error:
            return error  # type: ignore[return-value]  # see _check_preferences
    wishes: tuple[Preference, ...] = as_tuple(readable)
    return wishes


def _preferences(weights: Mapping[str, float]) -> tuple[Preference, ...]:
    faults, wishes = Faults(), []
    for skill, weight in weights.items():
        check_name(faults, in_place("", skill), skill)
        check_number(faults, in_place("", skill), weight)
        if not faults:
            wishes.append(Preference(Requirement(skill), weight))
    faults.raise_if_any()
    return tuple(wishes)


@frozen(cache_hash=True)
class Conversation:
    """One thing to be handled.

    Attributes
    ----------
    id : str
    requires : Condition
        Who may take it. Also ``{skill: at_least}``, a skill's name, or a sequence of requirements.
    channel : str
    queue : str or None
        None: no queue, so that agents of every queue may take it.
    customer : str or None
        Who it is with.
    priority : float
        Larger is more urgent; one point counts as `Policy.seconds_per_priority` seconds of waiting.
    arrived_at : float or None
        When it began to wait, in POSIX seconds (also an aware datetime); None means now.
    due_at : float or None
        When it should have been taken.
    value : float
        Multiplies the expected achievement; at least 0.
    prefers : tuple of Preference
        Soft wishes. Also ``{skill: weight}``.
    affinity : mapping from agent id to float
        Pull towards agents who know the customer or the case, in policy units; negative pushes away.
    excludes : tuple of str
        Agents who must not get it.
    labels : tuple of str
        Names that `Capacity.caps` can count.
    attributes : mapping
        Open-ended plain data for user-made terms and for the host.
    version : str, int or None
        The host's version of the record, handed back in `Assignment.expect`.
    """

    id: str
    requires: Condition = field(default=ANYONE, converter=condition_or_error)
    channel: str = field(default="chat", kw_only=True)
    queue: str | None = field(default=None, kw_only=True)
    customer: str | None = field(default=None, kw_only=True)
    priority: float = field(default=0.0, kw_only=True)
    arrived_at: float | None = field(default=None, converter=as_instant, kw_only=True)
    due_at: float | None = field(default=None, converter=as_instant, kw_only=True)
    value: float = field(default=1.0, kw_only=True)
    prefers: tuple[Preference, ...] = field(default=(), converter=_as_preferences, kw_only=True)
    affinity: Mapping[str, float] = field(default=EMPTY, converter=as_amounts, kw_only=True)
    excludes: tuple[str, ...] = field(default=(), converter=as_names, kw_only=True)
    labels: tuple[str, ...] = field(default=(), converter=as_names, kw_only=True)
    attributes: Mapping[str, object] = field(default=EMPTY, converter=as_attributes, kw_only=True)
    version: str | int | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:  # noqa: C901 - one line per field
        """Check every field; all faults are raised together."""
        faults = Faults()
        store = object.__setattr__
        check_name(faults, "id", self.id)
        check_condition(faults, "requires", self.requires)
        check_name(faults, "channel", self.channel)
        for name in ("queue", "customer"):
            if getattr(self, name) is not None:
                check_name(faults, name, getattr(self, name))
        store(self, "priority", check_number(faults, "priority", self.priority))
        for name in ("arrived_at", "due_at"):
            if getattr(self, name) is not None:
                store(self, name, check_instant(faults, name, getattr(self, name)))
        store(self, "value", check_number(faults, "value", self.value, at_least=0))
        if not is_a(self.prefers, tuple) or self.prefers:
            _check_preferences(faults, self.prefers)
        if not is_a(self.affinity, FrozenMap) or self.affinity:
            store(self, "affinity", check_amounts(faults, "affinity", self.affinity))
        for name in ("excludes", "labels"):
            names = getattr(self, name)
            if not is_a(names, tuple) or names:
                check_names(faults, name, names, distinct=name == "labels")
        if not is_a(self.attributes, FrozenMap) or self.attributes:
            store(self, "attributes", check_attributes(faults, "attributes", self.attributes))
        if self.version is not None:
            store(self, "version", check_version(faults, self.version))
        faults.raise_if_any()


def _check_preferences(faults: Faults, prefers: object) -> None:
    if isinstance(prefers, InvalidInputError):
        faults.extend(prefers.faults, below="prefers")
    elif isinstance(prefers, tuple) and all(isinstance(wish, Preference) for wish in prefers):
        check_size(faults, "prefers", prefers)
    else:
        message = "must be a mapping from skills to weights, or a sequence of Preference(...)"
        faults.add(message, place="prefers", given=prefers)
