"""What a check of an input can find, and how findings about the same thing become one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

__all__ = ["FINDINGS", "MANY", "WHO", "Finding", "Findings", "S"]

#: What `check_input` can find, each with its sentence; what stands first is a problem, the rest are hints.
FINDINGS = {
    "no_agents": "there are no agents at all",
    "requirement_never_met": "a conversation asks for something that nobody meets, now or later",
    "channel_nobody_serves": "nobody serves a conversation's channel",
    "queue_nobody_serves": "nobody serves a conversation's queue",
    "everyone_excluded": "a conversation excludes every agent who fits",
    "never_room": "a conversation costs more units, or meets a lower cap, than every agent who fits has",
    "never_together": "each condition is met by somebody, but nobody meets all of them together",
    "skill_nobody_holds": "a skill is asked for that no agent lists",
    "level_above_everybody": "a level is asked for that no agent reaches, at least at first",
    "near_miss": "two skills are spelt almost alike, and one of them is never asked for",
    "near_miss_channel": "an agent names a channel or label that nothing has, spelt almost like one that is there",
    "served_only_later": "nobody can take a conversation until it has waited for a while",
    "relaxation_adds_nobody": "a relaxation leaves the same agents as before",
    "unknown_agent": "an affinity, an exclusion or a queue names an agent who is not there",
    "due_before_arrival": "a conversation is due before it arrives",
    "zero_capacity": "an agent has no capacity",
    "cost_above_capacity": "a conversation of a channel costs more units than the agent has",
    "agent_never_chosen": "an agent can never get any of these conversations",
    "no_conversations": "nothing waits",
}
_PROBLEMS = frozenset(list(FINDINGS)[:7])

_MOST_NAMED = 5


@frozen
class Finding:
    """Something in an input that can never work, or that somebody surely did not mean.

    Attributes
    ----------
    severity : str
        ``"problem"``: a conversation can never be served; ``"hint"``: worth a look.
    code : str
        A key of `FINDINGS`.
    place : str
        Where, as in error messages: ``conversations[3].requires``; the first place where there are several.
    message : str
    ids : tuple of str
        The conversations or agents it is about.
    """

    severity: str
    code: str
    place: str
    message: str
    ids: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return severity, code, message and place on one line."""
        return f"{self.severity} {self.code}: {self.message} @ {self.place}"

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as plain, JSON-able data."""
        return {
            "severity": self.severity,
            "code": self.code,
            "place": self.place,
            "message": self.message,
            "ids": list(self.ids),
        }


@frozen
class Findings:
    """Gathers findings; those that say the same of several conversations or agents become one."""

    positions: Mapping[str, int]
    places: Mapping[str, int]
    _found: dict[tuple[str, str], tuple[str, list[str]]] = field(factory=dict)

    def add(self, code: str, place: str, message: str, ids: Iterable[str] = ()) -> None:
        """Add a finding, or its ids to one that says the same."""
        _, known = self._found.setdefault((code, message), (place, []))
        known.extend(ids)

    def of_conversation(self, code: str, conversation: str, field_name: str, message: str) -> None:
        """Add a finding; ``{who}`` in the message becomes the conversations that share it."""
        self.add(code, f"conversations[{self.positions[conversation]}]{field_name}", message, [conversation])

    def of_agent(self, code: str, agent: str, field_name: str, message: str) -> None:
        """Add a finding; ``{who}`` in the message becomes the agents that share it."""
        self.add(code, f"agents[{self.places[agent]}]{field_name}", message, [agent])

    def sorted(self) -> tuple[Finding, ...]:
        """Return what was gathered, problems first, each in the order of `FINDINGS`."""
        order = {code: number for number, code in enumerate(FINDINGS)}
        made = [
            Finding(
                "problem" if code in _PROBLEMS else "hint",
                code,
                place,
                message.replace(WHO, _named(known)).replace(MANY, _counted(known)).replace(S, _plural(known)),
                tuple(known),
            )
            for (code, message), (place, known) in self._found.items()
        ]
        return tuple(sorted(made, key=lambda finding: order[finding.code]))


#: Stand-ins in messages, replaced when all ids are known; no id can hold them by chance.
WHO, MANY, S = "\ue000who\ue000", "\ue000many\ue000", "\ue000s\ue000"


def _named(ids: list[str]) -> str:
    """Return ``a, b and 3 more``."""
    if len(ids) <= _MOST_NAMED:
        return ", ".join(ids)
    return f"{', '.join(ids[: _MOST_NAMED - 1])} and {len(ids) - _MOST_NAMED + 1} more"


def _counted(ids: list[str]) -> str:
    return "1 agent" if len(ids) == 1 else f"{len(ids)} agents"


def _plural(ids: list[str]) -> str:
    return "s" if len(ids) == 1 else ""
