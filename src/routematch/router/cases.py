"""What a router knows of one conversation: where it stands, who had it, what was tried."""

from __future__ import annotations

from typing import Any

from attrs import define, evolve, field

from routematch.model import AllOf, Attempt, Conversation, Outcome, human_only
from routematch.model.frozen import FrozenMap

__all__ = ["ENDED", "STATUSES", "Case"]

#: Where a conversation can stand; the last three are ends.
STATUSES = ("scheduled", "waiting", "offered", "active", "paused", "completed", "abandoned", "refused")
ENDED = frozenset({"completed", "abandoned", "refused"})


@define(eq=False)
class Case:
    """One conversation in a router.

    Attributes
    ----------
    conversation : Conversation
        As the host gave it last, with the arrival it is judged by.
    status : str
        From `STATUSES`.
    since : float
        When it came to stand there.
    agent : str or None
        Who holds it, while active; who had it, while paused.
    offer : str or None
        Its open offer.
    units : int or None
        What the host says it costs its agent, in thousandths; None: what its channel costs, as for every new agent.
    human : bool
        Whether an escalation asks for a human.
    queue : str or None
        Where it waits, after overflow or escalation.
    affinity : mapping from agent id to float
        Learned by the router: who knows the customer.
    excluded : tuple of str
        Agents a transfer excluded.
    declined : dict from agent id to (until, times)
        Agents it is not offered to again before an instant.
    attempts : list of Attempt
    """

    conversation: Conversation
    status: str
    since: float
    agent: str | None = None
    offer: str | None = None
    units: int | None = None
    human: bool = False
    queue: str | None = None
    admitted: str | None = None
    affinity: FrozenMap[str, float] | None = None
    excluded: tuple[str, ...] = ()
    declined: dict[str, tuple[float, int]] | None = None
    attempts: list[Attempt] | None = None
    outcomes: tuple[Outcome, ...] = ()
    earliest_at: float | None = None
    resume_at: float | None = None
    grace_until: float | None = None
    overflow_at: float | None = None
    returns: bool = False
    interrupted: bool = False
    answered_at: float | None = None
    ended_at: float | None = None
    handle_time: float = 0.0
    wrap_up_time: float = 0.0
    transfers: int = 0
    escalations: int = 0
    reason: str | None = None
    blocked_by: str | None = None
    review_at: float | None = None
    decision: int | None = None
    turn: tuple[float | None, float | None] | None = None
    given: tuple[float, float] = (0.0, 0.0)
    joined_at: float | None = None
    forecast: tuple[float, ...] = ()
    line: object = field(default=None, init=False, repr=False)
    view: Conversation | None = field(default=None, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Bring what was read from plain data into shape."""
        self.excluded, self.forecast = tuple(self.excluded), tuple(self.forecast)
        if self.attempts is not None:
            self.attempts = list(self.attempts)
        self.given = (self.given[0], self.given[1])
        if self.turn is not None:
            self.turn = (self.turn[0], self.turn[1])
        if self.declined is not None:
            self.declined = {agent: (until, times) for agent, (until, times) in self.declined.items()}
        if self.affinity is not None:
            self.affinity = FrozenMap(self.affinity)

    @property
    def id(self) -> str:
        """The conversation's id."""
        return self.conversation.id

    @property
    def stage(self) -> int:
        """Relaxation steps that had passed when it entered its line."""
        return 0 if self.line is None else self.line.line.key[1]  # type: ignore[attr-defined]  # a ticket

    @property
    def arrived_at(self) -> float:
        """When it began to wait; never reset by offers or transfers."""
        arrived_at = self.conversation.arrived_at
        assert arrived_at is not None
        return arrived_at

    @property
    def is_ended(self) -> bool:
        """Whether it is over."""
        return self.status in ENDED

    def seen(self, now: float) -> Conversation:
        """Return the conversation as a decision sees it: with its queue, exclusions and affinity by now."""
        if self.view is None:
            self.view = self._made(now)
        return self.view

    def _made(self, now: float) -> Conversation:
        given = self.conversation
        barred = tuple(agent for agent, (until, _) in (self.declined or {}).items() if until > now)
        changes: dict[str, Any] = {}
        if barred or self.excluded:
            changes["excludes"] = tuple(dict.fromkeys((*given.excludes, *self.excluded, *sorted(barred))))
        if self.affinity:
            changes["affinity"] = FrozenMap({**self.affinity, **given.affinity})
        if self.human:
            changes["requires"] = AllOf((given.requires, human_only))
        if self.queue != given.queue:
            changes["queue"] = self.queue
        return evolve(given, **changes) if changes else given

    def begin(self, agent: str, at: float) -> None:
        """Note that an agent's turn begins."""
        if self.attempts is None:
            self.attempts = []
        self.attempts.append(Attempt(agent, self.conversation.channel, at))

    def begin_anew(self, at: float) -> None:
        """Note that the turn that was offered begins now."""
        if self.attempts:
            self.attempts[-1] = evolve(self.attempts[-1], started_at=at)

    def end(self, at: float, ending: str) -> None:
        """Note how the current turn ended."""
        if self.attempts and self.attempts[-1].ending is None:
            self.attempts[-1] = evolve(self.attempts[-1], ended_at=at, ending=ending)
