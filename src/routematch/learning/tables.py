"""Success, handle time and satisfaction by agent and skill: three members of one shape.

Each adds its observations to the cells that are known, fits what to believe before a pair's own record, and says
whether agents differ at all. Where they do not, its table stays empty: decisions are taken as if nothing were known.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import ClassVar, Protocol

import numpy as np
from attrs import evolve, field, frozen

from routematch.errors import Faults
from routematch.learning.experience import Experience, Floats
from routematch.learning.family import Binomial, Family, Normal, noise_by_skill
from routematch.learning.gather import CellColumns, gather
from routematch.learning.hierarchy import Beliefs, differences, fit_beliefs
from routematch.model import Estimates
from routematch.model.checks import check_number
from routematch.model.estimates import HALF_LIVES, TABLES, tables_of
from routematch.model.evidence import EVERYTHING, Cell, Evidence, SkillPrior
from routematch.model.frozen import FrozenMap

__all__ = ["HandleTime", "Satisfaction", "Success"]

#: Agents are taken as equal unless equal agents would differ as much in fewer histories than this.
FALSE_ALARM = 0.01
#: Pairs without a record get a cell of their own where agents differ as such, up to so many.
_MOST_FILLED = 100_000


class _Table(Protocol):
    """What the three have in common."""

    name: ClassVar[str]

    @property
    def half_life(self) -> float | None: ...

    @property
    def share_between_skills(self) -> bool: ...

    @abstractmethod
    def values(self, history: Experience, known: Estimates) -> Floats:
        """Return what each pair of a conversation and a skill says, shape (P,); NaN nothing."""
        ...


def _learn(table: _Table, history: Experience, known: Estimates) -> Estimates:
    """Add the observations of a history to what is known, and fit again."""
    before = known.evidence.get(table.name)
    cells = gather(history, table.values(history, known), before.cells if before else None, half_life=table.half_life)
    if not len(cells):
        return known
    return _with_evidence(known, table.name, _evidence(table, cells))


def _with_evidence(known: Estimates, name: str, evidence: Evidence) -> Estimates:
    return evolve(
        known,
        evidence=FrozenMap({**known.evidence, name: evidence}),
        **tables_of({name: evidence}),  # type: ignore[arg-type]  # fields by name
    )


def _evidence(table: _Table, cells: CellColumns) -> Evidence:
    scale = TABLES[table.name]
    noise = np.zeros(len(cells.skills)) if scale == "probability" else noise_by_skill(cells, fallback=0.25)
    family: Family = Binomial() if scale == "probability" else Normal(noise)
    found = differences(cells, family)
    beliefs = fit_beliefs(cells, family, share_between_skills=table.share_between_skills)
    return Evidence(
        scale,
        cells=_cells(cells, beliefs),
        skills=_priors(cells, beliefs, noise, found.by_skill),
        half_life=table.half_life,
        has_signal=found.chance < FALSE_ALARM,
        chance=found.chance,
    )


def _cells(cells: CellColumns, beliefs: Beliefs) -> Mapping[str, Mapping[str, Cell]]:
    made: dict[str, dict[str, Cell]] = {agent: {} for agent in cells.agents}
    for agent, skill, mean, strength in _unseen(cells, beliefs):
        made[agent][skill] = Cell(mean, strength)
    columns = (beliefs.mean, beliefs.strength, cells.count, cells.total, cells.squares, cells.as_of)
    pairs = zip(cells.agent.tolist(), cells.skill.tolist(), *(column.tolist() for column in columns), strict=True)
    for agent, skill, mean, strength, count, total, squares, as_of in pairs:
        known_until = None if np.isnan(as_of) else as_of
        made[cells.agents[agent]][cells.skills[skill]] = Cell(
            mean, strength, count, total, max(squares, 0.0), known_until
        )
    return made


def _unseen(cells: CellColumns, beliefs: Beliefs) -> Iterator[tuple[str, str, float, float]]:
    """Yield pairs without a record, where the agent's other skills say something about them."""
    if not beliefs.agents_differ or beliefs.agent_mean.size > _MOST_FILLED:
        return
    seen = np.zeros(beliefs.agent_mean.shape, bool)
    seen[cells.agent, cells.skill] = True
    for agent, skill in np.argwhere(~seen).tolist():
        mean, strength = beliefs.agent_mean[agent, skill], beliefs.agent_strength[agent, skill]
        yield cells.agents[agent], cells.skills[skill], float(mean), float(strength)


def _priors(cells: CellColumns, beliefs: Beliefs, noise: Floats, chance: Floats) -> dict[str, SkillPrior]:
    columns = (beliefs.skill_mean, beliefs.skill_strength, noise, chance)
    rows = zip(cells.skills, *(column.tolist() for column in columns), strict=True)
    made = {skill: SkillPrior(mean, strength, spread, odds) for skill, mean, strength, spread, odds in rows}
    if EVERYTHING not in made:
        share = cells.by_skill(cells.count)
        share /= share.sum()
        mean, spread = float(share @ beliefs.skill_mean), float(share @ noise)
        made[EVERYTHING] = SkillPrior(mean, float(np.min(beliefs.skill_strength)), spread)
    return made


@frozen
class Success:
    """How likely each agent is to resolve a conversation, by skill.

    Attributes
    ----------
    half_life : float or None
        Seconds after which an observation counts half; None: it never fades.
    share_between_skills : bool
        Whether an agent's record at other skills counts too.
    """

    name: ClassVar[str] = "success"
    half_life: float | None = field(default=HALF_LIVES["success"], kw_only=True)
    share_between_skills: bool = field(default=True, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check the parameters."""
        _check(self)

    def values(self, history: Experience, known: Estimates) -> Floats:  # noqa: ARG002 - the contract
        """Return whether each conversation was resolved."""
        return history.success[history.row]

    def learn(self, history: Experience, known: Estimates) -> Estimates:
        """Return `known` with success learned from a history too."""
        return _learn(self, history, known)


@frozen
class HandleTime:
    """How many seconds each agent needs, by skill: log-normal, from work that was not cut short.

    Attributes
    ----------
    half_life, share_between_skills
        As in `Success`.
    """

    name: ClassVar[str] = "handle_time"
    half_life: float | None = field(default=HALF_LIVES["handle_time"], kw_only=True)
    share_between_skills: bool = field(default=True, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check the parameters."""
        _check(self)

    def values(self, history: Experience, known: Estimates) -> Floats:
        """Return logarithms of seconds; what was cut short is never a sign of speed."""
        limits = np.array([known.hang_up_time.get(skill, 0.0) for skill in history.skills])[history.skill]
        seconds, resolved = history.seconds[history.row], history.success[history.row]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where((seconds >= limits) & ~(resolved <= 0), np.log(seconds), np.nan)

    def learn(self, history: Experience, known: Estimates) -> Estimates:
        """Return `known` with handle times learned from a history too."""
        return _learn(self, history, known)


@frozen
class Satisfaction:
    """What customers say of each agent, by skill, in [0, 1].

    Attributes
    ----------
    half_life, share_between_skills
        As in `Success`.
    """

    name: ClassVar[str] = "satisfaction"
    half_life: float | None = field(default=HALF_LIVES["satisfaction"], kw_only=True)
    share_between_skills: bool = field(default=True, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check the parameters."""
        _check(self)

    def values(self, history: Experience, known: Estimates) -> Floats:  # noqa: ARG002 - the contract
        """Return the verdicts."""
        return history.satisfaction[history.row]

    def learn(self, history: Experience, known: Estimates) -> Estimates:
        """Return `known` with satisfaction learned from a history too."""
        return _learn(self, history, known)


def _check(table: Success | HandleTime | Satisfaction) -> None:
    faults = Faults()
    if table.half_life is not None:
        check_number(faults, "half_life", table.half_life, above=0)
    faults.raise_if_any()
