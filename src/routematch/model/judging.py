"""How one agent stands to one condition: met or not, and how well.

>>> from routematch.model.agents import Agent
>>> from routematch.model.requirements import any_of
>>> judge(any_of({"french": 0.5}, {"english": 0.5}), Agent("ana", {"french": 0.6, "english": 0.9}))
(True, 0.9)
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from routematch.model.agents import Agent
from routematch.model.requirements import AllOf, AnyOf, Attribute, Condition, Requirement

__all__ = ["attribute_of", "judge"]


def attribute_of(agent: Agent, name: str) -> object:
    """Return what an `Attribute` condition sees: the kind under ``"kind"``, else the stated attribute or None."""
    return agent.kind if name == "kind" else agent.attributes.get(name)


def judge(condition: Condition, agent: Agent, *, levels: Mapping[str, float] | None = None) -> tuple[bool, float]:
    """Judge one agent by one condition.

    Parameters
    ----------
    condition : Condition
        Without relaxation, or as it stands at the start.
    agent : Agent
        Declared proficiency decides whether the condition is met.
    levels : mapping from skill to float, optional
        What counts as achievement in place of declared proficiency, such as learned success probabilities.

    Returns
    -------
    met : bool
    achievement : float
        The weakest link among required skills, the best met branch of an `AnyOf`, 1 where no skill counts;
        meaningless where the condition is not met.
    """
    if isinstance(condition, Requirement):
        declared = agent.skills.get(condition.skill, -math.inf)
        achieved = declared if levels is None else levels.get(condition.skill, declared)
        return declared >= condition.at_least, achieved
    if isinstance(condition, Attribute):
        return condition.is_met_by(attribute_of(agent, condition.name)), 1.0
    judged = [judge(part, agent, levels=levels) for part in condition.parts]
    if isinstance(condition, AllOf):
        return all(met for met, _ in judged), min((achieved for _, achieved in judged), default=1.0)
    if isinstance(condition, AnyOf):
        branches = [achieved for met, achieved in judged if met]
        return bool(branches), max(branches, default=0.0)
    return not any(met for met, _ in judged), 1.0
