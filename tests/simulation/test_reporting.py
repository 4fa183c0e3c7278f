"""Results are reports: of one policy, of two, of several that were measured where they ran."""

from __future__ import annotations

import csv
import pickle
from concurrent.futures import ProcessPoolExecutor

import pytest
from attrs import evolve

from routematch import report
from routematch.errors import InvalidInputError
from routematch.metrics import until
from routematch.policies import best_match, fewest_open, longest_idle
from routematch.simulation import AgentGroup, Scenario, report_of_results, simulate, simulate_report
from routematch.simulation.reporting import distinct_names, settings_of

OFFICE = Scenario.from_rates(
    [0.05, 0.03], 0.01, 0.01, [3, 3, 2], eligible=[[1, 0, 1], [0, 1, 1]], horizon=3600.0, seed=5
)


def rows(table: report.Table) -> dict[object, tuple[object, ...]]:
    """Return the rows of a table by their first cell."""
    return {row[0]: row[1:] for row in table.rows}


def text(made: object) -> str:
    """Return all tables as text."""
    return "\n".join(report.text(table) for table in made.tables())


def test_a_result_is_a_report():
    """A result has a title, findings, tables, charts and facts; the numbers are those of `measure`."""
    result = simulate(OFFICE, longest_idle(), replications=4)
    level = rows(result.tables()[0])["Service level, 20 s (SL)"][0]

    assert result.title == "scenario: longest_idle"
    assert (level.mean, level.low) == (
        pytest.approx(result.measure("service_level").mean),
        pytest.approx(result.measure("service_level").low),
    )
    assert len(result.findings()) == 3
    assert result.charts()
    assert result.facts()["seed"] == "5"
    assert longest_idle().fingerprint in result.facts()["policy"]


def test_a_result_is_written(tmp_path):
    """`report.write(result, path)` gives one page without scripts, also of a comparison."""
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    first, second = (simulate(OFFICE, policy, replications=2) for policy in (longest_idle(), best_match()))
    page = report.write(first.compare(second), tmp_path / "both.html").read_text(encoding="utf-8")

    assert "Differences to longest_idle" in page
    assert "<script" not in page


def test_the_fingerprint_tells_scenarios_apart():
    """Another horizon is another scenario; the same one has the same fingerprint."""
    longer = evolve(OFFICE, horizon=4000.0)
    told = [simulate(each).facts()["scenario"] for each in (OFFICE, OFFICE, longer)]

    assert told[0] == told[1] != told[2]


def test_measured_where_it_ran_is_measured_the_same():
    """`simulate_report` gives the tables that results give, also from two processes."""
    results = [simulate(OFFICE, policy, replications=3) for policy in (longest_idle(), best_match())]
    policies = [longest_idle(), best_match()]
    here = simulate_report(OFFICE, policies, replications=3)
    there = simulate_report(OFFICE, policies, replications=3, executor=lambda: ProcessPoolExecutor(2))

    assert text(here) == text(report_of_results(results)) == text(there)
    assert here.facts() == report_of_results(results).facts() == there.facts()


def test_policies_stay_with_their_names():
    """Each column holds the numbers of its policy, whichever comes first."""
    one, other = longest_idle(), fewest_open()
    found = [simulate_report(OFFICE, order, replications=3).tables()[0] for order in ([one, other], [other, one])]
    levels = [rows(table)["Average speed of answer (ASA)"] for table in found]

    assert levels[0][:2] == levels[1][1::-1]
    assert levels[0][0].mean == pytest.approx(simulate(OFFICE, one, replications=3).measure(report_name()).mean)


def report_name() -> str:
    """Return the metric of that row."""
    return "average_speed_of_answer"


def test_one_replication_has_intervals_by_batches():
    """A single long run is cut into batches of time; a short one says that it is too short."""
    long = evolve(OFFICE, horizon=200_000.0)

    assert "by means of 40 parts of the time" in simulate_report(long, [longest_idle()]).tables()[0].note
    assert "too short" in simulate_report(OFFICE, [longest_idle()]).tables()[0].note


class Whim:
    """Serves nobody on some days: a policy of which each day says little."""

    def on_arrival(self, view, conversation):
        if not hasattr(self, "works"):
            self.works = int(view.now * 1e6) % 2
        return next(iter(view.eligible(conversation)), None) if self.works else None


def test_replications_go_on_until_every_policy_is_precise():
    """All policies get as many replications as the one that needs most, so that days stay paired."""
    quiet = Scenario.from_rates(0.02, 0.01, None, 3, horizon=2000.0)
    rule = until({"service_level": 0.15})
    made = simulate_report(quiet, [longest_idle(), Whim()], replications=2, until=rule)
    counts = [len(each) for each in made.digests.values()]
    alone = len(simulate_report(quiet, [longest_idle()], replications=2, until=rule).digests["longest_idle"])

    assert counts[0] == counts[1] > alone >= 10
    assert all(cell.half_width <= 0.15 for cell in rows(made.tables()[0])["Service level, 20 s (SL)"][:2])
    with pytest.raises(InvalidInputError, match="did you mean 'abandonment'"):
        simulate_report(OFFICE, [longest_idle()], until=until({"abandonmen": 0.1}))


def test_progress_is_told():
    """Each replication of each policy counts."""
    told: list[tuple[int, int]] = []
    simulate_report(OFFICE, [longest_idle(), best_match()], replications=2, progress=lambda *now: told.append(now))

    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


class Counting:
    """Serves the first conversations of its life only."""

    def __init__(self):
        self.served = 0

    def on_arrival(self, view, conversation):
        self.served += 1
        return next(iter(view.eligible(conversation)), None) if self.served <= 20 else None


def test_code_begins_each_replication_anew():
    """What code remembers of one day does not depend on which days its process ran before."""
    alone = simulate(OFFICE, Counting(), replications=3)
    spread = simulate(OFFICE, Counting(), replications=3, executor=lambda: ProcessPoolExecutor(2))
    answered = [int((ledger.waited == 0).sum()) for ledger in alone.ledgers]

    assert min(answered) > 0
    assert answered == [int((ledger.waited == 0).sum()) for ledger in spread.ledgers]


def test_cost_is_that_of_the_group_else_what_is_given():
    """What a group states goes before; where nobody states any, there is none."""
    groups = [AgentGroup("a", cost_per_hour=30.0), AgentGroup("b")]
    mixed = Scenario(OFFICE.conversation_types, groups, 60.0)

    assert settings_of(mixed, cost_per_hour=20.0).cost_per_hour == {"a": 30.0, "b": 20.0}
    assert settings_of(OFFICE).cost_per_hour is None
    assert rows(simulate_report(OFFICE, [longest_idle()], replications=2, cost_per_hour=36.0).tables()[0])["Staff cost"]


def test_a_calibration_is_repeated(tmp_path):
    """Its tables and charts come last, under their own heading, and not on the first page."""
    simulate(OFFICE, seed=8).ledgers[0].to_csv(tmp_path / "log.csv")
    calibration = OFFICE.calibrate(tmp_path / "log.csv", longest_idle(), replications=2)
    made = simulate(OFFICE, longest_idle(), replications=2).report(calibration=calibration)
    ours = [table for table in made.tables() if table.title.startswith("Calibration: ")]

    assert len(ours) == len(calibration.tables())
    assert {table.page for table in ours} == {"later"}
    assert made.charts()[-1].title.startswith("Calibration: ")


def test_conversations_leave_as_tables(tmp_path):
    """A ledger of a simulation goes to CSV, Arrow, pandas and polars, with a row for each conversation."""
    ledger = simulate(OFFICE).ledgers[0]
    ledger.to_csv(tmp_path / "ledger.csv")
    with (tmp_path / "ledger.csv").open(encoding="utf-8", newline="") as opened:
        assert sum(1 for _ in csv.DictReader(opened)) == len(ledger)
    for form in ("pyarrow", "pandas", "polars"):
        pytest.importorskip(form)
    ledger.to_parquet(tmp_path / "ledger.parquet")

    assert len({len(table) for table in (ledger, ledger.to_arrow(), ledger.to_pandas(), ledger.to_polars())}) == 1


def test_other_days_are_not_compared():
    """Results of another seed or number of replications are refused, all at once."""
    results = [simulate(OFFICE, seed=seed, replications=count) for seed, count in ((1, 1), (2, 1), (1, 2))]
    with pytest.raises(InvalidInputError) as raised:
        report_of_results(results)

    assert [fault.place for fault in raised.value.faults] == ["results[1]", "results[2]"]
    with pytest.raises(InvalidInputError, match="at least one"):
        report_of_results([])
    with pytest.raises(InvalidInputError, match="at least one policy"):
        simulate_report(OFFICE, [])


def test_names_are_told_apart():
    """A policy that is given twice gets a number, also where that name is taken."""
    assert distinct_names(["a", "a (2)", "a", "a"]) == ("a", "a (2)", "a (3)", "a (4)")
    assert list(simulate_report(OFFICE, [best_match(), best_match()]).digests) == ["best_match", "best_match (2)"]


def test_a_result_that_was_shown_can_be_packed():
    """What a report keeps for itself does not stand in the way."""
    result = simulate(OFFICE, replications=2)
    result.tables()

    assert text(pickle.loads(pickle.dumps(result))) == text(result)
