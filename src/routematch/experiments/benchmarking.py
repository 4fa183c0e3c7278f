"""Policies over the suite: one table, one picture, and a results file that anybody can verify by running again.

>>> found = benchmark(["c_mu"], "S1@1")
>>> [(case.label, sorted(case.values)) for case in found.results]
[('S1@1', ['c_mu', 'first_come_first_served'])]
"""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from importlib.metadata import PackageNotFoundError, version
from typing import cast

import numpy as np
from attrs import field, frozen

from routematch.errors import Faults
from routematch.experiments.baselines import BASELINES
from routematch.experiments.oracles import Oracle
from routematch.experiments.suite import CaseResult, MakePolicy, cases, run_case
from routematch.report import Chart, Column, Mark, Series, Table, shown

__all__ = ["BENCHMARK_SCHEMA", "Benchmark", "benchmark", "latex", "verify"]

BENCHMARK_SCHEMA = "routematch/benchmark/1"
#: Largest difference between a number in a results file and the same run again.
_SAME = 1e-9


@frozen(eq=False)
class Benchmark:
    """Results of several cases. Make one with `benchmark`, or read one with `from_data`.

    Attributes
    ----------
    results : tuple of CaseResult
    about : dict from str to str
        Versions and machine; not part of what is verified.
    """

    results: tuple[CaseResult, ...]
    about: dict[str, str] = field(factory=dict)

    title = "Policies over the scenario suite"

    @property
    def policies(self) -> tuple[str, ...]:
        """All policies, in the order given."""
        return tuple(dict.fromkeys(name for result in self.results for name in result.values))

    def table(self) -> Table:
        """Return shares of the way to the oracle: cases down, policies across."""
        names = self.policies
        columns = (
            Column("Case"),
            Column("Name"),
            Column("Oracle"),
            Column("Scale"),
            *(Column(name, "share", "higher") for name in names),
        )
        rows = [
            (
                result.label,
                result.name,
                result.oracle.rung,
                result.scale,
                *(result.share(name).share if name in result.values else None for name in names),
            )
            for result in self.results
        ]
        return Table(self.title, columns, tuple(rows), note=_NOTE, page="first")

    def detail(self) -> Table:
        """Return one row for each case and policy: net value, share with its interval, run time."""
        rows = []
        for result in self.results:
            order = sorted(result.values, key=lambda name, r=result: -float(r.values[name].mean()))  # type: ignore[misc]  # binds the loop
            for name in order:
                told = result.share(name)
                mean = float(result.values[name].mean())
                where = (result.label, result.oracle.rung, result.oracle.value)
                rows.append((*where, name, mean, told.scale, told.share, result.seconds.get(name, math.nan)))
        heads = (
            Column("Case"),
            Column("Oracle"),
            Column("Oracle's value", "amount"),
            Column("Policy"),
            Column("Net value", "amount", "higher"),
            Column("Scale"),
            Column("Share", "share", "higher"),
            Column("Run time", "seconds", "lower"),
        )
        return Table("Every number", heads, tuple(rows), note=_NOTE)

    def tables(self) -> tuple[Table, ...]:
        """Return what a report shows."""
        return self.table(), self.detail()

    def charts(self) -> tuple[Chart, ...]:
        """Return one dot plot for each case, the best policy first."""
        found = []
        for result in self.results:
            names = sorted(result.values, key=lambda name, r=result: -float(r.values[name].mean()))  # type: ignore[misc]  # as above
            shares = [result.share(name).share for name in names]
            series = Series("", [s.mean for s in shares], [s.low for s in shares], [s.high for s in shares])
            title = f"{result.label} {result.name}: share of the way to the oracle ({result.oracle.rung})"
            found.append(Chart(title, "dots", tuple(names), (series,), unit="share", marks=(Mark(1.0, "oracle", "x"),)))
        return tuple(found)

    def facts(self) -> dict[str, str]:
        """Return what it was made of."""
        return {"cases": ", ".join(result.label for result in self.results), **self.about}

    def to_data(self) -> dict[str, object]:
        """Return the results file as plain data."""
        return {
            "schema": BENCHMARK_SCHEMA,
            "about": dict(self.about),
            "cases": [
                {
                    "case": result.label,
                    "name": result.name,
                    "hash": result.hash,
                    "oracle": {
                        "rung": result.oracle.rung,
                        "value": result.oracle.value,
                        "nobody": result.oracle.nobody,
                    },
                    "values": {name: each.tolist() for name, each in result.values.items()},
                    "seconds": {name: round(each, 3) for name, each in result.seconds.items()},
                }
                for result in self.results
            ],
        }

    @classmethod
    def from_data(cls, data: object) -> Benchmark:
        """Read a results file; InvalidInputError where it is none."""
        faults = Faults()
        if not isinstance(data, Mapping) or data.get("schema") != BENCHMARK_SCHEMA:
            faults.add(f"must be results with schema {BENCHMARK_SCHEMA!r}", place="schema")
            faults.raise_if_any()
        told = cast("Mapping[str, object]", data)
        results = []
        try:
            for entry in cast("list[dict[str, dict[str, float]]]", told["cases"]):
                oracle = cast("dict[str, object]", entry["oracle"])
                entry["values"]["first_come_first_served"]  # shares are counted from it
                results.append(
                    CaseResult(
                        str(entry["case"]),
                        str(entry["hash"]),
                        str(entry["name"]),
                        Oracle(str(oracle["rung"]), cast("float", oracle["value"]), cast("float", oracle["nobody"])),
                        {name: np.array(each, np.float64) for name, each in entry["values"].items()},
                        dict(entry["seconds"]),
                    )
                )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            faults.add(f"cannot be read: {type(error).__name__} {error}", place="cases")
        faults.raise_if_any()
        return cls(tuple(results), {str(k): str(v) for k, v in cast("dict[str, str]", told.get("about", {})).items()})


_NOTE = (
    "Net value for each conversation as a share of the way from first come first served to the oracle (gap), or from "
    "nobody served where that gap is smaller than its interval (P). Fluid and pooled oracles are bounds that no policy "
    "exceeds, so less than 100 % need not mean that more can be had; numbers above 100 % are chance."
)


def benchmark(
    policies: Mapping[str, MakePolicy] | Iterable[str],
    suite: str = "all",
    *,
    replications: int | None = None,
    executor: Executor | Callable[[], Executor] | None = None,
    on_progress: Callable[[int, int, str], None] | None = None,
) -> Benchmark:
    """Run policies over cases of the suite, with the prescribed seeds and replications.

    Parameters
    ----------
    policies : mapping from name to callable, or iterable of str
        What makes a policy of `Rates`; names are those of `BASELINES`.
    suite : str
        As for `suite.cases`.
    replications : int, optional
        As prescribed where left out; at least 2.
    executor : Executor, or callable that makes one, optional
        As for `simulate`.
    on_progress : callable, optional
        Called with cases done, cases in all and the one that comes.

    Returns
    -------
    Benchmark

    Raises
    ------
    InvalidInputError
        `UnknownNameError` for policies and cases that are none.
    """
    faults = Faults()
    if not isinstance(policies, Mapping):
        policies = tuple(policies)
        for name in policies:
            if name not in BASELINES:
                faults.unknown(name, known=BASELINES, place="policies", what="baseline")
    if replications is not None and replications < 2:
        faults.add("must be at least 2", place="replications", given=replications)
    faults.raise_if_any()
    chosen, results = cases(suite), []
    for done, case in enumerate(chosen):
        if on_progress is not None:
            on_progress(done, len(chosen), case.label)
        results.append(run_case(case, policies, replications=replications, executor=executor))
    return Benchmark(tuple(results), _about())


def _about() -> dict[str, str]:
    try:
        ours = version("routematch")
    except PackageNotFoundError:
        ours = "unknown"
    return {"routematch": ours, "python": platform.python_version(), "numpy": np.__version__}


def verify(
    data: object,
    policies: Mapping[str, MakePolicy],
    *,
    executor: Executor | Callable[[], Executor] | None = None,
) -> tuple[str, ...]:
    """Run what a results file says again.

    Parameters
    ----------
    data : object
        A results file as plain data.
    policies : mapping from name to callable
        What makes the policies in it; baselines need not be named.
    executor : Executor, or callable that makes one, optional
        As for `simulate`.

    Returns
    -------
    tuple of str
        What differs, in sentences; empty where every number is the same. Run times are not compared.
    """
    told = Benchmark.from_data(data)
    makers = {**BASELINES, **policies}
    unlike = [f"{name} is not known here: name it to verify it" for name in told.policies if name not in makers]
    known = {case.label: case for case in cases("all")}
    for result in told.results:
        case = known.get(result.label)
        if case is None or case.hash != result.hash:
            unlike.append(f"{result.label} is another scenario here" if case else f"{result.label} is not known here")
            continue
        again = run_case(
            case,
            {name: makers[name] for name in result.values if name in makers},
            replications=len(result.plain),
            executor=executor,
        )
        if not math.isclose(again.oracle.value, result.oracle.value, rel_tol=1e-4, abs_tol=1e-6):
            unlike.append(f"{result.label}: the oracle is {again.oracle.value:.6g}, not {result.oracle.value:.6g}")
        for name, values in again.values.items():
            theirs = result.values.get(name)
            if theirs is not None and not _same(values, theirs):
                unlike.append(f"{result.label}: {name} reaches {values.mean():.6g}, not {theirs.mean():.6g}")
    return tuple(unlike)


def _same(mine: np.ndarray, theirs: np.ndarray) -> bool:
    return mine.shape == theirs.shape and np.allclose(mine, theirs, rtol=_SAME, atol=_SAME, equal_nan=True)


def latex(table: Table) -> str:
    """Return a table for LaTeX, as a ``tabular`` with rules of the booktabs package."""
    right = [table.is_numeric(place) for place in range(len(table.columns))]
    lines = [rf"\begin{{tabular}}{{{''.join('r' if is_right else 'l' for is_right in right)}}}", r"\toprule"]
    heads = [column.head for column in table.columns]
    rows = [[_shown(table, r, c) for c in range(len(heads))] for r in range(len(table.rows))]
    lines += [f"{' & '.join(map(_escaped, heads))} \\\\", r"\midrule"]
    lines += [f"{' & '.join(map(_escaped, row))} \\\\" for row in rows]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])


def _shown(table: Table, row: int, column: int) -> str:
    return shown(table.rows[row][column], table.unit_at(row, column), is_difference=table.columns[column].is_difference)


def _escaped(words: str) -> str:
    for sign in "&%_#$":
        words = words.replace(sign, f"\\{sign}")
    return words.replace("±", r"$\pm$")
