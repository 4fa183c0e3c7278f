"""Rules say who *may* take a conversation. A new one is one file here and one line in `RULES`."""

from routematch.rules.channel import Channel
from routematch.rules.exclusions import Exclusions
from routematch.rules.presence import Presence
from routematch.rules.queue import QueueMembership
from routematch.rules.room import Room
from routematch.rules.rule import Rule
from routematch.rules.skills import Skills

__all__ = ["RULES", "Channel", "Exclusions", "Presence", "QueueMembership", "Room", "Rule", "Skills"]

#: Every rule by name, in the order in which they are asked; the first that refuses is the one that is named.
RULES = {
    rule.name: rule
    for rule in (
        Exclusions,
        Skills,
        Channel,
        QueueMembership,
        Presence,
        Room,
    )
}
