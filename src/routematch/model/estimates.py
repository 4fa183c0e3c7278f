"""What history says about agents and customers, as plain data, with how much evidence.

Fitting belongs to the learning rung; this is the form, so that terms, policies and scenarios can read it. A value never
changes: one more outcome makes another value, so that whoever keeps the earlier one can go back to it.

>>> estimates = Estimates(success={"ana": {"billing": Estimate(0.8, 40)}})
>>> estimates.success["ana"]["billing"].mean
0.8
>>> later = estimates.update(Outcome("chat-17", "ana", resolved=False, skills=("billing",)))
>>> round(later.success["ana"]["billing"].mean, 4), estimates.success["ana"]["billing"].mean
(0.7805, 0.8)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from attrs import field, fields, frozen

from routematch.errors import Faults, InvalidInputError
from routematch.model.checks import (
    as_amounts,
    as_map,
    check_amounts,
    check_instant,
    check_name,
    check_number,
    check_size,
    in_place,
    is_number,
)
from routematch.model.evidence import EVERYTHING, Cell, Evidence, SkillPrior
from routematch.model.frozen import FrozenMap
from routematch.model.learned import AffinityEstimate, ArrivalEstimate, PatienceEstimate
from routematch.model.outcomes import Outcome

__all__ = ["HALF_LIVES", "TABLES", "Estimate", "Estimates", "Interval"]

#: The tables by agent and skill, each with its scale.
TABLES = {"success": "probability", "handle_time": "log_time", "satisfaction": "share"}

#: Seconds after which an outcome counts half, unless a learner was told otherwise: quality lasts longer than speed.
HALF_LIVES = {"success": 90 * 86400.0, "handle_time": 30 * 86400.0, "satisfaction": 90 * 86400.0}

#: What a mean without evidence is worth when outcomes are added to it, in observations.
_WORTH_OF_A_GUESS = 20.0


@frozen
class Interval:
    """A number with its uncertainty.

    Attributes
    ----------
    mean, low, high : float
    """

    mean: float
    low: float
    high: float


@frozen
class Estimate:
    """A learned mean and the evidence behind it.

    Attributes
    ----------
    mean : float
        A probability, or seconds.
    count : float
        Observations behind it, after decay; at least 0.
    """

    mean: float
    count: float = 0.0

    def __attrs_post_init__(self) -> None:
        """Check both fields; all faults are raised together."""
        faults = Faults()
        object.__setattr__(self, "mean", check_number(faults, "mean", self.mean, at_least=0))
        object.__setattr__(self, "count", check_number(faults, "count", self.count, at_least=0))
        faults.raise_if_any()


Table = Mapping[str, Mapping[str, Estimate]]


TableLike = Mapping[str, Mapping[str, Estimate | float]]


def _as_table(value: TableLike) -> Table:
    """Freeze a two-level mapping; plain numbers in it become estimates without stated evidence."""
    readable = as_map(value)
    if isinstance(readable, FrozenMap):
        return FrozenMap({agent: _as_row(row) for agent, row in readable.items()})
    return readable  # type: ignore[no-any-return]  # left for the check


def _as_row(row: object) -> object:
    readable = as_map(row)
    if isinstance(readable, FrozenMap):
        return FrozenMap({name: _as_estimate(entry) for name, entry in readable.items()})
    return readable


def _as_estimate(value: object) -> object:
    if not is_number(value):
        return value
    try:
        return Estimate(value)  # type: ignore[arg-type]  # a number of any kind
    except InvalidInputError:
        return value


@frozen
class Estimates:
    """Everything learned so far; empty means that nothing is known.

    Attributes
    ----------
    success : mapping from agent to (mapping from skill to Estimate)
        Probability that the agent resolves a conversation of the skill; takes the place of declared proficiency in
        value, never in eligibility. The agent ``"*"`` stands for everybody of whom nothing is said.
    handle_time : mapping from agent to (mapping from skill or channel to Estimate)
        Mean seconds of work; a skill's entry goes before the channel's, ``"*"`` stands for everything else.
    satisfaction : mapping from agent to (mapping from skill to Estimate)
        Mean verdict of the customers, in [0, 1].
    affinity : AffinityEstimate or None
        What it is worth to meet the same agent again.
    patience : mapping from conversation type to PatienceEstimate
        ``"*"`` stands for all types together.
    arrivals : mapping from conversation type to ArrivalEstimate
        As `patience`.
    hang_up_time : mapping from skill to float
        Seconds; what ended sooner was cut short, and says nothing good about the agent's speed.
    evidence : mapping from table to Evidence
        What the first three tables rest on; lets `update` add to them.
    known_until : float or None
        POSIX seconds of the latest outcome.
    """

    success: Table = field(factory=FrozenMap, converter=_as_table, kw_only=True)
    handle_time: Table = field(factory=FrozenMap, converter=_as_table, kw_only=True)
    satisfaction: Table = field(factory=FrozenMap, converter=_as_table, kw_only=True)
    affinity: AffinityEstimate | None = field(default=None, kw_only=True)
    patience: Mapping[str, PatienceEstimate] = field(factory=FrozenMap, converter=as_map, kw_only=True)
    arrivals: Mapping[str, ArrivalEstimate] = field(factory=FrozenMap, converter=as_map, kw_only=True)
    hang_up_time: Mapping[str, float] = field(factory=FrozenMap, converter=as_amounts, kw_only=True)
    evidence: Mapping[str, Evidence] = field(factory=FrozenMap, converter=as_map, kw_only=True)
    known_until: float | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every entry; all faults are raised together."""
        faults = Faults()
        for name, scale in TABLES.items():
            _check_table(faults, name, getattr(self, name), highest=1e15 if scale == "log_time" else 1.0)
        if self.affinity is not None and not isinstance(self.affinity, AffinityEstimate):
            faults.add("must be an AffinityEstimate or None", place="affinity", given=self.affinity)
        for name, kind in (("patience", PatienceEstimate), ("arrivals", ArrivalEstimate), ("evidence", Evidence)):
            _check_values(faults, name, getattr(self, name), kind)
        check_amounts(faults, "hang_up_time", self.hang_up_time, at_least=0)
        object.__setattr__(self, "known_until", check_instant(faults, "known_until", self.known_until))
        faults.raise_if_any()

    def update(self, outcome: Outcome) -> Estimates:
        """Return what is known after one more outcome.

        One cell for each skill of the outcome is computed anew, however long history is; beside it only the names of
        agents and skills are copied. Priors, hang-up times, patience and arrivals stay as they were fitted.

        Parameters
        ----------
        outcome : Outcome
            With `Outcome.skills`; without any it counts for no skill in particular, under ``"*"``.

        Returns
        -------
        Estimates

        Raises
        ------
        InvalidInputError
            When it is no `Outcome`.
        """
        if not isinstance(outcome, Outcome):
            faults = Faults()
            faults.add("must be an Outcome(...)", place="outcome", given=outcome)
            faults.raise_if_any()
        evidence, tables = dict(self.evidence), {name: getattr(self, name) for name in TABLES}
        for skill in outcome.skills or (EVERYTHING,):
            for name, value in what_it_says(outcome, self.hang_up_time.get(skill, 0.0)):
                before = evidence.get(name) or _stated(name, tables[name])
                after = evidence[name] = before.adding(outcome.agent, skill, value, outcome.ended_at)
                if after.has_signal:
                    tables[name] = _rewritten(tables[name], after, outcome.agent, skill)
        until = max((at for at in (self.known_until, outcome.ended_at) if at is not None), default=None)
        return self.replaced(**tables, evidence=FrozenMap(evidence), known_until=until)

    def report(self) -> str:
        """Return what was learned, how sure it is, and who was too thin to judge, as text for a terminal."""
        from routematch.model.learning_report import report_of

        return report_of(self)

    def replaced(self, **changes: object) -> Estimates:
        """Return a changed copy without checking what has been checked before."""
        made = object.__new__(Estimates)
        for name in _FIELDS:
            object.__setattr__(made, name, changes.get(name, getattr(self, name)))
        return made


_FIELDS = tuple(entry.name for entry in fields(Estimates))


def what_it_says(outcome: Outcome, hang_up_time: float = 0.0) -> Iterator[tuple[str, float]]:
    """Yield what one outcome says, as pairs of a table and a number on its scale.

    Who comes back was not helped. Speed is told by work that resolved something, or of which nothing more is known;
    never by what was cut short, even where it is said to have resolved the matter.
    """
    resolved = False if outcome.reopened else outcome.resolved
    if resolved is not None:
        yield "success", float(resolved)
    seconds = outcome.handle_time
    if seconds and seconds >= hang_up_time and resolved is not False:
        yield "handle_time", math.log(seconds)
    if outcome.satisfaction is not None:
        yield "satisfaction", outcome.satisfaction


def tables_of(evidence: Mapping[str, Evidence]) -> dict[str, Table]:
    """Return the tables that follow from evidence; empty where agents were not found to differ."""
    return {name: _table_of(known) if known.has_signal else FrozenMap() for name, known in evidence.items()}


def _table_of(evidence: Evidence) -> Table:
    def row(entries: Iterable[tuple[str, Cell]]) -> FrozenMap[str, Estimate]:
        return FrozenMap({skill: Estimate(evidence.mean_of(cell, skill), cell.count) for skill, cell in entries})

    anybody = {skill: Cell(prior.mean, prior.strength) for skill, prior in evidence.skills.items()}
    if evidence.scale != "log_time":
        anybody.pop(EVERYTHING, None)
    return FrozenMap(
        {"*": row(anybody.items()), **{agent: row(cells.items()) for agent, cells in evidence.cells.items()}}
    )


def _rewritten(table: Table, evidence: Evidence, agent: str, skill: str) -> Table:
    """Return a table with one entry computed anew."""
    cell = evidence.cells[agent][skill]
    row = FrozenMap({**table.get(agent, {}), skill: Estimate(evidence.mean_of(cell, skill), cell.count)})
    return FrozenMap({**table, agent: row})


def _stated(name: str, table: Table) -> Evidence:
    """Take means that somebody stated as beliefs, each worth its count, or some observations where none is given."""
    scale = TABLES[name]
    cells: dict[str, dict[str, Cell]] = {agent: {} for agent in table}
    for agent, row in table.items():
        for skill, stated in row.items():
            mean = math.log(max(stated.mean, 1e-3)) if scale == "log_time" else stated.mean
            cells[agent][skill] = Cell(mean, stated.count or _WORTH_OF_A_GUESS)
    anybody = {skill: SkillPrior(cell.prior_mean, cell.prior_strength) for skill, cell in cells.pop("*", {}).items()}
    return Evidence(scale, cells=cells, skills=anybody, half_life=HALF_LIVES[name], has_signal=bool(table))


def _check_table(faults: Faults, place: str, table: object, *, highest: float) -> None:
    if not isinstance(table, FrozenMap):
        faults.add("must be a mapping from agents to estimates by skill", place=place, given=table)
        return
    for agent, row in table.items():
        check_name(faults, in_place(place, agent), agent)
        _check_row(faults, in_place(place, agent), row, highest=highest)


def _check_row(faults: Faults, place: str, row: object, *, highest: float) -> None:
    if not isinstance(row, FrozenMap):
        faults.add("must be a mapping from skills to estimates", place=place, given=row)
        return
    if not check_size(faults, place, row):
        return
    for skill, estimate in row.items():
        check_name(faults, in_place(place, skill), skill)
        if not isinstance(estimate, Estimate):
            faults.add("must be an Estimate or a number of at least 0", place=in_place(place, skill), given=estimate)
        elif estimate.mean > highest:
            faults.add(f"must be at most {highest:g}", place=f"{in_place(place, skill)}.mean", given=estimate.mean)


def _check_values(faults: Faults, place: str, given: object, kind: type) -> None:
    if not isinstance(given, FrozenMap):
        faults.add(f"must be a mapping from names to {kind.__name__}", place=place, given=given)
        return
    for name, entry in given.items():
        check_name(faults, in_place(place, name), name)
        if not isinstance(entry, kind):
            faults.add(f"must be of type {kind.__name__}", place=in_place(place, name), given=entry)
