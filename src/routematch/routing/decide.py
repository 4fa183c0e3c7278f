"""One decision, from columns to a trace: the whole pipeline in one screen.

who may -> how well -> who does. Pure: the clock, chance and memory come in, everything computed goes out.
"""

from __future__ import annotations

import numpy as np

from routematch.policies import Policy
from routematch.routing.admission import admit
from routematch.routing.calls import FaultLog
from routematch.routing.pairing import pair
from routematch.routing.ties import tie_order
from routematch.routing.weighing import weigh
from routematch.state import Problem, Trace

__all__ = ["decide"]


def decide(problem: Problem, policy: Policy, generator: np.random.Generator, *, limit: int | None = None) -> Trace:
    """Pair waiting conversations with free capacity.

    Parameters
    ----------
    problem : Problem
        Who waits, who could take them, and what is known.
    policy : Policy
    generator : numpy.random.Generator
        The only chance there is; used by random ties alone.
    limit : int, optional
        Budget in solver steps; when it runs out, the best matching so far is returned with a true bound.

    Returns
    -------
    Trace
        Everything that was computed.

    Raises
    ------
    ContractError
        When a plugged-in rule or term gives something of the wrong shape or dtype.
    """
    log = FaultLog()
    order = tie_order(problem, policy.ties, generator)
    candidates = admit(problem, policy.rules, order, log)
    weighed = weigh(problem, policy, candidates, log)
    paired = pair(problem, policy, candidates, weighed, limit=limit)
    return Trace(
        problem=problem,
        policy=policy,
        rules=policy.rules,
        candidates=candidates,
        term_names=weighed.term_names,
        scaled=weighed.scaled,
        contributions=weighed.contributions,
        sparse=weighed.sparse,
        starts=weighed.starts,
        columns=weighed.columns,
        value=weighed.value,
        hold=paired.hold,
        option=weighed.option,
        urgency=weighed.urgency,
        agent_of=paired.agent_of,
        tier_of=paired.tier_of,
        conversation_price=paired.conversation_price,
        agent_price=paired.agent_price,
        worth=paired.worth,
        bound=paired.bound,
        is_optimal=paired.is_optimal,
        method=paired.method,
        solved=paired.solved,
        faults=log.faults,
        faulty=frozenset(log.rows),
    )
