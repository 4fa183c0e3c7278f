"""What was decided about one conversation: who gets it, or why it goes on waiting.

>>> held = Held("chat-19", "no_eligible_agent", blocked_by="skills")
>>> held.reason
'no_eligible_agent'
"""

from __future__ import annotations

from attrs import field, frozen

__all__ = ["HELD_REASONS", "Assignment", "Expectation", "Held"]

#: Why a conversation is held, each with its sentence.
HELD_REASONS = {
    "no_agents": "there are no agents",
    "no_eligible_agent": "no agent meets what it asks for",
    "nobody_present": "agents who fit are not available now",
    "at_capacity": "every agent who fits is full",
    "needed_elsewhere": "the free agents who fit were needed more by others",
    "waiting_is_worth_more": "waiting is worth more than the best pairing that is possible now",
    "fault": "a plugged-in part failed for it",
    "policy": "the policy chose to wait",
    "budget": "the search budget ran out before its turn",
}


#: How `no_eligible_agent` reads, by the rule that stopped the agents who got furthest.
_STOPPED_BY = {
    "skills": HELD_REASONS["no_eligible_agent"],
    "exclusions": "it excludes every agent",
    "channel": "no agent who fits serves its channel",
    "queue": "no agent who fits serves its queue",
}


@frozen
class Expectation:
    """What must still be true when the host claims an assignment; otherwise the claim is lost.

    Attributes
    ----------
    conversation_version, agent_version : str, int or None
        As given in the input.
    free_units : float
        Units of the agent that were free when the plan was made, before any of its assignments.
    """

    conversation_version: str | int | None = None
    agent_version: str | int | None = None
    free_units: float = 0.0


@frozen
class Assignment:
    """A conversation given to an agent.

    Attributes
    ----------
    conversation, agent : str
    worth : float
        Value of the pair less the value of going on waiting, in policy units; never negative.
    value : float
        Value of the pair, in policy units.
    expect : Expectation
        The preconditions of the claim.
    stage : int
        How many relaxation steps had passed.
    units : float
        Units of the agent's capacity it takes.
    """

    conversation: str
    agent: str
    worth: float
    value: float
    expect: Expectation = field(factory=Expectation)
    stage: int = 0
    units: float = 1.0


@frozen
class Held:
    """A conversation that goes on waiting, decided and explained.

    Attributes
    ----------
    conversation : str
    reason : str
        A key of `HELD_REASONS`.
    review_at : float or None
        Earliest instant at which the answer can change without any event, in POSIX seconds: never later than the
        true one, and the instant of the decision itself where no better bound is known. None: it cannot.
    blocked_by : str or None
        The rule that stopped the agents who got furthest, or the part that failed, where that is the cause.
    """

    conversation: str
    reason: str
    review_at: float | None = None
    blocked_by: str | None = None

    @property
    def sentence(self) -> str:
        """The reason in words."""
        if self.reason == "fault" and self.blocked_by is not None:
            return f"the part {self.blocked_by} failed for it"
        if self.reason == "no_eligible_agent" and self.blocked_by is not None:
            return _STOPPED_BY.get(self.blocked_by, f"the rule {self.blocked_by} refuses every agent")
        return HELD_REASONS.get(self.reason, self.reason)
