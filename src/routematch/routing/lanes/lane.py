"""The contract of a lane: one policy, compiled for one roster, deciding event by event in plain integers.

`decide()` is the definition: it looks at everybody at once. But where nobody who could be served is waiting while an
agent has room (as under every policy that holds nobody back), an event touches one row or one column only: a
conversation that arrives goes to the best agent with room, an agent who gets room takes the best conversation. A lane
does just that, with the very values `decide()` would compute, and so takes the same decisions in a hundredth of the
time. It is given only where that is exact, see `compile_lane`.

A lane knows conversations and agents by number. Who drives it (a simulation, a router) owns two lists by conversation
number: `arrived`, when it came, and `deadline`, until when it waits: infinity while nothing is known, and minus
infinity once it has left. Nobody is taken whose deadline has passed. The numbers of conversations that arrive at the
same instant must rise with their ids.

Times may be counted from any zero. Calls come in order of time.
"""

from __future__ import annotations

from typing import Protocol

from routematch.model import Conversation

__all__ = ["NOBODY", "Lane"]

#: What a lane returns where it pairs nothing.
NOBODY = -1


class Lane(Protocol):
    """What takes decisions one event at a time. Methods may be plain attributes that hold functions.

    Attributes
    ----------
    name : str
        Which kind of lane it is.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    def request(self, template: Conversation) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Return the request numbers of conversations like this one, one for each stage of relaxation.

        Also the waiting times after which one stage follows the other. New kinds may be asked for at any time.
        """
        ...

    def arrive(self, conversation: int, request: int, now: float) -> int:
        """Take in a conversation; return the agent who gets it, or `NOBODY`: then it waits."""
        ...

    def change(self, conversation: int, before: int, request: int, now: float) -> int:
        """Move a conversation that waits to another request number; return the agent who gets it, or `NOBODY`."""
        ...

    def enter(self, agent: int, now: float, running: int) -> None:
        """Let an agent come in who has so many conversations running; follow with `offer` until it says `NOBODY`."""
        ...

    def leave(self, agent: int) -> None:
        """Let an agent go; what it still has running is no longer the lane's."""
        ...

    def offer(self, agent: int, now: float) -> int:
        """Return a conversation that an agent takes with the room it has, or `NOBODY`."""
        ...

    def free(self, agent: int, now: float) -> int:
        """Note that an agent finished one conversation; return the one it takes next, or `NOBODY`."""
        ...
