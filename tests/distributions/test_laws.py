"""What every law must hold to: one battery over all members, and a few rules of single ones."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routematch.distributions import (
    DISTRIBUTIONS,
    Deterministic,
    Distribution,
    Empirical,
    Erlang,
    Exponential,
    Gamma,
    Histogram,
    Hyperexponential,
    LogNormal,
    Mixture,
    Never,
    PiecewiseHazard,
    Shifted,
    Truncated,
    Uniform,
    Weibull,
    law_from_data,
    to_data,
)
from routematch.distributions.quadrature import integrate
from routematch.errors import InvalidInputError, UnknownNameError

LAWS: list[Distribution] = [
    Exponential(300.0),
    Exponential(1e-6),
    LogNormal(300.0, cv=1.2),
    LogNormal(40.0, sigma=0.3),
    Gamma(200.0, cv=0.4),
    Gamma(200.0, cv=2.0),
    Weibull(180.0, 0.7),
    Weibull(180.0, 3.0),
    Erlang(90.0, 1),
    Erlang(90.0, 7),
    Hyperexponential((30.0, 600.0), (0.8, 0.2)),
    Hyperexponential.balanced(120.0, cv=3.0),
    Deterministic(0.0),
    Deterministic(240.0),
    Uniform(0.0, 60.0),
    Uniform(100.0, 400.0),
    Empirical((5.0, 80.0, 20.0, 20.0, 300.0, 0.0)),
    Histogram((10.0, 60.0, 120.0, 600.0, 900.0), (10, 0, 60, 30)),
    PiecewiseHazard((0.0, 10.0, 60.0), (0.02, 0.0, 0.005)),
    PiecewiseHazard((0.0, 1.0, 50.0), (0.0, 0.001, 0.02)),
    Mixture((Deterministic(60.0), LogNormal(300.0, cv=0.8), Uniform(0.0, 10.0)), (2, 5, 3)),
    Shifted(Gamma(100.0, cv=1.5), 20.0),
    Truncated(LogNormal(300.0, cv=1.2), low=30.0, high=1800.0),
    Truncated(Exponential(300.0), low=600.0),
]
DEFECTIVE: list[Distribution] = [
    Never(),
    PiecewiseHazard((0.0, 30.0), (0.01, 0.0)),
    Mixture((Exponential(100.0), Never()), (0.7, 0.3)),
    Shifted(Never(), 5.0),
]
ALL = [*LAWS, *DEFECTIVE]
DRAWS = 20_000
#: Standard scores beyond this come by chance once in about 15 million comparisons; there are about 200.
FAR = 5.4

PROBABILITIES = np.concatenate([[0.0, 1e-12, 1e-6], np.linspace(0.001, 0.999, 401), [1 - 1e-6, 1 - 1e-12]])


def points_of(law: Distribution) -> np.ndarray:
    """Return points all over the support of a law, its own jumps among them."""
    quantiles = law.quantile(np.linspace(0.0, 0.9999, 60))
    finite = quantiles[np.isfinite(quantiles)]
    return np.unique(np.concatenate([[0.0, 1.0, 30.0, 60.0, 1e5], finite, finite * 1.01 + 1e-9]))


def area_below_survival(law: Distribution, end: float) -> float:
    """Integrate the survival curve from 0 to `end` numerically."""
    inside = np.concatenate([law.kinks, law.quantile(np.linspace(0.0, 0.999, 50)), end * 0.5 ** np.arange(40)])
    edges = np.unique(np.concatenate([[0.0, end], inside[inside < end]]))
    return float(integrate(lambda t: law.survival(t)[None], edges, tolerance=1e-12)[0]) if end > 0 else 0.0


@pytest.mark.parametrize("law", ALL, ids=repr)
def test_member_keeps_the_contract(law: Distribution):
    """Every member is a `Distribution` and stands in the registry under its name."""
    assert isinstance(law, Distribution)
    assert DISTRIBUTIONS[law.name] is type(law)


def test_battery_covers_every_member():
    """A law that joins the registry must join the battery."""
    assert {law.name for law in ALL} == set(DISTRIBUTIONS)


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_samples_have_the_stated_moments(law: Distribution):
    """Sample mean and variance lie within 5.4 standard errors of the stated ones."""
    values = law.sample(np.random.default_rng(7), DRAWS)

    error = math.sqrt(law.variance / DRAWS)
    assert abs(values.mean() - law.mean) <= FAR * error + 1e-9 * law.mean
    spread = ((values - law.mean) ** 2).std() / math.sqrt(DRAWS)
    assert abs(((values - law.mean) ** 2).mean() - law.variance) <= FAR * spread + 1e-9 * law.variance


@pytest.mark.parametrize("law", ALL, ids=repr)
def test_samples_follow_the_cdf(law: Distribution):
    """At every quantile the share of samples below agrees with `cdf` within 5.4 standard errors."""
    values = law.sample(np.random.default_rng(11), DRAWS)
    points = points_of(law)
    share = (values[None, :] <= points[:, None]).mean(axis=1)
    expected = law.cdf(points)

    error = np.sqrt(np.maximum(expected * (1 - expected), 1.0 / DRAWS) / DRAWS)
    assert (np.abs(share - expected) <= FAR * error).all()


@pytest.mark.parametrize("law", ALL, ids=repr)
def test_same_generator_same_bytes(law: Distribution):
    """Two generators in the same state give the same bytes, and the shape asked for."""
    first = law.sample(np.random.default_rng(3), (5, 4))
    second = law.sample(np.random.default_rng(3), (5, 4))

    assert first.shape == (5, 4)
    assert first.dtype == np.float64
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("law", ALL, ids=repr)
def test_quantile_inverts_cdf(law: Distribution):
    """`quantile` gives the smallest value that reaches the probability."""
    values = law.quantile(PROBABILITIES)
    finite = np.isfinite(values)
    reached = law.cdf(values[finite] * (1 + 1e-9))
    before = law.cdf(values[finite] * (1 - 1e-9) - 1e-300)
    inside = PROBABILITIES[finite] > 0

    assert (reached >= PROBABILITIES[finite] * (1 - 1e-9) - 1e-12).all()
    assert (before[inside] <= PROBABILITIES[finite][inside] + 1e-12).all()
    assert (law.cdf(np.full(finite.size, 1e14))[~finite] <= PROBABILITIES[~finite]).all()


@pytest.mark.parametrize("law", ALL, ids=repr)
def test_curves_are_monotone(law: Distribution):
    """More probability or more time never gives less, and everything stays in range."""
    points = points_of(law)

    assert (np.diff(law.quantile(PROBABILITIES)[np.isfinite(law.quantile(PROBABILITIES))]) >= -1e-9).all()
    assert (np.diff(law.cdf(points)) >= -1e-15).all()
    assert (np.diff(law.survival(points)) <= 1e-15).all()
    assert (np.diff(law.restricted_mean(points)) >= -1e-9).all()
    assert law.quantile(0.0) >= 0
    assert ((law.cdf(points) >= 0) & (law.cdf(points) <= 1)).all()
    assert np.allclose(law.cdf(points) + law.survival(points), 1.0, atol=1e-14)


@pytest.mark.parametrize("law", ALL, ids=repr)
def test_restricted_mean_is_the_area_below_survival(law: Distribution):
    """`restricted_mean` equals the numerical integral of `survival`, and the mean in the limit."""
    for end in (0.0, 7.0, 60.0, 333.0, 2000.0):
        assert float(law.restricted_mean(end)) == pytest.approx(area_below_survival(law, end), rel=1e-9, abs=1e-12)

    assert float(law.restricted_mean(math.inf)) == pytest.approx(law.mean, rel=1e-9)


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_moments_agree_with_the_quantiles(law: Distribution):
    """Mean and variance equal the integrals of the quantile function over luck."""
    tail = 1.0 - np.logspace(-1, -16, 100)
    edges = np.unique(np.concatenate([np.linspace(0.0, 0.9, 100), tail]))
    if law.variance > (3 * law.mean) ** 2:
        pytest.skip("too much of the variance lies beyond double precision of luck")
    first, second = integrate(lambda u: np.array([law.quantile(u), law.quantile(u) ** 2]), edges, tolerance=1e-7)

    assert first == pytest.approx(law.mean, rel=1e-6)
    assert second - first**2 == pytest.approx(law.variance, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("law", ALL, ids=repr)
def test_ends_and_hostile_arguments(law: Distribution):
    """Nothing happens before time 0; NaN and impossible probabilities are refused; empty input gives empty output."""
    assert float(law.cdf(-1.0)) == 0.0
    assert float(law.survival(-1.0)) == 1.0
    assert float(law.restricted_mean(-1.0)) == 0.0
    assert float(law.cdf(math.inf)) == 1.0
    assert float(law.cdf(1e308)) + float(law.survival(1e308)) == pytest.approx(1.0)
    assert float(law.restricted_mean(1e300)) >= 0
    assert law.cdf([]).shape == (0,)
    assert law.quantile([[0.2], [0.4]]).shape == (2, 1)
    for wrong in (-0.1, 1.1, math.nan):
        with pytest.raises(InvalidInputError):
            law.quantile([0.5, wrong])
    for curve in (law.cdf, law.survival, law.restricted_mean):
        with pytest.raises(InvalidInputError):
            curve(math.nan)


@pytest.mark.parametrize("law", ALL, ids=repr)
def test_round_trip_through_data(law: Distribution):
    """What a file holds gives the same law back, with the same samples."""
    again = law_from_data(to_data(law))

    assert again == law
    assert again.sample(np.random.default_rng(1), 8).tobytes() == law.sample(np.random.default_rng(1), 8).tobytes()


@pytest.mark.parametrize("law", ALL, ids=repr)
def test_laws_cross_process_borders(law: Distribution):
    """A pickled law is equal, hashes alike and draws the same bytes."""
    again = pickle.loads(pickle.dumps(law))

    assert again == law
    assert hash(again) == hash(law)
    assert again.sample(np.random.default_rng(1), 8).tobytes() == law.sample(np.random.default_rng(1), 8).tobytes()


@given(probability=st.floats(0, 1, exclude_max=True), mean=st.floats(1e-3, 1e6), spread=st.floats(0.05, 3.0))
def test_luck_makes_a_duration(probability: float, mean: float, spread: float):
    """Luck in [0, 1) always gives a finite duration that has that luck."""
    for law in (
        Exponential(mean),
        LogNormal(mean, cv=spread),
        Gamma(mean, cv=spread),
        Weibull(mean, shape=1 / spread),
        Hyperexponential.balanced(mean, cv=1 + spread),
    ):
        value = float(law.quantile(probability))
        assert 0 <= value < math.inf
        if 1e-9 < probability < 1 - 1e-9:
            assert float(law.cdf(value)) == pytest.approx(probability, rel=1e-7)


@given(samples=st.lists(st.floats(0, 1e6), min_size=1, max_size=30), probability=st.floats(0, 1))
def test_empirical_quantile_is_a_sample(samples: list[float], probability: float):
    """The quantile is the smallest sample with enough samples at or below it."""
    value = float(Empirical(tuple(samples)).quantile(probability))

    assert value in samples
    assert sum(sample <= value for sample in samples) >= probability * len(samples) - 1e-9
    assert sum(sample < value for sample in samples) <= probability * len(samples) + 1e-9


def test_empirical_quantile_at_a_share_is_the_sample_that_reaches_it():
    """At exactly k of n the k-th sample has reached the probability; the next one is not needed."""
    law = Empirical((40.0, 10.0, 30.0, 20.0))

    assert law.quantile([0.0, 0.25, 0.5, 0.75, 1.0]).tolist() == [10.0, 10.0, 20.0, 30.0, 40.0]


def test_tails_keep_their_digits():
    """Survival far out is a small number, not a rounded zero."""
    assert float(Exponential(1.0).survival(500.0)) == pytest.approx(math.exp(-500.0), rel=1e-12)
    assert float(Gamma(1.0, cv=1.0).survival(500.0)) == pytest.approx(math.exp(-500.0), rel=1e-9)
    assert float(Weibull(1.0, 1.0).quantile(1e-300)) == pytest.approx(1e-300, rel=1e-12)


def test_families_meet_where_they_should():
    """Gamma, Erlang, Weibull and the hyperexponential law are exponential at their special parameters."""
    points = np.array([0.0, 10.0, 300.0, 4000.0])
    for law in (Gamma(300.0, cv=1.0), Erlang(300.0, 1), Weibull(300.0, 1.0), Hyperexponential((300.0,), (1.0,))):
        assert np.allclose(law.survival(points), Exponential(300.0).survival(points), rtol=1e-12)


WRONG = [
    (lambda: Exponential(0.0), "above 0"),
    (lambda: Exponential(math.nan), "finite"),
    (lambda: Exponential(True), "must be a number"),
    (lambda: Exponential("300"), "must be a number"),
    (lambda: LogNormal(300.0), "either cv or sigma"),
    (lambda: LogNormal(300.0, cv=1.0, sigma=1.0), "either cv or sigma"),
    (lambda: Gamma(-1.0, cv=0.0), "2 faults"),
    (lambda: Weibull(1.0, 1e9), "at most"),
    (lambda: Erlang(1.0, 1.5), "whole number"),
    (lambda: Hyperexponential((1.0, 2.0), (1.0,)), "one entry for each"),
    (lambda: Hyperexponential((1.0, -2.0), (0.0, 0.0)), r"means\[1\]"),
    (lambda: Hyperexponential.balanced(1.0, cv=0.5), "at least 1"),
    (lambda: Deterministic(-1.0), "at least 0"),
    (lambda: Uniform(5.0, 5.0), "above low"),
    (lambda: Empirical(()), "at least 1"),
    (lambda: Empirical((1.0, math.inf)), "finite"),
    (lambda: Empirical("123"), "sequence"),
    (lambda: Histogram((0.0, 1.0), (0.0,)), "not all be 0"),
    (lambda: Histogram((1.0, 0.0), (1.0,)), "rise"),
    (lambda: PiecewiseHazard((1.0,), (1.0,)), "begin with 0"),
    (lambda: PiecewiseHazard((0.0, 5.0), (1.0,)), "one entry for each"),
    (lambda: Mixture((), ()), "at least one law"),
    (lambda: Mixture((3.0,), (1.0,)), "must be a law"),
    (lambda: Shifted(Never(), -1.0), "at least 0"),
    (lambda: Truncated(Deterministic(5.0), high=3.0), "keep at least"),
    (lambda: Truncated(Never(), high=3.0), "keep at least"),
    (lambda: law_from_data({"mean": 3}), "either 'law' or 'process'"),
    (lambda: law_from_data({"law": "exponential"}), "must have 'mean'"),
    (lambda: law_from_data({"process": "poisson", "arrival_rate": 1.0}), "with 'law'"),
    (lambda: to_data(3), "of this library"),
]


@pytest.mark.parametrize(("make", "message"), WRONG, ids=range(len(WRONG)))
def test_wrong_parameters_are_refused(make, message: str):
    """A law that makes no sense is refused with what is allowed."""
    with pytest.raises(InvalidInputError, match=message):
        make()


def test_every_fault_of_a_file_is_told_with_its_place():
    """Faults in nested laws come together, each with where it is."""
    data = {
        "law": "mixture",
        "parts": [{"law": "exponential", "mean": -1}, {"law": "gamma", "mean": 3}],
        "weights": [1, 1],
    }

    with pytest.raises(InvalidInputError) as caught:
        law_from_data(data)

    assert {fault.place for fault in caught.value.faults} == {"parts[0].mean", "parts[1]"}


def test_unknown_names_are_suggested():
    """A slip of spelling is answered with the near name."""
    with pytest.raises(UnknownNameError, match="log_normal"):
        law_from_data({"law": "lognormal", "mean": 3, "cv": 1})
    with pytest.raises(UnknownNameError, match="mean"):
        law_from_data({"law": "exponential", "maen": 3, "mean": 3})
