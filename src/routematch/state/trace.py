"""What one decision computed, kept so that explanations are read off and never recomputed."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.solvers import AssignmentProblem, Matching, Sensitivity
from routematch.state.problem import Problem

__all__ = ["ALLOWED", "Candidates", "MemberFault", "Trace"]

#: Refusal code of a pair that no rule refuses.
ALLOWED = 255


@frozen
class MemberFault:
    """A plugged-in part failed for some entries; these pairs were taken as ineligible, all others were unaffected.

    Attributes
    ----------
    member : str
        Name of the rule or term.
    kind : str
        ``"raised"`` or ``"not_a_number"``.
    message : str
        What happened, from the first failing entry.
    conversations, agents : tuple of str
        Ids it touched, at most `LISTED` of each.
    """

    member: str
    kind: str
    message: str
    conversations: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()


@frozen(eq=False)
class Candidates:
    """Who may take what, by request class.

    Agents stand in *tie order* here: column 0 is the agent who is preferred when everything else is equal.

    Attributes
    ----------
    order : ndarray of intp, shape (A,)
        Roster position of each column.
    column_of : ndarray of intp, shape (A,)
        Column of each roster position.
    refusals : ndarray of uint8, shape (K, A)
        By class and roster position: the first rule that refuses, or `ALLOWED`.
    refused_pairs : dict from (row, roster position) to rule number
        Pairs refused for this conversation alone.
    starts : ndarray of int64, shape (K + 1,)
        Where the entries of each class begin in `columns`.
    columns : ndarray of int32, shape (N,)
        Columns that no rule refuses, ascending within a class.
    """

    order: NDArray[np.intp]
    column_of: NDArray[np.intp]
    refusals: NDArray[np.uint8]
    refused_pairs: dict[tuple[int, int], int]
    starts: NDArray[np.int64]
    columns: NDArray[np.int32]

    @cached_property
    def refused_of(self) -> dict[int, dict[int, int]]:
        """`refused_pairs` by row: roster position to rule number."""
        by_row: dict[int, dict[int, int]] = {}
        for (row, agent), number in self.refused_pairs.items():
            by_row.setdefault(row, {})[agent] = number
        return by_row

    def of_class(self, number: int) -> NDArray[np.int32]:
        """Return the columns of one request class."""
        return self.columns[self.starts[number] : self.starts[number + 1]]


@frozen(eq=False)
class Trace:
    """Everything one decision computed.

    Attributes
    ----------
    problem : Problem
    policy : object
        The policy that decided.
    rules : tuple
        Its rules, in the order of refusal codes.
    candidates : Candidates
    term_names : tuple of str
        Terms of the pair, in the order of `contributions`.
    scaled : tuple of bool
        Which of them `Conversation.value` multiplies.
    contributions : ndarray of float64, shape (T, N)
        Weighted, by request class and candidate; before the value multiplier, without sparse terms.
    sparse : dict from term name to dict from (row, roster position) to float
        Weighted contributions of terms over a few pairs.
    starts, columns : ndarray of int64 and int32
        Compressed rows over conversations: conversation i has the candidates of its class.
    value : ndarray of float64, shape (entries,)
        Value of each pair; minus infinity where refused or faulty.
    hold : ndarray of float64, shape (C,)
    option : ndarray of float64, shape (C,)
    urgency : dict from term name to ndarray of float64, shape (C,)
        Weighted; their sum lowers hold.
    agent_of : ndarray of intp, shape (C,)
        Roster position, -1 where held.
    tier_of : ndarray of intp, shape (C,)
        Availability tier in which the conversation was placed, -1 where held.
    conversation_price, agent_price : ndarray of float64, shape (C,) and (A,)
        Dual prices; agents by roster position: what one more conversation of capacity would gain. With mixed costs
        prices of the linear relaxation, by unit of capacity.
    worth, bound : float
    is_optimal : bool
    method : str
    faults : tuple of MemberFault
    faulty : frozenset of int
        Rows that a fault touched.
    solved : (AssignmentProblem, Matching) or None
        The whole decision as one matching problem, columns in tie order; None where it was not one: mixed costs,
        several tiers, policies in code.
    """

    problem: Problem
    policy: object
    rules: tuple[object, ...]
    candidates: Candidates
    term_names: tuple[str, ...]
    scaled: tuple[bool, ...]
    contributions: NDArray[np.float64]
    sparse: dict[str, dict[tuple[int, int], float]]
    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    value: NDArray[np.float64]
    hold: NDArray[np.float64]
    option: NDArray[np.float64]
    urgency: dict[str, NDArray[np.float64]]
    agent_of: NDArray[np.intp]
    tier_of: NDArray[np.intp]
    conversation_price: NDArray[np.float64]
    agent_price: NDArray[np.float64]
    worth: float
    bound: float
    is_optimal: bool
    method: str
    faults: tuple[MemberFault, ...]
    faulty: frozenset[int]
    solved: tuple[AssignmentProblem, Matching] | None = None

    @cached_property
    def sensitivity(self) -> Sensitivity | None:
        """Exact answers about the matching, rows by position and agents by column; None where there are none."""
        if self.solved is None or not self.is_optimal:
            return None
        return Sensitivity(*self.solved)

    def entries(self, row: int) -> slice:
        """Return where a conversation's candidates stand in `columns` and `value`."""
        return slice(int(self.starts[row]), int(self.starts[row + 1]))

    def candidates_of(self, row: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return roster positions and values of the eligible pairs of a conversation, in tie order."""
        span = self.entries(row)
        agents, value = self.candidates.order[self.columns[span]], self.value[span]
        eligible = value > -np.inf
        return agents[eligible], value[eligible]

    def value_of(self, row: int, agent: int) -> float:
        """Return the value of a pair; minus infinity where it is not eligible."""
        span = self.entries(row)
        column = self.candidates.column_of[agent]
        at = int(span.start + np.searchsorted(self.columns[span], column))
        return float(self.value[at]) if at < span.stop and self.columns[at] == column else -np.inf

    def parts_of(self, row: int, agent: int) -> dict[str, float]:
        """Return what each term contributes to the value of a pair that no class-wide rule refuses."""
        number = int(self.problem.backlog.class_of[row])
        start = int(self.candidates.starts[number])
        at = start + int(np.searchsorted(self.candidates.of_class(number), self.candidates.column_of[agent]))
        multiplier = float(self.problem.backlog.value[row])
        parts = {
            name: float(self.contributions[term, at]) * (multiplier if scaled else 1.0)
            for term, (name, scaled) in enumerate(zip(self.term_names, self.scaled, strict=True))
        }
        for name, amounts in self.sparse.items():
            parts[name] = parts.get(name, 0.0) + amounts.get((row, agent), 0.0)
        return parts

    def refusals_of(self, row: int) -> NDArray[np.uint8]:
        """Return the first rule that refuses each agent for a conversation, by roster position, or `ALLOWED`."""
        codes: NDArray[np.uint8] = self.candidates.refusals[self.problem.backlog.class_of[row]].copy()
        for agent, number in self.candidates.refused_of.get(row, {}).items():
            codes[agent] = min(number, codes[agent])
        return codes

    def refusal(self, row: int, agent: int) -> int | None:
        """Return the number of the rule that refuses a pair; None where none does."""
        code = int(self.candidates.refusals[self.problem.backlog.class_of[row], agent])
        pair = self.candidates.refused_pairs.get((row, agent))
        if pair is not None:
            return min(pair, code)
        return None if code == ALLOWED else code
