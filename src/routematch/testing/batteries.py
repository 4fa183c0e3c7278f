"""What every rule and every term must hold to, as checks that run over any member: the library's and your own.

A member is asked about many small seeded problems and held to its contract: shape and dtype by its axes, purity, the
fields it says it looks at, its behaviour over time, indifference to the order of agents, finite values where a pair is
eligible, the same answer for a part as for the whole.

>>> from routematch.rules import Presence
>>> from routematch.terms import Idle
>>> check_rule(Presence())
>>> check_term(Idle(full_time=60.0))
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import Any, NoReturn

import numpy as np
from attrs import evolve, fields, frozen

from routematch.errors import ContractError
from routematch.model import Agent, AllOf, Conversation, Estimates, Preference, Queue, Requirement, human_only
from routematch.model.frozen import FrozenMap
from routematch.policies import all_rules
from routematch.rules import Rule
from routematch.rules.rule import RULE_AXES, is_rule
from routematch.state import (
    NO_REQUEST,
    Behaviour,
    Free,
    Linear,
    Monotone,
    Problem,
    RequestClass,
    Settings,
    SparsePairs,
    Steps,
)
from routematch.terms import Term
from routematch.terms.term import TERM_AXES, is_term
from routematch.testing.cases import random_case

__all__ = ["check_rule", "check_term"]

_CASES = 8
_LATER = (0.25, 7.0, 60.0, 333.0, 1000.0, 5000.0)
_OTHER_VALUES: dict[str, tuple[object, ...]] = {
    "requires": (AllOf(()), Requirement("french", 0.3), AllOf((Requirement("sales"), human_only))),
    "channel": ("chat", "voice"),
    "queue": (None, "support", "complaints"),
    "secondary": (True, False),
    "labels": ((), ("vip",)),
    "prefers": ((), (Preference(Requirement("french"), 0.5),)),
    "attributes": (None, FrozenMap({"topic": "a"}), FrozenMap({"topic": "b"})),
    "customer": (None, "kim"),
}

_Answer = Mapping[Hashable, float]


@frozen
class _Nouns:
    """One seeded decision, before it is encoded."""

    conversations: tuple[Conversation, ...]
    agents: tuple[Agent, ...]
    now: float
    queues: tuple[Queue, ...]
    estimates: Estimates
    settings: Settings
    memory: Mapping[str, object]

    def problem(self, looks_at: frozenset[str], *, later: float = 0.0) -> Problem:
        """Encode it anew, as it stands some seconds later."""
        return Problem.of(
            self.conversations,
            self.agents,
            now=self.now + later,
            settings=self.settings,
            estimates=self.estimates,
            memory=dict(self.memory),
            queues=self.queues,
            looks_at=looks_at,
        )

    def renamed(self, names: Mapping[str, str]) -> _Nouns:
        """Give every agent the name of another, everywhere."""
        return evolve(
            self,
            agents=tuple(evolve(agent, id=names[agent.id]) for agent in self.agents),
            conversations=tuple(
                evolve(
                    c,
                    affinity={names.get(a, a): amount for a, amount in c.affinity.items()},
                    excludes=[names.get(a, a) for a in c.excludes],
                )
                for c in self.conversations
            ),
            queues=tuple(
                evolve(
                    q, primary=[names.get(a, a) for a in q.primary], secondary=[names.get(a, a) for a in q.secondary]
                )
                for q in self.queues
            ),
            estimates=Estimates(
                success={names.get(a, a): row for a, row in self.estimates.success.items()},
                handle_time={names.get(a, a): row for a, row in self.estimates.handle_time.items()},
            ),
            memory={"assigned_at": {names.get(a, a): at for a, at in _assigned(self.memory).items()}},
        )


def _assigned(memory: Mapping[str, object]) -> Mapping[str, float]:
    assigned = memory.get("assigned_at", {})
    return assigned if isinstance(assigned, Mapping) else {}


def _cases() -> Iterator[_Nouns]:
    """Make seeded decisions in which everybody has arrived, so that nothing changes but time; the last is empty."""
    for seed in range(_CASES):
        random = Random(f"battery {seed}")  # noqa: S311 - seeded on purpose
        case = random_case(random, conversations=6, agents=6, mixed_costs=True, overlapping_caps=True)
        now = case["now"]
        yield _Nouns(
            tuple(
                evolve(
                    c,
                    arrived_at=now if c.arrived_at is None else min(c.arrived_at, now),
                    attributes={"topic": "ab"[seed % 2]},
                    customer=(None, "kim", "lee")[seed % 3],
                )
                for c in case["conversations"]
            ),
            tuple(_twins([evolve(a, idle_since=min(a.idle_since or 0.0, now) or None) for a in case["agents"]])),
            now,
            tuple(case["queues"]),
            case["estimates"] or Estimates(),
            Settings(tiers=(("available",), ("away",))) if seed % 2 else Settings(),
            {"assigned_at": {a.id: random.randint(0, 900) for a in case["agents"][::2]}},
        )
    yield _Nouns((), (), 0.0, (), Estimates(), Settings(), {})


def _twins(agents: Sequence[Agent]) -> Iterator[Agent]:
    """Make the second of the agents equal to the first in what makes a profile."""
    for position, agent in enumerate(agents):
        like = agents[0] if position == 1 else agent
        yield evolve(
            agent,
            skills=like.skills,
            kind=like.kind,
            channels=like.channels,
            queues=like.queues,
            attributes=like.attributes,
        )


def check_rule(rule: Rule, *, is_local: bool = True) -> None:
    """Hold a rule to its contract.

    Parameters
    ----------
    rule : Rule
    is_local : bool
        Whether the answer for an agent is the same whoever else there is. Where it is not, a failure of the rule
        cannot be narrowed down to the entries that cause it.

    Raises
    ------
    ContractError
        Naming the rule and the first promise it breaks.
    """
    _check_declarations(rule, Rule, RULE_AXES)
    for nouns in _cases():
        _Battery(rule, nouns, _ask_rule).run(is_local=is_local)
        _check_sentences(rule, nouns)


def check_term(term: Term, *, is_local: bool = True) -> None:
    """Hold a term to its contract.

    Parameters
    ----------
    term : Term
    is_local : bool
        Whether the value of an agent is the same whoever else there is (not so for scarcity). Where it is not, a
        failure of the term cannot be narrowed down to the entries that cause it.

    Raises
    ------
    ContractError
        Naming the term and the first promise it breaks.
    """
    _check_declarations(term, Term, TERM_AXES)
    if not isinstance(term.scaled_by_value, bool):
        _break(term, "scaled_by_value must be true or false")
    for nouns in _cases():
        _Battery(term, nouns, _ask_term).run(is_local=is_local)
        _check_finite(term, nouns)


def _break(member: Rule | Term, promise: str) -> NoReturn:
    message = f"{getattr(member, 'name', type(member).__name__)}: {promise}"
    raise ContractError(message)


def _check_declarations(member: Rule | Term, contract: type, axes: Sequence[tuple[str, ...]]) -> None:
    if isinstance(member, type) or not isinstance(member, contract):
        _break(member, f"must have every member of {contract.__name__}")
    if not isinstance(member.name, str) or not member.name:
        _break(member, "name must be text")
    if member.axes not in axes:
        _break(member, f"axes must be one of {axes}")
    known = {entry.name for entry in fields(RequestClass)}
    if not isinstance(member.looks_at, tuple) or not known.issuperset(member.looks_at):
        _break(member, f"looks_at must be a tuple of fields of RequestClass, from {sorted(known)}")


def _ask_rule(member: object, problem: Problem, request: RequestClass) -> object:
    assert is_rule(member)
    return member.allowed(problem, request)


def _ask_term(member: object, problem: Problem, request: RequestClass) -> object:
    assert is_term(member)
    return member.value(problem, request)


@frozen
class _Battery:
    """The checks that rules and terms share, on one decision."""

    member: Rule | Term
    nouns: _Nouns
    call: Callable[[object, Problem, RequestClass], object]

    def run(self, *, is_local: bool) -> None:
        problem = self.problem()
        self.check_purity(problem)
        self.check_looks_at(problem)
        self.check_time(problem)
        self.check_order(problem)
        if is_local:
            self.check_parts(problem)

    def problem(self, *, later: float = 0.0) -> Problem:
        return self.nouns.problem(frozenset(self.member.looks_at), later=later)

    def requests(self, problem: Problem) -> tuple[RequestClass, ...]:
        return problem.backlog.classes if "request" in self.member.axes else (NO_REQUEST,)

    def answer(self, problem: Problem, request: RequestClass) -> _Answer:
        """Ask, check the form, and return the answer by agent, by conversation or by pair."""
        given = self.call(self.member, problem, request)
        if self.member.axes == ("pair",):
            return self._pairs(given, problem)
        ids = problem.backlog.ids if self.member.axes == ("conversation",) else problem.roster.ids
        by_profile = self.member.axes == ("request", "profile")
        size = len(problem.roster.profiles) if by_profile else len(ids)
        kind = "b" if self.call is _ask_rule else "f"
        if not isinstance(given, np.ndarray) or given.shape != (size,) or given.dtype.kind != kind:
            what = f"{given.dtype} {given.shape}" if isinstance(given, np.ndarray) else type(given).__name__
            wanted = "bool" if kind == "b" else "float64"
            _break(self.member, f"must give {wanted} of shape ({size},) for axes {self.member.axes}, gave {what}")
        row = given[problem.roster.profile_of] if by_profile else given
        return dict(zip(ids, row.tolist(), strict=True))

    def _pairs(self, given: object, problem: Problem) -> _Answer:
        if not isinstance(given, SparsePairs):
            _break(self.member, f"must give SparsePairs for axes ('pair',), gave {type(given).__name__}")
        lengths = {len(given.rows), len(given.agents), len(given.amounts)}
        if len(lengths) > 1 or given.rows.dtype.kind not in "iu" or given.agents.dtype.kind not in "iu":
            _break(self.member, "must give whole rows and agents, and amounts, of one length")
        found: dict[Hashable, float] = {}
        ids, names = problem.backlog.ids, problem.roster.ids
        for row, agent, amount in zip(given.rows.tolist(), given.agents.tolist(), given.amounts.tolist(), strict=True):
            if not (0 <= row < len(ids) and 0 <= agent < len(names)):
                _break(self.member, "must name rows and agents of the problem")
            found[ids[row], names[agent]] = found.get((ids[row], names[agent]), 0.0) + amount
        return found

    def check_purity(self, problem: Problem) -> None:
        """Ask twice, and for an equal problem: the answer is the same, and nothing was changed."""
        before = _columns(problem)
        for request in self.requests(problem):
            first = self.answer(problem, request)
            if not _same(first, self.answer(problem, request)):
                _break(self.member, "must give the same answer when asked again")
            if not _same(first, self.answer(self.problem(), request)):
                _break(self.member, "must give the same answer for an equal problem")
        if _columns(problem) != before:
            _break(self.member, "must not change what it is given")

    def check_looks_at(self, problem: Problem) -> None:
        """Fields of the request that it does not name change nothing."""
        for request in self.requests(problem):
            usual = self.answer(problem, request)
            for name, values in _OTHER_VALUES.items():
                if name in self.member.looks_at and self.requests(problem) != (NO_REQUEST,):
                    continue
                for value in values:
                    if not _same(usual, self.answer(problem, _changed(request, name, value))):
                        _break(self.member, f"looks at {name} of the request, which looks_at does not name")

    def check_time(self, problem: Problem) -> None:
        """Ask again at later instants: the answer for unchanged requests changes as `behaviour` says."""
        behaviour = self.member.behaviour(problem)
        if not isinstance(behaviour, Behaviour):
            _break(self.member, f"behaviour must be one of routematch.state.Behaviour, gave {type(behaviour).__name__}")
        if self.call is _ask_rule and isinstance(behaviour, Linear):
            _break(self.member, "a rule cannot change linearly")
        waits = {*_LATER}
        if isinstance(behaviour, Steps):
            ahead = [instant - problem.now for instant in behaviour.instants if instant > problem.now]
            waits |= {after for wait in ahead for after in (wait * 0.999, wait, wait * 1.001)}
        for request in self.requests(problem):
            seen = [(problem.now, self.answer(problem, request))]
            for wait in sorted(waits):
                then = self.problem(later=wait)
                seen.append((then.now, self.answer(then, request)))
            broken = _break_in_time(behaviour, seen)
            if broken:
                _break(self.member, f"changes with time otherwise than its behaviour says: {broken}")

    def check_order(self, problem: Problem) -> None:
        """When agents change names, and with that places, answers move with them."""
        ids = problem.roster.ids
        names = dict(zip(ids, reversed(ids), strict=True))
        other = self.nouns.renamed(names).problem(frozenset(self.member.looks_at))
        for request in self.requests(problem):
            usual = self.answer(problem, request)
            moved = {_renamed(key, names): amount for key, amount in usual.items()}
            if not _same(moved, self.answer(other, request)):
                _break(self.member, "must not depend on the order or the names of agents")

    def check_parts(self, problem: Problem) -> None:
        """Asked about a part of the agents, or of the conversations, it gives the same for these."""
        rows, agents = list(range(0, len(problem.backlog), 2)), list(range(1, len(problem.roster), 2))
        parts = [problem.take(rows=rows, agents=agents)] if self.member.axes == ("pair",) else []
        parts += [problem.take(rows=rows)] if self.member.axes == ("conversation",) else [problem.take(agents=agents)]
        for part in parts:
            for request in self.requests(problem):
                whole, given = self.answer(problem, request), self.answer(part, request)
                if not _same({key: whole.get(key, math.inf) for key in given}, given):
                    _break(self.member, "must give the same for a part as for the whole")


def _changed(request: RequestClass, name: str, value: Any) -> RequestClass:  # noqa: ANN401 - a field of any type
    return evolve(request, **{name: value})


def _renamed(key: Hashable, names: Mapping[str, str]) -> Hashable:
    if isinstance(key, tuple):
        return (key[0], names[key[1]])
    return names.get(key, key) if isinstance(key, str) else key


def _columns(problem: Problem) -> list[object]:
    """Return everything of a problem that can be changed in place."""
    arrays = [
        value
        for holder in (problem.backlog, problem.roster)
        for value in (getattr(holder, entry.name) for entry in fields(type(holder)) if not entry.name.startswith("_"))
        if isinstance(value, np.ndarray)
    ]
    return [*(array.tobytes() for array in arrays), repr(problem.memory), repr(problem.estimates), repr(problem.queues)]


def _same(one: _Answer, other: _Answer) -> bool:
    return one.keys() == other.keys() and all(_close(amount, other[key]) for key, amount in one.items())


def _close(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, abs_tol=1e-9)


def _break_in_time(behaviour: Behaviour, seen: Sequence[tuple[float, _Answer]]) -> str | None:
    """Return how answers at rising instants contradict a behaviour; None where they do not."""
    if isinstance(behaviour, Free):
        return None
    directions: set[bool] = set()
    for (before, first), (after, second) in pairwise(seen):
        for key in first:
            change = float(second.get(key, math.nan)) - float(first[key])
            if math.isnan(change) and _close(first[key], second.get(key, math.inf)):
                continue
            if isinstance(behaviour, Monotone):
                directions |= {change > 0} if abs(change) > 1e-9 else set()
                wrong = len(directions) > 1
            elif isinstance(behaviour, Linear):
                lowest, highest = behaviour.rate - behaviour.spread, behaviour.rate
                seconds, slack = after - before, 1e-9
                wrong = not lowest * seconds - slack <= change <= highest * seconds + slack
            elif isinstance(behaviour, Steps) and any(before < instant <= after for instant in behaviour.instants):
                wrong = False
            else:
                wrong = not abs(change) <= 1e-9
            if wrong:
                return (
                    f"{behaviour} does not allow {key} to go from {first[key]} at {before} to {second[key]} at {after}"
                )
    return None


def _check_sentences(rule: Rule, nouns: _Nouns) -> None:
    """Every refusal can be put in words."""
    problem = nouns.problem(frozenset(rule.looks_at))
    battery = _Battery(rule, nouns, _ask_rule)
    for row, number in enumerate(problem.backlog.class_of.tolist()):
        request = problem.backlog.classes[number] if "request" in rule.axes else NO_REQUEST
        answer = battery.answer(problem, request)
        for agent, name in enumerate(problem.roster.ids):
            refused = (problem.backlog.ids[row], name) in answer if rule.axes == ("pair",) else not answer[name]
            said = rule.sentence(problem, row, agent) if refused else "no"
            if not isinstance(said, str) or not said or said.endswith("."):
                _break(rule, f"sentence must be a clause without a full stop, gave {said!r}")


def _check_finite(term: Term, nouns: _Nouns) -> None:
    """Ask about every pair whose requirements are met: the value is a number."""
    problem = nouns.problem(frozenset(term.looks_at))
    battery = _Battery(term, nouns, _ask_term)
    if term.axes in (("pair",), ("conversation",)):
        if not all(math.isfinite(amount) for amount in battery.answer(problem, NO_REQUEST).values()):
            _break(term, "must be finite")
        return
    skills = next(rule for rule in all_rules() if rule.name == "skills")
    allowed = _Battery(skills, nouns, _ask_rule)
    for request in problem.backlog.classes:
        value = battery.answer(problem, request if "request" in term.axes else NO_REQUEST)
        may = allowed.answer(problem, request)
        if not all(math.isfinite(value[name]) for name in value if may[name]):
            _break(term, "must be finite for every agent who meets the request")
