"""Pair waiting conversations with the best available agents, jointly: the stateless face.

>>> from routematch.model import Agent, Conversation
>>> agents = [Agent("ana", {"billing": 0.9, "spanish": 0.8}), Agent("bo", {"billing": 0.6}, capacity=2)]
>>> waiting = [Conversation("chat-17", {"billing": 0.5, "spanish": 0.5}), Conversation("chat-18", {"billing": 0.3})]
>>> route(waiting, agents).pairs()
{'chat-17': 'ana', 'chat-18': 'bo'}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.model import Agent, Conversation, Estimates, Queue
from routematch.model.checks import check_instant
from routematch.model.instants import Instant, as_instant
from routematch.policies import PRESETS, Policy, best_match
from routematch.routing.code import CodePolicy, decide_by_code, is_code, measure_of
from routematch.routing.decide import decide
from routematch.routing.memory import advanced, check_memory, generator_of
from routematch.routing.plan import Plan, assignments_of, held_of
from routematch.routing.reasons import reasons_of
from routematch.routing.review import next_steps, review_instants
from routematch.state import Problem, Roster, Trace

__all__ = ["plan_of", "route"]


def route(  # noqa: PLR0913 - the face, as fixed in the design
    conversations: Iterable[Conversation],
    agents: Iterable[Agent] | Roster,
    *,
    policy: Policy | CodePolicy | None = None,
    now: Instant | None = None,
    estimates: Estimates | None = None,
    memory: Mapping[str, Any] | None = None,
    seed: int | None = None,
    queues: Iterable[Queue] = (),
    limit: int | None = None,
) -> Plan:
    """Decide for all waiting conversations and all free capacity together.

    Parameters
    ----------
    conversations : iterable of Conversation
    agents : iterable of Agent, or Roster
        An encoded `Roster` saves encoding an unchanged roster again.
    policy : Policy or code, optional
        None means `policies.best_match()`. Code is any object with ``decide(view, generator)``, ``on_arrival`` or
        ``on_free``, see `routing.code`.
    now : float or datetime, optional
        POSIX seconds or an aware datetime. None means the latest `arrived_at` or `idle_since` in the input.
    estimates : Estimates, optional
        What history says; None means nothing is known.
    memory : mapping, optional
        `Plan.memory` of the last committed plan.
    seed : int, optional
        None means 0. Chance is keyed by the seed and the number of the decision in memory.
    queues : iterable of Queue
        Where some are declared, conversations may name only these.
    limit : int, optional
        Budget in solver steps; when it runs out, the best matching so far is returned with a true bound.

    Returns
    -------
    Plan
        "Nobody fits" is part of it: held conversations with reason and time of review.

    Raises
    ------
    InvalidInputError
        Listing every fault of the input with its place; nothing was decided.
    ContractError
        When a plugged-in part gives something of the wrong shape or type.
    LimitExceededError
        When the input is larger than a stated limit.
    """
    chosen = _default() if policy is None else policy
    instant = _check(chosen, now, estimates, seed, limit)
    remembered = check_memory(memory)
    settings_of = chosen if isinstance(chosen, Policy) else measure_of(chosen)
    problem = Problem.of(
        conversations,
        agents,
        now=instant,
        settings=settings_of.settings,
        estimates=estimates,
        memory=remembered,
        queues=queues,
        looks_at=settings_of.looks_at,
    )
    generator = generator_of(seed or 0, remembered)
    if isinstance(chosen, Policy):
        trace = decide(problem, chosen, generator, limit=limit)
        return plan_of(trace, remembered, review_instants(trace))
    trace, wake_at = decide_by_code(problem, chosen, generator)
    return plan_of(trace, remembered, np.minimum(next_steps(trace), np.inf if wake_at is None else wake_at))


@cache
def _default() -> Policy:
    """Return the default policy, made once: policies never change."""
    return best_match()


def plan_of(trace: Trace, memory: Mapping[str, Any], instants: NDArray[np.float64]) -> Plan:
    """Turn a trace into the answer a user sees.

    Parameters
    ----------
    trace : Trace
    memory : mapping
        As it was before the decision.
    instants : ndarray of float64, shape (C,)
        When each conversation, if held, can be answered otherwise; infinity where it cannot.

    Returns
    -------
    Plan
    """
    policy = trace.policy
    return Plan(
        now=trace.problem.now,
        assignments=assignments_of(trace),
        held=held_of(trace, instants, reasons_of(trace)),
        worth=trace.worth,
        bound=trace.bound,
        is_optimal=trace.is_optimal,
        memory=advanced(memory, trace),
        warnings=_warnings(trace),
        faults=trace.faults,
        policy=policy.name if isinstance(policy, Policy) else type(policy).__name__,
        fingerprint=policy.fingerprint if isinstance(policy, Policy) else "",
        trace=trace,
    )


def _warnings(trace: Trace) -> tuple[str, ...]:
    """Say what was put right in the input, and which plugged-in parts failed."""
    problem = trace.problem
    late = [f"conversation {name}: arrived_at lies after now and was taken as now" for name in problem.backlog.clamped]
    roster = problem.roster
    ahead = np.flatnonzero(roster.idle_since > problem.now)
    failed = [f"{fault.member} failed and took pairs out of the plan: {fault.message}" for fault in trace.faults]
    early = [f"agent {roster.ids[j]}: idle_since lies after now and was taken as now" for j in ahead]
    return (*late, *early, *failed)


def _check(policy: object, now: object, estimates: object, seed: object, limit: object) -> float | None:
    """Check the arguments that are not lists of nouns; all faults at once."""
    faults = Faults()
    instant = check_instant(faults, "now", as_instant(now))  # type: ignore[arg-type]  # checked here
    if not isinstance(policy, Policy) and not is_code(policy):
        name = policy if isinstance(policy, str) else getattr(policy, "__name__", None)
        hint = f" (did you mean policies.{name}()?)" if name in PRESETS else ""
        faults.add(f"must be a Policy, or code with decide, on_arrival or on_free{hint}", place="policy", given=policy)
    if estimates is not None and not isinstance(estimates, Estimates):
        faults.add("must be Estimates", place="estimates", given=estimates)
    for name, value in (("seed", seed), ("limit", limit)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
            faults.add("must be a whole number of at least 0", place=name, given=value)
    faults.raise_if_any()
    return instant
