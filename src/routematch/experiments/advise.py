"""Advice: which skill is short, whom to train in what, where one more agent pays, which requirement costs most.

Everything is first read from the prices of the rush hours (`simulation.changes_load`), which take a second; what
promises most is then simulated on the same days as the place as it is. Prices take new hands as busy all the time, so
they promise too much: they rank, and what is measured counts.

>>> from routematch.simulation import Scenario
>>> desk = Scenario.from_rates(
...     arrival=[0.03, 0.02],
...     service=0.01,
...     patience=0.01,
...     agents=[6, 1],
...     eligible=[[1, 0], [0, 1]],
...     horizon=36000.0,
... )
>>> advise(desk, replications=4, checks=1).bottleneck
'type-2'
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor

import numpy as np
from attrs import evolve, field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.experiments.what_if import what_if
from routematch.experiments.what_if_absence import month_factor
from routematch.experiments.what_if_changes import Change, MoreAgents, Training
from routematch.experiments.what_if_result import WhatIf, signed
from routematch.metrics.comparison import Difference
from routematch.model.checks import check_number
from routematch.model.requirements import AllOf, AnyOf, Condition, Requirement
from routematch.policies import Policy
from routematch.report import Cell, Chart, Column, Mark, Series, Table
from routematch.routing.code import CodePolicy
from routematch.simulation.changes_load import Rush, columns_of, training_gain
from routematch.simulation.scenario import Scenario

__all__ = ["Advice", "Hint", "Relaxation", "advise"]

Floats = NDArray[np.float64]


@frozen
class Relaxation:
    """A conversation type asks for less of a skill.

    Attributes
    ----------
    conversation_type : str
    skill : str
    at_least : float
    """

    conversation_type: str
    skill: str
    at_least: float

    @property
    def label(self) -> str:
        """In a few words."""
        return f"{self.conversation_type}: {self.skill} from {self.at_least:g}"

    def variants(self, scenario: Scenario) -> dict[str, Scenario]:
        """Return the scenario with the requirement lowered."""
        kinds = [
            evolve(kind, requires=_lowered(kind.requires, self.skill, self.at_least))
            if kind.name == self.conversation_type
            else kind
            for kind in scenario.conversation_types
        ]
        return {self.label: evolve(scenario, conversation_types=kinds)}


def _lowered(condition: Condition, skill: str, at_least: float) -> Condition:
    if isinstance(condition, Requirement):
        if condition.skill != skill or condition.at_least <= at_least:
            return condition
        later = [step for step in condition.relax if step.drop or (step.at_least or 0.0) < at_least]
        return evolve(condition, at_least=at_least, relax=later)
    if isinstance(condition, AllOf | AnyOf):
        return evolve(condition, parts=tuple(_lowered(part, skill, at_least) for part in condition.parts))
    return condition


@frozen
class Hint:
    """A change that promises something.

    Attributes
    ----------
    kind : str
        ``"train"``, ``"agent"`` or ``"relax"``.
    change : Change
    per_hour : float
        Promised by the prices for each hour that it is in force: of the trained or added agent on duty, of the run.
    hours : float
        Such hours in a month.
    """

    kind: str
    change: Change
    per_hour: float
    hours: float

    @property
    def per_month(self) -> float:
        """Promised by the prices in a month."""
        return self.per_hour * self.hours


@frozen(eq=False)
class Advice:
    """What would help. Made by `advise`; `report.write` takes it.

    Attributes
    ----------
    scenario : Scenario
    skills : dict from skill to float
        What an hour of somebody who has only this skill would bring, by the prices; the scarcest first.
    hints : tuple of Hint
        All that promise anything, of each kind the most promising first.
    checked : WhatIf or None
        The most promising ones, simulated.
    """

    scenario: Scenario
    skills: dict[str, float]
    hints: tuple[Hint, ...] = field(repr=False)
    checked: WhatIf | None = field(repr=False)

    @property
    def bottleneck(self) -> str | None:
        """The scarcest skill; None where the prices see no rush."""
        first = next(iter(self.skills), None)
        return first if first is not None and self.skills[first] > 0 else None

    @property
    def title(self) -> str:
        """What it is about."""
        return f"Advice: {self.scenario.name}"

    def _measured(self) -> dict[str, Difference]:
        return {} if self.checked is None else self.checked.differences("value")

    def table(self) -> Table:
        """Return one row for each hint that was simulated."""
        measured = self._measured()
        rows: list[tuple[Cell, ...]] = []
        for hint in self.hints:
            found = measured.get(hint.change.label)
            if found is not None:
                each = _divided(found, hint.hours)
                sure = "yes" if found.is_significant else "no"
                rows.append((hint.change.label, hint.per_month, found.change, hint.per_hour, each, sure))
        columns = (
            Column("What"),
            Column("Promised a month", "sum", is_difference=True),
            Column("Measured a month", "sum", is_difference=True),
            Column("Promised an hour", "amount"),
            Column("Measured an hour", "amount", is_difference=True),
            Column("Sure"),
        )
        note = (
            "Promised by the prices of the rush hours; measured in simulation on the same days. Wages are not counted."
        )
        if self.checked is not None:
            runs = self.checked.replications
            note += f" {runs} runs each, {self.checked.confidence:.0%} intervals for all rows together."
        return Table(self.title, columns, tuple(rows), note=note, page="first")

    def tables(self) -> tuple[Table, ...]:
        """Return what a report shows: the advice, then the skills, then all promises."""
        skills = tuple((name, worth) for name, worth in self.skills.items())
        others = tuple((hint.change.label, hint.per_month, hint.per_hour) for hint in self.hints)
        heads = (Column("What"), Column("Promised a month", "sum"), Column("Promised an hour", "amount"))
        return (
            self.table(),
            Table("Skills by how short they are", (Column("Skill"), Column("Worth an hour", "amount")), skills),
            Table("All that the prices promise", heads, others),
        )

    def charts(self) -> tuple[Chart, ...]:
        """Return what was measured, around nothing gained."""
        found = [(name, each.change) for name, each in self._measured().items()]
        if not found:
            return ()
        series = Series("", [f.mean for _, f in found], [f.low for _, f in found], [f.high for _, f in found])
        labels, mark = tuple(name for name, _ in found), Mark(0.0, "as it is", "x")
        return (Chart("Value gained a month", "dots", labels, (series,), unit="sum", marks=(mark,)),)

    def to_data(self) -> dict[str, object]:
        """Return the advice as plain data."""
        measured = self._measured()
        hints = []
        for hint in self.hints:
            data: dict[str, object] = {"kind": hint.kind, "what": hint.change.label, "promised": hint.per_month}
            if hint.change.label in measured:
                change = measured[hint.change.label].change
                data["measured"] = [change.mean, change.low, change.high]
            hints.append(data)
        return {
            "schema": "routematch/advice/1",
            "bottleneck": self.bottleneck,
            "skills": dict(self.skills),
            "hints": hints,
        }

    def findings(self) -> tuple[str, ...]:
        """Return the advice in sentences."""
        if self.bottleneck is None:
            return ("At no time is the work more than the agents can do, chance included: no skill is short.",)
        worth = self.skills[self.bottleneck]
        found = [f"The bottleneck is {self.bottleneck}: an hour of somebody who has it would bring {worth:,.3g}."]
        measured = self._measured()
        for hint in self.hints:
            each = measured.get(hint.change.label)
            if each is not None:
                change = each.change
                said = f"{signed(change.mean)} a month ({signed(change.low)} to {signed(change.high)})"
                if not each.is_significant:
                    said = f"{signed(hint.per_month)} a month promised, but not seen in simulation ({said})"
                found.append(f"{_SAYS[hint.kind]} ({hint.change.label}): {said}.")
        return tuple(found)


_SAYS = {"train": "Training one", "agent": "One more agent", "relax": "Asking for less"}


def _divided(found: Difference, hours: float) -> Cell:
    if hours <= 0:
        return None
    change = found.change
    return evolve(change, mean=change.mean / hours, low=change.low / hours, high=change.high / hours)


def advise(
    scenario: Scenario,
    policy: Policy | CodePolicy | None = None,
    *,
    seed: int | None = None,
    replications: int = 20,
    proficiency: float = 0.7,
    checks: int = 2,
    executor: Executor | Callable[[], Executor] | None = None,
) -> Advice:
    """Say what is short and what would help.

    Parameters
    ----------
    scenario : Scenario
    policy : Policy or code, optional
        None means `policies.best_match()`.
    seed : int, optional
        None means that of the scenario.
    replications : int
        Of each simulated piece of advice; at least 2.
    proficiency : float
        What training reaches.
    checks : int
        How many pieces of advice of each kind are simulated.
    executor : Executor, or callable that makes one, optional
        As for `simulate`.

    Returns
    -------
    Advice

    Raises
    ------
    InvalidInputError
        Listing every fault of the arguments.
    """
    faults = Faults()
    if not isinstance(scenario, Scenario):
        faults.add("must be a Scenario", place="scenario", given=scenario)
    check_number(faults, "proficiency", proficiency, above=0, at_most=1)
    check_number(faults, "replications", replications, at_least=2)
    check_number(faults, "checks", checks, at_least=0)
    faults.raise_if_any()
    rush = Rush.of(scenario)
    skills = _skills(scenario, rush)
    kinds = [
        _ranked(_trainings(scenario, rush, list(skills), proficiency)),
        _ranked(_agents(scenario, rush)),
        _ranked(_relaxations(scenario, rush)),
    ]
    tried = [hint.change for hints in kinds for hint in hints[:checks]]
    checked = None
    if tried:
        checked = what_if(
            scenario, tried, policy, seed=seed, replications=replications, executor=executor, together=False
        )
    return Advice(scenario, skills, tuple(hint for hints in kinds for hint in hints), checked)


def _ranked(hints: Iterator[Hint]) -> list[Hint]:
    return sorted((hint for hint in hints if hint.per_month > 1e-9), key=lambda hint: -hint.per_month)


def _hours(scenario: Scenario, rush: Rush, place: int) -> float:
    """Return hours on duty of one agent of a profile in a month."""
    share = float(rush.on_duty[:, place] @ rush.seconds / rush.seconds.sum())
    run = scenario.horizon * month_factor(scenario) / 3600.0
    return share * run / len(rush.profiles[place].agents)


def _skills(scenario: Scenario, rush: Rush) -> dict[str, float]:
    """Return what an hour of somebody with a single skill would bring, as good at it as those who have it."""
    holders: dict[str, list[tuple[float, int]]] = {}
    for place, profile in enumerate(rush.profiles):
        for skill, level in profile.like.skills.items():
            holders.setdefault(skill, []).append((level, place))
    worth = {}
    for skill, held in holders.items():
        level, place = max(held)
        profile = rush.profiles[place]
        columns = columns_of(scenario, profile.group, evolve(profile.like, skills={skill: level}))
        margin = (columns.value - rush.type_price) / columns.busy_time
        gain = np.maximum(np.nan_to_num(margin).max(axis=1, initial=0.0), 0.0)
        worth[skill] = float(gain @ rush.seconds / rush.seconds.sum()) * 3600.0
    return dict(sorted(worth.items(), key=lambda entry: (-entry[1], entry[0])))


def _trainings(scenario: Scenario, rush: Rush, skills: list[str], proficiency: float) -> Iterator[Hint]:
    for place, profile in enumerate(rush.profiles):
        for skill in skills if profile.like.kind == "human" else ():
            if profile.like.skills.get(skill, -1.0) < proficiency:
                like = evolve(profile.like, skills={**profile.like.skills, skill: proficiency})
                gain = training_gain(rush, place, columns_of(scenario, profile.group, like))
                change = Training((profile.agents[0],), skill, proficiency, hours=0.0)
                yield Hint(
                    "train", _Named(f"{profile.agents[0]}: {skill}", change), gain, _hours(scenario, rush, place)
                )


def _agents(scenario: Scenario, rush: Rush) -> Iterator[Hint]:
    """One more of each group, who is like its first agent."""
    first = {group.name: group.roster()[0].id for group in scenario.agent_groups if group.roster()}
    for place, (profile, worth) in enumerate(zip(rush.profiles, rush.worth_per_hour().tolist(), strict=True)):
        if first[profile.group] in profile.agents:
            yield Hint("agent", MoreAgents(profile.group, 1), worth, _hours(scenario, rush, place))


def _relaxations(scenario: Scenario, rush: Rush) -> Iterator[Hint]:
    """Lower each requirement to the next level that somebody has."""
    before = _value(rush)
    hours = scenario.horizon * month_factor(scenario) / 3600.0
    for kind in scenario.conversation_types:
        for requirement in _requirements(kind.requires):
            levels = [agent.skills.get(requirement.skill, 1.0) for agent in scenario.roster()]
            below = [level for level in levels if level < requirement.at_least]
            if below:
                change = Relaxation(kind.name, requirement.skill, max(below))
                (variant,) = change.variants(scenario).values()
                yield Hint("relax", change, _value(Rush.of(variant)) - before, hours)


def _requirements(condition: Condition) -> Iterator[Requirement]:
    if isinstance(condition, Requirement):
        yield condition
    elif isinstance(condition, AllOf | AnyOf):
        for part in condition.parts:
            yield from _requirements(part)


def _value(rush: Rush) -> float:
    """Return the value of the rush hours' programs per hour: what agents and types are priced at, together."""
    total = (rush.agent_price * rush.on_duty).sum(axis=1) + (rush.type_price * rush.load).sum(axis=1)
    return float(total @ rush.seconds / rush.seconds.sum()) * 3600.0


@frozen
class _Named:
    """A change under another name."""

    label: str
    change: Change

    def variants(self, scenario: Scenario) -> dict[str, Scenario]:
        (variant,) = self.change.variants(scenario).values()
        return {self.label: variant}
