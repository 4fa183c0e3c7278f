"""What may change an answer, and what may not: order, hash seeds, other conversations, worse input."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

import routematch as rm
from routematch.policies import PRESETS, Policy, Weighted, best_match
from routematch.routing import Plan
from routematch.state import SparsePairs, Static
from routematch.testing import strategies
from routematch.testing.cases import RandomCase, random_case
from routematch.testing.oracle import Case, breaches

NOBODY = rm.Requirement("a skill that nobody has")


def as_bytes(plan: Plan) -> bytes:
    """Return everything a plan says."""
    return json.dumps(plan.to_dict()).encode()


def answer(plan: Plan, *, without: str = "") -> dict[str, object]:
    """Return what a plan says about everybody, one conversation left out."""
    said: dict[str, object] = {c: (a.agent, a.worth, a.value) for c, a in plan.assignments.items() if c != without}
    return said | {c: (held.reason, held.blocked_by) for c, held in plan.held.items() if c != without}


def with_options(random: Random, preset: str) -> Policy:
    """Return a preset that sometimes prefers to wait."""
    return evolve(PRESETS[preset](), option=random.choice((0.0, 0.0, 0.5)), max_hold_time=600.0)


# --- order ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_order_of_input_changes_nothing(preset: str) -> None:
    """Every byte of the plan is the same, in whatever order agents, conversations and queues come."""
    random = Random(f"order {preset}")
    for _ in range(12):
        case, policy = random_case(random, conversations=8, agents=6, mixed_costs=True), with_options(random, preset)
        before = as_bytes(rm.route(**case, policy=policy))
        for key in ("conversations", "agents", "queues"):
            random.shuffle(case[key])  # type: ignore[literal-required]  # the lists of the case
        assert as_bytes(rm.route(**case, policy=policy)) == before


@given(agents=strategies.rosters(), conversations=strategies.backlogs(), random=st.randoms(use_true_random=False))
def test_order_of_drawn_input_changes_nothing(
    agents: list[rm.Agent], conversations: list[rm.Conversation], random: Random
) -> None:
    """The same holds for nouns of every feature."""
    before = as_bytes(rm.route(conversations, agents))
    random.shuffle(agents)
    random.shuffle(conversations)
    assert as_bytes(rm.route(conversations, agents)) == before


HASHED = """
import hashlib, json
from random import Random
import routematch as rm
from routematch.policies import PRESETS
from routematch.testing.cases import random_case
digest = hashlib.sha256()
for seed in range(60):
    random = Random(seed)
    case = random_case(random, conversations=8, agents=6, mixed_costs=seed % 2 == 0, overlapping_caps=seed % 4 == 0)
    plan = rm.route(**case, policy=PRESETS[sorted(PRESETS)[seed % len(PRESETS)]]())
    told = [str(plan.explain(c.id)) for c in case["conversations"]]
    digest.update(json.dumps([plan.to_dict(), told]).encode())
print(digest.hexdigest())
"""


def test_hash_seeds_change_nothing() -> None:
    """Plans and explanations are the same bytes in processes with different hash seeds."""
    digests = {
        subprocess.run(
            [sys.executable, "-c", HASHED],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == hashlib.sha256().digest_size * 2


# --- what belongs to one conversation stays with it -------------------------------------------------------------------


@pytest.mark.parametrize(
    "hopeless",
    [
        rm.Conversation("zz", NOBODY),
        rm.Conversation("zz", NOBODY, priority=-1e9, arrived_at=0.0),
        rm.Conversation("zz", NOBODY, priority=1e9, due_at=0.0, value=1e15),
        rm.Conversation("zz", rm.any_of(), channel="fax", arrived_at=-1e12, affinity={"agent-0": 1e15}),
        rm.Conversation("zz", excludes=[f"agent-{n}" for n in range(9)], channel="email", labels=("vip",)),
    ],
    ids=["plain", "unimportant", "important", "old", "excluding"],
)
def test_a_conversation_nobody_can_take_touches_no_other(hopeless: rm.Conversation) -> None:
    """Everybody else gets the same agent, the same worth, the same reason to wait."""
    random = Random(hopeless.priority)
    for number in range(60):
        case = random_case(random, conversations=6, agents=4, mixed_costs=number % 3 == 0)
        policy = with_options(random, random.choice(sorted(PRESETS)))
        before = answer(rm.route(**case, policy=policy))
        case["conversations"].append(hopeless)
        after = rm.route(**case, policy=policy)
        assert hopeless.id in after.held
        assert answer(after, without=hopeless.id) == before


@pytest.mark.parametrize("priority", [-1e9, -1e15, 1e15])
def test_one_absurd_priority_leaves_a_backlog_alone(priority: float) -> None:
    """A routable conversation with a priority beyond all bounds may lose; a thousand others do not."""
    agents = [rm.Agent(f"agent-{n}") for n in range(20)]
    waiting = [rm.Conversation(f"c-{n:03}", arrived_at=float(n)) for n in range(200)]
    before = rm.route(waiting, agents, now=500.0)
    after = rm.route([*waiting, rm.Conversation("absurd", priority=priority)], agents, now=500.0)
    if "absurd" in after.held:
        assert after.pairs() == before.pairs()
    else:
        assert len(after.assignments) == len(before.assignments)


@frozen
class Silent:
    """A term that fails for one agent or one conversation: it gives NaN, or raises."""

    kind: str
    axes: tuple[str, ...]
    name: str = "silent"
    looks_at: tuple[str, ...] = ()
    scaled_by_value: bool = False

    def value(self, problem: rm.state.Problem, request: object) -> object:
        bad_agent, bad_row = problem.roster.index.get("agent-1"), problem.backlog.index.get("conversation-1")
        if self.axes == ("pair",):
            return self._pairs(bad_agent, bad_row)
        profile = self.axes == ("request", "profile")
        size = len(problem.roster.profiles) if profile else len(problem.roster)
        bad = bad_agent if not profile or bad_agent is None else int(problem.roster.profile_of[bad_agent])
        if self.axes == ("conversation",):
            size, bad = len(problem.backlog), bad_row
        values = np.zeros(size)
        if bad is not None:
            if self.kind == "raises":
                raise ZeroDivisionError("no such luck")
            values[bad] = np.nan if self.kind == "nan" else np.inf
        return values

    def _pairs(self, bad_agent: int | None, bad_row: int | None) -> SparsePairs:
        if bad_agent is None or bad_row is None:
            return SparsePairs(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0))
        if self.kind == "raises":
            raise KeyError("nothing known")
        return SparsePairs(
            np.array([bad_row]), np.array([bad_agent]), np.array([np.nan if self.kind == "nan" else np.inf])
        )

    def behaviour(self, problem: object) -> Static:
        return Static()


def without_pair(case: RandomCase) -> RandomCase:
    """Forbid the one pair."""
    waiting = [
        evolve(c, excludes=(*c.excludes, "agent-1")) if c.id == "conversation-1" else c for c in case["conversations"]
    ]
    return {**case, "conversations": waiting}


def without_agent(case: RandomCase) -> RandomCase:
    """Forbid the agent to everybody."""
    waiting = [evolve(c, excludes=(*c.excludes, "agent-1")) for c in case["conversations"]]
    return {**case, "conversations": waiting}


def without_row(case: RandomCase) -> RandomCase:
    """Make the conversation one that nobody can take."""
    waiting = [evolve(c, requires=NOBODY) if c.id == "conversation-1" else c for c in case["conversations"]]
    return {**case, "conversations": waiting}


@pytest.mark.parametrize("kind", ["raises", "nan", "infinite"])
@pytest.mark.parametrize(
    ("axes", "lost"),
    [
        (("agent",), without_agent),
        (("request", "agent"), without_agent),
        (("request", "profile"), without_agent),
        (("pair",), without_pair),
        (("conversation",), without_row),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_a_failing_term_loses_only_the_pairs_it_fails_for(
    kind: str, axes: tuple[str, ...], lost: Callable[[RandomCase], RandomCase]
) -> None:
    """A NaN, an infinity or an exception for one entry is the same as that entry not being eligible."""
    random = Random(f"{kind} {axes}")
    term = Silent(kind, axes)
    usual = best_match()
    group = "urgency" if axes == ("conversation",) else "terms"
    policy = evolve(usual, **{group: (*getattr(usual, group), Weighted(term))})
    for _ in range(25):
        case = random_case(random, conversations=6, agents=4)
        if axes == ("request", "profile"):  # equal agents share a profile, and with it the failure
            case["agents"] = [evolve(a, attributes={"only": a.id}) if a.id == "agent-1" else a for a in case["agents"]]
        got, expected = rm.route(**case, policy=policy), rm.route(**lost(case), policy=usual)
        assert got.pairs() == expected.pairs()
        assert got.worth == pytest.approx(expected.worth, abs=1e-9)
        touched = {"agent-1"} if axes != ("conversation",) else {"conversation-1"}
        assert not got.faults or touched <= {
            name for fault in got.faults for name in (*fault.agents, *fault.conversations)
        }


def test_a_failing_term_is_named() -> None:
    """`plan.faults` says which part failed, how, and for whom."""
    policy = evolve(best_match(), terms=(*best_match().terms, Silent("raises", ("agent",))))
    plan = rm.route([rm.Conversation("c")], [rm.Agent("agent-1"), rm.Agent("agent-2")], policy=policy)
    assert plan.pairs() == {"c": "agent-2"}
    assert (plan.faults[0].member, plan.faults[0].kind, plan.faults[0].agents) == ("silent", "raised", ("agent-1",))
    assert "ZeroDivisionError: no such luck" in plan.faults[0].message


@frozen
class Picky:
    """A rule that raises for one agent, or answers in the wrong shape."""

    shape: str
    name: str = "picky"
    axes: tuple[str, ...] = ("agent",)
    looks_at: tuple[str, ...] = ()

    def allowed(self, problem: rm.state.Problem, request: object) -> object:
        if self.shape == "raises" and "agent-1" in problem.roster.index:
            raise RuntimeError("closed")
        size = len(problem.roster) + (self.shape == "long")
        return np.ones(size, np.float64 if self.shape == "float" else bool)

    def behaviour(self, problem: object) -> Static:
        return Static()

    def sentence(self, problem: object, row: int, agent: int) -> str:
        return "is picky"


def test_a_raising_rule_refuses_only_its_own_entries() -> None:
    """The other agents stay eligible, and the fault is reported."""
    policy = evolve(best_match(), rules=(*best_match().rules, Picky("raises")))
    plan = rm.route([rm.Conversation("c")], [rm.Agent("agent-1"), rm.Agent("agent-2")], policy=policy)
    assert plan.pairs() == {"c": "agent-2"}
    assert plan.faults[0].agents == ("agent-1",)


@pytest.mark.parametrize("shape", ["long", "float"])
def test_a_wrong_shape_or_dtype_is_a_broken_contract(shape: str) -> None:
    """It raises, and names the part and the promise."""
    policy = evolve(best_match(), rules=(*best_match().rules, Picky(shape)))
    with pytest.raises(rm.errors.ContractError, match="picky promised bool of shape"):
        rm.route([rm.Conversation("c")], [rm.Agent("agent-1")], policy=policy)


# --- worse input, hard rules ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_worse_input_has_no_better_worth(seed: int) -> None:
    """Without an agent, with a unit less, or with a raised requirement, a plan is worth no more."""
    random = Random(f"worse {seed}")
    for _ in range(40):
        case = random_case(random, conversations=8, agents=5)
        if not case["agents"] or not case["conversations"]:
            continue
        before = rm.route(**case)
        lost = random.choice(case["agents"])
        fewer: RandomCase = {**case, "agents": [agent for agent in case["agents"] if agent is not lost]}
        assert rm.route(**fewer).worth <= before.worth + 1e-9
        chosen = random.choice(case["conversations"])
        harder = evolve(chosen, requires=rm.all_of(chosen.requires, {"billing": 0.8}))
        raised: RandomCase = {**case, "conversations": [harder if c is chosen else c for c in case["conversations"]]}
        assert rm.route(**raised).worth <= before.worth + 1e-9


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_every_assignment_obeys_every_hard_rule(preset: str) -> None:
    """On larger cases too, no pair is used that a rule refuses, and no unit or cap is exceeded."""
    random = Random(f"hard {preset}")
    for number in range(4):
        case = random_case(
            random, conversations=40, agents=15, mixed_costs=number % 2 == 0, overlapping_caps=number % 2 == 1
        )
        policy = with_options(random, preset)
        if number == 3:
            policy = evolve(policy, tiers=(("available",), ("away", "offline")), strict_priority=True)
        plan = rm.route(**case, policy=policy)
        assert breaches(Case.of(**case, policy=policy), plan.pairs()) == []
        assert sorted([*plan.assignments, *plan.held]) == sorted(c.id for c in case["conversations"])


@pytest.mark.parametrize("limit", [0, 1, 2, 5, 20, 100])
def test_a_budget_gives_a_feasible_plan_with_a_true_bound(limit: int) -> None:
    """When the budget runs out the plan obeys all rules, is worth no more than the best, and its bound no less."""
    random = Random(limit)
    for number in range(12):
        case = random_case(random, conversations=12, agents=6, mixed_costs=number % 2 == 0)
        best, plan = rm.route(**case), rm.route(**case, limit=limit)
        assert breaches(Case.of(**case), plan.pairs()) == []
        assert plan.worth <= best.bound + 1e-9
        assert plan.bound >= best.worth - 1e-9
        if plan.is_optimal:
            assert plan.worth == pytest.approx(best.worth, abs=1e-9)
