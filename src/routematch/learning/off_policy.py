"""What another way of choosing agents would have achieved, estimated from choices that were made with some chance.

A log says who could have taken each conversation, how likely each was, who did, and what came of it. Weighing what
happened by how much more likely another policy makes it gives that policy's mean without trying it, as long as the log
tried what the policy would choose. This holds for single choices as they stood in the log: that a policy changes who
is free later is a question for simulation.

>>> log = LoggedChoices(propensity=[[0.5, 0.5]] * 4, chosen=[0, 0, 1, 1], reward=[1, 1, 0, 1])
>>> always_first = off_policy_value(log, [[1.0, 0.0]] * 4, method="self_normalised")
>>> always_first.value.mean
1.0
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from attrs import field, frozen
from numpy.typing import ArrayLike

from routematch.errors import Faults
from routematch.learning.experience import Codes, Floats
from routematch.model import Interval
from routematch.model.checks import check_choice, check_number

__all__ = ["METHODS", "LoggedChoices", "OffPolicyValue", "off_policy_value"]

#: By weights alone, by weights that sum to one, and by weights on what a model gets wrong.
METHODS = ("inverse_propensity", "self_normalised", "doubly_robust")
#: With fewer conversations of equal weight than this, an interval cannot be trusted.
_LEAST_EFFECTIVE = 30.0


def _floats(value: ArrayLike) -> Floats:
    array = np.array(value, np.float64)
    array.flags.writeable = False
    return array


def _codes(value: ArrayLike) -> Codes:
    array = np.array(value, np.intp)
    array.flags.writeable = False
    return array


@frozen(eq=False)
class LoggedChoices:
    """Choices with their chances.

    Attributes
    ----------
    propensity : ndarray of float64, shape (N, K)
        How likely each candidate was to be chosen; rows sum to 1, places that are not needed hold 0.
    chosen : ndarray of intp, shape (N,)
        Which candidate it was.
    reward : ndarray of float64, shape (N,)
        What came of it.
    names : tuple of tuple of str
        The candidates of each choice, where it was made by `of`.
    """

    propensity: Floats = field(converter=_floats)
    chosen: Codes = field(converter=_codes)
    reward: Floats = field(converter=_floats)
    names: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def of(cls, choices: Iterable[tuple[Mapping[str, float], str, float]]) -> LoggedChoices:
        """Make a log from single choices: chances by agent, who was chosen, what came of it.

        Raises
        ------
        InvalidInputError
            When somebody was chosen who was no candidate, or chances do not add up.

        Examples
        --------
        >>> log = LoggedChoices.of([({"ana": 0.9, "bo": 0.1}, "ana", 1.0), ({"bo": 1.0}, "bo", 0.0)])
        >>> log.propensity.tolist(), log.chosen.tolist()
        ([[0.9, 0.1], [1.0, 0.0]], [0, 0])
        """
        faults, rows = Faults(), list(choices)
        for i, (chances, chosen, _) in enumerate(rows):
            if chosen not in chances:
                faults.unknown(chosen, known=chances, place=f"choices[{i}]", what="candidate")
        faults.raise_if_any()
        names = tuple(tuple(chances) for chances, _, _ in rows)
        chosen_at = [tuple(chances).index(chosen) for chances, chosen, _ in rows]
        return cls(_places(names, [chances for chances, _, _ in rows]), chosen_at, [r for _, _, r in rows], names)

    def table(self, rows: Iterable[Mapping[str, float]]) -> Floats:
        """Bring numbers by agent, a mapping for each choice, into the places of the candidates; 0 where none is given.

        For the chances of another policy, or what a model expects.

        Raises
        ------
        InvalidInputError
            When the log was not made by `of`, there are not as many mappings as choices, or one names somebody else.
        """
        given, faults = list(rows), Faults()
        if len(given) != len(self) or len(self.names) != len(self):
            faults.add(f"must be {len(self)} mappings, for a log made by LoggedChoices.of", place="rows")
        for i, (names, row) in enumerate(zip(self.names, given, strict=False)):
            for name in set(row).difference(names):
                faults.unknown(name, known=names, place=f"rows[{i}]", what="candidate")
        faults.raise_if_any()
        return _places(self.names, given)

    def __attrs_post_init__(self) -> None:
        """Check shapes and chances; all faults are raised together."""
        faults = Faults()
        _check_chances(faults, "propensity", self.propensity, None)
        size = len(self.propensity)
        if self.chosen.shape != (size,) or self.reward.shape != (size,) or not np.isfinite(self.reward).all():
            faults.add(f"chosen and reward must be {size} finite numbers each", place="reward")
        faults.raise_if_any()
        if size and (self.chosen.min() < 0 or self.chosen.max() >= self.propensity.shape[1]):
            faults.add("must name a candidate", place="chosen", given=self.chosen)
        elif size and (self.propensity[np.arange(size), self.chosen] <= 0).any():
            faults.add("must have a chance above 0 where it was chosen", place="propensity")
        faults.raise_if_any()

    def __len__(self) -> int:
        """Return the number of choices."""
        return len(self.chosen)


def _places(names: Sequence[Sequence[str]], rows: Sequence[Mapping[str, float]]) -> Floats:
    table = np.zeros((len(rows), max((len(each) for each in names), default=1)))
    for i, (each, row) in enumerate(zip(names, rows, strict=True)):
        table[i, : len(each)] = [row.get(name, 0.0) for name in each]
    return table


@frozen
class OffPolicyValue:
    """What a policy would have achieved per choice.

    Attributes
    ----------
    value : Interval
        Its interval holds for many choices, and only where there are no warnings.
    effective_count : float
        As many choices of equal weight would be as sure.
    uncovered : float
        Share of the policy's choices that the log never tried.
    warnings : tuple of str
        Why the interval cannot be trusted; empty where it can.
    """

    value: Interval
    effective_count: float
    uncovered: float
    warnings: tuple[str, ...] = ()


def off_policy_value(
    log: LoggedChoices,
    target: ArrayLike,
    *,
    method: str = "doubly_robust",
    predicted: ArrayLike | None = None,
    level: float = 0.95,
) -> OffPolicyValue:
    """Estimate what a policy would have achieved.

    Parameters
    ----------
    log : LoggedChoices
    target : ndarray of float64, shape (N, K)
        How likely the policy makes each candidate; rows sum to 1.
    method : str
        ``"inverse_propensity"`` (Horvitz and Thompson, 1952), ``"self_normalised"`` (Swaminathan and Joachims, 2015)
        or ``"doubly_robust"`` (Dudik, Langford and Li, 2011), which is right where either the propensities or the
        predictions are.
    predicted : ndarray of float64, shape (N, K), optional
        What a model expects of each candidate, fitted to other choices than these; None: the mean reward of all.
    level : float
        Of the interval.

    Returns
    -------
    OffPolicyValue

    Raises
    ------
    InvalidInputError
        When shapes or chances are wrong, or there is no choice at all.
    """
    wanted = _floats(target)
    model = np.full(wanted.shape, log.reward.mean() if len(log) else 0.0) if predicted is None else _floats(predicted)
    _check(log, wanted, model, method, level)
    rows = np.arange(len(log))
    weight = wanted[rows, log.chosen] / log.propensity[rows, log.chosen]
    if method == "inverse_propensity":
        parts = weight * log.reward
    elif method == "self_normalised":
        mean = float(weight @ log.reward / weight.sum()) if weight.sum() > 0 else float("nan")
        parts = mean + weight * (log.reward - mean) / max(float(weight.mean()), 1e-300)
    else:
        parts = (wanted * model).sum(axis=1) + weight * (log.reward - model[rows, log.chosen])
    uncovered = float(np.where(log.propensity > 0, 0.0, wanted).sum(axis=1).mean())
    effective = float(weight.sum() ** 2 / (weight @ weight)) if weight.any() else 0.0
    return OffPolicyValue(_interval(parts, level), effective, uncovered, tuple(_warnings(effective, uncovered)))


def _interval(parts: Floats, level: float) -> Interval:
    from scipy.special import ndtri

    mean = float(parts.mean())
    reach = float(ndtri(0.5 + level / 2.0) * parts.std(ddof=1) / np.sqrt(len(parts))) if len(parts) > 1 else np.inf
    return Interval(mean, mean - reach, mean + reach)


def _warnings(effective: float, uncovered: float) -> list[str]:
    found = []
    if uncovered > 1e-9:
        found.append(
            f"no overlap: {uncovered:.1%} of what the policy would choose was never tried; that part is a guess"
        )
    if effective < _LEAST_EFFECTIVE:
        found.append(f"little overlap: as sure as {effective:.0f} choices; the interval is likely too narrow")
    return found


def _check(log: LoggedChoices, target: Floats, predicted: Floats, method: str, level: float) -> None:
    faults = Faults()
    check_choice(faults, "method", method, METHODS)
    check_number(faults, "level", level, above=0, at_most=0.999999)
    _check_chances(faults, "target", target, log.propensity.shape)
    if predicted.shape != log.propensity.shape or not np.isfinite(predicted).all():
        faults.add(f"must be finite numbers of shape {log.propensity.shape}", place="predicted")
    if not len(log):
        faults.add("must hold at least one choice", place="log")
    faults.raise_if_any()


def _check_chances(faults: Faults, place: str, given: Floats, shape: tuple[int, ...] | None) -> None:
    if given.ndim != 2 or (shape is not None and given.shape != shape):
        faults.add(f"must be of shape {shape or '(N, K)'}, is of shape {given.shape}", place=place)
    elif not (np.isfinite(given).all() and (given >= 0).all()):
        faults.add("must be chances of at least 0", place=place)
    elif len(given) and np.abs(given.sum(axis=1) - 1.0).max() > 1e-6:
        faults.add("must sum to 1 in every row", place=place)
