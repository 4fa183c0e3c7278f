"""What can never work in an input, whoever is present and however long one waits: misspelt skills, impossible levels.

>>> from routematch.model import Agent, Conversation
>>> agents = [Agent("ana", {"spannish": 0.8}), Agent("bo", {"billing": 0.6})]
>>> for finding in check_input([Conversation("chat-1", {"spanish": 0.5})], agents):
...     print(finding.severity, finding.message, sep=": ")
problem: nobody meets spanish >= 0.5, which chat-1 asks for
hint: nobody holds 'spanish', which chat-1 asks for; did you mean 'spannish'?
hint: 2 agents can never get any of these conversations: ana, bo
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from routematch.explain.conversation import parts_that_must_hold
from routematch.explain.findings import MANY, WHO, Finding, Findings, S
from routematch.explain.slips import check_capacity, check_channels, check_due, check_names, check_skills
from routematch.model import Agent, Conversation, Queue
from routematch.model.instants import Instant, as_instant
from routematch.model.requirements import ANYONE
from routematch.policies import Policy, all_rules
from routematch.rules import Channel, Exclusions, QueueMembership, Skills
from routematch.state import Problem, RequestClass, Roster

__all__ = ["check_input"]


def check_input(
    conversations: Iterable[Conversation],
    agents: Iterable[Agent] | Roster,
    *,
    queues: Iterable[Queue] = (),
    policy: object = None,
    now: Instant | None = None,
) -> tuple[Finding, ...]:
    """Find what can never be served and what is probably a slip, whoever is present and busy just now.

    Every conversation that no agent can take now or at any later relaxation stage leads to exactly one problem, which
    names the first cause; conversations with the same cause share one. All the rest are hints.

    Parameters
    ----------
    conversations : iterable of Conversation
    agents : iterable of Agent, or Roster
    queues : iterable of Queue
    policy : Policy, optional
        Only its rules count. Rules of the library are asked, except presence and room; plugged-in rules are not, since
        they may look at anything. None, or code, means all rules.
    now : float or datetime, optional
        As in `route`.

    Returns
    -------
    tuple of Finding
        Problems before hints, each in the order of `FINDINGS`. Empty where nothing is found.

    Raises
    ------
    InvalidInputError
        When the input itself is wrong; all faults at once.
    """
    given, queues = list(conversations), list(queues)
    roster = agents if isinstance(agents, Roster) else list(agents)
    problem = Problem.of(given, roster, now=as_instant(now), queues=queues)
    positions = {conversation.id: place for place, conversation in enumerate(given)}
    places = {agent.id: place for place, agent in enumerate(roster.agents if isinstance(roster, Roster) else roster)}
    findings = Findings(positions, places)
    if not len(problem.roster):
        findings.add("no_agents", "agents", "there are no agents, so nothing can ever be served", tuple(positions))
    elif given:
        _Feasibility(problem, policy, findings).check()
        check_skills(problem, findings)
    if not given:
        findings.add("no_conversations", "conversations", "there are no conversations")
    check_names(problem, findings, queues)
    check_channels(problem, findings)
    check_due(problem, findings)
    check_capacity(problem, findings)
    return findings.sorted()


class _Feasibility:
    """Who could ever take what: skills, channel, queue, exclusions and total capacity, without presence and load."""

    def __init__(self, problem: Problem, policy: object, findings: Findings) -> None:
        self.problem, self.findings = problem, findings
        rules = policy.rules if isinstance(policy, Policy) else all_rules()
        self.kinds = {type(rule) for rule in rules}
        self.ever = np.zeros(len(problem.roster), bool)
        self._static: dict[RequestClass, dict[str, NDArray[np.bool_]]] = {}
        self._stages: dict[object, list[tuple[float, RequestClass]]] = {}

    def check(self) -> None:
        for row in range(len(self.problem.backlog)):
            self._check_row(row)
        self._check_agents()

    def _check_row(self, row: int) -> None:
        backlog = self.problem.backlog
        barred = self._barred(row)
        stages = self._stages_of(row)
        fitting = [self._fits(request) & ~barred for _, request in stages]
        waited = float(backlog.waited[row])
        ahead = [number for number, (after, _) in enumerate(stages) if after > waited]
        current = (ahead[0] if ahead else len(stages)) - 1
        for fits in fitting[current:]:
            self.ever |= fits
        if not any(fits.any() for fits in fitting[current:]):
            self._report_never(row, [request for _, request in stages[current:]], barred)
        elif not fitting[current].any():
            self._report_later(row, stages, fitting, current)
        self._report_relaxations(row, stages, fitting)

    def _barred(self, row: int) -> NDArray[np.bool_]:
        roster = self.problem.roster
        barred = np.zeros(len(roster), bool)
        if Exclusions in self.kinds:
            excluded = self.problem.backlog.conversations[row].excludes
            barred[[roster.index[name] for name in excluded if name in roster.index]] = True
        return barred

    def _stages_of(self, row: int) -> list[tuple[float, RequestClass]]:
        """Return every stage from the arrival on: the wait at which it begins, and what is asked for then."""
        backlog = self.problem.backlog
        request = backlog.classes[backlog.class_of[row]]
        key = (backlog.conversations[row].requires, request.queue, request.channel, request.labels)
        if key not in self._stages:
            queue = self.problem.queues.get(request.queue) if request.queue is not None else None
            self._stages[key] = [
                (
                    after,
                    RequestClass(
                        requires=backlog.requirement_at(row, after) or ANYONE,
                        channel=request.channel,
                        queue=request.queue,
                        secondary=queue is None or after >= queue.secondary_after,
                        labels=request.labels,
                        prefers=(),
                    ),
                )
                for after in sorted({0.0, *backlog.steps_of(row)})
            ]
        return self._stages[key]

    def _parts(self, request: RequestClass) -> dict[str, NDArray[np.bool_]]:
        """Return who passes each hurdle, shape (A,); hurdles that the policy does not have are left out."""
        known = self._static.get(request)
        if known is not None:
            return known
        problem = self.problem
        parts = {}
        if Skills in self.kinds:
            parts["requirement_never_met"] = problem.declared(request).met[problem.roster.profile_of]
        if Channel in self.kinds:
            parts["channel_nobody_serves"] = Channel().allowed(problem, request)[problem.roster.profile_of]
        if QueueMembership in self.kinds:
            parts["queue_nobody_serves"] = QueueMembership().allowed(problem, request)
        parts["never_room"] = _has_room_ever(problem.roster, request)
        self._static[request] = parts
        return parts

    def _fits(self, request: RequestClass) -> NDArray[np.bool_]:
        fits = np.ones(len(self.problem.roster), bool)
        for passed in self._parts(request).values():
            fits &= passed
        return fits

    def _report_never(self, row: int, requests: list[RequestClass], barred: NDArray[np.bool_]) -> None:
        """Name the first hurdle that nobody takes at any stage; failing that, what only fails together."""
        name = self.problem.backlog.ids[row]
        conversation = self.problem.backlog.conversations[row]
        sentences = {
            "requirement_never_met": (".requires", self._unmet(requests)),
            "channel_nobody_serves": (
                ".channel",
                f"nobody serves the channel {conversation.channel}, as {WHO} need{S}",
            ),
            "queue_nobody_serves": (".queue", f"nobody serves the queue {conversation.queue}, where {WHO} wait{S}"),
            "never_room": ("", f"no agent's capacity ever has room for a {conversation.channel} such as {WHO}"),
        }
        for code in self._parts(requests[0]):
            if not any(self._parts(request)[code].any() for request in requests):
                field_name, message = sentences[code]
                self.findings.of_conversation(code, name, field_name, message)
                return
        if any((self._fits(request) & barred).any() for request in requests):
            message = f"every agent who fits is excluded by {WHO}"
            self.findings.of_conversation("everyone_excluded", name, ".excludes", message)
            return
        self._report_together(name, requests)

    def _unmet(self, requests: list[RequestClass]) -> str:
        last = requests[-1].requires
        declared, roster = self.problem.roster.declared, self.problem.roster
        parts = parts_that_must_hold(last)
        unmet = [part for part in parts if not declared(part).met.any()]
        if not len(roster) or not unmet:
            return f"nobody meets all of {last}, which {WHO} ask{S} for"
        return f"nobody meets {' or '.join(map(str, unmet))}, which {WHO} ask{S} for"

    def _report_together(self, name: str, requests: list[RequestClass]) -> None:
        words = {
            "requirement_never_met": "meets what is asked for",
            "channel_nobody_serves": f"serves the channel {requests[-1].channel}",
            "queue_nobody_serves": f"serves the queue {requests[-1].queue}",
            "never_room": "has the capacity",
        }
        *most, last = [word for code, word in words.items() if not self._parts(requests[-1]).get(code, np.True_).all()]
        message = f"nobody {', '.join(most)} and {last} all at once, as {WHO} need{S}"
        self.findings.of_conversation("never_together", name, "", message)

    def _report_later(
        self, row: int, stages: list[tuple[float, RequestClass]], fitting: list[NDArray[np.bool_]], current: int
    ) -> None:
        name = self.problem.backlog.ids[row]
        first = next(number for number in range(current, len(stages)) if fitting[number].any())
        message = f"nobody can take {WHO} before {stages[first][0]:g} s of waiting"
        self.findings.of_conversation("served_only_later", name, ".requires", message)

    def _report_relaxations(
        self, row: int, stages: list[tuple[float, RequestClass]], fitting: list[NDArray[np.bool_]]
    ) -> None:
        name = self.problem.backlog.ids[row]
        for number in range(1, len(stages)):
            after, request = stages[number]
            if not (fitting[number] & ~fitting[number - 1]).any():
                message = f"after {after:g} s {WHO} ask{S} for {request.requires}, which adds nobody"
                self.findings.of_conversation("relaxation_adds_nobody", name, ".requires", message)

    def _check_agents(self) -> None:
        roster = self.problem.roster
        for agent in np.flatnonzero(~self.ever & (roster.units > 0)).tolist():
            message = f"{MANY} can never get any of these conversations: {WHO}"
            self.findings.of_agent("agent_never_chosen", roster.ids[agent], "", message)


def _has_room_ever(roster: Roster, request: RequestClass) -> NDArray[np.bool_]:
    """Return who could take one such conversation with nothing else to do, shape (A,)."""
    possible = (roster.units >= roster.cost(request.channel)) & (roster.units > 0)
    for name in roster.capped_names.intersection((request.channel, *request.labels)):
        banned = np.array([capacity.caps.get(name) == 0 for capacity in roster.capacities], bool)
        possible &= ~banned[roster.capacity_of]
    return possible
