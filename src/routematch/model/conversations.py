"""What is waiting to be handled: chats, calls, e-mails, callbacks, and what each asks for.

>>> chat = Conversation("chat-17", {"billing": 0.5, "spanish": 0.5}, arrived_at=100.0)
>>> str(chat.requires), chat.channel
('billing >= 0.5 and spanish >= 0.5', 'chat')
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

from routematch.errors import Faults, InvalidInputError
from routematch.model.agents import _check_version
from routematch.model.checks import (
    as_map,
    as_names,
    check_amounts,
    check_attributes,
    check_instant,
    check_name,
    check_names,
    check_number,
)
from routematch.model.frozen import FrozenMap
from routematch.model.instants import as_instant
from routematch.model.requirements import (
    ANYONE,
    AllOf,
    AnyOf,
    Attribute,
    Condition,
    NoneOf,
    Requirement,
    as_condition,
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

    condition: Condition = field(converter=as_condition)  # type: ignore[misc]
    weight: float = 1.0

    def __attrs_post_init__(self) -> None:
        """Check both fields; all faults are raised together."""
        faults = Faults()
        if not isinstance(self.condition, Requirement | Attribute | AllOf | AnyOf | NoneOf):
            faults.add("must be a condition", place="condition", given=self.condition)
        object.__setattr__(self, "weight", check_number(faults, "weight", self.weight))
        faults.raise_if_any()


def _as_preferences(value: object) -> object:
    """Widen ``{"spanish": 0.3}`` to preferences; faults come back as an error object."""
    try:
        if isinstance(value, Mapping):
            return tuple(Preference(Requirement(skill), weight) for skill, weight in value.items())
        if isinstance(value, Preference):
            return (value,)
        return tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else value
    except InvalidInputError as error:
        return error


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
    requires: Condition = field(default=ANYONE, converter=condition_or_error)  # type: ignore[misc]
    channel: str = field(default="chat", kw_only=True)
    queue: str | None = field(default=None, kw_only=True)
    customer: str | None = field(default=None, kw_only=True)
    priority: float = field(default=0.0, kw_only=True)
    arrived_at: float | None = field(default=None, converter=as_instant, kw_only=True)
    due_at: float | None = field(default=None, converter=as_instant, kw_only=True)
    value: float = field(default=1.0, kw_only=True)
    prefers: tuple[Preference, ...] = field(default=(), converter=_as_preferences, kw_only=True)  # type: ignore[misc]
    affinity: Mapping[str, float] = field(factory=FrozenMap, converter=as_map, kw_only=True)  # type: ignore[misc]
    excludes: tuple[str, ...] = field(default=(), converter=as_names, kw_only=True)  # type: ignore[misc]
    labels: tuple[str, ...] = field(default=(), converter=as_names, kw_only=True)  # type: ignore[misc]
    attributes: Mapping[str, object] = field(factory=FrozenMap, converter=as_map, kw_only=True)  # type: ignore[misc]
    version: str | int | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        store = object.__setattr__
        check_name(faults, "id", self.id)
        _check_requires(faults, self.requires)
        check_name(faults, "channel", self.channel)
        for name in ("queue", "customer"):
            if getattr(self, name) is not None:
                check_name(faults, name, getattr(self, name))
        store(self, "priority", check_number(faults, "priority", self.priority))
        for name in ("arrived_at", "due_at"):
            if getattr(self, name) is not None:
                store(self, name, check_instant(faults, name, getattr(self, name)))
        store(self, "value", check_number(faults, "value", self.value, at_least=0))
        if self.prefers != ():
            _check_preferences(faults, self.prefers)
        if self.affinity or not isinstance(self.affinity, FrozenMap):
            store(self, "affinity", check_amounts(faults, "affinity", self.affinity))
        for name in ("excludes", "labels"):
            if getattr(self, name) != ():
                check_names(faults, name, getattr(self, name), distinct=name == "labels")
        if self.attributes or not isinstance(self.attributes, FrozenMap):
            store(self, "attributes", check_attributes(faults, "attributes", self.attributes))
        _check_version(faults, self.version)
        faults.raise_if_any()


def _check_requires(faults: Faults, requires: object) -> None:
    if isinstance(requires, InvalidInputError):
        faults.extend(requires.faults, below="requires")
    elif not isinstance(requires, Requirement | Attribute | AllOf | AnyOf | NoneOf):
        faults.add("must be a condition, or a mapping from skills to levels", place="requires", given=requires)


def _check_preferences(faults: Faults, prefers: object) -> None:
    if isinstance(prefers, InvalidInputError):
        faults.extend(prefers.faults, below="prefers")
    elif not isinstance(prefers, tuple) or not all(isinstance(wish, Preference) for wish in prefers):
        faults.add(
            "must be a mapping from skills to weights, or a sequence of Preference(...)", place="prefers", given=prefers
        )
