"""The models on which the simulator is measured and checked, and how users of Ciw and SimPy would write them.

Time is counted in mean handle times. ``single`` and ``impatient`` have one type and ten agents (Erlang C and A);
``priorities`` is the M-design: types A and B, agents for one of them and agents for both, who are asked last and take A
first; ``skills`` has 20 types and 200 agents with 3 to 6 of the skills each, the longest idle takes the oldest waiting.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from attrs import evolve

import routematch as rm
from routematch.distributions import Exponential, PoissonArrivals
from routematch.policies import Policy, least_versatile_first, longest_idle

__all__ = ["CIW", "MODELS", "SIMPY", "Model", "scenario_of"]


class Model(NamedTuple):
    """Arrivals by type, skills by agent, and rates per mean handle time; no patience where `leaving` is 0."""

    arrivals: dict[str, float]
    agents: tuple[frozenset[str], ...]
    leaving: float
    priorities: dict[str, float]
    policy: Callable[[], Policy]

    @property
    def arrival_rate(self) -> float:
        """Of all types together."""
        return sum(self.arrivals.values())


def _skills() -> Model:
    chance = random.Random(12345)
    sets = tuple(frozenset(f"T{k:02d}" for k in chance.sample(range(20), chance.randint(3, 6))) for _ in range(200))
    weights = [0.5 + chance.random() for _ in range(20)]
    arrivals = {f"T{k:02d}": 190.0 * weight / sum(weights) for k, weight in enumerate(weights)}
    return Model(arrivals, sets, 0.5, {}, longest_idle)


def _dedicated_first() -> Policy:
    return evolve(least_versatile_first(), strict_priority=True)


_ANY, _A, _B, _AB = (frozenset(names) for names in (("A",), ("A",), ("B",), ("A", "B")))
MODELS = {
    "single": Model({"A": 9.0}, (_ANY,) * 10, 0.0, {}, longest_idle),
    "impatient": Model({"A": 10.0}, (_ANY,) * 10, 0.5, {}, longest_idle),
    "priorities": Model({"A": 6.5, "B": 6.5}, (_A,) * 5 + (_B,) * 5 + (_AB,) * 5, 0.5, {"A": 1.0}, _dedicated_first),
    "skills": _skills(),
}


def scenario_of(model: Model, conversations: int, *, seed: int = 0) -> rm.Scenario:
    """Return a model as a scenario with so many conversations on average."""
    types = [
        rm.ConversationType(
            name,
            name,
            arrivals=PoissonArrivals(rate),
            handle_time=Exponential(1.0),
            patience=Exponential(1 / model.leaving) if model.leaving else None,
            priority=model.priorities.get(name, 0.0),
        )
        for name, rate in model.arrivals.items()
    ]
    groups = [
        rm.AgentGroup(f"a{number:03d}", dict.fromkeys(sorted(held), 1.0)) for number, held in enumerate(model.agents)
    ]
    return rm.Scenario(types, groups, conversations / model.arrival_rate, seed=seed)


# --- Ciw --------------------------------------------------------------------------------------------------------------


def ciw_run(model: Model, conversations: int, seed: int) -> tuple[list[float], int, int]:
    """Run a model in Ciw; return waits of those served, how many gave up, and how many records there are."""
    import ciw

    exponential = ciw.dists.Exponential
    several = len(model.arrivals) > 1
    network: dict[str, Any] = {
        "arrival_distributions": {name: [exponential(rate)] for name, rate in model.arrivals.items()},
        "service_distributions": {name: [exponential(1.0)] for name in model.arrivals},
        "number_of_servers": [len(model.agents)],
    }
    if model.leaving:
        network["reneging_time_distributions"] = {name: [exponential(model.leaving)] for name in model.arrivals}
    if model.priorities:
        classes = sorted(model.arrivals, key=lambda name: -model.priorities.get(name, 0.0))
        network["priority_classes"] = {name: number for number, name in enumerate(classes)}
    if not several:
        network = {key: next(iter(v.values())) if isinstance(v, dict) else v for key, v in network.items()}
    ciw.seed(seed)
    options = {"node_class": _ciw_node(model)} if several else {}
    simulation = ciw.Simulation(ciw.create_network(**network), **options)
    simulation.simulate_until_max_time(conversations / model.arrival_rate)
    records = simulation.get_all_records()
    waits = [record.waiting_time for record in records if record.record_type != "renege"]
    return waits, len(records) - len(waits), len(records)


def _ciw_node(model: Model) -> type:
    """Return a node whose servers have skills: five methods of Ciw overridden, called in an order of its own."""
    import ciw

    def may(server: Any, individual: Any) -> bool:  # noqa: ANN401 - of Ciw
        return individual.customer_class in model.agents[server.id_number - 1]

    def rank(server: Any) -> float:  # noqa: ANN401 - of Ciw
        if model.priorities:
            return len(model.agents[server.id_number - 1])
        return getattr(server, "idle_since", -1.0)

    class SkillNode(ciw.Node):  # type: ignore[misc]  # Ciw has no types
        freed = None

        def begin_service_if_possible_accept(self, individual: Any) -> None:  # noqa: ANN401
            self.freed, self.arriving = None, individual
            super().begin_service_if_possible_accept(individual)

        def begin_service_if_possible_release(self, individual: Any, server: Any) -> None:  # noqa: ANN401
            self.freed = server
            super().begin_service_if_possible_release(individual, server)

        def detatch_server(self, server: Any, individual: Any) -> None:  # noqa: ANN401
            server.idle_since = self.now
            super().detatch_server(server, individual)

        def choose_next_customer(self) -> Any:  # noqa: ANN401
            if self.freed is None:
                return self.arriving
            waiting = (each for group in self.individuals for each in group if not each.server)
            return next((each for each in waiting if may(self.freed, each)), None)

        def find_free_server(self, individual: Any) -> Any:  # noqa: ANN401
            free = [server for server in self.servers if not server.busy and may(server, individual)]
            return min(free, key=rank) if free else None

    return SkillNode


# --- SimPy ------------------------------------------------------------------------------------------------------------


def simpy_run(model: Model, conversations: int, seed: int) -> tuple[list[float], int, int]:
    """Run a model in SimPy; return waits of those served, how many gave up, and how many came.

    A store of agents with a filter where the longest idle is wanted (items in order, requests in order); a dispatcher
    of its own where a preference is, which no store of SimPy has together with a filter.
    """
    import simpy

    random.seed(seed)
    environment = simpy.Environment()
    run = _simpy_store if not model.priorities else _simpy_dispatcher
    if len(model.arrivals) == 1:
        run = _simpy_resource
    waits, left = run(environment, model, conversations)
    environment.run()
    return waits, len(left), len(waits) + len(left)


def _simpy_source(environment: Any, model: Model, conversations: int, customer: Callable[[str], Any]) -> Any:  # noqa: ANN401
    names, rates = list(model.arrivals), list(model.arrivals.values())
    sums = [sum(rates[: place + 1]) for place in range(len(rates))]
    for _ in range(conversations):
        yield environment.timeout(random.expovariate(sums[-1]))
        environment.process(customer(random.choices(names, cum_weights=sums)[0]))


def _simpy_resource(environment: Any, model: Model, conversations: int) -> tuple[list[float], list[float]]:  # noqa: ANN401
    import simpy

    agents = simpy.Resource(environment, capacity=len(model.agents))
    waits: list[float] = []
    left: list[float] = []

    def customer(_: str) -> Any:  # noqa: ANN401
        came = environment.now
        with agents.request() as request:
            if model.leaving:
                got = yield request | environment.timeout(random.expovariate(model.leaving))
                if request not in got:
                    left.append(environment.now - came)
                    return
            else:
                yield request
            waits.append(environment.now - came)
            yield environment.timeout(random.expovariate(1.0))

    environment.process(_simpy_source(environment, model, conversations, customer))
    return waits, left


def _simpy_store(environment: Any, model: Model, conversations: int) -> tuple[list[float], list[float]]:  # noqa: ANN401
    import simpy

    store = simpy.FilterStore(environment)
    store.items.extend(model.agents)
    waits: list[float] = []
    left: list[float] = []

    def customer(kind: str) -> Any:  # noqa: ANN401
        came = environment.now
        request = store.get(lambda held: kind in held)
        got = yield request | environment.timeout(random.expovariate(model.leaving))
        if request not in got:
            request.cancel()
            left.append(environment.now - came)
            return
        waits.append(environment.now - came)
        yield environment.timeout(random.expovariate(1.0))
        yield store.put(request.value)

    environment.process(_simpy_source(environment, model, conversations, customer))
    return waits, left


def _simpy_dispatcher(environment: Any, model: Model, conversations: int) -> tuple[list[float], list[float]]:  # noqa: ANN401
    pools = sorted(set(model.agents), key=len)
    free = {pool: model.agents.count(pool) for pool in pools}
    order = sorted(model.arrivals, key=lambda name: -model.priorities.get(name, 0.0))
    queues: dict[str, deque[Any]] = {name: deque() for name in order}
    waits: list[float] = []
    left: list[float] = []

    def release(pool: frozenset[str]) -> None:
        for kind in order:
            while kind in pool and queues[kind]:
                waiting = queues[kind].popleft()
                if not waiting.gone:
                    waiting.succeed(pool)
                    return
        free[pool] += 1

    def customer(kind: str) -> Any:  # noqa: ANN401
        came = environment.now
        pool = next((pool for pool in pools if kind in pool and free[pool]), None)
        if pool is None:
            waiting = environment.event()
            waiting.gone = False
            queues[kind].append(waiting)
            got = yield waiting | environment.timeout(random.expovariate(model.leaving))
            if waiting not in got:
                waiting.gone = True
                left.append(environment.now - came)
                return
            pool = waiting.value
        else:
            free[pool] -= 1
        waits.append(environment.now - came)
        yield environment.timeout(random.expovariate(1.0))
        release(pool)

    environment.process(_simpy_source(environment, model, conversations, customer))
    return waits, left


CIW, SIMPY = ciw_run, simpy_run
