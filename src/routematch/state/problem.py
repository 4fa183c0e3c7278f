"""Everything a rule or a term may look at, in columns: the one numeric border between objects and arrays.

>>> from routematch.model import Agent, Conversation
>>> problem = Problem.of([Conversation("chat-1", {"billing": 0.5})], [Agent("ana", {"billing": 0.9})], now=0.0)
>>> problem.declared(problem.backlog.classes[0]).achievement
array([0.9])
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults, InvalidInputError
from routematch.model import Agent, Conversation, Estimates, Queue, Requirement
from routematch.model.requirements import walk
from routematch.state.backlog import Backlog, RequestClass, check_conversations
from routematch.state.entries import read_entries
from routematch.state.learned import Learned
from routematch.state.roster import Declared, Roster

__all__ = ["Problem", "Settings", "SparsePairs", "latest"]

#: Most queues in one call.
MAX_QUEUES = 100_000

Given = TypeVar("Given")
Made = TypeVar("Made")
Checked = TypeVar("Checked")


@frozen
class Settings:
    """What a policy says once for all of its rules and terms.

    Attributes
    ----------
    aging_rate : float
        Policy units per second of waiting.
    seconds_per_priority : float
        Seconds of waiting that one point of priority stands for.
    default_handle_time : float
        Seconds, where nothing is known.
    tiers : tuple of tuple of str
        Presences that may take conversations, in order: a later tier only gets what earlier ones cannot take.
    """

    aging_rate: float = 1 / 3600
    seconds_per_priority: float = 60.0
    default_handle_time: float = 300.0
    tiers: tuple[tuple[str, ...], ...] = (("available",),)


@frozen(eq=False)
class SparsePairs:
    """Something about a few pairs only.

    Attributes
    ----------
    rows, agents : ndarray of intp, shape (N,)
        Positions in the backlog and in the roster.
    amounts : ndarray of float64, shape (N,)
        Policy units; ones where only the pairs matter.
    """

    rows: NDArray[np.intp]
    agents: NDArray[np.intp]
    amounts: NDArray[np.float64]


@frozen(eq=False)
class Problem:
    """One decision to be taken: who waits, who could take them, and what is known.

    Attributes
    ----------
    now : float
        POSIX seconds.
    backlog : Backlog
    roster : Roster
    settings : Settings
    estimates : Estimates
    memory : mapping
        What earlier decisions left behind; plain data.
    queues : mapping from id to Queue
    prospects : mapping from conversation id to float
        What some conversations may still get by waiting, in policy units, where that is more than the policy's option:
        an agent who knows the case and will be free soon.
    """

    now: float
    backlog: Backlog
    roster: Roster
    settings: Settings = field(factory=Settings)
    estimates: Estimates = field(factory=Estimates)
    memory: Mapping[str, object] = field(factory=dict)
    queues: Mapping[str, Queue] = field(factory=dict)
    prospects: Mapping[str, float] = field(factory=dict)
    _memo: dict[Hashable, object] = field(factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        conversations: Iterable[Conversation],
        agents: Iterable[Agent] | Roster,
        *,
        now: float | None = None,
        settings: Settings | None = None,
        estimates: Estimates | None = None,
        memory: Mapping[str, object] | None = None,
        queues: Iterable[Queue] = (),
        looks_at: frozenset[str] = frozenset(),
    ) -> Problem:
        """Check and encode the input of one decision.

        Parameters
        ----------
        conversations : iterable of Conversation
        agents : iterable of Agent, or Roster
        now : float, optional
            POSIX seconds; None means the latest `arrived_at` or `idle_since` in the input, 0.0 where there is none.
        settings, estimates, memory, queues
            As in the attributes.
        looks_at : frozenset of str
            As in `Backlog.of`.

        Returns
        -------
        Problem

        Raises
        ------
        InvalidInputError
            Listing every fault of conversations, agents and queues together.
        LimitExceededError
            When there are too many of them.
        """
        faults = Faults()
        by_id = _gather(faults, check_queues, queues) or {}
        roster = _gather(faults, Roster.of, agents)
        given = _gather(faults, lambda entries: check_conversations(entries, by_id), conversations)
        faults.raise_if_any()
        assert roster is not None
        assert given is not None
        instant = latest(given, roster) if now is None else now
        return cls(
            now=instant,
            backlog=Backlog.of(given, now=instant, queues=by_id, looks_at=looks_at),
            roster=roster,
            settings=settings or Settings(),
            estimates=estimates or Estimates(),
            memory=memory or {},
            queues=by_id,
        )

    def take(self, *, rows: Iterable[int] | None = None, agents: Iterable[int] | None = None) -> Problem:
        """Return the same decision for only some conversations or some agents."""
        return self.with_columns(
            backlog=self.backlog if rows is None else self.backlog.take(rows, now=self.now),
            roster=self.roster if agents is None else self.roster.take(agents),
        )

    def with_columns(self, *, backlog: Backlog | None = None, roster: Roster | None = None) -> Problem:
        """Return the same decision with other columns; what was remembered of these is left behind."""
        return Problem(
            now=self.now,
            backlog=self.backlog if backlog is None else backlog,
            roster=self.roster if roster is None else roster,
            settings=self.settings,
            estimates=self.estimates,
            memory=self.memory,
            queues=self.queues,
            prospects=self.prospects,
        )

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what `make` gives, made once for this problem; for facts that several requests share."""
        if key not in self._memo:
            self._memo[key] = make()
        return self._memo[key]  # type: ignore[return-value]  # the key says what it is

    def declared(self, request: RequestClass) -> Declared:
        """Return how the roster's profiles stand to what a request asks for."""
        return self.roster.declared(request.requires)

    def success(self, request: RequestClass) -> NDArray[np.float64] | None:
        """Return the learned success probability of each agent for a request, shape (A,).

        The weakest link among the request's skills: learned where history says something about agent and skill,
        declared otherwise. None where history says nothing about these skills.
        """
        learned = self.once("success", lambda: Learned.of(self.estimates.success, self.roster))
        if not learned.says_anything(_skills_that_count(request)):
            return None
        return learned.achievement(request.requires)

    def handle_time(self, request: RequestClass) -> NDArray[np.float64]:
        """Return the expected handle time of each agent for a request, in seconds, shape (A,).

        Of what history knows, the longest among the request's skills counts, then the channel's, then ``"*"``.
        """
        learned = self.once("handle_time", lambda: Learned.of(self.estimates.handle_time, self.roster))
        expected = np.full(len(self.roster), self.settings.default_handle_time)
        learned.overwrite(expected, "*")
        learned.overwrite(expected, request.channel)
        by_skill = learned.largest(sorted(_skills_that_count(request)))
        return np.where(np.isnan(by_skill), expected, by_skill)


def latest(conversations: Iterable[Conversation], roster: Roster) -> float:
    """Return the latest arrival or idle instant of the input; 0.0 where there is none."""
    instants = [c.arrived_at for c in conversations if c.arrived_at is not None]
    instants += [instant for instant in roster.idle_since.tolist() if instant > -np.inf]
    return max(instants, default=0.0)


def check_queues(queues: Iterable[Queue]) -> dict[str, Queue]:
    """Check declared queues; all faults at once.

    Raises
    ------
    InvalidInputError
        When an entry is no `Queue`, or (as `DuplicateIdError`) an id is given twice.
    LimitExceededError
        When there are more than `MAX_QUEUES`.
    """
    faults, by_id = Faults(), {}
    given = read_entries(queues, place="queues", noun="Queue(...)", most=MAX_QUEUES)
    for position, queue in enumerate(given):
        if not isinstance(queue, Queue):
            faults.add("must be a Queue(...)", place=f"queues[{position}]", given=queue)
        elif queue.id in by_id:
            faults.duplicate(queue.id, place=f"queues[{position}].id", first="an earlier queue")
        else:
            by_id[queue.id] = queue
    faults.raise_if_any()
    return by_id


def _gather(faults: Faults, check: Callable[[Given], Checked], given: Given) -> Checked | None:
    try:
        return check(given)
    except InvalidInputError as error:
        faults.extend(error.faults)
        return None


def _skills_that_count(request: RequestClass) -> frozenset[str]:
    return frozenset(part.skill for part in walk(request.requires) if isinstance(part, Requirement))
