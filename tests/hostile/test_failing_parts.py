"""A part that fails anywhere takes nothing down but its own pairs."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from attrs import evolve, frozen

import routematch as rm
from routematch.errors import ContractError
from routematch.policies import best_match
from routematch.routing import Plan
from routematch.rules import Skills
from routematch.state import Behaviour, Problem, RequestClass, SparsePairs, Static


@frozen
class Part:
    """A term over single pairs, whose answers can be chosen."""

    name: ClassVar[str] = "part"
    axes: ClassVar[tuple[str, ...]] = ("pair",)
    looks_at: ClassVar[tuple[str, ...]] = ()
    scaled_by_value: ClassVar[bool] = False
    answer: object = SparsePairs(np.zeros(0), np.zeros(0), np.zeros(0))
    change: object = Static()

    def value(self, problem: Problem, request: RequestClass) -> object:
        """Give the chosen answer."""
        return self.answer

    def behaviour(self, problem: Problem) -> Behaviour:
        """Give the chosen behaviour, or raise."""
        if isinstance(self.change, Exception):
            raise self.change
        return self.change


def plan_with(part: Part) -> Plan:
    """Route two conversations to one agent, so that one is held and its review asks the part."""
    policy = evolve(best_match(), terms=(*best_match().terms, part))
    return rm.route([rm.Conversation("a"), rm.Conversation("b")], [rm.Agent("ana")], policy=policy)


def test_no_pairs_may_be_said_with_empty_columns_of_any_kind():
    """Empty columns are no pairs, whatever their dtype."""
    assert plan_with(Part()).pairs() == {"a": "ana"}


@pytest.mark.parametrize("amounts", [np.array(["x"]), np.array([1 + 2j]), np.array([None])])
def test_amounts_that_are_no_numbers_break_the_contract(amounts: np.ndarray):
    """A wrong dtype names the part and its promise."""
    with pytest.raises(ContractError, match="part promised"):
        plan_with(Part(SparsePairs(np.array([0]), np.array([0]), amounts)))


def test_a_behaviour_that_raises_may_change_at_any_time():
    """The plan stands; its review is at once, since nothing is known."""
    assert plan_with(Part(change=ZeroDivisionError())).next_review_at == 0.0


@pytest.mark.parametrize("change", [5, None, "static"])
def test_a_behaviour_that_is_none_breaks_the_contract(change: object):
    """Something that is no behaviour names the part and its promise."""
    with pytest.raises(ContractError, match="part promised a behaviour"):
        plan_with(Part(change=change))


def test_an_error_of_this_library_raised_in_a_part_stays_its_own():
    """A part that makes an invalid noun fails like any other."""

    class Making(Part):
        axes = ("agent",)

        def value(self, problem: Problem, request: RequestClass) -> object:
            return np.array([rm.Requirement("skill", 7).at_least for _ in problem.roster.ids])

    plan = plan_with(Making())

    assert plan.pairs() == {}
    assert plan.faults[0].member == "part"
    assert plan.faults[0].kind == "raised"


def test_a_rule_without_a_sentence_is_named():
    """Where a rule cannot say why it refuses, its name is given."""

    class Silent(Skills):
        def sentence(self, problem: Problem, row: int, agent: int) -> str:
            raise ZeroDivisionError

    plan = rm.route([rm.Conversation("a", "x")], [rm.Agent("ana")], policy=evolve(best_match(), rules=(Silent(),)))

    assert plan.explain("a").refused[0].sentence == "is refused by the rule skills"


def test_an_agent_of_little_weight_lets_in_no_pair_below_hold():
    """Charges for spreading lower hold, but a pair that is worth less than waiting stays out."""
    waiting = [rm.Conversation("a", "k", affinity={"x": -2.5}), rm.Conversation("b", "s")]
    plan = rm.route(waiting, [rm.Agent("x", {"k": 1}), rm.Agent("z", {"s": 1}, weight=0.01)])

    assert plan.pairs() == {"b": "z"}
    assert plan.held["a"].reason == "waiting_is_worth_more"
