"""What every metric must hold to, as a check that runs over any of them: the library's and your own.

A metric is asked about small ledgers by every view and held to its contract: shape and range, purity, NaN where nothing
is known, any zero of time, and the same number for a group as for a ledger of that group alone.

>>> from routematch.metrics import AverageSpeedOfAnswer
>>> check_metric(AverageSpeedOfAnswer())
"""

from __future__ import annotations

from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from routematch.errors import ContractError
from routematch.metrics import AXES, Breakdown, Metric
from routematch.metrics.metric import UNITS, is_metric
from routematch.state import Ledger
from routematch.testing.ledgers import by_chance, empty, small

__all__ = ["check_metric"]

_VIEWS: tuple[tuple[str, ...], ...] = (
    (),
    *((axis,) for axis in AXES),
    ("agent_group", "time_of_day"),
    ("time", "agent"),
)
_OF_ROWS = ("conversation_type", "channel", "agent_group", "agent")
_SEEDS = range(3)
_LATER = 1.7e9


def check_metric(metric: Metric, *, is_local: bool = True) -> None:
    """Hold a metric to its contract.

    Parameters
    ----------
    metric : Metric
    is_local : bool
        Whether the number of a group depends on the conversations of that group alone; False for metrics that look at
        agents' time, at repeats of other groups, or compare with the whole ledger.

    Raises
    ------
    ContractError
        Naming the metric and the promise it breaks.
    """
    if not is_metric(metric):
        message = f"{metric!r} is no metric: it lacks a member of the contract"
        raise ContractError(message)
    _check_words(metric)
    for ledger in (small(), *(by_chance(seed) for seed in _SEEDS)):
        for axes in _VIEWS:
            _check_answer(metric, ledger, axes)
    _check_nothing(metric)
    for seed in _SEEDS:
        _check_zero_of_time(metric, seed)
        if is_local:
            _check_parts(metric, by_chance(seed))


def _check_words(metric: Metric) -> None:
    if metric.unit not in UNITS:
        _broken(metric, f"a unit of {', '.join(UNITS)}", metric.unit)
    if metric.better not in {"higher", "lower", ""}:
        _broken(metric, "'higher', 'lower' or nothing as what is better", metric.better)
    for name in ("name", "title", "meaning"):
        if not isinstance(getattr(metric, name), str) or not getattr(metric, name):
            _broken(metric, f"words for its {name}", getattr(metric, name))


def _check_answer(metric: Metric, ledger: Ledger, axes: tuple[str, ...]) -> NDArray[np.float64]:
    """Ask once, and hold the answer to what is true of any."""
    before = {name: array.copy() for name, array in ledger.columns().items()}
    groups = Breakdown.of(ledger, axes)
    answer = metric.measure(groups)
    if not isinstance(answer, np.ndarray) or answer.shape != (groups.size,) or answer.dtype != np.float64:
        _broken(metric, f"float64 of shape ({groups.size},) by {axes}", answer)
    if not np.array_equal(metric.measure(groups), answer, equal_nan=True):
        _broken(metric, f"the same answer to the same question by {axes}", answer)
    for name, array in ledger.columns().items():
        if not np.array_equal(array, before[name], equal_nan=array.dtype.kind == "f"):
            _broken(metric, "to change nothing", f"another {name}")
    known = answer[~np.isnan(answer)]
    if np.isinf(known).any():
        _broken(metric, "finite numbers or NaN", answer)
    if metric.unit in {"share", "index"} and not ((known >= 0) & (known <= 1 + 1e-12)).all():
        _broken(metric, f"a {metric.unit} in [0, 1]", answer)
    if metric.unit in {"seconds", "count", "per hour", "agents"} and (known < 0).any():
        _broken(metric, f"{metric.unit} of at least 0", answer)
    return answer


def _check_nothing(metric: Metric) -> None:
    for axes in _VIEWS:
        answer = _check_answer(metric, empty(), axes)
        if not (answer == 0 if metric.unit == "count" else np.isnan(answer)).all():
            _broken(metric, "NaN where nothing happened (0 for counts)", answer)
    _check_answer(metric, Ledger.of(arrived_at=[0.0, 1.0, 5.0], window=(0.0, 10.0)), ())


def _check_zero_of_time(metric: Metric, seed: int) -> None:
    early, late = by_chance(seed), by_chance(seed, start_at=_LATER)
    for axes in ((), ("conversation_type",), ("agent",)):
        first, second = _check_answer(metric, early, axes), _check_answer(metric, late, axes)
        if not np.allclose(first, second, rtol=1e-6, equal_nan=True):
            _broken(metric, "the same number from any zero of time", (first, second))


def _check_parts(metric: Metric, ledger: Ledger) -> None:
    for axis in _OF_ROWS:
        codes = getattr(ledger, axis).codes
        grouped = _check_answer(metric, ledger, (axis,))
        for code, number in enumerate(grouped):
            alone = _check_answer(metric, ledger.select(codes == code), ())[0]
            if not np.isclose(number, alone, rtol=1e-12, equal_nan=True):
                _broken(metric, f"the same number by {axis} as of that group alone ({alone})", number)


def _broken(metric: Metric, promise: str, given: object) -> NoReturn:
    message = f"the metric {metric.name} promised {promise}, gave {given}"
    raise ContractError(message)
