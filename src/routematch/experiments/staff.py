"""The fewest agents in each half-hour that keep what was promised: a start by rule, cuts by simulation, an honest gap.

The search starts from square-root staffing, the smallest safety that keeps all targets in simulation, and then takes
agents away one by one where they are used least. A step and group from which nobody can be taken is cut off for good:
fewer agents are not better (Atlason, Epelman, Henderson, 2004, Call center staffing with simulation and cutting plane
methods). What is left is tried on days that the search has not seen. It is a local optimum; the gap to the fluid bound
says how far from the least it can be at most.

>>> from routematch.simulation import Scenario
>>> desk = Scenario.from_rates(arrival=0.05, service=0.005, patience=0.005, agents=1, horizon=14400.0)
>>> found = staff(desk, [ServiceTarget(0.8, 20.0)], replications=6, step=14400.0)
>>> found.plan.tolist(), found.is_kept
([[13]], True)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from itertools import combinations_with_replacement

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults, InvalidInputError
from routematch.experiments.staff_plan import (
    arrivals_by_step,
    columns_by_group,
    fluid_hours,
    square_root_plan,
    staffed,
)
from routematch.metrics import ServiceLevel, by
from routematch.metrics.measured import Measured, over_replications, t_quantile
from routematch.model.checks import check_number
from routematch.policies import Policy, best_match
from routematch.report import Cell, Chart, Column, Series, Table
from routematch.routing.code import CodePolicy
from routematch.simulation.scenario import Scenario
from routematch.simulation.simulating import simulate

__all__ = ["ServiceTarget", "Staffing", "staff"]

Floats = NDArray[np.float64]
Plan = NDArray[np.int64]

_OTHER_DAYS = 1_000_003
_QUALITIES = np.arange(-1.0, 6.01, 0.25)
#: Exchanges of two agents for one are tried up to this many of them.
_MOST_EXCHANGES = 60
#: How often fresh days may refuse a plan, one agent being added each time.
_MOST_REFUSALS = 10


@frozen
class ServiceTarget:
    """A service level that is to be kept.

    Attributes
    ----------
    level : float
        Share of conversations, above 0 and below 1.
    within : float
        Seconds.
    conversation_type : str or None
        None: of all together.
    """

    level: float
    within: float = 20.0
    conversation_type: str | None = None

    def __attrs_post_init__(self) -> None:
        """Check level and limit."""
        faults = Faults()
        if not 0 < check_number(faults, "level", self.level) < 1:
            faults.add("must be above 0 and below 1", place="level", given=self.level)
        check_number(faults, "within", self.within, at_least=0)
        faults.raise_if_any()


@frozen(eq=False)
class Staffing:
    """How many agents, when. Made by `staff`.

    Attributes
    ----------
    scenario : Scenario
        With these agents on duty.
    targets : tuple of ServiceTarget
    plan : ndarray of int64, shape (S, G)
        Agents of each group in each step.
    step : float
        Seconds.
    levels : tuple of Measured
        Of each target, on days that the search has not seen.
    is_kept : bool
        Whether all targets are kept there with the confidence asked for.
    bound : float
        Agent-hours below which no plan keeps the targets.
    tried : int
        Plans simulated.
    start_hours : float
        Agent-hours of the start by square roots.
    """

    scenario: Scenario
    targets: tuple[ServiceTarget, ...]
    plan: Plan
    step: float
    levels: tuple[Measured, ...]
    is_kept: bool
    bound: float
    tried: int
    start_hours: float = field(default=0.0)

    @property
    def hours(self) -> float:
        """Agent-hours of the plan."""
        return float(self.plan.sum()) * self.step / 3600.0

    @property
    def gap(self) -> float:
        """How far, as a share of the plan, it can be from the fewest hours at most."""
        return 1.0 - self.bound / self.hours if self.hours else 0.0

    @property
    def title(self) -> str:
        """What it is about."""
        return f"Staffing: {self.scenario.name}"

    def tables(self) -> tuple[Table, ...]:
        """Return the plan, and what is kept."""
        names = [group.name for group in self.scenario.agent_groups]
        rows: list[tuple[Cell, ...]] = [
            (_clock(place * self.step), *(float(n) for n in row), float(row.sum()))
            for place, row in enumerate(self.plan)
        ]
        columns = (Column("From"), *(Column(name, "count") for name in names), Column("All", "count"))
        note = (
            f"{self.hours:,.1f} agent-hours; at least {self.bound:,.1f} are needed for talking alone, so at most "
            f"{self.gap:.0%} could be saved. Square-root staffing alone: {self.start_hours:,.1f}."
        )
        kept = [
            (target.conversation_type or "all", target.within, target.level, level)
            for target, level in zip(self.targets, self.levels, strict=True)
        ]
        heads = (Column("Of"), Column("Within", "seconds"), Column("Promised", "share"), Column("Reached", "share"))
        says = "On days that the search has not seen." if self.is_kept else "NOT kept with the confidence asked for."
        return (
            Table(self.title, columns, tuple(rows), note=note, page="first"),
            Table("What is kept", heads, tuple(kept), note=says, page="first"),
        )

    def charts(self) -> tuple[Chart, ...]:
        """Return the plan over the day."""
        labels = tuple(_clock(place * self.step) for place in range(len(self.plan)))
        series = [
            Series(group.name, self.plan[:, g].astype(float)) for g, group in enumerate(self.scenario.agent_groups)
        ]
        return (Chart("Agents on duty", "step", labels, tuple(series), unit="agents"),)


def _clock(seconds: float) -> str:
    return f"+{int(seconds // 3600):02}:{int(seconds % 3600 // 60):02}"


@frozen(eq=False)
class _Judge:
    """Tells whether a plan keeps the targets, and remembers."""

    scenario: Scenario
    targets: tuple[ServiceTarget, ...]
    policy: Policy | CodePolicy
    replications: int
    step: float
    confidence: float
    executor: Executor | Callable[[], Executor] | None
    known: dict[bytes, bool] = field(factory=dict)

    def levels(self, plan: Plan, seed: int) -> list[Floats]:
        """Return the level of each target for each replication."""
        made = staffed(self.scenario, plan, self.step)
        result = simulate(
            made, self.policy, seed=seed, replications=self.replications, executor=self.executor, intervals=False
        )
        found = []
        for target in self.targets:
            metric = ServiceLevel(within=target.within)
            if target.conversation_type is None:
                found.append(result.values(metric))
                continue
            parts = [by(ledger, "conversation_type", [metric]) for ledger in result.ledgers]
            name = target.conversation_type
            each = [part[metric.name][part.names[0].index(name)] if name in part.names[0] else np.nan for part in parts]
            found.append(np.array(each))
        return found

    def keeps(self, levels: list[Floats]) -> bool:
        """Whether the lower bounds of all targets together are reached."""
        one = 1 - (1 - self.confidence) / len(levels)
        for target, values in zip(self.targets, levels, strict=True):
            known = values[~np.isnan(values)]
            if len(known) < 2:
                continue
            reach = float(t_quantile(len(known) - 1, one)) * float(known.std(ddof=1)) / len(known) ** 0.5
            if known.mean() - reach < target.level:
                return False
        return True

    def __call__(self, plan: Plan, seed: int) -> bool:
        key = plan.tobytes()
        if key not in self.known:
            self.known[key] = self.keeps(self.levels(plan, seed))
        return self.known[key]


def staff(  # noqa: PLR0913 - the two that matter come first, the rest has defaults
    scenario: Scenario,
    targets: Iterable[ServiceTarget] | ServiceTarget,
    policy: Policy | CodePolicy | None = None,
    *,
    seed: int | None = None,
    replications: int = 20,
    step: float = 1800.0,
    confidence: float = 0.95,
    most: int = 1000,
    executor: Executor | Callable[[], Executor] | None = None,
) -> Staffing:
    """Search the fewest agent-hours that keep service levels.

    Parameters
    ----------
    scenario : Scenario
        A day, say. Its groups say who there could be; sizes, shifts, breaks and absence do not count.
    targets : ServiceTarget or iterable of ServiceTarget
        Over the whole run; at least one.
    policy : Policy or code, optional
        None means `policies.best_match()`.
    seed : int, optional
        None means that of the scenario.
    replications : int
        For each plan; at least 2.
    step : float
        Seconds in which the number on duty does not change.
    confidence : float
        That all targets are kept, one-sided.
    most : int
        Most plans to simulate.
    executor : Executor, or callable that makes one, optional
        As for `simulate`.

    Returns
    -------
    Staffing
        A local optimum; `gap` says how far from the least it can be at most. Shifts are not its business.

    Raises
    ------
    InvalidInputError
        Listing every fault of the arguments; when no number of agents keeps the targets.
    """
    wanted = (targets,) if isinstance(targets, ServiceTarget) else tuple(targets)
    _check(scenario, wanted, replications, step, most)
    used = scenario.seed if seed is None else seed
    judge = _Judge(scenario, wanted, policy or best_match(), replications, float(step), confidence, executor)
    arriving, columns = arrivals_by_step(scenario, step), columns_by_group(scenario)
    start = _start(judge, arriving, columns, used)
    plan = _exchanged(judge, _thinned(judge, start, arriving, used, most), used, most)
    for _ in range(_MOST_REFUSALS):
        levels = judge.levels(plan, used + _OTHER_DAYS)
        if judge.keeps(levels):
            break
        plan = _strengthened(plan, arriving)
    names = [kind.name for kind in scenario.conversation_types]
    shares = {names.index(t.conversation_type) if t.conversation_type else None: t.level for t in wanted}
    return Staffing(
        staffed(scenario, plan, step),
        wanted,
        plan,
        float(step),
        tuple(over_replications(values, confidence=confidence) for values in levels),
        judge.keeps(levels),
        fluid_hours(arriving, columns, shares),
        len(judge.known),
        float(start.sum()) * step / 3600.0,
    )


def _check(scenario: object, targets: tuple[ServiceTarget, ...], replications: int, step: float, most: int) -> None:
    faults = Faults()
    if not isinstance(scenario, Scenario):
        faults.add("must be a Scenario", place="scenario", given=scenario)
    if not targets or not all(isinstance(target, ServiceTarget) for target in targets):
        faults.add("must be at least one ServiceTarget", place="targets", given=targets)
    elif isinstance(scenario, Scenario):
        names = [kind.name for kind in scenario.conversation_types]
        for place, target in enumerate(targets):
            if target.conversation_type is not None and target.conversation_type not in names:
                name = target.conversation_type
                faults.unknown(name, known=names, place=f"targets[{place}]", what="conversation type")
    check_number(faults, "replications", replications, at_least=2)
    check_number(faults, "step", step, above=0)
    check_number(faults, "most", most, at_least=1)
    faults.raise_if_any()


def _start(judge: _Judge, arriving: Floats, columns: tuple[object, ...], seed: int) -> Plan:
    """Return the plan of the smallest safety that keeps the targets."""
    low, high = 0, len(_QUALITIES) - 1

    def plan(place: int) -> Plan:
        return square_root_plan(arriving, columns, judge.step, float(_QUALITIES[place]))  # type: ignore[arg-type]  # Columns

    if not judge(plan(high), seed):
        raise InvalidInputError("no number of agents keeps the targets: see whether anybody may serve every type")
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if judge(plan(middle), seed) else (middle + 1, high)
    return plan(high)


def _thinned(judge: _Judge, plan: Plan, arriving: Floats, seed: int, most: int) -> Plan:
    """Take agents away one by one, where there is least to do first."""
    cut: set[tuple[int, int]] = set()
    while len(judge.known) < most:
        spare = plan / np.maximum(arriving.sum(axis=1), 1e-9)[:, None]
        open_ = [place for place in zip(*np.nonzero(plan), strict=True) if place not in cut]
        if not open_:
            break
        place = max(open_, key=lambda each: (spare[each], each))
        fewer = plan.copy()
        fewer[place] -= 1
        if judge(fewer, seed):
            plan = fewer
        else:
            cut.add(place)
    return plan


def _exchanged(judge: _Judge, plan: Plan, seed: int, most: int) -> Plan:
    """Try one agent of any group in place of two, step by step; only where there are few such exchanges."""
    steps, groups = plan.shape
    pairs = list(combinations_with_replacement(range(groups), 2))
    if groups == 1 or steps * len(pairs) * groups > _MOST_EXCHANGES:
        return plan
    for s in range(steps):
        for one, other in pairs:
            for instead in range(groups):
                fewer = plan.copy()
                fewer[s, one] -= 1
                fewer[s, other] -= 1
                fewer[s, instead] += 1
                if (fewer >= 0).all() and len(judge.known) < most and judge(fewer, seed):
                    plan = fewer
    return plan


def _strengthened(plan: Plan, arriving: Floats) -> Plan:
    """Add an agent to the busiest step, of the group with most agents there."""
    busiest = int(np.argmax(arriving.sum(axis=1) / np.maximum(plan.sum(axis=1), 1)))
    more = plan.copy()
    more[busiest, int(np.argmax(plan[busiest]))] += 1
    return more
