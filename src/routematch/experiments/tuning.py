"""Tune the weights of a policy by simulation; the incumbent always competes and stays unless it is surely beaten.

Candidates are tried on the same days (paired seeds). The best of them then meets the incumbent on other days, so that
luck in the search (the winner's curse) does not count. What comes out is a policy with the evidence in its `verdict`.

>>> from routematch.policies import best_match
>>> from routematch.simulation import Scenario
>>> desk = Scenario.from_rates(
...     arrival=[0.03, 0.01],
...     service=0.01,
...     patience=0.01,
...     agents=[3, 2],
...     value=[[1, 1], [0, 5]],
...     eligible=[[1, 1], [0, 1]],
...     horizon=3600.0,
... )
>>> found = tune(best_match(), desk, weights={"aging_rate": (0.0, 0.01)}, candidates=3, replications=2, evaluations=4)
>>> found.policy.verdict["tuned"]["evaluations"]
4
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path

import numpy as np
from attrs import evolve, field, frozen
from numpy.typing import NDArray

from routematch.codec import fingerprint
from routematch.errors import Faults, MissingExtraError
from routematch.experiments.net_value import NetValue
from routematch.metrics import Metric
from routematch.metrics.measured import Measured, over_replications
from routematch.metrics.measuring import MetricLike, as_metrics
from routematch.policies import Policy
from routematch.report import Cell, Chart, Column, Mark, Series, Table
from routematch.simulation.scenario import Scenario
from routematch.simulation.simulating import simulate

__all__ = ["SAMPLERS", "Trial", "Tuned", "tune"]

#: How candidates are proposed: at random and then nearer and nearer to the best, or by optuna.
SAMPLERS = ("local", "optuna")
#: Between the seeds of search and evaluation.
_APART = 1_000_003
#: What the front is about, beside the objective.
_FRONT = ("mean_wait", "occupancy_fairness")
_SPREAD = 0.35

Ranges = Mapping[str, tuple[float, float]]


@frozen
class Trial:
    """One candidate on the days of the search.

    Attributes
    ----------
    parameters : dict from path to float
    score : float
        Mean objective over scenarios and replications; larger is better, whatever the metric.
    measures : dict from metric to float
        Means, of the objective too.
    is_feasible : bool
        Whether all constraints hold.
    """

    parameters: dict[str, float]
    score: float
    measures: dict[str, float]
    is_feasible: bool


@frozen(eq=False)
class Tuned:
    """What tuning found. Make one with `tune`.

    Attributes
    ----------
    policy : Policy
        The winner, with evidence in its `verdict`: write it with `policies.dumps`.
    incumbent : Policy
    is_better : bool
        Whether the best candidate surely beat the incumbent on fresh days; else `policy` is the incumbent.
    gain : Measured
        Objective of the best candidate less that of the incumbent, on fresh days.
    search_gain : float
        The same on the days of the search, where luck counts too.
    trials : tuple of Trial
        The incumbent first.
    objective : str
    """

    policy: Policy
    incumbent: Policy
    is_better: bool
    gain: Measured
    search_gain: float
    trials: tuple[Trial, ...] = field(repr=False)
    objective: str

    @property
    def front(self) -> tuple[Trial, ...]:
        """The feasible trials that no other beats in objective, wait and fairness at once, the best objective first."""
        able = [trial for trial in self.trials if trial.is_feasible]
        kept = [trial for trial in able if not any(_dominates(other, trial) for other in able)]
        return tuple(sorted(kept, key=lambda trial: -trial.score))

    def table(self) -> Table:
        """Return the front."""
        paths = list(self.trials[0].parameters)
        names = [self.objective, *_FRONT]
        heads = (Column("Trial"), *(Column(name) for name in names), *(Column(path) for path in paths))
        rows: list[tuple[Cell, ...]] = [
            (
                str(self.trials.index(trial)),
                *(f"{trial.measures[name]:.5g}" for name in names),
                *(f"{trial.parameters[path]:.4g}" for path in paths),
            )
            for trial in self.front
        ]
        sure = "is surely better" if self.is_better else "is not surely better: the incumbent stays"
        note = (
            f"On fresh days the best candidate {sure}: {self.gain}. On the days of the search {self.search_gain:+.3g}."
        )
        return Table("Front of objective, wait and fairness", heads, tuple(rows), note=note)

    def tables(self) -> tuple[Table, ...]:
        """Return what a report shows."""
        return (self.table(),)

    def charts(self) -> tuple[Chart, ...]:
        """Return objective by trial."""
        labels = tuple(str(number) for number in range(len(self.trials)))
        series = Series(self.objective, [trial.measures[self.objective] for trial in self.trials])
        level = Mark(self.trials[0].measures[self.objective], "incumbent")
        return (Chart("The search", "line", labels, (series,), x_label="Trial", marks=(level,)),)


def _dominates(one: Trial, other: Trial) -> bool:
    mine, theirs = (
        (each.score, -each.measures["mean_wait"], each.measures["occupancy_fairness"]) for each in (one, other)
    )
    pairs = list(zip(mine, theirs, strict=True))
    return all(a >= b or math.isnan(b) for a, b in pairs) and any(a > b for a, b in pairs)


def tune(  # noqa: PLR0913 - keywords, each with a default
    policy: Policy,
    scenarios: Scenario | Iterable[Scenario],
    objective: MetricLike | None = None,
    *,
    weights: Ranges | Iterable[str] | None = None,
    constraints: Mapping[str, float] | None = None,
    candidates: int = 40,
    replications: int = 8,
    evaluations: int = 20,
    seed: int = 0,
    sampler: str = "local",
    executor: Executor | Callable[[], Executor] | None = None,
    journal: str | Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Tuned:
    """Look for better weights.

    Parameters
    ----------
    policy : Policy
        The incumbent.
    scenarios : Scenario, or iterable of Scenario
        The objective is averaged over them.
    objective : Metric or str, optional
        `NetValue` of each scenario where left out.
    weights : mapping from path to (low, high), or iterable of paths, optional
        What may change, by the paths of `Policy.parameters`; of a path alone, from 0 to 4 times its value (to 1 where
        that is 0). All weights of terms and urgency where left out.
    constraints : mapping from metric to float, optional
        Largest mean where lower is better, least where higher is: ``{"abandonment": 0.05}``.
    candidates : int
        Beside the incumbent.
    replications, evaluations : int
        Days of the search, and fresh days for the best candidate against the incumbent; at least 2.
    seed : int
    sampler : str
        From `SAMPLERS`.
    executor : Executor, or callable that makes one, optional
        As for `simulate`; the outcome does not depend on it.
    journal : path, optional
        Trials are noted there and not repeated when tuning starts again with the same arguments.
    on_progress : callable, optional
        Called with trials done and trials in all.

    Returns
    -------
    Tuned

    Raises
    ------
    InvalidInputError
        Listing every fault of the arguments.
    MissingExtraError
        For the sampler ``"optuna"`` without the extra ``tune``.
    """
    places = (scenarios,) if isinstance(scenarios, Scenario) else tuple(scenarios)
    _check(policy, places, candidates, replications, evaluations, seed, sampler)
    ranges = _ranges(policy, weights)
    limits = dict(constraints or {})
    bench = _Bench(policy, places, objective, limits, seed, executor)
    noted = _Journal(journal, _key(policy, places, bench, ranges, limits, replications, seed))
    start = {path: policy.parameters()[path] for path in ranges}
    trials = [noted.trial(start) or noted.add(bench.trial(start, replications))]
    proposals = _proposals(sampler, ranges, trials, candidates, seed)
    for done, proposal in enumerate(proposals, start=1):
        trials.append(noted.trial(proposal) or noted.add(bench.trial(proposal, replications)))
        if on_progress is not None:
            on_progress(done, candidates)
    best = max((trial for trial in trials if trial.is_feasible), key=lambda trial: trial.score, default=trials[0])
    return _judged(bench, policy, best, trials, evaluations, seed)


def _judged(bench: _Bench, policy: Policy, best: Trial, trials: list[Trial], evaluations: int, seed: int) -> Tuned:
    """Let the best candidate meet the incumbent on fresh days."""
    challenger = policy.with_parameters(best.parameters)
    old, old_means = bench.run(policy, evaluations, seed + _APART)
    new, new_means = bench.run(challenger, evaluations, seed + _APART)
    gain = over_replications(new - old)
    able, was_able = bench.is_feasible(new_means), bench.is_feasible(old_means)
    # Equal differences have no spread: then the mean alone decides.
    surely = gain.low > 0 if gain.half_width > 0 else gain.mean > 0
    is_better = best is not trials[0] and able and (surely or (not was_able and not gain.high < 0))
    evidence = {
        "objective": bench.name,
        "is_better": is_better,
        "incumbent": policy.fingerprint,
        "gain": [round(float(x), 12) for x in (gain.mean, gain.low, gain.high)],
        "search_gain": round(best.score - trials[0].score, 12),
        "constraints": dict(bench.limits),
        "scenarios": [place.name for place in bench.places],
        "scenario_fingerprints": [fingerprint(place.to_data()) for place in bench.places],
        "seed": seed,
        "evaluation_seed": seed + _APART,
        "evaluations": evaluations,
        "trials": len(trials),
    }
    winner = challenger if is_better else policy
    kept = evolve(winner, verdict={**winner.verdict, "tuned": evidence})
    return Tuned(kept, policy, is_better, gain, best.score - trials[0].score, tuple(trials), bench.name)


class _Bench:
    """Runs candidates on the same days."""

    def __init__(
        self,
        policy: Policy,
        places: Sequence[Scenario],
        objective: MetricLike | None,
        limits: dict[str, float],
        seed: int,
        executor: Executor | Callable[[], Executor] | None,
    ) -> None:
        self.policy, self.places, self.limits, self.seed, self.executor = policy, places, limits, seed, executor
        shared = None if objective is None else as_metrics([objective])[0]
        self.aims: list[Metric] = [NetValue.of(place) if shared is None else shared for place in places]
        self.name = self.aims[0].name
        self.sign = -1.0 if self.aims[0].better == "lower" else 1.0
        self.others = as_metrics(list(dict.fromkeys([*_FRONT, *limits])))

    def run(self, policy: Policy, replications: int, seed: int) -> tuple[NDArray[np.float64], dict[str, float]]:
        """Return the score of each replication, mean over scenarios, and the means of all metrics."""
        scores, means = [], []
        for place, aim in zip(self.places, self.aims, strict=True):
            result = simulate(place, policy, seed=seed, replications=replications, executor=self.executor)
            values = result.values(aim)
            scores.append(self.sign * values)
            with np.errstate(invalid="ignore"):
                others = {metric.name: float(np.mean(result.values(metric))) for metric in self.others}
            means.append({**others, self.name: float(values.mean())})
        averages = {name: float(np.mean([each[name] for each in means])) for name in means[0]}
        return np.mean(scores, axis=0), averages

    def is_feasible(self, means: Mapping[str, float]) -> bool:
        """Whether means keep all constraints."""
        better = {metric.name: metric.better for metric in self.others}
        return all(
            means[name] >= limit if better[name] == "higher" else means[name] <= limit
            for name, limit in self.limits.items()
        )

    def trial(self, parameters: Mapping[str, float], replications: int) -> Trial:
        """Run one candidate on the days of the search."""
        changed = self.policy.with_parameters(parameters)
        scores, means = self.run(changed, replications, self.seed)
        return Trial(dict(parameters), float(scores.mean()), means, self.is_feasible(means))


class _Journal:
    """Trials that were made before, in lines of JSON; those of other arguments are left alone."""

    def __init__(self, path: str | Path | None, key: str) -> None:
        self._path, self._key = None if path is None else Path(path), key
        self._known: dict[str, Trial] = {}
        if self._path is None or not self._path.exists():
            return
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                told = json.loads(line)
                if told["key"] == key:
                    trial = Trial(told["parameters"], told["score"], told["measures"], told["is_feasible"])
                    self._known[fingerprint(trial.parameters)] = trial
            except (ValueError, KeyError, TypeError):
                continue  # a line that was cut short

    def trial(self, parameters: Mapping[str, float]) -> Trial | None:
        """Return a trial that was made before."""
        return self._known.get(fingerprint(dict(parameters)))

    def add(self, trial: Trial) -> Trial:
        """Note a trial."""
        if self._path is not None:
            told = {
                "key": self._key,
                "parameters": trial.parameters,
                "score": trial.score,
                "measures": trial.measures,
                "is_feasible": trial.is_feasible,
            }
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(told) + "\n")
        return trial


def _key(*parts: object) -> str:
    policy, places, bench, *rest = parts
    assert isinstance(policy, Policy)
    assert isinstance(bench, _Bench)
    assert isinstance(places, tuple)
    told = [policy.fingerprint, [place.to_data() for place in places], bench.name]
    return fingerprint([*told, json.loads(json.dumps(rest))])


def _proposals(
    sampler: str, ranges: dict[str, tuple[float, float]], trials: list[Trial], candidates: int, seed: int
) -> Iterator[dict[str, float]]:
    """Yield candidates; `trials` grows by the outcome of each before the next is asked for."""
    if sampler == "optuna":
        yield from _by_optuna(ranges, trials, candidates, seed)
        return
    generator = np.random.default_rng(seed)
    low, high = (np.array([pair[end] for pair in ranges.values()]) for end in (0, 1))
    for number in range(candidates):
        if number < candidates // 3:
            point = generator.uniform(low, high)
        else:
            best = max(trials, key=lambda trial: (trial.is_feasible, trial.score))
            spread = _SPREAD * (1.0 - number / candidates) + 0.02
            point = np.clip(generator.normal(list(best.parameters.values()), spread * (high - low)), low, high)
        yield dict(zip(ranges, point.tolist(), strict=True))


def _by_optuna(
    ranges: dict[str, tuple[float, float]], trials: list[Trial], candidates: int, seed: int
) -> Iterator[dict[str, float]]:
    try:
        import optuna  # type: ignore[import-not-found,unused-ignore]  # an extra
    except ImportError as error:
        raise MissingExtraError("tune", "the sampler 'optuna'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    for _ in range(candidates):
        asked = study.ask()
        yield {path: float(asked.suggest_float(path, low, high)) for path, (low, high) in ranges.items()}
        outcome = trials[-1]
        study.tell(asked, outcome.score if outcome.is_feasible else outcome.score - 1e6)


def _ranges(policy: Policy, weights: Ranges | Iterable[str] | None) -> dict[str, tuple[float, float]]:
    """Return what may change, and how far."""
    known, faults = policy.parameters(), Faults()
    if weights is None:
        weights = [path for path in known if path.endswith(".weight")]
    found: dict[str, tuple[float, float]] = {}
    for path in weights:
        if path not in known:
            faults.unknown(path, known=known, place="weights", what="parameter")
            continue
        usual = (0.0, 4.0 * abs(known[path]) or 1.0)
        low, high = weights[path] if isinstance(weights, Mapping) else usual
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            faults.add("must be two numbers, the first one less", place=f"weights.{path}", given=(low, high))
        found[path] = (float(low), float(high))
    if not found and not faults:
        faults.add("must name at least one parameter", place="weights")
    faults.raise_if_any()
    return found


def _check(
    policy: object,
    places: Sequence[object],
    candidates: int,
    replications: int,
    evaluations: int,
    seed: int,
    sampler: str,
) -> None:
    faults = Faults()
    if not isinstance(policy, Policy):
        faults.add("must be a Policy: code has no weights to tune", place="policy", given=policy)
    if not places or not all(isinstance(place, Scenario) for place in places):
        faults.add("must be at least one Scenario", place="scenarios")
    for name, number, least in (
        ("candidates", candidates, 1),
        ("replications", replications, 2),
        ("evaluations", evaluations, 2),
        ("seed", seed, 0),
    ):
        if isinstance(number, bool) or not isinstance(number, int) or number < least:
            faults.add(f"must be a whole number of at least {least}", place=name, given=number)
    if sampler not in SAMPLERS:
        faults.unknown(sampler, known=SAMPLERS, place="sampler", what="sampler")
    faults.raise_if_any()
