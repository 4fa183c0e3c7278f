"""Where a rising function of time reaches a value, and which is the smallest whole number that meets a target."""

from __future__ import annotations

from collections.abc import Callable

from routematch.errors import InvalidInputError

__all__ = ["smallest_reaching", "smallest_whole"]


def smallest_reaching(function: Callable[[float], float], wanted: float, scale: float) -> float:
    """Return the smallest time at which a rising function reaches a value; ``inf`` where it does not.

    Parameters
    ----------
    function : callable
        Rises from a time of 0 on.
    wanted : float
        The value to reach.
    scale : float
        A first guess, above 0.

    Returns
    -------
    float
        To about 15 digits.
    """
    if function(0.0) >= wanted:
        return 0.0
    low, high = 0.0, scale
    while function(high) < wanted:
        low, high = high, 2.0 * high
        if high > 1e18:
            return float("inf")
    for _ in range(100):
        middle = (low + high) / 2.0
        if not low < middle < high:
            break
        low, high = (low, middle) if function(middle) >= wanted else (middle, high)
    return high


def smallest_whole(meets: Callable[[int], bool], start: int, limit: int) -> int:
    """Return the smallest whole number from `start` on that meets a target, which all larger ones meet too.

    Raises
    ------
    InvalidInputError
        When even `limit` does not.
    """
    if meets(start):
        return start
    step = 1
    while start + step < limit and not meets(start + step):
        step *= 2
    low, high = start + step // 2, min(start + step, limit)
    if high == limit and not meets(limit):
        raise InvalidInputError(f"must be a target that {limit} agents can meet")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if meets(middle) else (middle, high)
    return high
