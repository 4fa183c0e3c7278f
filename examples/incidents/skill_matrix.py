"""Find a skill matrix in the history of a help desk.

A *skill* is a kind of incident at a site. A group's *proficiency* in it is the share of such incidents that this group
resolved in the end: the chance that a new one belongs there. Most cells are thin, so that each share is drawn towards a
broader one, as if `PRIOR_COUNT` more incidents had been seen: kind towards its category, category and site towards all,
and the cell towards the mean of its kind and its site. (Shrinkage as in Efron and Morris, 1975, Data analysis using
Stein's estimator and its generalizations.)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from history import Incident, People

__all__ = ["LEAST_EXPERIENCE", "LEAST_SHARE", "PRIOR_COUNT", "SkillMatrix", "skill_of"]

#: Weight of the broader share, in incidents: it forecast weeks 4 and 5 best (log loss) from the weeks before them.
PRIOR_COUNT = 4.0
#: A resolver lists a skill only after resolving this many incidents of the category in person ...
LEAST_EXPERIENCE = 2
#: ... and only where the group's share is at least this.
LEAST_SHARE = 0.01

Shares = NDArray[np.float64]


def skill_of(incident: Incident) -> str:
    """Name the skill that an incident asks for; uses nothing but what was known when it was opened."""
    return f"{incident.kind} at site {incident.site}"


class SkillMatrix:
    """Shares of the groups in each kind of incident, learnt from history."""

    def __init__(self, history: Iterable[Incident], people: People) -> None:
        history = list(history)
        self.people = people
        self.groups = sorted({incident.resolving_group for incident in history})
        column = {group: index for index, group in enumerate(self.groups)}
        self._counts: dict[str, Shares] = defaultdict(lambda: np.zeros(len(self.groups)))
        for incident in history:
            for name in ("all", *_names(incident)):
                self._counts[name][column[incident.resolving_group]] += 1
        self._everywhere = self._towards("all", np.full(len(self.groups), 1 / len(self.groups)))
        self._known: dict[str, dict[str, float]] = {}

    def shares(self, incident: Incident) -> dict[str, float]:
        """Estimate for each group the chance that it will be the one to resolve `incident`."""
        skill = skill_of(incident)
        if skill not in self._known:
            category, kind, site, cell = _names(incident)
            of_kind = self._towards(kind, self._towards(category, self._everywhere))
            of_site = self._towards(site, self._everywhere)
            shares = self._towards(cell, (of_kind + of_site) / 2)
            self._known[skill] = {group: round(float(s), 3) for group, s in zip(self.groups, shares, strict=True)}
        return self._known[skill]

    def skills(self, resolver: str, incidents: Iterable[Incident]) -> dict[str, float]:
        """Read off a resolver's proficiencies for the kinds that `incidents` need; thin evidence is no skill."""
        group, experience = self.people.group[resolver], self.people.experience[resolver]
        known = {category for category, count in experience.items() if count >= LEAST_EXPERIENCE}
        levels = {
            skill_of(incident): self.shares(incident)[group] for incident in incidents if incident.category in known
        }
        return {skill: level for skill, level in levels.items() if level >= LEAST_SHARE}

    def _towards(self, name: str, broader: Shares) -> Shares:
        counts = self._counts[name]
        shrunk: Shares = (counts + PRIOR_COUNT * broader) / (counts.sum() + PRIOR_COUNT)
        return shrunk


def _names(incident: Incident) -> tuple[str, str, str, str]:
    return (
        f"category {incident.category}",
        f"kind {incident.kind}",
        f"site {incident.site}",
        f"cell {incident.kind} at {incident.site}",
    )
