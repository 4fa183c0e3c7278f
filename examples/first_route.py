"""Route three chats to two agents, and ask why: the smallest whole program."""

from datetime import UTC, datetime, timedelta

import routematch as rm


def main() -> None:
    """Print a plan, the reasons for it, and when to ask again."""
    now = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    agents = [
        rm.Agent("ana", {"billing": 0.9, "spanish": 0.8}),
        rm.Agent("bo", {"billing": 0.6, "french": 0.4}, capacity=2),
    ]
    french = rm.Requirement("french", 0.7, relax=(rm.After(timedelta(minutes=2), at_least=0.3),))
    waiting = [
        rm.Conversation("chat-17", {"billing": 0.5, "spanish": 0.5}, arrived_at=now - timedelta(seconds=50)),
        rm.Conversation("chat-18", {"billing": 0.3}, arrived_at=now - timedelta(seconds=40)),
        rm.Conversation("chat-19", french, arrived_at=now - timedelta(seconds=30)),
    ]

    plan = rm.route(waiting, agents, now=now)
    for conversation in waiting:
        print(plan.explain(conversation.id), end="\n\n")
    print(f"worth {plan.worth:.3f}, and no plan is worth more than {plan.bound:.3f}")

    later = plan.next_review_at
    assert later is not None, "chat-19 waits for its requirement to loosen"
    again = rm.route([waiting[2]], agents, now=later)
    print(f"asked again at {datetime.fromtimestamp(later, UTC):%H:%M:%S}: {again.pairs()}")


if __name__ == "__main__":
    main()
