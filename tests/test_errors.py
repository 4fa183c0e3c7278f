"""The error tree, and how faults are gathered, shown and suggested for."""

import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routematch import errors
from routematch.errors import (
    LISTED_FAULTS,
    OTHER_WORDS,
    ContractError,
    CorruptRecordError,
    DuplicateIdError,
    Fault,
    Faults,
    InvalidInputError,
    LimitExceededError,
    MissingExtraError,
    RoutematchError,
    RouterStateError,
    SchemaVersionError,
    StorageError,
    UnknownNameError,
    shorten,
)

PARENTS = {
    ContractError: (RoutematchError, TypeError),
    CorruptRecordError: (StorageError,),
    DuplicateIdError: (InvalidInputError,),
    InvalidInputError: (RoutematchError, ValueError),
    LimitExceededError: (RoutematchError,),
    MissingExtraError: (RoutematchError, ImportError),
    RouterStateError: (RoutematchError, RuntimeError),
    SchemaVersionError: (StorageError,),
    StorageError: (RoutematchError, OSError),
    UnknownNameError: (InvalidInputError,),
}


def raised(faults):
    """Return the error that gathered faults raise."""
    with pytest.raises(InvalidInputError) as caught:
        faults.raise_if_any()
    return caught.value


@pytest.mark.parametrize("error", PARENTS, ids=lambda error: error.__name__)
def test_the_tree_is_as_drawn(error):
    """Every error hangs where the drawing shows it, below a usual Python error where one fits."""
    assert error.__bases__ == PARENTS[error]
    assert re.search(rf"\b{error.__name__}\b", errors.__doc__)


def test_nothing_wrong_raises_nothing():
    """Faults without a fault stay silent."""
    faults = Faults()
    faults.raise_if_any()

    assert not faults
    assert len(faults) == 0


@pytest.mark.parametrize(
    ("kinds", "error"),
    [
        (["duplicate", "duplicate"], DuplicateIdError),
        (["unknown", "unknown"], UnknownNameError),
        (["invalid"], InvalidInputError),
        (["duplicate", "unknown"], InvalidInputError),
        (["unknown", "invalid"], InvalidInputError),
    ],
)
def test_the_error_fits_the_faults(kinds, error):
    """Only when all faults are of one kind is the narrower error raised."""
    faults = Faults()
    for kind in kinds:
        faults.add("wrong", kind=kind)

    assert type(raised(faults)) is error


def test_a_broken_file_stays_readable():
    """All faults are kept, the first of them are listed, the rest is counted."""
    faults = Faults()
    for number in range(LISTED_FAULTS + 7):
        faults.add("wrong", place=f"agents[{number}]")
    error = raised(faults)

    assert len(error.faults) == LISTED_FAULTS + 7
    assert str(error).startswith(f"{LISTED_FAULTS + 7} faults in the input:\n  wrong @ agents[0]\n")
    assert str(error).endswith("\n  ... and 7 more")
    assert len(str(error).splitlines()) == LISTED_FAULTS + 2


def test_a_single_fault_is_its_own_message():
    """One fault needs no list, and plain text is a fault without a place."""
    assert str(InvalidInputError("is empty")) == "is empty"
    assert str(InvalidInputError([Fault("is empty", "agents")])) == "is empty @ agents"


@pytest.mark.parametrize(
    ("place", "prefix", "whole"),
    [
        ("capacity", "agents[3]", "agents[3].capacity"),
        ("[3].capacity", "agents", "agents[3].capacity"),
        ("", "agents", "agents"),
        ("capacity", "", "capacity"),
        ("", "", ""),
    ],
)
def test_places_are_joined_to_paths(place, prefix, whole):
    """A fault found inside a part is told by the path from the whole."""
    assert Fault("wrong", place).below(prefix).place == whole


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("skils", "unknown name 'skils'; did you mean 'skills'?"),
        ("max_load", "unknown name 'max_load'; here it is called 'capacity'"),
        ("Proficiencies", "unknown name 'Proficiencies'; here it is called 'skills'"),
        ("xyz", "unknown name 'xyz'; known: capacity, skills"),
        (7, "unknown name 7; known: capacity, skills"),
        ("x" * 1000, f"unknown name '{'x' * 30}'... (1000 long); known: capacity, skills"),
    ],
)
def test_unknown_names_are_answered_with_what_may_be_meant(name, message):
    """Another vendor's word is translated, a near spelling suggested, else the known names are listed."""
    faults = Faults()
    faults.unknown(name, known=["skills", "capacity"])

    assert raised(faults).faults == (Fault(message, "", "unknown"),)


def test_many_unknown_names_are_not_all_compared():
    """Suggestions are looked for only as long as they are shown, so that a broken file costs no minutes."""
    faults = Faults()
    for number in range(LISTED_FAULTS + 1):
        faults.unknown(f"skils{number}", known=["skills"])

    assert "did you mean" in list(faults)[LISTED_FAULTS - 1].message
    assert "did you mean" not in list(faults)[LISTED_FAULTS].message


def test_words_of_others_are_translated_to_other_words():
    """No translation leads to itself or to another translation."""
    assert not [word for word, ours in OTHER_WORDS.items() if ours in OTHER_WORDS or word != word.lower()]


class Mute:
    """Cannot be shown."""

    def __repr__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("short", "'short'"),
        ("x" * 10**7, f"'{'x' * 30}'... (10000000 long)"),
        (b"x" * 100, f"b'{'x' * 30}'... (100 long)"),
        (10**5000, "an integer of 16610 bits"),
        ([0] * 100, "a list of 100 entries"),
        ({}, "{}"),
        (Mute(), "<Mute>"),
        (-1.5, "-1.5"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_are_shown_short(value, shown):
    """Whatever was given is shown in one short line."""
    assert shorten(value) == shown


def test_nested_values_are_shown_at_bounded_cost():
    """Of what is inside a collection only so much is looked at as fits the line."""
    looked_at = []

    class Counted:
        def __repr__(self):
            looked_at.append(self)
            return "x"

    nested = Counted()
    for _ in range(4):
        nested = [nested] * 12
    deep = []
    for _ in range(5000):
        deep = [deep]

    assert len(shorten(nested)) <= 60
    assert len(looked_at) <= 1000
    assert len(shorten(deep)) <= 60


@given(
    st.recursive(st.none() | st.text() | st.floats() | st.binary(), lambda inner: st.lists(inner) | st.sets(st.text()))
)
def test_no_value_is_shown_long(value):
    """The limit holds for every value, but for the word that says how much was left out."""
    assert len(shorten(value)) <= 60 + len("... (10000000 long)") + 3


EXAMPLES = [
    InvalidInputError([Fault("wrong", "agents[0]"), Fault("more", "", "unknown")]),
    DuplicateIdError([Fault("again", "agents[1].id", "duplicate")]),
    UnknownNameError("who?"),
    MissingExtraError("cli", "the command line"),
    LimitExceededError("too large"),
    SchemaVersionError("newer"),
    CorruptRecordError("line 3"),
    RouterStateError("not now"),
    ContractError("the term broke its promise"),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_errors_cross_process_borders_whole(error):
    """A pickled error is the same error with the same message and attributes."""
    copy = pickle.loads(pickle.dumps(error))

    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_a_missing_extra_names_the_command():
    """The message can be pasted into a shell."""
    error = MissingExtraError("cli", "the command line")

    assert str(error) == 'the command line needs an optional part: pip install "routematch[cli]"'
    assert (error.extra, error.purpose) == ("cli", "the command line")
