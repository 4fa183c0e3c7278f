"""Policies of one's own, a few lines each: objects that look at a view and name pairs; None means to wait.

`routematch simulate desk.toml --policy desk_policies:Threshold` runs them as well as `own_policies.py` does.
"""

from routematch.routing import View


class LongestIdle:
    """Whoever waits longest goes to whoever is idle longest, as under the preset."""

    def on_arrival(self, view: View, conversation: str) -> str | None:
        """Name an agent for a conversation that has come."""
        return next(iter(view.eligible(conversation)), None)

    def on_free(self, view: View, agent: str) -> str | None:
        """Name a conversation for an agent who has room."""
        return next(iter(view.waiting_for(agent)), None)


class Threshold:
    """Technicians take calls only while two of them are free."""

    def on_arrival(self, view: View, conversation: str) -> str | None:
        """Name the first who may take it."""
        return next((agent for agent in view.eligible(conversation) if self.may(view, conversation, agent)), None)

    def on_free(self, view: View, agent: str) -> str | None:
        """Name the longest waiting that the agent may take."""
        return next((each for each in view.waiting_for(agent) if self.may(view, each, agent)), None)

    def may(self, view: View, conversation: str, agent: str) -> bool:
        """Whether the agent is to take it."""
        free = sum("network" in view.agent(other).skills for other in view.idle)
        technical = "technical" in view.conversation(conversation).labels
        return technical or free >= 2 or "network" not in view.agent(agent).skills


class MaxWeight(LongestIdle):
    """Serve where the number waiting times the value is largest (Tassiulas and Ephremides, 1992)."""

    def on_free(self, view: View, agent: str) -> str | None:
        """Name the longest waiting of that type."""
        number = {group[0]: len(group) for group in view.classes}
        return max(view.waiting_for(agent), key=lambda head: number[head] * view.value(head, agent), default=None)


class Idling(Threshold):
    """Whoever speaks Spanish is kept for Spanish calls, even while others wait."""

    def may(self, view: View, conversation: str, agent: str) -> bool:
        """Whether the agent is to take it."""
        spanish = "spanish" in view.conversation(conversation).labels
        return spanish or "spanish" not in view.agent(agent).skills
