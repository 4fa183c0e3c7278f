"""Queues: members, and every fault with its place."""

from datetime import timedelta

import pytest

from routematch.errors import InvalidInputError
from routematch.model import Queue, Requirement


def test_all_faults_are_reported_at_once():
    """Whatever is wrong in any field comes in one error."""
    with pytest.raises(InvalidInputError) as caught:
        Queue(
            "", primary="ana", secondary=["bo", 5, "bo"], secondary_after=-1, requires={"a": 2}, priority=float("inf")
        )

    assert [fault.place for fault in caught.value.faults] == [
        "id",
        "primary",
        "secondary[1]",
        "secondary",
        "secondary_after",
        "requires.a",
        "priority",
    ]


def test_nobody_is_both_primary_and_secondary():
    """A member has one place in a queue."""
    with pytest.raises(InvalidInputError, match=r"both primary and secondary @ secondary\.bo"):
        Queue("q", primary=["ana", "bo"], secondary=["bo"])


def test_shorthand_and_long_form_are_equal():
    """Lists, timedeltas and skill names are widened."""
    short = Queue("q", primary=["ana"], secondary_after=timedelta(minutes=2), requires="billing", priority=1)

    assert short == Queue(
        "q", primary=("ana",), secondary_after=120.0, requires=Requirement("billing", 0.0), priority=1.0
    )


@pytest.mark.parametrize(
    ("fields", "names_members"), [({}, False), ({"primary": ["ana"]}, True), ({"secondary": ["ana"]}, True)]
)
def test_a_queue_without_members_leaves_membership_to_agents(fields, names_members):
    """One member of either kind is enough for the queue to decide itself."""
    assert Queue("q", **fields).names_members is names_members
