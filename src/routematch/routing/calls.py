"""Calls to rules and terms behind a wall: a failing entry makes only its own pairs ineligible.

A member is asked for a whole row at once. When that raises, the row is asked for again in ever smaller parts, so that
only entries that raise by themselves are lost. A wrong shape or dtype is a broken contract and raises.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.errors import ContractError, shorten
from routematch.rules import Rule
from routematch.rules.rule import is_rule
from routematch.state import NO_REQUEST, Behaviour, Free, MemberFault, Problem, RequestClass, SparsePairs
from routematch.terms import Term

__all__ = ["FaultLog", "behaviour_of", "call_allowed", "call_pairs", "call_value"]

#: Ids listed in one fault.
LISTED = 20


@frozen
class FaultLog:
    """Faults of one decision, merged by member and kind, and the rows they touched."""

    rows: set[int] = field(factory=set)
    _found: dict[tuple[str, str], tuple[str, dict[str, None], dict[str, None]]] = field(factory=dict)

    def add(
        self, member: str, kind: str, message: str, *, conversations: Sequence[str] = (), agents: Sequence[str] = ()
    ) -> None:
        """Add one failure; the first message of a member and kind is kept."""
        _, seen_conversations, seen_agents = self._found.setdefault((member, kind), (message, {}, {}))
        seen_conversations.update(dict.fromkeys(conversations[:LISTED]))
        seen_agents.update(dict.fromkeys(agents[:LISTED]))

    @property
    def faults(self) -> tuple[MemberFault, ...]:
        """All faults so far."""
        return tuple(
            MemberFault(member, kind, message, tuple(conversations)[:LISTED], tuple(agents)[:LISTED])
            for (member, kind), (message, conversations, agents) in self._found.items()
        )


def call_allowed(rule: Rule, problem: Problem, request: RequestClass, log: FaultLog) -> NDArray[np.bool_]:
    """Ask a rule for a row; entries that raise are refused."""

    def ask(part: Problem) -> NDArray[np.generic]:
        answer = rule.allowed(part, request)
        _check(rule, answer, part, "b", "bool")
        return answer  # type: ignore[return-value]  # just checked

    return _row(rule, ask, problem, log, fill=False).astype(bool)


def call_value(term: Term, problem: Problem, request: RequestClass, log: FaultLog) -> NDArray[np.float64]:
    """Ask a term for a row; entries that raise become minus infinity, which makes their pairs ineligible."""

    def ask(part: Problem) -> NDArray[np.generic]:
        answer = term.value(part, request)
        _check(term, answer, part, "fiu", "float64")
        return answer  # type: ignore[return-value]  # just checked

    return _row(term, ask, problem, log, fill=-np.inf).astype(np.float64)


def _row(
    member: Rule | Term, ask: Callable[[Problem], NDArray[np.generic]], problem: Problem, log: FaultLog, *, fill: float
) -> NDArray[np.generic]:
    try:
        return ask(problem)
    except ContractError:
        raise
    except Exception:  # noqa: BLE001 - whatever a plugged-in part raises must stay its own
        return _piecewise(member, ask, problem, log, fill)


def _piecewise(
    member: Rule | Term, ask: Callable[[Problem], NDArray[np.generic]], problem: Problem, log: FaultLog, fill: float
) -> NDArray[np.generic]:
    """Ask for halves, quarters, ... until only the entries that raise by themselves are left."""
    units, narrow = _units(member, problem)
    answers: list[object] = [fill] * len(units)

    def visit(start: int, stop: int) -> None:
        part = narrow(units[start:stop])
        try:
            answers[start:stop] = _in_order(member, ask(part), part).tolist()
        except ContractError:
            raise
        except Exception as error:  # noqa: BLE001 - see above
            if stop - start > 1:
                middle = (start + stop) // 2
                visit(start, middle)
                visit(middle, stop)
                return
            _report(member, problem, units[start], error, log)

    if units:
        visit(0, len(units))
    return np.array(answers, bool if fill is False else np.float64)


def _units(member: Rule | Term, problem: Problem) -> tuple[list[int], Callable[[list[int]], Problem]]:
    """Return what the member's row runs over, as positions, and how to narrow the problem to some of them."""
    if member.axes == ("conversation",):
        return list(range(len(problem.backlog))), lambda rows: problem.take(rows=rows)
    if member.axes == ("request", "profile"):
        first = {int(p): agent for agent, p in reversed(list(enumerate(problem.roster.profile_of.tolist())))}
        return [first[p] for p in range(len(problem.roster.profiles))], lambda agents: problem.take(agents=agents)
    return list(range(len(problem.roster))), lambda agents: problem.take(agents=agents)


def _in_order(member: Rule | Term, answer: NDArray[np.generic], part: Problem) -> NDArray[np.generic]:
    """Bring a profile row back to the order of the agents that stand for the profiles."""
    return answer[part.roster.profile_of] if member.axes == ("request", "profile") else answer


def _report(member: Rule | Term, problem: Problem, unit: int, error: Exception, log: FaultLog) -> None:
    message = _told(error)
    if member.axes == ("conversation",):
        log.rows.add(unit)
        log.add(member.name, "raised", message, conversations=[problem.backlog.ids[unit]])
    else:
        log.add(member.name, "raised", message, agents=[problem.roster.ids[unit]])


def _told(error: Exception) -> str:
    """Return what an exception says, on one line of sane length."""
    try:
        said = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - a broken __str__ is part of the same failure
        said = ""
    return f"{type(error).__name__}: {said[:200]}" if said else type(error).__name__


def _check(member: Rule | Term, answer: object, problem: Problem, kinds: str, wanted: str) -> None:
    """Hold a member to the shape of its axes and to its dtype.

    Raises
    ------
    ContractError
        Naming the member and the promise.
    """
    size = {
        ("request", "profile"): len(problem.roster.profiles),
        ("conversation",): len(problem.backlog),
    }.get(tuple(member.axes), len(problem.roster))
    if not isinstance(answer, np.ndarray) or answer.shape != (size,) or answer.dtype.kind not in kinds:
        given = f"{answer.dtype} {answer.shape}" if isinstance(answer, np.ndarray) else shorten(answer)
        message = f"{member.name} promised {wanted} of shape ({size},) for axes {tuple(member.axes)}, gave {given}"
        raise ContractError(message)


def call_pairs(member: Rule | Term, problem: Problem, log: FaultLog) -> tuple[SparsePairs, list[tuple[int, int]]]:
    """Ask a member about single pairs.

    Returns
    -------
    pairs : SparsePairs
    lost : list of (row, agent)
        Pairs for which it raises even when asked alone.
    """

    def ask(part: Problem) -> SparsePairs:
        ask_for = member.allowed if is_rule(member) else cast("Term", member).value
        answer = ask_for(part, NO_REQUEST)
        if not isinstance(answer, SparsePairs):
            message = f"{member.name} promised SparsePairs for axes ('pair',), gave {shorten(answer)}"
            raise ContractError(message)
        return _checked_pairs(member, answer, part)

    try:
        return ask(problem), []
    except ContractError:
        raise
    except Exception:  # noqa: BLE001 - whatever a plugged-in part raises must stay its own
        return _pair_by_pair(member, ask, problem, log)


def _checked_pairs(member: Rule | Term, pairs: SparsePairs, problem: Problem) -> SparsePairs:
    """Return pairs as columns of the known dtypes.

    Raises
    ------
    ContractError
        Naming the member and the promise.
    """
    rows, agents, amounts = (np.asarray(part) for part in (pairs.rows, pairs.agents, pairs.amounts))
    fits = rows.ndim == 1 and rows.shape == agents.shape == amounts.shape
    if fits and rows.size:
        fits = rows.dtype.kind in "iu" and agents.dtype.kind in "iu" and amounts.dtype.kind in "fiu"
        fits = fits and rows.min() >= 0 and agents.min() >= 0
        fits = fits and rows.max() < len(problem.backlog) and agents.max() < len(problem.roster)
    if not fits:
        message = f"{member.name} promised rows, agents and amounts: positions within the problem, and numbers"
        raise ContractError(message)
    return SparsePairs(rows.astype(np.intp), agents.astype(np.intp), amounts.astype(np.float64))


def behaviour_of(member: Rule | Term, problem: Problem) -> Behaviour:
    """Ask a member how it changes with time; one that raises may change in any way.

    Raises
    ------
    ContractError
        When it gives something else than a behaviour.
    """
    try:
        answer = member.behaviour(problem)
        if isinstance(answer, Behaviour):
            answer.next_change(problem.now)  # steps that are no numbers raise here
    except Exception:  # noqa: BLE001 - whatever a plugged-in part raises must stay its own
        return Free()
    if not isinstance(answer, Behaviour):
        message = f"{member.name} promised a behaviour over time, gave {shorten(answer)}"
        raise ContractError(message)
    return answer


def _pair_by_pair(
    member: Rule | Term, ask: Callable[[Problem], SparsePairs], problem: Problem, log: FaultLog
) -> tuple[SparsePairs, list[tuple[int, int]]]:
    found: list[tuple[int, int, float]] = []
    lost: list[tuple[int, int]] = []

    def visit(row: int, agents: list[int]) -> None:
        try:
            pairs = ask(problem.take(rows=[row], agents=agents))
            found.extend(
                (row, agents[a], float(amount))
                for a, amount in zip(pairs.agents.tolist(), pairs.amounts.tolist(), strict=True)
            )
        except ContractError:
            raise
        except Exception as error:  # noqa: BLE001 - see above
            if len(agents) > 1:
                visit(row, agents[: len(agents) // 2])
                visit(row, agents[len(agents) // 2 :])
                return
            lost.extend((row, agent) for agent in agents)
            message = _told(error)
            log.rows.add(row)
            log.add(
                member.name,
                "raised",
                message,
                conversations=[problem.backlog.ids[row]],
                agents=[problem.roster.ids[a] for a in agents],
            )

    for row in range(len(problem.backlog)):
        visit(row, list(range(len(problem.roster))))
    rows, agents, amounts = zip(*found, strict=True) if found else ((), (), ())
    return SparsePairs(np.array(rows, np.intp), np.array(agents, np.intp), np.array(amounts, np.float64)), lost
