"""What history says about agents, as plain data: success and handle time, with how much evidence.

Fitting them belongs to the learning rung; this is only their form, so that terms and policies can read them.

>>> estimates = Estimates(success={"ana": {"billing": Estimate(0.82, 40)}})
>>> estimates.success["ana"]["billing"].mean
0.82
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from routematch.errors import Faults, InvalidInputError
from routematch.model.checks import as_map, check_name, check_number, check_size, in_place, is_number
from routematch.model.frozen import FrozenMap

__all__ = ["Estimate", "Estimates", "Interval"]


@frozen
class Interval:
    """A number with its uncertainty.

    Attributes
    ----------
    mean, low, high : float
    """

    mean: float
    low: float
    high: float


@frozen
class Estimate:
    """A learned mean and the evidence behind it.

    Attributes
    ----------
    mean : float
        A probability, or seconds.
    count : float
        Observations behind it, after decay; at least 0.
    """

    mean: float
    count: float = 0.0

    def __attrs_post_init__(self) -> None:
        """Check both fields; all faults are raised together."""
        faults = Faults()
        object.__setattr__(self, "mean", check_number(faults, "mean", self.mean, at_least=0))
        object.__setattr__(self, "count", check_number(faults, "count", self.count, at_least=0))
        faults.raise_if_any()


Table = Mapping[str, Mapping[str, Estimate]]


TableLike = Mapping[str, Mapping[str, Estimate | float]]


def _as_table(value: TableLike) -> Table:
    """Freeze a two-level mapping; plain numbers in it become estimates without stated evidence."""
    readable = as_map(value)
    if isinstance(readable, FrozenMap):
        return FrozenMap({agent: _as_row(row) for agent, row in readable.items()})
    return readable  # type: ignore[no-any-return]  # left for the check


def _as_row(row: object) -> object:
    readable = as_map(row)
    if isinstance(readable, FrozenMap):
        return FrozenMap({name: _as_estimate(entry) for name, entry in readable.items()})
    return readable


def _as_estimate(value: object) -> object:
    if not is_number(value):
        return value
    try:
        return Estimate(value)  # type: ignore[arg-type]  # a number of any kind
    except InvalidInputError:
        return value


@frozen
class Estimates:
    """Everything learned so far; empty means that nothing is known.

    Attributes
    ----------
    success : mapping from agent to (mapping from skill to Estimate)
        Probability that the agent resolves a conversation of the skill; takes the place of declared proficiency in
        value, never in eligibility.
    handle_time : mapping from agent to (mapping from skill or channel to Estimate)
        Mean seconds of work; a skill's entry goes before the channel's, ``"*"`` stands for everything else.
    """

    success: Table = field(factory=FrozenMap, converter=_as_table, kw_only=True)
    handle_time: Table = field(factory=FrozenMap, converter=_as_table, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every entry; all faults are raised together."""
        faults = Faults()
        for name in ("success", "handle_time"):
            _check_table(faults, name, getattr(self, name), highest=1.0 if name == "success" else 1e15)
        faults.raise_if_any()


def _check_table(faults: Faults, place: str, table: object, *, highest: float) -> None:
    if not isinstance(table, FrozenMap):
        faults.add("must be a mapping from agents to estimates by skill", place=place, given=table)
        return
    for agent, row in table.items():
        check_name(faults, in_place(place, agent), agent)
        _check_row(faults, in_place(place, agent), row, highest=highest)


def _check_row(faults: Faults, place: str, row: object, *, highest: float) -> None:
    if not isinstance(row, FrozenMap):
        faults.add("must be a mapping from skills to estimates", place=place, given=row)
        return
    if not check_size(faults, place, row):
        return
    for skill, estimate in row.items():
        check_name(faults, in_place(place, skill), skill)
        if not isinstance(estimate, Estimate):
            faults.add("must be an Estimate or a number of at least 0", place=in_place(place, skill), given=estimate)
        elif estimate.mean > highest:
            faults.add(f"must be at most {highest:g}", place=f"{in_place(place, skill)}.mean", given=estimate.mean)
