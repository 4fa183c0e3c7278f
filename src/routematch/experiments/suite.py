"""The scenario suite: twelve named questions, each memoryless and realistic, frozen, an oracle beside every number.

A case is called ``S4@1`` (memoryless) or ``S4r@1`` (realistic): a changed scenario gets a new version, and its hash
tells whether it is the same. Seeds and replications are prescribed, so that results can be verified by running again.

>>> [case.label for case in cases("S4,S5")]
['S4@1', 'S4r@1', 'S5@1', 'S5r@1']
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from functools import cached_property

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.codec import fingerprint
from routematch.errors import Faults
from routematch.experiments.baselines import BASELINES, SLOW, Rates
from routematch.experiments.net_value import NetValue
from routematch.experiments.oracles import MakeOracle, Oracle
from routematch.experiments.suite_cases import HANDLE, designs, realistic
from routematch.metrics.measured import Measured, over_replications
from routematch.policies import Policy
from routematch.routing.code import CodePolicy
from routematch.simulation.scenario import Scenario
from routematch.simulation.simulating import simulate

__all__ = ["SMALL", "Case", "CaseResult", "Share", "cases", "run_case", "usual_makers"]

#: Cases whose true optimum is known; quick, so that more replications are prescribed.
SMALL = ("S1", "S4", "S5", "S6")
SEED = 20_260
REPLICATIONS, REPLICATIONS_OF_SMALL = 5, 12
_MARGIN = 5 * HANDLE
_NOTHING = 1e-12

#: What makes a policy of the rates that policies may know.
MakePolicy = Callable[[Rates], Policy | CodePolicy]


@frozen(eq=False)
class Case:
    """A scenario in one variant, with all that is needed to repeat its numbers.

    Attributes
    ----------
    id : str
        With an ``r`` at the end for the realistic variant.
    version : int
    name, question : str
    scenario : Scenario
    known : Scenario
        What policies may know: the same but for S12.
    holding_cost : float
        Per second of waiting.
    seed, replications : int
    """

    id: str
    version: int
    name: str
    question: str
    scenario: Scenario = field(repr=False)
    known: Scenario = field(repr=False)
    holding_cost: float
    _make_oracle: MakeOracle = field(repr=False)
    replications: int
    seed: int = SEED

    @property
    def label(self) -> str:
        """Name with version, as ``S4@1``."""
        return f"{self.id}@{self.version}"

    @property
    def is_realistic(self) -> bool:
        """Whether laws are those found in practice."""
        return self.id.endswith("r")

    @cached_property
    def hash(self) -> str:
        """Changes with anything that numbers depend on."""
        told = [self.scenario.to_data(), self.known.to_data(), self.holding_cost, self.seed, self.replications]
        return fingerprint(told)

    @cached_property
    def rates(self) -> Rates:
        """What policies may know."""
        return Rates.of(self.known, holding_cost=self.holding_cost)

    @cached_property
    def oracle(self) -> Oracle:
        """The optimum or a bound, computed when first asked for."""
        return self._make_oracle(Rates.of(self.scenario, holding_cost=self.holding_cost))

    @property
    def measure(self) -> NetValue:
        """Net value, without the first and last conversations."""
        return NetValue.of(self.scenario, holding_cost=self.holding_cost, margin=_MARGIN)


def cases(which: str = "all") -> tuple[Case, ...]:
    """Return cases of the suite.

    Parameters
    ----------
    which : str
        ``"all"``, ``"small"`` (the optimum is known), ``"markov"``, ``"realistic"``, or ids with commas between:
        ``"S4"`` (both variants), ``"S4r"``, ``"S4@1"``.

    Returns
    -------
    tuple of Case

    Raises
    ------
    InvalidInputError
        `UnknownNameError` for names that are none.
    """
    every = _all_cases()
    if which == "all":
        return every
    if which in {"markov", "realistic"}:
        return tuple(case for case in every if case.is_realistic == (which == "realistic"))
    if which == "small":
        return tuple(case for case in every if case.id in SMALL)
    wanted = [name.strip() for name in which.split(",") if name.strip()]
    faults = Faults()
    known = {name: None for case in every for name in (case.id.removesuffix("r"), case.id, case.label)}
    for name in wanted:
        if name not in known:
            faults.unknown(name, known=[*known, "all", "small", "markov", "realistic"], place="suite", what="case")
    faults.raise_if_any()
    return tuple(case for case in every if {case.id.removesuffix("r"), case.id, case.label} & set(wanted))


def _all_cases() -> tuple[Case, ...]:
    found = []
    for design in designs():
        for suffix, change, oracle in (("", _same, design.oracle), ("r", realistic, design.realistic_oracle)):
            truth = change(design.scenario)
            known = truth if design.known is None else change(design.known)
            found.append(
                Case(
                    design.id + suffix, design.version, design.name, design.question, truth, known,
                    design.holding_cost, oracle, REPLICATIONS_OF_SMALL if design.id in SMALL else REPLICATIONS,
                )
            )  # fmt: skip
    return tuple(found)


def _same(scenario: Scenario) -> Scenario:
    return scenario


def usual_makers() -> dict[str, MakePolicy]:
    """Return the baselines that the leaderboard shows: all that are quick enough."""
    return {name: make for name, make in BASELINES.items() if name not in SLOW}


@frozen(eq=False)
class Share:
    """How far a policy goes on a scale from something plain to the oracle.

    Attributes
    ----------
    scale : str
        ``"gap"``: from first come first served; ``"P"``: from nobody served, where that gap is smaller than its
        interval.
    share : Measured
        1 is the oracle.
    """

    scale: str
    share: Measured


@frozen(eq=False)
class CaseResult:
    """What came of policies in one case. Make one with `run_case`.

    Attributes
    ----------
    label, hash, name : str
    oracle : Oracle
    values : dict from policy to ndarray of float64, shape (R,)
        Net value for each conversation; first come first served is always there.
    seconds : dict from policy to float
    """

    label: str
    hash: str
    name: str
    oracle: Oracle
    values: dict[str, NDArray[np.float64]] = field(repr=False)
    seconds: dict[str, float] = field(repr=False)

    @property
    def plain(self) -> NDArray[np.float64]:
        """The values of first come first served."""
        return self.values["first_come_first_served"]

    @property
    def scale(self) -> str:
        """The scale of the shares of this case."""
        gap = over_replications(self.oracle.value - self.plain)
        return "gap" if gap.mean > gap.half_width and gap.mean > _NOTHING else "P"

    def share(self, policy: str) -> Share:
        """Return how far a policy goes, with the error of both ends in the interval (ratio of means, linearised)."""
        mine, scale = self.values[policy], self.scale
        zero = self.plain if scale == "gap" else np.full_like(mine, self.oracle.nobody)
        reach = self.oracle.value - float(zero.mean())
        if abs(reach) < _NOTHING:
            return Share(scale, Measured(math.nan, math.nan, math.nan, method="no gap at all"))
        share = float((mine - zero).mean()) / reach
        errors = (mine - zero - share * (self.oracle.value - zero)) / reach
        spread = over_replications(errors)
        width = spread.half_width
        method = f"Student t over {spread.count} replications, ratio of means"
        return Share(scale, Measured(share, share - width, share + width, method=method, count=spread.count))


def run_case(
    case: Case,
    makers: Mapping[str, MakePolicy] | Iterable[str],
    *,
    replications: int | None = None,
    executor: Executor | Callable[[], Executor] | None = None,
) -> CaseResult:
    """Run policies in a case, first come first served always among them.

    Parameters
    ----------
    case : Case
    makers : mapping from name to callable, or iterable of str
        What makes a policy of `Rates`; names are those of `BASELINES`.
    replications : int, optional
        As prescribed where left out.
    executor : Executor, or callable that makes one, optional
        As for `simulate`.

    Returns
    -------
    CaseResult
    """
    named = dict(makers) if isinstance(makers, Mapping) else {name: BASELINES[name] for name in makers}
    named = {"first_come_first_served": BASELINES["first_come_first_served"], **named}
    values, seconds, measure = {}, {}, case.measure
    for name, make in named.items():
        begun = time.perf_counter()
        policy = make(case.rates)
        result = simulate(
            case.scenario,
            policy,
            seed=case.seed,
            replications=case.replications if replications is None else replications,
            executor=executor,
            intervals=False,
        )
        values[name] = result.values(measure)
        seconds[name] = time.perf_counter() - begun
    return CaseResult(case.label, case.hash, case.name, case.oracle, values, seconds)
