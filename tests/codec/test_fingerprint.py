"""Canonical bytes and fingerprints."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routematch.codec import canonical, fingerprint
from routematch.errors import InvalidInputError, LimitExceededError


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2.0, "a": 1.0}),
        ([1e22], [10**22]),
        ([-0.0], [0]),
        ([(1, 2)], [[1.0, 2.0]]),
        (2.0**70, 2**70),
    ],
    ids=str,
)
def test_equal_data_has_equal_bytes(one, other):
    """Neither the order of keys nor the kind of number counts."""
    assert canonical(one) == canonical(other)
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [([1], [True]), ([1], ["1"]), ([None], []), ({"a": 1}, {"a": 2}), ([1, 2], [2, 1]), (0.1 + 0.2, 0.3), ([[]], [{}])],
    ids=str,
)
def test_other_data_has_other_bytes(one, other):
    """Truth values are no numbers, and floats count to the last digit."""
    assert canonical(one) != canonical(other)


@given(st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False)))
def test_order_of_keys_does_not_count(data):
    """Two mappings with the same entries have one spelling."""
    assert canonical(dict(reversed(data.items()))) == canonical(data)


def test_canonical_bytes_are_as_written_down():
    """The spelling is settled: stored fingerprints must stay good."""
    assert canonical({"b": [1.0, 0.5, True, None, "\u00e9"], "a": {}}) == b'{"a":{},"b":[1,0.5,true,null,"\\u00e9"]}'
    assert fingerprint({"b": [1.0, 0.5]}) == "sha256:6ff1ee35d5cf6b5a"


def test_fingerprints_are_the_same_in_every_process():
    """Hash seeds do not matter."""
    code = "from routematch.codec import fingerprint; print(fingerprint({'b': 1.5, 'a': [1, 'x'], 'c': {}}))"
    printed = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True, timeout=60
        ).stdout
        for seed in ("1", "2")
    }

    assert len(printed) == 1


@pytest.mark.parametrize("data", [float("nan"), {"a": object()}, {1: 2}], ids=["nan", "object", "key no text"])
def test_what_is_no_data_has_no_fingerprint(data):
    """Only plain data can be named by its content."""
    with pytest.raises(InvalidInputError):
        canonical(data)


def test_data_that_holds_itself_has_no_fingerprint():
    """A loop is a limit exceeded, not an endless run."""
    itself = []
    itself.append(itself)
    with pytest.raises(LimitExceededError):
        fingerprint(itself)
