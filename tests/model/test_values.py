"""Nouns are values: equal by content, hashable, sent anywhere whole."""

import copy
import pickle
import subprocess
import sys

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routematch.model import Agent, Conversation
from routematch.model.frozen import FrozenMap
from routematch.testing import strategies

NOUNS = {
    "agents": strategies.agents(),
    "capacities": strategies.capacities(),
    "conditions": strategies.conditions(),
    "conversations": strategies.conversations(),
    "estimates": strategies.estimates(),
    "outcomes": strategies.outcomes(),
    "preferences": strategies.preferences(),
    "queues": strategies.queues(),
    "assignments": strategies.assignments(),
    "held": strategies.held(),
}


@pytest.mark.parametrize("nouns", NOUNS.values(), ids=NOUNS)
def test_copies_are_equal(nouns):
    """Pickled, deep-copied, evolved and rebuilt nouns equal the original, and so do their hashes."""

    @settings(max_examples=settings().max_examples // 3)
    @given(nouns)
    def check(noun):
        fields = {field.name: getattr(noun, field.name) for field in attrs.fields(type(noun)) if field.init}
        for made in (
            pickle.loads(pickle.dumps(noun)),
            copy.deepcopy(noun),
            copy.copy(noun),
            attrs.evolve(noun),
            type(noun)(**fields),
        ):
            assert made == noun
            assert hash(made) == hash(noun)

    check()


@settings(max_examples=settings().max_examples // 4)
@given(strategies.rosters(max_size=4))
def test_equal_nouns_count_once_in_a_set(agents):
    """Hash and equality agree."""
    assert len({*agents, *(attrs.evolve(agent) for agent in agents)}) == len(agents)


def test_a_hash_is_not_carried_to_another_process():
    """A pickled noun whose hash was taken can be found in a set of a process with another hash seed."""
    agent = Agent("ana", {"billing": 0.5}, attributes={"site": "berlin"})
    conversation = Conversation("chat-1", {"billing": 0.5}, labels=["vip"])
    hash(agent), hash(conversation), hash(agent.skills)
    code = (
        "import pickle, sys; from routematch.model import *; a, c = pickle.loads(sys.stdin.buffer.read());"
        "assert a in {Agent('ana', {'billing': 0.5}, attributes={'site': 'berlin'})};"
        "assert c in {Conversation('chat-1', {'billing': 0.5}, labels=['vip'])};"
        "assert a.skills in {type(a.skills)(billing=0.5)}"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=pickle.dumps((agent, conversation)),
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr.decode()


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 3)))
def test_frozen_maps_equal_plain_ones(entries):
    """A frozen mapping equals the dictionary it was made of; order counts neither for equality nor for the hash."""
    reversed_entries = FrozenMap(reversed(entries.items()))

    assert FrozenMap(entries) == entries
    assert reversed_entries == FrozenMap(entries)
    assert hash(reversed_entries) == hash(FrozenMap(entries))


@pytest.mark.parametrize(
    "change",
    [
        lambda frozen: frozen.__setitem__("a", 2),
        lambda frozen: frozen.__delitem__("a"),
        lambda frozen: frozen.update(b=1),
        lambda frozen: frozen.pop("a"),
        lambda frozen: frozen.popitem(),
        lambda frozen: frozen.setdefault("b", 1),
        lambda frozen: frozen.clear(),
        lambda frozen: frozen.__ior__({"b": 1}),
    ],
)
def test_frozen_maps_refuse_every_change(change):
    """No way of changing a dictionary works."""
    frozen = FrozenMap({"a": 1})
    with pytest.raises(TypeError, match="read-only"):
        change(frozen)

    assert frozen == {"a": 1}
