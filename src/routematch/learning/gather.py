"""Observations added up into cells: how often each agent did a skill, and how it went, older ones weighing less.

Adding up all at once gives what `Cell.adding` gives one by one, in any order.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.learning.experience import Codes, Experience, Floats
from routematch.model.evidence import Cells

__all__ = ["CellColumns", "gather", "summed"]


@frozen(eq=False)
class CellColumns:
    """Cells as columns, in order of agent, then skill.

    Attributes
    ----------
    agents, skills : tuple of str
        Sorted names.
    agent, skill : ndarray of intp, shape (Q,)
    count, total, squares, as_of : ndarray of float64, shape (Q,)
        As in `Cell`; `as_of` NaN unknown.
    """

    agents: tuple[str, ...]
    skills: tuple[str, ...]
    agent: Codes
    skill: Codes
    count: Floats
    total: Floats
    squares: Floats
    as_of: Floats

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.agent)

    @property
    def mean(self) -> Floats:
        """Mean of the observations of each cell."""
        return self.total / self.count

    def by_skill(self, values: Floats) -> Floats:
        """Add up values of cells for each skill, shape (S,)."""
        return summed(self.skill, values, len(self.skills))

    def by_agent(self, values: Floats) -> Floats:
        """Add up values of cells for each agent, shape (A,)."""
        return summed(self.agent, values, len(self.agents))


def summed(group: Codes, values: Floats, size: int) -> Floats:
    """Add up values by group, shape (size,)."""
    return np.bincount(group, values, minlength=size).astype(np.float64)


def gather(history: Experience, values: Floats, known: Cells | None = None, *, half_life: float | None) -> CellColumns:
    """Add up observations.

    Parameters
    ----------
    history : Experience
    values : ndarray of float64, shape (P,)
        One for each pair of a conversation and a skill; NaN says nothing.
    known : mapping from agent to (mapping from skill to Cell), optional
        Cells to add to.
    half_life : float or None
        Seconds after which an observation counts half.

    Returns
    -------
    CellColumns
        Cells with a count above 0, each as of its own latest observation.
    """
    said = ~np.isnan(values)
    row, value = history.row[said], values[said]
    ones = np.ones(len(value))
    new = _Rows(
        np.array(history.agents, object)[history.agent[row]] if len(row) else np.empty(0, object),
        np.array(history.skills, object)[history.skill[said]] if len(row) else np.empty(0, object),
        np.stack([ones, value, value * value]),
        history.at[row],
    )
    return _added_up(_joined(new, _rows_of(known or {})), half_life)


@frozen(eq=False)
class _Rows:
    agent: NDArray[np.object_]
    skill: NDArray[np.object_]
    sums: Floats  # shape (3, R): count, total, squares
    at: Floats


def _rows_of(cells: Cells) -> _Rows:
    found = [(agent, skill, cell) for agent, row in cells.items() for skill, cell in row.items() if cell.count > 0]
    return _Rows(
        np.array([agent for agent, _, _ in found], object),
        np.array([skill for _, skill, _ in found], object),
        np.array([(cell.count, cell.total, cell.squares) for _, _, cell in found], np.float64).reshape(-1, 3).T,
        np.array([np.nan if cell.as_of is None else cell.as_of for _, _, cell in found], np.float64),
    )


def _joined(a: _Rows, b: _Rows) -> _Rows:
    return _Rows(
        np.concatenate([a.agent, b.agent]),
        np.concatenate([a.skill, b.skill]),
        np.concatenate([a.sums, b.sums], axis=1),
        np.concatenate([a.at, b.at]),
    )


def _added_up(rows: _Rows, half_life: float | None) -> CellColumns:
    agents, agent = _coded(rows.agent)
    skills, skill = _coded(rows.skill)
    keys, cell = np.unique(agent * max(len(skills), 1) + skill, return_inverse=True)
    latest = np.full(len(keys), -np.inf)
    np.maximum.at(latest, cell, np.nan_to_num(rows.at, nan=-np.inf))
    latest[np.isneginf(latest)] = np.nan
    weight = np.ones(len(rows.at))
    if half_life is not None:
        weight = np.exp2(np.nan_to_num(np.maximum((rows.at - latest[cell]) / half_life, -1000.0), nan=0.0))
    count, total, squares = (summed(cell, weight * sums, len(keys)) for sums in rows.sums)
    return CellColumns(
        agents, skills, keys // max(len(skills), 1), keys % max(len(skills), 1), count, total, squares, latest
    )


def _coded(names: NDArray[np.object_]) -> tuple[tuple[str, ...], Codes]:
    """Return the sorted distinct names and the position of each; a dictionary is faster than sorting every row."""
    distinct: tuple[str, ...] = tuple(sorted(set(names.tolist())))
    position: Mapping[str, int] = {name: code for code, name in enumerate(distinct)}
    return distinct, np.array([position[name] for name in names.tolist()], np.intp)
