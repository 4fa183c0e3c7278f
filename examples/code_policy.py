"""Replace the policy by code, and see what it leaves on the table: one by one against all together."""

import routematch as rm
from routematch.routing import View


class OneByOne:
    """Give each conversation, in order of arrival, to the best agent who is free."""

    def on_arrival(self, view: View, conversation_id: str) -> str | None:
        """Return the agent of highest value who has room, or None to let it wait."""
        free = [agent for agent in view.eligible(conversation_id) if view.room(agent, conversation_id)]
        return max(free, key=lambda agent: view.value(conversation_id, agent), default=None)


def main() -> None:
    """Print both plans and their worth, in the measure of the default policy."""
    agents = [
        rm.Agent("ana", {"billing": 0.9, "french": 0.8}),
        rm.Agent("bo", {"billing": 0.6}),
        rm.Agent("cy", {"billing": 0.5, "network": 0.7}),
    ]
    waiting = [
        rm.Conversation("chat-1", {"billing": 0.3}, arrived_at=0),
        rm.Conversation("chat-2", {"french": 0.5}, arrived_at=20),
        rm.Conversation("chat-3", {"network": 0.5}, arrived_at=30),
    ]

    single = rm.route(waiting, agents, policy=OneByOne(), now=60)
    joint = rm.route(waiting, agents, now=60)
    print(f"one by one  worth {single.worth:.3f}  {single.pairs()}")
    print(f"together    worth {joint.worth:.3f}  {joint.pairs()}")
    print(f"left on the table: {single.gap:.3f}")


if __name__ == "__main__":
    main()
