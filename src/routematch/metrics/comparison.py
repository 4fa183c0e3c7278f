"""Which of two, or of many, is better, and how sure that is.

Policies that are tried on the same days are compared day by day, and conversation by conversation: what differs is then
the policy alone. Many comparisons at once are corrected by Holm's method (Holm, A simple sequentially rejective
multiple test procedure, Scandinavian Journal of Statistics 6, 1979).

>>> from routematch.state import Ledger
>>> a = Ledger.of(arrived_at=[0.0, 10.0], answered_at=[60.0, 40.0])
>>> b = Ledger.of(arrived_at=[0.0, 10.0], answered_at=[20.0, 45.0])
>>> paired(a, b).sentence(0)
'conversation 0 waited 40 s less'
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from attrs import field, frozen
from numpy.typing import ArrayLike, NDArray

from routematch.errors import Faults
from routematch.metrics.batches import batch_means
from routematch.metrics.measured import Measured, over_replications, two_sided
from routematch.state import Ledger
from routematch.state.ledger import NONE_BEFORE

__all__ = ["Difference", "PairedConversations", "compare", "difference", "holm", "paired"]

Floats = NDArray[np.float64]

#: Columns that can be compared conversation by conversation.
_COLUMNS = ("waited", "value", "handle_time", "satisfaction", "resolved", "transfers")


@frozen(eq=False)
class PairedConversations:
    """The same conversations under two policies. Make one with `paired`.

    Attributes
    ----------
    column : str
        What is compared.
    ids : tuple of str
        Of the conversations found in both.
    change : ndarray of float64, shape (P,)
        Second minus first; NaN where one is not known.
    mean : Measured
        The mean change; conversations near each other in time go together, so by batch means.
    unpaired : tuple of int
        Conversations of the first and of the second without a partner: repeats that only one policy caused.
    """

    column: str
    ids: tuple[str, ...]
    change: Floats
    mean: Measured
    unpaired: tuple[int, int]

    @property
    def share_lower(self) -> float:
        """Share of conversations whose number is lower under the second; NaN without any."""
        return _share(self.change < 0, self.change)

    @property
    def share_higher(self) -> float:
        """Share of conversations whose number is higher under the second; NaN without any."""
        return _share(self.change > 0, self.change)

    def largest(self, count: int = 10) -> tuple[int, ...]:
        """Return the positions of the largest changes, either way, the largest first."""
        size = np.nan_to_num(np.abs(self.change), nan=-1.0)
        order = np.argsort(-size, kind="stable")[:count]
        return tuple(int(i) for i in order if size[i] > 0)

    def sentence(self, place: int) -> str:
        """Say what changed for one conversation."""
        change = float(self.change[place])
        if math.isnan(change):
            return f"conversation {self.ids[place]}: not known under both"
        if self.column == "waited":
            said = f"waited {abs(change):,.0f} s {'less' if change < 0 else 'longer'}" if change else "waited as long"
        else:
            said = f"{self.column.replace('_', ' ')} {change:+,.3g}"
        return f"conversation {self.ids[place]} {said}"


def paired(first: Ledger, second: Ledger, column: str = "waited", *, confidence: float = 0.95) -> PairedConversations:
    """Pair the conversations of two ledgers of the same day and compare a column.

    Conversations are paired by id. Where ledgers have none, those that repeat no other are paired by their order, which
    is the same under common random numbers; they must have arrived at the same instants.

    Parameters
    ----------
    first, second : Ledger
    column : str
        ``"waited"``, ``"value"``, ``"handle_time"``, ``"satisfaction"``, ``"resolved"`` or ``"transfers"``.
    confidence : float

    Returns
    -------
    PairedConversations

    Raises
    ------
    InvalidInputError
        When the ledgers are of different days, or only one has ids.
    """
    faults = Faults()
    if column not in _COLUMNS:
        faults.unknown(column, known=_COLUMNS, place="column", what="column")
    if (first.ids is None) != (second.ids is None):
        faults.add("both ledgers must have ids, or neither")
    faults.raise_if_any()
    if first.ids is not None and second.ids is not None:
        mine, theirs = _rows_by_id(first.ids, second.ids)
    else:
        mine, theirs = _rows_by_order(first, second)
    if not np.array_equal(first.arrived_at[mine], second.arrived_at[theirs]):
        faults.add("must be of the same day: the same conversations arrive at other instants", place="second")
        faults.raise_if_any()
    change = np.asarray(getattr(second, column)[theirs], np.float64) - getattr(first, column)[mine]
    change.flags.writeable = False
    names = (str(row) for row in mine) if first.ids is None else (first.ids[row] for row in mine)
    mean = batch_means(change, warm_up=0, confidence=confidence)
    return PairedConversations(column, tuple(names), change, mean, (len(first) - len(mine), len(second) - len(theirs)))


def _rows_by_id(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    place = {identifier: row for row, identifier in enumerate(second)}
    pairs = [(row, place[identifier]) for row, identifier in enumerate(first) if identifier in place]
    both = np.array(pairs, np.intp).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _rows_by_order(first: Ledger, second: Ledger) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    mine, theirs = (np.flatnonzero(ledger.repeats == NONE_BEFORE) for ledger in (first, second))
    if len(mine) != len(theirs):
        faults = Faults()
        faults.add(
            f"must be of the same day: it has {len(theirs):,} first conversations, not {len(mine):,}", place="second"
        )
        faults.raise_if_any()
    return mine, theirs


def _share(hits: NDArray[np.bool_], change: Floats) -> float:
    known = ~np.isnan(change)
    return float(hits[known].mean()) if known.any() else math.nan


@frozen
class Difference:
    """How far one policy is from another in one measure.

    Attributes
    ----------
    name : str
        Of the second.
    change : Measured
        Second minus first, with its interval.
    p : float
        Chance of a difference at least this large where there is none; NaN where it cannot be told.
    p_corrected : float
        The same, corrected for the number of comparisons made at once.
    confidence : float
    """

    name: str
    change: Measured
    p: float
    p_corrected: float
    confidence: float = field(default=0.95)

    @property
    def is_significant(self) -> bool:
        """Whether there is a difference, at the confidence of the whole family of comparisons."""
        return self.p_corrected <= 1 - self.confidence


def difference(first: ArrayLike, second: ArrayLike, *, confidence: float = 0.95, name: str = "") -> Difference:
    """Compare two policies on the same days by Student's t on the differences of pairs.

    Parameters
    ----------
    first, second : array_like, shape (R,)
        One number of each replication; the same place means the same day.
    confidence : float
    name : str
        Of the second.

    Returns
    -------
    Difference

    Raises
    ------
    InvalidInputError
        When they are not equally many.
    """
    mine, theirs = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if mine.shape != theirs.shape or mine.ndim != 1:
        faults = Faults()
        faults.add(f"must have as many replications as the first: {mine.shape}, has {theirs.shape}", place="second")
        faults.raise_if_any()
    change = over_replications(theirs - mine, confidence=confidence)
    chance = _chance(theirs - mine)
    return Difference(name, change, chance, chance, confidence)


def _chance(change: Floats) -> float:
    known = change[~np.isnan(change)]
    if len(known) < 2:
        return math.nan
    error = float(known.std(ddof=1)) / math.sqrt(len(known))
    mean = float(known.mean())
    if error == 0:
        return 0.0 if mean else 1.0
    return two_sided(mean / error, len(known) - 1)


def compare(
    values: Mapping[str, ArrayLike], *, baseline: str | None = None, confidence: float = 0.95
) -> tuple[Difference, ...]:
    """Compare many policies with one of them on the same days, corrected for their number.

    Parameters
    ----------
    values : mapping from str to array_like, shape (R,)
        One number of each replication for each policy.
    baseline : str, optional
        The first where left out.
    confidence : float
        That no comparison at all finds a difference where there is none. Intervals are as wide as Bonferroni's, so
        that all of them cover together.

    Returns
    -------
    tuple of Difference
        One for each policy but the baseline, in the order given.
    """
    names = list(values)
    if baseline is not None and baseline not in values:
        faults = Faults()
        faults.unknown(baseline, known=names, place="baseline", what="policy")
        faults.raise_if_any()
    against = names[0] if baseline is None and names else baseline
    others = [name for name in names if name != against]
    if against is None or not others:
        return ()
    wide = 1 - (1 - confidence) / len(others)
    found = [difference(values[against], values[name], confidence=wide, name=name) for name in others]
    corrected = holm([each.p for each in found])
    return tuple(
        Difference(each.name, each.change, each.p, p, confidence) for each, p in zip(found, corrected, strict=True)
    )


def holm(chances: ArrayLike) -> tuple[float, ...]:
    """Return p-values corrected by Holm's method, in the order given; NaN stays NaN and counts as a comparison.

    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    given = np.asarray(chances, np.float64)
    order = np.argsort(given, kind="stable")  # NaN come last
    factors = len(given) - np.arange(len(given))
    stepped = np.minimum(np.fmax.accumulate(given[order] * factors), 1.0) if len(given) else given
    corrected = np.empty(len(given))
    corrected[order] = np.where(np.isnan(given[order]), np.nan, stepped)
    return tuple(float(p) for p in corrected)
