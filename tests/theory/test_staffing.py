"""Staffing: the smallest number is really the smallest, and the square-root rule comes close to it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routematch.errors import InvalidInputError
from routematch.theory import agents_needed, erlang_a, erlang_c, square_root_staffing


def scan(meets) -> int:
    """Return the smallest number that meets a target by trying all."""
    return next(agents for agents in range(1, 5000) if meets(agents))


@settings(max_examples=20)
@given(load=st.floats(0.05, 150.0), level=st.floats(0.5, 0.99), threshold=st.floats(0.0, 60.0))
def test_smallest_number_for_a_service_level(load: float, level: float, threshold: float):
    """No smaller number meets the service level, with and without patience."""
    rate = load / 180

    def with_c(agents: int) -> bool:
        return agents > load and erlang_c(rate, 1 / 180, agents).service_level(threshold) >= level

    def with_a(agents: int) -> bool:
        return erlang_a(rate, 1 / 180, 1 / 90, agents).service_level(threshold) >= level

    assert agents_needed(rate, 1 / 180, service_level=level, threshold=threshold) == scan(with_c)
    needed = agents_needed(rate, 1 / 180, abandonment_rate=1 / 90, service_level=level, threshold=threshold)
    assert with_a(needed)
    assert needed == 1 or not with_a(needed - 1)


def test_every_target_binds():
    """Each kind of target is met, and one agent fewer misses it."""
    rate, service, leaving = 0.3, 1 / 200, 1 / 150
    for name, target in (("delay_probability", 0.1), ("average_wait", 3.0), ("occupancy", 0.85)):
        agents = agents_needed(rate, service, **{name: target})
        assert (
            getattr(erlang_c(rate, service, agents), name)
            <= target
            < getattr(erlang_c(rate, service, agents - 1), name)
        )
    agents = agents_needed(rate, service, abandonment_rate=leaving, abandonment_probability=0.03)
    lost = [erlang_a(rate, service, leaving, number).abandonment_probability for number in (agents, agents - 1)]
    assert lost[0] <= 0.03 < lost[1]


def test_several_targets_need_the_largest_of_their_numbers():
    """Meeting all targets takes as many agents as the hardest of them."""
    hard = agents_needed(0.3, 1 / 200, average_wait=0.5)
    easy = agents_needed(0.3, 1 / 200, delay_probability=0.5)

    assert agents_needed(0.3, 1 / 200, average_wait=0.5, delay_probability=0.5) == max(hard, easy)


@pytest.mark.parametrize("leaving", [0.0, 1 / 600, 1 / 60])
@pytest.mark.parametrize("load", [20.0, 300.0, 5000.0])
@pytest.mark.parametrize("delayed", [0.05, 0.3, 0.8])
def test_square_root_rule_is_within_two_agents(leaving: float, load: float, delayed: float):
    """The rule of the limit comes within two agents of the exact number."""
    options = {"abandonment_rate": leaving} if leaving else {}
    exact = agents_needed(load / 200, 1 / 200, delay_probability=delayed, **options)
    rule = square_root_staffing(load / 200, 1 / 200, delay_probability=delayed, abandonment_rate=leaving)

    assert abs(rule.agents - exact) <= 2
    assert rule.agents == math.ceil(rule.offered_load + rule.quality * math.sqrt(rule.offered_load) - 1e-9)


@pytest.mark.parametrize("leaving", [0.0, 0.5, 2.0])
def test_limit_law_is_the_limit(leaving: float):
    """At the rule's number the exact delay probability tends to the wanted one as the load grows."""
    gaps = []
    for load in (1e2, 1e4):
        rule = square_root_staffing(load, 1.0, delay_probability=0.3, abandonment_rate=leaving)
        exact = load + rule.quality * math.sqrt(load)
        around = [
            erlang_a(load, 1.0, leaving, agents).delay_probability for agents in (math.floor(exact), math.ceil(exact))
        ]
        gaps.append(abs(np.interp(exact, [math.floor(exact), math.ceil(exact)], around) - 0.3))

    assert gaps[1] < 0.004
    assert gaps[1] < gaps[0] / 3


WRONG = [
    (lambda: agents_needed(1.0, 1.0), "at least one target"),
    (lambda: agents_needed(1.0, 1.0, service_level=0.8), "come together"),
    (lambda: agents_needed(1.0, 1.0, service_level=1.0, threshold=1.0), "below 1"),
    (lambda: agents_needed(1.0, 1.0, abandonment_probability=0.1), "needs abandonment_rate"),
    (lambda: agents_needed(0.0, -1.0, occupancy=2.0), "3 faults"),
    (lambda: square_root_staffing(1.0, 1.0, delay_probability=1.0), "below 1"),
    (lambda: square_root_staffing(1.0, 1.0, delay_probability=0.0), "above 0"),
    (lambda: agents_needed(1e7, 1.0, occupancy=0.5), "can meet"),
]


@pytest.mark.parametrize(("make", "message"), WRONG, ids=range(len(WRONG)))
def test_wrong_targets_are_refused(make, message: str):
    """Targets that make no sense are refused with the reason."""
    with pytest.raises(InvalidInputError, match=message):
        make()
