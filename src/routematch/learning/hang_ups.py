"""Below which time a conversation was cut short, by skill: so much shorter than usual that no work was done.

Half of the agents decide what is usual, each with one voice, so that an agent who hangs up within seconds cannot make
that look normal, however many conversations this brings.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import evolve, field, frozen

from routematch.errors import Faults
from routematch.learning.experience import Codes, Experience, Floats
from routematch.model import Estimates
from routematch.model.checks import check_number
from routematch.model.frozen import FrozenMap

__all__ = ["HangUps"]

#: A skill with fewer handle times than this has no limit.
_LEAST = 30
#: Medians of absolute deviations to standard deviations, for the normal law.
_MAD = 1.4826
#: Times are never taken as more alike than this, as a standard deviation of their logarithms.
_LEAST_SPREAD = 0.5


@frozen
class HangUps:
    """Times below the median by some standard deviations of the logarithm; kept where they are known already.

    Attributes
    ----------
    deviations : float
        At 3, one in seven hundred of ordinary log-normal handle times is taken as cut short.
    """

    name: ClassVar[str] = "hang_up_time"
    deviations: float = field(default=3.0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check the parameter."""
        faults = Faults()
        check_number(faults, "deviations", self.deviations, above=0)
        faults.raise_if_any()

    def learn(self, history: Experience, known: Estimates) -> Estimates:
        """Return `known` with a limit for each skill that has none yet and shows enough."""
        seconds, agent = history.seconds[history.row], history.agent[history.row]
        those = seconds > 0
        enough = np.bincount(history.skill[those], minlength=len(history.skills)) >= _LEAST
        those &= enough[history.skill]
        skill, pair = history.skill[those], history.skill[those] * len(history.agents) + agent[those]
        limits = zip(*_limits(np.log(seconds[those]), skill, pair, self.deviations), strict=True)
        found = {name: limit for code, limit in limits if (name := history.skills[code]) not in known.hang_up_time}
        return evolve(known, hang_up_time=FrozenMap({**known.hang_up_time, **found}))


def _limits(logs: Floats, skill: Codes, pair: Codes, deviations: float) -> tuple[list[int], list[float]]:
    """Return the skills and their limits; every agent has one voice about what is usual and how much it varies."""
    pairs, place = np.unique(pair, return_inverse=True)
    skill_of = np.zeros(len(pairs), np.intp)
    skill_of[place] = skill
    centers = _medians(place, logs)
    inside = _medians(place, np.abs(logs - centers[place]))
    skills, of_skill = np.unique(skill_of, return_inverse=True)
    usual = _medians(of_skill, centers)
    spread = np.hypot(_medians(of_skill, inside), _medians(of_skill, np.abs(centers - usual[of_skill])))
    limits = np.exp(usual - deviations * np.maximum(_MAD * spread, _LEAST_SPREAD))
    return skills.tolist(), limits.tolist()


def _medians(group: Codes, values: Floats) -> Floats:
    """Return the median of each group; groups are numbered from 0 without gaps."""
    order = np.lexsort((values, group))
    counts = np.bincount(group)
    first = np.cumsum(counts) - counts
    low, high = values[order][first + (counts - 1) // 2], values[order][first + counts // 2]
    medians: Floats = (low + high) / 2.0
    return medians
