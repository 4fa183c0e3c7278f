"""What every arrival process must hold to, and the rules of single ones."""

from __future__ import annotations

import math

import numpy as np
import pytest

from routematch.distributions import (
    ARRIVAL_PROCESSES,
    ArrivalProcess,
    BatchArrivals,
    Deterministic,
    DoublyStochasticArrivals,
    Gamma,
    Never,
    PoissonArrivals,
    RecordedArrivals,
    VaryingArrivals,
    arrivals_from_data,
    to_data,
)
from routematch.errors import InvalidInputError, LimitExceededError

DAY = VaryingArrivals(starts=(0.0, 300.0, 700.0), rates=(0.0, 0.2, 0.05), period=1000.0)
PROCESSES: list[ArrivalProcess] = [
    PoissonArrivals(0.1),
    PoissonArrivals(0.0),
    VaryingArrivals(starts=(0.0, 100.0, 400.0, 401.0), rates=(0.3, 0.0, 5.0, 0.02)),
    DAY,
    DoublyStochasticArrivals(DAY, Gamma(1.0, cv=0.3), day=1000.0),
    DoublyStochasticArrivals(PoissonArrivals(0.1), Gamma(1.0, cv=0.3), day=700.0),
    BatchArrivals(PoissonArrivals(0.05), sizes=(1, 2, 6), weights=(5, 3, 2)),
    RecordedArrivals((3.0, 1.0, 1.0, 950.0, 1800.0)),
]
HORIZON = 2000.0
#: Standard scores beyond this come by chance once in about 15 million comparisons; there are about 100.
FAR = 5.4


def runs(process: ArrivalProcess, count: int, horizon: float = HORIZON) -> list[np.ndarray]:
    """Return the arrivals of independent runs."""
    generator = np.random.default_rng(5)
    return [process.instants(generator, horizon) for _ in range(count)]


def test_battery_covers_every_member():
    """A process that joins the registry must join the battery."""
    assert {process.name for process in PROCESSES} == set(ARRIVAL_PROCESSES)
    assert all(isinstance(process, ArrivalProcess) for process in PROCESSES)


@pytest.mark.parametrize("process", PROCESSES, ids=repr)
def test_instants_are_in_order_and_inside(process: ArrivalProcess):
    """Arrivals rise and lie in [0, horizon)."""
    for instants in runs(process, 20):
        assert (np.diff(instants) >= 0).all()
        assert ((instants >= 0) & (instants < HORIZON)).all()


@pytest.mark.parametrize("process", PROCESSES, ids=repr)
def test_counts_have_the_stated_mean(process: ArrivalProcess):
    """The mean count of every piece of time agrees with `mean_count` within 5.4 standard errors."""
    drawn = runs(process, 400)
    for start, end in ((0, 100), (50, 350), (300, 1000), (999, 1001), (0, 2000)):
        counts = np.array([((instants >= start) & (instants < end)).sum() for instants in drawn])
        error = max(counts.std() / math.sqrt(len(drawn)), 0.01)
        assert abs(counts.mean() - process.mean_count(start, end)) <= FAR * error


@pytest.mark.parametrize("process", PROCESSES, ids=repr)
def test_mean_count_is_the_integral_of_the_rate(process: ArrivalProcess):
    """Summing the rate over fine steps gives the expected count."""
    middles = np.arange(0.05, 1800.0, 0.1)

    assert process.rate(middles).sum() * 0.1 == pytest.approx(process.mean_count(0, 1800.0), rel=1e-9, abs=1e-9)
    assert float(process.rate(-1.0)) == 0.0
    assert process.mean_count(-50.0, 0.0) == 0.0


@pytest.mark.parametrize("process", PROCESSES, ids=repr)
def test_longer_runs_keep_what_came(process: ArrivalProcess):
    """The arrivals up to an earlier horizon are the same, bit for bit."""
    short = process.instants(np.random.default_rng(9), 1234.5)
    long = process.instants(np.random.default_rng(9), 40_000.0)

    assert short.tobytes() == long[long < 1234.5].tobytes()


@pytest.mark.parametrize("process", PROCESSES, ids=repr)
def test_same_seed_same_bytes(process: ArrivalProcess):
    """Two generators in the same state give the same bytes."""
    first, second = (process.instants(np.random.default_rng(2), HORIZON) for _ in range(2))

    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("process", PROCESSES, ids=repr)
def test_round_trip_through_data(process: ArrivalProcess):
    """What a file holds gives the same process back."""
    assert arrivals_from_data(to_data(process)) == process


def test_gaps_of_poisson_arrivals_are_exponential():
    """Time-changed by the cumulative rate, arrivals are Poisson of rate 1 (Kolmogorov-Smirnov, chance below 1e-6)."""
    for process in (PoissonArrivals(0.1), DAY, VaryingArrivals((0.0, 10_000.0), (0.3, 0.05))):
        instants = process.instants(np.random.default_rng(21), 50_000.0)
        changed = np.array([process.mean_count(0.0, instant) for instant in instants])
        luck = np.sort(1.0 - np.exp(-np.diff(changed, prepend=0.0)))
        ranks = np.arange(1, luck.size + 1) / luck.size
        distance = max(np.abs(luck - ranks).max(), np.abs(luck - ranks + 1 / luck.size).max())
        assert distance * math.sqrt(luck.size) < 2.7


def test_no_arrivals_where_the_rate_is_zero():
    """Inversion never places an arrival on a piece without rate."""
    for instants in runs(DAY, 50):
        assert (np.mod(instants, 1000.0) >= 300.0 - 1e-9).all()


def test_day_factor_spreads_the_counts():
    """Counts of a day have variance mean + mean**2 * variance of the factor, within 5.4 standard errors."""
    process = DoublyStochasticArrivals(PoissonArrivals(0.1), Gamma(1.0, cv=0.5), day=1000.0)
    counts = np.array([instants.size for instants in runs(process, 1500, 1000.0)])
    squares = (counts - 100.0) ** 2

    assert abs(squares.mean() - (100 + 100**2 * 0.25)) < FAR * squares.std() / math.sqrt(1500)


def test_days_are_independent():
    """Counts of two days are uncorrelated, within 5.4 standard errors."""
    process = DoublyStochasticArrivals(PoissonArrivals(0.1), Gamma(1.0, cv=0.5), day=1000.0)
    days = np.array([[(instants < 1000.0).sum(), (instants >= 1000.0).sum()] for instants in runs(process, 1000)])

    assert abs(np.corrcoef(days.T)[0, 1]) < FAR / math.sqrt(1000)


def test_constant_day_factor_scales_the_rate():
    """A factor that is always 2 doubles the expected count."""
    process = DoublyStochasticArrivals(DAY, Deterministic(2.0), day=1000.0)

    assert process.mean_count(0, 1000) == pytest.approx(2 * DAY.mean_count(0, 1000))


def test_batches_share_their_instant():
    """The sizes of batches follow their weights within 5.4 standard errors."""
    process = BatchArrivals(PoissonArrivals(1.0), sizes=(2, 3), weights=(1, 3))
    _, counts = np.unique(process.instants(np.random.default_rng(4), 5000.0), return_counts=True)

    assert set(counts.tolist()) == {2, 3}
    assert abs((counts == 3).mean() - 0.75) < FAR * math.sqrt(0.1875 / counts.size)


def test_recorded_arrivals_are_played_as_they_were():
    """A trace is sorted, cut at the horizon and draws nothing."""
    generator = np.random.default_rng(0)
    before = generator.bit_generator.state
    process = RecordedArrivals((30.0, 10.0, 20.0))

    assert process.instants(generator, 30.0).tolist() == [10.0, 20.0]
    assert generator.bit_generator.state == before
    assert RecordedArrivals(()).instants(generator, 5.0).size == 0


WRONG = [
    (lambda: PoissonArrivals(-1.0), "at least 0"),
    (lambda: VaryingArrivals((0.0, 5.0), (1.0,)), "one entry for each"),
    (lambda: VaryingArrivals((1.0,), (1.0,)), "begin with 0"),
    (lambda: VaryingArrivals((0.0, 5.0), (1.0, 1.0), period=5.0), "above 5"),
    (lambda: DoublyStochasticArrivals(RecordedArrivals(()), Never()), "2 faults"),
    (lambda: BatchArrivals(PoissonArrivals(1.0), (0,), (1.0,)), "between 1"),
    (lambda: RecordedArrivals((-1.0,)), "at least 0"),
    (lambda: PoissonArrivals(1.0).instants(np.random.default_rng(0), 0.0), "above 0"),
    (lambda: PoissonArrivals(1.0).instants(np.random.default_rng(0), math.inf), "finite"),
    (lambda: PoissonArrivals(1.0).mean_count(5.0, 1.0), "before start"),
    (lambda: arrivals_from_data({"law": "never"}), "with 'process'"),
    (lambda: arrivals_from_data({"process": "batches", "arrivals": 3, "sizes": [1], "weights": [1]}), "arrivals"),
]


@pytest.mark.parametrize(("make", "message"), WRONG, ids=range(len(WRONG)))
def test_wrong_parameters_are_refused(make, message: str):
    """A process that makes no sense is refused with what is allowed."""
    with pytest.raises(InvalidInputError, match=message):
        make()


def test_too_many_pieces_are_refused_before_any_work():
    """A horizon of absurdly many periods is refused."""
    with pytest.raises(LimitExceededError):
        VaryingArrivals((0.0,), (1.0,), period=1e-6).instants(np.random.default_rng(0), 1e6)


def test_too_many_arrivals_are_refused():
    """A slip of units that asks for a billion arrivals is refused, singly or in batches."""
    with pytest.raises(LimitExceededError):
        PoissonArrivals(1e6).instants(np.random.default_rng(0), 1e6)
    with pytest.raises(LimitExceededError):
        BatchArrivals(PoissonArrivals(1.0), (10**6,), (1,)).instants(np.random.default_rng(0), 1e3)
