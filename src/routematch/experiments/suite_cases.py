"""The twelve scenarios of the suite, each memoryless and realistic; numbers here are frozen, new ones get a version.

The realistic variant has log-normal handle times, patience that most lose early and some never, and arrivals that swell
and ebb; means are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial

import numpy as np
from attrs import evolve, field, frozen
from numpy.typing import ArrayLike, NDArray

from routematch.distributions import Exponential, LogNormal, PoissonArrivals, VaryingArrivals, Weibull
from routematch.distributions.arrival_process import ArrivalProcess
from routematch.distributions.distribution import Distribution
from routematch.experiments.baselines import Rates
from routematch.experiments.oracles import (
    MakeOracle,
    Oracle,
    exact_oracle,
    fluid_oracle,
    nobody_served,
    pooled_oracle,
    returns_oracle,
)
from routematch.model import Capacity
from routematch.simulation import AgentGroup, ConversationType, Repeat, Scenario

__all__ = ["Design", "designs", "realistic"]

HANDLE = 300.0
#: Arrivals of a replication.
CONVERSATIONS = 2_000
_SWELL = (0.7, 0.9, 1.1, 1.3, 1.3, 1.1, 0.9, 0.7)


@frozen(eq=False)
class Design:
    """One scenario of the suite and what it is measured against.

    Attributes
    ----------
    id, name, question : str
    version : int
    scenario : Scenario
        The memoryless variant.
    oracle, realistic_oracle : callable
        From rates to `Oracle`.
    holding_cost : float
        Per second of waiting.
    known : Scenario or None
        What policies may know, where that is not the truth.
    """

    id: str
    name: str
    question: str
    scenario: Scenario
    oracle: MakeOracle
    realistic_oracle: MakeOracle = fluid_oracle
    holding_cost: float = 0.0
    known: Scenario | None = None
    version: int = field(default=1, kw_only=True)


def realistic(scenario: Scenario) -> Scenario:
    """Return a scenario with the same means and laws as they are found in practice."""
    types = tuple(
        evolve(
            kind,
            handle_time=_log_normal(kind.handle_time),
            handle_time_by_group={name: _log_normal(law) for name, law in kind.handle_time_by_group.items()},
            patience=None if kind.patience is None else Weibull(kind.patience.mean, shape=0.7),
            arrivals=_swelling(kind.arrivals, scenario.horizon),
        )
        for kind in scenario.conversation_types
    )
    return evolve(scenario, conversation_types=types)


def _log_normal(law: Distribution) -> Distribution:
    return LogNormal(law.mean, cv=1.2)


def _swelling(arrivals: ArrivalProcess | None, horizon: float) -> ArrivalProcess | None:
    if not isinstance(arrivals, PoissonArrivals):
        return arrivals
    pieces = len(_SWELL)
    starts = tuple(horizon / 2 * piece / pieces for piece in range(pieces))
    return VaryingArrivals(starts, tuple(arrivals.arrival_rate * swell for swell in _SWELL), period=horizon / 2)


def _scenario(
    arrival: Sequence[float],
    agents: Sequence[int],
    *,
    service: ArrayLike = 1.0,
    patience: ArrayLike = 1.0,
    value: ArrayLike = 1.0,
    eligible: ArrayLike | None = None,
    loss: Sequence[float] | None = None,
    waiting_room: int | None = None,
) -> Scenario:
    """Return a scenario with rates in conversations for each mean handle time; patience in handle times."""
    rates = np.asarray(arrival, np.float64) / HANDLE
    made = Scenario.from_rates(
        rates,
        np.asarray(service, np.float64) / HANDLE,
        1.0 / (np.broadcast_to(np.asarray(patience, np.float64), rates.shape) * HANDLE),
        agents,
        value,
        eligible,
        horizon=round(CONVERSATIONS / float(rates.sum()), 3),
        waiting_room=waiting_room,
    )
    if loss is None:
        return made
    pairs = zip(made.conversation_types, loss, strict=True)
    return evolve(made, conversation_types=tuple(evolve(kind, abandonment_cost=cost) for kind, cost in pairs))


def _chain(types: int, skills: int) -> list[list[bool]]:
    """Return who may what in a closed chain: group g has skills g, g + 1, ..."""
    return [[(t - g) % types < skills for g in range(types)] for t in range(types)]


def _pairing(types: int, agents: int, load: float, *, seed: int) -> Scenario:
    """Return agents who differ by themselves and by type, with a success chance for each pair."""
    return _scenario([load * agents / types] * types, [1] * agents, value=_skills(types, agents, seed))


def _skills(types: int, agents: int, seed: int) -> NDArray[np.float64]:
    """Return chances of success around 0.7: agents with sd 0.04, agent and type together of rank two with sd 0.03."""
    generator = np.random.default_rng(seed)
    main = generator.normal(0.0, 0.04, agents)
    mixed = generator.normal(0.0, 1.0, (types, 2)) @ generator.normal(0.0, 1.0, (2, agents)) * (0.03 / 2**0.5)
    chances: NDArray[np.float64] = np.clip(0.7 + main + mixed, 0.05, 0.99).round(3)
    return chances


def _n_reserve(times: int) -> Scenario:
    return _scenario(
        [3.6 * times, 1.3 * times],
        [3 * times, 2 * times],
        eligible=[[True, True], [False, True]],
        loss=[0.5, 2.0],
    )


def _expert(times: int) -> Scenario:
    return _scenario(
        [3.4 * times, 0.95 * times],
        [3 * times, times],
        value=[[1.0, 1.0], [0.0, 3.0]],
        eligible=[[True, True], [False, True]],
    )


def _resolution() -> tuple[Scenario, tuple[float, float], float]:
    """Return fast agents who resolve little and slow ones who resolve much; who was not helped comes again."""
    returning, success = 0.8, (0.6, 0.9)
    contact = ConversationType(
        "contact",
        "support",
        arrivals=PoissonArrivals(4.8 / HANDLE),
        handle_time=Exponential(200.0),
        handle_time_by_group={"careful": Exponential(400.0)},
        patience=Exponential(HANDLE),
        abandonment_cost=0.3,
        resolve_probability_by_group={"quick": success[0], "careful": success[1]},
        repeat=Repeat(returning, Exponential(7200.0)),
    )
    groups = [AgentGroup("quick", {"support": success[0]}, 3), AgentGroup("careful", {"support": success[1]}, 3)]
    return Scenario([contact], groups, CONVERSATIONS / (4.8 / HANDLE)), success, returning


def _surge() -> Scenario:
    calm = _pairing(12, 30, 0.85, seed=10)
    begin, hour = round(calm.horizon / 2, 3), 3600.0
    types = []
    for kind in calm.conversation_types:
        rate = kind.arrivals.arrival_rate if isinstance(kind.arrivals, PoissonArrivals) else 0.0
        surge = VaryingArrivals((0.0, begin, begin + hour), (rate, 1.5 * rate, rate))
        types.append(evolve(kind, arrivals=surge))
    return evolve(calm, conversation_types=tuple(types))


def _chat() -> Scenario:
    chat = ConversationType(
        "chat", arrivals=PoissonArrivals(12.0 / HANDLE), handle_time=Exponential(HANDLE), patience=Exponential(HANDLE)
    )
    voice = ConversationType(
        "voice",
        channel="voice",
        arrivals=PoissonArrivals(3.0 / HANDLE),
        handle_time=Exponential(HANDLE),
        patience=Exponential(HANDLE / 2),
        value=2.0,
    )
    writers = AgentGroup("writers", size=5, channels=("chat",), capacity=Capacity(4), slow_down=(1.0, 0.85, 0.7, 0.55))
    return Scenario([chat, voice], [writers, AgentGroup("callers", size=5)], CONVERSATIONS / (15.0 / HANDLE))


def _cold_start() -> tuple[Scenario, Scenario]:
    """Return the truth, and what is known of it: declared levels with errors as large as the differences."""
    types, agents = 10, 20
    truth = _skills(types, agents, 12)
    wrong = np.random.default_rng(112).normal(0.0, 0.05, truth.shape)
    known = _scenario([0.9 * agents / types] * types, [1] * agents, value=np.round(np.clip(truth + wrong, 0.05, 1), 3))
    names = [group.name for group in known.agent_groups]
    types_now = tuple(
        evolve(kind, value=1.0, resolve_probability_by_group=dict(zip(names, row.tolist(), strict=True)))
        for kind, row in zip(known.conversation_types, truth, strict=True)
    )
    declared = tuple(evolve(kind, value=1.0) for kind in known.conversation_types)
    return evolve(known, conversation_types=types_now), evolve(known, conversation_types=declared)


def _no_waiting(rates: Rates) -> Oracle:
    return Oracle("nobody waits", 0.0, nobody_served(rates))


@cache
def designs() -> tuple[Design, ...]:
    """Return all scenarios of the suite."""
    resolution, success, returning = _resolution()
    returns: Callable[[Rates], Oracle] = partial(returns_oracle, success=success, returning=returning)
    truth, known = _cold_start()
    demand = [1.2 if t % 2 else 0.8 for t in range(10)]
    spot = np.round(np.random.default_rng(9).random((40, 20)), 3)
    chat_pace = partial(fluid_oracle, pace=(2.2, 1.0))
    return (
        Design("S1", "erlang-a", "Does the simulator agree with theory?",
               _scenario([48.0], [50], patience=2.0), partial(pooled_oracle, rung="closed form")),
        Design("S2", "two-skills", "How far do two skills for each agent go, with 30 waiting places?",
               _scenario([14.0] * 6, [15] * 6, patience=1e6, eligible=_chain(6, 2), waiting_room=30),
               partial(pooled_oracle, waiting_places=30)),
        Design("S3", "chain-10", "Does a closed chain of ten skills balance uneven demand?",
               _scenario([9.5 * d for d in demand], [10] * 10, eligible=_chain(10, 2)), pooled_oracle),
        Design("S4", "n-reserve", "Is a generalist kept free for those who have nobody else?",
               _n_reserve(1), exact_oracle),
        Design("S4x16", "n-reserve, 16 times as large", "The same with 80 agents", _n_reserve(16), fluid_oracle),
        Design("S5", "expert", "Is the expert kept free for hard conversations?", _expert(1), exact_oracle),
        Design("S5x16", "expert, 16 times as large", "The same with 64 agents", _expert(16), fluid_oracle),
        Design("S6", "x-speed", "Pooling hurts: cross-service at half the speed, waiting costs",
               _scenario([1.7, 1.7], [2, 2], service=[[1.0, 0.5], [0.5, 1.0]], patience=4.0, value=0.0),
               partial(exact_oracle, waiting_places=15), _no_waiting, 1.0 / HANDLE),
        Design("S7", "resolution", "Quick and poor or slow and good, when who was not helped comes again?",
               resolution, returns, returns),
        Design("S8", "pairing", "What does pairing by skill gain at 95 % load?",
               _pairing(40, 100, 0.95, seed=8), fluid_oracle),
        Design("S9", "spot-market", "Values of pairs without any pattern",
               _scenario([0.475] * 40, [1] * 20, value=spot), fluid_oracle),
        Design("S10", "surge", "Half as many again for an hour", _surge(), fluid_oracle),
        Design("S11", "chat", "Four chats at once at half the pace, and calls beside them",
               _chat(), chat_pace, chat_pace),
        Design("S12", "cold-start", "Declared levels with errors as large as the differences between agents",
               truth, fluid_oracle, fluid_oracle, known=known),
    )  # fmt: skip
