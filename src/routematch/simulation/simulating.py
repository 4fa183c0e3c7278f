"""Days of conversations under a policy, replicated, in one process or many, always with the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from copy import deepcopy
from functools import partial

from attrs import evolve

from routematch.errors import Faults
from routematch.metrics.intervals import Until, after
from routematch.model import Estimates
from routematch.policies import PRESETS, Policy, best_match
from routematch.routing.code import CodePolicy, is_code
from routematch.simulation.replication import replicate
from routematch.simulation.result import Result
from routematch.simulation.scenario import Scenario
from routematch.simulation.spreading import spread_out
from routematch.state import Ledger

__all__ = ["check_arguments", "name_of", "run_replication", "simulate"]


def simulate(
    scenario: Scenario,
    policy: Policy | CodePolicy | None = None,
    *,
    seed: int | None = None,
    replications: int = 1,
    executor: Executor | Callable[[], Executor] | None = None,
    until: Until | None = None,
    intervals: bool = True,
    estimates: Estimates | None = None,
) -> Result:
    """Run a scenario under a policy.

    All decisions are those of `routing.decide` or of a lane of the policy that takes the same ones. Chance belongs to
    the conversations: another policy with the same seed faces the same days, and the same seed gives the same numbers
    whatever the executor.

    Parameters
    ----------
    scenario : Scenario
    policy : Policy or code, optional
        None means `policies.best_match()`. Code is any object as for `route`; each replication begins with a copy.
    seed : int, optional
        None means that of the scenario.
    replications : int
        Independent days (or weeks: whatever the horizon is); at least 1.
    executor : Executor, or callable that makes one, optional
        Where replications run; None: here. When a pool of processes breaks, the missing share runs in a new one if it
        can be made, else here. An executor that was passed in is not shut down.
    until : Until, optional
        Replicate further, beyond `replications`, until its measures are as precise as it wants: ``metrics.until(...)``.
    intervals : bool
        Whether to keep what agents did when, which occupancy and staff cost are computed from.
    estimates : Estimates, optional
        What the policy knows, as for `route`; what happens stays the scenario's. None means nothing is known.

    Returns
    -------
    Result

    Raises
    ------
    InvalidInputError
        Listing every fault of the arguments.
    ContractError
        When a policy in code names pairs that cannot be.
    """
    chosen = best_match() if policy is None else policy
    check_arguments(scenario, chosen, seed, replications, executor, until, estimates)
    used = scenario.seed if seed is None else seed
    one = partial(run_replication, scenario, chosen, used, intervals=intervals, estimates=estimates)
    result = Result(scenario, name_of(chosen), chosen.fingerprint if isinstance(chosen, Policy) else "", used, ())
    further = replications
    while further:
        numbers = range(len(result), len(result) + further)
        ledgers = spread_out(one, numbers, executor)
        result = evolve(result, ledgers=(*result.ledgers, *ledgers))
        further = 0 if until is None else until.further({name: result.values(name) for name in until.precision})
    return result


def name_of(policy: Policy | CodePolicy) -> str:
    """Return the name of a policy; of code that of its class."""
    return policy.name if isinstance(policy, Policy) else type(policy).__name__


def run_replication(
    scenario: Scenario,
    policy: Policy | CodePolicy,
    seed: int,
    number: int,
    *,
    intervals: bool = True,
    estimates: Estimates | None = None,
) -> Ledger:
    """Run one replication; leave the warm-up out, and who was there at the start.

    Code is copied first: what it remembers of one day says nothing in the next, wherever that one runs.
    """
    fresh = policy if isinstance(policy, Policy) else deepcopy(policy)
    ledger = replicate(scenario, fresh, seed, number, intervals=intervals, estimates=estimates)
    whole = not scenario.warm_up and not scenario.initial
    return ledger if whole else after(ledger, scenario.start_at + scenario.warm_up)


def check_arguments(
    scenario: object,
    policy: object,
    seed: object,
    replications: object,
    executor: object,
    until: object,
    estimates: object = None,
) -> None:
    """Check the arguments; all faults at once."""
    faults = Faults()
    if not isinstance(scenario, Scenario):
        faults.add("must be a Scenario", place="scenario", given=scenario)
    if not isinstance(policy, Policy) and not is_code(policy):
        name = policy if isinstance(policy, str) else getattr(policy, "__name__", None)
        hint = f" (did you mean policies.{name}()?)" if name in PRESETS else ""
        faults.add(f"must be a Policy, or code with decide, on_arrival or on_free{hint}", place="policy", given=policy)
    for name, value, least in (("seed", seed, 0), ("replications", replications, 1)):
        if value is None and name == "seed":
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            faults.add(f"must be a whole number of at least {least}", place=name, given=value)
    if executor is not None and not isinstance(executor, Executor) and not callable(executor):
        faults.add("must be an Executor, a callable that makes one, or None", place="executor", given=executor)
    if until is not None and not isinstance(until, Until):
        faults.add("must be what metrics.until(...) gives, or None", place="until", given=until)
    if estimates is not None and not isinstance(estimates, Estimates):
        faults.add("must be Estimates", place="estimates", given=estimates)
    faults.raise_if_any()
