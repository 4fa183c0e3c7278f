"""How a desk works, apart from who gets what: wrap-up, grace, ramp-in, reserves, offers. Plain data.

>>> RouterSettings(wrap_up_time={"voice": 30}).wrap_up("voice"), RouterSettings().grace("chat")
(30.0, 60.0)
>>> RouterSettings(grace_time=-1)
Traceback (most recent call last):
routematch.errors.InvalidInputError: must be at least 0, got -1 @ grace_time
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from routematch.errors import Faults
from routematch.model.checks import (
    as_amounts,
    as_names,
    as_tuple,
    check_amounts,
    check_choice,
    check_count,
    check_names,
    check_number,
    is_a,
)
from routematch.model.frozen import EMPTY, FrozenMap
from routematch.model.instants import as_duration

__all__ = ["ANY", "WRAP_UP_SCOPES", "OfferRules", "RampIn", "RateLimit", "Reserve", "RouterSettings"]

#: Stands for every channel that is not named.
ANY = "*"
#: What a wrap-up keeps: the units of its conversation, or the whole agent.
WRAP_UP_SCOPES = ("units", "agent")


@frozen
class OfferRules:
    """How offers stand and end.

    Attributes
    ----------
    answer_time : float
        Seconds (also a `timedelta`) an offer stands; above 0.
    repeat_after : float
        Seconds before a conversation is offered again to an agent who declined it or let it expire; doubled each
        time, so that nobody is hammered, and finite, so that one agent's decline never locks a conversation.
    pause_after_missed : int or None
        Offers in a row that an agent lets expire before it is paused; None: never.
    pause_time : float
        Seconds it is paused; a change of presence ends that.
    """

    answer_time: float = field(default=20.0, converter=as_duration)
    repeat_after: float = field(default=120.0, converter=as_duration, kw_only=True)
    pause_after_missed: int | None = field(default=3, kw_only=True)
    pause_time: float = field(default=300.0, converter=as_duration, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        for name, limit in (("answer_time", {"above": 0.0}), ("repeat_after", {"at_least": 0.0})):
            object.__setattr__(self, name, check_number(faults, name, getattr(self, name), **limit))
        object.__setattr__(self, "pause_time", check_number(faults, "pause_time", self.pause_time, at_least=0))
        if (
            self.pause_after_missed is not None
            and check_count(faults, "pause_after_missed", self.pause_after_missed) < 1
        ):
            faults.add("must be at least 1, or None", place="pause_after_missed", given=self.pause_after_missed)
        faults.raise_if_any()


@frozen
class RateLimit:
    """At most `count` conversations for an agent within any `time` seconds."""

    count: int
    time: float = field(converter=as_duration)

    def __attrs_post_init__(self) -> None:
        """Check both fields; all faults are raised together."""
        faults = Faults()
        if check_count(faults, "count", self.count) < 1:
            faults.add("must be at least 1", place="count", given=self.count)
        object.__setattr__(self, "time", check_number(faults, "time", self.time, above=0))
        faults.raise_if_any()


@frozen
class RampIn:
    """For `time` seconds after coming back, an agent gets at most `count` conversations per `every` seconds."""

    time: float = field(default=300.0, converter=as_duration)
    count: int = field(default=1, kw_only=True)
    every: float = field(default=30.0, converter=as_duration, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        for name in ("time", "every"):
            object.__setattr__(self, name, check_number(faults, name, getattr(self, name), above=0))
        if check_count(faults, "count", self.count) < 1:
            faults.add("must be at least 1", place="count", given=self.count)
        faults.raise_if_any()


@frozen
class Reserve:
    """Free agents that are kept for urgent work.

    Attributes
    ----------
    agents : int
        How many agents with nothing to do are kept, of those in `group`.
    priority : float
        What counts as urgent: this priority and above ...
    channels : tuple of str
        ... and everything on these channels.
    group : tuple of str
        Ids of agents; empty: all of them.
    """

    agents: int
    priority: float = field(default=1.0, kw_only=True)
    channels: tuple[str, ...] = field(default=(), converter=as_names, kw_only=True)
    group: tuple[str, ...] = field(default=(), converter=as_names, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        check_count(faults, "agents", self.agents)
        object.__setattr__(self, "priority", check_number(faults, "priority", self.priority))
        check_names(faults, "channels", self.channels)
        check_names(faults, "group", self.group)
        faults.raise_if_any()


def _by_channel(value: float | Mapping[str, float]) -> Mapping[str, float]:
    """Widen one duration for all channels to a mapping."""
    if is_a(value, Mapping):
        return as_amounts(value)  # type: ignore[arg-type]  # a mapping
    duration = as_duration(value)  # type: ignore[arg-type]  # a duration, or left for the check
    return FrozenMap({ANY: duration})  # type: ignore[dict-item]  # as above


@frozen
class RouterSettings:
    """What a router heeds beyond the policy. The defaults change nothing but that lost agents have a minute.

    Attributes
    ----------
    wrap_up_time : float or mapping from channel to float
        Seconds an agent is kept after a conversation; ``"*"`` stands for all other channels.
    wrap_up_time_of : mapping from agent id to float
        Comes before `wrap_up_time`.
    wrap_up_scope : str
        From `WRAP_UP_SCOPES`.
    grace_time : float or mapping from channel to float
        Seconds an agent who went offline keeps its conversations.
    shift_margin : float or mapping from channel to float
        Seconds before the end of a shift from which on nothing new comes.
    batch_time : float
        Seconds that arrivals are gathered before they are decided together.
    rate_limit : RateLimit or None
    ramp_in : RampIn or None
    reserves : tuple of Reserve
    interruptible : tuple of str
        Channels whose conversations rest while one of another channel needs their units.
    continuity : float
        Value, in policy units, of an agent who just served the same customer; fades with `continuity_half_time`.
    continuity_half_time : float
        Seconds.
    return_value : float
        Value of the agent of a paused conversation that wakes. For this, and for affinity, a conversation waits while
        its agent is busy, for as long as that is worth more than what the next best agent brings at once.
    expected_handle_time : float
        Seconds a busy agent is expected to stay busy, where nothing better is known.
    review_time : float
        Seconds before a conversation that goes on waiting is looked at again for the sake of time alone; known steps
        (relaxations, shifts, offers) are heeded at their instants whatever this is.
    keep_ended : int
        Ended conversations that can be reopened and explained without the journal; the latest always can.
    keep_event_ids : int
        Sender's names of events that are recognised when they come again.
    keep_customers : int
        Customers whose agents are remembered.
    """

    wrap_up_time: Mapping[str, float] = field(default=EMPTY, converter=_by_channel, kw_only=True)
    wrap_up_time_of: Mapping[str, float] = field(default=EMPTY, converter=as_amounts, kw_only=True)
    wrap_up_scope: str = field(default="units", kw_only=True)
    grace_time: Mapping[str, float] = field(default=60.0, converter=_by_channel, kw_only=True)
    shift_margin: Mapping[str, float] = field(default=EMPTY, converter=_by_channel, kw_only=True)
    batch_time: float = field(default=0.0, converter=as_duration, kw_only=True)
    rate_limit: RateLimit | None = field(default=None, kw_only=True)
    ramp_in: RampIn | None = field(default=None, kw_only=True)
    reserves: tuple[Reserve, ...] = field(default=(), converter=as_tuple, kw_only=True)
    interruptible: tuple[str, ...] = field(default=(), converter=as_names, kw_only=True)
    continuity: float = field(default=0.2, kw_only=True)
    continuity_half_time: float = field(default=7 * 86_400.0, converter=as_duration, kw_only=True)
    return_value: float = field(default=0.3, kw_only=True)
    expected_handle_time: float = field(default=300.0, converter=as_duration, kw_only=True)
    review_time: float = field(default=0.05, converter=as_duration, kw_only=True)
    keep_ended: int = field(default=10_000, kw_only=True)
    keep_event_ids: int = field(default=50_000, kw_only=True)
    keep_customers: int = field(default=100_000, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        for name in ("wrap_up_time", "wrap_up_time_of", "grace_time", "shift_margin"):
            _store_amounts(faults, self, name)
        for name in ("batch_time", "continuity", "return_value"):
            object.__setattr__(self, name, check_number(faults, name, getattr(self, name), at_least=0))
        for name in ("continuity_half_time", "expected_handle_time", "review_time"):
            object.__setattr__(self, name, check_number(faults, name, getattr(self, name), above=0))
        check_choice(faults, "wrap_up_scope", self.wrap_up_scope, WRAP_UP_SCOPES)
        for name, kind in (("rate_limit", RateLimit), ("ramp_in", RampIn)):
            if getattr(self, name) is not None and not is_a(getattr(self, name), kind):
                faults.add(f"must be {kind.__name__}(...) or None", place=name, given=getattr(self, name))
        if not isinstance(self.reserves, tuple) or not all(is_a(reserve, Reserve) for reserve in self.reserves):
            faults.add("must be a sequence of Reserve(...)", place="reserves", given=self.reserves)
        check_names(faults, "interruptible", self.interruptible)
        for name in ("keep_ended", "keep_event_ids", "keep_customers"):
            check_count(faults, name, getattr(self, name))
        faults.raise_if_any()

    def wrap_up(self, channel: str, agent: str | None = None) -> float:
        """Return the seconds of wrap-up after a conversation of a channel."""
        if agent is not None and agent in self.wrap_up_time_of:
            return self.wrap_up_time_of[agent]
        return _of(self.wrap_up_time, channel)

    def grace(self, channel: str) -> float:
        """Return the seconds a lost agent keeps a conversation of a channel."""
        return _of(self.grace_time, channel)

    def margin(self, channel: str) -> float:
        """Return the seconds before the end of a shift in which nothing new comes on a channel."""
        return _of(self.shift_margin, channel)


def _of(by_channel: Mapping[str, float], channel: str) -> float:
    return by_channel.get(channel, by_channel.get(ANY, 0.0))


def _store_amounts(faults: Faults, settings: RouterSettings, name: str) -> None:
    given = getattr(settings, name)
    if is_a(given, FrozenMap) and set(given) == {ANY}:
        amount = check_number(faults, name, given[ANY], at_least=0)
        object.__setattr__(settings, name, FrozenMap({ANY: amount}))
    else:
        object.__setattr__(settings, name, check_amounts(faults, name, given, at_least=0))
