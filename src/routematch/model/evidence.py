"""What estimates rest on: for each agent and skill how much was seen, and what was believed before.

A `Cell` holds a belief as a *prior*, worth a number of observations, beside the observations themselves, whose weight
falls with their age. Its mean follows from both by one formula, for probabilities as for logarithms of seconds:

>>> cell = Cell(prior_mean=0.7, prior_strength=20)
>>> cell = cell.adding(1.0).adding(0.0).adding(1.0)
>>> cell.count, round(cell.mean, 4)
(3.0, 0.6957)

Fitting the priors belongs to the learning rung; adding one observation is arithmetic and happens here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from attrs import evolve, field, frozen

from routematch.errors import Faults
from routematch.model.checks import as_map, check_choice, check_number, is_a
from routematch.model.frozen import FrozenMap

__all__ = ["ANYBODY", "EVERYTHING", "SCALES", "Cell", "Cells", "Evidence", "SkillPrior"]

#: In place of an agent's id: whoever history does not know.
ANYBODY = "*"

#: In place of a skill: all of them together, or one that history does not know.
EVERYTHING = "*"

#: What the numbers of a table are: probabilities, logarithms of seconds, or verdicts between 0 and 1.
SCALES = ("probability", "log_time", "share")

#: Where nothing at all is known: a mean and its strength by scale.
_UNKNOWN = {"probability": (0.5, 2.0), "log_time": (math.log(300.0), 1.0), "share": (0.5, 2.0)}


@frozen
class Cell:
    """What is known about one agent at one skill.

    Attributes
    ----------
    prior_mean : float
        What was believed before, on the scale of the table.
    prior_strength : float
        How many observations that belief is worth; above 0.
    count, total, squares : float
        Observations, their sum and the sum of their squares, each observation weighted by its age.
    as_of : float or None
        POSIX seconds of the latest observation; None while instants are unknown.
    """

    prior_mean: float
    prior_strength: float
    count: float = 0.0
    total: float = 0.0
    squares: float = 0.0
    as_of: float | None = None

    def __attrs_post_init__(self) -> None:
        """Check the numbers; all faults are raised together."""
        faults = Faults()
        check_number(faults, "prior_mean", self.prior_mean)
        check_number(faults, "prior_strength", self.prior_strength, above=0)
        check_number(faults, "count", self.count, at_least=0)
        check_number(faults, "total", self.total)
        check_number(faults, "squares", self.squares, at_least=0)
        if self.as_of is not None:
            check_number(faults, "as_of", self.as_of)
        faults.raise_if_any()

    @property
    def mean(self) -> float:
        """The belief after the observations: both averaged by their weights."""
        return (self.prior_mean * self.prior_strength + self.total) / self.weight

    @property
    def weight(self) -> float:
        """Prior and observations together, in observations."""
        return self.prior_strength + self.count

    def adding(self, value: float, at: float | None = None, *, half_life: float | None = None) -> Cell:
        """Return the cell with one more observation.

        Parameters
        ----------
        value : float
            On the scale of the table.
        at : float, optional
            POSIX seconds; None counts as the latest instant known here. An observation that comes late counts less.
        half_life : float, optional
            Seconds after which an observation counts half; None: it never fades.
        """
        latest = at if self.as_of is None else self.as_of if at is None else max(at, self.as_of)
        kept, weight = _fading(self.as_of, latest, half_life), _fading(at, latest, half_life)
        return Cell(
            self.prior_mean,
            self.prior_strength,
            self.count * kept + weight,
            self.total * kept + weight * value,
            self.squares * kept + weight * value * value,
            latest,
        )

    def aged(self, now: float, *, half_life: float | None) -> Cell:
        """Return the cell as it stands at `now`, when nothing new came; never younger than it is."""
        if half_life is None or self.as_of is None or now <= self.as_of:
            return self
        kept = _fading(self.as_of, now, half_life)
        return evolve(self, count=self.count * kept, total=self.total * kept, squares=self.squares * kept, as_of=now)


def _fading(at: float | None, latest: float | None, half_life: float | None) -> float:
    if half_life is None or at is None or latest is None or at == latest:
        return 1.0
    return float(2.0 ** max((at - latest) / half_life, -1000.0))


@frozen
class SkillPrior:
    """What is believed of an agent at a skill before anything is seen, and how alike the agents are.

    Attributes
    ----------
    mean, strength : float
        As in `Cell`: for an agent of whom history knows nothing.
    noise : float
        Variance of one observation around its agent's mean; 0 for probabilities, where it follows from the mean.
    chance : float
        How often equal agents would differ as much as those seen; small means that they differ.
    """

    mean: float
    strength: float
    noise: float = 0.0
    chance: float = 1.0

    def __attrs_post_init__(self) -> None:
        """Check the numbers; all faults are raised together."""
        faults = Faults()
        check_number(faults, "mean", self.mean)
        check_number(faults, "strength", self.strength, above=0)
        check_number(faults, "noise", self.noise, at_least=0)
        check_number(faults, "chance", self.chance, at_least=0, at_most=1)
        faults.raise_if_any()


Cells = Mapping[str, Mapping[str, Cell]]


def _as_cells(value: Cells) -> Cells:
    readable = as_map(value)
    if isinstance(readable, FrozenMap):
        return FrozenMap({agent: as_map(row) for agent, row in readable.items()})
    return readable  # type: ignore[no-any-return]  # left for the check


@frozen
class Evidence:
    """What one table of estimates rests on.

    Attributes
    ----------
    scale : str
        One of `SCALES`.
    cells : mapping from agent to (mapping from skill to Cell)
    skills : mapping from skill to SkillPrior
        For agents without a cell.
    half_life : float or None
        Seconds after which an observation counts half; None: it never fades.
    has_signal : bool
        Whether agents were found to differ. Where they were not, nothing of it enters a decision.
    chance : float
        How often equal agents would differ as much, over all skills together.
    """

    scale: str
    cells: Cells = field(factory=FrozenMap, converter=_as_cells, kw_only=True)
    skills: Mapping[str, SkillPrior] = field(factory=FrozenMap, converter=as_map, kw_only=True)
    half_life: float | None = field(default=None, kw_only=True)
    has_signal: bool = field(default=False, kw_only=True)
    chance: float = field(default=1.0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        check_choice(faults, "scale", self.scale, SCALES)
        if self.half_life is not None:
            check_number(faults, "half_life", self.half_life, above=0)
        if not is_a(self.has_signal, bool):
            faults.add("must be true or false", place="has_signal", given=self.has_signal)
        check_number(faults, "chance", self.chance, at_least=0, at_most=1)
        _check_entries(faults, "skills", self.skills, SkillPrior)
        if isinstance(self.cells, FrozenMap):
            for agent, row in self.cells.items():
                _check_entries(faults, f"cells.{agent}", row, Cell)
        else:
            faults.add("must be a mapping from agents to cells by skill", place="cells", given=self.cells)
        faults.raise_if_any()

    def cell(self, agent: str, skill: str) -> Cell | None:
        """Return what is known about a pair; what is believed of anybody where nothing is; None for a new skill."""
        known: Cell | None = self.cells.get(agent, {}).get(skill)
        prior = self.skills.get(skill)
        if known is not None or prior is None:
            return known
        return Cell(prior.mean, prior.strength)

    def mean_of(self, cell: Cell, skill: str) -> float:
        """Return what a cell says in the units of the table: probability, seconds, or share."""
        if self.scale == "log_time":
            noise = self.skills[skill].noise if skill in self.skills else 0.0
            return math.exp(min(cell.mean + noise / 2.0 * (1.0 + 1.0 / cell.weight), 34.0))
        return min(max(cell.mean, 0.0), 1.0)

    def deviation_of(self, cell: Cell, skill: str) -> float:
        """Return the standard deviation of the belief about the mean, on the scale of the table."""
        if self.scale == "probability":
            mean = min(max(cell.mean, 0.0), 1.0)
            return math.sqrt(mean * (1.0 - mean) / (cell.weight + 1.0))
        return math.sqrt((self.skills[skill].noise if skill in self.skills else 0.0) / cell.weight)

    def adding(self, agent: str, skill: str, value: float, at: float | None) -> Evidence:
        """Return the evidence with one more observation; mappings are copied, other cells are shared.

        A new skill begins with what is believed of all skills together, stored under ``"*"``.
        """
        cell = self.cell(agent, skill)
        if cell is None:
            prior = self.skills.get(EVERYTHING)
            cell = Cell(prior.mean, prior.strength) if prior else Cell(*_UNKNOWN[self.scale])
        row = FrozenMap({**self.cells.get(agent, {}), skill: cell.adding(value, at, half_life=self.half_life)})
        made = object.__new__(Evidence)
        for name in ("scale", "skills", "half_life", "has_signal", "chance"):
            object.__setattr__(made, name, getattr(self, name))
        object.__setattr__(made, "cells", FrozenMap({**self.cells, agent: row}))
        return made


def _check_entries(faults: Faults, place: str, given: object, kind: type) -> None:
    if not isinstance(given, FrozenMap) or not all(isinstance(entry, kind) for entry in given.values()):
        faults.add(f"must be a mapping from skills to {kind.__name__}", place=place, given=given)
