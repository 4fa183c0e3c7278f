from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from routematch.distributions import (
    DoublyStochasticArrivals,
    Empirical,
    Gamma,
    LogNormal,
    Mixture,
    PiecewiseHazard,
    VaryingArrivals,
)
from routematch.simulation.history import (
    LocalTime,
    find_teams,
    fit_arrivals,
    fit_law,
    fit_patience,
    infer_presence,
    kaplan_meier,
)
from routematch.simulation.history.presence import levels_to_shifts, usual_load

MONDAY = datetime(2026, 5, 4, tzinfo=ZoneInfo("UTC")).timestamp()
WEEK, DAY, HOUR = 604_800.0, 86_400.0, 3600.0


def weeks(count: int, zone: str = "UTC") -> tuple[tuple[float, float], LocalTime]:
    """Return a window of whole weeks from a Monday on, and its clocks."""
    window = (MONDAY, MONDAY + count * WEEK)
    return window, LocalTime.of(window, zone)


# --- arrivals ---------------------------------------------------------------------------------------------------------


def office_hours(per_hour: float) -> VaryingArrivals:
    """Return arrivals from eight to eighteen o'clock, twice as many in the afternoon, every day."""
    return VaryingArrivals(
        (0, 8 * HOUR, 13 * HOUR, 18 * HOUR), (0, per_hour / HOUR, 2 * per_hour / HOUR, 0), period=DAY
    )


def test_rates_by_time_of_the_week_are_recovered():
    """95 % intervals of the slots hold the true rates: of 180 busy slots at most 20 miss (false alarm below 1e-3)."""
    window, local = weeks(8)
    true = office_hours(40)
    arrived = MONDAY + true.instants(np.random.default_rng(1), 8 * WEEK)

    fit = fit_arrivals(arrived, window, local)

    assert fit.slot == 1800.0
    middles = (np.arange(fit.rates.size) + 0.5) * fit.slot
    rates = true.rate(middles)
    misses = ((rates < fit.low) | (rates > fit.high))[rates > 0]
    assert misses.size == 140
    assert misses.sum() <= 20
    assert not fit.rates[rates == 0].any()
    assert fit.day_cv == 0.0
    assert fit.process.mean_count(0, 8 * WEEK) == pytest.approx(arrived.size)


def test_few_arrivals_get_longer_slots():
    """Slots are as short as the counts allow."""
    window, local = weeks(4)
    lengths = [
        fit_arrivals(MONDAY + office_hours(rate).instants(np.random.default_rng(2), 4 * WEEK), window, local).slot
        for rate in (60, 6, 0.2)
    ]

    assert lengths == sorted(lengths)
    assert (lengths[0], lengths[-1]) == (1800.0, 43_200.0)


def test_days_that_vary_as_a_whole_are_found():
    """A day factor with a spread of 0.25 is found within a quarter of itself; none is found where none is."""
    window, local = weeks(12)
    busy = DoublyStochasticArrivals(office_hours(40), Gamma(1.0, 0.25))

    fit = fit_arrivals(MONDAY + busy.instants(np.random.default_rng(3), 12 * WEEK), window, local)

    assert fit.day_cv == pytest.approx(0.25, rel=0.25)
    assert isinstance(fit.process, DoublyStochasticArrivals)
    found = [
        fit_arrivals(MONDAY + office_hours(40).instants(np.random.default_rng(seed), 12 * WEEK), window, local).day_cv
        for seed in range(30)
    ]
    assert sum(cv > 0 for cv in found) <= 3  # each with chance 0.01: false alarm 2e-4


def test_chance_is_taken_off_the_spread_of_days():
    """At 15 arrivals a day, where chance alone spreads counts by 0.26, a day factor of 0.4 is found as 0.4."""
    window, local = weeks(26)
    busy = DoublyStochasticArrivals(VaryingArrivals((0.0,), (15 / DAY,)), Gamma(1.0, 0.4))

    found = [
        fit_arrivals(MONDAY + busy.instants(np.random.default_rng(seed), 26 * WEEK), window, local).day_cv
        for seed in range(12)
    ]

    assert np.mean(found) == pytest.approx(0.4, rel=0.08)


def test_the_week_is_that_of_the_local_clock():
    """Who opens at eight by the clock opens at eight on both sides of a change of the clocks."""
    zone = ZoneInfo("Europe/Berlin")
    days = [datetime(2026, 10, day, 8, tzinfo=zone).timestamp() for day in range(5, 31)]  # back on the 25th
    window = (datetime(2026, 10, 5, tzinfo=zone).timestamp(), datetime(2026, 10, 31, tzinfo=zone).timestamp())
    arrived = np.concatenate([day + np.linspace(0, 1799, 30) for day in days])

    fit = fit_arrivals(arrived, window, LocalTime.of(window, "Europe/Berlin"))

    busy = np.flatnonzero(fit.rates)
    assert (busy % 48).tolist() == [16] * 7
    assert fit.rates[busy] == pytest.approx(30 / 1800)
    assert fit.process.rate(np.array(days) - window[0] + 900) == pytest.approx(30 / 1800)


def test_a_holiday_is_left_out_and_stays_closed():
    """One Thursday without calls lowers no rate, and the learned arrivals keep it closed."""
    window, local = weeks(4)
    arrived = MONDAY + office_hours(40).instants(np.random.default_rng(4), 4 * WEEK)
    arrived = arrived[local.day(arrived) != 10]

    fit = fit_arrivals(arrived, window, local)

    assert fit.closed_days == (10,)
    assert fit.process.mean_count(10 * DAY, 11 * DAY) == 0
    others = [fit.process.mean_count(day * DAY, (day + 1) * DAY) for day in (3, 17, 24)]
    assert others == pytest.approx([600] * 3, rel=0.15)


# --- handle times -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("true", [LogNormal(240.0, sigma=0.9), Gamma(300.0, 0.6), Gamma(200.0, 1.3)], ids=str)
def test_the_law_of_handle_times_is_recovered(true: LogNormal | Gamma):
    """The right family wins, its mean within 4 standard errors, its spread within 5 % (false alarm below 1e-4)."""
    lengths = true.sample(np.random.default_rng(5), 4000)

    fit = fit_law(lengths)

    assert type(fit.law) is type(true)
    assert abs(fit.law.mean - true.mean) < 4 * fit.deviation / np.sqrt(fit.count)
    assert fit.law.mean == pytest.approx(lengths.mean())
    assert fit.law.quantile([0.1, 0.5, 0.9]) == pytest.approx(true.quantile([0.1, 0.5, 0.9]), rel=0.06)


def test_lengths_of_no_formula_are_kept_as_measured():
    """Two kinds of matters in one type fit neither formula: the law is that of the lengths, with their mean."""
    two = Mixture((Gamma(60.0, 0.15), Gamma(600.0, 0.15)), (0.5, 0.5))
    lengths = two.sample(np.random.default_rng(6), 3000)

    law = fit_law(lengths).law

    assert isinstance(law, Empirical)
    assert law.mean == pytest.approx(lengths.mean(), rel=1e-4)
    assert len(law.samples) <= 200
    assert law.quantile(np.array([0.25, 0.75])) == pytest.approx(two.quantile([0.25, 0.75]), rel=0.03)


def test_a_handful_of_lengths_gives_a_mean():
    """Few lengths say no more than their mean; none say nothing."""
    assert fit_law(np.array([100.0, 200.0, np.nan])).law.mean == 150.0
    assert fit_law(np.array([np.nan, 0.0])) is None
    assert fit_law(np.full(50, 120.0)).law.mean == 120.0


# --- patience ---------------------------------------------------------------------------------------------------------

TRUE = PiecewiseHazard((0.0, 10.0, 60.0), (0.006, 0.0015, 0.004))


def waits(count: int = 30_000) -> tuple[np.ndarray, np.ndarray]:
    """Return waits cut short by an answer after 45 s on average, and who gave up before."""
    generator = np.random.default_rng(7)
    patient, offered = TRUE.sample(generator, count), generator.exponential(45.0, count)
    return np.minimum(patient, offered), patient < offered


def test_patience_is_recovered_from_waits_cut_short():
    """The hazard of every stretch lies within 4 standard errors of the truth (false alarm below 1e-3)."""
    fit = fit_patience(*waits())

    starts = np.array(fit.law.starts)
    ends = np.append(starts[1:], starts[-1] + 100.0)
    true = np.log(TRUE.survival(starts) / TRUE.survival(ends)) / (ends - starts)
    assert fit.gave_up > 2000
    assert (np.abs(fit.hazards - true) < 4 * fit.deviations).all()
    assert fit.law.survival([10.0, 60.0, 120.0]) == pytest.approx(TRUE.survival([10.0, 60.0, 120.0]), abs=0.03)


def test_averaging_the_waits_of_those_who_gave_up_is_wrong():
    """The obvious estimate misses the mean patience by a factor of six; counting time at risk does not."""
    waited, gave_up = waits()

    naive, fitted = waited[gave_up].mean(), fit_patience(waited, gave_up).law.mean

    assert TRUE.mean == pytest.approx(273.5, rel=0.01)
    assert naive < TRUE.mean / 6
    assert fitted == pytest.approx(TRUE.mean, rel=0.15)


def test_the_hazard_follows_the_curve_of_kaplan_and_meier():
    """Both estimates of the same waits agree within 0.02 wherever somebody is left."""
    waited, gave_up = waits()

    times, survival, deviation = kaplan_meier(waited, gave_up)

    early = times < 150
    assert np.abs(fit_patience(waited, gave_up).law.survival(times[early]) - survival[early]).max() < 0.02
    assert (np.abs(survival[early] - TRUE.survival(times[early])) < 5 * deviation[early] + 1e-3).all()


def test_nobody_gave_up_means_patience_is_unknown():
    """Without a single abandonment the log tells of no end of patience."""
    assert fit_patience(np.array([10.0, 20.0]), np.array([False, False])) is None


# --- who was at work --------------------------------------------------------------------------------------------------


def test_shifts_are_found_from_first_and_last_activity():
    """Eight hours with calls at random are found within two minutes at either end on average; the night is off."""
    generator = np.random.default_rng(8)
    begun, over = [], []
    for day in range(20):
        at, end = day * DAY + 8 * HOUR, day * DAY + 16 * HOUR
        while (at := at + generator.exponential(300.0)) < end:
            begun.append(at)
            over.append(at := at + generator.exponential(240.0))

    starts = np.array(begun)
    (found,) = infer_presence(np.zeros(len(begun), np.int32), starts, starts, np.array(over), (0.0, 20 * DAY))

    starts, ends = np.array(found.stretches).T
    assert len(found.stretches) == 20
    assert abs(np.mean(starts % DAY) - 8 * HOUR) < 120
    assert abs(np.mean(ends % DAY) - 16 * HOUR) < 120


def test_several_conversations_at_once_are_a_capacity():
    """Who has three chats at once most of the time has room for three; a stray overlap gives no second unit."""
    agent = np.zeros(400, np.int32)
    begun = np.arange(400) * 100.0

    assert usual_load(agent, begun, begun + 299.0) == 3
    assert usual_load(agent, begun, begun + np.where(np.arange(400) % 50 == 0, 110.0, 90.0)) == 1


def test_levels_become_shifts_that_add_up():
    """Agents needed by interval become shifts whose number at work is again what was needed."""
    starts, levels = np.arange(6) * 1800.0, np.array([0, 2, 3, 1, 0, 1])

    shifts = levels_to_shifts(starts, levels, 1800.0)

    assert len(shifts) == 3
    at_work = [sum(first <= at < last for own in shifts for first, last in own) for at in starts]
    assert at_work == levels.tolist()


def test_agents_who_handle_the_same_belong_together():
    """Groups are found by what was handled: strays are no skills, rare types are, and a lone set joins its like."""
    handled = np.array([[900, 4, 8], [80, 1, 7], [40, 60, 0], [30, 50, 0], [70, 0, 1], [0, 0, 0]])

    teams = find_teams(handled, ("loans", "cards", "fraud"))

    assert [(team.name, team.agents) for team in teams] == [
        ("loans and fraud agents", (0, 1, 4)),
        ("loans and cards agents", (2, 3)),
    ]


def test_groups_that_the_log_names_are_kept():
    """Where the log says who belongs together, that holds."""
    teams = find_teams(np.array([[9, 1], [1, 9], [5, 5]]), ("a", "b"), ["x", "x", None])

    assert [(team.name, team.agents) for team in teams] == [("x", (0, 1)), ("others", (2,))]
