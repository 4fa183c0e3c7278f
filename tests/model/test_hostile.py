"""Whatever is given for any field, the answer is a valid noun or an InvalidInputError that names the place."""

import itertools
import json
import math
import pickle
import time
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

import attrs
import numpy as np
import pytest

from routematch.errors import InvalidInputError
from routematch.model import (
    After,
    Agent,
    AllOf,
    AnyOf,
    Attribute,
    Capacity,
    Conversation,
    Estimate,
    Estimates,
    NoneOf,
    Outcome,
    Preference,
    Queue,
    Requirement,
    Scale,
    Shift,
    human_only,
)

#: Each class with the fewest arguments that make it valid.
NOUNS = {
    After: {"time": 60, "drop": True},
    Agent: {"id": "ana"},
    AllOf: {"parts": ()},
    AnyOf: {"parts": ()},
    Attribute: {"name": "site", "equals": "berlin"},
    Capacity: {},
    Conversation: {"id": "chat-1"},
    Estimate: {"mean": 0.5},
    Estimates: {},
    NoneOf: {"parts": ()},
    Outcome: {"conversation": "chat-1", "agent": "ana"},
    Preference: {"condition": human_only},
    Queue: {"id": "support"},
    Requirement: {"skill": "billing"},
    Scale: {"worst": 0, "best": 1},
    Shift: {"starts_at": 0, "ends_at": 8},
}
FIELDS = [(noun, field.name) for noun in NOUNS for field in attrs.fields(noun) if field.init]


class Mute:
    """Raises from everything that an error message, a number or a copy could ask of it."""

    def _raise(self, *_):
        message = "not even this"
        raise RuntimeError(message)

    __repr__ = __str__ = __format__ = __float__ = __int__ = __index__ = __iter__ = __len__ = __bool__ = _raise
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __getitem__ = _raise
    __hash__ = object.__hash__


class MuteMapping(Mapping):
    """A mapping that cannot be read."""

    def __getitem__(self, _):
        raise RuntimeError

    def __iter__(self):
        raise RuntimeError

    def __len__(self):
        return 3


class MuteNumber(Fraction):
    """A number that is none."""

    def __float__(self):
        raise RuntimeError


def raising_generator():
    """Yield one entry, then raise."""
    yield "chat"
    raise RuntimeError


def within_itself(kind):
    """Return a list, or a mapping, that holds itself many times."""
    if kind is list:
        made = []
        made += [made] * 20
    else:
        made = {}
        made |= {f"key-{number}": made for number in range(20)}
    return made


def nested(levels, leaf=0.5, wrap=lambda inner: [inner]):
    """Return something deep."""
    for _ in range(levels):
        leaf = wrap(leaf)
    return leaf


VALUES = {
    "nan": lambda: math.nan,
    "inf": lambda: math.inf,
    "-inf": lambda: -math.inf,
    "1e308": lambda: 1e308,
    "-0.0": lambda: -0.0,
    "denormal": lambda: 5e-324,
    "2**70": lambda: 2**70,
    "10**5000": lambda: 10**5000,
    "true": lambda: True,
    "int": lambda: 1,
    "negative": lambda: -1,
    "numpy float64": lambda: np.float64(0.5),
    "numpy float32": lambda: np.float32(0.5),
    "numpy int64": lambda: np.int64(1),
    "numpy bool": lambda: np.True_,
    "numpy str": lambda: np.str_("chat"),
    "numpy nan": lambda: np.float32("nan"),
    "numpy array": lambda: np.arange(3.0),
    "empty numpy array": lambda: np.zeros(0),
    "numpy 0d array": lambda: np.array(0.5),
    "numpy datetime": lambda: np.datetime64("2026-01-01"),
    "decimal": lambda: Decimal("0.5"),
    "signalling nan": lambda: Decimal("sNaN"),
    "fraction": lambda: Fraction(1, 2),
    "huge fraction": lambda: Fraction(10**400),
    "number that is none": lambda: MuteNumber(1, 2),
    "complex": lambda: 1j,
    "text": lambda: "chat",
    "empty text": lambda: "",
    "text of a number": lambda: "0.5",
    "bytes": lambda: b"chat",
    "bytearray": lambda: bytearray(b"chat"),
    "none": lambda: None,
    "surrogate": lambda: "\ud800",
    "NUL": lambda: "a\0b",
    "right to left": lambda: "\u202egnillib",
    "ten megabytes of text": lambda: "x" * 10_000_000,
    "ten megabytes of other text": lambda: "\u00e9" * 5_000_000,
    "ten megabytes of bytes": lambda: b"x" * 10_000_000,
    "list": lambda: ["chat", 0.5, None],
    "list of surrogates": lambda: ["\ud800"],
    "list within itself": lambda: within_itself(list),
    "mapping within itself": lambda: within_itself(dict),
    "deep list": lambda: nested(5_000),
    "deep mapping": lambda: nested(5_000, wrap=lambda inner: {"a": inner}),
    "deep condition": lambda: nested(30, human_only, lambda inner: AllOf((inner,))),
    "large mapping": lambda: {f"skill-{number}": 0.5 for number in range(100_000)},
    "large list": lambda: [f"name-{number}" for number in range(100_000)],
    "mapping of odd keys": lambda: {None: 0.5, 1: 0.5, "": 0.5, "\ud800": 0.5, (1, 2): 0.5},
    "mapping of odd values": lambda: {"a": math.nan, "b": None, "c": {}, "d": "x", "e": True, "f": 10**5000, "g": []},
    "mapping of long keys": lambda: {"x" * 1_000_000: 0.5},
    "mapping that cannot be read": MuteMapping,
    "holds what cannot be read": lambda: {"a": MuteMapping(), "b": Mute(), "c": [Mute()]},
    "generator": lambda: (name for name in ("chat", "voice")),
    "endless generator": lambda: itertools.repeat("chat"),
    "raising generator": raising_generator,
    "set": lambda: {"chat", "voice"},
    "set of odd entries": lambda: {None, 1, "1", (1,), 1.5},
    "set that cannot be shown": lambda: {Mute()},
    "mute": Mute,
    "list of mutes": lambda: [Mute(), Mute()],
    "class": lambda: Agent,
    "noun": lambda: Agent("ana"),
    "function": lambda: len,
}

#: What can be read once is made for each use.
READ_ONCE = ("generator", "endless generator", "raising generator")
MADE = {name: make() for name, make in VALUES.items() if name not in READ_ONCE}

#: Fields that are checked against each other: the fault may be told at the other one.
TOGETHER = {Scale: ("best",), Shift: ("ends_at",), Requirement: ("relax",)}

#: Seconds of work that one construction may take: no measure of speed, but what is too slow here took minutes.
LIMIT = 5.0


def check_error(refusal, name, places):
    """Check that an error says where, is readable, and can be sent elsewhere."""
    assert refusal.faults, name
    for fault in refusal.faults:
        assert fault.place.startswith(places) or not fault.place, (name, fault)
        assert len(fault.message) < 500, (name, fault)
    json.dumps(str(refusal))
    assert pickle.loads(pickle.dumps(refusal)).faults == refusal.faults, name


@pytest.mark.parametrize(("noun", "field"), FIELDS, ids=lambda part: getattr(part, "__name__", part))
def test_every_value_in_every_field(noun, field):
    """A hostile value makes a valid noun or an error with its place, soon, and never another exception."""
    for name, make in VALUES.items():
        value = make() if name in READ_ONCE else MADE[name]
        began = time.process_time()
        try:
            made = noun(**{**NOUNS[noun], field: value})
        except InvalidInputError as error:
            check_error(error, name, (field, *TOGETHER.get(noun, ())))
        else:
            assert hash(made) == hash(noun(**{**NOUNS[noun], field: getattr(made, field)})), name
            assert pickle.loads(pickle.dumps(made)) == made, name
            repr(made).encode()
        assert time.process_time() - began < LIMIT, name


NUMBERS = [
    (Agent, "weight"),
    (Agent, "load"),
    (Agent, "idle_since"),
    (Attribute, "at_least"),
    (Attribute, "at_most"),
    (After, "time"),
    (Capacity, "units"),
    (Conversation, "priority"),
    (Conversation, "arrived_at"),
    (Conversation, "due_at"),
    (Conversation, "value"),
    (Estimate, "mean"),
    (Estimate, "count"),
    (Outcome, "handle_time"),
    (Outcome, "satisfaction"),
    (Outcome, "value"),
    (Outcome, "ended_at"),
    (Preference, "weight"),
    (Queue, "priority"),
    (Queue, "secondary_after"),
    (Requirement, "at_least"),
    (Scale, "best"),
]


@pytest.mark.parametrize(("noun", "field"), NUMBERS, ids=lambda part: getattr(part, "__name__", part))
def test_numbers_of_every_kind_are_stored_as_floats(noun, field):
    """Numbers of numpy and the standard library become plain floats; a boolean or text is no number."""
    for number in (np.float64(0.5), np.float32(0.5), Decimal("0.5"), Fraction(1, 2), 0.5):
        stored = getattr(noun(**{**NOUNS[noun], field: number}), field)
        assert type(stored) is float
        assert stored == 0.5
    for other in (True, np.True_, "0.5", b"1", 1j, [0.5]):
        with pytest.raises(InvalidInputError) as caught:
            noun(**{**NOUNS[noun], field: other})
        assert {fault.place for fault in caught.value.faults} == {field}


def test_attributes_keep_plain_data_only():
    """Numbers of numpy become plain ones; mappings and sequences inside are frozen too."""
    agent = Agent("ana", attributes={"n": np.int64(3), "f": np.float32(0.5), "deep": {"list": [1, {"x": None}]}})

    assert agent.attributes == {"n": 3, "f": 0.5, "deep": {"list": (1, {"x": None})}}
    assert [type(agent.attributes[name]) for name in ("n", "f")] == [int, float]
    with pytest.raises(TypeError, match="read-only"):
        agent.attributes["deep"]["list"][1]["x"] = 1
