"""What if: the place as it is, with each change, and with all together, on the same days, in one table.

>>> from routematch.simulation import Scenario
>>> desk = Scenario.from_rates(
...     arrival=[0.03, 0.01],
...     service=0.01,
...     patience=0.01,
...     agents=[3, 2],
...     eligible=[[1, 0], [1, 1]],
...     horizon=36000.0,
... )
>>> answer = what_if(desk, [MoreAgents("group-1", 1), Training(1, "type-1", 1.0, hours=0)], replications=4)
>>> [option.label for option in answer.options]
['as it is', '1 more in group-1', 'train 1 in type-1', 'all together']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from functools import reduce

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.experiments.net_value import NetValue
from routematch.experiments.what_if_absence import month_factor, staff_cost_per_month, time_off
from routematch.experiments.what_if_changes import Change, Concurrency, MoreAgents, Training, Volume, candidates
from routematch.experiments.what_if_result import Option, WhatIf
from routematch.metrics import Abandonment, MeanWait, ServiceLevel
from routematch.policies import Policy, best_match
from routematch.routing.code import CodePolicy
from routematch.simulation.scenario import Scenario
from routematch.simulation.simulating import simulate

__all__ = ["Concurrency", "MoreAgents", "Training", "Volume", "what_if"]

#: Who is trained is chosen on other days than those on which the answer is measured.
_OTHER_DAYS = 1_000_003
_MOST_TRIED = 5

Floats = NDArray[np.float64]
#: Runs a scenario on days of a seed; one array for each measure.
Runs = Callable[[Scenario, int, int], dict[str, Floats]]


def what_if(  # noqa: PLR0913 - the two that matter come first, the rest has defaults
    scenario: Scenario,
    changes: Change | Iterable[Change],
    policy: Policy | CodePolicy | None = None,
    *,
    seed: int | None = None,
    replications: int = 20,
    executor: Executor | Callable[[], Executor] | None = None,
    within: float = 20.0,
    months: float = 12.0,
    confidence: float = 0.95,
    together: bool = True,
    on_progress: Callable[[int, int], None] | None = None,
) -> WhatIf:
    """Answer what changes would bring.

    Parameters
    ----------
    scenario : Scenario
    changes : Change or iterable of Change
        `Training`, `Concurrency`, `MoreAgents`, `Volume`, or anything with `label` and `variants`.
    policy : Policy or code, optional
        None means `policies.best_match()`.
    seed : int, optional
        None means that of the scenario.
    replications : int
        Days (or whatever the horizon is) that each option is tried on, the same for all; at least 2.
    executor : Executor, or callable that makes one, optional
        As for `simulate`.
    within : float
        Seconds of the service level.
    months : float
        Over which what a training costs once is spread.
    confidence : float
        Of all intervals of one measure together.
    together : bool
        Whether the last row is all changes at once.
    on_progress : callable, optional
        Called with options done and options in all.

    Returns
    -------
    WhatIf

    Raises
    ------
    InvalidInputError
        Listing every fault of the arguments.
    """
    asked = [changes] if isinstance(changes, Change) else list(changes)
    _check(scenario, asked, replications, months)
    used = scenario.seed if seed is None else seed
    chosen_policy = best_match() if policy is None else policy

    def run(variant: Scenario, days: int, number: int) -> dict[str, Floats]:
        return _measured(variant, chosen_policy, days, number, executor, within)

    settled = [_settled(scenario, change, run, used, replications) for change in asked]
    planned = _planned(scenario, settled, together=together)
    options: list[Option] = []
    lost: dict[int, Floats] = {}
    for done, (label, variant, parts) in enumerate(planned, start=1):
        values = run(variant, used, replications)
        before = options[0].values["value"] if options else values["value"]
        losses = [_loss(scenario, settled[part], before, run, used, lost, part) for part in parts]
        once: Floats = np.sum(losses, axis=0) if losses else np.zeros(replications)
        options.append(Option(label, variant, values, staff_cost_per_month(variant), once / months))
        if on_progress is not None:
            on_progress(done, len(planned))
    return WhatIf(
        scenario, str(getattr(chosen_policy, "name", type(chosen_policy).__name__)), tuple(options), tuple(settled),
        used, within, months, confidence,
    )  # fmt: skip


def _check(scenario: object, changes: list[Change], replications: object, months: object) -> None:
    faults = Faults()
    if not isinstance(scenario, Scenario):
        faults.add("must be a Scenario", place="scenario", given=scenario)
    if not changes:
        faults.add("must be at least one change", place="changes")
    for place, change in enumerate(changes):
        if not isinstance(change, Change) or isinstance(change, type):
            faults.add("must be a change, such as Training(10, 'spanish')", place=f"changes[{place}]", given=change)
    if isinstance(replications, bool) or not isinstance(replications, int) or replications < 2:
        faults.add("must be a whole number of at least 2", place="replications", given=replications)
    if isinstance(months, bool) or not isinstance(months, int | float) or not months > 0:
        faults.add("must be above 0", place="months", given=months)
    faults.raise_if_any()
    for place, change in enumerate(changes):
        try:
            change.variants(scenario)  # type: ignore[arg-type]  # a Scenario by now
        except ValueError as error:
            faults.extend(getattr(error, "faults", ()), below=f"changes[{place}]")
    faults.raise_if_any()


def _measured(
    scenario: Scenario,
    policy: Policy | CodePolicy,
    seed: int,
    replications: int,
    executor: Executor | Callable[[], Executor] | None,
    within: float,
) -> dict[str, Floats]:
    result = simulate(scenario, policy, seed=seed, replications=replications, executor=executor, intervals=False)
    net, times = NetValue.of(scenario), month_factor(scenario)
    return {
        "service_level": result.values(ServiceLevel(within=within)),
        "abandonment": result.values(Abandonment()),
        "mean_wait": result.values(MeanWait()),
        "value": np.array([net.worth(ledger).sum() * times for ledger in result.ledgers]),
    }


def _settled(scenario: Scenario, change: Change, run: Runs, seed: int, replications: int) -> Change:
    """Return a change with those who are trained by name, chosen by their gain on other days."""
    if not isinstance(change, Training) or not isinstance(change.agents, int):
        return change
    tried = candidates(scenario, change)[:_MOST_TRIED]
    if len(tried) == 1:
        return evolve(change, agents=tried[0])
    gains = []
    for names in tried:
        variant = scenario.with_training(names, skill=change.skill, proficiency=change.proficiency)
        gains.append(float(run(variant, seed + _OTHER_DAYS, max(replications // 2, 2))["value"].mean()))
    return evolve(change, agents=tried[int(np.argmax(gains))])


def _planned(
    scenario: Scenario, changes: list[Change], *, together: bool
) -> list[tuple[str, Scenario, tuple[int, ...]]]:
    """Return what is run: label, scenario, and which changes are in it."""
    planned: list[tuple[str, Scenario, tuple[int, ...]]] = [("as it is", scenario, ())]
    for place, change in enumerate(changes):
        planned += [(label, variant, (place,)) for label, variant in change.variants(scenario).items()]
    if together and len(changes) > 1:
        whole = reduce(_middle, changes, scenario)
        planned.append(("all together", whole, tuple(range(len(changes)))))
    return planned


def _middle(scenario: Scenario, change: Change) -> Scenario:
    variants = list(change.variants(scenario).values())
    return variants[len(variants) // 2]


def _loss(
    scenario: Scenario, change: Change, before: Floats, run: Runs, seed: int, known: dict[int, Floats], place: int
) -> Floats:
    """Return what a training costs once: the value lost while they are away, on the same days, and the fees."""
    if not isinstance(change, Training) or isinstance(change.agents, int):
        return np.zeros(len(before))
    if place not in known:
        fees = change.fee * len(change.agents)
        away = time_off(scenario, change.agents, change.hours)
        lost = np.zeros(len(before))
        if away.taken > 0:
            during = run(away.scenario, seed, len(before))["value"]
            lost = (before - during) / month_factor(scenario) * away.hours / away.taken
        known[place] = lost + fees
    return known[place]
