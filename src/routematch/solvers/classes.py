"""Find rows that are alike and agents that are alike, so that a problem of few kinds is solved as a small one.

Rows are alike when they have the same usable pairs and their worths differ by one constant, the row's *lift*: what an
earlier arrival or a higher priority adds is the same wherever the row goes. Agents are alike when rows of every class
are worth the same to them; their capacities and unit costs may differ. Both are found by adding up one random number
per pair (a linear hash; Carter and Wegman, 1979, "Universal classes of hash functions"). Should two different rows
ever get the same sum, the matching built on it would have no proof, and another engine would be asked.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.solvers.network import Network, ragged

__all__ = ["Classes", "are_of_few_kinds", "find_classes"]

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

#: So many rows are looked at first, and when more than this share of them differ, there are no classes to be found.
SAMPLE, MOST_DIFFERENT = 200, 0.5


@frozen(eq=False)
class Classes:
    """Rows and agents by class, and the pairs of classes.

    Attributes
    ----------
    rows : ndarray of int64
        The rows that have a usable pair.
    row_class : ndarray of int64, one entry for each of `rows`
    lift : ndarray of int64, one entry for each of `rows`
        The row's largest worth.
    agent_class : ndarray of int64, shape (A,)
        Class of each agent, -1 where no row can use it.
    tail, head : ndarray of int64
        Row class and agent class of each pair of classes.
    worth : ndarray of int64
        What such a pair is worth above the row's lift; never positive.
    """

    rows: Ints
    row_class: Ints
    lift: Ints
    agent_class: Ints
    tail: Ints
    head: Ints
    worth: Ints


def are_of_few_kinds(network: Network) -> bool:
    """Say, by a look at a sample, whether many rows are alike; cheap where they are not."""
    rows = np.flatnonzero(network.degree)
    if len(rows) < 2 * SAMPLE:
        return False
    sample = rows[np.linspace(0, len(rows) - 1, SAMPLE).astype(np.int64)]
    return len(np.unique(_hash_rows(network, sample)[0])) <= MOST_DIFFERENT * SAMPLE


def find_classes(network: Network) -> Classes:
    """Group equal rows, then agents that are equal to all of them. Takes time by pairs."""
    rows = np.flatnonzero(network.degree)
    hashes, lift = _hash_rows(network, rows)
    _, first, row_class = np.unique(hashes, return_index=True, return_inverse=True)
    pairs, tail = ragged(network.start[rows[first]], network.degree[rows[first]])
    agents, worth = network.agent_of[pairs].astype(np.int64), network.worth[pairs] - lift[first][tail]
    agent_class = _group_agents(network.agents, agents, tail, worth)
    place = tail * (int(agent_class.max(initial=0)) + 1) + agent_class[agents]
    _, chosen = np.unique(place, return_index=True)
    return Classes(rows, row_class, lift, agent_class, tail[chosen], agent_class[agents[chosen]], worth[chosen])


def _hash_rows(network: Network, rows: Ints) -> tuple[Hashes, Ints]:
    """Return a hash of each row that its lift does not change, and the lift; every row has a pair."""
    degree = network.degree[rows]
    everything = int(degree.sum()) == len(network.worth)
    pairs = slice(None) if everything else ragged(network.start[rows], degree)[0]
    agents, worth = network.agent_of[pairs], network.worth[pairs]
    begin = np.cumsum(degree) - degree
    factor, constant = _random_numbers(network.agents)
    lift = np.maximum.reduceat(worth, begin) if len(rows) else np.zeros(0, np.int64)
    own = factor[agents]
    scale = _sums(own, begin)
    own *= worth.view(np.uint64)
    own += constant[agents]
    return _sums(own, begin) - scale * lift.view(np.uint64), lift


def _group_agents(agents: int, agent: Ints, row_class: Ints, worth: Ints) -> Ints:
    """Return the class of each agent, -1 where it has no pair; the pairs are those of one row of each class."""
    factor, constant = _random_numbers(int(row_class.max(initial=0)) + 1)
    order = np.argsort(agent, kind="stable")
    used, begin = np.unique(agent[order], return_index=True)
    terms = factor[row_class] * worth.view(np.uint64) + constant[row_class]
    classes = np.full(agents, -1)
    classes[used] = np.unique(_sums(terms[order], begin), return_inverse=True)[1]
    return classes


def _sums(terms: Hashes, begin: Ints) -> Hashes:
    return np.add.reduceat(terms, begin) if len(begin) else np.zeros(0, np.uint64)


def _random_numbers(count: int) -> tuple[Hashes, Hashes]:
    """Return two random numbers for each entry, the first of them odd; always the same ones."""
    generator = np.random.default_rng(0)
    numbers = generator.integers(0, 2**64, (2, count), dtype=np.uint64)
    return numbers[0] | np.uint64(1), numbers[1]
