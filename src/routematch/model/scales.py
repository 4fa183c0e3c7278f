"""Other systems' scales for skill, turned into proficiency: 1-5, 0-10, 1-20 where 1 is best.

>>> STARS.proficiency(4), TEN.proficiency(7), TWENTY_REVERSED.proficiency(1)
(0.75, 0.7, 1.0)
>>> STARS.skills({"billing": 5, "spanish": 3})
{'billing': 1.0, 'spanish': 0.5}
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from routematch.errors import Faults
from routematch.model.checks import as_map, check_number, in_place
from routematch.model.frozen import FrozenMap

__all__ = ["STARS", "TEN", "TWENTY_REVERSED", "Scale"]


@frozen
class Scale:
    """A linear scale of skill.

    Attributes
    ----------
    worst, best : float
        The levels that stand for proficiency 0 and 1; `worst` may be the larger number.
    """

    worst: float
    best: float

    def __attrs_post_init__(self) -> None:
        """Check both ends; all faults are raised together."""
        faults = Faults()
        for name in ("worst", "best"):
            object.__setattr__(self, name, check_number(faults, name, getattr(self, name)))
        if not faults and self.worst == self.best:
            faults.add("must differ from worst", place="best", given=self.best)
        faults.raise_if_any()

    def proficiency(self, level: float) -> float:
        """Return the proficiency in [0, 1] that a level stands for.

        Raises
        ------
        InvalidInputError
            When the level lies outside the scale.
        """
        faults = Faults()
        lowest, highest = sorted((self.worst, self.best))
        number = check_number(faults, "level", level, at_least=lowest, at_most=highest)
        faults.raise_if_any()
        return (number - self.worst) / (self.best - self.worst)

    def level(self, proficiency: float) -> float:
        """Return the level that a proficiency in [0, 1] stands for; the inverse of `proficiency`.

        Raises
        ------
        InvalidInputError
            When the proficiency lies outside [0, 1].
        """
        faults = Faults()
        number = check_number(faults, "proficiency", proficiency, at_least=0, at_most=1)
        faults.raise_if_any()
        lowest, highest = sorted((self.worst, self.best))
        return min(max(self.worst + number * (self.best - self.worst), lowest), highest)

    def skills(self, levels: Mapping[str, float]) -> Mapping[str, float]:
        """Convert a whole skill mapping.

        Raises
        ------
        InvalidInputError
            Listing every level outside the scale by its skill.
        """
        faults = Faults()
        lowest, highest = sorted((self.worst, self.best))
        readable = as_map(levels)
        if not isinstance(readable, FrozenMap):
            faults.add("must be a mapping from skills to levels", given=readable)
            readable = FrozenMap()
        numbers = {
            skill: check_number(faults, in_place("", skill), level, at_least=lowest, at_most=highest)
            for skill, level in readable.items()
        }
        faults.raise_if_any()
        return FrozenMap({skill: (v - self.worst) / (self.best - self.worst) for skill, v in numbers.items()})


#: One to five stars (Amazon Connect, Genesys).
STARS = Scale(1, 5)
#: Nought to ten (Salesforce).
TEN = Scale(0, 10)
#: One to twenty, where one is best (NICE).
TWENTY_REVERSED = Scale(20, 1)
