"""Rows of one conversation: legs after a transfer are joined, rows given twice are dropped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from routematch.state.history_report import Notes

__all__ = ["Legs", "join_legs"]

#: A further leg begins at most this many seconds after the one before it ended.
_LONGEST_PAUSE = 600.0
_SAME = 1.0


@frozen(eq=False)
class Legs:
    """Rows of a log in order of arrival.

    Attributes
    ----------
    rows : ndarray of int, shape (N,)
        Where they stand in the log.
    ids : sequence of str or None, or None
        Of the conversation; None where the log has no ids.
    marks : sequence of tuple, shape (N,)
        Words that must agree between rows that are one.
    arrived, answered, ended, handle, wrap_up : ndarray of float64, shape (N,)
    transfers : ndarray of int, shape (N,)
    """

    rows: NDArray[np.intp]
    ids: Sequence[str | None] | None
    marks: Sequence[tuple[str | None, ...]]
    arrived: NDArray[np.float64]
    answered: NDArray[np.float64]
    ended: NDArray[np.float64]
    handle: NDArray[np.float64]
    wrap_up: NDArray[np.float64]
    transfers: NDArray[np.intp]


def join_legs(legs: Legs, notes: Notes) -> Legs:
    """Return one row for each conversation.

    Rows that agree in id, people and times are one row given twice. A row of the same id that was answered after the
    row before it had ended, within ten minutes, is a further leg: its work is added and counts as a transfer.
    """
    doubles = _doubles(legs)
    notes.rows("dropped", "given twice", _among(legs, doubles))
    legs = _without(legs, doubles)
    return legs if legs.ids is None else _joined(legs, notes)


def _doubles(legs: Legs) -> NDArray[np.bool_]:
    seen: set[tuple[object, ...]] = set()
    found = np.zeros(legs.rows.size, dtype=bool)
    times = zip(legs.arrived.tolist(), legs.answered.tolist(), legs.ended.tolist(), strict=True)
    for i, ((arrived, answered, ended), mark) in enumerate(zip(times, legs.marks, strict=True)):
        if legs.ids is None and not any(mark):
            continue
        key = (mark, arrived, str(answered), str(ended))
        found[i] = key in seen
        seen.add(key)
    return found


def _joined(legs: Legs, notes: Notes) -> Legs:
    places: dict[str, list[int]] = defaultdict(list)
    assert legs.ids is not None
    for i, identifier in enumerate(legs.ids):
        if identifier is not None:
            places[identifier].append(i)
    merged, again = np.zeros(legs.rows.size, dtype=bool), np.zeros(legs.rows.size, dtype=bool)
    answered, ended, handle, wrap_up = (
        column.copy() for column in (legs.answered, legs.ended, legs.handle, legs.wrap_up)
    )
    transfers = legs.transfers.copy()
    for rows in (rows for rows in places.values() if len(rows) > 1):
        head = rows[0]
        for i in rows[1:]:
            if _continues(legs, i, begun=answered[head], over=ended[head]):
                handle[head], wrap_up[head] = handle[head] + handle[i], np.nansum([wrap_up[head], wrap_up[i]])
                ended[head] = ended[i]
                transfers[head] += 1
                merged[i] = True
            else:
                again[i] = True
                head = i
    notes.rows("repaired", "a further leg of a conversation: joined to the first, a transfer", _among(legs, merged))
    notes.rows("seen", "an id that was used before: another conversation", _among(legs, again))
    whole = evolve(
        legs, answered=answered, ended=ended, handle=handle, wrap_up=np.minimum(wrap_up, handle), transfers=transfers
    )
    return _without(whole, merged)


def _continues(legs: Legs, i: int, *, begun: float, over: float) -> bool:
    """Whether row i begins where another one of its id ended."""
    return bool(
        begun < legs.answered[i] and over - _SAME <= legs.answered[i] and legs.arrived[i] <= over + _LONGEST_PAUSE
    )


def _among(legs: Legs, where: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask over the log from one over the legs."""
    mask = np.zeros(int(legs.rows.max()) + 1 if legs.rows.size else 0, dtype=bool)
    mask[legs.rows[where]] = True
    return mask


def _without(legs: Legs, where: NDArray[np.bool_]) -> Legs:
    if not where.any():
        return legs
    kept = ~where
    return Legs(
        rows=legs.rows[kept],
        ids=None
        if legs.ids is None
        else [identifier for identifier, stays in zip(legs.ids, kept, strict=True) if stays],
        marks=[mark for mark, stays in zip(legs.marks, kept, strict=True) if stays],
        arrived=legs.arrived[kept],
        answered=legs.answered[kept],
        ended=legs.ended[kept],
        handle=legs.handle[kept],
        wrap_up=legs.wrap_up[kept],
        transfers=legs.transfers[kept],
    )
