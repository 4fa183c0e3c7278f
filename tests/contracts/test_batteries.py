"""Every rule and every term passes its battery, and every promise has a liar that is caught."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from routematch.errors import ContractError
from routematch.rules import RULES
from routematch.state import Free, Linear, Monotone, Problem, SparsePairs, Static, Steps
from routematch.terms import TERMS, Due, HandleTime, Idle
from routematch.testing.batteries import check_rule, check_term

#: Terms that compare an agent with everybody else.
RELATIVE = {"scarcity"}


@pytest.mark.parametrize("name", list(RULES))
def test_every_rule_keeps_its_contract(name: str) -> None:
    """A line in `RULES` is all it takes to be checked here."""
    check_rule(RULES[name]())


@pytest.mark.parametrize("name", list(TERMS))
def test_every_term_keeps_its_contract(name: str) -> None:
    """A line in `TERMS` is all it takes to be checked here."""
    check_term(TERMS[name](), is_local=name not in RELATIVE)


@pytest.mark.parametrize("term", [Idle(full_time=5.0), HandleTime(longest=1.0), Due(lead_time=0.0, factor=0.0)])
def test_terms_keep_their_contract_with_other_parameters(term: Any) -> None:
    """Parameters change values, not promises."""
    check_term(term)


class Liar:
    """A member whose every part can be replaced."""

    def __init__(self, **parts: Any) -> None:
        self.name = parts.get("name", "liar")
        self.axes = parts.get("axes", ("agent",))
        self.looks_at = parts.get("looks_at", ())
        self.scaled_by_value = parts.get("scaled_by_value", False)
        self._answer = parts.get("answer", lambda problem, request: np.zeros(len(problem.roster)))
        self._behaviour = parts.get("behaviour", Static())
        self._sentence = parts.get("sentence", "is not allowed")
        self.calls = 0

    def value(self, problem: Problem, request: Any) -> Any:
        self.calls += 1
        return self._answer(problem, request)

    def allowed(self, problem: Problem, request: Any) -> Any:
        return self.value(problem, request)

    def behaviour(self, problem: Problem) -> Any:
        return self._behaviour

    def sentence(self, problem: Problem, row: int, agent: int) -> Any:
        return self._sentence


def zeros(problem: Problem, request: Any) -> Any:
    """Give zeros."""
    return np.zeros(len(problem.roster))


def nobody(problem: Problem, request: Any) -> Any:
    """Allow nobody."""
    return np.zeros(len(problem.roster), bool)


def since_now(rate: float) -> Callable[[Problem, Any], Any]:
    """Grow with the clock."""
    return lambda problem, request: np.full(len(problem.roster), rate * problem.now)


def counting() -> Callable[[Problem, Any], Any]:
    """Tell how often it was asked."""
    calls: list[int] = []

    def answer(problem: Problem, request: Any) -> Any:
        calls.append(1)
        return np.full(len(problem.roster), float(len(calls)))

    return answer


def writing(problem: Problem, request: Any) -> Any:
    """Write into memory."""
    problem.memory["seen"] = True  # type: ignore[index]  # that is the lie
    return np.zeros(len(problem.roster))


def one_pair(rows: list[int], agents: list[int], amounts: list[float]) -> Callable[[Problem, Any], Any]:
    """Name certain pairs."""
    return lambda problem, request: SparsePairs(np.array(rows), np.array(agents), np.array(amounts))


REQUEST = ("request", "agent")
LYING_TERMS: dict[str, tuple[dict[str, Any], str]] = {
    "an empty name": ({"name": ""}, "name must be text"),
    "axes of its own": ({"axes": ("profile",)}, "axes must be one of"),
    "axes as a list": ({"axes": ["agent"]}, "axes must be one of"),
    "an unknown field": ({"looks_at": ("colour",)}, "looks_at must be"),
    "no flag": ({"scaled_by_value": 1}, "scaled_by_value"),
    "a wrong shape": ({"answer": lambda p, r: np.zeros(len(p.roster) + 1)}, r"must give float64 of shape"),
    "a wrong dtype": ({"answer": lambda p, r: np.zeros(len(p.roster), int)}, r"must give float64 of shape"),
    "a list": ({"answer": lambda p, r: [0.0] * len(p.roster)}, "must give float64"),
    "profiles as agents": ({"axes": ("request", "profile"), "answer": zeros}, "must give float64"),
    "no pairs": ({"axes": ("pair",), "answer": zeros}, "must give SparsePairs"),
    "pairs of unequal length": ({"axes": ("pair",), "answer": one_pair([0], [0], [])}, "of one length"),
    "pairs out of the problem": ({"axes": ("pair",), "answer": one_pair([999], [0], [1.0])}, "of the problem"),
    "a count of calls": ({"answer": counting()}, "when asked again"),
    "a changed memory": ({"answer": writing}, "must not change|equal problem"),
    "an undeclared field": (
        {"axes": REQUEST, "answer": lambda p, r: np.full(len(p.roster), float(r.channel == "chat"))},
        "looks at channel",
    ),
    "an undeclared wish": (
        {
            "axes": REQUEST,
            "looks_at": ("channel",),
            "answer": lambda p, r: np.full(len(p.roster), len(r.prefers) * 1.0),
        },
        "looks at prefers",
    ),
    "change called static": ({"answer": since_now(1.0)}, "Static.*does not allow"),
    "too steep": ({"answer": since_now(2.0), "behaviour": Linear(1.0, spread=1.0)}, "Linear.*does not allow"),
    "too flat": ({"answer": since_now(0.5), "behaviour": Linear(1.0, spread=0.25)}, "Linear.*does not allow"),
    "falling": ({"answer": since_now(-0.1), "behaviour": Linear(1.0, spread=1.0)}, "Linear.*does not allow"),
    "an unnamed step": (
        {"answer": lambda p, r: np.full(len(p.roster), float(p.now > 1800)), "behaviour": Steps((1900.0,))},
        "Steps.*does not allow",
    ),
    "up and down": (
        {"answer": lambda p, r: np.full(len(p.roster), np.sin(p.now)), "behaviour": Monotone()},
        "Monotone.*does not allow",
    ),
    "no behaviour": ({"behaviour": None}, "behaviour must be"),
    "the first of all": (
        {"answer": lambda p, r: np.arange(len(p.roster), dtype=float)},
        "order or the names of agents",
    ),
    "a favourite": (
        {"answer": lambda p, r: np.array([float(name == "agent-0") for name in p.roster.ids])},
        "order or the names of agents",
    ),
    "a share of the whole": (
        {"answer": lambda p, r: np.full(len(p.roster), 1.0 / max(len(p.roster), 1))},
        "a part as for the whole",
    ),
    "a share of the backlog": (
        {"axes": ("conversation",), "answer": lambda p, r: np.full(len(p.backlog), float(len(p.backlog)))},
        "a part as for the whole",
    ),
    "no number": ({"answer": lambda p, r: np.full(len(p.roster), np.nan)}, "must be finite"),
    "endless urgency": (
        {"axes": ("conversation",), "answer": lambda p, r: np.full(len(p.backlog), np.inf)},
        "must be finite",
    ),
}


@pytest.mark.parametrize("lie", list(LYING_TERMS))
def test_a_lying_term_is_caught(lie: str) -> None:
    """Each promise of a term is broken once, and the battery names it."""
    parts, promise = LYING_TERMS[lie]
    with pytest.raises(ContractError, match=promise):
        check_term(Liar(**parts))


LYING_RULES: dict[str, tuple[dict[str, Any], str]] = {
    "numbers": ({"answer": zeros}, "must give bool of shape"),
    "conversations": ({"axes": ("conversation",), "answer": nobody}, "axes must be one of"),
    "a slope": ({"answer": nobody, "behaviour": Linear(1.0)}, "cannot change linearly"),
    "closing time": ({"answer": lambda p, r: np.full(len(p.roster), p.now < 2000)}, "Static.*does not allow"),
    "no sentence": ({"answer": nobody, "sentence": ""}, "a clause without a full stop"),
    "a full stop": ({"answer": nobody, "sentence": "Is not allowed."}, "a clause without a full stop"),
    "a number for a sentence": ({"answer": nobody, "sentence": 3}, "a clause without a full stop"),
    "an undeclared field": (
        {"axes": REQUEST, "answer": lambda p, r: np.full(len(p.roster), r.customer is None)},
        "looks at customer",
    ),
}


@pytest.mark.parametrize("lie", list(LYING_RULES))
def test_a_lying_rule_is_caught(lie: str) -> None:
    """Each promise of a rule is broken once, and the battery names it."""
    parts, promise = LYING_RULES[lie]
    with pytest.raises(ContractError, match=promise):
        check_rule(Liar(**parts))


def test_honest_members_pass() -> None:
    """What a liar is caught at, the honest may do: say so, and it is no lie."""
    check_term(Liar())
    check_rule(Liar(answer=nobody))
    check_term(Liar(answer=since_now(1.0), behaviour=Linear(1.0)))
    check_term(Liar(answer=since_now(1.0), behaviour=Monotone()))
    check_term(Liar(answer=lambda p, r: np.full(len(p.roster), np.sin(p.now)), behaviour=Free()))
    check_term(Liar(answer=lambda p, r: np.full(len(p.roster), float(p.now >= 1800)), behaviour=Steps((1800.0, 9e9))))
    check_term(Liar(answer=lambda p, r: np.full(len(p.roster), 1.0 / max(len(p.roster), 1))), is_local=False)
    channel = Liar(
        axes=REQUEST, looks_at=("channel",), answer=lambda p, r: np.full(len(p.roster), float(r.channel == "chat"))
    )
    check_term(channel)


@pytest.mark.parametrize("member", [None, 7, object(), Idle])
def test_what_is_no_member_is_refused(member: Any) -> None:
    """Anything without the members of the contract is a broken contract, never an `AttributeError`."""
    with pytest.raises(ContractError):
        check_rule(member)
    with pytest.raises(ContractError):
        check_term(member)
