"""Instances for the matching benchmark: generated routing problems and classic hard families.

All values are whole numbers, so every exact solver must find the same total. An instance is a value matrix in
compressed sparse rows, a capacity for each agent and a hold for each row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

FloatArray = NDArray[np.float64]


class Instance(NamedTuple):
    """A matching problem in whole numbers."""

    name: str
    value: csr_array
    capacity: NDArray[np.int64]
    hold: FloatArray
    row_group: NDArray[np.int64] | None = None
    group_capacity: NDArray[np.int64] | None = None

    @property
    def load(self) -> float:
        """Rows with a pair, per unit."""
        return np.count_nonzero(np.diff(self.value.indptr)) / max(1, int(self.capacity.sum()))

    @property
    def scores(self) -> FloatArray:
        """The values as a full matrix, minus infinity where there is no pair."""
        dense = np.full(self.value.shape, -np.inf)
        dense[np.repeat(np.arange(self.value.shape[0]), np.diff(self.value.indptr)), self.value.indices] = (
            self.value.data
        )
        return dense


def routing(
    rows: int, agents: int, *, pair_noise: int = 0, capacity: tuple[int, int] = (1, 5), seed: int = 0
) -> Instance:
    """Draw agents of 100 profiles, conversations of 400 classes, three affinity pairs per conversation.

    A profile has some of 24 skills at five levels and speaks one or two of four languages; a class needs one to three
    skills and one language. Value falls with unused skill; `pair_noise` gives every pair a value of its own.
    """
    draw = np.random.default_rng(seed)
    profiles, classes, skills, languages = 100, 400, 24, 4
    popular = 1.0 / (1 + np.arange(skills)) ** 0.6
    level = np.zeros((profiles, skills), np.int64)
    speaks = np.zeros((profiles, languages), bool)
    for profile in range(profiles):
        own = draw.choice(skills, int(draw.integers(3, 9)), replace=False, p=popular / popular.sum())
        level[profile, own] = draw.integers(1, 6, len(own))
        speaks[profile, draw.choice(languages, 1 + int(draw.random() < 0.4), replace=False)] = True
    need = np.zeros((classes, skills), np.int64)
    for kind in range(classes):
        own = draw.choice(
            skills, int(draw.choice([1, 2, 3], p=[0.6, 0.3, 0.1])), replace=False, p=popular / popular.sum()
        )
        need[kind, own] = draw.choice([1, 2, 3, 4], len(own), p=[0.4, 0.3, 0.2, 0.1])
    language = draw.integers(0, languages, classes)
    wanted = need[:, None, :] > 0
    fits = ((level[None] >= need[:, None]) | ~wanted).all(axis=2) & speaks[:, language].T
    cost = 1000 + (np.where(wanted, (5 - level[None]) * 60 + np.abs(level[None] - need[:, None]) * 15, 0)).sum(axis=2)
    profile_of = np.sort(draw.choice(profiles, agents, p=_falling(profiles)))
    class_of = draw.choice(classes, rows, p=_falling(classes))
    columns = [np.flatnonzero(fits[kind][profile_of]) for kind in range(classes)]
    indices = np.concatenate([columns[kind] for kind in class_of]).astype(np.int32)
    start = np.concatenate([[0], np.cumsum([len(columns[kind]) for kind in class_of])])
    data = -np.concatenate([cost[kind][profile_of[columns[kind]]] for kind in class_of]).astype(float)
    if pair_noise:
        data -= draw.integers(0, pair_noise + 1, len(data))
    liked = np.repeat(np.flatnonzero(np.diff(start)), 3)
    pairs = np.unique(start[liked] + (draw.random(len(liked)) * np.diff(start)[liked]).astype(int))
    data[pairs] += draw.integers(100, 401, len(pairs))
    noise = ", own values" if pair_noise else ""
    return Instance(
        f"routing {rows}x{agents}{noise}{', capacity 1' if capacity == (1, 1) else ''}",
        csr_array((data, indices, start), shape=(rows, agents)),
        draw.integers(capacity[0], capacity[1] + 1, agents),
        -draw.integers(2000, 6001, rows).astype(float),
    )


def _falling(size: int) -> FloatArray:
    weights = 1.0 / (1 + np.arange(size)) ** 0.5
    return np.asarray(weights / weights.sum())


def uniform(size: int, *, seed: int = 0) -> Instance:
    """Make every pair usable, values drawn evenly from a million."""
    value = np.random.default_rng(seed).integers(1, 10**6, (size, size))
    return _dense(f"uniform {size}x{size}", value)


def geometric(size: int, *, seed: int = 0) -> Instance:
    """Draw points in the plane; value falls with distance."""
    points = np.random.default_rng(seed).random((2, size, 2)) * 10**5
    distance = np.sqrt(((points[0][:, None] - points[1][None]) ** 2).sum(axis=2))
    return _dense(f"geometric {size}x{size}", 200_000 - distance.astype(np.int64))


def rank_one(size: int, *, seed: int = 0) -> Instance:
    """Make value a product of a row factor and a column factor: every pair competes with every other."""
    draw = np.random.default_rng(seed)
    return _dense(f"rank one {size}x{size}", np.outer(draw.integers(1, 1000, size), draw.integers(1, 1000, size)))


def ties(rows: int, agents: int, *, levels: int = 5, density: float = 0.1, seed: int = 0) -> Instance:
    """Draw few distinct values, so that very many matchings are best."""
    draw = np.random.default_rng(seed)
    value = draw.integers(1, levels + 1, (rows, agents)).astype(float)
    usable = csr_array(np.where(draw.random((rows, agents)) < density, value, 0.0))
    return Instance(f"ties {rows}x{agents}", usable, draw.integers(1, 4, agents), np.zeros(rows))


def thin(rows: int, agents: int, *, pairs: int = 15, capacity: tuple[int, int] = (40, 80), seed: int = 0) -> Instance:
    """Draw very many rows with few pairs each, values from a million."""
    draw = np.random.default_rng(seed)
    column = np.sort(draw.integers(0, agents, (rows, pairs)), axis=1)
    keep = np.ones((rows, pairs), bool)
    keep[:, 1:] = column[:, 1:] > column[:, :-1]
    start = np.concatenate([[0], np.cumsum(keep.sum(axis=1))])
    value = draw.integers(1, 10**6, int(start[-1])).astype(float)
    matrix = csr_array((value, column[keep].astype(np.int32), start), shape=(rows, agents))
    return Instance(
        f"thin {rows}x{agents}", matrix, draw.integers(capacity[0], capacity[1] + 1, agents), np.zeros(rows)
    )


def kinds(rows: int, agents: int, *, types: int = 50, profiles: int = 60, same_hold: bool = False) -> Instance:
    """Draw rows of few types and agents of few profiles; all rows of a type are worth the same to a profile."""
    draw = np.random.default_rng(0)
    value = draw.integers(1, 1000, (types, profiles)).astype(float)
    value[draw.random(value.shape) > 0.3] = 0.0
    matrix = csr_array(value[draw.integers(0, types, rows)][:, draw.integers(0, profiles, agents)])
    hold = np.zeros(rows) if same_hold else -draw.integers(0, 1000, rows).astype(float)
    name = f"{types} kinds of rows, {profiles} of agents, {rows}x{agents}{', one hold' if same_hold else ''}"
    return Instance(name, matrix, draw.integers(1, 6, agents), hold)


def capped(instance: Instance, *, groups: int, cap: int = 1) -> Instance:
    """Put rows into groups, and let each agent take only so many of each."""
    draw = np.random.default_rng(1)
    return instance._replace(
        name=f"{instance.name}, {groups} groups capped at {cap}",
        row_group=draw.integers(0, groups, instance.value.shape[0]),
        group_capacity=np.full((instance.value.shape[1], groups), cap),
    )


def equal(rows: int, agents: int, *, density: float = 0.1) -> Instance:
    """Make all pairs worth the same: every largest matching is best."""
    usable = np.random.default_rng(0).random((rows, agents)) < density
    return Instance(
        f"equal {rows}x{agents}", csr_array(usable.astype(float)), np.ones(agents, np.int64), np.zeros(rows)
    )


def wide(rows: int, agents: int, *, density: float = 0.1) -> Instance:
    """Draw values over twelve orders of magnitude."""
    draw = np.random.default_rng(0)
    value = np.rint(2.0 ** (40 * draw.random((rows, agents)))) * (draw.random((rows, agents)) < density)
    return Instance(f"wide range {rows}x{agents}", csr_array(value), np.ones(agents, np.int64), np.zeros(rows))


def dominoes(size: int) -> Instance:
    """Stand rows in a line, each content with its own agent; the last row pushes all of them one place on."""
    row = np.append(np.repeat(np.arange(size), 2), size)
    agent = np.append(np.repeat(np.arange(size), 2) + np.tile([0, 1], size), 0)
    worth = np.append(np.tile([3.0, 2.0], size), 2.0 * size)
    value = csr_array((worth, (row, agent)), shape=(size + 1, size + 1))
    return Instance(f"dominoes {size}", value, np.ones(size + 1, np.int64), np.zeros(size + 1))


def ladder(size: int) -> Instance:
    """Chain rows: each may use its own agent or the next, and the last agent is missing."""
    row = np.repeat(np.arange(size), 2)
    agent = np.minimum(row + np.tile([0, 1], size), size - 1)
    keep = np.ones(2 * size, bool)
    keep[-1] = False
    value = csr_array((np.tile([1.0, 2.0], size)[keep], (row[keep], agent[keep])), shape=(size, size))
    capacity = np.ones(size, np.int64)
    capacity[-1] = 0
    return Instance(f"ladder {size}", value, capacity, np.zeros(size))


def _dense(name: str, value: NDArray[np.int64]) -> Instance:
    rows, agents = value.shape
    return Instance(name, csr_array(value.astype(float)), np.ones(agents, np.int64), np.zeros(rows))
