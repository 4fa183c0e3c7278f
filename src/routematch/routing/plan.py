"""The answer: who gets what, who goes on waiting and why, how good that is at best, and what to ask next."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import field, frozen

from routematch.errors import Faults
from routematch.explain import Explanation, explain_conversation
from routematch.model import Agent, Assignment, Expectation, Held, Offer
from routematch.model.checks import is_a
from routematch.model.frozen import FrozenMap
from routematch.routing.counterfactual import gain_of_agent
from routematch.routing.memory import advanced
from routematch.state import THOUSANDTHS, MemberFault, Trace

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["PLAN_SCHEMA", "Plan"]

PLAN_SCHEMA = "routematch/plan/1"
_MOST_COMMITTED = 1_000_000


@frozen(eq=False, slots=False)
class Plan:
    """One joint decision over all waiting conversations and all free capacity.

    A plan is a proposal: the host claims each assignment in its own database, under the conditions in
    `Assignment.expect`. It is read off the trace of the decision; nothing is computed twice.

    Attributes
    ----------
    now : float
        The instant it was made for, in POSIX seconds.
    assignments : mapping from conversation id to Assignment
        In order of arrival.
    held : mapping from conversation id to Held
        In order of arrival.
    worth : float
        Total worth of the assignments less spreading charges, in policy units.
    bound : float
        No plan is worth more.
    is_optimal : bool
        Whether `worth` was proven to meet `bound`.
    memory : mapping
        Rotation, last assignments, decision number: plain data for the next call, as if all of it is committed.
    warnings : tuple of str
    faults : tuple of MemberFault
        Plugged-in parts that failed, and what they touched.
    policy : str
        Name of the policy.
    fingerprint : str
        Its fingerprint; empty for code.
    offers : tuple of Offer
        Made by a router in this step; empty elsewhere.
    revoked : tuple of Offer
        Withdrawn by a router since its last plan; empty elsewhere.
    parts : tuple of Plan
        Where a router decided in several steps: the earlier ones.
    """

    now: float
    assignments: Mapping[str, Assignment]
    held: Mapping[str, Held]
    worth: float
    bound: float
    is_optimal: bool
    memory: Mapping[str, Any]
    warnings: tuple[str, ...]
    faults: tuple[MemberFault, ...]
    policy: str
    fingerprint: str
    _trace: Trace | Callable[[], Trace] = field(repr=False)
    offers: tuple[Offer, ...] = field(default=(), kw_only=True)
    revoked: tuple[Offer, ...] = field(default=(), kw_only=True)
    parts: tuple[Plan, ...] = field(default=(), repr=False, kw_only=True)

    @cached_property
    def trace(self) -> Trace:
        """What explanations are read from; a decision that was made the quick way is made again for it."""
        return self._trace if isinstance(self._trace, Trace) else self._trace()

    @property
    def gap(self) -> float:
        """How much better a plan could be at most, in policy units; 0 when proven best."""
        return self.bound - self.worth

    @cached_property
    def next_review_at(self) -> float | None:
        """Earliest instant at which anything held can change by itself; None when nothing can."""
        return min((held.review_at for held in self.held.values() if held.review_at is not None), default=None)

    def pairs(self) -> dict[str, str]:
        """Return who serves each conversation, by id, in order of arrival."""
        return {identifier: assignment.agent for identifier, assignment in self.assignments.items()}

    def explain(self, conversation_id: str) -> Explanation:
        """Explain the answer for one conversation.

        Raises
        ------
        UnknownNameError
            When the conversation was not part of the decision.
        """
        known = conversation_id if is_a(conversation_id, str) else ""
        for part in self.parts:
            if known in part.assignments:
                return part.explain(known)
        return explain_conversation(self.trace, conversation_id, held=self.held.get(known))

    def memory_after(self, committed: Iterable[str]) -> dict[str, Any]:
        """Return the memory for the next call when only some assignments were committed.

        Parameters
        ----------
        committed : iterable of str
            No lone string. Ids of the conversations whose claim was won. With all of them this is `memory`.

        Returns
        -------
        dict
            Plain data. Who lost a claim keeps the turn.

        Raises
        ------
        InvalidInputError
            When it is no sequence of ids; `UnknownNameError` when a conversation was not assigned by this plan.
        """
        faults, won = Faults(), _listed(committed)
        if won is None:
            faults.add("must be a sequence of conversation ids", place="committed", given=committed)
        elif len(won) > _MOST_COMMITTED:
            faults.add(f"must have at most {_MOST_COMMITTED:,} ids", place="committed")
        else:
            for identifier in won:
                if not is_a(identifier, str) or identifier not in self.assignments:
                    faults.unknown(identifier, known=self.assignments, what="assignment")
        faults.raise_if_any()
        assert won is not None
        return advanced(self.trace.problem.memory, self.trace, committed=won)

    def gain_of_agent(self, agent: Agent) -> float | None:
        """Return what one more agent like this, taking one conversation, would have been worth to this plan.

        Parameters
        ----------
        agent : Agent
            Its load does not count. ``Agent("one more", {"spanish": 0.8})`` asks what a skill is worth now.

        Returns
        -------
        float or None
            In policy units. Exact where the plan is one proven matching problem; otherwise (mixed costs, several tiers,
            a budget that ran out) the difference to a second decision, as sure as the gaps of both. None for code.

        Raises
        ------
        InvalidInputError
            When it is no `Agent`.
        """
        if not is_a(agent, Agent):
            faults = Faults()
            faults.add("must be an Agent", place="agent", given=agent)
            faults.raise_if_any()
        return gain_of_agent(self.trace, agent)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain, JSON-able data; starts with its schema."""
        return {
            "schema": PLAN_SCHEMA,
            "now": self.now,
            "policy": {"name": self.policy, "fingerprint": self.fingerprint},
            "assignments": [_assignment_data(assignment) for assignment in self.assignments.values()],
            "held": [
                {
                    "conversation": h.conversation,
                    "reason": h.reason,
                    "review_at": h.review_at,
                    "blocked_by": h.blocked_by,
                }
                for h in self.held.values()
            ],
            "worth": self.worth,
            "bound": self.bound,
            "gap": self.gap,
            "is_optimal": self.is_optimal,
            "next_review_at": self.next_review_at,
            "memory": _plain(self.memory),
            "warnings": list(self.warnings),
            "faults": [
                {
                    "member": fault.member,
                    "kind": fault.kind,
                    "message": fault.message,
                    "conversations": list(fault.conversations),
                    "agents": list(fault.agents),
                }
                for fault in self.faults
            ],
        }

    def to_networkx(self) -> nx.Graph:
        """Return the matching graph: conversations and agents, an edge for every eligible pair.

        Nodes are ``("conversation", id)`` and ``("agent", id)`` with attribute ``bipartite`` 0 and 1; agents carry
        ``price``, edges ``worth`` and ``matched``.
        """
        import networkx as nx

        graph = nx.Graph(schema=PLAN_SCHEMA)
        backlog, roster = self.trace.problem.backlog, self.trace.problem.roster
        graph.add_nodes_from((("conversation", identifier) for identifier in backlog.ids), bipartite=0)
        for position, identifier in enumerate(roster.ids):
            graph.add_node(("agent", identifier), bipartite=1, price=float(self.trace.agent_price[position]))
        for row, conversation in enumerate(backlog.ids):
            agents, value = self.trace.candidates_of(row)
            for agent, worth in zip(agents.tolist(), (value - self.trace.hold[row]).tolist(), strict=True):
                matched = int(self.trace.agent_of[row]) == agent
                graph.add_edge(
                    ("conversation", conversation), ("agent", roster.ids[agent]), worth=worth, matched=matched
                )
        return graph

    def __str__(self) -> str:
        """Return a line for each conversation."""
        lines = [f"{a.conversation} -> {a.agent} (worth {a.worth:.3f})" for a in self.assignments.values()]
        lines += [f"{held.conversation} waits: {held.sentence}" for held in self.held.values()]
        return "\n".join(lines)


def _listed(ids: Iterable[str]) -> list[str] | None:
    """Return an iterable of ids as a list, one more than allowed at most; None for anything else."""
    if is_a(ids, str | bytes | bytearray):
        return None
    try:
        return list(islice(ids, _MOST_COMMITTED + 1))
    except Exception:  # noqa: BLE001 - a caller's own iterable may raise anything
        return None


def _assignment_data(assignment: Assignment) -> dict[str, Any]:
    expect = assignment.expect
    return {
        "conversation": assignment.conversation,
        "agent": assignment.agent,
        "worth": assignment.worth,
        "value": assignment.value,
        "stage": assignment.stage,
        "units": assignment.units,
        "expect": {
            "conversation_version": expect.conversation_version,
            "agent_version": expect.agent_version,
            "free_units": expect.free_units,
        },
    }


def _plain(value: Any) -> Any:  # noqa: ANN401 - plain data of any shape
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list | tuple) else value


def assignments_of(trace: Trace) -> Mapping[str, Assignment]:
    """Return the assignments of a trace, in order of arrival."""
    roster, backlog = trace.problem.roster, trace.problem.backlog
    free = roster.free
    made = {}
    for row in np.flatnonzero(trace.agent_of >= 0).tolist():
        agent, conversation = roster.agents[trace.agent_of[row]], backlog.conversations[row]
        value = trace.value_of(row, int(trace.agent_of[row]))
        made[conversation.id] = Assignment(
            conversation=conversation.id,
            agent=agent.id,
            worth=max(value - float(trace.hold[row]), 0.0),
            value=value,
            expect=Expectation(conversation.version, agent.version, float(free[trace.agent_of[row]]) / THOUSANDTHS),
            stage=int(backlog.stage[row]),
            units=round(agent.capacity.cost(conversation.channel) * THOUSANDTHS) / THOUSANDTHS,
        )
    return FrozenMap(made)


def held_of(
    trace: Trace, instants: np.ndarray[Any, np.dtype[np.float64]], reasons: Mapping[int, tuple[str, str | None]]
) -> Mapping[str, Held]:
    """Return the held conversations of a trace, in order of arrival."""
    ids = trace.problem.backlog.ids
    return FrozenMap(
        {
            ids[row]: Held(ids[row], reason, None if math.isinf(instants[row]) else float(instants[row]), blocked_by)
            for row, (reason, blocked_by) in sorted(reasons.items())
        }
    )
