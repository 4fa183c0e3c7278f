"""The whole of `route`, once more and slowly: every pair judged by itself, every plan considered.

Written from the rules of the house alone, for small cases in tests: plain Python over the nouns, no arrays, nothing
shared with the engine. Where `route` promises an exact answer, both must agree in worth and in every pair.

>>> from routematch.model import Agent, Conversation
>>> answer = best_plan([Conversation("a", "french"), Conversation("b")], [Agent("ana", {"french": 0.5})])
>>> answer.pairs, round(answer.worth, 3)
({'b': 'ana'}, 1.0)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import numpy as np
from attrs import field, frozen

from routematch.model import (
    Agent,
    AllOf,
    AnyOf,
    Attribute,
    Condition,
    Conversation,
    Estimates,
    NoneOf,
    Queue,
    Requirement,
)
from routematch.policies import Policy, best_match

__all__ = ["Answer", "Case", "best_plan", "breaches"]

#: Wishes do not loosen with time: they stand as at the start.
_BEFORE_ANY_STEP = -1.0


@frozen
class Answer:
    """What the oracle found.

    Attributes
    ----------
    pairs : dict from conversation id to agent id
        The canonical plan among the best.
    worth : float
        Total worth less spreading charges, in policy units.
    """

    pairs: dict[str, str]
    worth: float


@frozen
class Case:
    """One decision, judged pair by pair.

    Attributes
    ----------
    conversations : tuple of Conversation
        In order of arrival and id.
    agents : tuple of Agent
        In tie order.
    policy : Policy
    now : float
    estimates : Estimates
    queues : mapping from id to Queue
    """

    conversations: tuple[Conversation, ...]
    agents: tuple[Agent, ...]
    policy: Policy
    now: float
    estimates: Estimates = field(factory=Estimates)
    queues: Mapping[str, Queue] = field(factory=dict)

    @classmethod
    def of(
        cls,
        conversations: Iterable[Conversation],
        agents: Iterable[Agent],
        *,
        policy: Policy | None = None,
        now: float | None = None,
        estimates: Estimates | None = None,
        memory: Mapping[str, object] | None = None,
        seed: int | None = None,
        queues: Iterable[Queue] = (),
    ) -> Case:
        """Take the arguments of `route` and put both sides in order."""
        waiting, people = list(conversations), sorted(agents, key=lambda agent: agent.id)
        chosen = policy or best_match()
        instants = [c.arrived_at for c in waiting] + [a.idle_since for a in people]
        instant = now if now is not None else max((t for t in instants if t is not None), default=0.0)
        keys = [_tie_keys(tie, people, instant, memory or {}, seed or 0) for tie in chosen.ties]
        order = sorted(range(len(people)), key=lambda j: (*(column[j] for column in keys), people[j].id))
        return cls(
            tuple(sorted(waiting, key=lambda c: (_arrival(c, instant), c.id))),
            tuple(people[j] for j in order),
            chosen,
            instant,
            estimates or Estimates(),
            {queue.id: queue for queue in queues},
        )

    def waited(self, conversation: Conversation) -> float:
        """Return the seconds a conversation has waited."""
        return self.now - _arrival(conversation, self.now)

    def parts(self, conversation: Conversation) -> list[Condition]:
        """Return everything that is asked for: by the conversation, and by its queue."""
        queue = self.queues.get(conversation.queue or "")
        return [conversation.requires] + ([] if queue is None else [queue.requires])

    def is_allowed(self, conversation: Conversation, agent: Agent) -> bool:
        """Whether a pair may be used at all."""
        return (
            agent.id not in conversation.excludes
            and all(_stands(part, agent, self.waited(conversation))[0] for part in self.parts(conversation))
            and (agent.channels is None or conversation.channel in agent.channels)
            and self._serves_queue(conversation, agent)
            and self.tier(conversation, agent) >= 0
            and (not agent.shifts or any(s.starts_at <= self.now < s.ends_at for s in agent.shifts))
            and self._has_room(conversation, agent)
        )

    def _serves_queue(self, conversation: Conversation, agent: Agent) -> bool:
        if conversation.queue is None:
            return True
        queue = self.queues.get(conversation.queue)
        if queue is None or not (queue.primary or queue.secondary):
            return agent.queues is None or conversation.queue in agent.queues
        if agent.id in queue.primary:
            return True
        return agent.id in queue.secondary and self.waited(conversation) >= queue.secondary_after

    def tier(self, conversation: Conversation, agent: Agent) -> int:
        """Return the availability tier of an agent on the conversation's channel, -1 where none."""
        presence = agent.presence
        if not isinstance(presence, str):
            presence = presence.get(conversation.channel, "offline")
        return next((number for number, tier in enumerate(self.policy.tiers) if presence in tier), -1)

    def _has_room(self, conversation: Conversation, agent: Agent) -> bool:
        if agent.capacity.units == 0 or _thousandths(agent.capacity.cost(conversation.channel)) > _free(agent):
            return False
        return all(_cap_left(agent, name) != 0 for name in (conversation.channel, *conversation.labels))

    def value(self, conversation: Conversation, agent: Agent) -> float:
        """Return the value of a pair, in policy units."""
        total = sum(entry.weight * self._term(entry.term, conversation, agent) for entry in self.policy.terms)
        if self.policy.price:
            total -= self.policy.price * self.handle_time(conversation, agent)
        return float(total)

    def _term(self, term: object, conversation: Conversation, agent: Agent) -> float:  # noqa: PLR0911, C901
        name: str = term.name  # type: ignore[attr-defined]  # a term
        if name == "achievement":
            return conversation.value * self.achievement(conversation, agent)
        if name == "preference":
            return sum(_wish(wish.condition, wish.weight, agent) for wish in conversation.prefers)
        if name == "affinity":
            return conversation.affinity.get(agent.id, 0.0)
        if name == "served":
            return 1.0
        if name == "idle":
            idle = math.inf if agent.idle_since is None else self.now - agent.idle_since
            return min(max(idle / _number(term, "full_time"), 0.0), 1.0)
        if name == "load":
            share = _used(agent) / _thousandths(agent.capacity.units) if agent.capacity.units else math.inf
            return min(max(1.0 - share / agent.weight, 0.0), 1.0)
        if name == "spare":
            return _free(agent) / 1000 / (1 + _free(agent) / 1000)
        if name == "fewest_open":
            return 1 / (1 + _open(agent) / agent.weight)
        if name == "handle_time":
            share = self.handle_time(conversation, agent) / _number(term, "longest")
            return min(max(1.0 - share, 0.0), 1.0)
        if name == "scarcity":
            return self._spared(conversation, agent)
        if name == "nearness":
            whole = AllOf(tuple(self.parts(conversation)))
            return 1.0 - min(max(_excess(whole, agent, self.waited(conversation)) or 0.0, 0.0), 1.0)
        if name == "least_versatile":
            return 1 / max(len(agent.skills), 1)
        raise NotImplementedError(name)

    def achievement(self, conversation: Conversation, agent: Agent) -> float:
        """Return the weakest link among the skills asked for, learned where known, declared otherwise."""
        table = self.estimates.success
        learned = {skill: known.mean for skill, known in {**table.get("*", {}), **table.get(agent.id, {})}.items()}
        waited = self.waited(conversation)
        return min(_stands(part, agent, waited, learned)[1] for part in self.parts(conversation))

    def _skills_asked(self, conversation: Conversation) -> set[str]:
        return set().union(*(_skills_in(part, self.waited(conversation)) for part in self.parts(conversation)))

    def handle_time(self, conversation: Conversation, agent: Agent) -> float:
        """Return the expected handle time of a pair, in seconds."""
        table = self.estimates.handle_time
        known = {**table.get("*", {}), **table.get(agent.id, {})}
        times = [known[skill].mean for skill in self._skills_asked(conversation) if skill in known]
        if times:
            return max(times)
        for name in (conversation.channel, "*"):
            if name in known:
                return known[name].mean
        return self.policy.default_handle_time

    def _spared(self, conversation: Conversation, agent: Agent) -> float:
        asked = self._skills_asked(conversation)
        present = [other for other in self.agents if self.tier(conversation, other) >= 0]
        shares = [
            1 / max(sum(skill in other.skills for other in present), 1) for skill in agent.skills if skill not in asked
        ]
        return 1.0 - max(shares, default=0.0)

    def priority(self, conversation: Conversation) -> float:
        """Return the priority of a conversation, its queue's included."""
        queue = self.queues.get(conversation.queue or "")
        return conversation.priority + (0.0 if queue is None else queue.priority)

    def urgency(self, conversation: Conversation) -> float:
        """Return the sum of the weighted urgency terms, which may be below 0."""
        policy, total = self.policy, 0.0
        for entry in policy.urgency:
            if entry.term.name == "waiting":
                seconds = self.waited(conversation)
            elif entry.term.name == "priority":
                seconds = policy.seconds_per_priority * self.priority(conversation)
            elif entry.term.name == "due":
                lead, factor = _number(entry.term, "lead_time"), _number(entry.term, "factor")
                due_at = math.inf if conversation.due_at is None else conversation.due_at
                seconds = factor * max(self.now - due_at + lead, 0.0)
            else:
                raise NotImplementedError(entry.term.name)
            total += entry.weight * policy.aging_rate * seconds
        return total

    def holds(self) -> list[float]:
        """Return what going on waiting is worth to each conversation, before spreading."""
        urgency = [self.urgency(conversation) for conversation in self.conversations]
        longest = math.inf if self.policy.max_hold_time is None else self.policy.max_hold_time
        return [
            (self.policy.option if self.waited(conversation) < longest else 0.0)
            - (own - min([0.0, *(urgency[rival] for rival in self.rivals(number))]))
            for number, (conversation, own) in enumerate(zip(self.conversations, urgency, strict=True))
        ]

    def rivals(self, number: int) -> set[int]:
        """Return who competes with a conversation for agents, directly or through others; itself if anybody may."""
        may = [{a for a, agent in enumerate(self.agents) if self.is_allowed(c, agent)} for c in self.conversations]
        found: set[int] = {number} if may[number] else set()
        reach = set(may[number])
        while True:
            more = {other for other, agents in enumerate(may) if other not in found and agents & reach}
            if not more:
                return found
            found |= more
            reach |= set().union(*(may[other] for other in more))


def best_plan(
    conversations: Iterable[Conversation],
    agents: Iterable[Agent],
    *,
    policy: Policy | None = None,
    now: float | None = None,
    estimates: Estimates | None = None,
    memory: Mapping[str, object] | None = None,
    seed: int | None = None,
    queues: Iterable[Queue] = (),
) -> Answer:
    """Return the best plan by trying all of them, with the arguments of `route`.

    Among equally good plans: the lexicographically smallest set of served conversations in order of arrival and id,
    then, conversation by conversation, the first agent in tie order.

    Parameters
    ----------
    conversations, agents, policy, now, estimates, memory, seed, queues
        As for `route`; a policy as data, with the library's own rules and terms.

    Returns
    -------
    Answer

    Notes
    -----
    Exponential in the number of agents: for a handful on each side.
    """
    case = Case.of(
        conversations,
        agents,
        policy=policy,
        now=now,
        estimates=estimates,
        memory=memory,
        seed=seed,
        queues=queues,
    )
    return _Search(case).answer()


def breaches(case: Case, pairs: Mapping[str, str]) -> list[str]:
    """Return what is wrong with a plan: pairs that no rule allows, units and caps that are exceeded.

    Parameters
    ----------
    case : Case
        Of any size.
    pairs : mapping from conversation id to agent id
        Such as `Plan.pairs`.

    Returns
    -------
    list of str
        A sentence for each breach; empty for a plan that obeys every hard rule.
    """
    waiting = {conversation.id: conversation for conversation in case.conversations}
    people = {agent.id: agent for agent in case.agents}
    found = [
        f"{name} may not go to {agent}"
        for name, agent in pairs.items()
        if not case.is_allowed(waiting[name], people[agent])
    ]
    for agent in people.values():
        mine = [waiting[name] for name, taker in pairs.items() if taker == agent.id]
        if sum(_thousandths(agent.capacity.cost(c.channel)) for c in mine) > _free(agent):
            found.append(f"{agent.id} gets more than its free units")
        found += [
            f"{agent.id} gets more than its cap for {cap}"
            for cap in agent.capacity.caps
            if sum(cap == c.channel or cap in c.labels for c in mine) > _cap_left(agent, cap)
        ]
    return found


class _Search:
    """All plans of a case, tier by tier; amounts in whole steps of the resolution."""

    def __init__(self, case: Case) -> None:
        self.case = case
        rows, agents = case.conversations, case.agents
        waits = [self._steps(amount) for amount in case.holds()]
        self.tier = [
            [
                case.tier(c, agent)
                if case.is_allowed(c, agent) and self._steps(case.value(c, agent)) >= waits[row]
                else -1
                for agent in agents
            ]
            for row, c in enumerate(rows)
        ]
        self.names = sorted({name for agent in agents for name in agent.capacity.caps})
        self.carried = [
            [number for number, name in enumerate(self.names) if name == c.channel or name in c.labels] for c in rows
        ]
        self.cost = [[_thousandths(agent.capacity.cost(c.channel)) for agent in agents] for c in rows]
        lowered = self._largest_charge()
        hold = [amount - lowered for amount in waits]
        self.worth = [
            [
                self._steps(case.value(c, agent)) - hold[row] if self.tier[row][j] >= 0 else -1
                for j, agent in enumerate(agents)
            ]
            for row, c in enumerate(rows)
        ]
        self.classes = self._classes()

    def _steps(self, amount: float) -> int:
        return round(amount / self.case.policy.resolution)

    def _classes(self) -> list[int]:
        """Return the rank of each row among strict priorities, 0 the highest; all 0 where priority is soft."""
        if not self.case.policy.strict_priority:
            return [0] * len(self.case.conversations)
        points = [self.case.priority(conversation) for conversation in self.case.conversations]
        ranks = sorted(set(points), reverse=True)
        return [ranks.index(point) for point in points]

    def _charge(self, agent: int, number: int) -> int:
        """Return what an agent's further conversation of this number (1, 2, ...) is charged, in steps."""
        policy, who = self.case.policy, self.case.agents[agent]
        if policy.spread == "none":
            return 0
        running = _open(who) if policy.spread == "load" else 0.0
        return round((running + number) / who.weight)

    def _largest_charge(self) -> int:
        """Return the charge of the last conversation that any agent could possibly take."""
        largest = 0
        for j, agent in enumerate(self.case.agents):
            costs = [self.cost[row][j] for row in range(len(self.tier)) if self.tier[row][j] >= 0]
            if costs:
                most = min(len(costs), _free(agent) // min(costs)) if min(costs) else len(costs)
                largest = max(largest, self._charge(j, most)) if most else largest
        return largest

    def answer(self) -> Answer:
        """Place tier after tier, each with what the earlier ones left."""
        agents = self.case.agents
        start = tuple((_free(agent), 0, tuple(_cap_left(agent, name) for name in self.names)) for agent in agents)
        agent_of: dict[int, int] = {}
        total, state = 0, start
        for tier in range(len(self.case.policy.tiers)):
            rows = [row for row in range(len(self.tier)) if row not in agent_of]
            worth, chosen = self._best(tier, rows, state)
            total += worth
            for row, agent in chosen.items():
                agent_of[row] = agent
                state = self._after(state, row, agent)
        conversations = self.case.conversations
        pairs = {conversations[row].id: agents[agent_of[row]].id for row in sorted(agent_of)}
        return Answer(pairs, total * self.case.policy.resolution)

    def _after(self, state: _State, row: int, agent: int) -> _State:
        free, count, caps = state[agent]
        left = tuple(cap - 1 if number in self.carried[row] and cap > 0 else cap for number, cap in enumerate(caps))
        return (*state[:agent], (free - self.cost[row][agent], count + 1, left), *state[agent + 1 :])

    def _fits(self, state: _State, row: int, agent: int) -> bool:
        free, _, caps = state[agent]
        return self.cost[row][agent] <= free and all(caps[number] != 0 for number in self.carried[row])

    def _best(self, tier: int, rows: Sequence[int], start: _State) -> tuple[int, dict[int, int]]:
        """Try every choice for every row; equal states are looked at once."""
        levels = max(self.classes, default=0) + 1

        @cache
        def best(position: int, state: _State) -> _Score:
            if position == len(rows):
                return (0,) * levels, 0, (), ()
            row = rows[position]
            counts, worth, served, columns = best(position + 1, state)
            champion: _Score = counts, worth, (0, *served), (1, *columns)
            for agent in range(len(self.case.agents)):
                if self.tier[row][agent] != tier or self.worth[row][agent] < 0 or not self._fits(state, row, agent):
                    continue
                counts, worth, served, columns = best(position + 1, self._after(state, row, agent))
                if self.case.policy.strict_priority:
                    counts = tuple(n + (level == self.classes[row]) for level, n in enumerate(counts))
                gained = self.worth[row][agent] - self._charge(agent, state[agent][1] + 1)
                champion = max(champion, (counts, worth + gained, (1, *served), (-agent, *columns)))
            return champion

        _, worth, served, columns = best(0, start)
        return worth, {row: -column for row, is_served, column in zip(rows, served, columns, strict=True) if is_served}


_State = tuple[tuple[int, int, tuple[int, ...]], ...]
_Score = tuple[tuple[int, ...], int, tuple[int, ...], tuple[int, ...]]


def _number(member: object, name: str) -> float:
    return float(getattr(member, name))


def _arrival(conversation: Conversation, now: float) -> float:
    return now if conversation.arrived_at is None else min(conversation.arrived_at, now)


def _thousandths(units: float) -> int:
    return round(units * 1000)


def _open(agent: Agent) -> float:
    """Return how many conversations an agent has running."""
    if isinstance(agent.load, Mapping):
        return float(sum(count for name, count in agent.load.items() if not name.startswith("label:")))
    return agent.load


def _used(agent: Agent) -> int:
    if isinstance(agent.load, Mapping):
        running = [(name, count) for name, count in agent.load.items() if not name.startswith("label:")]
        return sum(_thousandths(agent.capacity.cost(name)) * count for name, count in running)
    return _thousandths(agent.load)


def _free(agent: Agent) -> int:
    return max(_thousandths(agent.capacity.units) - _used(agent), 0)


def _cap_left(agent: Agent, name: str) -> int:
    """Return how many more with this channel or label an agent may take, -1 without a cap."""
    if name not in agent.capacity.caps:
        return -1
    load = agent.load if isinstance(agent.load, Mapping) else {}
    return max(agent.capacity.caps[name] - load.get(name, 0) - load.get(f"label:{name}", 0), 0)


def _tie_keys(
    tie: str, agents: Sequence[Agent], now: float, memory: Mapping[str, object], seed: int
) -> Sequence[float]:
    if tie == "idle":
        return [-math.inf if agent.idle_since is None else min(agent.idle_since, now) for agent in agents]
    if tie == "load":
        return [_used(agent) / max(_thousandths(agent.capacity.units), 1) / agent.weight for agent in agents]
    if tie == "unassigned":
        assigned = memory.get("assigned_at", {})
        assert isinstance(assigned, Mapping)
        return [float(assigned.get(agent.id, -math.inf)) for agent in agents]
    if tie == "rotation":
        last = memory.get("rotation")
        return [float(isinstance(last, str) and agent.id <= last) for agent in agents]
    decision = memory.get("decisions", 0)
    assert isinstance(decision, int)
    order: list[float] = np.random.default_rng([seed, decision]).permutation(len(agents)).tolist()
    return order


# --- conditions -------------------------------------------------------------------------------------------------------


def _is_dropped(condition: Condition, waited: float) -> bool:
    return any(step.drop and waited >= step.time for step in condition.relax)


def _level(requirement: Requirement, waited: float) -> float:
    passed = [step.at_least for step in requirement.relax if step.at_least is not None and waited >= step.time]
    return min([requirement.at_least, *passed])


def _stands(
    condition: Condition, agent: Agent, waited: float, learned: Mapping[str, float] | None = None
) -> tuple[bool, float]:
    """Return whether an agent meets a condition after a wait, and what it achieves."""
    if _is_dropped(condition, waited):
        return True, 1.0
    if isinstance(condition, Requirement):
        if condition.skill not in agent.skills:
            return False, math.inf
        declared = agent.skills[condition.skill]
        return declared >= _level(condition, waited), (learned or {}).get(condition.skill, declared)
    if isinstance(condition, Attribute):
        return _has_attribute(condition, agent), 1.0
    if isinstance(condition, AllOf):
        judged = [_stands(part, agent, waited, learned) for part in condition.parts]
        return all(met for met, _ in judged), min((level for _, level in judged), default=1.0)
    if isinstance(condition, AnyOf):
        if any(_is_dropped(part, waited) or _has_dropped_part(part, waited) for part in condition.parts):
            return True, 1.0
        judged = [_stands(part, agent, waited, learned) for part in condition.parts]
        return any(met for met, _ in judged), max((level for met, level in judged if met), default=0.0)
    forbidden = [part for part in condition.parts if not _is_gone(part, waited)]
    return not any(_stands(part, agent, waited)[0] for part in forbidden), 1.0


def _has_dropped_part(condition: Condition, waited: float) -> bool:
    """Whether an `AnyOf` inside has dissolved because one of its branches did."""
    return isinstance(condition, AnyOf) and any(_is_gone(part, waited) for part in condition.parts)


def _is_gone(condition: Condition, waited: float) -> bool:
    return _is_dropped(condition, waited) or _has_dropped_part(condition, waited)


def _has_attribute(asked: Attribute, agent: Agent) -> bool:
    held = agent.kind if asked.name == "kind" else agent.attributes.get(asked.name)
    if held is None:
        return False
    entries = held if isinstance(held, tuple) else (held,)
    if asked.equals is not None and asked.equals not in entries:
        return False
    if asked.one_of and not set(asked.one_of) & set(entries):
        return False
    if asked.at_least is None and asked.at_most is None:
        return True
    if isinstance(held, bool) or not isinstance(held, int | float):
        return False
    return (asked.at_least is None or held >= asked.at_least) and (asked.at_most is None or held <= asked.at_most)


def _wish(condition: Condition, weight: float, agent: Agent) -> float:
    met, level = _stands(condition, agent, _BEFORE_ANY_STEP)
    if not met:
        return 0.0
    return weight * (level if isinstance(condition, Requirement) else 1.0)


def _skills_in(condition: Condition, waited: float) -> set[str]:
    """Return every skill that is named, forbidden ones too."""
    if _is_gone(condition, waited):
        return set()
    if isinstance(condition, Requirement):
        return {condition.skill}
    if isinstance(condition, AllOf | AnyOf | NoneOf):
        return set().union(*(_skills_in(part, waited) for part in condition.parts))
    return set()


def _excess(condition: Condition, agent: Agent, waited: float) -> float | None:
    """Return by how much an agent exceeds what is asked; None where nothing is counted."""
    if _is_gone(condition, waited):
        return None
    if isinstance(condition, Requirement):
        return agent.skills[condition.skill] - _level(condition, waited) if condition.skill in agent.skills else None
    if isinstance(condition, AllOf):
        counted = [part for part in (_excess(part, agent, waited) for part in condition.parts) if part is not None]
        return sum(counted) / len(counted) if counted else None
    if isinstance(condition, AnyOf):
        met = [part for part in condition.parts if _stands(part, agent, waited)[0]]
        return min((_excess(part, agent, waited) or 0.0 for part in met), default=0.0)
    return None
