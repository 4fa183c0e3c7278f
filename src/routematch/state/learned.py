"""Learned numbers as columns: what history says about agents, by skill, ready for whole rosters at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.model import AllOf, AnyOf, Attribute, Condition, Estimate, NoneOf, Requirement
from routematch.model.evidence import ANYBODY
from routematch.state.roster import Roster

__all__ = ["Learned"]


@frozen(eq=False)
class Learned:
    """One table of estimates, turned from agents by skill to skills by agent.

    Attributes
    ----------
    roster : Roster
    by_skill : dict from name to (ndarray of intp, ndarray of float64)
        For each skill (or channel, or ``"*"``): roster positions and learned means.
    """

    roster: Roster
    by_skill: dict[str, tuple[NDArray[np.intp], NDArray[np.float64]]]

    @classmethod
    def of(cls, table: Mapping[str, Mapping[str, Estimate]], roster: Roster) -> Learned:
        """Turn a table of estimates; agents who are not in the roster are left out.

        The row of ``"*"`` stands for every agent and skill of whom nothing else is said.
        """
        entries: dict[str, tuple[list[int], list[float]]] = {}
        for agent, row in table.items():
            position = roster.index.get(agent)
            if position is None:
                continue
            for name, estimate in row.items():
                positions, means = entries.setdefault(name, ([], []))
                positions.append(position)
                means.append(estimate.mean)
        by_skill = {name: (np.array(p, np.intp), np.array(m)) for name, (p, m) in entries.items()}
        for name, estimate in table.get(ANYBODY, {}).items():
            known, learned = by_skill.get(name, (np.empty(0, np.intp), np.empty(0)))
            others = np.setdiff1d(np.arange(len(roster)), known)
            usual = np.full(len(others), estimate.mean)
            by_skill[name] = (np.concatenate([known, others]), np.concatenate([learned, usual]))
        return cls(roster, by_skill)

    def says_anything(self, skills: Iterable[str]) -> bool:
        """Whether history says anything about one of these skills."""
        return any(skill in self.by_skill for skill in skills)

    def overwrite(self, target: NDArray[np.float64], name: str) -> None:
        """Put the learned means of a skill or channel into a column, in place, where there are any."""
        if name in self.by_skill:
            positions, means = self.by_skill[name]
            target[positions] = means

    def largest(self, skills: Iterable[str]) -> NDArray[np.float64]:
        """Return the largest learned mean among some skills for each agent, shape (A,); NaN where there is none."""
        largest = np.full(len(self.roster), np.nan)
        for skill in skills:
            own = np.full(len(self.roster), np.nan)
            self.overwrite(own, skill)
            np.fmax(largest, own, out=largest)
        return largest

    def achievement(self, condition: Condition) -> NDArray[np.float64]:
        """Return the weakest link of each agent, shape (A,), learned means in place of declared levels.

        Declared levels still decide which branch of an `AnyOf` is met. Meaningless where the condition is not met.
        """
        if isinstance(condition, Requirement):
            level = self.roster.proficiency(condition.skill)[self.roster.profile_of]
            held = ~np.isnan(level)
            self.overwrite(level, condition.skill)
            return np.where(held, level, np.nan)
        if isinstance(condition, Attribute | NoneOf):
            return np.ones(len(self.roster))
        if isinstance(condition, AllOf):
            weakest = np.ones(len(self.roster))
            for part in condition.parts:
                np.fmin(weakest, self.achievement(part), out=weakest)
            return weakest
        return self._best_branch(condition)

    def _best_branch(self, condition: AnyOf) -> NDArray[np.float64]:
        best = np.full(len(self.roster), np.nan)
        for part in condition.parts:
            met = self.roster.declared(part).met[self.roster.profile_of]
            np.fmax(best, np.where(met, self.achievement(part), np.nan), out=best)
        return best
