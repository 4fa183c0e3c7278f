"""A scenario that starts from a live router: who waits and who is with whom, read off the router's snapshot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve

from routematch.codec import from_data
from routematch.errors import Faults
from routematch.model import Conversation
from routematch.router.snapshots import SNAPSHOT_SCHEMA, check_schema
from routematch.simulation.conversation_types import ConversationType
from routematch.simulation.present import Present

if TYPE_CHECKING:
    from routematch.simulation.scenario import Scenario

__all__ = ["started_from"]

_WAITING = ("waiting", "offered")


def started_from(
    scenario: Scenario, snapshot: Mapping[str, Any], type_of: Callable[[Conversation], str] | None = None
) -> Scenario:
    """Return a scenario that starts with the conversations of a snapshot; see `Scenario.started_from`."""
    check_schema(snapshot, SNAPSHOT_SCHEMA, SNAPSHOT_SCHEMA.rpartition("/")[0] + "/")
    faults = Faults()
    now = scenario.start_at if snapshot["now"] is None else float(snapshot["now"])
    agents = {agent.id for agent in scenario.roster()}
    found = []
    for entry in snapshot["conversations"]:
        if entry["status"] not in (*_WAITING, "active"):
            continue
        conversation = from_data(entry["conversation"], Conversation)
        name = type_of(conversation) if type_of is not None else _type_of(conversation, scenario.conversation_types)
        where = f"snapshot: conversation {conversation.id}"
        if name not in {kind.name for kind in scenario.conversation_types}:
            faults.add("must ask for the same as one of the scenario's types; say of which with type_of", place=where)
        elif entry["status"] == "active" and entry["agent"] not in agents:
            faults.add("must be with an agent of the scenario", place=where, given=entry["agent"])
        else:
            found.append(_present(conversation, name, entry, now))
    faults.raise_if_any()
    return evolve(scenario, start_at=now, initial=found)


def _present(conversation: Conversation, name: str, entry: Mapping[str, Any], now: float) -> Present:
    since = float(entry["since"])
    arrived = min(since if conversation.arrived_at is None else conversation.arrived_at, now)
    if entry["status"] in _WAITING:
        return Present(name, waited=now - arrived)
    return Present(name, waited=max(since - arrived, 0.0), agent=entry["agent"], elapsed=max(now - since, 0.0))


def _type_of(conversation: Conversation, types: Sequence[ConversationType]) -> str:
    """Return the first type that asks for the same, on the same channel and in the same queue; no name if none does."""
    asked = conversation.requires, conversation.channel, conversation.queue
    for kind in types:
        made = kind.conversation("any", arrived_at=0.0)
        if (made.requires, made.channel, made.queue) == asked:
            return kind.name
    return ""
