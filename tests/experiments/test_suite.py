"""The suite is frozen, its oracles are above every policy, and its results can be verified."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from routematch.errors import InvalidInputError, UnknownNameError
from routematch.experiments.benchmarking import Benchmark, benchmark, latex, verify
from routematch.experiments.oracles import Oracle
from routematch.experiments.suite import CaseResult, cases, run_case
from routematch.experiments.suite_cases import realistic
from routematch.report import csv_text, markdown

#: A changed scenario must get a new version, never a new hash under the old one.
FROZEN = {
    "S1@1": "sha256:70782b15485aa9d3",
    "S1r@1": "sha256:e4e4485ec6a47ceb",
    "S2@1": "sha256:fdabb2cf8df2968e",
    "S2r@1": "sha256:886db3b67bbfec8b",
    "S3@1": "sha256:dfbb1f0bb7c8fa2d",
    "S3r@1": "sha256:6db054ceb487ede7",
    "S4@1": "sha256:281e7552de5f5bbd",
    "S4r@1": "sha256:7ec94a310510b6db",
    "S4x16@1": "sha256:db5c682fc5e76bd5",
    "S4x16r@1": "sha256:887167e039f98599",
    "S5@1": "sha256:4bad1af4266bd67c",
    "S5r@1": "sha256:ca4b25bfaa68b0b3",
    "S5x16@1": "sha256:032eb06f653495d2",
    "S5x16r@1": "sha256:b5c2efa249530aad",
    "S6@1": "sha256:ddc555481dde231c",
    "S6r@1": "sha256:45d2b3acc1dc22f3",
    "S7@1": "sha256:4291c26e6b1dc3b5",
    "S7r@1": "sha256:b8e960ea5b78180b",
    "S8@1": "sha256:73f9115d375e9c36",
    "S8r@1": "sha256:e83f8e6077f76ce1",
    "S9@1": "sha256:e848fcaf4ed6cb46",
    "S9r@1": "sha256:fca01b46cea77c46",
    "S10@1": "sha256:931148a12f8fdd5b",
    "S10r@1": "sha256:85c803d3e69d7cbe",
    "S11@1": "sha256:d279f86273be6d0b",
    "S11r@1": "sha256:6d54cbc536d42aa3",
    "S12@1": "sha256:4911ed35b0693176",
    "S12r@1": "sha256:2f56a70230abb7c5",
}


def test_scenarios_are_frozen() -> None:
    """What S4@1 means never changes."""
    assert {case.label: case.hash for case in cases()} == FROZEN


def test_cases_are_found_by_id_version_and_kind() -> None:
    """An id means both variants; unknown names are told with what is known."""
    assert [case.label for case in cases("S4r,S1@1")] == ["S1@1", "S4r@1"]
    assert all(case.is_realistic for case in cases("realistic"))
    with pytest.raises(UnknownNameError):
        cases("S99")


def test_realistic_variants_keep_the_means() -> None:
    """Laws change, mean handle times, patience and arrivals stay."""
    for case in cases("S5,S7,S11"):
        if not case.is_realistic:
            changed = realistic(case.scenario)
            for plain, kind in zip(case.scenario.conversation_types, changed.conversation_types, strict=True):
                assert plain.arrivals is not None
                assert kind.arrivals is not None
                assert plain.patience is not None
                assert kind.patience is not None
                assert kind.handle_time.mean == pytest.approx(plain.handle_time.mean)
                assert kind.patience.mean == pytest.approx(plain.patience.mean)
                horizon = case.scenario.horizon
                assert kind.arrivals.mean_count(0, horizon) == pytest.approx(plain.arrivals.mean_count(0, horizon))


@pytest.fixture(scope="module")
def some() -> Benchmark:
    """Return results of two small cases, through text as a file would be."""
    found = benchmark(["myopic_match", "priority_lists", "dedicated"], "S5@1,S6@1", replications=3)
    return Benchmark.from_data(json.loads(json.dumps(found.to_data())))


def test_nothing_exceeds_an_exact_oracle(some: Benchmark) -> None:
    """The lower end of every interval is at most the optimum, and everything is better than serving nobody."""
    for result in some.results:
        assert result.oracle.rung == "exact"
        for name, values in result.values.items():
            assert result.share(name).share.low <= 1.0
            assert values.mean() > result.oracle.nobody


def test_pooling_hurts_where_cross_service_is_slow(some: Benchmark) -> None:
    """Dedicated groups beat sharing at half the speed, surely."""
    result = some.results[1]
    assert result.label == "S6@1"
    change = result.values["dedicated"] - result.plain
    assert change.mean() > 3 * change.std(ddof=1) / len(change) ** 0.5


def test_results_are_verified_by_running_again(some: Benchmark) -> None:
    """The same numbers come out again; a number that was touched is told."""
    assert verify(some.to_data(), {}) == ()
    data = json.loads(json.dumps(some.to_data()))
    data["cases"][0]["values"]["myopic_match"][2] += 1e-3
    data["cases"][1]["hash"] = "sha256:0"
    told = verify(data, {})
    assert len(told) == 2
    assert "myopic_match reaches" in told[0]
    assert "another scenario" in told[1]


def test_results_of_another_kind_are_refused() -> None:
    """A file that is no results file says so."""
    with pytest.raises(InvalidInputError):
        Benchmark.from_data({"schema": "else"})
    with pytest.raises(InvalidInputError):
        Benchmark.from_data({"schema": "routematch/benchmark/1", "cases": [{"case": 1}]})


def test_tables_are_written_in_three_forms(some: Benchmark) -> None:
    """Markdown, CSV and LaTeX show the same cells; the picture has a dot for each policy."""
    table = some.detail()
    assert "S5@1" in markdown(table)
    assert csv_text(table).count("\n") == len(table.rows) + 1
    assert latex(table).count(r"\\") == len(table.rows) + 1
    assert len(some.charts()[0].labels) == 4


def test_shares_are_ratios_with_both_errors() -> None:
    """A policy as good as the oracle has share 1, the plain one exactly 0; without a gap the scale is P."""
    plain, oracle = np.array([0.4, 0.5, 0.6, 0.5]), Oracle("exact", 1.0, 0.0)
    values = {"first_come_first_served": plain, "best": np.ones(4), "half": plain + 0.25}
    result = CaseResult("X@1", "", "x", oracle, values, {})
    assert result.share("best").share.mean == pytest.approx(1.0)
    assert result.share("first_come_first_served").share.mean == 0
    half = result.share("half").share
    assert half.mean == pytest.approx(0.5)
    assert half.half_width > 0
    near = CaseResult("X@1", "", "x", Oracle("exact", 0.51, 0.0), values, {})
    assert near.scale == "P"
    assert near.share("first_come_first_served").share.mean == pytest.approx(0.5 / 0.51)


def test_theory_and_simulation_meet() -> None:
    """In the case with one type every rule is Erlang A."""
    (case,) = cases("S1@1")
    share = run_case(case, ["fastest_first"]).share("fastest_first").share
    assert share.low <= 1.0 <= share.high
    assert share.half_width < 0.02


def test_the_leaderboard_is_of_these_scenarios_and_repeats() -> None:
    """The committed results are of the frozen cases, and one of them comes out again to the last digit."""
    file = Path(__file__).parents[2] / "benchmarks" / "results" / "leaderboard.json"
    if not file.exists():
        pytest.skip("benchmarks are not here")
    data = json.loads(file.read_text(encoding="utf-8"))
    assert {case["case"]: case["hash"] for case in data["cases"]} == FROZEN
    (expert,) = (case for case in data["cases"] if case["case"] == "S5@1")
    expert["values"] = {name: expert["values"][name] for name in ("first_come_first_served", "c_mu", "random")}
    assert verify({**data, "cases": [expert]}, {}) == ()
