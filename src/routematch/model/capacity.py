"""How much an agent can carry: units, what one conversation of each channel costs of them, and caps.

>>> Capacity(6, costs={"voice": 6, "chat": 2, "email": 1}, caps={"email": 4}).cost("chat")
2.0
>>> Capacity(3).cost("chat")
1.0
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from routematch.errors import Faults, InvalidInputError
from routematch.model.checks import (
    as_amounts,
    as_counts,
    check_amounts,
    check_count,
    check_number,
    in_place,
    is_a,
    is_number,
)
from routematch.model.frozen import FrozenMap

__all__ = ["MAX_UNITS", "Capacity", "as_capacity"]

#: Most units one agent can have; a bot without a limit of its own may be given this.
MAX_UNITS = 1_000_000.0
_THOUSANDTH = 0.001


@frozen(cache_hash=True)
class Capacity:
    """What one agent can carry at a time.

    Attributes
    ----------
    units : float
        The budget, in units, from 0 to `MAX_UNITS`; kept to a thousandth.
    costs : mapping from channel to float
        Units one conversation of the channel uses; 1 where the channel is not named. 0, or at least a thousandth.
    caps : mapping from channel or label to int
        Most conversations with that channel or label at a time, whatever they cost.
    """

    units: float = 1.0
    costs: Mapping[str, float] = field(factory=FrozenMap, converter=as_amounts, kw_only=True)
    caps: Mapping[str, int] = field(factory=FrozenMap, converter=as_counts, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        object.__setattr__(self, "units", check_number(faults, "units", self.units, at_least=0, at_most=MAX_UNITS))
        if not is_a(self.costs, FrozenMap) or self.costs:
            object.__setattr__(self, "costs", _checked_costs(faults, self.costs))
        if not is_a(self.caps, FrozenMap) or self.caps:
            caps = check_amounts(faults, "caps", self.caps, at_least=0)
            whole = {name: check_count(faults, in_place("caps", name), cap) for name, cap in caps.items()}
            object.__setattr__(self, "caps", FrozenMap(whole))
        faults.raise_if_any()

    def cost(self, channel: str) -> float:
        """Return the units one conversation of the channel uses."""
        return self.costs.get(channel, 1.0)


def _checked_costs(faults: Faults, given: object) -> FrozenMap[str, float]:
    costs = check_amounts(faults, "costs", given, at_least=0, at_most=MAX_UNITS)
    for channel, cost in costs.items():
        if 0 < cost < _THOUSANDTH:
            faults.add("must be 0 or at least 0.001", place=in_place("costs", channel), given=cost)
    return costs


def as_capacity(value: Capacity | float) -> Capacity:
    """Widen a plain number to a `Capacity`; what is wrong with it is left for the noun to report."""
    if not is_number(value):
        return value  # type: ignore[return-value]  # a Capacity, or left for the checks
    if isinstance(value, float | int) and value in _COMMON:
        return _COMMON[value]
    try:
        return Capacity(value)  # type: ignore[arg-type]  # a number of any kind
    except InvalidInputError:
        return value  # type: ignore[return-value]  # left for the checks


#: The usual plain capacities, made once: most rosters use only these.
_COMMON = {float(units): Capacity(units) for units in range(21)}
