"""What the host holds against what the router believes: every difference named, and put right the host's way.

>>> import routematch as rm
>>> router = rm.Router([rm.Agent("ana"), rm.Agent("bo")])
>>> _ = router.enqueue(rm.Conversation("a"), 0.0)
>>> _ = router.dispatch(0.0)
>>> host = HostState({"a": HostConversation("active", "bo")}, {"ana": "available", "bo": "available"})
>>> for drift in router.reconcile(host, 10.0):
...     print(drift)
conversation a: the router has active at ana, the host active at bo; put right
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import field, frozen

from routematch.codec import from_data
from routematch.errors import Faults, InvalidInputError
from routematch.model import Agent, Conversation
from routematch.model.agents import PRESENCES
from routematch.model.checks import as_map, check_choice, check_name, in_place, is_a
from routematch.model.events import (
    AgentRemoved,
    AgentUpdated,
    AssignedExternally,
    ClaimLost,
    ConversationAbandoned,
    ConversationCompleted,
    ConversationEnqueued,
    ConversationPaused,
    ConversationReopened,
    ConversationResumed,
    ConversationTransferred,
    Event,
    PresenceChanged,
)
from routematch.model.frozen import FrozenMap
from routematch.router.cases import Case
from routematch.router.desk import Desk

__all__ = ["HOST_STATUSES", "Drift", "HostConversation", "HostState", "drifts"]

#: Where a conversation can stand in the host.
HOST_STATUSES = ("waiting", "active", "paused", "closed")


@frozen
class HostConversation:
    """One conversation as the host has it.

    Attributes
    ----------
    status : str
        From `HOST_STATUSES`.
    agent : str or None
        Who holds it, where it is active.
    conversation : Conversation or None
        What to take it in with, should the router not know it.
    """

    status: str
    agent: str | None = None
    conversation: Conversation | None = None

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        check_choice(faults, "status", self.status, HOST_STATUSES)
        if self.agent is not None:
            check_name(faults, "agent", self.agent)
        elif is_a(self.status, str) and self.status == "active":
            faults.add("must be given where the conversation is active", place="agent")
        if self.conversation is not None and not is_a(self.conversation, Conversation):
            faults.add("must be a Conversation(...)", place="conversation", given=self.conversation)
        faults.raise_if_any()


def _by_id(value: Mapping[str, HostConversation | str]) -> Mapping[str, HostConversation]:
    """Freeze a mapping of conversations; a string is the status of one."""
    given = as_map(value)
    if not is_a(given, FrozenMap):
        return given  # type: ignore[no-any-return]  # left for the check
    statuses = {status: HostConversation(status) for status in HOST_STATUSES if status != "active"}
    return FrozenMap({i: statuses.get(entry, entry) if isinstance(entry, str) else entry for i, entry in given.items()})


@frozen
class HostState:
    """What the host holds.

    Attributes
    ----------
    conversations : mapping from id to HostConversation
        All that are not closed; one that is missing is taken as closed. A string is its status.
    agents : mapping from id to presence or Agent
        All there are; one that is missing is gone. An `Agent` also brings in one that the router does not know.
    """

    conversations: Mapping[str, HostConversation] = field(factory=FrozenMap, converter=_by_id)
    agents: Mapping[str, str | Agent] | None = field(default=None, converter=as_map)

    def __attrs_post_init__(self) -> None:
        """Check both mappings; all faults are raised together."""
        faults = Faults()
        for name in ("conversations", "agents"):
            given = getattr(self, name)
            if not is_a(given, FrozenMap) and not (name == "agents" and given is None):
                faults.add("must be a mapping from ids", place=name, given=given)
                continue
            for identifier in given or ():
                check_name(faults, in_place(name, identifier), identifier)
        faults.raise_if_any()
        for identifier, entry in self.conversations.items():
            if not is_a(entry, HostConversation):
                place = in_place("conversations", identifier)
                faults.add("must be a HostConversation(...)", place=place, given=entry)
        for identifier, known in (self.agents or {}).items():
            if not is_a(known, Agent):
                check_choice(faults, in_place("agents", identifier), known, PRESENCES)
        faults.raise_if_any()


def as_host_state(host: object) -> HostState:
    """Widen plain data to what the host holds.

    Raises
    ------
    InvalidInputError
        When it is neither a `HostState` nor a mapping with its fields; with every fault and its place.
    """
    if is_a(host, HostState):
        return host  # type: ignore[return-value]  # narrowed
    faults = Faults()
    if not isinstance(host, Mapping):
        faults.add("must be a HostState(...), or a mapping with its fields", place="host", given=host)
        raise InvalidInputError(faults)
    for name in host:
        if name not in {"conversations", "agents"}:
            faults.unknown(name, known=("conversations", "agents"), place="host", what="field")
    conversations = _read_each(faults, host.get("conversations", {}), HostConversation, "host.conversations")
    agents = host.get("agents")
    read = None if agents is None else _read_each(faults, agents, Agent, "host.agents")
    faults.raise_if_any()
    return HostState(conversations, read)


def _read_each(faults: Faults, given: object, cls: type, place: str) -> dict[str, Any]:
    """Read the entries that are mappings; words and objects stay."""
    if not isinstance(given, Mapping):
        faults.add("must be a mapping from ids", place=place, given=given)
        return {}
    entries = {}
    for identifier, entry in given.items():
        try:
            entries[identifier] = from_data(entry, cls) if isinstance(entry, Mapping) else entry
        except InvalidInputError as error:
            faults.extend(error.faults, below=in_place(place, identifier))
    return entries


@frozen
class Drift:
    """One difference.

    Attributes
    ----------
    kind : str
        ``"conversation"`` or ``"agent"``.
    subject : str
        Its id.
    router, host : str
        How each side has it.
    repair : tuple of events
        What puts it right, carried out in order; empty where the host must say more.
    """

    kind: str
    subject: str
    router: str
    host: str
    repair: tuple[Event, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        """Return a line."""
        done = "put right" if self.repair else "not put right: the host must hand over the object itself"
        return f"{self.kind} {self.subject}: the router has {self.router}, the host {self.host}; {done}"


def drifts(desk: Desk, host: HostState, at: float) -> Iterator[Drift]:
    """Yield every difference, agents first; each is to be repaired before the next is asked for."""
    if host.agents is not None:
        yield from _agents(desk, host.agents, at)
    for identifier, theirs in host.conversations.items():
        yield from _conversation(desk, identifier, theirs, at)
    for case in sorted((c for c in desk.cases.values() if not c.is_ended), key=lambda c: c.id):
        if case.id not in host.conversations and case.status != "scheduled":
            yield Drift("conversation", case.id, _ours(case), "closed", (_ended(case, at),))


def _agents(desk: Desk, agents: Mapping[str, str | Agent], at: float) -> Iterator[Drift]:
    for identifier, theirs in agents.items():
        seat = desk.seats.get(identifier)
        presence = theirs.presence if isinstance(theirs, Agent) else theirs
        if seat is None:
            repair: tuple[Event, ...] = (AgentUpdated(theirs, at),) if isinstance(theirs, Agent) else ()
            yield Drift("agent", identifier, "nothing", str(presence), repair)
        elif isinstance(theirs, Agent) and theirs != seat.agent:
            yield Drift("agent", identifier, "another record", "its own", (AgentUpdated(theirs, at),))
        elif presence != seat.presence:
            repair = (PresenceChanged(identifier, presence, at),)
            yield Drift("agent", identifier, str(seat.presence), str(presence), repair)
    for identifier in [identifier for identifier in desk.seats if identifier not in agents]:
        yield Drift(
            "agent", identifier, str(desk.seats[identifier].presence), "nothing", (AgentRemoved(identifier, at),)
        )


def _conversation(desk: Desk, identifier: str, theirs: HostConversation, at: float) -> Iterator[Drift]:
    case = desk.cases.get(identifier)
    says = f"active at {theirs.agent}" if theirs.status == "active" else theirs.status
    if case is None:
        if theirs.status != "closed":
            repair = () if theirs.conversation is None else _taken_in(theirs, theirs.conversation, at)
            yield Drift("conversation", identifier, "nothing", says, _known_agents(desk, repair))
        return
    repair = tuple(_repair(case, theirs, at))
    if repair:
        yield Drift("conversation", identifier, _ours(case), says, _known_agents(desk, repair))


def _known_agents(desk: Desk, repair: tuple[Event, ...]) -> tuple[Event, ...]:
    """Return a repair that can be carried out; nothing where it names an agent whom nobody knows."""
    named = [event.agent for event in repair if isinstance(event, AssignedExternally)]
    return repair if all(agent in desk.seats for agent in named) else ()


def _taken_in(theirs: HostConversation, conversation: Conversation, at: float) -> tuple[Event, ...]:
    begun: tuple[Event, ...] = (ConversationEnqueued(conversation, at),)
    if theirs.status == "active":
        assert theirs.agent is not None
        return (*begun, AssignedExternally(conversation.id, theirs.agent, at))
    return (*begun, ConversationPaused(conversation.id, at)) if theirs.status == "paused" else begun


def _repair(case: Case, theirs: HostConversation, at: float) -> Iterator[Event]:
    """Yield what makes the router's conversation what the host has."""
    if theirs.status == "closed":
        if not case.is_ended:
            yield _ended(case, at)
        return
    if case.is_ended:
        yield ConversationReopened(case.id, at)
    if theirs.status == "active":
        if case.status != "active" or case.agent != theirs.agent:
            assert theirs.agent is not None
            yield AssignedExternally(case.id, theirs.agent, at)
    elif theirs.status == "paused":
        if case.status not in {"paused", "scheduled"}:
            yield ConversationPaused(case.id, at)
    elif case.status == "active":
        yield ClaimLost(case.id, at) if case.decision is not None else ConversationTransferred(case.id, at)
    elif case.status == "paused":
        yield ConversationResumed(case.id, at)


def _ended(case: Case, at: float) -> Event:
    return ConversationCompleted(case.id, at) if case.status == "active" else ConversationAbandoned(case.id, at)


def _ours(case: Case) -> str:
    return f"{case.status} at {case.agent}" if case.agent is not None else case.status
