"""Stationary laws of Markov chains: birth and death in closed form, any small chain by linear algebra."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from routematch.errors import Faults, InvalidInputError, LimitExceededError

__all__ = ["LARGEST_CHAIN", "birth_death", "stationary_law"]

#: Most states of a chain that is solved exactly.
LARGEST_CHAIN = 200_000


def birth_death(birth_rates: ArrayLike, death_rates: ArrayLike) -> NDArray[np.float64]:
    """Return the stationary law of a birth and death chain.

    Parameters
    ----------
    birth_rates : array_like of float, shape (N - 1,)
        Rate from state k to k + 1; at least 0. After a rate of 0 no state is reached.
    death_rates : array_like of float, shape (N - 1,)
        Rate from state k + 1 to k; above 0.

    Returns
    -------
    ndarray of float64, shape (N,)
        Summed in logarithms, so that thousands of states neither overflow nor lose the small ones' digits.

    Raises
    ------
    InvalidInputError
        Listing what is wrong.

    Examples
    --------
    >>> birth_death([1.0, 1.0], [1.0, 2.0]).tolist()
    [0.4, 0.4, 0.2]
    """
    faults = Faults()
    births, deaths = np.asarray(birth_rates, dtype=np.float64), np.asarray(death_rates, dtype=np.float64)
    if births.ndim != 1 or births.shape != deaths.shape:
        faults.add("must be two rows of one length", given=(births.shape, deaths.shape))
    if not (np.isfinite(births).all() and (births >= 0).all()):
        faults.add("must be finite and at least 0", place="birth_rates")
    if not (np.isfinite(deaths).all() and (deaths > 0).all()):
        faults.add("must be finite and above 0", place="death_rates")
    faults.raise_if_any()
    with np.errstate(divide="ignore"):
        logs = np.concatenate([[0.0], np.cumsum(np.log(births) - np.log(deaths))])
    weights = np.exp(logs - logs.max())
    law: NDArray[np.float64] = weights / weights.sum()
    return law


def stationary_law(
    sources: ArrayLike, targets: ArrayLike, rates: ArrayLike, *, states: int | None = None
) -> NDArray[np.float64]:
    """Return the stationary law of a chain in continuous time, given its moves.

    Parameters
    ----------
    sources, targets : array_like of int, shape (M,)
        From which state to which each move goes. Moves between the same states add up; one to itself counts nothing.
    rates : array_like of float, shape (M,)
        Per second; at least 0.
    states : int or None
        Number of states; None: the largest index plus one.

    Returns
    -------
    ndarray of float64, shape (N,)
        States that are left for ever have probability 0.

    Raises
    ------
    InvalidInputError
        When the moves make no sense, or several sets of states are never left, so that the law depends on the start.
    LimitExceededError
        Above `LARGEST_CHAIN` states.

    Notes
    -----
    A sparse factorisation; the balance equations are then checked to nine digits.

    Examples
    --------
    >>> stationary_law([0, 1, 2], [1, 0, 0], [1.0, 1.0, 5.0]).tolist()
    [0.5, 0.5, 0.0]
    """
    from scipy.sparse import coo_array

    source, target = np.asarray(sources, dtype=np.intp), np.asarray(targets, dtype=np.intp)
    rate = np.asarray(rates, dtype=np.float64)
    number = states if states is not None else int(max(source.max(initial=-1), target.max(initial=-1))) + 1
    _check_moves(source, target, rate, number)
    used = (rate > 0) & (source != target)
    moves = coo_array((rate[used], (source[used], target[used])), shape=(number, number)).tocsr()
    kept = _recurrent(moves)
    law = np.zeros(number)
    law[kept] = _solve(moves[kept][:, kept])
    return law


def _check_moves(source: NDArray[np.intp], target: NDArray[np.intp], rate: NDArray[np.float64], number: int) -> None:
    faults = Faults()
    if number < 1:
        faults.add("must have at least one state")
    if not source.shape == target.shape == rate.shape:
        faults.add("must be three rows of one length", given=(source.shape, target.shape, rate.shape))
    if not (np.isfinite(rate).all() and (rate >= 0).all()):
        faults.add("must be finite and at least 0", place="rates")
    if source.size and (min(source.min(), target.min()) < 0 or max(source.max(), target.max()) >= number):
        faults.add(f"must be states between 0 and {number - 1}")
    faults.raise_if_any()
    if number > LARGEST_CHAIN:
        raise LimitExceededError(f"a chain of {number} states is larger than {LARGEST_CHAIN}")


def _recurrent(moves: object) -> NDArray[np.intp]:
    """Return the states of the one set that is never left."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count, component = connected_components(moves, directed=True, connection="strong")
    entries = coo_array(moves)
    crossing = component[entries.row] != component[entries.col]
    left = np.zeros(count, dtype=bool)
    left[component[entries.row[crossing]]] = True
    closed = np.count_nonzero(~left)
    if closed != 1:
        raise InvalidInputError(f"must have one set of states never left, got {closed}: the law depends on the start")
    return np.flatnonzero(~left[component])


def _solve(moves: object) -> NDArray[np.float64]:
    """Return the law of a chain in which every state reaches every other.

    The first state has weight 1 in place of its equation, which follows from the others. What is left is diagonally
    dominant by columns, so pivots on the diagonal are stable, however rare that state, and keep the factors sparse.
    """
    from scipy.sparse import csr_array, diags_array
    from scipy.sparse.linalg import splu

    rates = csr_array(moves)
    out = np.asarray(rates.sum(axis=1)).ravel()
    if out.size == 1:
        return np.ones(1)
    balance = (rates - diags_array(out)).T.tocsc()
    factors = splu(balance[1:, 1:], permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    weights = np.append(1.0, np.maximum(factors.solve(-balance[1:, [0]].toarray().ravel()), 0.0))
    scaled = weights / weights.max()
    law: NDArray[np.float64] = scaled / scaled.sum()
    if not np.abs(balance @ law).max() <= 1e-9 * out.max():
        raise InvalidInputError("has rates too far apart to be solved in double precision")
    return law
