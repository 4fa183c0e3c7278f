"""Several policies on the same days: paired differences, corrected for their number, and who cannot be told apart.

>>> from routematch.policies import best_match, longest_idle
>>> from routematch.simulation import Scenario
>>> desk = Scenario.from_rates(
...     arrival=[0.03, 0.01],
...     service=0.01,
...     patience=0.01,
...     agents=[3, 2],
...     value=[[1, 1], [0, 5]],
...     eligible=[[1, 1], [0, 1]],
...     horizon=36000.0,
... )
>>> found = compare(desk, [longest_idle(), best_match()], seed=1, replications=4)
>>> sorted(found.ranking)
['best_match', 'longest_idle']
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.experiments.net_value import NetValue
from routematch.metrics import Metric
from routematch.metrics.comparison import Difference
from routematch.metrics.comparison import compare as against
from routematch.metrics.measured import Measured, over_replications
from routematch.metrics.measuring import MetricLike, as_metrics, head_of
from routematch.policies import Policy
from routematch.report import Chart, Column, Mark, Series, Table
from routematch.routing.code import CodePolicy, is_code
from routematch.simulation.scenario import Scenario
from routematch.simulation.simulating import simulate

__all__ = ["PolicyComparison", "compare", "name_of"]

Policies = Mapping[str, Policy | CodePolicy] | Iterable[Policy | CodePolicy]

_USUAL = ("service_level", "mean_wait", "abandonment", "occupancy", "occupancy_fairness")
_NEEDS_INTERVALS = frozenset(
    {
        "occupancy",
        "utilisation",
        "occupancy_fairness",
        "occupancy_spread",
        "staff_cost",
        "staffed_agents",
        "busy_agents",
    }
)


@frozen(eq=False)
class PolicyComparison:
    """What came of several policies on the same days. Make one with `compare`.

    Attributes
    ----------
    title : str
    seed : int
    metrics : tuple of Metric
        The objective first.
    values : dict from policy to dict from metric to ndarray of float64, shape (R,)
        The same place means the same day.
    seconds : dict from policy to float
        Wall time of all replications together.
    confidence : float
    """

    title: str
    seed: int
    metrics: tuple[Metric, ...]
    values: dict[str, dict[str, NDArray[np.float64]]] = field(repr=False)
    seconds: dict[str, float] = field(repr=False)
    confidence: float = 0.95

    @property
    def objective(self) -> Metric:
        """What policies are ranked by."""
        return self.metrics[0]

    @property
    def baseline(self) -> str:
        """The first policy: differences are those from it."""
        return next(iter(self.values))

    @property
    def replications(self) -> int:
        """How many days each policy was tried on."""
        return len(self.values[self.baseline][self.objective.name])

    @property
    def ranking(self) -> tuple[str, ...]:
        """Policies by the mean of the objective, the best first; equals in the order given."""
        sign = -1.0 if self.objective.better == "lower" else 1.0
        means = {name: float(np.mean(each[self.objective.name])) for name, each in self.values.items()}
        return tuple(sorted(means, key=lambda name: -sign * means[name]))

    @property
    def leaders(self) -> tuple[str, ...]:
        """The best by its mean, and all that cannot be told from it on these days, after Holm's correction."""
        best, *others = self.ranking
        return (best, *(each.name for each in self._from(best) if not each.is_significant and each.name in others))

    def measure(self, policy: str, metric: str | None = None) -> Measured:
        """Return the mean of a metric (the objective where left out) with its interval."""
        return over_replications(self.values[policy][metric or self.objective.name], confidence=self.confidence)

    def differences(self, metric: str | None = None) -> dict[str, Difference]:
        """Return how far each policy is from the baseline, corrected by Holm's method."""
        return {each.name: each for each in self._from(self.baseline, metric)}

    def _from(self, name: str, metric: str | None = None) -> tuple[Difference, ...]:
        chosen = metric or self.objective.name
        numbers = {policy: each[chosen] for policy, each in self.values.items()}
        return against(numbers, baseline=name, confidence=self.confidence)

    def variance_cut(self, policy: str) -> float:
        """Return how many times fewer days pairing needs than independent days would, against the baseline."""
        mine, theirs = (self.values[name][self.objective.name] for name in (policy, self.baseline))
        paired = float(np.var(mine - theirs))
        return float(np.var(mine) + np.var(theirs)) / paired if paired else math.inf

    def table(self) -> Table:
        """Return one row for each policy, the best first."""
        changes, leaders = self.differences(), self.leaders
        rows = []
        for place, name in enumerate(self.ranking, start=1):
            change = changes[name].change if name in changes else None
            sure = "" if name not in changes else "yes" if changes[name].is_significant else "no"
            mark = "*" if name in leaders else ""
            cells = [self.measure(name, metric.name) for metric in self.metrics]
            rows.append((f"{place}{mark}", name, *cells, change, sure, self.seconds[name]))
        heads = (Column(head_of(metric), metric.unit, metric.better) for metric in self.metrics)
        columns = (
            Column("Rank"),
            Column("Policy"),
            *heads,
            Column(f"{self.objective.title} against {self.baseline}", self.objective.unit, is_difference=True),
            Column("Sure"),
            Column("Run time", "seconds"),
        )
        note = (
            f"{self.replications} paired replications, seed {self.seed}, {self.confidence:.0%} intervals. "
            "Differences are paired by day and corrected by Holm's method; * cannot be told from the best."
        )
        return Table(f"{self.title}: policies compared", columns, tuple(rows), note=note, page="first")

    def charts(self) -> tuple[Chart, ...]:
        """Return the differences from the baseline as dots with intervals."""
        changes = self.differences()
        if not changes:
            return ()
        labels = tuple(name for name in self.ranking if name in changes)
        found = [changes[name].change for name in labels]
        series = Series("", [f.mean for f in found], [f.low for f in found], [f.high for f in found])
        title = f"{self.objective.title} against {self.baseline}"
        return (Chart(title, "dots", labels, (series,), unit=self.objective.unit, marks=(Mark(0.0, "", "x"),)),)

    def tables(self) -> tuple[Table, ...]:
        """Return what a report shows."""
        return (self.table(),)

    def findings(self) -> tuple[str, ...]:
        """Return who is best, in a sentence."""
        best, *equal = self.leaders
        if equal:
            return (f"{best} has the best {self.objective.title.lower()}, but cannot be told from {', '.join(equal)}.",)
        return (f"{best} has the best {self.objective.title.lower()}; all others are surely below.",)


def name_of(policy: object) -> str:
    """Return the name of a policy: its own, else that of its class."""
    own = getattr(policy, "name", None)
    return own if isinstance(own, str) and own else type(policy).__name__


def compare(  # noqa: PLR0913 - keywords, each with a default
    scenario: Scenario,
    policies: Policies,
    *,
    seed: int | None = None,
    replications: int = 20,
    executor: Executor | Callable[[], Executor] | None = None,
    objective: MetricLike | None = None,
    metrics: Iterable[MetricLike] | None = None,
    confidence: float = 0.95,
    on_progress: Callable[[int, int], None] | None = None,
) -> PolicyComparison:
    """Run several policies on the same days.

    Parameters
    ----------
    scenario : Scenario
    policies : mapping from name to policy, or iterable of policies
        The first is the baseline of the differences.
    seed : int, optional
        None means that of the scenario.
    replications : int
        At least 2.
    executor : Executor, or callable that makes one, optional
        As for `simulate`; the numbers do not depend on it.
    objective : Metric or str, optional
        What policies are ranked by; `NetValue.of(scenario)` where left out.
    metrics : iterable of Metric or str, optional
        What else is shown; the usual ones where left out.
    confidence : float
    on_progress : callable, optional
        Called with policies done and policies in all.

    Returns
    -------
    PolicyComparison

    Raises
    ------
    InvalidInputError
        Listing every fault of the arguments.
    """
    named = _named(policies, replications)
    aim = NetValue.of(scenario) if objective is None else as_metrics([objective])[0]
    others = as_metrics(list(_USUAL) if metrics is None else list(metrics))
    shown = (aim, *(metric for metric in others if metric.name != aim.name))
    intervals = any(metric.name in _NEEDS_INTERVALS for metric in shown)
    values, seconds = {}, {}
    for done, (name, policy) in enumerate(named.items(), start=1):
        begun = time.perf_counter()
        result = simulate(
            scenario, policy, seed=seed, replications=replications, executor=executor, intervals=intervals
        )
        values[name] = {metric.name: result.values(metric) for metric in shown}
        seconds[name] = time.perf_counter() - begun
        if on_progress is not None:
            on_progress(done, len(named))
    used = scenario.seed if seed is None else seed
    return PolicyComparison(scenario.name, used, shown, values, seconds, confidence)


def _named(policies: Policies, replications: int) -> dict[str, Policy | CodePolicy]:
    """Return the policies by name; faults where there are none, or two of one name."""
    faults = Faults()
    pairs = list(policies.items()) if isinstance(policies, Mapping) else [(name_of(each), each) for each in policies]
    if not pairs:
        faults.add("must be at least one policy", place="policies")
    named: dict[str, Policy | CodePolicy] = {}
    for place, (name, policy) in enumerate(pairs):
        if name in named:
            faults.add(f"is called {name!r} like another one: give a mapping from names", place=f"policies[{place}]")
        if not isinstance(policy, Policy) and not is_code(policy):
            faults.add("must be a Policy, or code with decide, on_arrival or on_free", place=f"policies[{place}]")
        named[name] = policy
    if isinstance(replications, bool) or not isinstance(replications, int) or replications < 2:
        faults.add("must be a whole number of at least 2", place="replications", given=replications)
    faults.raise_if_any()
    return named
