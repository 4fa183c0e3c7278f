"""Below which time a conversation was cut short, by skill: so much shorter than usual that no work was done.

Half of the agents decide what is usual, each with one voice, so that an agent who hangs up within seconds cannot make
that look normal, however many conversations this brings.
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from attrs import evolve, field, frozen

from routematch.errors import Faults
from routematch.learning.experience import Experience, Floats
from routematch.model import Estimates
from routematch.model.checks import check_number
from routematch.model.frozen import FrozenMap

__all__ = ["HangUps"]

#: A skill with fewer handle times than this has no limit.
_LEAST = 30
#: Medians of absolute deviations to standard deviations, for the normal law.
_MAD = 1.4826


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
        found = {}
        for code, skill in enumerate(history.skills):
            those = (history.skill == code) & (seconds > 0)
            if skill not in known.hang_up_time and those.sum() >= _LEAST:
                found[skill] = self._limit(np.log(seconds[those]), agent[those])
        return evolve(known, hang_up_time=FrozenMap({**known.hang_up_time, **found}))

    def _limit(self, logs: Floats, agent: Floats) -> float:
        order = np.argsort(agent, kind="stable")
        cuts = np.flatnonzero(np.diff(agent[order])) + 1
        own = np.split(logs[order], cuts)
        centers = [float(np.median(each)) for each in own]
        spreads = [
            float(np.median(np.abs(each - center))) for each, center in zip(own, centers, strict=True) if len(each) > 4
        ]
        spread = float(np.median(spreads)) if spreads else float(np.median(np.abs(logs - np.median(logs))))
        return math.exp(float(np.median(centers)) - self.deviations * _MAD * spread)
