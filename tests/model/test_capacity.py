"""Capacity: units, costs and caps."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from routematch.errors import InvalidInputError
from routematch.model import Agent, Capacity
from routematch.model.capacity import MAX_UNITS

WRONG = {
    "negative units": ({"units": -1}, "units"),
    "too many units": ({"units": MAX_UNITS * 2}, "units"),
    "cost below a thousandth": ({"costs": {"chat": 0.0005}}, "costs.chat"),
    "negative cost": ({"costs": {"chat": -1}}, "costs.chat"),
    "costs no mapping": ({"costs": 3}, "costs"),
    "caps no mapping": ({"caps": []}, "caps"),
    "half a cap": ({"caps": {"vip": 0.5}}, "caps.vip"),
    "negative cap": ({"caps": {"vip": -1}}, "caps.vip"),
}


@pytest.mark.parametrize(("fields", "place"), WRONG.values(), ids=WRONG)
def test_each_fault_is_reported_with_its_place(fields, place):
    """A wrong field is the one fault, at its place."""
    with pytest.raises(InvalidInputError) as caught:
        Capacity(**fields)

    assert [fault.place for fault in caught.value.faults] == [place]


@pytest.mark.parametrize("number", [2, 2.0, np.int64(2), np.float32(2), Decimal(2), Fraction(2)], ids=type)
def test_any_kind_of_number_is_a_capacity(number):
    """Numbers of Python, numpy and the standard library mean the same."""
    assert Agent("ana", capacity=number).capacity == Capacity(2)


def test_channels_that_are_not_named_cost_one_unit():
    """Free channels cost nothing, named ones what they say, others one unit."""
    capacity = Capacity(4, costs={"email": 0, "voice": 3})

    assert [capacity.cost(channel) for channel in ("email", "voice", "chat")] == [0.0, 3.0, 1.0]
