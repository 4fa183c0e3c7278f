"""How a conversation went: what learning starts from.

>>> outcome = Outcome("chat-17", "ana", resolved=True, handle_time=240)
>>> outcome.agent, outcome.resolved, outcome.handle_time, outcome.satisfaction
('ana', True, 240.0, None)
"""

from __future__ import annotations

from attrs import field, frozen

from routematch.errors import Faults
from routematch.model.agents import Agent
from routematch.model.checks import as_names, check_instant, check_name, check_names, check_number, is_a
from routematch.model.conversations import Conversation
from routematch.model.instants import as_duration, as_instant

__all__ = ["Outcome"]


def _as_conversation_id(value: str | Conversation) -> str:
    return value.id if isinstance(value, Conversation) else value


def _as_agent_id(value: str | Agent) -> str:
    return value.id if isinstance(value, Agent) else value


@frozen(cache_hash=True)
class Outcome:
    """The end of one conversation at one agent.

    Attributes
    ----------
    conversation, agent : str
        Ids; the objects themselves are taken too.
    resolved : bool or None
        None: not known.
    handle_time : float or None
        Seconds of work (also a `timedelta`), wrap-up included.
    satisfaction : float or None
        The customer's verdict, in [0, 1].
    value : float or None
        What it brought, in policy units.
    reopened : bool
        Whether the customer came back with the same matter.
    ended_at : float or None
        POSIX seconds (also an aware datetime).
    skills : tuple of str
        What it was about: skills, or a type of conversation. Learning counts the outcome for each of them.
    customer : str or None
    """

    conversation: str = field(converter=_as_conversation_id)
    agent: str = field(converter=_as_agent_id)
    resolved: bool | None = field(default=None, kw_only=True)
    handle_time: float | None = field(default=None, converter=as_duration, kw_only=True)
    satisfaction: float | None = field(default=None, kw_only=True)
    value: float | None = field(default=None, kw_only=True)
    reopened: bool = field(default=False, kw_only=True)
    ended_at: float | None = field(default=None, converter=as_instant, kw_only=True)
    skills: tuple[str, ...] = field(default=(), converter=as_names, kw_only=True)
    customer: str | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        check_name(faults, "conversation", self.conversation)
        check_name(faults, "agent", self.agent)
        if self.resolved is not None and not is_a(self.resolved, bool):
            faults.add("must be true, false or None", place="resolved", given=self.resolved)
        if not is_a(self.reopened, bool):
            faults.add("must be true or false", place="reopened", given=self.reopened)
        limits = {"handle_time": (0.0, 1e15), "satisfaction": (0.0, 1.0), "value": (-1e15, 1e15)}
        for name, (lowest, highest) in limits.items():
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, check_number(faults, name, given, at_least=lowest, at_most=highest))
        object.__setattr__(self, "ended_at", check_instant(faults, "ended_at", self.ended_at))
        check_names(faults, "skills", self.skills)
        if self.customer is not None:
            check_name(faults, "customer", self.customer)
        faults.raise_if_any()
