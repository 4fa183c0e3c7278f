"""What prices gain: against the optimum of small systems, the fluid bound of large ones, and on random instances.

    python benchmarks/prices.py --part exact      # X, N, expert, inverted V and others against the optimum
    python benchmarks/prices.py --part large      # the same, up to 64 times as large, against the fluid bound
    python benchmarks/prices.py --part random     # random instances, with and without the guard
    python benchmarks/prices.py --part speed      # refresh and decision for 500 agents and 50 types

A point is one hundredth of P = (policy - nobody served) / (oracle - nobody served). Many chains run in step, each event
drawn by the same number for all policies; "random" is a random idle agent and the longest queue, which stands in for
the longest idle agent and first come, first served.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np
from attrs import evolve
from numpy.typing import NDArray
from scipy.stats import t as student

from routematch.model import Agent, Conversation
from routematch.policies import best_value
from routematch.prices import Kind, StatePrice, Team, Workload, myopic_counts, state_price, state_price_counts
from routematch.routing.decide import decide
from routematch.routing.pricing import workload_of
from routematch.state import Problem, Roster
from routematch.theory import exact_chain, fluid_bound, optimal_control

Floats = NDArray[np.float64]

#: arrival rates, agents, service rates, abandonment rates, value, cost of abandonment, cost of waiting, waiting places
SMALL: dict[str, tuple[list, ...]] = {
    "X": (
        [1.9, 1.6],
        [2, 2],
        [[1, 0.8], [0.9, 1.1]],
        [0.3, 0.2],
        [[0.9, 0.6], [0.5, 0.8]],
        [0.8, 1],
        [0.1, 0.1],
        [11, 11],
    ),
    "N": ([1.8, 1.0], [2, 2], [[1, 0.9], [0, 1]], [0.3, 0.3], [[0.8, 0.7], [0, 1]], [0.4, 1.4], [0.1, 0.15], [12, 10]),
    "W": (
        [1.2, 1.1],
        [1, 2, 1],
        [[1, 1, 0], [0, 1, 1]],
        [0.3, 0.3],
        [[0.9, 0.7, 0], [0, 0.8, 0.9]],
        [1, 1],
        [0.1, 0.1],
        [9, 9],
    ),
    "expert": (
        [2.4, 0.7],
        [3, 1],
        [[1, 1], [1, 1.1]],
        [0.3, 0.25],
        [[0.7, 0.9], [0.1, 0.9]],
        [0.5, 0.7],
        [0.05, 0.1],
        [12, 8],
    ),
    "inverted V": ([2.5], [2, 2], [[1.3, 0.8]], [0.3], [[0.55, 0.9]], [0.5], [0.1], [30]),
    "M": (
        [1.3, 1.3],
        [2, 2],
        [[1.1, 1], [0.9, 1]],
        [0.2, 0.4],
        [[1, 0.3], [0.4, 0.9]],
        [0.6, 0.9],
        [0.1, 0.1],
        [10, 10],
    ),
    "scarce": (
        [2.6, 0.6],
        [3, 1],
        [[1, 0.9], [0, 1]],
        [0.35, 0.3],
        [[0.6, 0.8], [0, 2]],
        [0.4, 1],
        [0.05, 0.2],
        [12, 8],
    ),
    "slow cross": (
        [1.7, 1.6],
        [2, 2],
        [[1.1, 0.6], [0.5, 1]],
        [0.3, 0.35],
        [[0, 0], [0, 0]],
        [1, 1],
        [0.8, 0.9],
        [12, 11],
    ),
}


def workload(
    arrival_rates: Sequence[float],
    slots: Sequence[int],
    service_rates: Sequence[Sequence[float]],
    abandonment_rates: Sequence[float],
    value: Sequence[Sequence[float]],
    lost: Sequence[float],
    holding: Sequence[float],
) -> Workload:
    """Return rates by type and pool, the pools as given."""
    rates = np.array(service_rates, float)
    with np.errstate(divide="ignore"):
        handle_time = np.where(rates > 0, 1.0 / rates, np.inf)
    kinds = tuple(
        Kind(f"type-{i}", "chat", (f"skill-{i}",), abandonment_rate=a, abandonment_cost=c, holding_cost=h)
        for i, (a, c, h) in enumerate(zip(abandonment_rates, lost, holding, strict=True))
    )
    pools = tuple(Team(f"pool-{j}", tuple(f"agent-{j}-{k}" for k in range(n)), int(n)) for j, n in enumerate(slots))
    return Workload(
        kinds, pools, np.array(arrival_rates, float), np.where(rates > 0, np.array(value, float), 0.0), handle_time
    )


def costs(work: Workload) -> dict[str, list[float]]:
    """Return the costs as theory takes them."""
    return {"abandonment_cost": work.abandonment_costs.tolist(), "holding_cost": work.holding_costs.tolist()}


def bound(work: Workload) -> float:
    """Return the fluid bound, per second."""
    return fluid_bound(work.system, work.value.tolist(), **costs(work)).value_rate


# --- many chains in step ----------------------------------------------------------------------------------------------


class Chains:
    """Instances of one shape, each replicated, simulated in step: uniformised, so that one number is one event."""

    def __init__(self, works: Sequence[Workload], replications: int, most_waiting: int = 40) -> None:
        self.replications, self.works = replications, works
        stack = lambda rows: np.repeat(np.array(rows, float), replications, axis=0)  # noqa: E731
        self.arriving = stack([w.arrival_rates for w in works])
        self.service = stack([w.service_rates for w in works])
        self.leaving = stack([w.abandonment_rates for w in works])
        self.lost = stack([w.abandonment_costs for w in works])
        self.holding = stack([w.holding_costs for w in works])
        self.value = stack([w.value for w in works])
        self.may = self.service > 0
        self.earned = np.where(self.may, self.value + self.lost[:, :, None], -np.inf)
        self.slots = stack([w.slots for w in works]).astype(int)
        self.most_waiting = most_waiting
        fastest = self.service.max(axis=1) * self.slots
        self.widths = np.concatenate([self.arriving, fastest, self.leaving * most_waiting], axis=1)
        self.total = self.widths.sum(axis=1)
        self.edges = np.concatenate([np.zeros((len(self.total), 1)), np.cumsum(self.widths, axis=1)], axis=1)

    def run(self, choose: Callable[..., tuple[NDArray, NDArray]], steps: int, seed: int) -> Floats:
        """Return the value per second of each instance and replication; the first sixth is left out."""
        generator, other = np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1])
        count, types, pools = len(self.total), self.arriving.shape[1], self.slots.shape[1]
        rows = np.arange(count)
        waiting, busy = np.zeros((count, types), int), np.zeros((count, types, pools), int)
        idle, earned = self.slots.copy(), np.zeros(count)
        for step in range(steps):
            if step == steps // 6:
                earned[:] = 0.0
            at = generator.random(count) * self.total
            event = (at[:, None] >= self.edges[:, 1:-1]).sum(axis=1)
            inside = at - self.edges[rows, event]
            earned -= (self.holding * waiting).sum(axis=1) / self.total
            kind = np.where(event < types, event, event - types - pools)
            arrives = event < types
            gone = (event >= types + pools) & (inside < self.leaving[rows, kind] * waiting[rows, kind])
            earned -= np.where(gone, self.lost[rows, kind], 0.0)
            blocked = arrives & (waiting[rows, kind] >= self.most_waiting - 1)
            earned -= np.where(blocked, self.lost[rows, kind], 0.0)
            change = (arrives & ~blocked).astype(int) - gone
            waiting[rows, np.maximum(kind, 0)] += np.where(kind >= 0, change, 0)
            pool = np.clip(event - types, 0, pools - 1)
            ending = np.cumsum(busy[rows, :, pool] * self.service[rows, :, pool], axis=1)
            whose = (inside[:, None] >= ending).sum(axis=1)
            ends = (event >= types) & (event < types + pools) & (whose < types)
            whose = np.minimum(whose, types - 1)
            busy[rows, whose, pool] -= ends
            idle[rows, pool] += ends
            chance = other.random(count)
            for _ in range(3):
                score, best = choose(self, waiting, idle, chance)
                open_rows = np.flatnonzero(score > 1e-12)
                if not len(open_rows):
                    break
                i, j = np.divmod(best[open_rows], pools)
                waiting[open_rows, i] -= 1
                idle[open_rows, j] -= 1
                busy[open_rows, i, j] += 1
                earned[open_rows] += self.value[open_rows, i, j]
        rate = earned / (steps - steps // 6) * self.total
        return rate.reshape(len(self.works), self.replications)

    def best(self, table: Floats, waiting: NDArray, idle: NDArray) -> tuple[NDArray, NDArray]:
        """Return the best score among open pairs and its place."""
        is_open = (waiting > 0)[:, :, None] & (idle > 0)[:, None, :]
        flat = np.where(is_open & self.may, table, -np.inf).reshape(len(table), -1)
        place = flat.argmax(axis=1)
        return flat[np.arange(len(flat)), place], place


def myopic(chains: Chains, waiting: NDArray, idle: NDArray, chance: Floats) -> tuple[NDArray, NDArray]:  # noqa: ARG001
    """Choose the pair that earns most now."""
    return chains.best(chains.earned, waiting, idle)


def random_longest(chains: Chains, waiting: NDArray, idle: NDArray, chance: Floats) -> tuple[NDArray, NDArray]:
    """Choose a random idle agent, and the longest queue."""
    usable = (waiting > 0)[:, :, None] & (idle > 0)[:, None, :] & chains.may
    weight = np.where(usable.any(axis=1), idle, 0).astype(float)
    pick = (chance[:, None] * weight.sum(axis=1, keepdims=True) >= np.cumsum(weight, axis=1)).sum(axis=1)
    pick = np.minimum(pick, weight.shape[1] - 1)
    table = np.where(np.arange(weight.shape[1])[None, None, :] == pick[:, None, None], 1.0 + waiting[:, :, None], -1.0)
    return chains.best(table, waiting, idle)


class Priced:
    """The state price of each instance, over all chains at once."""

    def __init__(self, chains: Chains, prices: Sequence[StatePrice]) -> None:
        tables = [price._table for price in prices]  # noqa: SLF001 - its columns, to go through many at once
        stack = lambda rows: np.repeat(np.array(rows, float), chains.replications, axis=0)  # noqa: E731
        widest = [max(t.idle_prices.shape[1] for t in tables), max(t.queue_prices.shape[1] for t in tables)]
        pad = lambda a, w: np.pad(a, ((0, 0), (0, w - a.shape[1])), mode="edge")  # noqa: E731
        self.idle_prices = stack([pad(t.idle_prices, widest[0]) for t in tables])
        self.queue_prices = stack([pad(t.queue_prices, widest[1]) for t in tables])
        self.service, self.leaving = (
            stack([t.service_rate for t in tables]),
            stack([t.abandonment_rate for t in tables]),
        )
        self.cost, self.time = stack([t.waiting_cost for t in tables]), stack([t.handle_time for t in tables])
        self.share, self.value = stack([t.share for t in tables]), stack([t.value for t in tables])
        self.own = chains.holding[:, :, None] + chains.leaving[:, :, None] * self.value
        self.eta, self.kappa = prices[0].eta, prices[0].kappa

    def __call__(self, chains: Chains, waiting: NDArray, idle: NDArray, chance: Floats) -> tuple[NDArray, NDArray]:  # noqa: ARG002
        """Return the best pair by worth."""
        rows, pools = np.arange(len(idle))[:, None], np.arange(idle.shape[1])[None, :]
        busy = np.clip(chains.slots - idle, 0, chains.slots - 1)
        paid = self.eta * (self.idle_prices[rows, pools, busy] * self.service)[:, None, :] * self.time
        ahead = np.maximum(np.einsum("bi,bij->bj", waiting, self.share)[:, None, :] - self.share, 0.0)
        place = np.minimum(ahead.astype(int), self.queue_prices.shape[2] - 2)
        part = np.minimum(ahead - place, 1.0)
        at = (rows[:, :, None], pools[:, None, :])
        later = self.queue_prices[(*at, place)] * (1 - part) + self.queue_prices[(*at, place + 1)] * part
        drain = (chains.slots * self.service)[:, None, :] + self.leaving[:, None, :] * ahead / 2
        spent = later * self.service[:, None, :] * self.time + (self.own - self.cost[:, None, :]) * (ahead + 1) / drain
        full = (idle <= 0)[:, None, :] & chains.may
        waits = np.where(full, self.value - self.kappa * spent, 0.0).max(axis=2)
        return chains.best(self.value - paid - np.maximum(waits, 0.0)[:, :, None], waiting, idle)


# --- parts ------------------------------------------------------------------------------------------------------------


def exact() -> None:
    """Print the share of the optimum of each small system."""
    print("| instance | state price | myopic |\n|---|---|---|")
    for name, (*rates, places) in SMALL.items():
        work = workload(*rates)
        best = optimal_control(work.system, work.value.tolist(), waiting_places=places, tolerance=1e-6, **costs(work))
        room = [place + (4 if len(places) > 1 else 0) for place in places]
        shares = []
        for policy in (state_price_counts(state_price(work)), myopic_counts(work)):
            value = exact_chain(work.system, policy, waiting_places=room).value_rate(work.value, **costs(work))
            shares.append(100 * (value - work.nobody_served) / (best.value_rate - work.nobody_served))
        print(f"| {name} | {shares[0]:.2f} | {shares[1]:.2f} |", flush=True)


def large(replications: int) -> None:
    """Print the share of the fluid bound as systems grow."""
    print("| instance | agents | myopic | state price, untuned | eta 0.5, kappa 0.5 | largest standard error |")
    print("|---|---|---|---|---|---|")
    for name in ("expert", "X"):
        rates, slots, *rest, _ = SMALL[name]
        for factor in (1, 16, 64):
            work = workload([factor * rate for rate in rates], [factor * n for n in slots], *rest)
            chains = Chains([work], replications, most_waiting=20 + 2 * factor)
            priced = [Priced(chains, [state_price(work, eta=weight, kappa=weight)]) for weight in (1.0, 0.5)]
            reached = [_points(chains, chains.run(policy, 2000 + 250 * factor, 1)) for policy in (myopic, *priced)]
            error = max(points.std() for points in reached) / np.sqrt(replications)
            shown = " | ".join(f"{points.mean():.2f}" for points in reached)
            print(f"| {name} x{factor} | {sum(slots) * factor} | {shown} | {error:.2f} |", flush=True)


def _points(chains: Chains, reached: Floats) -> Floats:
    zero = np.array([work.nobody_served for work in chains.works])[:, None]
    top = np.array([bound(work) for work in chains.works])[:, None]
    points: Floats = 100 * (reached - zero) / (top - zero)
    return points


def random_workload(generator: np.random.Generator, types: int, pools: int) -> Workload:
    """Draw an instance: 4 to 24 agents a pool, load 0.75 to 1.2, log-normal rates, values uniform."""
    slots = generator.integers(4, 25, pools)
    service = np.exp(generator.normal(0.0, 0.3, (types, pools)))
    load = generator.uniform(0.75, 1.2)
    arriving = generator.dirichlet([3.0] * types)
    arriving *= load * float((slots * service.mean(axis=0)).sum())
    leaving = np.exp(generator.normal(np.log(0.3), 0.4, types))
    value, lost = generator.uniform(0, 1, (types, pools)), generator.uniform(0, 1, types)
    return workload(
        arriving.tolist(),
        slots.tolist(),
        service.tolist(),
        leaving.tolist(),
        value.tolist(),
        lost.tolist(),
        [0.05] * types,
    )


def guarded(gains: Sequence[Floats], floor: float = -0.5) -> NDArray[np.bool_]:
    """Return where the lower 95 % bounds of all paired gains, shape (instances, replications), are above the floor."""
    keep = np.ones(len(gains[0]), bool)
    for gain in gains:
        number = gain.shape[1]
        margin = student.ppf(0.975, number - 1) * gain.std(axis=1, ddof=1) / np.sqrt(number)
        keep &= gain.mean(axis=1) - margin > floor
    return keep


def random(instances: int, types: int, pools: int, steps: int, replications: int) -> None:
    """Print what prices gain on random instances; the guard chooses on other seeds than those that are shown."""
    generator = np.random.default_rng(20)
    works = [random_workload(generator, types, pools) for _ in range(instances)]
    chains = Chains(works, replications)
    policies = {
        "random": random_longest,
        "myopic": myopic,
        "state price": Priced(chains, [state_price(w) for w in works]),
    }
    chosen = {name: _points(chains, chains.run(policy, steps, 7)) for name, policy in policies.items()}
    shown = {name: _points(chains, chains.run(policy, steps, 8)) for name, policy in policies.items()}
    keep = guarded([chosen["state price"] - chosen[name] for name in ("myopic", "random")])
    better = np.where(
        (chosen["myopic"].mean(axis=1) >= chosen["random"].mean(axis=1))[:, None], shown["myopic"], shown["random"]
    )
    shown["guarded"] = np.where(keep[:, None], shown["state price"], better)
    print(f"\n{instances} instances of {types} types and {pools} pools, {replications} replications of {steps} steps")
    print(
        "| policy | mean | least | gain over myopic: mean, worst, best "
        "| worse than myopic by > 0.5 | worse than random by > 0.5 | gain over random |\n|---|---|---|---|---|---|---|"
    )
    for name, points in shown.items():
        gain, other = (points - shown["myopic"]).mean(axis=1), (points - shown["random"]).mean(axis=1)
        print(
            f"| {name} | {points.mean():.2f} | {points.mean(axis=1).min():.2f} "
            f"| {gain.mean():+.2f}, {gain.min():+.2f}, {gain.max():+.2f} "
            f"| {(gain < -0.5).sum()} | {(other < -0.5).sum()} | {other.mean():+.2f} |"
        )
    error = (shown["state price"] - shown["myopic"]).std(axis=1, ddof=1) / np.sqrt(replications)
    print(
        f"kept by the guard: {keep.sum()} of {instances}; standard error of a gain: {np.median(error):.2f} (median)",
        flush=True,
    )


def speed() -> None:
    """Print processor times of refresh and decision for 500 agents and 50 types."""
    generator, skills = np.random.default_rng(1), [f"skill-{k:02d}" for k in range(50)]
    teams = [generator.choice(50, 6, replace=False) for _ in range(25)]
    agents = [
        Agent(
            f"agent-{a:03d}", {skills[s]: float(generator.uniform(0.4, 1)) for s in teams[a % 25]}, idle_since=float(a)
        )
        for a in range(500)
    ]
    types, roster = {skill: Conversation("any", skill) for skill in skills}, Roster.of(agents)
    rates, patience = dict.fromkeys(skills, 500 / 300 * 0.95 / 50), dict.fromkeys(skills, 180.0)
    for _ in range(5):
        start = time.process_time()
        work = workload_of(best_value(), types, roster, arrival_rates=rates, patience=patience)
        between = time.process_time()
        price = state_price(work)
        print(f"workload {1e3 * (between - start):.1f} ms, prices {1e3 * (time.process_time() - between):.1f} ms")
    desk = Roster.of([evolve(agent, load=int(generator.random() < 0.9)) for agent in agents])
    for policy in (best_value(price), best_value()):
        times = []
        for _ in range(600):
            waiting = [Conversation("c", skills[generator.integers(50)], arrived_at=1000.0)]
            problem = Problem.of(waiting, desk, now=1000.0, settings=policy.settings, looks_at=policy.looks_at)
            start = time.process_time()
            decide(problem, policy, generator)
            times.append(1e3 * (time.process_time() - start))
        middle, last = np.percentile(times[100:], [50, 99])
        print(f"decide {'with' if policy.prices else 'without'} prices: {middle:.2f} ms, 99th percentile {last:.2f} ms")


def main() -> None:
    """Run one part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("exact", "large", "random", "speed"), required=True)
    parser.add_argument("--instances", type=int, default=200)
    parser.add_argument("--types", type=int, default=2)
    parser.add_argument("--pools", type=int, default=2)
    parser.add_argument("--steps", type=int, default=12_000)
    parser.add_argument("--replications", type=int, default=16)
    given = parser.parse_args()
    start = time.perf_counter()
    if given.part == "exact":
        exact()
    elif given.part == "large":
        large(given.replications)
    elif given.part == "speed":
        speed()
    elif given.part == "random":
        random(given.instances, given.types, given.pools, given.steps, given.replications)
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
