"""Who may take what: every rule asked once per request class and profile, never once per pair."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import numpy as np
from numpy.typing import NDArray

from routematch.routing.calls import FaultLog, call_allowed, call_pairs
from routematch.rules import Rule
from routematch.state import NO_REQUEST, Candidates, Problem, RequestClass
from routematch.state.trace import ALLOWED

__all__ = ["admit"]

#: Fields of a request that only few distinct requests differ in; rules that look at nothing else are asked together.
_COARSE = frozenset({"channel", "queue", "secondary", "labels"})


def admit(problem: Problem, rules: tuple[Rule, ...], order: NDArray[np.intp], log: FaultLog) -> Candidates:
    """Ask every rule and gather the agents who may take each request class.

    Parameters
    ----------
    problem : Problem
    rules : tuple of Rule
        The first that refuses is the one that is named.
    order : ndarray of intp, shape (A,)
        Agents in tie order, by roster position.
    log : FaultLog

    Returns
    -------
    Candidates
    """
    classes = problem.backlog.classes
    agents = len(problem.roster)
    column_of = np.empty(agents, np.intp)
    column_of[order] = np.arange(agents)
    numbered = [(number, rule) for number, rule in enumerate(rules) if rule.axes != ("pair",)]
    coarse = _Codes(problem, [entry for entry in numbered if _COARSE.issuperset(entry[1].looks_at)], log)
    fine = _Codes(problem, [entry for entry in numbered if not _COARSE.issuperset(entry[1].looks_at)], log)
    refusals = np.empty((len(classes), agents), np.uint8)
    columns = []
    for number, request in enumerate(classes):
        row = np.minimum(coarse.of(request), fine.of(request), out=refusals[number])
        columns.append(np.flatnonzero(row[order] == ALLOWED))
    starts = np.zeros(len(classes) + 1, np.int64)
    np.cumsum([len(entry) for entry in columns], out=starts[1:])
    return Candidates(
        order=order,
        column_of=column_of,
        refusals=refusals,
        refused_pairs=_refused_pairs(problem, rules, log),
        starts=starts,
        columns=np.concatenate(columns).astype(np.int32) if columns else np.zeros(0, np.int32),
    )


class _Codes:
    """Refusal codes of some rules for request classes, shared between classes that look the same to all of them."""

    def __init__(self, problem: Problem, rules: list[tuple[int, Rule]], log: FaultLog) -> None:
        self._problem, self._rules, self._log = problem, rules, log
        self._key = key_of(sorted({name for _, rule in rules for name in rule.looks_at}))
        self._known: dict[Hashable, NDArray[np.uint8]] = {}

    def of(self, request: RequestClass) -> NDArray[np.uint8]:
        """Return the code of every agent, shape (A,)."""
        key = self._key(request)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._ask(request)
        return known

    def _ask(self, request: RequestClass) -> NDArray[np.uint8]:
        problem = self._problem
        codes = np.full(len(problem.roster), ALLOWED, np.uint8)
        for number, rule in self._rules:
            allowed = call_allowed(rule, problem, NO_REQUEST if rule.axes == ("agent",) else request, self._log)
            if rule.axes == ("request", "profile"):
                allowed = allowed[problem.roster.profile_of]
            codes[~allowed & (codes == ALLOWED)] = number
        return codes


def key_of(names: list[str]) -> Callable[[RequestClass], Hashable]:
    """Return what tells request classes apart for someone who looks at these fields."""
    if not names:
        return lambda _: None
    return lambda request: tuple(getattr(request, name) for name in names)


def _refused_pairs(problem: Problem, rules: tuple[Rule, ...], log: FaultLog) -> dict[tuple[int, int], int]:
    refused: dict[tuple[int, int], int] = {}
    for number, rule in enumerate(rules):
        if rule.axes == ("pair",):
            pairs, lost = call_pairs(rule, problem, log)
            named = zip(pairs.rows.tolist(), pairs.agents.tolist(), strict=True)
            for pair in (*named, *lost):
                refused.setdefault(pair, number)
    return refused
