"""What an explanation says, as plain values, and how it reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import field, fields, frozen, has

from routematch.model.frozen import FrozenMap

__all__ = [
    "OBSTACLES",
    "Alternative",
    "Blocking",
    "Explanation",
    "PriceNote",
    "Refusal",
    "RelaxationEffect",
    "TradeOff",
]


@frozen
class Alternative:
    """The best other agent who could have had the conversation.

    Attributes
    ----------
    agent : str
    value : float
        In policy units.
    gap : float
        By how much the chosen pair is better; negative where this one would have been better for the conversation.
    """

    agent: str
    value: float
    gap: float


#: Why an agent who would have been better was not chosen, each with its clause.
OBSTACLES = {
    "needed_more": "{needed_by} needed {agent} more (it would lose {loss})",
    "tie": "that would be worth as much in all, and the order of ties decides",
    "priority": "strict priority goes first",
    "tier": "earlier tiers of availability go first",
    "joint": "what {agent} carries instead is worth more in all",
    "policy": "the policy chose otherwise",
    "budget": "the search ended before it was found",
    "charge": "that would cost more elsewhere",
}


@frozen
class TradeOff:
    """A better agent existed, but somebody else needed that agent more, or something else stood in the way.

    Attributes
    ----------
    agent : str
    gain : float
        What the conversation would have gained there, in policy units.
    needed_by : str or None
        The conversation that got the agent and would lose least by giving it up; None where nobody got it.
    loss : float or None
        What would be lost elsewhere, in policy units, where the agent was needed more: exact, and above the gain. None
        otherwise.
    obstacle : str
        A key of `OBSTACLES`.
    short : float or None
        By how much the value of this pair would have to rise, in policy units, for a plan with it to be as good; exact.
        None where no rise is enough, or where the decision was not one proven matching problem.
    """

    agent: str
    gain: float
    needed_by: str | None
    loss: float | None
    obstacle: str = "needed_more"
    short: float | None = None

    @property
    def sentence(self) -> str:
        """The obstacle as a clause: ``chat-17 needed ana more (it would lose 0.800)``."""
        loss = "" if self.loss is None else _number(self.loss)
        return OBSTACLES[self.obstacle].format(needed_by=self.needed_by, agent=self.agent, loss=loss)


@frozen
class Refusal:
    """Why an agent was not eligible.

    Attributes
    ----------
    agent : str
    rule : str
    sentence : str
        A clause: ``is away on chat``.
    """

    agent: str
    rule: str
    sentence: str


@frozen
class Blocking:
    """A part of the requirements that stands in the way.

    Attributes
    ----------
    part : str
        As text: ``french >= 0.5``.
    met_by : int
        Agents in the roster who meet it.
    would_add : int
        Agents who would become eligible if only this part were dropped.
    """

    part: str
    met_by: int
    would_add: int


@frozen
class RelaxationEffect:
    """What a relaxation to come will do.

    Attributes
    ----------
    at : float
        POSIX seconds.
    after : float
        Seconds of waiting.
    requires : str
        What is asked from then on.
    would_add : int
        Agents who become eligible beyond those eligible now, everything else unchanged.
    """

    at: float
    after: float
    requires: str
    would_add: int


@frozen
class PriceNote:
    """What the price of an agent's time had to say.

    Attributes
    ----------
    agent : str
        Who serves, or who would have been best now.
    minute : float
        What the agent's next minute is worth elsewhere, in policy units.
    kept_for : str or None
        The other type of conversation that the agent is wanted for most.
    charge : float
        What this conversation is charged for the agent's time.
    loss : float or None
        Held only: by how much being served now by that agent, its time free of charge, is more than waiting is worth.
    """

    agent: str
    minute: float
    kept_for: str | None
    charge: float
    loss: float | None = None

    @property
    def sentence(self) -> str:
        """In plain words: ``ana is kept for spanish: ana's next minute is worth 0.120``, and what it means here."""
        kept = f"{self.agent} is kept for {self.kept_for}: " if self.kept_for else ""
        worth = f"{kept}{self.agent}'s next minute is worth {_number(self.minute)}"
        if self.loss is None:
            return f"{worth}, this conversation is charged {_number(self.charge)}"
        return f"{worth}, this conversation would take {_number(self.charge)} and loses {_number(self.loss)} by waiting"


@frozen
class Explanation:
    """Why one conversation was answered as it was. Numbers are those of the decision.

    Attributes
    ----------
    conversation : str
    agent : str or None
        None where it is held.
    requires : str
        What it asks for at its current stage.
    value, hold, worth : float or None
        In policy units; value and worth None where it is held.
    terms : mapping from term name to float
        What makes up the value.
    urgency : mapping from term name to float
        What lowers hold.
    achievement_from : str or None
        ``"declared"`` proficiency or ``"learned"`` success.
    runner_up : Alternative or None
    better : tuple of TradeOff
        Agents who would have been better for it, best first.
    refused : tuple of Refusal
        Every agent whom a rule refuses: those who got furthest first, then in order of id.
    margin : float or None
        By how much the value of the chosen pair may fall, in policy units, until another plan is as good; exact. None
        where the conversation is held, where no fall is enough, or where the decision was not one proven matching
        problem.
    ties : tuple of str
        Order that decides between equals.
    reason : str or None
        Why it is held.
    sentence : str or None
        The same in words.
    now : float
        The instant of the decision.
    review_at : float or None
        Earliest instant at which the answer can change by itself; `now` where it may at any time.
    blocking : tuple of Blocking
        Held only: the parts of its requirements, the one whose end would add most agents first.
    relaxations : tuple of RelaxationEffect
        Held only: what is to come.
    price : PriceNote or None
        With a policy that has prices: of the agent who serves or, where it is held, who would have been best now.
    """

    conversation: str
    agent: str | None
    requires: str
    value: float | None
    hold: float
    worth: float | None
    terms: Mapping[str, float] = field(factory=FrozenMap)
    urgency: Mapping[str, float] = field(factory=FrozenMap)
    achievement_from: str | None = None
    runner_up: Alternative | None = None
    better: tuple[TradeOff, ...] = ()
    refused: tuple[Refusal, ...] = ()
    margin: float | None = None
    ties: tuple[str, ...] = ()
    reason: str | None = None
    sentence: str | None = None
    now: float = 0.0
    review_at: float | None = None
    blocking: tuple[Blocking, ...] = ()
    relaxations: tuple[RelaxationEffect, ...] = ()
    price: PriceNote | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as plain, JSON-able data."""
        data: dict[str, Any] = _plain(self)
        return {"schema": "routematch/explanation/1", **data}

    def text(self, *, refusals: int = 5) -> str:
        """Return the explanation in words, a few lines.

        Parameters
        ----------
        refusals : int
            How many refused agents to name.
        """
        return "\n".join([*self._answer(), *self._others(), *self._refusals(refusals)])

    def __str__(self) -> str:
        """Return the explanation in words."""
        return self.text()

    def _answer(self) -> list[str]:
        if self.agent is not None:
            assert self.worth is not None
            lines = [f"{self.conversation} -> {self.agent}: worth {_number(self.worth)}"]
            lines.append(f"  value {_number(self.value or 0)} = {_sum(self.terms)}{self._source()}")
            lines.append(f"  waiting is worth {_number(self.hold)}{self._pressing()}")
            if self.price is not None and self.price.minute:
                lines.append(f"  {self.price.sentence}")
            return lines
        lines = [f"{self.conversation} waits: {self.sentence}"]
        if self.price is not None and self.price.minute:
            lines.append(f"  {self.price.sentence}")
        lines.append(f"  it asks for {self.requires}")
        for part in self.blocking[:3]:
            agents = (
                "nobody meets" if not part.met_by else f"{_agents(part.met_by)} meet{'s' if part.met_by == 1 else ''}"
            )
            lines.append(f"  {agents} {part.part}; without it {part.would_add or 'nobody'} more could take it")
        for step in self.relaxations[:3]:
            lines.append(
                f"  after {step.after:g} s it asks for {step.requires}: {step.would_add or 'nobody'} more could take it"
            )
        lines.append(f"  {_when(self.review_at, self.now)}")
        return lines

    def _source(self) -> str:
        return f" (achievement: {self.achievement_from})" if self.achievement_from else ""

    def _pressing(self) -> str:
        pressing = {name: amount for name, amount in self.urgency.items() if amount}
        return f" (urgency: {_sum(pressing)})" if pressing else ""

    def _others(self) -> list[str]:
        lines = []
        if self.runner_up is not None and not self.better:
            other = self.runner_up
            if abs(other.gap) < 1e-9:
                by = f", decided by {', then '.join((*self.ties, 'id'))}"
                lines.append(f"  runner-up {other.agent}: equal{by}")
            else:
                lines.append(f"  runner-up {other.agent}: {_number(other.gap)} less")
        lines += [
            f"  {trade.agent} would have been better by {_number(trade.gain)}, but {trade.sentence}"
            for trade in self.better[:3]
        ]
        return lines

    def _refusals(self, most: int) -> list[str]:
        lines = [f"  {refusal.agent} {refusal.sentence}" for refusal in self.refused[:most]]
        if len(self.refused) > most:
            more = len(self.refused) - most
            lines.append("  and 1 more agent is refused" if more == 1 else f"  and {more} more agents are refused")
        return lines


def _plain(value: object) -> Any:  # noqa: ANN401 - plain data of any shape
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    kind = type(value)
    return {entry.name: _plain(getattr(value, entry.name)) for entry in fields(kind)} if has(kind) else value


def _number(amount: float) -> str:
    shown = f"{amount:.3f}"
    return "0.000" if shown == "-0.000" else shown


def _sum(parts: Mapping[str, float]) -> str:
    shown = [(name, amount) for name, amount in parts.items() if amount or len(parts) == 1]
    text = "".join(f" {'-' if amount < 0 else '+'} {name} {_number(abs(amount))}" for name, amount in shown)
    return (text[3:] if text.startswith(" + ") else text.strip()) or "0"


def _agents(count: int) -> str:
    return "1 agent" if count == 1 else f"{count} agents"


def _when(instant: float | None, now: float) -> str:
    if instant is None:
        return "only an event can change the answer"
    if instant <= now:
        return "the answer may change at any time; ask again at your usual pace"
    if instant > 1e8:
        return (
            f"the answer can change by itself at {datetime.fromtimestamp(instant, UTC).isoformat(timespec='seconds')}"
        )
    return f"the answer can change by itself at {instant:g}"
