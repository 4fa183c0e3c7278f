"""Groups of agents by what they were seen to do: whoever handles the same types belongs together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

__all__ = ["Team", "find_teams"]

#: A type is a skill when it was handled this often, and at least at this share of its rate among all.
_LEAST_COUNT, _LEAST_SHARE = 3, 0.1
#: A set of skills that fewer agents have joins the most similar larger one, where that is similar enough.
_SMALLEST, _SIMILAR = 2, 0.5


@frozen
class Team:
    """Agents alike.

    Attributes
    ----------
    name : str
    agents : tuple of int
        Codes.
    types : tuple of int
        Codes of the types they handle.
    """

    name: str
    agents: tuple[int, ...]
    types: tuple[int, ...]


def find_teams(
    handled: NDArray[np.int64], type_names: Sequence[str], group_of: Sequence[str | None] | None = None
) -> tuple[Team, ...]:
    """Find groups of agents.

    Parameters
    ----------
    handled : ndarray of int64, shape (A, T)
        How many conversations of each type each agent handled. Who handled none is left out.
    type_names : sequence of str, shape (T,)
    group_of : sequence of str or None, shape (A,), optional
        What the log says; who has no group there joins the group ``"others"``.

    Returns
    -------
    tuple of Team
        Larger ones first, names distinct.
    """
    busy = np.flatnonzero(handled.sum(axis=1) > 0)
    if group_of is not None:
        return _by_name(handled, busy, [group_of[a] or "others" for a in busy.tolist()])
    sets = {int(a): _skills(handled[a], handled) for a in busy}
    merged = _merged(sets)
    members: dict[frozenset[int], list[int]] = {}
    for agent, types in merged.items():
        members.setdefault(types, []).append(agent)
    ordered = sorted(members.items(), key=lambda entry: (-len(entry[1]), sorted(entry[0])))
    names = _names([types for types, _ in ordered], type_names)
    return tuple(
        Team(name, tuple(agents), tuple(sorted(types))) for name, (types, agents) in zip(names, ordered, strict=True)
    )


def _skills(own: NDArray[np.int64], handled: NDArray[np.int64]) -> frozenset[int]:
    share = handled.sum(axis=0) / handled.sum()
    enough = (own >= _LEAST_COUNT) & (own >= _LEAST_SHARE * share * own.sum())
    found = np.flatnonzero(enough) if enough.any() else np.flatnonzero(own == own.max())
    return frozenset(found.tolist())


def _merged(sets: dict[int, frozenset[int]]) -> dict[int, frozenset[int]]:
    """Let rare sets of skills join the most similar common one."""
    counts = Counter(sets.values())
    common = [types for types, count in counts.items() if count >= _SMALLEST]
    found = {}
    for agent, types in sets.items():
        near = max(common, key=lambda other: (_similarity(types, other), -len(other), sorted(other)), default=types)
        joins = counts[types] < _SMALLEST and _similarity(types, near) >= _SIMILAR
        found[agent] = near if joins else types
    return found


def _similarity(first: frozenset[int], second: frozenset[int]) -> float:
    """Return the share of skills that both have among those that either has (Jaccard 1901)."""
    return len(first & second) / len(first | second)


def _names(sets: list[frozenset[int]], type_names: Sequence[str]) -> list[str]:
    found: list[str] = []
    for types in sets:
        listed = [type_names[t] for t in sorted(types)]
        name = " and ".join(listed) if len(listed) <= 3 else f"{listed[0]} and {len(listed) - 1} more"
        name = "all" if len(types) == len(type_names) > 1 else f"{name} agents"
        found.append(name if name not in found else f"{name} ({len(found) + 1})")
    return found


def _by_name(handled: NDArray[np.int64], busy: NDArray[np.intp], names: list[str]) -> tuple[Team, ...]:
    teams = []
    for name, _ in Counter(names).most_common():
        agents = [int(a) for a, own in zip(busy, names, strict=True) if own == name]
        teams.append(Team(name, tuple(agents), tuple(sorted(_skills(handled[agents].sum(axis=0), handled)))))
    return tuple(teams)
