"""Ready-made policies, each the documented default of some system or the classic rule of the literature."""

from __future__ import annotations

from collections.abc import Callable

from routematch.policies.policy import Policy, Weighted
from routematch.prices import Price
from routematch.terms import (
    Achievement,
    Affinity,
    FewestOpen,
    HandleTime,
    LeastVersatile,
    Load,
    Nearness,
    Preferences,
    Served,
    Spare,
    Waiting,
)

__all__ = [
    "PRESETS",
    "best_level",
    "best_match",
    "best_value",
    "fastest_first",
    "fewest_open",
    "first_come_first_served",
    "highest_spare_capacity",
    "least_loaded",
    "least_versatile_first",
    "longest_idle",
    "nearest_level",
    "random",
    "round_robin",
]


def best_match() -> Policy:
    """Return the default: expected achievement, preference and affinity, nobody eligible waits while capacity is free.

    Ties go to the longest idle. This library's own default; with one conversation it is "best available agent".
    """
    return Policy("best_match", terms=(Achievement(), Preferences(), Affinity()))


def best_value(prices: Price | None = None, *, max_hold_time: float = 600.0) -> Policy:
    """Return learned value less what the agent's time is worth elsewhere; without prices it decides as `best_match`.

    Parameters
    ----------
    prices : Price, optional
        From `prices.state_price`; None where rates are unknown. ``routing.pricing.priced`` makes them for a policy.
    max_hold_time : float
        Seconds of waiting after which nobody is held for a better agent any more.
    """
    terms = (Achievement(), Preferences(), Affinity())
    return Policy("best_value", terms=terms, prices=prices, max_hold_time=max_hold_time)


def longest_idle() -> Policy:
    """Return longest idle first (Twilio TaskRouter, Amazon Connect): any agent who fits, the longest idle of them."""
    return Policy("longest_idle", terms=(Served(),), ties=("idle",), spread="plan")


def least_loaded() -> Policy:
    """Return lowest load ratio first, then longest idle (Azure Job Router)."""
    return Policy("least_loaded", terms=(Load(),), ties=("idle",))


def highest_spare_capacity() -> Policy:
    """Return most free units first (Zendesk, Dynamics 365), then longest idle."""
    return Policy("highest_spare_capacity", terms=(Spare(),))


def fewest_open() -> Policy:
    """Return fewest open conversations first, then longest unassigned (Intercom); remembers assignments."""
    return Policy("fewest_open", terms=(FewestOpen(),), ties=("unassigned", "idle"))


def round_robin() -> Policy:
    """Return strict rotation through the agents who fit; the place in the rotation is returned as memory."""
    return Policy("round_robin", terms=(Served(),), ties=("rotation",), spread="plan")


def best_level() -> Policy:
    """Return highest proficiency first, then longest idle (Genesys, Talkdesk, NICE)."""
    return Policy("best_level", terms=(Achievement(),), ties=("idle",))


def nearest_level() -> Policy:
    """Return the level closest to what is asked first, from above (Dynamics 365), then longest idle."""
    return Policy("nearest_level", terms=(Nearness(),), ties=("idle",))


def least_versatile_first() -> Policy:
    """Return agents with the fewest skills first (Talkdesk, Netcall), then longest idle."""
    return Policy("least_versatile_first", terms=(LeastVersatile(),), ties=("idle",))


def random() -> Policy:
    """Return a uniformly random order of agents, keyed by the seed and the decision number in memory."""
    return Policy("random", terms=(Served(),), ties=("random",), spread="plan")


def fastest_first() -> Policy:
    """Return the shortest expected handle time first, then longest idle; without history all are equal."""
    return Policy("fastest_first", terms=(Weighted(HandleTime()),), ties=("idle",))


def first_come_first_served() -> Policy:
    """Return strict order of arrival, then longest idle.

    An earlier conversation is never left out for a later one, and as many as possible are served: with equal values,
    the best matching is the greedy basis of a transversal matroid weighted by waiting.
    """
    return Policy("first_come_first_served", terms=(Served(),), urgency=(Waiting(),), spread="plan")


#: Every preset by name.
PRESETS: dict[str, Callable[[], Policy]] = {
    preset.__name__: preset
    for preset in (
        best_match,
        best_value,
        longest_idle,
        least_loaded,
        highest_spare_capacity,
        fewest_open,
        round_robin,
        best_level,
        nearest_level,
        least_versatile_first,
        random,
        fastest_first,
        first_come_first_served,
    )
}
