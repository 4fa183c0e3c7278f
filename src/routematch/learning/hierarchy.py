"""What to believe of an agent at a skill before looking at that very record: the skill, and the agent's other skills.

The mean of an agent at a skill is taken as skill + agent + what is special about the two, added on the linear scale of
the `Family`. How much agents differ as such, and how much at one skill, is found from all records together (empirical
Bayes: Efron and Morris, 1973, Stein's estimation rule and its competitors). The belief about a pair uses the records of
the agent's *other* skills only, so that its own record is not counted twice when it is added.

The chance that equal agents would differ as much comes first: where it is not small, shrinking is not left to a
variance that happens to be estimated above zero; the agents are taken as equal.
"""

from __future__ import annotations

import numpy as np
from attrs import evolve, frozen

from routematch.learning.experience import Codes, Floats
from routematch.learning.family import Family
from routematch.learning.gather import CellColumns

__all__ = ["Beliefs", "Differences", "differences", "fit_beliefs"]

#: Strengths that are tried: from agents who have nothing in common to agents who are the same.
_STRENGTHS = np.geomspace(1.0, 3000.0, 36)
_ROUNDS, _STEPS = 6, 12
#: How far the strength of one skill may lie from that of all: standard deviation of its logarithm.
_SCATTER = 0.5


@frozen(eq=False)
class Beliefs:
    """Means and strengths before a pair's own record.

    Attributes
    ----------
    mean, strength : ndarray of float64, shape (Q,)
        For each cell.
    skill_mean, skill_strength : ndarray of float64, shape (S,)
        For an agent of whom nothing is known.
    agent_mean, agent_strength : ndarray of float64, shape (A, S)
        For pairs without a record, from everything else the agent did.
    agents_differ : bool
        Whether agents were found to differ in all their skills alike.
    """

    mean: Floats
    strength: Floats
    skill_mean: Floats
    skill_strength: Floats
    agent_mean: Floats
    agent_strength: Floats
    agents_differ: bool


@frozen(eq=False)
class _Fit:
    """The parameters while they are found."""

    skill: Floats  # (S,) on the linear scale
    strength: Floats  # (S,)
    agent: Floats  # (A,) on the linear scale
    spread: float  # variance of agents on the linear scale; 0: no such thing


def fit_beliefs(cells: CellColumns, family: Family, *, share_between_skills: bool = True) -> Beliefs:
    """Find what to believe of each pair.

    Parameters
    ----------
    cells : CellColumns
    family : Family
    share_between_skills : bool
        Whether an agent's other skills count.

    Returns
    -------
    Beliefs
        Needs at least one cell; linear in the number of cells.
    """
    shared = share_between_skills and bool((np.bincount(cells.agent) > 1).any())
    fit = _Fit(
        family.linear((cells.by_skill(cells.total) + 0.5 * _overall(cells)) / (cells.by_skill(cells.count) + 0.5)),
        np.full(len(cells.skills), 20.0),
        np.zeros(len(cells.agents)),
        0.1 * float(np.mean(_scale(cells, family))) if shared else 0.0,
    )
    for _ in range(_ROUNDS):
        for _ in range(_STEPS if shared else 3):
            fit = _step(cells, family, fit)
        fit = evolve(fit, strength=_strengths(cells, family, fit))
    return _beliefs(cells, family, fit)


def _overall(cells: CellColumns) -> float:
    return float(cells.total.sum() / cells.count.sum())


def _scale(cells: CellColumns, family: Family) -> Floats:
    """Return the variance of one observation on the linear scale, for each cell at its skill's mean."""
    mean = family.mean(family.linear(np.full(len(cells), _overall(cells))))
    return family.variance(mean, cells.skill) / family.slope(mean) ** 2


def _score(cells: CellColumns, family: Family, fit: _Fit, linear: Floats) -> tuple[Floats, Floats]:
    """Return how strongly each cell pulls on the linear scale, and how much it knows (quasi-likelihood)."""
    mean = family.mean(linear)
    variance, slope = family.variance(mean, cells.skill), family.slope(mean)
    between = family.between(fit.strength[cells.skill], variance)
    spread = np.maximum(family.scatter(between, variance, cells.count), 1e-12)
    return slope * (cells.mean - mean) / spread, slope**2 / spread


def _step(cells: CellColumns, family: Family, fit: _Fit) -> _Fit:
    """Take one step for the skills, then for the agents, then for how much agents differ."""
    pull, known = _score(cells, family, fit, fit.skill[cells.skill] + fit.agent[cells.agent])
    change = np.clip(cells.by_skill(pull) / np.maximum(cells.by_skill(known), 1e-9), -1.0, 1.0)
    fit = evolve(fit, skill=fit.skill + change)
    if fit.spread <= 0.0:
        return fit
    pull, known = _score(cells, family, fit, fit.skill[cells.skill] + fit.agent[cells.agent])
    precision = cells.by_agent(known) + 1.0 / fit.spread
    agent = fit.agent + np.clip((cells.by_agent(pull) - fit.agent / fit.spread) / precision, -1.0, 1.0)
    spread = max(float(np.mean(agent**2 + 1.0 / precision)), 1e-6)
    return evolve(fit, agent=agent, spread=spread)


def _without_own(cells: CellColumns, family: Family, fit: _Fit) -> tuple[Floats, Floats]:
    """Return what the agent's other skills say of the agent: mean and variance on the linear scale, shape (Q,)."""
    if fit.spread <= 0.0:
        return np.zeros(len(cells)), np.zeros(len(cells))
    pull, known = _score(cells, family, fit, fit.skill[cells.skill] + fit.agent[cells.agent])
    said = known * fit.agent[cells.agent] + pull
    precision = cells.by_agent(known)[cells.agent] - known + 1.0 / fit.spread
    return (cells.by_agent(said)[cells.agent] - said) / precision, 1.0 / precision


def _predicted(cells: CellColumns, family: Family, fit: _Fit) -> tuple[Floats, Floats, Floats]:
    """Return mean, variance of one observation and doubt about the mean, from all but the pair's own record; (Q,)."""
    effect, doubt = _without_own(cells, family, fit)
    pull, known = _score(cells, family, fit, fit.skill[cells.skill] + fit.agent[cells.agent])
    others = np.maximum(cells.by_skill(known)[cells.skill] - known, 0.1 * known)
    mean = family.mean(fit.skill[cells.skill] - np.clip(pull / others, -1.0, 1.0) + effect)
    return mean, family.variance(mean, cells.skill), family.slope(mean) ** 2 * (doubt + 1.0 / others)


def _strengths(cells: CellColumns, family: Family, fit: _Fit) -> Floats:
    """Return how alike agents are at each skill, from how well each strength predicts the cells; shape (S,).

    Beforehand all variances are equally likely, which keeps intervals as wide as they must be where agents are few
    (Morris, 1983, Parametric empirical Bayes inference), and those of different skills are near to each other.
    """
    mean, variance, doubt = _predicted(cells, family, fit)
    total = family.strength(family.between(_STRENGTHS[:, None], variance) + doubt, variance)
    fits = np.stack([cells.by_skill(each) for each in family.log_likelihood(cells, mean, total, variance)])
    logs = np.log(_STRENGTHS)[:, None]
    center = np.log(_usual_strength(fits.sum(axis=1, keepdims=True) - logs))
    return _usual_strength(fits - logs - (logs - center) ** 2 / (2.0 * _SCATTER**2))


def _usual_strength(log_weight: Floats) -> Floats:
    """Return the strength whose share of variance is the mean of those tried, by weight; last axis kept."""
    weight = np.exp(log_weight - log_weight.max(axis=0))
    share: Floats = (weight / (1.0 + _STRENGTHS[:, None])).sum(axis=0) / weight.sum(axis=0)
    return 1.0 / share - 1.0


def _beliefs(cells: CellColumns, family: Family, fit: _Fit) -> Beliefs:
    mean, variance, doubt = _predicted(cells, family, fit)
    strength = family.strength(family.between(fit.strength[cells.skill], variance) + doubt, variance)
    _, known = _score(cells, family, fit, fit.skill[cells.skill] + fit.agent[cells.agent])
    unsure = 1.0 / np.maximum(cells.by_skill(known), 1e-9)
    everywhere = np.arange(len(cells.skills))
    precision = cells.by_agent(known) + (1.0 / fit.spread if fit.spread > 0 else np.inf)

    def belief(linear: Floats, spread: Floats | float, skill: Codes) -> tuple[Floats, Floats]:
        center = family.mean(linear)
        width = family.variance(center, skill)
        own = family.between(fit.strength[skill], width)
        return center, family.strength(own + family.slope(center) ** 2 * (spread + unsure[skill]), width)

    skill_mean, skill_strength = belief(fit.skill, fit.spread, everywhere)
    rows, columns = np.broadcast_arrays(fit.agent[:, None], everywhere[None, :])
    agent_mean, agent_strength = belief(fit.skill[columns] + rows, (1.0 / precision)[:, None], columns)
    differ = fit.spread > 1e-3 * float(np.mean(_scale(cells, family)))
    return Beliefs(mean, strength, skill_mean, skill_strength, agent_mean, agent_strength, differ)


@frozen(eq=False)
class Differences:
    """How often equal agents would differ as much as those seen.

    Attributes
    ----------
    chance : float
        Over all skills, and over agents as such; small means that they differ.
    by_skill : ndarray of float64, shape (S,)
        For each skill alone.
    """

    chance: float
    by_skill: Floats


def differences(cells: CellColumns, family: Family) -> Differences:
    """Test whether agents differ at all: within the skills, or over all their skills together.

    Squared distances from the mean of each skill, in their own units, are compared with the chi-squared law that has
    their mean and variance under equality, which also holds for small counts (Satterthwaite, 1946). The smaller of the
    two chances is doubled.
    """
    usual = (cells.by_skill(cells.total) / np.maximum(cells.by_skill(cells.count), 1e-12))[cells.skill]
    variance = np.maximum(family.variance(usual, cells.skill), 1e-12)
    excess = cells.total - cells.count * usual
    inside = excess**2 / (cells.count * variance)
    more = family.kurtosis(variance)
    freedom = np.maximum(1.0 - cells.count / cells.by_skill(cells.count)[cells.skill], 0.0)
    by_skill = _tail(
        cells.by_skill(inside), cells.by_skill(freedom), cells.by_skill(2 * freedom**2 + more / cells.count)
    )
    within = _tail(inside.sum(), freedom.sum(), (2 * freedom**2 + more / cells.count).sum())
    known = cells.by_agent(cells.count * variance)
    alike = cells.by_agent(excess) ** 2 / known
    own = np.maximum(1.0 - cells.by_agent(cells.count) / cells.count.sum(), 0.0)
    across = _tail(
        alike.sum(), own.sum(), (2 * own**2 + cells.by_agent(more * cells.count * variance**2) / known**2).sum()
    )
    return Differences(float(min(2.0 * min(float(within), float(across)), 1.0)), np.asarray(by_skill, np.float64))


def _tail(value: Floats | float, mean: Floats | float, variance: Floats | float) -> Floats:
    """Return the chance of a larger value under the scaled chi-squared law with this mean and variance; 1 if mean 0."""
    from scipy.special import chdtrc

    mean, variance = np.maximum(mean, 1e-12), np.maximum(variance, 1e-12)
    chance: Floats = np.where(mean > 1e-9, chdtrc(2.0 * mean**2 / variance, value * 2.0 * mean / variance), 1.0)
    return chance
