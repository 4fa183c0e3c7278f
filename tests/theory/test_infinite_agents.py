"""Time-varying load against numerical integration and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from routematch.distributions import (
    Deterministic,
    Distribution,
    Exponential,
    LogNormal,
    Never,
    PoissonArrivals,
    RecordedArrivals,
    VaryingArrivals,
)
from routematch.distributions.quadrature import integrate
from routematch.errors import InvalidInputError
from routematch.theory import infinite_agents

DAY = VaryingArrivals((0.0, 300.0, 700.0), (0.1, 0.5, 0.2), period=1000.0)


@pytest.mark.parametrize("service", [Exponential(150.0), LogNormal(200.0, cv=1.2), Deterministic(120.0)], ids=repr)
def test_busy_agents_are_the_arrivals_of_the_past(service: Distribution):
    """The mean number busy is the rate of each past moment times the share that is still there, integrated."""
    moments = np.array([0.0, 1.0, 299.0, 300.0, 650.0, 1000.0, 3777.0])
    result = infinite_agents(DAY, service, moments)

    for time, busy in zip(moments, result.average_busy, strict=True):
        cuts = np.arange(0.0, 5000.0, 100.0)
        edges = np.unique(np.concatenate([[0.0, time], cuts[cuts < time], time - np.array(service.kinks)]))
        edges = edges[(edges >= 0) & (edges <= time)]
        expected = 0.0
        if edges.size > 1:
            expected = integrate(lambda u: (DAY.rate(u) * service.survival(time - u))[None], edges)[0]  # noqa: B023
        assert busy == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("service", [Exponential(150.0), LogNormal(200.0, cv=1.2)], ids=repr)
def test_what_comes_and_does_not_leave_stays(service: Distribution):
    """The number busy changes by arrivals less departures."""
    moments = np.linspace(305.0, 690.0, 4001)
    result = infinite_agents(DAY, service, moments)
    gained = np.gradient(result.average_busy, moments)[1:-1]

    assert gained == pytest.approx((DAY.rate(moments) - result.departure_rate)[1:-1], abs=1e-5)


def test_constant_arrivals_fill_up_exponentially():
    """From empty, the mean is the load times one minus the exponential; in the long run the load (Little)."""
    result = infinite_agents(PoissonArrivals(0.2), Exponential(100.0), [50.0, 1e5])

    assert result.average_busy == pytest.approx([20 * (1 - math.exp(-0.5)), 20.0], rel=1e-12)
    assert result.departure_rate == pytest.approx([0.2 * (1 - math.exp(-0.5)), 0.2], rel=1e-12)


def test_sinusoidal_arrivals_follow_eick_massey_whitt():
    """For a sine wave and exponential handle times the load is a damped, late sine wave (their section 4)."""
    mean_rate, swing, frequency, service = 0.5, 0.3, 2 * math.pi / 1000.0, Exponential(200.0)
    width = 1000.0 / 500
    starts = np.arange(500) * width
    rates = mean_rate + swing * np.sin(frequency * (starts + width / 2))
    moments = np.array([9000.0, 9130.0, 9500.0, 9999.0])
    result = infinite_agents(VaryingArrivals(starts, rates, period=1000.0), service, moments)
    slow = frequency * 200.0
    wave = (np.sin(frequency * moments) - slow * np.cos(frequency * moments)) / (1 + slow**2)

    assert result.average_busy == pytest.approx(200.0 * (mean_rate + swing * wave), rel=1e-5)


def test_before_the_start_nobody_is_busy():
    """Times up to 0 give 0; no times give none; handle times without end pile up."""
    assert infinite_agents(DAY, Exponential(1.0), [-5.0, 0.0]).average_busy.tolist() == [0.0, 0.0]
    assert infinite_agents(DAY, Exponential(1.0), []).average_busy.size == 0
    assert infinite_agents(PoissonArrivals(0.5), Never(), [100.0]).average_busy.tolist() == [50.0]


def test_wrong_input_is_refused():
    """Only Poisson arrivals have this answer."""
    with pytest.raises(InvalidInputError, match="3 faults"):
        infinite_agents(RecordedArrivals((1.0,)), 3.0, [math.inf])


def test_who_needs_no_time_leaves_at_once():
    """With handle times of 0 departures are arrivals, and later pieces do not count before they begin."""
    result = infinite_agents(VaryingArrivals((0.0, 100.0), (1.0, 2.0)), Deterministic(0.0), [50.0, 150.0])

    assert result.departure_rate.tolist() == [1.0, 2.0]
    assert result.average_busy.tolist() == [0.0, 0.0]
