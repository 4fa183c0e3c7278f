"""How observations scatter around an agent's mean: yes and no, or numbers; the two laws behind the tables."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from attrs import frozen

from routematch.learning.experience import Codes, Floats
from routematch.learning.gather import CellColumns

__all__ = ["Binomial", "Family", "Normal", "noise_by_skill"]


#: Logits are kept between these limits: no probability is taken as nearer than one in eight thousand to 0 or 1.
_WIDEST = 9.0


class Family(Protocol):
    """The law of an observation, with agents' means on a linear scale on which skill and agent add up."""

    def linear(self, mean: Floats) -> Floats:
        """Return means on the linear scale."""
        ...

    def mean(self, linear: Floats) -> Floats:
        """Return means on their own scale."""
        ...

    def slope(self, mean: Floats) -> Floats:
        """Return how fast the mean grows with the linear scale."""
        ...

    def variance(self, mean: Floats, skill: Codes) -> Floats:
        """Return the variance of one observation around its agent's mean."""
        ...

    def kurtosis(self, variance: Floats) -> Floats:
        """Return the excess kurtosis of one observation."""
        ...

    def strength(self, between: Floats, variance: Floats) -> Floats:
        """Return how many observations a belief is worth whose variance is `between`."""
        ...

    def between(self, strength: Floats, variance: Floats) -> Floats:
        """Return the variance of a belief worth so many observations."""
        ...

    def scatter(self, between: Floats, variance: Floats, count: Floats) -> Floats:
        """Return the variance of a mean of `count` observations of an agent, the agent's own mean being drawn too."""
        ...

    def log_likelihood(self, cells: CellColumns, mean: Floats, strength: Floats, variance: Floats) -> Floats:
        """Return the log-likelihood of each cell, up to a constant, when agents scatter by a belief."""
        ...


@frozen
class Binomial:
    """Yes and no: Beta beliefs, added up on the logit scale."""

    def linear(self, mean: Floats) -> Floats:
        """Return logits."""
        with np.errstate(divide="ignore"):
            logits: Floats = np.clip(np.log(mean) - np.log1p(-mean), -_WIDEST, _WIDEST)
        return logits

    def mean(self, linear: Floats) -> Floats:
        """Return probabilities."""
        return 1.0 / (1.0 + np.exp(-np.clip(linear, -_WIDEST, _WIDEST)))

    def slope(self, mean: Floats) -> Floats:
        """Return ``p (1 - p)``."""
        return mean * (1.0 - mean)

    def variance(self, mean: Floats, skill: Codes) -> Floats:  # noqa: ARG002 - follows from the mean
        """Return ``p (1 - p)``."""
        return mean * (1.0 - mean)

    def kurtosis(self, variance: Floats) -> Floats:
        """Return ``1 / variance - 6``."""
        return 1.0 / variance - 6.0

    def strength(self, between: Floats, variance: Floats) -> Floats:
        """Return the sum of the two parameters of the Beta law with this variance."""
        return np.maximum(variance / between - 1.0, 0.5)

    def between(self, strength: Floats, variance: Floats) -> Floats:
        """Return the variance of the Beta law."""
        return variance / (strength + 1.0)

    def scatter(self, between: Floats, variance: Floats, count: Floats) -> Floats:
        """Return that of the Beta-Binomial law: what lies between agents is no noise inside."""
        return between + (variance - between) / count

    def log_likelihood(self, cells: CellColumns, mean: Floats, strength: Floats, variance: Floats) -> Floats:  # noqa: ARG002
        """Return the Beta-Binomial one."""
        from scipy.special import betaln

        yes, no = mean * strength, (1.0 - mean) * strength
        failures = np.maximum(cells.count - cells.total, 0.0)
        value: Floats = betaln(cells.total + yes, failures + no) - betaln(yes, no)
        return value


@frozen(eq=False)
class Normal:
    """Numbers with the same noise for all agents of a skill: normal beliefs.

    Attributes
    ----------
    noise : ndarray of float64, shape (S,)
        Variance of one observation, by skill.
    """

    noise: Floats

    def linear(self, mean: Floats) -> Floats:
        """Return the means themselves."""
        return mean

    def mean(self, linear: Floats) -> Floats:
        """Return the means themselves."""
        return linear

    def slope(self, mean: Floats) -> Floats:
        """Return ones."""
        return np.ones_like(mean)

    def variance(self, mean: Floats, skill: Codes) -> Floats:  # noqa: ARG002 - the same for all means
        """Return the noise of the skill."""
        return self.noise[skill]

    def kurtosis(self, variance: Floats) -> Floats:
        """Return zeros."""
        return np.zeros_like(variance)

    def strength(self, between: Floats, variance: Floats) -> Floats:
        """Return the noise over the variance of the belief."""
        return variance / between

    def between(self, strength: Floats, variance: Floats) -> Floats:
        """Return the variance of the belief."""
        return variance / strength

    def scatter(self, between: Floats, variance: Floats, count: Floats) -> Floats:
        """Return the variance between agents, and the noise over the count."""
        return between + variance / count

    def log_likelihood(self, cells: CellColumns, mean: Floats, strength: Floats, variance: Floats) -> Floats:
        """Return that of the mean of each cell."""
        spread = self.scatter(self.between(strength, variance), variance, cells.count)
        return -0.5 * (np.log(spread) + (cells.mean - mean) ** 2 / spread)


#: A skill's own noise is pulled towards that of all skills, as if by so many observations.
_NOISE_PULL = 10.0


def noise_by_skill(cells: CellColumns, *, fallback: float) -> Floats:
    """Return the variance of observations around their own cell's mean, pulled towards that of all skills; (S,)."""
    inside = np.maximum(cells.squares - cells.total**2 / cells.count, 0.0)
    freedom = np.maximum(cells.count - 1.0, 0.0)
    overall = inside.sum() / freedom.sum() if freedom.sum() >= 1.0 else fallback
    noise = (cells.by_skill(inside) + _NOISE_PULL * overall) / (cells.by_skill(freedom) + _NOISE_PULL)
    return np.maximum(noise, 1e-9)
