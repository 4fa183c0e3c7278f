"""From a policy and rates to prices: what agents would do for each type, judged by the very terms the policy uses.

>>> from routematch.model import Agent, Conversation
>>> from routematch.policies import best_value
>>> agents = [Agent("ana", {"billing": 0.9, "spanish": 0.8}), Agent("bo", {"billing": 0.8})]
>>> types = {"billing": Conversation("any", "billing"), "spanish": Conversation("any", "spanish")}
>>> policy = priced(best_value(), types, agents, arrival_rates={"billing": 0.003, "spanish": 0.002}, pool_size=1)
>>> [pool.agents for pool in policy.prices.pools]
[('ana',), ('bo',)]
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.model import Agent, Conversation, Estimates, Queue
from routematch.model.learned import ArrivalEstimate, PatienceEstimate
from routematch.policies import Policy
from routematch.prices import Kind, Workload, state_price
from routematch.prices.workload import kind_key
from routematch.routing.admission import admit
from routematch.routing.calls import FaultLog
from routematch.routing.weighing import weigh
from routematch.state import THOUSANDTHS, Backlog, Problem, Roster

__all__ = ["priced", "workload_of"]

_EVERYTHING = "*"


def priced(  # noqa: PLR0913 - what a policy does not know
    policy: Policy,
    types: Mapping[str, Conversation],
    agents: Iterable[Agent] | Roster,
    *,
    arrival_rates: Mapping[str, float] | None = None,
    patience: Mapping[str, float] | None = None,
    abandonment_cost: Mapping[str, float] | None = None,
    estimates: Estimates | None = None,
    queues: Iterable[Queue] = (),
    now: float | None = None,
    pool_size: int = 8,
) -> Policy:
    """Return a policy with prices for these rates; without prices where no rate is known.

    Call it when shifts change or every few minutes; each change has a fingerprint of its own.

    Parameters
    ----------
    policy : Policy
        As `policies.best_value()`.
    types, agents, arrival_rates, patience, abandonment_cost, estimates, queues, now, pool_size
        As in `workload_of`.

    Returns
    -------
    Policy
    """
    work = workload_of(
        policy,
        types,
        agents,
        arrival_rates=arrival_rates,
        patience=patience,
        abandonment_cost=abandonment_cost,
        estimates=estimates,
        queues=queues,
        now=now,
        pool_size=pool_size,
    )
    return evolve(policy, prices=state_price(work) if work.kinds and work.pools else None)


def workload_of(  # noqa: PLR0913 - what a policy does not know
    policy: Policy,
    types: Mapping[str, Conversation],
    agents: Iterable[Agent] | Roster,
    *,
    arrival_rates: Mapping[str, float] | None = None,
    patience: Mapping[str, float] | None = None,
    abandonment_cost: Mapping[str, float] | None = None,
    handle_time: NDArray[np.float64] | None = None,
    estimates: Estimates | None = None,
    queues: Iterable[Queue] = (),
    now: float | None = None,
    pool_size: int = 8,
) -> Workload:
    """Judge every agent on every type of conversation, as if all were there and free.

    Parameters
    ----------
    policy : Policy
        Its rules say who may, its terms how well.
    types : mapping from type to Conversation
        What conversations of a type ask for; the id does not matter. Types of the same channel and skills are one.
    agents : iterable of Agent, or Roster
        Who is on shift.
    arrival_rates : mapping from type to float, optional
        Per second; types left out come from `estimates`, and those of which nothing is known have no price.
    patience : mapping from type to float, optional
        Mean seconds a customer waits; left out: from `estimates`, else an hour.
    abandonment_cost : mapping from type to float, optional
        Policy units; 0 where left out.
    handle_time : ndarray of float64, shape (types, A), optional
        Mean seconds by type, in the order given, and agent, in order of id; left out: as the policy expects them.
    estimates : Estimates, optional
    queues : iterable of Queue
    now : float, optional
        POSIX seconds: which hour of the week learned arrivals are read at; None: their mean over the week.
    pool_size : int
        Fewest agents priced together, where possible.

    Returns
    -------
    Workload
    """
    known, by_id = estimates or Estimates(), {queue.id: queue for queue in queues}
    rates = {name: _rate(name, arrival_rates or {}, known, now) for name in types}
    _check_known(arrival_rates or {}, types)
    names = [name for name in types if rates[name]]
    everybody = Roster.of(agents)
    room = everybody.units // THOUSANDTHS
    roster = evolve(
        everybody,
        used=np.zeros_like(everybody.used),
        count=np.zeros_like(everybody.count),
        presences=("available",),
        presence_of=np.zeros_like(everybody.presence_of),
    )
    placed = [evolve(types[name], id=f"{at:07d}", arrived_at=None, due_at=None) for at, name in enumerate(names)]
    backlog = Backlog.of(placed, now=0.0, queues=by_id, looks_at=policy.looks_at)
    problem = Problem(0.0, backlog, roster, policy.settings, known, {}, by_id)
    value = _values(problem, evolve(policy, prices=None, price=0.0, option=0.0))
    chosen = [list(types).index(name) for name in names]
    usual = [problem.handle_time(backlog.classes[number]) for number in backlog.class_of]
    times = np.array(usual).reshape(value.shape) if handle_time is None else handle_time[chosen]
    kinds = [
        Kind(
            name,
            *kind_key(backlog.classes[backlog.class_of[row]]),
            abandonment_rate=_leaving(name, patience or {}, known),
            abandonment_cost=(abandonment_cost or {}).get(name, 0.0),
        )
        for row, name in enumerate(names)
    ]
    return Workload.of(
        kinds,
        roster.ids,
        arrival_rates=[rates[name] for name in names],
        value=value,
        handle_time=np.where(np.isnan(value), np.nan, times),
        slots=room.tolist(),
        pool_size=pool_size,
    )


def _values(problem: Problem, policy: Policy) -> NDArray[np.float64]:
    """Return the value of every pair, shape (C, A); NaN where a rule refuses it."""
    log = FaultLog()
    candidates = admit(problem, policy.rules, np.arange(len(problem.roster)), log)
    weighed = weigh(problem, policy, candidates, log)
    table = np.full((len(problem.backlog), len(problem.roster)), np.nan)
    rows = np.repeat(np.arange(len(table)), np.diff(weighed.starts))
    table[rows, candidates.order[weighed.columns]] = np.where(weighed.value > -np.inf, weighed.value, np.nan)
    return table


def _check_known(given: Mapping[str, float], types: Mapping[str, Conversation]) -> None:
    faults = Faults()
    for name in given:
        if name not in types:
            faults.unknown(name, known=types, place="arrival_rates", what="conversation type")
    faults.raise_if_any()


def _rate(name: str, given: Mapping[str, float], known: Estimates, now: float | None) -> float:
    """Return the arrivals of a type per second; 0 where nothing is known."""
    if name in given:
        return float(given[name])
    learned = known.arrivals.get(name)
    return 0.0 if learned is None else _learned_rate(learned, now)


def _learned_rate(learned: ArrivalEstimate, now: float | None) -> float:
    starts = np.array(learned.starts)
    if now is None:
        lengths = np.diff([*learned.starts, 7 * 86400.0])
        return float(np.average(learned.rates, weights=lengths))
    local = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(learned.zone))
    second = local.weekday() * 86400 + local.hour * 3600 + local.minute * 60 + local.second
    return float(learned.rates[int(np.searchsorted(starts, second, side="right")) - 1])


def _leaving(name: str, given: Mapping[str, float], known: Estimates) -> float:
    """Return the rate at which customers give up; 0 where nothing is known."""
    if name in given:
        return 1.0 / given[name]
    learned = known.patience.get(name) or known.patience.get(_EVERYTHING)
    return 0.0 if learned is None else _mean_hazard(learned)


def _mean_hazard(learned: PatienceEstimate) -> float:
    """Return the constant hazard that leaves as many waiting at the latest instant still seen."""
    seen = [
        (start, share) for start, share in zip(learned.starts, learned.surviving, strict=True) if start and share > 0
    ]
    return -math.log(seen[-1][1]) / seen[-1][0] if seen else learned.hazards[0]
