"""Which lane is exact for a policy, if any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from routematch.model import Conversation, Estimates, Queue
from routematch.policies import Policy
from routematch.routing.code import CodePolicy, measure_of
from routematch.routing.demand import MOST_CHARGES
from routematch.routing.lanes.code_lane import CodeLane
from routematch.routing.lanes.index_lane import IndexLane
from routematch.routing.lanes.row_lane import RowLane
from routematch.routing.lanes.tables import Tables, Unfit
from routematch.rules import RULES
from routematch.state import Roster
from routematch.terms import (
    Achievement,
    Affinity,
    Due,
    FewestOpen,
    HandleTime,
    LeastVersatile,
    Load,
    Nearness,
    Preferences,
    Priority,
    Served,
    Spare,
    Waiting,
)

__all__ = ["compile_lane"]

_TERMS = frozenset(
    {Achievement, Affinity, FewestOpen, HandleTime, LeastVersatile, Load, Nearness, Preferences, Served, Spare}
)
_URGENCY = (Waiting, Priority, Due)
_TIES = (("idle",), ("rotation",), ("unassigned", "idle"))


def compile_lane(
    policy: Policy | CodePolicy,
    roster: Roster,
    templates: Iterable[Conversation],
    arrived: list[float],
    deadline: list[float],
    *,
    queues: Mapping[str, Queue] | None = None,
    estimates: Estimates | None = None,
) -> IndexLane | RowLane | CodeLane | None:
    """Return the fastest lane that takes the very decisions of `decide()`, event by event; None where there is none.

    Given for policies of the library's own rules and terms that hold nobody back: no option, no pair whose value is
    below zero, no negative priority, no learned or caller's term that changes with time, one tier, ties by idle time,
    rotation or last assignment; and where all that an agent may take costs it the same, without caps.

    Parameters
    ----------
    policy : Policy or code
        Of code only such with ``on_arrival`` or ``on_free``, and without ``decide``.
    roster : Roster
        Everybody who may ever work, present and idle; the lane's agent numbers are its positions.
    templates : iterable of Conversation
        Kinds of conversations that will come; more may be added by `Lane.request`. Their `due_at`, less `arrived_at`
        (0 where there is none), is when conversations like them are due after arrival.
    arrived, deadline : list of float
        By conversation number, kept by the caller, see `lanes.lane`.
    queues : mapping from id to Queue, optional
    estimates : Estimates, optional

    Returns
    -------
    IndexLane or RowLane or CodeLane or None
    """
    is_data = isinstance(policy, Policy)
    if roster.shifts or not (_is_fit(policy) if isinstance(policy, Policy) else is_asked_by_event(policy)):
        return None
    measure = policy if isinstance(policy, Policy) else measure_of(policy)
    templates = list(templates)
    tables = Tables(measure, roster, queues or {}, estimates)
    try:
        for template in templates:
            tables.add(template)
    except Unfit:
        return None
    most = max(tables.slots, default=0)
    if is_data and measure.spread != "none" and len(roster) * most > MOST_CHARGES:
        return None
    lane: IndexLane | RowLane | CodeLane
    if not isinstance(policy, Policy):
        lane = CodeLane(policy, tables, arrived, deadline)
    else:
        lane = (IndexLane if tables.is_order_alone else RowLane)(tables, arrived, deadline)
    for template in templates:
        lane.request(template)
    return lane


def is_asked_by_event(policy: object) -> bool:
    """Whether code says who takes what event by event, and not all at once."""
    return not callable(getattr(policy, "decide", None)) and any(
        callable(getattr(policy, verb, None)) for verb in ("on_arrival", "on_free")
    )


def _is_fit(policy: Policy) -> bool:
    """Whether an event touches one row or column only, and worth changes with load and age alone."""
    terms = {type(entry.term) for entry in policy.terms}
    urgency = [type(entry.term) for entry in policy.urgency]
    return (
        terms <= _TERMS
        and sorted(urgency, key=_place) == urgency
        and set(urgency) <= set(_URGENCY)
        and all(entry.weight >= 0 for entry in policy.urgency)
        and {type(rule) for rule in policy.rules} == set(RULES.values())
        and policy.option == 0
        and policy.prices is None
        and policy.price >= 0
        and policy.tiers == (("available",),)
        and policy.ties in _TIES
        and not policy.looks_at & {"attributes", "customer"}
    )


def _place(kind: type) -> int:
    return _URGENCY.index(kind) if kind in _URGENCY else len(_URGENCY)
