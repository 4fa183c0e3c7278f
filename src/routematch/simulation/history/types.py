"""Which conversation types a log has: those it names, rare ones together, so that each has enough to learn from."""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.state import Category

__all__ = ["MOST_TYPES", "Types", "types_of"]

#: More types than this are not told apart.
MOST_TYPES = 40
_UNNAMED, _REST, _ONLY = "unknown", "other", "conversations"


@frozen(eq=False)
class Types:
    """Types as they are learned.

    Attributes
    ----------
    codes : ndarray of intp, shape (N,)
        Positions in `names`.
    names : tuple of str
        Frequent ones first.
    joined : int
        How many rare types became one.
    """

    codes: NDArray[np.intp]
    names: tuple[str, ...]
    joined: int


def types_of(words: Category, weights: NDArray[np.float64] | None = None) -> Types:
    """Return the types of rows.

    Parameters
    ----------
    words : Category
    weights : ndarray of float64, shape (N,), optional
        How much each row counts; 1 where left out.
    """
    count = np.bincount(words.codes + 1, weights, minlength=len(words.names) + 1)
    labels = [_UNNAMED, *words.names] if count[1:].any() else [_ONLY, *words.names]
    order = [int(code) for code in np.argsort(-count, kind="stable") if count[code] > 0]
    rare = order[MOST_TYPES - 1 :] if len(order) > MOST_TYPES else []
    kept = [code for code in order if code not in set(rare)]
    names = _distinct([labels[code][:100] for code in kept]) + ([_REST] if rare else [])
    place = np.full(len(labels), len(kept), dtype=np.intp)
    place[kept] = np.arange(len(kept))
    return Types(place[words.codes + 1], tuple(names), len(rare))


def _distinct(names: list[str]) -> list[str]:
    taken = {_REST}
    found = []
    for name in names:
        label, number = name, 2
        while label in taken:
            label, number = f"{name} ({number})", number + 1
        taken.add(label)
        found.append(label)
    return found
