"""What happens to a router, as records: what the host reports, what time brings, what the router decides.

A journal of these records is the whole memory of a router: applied one after the other, they give its state again.

>>> event = ConversationAbandoned("chat-17", 60.0, event_id="webhook-93")
>>> event.conversation, event.at, event.event_id
('chat-17', 60.0, 'webhook-93')
>>> OfferAccepted("", -1.0)
Traceback (most recent call last):
routematch.errors.InvalidInputError: must not be empty @ offer
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, cast

from attrs import field, fields, frozen

from routematch.errors import Faults
from routematch.model.agents import PRESENCES, Agent
from routematch.model.checks import (
    as_attributes,
    as_map,
    as_tuple,
    check_attributes,
    check_choice,
    check_instant,
    check_name,
    check_number,
    in_place,
    is_a,
)
from routematch.model.conversations import Conversation
from routematch.model.estimates import Estimates
from routematch.model.frozen import FrozenMap
from routematch.model.instants import as_instant
from routematch.model.outcomes import Outcome

__all__ = [
    "EVENTS",
    "AgentRemoved",
    "AgentUpdated",
    "AssignedExternally",
    "ClaimLost",
    "ConversationAbandoned",
    "ConversationCompleted",
    "ConversationEnqueued",
    "ConversationEscalated",
    "ConversationOverflowed",
    "ConversationPaused",
    "ConversationReopened",
    "ConversationResumed",
    "ConversationTransferred",
    "ConversationUpdated",
    "Dispatched",
    "EstimatesChanged",
    "Event",
    "GraceEnded",
    "HeldRecord",
    "OfferAccepted",
    "OfferDeclined",
    "OfferExpired",
    "Placement",
    "PolicyChanged",
    "PresenceChanged",
    "WrapUpEnded",
    "WrapUpStarted",
]


class Event(Protocol):
    """Something that happened at an instant.

    Attributes
    ----------
    at : float
        POSIX seconds (also an aware datetime).
    event_id : str or None
        The sender's name for it: a second record with the same name changes nothing.
    """

    @property
    def at(self) -> float: ...  # noqa: D102 - described above

    @property
    def event_id(self) -> str | None: ...  # noqa: D102 - described above


def _at() -> Any:  # noqa: ANN401 - attrs types a field by its annotation
    return field(converter=as_instant)


def _event_id() -> Any:  # noqa: ANN401 - as above
    return field(default=None, kw_only=True)


_NAMES = frozenset({"conversation", "agent", "offer"})
_NOUNS = {"conversation": Conversation, "agent": Agent}


def _check(event: Event, *nouns: str, **instants: float | None) -> Faults:
    """Check what all events share: ids (or nouns), the instant, the sender's name; the caller raises."""
    faults = Faults()
    for entry in fields(type(event)):  # type: ignore[arg-type]  # every event is attrs  # type: ignore[arg-type]  # every event is attrs
        value = getattr(event, entry.name)
        if entry.name in nouns:
            if not is_a(value, _NOUNS[entry.name]):
                faults.add(f"must be {_NOUNS[entry.name].__name__}(...)", place=entry.name, given=value)
        elif entry.name in _NAMES:
            check_name(faults, entry.name, value)
    for name, instant in {"at": event.at, **instants}.items():
        checked = check_instant(faults, name, instant)
        if instant is None and name == "at":
            faults.add("must be given", place="at")
        object.__setattr__(event, name, checked)
    if event.event_id is not None:
        check_name(faults, "event_id", event.event_id)
    return faults


class _Checked:
    """Checks what all events share, where that is all there is to check."""

    __slots__ = ()

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        _check(cast("Event", self)).raise_if_any()


@frozen
class ConversationEnqueued:
    """A conversation begins to wait, at once or from `earliest_at` on."""

    conversation: Conversation
    at: float = _at()
    earliest_at: float | None = field(default=None, converter=as_instant, kw_only=True)
    event_id: str | None = _event_id()

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        _check(self, "conversation", earliest_at=self.earliest_at).raise_if_any()


@frozen
class ConversationUpdated:
    """The host changed a conversation; `units`: what it costs its agent until placed anew (None: as its channel)."""

    conversation: Conversation
    at: float = _at()
    units: float | None = field(default=None, kw_only=True)
    event_id: str | None = _event_id()

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = _check(self, "conversation")
        if self.units is not None:
            object.__setattr__(self, "units", check_number(faults, "units", self.units, at_least=0, at_most=1e6))
        faults.raise_if_any()


@frozen
class ConversationAbandoned(_Checked):
    """The customer gave up, or the host withdrew the conversation."""

    conversation: str
    at: float = _at()
    event_id: str | None = _event_id()


@frozen
class ConversationPaused:
    """A conversation is snoozed: its units are free, its agent is remembered; it wakes at `resume_at`, if given."""

    conversation: str
    at: float = _at()
    resume_at: float | None = field(default=None, converter=as_instant, kw_only=True)
    event_id: str | None = _event_id()

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        _check(self, resume_at=self.resume_at).raise_if_any()


@frozen
class ConversationResumed(_Checked):
    """A paused conversation waits again, for its agent as long as that is worth it."""

    conversation: str
    at: float = _at()
    event_id: str | None = _event_id()


@frozen
class ConversationTransferred:
    """An agent gives a conversation back to the pool, with its original waiting time."""

    conversation: str
    at: float = _at()
    exclude_agent: bool = field(default=False, kw_only=True)
    event_id: str | None = _event_id()

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = _check(self)
        if not is_a(self.exclude_agent, bool):
            faults.add("must be true or false", place="exclude_agent", given=self.exclude_agent)
        faults.raise_if_any()


@frozen
class ConversationEscalated:
    """A conversation goes up: `to` a queue, to ``"human"``, or (None) away from whoever had it."""

    conversation: str
    at: float = _at()
    to: str | None = field(default=None, kw_only=True)
    event_id: str | None = _event_id()

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = _check(self)
        if self.to is not None:
            check_name(faults, "to", self.to)
        faults.raise_if_any()


@frozen
class ConversationReopened(_Checked):
    """An ended conversation waits again."""

    conversation: str
    at: float = _at()
    event_id: str | None = _event_id()


@frozen
class ConversationCompleted:
    """An agent is done with a conversation."""

    conversation: str
    at: float = _at()
    outcome: Outcome | None = field(default=None, kw_only=True)
    event_id: str | None = _event_id()

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = _check(self)
        if self.outcome is not None and not is_a(self.outcome, Outcome):
            faults.add("must be an Outcome(...)", place="outcome", given=self.outcome)
        faults.raise_if_any()


@frozen
class ConversationOverflowed:
    """A conversation waited longer than its queue allows, and goes to another (None: it is refused)."""

    conversation: str
    at: float = _at()
    queue: str | None = None
    event_id: str | None = _event_id()

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = _check(self)
        if self.queue is not None:
            check_name(faults, "queue", self.queue)
        faults.raise_if_any()


@frozen
class AgentUpdated:
    """An agent was added, or the host changed what it said of one."""

    agent: Agent
    at: float = _at()
    event_id: str | None = _event_id()

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        _check(self, "agent").raise_if_any()


@frozen
class AgentRemoved(_Checked):
    """An agent is gone for good; what it had waits again at once."""

    agent: str
    at: float = _at()
    event_id: str | None = _event_id()


def _as_presence(value: str | Mapping[str, str]) -> str | Mapping[str, str]:
    presence: str | Mapping[str, str] = value if isinstance(value, str) else as_map(value)
    return presence


@frozen
class PresenceChanged:
    """An agent signed in, went away or went offline; a mapping says so by channel."""

    agent: str
    presence: str | Mapping[str, str] = field(converter=_as_presence)
    at: float = _at()
    event_id: str | None = _event_id()

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = _check(self)
        if is_a(self.presence, FrozenMap):
            for channel, value in self.presence.items():  # type: ignore[union-attr]  # a mapping
                check_name(faults, in_place("presence", channel), channel)
                check_choice(faults, in_place("presence", channel), value, PRESENCES)
        else:
            check_choice(faults, "presence", self.presence, PRESENCES)
        faults.raise_if_any()


@frozen
class WrapUpStarted:
    """An agent finishes something off and takes nothing until `ends_at`, or until told otherwise."""

    agent: str
    at: float = _at()
    ends_at: float | None = field(default=None, converter=as_instant, kw_only=True)
    event_id: str | None = _event_id()

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        _check(self, ends_at=self.ends_at).raise_if_any()


@frozen
class WrapUpEnded:
    """An agent's wrap-up is over: all of it, or (`only_due`) what is due by now."""

    agent: str
    at: float = _at()
    only_due: bool = field(default=False, kw_only=True)
    event_id: str | None = _event_id()

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = _check(self)
        if not is_a(self.only_due, bool):
            faults.add("must be true or false", place="only_due", given=self.only_due)
        faults.raise_if_any()


@frozen
class GraceEnded(_Checked):
    """The time an agent who was lost had to come back is over: the conversation waits again."""

    conversation: str
    at: float = _at()
    event_id: str | None = _event_id()


@frozen
class OfferAccepted(_Checked):
    """An agent took what it was offered."""

    offer: str
    at: float = _at()
    event_id: str | None = _event_id()


@frozen
class OfferDeclined:
    """An agent refused what it was offered."""

    offer: str
    at: float = _at()
    reason: str | None = field(default=None, kw_only=True)
    event_id: str | None = _event_id()

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = _check(self)
        if self.reason is not None:
            check_name(faults, "reason", self.reason)
        faults.raise_if_any()


@frozen
class OfferExpired(_Checked):
    """An agent was silent for longer than an offer stands."""

    offer: str
    at: float = _at()
    event_id: str | None = _event_id()


@frozen
class AssignedExternally(_Checked):
    """A conversation was given to an agent by hand; that always wins."""

    conversation: str
    agent: str
    at: float = _at()
    event_id: str | None = _event_id()


@frozen
class ClaimLost(_Checked):
    """The host could not claim what was assigned or offered: it waits again, and nobody lost a turn."""

    conversation: str
    at: float = _at()
    event_id: str | None = _event_id()


@frozen
class PolicyChanged:
    """From now on another policy decides: its data and fingerprint; both empty for code."""

    name: str
    at: float = _at()
    fingerprint: str = field(default="", kw_only=True)
    policy: Mapping[str, Any] = field(factory=FrozenMap, converter=as_attributes, kw_only=True)
    event_id: str | None = _event_id()

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = _check(self)
        check_name(faults, "name", self.name)
        object.__setattr__(self, "policy", check_attributes(faults, "policy", self.policy))
        faults.raise_if_any()


@frozen
class EstimatesChanged:
    """From now on other estimates count."""

    estimates: Estimates
    at: float = _at()
    fingerprint: str = field(default="", kw_only=True)
    event_id: str | None = _event_id()

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = _check(self)
        if not is_a(self.estimates, Estimates):
            faults.add("must be Estimates", place="estimates", given=self.estimates)
        faults.raise_if_any()


@frozen
class Placement:
    """One pair of a decision.

    Attributes
    ----------
    conversation, agent : str
    worth, value : float
        Policy units.
    units : float
        What it takes of the agent's capacity.
    stage : int
        Relaxation steps that had passed.
    offer : str or None
        The offer that was made; None where it was assigned at once.
    expires_at : float or None
        When the offer ends.
    propensity : float or None
        Probability of this choice where chance was used.
    """

    conversation: str
    agent: str
    worth: float
    value: float
    units: float
    stage: int = 0
    offer: str | None = None
    expires_at: float | None = None
    propensity: float | None = None


def _as_forecast(value: Iterable[float]) -> tuple[float, ...]:
    numbers: tuple[float, ...] = as_tuple(value)
    return numbers


@frozen
class HeldRecord:
    """Why a conversation goes on waiting; `review_at` as in `Held`, `forecast` what was estimated of its wait."""

    conversation: str
    reason: str
    review_at: float | None = None
    blocked_by: str | None = None
    forecast: tuple[float, ...] = field(default=(), converter=_as_forecast)


@frozen
class Dispatched:
    """One decision of the router: who got what, and why the others that were looked at go on waiting.

    Attributes
    ----------
    at : float
    number : int or None
        Decisions before this one; None where nothing had to be decided.
    fingerprint : str
        Of the policy.
    placements : tuple of Placement
        In order of arrival.
    held : tuple of HeldRecord
    turns : tuple of str
        Agents of the placements in the order of their turns, where the policy rotates.
    share_half_time : float or None
        Seconds after which what was given counts half, where the policy has shares.
    """

    at: float = _at()
    number: int | None = None
    fingerprint: str = ""
    placements: tuple[Placement, ...] = ()
    held: tuple[HeldRecord, ...] = ()
    turns: tuple[str, ...] = ()
    share_half_time: float | None = None
    event_id: str | None = _event_id()


#: Every kind of record, by the name it has in a journal.
EVENTS: Mapping[str, type] = FrozenMap(
    {
        "conversation_enqueued": ConversationEnqueued,
        "conversation_updated": ConversationUpdated,
        "conversation_abandoned": ConversationAbandoned,
        "conversation_paused": ConversationPaused,
        "conversation_resumed": ConversationResumed,
        "conversation_transferred": ConversationTransferred,
        "conversation_escalated": ConversationEscalated,
        "conversation_reopened": ConversationReopened,
        "conversation_completed": ConversationCompleted,
        "conversation_overflowed": ConversationOverflowed,
        "agent_updated": AgentUpdated,
        "agent_removed": AgentRemoved,
        "presence_changed": PresenceChanged,
        "wrap_up_started": WrapUpStarted,
        "wrap_up_ended": WrapUpEnded,
        "grace_ended": GraceEnded,
        "offer_accepted": OfferAccepted,
        "offer_declined": OfferDeclined,
        "offer_expired": OfferExpired,
        "assigned_externally": AssignedExternally,
        "claim_lost": ClaimLost,
        "policy_changed": PolicyChanged,
        "estimates_changed": EstimatesChanged,
        "dispatched": Dispatched,
    }
)
