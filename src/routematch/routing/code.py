"""Policies as code: any object that looks at a read-only view and names pairs.

Three shapes are understood, the first that is there is used:

- ``decide(view, generator)`` names all pairs at once: a mapping or pairs of conversation and agent ids, or a `Choice`;
- ``on_arrival(view, conversation_id)`` names one agent, or None, for each waiting conversation in order of arrival;
- ``on_free(view, agent_id)`` names one conversation, or None, for each agent with room, the longest idle first.

Naming nothing means idling. Rules and capacity bind code too: a pair that breaks them is a `ContractError`. The plan's
bound is what `measure` (`best_match` unless the object has a ``measure`` of its own) could have reached, so that
`Plan.gap` shows what the code leaves on the table.

>>> class FirstFree:
...     def on_arrival(self, view, conversation_id):
...         return next((agent for agent in view.eligible(conversation_id) if view.room(agent, conversation_id)), None)
>>> from routematch.model import Agent, Conversation
>>> from routematch.routing import route
>>> route([Conversation("a"), Conversation("b")], [Agent("ana")], policy=FirstFree()).pairs()
{'a': 'ana'}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeGuard, cast, runtime_checkable

import numpy as np
from attrs import evolve, field, frozen

from routematch.errors import ContractError, Faults, shorten
from routematch.model import Agent, Conversation
from routematch.model.checks import check_instant
from routematch.model.frozen import FrozenMap
from routematch.model.instants import as_instant
from routematch.policies import Policy, best_match
from routematch.routing.decide import decide
from routematch.state import THOUSANDTHS, Backlog, Problem, Trace

__all__ = ["Choice", "CodePolicy", "View", "decide_by_code", "is_code"]


@frozen
class Choice:
    """What code decided.

    Attributes
    ----------
    pairs : mapping from conversation id to agent id, or iterable of such pairs
    wake_at : float or None
        When to ask again if nothing happens, in POSIX seconds (also an aware datetime).
    """

    pairs: Mapping[str, str] | Iterable[tuple[str, str]] = ()
    wake_at: float | None = field(default=None, converter=as_instant)

    def __attrs_post_init__(self) -> None:
        """Check the instant."""
        faults = Faults()
        object.__setattr__(self, "wake_at", check_instant(faults, "wake_at", self.wake_at))
        faults.raise_if_any()


@frozen(eq=False)
class View:
    """What a policy in code may see; everything is read-only.

    Attributes
    ----------
    now : float
        POSIX seconds.
    given : mapping from conversation id to agent id
        What this decision has named so far.
    trace : Trace
        What the measure computed: columns, values, prices.
    """

    now: float
    given: Mapping[str, str]
    trace: Trace = field(repr=False)

    @property
    def waiting(self) -> tuple[str, ...]:
        """Conversations that are still without an agent, in order of arrival."""
        return tuple(identifier for identifier in self._backlog.ids if identifier not in self.given)

    @property
    def classes(self) -> tuple[tuple[str, ...], ...]:
        """Waiting conversations by request class, each in order of arrival."""
        groups: dict[int, list[str]] = {}
        for identifier, number in zip(self._backlog.ids, self._backlog.class_of.tolist(), strict=True):
            if identifier not in self.given:
                groups.setdefault(number, []).append(identifier)
        return tuple(tuple(group) for _, group in sorted(groups.items()))

    @property
    def heads(self) -> Mapping[str | None, str]:
        """The longest waiting conversation of each queue."""
        first: dict[str | None, str] = {}
        for identifier in self.waiting:
            first.setdefault(self.conversation(identifier).queue, identifier)
        return FrozenMap(first)

    @property
    def idle(self) -> tuple[str, ...]:
        """Agents without any load, longest idle first."""
        roster = self.trace.problem.roster
        busy = set(self.given.values())
        order = self.trace.candidates.order.tolist()
        return tuple(roster.ids[j] for j in order if roster.used[j] == 0 and roster.ids[j] not in busy)

    def conversation(self, conversation_id: str) -> Conversation:
        """Return a conversation by id."""
        return self._backlog.conversations[self._backlog.index[conversation_id]]

    def agent(self, agent_id: str) -> Agent:
        """Return an agent by id."""
        roster = self.trace.problem.roster
        return roster.agents[roster.index[agent_id]]

    def age(self, conversation_id: str) -> float:
        """Return how long a conversation has waited, in seconds."""
        return float(self._backlog.waited[self._backlog.index[conversation_id]])

    def load(self, agent_id: str) -> float:
        """Return an agent's units in use, what this decision gave included."""
        roster = self.trace.problem.roster
        return float(roster.used[roster.index[agent_id]] + self._taken(agent_id)) / THOUSANDTHS

    def free_units(self, agent_id: str) -> float:
        """Return an agent's free units, less what this decision gave."""
        roster = self.trace.problem.roster
        return float(max(roster.free[roster.index[agent_id]] - self._taken(agent_id), 0)) / THOUSANDTHS

    def eligible(self, conversation_id: str) -> tuple[str, ...]:
        """Return the agents whom no rule refuses, in tie order (longest idle first by default)."""
        agents, _ = self.trace.candidates_of(self._backlog.index[conversation_id])
        return tuple(self.trace.problem.roster.ids[agent] for agent in agents.tolist())

    def waiting_for(self, agent_id: str) -> tuple[str, ...]:
        """Return the longest waiting conversation of each request class that an agent may take, in order of arrival."""
        heads = sorted((group[0] for group in self.classes), key=self._backlog.index.__getitem__)
        return tuple(head for head in heads if agent_id in self.eligible(head) and self.room(agent_id, head))

    def value(self, conversation_id: str, agent_id: str) -> float:
        """Return the value of a pair by the measure, in policy units; minus infinity where it is not eligible."""
        return self.trace.value_of(self._backlog.index[conversation_id], self.trace.problem.roster.index[agent_id])

    def room(self, agent_id: str, conversation_id: str) -> bool:
        """Whether an agent still has the units and the caps for a conversation."""
        roster, channel = self.trace.problem.roster, self.conversation(conversation_id).channel
        position = roster.index[agent_id]
        if self._taken(agent_id) + roster.cost(channel)[position] > roster.free[position]:
            return False
        names = roster.capped_names.intersection((channel, *self.conversation(conversation_id).labels))
        return all(self._cap_left(position, name) != 0 for name in names)

    def _cap_left(self, position: int, name: str) -> int:
        roster = self.trace.problem.roster
        room = int(roster.room_under_cap(name)[position])
        if room < 0:
            return room
        mine = (self.conversation(c) for c, a in self.given.items() if a == roster.ids[position])
        return max(room - sum(name == c.channel or name in c.labels for c in mine), 0)

    def _taken(self, agent_id: str) -> int:
        roster = self.trace.problem.roster
        position = roster.index[agent_id]
        mine = (self.conversation(c) for c, a in self.given.items() if a == agent_id)
        return sum(int(roster.cost(c.channel)[position]) for c in mine)

    @property
    def _backlog(self) -> Backlog:
        return self.trace.problem.backlog


@runtime_checkable
class DecidesTogether(Protocol):
    """Code that names all pairs at once."""

    def decide(self, view: View, generator: np.random.Generator) -> object:
        """Return a mapping or pairs of ids, a `Choice`, or None."""


@runtime_checkable
class DecidesOnArrival(Protocol):
    """Code that is asked for each waiting conversation."""

    def on_arrival(self, view: View, conversation_id: str) -> str | None:
        """Return an agent id, or None to let it wait."""


@runtime_checkable
class DecidesOnFree(Protocol):
    """Code that is asked for each agent with room."""

    def on_free(self, view: View, agent_id: str) -> str | None:
        """Return a conversation id, or None to stay idle."""


CodePolicy = DecidesTogether | DecidesOnArrival | DecidesOnFree


def is_code(policy: object) -> TypeGuard[CodePolicy]:
    """Whether an object is a policy in code; a class that was not called is none."""
    verbs = ("decide", "on_arrival", "on_free")
    return not isinstance(policy, type) and any(callable(getattr(policy, verb, None)) for verb in verbs)


def measure_of(policy: object) -> Policy:
    """Return the policy in whose units code is measured: its own ``measure``, or `best_match`."""
    own = getattr(policy, "measure", None)
    return own if isinstance(own, Policy) else best_match()


def decide_by_code(problem: Problem, policy: CodePolicy, generator: np.random.Generator) -> tuple[Trace, float | None]:
    """Let code decide, hold it to rules and capacity, and measure what it reached.

    Parameters
    ----------
    problem : Problem
    policy : CodePolicy
    generator : numpy.random.Generator

    Returns
    -------
    trace : Trace
    wake_at : float or None

    Raises
    ------
    ContractError
        When it names an unknown id, a conversation twice, a pair that a rule refuses, or more than an agent can take.
    """
    measure = measure_of(policy)
    best = decide(problem, measure, generator)
    empty = View(problem.now, FrozenMap(), best)
    wake_at = None
    if hasattr(policy, "decide"):
        answer = cast("DecidesTogether", policy).decide(empty, generator)
        choice = answer if isinstance(answer, Choice) else None
        wake_at = choice.wake_at if choice else None
        given = _checked(policy, empty, choice.pairs if choice else answer)
    elif hasattr(policy, "on_arrival"):
        given = _ask_on_arrival(cast("DecidesOnArrival", policy), empty)
    else:
        given = _ask_on_free(policy, empty)
    return _measured(best, policy, measure, given), wake_at


def _ask_on_arrival(policy: DecidesOnArrival, view: View) -> dict[str, str]:
    given: dict[str, str] = {}
    for conversation in view.waiting:
        agent = policy.on_arrival(evolve(view, given=FrozenMap(given)), conversation)
        if agent is not None:
            given = _checked(policy, view, {**given, conversation: agent})
    return given


def _ask_on_free(policy: DecidesOnFree, view: View) -> dict[str, str]:
    given: dict[str, str] = {}
    trace = view.trace
    for position in trace.candidates.order.tolist():
        agent = trace.problem.roster.ids[position]
        for _ in view.waiting:
            now = evolve(view, given=FrozenMap(given))
            if not now.free_units(agent) or not now.waiting:
                break
            conversation = policy.on_free(now, agent)
            if conversation is None:
                break
            given = _checked(policy, view, [*given.items(), (conversation, agent)])
    return given


def _checked(policy: object, view: View, answer: object) -> dict[str, str]:
    """Return the named pairs.

    Raises
    ------
    ContractError
        Listing everything that breaks a rule or a capacity.
    """
    name = type(policy).__name__
    if answer is None:
        return {}
    entries = (
        list(answer.items()) if isinstance(answer, Mapping) else list(answer) if isinstance(answer, Iterable) else None
    )
    if entries is None or not all(isinstance(entry, tuple) and len(entry) == 2 for entry in entries):
        message = f"{name} must name pairs of conversation and agent ids, gave {shorten(answer)}"
        raise ContractError(message)
    given: dict[str, str] = {}
    breaches = []
    for conversation, agent in entries:
        breach = _breach(evolve(view, given=FrozenMap(given)), conversation, agent)
        if breach:
            breaches.append(f"{shorten(conversation)} -> {shorten(agent)}: {breach}")
        else:
            given[conversation] = agent
    if breaches:
        message = f"{name} named pairs that cannot be: {'; '.join(breaches[:20])}"
        raise ContractError(message)
    return given


def _breach(view: View, conversation: object, agent: object) -> str | None:
    problem = view.trace.problem
    if not isinstance(conversation, str) or conversation not in problem.backlog.index:
        return "no such conversation waits"
    if not isinstance(agent, str) or agent not in problem.roster.index:
        return "there is no such agent"
    if conversation in view.given:
        return "the conversation was named already"
    if agent not in view.eligible(conversation):
        return "a rule refuses the pair"
    return None if view.room(agent, conversation) else "the agent has no room left for it"


def _measured(best: Trace, policy: object, measure: Policy, given: Mapping[str, str]) -> Trace:
    """Return the trace of what code decided, measured in the units of the measure."""
    problem = best.problem
    agent_of = np.full(len(problem.backlog), -1, np.intp)
    worth = 0.0
    for conversation, agent in given.items():
        row, position = problem.backlog.index[conversation], problem.roster.index[agent]
        agent_of[row] = position
        worth += _steps(best.value_of(row, position), measure) - _steps(float(best.hold[row]), measure)
    return evolve(
        best,
        policy=policy,
        agent_of=agent_of,
        tier_of=np.where(agent_of >= 0, 0, -1),
        worth=worth * measure.resolution,
        bound=max(best.bound, worth * measure.resolution),
        is_optimal=False,
        method="code",
        solved=None,
    )


def _steps(amount: float, measure: Policy) -> float:
    return float(np.rint(amount / measure.resolution))
