"""Hostile input to `route`: a clear error of this library or a plain answer, never a traceback from the depths."""

from __future__ import annotations

import decimal
import fractions
import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

import routematch as rm
from routematch.errors import RoutematchError
from routematch.routing import Plan

AGENTS = [rm.Agent("ana", {"a": 0.9}), rm.Agent("bo", {"a": 0.4}, capacity=2)]
WAITING = [rm.Conversation("x", "a", arrived_at=1.0), rm.Conversation("y", "a", arrived_at=2.0)]
HUGE = "x" * 10_000_000


class Broken:
    """Raises whatever is asked of it."""

    def __iter__(self) -> Iterator[object]:
        raise RuntimeError("no")

    def __len__(self) -> int:
        raise RuntimeError("no")

    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    def __hash__(self) -> int:
        raise RuntimeError("no")

    def __bool__(self) -> bool:
        raise RuntimeError("no")


class BrokenMap(Mapping[str, Any]):
    """A mapping that raises when it is read."""

    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("no")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no")

    def __len__(self) -> int:
        return 1


def endless() -> Iterator[object]:
    """Never end."""
    while True:
        yield None


GARBAGE: dict[str, Any] = {
    "None": None,
    "an int": 7,
    "a negative int": -7,
    "a huge int": 10**400,
    "a float": 1.5,
    "NaN": math.nan,
    "infinity": math.inf,
    "a bool": True,
    "text": "ana",
    "huge text": HUGE,
    "bytes": b"ana",
    "a list": [],
    "a list of text": ["ana", "bo"],
    "a list of None": [None],
    "nested lists": [[[[]]]],
    "a list of huge text": [HUGE],
    "a dict": {},
    "a dict of text": {"ana": "bo"},
    "a dict by number": {1: 2},
    "a set": {1, 2},
    "a complex": 1j,
    "a Decimal": decimal.Decimal("1.5"),
    "a NaN Decimal": decimal.Decimal("sNaN"),
    "a Fraction": fractions.Fraction(1, 3),
    "an array": np.arange(3.0),
    "an empty array": np.zeros(0),
    "a matrix": np.zeros((2, 2)),
    "an array of objects": np.array([None, {}], object),
    "a numpy int": np.int64(3),
    "a numpy NaN": np.float32("nan"),
    "a naive datetime": datetime(2026, 1, 1),  # noqa: DTZ001 - that is the point
    "an aware datetime": datetime(2026, 1, 1, tzinfo=UTC),
    "a date": date(2026, 1, 1),
    "a timedelta": timedelta(1),
    "a function": len,
    "a type": rm.Agent,
    "an object": object(),
    "a broken object": Broken(),
    "a broken mapping": BrokenMap(),
    "an agent": AGENTS[0],
    "a conversation": WAITING[0],
    "a queue": rm.Queue("q"),
    "agents": AGENTS,
    "conversations": WAITING,
    "a generator of agents": "generator",
    "the error itself": ValueError("x"),
    "a module": rm,
}
ARGUMENTS = ("conversations", "agents", "policy", "now", "estimates", "memory", "seed", "queues", "limit")


def answered(**arguments: Any) -> Plan | RoutematchError:
    """Route; return the plan, or the library's own error with a message of sane length."""
    try:
        return rm.route(**arguments)
    except RoutematchError as error:
        return error


@pytest.mark.parametrize("garbage", list(GARBAGE))
@pytest.mark.parametrize("argument", ARGUMENTS)
def test_any_garbage_in_any_argument_is_answered_in_words(argument: str, garbage: str) -> None:
    """Every argument takes what it takes and refuses all else by an error that is the library's own."""
    given = (agent for agent in AGENTS) if garbage == "a generator of agents" else GARBAGE[garbage]
    arguments = {"conversations": WAITING, "agents": AGENTS, argument: given}
    answer = answered(**arguments)
    assert isinstance(answer, Plan) or len(str(answer)) < 20_000
    if isinstance(answer, Plan):
        json.dumps(answer.to_dict(), allow_nan=False)
    elif isinstance(answer, rm.InvalidInputError):
        assert argument in str(answer)


@pytest.mark.parametrize("argument", ["conversations", "agents", "queues"])
def test_lists_are_checked_entry_by_entry(argument: str) -> None:
    """Each wrong entry is named by its position; right ones around it are no excuse."""
    right: dict[str, Any] = {"conversations": WAITING[0], "agents": AGENTS[0], "queues": rm.Queue("q")}
    wrong = [value for name, value in GARBAGE.items() if name not in {"a conversation", "an agent", "a queue"}]
    error = answered(**{"conversations": [], "agents": [], argument: [right[argument], *wrong]})
    assert isinstance(error, rm.InvalidInputError)
    assert len(error.faults) == len(wrong)
    assert error.faults[0].place == f"{argument}[1]"


def test_endless_input_is_refused_before_memory_runs_out() -> None:
    """A generator without end is stopped at the limit of the argument."""
    for argument in ("conversations", "agents", "queues"):
        answer = answered(**{"conversations": [], "agents": [], argument: endless()})
        assert isinstance(answer, RoutematchError)


def test_generators_and_rosters_are_taken() -> None:
    """Any iterable of nouns is fine, and an encoded roster is the same as its agents."""
    usual = rm.route(WAITING, AGENTS).to_dict()
    assert rm.route((c for c in WAITING), iter(AGENTS)).to_dict() == usual
    assert rm.route({c.id: c for c in WAITING}.values(), rm.Roster.of(AGENTS)).to_dict() == usual


@pytest.mark.parametrize("conversations", [[], WAITING])
@pytest.mark.parametrize("agents", [[], AGENTS, [rm.Agent("zero", {"a": 1.0}, capacity=0)]])
@pytest.mark.parametrize("preset", sorted(rm.policies.PRESETS))
def test_nothing_and_nobody_are_fine(conversations: Any, agents: Any, preset: str) -> None:
    """Every combination of empty sides and no capacity gives a plan by every preset."""
    plan = rm.route(conversations, agents, policy=rm.policies.PRESETS[preset](), limit=0)
    assert len(plan.assignments) + len(plan.held) == len(conversations)
    json.dumps(plan.to_dict(), allow_nan=False)
    plan.to_networkx()
    str(plan)


# --- extreme numbers --------------------------------------------------------------------------------------------------


EXTREME: dict[str, dict[str, Any]] = {
    "value": {"value": 1e15},
    "no value": {"value": 0.0},
    "tiny value": {"value": 5e-324},
    "priority": {"priority": 1e9},
    "low priority": {"priority": -1e9},
    "top priority": {"priority": 1e15},
    "bottom priority": {"priority": -1e15},
    "old": {"arrived_at": -1e15},
    "ancient": {"arrived_at": 0.0},
    "overdue": {"due_at": -1e15},
    "never due": {"due_at": 1e15},
    "pulled": {"affinity": {"ana": 1e15, "bo": -1e15}},
    "pushed": {"affinity": {"ana": -1e15, "bo": -1e15}},
    "wished": {"prefers": {"a": 1e15}},
    "pulled by thousands": {"affinity": {f"agent-{n}": 1.0 for n in range(9_000)}},
}


@pytest.mark.parametrize("extreme", list(EXTREME))
@pytest.mark.parametrize("preset", ["best_match", "longest_idle", "first_come_first_served"])
def test_one_extreme_conversation_changes_no_other_answer(extreme: str, preset: str) -> None:
    """Agents are plenty: everybody else is served as before, at the same worth of their own."""
    agents = [rm.Agent(f"agent-{n}", {"a": 0.5}) for n in range(6)]
    agents += [rm.Agent("ana", {"a": 0.5}), rm.Agent("bo", {"a": 0.5})]
    waiting = [rm.Conversation(f"c-{n}", "a", arrived_at=2e9 - n) for n in range(3)]
    policy = rm.policies.PRESETS[preset]()
    before = rm.route(waiting, agents, now=2e9, policy=policy)
    one = rm.Conversation("extreme", "a", **{"arrived_at": 2e9, **EXTREME[extreme]})
    after = rm.route([*waiting, one], agents, now=2e9, policy=policy)
    assert set(before.pairs()) == {"c-0", "c-1", "c-2"}
    assert set(before.pairs()) <= set(after.pairs())
    for name, assignment in before.assignments.items():
        assert after.assignments[name].value == assignment.value
    json.dumps(after.to_dict(), allow_nan=False)


def test_aging_for_sixty_years_is_a_number_like_any_other() -> None:
    """`arrived_at=0` with a clock of today: everybody is served, the longest waiting first."""
    waiting = [rm.Conversation(f"c-{n:03}", arrived_at=0.0 if n == 50 else 1.9e9) for n in range(100)]
    plan = rm.route(waiting, [rm.Agent("ana")], now=2e9)
    assert plan.pairs() == {"c-050": "ana"}
    assert plan.is_optimal
    assert not plan.faults


def test_a_bot_without_limits_takes_everything() -> None:
    """A million units, thousands of conversations, tiny and zero costs: no table of that size is made."""
    bot = rm.Agent("bot", kind="bot", capacity=rm.Capacity(1_000_000, costs={"email": 0.001, "sms": 0}))
    waiting = [rm.Conversation(f"c-{n}", channel=("chat", "email", "sms")[n % 3]) for n in range(600)]
    plan = rm.route(waiting, [bot, rm.Agent("ana")])
    assert len(plan.assignments) == 600
    assert plan.is_optimal


def test_a_very_skilled_agent_and_a_very_loved_one() -> None:
    """Ten thousand skills on one agent, affinity to everybody, a thousand wishes: an answer like any other."""
    agents = [rm.Agent("ana", {f"skill-{n}": 0.5 for n in range(10_000)})]
    agents += [rm.Agent(f"agent-{n:03}", {"skill-7": 0.1}) for n in range(300)]
    loved = {agent.id: 0.001 * n for n, agent in enumerate(agents)}
    waiting = [
        rm.Conversation(f"c-{n}", "skill-7", affinity=loved, prefers={f"skill-{k}": 0.01 for k in range(300)})
        for n in range(20)
    ]
    for preset in ("best_match", "nearest_level", "least_versatile_first"):
        assert len(rm.route(waiting, agents, policy=rm.policies.PRESETS[preset]()).assignments) == 20


def test_conditions_at_their_limits() -> None:
    """Nested as deep and as wide as allowed, and relaxed a thousand times: judged, explained and written."""
    deep: Any = rm.Requirement("a", 0.1)
    for n in range(30):
        deep = (rm.all_of, rm.any_of, rm.none_of)[n % 3](deep)
    wide = rm.any_of(*(rm.Requirement(f"skill-{n}", 0.5) for n in range(900)), "a")
    steps = [rm.After(float(n + 1), at_least=1.0 - (n + 1) / 1000) for n in range(999)]
    slow = rm.Requirement("a", 1.0, relax=steps)
    waiting = [rm.Conversation(name, asked, arrived_at=0.0) for name, asked in (("d", deep), ("s", slow), ("w", wide))]
    plan = rm.route(waiting, AGENTS, now=500.0)
    assert {"s", "w"} <= set(plan.assignments)
    for conversation in waiting:
        assert str(plan.explain(conversation.id))


@pytest.mark.parametrize("now", [-1e15, -1.0, 0.0, 1e15])
def test_any_finite_now_is_taken(now: float) -> None:
    """Long before or long after everything else in the input."""
    plan = rm.route(WAITING, AGENTS, now=now)
    assert plan.now == now
    assert len(plan.assignments) + len(plan.held) == 2
    json.dumps(plan.to_dict(), allow_nan=False)


@pytest.mark.parametrize("seed", [0, 1, 2**63, 2**200])
def test_any_whole_seed_is_taken(seed: int) -> None:
    """Seeds of any size work, and the same one gives the same plan."""
    policy = rm.policies.random()
    assert (
        rm.route(WAITING, AGENTS, policy=policy, seed=seed).to_dict()
        == rm.route(WAITING, AGENTS, policy=policy, seed=seed).to_dict()
    )


def test_memory_may_hold_anything_under_other_names() -> None:
    """Other parts' memory is carried along; it must only not break the decision."""
    memory = {"others": {"deep": [[[[1]]]]}, "decisions": 10**30, "assigned_at": {"gone": 1e300, "ana": -5}}
    for preset in ("fewest_open", "round_robin", "random"):
        plan = rm.route(WAITING, AGENTS, policy=rm.policies.PRESETS[preset](), memory=memory)
        assert plan.memory["others"] == memory["others"]
        assert plan.memory["decisions"] == 10**30 + 1


def nested(depth: int) -> list[Any]:
    """Return lists inside lists."""
    made: list[Any] = []
    for _ in range(depth - 1):
        made = [made]
    return made


def holding_itself() -> dict[str, Any]:
    """Return a mapping that is its own entry."""
    made: dict[str, Any] = {}
    made["again"] = made
    return made


def doubled(times: int) -> list[Any]:
    """Return a short list that is 2 to a power long when it is written out."""
    made: list[Any] = []
    for _ in range(times):
        made = [made, made]
    return made


BAD_MEMORY: dict[str, tuple[dict[str, Any], str]] = {
    "a huge instant": ({"assigned_at": {"x": 10**400}}, "memory.assigned_at.x"),
    "no instant": ({"assigned_at": {"ana": 1.0, "x": math.nan}}, "memory.assigned_at.x"),
    "an endless instant": ({"assigned_at": {"x": math.inf}}, "memory.assigned_at.x"),
    "a boolean instant": ({"assigned_at": {"x": True}}, "memory.assigned_at.x"),
    "no instants": ({"assigned_at": [1.0]}, "memory.assigned_at"),
    "a huge number": ({"decisions": 10**5000}, "memory.decisions"),
    "deep": ({"others": nested(65)}, "memory.others"),
    "very deep": ({"others": nested(100_000)}, "memory.others"),
    "holding itself": ({"others": holding_itself()}, "memory.others"),
    "unreadable": ({"others": [BrokenMap()]}, "memory.others"),
    "doubled": ({"others": doubled(40)}, "memory.others"),
}


@pytest.mark.parametrize("memory", list(BAD_MEMORY))
@pytest.mark.parametrize("preset", ["fewest_open", "round_robin", "random"])
def test_memory_that_cannot_be_carried_is_refused_with_its_place(memory: str, preset: str) -> None:
    """Numbers that are none, and nesting that nobody could write to a file, are faults at once."""
    given, place = BAD_MEMORY[memory]
    error = answered(conversations=WAITING, agents=AGENTS, policy=rm.policies.PRESETS[preset](), memory=given)
    assert isinstance(error, rm.InvalidInputError)
    assert [fault.place for fault in error.faults] == [place]


def test_memory_may_be_as_deep_as_a_file() -> None:
    """64 levels are carried along and written."""
    memory = {"others": nested(64), "more": {"deep": nested(63)}}
    written = rm.route(WAITING, AGENTS, memory=memory).to_dict()["memory"]
    assert {**written, "decisions": 0} == {**memory, "decisions": 0}


@pytest.mark.parametrize("committed", [5, None, [[]], [None], [{}], "xy", HUGE, b"xy", Broken(), endless(), [HUGE]])
def test_committed_is_a_sequence_of_ids(committed: Any) -> None:
    """A lone string is no sequence of ids, and what cannot be an id is an unknown one."""
    plan = rm.route(WAITING, AGENTS)
    with pytest.raises(rm.InvalidInputError) as caught:
        plan.memory_after(committed)
    assert len(str(caught.value)) < 500
    assert plan.memory_after(iter(["x"])) == plan.memory_after({"x": "ana"}) == plan.memory_after(("x",))


@pytest.mark.parametrize("agent", [5, None, "ana", rm.Agent, WAITING[0], Broken()])
def test_the_gain_of_no_agent_is_refused(agent: Any) -> None:
    """`gain_of_agent` asks for an agent, whatever the policy."""
    with pytest.raises(rm.InvalidInputError, match="must be an Agent"):
        rm.route(WAITING, AGENTS).gain_of_agent(agent)


def test_names_may_be_any_text() -> None:
    """Ids with quotes, line breaks, right-to-left text and emoji are carried through plans and explanations."""
    names = ["a\nb", "'; drop", "עברית", "🙂", "\u202e", " ", "a" * 1000]
    waiting = [rm.Conversation(f"c {name}"[:1000], "a") for name in names]
    agents = [rm.Agent(name, {"a": 1.0}) for name in names]
    plan = rm.route(waiting, agents)
    assert sorted(plan.pairs().values()) == sorted(names)
    assert all(str(plan.explain(conversation.id)) for conversation in waiting)
    assert json.loads(json.dumps(plan.to_dict())) == plan.to_dict()


def test_asking_about_a_stranger_is_an_unknown_name() -> None:
    """`explain` suggests near spellings and never raises a `KeyError`."""
    plan = rm.route(WAITING, AGENTS)
    for stranger in ("z", "", HUGE, None, 7, ["x"]):
        with pytest.raises(rm.InvalidInputError):
            plan.explain(stranger)  # type: ignore[arg-type]  # that is the point
