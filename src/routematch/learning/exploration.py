"""Trying agents of whom little is known, within a stated loss: estimates drawn at random, or taken at their best.

Routing needs no change for this: a decision is taken with other estimates, once. The generator is that of the decision
(seed and number of the decision), so that the same decision draws the same again, and `propensities` says afterwards
how likely each agent was, which is what off-policy estimates need.

>>> from routematch.model import Estimates
>>> from routematch.model.evidence import Cell, Evidence
>>> cells = {"ana": {"billing": Cell(0.7, 5.0)}, "bo": {"billing": Cell(0.68, 5.0)}}
>>> known = Estimates(evidence={"success": Evidence("probability", cells=cells, has_signal=True)})
>>> propensities(known, "billing", ["ana", "bo"], most_loss=0.1).round(2)
array([0.68, 0.32])
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from attrs import frozen
from numpy.typing import ArrayLike

from routematch.errors import Faults
from routematch.learning.certainty import shape_of
from routematch.learning.experience import Floats
from routematch.model import Estimate, Estimates
from routematch.model.checks import check_number
from routematch.model.evidence import EVERYTHING
from routematch.model.frozen import FrozenMap

__all__ = ["propensities", "thompson", "upper_confidence"]

_POINTS = 4001


@frozen(eq=False)
class _Beliefs:
    """Beta laws of some pairs, each cut off so near to its mean that no choice can lose more than was allowed."""

    pairs: tuple[tuple[str, str], ...]
    mean: Floats
    count: Floats
    yes: Floats
    no: Floats


def thompson(
    estimates: Estimates,
    generator: np.random.Generator,
    *,
    most_loss: float = 0.05,
    agents: Iterable[str] | None = None,
    skills: Iterable[str] | None = None,
) -> Estimates:
    """Draw chances of success from what is believed of them (Thompson, 1933).

    Parameters
    ----------
    estimates : Estimates
    generator : numpy.random.Generator
        That of the decision: ``numpy.random.default_rng([seed, number of the decision])``.
    most_loss : float
        The most that one conversation may be expected to lose by it, in chance of success. Draws are taken from the
        belief within half of it on both sides of the mean.
    agents, skills : iterable of str, optional
        For whom to draw; None: every agent and skill with a cell. An agent without one is drawn as anybody.

    Returns
    -------
    Estimates
        For one decision: without evidence, so that nothing is added to it by mistake. Where agents were not found to
        differ, `estimates` as they are.
    """
    from scipy.special import betainc, betaincinv

    beliefs = _beliefs(estimates, agents, skills, most_loss)
    if beliefs is None:
        return estimates
    low, high = _limits(beliefs, most_loss)
    first, last = betainc(beliefs.yes, beliefs.no, low), betainc(beliefs.yes, beliefs.no, high)
    drawn = betaincinv(beliefs.yes, beliefs.no, first + (last - first) * generator.random(len(low)))
    return _replaced(estimates, beliefs, np.clip(np.nan_to_num(drawn, nan=0.5), low, high))


def upper_confidence(
    estimates: Estimates,
    *,
    level: float = 0.9,
    most_loss: float = 0.05,
    agents: Iterable[str] | None = None,
    skills: Iterable[str] | None = None,
) -> Estimates:
    """Take each agent at the upper end of what is believed: who is little known looks better (Lai and Robbins, 1985).

    Parameters
    ----------
    estimates, agents, skills
        As for `thompson`.
    level : float
        Probability that the truth lies below.
    most_loss : float
        The most that is added to a mean, and so the most that one conversation may be expected to lose.

    Returns
    -------
    Estimates
        For one decision; the same each time, so that no propensities follow from it.
    """
    from scipy.special import betaincinv

    beliefs = _beliefs(estimates, agents, skills, most_loss)
    if beliefs is None:
        return estimates
    upper = betaincinv(beliefs.yes, beliefs.no, level)
    return _replaced(estimates, beliefs, np.clip(upper, beliefs.mean, np.minimum(beliefs.mean + most_loss, 1.0)))


def propensities(
    estimates: Estimates,
    skill: str,
    agents: Sequence[str],
    *,
    most_loss: float = 0.05,
    other: ArrayLike = 0.0,
) -> Floats:
    """Return how likely each agent is to be the best for one conversation, under `thompson`.

    Parameters
    ----------
    estimates : Estimates
    skill : str
    agents : sequence of str
        Those who could take it.
    most_loss : float
        As given to `thompson`.
    other : float or ndarray of float64, shape (A,)
        What else the worth of each agent holds, in chances of success.

    Returns
    -------
    ndarray of float64, shape (A,)
        Sums to 1. For one conversation by itself; where several compete for agents, count repeated decisions.
    """
    from scipy.special import betainc

    beliefs = _beliefs(estimates, agents, [skill], most_loss)
    if beliefs is None or len(beliefs.pairs) < len(agents):
        faults = Faults()
        faults.add("must be a skill of which something was learned", place="skill", given=skill)
        faults.raise_if_any()
    assert beliefs is not None
    place = {agent: i for i, (agent, _) in enumerate(beliefs.pairs)}
    order = np.array([place[agent] for agent in agents], np.intp)
    shift = np.broadcast_to(np.asarray(other, np.float64), len(agents))
    low, high = (limit[order] for limit in _limits(beliefs, most_loss))
    points = np.unique(
        np.concatenate([np.linspace((low + shift).min(), (high + shift).max(), _POINTS), low + shift, high + shift])
    )
    yes, no = beliefs.yes[order, None], beliefs.no[order, None]
    first, last = betainc(yes, no, low[:, None]), betainc(yes, no, high[:, None])
    inside = np.clip(points - shift[:, None], low[:, None], high[:, None])
    width = np.maximum(last - first, 1e-300)
    below = np.where(last > first, (betainc(yes, no, inside) - first) / width, points >= (high + shift)[:, None])
    middle = (below[:, 1:] + below[:, :-1]) / 2.0
    with np.errstate(divide="ignore"):
        logs = np.log(middle)
    others = np.exp(np.where(np.isneginf(logs), 0.0, logs).sum(axis=0) - np.where(np.isneginf(logs), 0.0, logs))
    zeros = np.isneginf(logs)
    others[(zeros.sum(axis=0) - zeros) > 0] = 0.0
    share: Floats = (np.diff(below, axis=1) * others).sum(axis=1)
    return np.asarray(share / share.sum(), np.float64)


def _beliefs(
    estimates: Estimates, agents: Iterable[str] | None, skills: Iterable[str] | None, most_loss: float
) -> _Beliefs | None:
    """Return what is believed, in order of agent, then skill; None where agents were not found to differ."""
    faults = Faults()
    check_number(faults, "most_loss", most_loss, above=0, at_most=1)
    faults.raise_if_any()
    evidence = estimates.evidence.get("success")
    if evidence is None or not evidence.has_signal:
        return None
    names = sorted(evidence.cells if agents is None else agents)
    known = set(evidence.skills).union(*evidence.cells.values()) - {EVERYTHING}
    asked = sorted(known if skills is None else known.intersection(skills))
    found = {(a, s): cell for a in names for s in asked if (cell := evidence.cell(a, s)) is not None}
    shapes = np.array([shape_of(cell) for cell in found.values()], np.float64).reshape(-1, 2)
    means = np.array([evidence.mean_of(cell, skill) for (_, skill), cell in found.items()], np.float64)
    counts = np.array([cell.count for cell in found.values()], np.float64)
    return _Beliefs(tuple(found), means, counts, shapes[:, 0], shapes[:, 1])


def _limits(beliefs: _Beliefs, most_loss: float) -> tuple[Floats, Floats]:
    half = most_loss / 2.0
    return np.maximum(beliefs.mean - half, 0.0), np.minimum(beliefs.mean + half, 1.0)


def _replaced(estimates: Estimates, beliefs: _Beliefs, means: Floats) -> Estimates:
    rows: dict[str, dict[str, Estimate]] = {agent: dict(row) for agent, row in estimates.success.items()}
    for (agent, skill), mean, count in zip(beliefs.pairs, means.tolist(), beliefs.count.tolist(), strict=True):
        rows.setdefault(agent, {})[skill] = Estimate(mean, count)
    table = FrozenMap({agent: FrozenMap(row) for agent, row in rows.items()})
    return estimates.replaced(success=table, evidence=FrozenMap())
