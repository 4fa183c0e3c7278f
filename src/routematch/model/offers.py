"""An offer: a conversation put before one agent, who may accept or decline until it expires.

>>> Offer("offer-1", "chat-17", "ana", made_at=60.0, expires_at=80.0).expires_at
80.0
"""

from __future__ import annotations

from attrs import field, frozen

from routematch.model.conversations import Conversation
from routematch.model.outcomes import Outcome

__all__ = ["ADMISSIONS", "ATTEMPT_ENDINGS", "Admission", "Attempt", "Context", "Offer"]

#: How an agent's turn at a conversation ended.
ATTEMPT_ENDINGS = (
    "accepted",
    "declined",
    "expired",
    "revoked",
    "completed",
    "abandoned",
    "transferred",
    "escalated",
    "paused",
    "lost",
    "moved",
    "claim_lost",
)
#: What became of a conversation at the door.
ADMISSIONS = ("waiting", "scheduled", "overflowed", "refused")


@frozen
class Attempt:
    """One agent's turn at a conversation, offered or served.

    Attributes
    ----------
    agent : str
    channel : str
    started_at : float
    ended_at : float or None
        None while it goes on.
    ending : str or None
        From `ATTEMPT_ENDINGS`.
    """

    agent: str
    channel: str
    started_at: float
    ended_at: float | None = None
    ending: str | None = None


@frozen
class Context:
    """What is known of a conversation, so that nothing is asked twice.

    Attributes
    ----------
    conversation : Conversation
        With the host's attributes.
    arrived_at : float
    attempts : tuple of Attempt
        Oldest first.
    channels : tuple of str
        It came on, oldest first.
    outcomes : tuple of Outcome
        Of earlier ends, where it was reopened.
    transfers, escalations : int
    known_agents : tuple of str
        Who knows the customer, the latest first.
    """

    conversation: Conversation
    arrived_at: float
    attempts: tuple[Attempt, ...] = ()
    channels: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    transfers: int = 0
    escalations: int = 0
    known_agents: tuple[str, ...] = ()


@frozen
class Offer:
    """A conversation put before an agent; it holds capacity until it ends, exactly once.

    Attributes
    ----------
    id, conversation, agent : str
    made_at, expires_at : float
        POSIX seconds; at `expires_at` it is over.
    units : float
        What it holds of the agent's capacity.
    worth : float
        Policy units.
    context : Context or None
        None in snapshots.
    """

    id: str
    conversation: str
    agent: str
    made_at: float
    expires_at: float
    units: float = 1.0
    worth: float = 0.0
    context: Context | None = field(default=None, repr=False, eq=False)


@frozen
class Admission:
    """What became of a conversation at the door.

    Attributes
    ----------
    status : str
        From `ADMISSIONS`.
    queue : str or None
        Where it waits; another one than asked for when it overflowed.
    reason : str or None
        Why it was not let in where it asked: ``"closed"`` or ``"full"``.
    """

    status: str
    queue: str | None = None
    reason: str | None = None
