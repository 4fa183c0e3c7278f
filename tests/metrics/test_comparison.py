"""Comparisons against cases with known truth: pairs, Holm, and the choice of the best."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from routematch.errors import InvalidInputError, UnknownNameError
from routematch.metrics import compare, difference, holm, paired, select_best
from routematch.state import Ledger

NAN = float("nan")


def day(waits, **changes) -> Ledger:
    """Return a day of conversations a minute apart."""
    arrived = 60.0 * np.arange(len(waits))
    return Ledger.of(**{"arrived_at": arrived, "answered_at": arrived + np.asarray(waits)} | changes)


def test_each_conversation_is_compared_with_itself():
    """One waited 40 s less, one 5 s longer; the mean is that of the differences."""
    found = paired(day([50.0, 10.0, 30.0]), day([10.0, 15.0, 30.0]))

    assert found.change.tolist() == [-40.0, 5.0, 0.0]
    assert found.sentence(0) == "conversation 0 waited 40 s less"
    assert found.sentence(1) == "conversation 1 waited 5 s longer"
    assert found.sentence(2) == "conversation 2 waited as long"
    assert (found.share_lower, found.share_higher) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert found.largest(5) == (0, 1)
    assert found.mean.mean == pytest.approx(-35 / 3)
    assert "too short" in found.mean.note


def test_the_mean_change_is_covered():
    """Under noise that neighbours share, 95 % intervals hold the true change in 89 to 99 % of 150 days.

    The false alarm is 1e-3 for a true coverage of 95 %.
    """
    chance = np.random.default_rng(9)
    arrived, covered, widths = np.arange(4000.0), 0, []
    for _ in range(150):
        noise = np.convolve(chance.normal(size=4009), np.ones(10), mode="valid")
        first = 200.0 + 5 * noise
        second = first - 2.0 + np.convolve(chance.normal(size=4009), np.ones(10), mode="valid")
        days = [Ledger.of(arrived_at=arrived, answered_at=arrived + waits) for waits in (first, second)]
        found = paired(*days).mean
        covered += found.low <= -2.0 <= found.high
        widths.append(found.half_width)

    assert 0.89 <= covered / 150 <= 0.99
    assert np.mean(widths) < 0.5  # half of the interval would be above 1.5 without pairs


def test_conversations_are_paired_by_id():
    """Order and strangers do not matter where there are ids."""
    first = Ledger.of(arrived_at=[0.0, 1.0, 2.0], value=[1.0, 2.0, NAN], ids=["a", "b", "c"])
    second = Ledger.of(arrived_at=[1.0, 0.0, 9.0], value=[2.5, 1.5, 0.0], ids=["b", "a", "z"])
    found = paired(first, second, "value")

    assert found.ids == ("a", "b")
    assert found.change.tolist() == [0.5, 0.5]
    assert found.unpaired == (1, 1)
    assert found.sentence(0) == "conversation a value +0.5"


def test_repeats_that_one_policy_caused_have_no_partner():
    """Without ids only first conversations are paired, so that what a policy causes shifts nobody."""
    second = Ledger.of(
        arrived_at=[0.0, 30.0, 60.0], answered_at=[5.0, 40.0, 61.0], repeats=[-1, 0, -1], window=(0.0, 100.0)
    )
    found = paired(day([50.0, 10.0]), second)

    assert found.change.tolist() == [-45.0, -9.0]
    assert found.unpaired == (0, 1)


def test_other_days_are_refused():
    """Conversations that arrive at other instants, or in another number, are other conversations."""
    with pytest.raises(InvalidInputError, match="same day"):
        paired(day([1.0, 2.0]), day([1.0, 2.0, 3.0]))
    with pytest.raises(InvalidInputError, match="other instants"):
        paired(day([1.0, 2.0]), Ledger.of(arrived_at=[0.0, 61.0]))
    with pytest.raises(InvalidInputError, match="ids"):
        paired(day([1.0]), day([1.0], ids=["a"]))
    with pytest.raises(UnknownNameError, match="waited"):
        paired(day([1.0]), day([1.0]), "waitd")


def test_empty_days_differ_in_nothing():
    """No conversations, no difference, no error."""
    found = paired(Ledger.of(arrived_at=[]), Ledger.of(arrived_at=[]))

    assert math.isnan(found.mean.mean)
    assert math.isnan(found.share_lower)
    assert found.largest() == ()


def test_pairs_are_students_t():
    """Difference, interval and chance agree with scipy's paired t."""
    chance = np.random.default_rng(1)
    common = chance.normal(size=15)
    first, second = common + chance.normal(0, 0.1, 15), common + chance.normal(0.05, 0.1, 15)
    found, expected = difference(first, second), stats.ttest_rel(second, first)

    assert found.p == pytest.approx(expected.pvalue)
    assert (found.change.low, found.change.high) == pytest.approx(tuple(expected.confidence_interval()))


def test_no_spread_is_decided_by_the_mean():
    """Equal numbers do not differ; a constant shift certainly does; one replication tells nothing."""
    assert difference([1.0, 2.0], [1.0, 2.0]).p == 1.0
    assert difference([1.0, 2.0], [2.0, 3.0]).p == 0.0
    assert math.isnan(difference([1.0], [2.0]).p)
    assert not difference([1.0], [2.0]).is_significant
    with pytest.raises(InvalidInputError, match="replications"):
        difference([1.0], [2.0, 3.0])


def test_holm_by_hand():
    """The smallest is multiplied by their number, the next by one less, and none is below the one before."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.5, 0.9]) == pytest.approx((1.0, 1.0))
    assert holm([]) == ()
    corrected = holm([0.01, NAN])
    assert corrected[0] == pytest.approx(0.02)
    assert math.isnan(corrected[1])


def test_equal_policies_are_seldom_told_apart():
    """Among 6 equal policies a difference is claimed in at most 5 % of 600 studies (false alarm 1e-3)."""
    chance = np.random.default_rng(2)
    alarms = covered = 0
    for _ in range(600):
        table = chance.normal(size=(6, 12))
        found = compare({str(i): row for i, row in enumerate(table)})
        alarms += any(each.is_significant for each in found)
        covered += all(each.change.low <= 0 <= each.change.high for each in found)

    assert alarms <= stats.binom.ppf(0.999, 600, 0.05)
    assert covered >= stats.binom.ppf(0.001, 600, 0.95)


def test_one_comparison_has_its_nominal_level():
    """With two equal policies the 5 % are used up: 5 % of 2,000 studies claim a difference (false alarm 1e-3)."""
    chance = np.random.default_rng(3)
    alarms = sum(
        compare({"a": chance.normal(size=8), "b": chance.normal(size=8)})[0].is_significant for _ in range(2000)
    )

    low, high = stats.binom.ppf([0.0005, 0.9995], 2000, 0.05)
    assert low <= alarms <= high


def test_real_differences_are_found_with_their_sign():
    """The worse policy is found to be lower, the equal one is not, and the order is that given."""
    chance = np.random.default_rng(4)
    base = chance.normal(10, 3, 30)
    found = compare(
        {"old": base, "worse": base - 1 + chance.normal(0, 0.3, 30), "same": base + chance.normal(0, 0.3, 30)},
        baseline="old",
    )

    assert [each.name for each in found] == ["worse", "same"]
    assert [each.is_significant for each in found] == [True, False]
    assert found[0].change.high < 0
    assert compare({"alone": base}) == ()
    assert compare({}) == ()
    with pytest.raises(UnknownNameError, match="old"):
        compare({"old": base}, baseline="odl")


def race(chance, means, *, correlation=0.0, **options):
    """Race normal policies of spread 1, with a part of the noise in common."""
    common, own = chance.normal(size=4000), chance.normal(size=(len(means), 4000))
    noise = math.sqrt(correlation) * common + math.sqrt(1 - correlation) * own
    names = [str(i) for i in range(len(means))]
    return select_best(names, lambda name, i: means[int(name)] + noise[int(name), i], **options)


@pytest.mark.parametrize(("correlation", "seed"), [(0.0, 5), (0.7, 6)])
def test_the_best_is_found_as_often_as_promised(correlation, seed):
    """In the worst case (all others worse by just the indifference) 90 % of 200 races end right (false alarm 1e-3)."""
    chance = np.random.default_rng(seed)
    means = [0.0, 0.0, 0.5, 0.0, 0.0]
    found = [race(chance, means, correlation=correlation, indifference=0.5, confidence=0.9) for _ in range(200)]

    assert all(each.is_decided for each in found)
    assert sum(each.best == "2" for each in found) >= stats.binom.ppf(0.001, 200, 0.9)


def test_common_days_and_clear_losers_save_replications():
    """Correlated noise shortens the race, and so do policies that are far behind."""
    chance = np.random.default_rng(7)
    options = {"indifference": 0.3}
    plain = np.mean([race(chance, [0.0, 0.3, 0.0], **options).replications for _ in range(10)])
    common = np.mean([race(chance, [0.0, 0.3, 0.0], correlation=0.9, **options).replications for _ in range(10)])
    clear = np.mean([race(chance, [-5.0, 0.3, -5.0], **options).replications for _ in range(10)])

    assert common < plain / 3
    assert clear < plain / 3


def test_a_race_says_what_it_did():
    """Lower may be better; races that end undecided say so; one policy wins at once."""
    lower = race(np.random.default_rng(8), [1.0, 0.0], indifference=0.5, higher_is_better=False)
    assert lower.best == "1"
    assert lower.means[0][1] == pytest.approx(1.0, abs=0.7)
    assert not race(np.random.default_rng(8), [0.0, 0.0], indifference=0.01, at_most=20).is_decided
    assert select_best(["only"], lambda name, i: 1.0, indifference=1.0).replications == 10
    for wrong in ({"indifference": 0}, {"indifference": 1, "confidence": 0.4}, {"indifference": 1, "first": 1}):
        with pytest.raises(InvalidInputError):
            select_best(["a", "b"], lambda name, i: 1.0, **wrong)
    with pytest.raises(InvalidInputError, match="at least one"):
        select_best([], lambda name, i: 1.0, indifference=1)
